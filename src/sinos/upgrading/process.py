"""Process upgrading: punctuality, lead time, defects, unit cost and labour productivity.

Measures in which prices enter are not trusted when prices moved: productivity is deflated by the supplier's own unit
values on cells sold in both years, and where these are unknown the measure says so (science C3; H5).
"""

from __future__ import annotations

import polars as pl

from sinos.upgrading.direction import no_changes
from sinos.upgrading.panel import panel_changes
from sinos.upgrading.rules import of_kind

SURVEY = ("defect_rate", "on_time_share", "lead_time_days")
"""Survey columns that are measures of process upgrading by themselves."""


def levels(survey: pl.DataFrame, unit_values: pl.DataFrame) -> pl.DataFrame:
    """Return the levels of the process measures: unit, year, measure, value.

    Parameters
    ----------
    survey
        Supplier-years with the contract's columns.
    unit_values
        ``unit``, ``year``, ``value``: the suppliers' unit values.
    """
    price = unit_values.select(supplier="unit", year="year", price="value")
    framed = survey.join(price, on=["supplier", "year"], how="left")
    expressions = _expressions(set(survey.columns))
    parts = [
        framed.select(unit="supplier", year="year", measure=pl.lit(name), value=expression.cast(pl.Float64))
        for name, expression in expressions.items()
    ]
    empty = pl.DataFrame(schema={"unit": pl.String, "year": pl.Int64, "measure": pl.String, "value": pl.Float64})
    finite = pl.col("value").is_not_null() & pl.col("value").is_finite()
    return pl.concat([empty, *parts]).filter(finite).sort("measure", "unit", "year")


def changes(
    units: pl.DataFrame, process_levels: pl.DataFrame, prices: pl.DataFrame, window: int, band: float
) -> pl.DataFrame:
    """Return the changes of the process measures, with prices taken out of those in which they enter.

    Parameters
    ----------
    units
        Unit-years.
    process_levels
        As made by :func:`levels`.
    prices
        Changes of ``unit_value`` on cells sold in both years: unit, year, from_year, change.
    window, band
        Window in years; flat band in log points.
    """
    present = set(process_levels["measure"])
    parts = [
        panel_changes(units, process_levels.filter(pl.col("measure") == name), name, window)
        for name in of_kind("process")
        if name in present
    ]
    if not parts:
        return no_changes().drop("direction")
    price = prices.select("unit", "year", "from_year", price="change")
    framed = pl.concat(parts).join(price, on=["unit", "year", "from_year"], how="left")
    return _without_prices(framed, band).drop("price")


def _expressions(columns: set[str]) -> dict[str, pl.Expr]:
    made = {name: pl.col(name) for name in SURVEY if name in columns}
    if {"wage_bill", "materials", "output"} <= columns:
        share = pl.when(pl.col("output") > 0).then((pl.col("wage_bill") + pl.col("materials")) / pl.col("output"))
        made["cost_share"] = share
        made["unit_cost"] = share * pl.col("price")
    result = [pl.col(name) for name in ("value_added", "output") if name in columns]
    if "employment" in columns and result:
        made["labour_productivity"] = pl.when(pl.col("employment") > 0).then(result[0] / pl.col("employment"))
    return made


def _without_prices(framed: pl.DataFrame, band: float) -> pl.DataFrame:
    """Deflate productivity by the supplier's own prices; distrust cost shares that prices alone would move."""
    productivity = pl.col("measure") == "labour_productivity"
    cost = pl.col("measure") == "cost_share"
    unknown = (productivity | cost) & pl.col("change").is_not_null() & pl.col("price").is_null()
    misled = cost & (pl.col("change") * pl.col("price") < 0) & (pl.col("price").abs() > band)
    return framed.with_columns(
        change=pl.when(productivity & pl.col("price").is_not_null())
        .then(pl.col("change") - pl.col("price"))
        .otherwise(pl.col("change")),
        reason=pl.when(misled)
        .then(
            pl.format(
                "measured in money while the supplier's prices changed by {} log points, which alone moves it so",
                pl.col("price").round(2).cast(pl.String),
            )
        )
        .otherwise(pl.col("reason")),
        warning=pl.when(unknown).then(
            pl.format("{} is measured in money, and the supplier's prices are unknown over the same years", "measure")
        ),
    )
