"""Side tables of the contract as typed frames: parsed, checked for double keys, and sorted by key."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.records import parsing
from sinos.records.store import scalars, types
from sinos.results import Missing
from sinos.study.model import Source
from sinos.theory.load import ContractColumn, contract

KEYS: dict[str, tuple[str, ...]] = {
    "suppliers": ("supplier", "year"),
    "buyers": ("buyer",),
    "relations": ("supplier", "buyer", "year"),
    "clusters": ("cluster", "year"),
    "products": ("product",),
    "coverage": ("side", "reporter", "year"),
}
"""Key of each side table; a missing year means every year."""

POLARS: dict[str, type[pl.DataType]] = {
    "string": pl.String, "integer": pl.Int64, "number": pl.Float64, "share": pl.Float64, "flag": pl.Int64,
    "date": pl.Date,
}  # fmt: skip
"""Contract type: polars type."""

DUCKDB = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "share": "DOUBLE", "flag": "BIGINT",
          "date": "DATE"}  # fmt: skip

REASONS = {
    "integer": "not a whole number in its range",
    "number": "not a number that can be read in one way only",
    "share": "not a share between 0 and 1 (divide percentages by 100)",
    "flag": "neither 0/1, yes/no nor true/false",
    "date": "not a date that can be read in one way only (give date_format)",
}
"""Why a cell of each type could not be read."""

WIDEST = 2**53

CODED_COLUMNS = ("supplier", "buyer", "product", "destination")
"""Columns of the transactions that become codes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The SQL that types a column, how it was read in words, and the SQL of the year of an incomplete date."""

    sql: str
    spoken: str = ""
    year: str | None = None


def empty_table(table: str) -> pl.DataFrame:
    """Return a side table without rows, with the contract's columns and types.

    Examples
    --------
    >>> empty_table("products").columns
    ['product', 'rauch', 'sigma', 'credence', 'sector']
    """
    return pl.DataFrame(schema={column.column: POLARS[column.type] for column in contract(table)})


def expression(
    engine: DuckDBEngine, view: str, column: ContractColumn, kind: str, source: Source, *, plain: bool = False
) -> Reading:
    """Return how one column is typed.

    Parameters
    ----------
    engine, view
        Where the column is.
    column
        Its entry in the contract.
    kind
        Its DuckDB type there.
    source
        Decimal mark and date formats of the source.
    plain
        The column was rewritten by a repair: its numbers have decimal points whatever the source's mark.
    """
    name = quoted(column.column)
    if column.type == "string":
        return Reading(name if is_clean(engine, view, column.column) else f"nullif(trim({name}), '')")
    if column.type == "flag":
        return Reading(parsing.flag(name))
    if column.type == "date":
        formats = (source.date_format,) if isinstance(source.date_format, str) else source.date_format or ()
        style = parsing.DateStyle()
        if kind == "VARCHAR":
            style = parsing.date_style(engine, view, column.column, formats, f"tables: {column.table}")
        return Reading(parsing.date(name, kind, style), style.text(), parsing.year_in_text(name, kind, style))
    numbers = parsing.NumberStyle()
    if kind == "VARCHAR" and not plain:
        declared = source.decimal if "decimal" in source.model_fields_set else None
        numbers = parsing.number_style(engine, view, column.column, declared)
    spoken = numbers.text() if kind == "VARCHAR" else ""
    if column.type == "share":
        return Reading(parsing.share(name, kind, numbers), spoken)
    if column.type == "number":
        return Reading(parsing.number(name, kind, numbers), spoken)
    low, high = bounds(column.column)
    return Reading(parsing.whole(name, kind, numbers, low, high), spoken)


def is_clean(engine: DuckDBEngine, view: str, column: str) -> bool:
    """Tell whether no text of a column is empty or has outer spaces, so that trimming every row can be saved.

    The distinct texts of the columns that are coded later are kept as ``texts_<column>``.
    """
    name = quoted(column)
    distinct = f"SELECT DISTINCT {name} AS original FROM {quoted(view)}"
    if view.endswith("_transactions") and column in CODED_COLUMNS:
        engine.execute(f"CREATE OR REPLACE TABLE texts_{column} AS {distinct}")
        distinct = f"SELECT original FROM texts_{column}"
    unclean = f"SELECT count(*) FROM ({distinct}) WHERE original <> trim(original) OR original = ''"
    return scalars(engine, unclean)[0] == 0


def bounds(column: str) -> tuple[int, int]:
    """Return the range of a whole number: years 1500 to 2200, months 1 to 12."""
    if column == "year":
        return parsing.FIRST_YEAR, parsing.LAST_YEAR
    return (1, 12) if column == "month" else (-WIDEST, WIDEST)


def side_table(
    engine: DuckDBEngine, table: str, view: str, source: Source, *, merge: bool = False
) -> tuple[pl.DataFrame, list[Missing]]:
    """Return a side table in the contract's types, sorted by key, with what could not be read.

    Rows without their identifying column are left out and counted; exact copies count once. With ``merge`` (names were
    resolved or grouped by a repair) the fullest of several rows of one key stands for it, and the others are counted.

    Raises
    ------
    RecordsError
        If two different rows have the same key.
    """
    kinds = types(engine, view)
    shown: list[str] = []
    lost: list[tuple[ContractColumn, str]] = []
    for column in contract(table):
        if column.column not in kinds:
            shown.append(f"NULL::{DUCKDB[column.type]} AS {quoted(column.column)}")
            continue
        typed = expression(engine, view, column, kinds[column.column], source).sql
        shown.append(f"CAST({typed} AS {DUCKDB[column.type]}) AS {quoted(column.column)}")
        if column.type != "string":
            given = f"nullif(trim(CAST({quoted(column.column)} AS VARCHAR)), '')"
            lost.append((column, f"count_if({given} IS NOT NULL AND {typed} IS NULL)"))
    frame = pl.from_arrow(engine.relation(f"SELECT {', '.join(shown)} FROM {quoted(view)}").to_arrow_table())
    typed_frame = frame if isinstance(frame, pl.DataFrame) else frame.to_frame()
    missing = _lost(engine, view, table, lost)
    return _keyed(typed_frame.cast(dict(empty_table(table).schema)), table, missing, merge=merge)  # type: ignore[arg-type]


def _lost(engine: DuckDBEngine, view: str, table: str, lost: list[tuple[ContractColumn, str]]) -> list[Missing]:
    if not lost:
        return []
    rows = engine.connection.execute(f"SELECT {', '.join(test for _, test in lost)} FROM {quoted(view)}").fetchall()
    return [
        Missing(table, column.column, int(number), REASONS[column.type])
        for (column, _), number in zip(lost, rows[0], strict=True)
        if number
    ]


def _keyed(
    frame: pl.DataFrame, table: str, missing: list[Missing], *, merge: bool
) -> tuple[pl.DataFrame, list[Missing]]:
    key = list(KEYS[table])
    for column in contract(table):
        if column.required == "yes":
            blank = frame[column.column].null_count()
            if blank:
                missing.append(Missing(table, column.column, blank, "no value: the row is not used"))
                frame = frame.drop_nulls(column.column)
    frame = frame.unique().sort(key, nulls_last=False)
    if merge:
        full = pl.sum_horizontal(pl.all().is_not_null()).alias("_full")
        order = [*key, "_full", *(name for name in frame.columns if name not in key)]
        ranked = frame.with_columns(full).sort(order, descending=[name == "_full" for name in order], nulls_last=True)
        kept = ranked.unique(key, keep="first", maintain_order=True).drop("_full").sort(key, nulls_last=False)
        if kept.height < frame.height:
            reason = "rows of names that were brought together: the fullest one is kept"
            missing.append(Missing(table, key[0], frame.height - kept.height, reason))
        return kept, missing
    double = frame.filter(pl.struct(key).is_duplicated())
    if double.height:
        first = ", ".join(f"{name} {value}" for name, value in double.row(0, named=True).items() if name in key)
        raise RecordsError(
            f"different rows have the same {' and '.join(key)} (first: {first})", where=f"tables: {table}",
            rows=double.height, fix="keep one row for each",
        )  # fmt: skip
    return frame, missing
