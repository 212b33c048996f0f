"""From periods to years: relation-years and supplier-years of a history whose period is a quarter."""

from __future__ import annotations

import polars as pl


def relation_years(deliveries: pl.DataFrame) -> pl.DataFrame:
    """Return one row per supplier, buyer and year.

    Volumes and ``taught`` add up and the price is that of the whole year's volume. Form, functions and all else are
    those of the period of most volume, the last of these if several are equal: a relation has one form a year.
    """
    key = ["supplier", "buyer", "year"]
    order = deliveries.sort(*key, "volume", "part", descending=[False, False, False, True, True])
    summed = {"volume": pl.col("volume").sum(), "taught": pl.col("taught").sum(), "price": _mean_price()}
    rest = [name for name in deliveries.columns if name not in (*key, *summed, "part")]
    years = order.group_by(key, maintain_order=True).agg(
        *(pl.col(name).first() for name in rest), *(value.alias(name) for name, value in summed.items())
    )
    return years.select(name for name in deliveries.columns if name != "part")


def _mean_price() -> pl.Expr:
    volume, value = pl.col("volume").sum(), (pl.col("volume") * pl.col("price")).sum()
    return pl.when(volume > 0).then(value / volume).otherwise(pl.col("price").max())


def supplier_years(sold: pl.DataFrame) -> pl.DataFrame:
    """Return one row per firm and year, from one per firm and period in their order.

    Volume, sales, profit and investment add up; unit cost, gain and fear are those of the last period, in which
    decisions fall; capabilities and traits are those of the first.
    """
    added = ("volume", "sales", "profit", "investment")
    last = ("unit_cost", "gain", "fear")
    first = [name for name in sold.columns if name not in ("supplier", "year", *added, *last)]
    years = sold.group_by("supplier", "year", maintain_order=True).agg(
        *(pl.col(name).first() for name in first),
        *(pl.col(name).sum() for name in added),
        *(pl.col(name).last() for name in last),
    )
    return years.select(sold.columns)
