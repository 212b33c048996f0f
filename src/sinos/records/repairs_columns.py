"""What every repair needs: the columns it may name, conditions as SQL, and rewriting the raw table in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import StudyError, nearest
from sinos.records.mapping import normal
from sinos.records.parsing import NumberStyle, is_number, number, number_style
from sinos.records.store import drop, literal, scalars, types
from sinos.study.model import Condition, Study

RAW = "raw_transactions"
"""The table in the engine that repairs rewrite."""

NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
"""Regular expression of a plain number: no spaces, no thousands marks, point as decimal mark."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a repair sees.

    Attributes
    ----------
    engine
        Holds ``raw_transactions``.
    study
        The study; its source of transactions tells how contract columns are called in the file.
    sides
        Side table -> name of its raw table in the engine.
    plain
        Columns whose numbers a repair has rewritten with a decimal point, whatever the file's mark.
    """

    engine: DuckDBEngine
    study: Study
    sides: Mapping[str, str]
    plain: set[str] = field(default_factory=set)

    def columns(self, table: str = RAW) -> dict[str, str]:
        """Return the columns of a stored table with their DuckDB types."""
        return types(self.engine, table)

    def column(self, name: str, *, where: str) -> str:
        """Return the stored column that a contract or file column name stands for.

        Raises
        ------
        StudyError
            If there is no such column; the nearest ones are named.
        """
        stored = [column for column in self.columns() if not column.startswith("_")]
        mapped = {file: contract for contract, file in self.study.tables.transactions.columns.items()}
        for candidate in (name, mapped.get(name, name)):
            if candidate in stored:
                return mapped[name] if mapped.get(name) in stored else candidate
        alike = [column for column in stored if normal(column) == normal(name)]
        if len(alike) == 1:
            return alike[0]
        raise StudyError(
            f"column '{name}' is neither in the data contract's part of this file nor in the file",
            where=where,
            fix=nearest(name, [*stored, *mapped]),
        )

    def count(self, condition: str = "true", table: str = RAW) -> int:
        """Count the rows that satisfy an SQL condition."""
        return int(self.value(f"SELECT count(*) FILTER (WHERE {condition}) FROM {quoted(table)}"))

    def value(self, query: str) -> int:
        """Return the single whole number that a query gives."""
        return scalars(self.engine, query)[0]

    def rewrite(self, query: str, table: str = RAW) -> None:
        """Replace a stored table (or view) by the result of a query on it."""
        self.engine.execute(f'CREATE OR REPLACE TABLE "_rewritten" AS {query}')
        drop(self.engine, table)
        self.engine.execute(f'ALTER TABLE "_rewritten" RENAME TO {quoted(table)}')

    def replace(self, column: str, expression: str) -> int:
        """Replace one column by an expression of the same row; return how many cells changed."""
        old = quoted(column)
        changed = self.count(f"({expression}) IS DISTINCT FROM {text(column)}")
        if changed:
            self.rewrite(f"SELECT * REPLACE ({expression} AS {old}) FROM {quoted(RAW)}")
        return changed

    def style(self, column: str) -> NumberStyle:
        """Return how a column writes its numbers."""
        if column in self.plain or is_number(self.columns()[column]):
            return NumberStyle()
        source = self.study.tables.transactions
        declared = source.decimal if "decimal" in source.model_fields_set else None
        return number_style(self.engine, RAW, column, declared)

    def number(self, column: str) -> str:
        """Return the SQL of a column as a finite DOUBLE, NULL where it is none: as the transactions will read it."""
        return number(quoted(column), self.columns()[column], self.style(column))

    def path(self, name: str) -> Path:
        """Return a path that the study file names, relative to the study file."""
        return self.study.folder / name


def text(column: str) -> str:
    """Return the SQL of a column as text (columns of typed files need the cast)."""
    return f"CAST({quoted(column)} AS VARCHAR)"


def blank(column: str) -> str:
    """Return the SQL condition that a cell is missing or only spaces."""
    return f"coalesce(trim({text(column)}), '') = ''"


def plain_number(expression: str, decimal: str = ".") -> str:
    """Return SQL that turns a text into the text of a plain number, NULL where it is none.

    Thousands marks, spaces, a leading or trailing currency sign or ISO code, and brackets around negative
    amounts are understood; digits are never changed, so nothing is rounded.

    Examples
    --------
    >>> cells = ["1,234.50", "(20)", "USD 7", "$ 1e3", "12 kg", "nan"]
    >>> [duckdb.execute(f"SELECT {plain_number('x')} FROM (SELECT ? AS x)", [c]).fetchall()[0][0] for c in cells]
    ['1234.50', '-20', '7', '1e3', None, None]
    """
    mark, thousands = (r"\.", ",") if decimal == "." else (",", r"\.")
    signs = r"(?:[A-Z]{3}|US\$|R\$|[$€£¥])?"
    shape = rf"^\(?{signs}[+-]?(?:\d{{1,3}}(?:{thousands}\d{{3}})+|\d*)(?:{mark}\d*)?(?:[eE][+-]?\d{{1,3}})?{signs}\)?$"
    bare = f"regexp_replace({expression}, '[\\s\\x{{A0}}''’]', '', 'g')"
    digits = f"regexp_replace({bare}, '[^0-9{decimal}eE+-]|[A-Z]{{3}}', '', 'g')"
    dotted = digits if decimal == "." else f"replace({digits}, ',', '.')"
    signed = f"CASE WHEN {bare} LIKE '(%)' THEN '-' || {dotted} ELSE {dotted} END"
    return (
        f"CASE WHEN regexp_full_match({bare}, '{shape}') AND regexp_full_match({signed}, '{NUMBER}') THEN {signed} END"
    )


def condition_sql(scene: Scene, condition: Condition, *, where: str) -> str:
    """Return a condition as SQL that is true or false, never NULL.

    A missing value equals nothing, matches nothing and is not within bounds; it does satisfy ``not_equals``,
    ``none_of`` and ``not_matches``.

    Raises
    ------
    StudyError
        If the column is unknown, no part is given, or a regular expression is wrong.
    """
    column = scene.column(condition.column, where=where)
    cell = f"trim({text(column)})"
    number = scene.number(column) if _numeric(condition) else "NULL"
    parts: list[str] = []
    if condition.equals is not None:
        parts.append(_equal(cell, number, condition.equals))
    if condition.not_equals is not None:
        parts.append("NOT " + _equal(cell, number, condition.not_equals))
    if condition.one_of is not None:
        parts.append(_any_of(cell, number, condition.one_of))
    if condition.none_of is not None:
        parts.append("NOT " + _any_of(cell, number, condition.none_of))
    if condition.matches is not None:
        parts.append(f"coalesce(regexp_matches({cell}, {pattern(scene, condition.matches, where=where)}), false)")
    if condition.not_matches is not None:
        parts.append(
            f"NOT coalesce(regexp_matches({cell}, {pattern(scene, condition.not_matches, where=where)}), false)"
        )
    if condition.at_least is not None:
        parts.append(f"coalesce({number} >= {condition.at_least!r}, false)")
    if condition.at_most is not None:
        parts.append(f"coalesce({number} <= {condition.at_most!r}, false)")
    if condition.present is not None:
        parts.append(("NOT " if condition.present else "") + f"({blank(column)})")
    if not parts:
        raise StudyError(
            f"the condition on '{condition.column}' says nothing about it",
            where=where,
            fix="add one of equals, not_equals, one_of, none_of, matches, not_matches, at_least, at_most, present",
        )
    return "(" + " AND ".join(parts) + ")"


def pattern(scene: Scene, expression: str, *, where: str) -> str:
    """Return a regular expression as an SQL literal.

    Raises
    ------
    StudyError
        If the engine cannot read it.
    """
    try:
        scene.engine.connection.execute(f"SELECT regexp_matches('', {literal(expression)})").fetchall()
    except duckdb.Error as error:
        raise StudyError(
            f"'{expression}' is not a regular expression: {str(error).splitlines()[0]}",
            where=where,
            fix="correct it (RE2 syntax), or use equals / one_of for plain texts",
        ) from error
    return literal(expression)


def _numeric(condition: Condition) -> bool:
    values = (condition.equals, condition.not_equals, *(condition.one_of or ()), *(condition.none_of or ()))
    bounded = condition.at_least is not None or condition.at_most is not None
    return bounded or any(isinstance(value, float | int) for value in values)


def _equal(cell: str, number: str, value: str | float) -> str:
    if isinstance(value, str):
        return f"coalesce({cell} = {literal(value.strip())}, false)"
    return f"coalesce({number} = {float(value)!r}, false)"


def _any_of(cell: str, number: str, values: tuple[str | float, ...]) -> str:
    if not values:
        return "(false)"
    return "(" + " OR ".join(_equal(cell, number, value) for value in values) + ")"
