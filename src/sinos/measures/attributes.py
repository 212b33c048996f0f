"""Side tables beside the records: coded like the records, with values that hold for one year or for every year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import polars as pl

from sinos.measures.exact import attach

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from sinos.engine import Engine

SUPPLIER_NUMBERS = ("output", "domestic_sales", "profit")
"""Columns of the suppliers table that measures need, besides the functions performed."""

FUNCTIONS = tuple(
    f"performs_{name}" for name in ("production", "sourcing", "logistics", "design", "marketing", "branding")
)


def coded(engine: Engine, frame: pl.DataFrame, key: str, columns: Sequence[str], name: str) -> ir.Table:
    """Store a side table in the engine: ``code`` of the key, ``year`` (null: every year) and the columns asked for.

    Rows whose key has no transaction are left out; of several rows for one key and year the first in sorted order
    counts.
    Columns that the frame lacks are null.
    """
    codes = engine.collect(engine.table(f"{key}_codes"))
    columns = tuple(columns)
    text = [c for c in columns if c in frame.columns and frame.schema[c] == pl.String]
    wanted = [
        (pl.col(c).cast(pl.String if c in text else pl.Float64, strict=False) if c in frame.columns
         else pl.lit(None, dtype=pl.Float64)).alias(c)
        for c in columns
    ]  # fmt: skip
    year = pl.col("year").cast(pl.Int32) if "year" in frame.columns else pl.lit(None, dtype=pl.Int32)
    known = (
        frame.select(pl.col(key).alias("name"), year.alias("year"), *wanted)
        .join(codes, on="name", how="inner")
        .select(pl.col("code").cast(pl.Int32), "year", *columns)
        .sort("code", "year", *columns)
        .unique(["code", "year"], keep="first", maintain_order=True)
    )
    engine.register(name, known.to_arrow())
    return engine.table(name)


def beside(table: ir.Table, side: ir.Table, key: str) -> ir.Table:
    """Add a coded side table to a table with ``key`` and ``year``: that year's row, else the row for every year."""
    names = [name for name in side.columns if name not in ("code", "year")]
    dated = side.filter(side.year.notnull())
    always = side.filter(side.year.isnull())
    dated = dated.select(dated.code.name(key), "year", *[dated[name].name(f"{name}_dated") for name in names])
    always = always.select(always.code.name(key), *[always[name].name(f"{name}_always") for name in names])
    table = attach(attach(table, dated, [key, "year"]), always, [key])
    chosen = {name: ibis.coalesce(table[f"{name}_dated"], table[f"{name}_always"]) for name in names}
    table = table.mutate(**chosen)
    return table.drop(*[f"{name}_{part}" for name in names for part in ("dated", "always")])
