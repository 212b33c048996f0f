r"""Shift-share design for dependence, with Rotemberg weights, and the triple difference for retaliation.

Shift-share: dependence of a supplier is instrumented by what it would be had every buyer grown as it did with *other*
suppliers, at the supplier's first recorded shares: :math:`Z_{st} = \sum_b w_{sb0} g_{b,-s,t}` (Goldsmith-Pinkham,
Sorkin & Swift 2020). Rotemberg weights say how much each buyer's shares drive the estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.batch import small_sample, within
from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import Fit, Refusal, fit, fit_sample, grouped, sample
from sinos.propositions.formula import Formula
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused

STRENGTHS = 50
"""Buyers, by largest weight, whose first-stage F is computed."""


def exposure(relations: pl.DataFrame) -> pl.DataFrame:
    """Return predicted shares of buyers: ``supplier``, ``buyer``, ``year``, ``part`` (share times leave-out growth).

    Growth is the log of the buyer's purchases from others against the first year in which the supplier sold to it.
    """
    sold = relations.select("supplier", "buyer", "year", pl.col("value").fill_null(0.0)).filter(pl.col("value") > 0)
    first = sold.group_by("supplier").agg(base=pl.col("year").min())
    start = sold.join(first, on="supplier").filter(pl.col("year") == pl.col("base"))
    start = start.with_columns(share=pl.col("value") / pl.col("value").sum().over("supplier"))
    bought = sold.group_by("buyer", "year").agg(total=pl.col("value").sum())
    own = sold.select("supplier", "buyer", "year", own="value")
    rows = start.select("supplier", "buyer", "base", "share").join(bought, on="buyer")
    rows = rows.join(own, on=["supplier", "buyer", "year"], how="left")
    rest = rows.with_columns(rest=pl.col("total") - pl.col("own").fill_null(0.0)).filter(pl.col("rest") > 0)
    then = rest.filter(pl.col("year") == pl.col("base")).select("supplier", "buyer", then="rest")
    grown = rest.join(then, on=["supplier", "buyer"]).filter(pl.col("year") >= pl.col("base"))
    return grown.select("supplier", "buyer", "year", part=pl.col("share") * (pl.col("rest") / pl.col("then")).log())


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
    force
        F of the first stage.
    """

    kept: pl.DataFrame
    parts: pl.DataFrame
    stage: Fit
    outcome: npt.NDArray[np.float64]
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
    return Instrumented(kept, parts, stage, reduced.within_y, f_statistic(*stage.of("predicted")))


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
    value = float(z @ y / (z @ x))
    scores = grouped(given.stage.cluster, z * (y - value * x))
    groups = len(scores)
    se = float(np.sqrt((scores**2).sum() * groups / max(groups - 1, 1)) / abs(z @ x))
    return [
        made(
            claim,
            "shift_share",
            part,
            "none",
            value,
            se,
            groups - 1,
            rows=given.kept.height,
            clusters=groups,
            formula=text,
            note=note,
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


def rotemberg(
    kept: pl.DataFrame, parts: pl.DataFrame, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> pl.DataFrame:
    r"""Return each buyer's Rotemberg weight and the estimate that its part alone gives.

    With :math:`z_b` a buyer's part of the instrument and :math:`x, y` after the fixed effects,
    :math:`\alpha_b = z_b'x / \sum_c z_c'x` and :math:`\beta_b = z_b'y / z_b'x`: weights sum to one, and
    :math:`\sum_b \alpha_b \beta_b` is two-stage least squares (Goldsmith-Pinkham, Sorkin & Swift 2020, section III).

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
    joined = parts.join(rows, on=["supplier", "year"], how="inner")
    part = pl.col("part")
    moved = joined.group_by("buyer").agg(first=(part * pl.col("x")).sum(), reduced=(part * pl.col("y")).sum())
    total = float(moved["first"].sum())
    if total == 0:
        return pl.DataFrame(schema={"buyer": pl.String, "weight": pl.Float64, "estimate": pl.Float64})
    own = pl.when(pl.col("first") != 0).then(pl.col("reduced") / pl.col("first"))
    made_of = moved.select("buyer", weight=pl.col("first") / total, estimate=own)
    return made_of.sort(pl.col("weight").abs(), "buyer", descending=[True, False])


def strengths(given: Instrumented, buyers: Sequence[str], claim: Claim) -> dict[str, float]:
    """Return the first-stage F of each buyer's part alone, cluster-robust; buyers whose part does not move are absent.

    Fixed effects are taken out of all parts at once; the small-sample factor is that of the whole first stage.
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
    x, factor = given.stage.within_y, small_sample(given.stage, 0)
    found = {}
    for buyer, z, raw in zip(buyers, alone.T, wide.T, strict=True):
        size = float(z @ z)
        if size <= 1e-10 * float(((raw - raw.mean()) ** 2).sum()) or size == 0.0:
            continue
        slope = float(z @ x) / size
        scores = grouped(given.stage.cluster, z * (x - slope * z))
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


def triple_difference(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the change of orders after a supplier begins to design or brand, with buyers to whom that is core.

    ``log value ~ encroached x core buyer | supplier_year + buyer_year + relation``: the same buyer's orders from
    others, and the same supplier's orders from other buyers, are held constant. It sees retaliation that
    happened, not fear.
    """
    part = Part("log_orders", "after_core", -1)
    formula = Formula("log_orders", ("after_core",), ("supplier_year", "buyer_year", "relation"))
    side, core = panels.tables.get("suppliers", pl.DataFrame()), panels.frames["function"]
    flags = [name for name in ("performs_design", "performs_branding") if name in side.columns]
    if not flags or "year" not in side.columns or not core.height:
        need = "needs suppliers.performs_design or performs_branding with a year, and the buyers' core functions"
        return [refused(claim, "triple_difference", part, "none", need, str(formula))]
    does = pl.any_horizontal(pl.col(name).cast(pl.Int64) == 1 for name in flags)
    dated = side.drop_nulls("year").with_columns(does=does.fill_null(False), year=pl.col("year").cast(pl.Int64))
    begun = dated.group_by("supplier").agg(begun=pl.col("year").filter("does").min(), seen=pl.col("year").min())
    begun = begun.filter(pl.col("begun").is_null() | (pl.col("begun") > pl.col("seen")))
    holds = core.filter(pl.col("function").is_in(["design", "branding"])).group_by("buyer").agg(pl.col("core").max())
    rows = panels.frames["relation"].join(begun, on="supplier", how="inner").join(holds, on="buyer", how="inner")
    rows = rows.filter(pl.col("value") > 0).with_columns(
        log_orders=pl.col("value").log(),
        relation=pl.concat_str("supplier", "buyer", separator="\u00b7"),
        after_core=(pl.col("year") >= pl.col("begun")).fill_null(False).cast(pl.Float64) * pl.col("core"),
    )
    fitted = fit(rows, formula, "supplier", ("after_core",))
    if isinstance(fitted, Refusal):
        return [refused(claim, "triple_difference", part, "none", fitted.reason, str(formula))]
    return [
        made(
            claim,
            "triple_difference",
            part,
            "none",
            *fitted.of("after_core"),
            fitted.clusters - 1,
            rows=fitted.rows,
            clusters=fitted.clusters,
            formula=str(formula),
        )
    ]
