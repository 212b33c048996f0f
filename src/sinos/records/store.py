"""Tables inside the engine: small SQL helpers, and appending the pieces of a table in the order of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.results import Missing

RESERVED = ("_row", "_file", "_offset")
"""Names of the columns that Sinos adds."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """How one file was read: its name, format, what was found out about it (encoding, delimiter ...) and its rows."""

    file: str
    format: str
    detail: str
    rows: int


@dataclass(frozen=True, slots=True)
class Native:
    """A table as its source has it, as the view ``native_<table>`` of the engine (with ``_row`` and ``_file``).

    Attributes
    ----------
    table
        Table of the contract.
    columns
        The source's own columns.
    files
        How each file was read.
    missing
        Columns that some of the files lack.
    """

    table: str
    columns: tuple[str, ...]
    files: tuple[FileNote, ...]
    missing: tuple[Missing, ...] = ()


def types(engine: DuckDBEngine, name: str) -> dict[str, str]:
    """Return the columns of a table or view with their DuckDB types."""
    # DESCRIBE of a view does not see a new name that differs from the old one in capitals only; a query does.
    found = engine.connection.execute(f"SELECT * FROM {quoted(name)} LIMIT 0").description
    return {str(row[0]): str(row[1]) for row in found}


def count(engine: DuckDBEngine, name: str) -> int:
    """Return the number of rows of a table or view."""
    return int(scalars(engine, f"SELECT count(*) FROM {quoted(name)}")[0])


def scalars(engine: DuckDBEngine, query: str) -> tuple[int, ...]:
    """Return the single row of a query as integers, with zero for NULL."""
    rows = engine.connection.execute(query).fetchall()
    return tuple(int(value or 0) for value in rows[0])


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return quoted(text, "'")


def drop(engine: DuckDBEngine, *names: str) -> None:
    """Drop tables or views, whichever they are, if they exist."""
    present = {
        str(name): str(kind)
        for name, kind in engine.connection.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
    }
    for name in names:
        if name in present:
            engine.execute(f"DROP {'VIEW' if present[name] == 'VIEW' else 'TABLE'} {quoted(name)}")


def check_names(names: Iterable[str], where: str) -> tuple[str, ...]:
    """Return a table's column names, given names where they are blank.

    Raises
    ------
    RecordsError
        If names repeat (also when they differ only in capital letters) or are reserved.

    Examples
    --------
    >>> check_names(["supplier", ""], "a.csv")
    ('supplier', 'unnamed_2')
    """
    clean = [name.strip() or f"unnamed_{position}" for position, name in enumerate(names, start=1)]
    seen: dict[str, str] = {}
    for name in clean:
        if name.lower() in seen:
            raise RecordsError(
                f"two columns have the same name: '{seen[name.lower()]}' and '{name}'", where=where,
                fix="give every column of the file its own name",
            )  # fmt: skip
        if name.lower() in RESERVED:
            raise RecordsError(f"the column name '{name}' is reserved", where=where, fix="rename it in the file")
        seen[name.lower()] = name
    return tuple(clean)


def append(engine: DuckDBEngine, table: str, query: str, columns: Sequence[str], label: str, continued: int = 0) -> int:
    """Append the rows of a query, in their order, to ``stored_<table>`` and return how many there were.

    Columns are matched by name; a column that earlier pieces lacked is added. The position of a row in its own piece
    follows from DuckDB's ``rowid``, which needs neither a sort nor a window; ``continued``
    is the number of rows of the same piece that were appended before.
    """
    stored = f"stored_{table}"
    known = {name.lower() for name in _existing(engine, stored)}
    before = count(engine, stored) if known else 0
    body = f"SELECT *, {literal(label)} AS _file, {before - continued}::BIGINT AS _offset FROM ({query})"
    engine.execute("SET preserve_insertion_order = true")
    try:
        if not known:
            engine.execute(f"CREATE TABLE {quoted(stored)} AS {body}")
        else:
            for name in columns:
                if name.lower() not in known:
                    engine.execute(f"ALTER TABLE {quoted(stored)} ADD COLUMN {quoted(name)} VARCHAR")
            engine.execute(f"INSERT INTO {quoted(stored)} BY NAME {body}")
    finally:
        engine.execute("SET preserve_insertion_order = false")
    return count(engine, stored) - before


def finish(engine: DuckDBEngine, table: str) -> tuple[str, ...]:
    """Make the view ``native_<table>`` over what was appended and return the source's columns."""
    stored = f"stored_{table}"
    columns = tuple(name for name in types(engine, stored) if name not in RESERVED)
    shown = ", ".join(quoted(name) for name in columns)
    engine.execute(
        f"CREATE OR REPLACE VIEW {quoted('native_' + table)} AS "
        f"SELECT {shown}, rowid + 1 - _offset AS _row, _file FROM {quoted(stored)}"
    )
    return columns


def lacking(table: str, per_file: Sequence[tuple[str, Sequence[str], int]]) -> tuple[Missing, ...]:
    """Tell which columns some of the files lack: their rows there are empty.

    Parameters
    ----------
    table
        Table of the contract.
    per_file
        Name, columns and number of rows of each file.
    """
    every = dict.fromkeys(name for _, names, _ in per_file for name in names)
    found: list[Missing] = []
    for name in every:
        without = [(label, rows) for label, names, rows in per_file if name not in names]
        if without:
            reason = f"{len(without)} of {len(per_file)} files lack this column (first: {without[0][0]})"
            found.append(Missing(table, name, sum(rows for _, rows in without), reason))
    return tuple(found)


def _existing(engine: DuckDBEngine, name: str) -> dict[str, str]:
    rows = engine.connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [name]).fetchall()
    return types(engine, name) if rows[0][0] else {}
