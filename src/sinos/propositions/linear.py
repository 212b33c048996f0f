"""Linear designs beside the panel: within supplier-years across relations, and local projections by horizon."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from sinos.propositions.claims import Claim, Part
from sinos.propositions.estimate import Refusal, fit
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import modal
from sinos.propositions.panels import GOVERNED, Panels
from sinos.propositions.parts import Estimate, from_fit, pooled, refused
from sinos.propositions.rereading import NAIVE

HORIZONS = (1, 2, 3, 4, 5)
_OUTCOMES = {"process": "relation_punctuality", "product": "relation_price"}
_KINDS = ("process", "product", "functional", "inter_sectoral")


def relation(claim: Claim, panels: Panels) -> list[Estimate]:
    """Compare relations of the same supplier in the same year by their governance a year before.

    ``y ~ lagged forms | supplier_year + buyer``: whatever the supplier is able to do is held constant (Cajal-Grossi,
    Macchiavello & Noguera 2023). It sees prices and punctuality, never the supplier's functions.
    """
    terms = tuple(name.replace("share_", "lag_") for name in claim.terms)
    made = []
    for part in claim.parts:
        outcome = _OUTCOMES.get(part.outcome)
        if outcome is None or not part.term.startswith("share_"):
            continue
        formula = Formula(outcome, terms, ("supplier_year", "buyer"))
        own = Part(outcome, part.term.replace("share_", "lag_"), part.sign)
        if not panels.frames["relation"][outcome].is_not_null().any():
            made.append(refused(claim, "relation", own, "draws", panels.why.get(outcome, ""), str(formula)))
            continue
        made.append(pooled(claim, "relation", own, panels, formula, "supplier", "relation"))
    return made


def local_projection(claim: Claim, panels: Panels) -> list[Estimate]:
    """Estimate the change to one to five years ahead on governance now (Jorda 2005), pooled over its draws."""
    made = []
    for part in claim.parts:
        if part.outcome not in _KINDS:
            continue
        frame = panels.frames["supplier"]
        for horizon in HORIZONS:
            name = f"{part.outcome}_ahead_{horizon}"
            frame = frame.join(
                _ahead(panels.observed, part.outcome, horizon, name),
                on=["supplier", "year"],
                how="left",
                maintain_order="left",
            )
            formula = Formula(name, claim.terms, claim.effects)
            own = Part(name, part.term, part.sign)
            made += _read(claim, own, replace(panels, frames={**panels.frames, "supplier": frame}), formula)
    return made


def _read(claim: Claim, part: Part, panels: Panels, formula: Formula) -> list[Estimate]:
    """Return the pooled estimate and, where governance is in it, the one that takes the most probable form as true."""
    found = [pooled(claim, "local_projection", part, panels, formula, claim.cluster, "supplier")]
    if not GOVERNED & set(formula.terms) or not len(panels.probability):
        return found
    frame = panels.under("supplier", modal(panels.probability))
    naive = fit(frame, formula, claim.cluster, (part.term,))
    if not isinstance(naive, Refusal):
        found.append(from_fit(claim, "local_projection", part, "modal", naive, NAIVE))
    return found


def _ahead(observed: pl.DataFrame, kind: str, horizon: int, name: str) -> pl.DataFrame:
    rows = observed.filter(pl.col("kind") == kind).select(supplier="unit", year="year", value="value")
    later = rows.with_columns(pl.col("year") - horizon).rename({"value": "later"})
    both = rows.join(later, on=["supplier", "year"], how="inner")
    return both.select("supplier", "year", (pl.col("later") - pl.col("value")).alias(name))
