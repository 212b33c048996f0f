"""What every check needs: the scene it sees, what it returns, and the registry."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import polars as pl

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import TheoryError, nearest
from sinos.records.store import scalars, types
from sinos.study.model import Study

RAW, TYPED = "raw_transactions", "typed_transactions"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the packaged list of checks: code, severity (error, warning or note), table, what, and the fix."""

    code: str
    severity: str
    table: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found.

    Attributes
    ----------
    column
        Column (or columns, separated by commas).
    rows
        How many rows are affected.
    total
        Of how many rows.
    message
        What is wrong, in a sentence; it holds no identifiers.
    examples, row_examples
        Smallest values and row numbers.
    table
        Table, where it is not the check's own.
    """

    column: str
    rows: int
    total: int
    message: str
    examples: tuple[str, ...] = ()
    row_examples: tuple[str, ...] = ()
    table: str | None = None


@dataclass(frozen=True, slots=True)
class CheckScene:
    """What a check sees.

    Attributes
    ----------
    engine
        Holds ``raw_transactions`` (text), ``typed_transactions`` (in the contract's types) and raw side tables.
    study
        The study.
    frames
        The side tables, in the contract's types.
    raw
        Columns of the raw transactions.
    total
        Number of transactions.
    made
        Names of the helper tables made so far.
    """

    engine: DuckDBEngine
    study: Study
    frames: Mapping[str, pl.DataFrame]
    raw: frozenset[str]
    total: int
    made: set[str] = field(default_factory=set)

    def count(self, condition: str, relation: str = TYPED) -> int:
        """Count the rows of a relation that satisfy a condition."""
        return scalars(self.engine, f"SELECT count(*) FILTER (WHERE {condition}) FROM {relation}")[0]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return all rows of a (small) query."""
        return [tuple(row) for row in self.engine.connection.execute(query).fetchall()]

    def values(self, expression: str, condition: str, relation: str = TYPED) -> tuple[str, ...]:
        """Return the smallest distinct values of an expression where a condition holds, as text."""
        return self._smallest(f"SELECT DISTINCT CAST({expression} AS VARCHAR) AS v", condition, relation, "v")

    def row_numbers(self, condition: str, relation: str = TYPED) -> tuple[str, ...]:
        """Return the smallest row numbers where a condition holds, as text."""
        return self._smallest("SELECT CAST(_row AS VARCHAR)", condition, relation, "_row, _file")

    def _smallest(self, select: str, condition: str, relation: str, order: str) -> tuple[str, ...]:
        limit = self.study.checks.examples
        if not limit:
            return ()
        query = f"{select} FROM {relation} WHERE {condition} ORDER BY {order} NULLS LAST LIMIT {limit}"
        return tuple(str(row[0]) for row in self.rows(query) if row[0] is not None)

    def found(
        self, column: str, condition: str, message: str, *, example: str | None = None, relation: str = TYPED
    ) -> list[Found]:
        """Return a finding on the rows that satisfy a condition; nothing when there are none."""
        rows = self.count(condition, relation)
        if not rows:
            return []
        examples = self.values(example or quoted(column), condition, relation)
        return [Found(column, rows, self.total, message, examples, self.row_numbers(condition, relation))]

    def both(self, *columns: str) -> str:
        """Return the relation of typed rows beside the raw texts of some columns, called ``raw_<column>``."""
        shown = ", ".join(f"r.{quoted(column)} AS {quoted('raw_' + column)}" for column in columns)
        return f"(SELECT t.*, {shown} FROM {TYPED} t JOIN {RAW} r ON t._row = r._row AND t._file = r._file)"

    def helper(self, name: str, query: str) -> str:
        """Make a helper table once and return its name."""
        if name not in self.made:
            self.engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
            self.made.add(name)
        return name

    def side(self, table: str) -> frozenset[str]:
        """Return the columns of a raw side table; none where the table was not given."""
        if getattr(self.study.tables, table) is None:
            return frozenset()
        return frozenset(types(self.engine, f"raw_{table}"))


Check = Callable[[CheckScene], Iterable[Found]]

CHECKS: dict[str, Check] = {}
"""Code -> check. A code's severity, table and fix are in ``theory/checks.csv``."""


def check(code: str) -> Callable[[Check], Check]:
    """Register a function as the check of a code.

    Raises
    ------
    TheoryError
        If the packaged list has no such code.
    """
    if code not in entries():
        raise TheoryError(f"there is no check '{code}'", where="theory/checks.csv", fix=nearest(code, entries()))

    def register(function: Check) -> Check:
        CHECKS[code] = function
        return function

    return register


@cache
def entries() -> Mapping[str, Entry]:
    """Return the packaged list of checks by code, in its order.

    Examples
    --------
    >>> entries()["self-trade"].severity
    'warning'
    """
    text = (files("sinos.theory") / "checks.csv").read_text(encoding="utf-8")
    return {row["code"]: Entry(**row) for row in csv.DictReader(text.splitlines())}


def blank(expression: str) -> str:
    """Return the SQL condition that a text is missing or only spaces."""
    return f"coalesce(trim({expression}), '') = ''"
