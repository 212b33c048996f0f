"""One claim in words: power before estimates, the verdict with its rule, published findings last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from sinos.propositions.claims import rival

if TYPE_CHECKING:
    from sinos.propositions.result import Claims


def explain(claims: Claims, name: str) -> str:
    """Return a claim's verdict and everything that led to it as text."""
    row = claims.frame("claims").filter(pl.col("claim") == name).row(0, named=True)
    lines = [
        f"{name}: {row['title']}",
        f'"{row["quote"]}" ({row["section"]})',
        f"estimand: {row['estimand']}",
        row["power"],
    ]
    for item in claims.frame("claim_power").filter(pl.col("claim") == name).iter_rows(named=True):
        state = item["missing"] or f"{item['rows']} rows, {item['effective_clusters']:.1f} effective clusters"
        lines.append(f"  {item['outcome']}: {state}; {item['formula']}")
    estimates = claims.frame("claim_estimates").filter((pl.col("claim") == name) & pl.col("estimate").is_not_null())
    lines += [
        f"  {item['design']}, {item['outcome']}, {item['reading']}: {item['estimate']:.3g} "
        f"({item['low']:.3g} to {item['high']:.3g}). {item['in_words']}"
        for item in estimates.iter_rows(named=True)
    ]
    lines += [f"verdict: {row['verdict']} ({row['because']})", f"rule: {row['rule']}"]
    lines += [f"not excluded: {word} ({rival(word)})" for word in row["open_rivals"].split("; ") if word]
    lines.append(f"pitfalls: {row['pitfalls']}")
    for item in claims.frame("claim_evidence").filter(pl.col("claim") == name).iter_rows(named=True):
        lines.append(f"published, {item['agrees']}: {item['finding']} ({item['source']}; read: {item['verified']})")
    return "\n".join(lines)
