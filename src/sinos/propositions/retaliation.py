"""Triple difference for retaliation: what a buyer orders once a supplier does what is core to that buyer."""

from __future__ import annotations

import polars as pl

from sinos.propositions.claims import Claim, Part
from sinos.propositions.estimate import Refusal, fit
from sinos.propositions.formula import Formula
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused


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
    rows = panels.frames["relation"]
    for side, key in ((begun, "supplier"), (holds, "buyer")):
        rows = rows.join(side, on=key, how="inner", maintain_order="left")  # rounding follows the order of rows
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
