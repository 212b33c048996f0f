"""Checks of the side tables: keys against the transactions, and values in their range."""

from __future__ import annotations

from collections.abc import Iterable

from sinos.engine import quoted
from sinos.records import parsing
from sinos.records.checks_base import TYPED, CheckScene, Found, blank, check
from sinos.theory.load import ContractColumn, contract

SIDES = ("suppliers", "buyers", "relations", "clusters", "products", "coverage")

KEYS = {"suppliers": ("supplier",), "buyers": ("buyer",), "relations": ("supplier", "buyer"), "products": ("product",)}
"""Side table -> its columns that must occur in the transactions."""

COMPLETE = ("suppliers", "buyers", "products")
"""Side tables in which everything that trades should have a row."""

SIGNED = ("profit", "value_added", "sigma")
"""Amounts that may be negative."""

FLAGS = "('0', '1', '0.0', '1.0', 'true', 'false', 't', 'f', 'yes', 'no', 'y', 'n')"


def _columns(scene: CheckScene, *kinds: str) -> Iterable[tuple[str, ContractColumn]]:
    """Yield the side tables' given columns of some types, with the table."""
    for table in SIDES:
        present = scene.side(table)
        for column in contract(table) if present else ():
            if column.type in kinds and column.column in present:
                yield table, column


def _text(name: str) -> str:
    return f"CAST({quoted(name)} AS VARCHAR)"


def _number(name: str) -> str:
    bare = f"rtrim(rtrim({_text(name)}), '%')"
    return (
        f"TRY_CAST(replace({bare}, ',', '.') AS DOUBLE) / (CASE WHEN contains({_text(name)}, '%') THEN 100 ELSE 1 END)"
    )


def _found(scene: CheckScene, table: str, column: str, condition: str, message: str) -> list[Found]:
    """Return a finding on a raw side table."""
    relation = f"raw_{table}"
    rows = scene.count(condition, relation)
    if not rows:
        return []
    examples = scene.values(_text(column), condition, relation)
    return [
        Found(
            column,
            rows,
            scene.count("true", relation),
            message,
            examples,
            scene.row_numbers(condition, relation),
            table,
        )
    ]


@check("share-out-of-range")
def share_out_of_range(scene: CheckScene) -> Iterable[Found]:
    """Find shares below 0 or above 1."""
    for table, column in _columns(scene, "share"):
        name = column.column
        yield from _found(scene, table, name, f"{_number(name)} NOT BETWEEN 0 AND 1", f"{name} is not within 0 to 1")


@check("flag-not-0-1")
def flag_not_0_1(scene: CheckScene) -> Iterable[Found]:
    """Find flags other than 0 and 1 (or yes and no)."""
    for table, column in _columns(scene, "flag"):
        name = column.column
        other = f"NOT ({blank(_text(name))}) AND lower(trim({_text(name)})) NOT IN {FLAGS}"
        yield from _found(scene, table, name, other, f"{name} is neither 0 nor 1")


@check("negative-side-value")
def negative_side_value(scene: CheckScene) -> Iterable[Found]:
    """Find negative amounts of what cannot be negative."""
    for table, column in _columns(scene, "number"):
        name = column.column
        if name not in SIGNED:
            yield from _found(scene, table, name, f"{_number(name)} < 0", f"{name} is negative")


@check("side-text-in-numbers")
def side_text_in_numbers(scene: CheckScene) -> Iterable[Found]:
    """Find cells of number, share and whole-number columns that are no numbers."""
    for table, column in _columns(scene, "number", "share", "integer"):
        name = column.column
        style = parsing.number_style(scene.engine, f"raw_{table}", name, None)
        read = parsing.number(f"rtrim(rtrim({_text(name)}), '%')", "VARCHAR", style)
        text = f"NOT ({blank(_text(name))}) AND {read} IS NULL"
        yield from _found(scene, table, name, text, f"{name} holds text that is not a number")


@check("side-key-unknown")
def side_key_unknown(scene: CheckScene) -> Iterable[Found]:
    """Find rows of side tables whose key never occurs in the transactions."""
    for table, keys in KEYS.items():
        present = scene.side(table)
        if not set(keys) <= present:
            continue
        listed = ", ".join(f"trim({quoted(key)})" for key in keys)
        filled = " AND ".join(f"NOT ({blank(quoted(key))})" for key in keys)
        traded = f"SELECT {', '.join(keys)} FROM {TYPED} WHERE " + " AND ".join(f"{key} IS NOT NULL" for key in keys)
        unknown = f"{filled} AND ({listed}) NOT IN ({traded})"
        for item in _found(scene, table, keys[0], unknown, f"{' and '.join(keys)} not among the transactions"):
            shown = scene.values(" || ' - ' || ".join(map(quoted, keys)), unknown, f"raw_{table}")
            yield Found(", ".join(keys), item.rows, item.total, item.message, shown, item.row_examples, table)


@check("side-key-missing")
def side_key_missing(scene: CheckScene) -> Iterable[Found]:
    """Find suppliers, buyers and products that trade but have no row in a side table that was given."""
    for table in COMPLETE:
        key = KEYS[table][0]
        if key not in scene.side(table):
            continue
        listed = f"SELECT trim({quoted(key)}) FROM raw_{table} WHERE {quoted(key)} IS NOT NULL"
        without = f"{key} IS NOT NULL AND {key} NOT IN ({listed})"
        for item in scene.found(key, without, f"{key} has no row in {table}"):
            yield Found(key, item.rows, item.total, item.message, item.examples, item.row_examples, table)
