"""Plots of estimates: coefficients of a claim, and effects by year since the event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from sinos.propositions.claims import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sinos.propositions.result import Claims


def coefficients(claims: Claims, ax: Axes | None = None, claim: str | None = None) -> Axes:
    """Draw the primary estimates of a claim with 95 % intervals, one line per outcome and reading of governance."""
    rows = claims.frame("claim_estimates").filter((pl.col("design") == "panel") & pl.col("estimate").is_not_null())
    name = select(claim)[0].name if claim else (rows["claim"][0] if rows.height else None)
    shown = rows.filter(pl.col("claim") == name).to_dicts() if name else []
    axes = _axes(ax)
    for place, row in enumerate(reversed(shown)):
        colour = "#0072B2" if row["reading"] in ("draws", "none") else "#9AA5B1"
        axes.plot([row["low"], row["high"]], [place, place], color=colour)
        axes.plot([row["estimate"]], [place], "o", color=colour)
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [f"{row['outcome']} ({row['reading']})" for row in reversed(shown)])
    axes.set_title(f"{name}: estimates with 95 % intervals" if name else "no claim could be estimated")
    return axes


def event_study(claims: Claims, ax: Axes | None = None, *, outcome: str | None = None) -> Axes:
    """Draw effects by year since first entry into quasi-hierarchy with 95 % intervals."""
    rows = claims.frame("claim_estimates").filter(
        pl.col("design").is_in(["first_entry"])
        & pl.col("term").str.starts_with("year ")
        & pl.col("estimate").is_not_null()
    )
    chosen = outcome or (rows["outcome"][0] if rows.height else None)
    shown = rows.filter(pl.col("outcome") == chosen).unique("term", keep="first").to_dicts() if chosen else []
    points = sorted((int(re.sub(r"[^0-9-]", "", row["term"])), row) for row in shown) if shown else []
    axes = _axes(ax)
    for year, row in points:
        axes.plot([year, year], [row["low"], row["high"]], color="#0072B2")
        axes.plot([year], [row["estimate"]], "o", color="#0072B2")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.axvline(-0.5, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("years since first entry into quasi-hierarchy")
    axes.set_title(f"{chosen}: event study" if chosen else "no event study could be made")
    return axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(7, 4), layout="constrained").subplots()
