"""The core outputs in polars, by its streaming engine.

The optimiser that reorders joins is switched off: in polars 2.1 it turned a join of several tables into one on the
year alone.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from core import COLUMNS, EXCLUSIVE, KEYS, command
from polars import col

IDS = ("supplier", "buyer", "product", "destination")
FLAGS = pl.QueryOptFlags(join_order=False)


def _kept(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Compute a table once."""
    return frame.collect(engine="streaming", optimizations=FLAGS).lazy()


def _entropy(value: pl.Expr) -> pl.Expr:
    return value.sum().log() - (value * value.log()).sum() / value.sum()


def run(source: Path, out: Path, memory: str | None = None) -> None:
    """Compute the core outputs and write them as sorted Parquet; there is no memory limit to set."""
    records = pl.scan_parquet(source)
    enums = {name: pl.Enum(records.select(col(name).unique().sort()).collect()[name]) for name in IDS}
    records = records.with_columns(col(name).cast(kind) for name, kind in enums.items())
    month = (pl.lit(1, pl.Int32) * 2 ** (col("date").dt.month().cast(pl.Int32) - 1)).cast(pl.Int32)
    base = _kept(
        records.with_columns(year=col("date").dt.year(), bits=month)
        .group_by(*IDS, "year")
        .agg(col("value").sum(), pl.len().alias("shipments"), col("bits").bitwise_or())
    )
    trade = _kept(
        base.group_by("supplier", "buyer", "product", "year").agg(
            col("value").sum(), col("shipments").sum(), col("bits").bitwise_or()
        )
    )
    bought = _kept(
        trade.group_by("buyer", "product", "year").agg(
            col("value").sum(), col("shipments").sum(), pl.len().alias("sellers")
        )
    )
    relations = _relations(trade, bought)
    tables = {
        "relation_years": relations,
        "supplier_years": _suppliers(base, trade, relations),
        "buyer_years": _buyers(bought, relations),
    }
    for name, table in tables.items():
        shown = table.select(*KEYS[name], *COLUMNS[name]).sort(*KEYS[name])
        held = [key for key in KEYS[name] if key in IDS]
        frame = shown.with_columns(col(key).cast(pl.String) for key in held)
        frame.collect(engine="streaming", optimizations=FLAGS).write_parquet(out / f"{name}.parquet")


def _relations(trade: pl.LazyFrame, bought: pl.LazyFrame) -> pl.LazyFrame:
    total = bought.select("buyer", "product", "year", total="value")
    weighted = (col("value") * col("value") / col("total")).sum() / col("value").sum()
    pairs = _kept(
        trade.join(total, on=["buyer", "product", "year"])
        .group_by("supplier", "buyer", "year")
        .agg(
            col("value").sum(),
            col("shipments").sum(),
            pl.len().alias("products"),
            col("bits").bitwise_or(),
            buyer_dependence=weighted,
        )
    )
    spells = pairs.group_by("supplier", "buyer").agg(first_year=col("year").min(), last_year=col("year").max())
    sales = pairs.group_by("supplier", "year").agg(sales=col("value").sum())
    end = pairs.select(col("year").max()).collect().item()
    share, power = col("supplier_dependence"), col("buyer_dependence")
    return _kept(
        pairs.join(spells, on=["supplier", "buyer"])
        .join(sales, on=["supplier", "year"])
        .with_columns(supplier_dependence=col("value") / col("sales"))
        .with_columns(
            months_active=col("bits").bitwise_count_ones(),
            tenure_years=col("year") - col("first_year") + 1,
            ended=pl.when(col("last_year") > col("year")).then(0).when(col("year") < end).then(1),
            relative_power=(share - power) / (share + power),
            exclusive=(share >= EXCLUSIVE).cast(pl.Int32),
        )
    )


def _suppliers(base: pl.LazyFrame, trade: pl.LazyFrame, relations: pl.LazyFrame) -> pl.LazyFrame:
    key, value = ["supplier", "year"], col("value")
    first = relations.select(col("year").min()).collect().item()
    old = value.filter(col("first_year") < col("year")).sum() / value.sum()
    sales = relations.group_by(key).agg(
        value.sum().alias("total"),
        col("shipments").sum(),
        pl.len().alias("buyers"),
        top1_share=value.max() / value.sum(),
        hhi_buyers=(value * value).sum() / (value.sum() * value.sum()),
        share_preexisting=old,
    )
    sold = trade.group_by("supplier", "product", "year").agg(value.sum())
    mix = sold.group_by(key).agg(pl.len().alias("products"), product_entropy=_entropy(value))
    place = base.group_by("supplier", "destination", "year").agg(value.sum())
    reach = place.group_by(key).agg(pl.len().alias("destinations"), destination_entropy=_entropy(value))
    return (
        sales.join(mix, on=key)
        .join(reach, on=key)
        .with_columns(
            value=col("total"),
            effective_buyers=1 / col("hhi_buyers"),
            share_preexisting=pl.when(col("year") > first).then(col("share_preexisting")),
        )
    )


def _buyers(bought: pl.LazyFrame, relations: pl.LazyFrame) -> pl.LazyFrame:
    key, value = ["buyer", "year"], col("value")
    scores = bought.group_by(key).agg(
        pl.len().alias("products"),
        sellers_per_shipment=(value * col("sellers") / col("shipments")).sum() / value.sum(),
        relational_sourcing=(value * (col("shipments") / col("sellers")).log()).sum() / value.sum(),
    )
    purchases = relations.group_by(key).agg(
        value.sum().alias("total"),
        col("shipments").sum(),
        pl.len().alias("suppliers"),
        hhi_suppliers=(value * value).sum() / (value.sum() * value.sum()),
        top1_supplier_share=value.max() / value.sum(),
    )
    return purchases.join(scores, on=key).with_columns(value=col("total"))


if __name__ == "__main__":
    command(run)
