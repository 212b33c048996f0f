"""Downgrading by what came with it: strategic, adaptive or passive."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.errors import UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, estimates, read


def downgrading_types(
    frame: Any,
    *,
    event: str = "downgraded",
    sales: str = "sales",
    margin: str = "margin",
    supplier: str = "supplier",
    year: str = "year",
    before: int = 2,
    after: int = 2,
    band: float = 0.05,
) -> Estimates:
    """Sort functional downgradings into strategic, adaptive and passive.

    With ``d_before`` the change of log sales over the years before the event and ``d_after`` the change of the margin
    over the years after it, ``strategic``: sales did not fall before, and the margin did not fall after (given up by
    choice, and it paid: the Brenta firms that left design to luxury brands); ``adaptive``: sales fell before, and the
    margin did not fall after (a retreat that held); ``passive``: the margin fell after (pushed down, and worse off).

    Parameters
    ----------
    frame
        Supplier-years with the event (1 in the year in which a skilled function or a rung was lost), sales and margin.
    event, sales, margin, supplier, year
        Columns; ``margin`` is a share of sales.
    before, after
        Years over which sales before, and the margin after, are compared.
    band
        Changes within plus or minus this are no fall.

    Returns
    -------
    Estimates
        Table ``downgrading_types``: supplier, year, sales_before, margin_after, type (missing where either is unknown).

    Notes
    -----
    The three names are Blazek's (2016), whose text was not read in full; these rules are ours, so that the typology
    can be computed, and intent is not observed: a choice that looks passive may have been one.
    """
    if before < 1 or after < 1:
        raise UpgradingError("before and after are years, 1 or more", where="downgrading_types", fix="give 1 or more")
    tidy = read(
        frame, where="downgrading_types", text={"supplier": supplier}, years={"year": year},
        numbers={"event": event, "sales": sales, "margin": margin}, key=("supplier", "year"),
    )  # fmt: skip
    level = tidy.frame.with_columns(log_sales=pl.when(pl.col("sales") > 0).then(pl.col("sales")).log())
    events = level.filter(pl.col("event") == 1).select("supplier", "year", "margin")

    def at(shift: int, column: str, name: str) -> pl.DataFrame:
        return level.select("supplier", pl.col(column).alias(name), year=pl.col("year") - shift)

    joined = (
        events.join(at(-1, "log_sales", "late"), on=["supplier", "year"], how="left")
        .join(at(-1 - before, "log_sales", "early"), on=["supplier", "year"], how="left")
        .join(at(-1, "margin", "margin_then"), on=["supplier", "year"], how="left")
        .join(at(after, "margin", "margin_later"), on=["supplier", "year"], how="left")
    )
    changes = joined.with_columns(
        sales_before=pl.col("late") - pl.col("early"), margin_after=pl.col("margin_later") - pl.col("margin_then")
    )
    fell, worse = pl.col("sales_before") < -band, pl.col("margin_after") < -band
    kind = (
        pl.when(fell.is_null() | worse.is_null())
        .then(None)
        .when(worse)
        .then(pl.lit("passive"))
        .when(fell)
        .then(pl.lit("adaptive"))
        .otherwise(pl.lit("strategic"))
    )
    table = changes.select("supplier", "year", "sales_before", "margin_after", type=kind).sort("supplier", "year")
    gone = table["type"].null_count()
    reason = f"sales {before} years before, or the margin {after} years after, are unknown"
    return estimates(
        "downgrading_types", {"downgrading_types": table}, tidy, references=("blazek2016", "amighini_rabellotti2003"),
        options={"before": before, "after": after, "band": band},
        missing=[Missing("downgrading_types", "type", gone, reason)] if gone else [],
    )  # fmt: skip
