"""What a section is made of: small frozen view models that the template prints without knowing what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import polars as pl

from sinos.report import format as fmt

Tone = Literal["plain", "lead", "note", "warning"]
_SHORT = 12  # rows of a table that is kept on one page of paper
_SENTENCE = 45  # characters from which a cell is a sentence
ColumnKind = Literal["text", "code", "count", "share", "money", "index", "effect", "year"]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str
    id: str


@dataclass(frozen=True)
class Statement:
    """One sentence of a list, with a pointer to the section that backs it."""

    text: str
    target: str = ""
    label: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar[str] = "bullets"
    items: tuple[Statement, ...]
    boxed: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Terms:
    """Names with their explanations."""

    kind: ClassVar[str] = "terms"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """How one column of a table is printed.

    Attributes
    ----------
    name
        Column of the frame.
    head, unit
        Words at the top of the column.
    kind
        What the numbers are; ``text`` is a name as given, ``code`` one of the study's own words, ``effect`` an estimate
        of any size.
    low, high
        Columns with the ends of the 90 % interval, printed behind the number.
    bar
        Draw the share as a bar behind the number.
    guarded
        The column is withheld in rows that are withheld.
    """

    name: str
    head: str
    kind: ColumnKind = "text"
    unit: str = ""
    low: str = ""
    high: str = ""
    bar: bool = False
    guarded: bool = True

    @property
    def numeric(self) -> bool:
        """Whether the column is set flush right."""
        return self.kind not in ("text", "code", "year")


@dataclass(frozen=True)
class Cell:
    """One printed cell."""

    text: str
    numeric: bool = False
    state: Literal["", "missing", "withheld"] = ""
    bar: float | None = None

    @property
    def style(self) -> str:
        """Classes of the cell in the style sheet: number, long text, missing or withheld."""
        wide = "t" if not self.numeric and len(self.text) > 12 else ""
        return " ".join(part for part in ("n" if self.numeric else wide, self.state) if part)


@dataclass(frozen=True)
class Table:
    """A table: a frame with protected numbers, and how to print it."""

    kind: ClassVar[str] = "table"
    id: str
    caption: str
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    source: str = ""
    withheld: int = 0
    currency: str = ""

    @property
    def short(self) -> bool:
        """Whether the table is short enough to stand on one page of paper."""
        return self.frame.height <= _SHORT

    @property
    def wordy(self) -> bool:
        """Whether cells hold sentences: on a narrow screen such rows are set as lists, not as columns."""
        texts = (column.name for column in self.columns if column.kind in ("text", "code"))
        longest = (self.frame[name].cast(pl.String).str.len_chars().max() for name in texts)
        return any(isinstance(length, int) and length > _SENTENCE for length in longest)

    def heads(self) -> list[tuple[Column, str]]:
        """Return the columns with their units."""
        return [(column, self._unit(column)) for column in self.columns]

    def printed(self) -> pl.DataFrame:
        """Return only what is printed: nothing else of the frame may leave in a protected report."""
        names = [name for column in self.columns for name in (column.name, column.low, column.high) if name]
        marks = ["withheld"] if "withheld" in self.frame.columns else []
        return self.frame.select(*dict.fromkeys(names), *marks)

    def cells(self) -> list[list[Cell]]:
        """Return the printed cells, row by row."""
        divisors = {c.name: fmt.scale(self.frame[c.name].to_list())[0] for c in self.columns if c.kind == "money"}
        return [
            [_cell(column, row, divisors.get(column.name, 1.0)) for column in self.columns]
            for row in self.frame.iter_rows(named=True)
        ]

    def _unit(self, column: Column) -> str:
        if column.kind == "money":
            return fmt.unit(self.currency, fmt.scale(self.frame[column.name].to_list())[1])
        return column.unit or ("%" if column.kind == "share" else "")


@dataclass(frozen=True)
class Figure:
    """A figure: one or more small charts of the same size, side by side."""

    kind: ClassVar[str] = "figure"
    id: str
    caption: str
    panels: tuple[str, ...]
    legend: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Fold:
    """Something that a reader may open."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...]


Block = Paragraph | Heading | Bullets | Terms | Table | Figure | Fold


@dataclass(frozen=True)
class Section:
    """A section of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...] = field(default=())

    def tables(self) -> list[Table]:
        """Return all tables of the section, those in folds included."""
        return _tables(self.blocks)


def _tables(blocks: tuple[Block, ...]) -> list[Table]:
    found: list[Table] = []
    for block in blocks:
        if isinstance(block, Table):
            found.append(block)
        elif isinstance(block, Fold):
            found.extend(_tables(block.blocks))
    return found


def _cell(column: Column, row: dict[str, object], divisor: float) -> Cell:
    numeric = column.numeric
    if column.guarded and row.get("withheld"):
        return Cell(fmt.WITHHELD, numeric, "withheld")
    value = row[column.name]
    if column.kind == "text":
        text = fmt.name(value)
    elif column.kind == "code":
        text = fmt.label(value)
    else:
        text = _number(column.kind, value, divisor)
    if text == fmt.DASH:
        return Cell(text, numeric, "missing")
    if column.low:
        text += _range(column, row)
    share = float(value) if column.bar and isinstance(value, int | float) else None
    return Cell(text, numeric, bar=share)


def _number(kind: ColumnKind, value: object, divisor: float) -> str:
    number = float(value) if isinstance(value, int | float) and fmt.known(value) else None
    if number is None:
        return fmt.DASH
    if kind == "year":
        return str(int(number))
    if kind == "money":
        return fmt.scaled(number, divisor)
    if kind == "share":
        return fmt.percent(number, sign=False)
    if kind == "effect":
        return fmt.effect(number)
    return fmt.count(number) if kind == "count" else fmt.decimal(number)


def _range(column: Column, row: dict[str, object]) -> str:
    low, high = (_number(column.kind, row[end], 1.0) for end in (column.low, column.high))
    return "" if fmt.DASH in (low, high) else f" ({low} to {high})"
