"""Reading Parquet files and data frames: views of the engine, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.frames import kind_of, to_polars
from sinos.records.cells import cell_text
from sinos.records.readers_files import Piece
from sinos.records.store import FileNote, Native, check_names, lacking, literal

if TYPE_CHECKING:
    import polars as pl


def load_parquet(engine: DuckDBEngine, table: str, pieces: list[Piece], where: str) -> Native:
    """Read Parquet files where they lie: the table is a view, and nothing is copied.

    Raises
    ------
    RecordsError
        If a file is damaged.
    """
    schemas = [_parquet_columns(engine, piece, f"{where}: {piece.label}") for piece in pieces]
    kinds: dict[str, set[str]] = {}
    for schema, _ in schemas:
        for name, kind in schema.items():
            kinds.setdefault(name, set()).add(kind)
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    parts = [_parquet_scan(piece, schema, mixed) for piece, (schema, _) in zip(pieces, schemas, strict=True)]
    engine.execute(f"CREATE OR REPLACE VIEW {quoted('native_' + table)} AS " + " UNION ALL BY NAME ".join(parts))
    notes = [FileNote(piece.label, "parquet", "", rows) for piece, (_, rows) in zip(pieces, schemas, strict=True)]
    seen = [(piece.label, tuple(schema), rows) for piece, (schema, rows) in zip(pieces, schemas, strict=True)]
    return Native(table, tuple(kinds), tuple(notes), lacking(table, seen))


def _parquet_columns(engine: DuckDBEngine, piece: Piece, where: str) -> tuple[dict[str, str], int]:
    import duckdb
    import pyarrow.parquet as pq

    scan = f"read_parquet({literal(str(piece.path))}, hive_partitioning = true)"
    try:
        found = engine.connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        rows = engine.connection.execute(f"SELECT count(*) FROM {scan}").fetchall()
    except duckdb.Error as error:
        raise RecordsError(
            f"the file is not readable Parquet ({str(error).splitlines()[0][:160]})", where=where,
            fix="write it again, or give its 'format'",
        ) from error  # fmt: skip
    # The engine gives repeated names an ending of its own.
    check_names(pq.read_schema(piece.path).names, where)
    return {str(row[0]): str(row[1]) for row in found}, int(rows[0][0])


def _parquet_scan(piece: Piece, schema: dict[str, str], mixed: set[str]) -> str:
    shown = ", ".join(
        f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" if name in mixed else quoted(name) for name in schema
    )
    path = literal(str(piece.path))
    return (
        f"SELECT {shown}, file_row_number + 1 AS _row, {literal(piece.path.name)} AS _file "
        f"FROM read_parquet({path}, file_row_number = true, hive_partitioning = true)"
    )


def load_frame(engine: DuckDBEngine, table: str, value: Any, where: str) -> Native:
    """Take a pandas, polars or arrow frame into the engine without copying its columns.

    Raises
    ------
    RecordsError
        If the value is not an eager frame, repeats column names, or holds Python objects.
    """
    import polars as pl

    kind = kind_of(value)
    check_names(_frame_names(value, kind), where)
    frame = _to_polars(value, kind, where)
    frame = frame.rename(dict(zip(frame.columns, check_names(frame.columns, where), strict=True)))
    zoned = [name for name, type_ in frame.schema.items() if isinstance(type_, pl.Datetime) and type_.time_zone]
    frame = frame.with_columns(pl.col(zoned).dt.replace_time_zone(None)) if zoned else frame
    rows = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("_row")
    engine.connection.register(f"frame_{table}", frame.with_columns(rows).to_arrow())
    engine.execute(
        f"CREATE OR REPLACE VIEW {quoted('native_' + table)} AS "
        f"SELECT *, {literal(where)} AS _file FROM {quoted('frame_' + table)}"
    )
    return Native(table, tuple(frame.columns), (FileNote(where, f"{kind} frame", "", frame.height),))


def _frame_names(value: Any, kind: str) -> list[str]:
    return list(value.column_names) if kind == "pyarrow" else [str(name) for name in value.columns]


def _to_polars(value: Any, kind: str, where: str) -> pl.DataFrame:
    import polars as pl

    if kind == "pandas":
        value = value.rename(columns=str)
        loose = [name for name in value.columns if value[name].dtype == object]
        if loose:
            value = value.assign(**{name: _texts(value[name]) for name in loose})
    frame = to_polars(value)
    objects = [name for name, type_ in frame.schema.items() if type_ == pl.Object]
    if objects:
        raise RecordsError(
            f"column '{objects[0]}' holds Python objects", where=where, fix="turn it into text, numbers or dates"
        )
    return frame


def _texts(column: Any) -> Any:
    """Turn a pandas column of mixed Python values into text, so that 12 and 'twelve' can stand side by side."""
    import pandas as pd

    return pd.Series([cell_text(value) for value in column], index=column.index, dtype="string")
