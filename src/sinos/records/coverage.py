"""Coverage as data: a year that was not disclosed is unknown, not zero."""

from __future__ import annotations

import polars as pl

from sinos.errors import StudyError
from sinos.study.model import Coverage

SCHEMA = {"year": pl.Int64, "status": pl.String, "months": pl.Int64, "side": pl.String, "reporter": pl.String}
FILE, EVERYONE = "file", "*"
MONTHS = 12


def coverage_table(first: int, last: int, declared: Coverage, side: pl.DataFrame) -> pl.DataFrame:
    """Return the status of every year, for the whole file and for each reporter of the coverage table.

    Parameters
    ----------
    first, last
        First and last year with a usable transaction.
    declared
        Coverage section of the study; its first and last year replace those of the records.
    side
        Coverage table of the contract: a reporter's years that it does not list are unknown. Rows without reporter (or
        with ``*``) are about the whole file.

    Returns
    -------
    polars.DataFrame
        ``year``, ``status`` (full, partial, unknown), ``months`` covered (12, fewer, 0), ``side`` (file, supplier,
        buyer) and ``reporter`` (``*`` for the file). Rows of the file come first, then by side, reporter and year.

    Raises
    ------
    StudyError
        If the declared years contradict each other or the records.
    """
    start = declared.first_year if declared.first_year is not None else first
    end = declared.last_year if declared.last_year is not None else last
    _check(first, last, start, end, declared)
    every = pl.col("reporter").is_null() | (pl.col("reporter") == EVERYONE) | pl.col("side").eq_missing(FILE)
    months = _months(side.filter(every)) or dict.fromkeys(range(start, end + 1), MONTHS)
    months.update({year: min(number, MONTHS) for year, number in declared.partial_years.items()})
    months.update(dict.fromkeys(declared.missing_years, 0))
    rows = _rows(start, end, months, FILE, EVERYONE)
    own = side.filter(~every).with_columns(pl.col("side").fill_null("buyer"))
    for (kind, reporter), part in sorted(own.group_by("side", "reporter"), key=lambda item: str(item[0])):
        rows += _rows(start, end, _months(part), str(kind), str(reporter))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _months(part: pl.DataFrame) -> dict[int, int]:
    cells = part.select("year", pl.col("months").fill_null(MONTHS)).iter_rows()
    return {int(year): min(int(number), MONTHS) for year, number in cells}


def _rows(start: int, end: int, months: dict[int, int], side: str, reporter: str) -> list[tuple[object, ...]]:
    return [
        (year, status(months.get(year, 0)), max(months.get(year, 0), 0), side, reporter)
        for year in range(start, end + 1)
    ]


def status(months: int) -> str:
    """Return the status of a year by its months covered.

    Examples
    --------
    >>> status(12), status(7), status(0)
    ('full', 'partial', 'unknown')
    """
    return "unknown" if months <= 0 else "full" if months >= MONTHS else "partial"


def _check(first: int, last: int, start: int, end: int, declared: Coverage) -> None:
    where = "coverage"
    if start > end:
        raise StudyError(
            f"the first year {start} is after the last year {end}", where=where, fix="correct first_year and last_year"
        )
    if start > first or end < last:
        raise StudyError(
            f"the records run from {first} to {last}, outside of the declared {start} to {end}", where=where,
            fix="widen first_year and last_year, or filter the other years with a repair",
        )  # fmt: skip
    outside = [year for year in (*declared.missing_years, *declared.partial_years) if not start <= year <= end]
    if outside:
        raise StudyError(
            f"the year {outside[0]} is not between {start} and {end}", where=where,
            fix="correct missing_years and partial_years, or widen first_year and last_year",
        )  # fmt: skip
    both = sorted(set(declared.missing_years) & set(declared.partial_years))
    if both:
        raise StudyError(
            f"the year {both[0]} is declared both missing and partial", where=where, fix="remove it from one of them"
        )
    wrong = [year for year, months in declared.partial_years.items() if not 1 <= months < MONTHS]
    if wrong:
        raise StudyError(
            f"the year {wrong[0]} is partial with {declared.partial_years[wrong[0]]} months", where=where,
            fix="write 1 to 11 months, or list the year in missing_years",
        )  # fmt: skip
