r"""Shift-share design for dependence, with errors that shared buyers do not shrink, and Rotemberg weights.

Dependence of a supplier is instrumented by what it would be had every buyer grown as it did with *other* suppliers, at
the supplier's first recorded shares: :math:`Z_{st} = \sum_b w_{sb} g_{b,-s,t}` (Goldsmith-Pinkham, Sorkin & Swift
2020). Suppliers of one buyer meet the same shock, so that errors clustered by supplier are too small. Errors here take
buyers as what is drawn (Adao, Kolesar & Morales 2019, with all years of a buyer as one cluster): with
:math:`\hat\varepsilon` the residual, :math:`x` dependence and :math:`z` the instrument, after the fixed effects,

.. math::

    \widehat{se} = \frac{1}{|z'x|} \sqrt{\sum_b \Big( \frac{1}{1 - h_b}
    \sum_{s,t} w_{sb} (g_{b,-s,t} - \bar g_t) \hat\varepsilon_{st} \Big)^2}

with :math:`\bar g_t` the mean over buyers, weighted by shares, and :math:`h_b` the share of a buyer in :math:`z'x`:
without that factor (the estimate is then nearly the one without the buyer, as in a jackknife) the errors are too small
where buyers are few. Intervals use :math:`B - 1` degrees of freedom, :math:`B = 1 / \sum_b \omega_b^2` the effective
number of buyers, :math:`\omega_b` the share of buyer :math:`b` in all exposure (Borusyak, Hull & Jaravel 2022). Shares
of a supplier sum to one in every year, as both papers need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.batch import within
from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import Fit, Refusal, fit_sample, grouped, sample
from sinos.propositions.formula import Formula
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused

Floats = npt.NDArray[np.float64]
STRENGTHS = 50
"""Buyers, by largest weight, whose first-stage F is computed."""


def exposure(relations: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of the instrument: one row for each year of a supplier and each buyer of its first year.

    Growth is the change of the buyer's purchases from others since the supplier's first year, over the mean of the two
    (Davis & Haltiwanger 1992): between -2, where the buyer left all others, and 2. A buyer that had no other supplier
    then, or that is absent from the records of a year, is unknown and left out; the shares of the others sum to one.

    Returns
    -------
    polars.DataFrame
        ``supplier``, ``buyer``, ``year``, ``share``, ``part`` (share times growth), ``moved`` (share times growth less
        the mean growth of that year since the same first year).
    """
    sold = relations.select("supplier", "buyer", "year", pl.col("value").fill_null(0.0)).filter(pl.col("value") > 0)
    first = sold.group_by("supplier").agg(base=pl.col("year").min())
    start = sold.join(first, on="supplier").filter(pl.col("year") == pl.col("base"))
    bought = sold.group_by("buyer", "year").agg(total=pl.col("value").sort().sum())
    own = sold.select("supplier", "buyer", "year", own="value")
    then = start.join(bought, on=["buyer", "year"]).select(
        "supplier", "buyer", "base", "value", then=pl.col("total") - pl.col("value")
    )
    active = sold.select("supplier", "year").unique()
    rows = (
        then.filter(pl.col("then") > 0)
        .join(active, on="supplier")
        .join(bought, on=["buyer", "year"])
        .join(own, on=["supplier", "buyer", "year"], how="left")
        .with_columns(rest=(pl.col("total") - pl.col("own").fill_null(0.0)).clip(lower_bound=0.0))
        .sort("supplier", "year", "buyer")
    )
    grown = rows.with_columns(
        share=pl.col("value") / pl.col("value").sum().over("supplier", "year"),
        growth=2.0 * (pl.col("rest") - pl.col("then")) / (pl.col("rest") + pl.col("then")),
    )
    weighted = (pl.col("share") * pl.col("growth")).sum() / pl.col("share").sum()
    moved = pl.col("share") * (pl.col("growth") - weighted.over("base", "year"))
    return grown.select("supplier", "buyer", "year", "share", part=pl.col("share") * pl.col("growth"), moved=moved)


@dataclass(frozen=True)
class Instrumented:
    """What the shift-share design is made from.

    Attributes
    ----------
    kept, parts
        The sample, and the parts of the instrument by buyer (:func:`exposure`).
    stage
        First stage: dependence on the instrument.
    outcome
        The claim's outcome after the fixed effects.
    buyers
        Effective number of buyers whose growth makes the instrument.
    force
        F of the first stage, with errors by buyer.
    """

    kept: pl.DataFrame
    parts: pl.DataFrame
    stage: Fit
    outcome: Floats
    buyers: float
    force: float


def instrumented(claim: Claim, panels: Panels) -> Instrumented | Refusal:
    """Return the sample and the first stage of the shift-share design, or why there is none."""
    outcome = claim.parts[0].outcome
    first = Formula("dependence", ("predicted",), claim.effects)
    parts = exposure(panels.relations)
    predicted = parts.group_by("supplier", "year").agg(predicted=pl.col("part").sort().sum())
    frame = panels.frames["supplier"].join(predicted, on=["supplier", "year"], how="left", maintain_order="left")
    both = Formula(outcome, ("dependence", "predicted"), claim.effects)
    kept = sample(frame, both, claim.cluster, "supplier", "year")
    if isinstance(kept, Refusal):
        return kept
    stage = fit_sample(kept, first, claim.cluster, ("predicted",))
    reduced = fit_sample(kept, first.explaining(outcome), claim.cluster, ("predicted",))
    if isinstance(stage, Refusal):
        return stage
    if isinstance(reduced, Refusal):
        return reduced
    z, x = stage.within_x[:, 0], stage.within_y
    slope, buyers = stage.of("predicted")[0], effective_buyers(kept, parts)
    error = error_by_buyer(kept, parts, x - slope * z, z, z)
    return Instrumented(kept, parts, stage, reduced.within_y, buyers, f_statistic(slope, error))


def effective_buyers(kept: pl.DataFrame, parts: pl.DataFrame) -> float:
    """Return one over the sum of squares of the buyers' shares in all exposure of the sample."""
    weight = parts.join(kept.select("supplier", "year"), on=["supplier", "year"], how="semi")
    by_buyer = weight.group_by("buyer").agg(pl.col("share").sort().sum()).sort("buyer")["share"].to_numpy()
    return float(by_buyer.sum() ** 2 / (by_buyer**2).sum()) if len(by_buyer) else 0.0


def error_by_buyer(kept: pl.DataFrame, parts: pl.DataFrame, residual: Floats, z: Floats, x: Floats) -> float:
    """Return the standard error of a coefficient on the instrument when buyers are what is drawn.

    Parameters
    ----------
    kept
        ``supplier``, ``year``, one row per observation.
    parts
        From :func:`exposure`.
    residual, z, x
        Residual, instrument and regressor of each observation after the fixed effects; the regressor is dependence in
        two-stage least squares, and the instrument itself in the first stage.
    """
    rows = kept.select("supplier", "year").with_columns(left=pl.Series(residual), x=pl.Series(x))
    joined = parts.join(rows, on=["supplier", "year"], how="inner").sort("buyer", "supplier", "year")
    moved = pl.col("moved")
    by_buyer = joined.group_by("buyer", maintain_order=True)
    sums = by_buyer.agg(score=(moved * pl.col("left")).sum(), own=(moved * pl.col("x")).sum())
    total = float(z @ x)
    rest = 1.0 - sums["own"].to_numpy() / (total if total != 0 else 1e-300)
    # A buyer that makes the whole instrument leaves no estimate without it; its score counts twentyfold.
    score = sums["score"].to_numpy() / np.where(np.abs(rest) < 0.05, 0.05, rest)
    return float(np.sqrt((score**2).sum()) / max(abs(total), 1e-300))


def shift_share(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the effect of dependence on the claim's outcome by shift-share; its weights are in another table."""
    part = Part(claim.parts[0].outcome, "dependence", claim.parts[0].sign)
    text = f"{Formula(part.outcome, ('dependence',), claim.effects)}, dependence instrumented by predicted"
    given = instrumented(claim, panels)
    if isinstance(given, Refusal):
        return [refused(claim, "shift_share", part, "none", given.reason, text)]
    z, x, y = given.stage.within_x[:, 0], given.stage.within_y, given.outcome
    note = f"first stage F = {given.force:.1f}; {_in_short(rotemberg(given.kept, given.parts, x, y))}"
    if given.force < rule("first_stage"):
        reason = f"the instrument is too weak, F of {rule('first_stage'):g} is needed: {note}"
        return [refused(claim, "shift_share", part, "none", reason, text)]
    if given.buyers < rule("min_clusters"):
        few = f"the instrument rests on {given.buyers:.1f} effective buyers, {rule('min_clusters'):g} are needed"
        return [refused(claim, "shift_share", part, "none", f"{few}: {note}", text)]
    value = float(z @ y / (z @ x))
    left = y - value * x
    scores = grouped(given.stage.cluster, z * left)
    own = float(np.sqrt((scores**2).sum() * len(scores) / max(len(scores) - 1, 1)) / abs(z @ x))
    return [
        made(
            claim,
            "shift_share",
            part,
            "none",
            value,
            error_by_buyer(given.kept, given.parts, left, z, x),
            given.buyers - 1,
            rows=given.kept.height,
            clusters=len(scores),
            formula=text,
            note=f"errors by buyer, {given.buyers:.1f} effective buyers (by supplier they would be {own:.3g}); {note}",
        )
    ]


def weight_rows(claim: Claim, panels: Panels) -> list[dict[str, Any]]:
    """Return the Rotemberg weight of every buyer with its own estimate and first-stage F, largest weights first."""
    given = instrumented(claim, panels)
    if isinstance(given, Refusal):
        return []
    weights = rotemberg(given.kept, given.parts, given.stage.within_y, given.outcome)
    force = strengths(given, weights["buyer"].head(STRENGTHS).to_list(), claim)
    return [
        {"claim": claim.name, "rank": rank, **row, "first_stage_f": force.get(row["buyer"])}
        for rank, row in enumerate(weights.iter_rows(named=True), start=1)
    ]


def rotemberg(kept: pl.DataFrame, parts: pl.DataFrame, x: Floats, y: Floats) -> pl.DataFrame:
    r"""Return each buyer's Rotemberg weight and the estimate that its part alone gives.

    With :math:`z_b` a buyer's part of the instrument and :math:`x, y` after the fixed effects,
    :math:`\alpha_b = z_b'x / \sum_c z_c'x` and :math:`\beta_b = z_b'y / z_b'x`: weights sum to one, and
    :math:`\sum_b \alpha_b \beta_b` is two-stage least squares (Goldsmith-Pinkham, Sorkin & Swift 2020).

    Parameters
    ----------
    kept
        ``supplier``, ``year``, one row per observation.
    parts
        From :func:`exposure`.
    x, y
        Dependence and outcome after the fixed effects, shape (rows of ``kept``,).

    Returns
    -------
    polars.DataFrame
        ``buyer``, ``weight``, ``estimate`` (missing where the part does not move dependence), largest weights first;
        empty where the instrument does not move dependence at all.
    """
    rows = kept.select("supplier", "year").with_columns(x=pl.Series(x), y=pl.Series(y))
    joined = parts.join(rows, on=["supplier", "year"], how="inner", maintain_order="left")
    part = pl.col("part")
    by_buyer = joined.sort("buyer", "supplier", "year").group_by("buyer", maintain_order=True)
    moved = by_buyer.agg(first=(part * pl.col("x")).sum(), reduced=(part * pl.col("y")).sum())
    total = float(moved["first"].sum())
    if total == 0:
        return pl.DataFrame(schema={"buyer": pl.String, "weight": pl.Float64, "estimate": pl.Float64})
    own = pl.when(pl.col("first") != 0).then(pl.col("reduced") / pl.col("first"))
    made_of = moved.select("buyer", weight=pl.col("first") / total, estimate=own)
    return made_of.sort(pl.col("weight").abs(), "buyer", descending=[True, False])


def strengths(given: Instrumented, buyers: Sequence[str], claim: Claim) -> dict[str, float]:
    """Return the first-stage F of each buyer's part alone, cluster-robust.

    Fixed effects are taken out of all parts at once; the small-sample factor is that of the whole first stage. A buyer
    is absent where its part does not move, and where least squares leaves no score in any cluster (the part moves in
    one supplier, or between the two of one cluster-year): there is then no error to divide by.
    """
    keys = given.kept.select("supplier", "year")
    columns = []
    for buyer in buyers:
        own = given.parts.filter(pl.col("buyer") == buyer).select("supplier", "year", "part")
        columns.append(keys.join(own, on=["supplier", "year"], how="left", maintain_order="left")["part"].fill_null(0))
    if not columns:
        return {}
    wide = np.column_stack([column.to_numpy() for column in columns])
    alone = within([wide], given.kept, Formula("dependence", (), claim.effects))[0]
    x, factor = given.stage.within_y, given.stage.factor
    found = {}
    for buyer, z, raw in zip(buyers, alone.T, wide.T, strict=True):
        size = float(z @ z)
        if size <= 1e-10 * float(((raw - raw.mean()) ** 2).sum()) or size == 0.0:
            continue
        slope = float(z @ x) / size
        moments = z * (x - slope * z)
        scores = grouped(given.stage.cluster, moments)
        if (scores**2).sum() <= 1e-10 * (moments**2).sum():
            continue
        found[buyer] = f_statistic(slope, factor * float(np.sqrt((scores**2).sum())) / size)
    return found


def f_statistic(slope: float, error: float) -> float:
    """Return the F statistic of one instrument: its squared t.

    With one instrument this is also the effective F of Montiel Olea & Pflueger (2013).

    Examples
    --------
    >>> f_statistic(2.0, 0.5), f_statistic(0.0, 0.0)
    (16.0, 0.0)
    """
    return (slope / error) ** 2 if error > 0 else 0.0


def _in_short(weights: pl.DataFrame) -> str:
    """Say how much of the estimate rests on the first buyers, and how much weight is negative; names are in the table.

    Examples
    --------
    >>> _in_short(pl.DataFrame({"weight": [0.7, 0.5, -0.2]}))
    'Rotemberg weights of 3 buyers: largest 0.70, negative ones sum to -0.20 (table claim_weights)'
    """
    if not weights.height:
        return "the instrument does not move dependence"
    against = float(weights.filter(pl.col("weight") < 0)["weight"].sum())
    return (
        f"Rotemberg weights of {weights.height} buyers: largest {weights['weight'][0]:.2f}, negative ones sum to "
        f"{against:.2f} (table claim_weights)"
    )
