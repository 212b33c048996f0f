"""Is a claim testable with these data? Said before any estimate: fields, effective clusters, detectable effect."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sinos.propositions.batch import solve
from sinos.propositions.claims import Claim, Part, columns, rule
from sinos.propositions.estimate import Fit, Refusal, codes, detectable, effective, fit_sample, null_error, sample
from sinos.propositions.formula import Formula
from sinos.propositions.panels import GOVERNED, Panels


@dataclass(frozen=True)
class Power:
    """What one part of a claim can be tested with.

    Attributes
    ----------
    part
        The part.
    formula, cluster
        The primary model.
    missing
        Why it cannot be tested; empty when it can.
    rows, clusters, effective, treatments
        Observations, clusters, effective clusters, effective units in which the treatment varies.
    detectable, detectable_sd
        Minimum detectable effect in units of the outcome per unit of the term, and in standard deviations of both, with
        the variance that draws of governance add; null where they add so much that no size is found.
    fitted
        The model under expected governance, kept for the estimates.
    """

    part: Part
    formula: Formula
    cluster: str
    missing: str = ""
    rows: int = 0
    clusters: int = 0
    effective: float = 0.0
    treatments: float = 0.0
    detectable: float | None = None
    detectable_sd: float | None = None
    fitted: Fit | None = None


def model_of(claim: Claim, part: Part) -> Formula:
    """Return the primary model of a part."""
    return Formula(part.outcome, claim.terms, claim.effects)


def testability(claim: Claim, panels: Panels) -> tuple[Power, ...]:
    """Return what each part of a claim can be tested with."""
    return tuple(_power(claim, part, panels) for part in claim.parts)


def _power(claim: Claim, part: Part, panels: Panels) -> Power:
    formula = model_of(claim, part)
    absent = _absent(formula, panels)
    if absent:
        return Power(part, formula, claim.cluster, absent)
    frame = panels.of(part.outcome)
    formula = _identified(formula, part, frame)
    more = [name for name in (claim.cluster, claim.treatment_unit) if name in frame.columns]
    kept = sample(frame, formula, *more)
    if isinstance(kept, Refusal):
        return Power(part, formula, claim.cluster, kept.reason)
    made = fit_sample(kept, formula, claim.cluster, (part.term,))
    if isinstance(made, Refusal):
        return Power(part, formula, claim.cluster, made.reason, kept.height)
    x, y = made.partialled(part.term)
    groups = effective(made.cluster, x)
    treatments = effective(codes(kept[claim.treatment_unit]), x) if claim.treatment_unit in kept.columns else groups
    smallest = detectable(null_error(x, y, made.cluster), made.clusters - 1, _recovered(part, formula, claim, panels))
    spread = float(kept[part.outcome].std() or 0.0)  # type: ignore[arg-type]
    ratio = float(kept[part.term].std() or 0.0) / spread if spread > 0 else None  # type: ignore[arg-type]
    sizes = smallest * ratio if ratio and smallest is not None else None
    counts = (kept.height, made.clusters, round(groups, 1), round(treatments, 1))
    limit = rule("min_clusters")
    missing = ""
    if groups < limit:
        missing = f"{groups:.1f} effective {claim.cluster} clusters, {limit:g} are needed"
    elif treatments < rule("min_treatments"):
        unit = claim.treatment_unit.replace("_", " ")
        missing = (
            f"'{part.term}' varies over {treatments:.1f} effective {unit} units, {rule('min_treatments'):g} are needed"
        )
    return Power(part, formula, claim.cluster, missing, *counts, smallest, sizes, made)


def _recovered(part: Part, formula: Formula, claim: Claim, panels: Panels) -> list[float]:
    """Return what each draw of governance finds of an effect of 1 of expected governance; no outcome is looked at."""
    if part.term not in GOVERNED or part.outcome in GOVERNED or not panels.draws:
        return []
    table = next(name for name, frame in panels.frames.items() if part.outcome in frame.columns)
    known = pl.col(part.outcome).is_not_null()
    effect = pl.when(known).then(panels.frames[table][part.term]).alias(part.outcome)
    solved = solve(
        lambda p: panels.under(table, p).with_columns(effect),
        panels.probability, panels.draws, formula, claim.cluster, part.term,
    )  # fmt: skip
    return [] if isinstance(solved, Refusal) else [one.estimate for one in solved[0]]


def _absent(formula: Formula, panels: Panels) -> str:
    known = columns()
    for name in (formula.outcome, *formula.terms):
        frame = panels.of(name)
        if name not in frame.columns or not frame[name].is_not_null().any():
            return f"{name}: {panels.why.get(name, f'needs {known[name].needs}')}"
    return ""


def _identified(formula: Formula, part: Part, frame: pl.DataFrame) -> Formula:
    """Leave out forms that never occur, so that the base category is what the claim compares with."""
    kept = [
        name
        for name in formula.terms
        if name == part.term or not name.startswith("share_") or float(frame[name].max() or 0.0) > 1e-6  # type: ignore[arg-type]
    ]
    return Formula(formula.outcome, tuple(kept), formula.effects)
