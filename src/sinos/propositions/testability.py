"""Is a claim testable with these data? Said before any estimate: fields, effective clusters, detectable effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from sinos.propositions.batch import Sampled, read_all, sampled
from sinos.propositions.claims import Claim, Part, columns, rule
from sinos.propositions.estimate import Fit, Refusal, codes, detectable, effective, fit_sample, null_error, sample
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import Floats, formed
from sinos.propositions.panels import GOVERNED, Panels
from sinos.propositions.power import power, samples, smallest

SEED = 1
"""Seed of the samples behind the smallest effect: the same whatever the seed of a study."""


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
    sure = detectable(null_error(x, y, made.cluster, made.factor), made.clusters - 1)
    least = _least(part, formula, claim, panels, sure)
    spread = float(kept[part.outcome].std() or 0.0)  # type: ignore[arg-type]
    ratio = float(kept[part.term].std() or 0.0) / spread if spread > 0 else None  # type: ignore[arg-type]
    sizes = least * ratio if ratio and least is not None else None
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
    return Power(part, formula, claim.cluster, missing, *counts, least, sizes, made)


def _least(part: Part, formula: Formula, claim: Claim, panels: Panels, sure: float) -> float | None:
    """Return the smallest effect with draws of governance, from that with sure governance; none where no size is found.

    Where governance is the outcome, or not in the model, it is the one with sure governance.
    """
    if part.term not in GOVERNED or part.outcome in GOVERNED or not panels.draws:
        return sure
    table = next(name for name, frame in panels.frames.items() if part.outcome in frame.columns)
    read = partial(panels.under, table)
    given = sampled(read, panels.probability, formula, claim.cluster, part.term)
    if isinstance(given, Refusal):
        return None
    found = read_all(given, read, panels.draws)
    if 2 * len(found.blocks) < len(panels.draws):
        return None
    rng = np.random.default_rng(SEED)
    columns = [_columns(part.term, table, panels, given, (one, formed(one, rng))) for one in panels.draws]
    usable = [pair for pair in columns if np.isfinite(pair).all()]
    truths, forms = (np.column_stack(values) for values in zip(*usable, strict=True))
    made = samples(found, part.term, truths, forms, SEED)
    return smallest(partial(power, made), sure)


def _columns(term: str, table: str, panels: Panels, given: Sampled, posteriors: Sequence[Floats]) -> list[Floats]:
    return [panels.under(table, one)[term].to_numpy().astype(np.float64)[given.rows] for one in posteriors]


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
