"""Checks of dates and of what the records cover."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from sinos.records.checks_base import RAW, CheckScene, Found, blank, check
from sinos.records.parsing import date_style

EARLIEST, LATEST = 1900, 2100
"""Years outside of these are taken for typing errors or placeholders."""

FAR_YEAR = (
    "(regexp_full_match(trim({0}), '[0-9][0-9./ :T-]*') AND regexp_matches(trim({0}),"
    " '(^|[^0-9])(0[0-9]{{3}}|1[0-4][0-9]{{2}}|2[3-9][0-9]{{2}}|[3-9][0-9]{{3}})([^0-9]|$)'))"
)
"""A text that is written like a date, in a year before 1500 or after 2299."""

FEW_MONTHS, FEW_ROWS = 0.75, 0.4
"""Shares of the usual months, and of the rows of neighbouring years, under which a year looks partial."""

ENOUGH = 24
"""Rows in a usual year from which months and drops mean something."""


@check("unparsable-date")
def unparsable_date(scene: CheckScene) -> Iterable[Found]:
    """Find filled date or year cells that give no date."""
    for column in ("date", "due_date", "year"):
        if column in scene.raw:
            yield from _unread(scene, column, f"NOT {FAR_YEAR.format('raw_' + column)}", "cannot be read")


@check("date-out-of-range")
def date_out_of_range(scene: CheckScene) -> Iterable[Found]:
    """Find dates in impossible years, such as 0001 or 9999."""
    for column in ("date", "year"):
        if column in scene.raw:
            yield from _unread(scene, column, FAR_YEAR.format("raw_" + column), "is in an impossible year")
    yield from scene.found(
        "year", f"year NOT BETWEEN {EARLIEST} AND {LATEST}", f"the year is not within {EARLIEST}-{LATEST}"
    )


def _unread(scene: CheckScene, column: str, condition: str, what: str) -> list[Found]:
    if scene.count(f"NOT ({blank(column)})", RAW) <= scene.count(f"{column} IS NOT NULL"):
        return []
    raw = f"raw_{column}"
    test = f"{column} IS NULL AND NOT ({blank(raw)}) AND {condition}"
    return scene.found(column, test, f"{column} {what}", example=raw, relation=scene.both(column))


@check("mixed-date-formats")
def mixed_date_formats(scene: CheckScene) -> Iterable[Found]:
    """Find columns whose dates are written in several ways that the study does not name."""
    source = scene.study.tables.transactions
    named = (source.date_format,) if isinstance(source.date_format, str) else source.date_format or ()
    for column in ("date", "due_date"):
        if column not in scene.raw:
            continue
        census = dict(date_style(scene.engine, RAW, column, named, "tables: transactions").census)
        census.pop("not a date", None)
        others = sorted(set(census) - set(named))
        if len(census) < 2 or not others:
            continue
        usual = max(sorted(census), key=lambda style: census[style])
        rows = sum(number for style, number in census.items() if style != usual)
        said = ", ".join(f"{style} ({census[style]:,})" for style in sorted(census))
        yield Found(
            column, rows, scene.total, f"{column} is written in {len(census)} ways: {said}", tuple(sorted(census))
        )


@check("year-not-of-date")
def year_not_of_date(scene: CheckScene) -> Iterable[Found]:
    """Find rows whose year column contradicts their date."""
    if {"date", "year"} <= scene.raw:
        other = "date IS NOT NULL AND TRY_CAST(trim(raw_year) AS DOUBLE) <> year(date)"
        yield from scene.found(
            "year", other, "year is not the year of date", example="raw_year", relation=scene.both("year")
        )


def _years(scene: CheckScene) -> dict[int, tuple[int, int]]:
    """Return for every year its rows and its distinct months (0 where months are not known)."""
    query = "SELECT year, count(*), count(DISTINCT month) FROM typed_transactions WHERE year IS NOT NULL GROUP BY year"
    listed = scene.rows(f"{query} ORDER BY year")
    return {int(str(year)): (int(str(rows)), int(str(months))) for year, rows, months in listed}


@check("partial-year")
def partial_year(scene: CheckScene) -> Iterable[Found]:
    """Find years with far fewer months, or rows, than usual, that the study does not declare partial."""
    years = _years(scene)
    declared = {*scene.study.coverage.partial_years, *scene.study.coverage.missing_years}
    if len(years) < 2 or median(rows for rows, _ in years.values()) < ENOUGH:
        return
    usual = max(months for _, months in years.values())
    for year, (rows, months) in years.items():
        if year in declared:
            continue
        near = [years[other][0] for other in (year - 1, year + 1) if other in years]
        few = 0 < months < FEW_MONTHS * usual and usual > 1
        drop = bool(near) and rows < FEW_ROWS * min(near)
        if few or drop:
            reasons = [f"{months} of {usual} months"] * few + [f"{rows:,} rows beside {min(near, default=0):,}"] * drop
            message = f"{year} looks partial: {'; '.join(reasons)}"
            yield Found("year", rows, scene.total, message, (str(year),), scene.row_numbers(f"year = {year}"))


@check("missing-years")
def missing_years(scene: CheckScene) -> Iterable[Found]:
    """Find years without rows between the first and the last that the study does not declare missing."""
    years = _years(scene)
    declared = set(scene.study.coverage.missing_years)
    gaps = [year for year in range(min(years, default=0), max(years, default=0)) if year not in years]
    gaps = [year for year in gaps if year not in declared]
    if gaps:
        message = f"no rows in {len(gaps)} years between {min(years)} and {max(years)}"
        shown = tuple(map(str, gaps[: scene.study.checks.examples]))
        yield Found("year", 0, scene.total, message, shown)


@check("outside-coverage")
def outside_coverage(scene: CheckScene) -> Iterable[Found]:
    """Find rows in years that the declared coverage excludes."""
    cover = scene.study.coverage
    tests = [f"year < {cover.first_year}"] if cover.first_year is not None else []
    tests += [f"year > {cover.last_year}"] if cover.last_year is not None else []
    if cover.missing_years:
        tests.append(f"year IN ({', '.join(map(str, cover.missing_years))})")
    if tests:
        yield from scene.found("year", f"({' OR '.join(tests)})", "the declared coverage excludes this year")
