"""Estimates of one part of a claim: governance read in four ways, pooled, with the wild bootstrap beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sinos.propositions import correction
from sinos.propositions.batch import Solved
from sinos.propositions.bootstrap import wild_p
from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import Fit, Refusal, codes, fit, grouped, sample
from sinos.propositions.finer import solve_finely
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import likelihood_weights, modal, rubin
from sinos.propositions.panels import GOVERNED, Panels
from sinos.propositions.testability import Power

Reading = Literal["draws", "expected", "three_step", "modal", "none"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number with its uncertainty, and everything needed to read it.

    Attributes
    ----------
    claim, design, outcome, term, sign
        What was estimated, by which design, and the sign that the claim predicts (0 where it predicts none).
    reading
        How governance was read: ``draws`` (pooled over the shared error of classification; the default), ``expected``
        (posterior means), ``three_step``, ``modal`` (most probable form taken as true), ``none``.
    estimate, se, low, high, p, df
        In units of the outcome per unit of the term; interval at 95 %; two-sided p.
    rows, clusters
        Observations and clusters of errors.
    formula, note
        The model in full, and what to keep in mind; ``note`` says why when there is no estimate.
    """

    claim: str
    design: str
    outcome: str
    term: str
    sign: int
    reading: Reading
    estimate: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    df: float | None = None
    rows: int = 0
    clusters: int = 0
    formula: str = ""
    note: str = ""


def interval(estimate: float, se: float, df: float, level: float) -> tuple[float, float, float]:
    """Return the ends of the interval at a two-sided level, and the p value.

    Examples
    --------
    >>> [round(x, 2) for x in interval(2.0, 1.0, 1e9, 0.05)]
    [0.04, 3.96, 0.05]
    """
    from scipy.stats import t

    half = float(t.ppf(1 - level / 2, df)) * se
    p = float(2 * t.sf(abs(estimate) / se, df)) if se > 0 else float(estimate == 0)
    return estimate - half, estimate + half, p


def made(
    claim: Claim,
    design: str,
    part: Part,
    reading: Reading,
    estimate: float,
    se: float,
    df: float,
    *,
    rows: int,
    clusters: int,
    formula: str,
    note: str = "",
) -> Estimate:
    """Return an estimate with its interval."""
    if not (np.isfinite(estimate) and np.isfinite(se) and se > 0):
        return Estimate(
            claim.name,
            design,
            part.outcome,
            part.term,
            part.sign,
            reading,
            formula=formula,
            rows=rows,
            clusters=clusters,
            note="no standard error can be computed",
        )
    low, high, p = interval(estimate, se, df, rule("level"))
    return Estimate(
        claim.name,
        design,
        part.outcome,
        part.term,
        part.sign,
        reading,
        estimate,
        se,
        low,
        high,
        p,
        df,
        rows,
        clusters,
        formula,
        note,
    )


def refused(claim: Claim, design: str, part: Part, reading: Reading, reason: str, formula: str = "") -> Estimate:
    """Return the place of an estimate that could not be made, with the reason."""
    return Estimate(claim.name, design, part.outcome, part.term, part.sign, reading, formula=formula, note=reason)


def from_fit(claim: Claim, design: str, part: Part, reading: Reading, fitted: Fit, note: str = "") -> Estimate:
    """Return the part's coefficient in a fitted model."""
    value, se = fitted.of(part.term)
    return made(
        claim,
        design,
        part,
        reading,
        value,
        se,
        fitted.clusters - 1,
        rows=fitted.rows,
        clusters=fitted.clusters,
        formula=str(fitted.formula),
        note=note,
    )


def pooled(
    claim: Claim, design: str, part: Part, panels: Panels, formula: Formula, cluster: str, table: str
) -> Estimate:
    """Return the estimate pooled over draws of the shared error of classification by Rubin's rules."""
    return pooled_and_weights(claim, design, part, panels, formula, cluster, table)[0]


def pooled_and_weights(
    claim: Claim, design: str, part: Part, panels: Panels, formula: Formula, cluster: str, table: str
) -> tuple[Estimate, list[float]]:
    """Return the pooled estimate and the weight of every draw of the panels; none where draws count equally."""
    if not GOVERNED & {formula.outcome, *formula.terms} or not panels.draws:
        fitted = fit(panels.frames[table], formula, cluster, (part.term,))
        if isinstance(fitted, Refusal):
            return refused(claim, design, part, "none", fitted.reason, str(formula)), []
        return from_fit(claim, design, part, "none", fitted), []
    solved = solve_finely(panels, table, formula, cluster, part.term)
    if isinstance(solved, Refusal):
        return refused(claim, design, part, "draws", solved.reason, str(formula)), []
    first, found, fitted = solved
    if 2 * len(found) < len(panels.draws):
        few = "most draws of governance leave nothing to estimate"
        return refused(claim, design, part, "draws", few, str(formula)), []
    first_weights, weights = (_weights(items, formula) for items in (first, found))
    result = rubin([item.estimate for item in found], [item.se**2 for item in found], fitted.clusters - 1, weights)
    note = f"{len(found)} draws; {100 * result.between_share:.0f} % of the variance is from classification"
    estimate = made(
        claim,
        design,
        part,
        "draws",
        result.estimate,
        result.se,
        result.df,
        rows=fitted.rows,
        clusters=fitted.clusters,
        formula=str(formula),
        note=note,
    )
    return estimate, first_weights if first_weights and len(first_weights) == len(panels.draws) else []


def _weights(found: Sequence[Solved], formula: Formula) -> list[float] | None:
    """Return likelihood weights; none where governance is the outcome, whose likelihoods cannot be compared."""
    return None if formula.outcome in GOVERNED else likelihood_weights([item.fit for item in found]).tolist()


def panel_estimates(claim: Claim, power: Power, panels: Panels) -> tuple[Estimate, ...]:
    """Return the primary estimate of a part and the other readings of governance beside it."""
    part, formula = power.part, power.formula
    table = "supplier" if part.outcome in panels.frames["supplier"].columns else _table(part, panels)
    first, weights = pooled_and_weights(claim, "panel", part, panels, formula, claim.cluster, table)
    found = [first]
    if not GOVERNED & {part.outcome, *formula.terms}:
        return tuple(found)
    if power.fitted is not None:
        found.append(from_fit(claim, "panel", part, "expected", power.fitted))
    naive = fit(panels.under(table, modal(panels.probability)), formula, claim.cluster, (part.term,))
    note = "most probable form taken as true: attenuated"
    found.append(
        refused(claim, "panel", part, "modal", naive.reason, str(formula))
        if isinstance(naive, Refusal)
        else from_fit(claim, "panel", part, "modal", naive, note)
    )
    if table == "supplier":
        found.append(_three_step(claim, part, panels, formula, weights))
    return tuple(found)


def _table(part: Part, panels: Panels) -> str:
    return next(name for name in ("relation", "function") if part.outcome in panels.frames[name].columns)


def _three_step(claim: Claim, part: Part, panels: Panels, formula: Formula, weights: Sequence[float]) -> Estimate:
    made_of = [correction.corrected_shares(panels.sales, panels.probability, one) for one in panels.draws]
    shares = [item for item in made_of if not isinstance(item, Refusal)]
    kept = sample(panels.frames["supplier"], formula, claim.cluster, "sales_row")
    refusal = next((item for item in (kept, *made_of) if isinstance(item, Refusal)), Refusal("no draws of governance"))
    if isinstance(kept, Refusal) or len(shares) < len(panels.draws) or not shares:
        return refused(claim, "panel", part, "three_step", refusal.reason, str(formula))
    found = correction.three_step(kept, shares, formula, claim.cluster, part.term, weights or None)
    if isinstance(found, Refusal):
        return refused(claim, "panel", part, "three_step", found.reason, str(formula))
    return made(
        claim,
        "panel",
        part,
        "three_step",
        found.estimate,
        found.se,
        found.df,
        rows=kept.height,
        clusters=kept[claim.cluster].n_unique(),
        formula=str(formula),
        note=f"{len(shares)} draws of the shared error; modal forms corrected for how often they are wrong",
    )


def bootstrap_p(claim: Claim, power: Power, panels: Panels, seed: int) -> dict[str, float]:
    """Return wild bootstrap p values of a part, by cluster of errors and by unit of treatment where either is few."""
    if power.fitted is None:
        return {}
    x, y = power.fitted.partialled(power.part.term)
    found = {}
    groupings: dict[str, npt.NDArray[np.int64]] = {claim.cluster: power.fitted.cluster}
    frame = panels.frames["supplier"] if power.part.outcome in panels.frames["supplier"].columns else None
    if frame is None:
        frame = panels.frames[_table(power.part, panels)]
    kept = sample(frame, power.formula, *[n for n in (claim.cluster, claim.treatment_unit) if n in frame.columns])
    if not isinstance(kept, Refusal) and claim.treatment_unit in kept.columns and kept.height == power.fitted.rows:
        groupings.setdefault(claim.treatment_unit, codes(kept[claim.treatment_unit]))
    few = {claim.cluster: power.effective, claim.treatment_unit: power.treatments}
    for name, code in groupings.items():
        if few.get(name, np.inf) < rule("few_clusters"):
            found[name] = wild_p(grouped(code, x * y), int(rule("bootstrap")), seed)
    return found
