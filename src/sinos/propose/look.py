"""What stands in a file: its columns, and what their values look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import SinosError
from sinos.propose.head import ROWS, first_rows, shorten
from sinos.records.readers import load
from sinos.records.store import count
from sinos.study.model import Source

SAMPLE = 2000
"""Values looked at per column."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+")
DATE_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("%Y-%m-%d", re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?")),
    ("%Y%m%d", re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")),
    ("%Y/%m/%d", re.compile(r"\d{4}/\d{1,2}/\d{1,2}")),
    ("%d/%m/%Y", re.compile(r"\d{1,2}/\d{1,2}/\d{4}")),
    ("%d.%m.%Y", re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}")),
    ("%d-%m-%Y", re.compile(r"\d{1,2}-\d{1,2}-\d{4}")),
    ("%d-%b-%y", re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{2}")),
    ("%d-%b-%Y", re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}")),
)
INCOTERMS = frozenset(
    ["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP", "DAT", "DAF", "DES", "DEQ", "DDU"]
)
MOST = 0.9
"""Share of the values that must fit before a column is taken to be of a kind."""

SOME_TERMS = 0.4
"""The same for Incoterms, which nothing else looks like; deliveries from a warehouse have none."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes
    ----------
    name
        As in the file.
    kinds
        What its values could be: ``number``, ``date``, ``year``, ``month``, ``code``, ``country``, ``currency``,
        ``incoterm``, ``flag``, ``share``, ``text``.
    distinct
        Different values among those looked at.
    filled
        Share of values that are not empty.
    examples
        A few values.
    date_format
        How dates are written, when it is not ISO 8601.
    ambiguous_date
        Whether day and month cannot be told apart.
    decimal_comma
        Whether numbers have a decimal comma.
    """

    name: str
    kinds: frozenset[str]
    distinct: int
    filled: float
    examples: tuple[str, ...]
    date_format: str | None = None
    ambiguous_date: bool = False
    decimal_comma: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One file as far as it was looked at.

    Attributes
    ----------
    file
        Its path as written in the study.
    columns
        Its columns.
    rows
        Rows that were looked at, from the first.
    whole
        Whether those are all the rows of the file.
    """

    file: str
    columns: tuple[Column, ...]
    rows: int
    whole: bool = True


def look(file: Path, shown: str) -> Seen:
    """Read the first rows of a file as Sinos would, and describe its columns.

    Raises
    ------
    RecordsError
        If the file cannot be read.
    """
    engine = DuckDBEngine()
    try:
        head = first_rows(file.absolute(), engine.folder)
        native = load(engine, "transactions", Source(file=str(head.path)), Path(), most=ROWS)
        shorten(engine)
        rows = count(engine, "head")
        columns = tuple(_column(engine, name) for name in native.columns)
    except SinosError as error:
        raise type(error)(error.what, where=str(file), rows=error.rows, fix=error.fix) from error
    finally:
        engine.close()
    return Seen(shown, columns, rows, head.whole and rows < ROWS)


def _column(engine: DuckDBEngine, name: str) -> Column:
    texts = engine.connection.execute(
        f"SELECT CAST({quoted(name)} AS VARCHAR) AS v FROM head ORDER BY _file, _row LIMIT {SAMPLE}"
    ).fetchall()
    return describe(name, [row[0] for row in texts])


def describe(name: str, values: Sequence[str | None]) -> Column:
    """Describe a column by its values.

    Examples
    --------
    >>> sorted(describe("d", ["13/01/2020", "02/01/2020"]).kinds)
    ['date']
    >>> describe("d", ["13/01/2020", "02/01/2020"]).date_format
    '%d/%m/%Y'
    """
    given = [value.strip() for value in values if value is not None and value.strip()]
    different = dict.fromkeys(given)
    kinds: set[str] = set()
    commas = _share(given, COMMA_NUMBER)
    if given and _share(given, NUMBER) + commas >= MOST:
        kinds.add("number")
        kinds |= _number_kinds(given, different)
    written, ambiguous = _dates(given)
    if written:
        kinds.add("date")
    kinds |= _text_kinds(given, different)
    if given and not kinds & {"number", "date"}:
        kinds.add("text")
    return Column(
        name=name,
        kinds=frozenset(kinds),
        distinct=len(different),
        filled=len(given) / len(values) if values else 0.0,
        examples=tuple(different)[:3],
        date_format=None if written == "%Y-%m-%d" else written,
        ambiguous_date=ambiguous,
        decimal_comma=commas > 0.1,
    )


def _share(values: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for value in values if pattern.fullmatch(value)) / len(values) if values else 0.0


def _number_kinds(given: Sequence[str], different: dict[str, None]) -> set[str]:
    kinds = set()
    whole = all(value.isdigit() for value in different)
    if whole and all(len(value) == 4 and 1900 <= int(value) <= 2100 for value in different):
        kinds.add("year")
    if whole and all(len(value) <= 2 and 1 <= int(value) <= 12 for value in different):
        kinds.add("month")
    if whole and len({len(value) for value in different}) <= 2 and all(4 <= len(value) <= 12 for value in different):
        kinds.add("code")
    if set(different) <= {"0", "1"}:
        kinds.add("flag")
    if all(NUMBER.fullmatch(value) and 0 <= float(value) <= 1 for value in different):
        kinds.add("share")
    return kinds


def _text_kinds(given: Sequence[str], different: dict[str, None]) -> set[str]:
    kinds = set()
    upper = all(value.isalpha() and value.isupper() for value in different)
    if given and upper and all(len(value) in (2, 3) for value in different):
        kinds.add("country")
    if given and upper and len(different) <= 10 and all(len(value) == 3 for value in different):
        kinds.add("currency")
    terms = sum(1 for value in given if value[:3].upper() in INCOTERMS and not value[3:4].isalpha())
    if given and terms / len(given) >= SOME_TERMS and len(different) <= 40:
        kinds.add("incoterm")
    return kinds


def _dates(given: Sequence[str]) -> tuple[str | None, bool]:
    """Return the format in which dates are written, and whether day and month cannot be told apart."""
    for written, pattern in DATE_FORMATS:
        if given and _share(given, pattern) >= MOST:
            if written not in ("%d/%m/%Y", "%d-%m-%Y"):
                return written, False
            parts = [re.split(r"[/-]", value) for value in given if pattern.fullmatch(value)]
            first, second = max(int(part[0]) for part in parts), max(int(part[1]) for part in parts)
            if second > 12 >= first:
                return written.replace("%d", "%#").replace("%m", "%d").replace("%#", "%m"), False
            return written, first <= 12
    return None, False
