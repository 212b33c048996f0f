r"""Shift-share design for dependence, with Rotemberg weights, and the triple difference for retaliation.

Shift-share: dependence of a supplier is instrumented by what it would be had every buyer grown as it did with *other*
suppliers, at the supplier's first recorded shares: :math:`Z_{st} = \sum_b w_{sb0} g_{b,-s,t}` (Goldsmith-Pinkham,
Sorkin & Swift 2020). Rotemberg weights say how much each buyer's shares drive the estimate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import Refusal, fit, fit_sample, grouped, sample
from sinos.propositions.formula import Formula
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused


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


def shift_share(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the effect of dependence on the claim's outcome by shift-share, with the largest Rotemberg weights."""
    outcome = claim.parts[0].outcome
    part = Part(outcome, "dependence", claim.parts[0].sign)
    first = Formula("dependence", ("predicted",), claim.effects)
    text = f"{Formula(outcome, ('dependence',), claim.effects)}, dependence instrumented by predicted"
    parts = exposure(panels.relations)
    predicted = parts.group_by("supplier", "year").agg(predicted=pl.col("part").sum())
    frame = panels.frames["supplier"].join(predicted, on=["supplier", "year"], how="left", maintain_order="left")
    kept = sample(
        frame, Formula(outcome, ("dependence", "predicted"), claim.effects), claim.cluster, "supplier", "year"
    )
    if isinstance(kept, Refusal):
        return [refused(claim, "shift_share", part, "none", kept.reason, text)]
    stage, reduced = (
        fit_sample(kept, first, claim.cluster, ("predicted",)),
        fit_sample(kept, first.explaining(outcome), claim.cluster, ("predicted",)),
    )
    if isinstance(stage, Refusal) or isinstance(reduced, Refusal):
        reason = stage.reason if isinstance(stage, Refusal) else reduced.reason  # type: ignore[union-attr]
        return [refused(claim, "shift_share", part, "none", reason, text)]
    slope, error = stage.of("predicted")
    force = f_statistic(slope, error)
    z, x, y = stage.within_x[:, 0], stage.within_y, reduced.within_y
    words = _weights_in_words(kept, parts, rotemberg(kept, parts, x, y), claim)
    if force < rule("first_stage"):
        note = f"first stage F = {force:.1f}, {rule('first_stage'):g} is needed; Rotemberg weights: {words}"
        return [refused(claim, "shift_share", part, "none", note, text)]
    value = float(z @ y / (z @ x))
    scores = grouped(stage.cluster, z * (y - value * x))
    groups = len(scores)
    se = float(np.sqrt((scores**2).sum() * groups / max(groups - 1, 1)) / abs(z @ x))
    note = f"first stage F = {force:.1f}; Rotemberg weights: {words}"
    return [
        made(
            claim,
            "shift_share",
            part,
            "none",
            value,
            se,
            groups - 1,
            rows=kept.height,
            clusters=groups,
            formula=text,
            note=note,
        )
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


def strength(kept: pl.DataFrame, parts: pl.DataFrame, buyer: str, claim: Claim) -> float | None:
    """Return the first-stage F of one buyer's part alone, cluster-robust; missing where it cannot be fitted."""
    own = parts.filter(pl.col("buyer") == buyer).select("supplier", "year", alone="part")
    frame = kept.join(own, on=["supplier", "year"], how="left", maintain_order="left")
    frame = frame.with_columns(pl.col("alone").fill_null(0.0))
    fitted = fit_sample(frame, Formula("dependence", ("alone",), claim.effects), claim.cluster, ("alone",))
    return None if isinstance(fitted, Refusal) else f_statistic(*fitted.of("alone"))


def f_statistic(slope: float, error: float) -> float:
    """Return the F statistic of one instrument: its squared t.

    With one instrument this is also the effective F of Montiel Olea & Pflueger (2013).

    Examples
    --------
    >>> f_statistic(2.0, 0.5), f_statistic(0.0, 0.0)
    (16.0, 0.0)
    """
    return (slope / error) ** 2 if error > 0 else 0.0


def _weights_in_words(kept: pl.DataFrame, parts: pl.DataFrame, weights: pl.DataFrame, claim: Claim) -> str:
    """Say the three largest weights with their own estimates and F, and how much weight is negative."""
    if not weights.height:
        return "none"
    told = []
    for row in weights.head(3).iter_rows(named=True):
        own = "none" if row["estimate"] is None else f"{row['estimate']:.3g}"
        alone = strength(kept, parts, row["buyer"], claim)
        force = "unknown" if alone is None else f"{alone:.1f}"
        told.append(f"{row['buyer']} {row['weight']:.2f} (own estimate {own}, F {force})")
    against = float(weights.filter(pl.col("weight") < 0)["weight"].sum())
    return ", ".join(told) + f"; negative weights sum to {against:.2f}"


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
