"""Typing the transactions, and coding them: identifiers become integers once, and unusable rows are counted and left.

Both steps are expressions over the source: ``typed_transactions`` is a view, and only ``transactions`` and the code
tables are stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.records import parsing
from sinos.records.hashing import hash_name
from sinos.records.store import drop, scalars, types
from sinos.records.tables import CODED_COLUMNS, DUCKDB, REASONS, expression
from sinos.results import Missing
from sinos.study.model import Aggregate, Convert, Parse, Repair, Source
from sinos.theory.load import contract

TYPED, USABLE, CODED = "typed_transactions", "usable_transactions", "transactions"

UNUSABLE = (
    ("supplier", "supplier IS NULL", "no supplier: the row is not used"),
    ("buyer", "buyer IS NULL", "no buyer: the row is not used"),
    ("product", "product IS NULL", "no product: the row is not used"),
    ("year", "year IS NULL", "no date or year that can be read: the row is not used"),
    ("value", "value IS NULL", "no value that can be read: the row is not used"),
    ("value", "value < 0", "negative value: the row is not used"),
)
"""Column, condition and reason for which a row is left out; a row counts for the first that holds."""


UNIT = "coalesce(lower(quantity_unit), '')"
"""Unit of a quantity; no unit is a unit of its own."""


@dataclass(frozen=True, slots=True)
class Typed:
    """How the columns of the transactions were read, in words, and what could not be read."""

    spoken: dict[str, str]
    missing: list[Missing]


def rewritten(repairs: Iterable[Repair]) -> set[str]:
    """Return the columns whose numbers repairs have rewritten with a decimal point."""
    columns: set[str] = set()
    for repair in repairs:
        if isinstance(repair, Parse) and repair.to == "number":
            columns.add(repair.parse)
        elif isinstance(repair, Convert):
            columns.add("value" if repair.convert == "currency" else "quantity")
        elif isinstance(repair, Aggregate) and repair.how == "sum":
            columns.update(("value", "quantity"))
    return columns


def type_transactions(engine: DuckDBEngine, view: str, source: Source, plain: set[str]) -> Typed:
    """Make the view ``typed_transactions``: the contract's columns in its types, with ``_row`` and ``_file``.

    Parameters
    ----------
    engine
        Holds the transactions.
    view
        Name of the transactions there, in contract names: text after repairs, else in the types of their source.
    source
        Decimal mark and date formats.
    plain
        Columns whose numbers have decimal points whatever the source's mark.
    """
    kinds = types(engine, view)
    shown: dict[str, str] = {}
    spoken: dict[str, str] = {}
    date_year: str | None = None
    for column in contract("transactions"):
        name = column.column
        if name not in kinds:
            shown[name] = f"NULL::{DUCKDB[column.type]}"
            continue
        inverse = {source.columns.get(name, name), name} & plain
        reading = expression(engine, view, column, kinds[name], source, plain=bool(inverse))
        shown[name], spoken[name] = reading.sql, reading.spoken
        date_year = reading.year if name == "date" else date_year
    years = [f"year({shown['date']})", shown["year"], *([date_year] if date_year else [])]
    year = f"coalesce({', '.join(years)})"
    shown["year"] = f"CAST({parsing.sane_year(year)} AS SMALLINT)"
    shown["month"] = f"CAST(coalesce(month({shown['date']}), {shown['month']}) AS TINYINT)"
    body = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in shown.items())
    drop(engine, TYPED)
    engine.execute(f"CREATE VIEW {TYPED} AS SELECT {body}, _row, _file FROM {quoted(view)}")
    return Typed(spoken, _unread(engine, view, kinds, shown))


def _unread(engine: DuckDBEngine, view: str, kinds: dict[str, str], shown: dict[str, str]) -> list[Missing]:
    """Count the optional cells that hold something that could not be read (unusable rows are counted elsewhere)."""
    tests: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for column in contract("transactions"):
        name = column.column
        if column.type == "string" or name not in kinds or name in ("year", "value"):
            continue
        given = f"{quoted(name)} IS NOT NULL"
        if kinds[name] == "VARCHAR":
            given = f"nullif(trim({quoted(name)}), '') IS NOT NULL"
        tests[name] = f"count_if({given} AND ({shown[name]}) IS NULL)"
        reasons[name] = REASONS[column.type]
    if not tests:
        return []
    counts = scalars(engine, f"SELECT {', '.join(tests.values())} FROM {quoted(view)}")
    return [
        Missing("transactions", name, number, reasons[name])
        for name, number in zip(tests, counts, strict=True)
        if number
    ]


def code_transactions(engine: DuckDBEngine, countries: pl.DataFrame, salt: str | None) -> list[Missing]:
    """Make ``transactions`` and its code tables from ``typed_transactions`` and return what was left out, and why.

    Parameters
    ----------
    engine
        Holds ``typed_transactions``.
    countries
        Columns ``buyer`` (original names) and ``country``: the destination where the record names none.
    salt
        Secret key under which suppliers and buyers are hashed before they are coded; None leaves them.

    Raises
    ------
    RecordsError
        If no row can be used.
    """
    missing, units, idle = _census(engine)
    kept = " AND ".join(f"NOT ({test})" for _, test, _ in UNUSABLE) if missing else "true"
    known = countries.select("buyer", "country").drop_nulls().unique("buyer", keep="first", maintain_order=True)
    engine.register("buyer_countries", known.to_arrow())
    join = "LEFT JOIN buyer_countries AS c USING (buyer)" if known.height else ""
    place = "coalesce(t.destination, c.country)" if known.height else "t.destination"
    drop(engine, USABLE)
    engine.execute(
        f"CREATE VIEW {USABLE} AS SELECT t.* REPLACE ({place} AS destination) FROM {TYPED} AS t {join} WHERE {kept}"
    )
    for column in CODED_COLUMNS:
        every = not missing and not (column == "destination" and known.height)
        secret = salt if column in ("supplier", "buyer", "destination") else None
        _code(engine, column, secret, every=every, only=_firms(engine) if secret and column == "destination" else None)
    if idle:
        missing.append(Missing("transactions", "quantity", idle, "quantity is zero or negative"))
    missing += _mixed_units(engine, several=units)
    engine.execute(f"CREATE OR REPLACE TABLE {CODED} AS {_coded()}")
    drop(engine, USABLE, "buyer_countries", "mixed_unit_products")
    drop(engine, *(name for column in CODED_COLUMNS for name in (f"{column}_lookup", f"texts_{column}")))
    return missing


def _census(engine: DuckDBEngine) -> tuple[list[Missing], bool, int]:
    """Count the rows left out by reason; tell whether units differ, and how many quantities are not positive."""
    cases = " ".join(f"WHEN {test} THEN {place}" for place, (_, test, _) in enumerate(UNUSABLE))
    rows = engine.connection.execute(
        f"SELECT CASE {cases} ELSE -1 END AS reason, count(*), count_if(quantity <= 0), "
        f"min({UNIT}) FILTER (quantity IS NOT NULL) <> max({UNIT}) FILTER (quantity IS NOT NULL) "
        f"FROM {TYPED} GROUP BY reason ORDER BY reason"
    ).fetchall()
    counts = {int(row[0]): int(row[1]) for row in rows}
    missing = [
        Missing("transactions", column, counts[place], reason)
        for place, (column, _, reason) in enumerate(UNUSABLE)
        if place in counts
    ]
    if -1 not in counts:
        why = "; ".join(f"{item.column}: {item.count:,} rows with {item.reason}" for item in missing) or "no rows left"
        raise RecordsError(
            f"no transaction can be used ({why})", where="tables: transactions", rows=sum(counts.values()),
            fix="check the mapping of these columns, 'date_format', 'decimal' and the repairs",
        )  # fmt: skip
    usable = next(row for row in rows if row[0] == -1)
    return missing, bool(usable[3]), int(usable[2] or 0)


def _firms(engine: DuckDBEngine) -> set[str]:
    """Return the original names of suppliers and buyers, which are coded before other columns."""
    both = " UNION ".join(f"SELECT original FROM {column}_lookup" for column in ("supplier", "buyer"))
    return {str(row[0]) for row in engine.connection.execute(both).fetchall()}


def _code(engine: DuckDBEngine, column: str, salt: str | None, *, every: bool, only: set[str] | None = None) -> None:
    """Give the names in a column codes from 0 in their sorted order (of the hashes, in hashed mode).

    With ``every`` (no row was left out) the distinct texts found when the column was typed are used again. With
    ``only``, no other names are hashed: where the buyer is a country, destinations would give it away.
    """
    names = f"SELECT DISTINCT {column} AS original FROM {USABLE} WHERE {column} IS NOT NULL"
    if every and f"texts_{column}" in _tables(engine):
        names = f"SELECT DISTINCT trim(original) AS original FROM texts_{column} WHERE trim(original) <> ''"
    if salt is None:
        engine.execute(f"CREATE OR REPLACE TABLE {column}_names AS SELECT original, original AS name FROM ({names})")
    else:
        originals = [str(row[0]) for row in engine.connection.execute(names).fetchall()]
        hashed = {"original": originals, "name": [_hashed(name, salt, only) for name in originals]}
        schema = {"original": pl.String, "name": pl.String}
        engine.register(f"{column}_names", pl.DataFrame(hashed, schema=schema).to_arrow())
    engine.execute(
        f"CREATE OR REPLACE TABLE {column}_lookup AS SELECT original, name, "
        f"CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS code FROM {column}_names"
    )
    engine.execute(f"CREATE OR REPLACE TABLE {column}_codes AS SELECT code, name FROM {column}_lookup ORDER BY code")
    drop(engine, f"{column}_names")


def _hashed(name: str, salt: str, only: set[str] | None) -> str:
    return hash_name(name, salt) if only is None or name in only else name


def _tables(engine: DuckDBEngine) -> set[str]:
    return {str(row[0]) for row in engine.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def _mixed_units(engine: DuckDBEngine, *, several: bool) -> list[Missing]:
    """Find the products whose quantities are in more than one unit: sums over them have no meaning."""
    engine.execute(
        f"CREATE OR REPLACE TABLE mixed_unit_products AS SELECT product AS original, count(*) AS rows FROM {USABLE} "
        f"WHERE quantity IS NOT NULL AND {several} GROUP BY product HAVING min({UNIT}) <> max({UNIT})"
    )
    products, rows = scalars(engine, "SELECT count(*), sum(rows)::BIGINT FROM mixed_unit_products")
    if not products:
        return []
    reason = f"{products:,} products have quantities in more than one unit (convert units)"
    return [Missing("transactions", "quantity", rows, reason)]


def _coded() -> str:
    quantity = "CASE WHEN u.quantity > 0 AND m.original IS NULL THEN u.quantity END"
    owner = "CASE WHEN u.brand_owner = u.supplier THEN supplier_lookup.code WHEN u.brand_owner IS NOT NULL THEN -1 END"
    joins = " ".join(
        f"{'LEFT ' if column == 'destination' else ''}JOIN {column}_lookup ON u.{column} = {column}_lookup.original"
        for column in CODED_COLUMNS
    )
    codes = ", ".join(f"{column}_lookup.code AS {column}" for column in CODED_COLUMNS)
    return (
        f"SELECT {codes}, u.year, u.month, "
        "CAST(u.date <= u.due_date AS TINYINT) AS on_time, "
        f"u.value, {quantity} AS quantity, upper(u.incoterm) AS incoterm, CAST({owner} AS INTEGER) AS brand_owner "
        f"FROM {USABLE} AS u {joins} LEFT JOIN mixed_unit_products AS m ON u.product = m.original"
    )
