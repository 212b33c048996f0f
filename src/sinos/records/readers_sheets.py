"""Reading spreadsheets and Stata files."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

from sinos.engine import DuckDBEngine
from sinos.errors import MissingExtraError, RecordsError, nearest
from sinos.records.cells import append_texts, cell_text
from sinos.records.readers_files import Piece
from sinos.records.store import FileNote, Native, check_names, finish, lacking
from sinos.study.model import Source

STATA_ROWS = 200_000
"""Rows of a Stata file held in memory at a time."""


def load_excel(engine: DuckDBEngine, table: str, pieces: list[Piece], source: Source, where: str) -> Native:
    """Read one sheet of each Excel (or OpenDocument) file; whole numbers lose the '.0' that Excel's storage adds.

    Raises
    ------
    MissingExtraError
        If the extra ``excel`` is not installed.
    RecordsError
        If a file is damaged or protected, or the sheet is missing or empty.
    """
    notes, seen = [], []
    for piece in pieces:
        at = f"{where}: {piece.label}"
        sheet, cells = _sheet(piece, source, at)
        cells = cells[source.skip_rows :]
        while cells and not any(cell_text(cell) for cell in cells[0]):
            cells = cells[1:]
        if not cells:
            raise RecordsError(f"the sheet '{sheet}' is empty", where=at, fix="name another with 'sheet:'")
        names = check_names([cell_text(cell) or "" for cell in cells[0]], at)
        rows = [row for row in cells[1:] if any(cell_text(cell) is not None for cell in row)]
        height = append_texts(engine, table, names, rows, piece.label)
        seen.append((piece.label, names, height))
        notes.append(FileNote(piece.label, "excel", f"sheet {sheet}", height))
    return Native(table, finish(engine, table), tuple(notes), lacking(table, seen))


def _sheet(piece: Piece, source: Source, where: str) -> tuple[str, list[list[Any]]]:
    try:
        import python_calamine as calamine
    except ImportError as error:
        raise MissingExtraError("python-calamine", "excel", purpose="reading Excel files") from error
    try:
        book = calamine.CalamineWorkbook.from_path(str(piece.path))
        name = _sheet_name(book.sheet_names, source.sheet, where)
        return name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError) as error:
        raise RecordsError(
            f"the file cannot be read as a spreadsheet ({error})", where=where,
            fix="remove its password, save it again as .xlsx, or export the sheet to CSV",
        ) from error  # fmt: skip


def _sheet_name(names: list[str], wanted: str | int | None, where: str) -> str:
    if isinstance(wanted, int):
        if not 0 <= wanted < len(names):
            raise RecordsError(
                f"there is no sheet number {wanted}", where=where, fix=f"use 0 to {len(names) - 1}, or its name"
            )
        return names[wanted]
    if wanted is not None and wanted not in names:
        raise RecordsError(f"there is no sheet '{wanted}'", where=where, fix=nearest(wanted, names))
    if not names:
        raise RecordsError("the file has no sheets", where=where, fix="save it again as .xlsx")
    return wanted or names[0]


def load_stata(engine: DuckDBEngine, table: str, pieces: list[Piece], where: str, most: int | None = None) -> Native:
    """Read Stata files chunk by chunk: value labels become text and Stata dates become dates.

    Raises
    ------
    MissingExtraError
        If pandas is not installed.
    RecordsError
        If a file is not readable Stata.
    """
    notes, seen = [], []
    for piece in pieces:
        at = f"{where}: {piece.label}"
        names: tuple[str, ...] = ()
        height = 0
        with closing(_stata_chunks(piece, at)) as chunks:
            for chunk in chunks:
                names = check_names([str(name) for name in chunk.columns], at)
                cells = zip(*(chunk[name].tolist() for name in chunk.columns), strict=True)
                height += append_texts(engine, table, names, cells, piece.label, height)
                if most is not None and height >= most:
                    break
        if not names:
            raise RecordsError("the file has no rows", where=at, fix="export it again, or remove it")
        seen.append((piece.label, names, height))
        notes.append(FileNote(piece.label, "stata", "", height))
    return Native(table, finish(engine, table), tuple(notes), lacking(table, seen))


def _stata_chunks(piece: Piece, where: str) -> Generator[Any, None, None]:
    """Yield a Stata file's chunks, with value labels where they are unique and with the numbers where they are not."""
    import struct

    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "stata", purpose="reading Stata files") from error

    def chunks(labels: bool) -> Generator[Any, None, None]:
        with pd.read_stata(piece.path, chunksize=STATA_ROWS, convert_categoricals=labels) as reader:
            for chunk in reader:  # noqa: UP028  (yield from would call the reader's own, deprecated close)
                yield chunk

    first = chunks(True)
    try:
        try:
            head = list(_take_one(first))
        except ValueError as error:
            if "label" not in str(error).lower():
                raise
            first = chunks(False)
            head = list(_take_one(first))
        yield from chain(head, first)
    except (ValueError, OSError, KeyError, EOFError, struct.error) as error:
        raise RecordsError(
            f"the file is not readable Stata ({(str(error) or type(error).__name__).splitlines()[0][:160]})",
            where=where, fix="save it again in Stata ('save name, replace'), or export it to CSV",
        ) from error  # fmt: skip
    finally:
        first.close()  # a reader that stops early must not leave the file open


def _take_one(chunks: Iterator[Any]) -> Iterator[Any]:
    for chunk in chunks:
        yield chunk
        return
