"""Repairs of rows and cells: filter, drop, parse, recode."""

from __future__ import annotations

from dataclasses import dataclass

from sinos.engine import quoted
from sinos.errors import StudyError
from sinos.records.repairs_columns import RAW, Scene, blank, condition_sql, pattern, plain_number, text
from sinos.records.store import literal
from sinos.study.model import Drop, Filter, Parse, Recode

DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
)
"""Date formats that can be read in one way only; tried in this order where a repair names none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one repair did: a sentence, how many rows or cells it changed, and anything worth knowing."""

    what: str
    changed: int
    detail: str = ""


def check_filter(repair: Filter | Drop, scene: Scene, where: str) -> None:
    """Validate the condition of a filter or drop."""
    condition_sql(scene, repair.filter if isinstance(repair, Filter) else repair.drop, where=where)


def apply_filter(repair: Filter | Drop, scene: Scene, where: str) -> Outcome:
    """Keep (filter) or drop the rows that satisfy a condition."""
    keep = isinstance(repair, Filter)
    condition = repair.filter if isinstance(repair, Filter) else repair.drop
    kept = condition_sql(scene, condition, where=where)
    kept = kept if keep else f"NOT {kept}"
    dropped = scene.count(f"NOT ({kept})")
    if dropped:
        scene.rewrite(f"SELECT * FROM {quoted(RAW)} WHERE {kept}")
    parts = condition.model_dump(exclude_none=True, exclude={"column"})
    said = ", ".join(f"{name} {_shown(value)}" for name, value in parts.items())
    return Outcome(f"{'keep' if keep else 'drop'} rows where {condition.column} {said}", dropped, repair.reason)


def _shown(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, tuple) else str(value)


def check_parse(repair: Parse, scene: Scene, where: str) -> None:
    """Validate column and formats of a parse."""
    scene.column(repair.parse, where=where)
    if repair.to == "date":
        for form in repair.formats:
            if "%" not in form:
                raise StudyError(
                    f"'{form}' is not a date format", where=where, fix="write it with strptime codes, such as %d/%m/%Y"
                )
    elif repair.to == "number" and any(_decimal(form) is None for form in repair.formats):
        raise StudyError(
            f"the number formats {list(repair.formats)} show no decimal mark",
            where=where,
            fix="show one number, such as '1.234,56' or '1,234.56'",
        )


def apply_parse(repair: Parse, scene: Scene, where: str) -> Outcome:
    """Turn a column's texts into plain numbers, ISO dates or trimmed text; the rest becomes missing and is counted."""
    column = scene.column(repair.parse, where=where)
    cell = f"trim({text(column)})"
    if repair.missing:
        words = ", ".join(literal(word.strip()) for word in repair.missing)
        cell = f"CASE WHEN {cell} IN ({words}) THEN NULL ELSE {cell} END"
    parsed = _parsed(repair, scene, cell)
    words_found = scene.count(f"NOT ({blank(column)}) AND ({cell}) IS NULL")
    lost = scene.count(f"NOT ({blank(column)}) AND ({cell}) IS NOT NULL AND ({parsed}) IS NULL")
    changed = scene.replace(column, parsed)
    if repair.to == "number":
        scene.plain.add(column)
    detail = f"{lost:,} could not be parsed and became missing; {words_found:,} held a word for missing"
    return Outcome(f"parse {column} as {repair.to}", changed, detail)


def _parsed(repair: Parse, scene: Scene, cell: str) -> str:
    if repair.to == "number":
        mark = _decimal(repair.formats[0]) if repair.formats else None
        return plain_number(cell, mark or scene.style(scene.column(repair.parse, where="")).mark)
    if repair.to == "date":
        formats = ", ".join(literal(form) for form in repair.formats or DATE_FORMATS)
        return f"strftime(try_strptime({cell}, [{formats}]), '%Y-%m-%d')"
    return f"nullif({cell}, '')"


def _decimal(example: str) -> str | None:
    """Return the decimal mark that an example of a number shows: the last of its points and commas."""
    marks = [mark for mark in example if mark in ".,"]
    return marks[-1] if marks else None


def check_recode(repair: Recode, scene: Scene, where: str) -> None:
    """Validate column and regular expressions of a recode."""
    scene.column(repair.recode, where=where)
    for expression in repair.replace:
        pattern(scene, expression, where=where)
    if not (repair.map or repair.replace or repair.pad or repair.case != "keep"):
        raise StudyError(
            f"recode of '{repair.recode}' changes nothing", where=where, fix="give map, replace, case or pad"
        )


def apply_recode(repair: Recode, scene: Scene, where: str) -> Outcome:
    """Replace values of a column: exact values first, then regular expressions in order, case, padding with zeros."""
    column = scene.column(repair.recode, where=where)
    cell = text(column)
    used = 0
    if repair.map:
        keys = ", ".join(literal(key) for key in repair.map)
        used = scene.value(f"SELECT count(DISTINCT {cell}) FROM {quoted(RAW)} WHERE {cell} IN ({keys})")
        cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in repair.map.items())
        cell = f"CASE {cell} {cases} ELSE {cell} END"
    for expression, new in repair.replace.items():
        cell = f"regexp_replace({cell}, {pattern(scene, expression, where=where)}, {literal(new)}, 'g')"
    if repair.case != "keep":
        cell = f"{repair.case}({cell})"
    if repair.pad:
        short = f"length({cell}) BETWEEN 1 AND {repair.pad - 1}"
        cell = f"CASE WHEN {short} THEN lpad({cell}, {repair.pad}, '0') ELSE {cell} END"
    changed = scene.replace(column, cell)
    detail = f"{used} of {len(repair.map)} mapped values were found" if repair.map else ""
    return Outcome(f"recode {column}", changed, detail)
