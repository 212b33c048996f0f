"""Reading tables of databases: DuckDB and SQLite files and PostgreSQL servers, always read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import MissingExtraError, RecordsError, nearest
from sinos.records.cells import append_texts
from sinos.records.store import FileNote, Native, append, check_names, finish, literal
from sinos.study.model import Source
from sinos.study.public import without_password

ROWS = 100_000
"""Rows of a database fetched at a time."""


def load_duckdb(
    engine: DuckDBEngine, table: str, path: Path, source: Source, where: str, most: int | None = None
) -> Native:
    """Read a table or query of a DuckDB file, at most the given number of rows.

    Raises
    ------
    RecordsError
        If the file is not DuckDB, or the table or a column of the query does not exist.
    """
    import duckdb

    connection = engine.connection
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS source_db (READ_ONLY)")
    except duckdb.Error as error:
        raise RecordsError(
            f"the file cannot be opened as a DuckDB database ({_short(error)})", where=where,
            fix="check the file, and that no other program is writing to it",
        ) from error  # fmt: skip
    try:
        query = source.query or f"SELECT * FROM source_db.{quoted(_duckdb_table(engine, source, where))}"
        here = connection.execute("SELECT current_database()").fetchall()[0][0]
        connection.execute("USE source_db")
        try:
            names = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM ({query})").fetchall()]
            connection.execute(f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM ({query}){_end(most)}")
        finally:
            connection.execute(f"USE {quoted(here)}")
        rows = append(engine, table, "SELECT * FROM temp.incoming", check_names(names, where), path.name)
        connection.execute("DROP TABLE temp.incoming")
    except duckdb.Error as error:
        raise _query_error(error, where) from error
    finally:
        connection.execute("DETACH source_db")
    return Native(table, finish(engine, table), (FileNote(path.name, "duckdb", source.table or "", rows),))


def _end(most: int | None) -> str:
    return "" if most is None else f" LIMIT {most}"


def _duckdb_table(engine: DuckDBEngine, source: Source, where: str) -> str:
    rows = engine.connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'source_db' UNION ALL "
        "SELECT view_name FROM duckdb_views() WHERE database_name = 'source_db' AND NOT internal"
    ).fetchall()
    return _pick([str(row[0]) for row in rows], source.table, where)


def load_sqlite(
    engine: DuckDBEngine, table: str, path: Path, source: Source, where: str, most: int | None = None
) -> Native:
    """Read a table or query of a SQLite file, at most the given number of rows.

    Python's own driver is used: any cell may hold any type there.

    Raises
    ------
    RecordsError
        If the file is not SQLite, or the table or a column of the query does not exist.
    """
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise RecordsError(f"the file cannot be opened ({error})", where=where, fix="check the file") from error
    connection.text_factory = _sqlite_text
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        query = source.query or f"SELECT * FROM {quoted(_pick([str(row[0]) for row in found], source.table, where))}"
        cursor = connection.execute(f"SELECT * FROM ({query}){_end(most)}")
        names = check_names([str(column[0]) for column in cursor.description], where)
        rows = _append_blocks(engine, table, names, iter(lambda: cursor.fetchmany(ROWS), []), path.name)
    except sqlite3.Error as error:
        raise _query_error(error, where) from error
    finally:
        connection.close()
    return Native(table, finish(engine, table), (FileNote(path.name, "sqlite", source.table or "", rows),))


def _sqlite_text(cell: bytes) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.decode("latin-1")


def _append_blocks(
    engine: DuckDBEngine, table: str, names: tuple[str, ...], blocks: Iterator[list[Any]], label: str
) -> int:
    rows = append_texts(engine, table, names, next(blocks, []), label)
    for block in blocks:
        rows += append_texts(engine, table, names, block, label, rows)
    return rows


def load_postgresql(engine: DuckDBEngine, table: str, source: Source, where: str) -> Native:
    """Read a table or query of a PostgreSQL server through ADBC, as a stream of arrow batches.

    Raises
    ------
    MissingExtraError
        If the extra ``databases`` is not installed.
    RecordsError
        If the server cannot be reached, or the table or a column of the query does not exist.
    """
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise MissingExtraError("adbc-driver-postgresql", "databases", purpose="reading PostgreSQL") from error
    url = source.url or ""
    if source.query is None and source.table is None:
        raise RecordsError("no table or query is named", where=where, fix="write 'table:' or 'query:'")
    query = source.query or "SELECT * FROM " + ".".join(quoted(part) for part in str(source.table).split("."))
    label = without_password(url)
    try:
        with dbapi.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            reader = cursor.fetch_record_batch()
            names = check_names(reader.schema.names, where)
            rows = _append_stream(engine, table, reader, names, label)
    except Error as error:
        raise RecordsError(
            f"the database could not be read ({_short(error)})", where=f"{where}: {label}",
            fix="check the server, the user's rights, and the name of the table",
        ) from error  # fmt: skip
    return Native(table, finish(engine, table), (FileNote(label, "postgresql", source.table or "query", rows),))


def _append_stream(engine: DuckDBEngine, table: str, reader: Any, names: tuple[str, ...], label: str) -> int:
    shown = ", ".join(f"{quoted(old)} AS {quoted(new)}" for old, new in zip(reader.schema.names, names, strict=True))
    engine.connection.register("_piece", reader)
    try:
        return append(engine, table, f"SELECT {shown} FROM _piece", names, label)
    finally:
        engine.connection.unregister("_piece")


def _pick(names: list[str], wanted: str | None, where: str) -> str:
    if wanted is not None:
        if wanted not in names:
            raise RecordsError(f"there is no table '{wanted}'", where=where, fix=nearest(wanted, names))
        return wanted
    if len(names) != 1:
        listed = ", ".join(sorted(names)) or "none"
        raise RecordsError(
            f"the database has {len(names)} tables ({listed})", where=where, fix="name one with 'table:' or a 'query:'"
        )
    return names[0]


def _query_error(error: Exception, where: str) -> RecordsError:
    return RecordsError(f"the query failed ({_short(error)})", where=where, fix="correct 'table' or 'query'")


def _short(error: Exception) -> str:
    return without_password((str(error) or type(error).__name__).splitlines()[0][:200])
