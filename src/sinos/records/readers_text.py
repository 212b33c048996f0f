"""Reading delimited text: by the engine's parallel reader as it is, or through a copy in UTF-8 made chunk by chunk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError
from sinos.records.readers_files import Piece
from sinos.records.sniff import FALLBACK, Layout, sniff, undecodable
from sinos.records.store import FileNote, Native, append, finish, lacking, literal
from sinos.study.model import Source

BLOCK = 1 << 22
LINE_LIMIT = 32 << 20
"""Largest record in bytes; what is longer is an unclosed quote."""

REJECTS, SCANS = "rejected_rows", "rejected_scans"


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file that the engine's reader can take, with its layout and what to say about it."""

    path: Path
    layout: Layout
    copied: bool


def load_text(engine: DuckDBEngine, table: str, pieces: list[Piece], source: Source, where: str) -> Native:
    """Read delimited text files into the engine, every cell as text and the empty cell as NULL.

    Raises
    ------
    RecordsError
        If a file is not readable text or its rows do not fit its header: says which rows and how many.
    """
    notes: list[FileNote] = []
    seen: list[tuple[str, tuple[str, ...], int]] = []
    for piece in pieces:
        at = f"{where}: {piece.label}"
        layout = sniff(piece.path, source, at, tabs=piece.format == "tsv")
        rows, text = _load(engine, table, piece, layout, at, guessed=source.encoding is None)
        names = text.layout.names
        seen.append((piece.label, names, rows))
        notes.append(FileNote(piece.label, "csv", _detail(text.layout), rows))
    return Native(table, finish(engine, table), tuple(notes), lacking(table, seen))


def _load(
    engine: DuckDBEngine, table: str, piece: Piece, layout: Layout, where: str, *, guessed: bool
) -> tuple[int, _Text]:
    import duckdb

    text = _Text(piece.path, layout, copied=False)
    if not layout.plain:
        text = _transcode(engine, text, where, guessed=guessed)
    try:
        return append(engine, table, _scan(text), layout.names, piece.label), text
    except duckdb.Error as error:
        if text.copied:
            raise _diagnose(engine, text, error, where) from error
    text = _transcode(engine, text, where, guessed=guessed)
    try:
        return append(engine, table, _scan(text), layout.names, piece.label), text
    except duckdb.Error as error:
        raise _diagnose(engine, text, error, where) from error


def _scan(text: _Text, extra: str = "") -> str:
    layout = text.layout
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in layout.names)
    return (
        f"SELECT * FROM read_csv({literal(str(text.path))}, auto_detect = false, columns = {{{columns}}}, "
        f"delim = {literal(layout.delimiter)}, quote = '\"', escape = '\"', header = true, skip = {layout.skip}, "
        f"max_line_size = {LINE_LIMIT}{extra})"
    )


def _transcode(engine: DuckDBEngine, text: _Text, where: str, *, guessed: bool) -> _Text:
    """Copy a file to UTF-8 with LF line ends, block by block, so that its size does not matter."""
    layout = text.layout
    target = engine.folder / f"{text.path.name}.utf8"
    choices = [layout.encoding, FALLBACK, "latin-1"] if guessed else [layout.encoding]
    problem: UnicodeError | None = None
    for encoding in dict.fromkeys(choices):
        try:
            _copy_text(text.path, target, encoding)
        except UnicodeError as error:
            problem = problem or error
            continue
        known = Layout(encoding, layout.delimiter, layout.names, layout.skip, layout.plain, layout.numeric_header)
        return _Text(target, known, copied=True)
    raise undecodable(layout.encoding, problem or UnicodeError(), where)


def _copy_text(source: Path, target: Path, encoding: str) -> None:
    with (
        source.open(encoding=encoding, newline=None) as reader,
        target.open("w", encoding="utf-8", newline="\n") as writer,
    ):
        while block := reader.read(BLOCK):
            writer.write(block)


def _diagnose(engine: DuckDBEngine, text: _Text, error: Exception, where: str) -> RecordsError:
    """Count the rows that do not fit the header and name the first ones."""
    import duckdb

    names = text.layout.names
    scan = _scan(
        text, f", store_rejects = true, rejects_table = '{REJECTS}', rejects_scan = '{SCANS}', rejects_limit = 0"
    )
    first = quoted(names[0])
    try:
        engine.connection.execute(f"SELECT count({first}), count({quoted(names[-1])}) FROM ({scan})").fetchall()
        bad = engine.connection.execute(
            f"SELECT line, CAST(error_type AS VARCHAR), error_message FROM {REJECTS} ORDER BY line"
        ).fetchall()
    except duckdb.Error:
        bad = []
    finally:
        engine.connection.execute(f"DROP TABLE IF EXISTS {REJECTS}")
        engine.connection.execute(f"DROP TABLE IF EXISTS {SCANS}")
    if not bad:
        return RecordsError(
            f"the file cannot be read as delimited text ({_first_line(error)})", where=where,
            fix="check 'delimiter' and 'encoding', close every quote, or export it again",
        )  # fmt: skip
    numbers = list(dict.fromkeys(int(row[0]) for row in bad))
    lines = ", ".join(map(str, numbers[:5]))
    kinds = Counter(kind for _, kind in {(row[0], str(row[1]).lower().replace("_", " ")) for row in bad})
    what = "; ".join(f"{kind}: {number:,}" for kind, number in sorted(kinds.items()))
    more = ", ..." if len(numbers) > 5 else ""
    return RecordsError(
        f"rows do not fit the header of {len(names)} columns ({what}; lines {lines}{more})",
        where=where, rows=len(numbers),
        fix="correct these lines, set 'delimiter' or 'skip_rows', or close every quote",
    )  # fmt: skip


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def _detail(layout: Layout) -> str:
    mark = {"\t": "tab"}.get(layout.delimiter, layout.delimiter)
    header = "; the first row looks like data, not a header" if layout.numeric_header else ""
    return f"encoding {layout.encoding}; delimiter {mark}{header}"
