"""Coverage: what the absence of a record in a year means. A year that was not disclosed is unknown, not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HORIZON = 5
"""Years after a loss during which a supplier is followed."""

FILE = ("file", "*", "")


def statuses(coverage: pl.DataFrame, first: int, last: int) -> dict[int, str]:
    """Return the status of the file in every year from the first to the last covered one.

    Years between them that the coverage table does not list are unknown; without a coverage table every year is full.

    Examples
    --------
    >>> statuses(pl.DataFrame({"year": [2001, 2003], "status": ["full", "partial"]}), 2001, 2003)
    {2001: 'full', 2002: 'unknown', 2003: 'partial'}
    """
    rows = _of_file(coverage)
    if rows.is_empty():
        years = coverage["year"].to_list() if "year" in coverage.columns else []
        return dict.fromkeys(range(min([first, *years]), max([last, *years]) + 1), "full")
    known = dict(zip(rows["year"].to_list(), rows["status"].to_list(), strict=True))
    span = range(min([*known, first]), max([*known, last]) + 1)
    return {year: str(known.get(year) or "unknown") for year in span}


def year_table(status: Mapping[int, str]) -> pl.DataFrame:
    """Return what each year's neighbours allow one to conclude.

    Parameters
    ----------
    status
        ``full``, ``partial`` or ``unknown`` by year, for consecutive years.

    Returns
    -------
    polars.DataFrame
        ``year``, ``status``; ``previous_full`` (absence in the year before is evidence of absence), ``later_full``
        (some later
        year is full), ``earlier`` (some earlier year is covered), ``covered_index`` (covered years up to this one),
        ``run`` (consecutive full
        years that follow, at most :data:`HORIZON`).
    """
    years = sorted(status)
    full = [status[year] == "full" for year in years]
    covered = [status[year] != "unknown" for year in years]
    frame = {
        "year": years,
        "status": [status[year] for year in years],
        "previous_full": [int(position > 0 and full[position - 1]) for position in range(len(years))],
        "next_full": [int(any(full[position + 1 : position + 2])) for position in range(len(years))],
        "later_full": [int(any(full[position + 1 :])) for position in range(len(years))],
        "earlier": [int(any(covered[:position])) for position in range(len(years))],
        "covered_index": [sum(covered[: position + 1]) for position in range(len(years))],
        "run": [_run(full[position + 1 : position + 1 + HORIZON]) for position in range(len(years))],
    }
    schema = dict.fromkeys(frame, pl.Int32) | {"status": pl.String}
    return pl.DataFrame(frame, schema=schema)


def reporter_table(coverage: pl.DataFrame, side: str, status: Mapping[int, str]) -> pl.DataFrame:
    """Return :func:`year_table` for every reporter of one side that the coverage table lists.

    A reporter that is listed at all has disclosed only the years listed for it; a year is full only if the file's is.

    Returns
    -------
    polars.DataFrame
        ``name`` and the columns of :func:`year_table`; empty when no reporter of that side is listed.
    """
    schema = {"name": pl.String} | dict(year_table({}).schema)
    if not {"side", "reporter"} <= set(coverage.columns):
        return pl.DataFrame(schema=schema)
    listed = coverage.filter((pl.col("side") == side) & pl.col("reporter").is_not_null() & (pl.col("reporter") != "*"))
    tables = []
    for (name,), rows in listed.sort("reporter", "year").group_by(["reporter"], maintain_order=True):
        own = dict(zip(rows["year"].to_list(), rows["status"].to_list(), strict=True))
        joint = {year: _worse(file, own.get(year) or "unknown") for year, file in status.items()}
        tables.append(year_table(joint).select(pl.lit(str(name)).alias("name"), pl.all()))
    return pl.concat(tables) if tables else pl.DataFrame(schema=schema)


def _of_file(coverage: pl.DataFrame) -> pl.DataFrame:
    if "status" not in coverage.columns:
        return coverage.clear()
    rows = coverage
    if "side" in rows.columns:
        rows = rows.filter(pl.col("side").is_null() | pl.col("side").is_in(FILE))
    if "reporter" in rows.columns:
        rows = rows.filter(pl.col("reporter").is_null() | pl.col("reporter").is_in(FILE))
    return rows


def _worse(one: str, other: str) -> str:
    order = ("full", "partial", "unknown")
    return max(one, other, key=order.index)


def _run(full: Sequence[bool]) -> int:
    return next((position for position, value in enumerate(full) if not value), len(full))
