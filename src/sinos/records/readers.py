"""Readers: bring any source into the engine as it is, with the position of every row in its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sinos.engine import DuckDBEngine
from sinos.errors import RecordsError
from sinos.records.readers_database import load_duckdb, load_postgresql, load_sqlite
from sinos.records.readers_files import Piece, locate, pieces
from sinos.records.readers_sheets import load_excel, load_stata
from sinos.records.readers_tables import load_frame, load_parquet
from sinos.records.readers_text import load_text
from sinos.records.store import Native
from sinos.study.model import Source


def load(
    engine: DuckDBEngine,
    table: str,
    source: Source,
    folder: Path,
    *,
    frame: Any = None,
    max_gb: float = 200.0,
    most: int | None = None,
) -> Native:
    """Bring one table into the engine as the view ``native_<table>``, in its own column names and types.

    Parameters
    ----------
    engine
        Where it goes.
    table
        Its name in the contract.
    source
        Where it comes from.
    folder
        Folder to which file names are relative.
    frame
        A data frame to take instead of a file.
    max_gb
        Largest size to which compressed files may unpack, in GB.
    most
        Rows after which a database or Stata file need not be read further; all where absent.

    Raises
    ------
    RecordsError
        If the source cannot be read or has no rows.
    """
    where = f"tables: {table}"
    if frame is not None:
        native = load_frame(engine, table, frame, table)
    elif source.url is not None:
        native = _load_url(engine, table, source, folder, where)
    else:
        found = pieces(locate(source, folder, where), source, engine.folder / f"unpacked_{table}", max_gb, where)
        native = _load_files(engine, table, found, source, where, most)
    if not sum(note.rows for note in native.files):
        raise RecordsError(
            "there is a header but no rows", where=f"{where}: {native.files[0].file}",
            fix="export it again, or remove the table from the study",
        )  # fmt: skip
    return native


def _load_url(engine: DuckDBEngine, table: str, source: Source, folder: Path, where: str) -> Native:
    url = source.url or ""
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return load_postgresql(engine, table, source, where)
    if scheme not in ("sqlite", "duckdb"):
        raise RecordsError(
            f"'{scheme or url}' is not a database that Sinos reads", where=where,
            fix="use postgresql://, sqlite:///FILE or duckdb:///FILE",
        )  # fmt: skip
    path = folder / (rest[1:] if rest.startswith("/") and not rest.startswith("//") else rest.replace("//", "/", 1))
    if not path.is_file():
        raise RecordsError(f"the database file '{path.name}' does not exist", where=where, fix="correct 'url'")
    return (load_sqlite if scheme == "sqlite" else load_duckdb)(engine, table, path, source, f"{where}: {path.name}")


def _load_files(
    engine: DuckDBEngine, table: str, found: list[Piece], source: Source, where: str, most: int | None
) -> Native:
    format_ = found[0].format
    if format_ in ("csv", "tsv"):
        return load_text(engine, table, found, source, where)
    if format_ == "parquet":
        return load_parquet(engine, table, found, where)
    if format_ == "excel":
        return load_excel(engine, table, found, source, where)
    if format_ == "stata":
        return load_stata(engine, table, found, where, most)
    if format_ == "postgresql":
        raise RecordsError(
            "a PostgreSQL table is read from a server", where=where, fix="give 'url:' instead of 'file:'"
        )
    if len(found) > 1:
        raise RecordsError(f"{len(found)} database files are named", where=where, fix="name one")
    loader = load_duckdb if format_ == "duckdb" else load_sqlite
    return loader(engine, table, found[0].path, source, f"{where}: {found[0].label}", most)
