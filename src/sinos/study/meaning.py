"""What the types of a study cannot say: keys that contradict each other, files that do not exist, wrong expressions."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from glob import has_magic
from importlib.resources import files
from itertools import islice
from pathlib import Path

from sinos.errors import nearest
from sinos.study.explain import Problem
from sinos.study.model import BuyerGroups, Convert, Drop, Filter, Recode, ResolveNames, Source, Study, Tables
from sinos.theory import contract


def problems_in(study: Study) -> list[Problem]:
    """Return everything in a well-typed study that cannot be meant, or names a file that is not there."""
    problems: list[Problem] = []
    for table in Tables.model_fields:
        source = getattr(study.tables, table)
        if source is not None:
            problems += _source(source, table, study.folder)
    for number, repair in enumerate(study.repairs):
        problems += _repair(repair, ("repairs", number), study.folder)
    problems += check_problems(study)
    problems += _coverage(study)
    problems += _options(study)
    return problems


def _source(source: Source, table: str, folder: Path) -> Iterator[Problem]:
    path = ("tables", table)
    if (source.file is None) == (source.url is None):
        what = "both a file and a url are given" if source.file else "neither a file nor a url is given"
        yield Problem(path, what, "give one of 'file:' and 'url:'")
    if source.url is not None and (source.table is None) == (source.query is None):
        yield Problem((*path, "url"), "a database needs a table or a query", "add one of 'table:' and 'query:'")
    if source.file is not None and not source.file.strip():
        yield Problem((*path, "file"), "the name of the file is empty", "write the name of the file, or of its folder")
    elif source.file is not None:
        yield from _exists(source.file, (*path, "file"), folder)
    names = [column.column for column in contract(table)]
    for key, given in (("columns", source.columns), ("constants", source.constants)):
        for column in given:
            if column not in names:
                what = f"'{column}' is not a column of {table} in the data contract"
                hint = f"{nearest(column, names)} ('sinos schema {table}' lists them)"
                yield Problem((*path, key, column), what, hint)
    for column in sorted(set(source.columns) & set(source.constants)):
        what = f"'{column}' is both a column of the file and a constant"
        yield Problem((*path, "constants", column), what, "keep one of the two")
    if table == "transactions" and source.columns.get("supplier", "") == source.columns.get("buyer", None):
        what = f"supplier and buyer are read from the same column '{source.columns['buyer']}'"
        yield Problem((*path, "columns", "buyer"), what, "name the column that holds the buyer")


def _repair(repair: object, path: tuple[str | int, ...], folder: Path) -> Iterator[Problem]:
    if isinstance(repair, Filter | Drop):
        verb = "filter" if isinstance(repair, Filter) else "drop"
        condition = repair.filter if isinstance(repair, Filter) else repair.drop
        if len(condition.model_fields_set - {"column"}) == 0:
            yield Problem((*path, verb), "the condition has no test", "add for example 'equals:' or 'present: true'")
        for key in ("matches", "not_matches"):
            yield from _expression(getattr(condition, key), (*path, verb, key))
    elif isinstance(repair, Recode):
        for pattern in repair.replace:
            yield from _expression(pattern, (*path, "replace", pattern))
        if not (repair.map or repair.replace or repair.case != "keep" or repair.pad):
            yield Problem(path, "the recode changes nothing", "add 'map:', 'replace:', 'case:' or 'pad:'")
    elif isinstance(repair, Convert):
        if bool(repair.factors) == (repair.file is not None):
            yield Problem(path, "a conversion needs factors or a file, one of the two", "add 'factors:' or 'file:'")
        yield from _exists(repair.file, (*path, "file"), folder)
    elif isinstance(repair, ResolveNames):
        yield from _exists(repair.labels, (*path, "labels"), folder)
    elif isinstance(repair, BuyerGroups) and repair.buyer_groups != "buyers":
        yield from _exists(repair.buyer_groups, (*path, "buyer_groups"), folder)


def check_problems(study: Study) -> list[Problem]:
    """Return what is wrong with ``checks``: codes that no check has, and checks that are both strict and ignored."""
    problems = []
    for key, codes in (("strict", study.checks.strict), ("ignore", study.checks.ignore)):
        for number, code in enumerate(codes):
            if code not in _check_codes():
                problems.append(
                    Problem(("checks", key, number), f"'{code}' is not a check", nearest(code, _check_codes()))
                )
    for number, code in enumerate(study.checks.ignore):
        if code in study.checks.strict:
            what = f"'{code}' is both strict and ignored"
            problems.append(Problem(("checks", "ignore", number), what, "keep it in one of the two"))
    return problems


@cache
def _check_codes() -> tuple[str, ...]:
    text = (files("sinos.theory") / "checks.csv").read_text(encoding="utf-8")
    return tuple(row["code"] for row in csv.DictReader(text.splitlines()))


def _coverage(study: Study) -> Iterator[Problem]:
    first, last = study.coverage.first_year, study.coverage.last_year
    if first is not None and last is not None and first > last:
        yield Problem(("coverage", "last_year"), f"the last year {last} is before the first {first}", "swap them")
    for year, months in study.coverage.partial_years.items():
        if not 1 <= months <= 12:
            what = f"{months} months of {year} are said to be covered"
            yield Problem(("coverage", "partial_years", year), what, "write 1 to 12")
        if year in study.coverage.missing_years:
            what = f"{year} is both missing and partial"
            yield Problem(("coverage", "partial_years", year), what, "keep it in one of the two")


def _options(study: Study) -> Iterator[Problem]:
    if study.disclosure.hash_ids and not (study.disclosure.salt or "").strip():
        what = "identifiers are to be hashed without a secret key"
        yield Problem(("disclosure", "hash_ids"), what, "add 'salt:' with a long random text and keep it to yourself")
    memory = study.options.memory
    if memory is not None and not re.fullmatch(r"\s*\d+(\.\d+)?\s*([KMGT]i?B|%)\s*", memory, flags=re.IGNORECASE):
        yield Problem(("options", "memory"), f"'{memory}' is not an amount of memory", "write for example 4GB")
    if study.options.temp is not None and not (study.folder / study.options.temp).is_dir():
        what = f"the folder '{study.options.temp}' does not exist"
        yield Problem(("options", "temp"), what, "make the folder, or delete the line to use the system's")
    yield from _exists(study.governance.theory, ("governance", "theory"), study.folder)


def _expression(pattern: str | None, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        fix = "escape special characters with \\ , or use 'equals:'"
        yield Problem(path, f"'{pattern}' is not a regular expression ({error})", fix)


def _exists(name: str | None, path: tuple[str | int, ...], folder: Path) -> Iterator[Problem]:
    """Yield a problem when a file, folder or glob that a study names leads nowhere."""
    if name is None:
        return
    place = folder / name
    if place.exists():
        return
    if has_magic(name):
        anchor = Path(place.anchor) if place.is_absolute() else Path()
        pattern = str(place.relative_to(anchor)) if place.is_absolute() else str(place)
        if next(iter(anchor.glob(pattern)), None) is None:
            yield Problem(path, f"no file matches '{name}'", f"check the pattern; it is relative to {_shown(folder)}")
        return
    siblings = [entry.name for entry in islice(place.parent.iterdir(), 2000)] if place.parent.is_dir() else []
    hint = nearest(place.name, siblings)
    fix = hint if hint.startswith("did you mean") else f"check the path; it is relative to {_shown(folder)}"
    yield Problem(path, f"the file '{name}' does not exist", fix)


def _shown(folder: Path) -> str:
    return f"'{folder}'" if str(folder) != "." else "the folder of the study"
