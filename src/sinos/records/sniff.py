"""Finding out how a text file is written: its encoding, line ends, delimiter and header."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sinos.errors import RecordsError
from sinos.records.store import check_names
from sinos.study.model import Source

SAMPLE = 1 << 20
MARKS = (",", ";", "\t", "|")
BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FOREIGN = {b"PK\x03\x04": "a zip or Excel file", b"%PDF": "a PDF document", b"\x1f\x8b": "a gzip file",
           b"\xd0\xcf\x11\xe0": "an old Excel file", b"PAR1": "a Parquet file"}  # fmt: skip
PRETENDERS = {
    b"<!doctype html": ("a web page", "download the file itself, not the page that shows it"),
    b"<html": ("a web page", "download the file itself, not the page that shows it"),
    b"<?xml": ("XML", "export it as CSV or Excel"),
    b'{"': ("JSON", "export it as CSV, or read it into a data frame first"),
    b'[{"': ("JSON", "export it as CSV, or read it into a data frame first"),
    b"version https://git-lfs": ("a pointer to a file that Git LFS keeps", "run 'git lfs pull'"),
}
"""How texts begin that are no tables: what they are, and the fix."""

FALLBACK = "cp1252"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file is written.

    Attributes
    ----------
    encoding
        Python's name of the encoding.
    delimiter
        Column separator.
    names
        Columns of the header.
    skip
        Lines before the header.
    plain
        Whether the query engine can read the file as it is: UTF-8 with one kind of line end, LF or CRLF.
    numeric_header
        Whether the first row looks like data rather than a header.
    """

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    skip: int
    plain: bool
    numeric_header: bool


def sniff(path: Path, source: Source, where: str, *, tabs: bool = False) -> Layout:
    """Find out how a text file is written from its first megabyte and what the study says.

    Raises
    ------
    RecordsError
        If the file is empty, is not text, cannot be decoded, or has no usable header.
    """
    with path.open("rb") as stream:
        head = stream.read(SAMPLE)
    whole = len(head) < SAMPLE
    if not head.strip():
        raise RecordsError("the file is empty", where=where, fix="export it again, or remove it")
    _refuse_foreign(head, where)
    encoding = _known_codec(source.encoding, where) if source.encoding else guess_encoding(head, whole=whole)
    text = _decode(head, encoding, where, whole=whole)
    if "\x00" in text:
        raise RecordsError(
            "the file is binary or damaged: it contains NUL characters", where=where,
            fix="give its 'format' (or its 'encoding' if it is text), or export it again",
        )  # fmt: skip
    lines = re.split(r"\r\n|\n|\r", text)
    skip = _leading(lines, source.skip_rows, where)
    delimiter = _given_delimiter(source, where)
    # Excel writes and understands a first line that names the delimiter.
    if said := re.fullmatch(r'"?sep=(.)"?', lines[skip].strip("\ufeff"), re.IGNORECASE):
        delimiter = delimiter or said[1]
        skip = _leading(lines, skip + 1, where)
    body = lines[skip:] if whole else lines[skip:-1] or lines[skip:]
    delimiter = delimiter or _guess_delimiter(body, tabs=tabs)
    header = next(csv.reader(body, delimiter=delimiter))
    numbers = sum(bool(re.fullmatch(r"\s*[+-]?\d+([.,]\d+)?\s*", cell)) for cell in header)
    return Layout(
        encoding, delimiter, check_names(header, where), skip, plain=_plain(encoding, text),
        numeric_header=2 * numbers > len(header),
    )  # fmt: skip


def guess_encoding(head: bytes, *, whole: bool) -> str:
    """Guess an encoding from a file's first bytes: a byte order mark, the pattern of UTF-16, UTF-8, else cp1252.

    Examples
    --------
    >>> guess_encoding("é".encode("utf-8"), whole=True), guess_encoding("é".encode("latin-1"), whole=True)
    ('utf-8', 'cp1252')
    """
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0:4000:2], head[1:4000:2]
    if len(odd) > 4 and odd.count(0) > 0.8 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if len(even) > 4 and even.count(0) > 0.8 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return _single_byte(head)
    return "utf-8"


def _single_byte(head: bytes) -> str:
    try:
        head.decode(FALLBACK)
    except UnicodeDecodeError:
        return "latin-1"
    return FALLBACK


def _refuse_foreign(head: bytes, where: str) -> None:
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise RecordsError(
                f"the file is {what}, not text", where=where, fix="give its 'format', or a name with the right suffix"
            )
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for begin, (what, fix) in PRETENDERS.items():
        if start.startswith(begin):
            raise RecordsError(f"the file is {what}, not a table", where=where, fix=fix)


def _known_codec(name: str, where: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise RecordsError(
            f"'{name}' is not a known encoding", where=where, fix="use utf-8, latin-1, cp1252, utf-16 or leave it out"
        ) from error


def _decode(head: bytes, encoding: str, where: str, *, whole: bool) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head, final=whole)
    except UnicodeError as error:
        raise undecodable(encoding, error, where) from error


def undecodable(encoding: str, error: UnicodeError, where: str) -> RecordsError:
    """Return the error that says which bytes an encoding cannot read."""
    at = f" (byte {error.start:,})" if isinstance(error, UnicodeDecodeError) else ""
    return RecordsError(
        f"the text is not {encoding}{at}", where=where, fix="leave 'encoding' out to have it detected, or correct it"
    )


def _leading(lines: list[str], skip: int, where: str) -> int:
    while skip < len(lines) and not lines[skip].strip("\ufeff \t"):
        skip += 1
    if skip >= len(lines):
        raise RecordsError("no header is left after skip_rows", where=where, fix="lower skip_rows")
    return skip


def _given_delimiter(source: Source, where: str) -> str | None:
    mark = {"\\t": "\t", "tab": "\t"}.get(source.delimiter or "", source.delimiter)
    if mark is not None and (len(mark) != 1 or mark in '\r\n"'):
        raise RecordsError(
            f"'{source.delimiter}' cannot separate columns", where=where, fix="use one character: , ; | or \\t"
        )
    return mark


def _guess_delimiter(lines: list[str], *, tabs: bool) -> str:
    scores = {mark: _score(lines[:200], mark) for mark in MARKS}
    best = max(MARKS, key=lambda mark: scores[mark])
    if tabs and scores["\t"][1] > 1:
        return "\t"
    return best if scores[best][1] > 1 else "\t" if tabs else ","


def _score(lines: list[str], mark: str) -> tuple[float, int]:
    """Share of rows with the header's number of columns (none if that is one), and that number."""
    try:
        rows = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
    except csv.Error:
        return 0.0, 0
    if not rows or rows[0] < 2:
        return 0.0, 1
    return Counter(rows)[rows[0]] / len(rows), rows[0]


def _plain(encoding: str, text: str) -> bool:
    if encoding not in ("utf-8", "utf-8-sig", "ascii"):
        return False
    pairs, feeds, returns = text.count("\r\n"), text.count("\n"), text.count("\r")
    return returns == 0 or (pairs == feeds and abs(returns - pairs) <= int(text.endswith("\r")))
