"""Cells as text, and appending rows of Python values to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl

from sinos.engine import DuckDBEngine
from sinos.records.store import append


def cell_text(value: Any) -> str | None:
    """Return a cell as text: missing values as None, whole floats without a point, dates in ISO format.

    Examples
    --------
    >>> cell_text(2006.0), cell_text(0.5), cell_text(""), cell_text(date(2006, 1, 2))
    ('2006', '0.5', None, '2006-01-02')
    """
    if value is None or type(value).__name__ == "NAType" or value == "" or value != value:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value)


def append_texts(
    engine: DuckDBEngine,
    table: str,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    label: str,
    continued: int = 0,
) -> int:
    """Append rows of Python values, as text, to ``stored_<table>`` and return how many there were.

    ``continued`` is the number of rows of the same file that were appended before.
    """
    cells = [[cell_text(value) for value in row] for row in rows]
    frame = pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String), orient="row")
    engine.connection.register("_piece", frame.to_arrow())
    try:
        return append(engine, table, "SELECT * FROM _piece", names, label, continued)
    finally:
        engine.connection.unregister("_piece")
