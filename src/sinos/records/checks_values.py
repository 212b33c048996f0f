"""Checks of cells and rows: keys, values, quantities, duplicates."""

from __future__ import annotations

from collections.abc import Iterable

from sinos.engine import quoted
from sinos.records.checks_base import RAW, TYPED, CheckScene, Found, blank, check
from sinos.records.store import scalars

NOT_FINITE = "('nan', '+nan', '-nan', 'inf', '+inf', '-inf', 'infinity', '+infinity', '-infinity', '1.#inf', '#num!')"
"""Texts, in lower case, that spreadsheets and programs write for numbers that are not finite."""

NUMBERS = ("value", "quantity")

GARBLED = r"\x{FFFD}|[\x{00}-\x{08}\x{0E}-\x{1F}]|Ã[\x{80}-\x{BF}\x{20AC}\x{2030}\x{192}\x{160}]|â€"
INVISIBLE = r"[\x{AD}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}\x{FEFF}]"
"""Signs without a shape, which tell apart what looks the same (not the joiners, which some scripts need)."""
"""Signs of a wrong text encoding: the replacement character, control characters, UTF-8 read as Latin-1."""

DROPPED = 0.05
"""Share of unused rows from which it is worth a warning."""


@check("missing-key")
def missing_key(scene: CheckScene) -> Iterable[Found]:
    """Find rows without supplier, buyer, product or any date."""
    for column in ("supplier", "buyer", "product"):
        yield from scene.found(column, f"{column} IS NULL", f"{column} is missing")
    times = [column for column in ("date", "year") if column in scene.raw]
    nothing = " AND ".join(blank(quoted(column)) for column in times)
    if times:
        yield from scene.found(", ".join(times), nothing, "neither date nor year", example="NULL", relation=RAW)


@check("missing-value")
def missing_value(scene: CheckScene) -> Iterable[Found]:
    """Find rows whose value cell is empty."""
    if "value" in scene.raw:
        yield from scene.found("value", blank("value"), "value is missing", example="NULL", relation=RAW)


@check("text-in-numbers")
def text_in_numbers(scene: CheckScene) -> Iterable[Found]:
    """Find cells of number columns that hold something else."""
    for column in NUMBERS:
        if column in scene.raw and _unread(scene, column):
            raw = f"raw_{column}"
            text = f"{column} IS NULL AND NOT ({blank(raw)}) AND lower(trim({raw})) NOT IN {NOT_FINITE}"
            message = f"{column} holds text that is not a number, or that can be read in two ways"
            yield from scene.found(column, text, message, example=raw, relation=scene.both(column))


def _unread(scene: CheckScene, column: str) -> bool:
    """Tell whether fewer cells were read than filled: two cheap counts that spare a join in clean data."""
    filled = scene.count(f"NOT ({blank(quoted(column))})", RAW)
    return filled > scene.count(f"{quoted(column)} IS NOT NULL")


@check("infinite-number")
def infinite_number(scene: CheckScene) -> Iterable[Found]:
    """Find NaN and infinite numbers."""
    for column in NUMBERS:
        if column in scene.raw:
            there = f"coalesce(lower(trim({column})) IN {NOT_FINITE}, false)"
            yield from scene.found(column, there, f"{column} is NaN or infinite", relation=RAW)


@check("negative-value")
def negative_value(scene: CheckScene) -> Iterable[Found]:
    """Find rows with a value below zero."""
    return scene.found("value", "value < 0", "value is negative")


@check("zero-value")
def zero_value(scene: CheckScene) -> Iterable[Found]:
    """Find rows with value zero."""
    return scene.found("value", "value = 0", "value is zero")


@check("missing-quantity")
def missing_quantity(scene: CheckScene) -> Iterable[Found]:
    """Find empty quantity cells, where the records have a quantity at all."""
    if "quantity" in scene.raw:
        yield from scene.found("quantity", blank("quantity"), "quantity is missing", example="NULL", relation=RAW)


@check("non-positive-quantity")
def non_positive_quantity(scene: CheckScene) -> Iterable[Found]:
    """Find quantities of zero or less."""
    return scene.found("quantity", "quantity <= 0", "quantity is zero or negative")


@check("broken-characters")
def broken_characters(scene: CheckScene) -> Iterable[Found]:
    """Find names with traces of a wrong text encoding, or with signs that cannot be seen."""
    for column in ("supplier", "buyer", "product"):
        broken = f"regexp_matches({column}, '{GARBLED}')"
        yield from scene.found(column, broken, f"{column} holds characters garbled by a wrong encoding")
        hidden = f"regexp_matches({column}, '{INVISIBLE}')"
        message = f"{column} holds signs that cannot be seen: names that look the same differ"
        yield from scene.found(column, hidden, message)


@check("duplicate-rows")
def duplicate_rows(scene: CheckScene) -> Iterable[Found]:
    """Count the rows that repeat an earlier one in every column of the file."""
    columns = sorted(column for column in scene.raw if not column.startswith("_"))
    return _repeats(scene, columns, RAW, "the row repeats another in every column", "all columns")


@check("duplicate-key")
def duplicate_key(scene: CheckScene) -> Iterable[Found]:
    """Count rows that share everything that identifies a delivery with another row, but not its amounts."""
    key = ["supplier", "buyer", "product", "date", "year", "month", "destination", "origin", "incoterm", "transport"]
    shown = "supplier, buyer, product, date, place and terms are those of another row"
    whole = sorted(column for column in scene.raw if not column.startswith("_"))
    copies = sum(item.rows for item in _repeats(scene, whole, RAW, "", ""))
    for item in _repeats(scene, key, TYPED, shown, "supplier, buyer, product, date"):
        if item.rows > copies:
            yield Found(item.column, item.rows - copies, item.total, item.message, (), item.row_examples)


def _repeats(scene: CheckScene, columns: list[str], relation: str, message: str, label: str) -> list[Found]:
    """Return the rows beyond the first of each group that agrees on some columns.

    Groups are first sought by a 64-bit hash of the row, so that only candidates are compared in full.
    """
    cells = ", ".join(quoted(column) for column in columns)
    several = f"SELECT hash({cells}) AS h FROM {relation} GROUP BY h HAVING count(*) > 1"
    candidates = f"(SELECT * FROM {relation} WHERE hash({cells}) IN ({several}))"
    name = scene.helper(
        f"_check_repeats_{relation}",
        f"SELECT count(*) - 1 AS extra, min(_row) AS _row, min(_file) AS _file FROM {candidates}"
        f" GROUP BY {cells} HAVING count(*) > 1",
    )
    rows = scalars(scene.engine, f"SELECT CAST(sum(extra) AS BIGINT) FROM {name}")[0]
    return [Found(label, rows, scene.total, message, (), scene.row_numbers("true", name))] if rows else []


@check("dropped-rows")
def dropped_rows(scene: CheckScene) -> Iterable[Found]:
    """Tell when a large share of the rows cannot be used."""
    usable = "supplier IS NOT NULL AND buyer IS NOT NULL AND product IS NOT NULL AND year IS NOT NULL AND value >= 0"
    unusable = f"NOT coalesce({usable}, false)"
    lost = scene.count(unusable)
    if scene.total and lost > DROPPED * scene.total:
        message = f"{lost / scene.total:.1%} of the rows cannot be used"
        yield Found("", lost, scene.total, message, (), scene.row_numbers(unusable))
