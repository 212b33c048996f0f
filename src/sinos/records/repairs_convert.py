"""Repair: convert value to one currency, or quantity to one unit, by factors that the user gives."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from itertools import chain

from sinos.engine import quoted
from sinos.errors import RecordsError, StudyError, nearest
from sinos.records.repairs_columns import RAW, Scene, blank, text
from sinos.records.repairs_values import DATE_FORMATS, Outcome
from sinos.records.store import literal
from sinos.study.model import Convert

CONVERTED = {"currency": ("currency", "value"), "units": ("quantity_unit", "quantity")}
"""What is converted -> the column that names it, the column that holds the amount."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor: amounts in ``source`` times ``factor`` are amounts in the target; for one year or all (None)."""

    source: str
    factor: float
    year: int | None = None


def check_convert(repair: Convert, scene: Scene, where: str) -> None:
    """Validate columns and factors of a conversion."""
    for column in CONVERTED[repair.convert]:
        scene.column(column, where=where)
    factors = factors_of(repair, scene, where)
    if any(factor.year is not None for factor in factors) and not {"year", "date"} & set(scene.columns()):
        raise StudyError(
            "the factors differ by year, but the transactions have neither year nor date",
            where=where,
            fix="map 'year' or 'date', or give one factor for all years",
        )


def factors_of(repair: Convert, scene: Scene, where: str) -> tuple[Factor, ...]:
    """Return the factors of a conversion, those written in the study first.

    Raises
    ------
    StudyError
        If no factor is given, the file cannot be read, or a factor is not a positive number.
    """
    given = [Factor(source, factor) for source, factor in repair.factors.items()]
    factors = tuple(chain(given, _factors_in_file(repair.file, scene, where) if repair.file else ()))
    if not factors:
        raise StudyError("no factors are given", where=where, fix="write factors: {FROM: number}, or file: a CSV")
    for factor in factors:
        if not (math.isfinite(factor.factor) and factor.factor > 0):
            raise StudyError(
                f"the factor of '{factor.source}' is {factor.factor:g}", where=where, fix="give a positive number"
            )
    seen: set[tuple[str, int | None]] = set()
    for factor in factors:
        key = (factor.source.upper(), factor.year)
        if key in seen:
            raise StudyError(
                f"'{factor.source}' has two factors" + (f" for {factor.year}" if factor.year else ""),
                where=where,
                fix="keep one of them",
            )
        seen.add(key)
    return factors


def _factors_in_file(name: str, scene: Scene, where: str) -> list[Factor]:
    path = scene.path(name)
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the factors' file '{name}' cannot be read ({error})",
            where=where,
            fix="give a UTF-8 CSV with the columns from, factor and optionally year, relative to the study file",
        ) from error
    if not rows or not {"from", "factor"} <= set(rows[0]):
        raise StudyError(
            f"the factors' file '{name}' lacks rows or the columns from and factor",
            where=where,
            fix="give a CSV with the header from,factor or from,factor,year",
        )
    factors = []
    for line, row in enumerate(rows, start=2):
        try:
            year = int(row["year"]) if row.get("year") else None
            factors.append(Factor(row["from"].strip(), float(row["factor"]), year))
        except (ValueError, TypeError, AttributeError) as error:
            raise StudyError(
                f"'{row['factor']}' for '{row['from']}' is not a factor",
                where=f"{name}, line {line}",
                fix="write a number, and a whole number as year",
            ) from error
    return factors


def apply_convert(repair: Convert, scene: Scene, where: str) -> Outcome:
    """Multiply the amounts and write the target's name in every converted row.

    Raises
    ------
    RecordsError
        If rows that hold an amount are in a currency or unit (or year) without a factor.
    """
    unit, amount = CONVERTED[repair.convert]
    factors = factors_of(repair, scene, where)
    factor = _factor_sql(repair, scene, unit, factors)
    number = scene.number(amount)
    _refuse_unknown(repair, scene, unit, factor, factors, where)
    rows = scene.count(f"({factor}) <> 1 AND {number} IS NOT NULL")
    new_amount = f"CASE WHEN {number} IS NULL THEN {text(amount)} ELSE CAST({number} * ({factor}) AS VARCHAR) END"
    new_unit = f"CASE WHEN {blank(unit)} THEN {text(unit)} ELSE {literal(repair.to)} END"
    scene.rewrite(
        f"SELECT * REPLACE ({new_amount} AS {quoted(amount)}, {new_unit} AS {quoted(unit)}) FROM {quoted(RAW)}"
    )
    scene.plain.add(amount)
    said = ", ".join(sorted({item.source for item in factors}))
    return Outcome(f"convert {amount} to {repair.to}", rows, f"factors given for {said}")


def _factor_sql(repair: Convert, scene: Scene, unit: str, factors: tuple[Factor, ...]) -> str:
    """Return SQL of the factor of a row; NULL where none is known. A factor of the year goes before one for all."""
    name = f"upper(trim({text(unit)}))"
    year = _year_sql(scene)
    ordered = sorted(factors, key=lambda item: (item.year is None, item.source, item.year or 0))
    cases = [f"WHEN {name} = {literal(repair.to.upper())} THEN 1.0"]
    for item in ordered:
        when = f"{name} = {literal(item.source.upper())}"
        when += f" AND {year} = {item.year}" if item.year is not None else ""
        cases.append(f"WHEN {when} THEN CAST({item.factor!r} AS DOUBLE)")
    return f"CASE {' '.join(cases)} END"


def _year_sql(scene: Scene) -> str:
    columns = scene.columns()
    if "year" in columns:
        return f"TRY_CAST(TRY_CAST({text('year')} AS DOUBLE) AS INTEGER)"
    if "date" in columns:
        given = scene.study.tables.transactions.date_format
        formats = (given,) if isinstance(given, str) else (given or ())
        listed = ", ".join(literal(form) for form in (*formats, *DATE_FORMATS))
        return f"year(try_strptime(trim({text('date')}), [{listed}]))"
    return "NULL"


def _refuse_unknown(
    repair: Convert, scene: Scene, unit: str, factor: str, factors: tuple[Factor, ...], where: str
) -> None:
    amount = CONVERTED[repair.convert][1]
    without = f"({factor}) IS NULL AND NOT ({blank(amount)})"
    unknown = scene.count(without)
    if not unknown:
        return
    cell = f"coalesce(nullif(trim({text(unit)}), ''), '(blank)')"
    names = scene.engine.connection.execute(
        f"SELECT {cell} AS name, count(*) FROM {quoted(RAW)} WHERE {without} GROUP BY 1 ORDER BY 1 LIMIT 5"
    ).fetchall()
    listed = ", ".join(f"'{name}' ({rows:,})" for name, rows in names)
    near = nearest(names[0][0], [item.source for item in factors])
    raise RecordsError(
        f"no factor is given for {listed}",
        where=f"{where}, column {unit}",
        rows=unknown,
        fix=f"add a factor for every {unit} (and year), or drop these rows by a filter before this repair; {near}",
    )
