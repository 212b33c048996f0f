"""What is read from the records: cells and their months, as sums on exact grids. All else is computed from these."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from sinos.errors import MeasureError
from sinos.measures.exact import any_bits, rows
from sinos.measures.incoterms import STEPS, steps

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from sinos.engine import Engine

CELL = ("supplier", "buyer", "product", "destination", "year")
"""Key of a cell: what one supplier sold one buyer of one product to one destination in one year."""

NOWHERE = -1
"""Code of a destination that is not recorded."""

GRID = 2.0**49
"""No sum of values exceeds this many grid units, nor their sum times eight, 2^53 (so doubles add exactly)."""

PARTS = 2.0**20


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look at the columns tells: which are there, and the grids on which their sums are exact.

    Attributes
    ----------
    rows
        Number of transactions.
    first_year, last_year
        Years of the first and last transaction.
    value_scale, quantity_scale
        Grid units per unit of value and of quantity: powers of ten. A value is rounded to the nearest grid unit, and
        a positive one never to zero.
    log_centre, log_scale
        Log unit values are measured from the centre and rounded to ``1 / log_scale``, so that their squares sum
        exactly in 64 bits.
    quantity, month, destination, incoterm, brand_owner, on_time
        Whether any transaction has that column.
    undated
        Whether any transaction lacks a month.
    value_least, quantity_least
        The smallest positive value and quantity; none where there is none.
    """

    rows: int
    first_year: int
    last_year: int
    value_scale: float
    quantity_scale: float
    log_centre: float
    log_scale: float
    quantity: bool
    month: bool
    undated: bool
    destination: bool
    incoterm: bool
    brand_owner: bool
    on_time: bool
    value_least: float | None = None
    quantity_least: float | None = None


def scan(engine: Engine, transactions: ir.Table) -> Scan:
    """Look at the columns of the transactions and choose the grids.

    Raises
    ------
    MeasureError
        If there are no transactions.
    """
    facts = engine.collect(_facts(transactions)).row(0, named=True)
    if not facts["rows"]:
        raise MeasureError(
            "there are no transactions to measure", where="transactions", fix="check the filters and repairs"
        )
    totals = engine.collect(_totals(transactions, facts)).row(0, named=True)
    for name in ("value", "quantity"):
        _refuse_endless(name, facts[f"{name}_max"], totals[name])
    centre, scale = _log_grid(facts)
    return Scan(
        rows=int(facts["rows"]),
        first_year=int(facts["first_year"]),
        last_year=int(facts["last_year"]),
        value_scale=grid_scale(facts["value_max"], totals["value"], facts["rows"]),
        quantity_scale=grid_scale(facts["quantity_max"], totals["quantity"], facts["rows"]),
        log_centre=centre,
        log_scale=scale,
        quantity=facts["quantity"] > 0,
        month=facts["month"] > 0,
        undated=facts["month"] < facts["rows"],
        destination=facts["destination"] > 0,
        incoterm=facts["incoterm"] > 0,
        brand_owner=facts["brand_owner"] > 0,
        on_time=facts["on_time"] > 0,
        value_least=facts["value_least"],
        quantity_least=facts["quantity_least"],
    )


def _refuse_endless(name: str, largest: float | None, parts: float | None) -> None:
    if largest and parts and not math.isfinite(parts * (largest / PARTS)):
        raise MeasureError(
            f"the sum of {name} is larger than any number that can be held; the largest is {largest:g}",
            where=f"transactions.{name}",
            fix=f"correct it, or leave it out: repairs: [{{filter: {{column: {name}, at_most: 1e15}}}}]",
        )


def grid_scale(largest: float | None, parts: float | None, count: int) -> float:
    """Return the power of ten by which numbers are multiplied before they are rounded to integers.

    Parameters
    ----------
    largest
        The largest number; ``None`` or zero when there is none.
    parts
        Sum over the numbers of the number in units of ``largest / 2^20``, rounded up: a bound on their sum
        that is an integer and hence the same in whatever order it was taken.
    count
        How many numbers there are.

    Examples
    --------
    >>> grid_scale(100.0, 3 * 2.0**20, 3)  # three numbers of 100 each: twelve decimals are exact
    1000000000000.0
    """
    if not largest or not parts:
        return 1.0
    bound = parts * (largest / PARTS)
    power = math.floor(math.log10(max(GRID - count, 1.0) / bound))
    return float(10.0 ** min(power, 12 if bound >= 1 else 300))


def _facts(table: ir.Table) -> ir.Table:
    priced = (table.quantity > 0) & (table.value > 0)
    facts: dict[str, Any] = {
        "rows": table.count(),
        "first_year": table.year.min(),
        "last_year": table.year.max(),
        "value_max": table.value.max(),
        "quantity_max": table.quantity.max(),
        "value_least": table.value.min(where=table.value > 0),
        "quantity_least": table.quantity.min(where=table.quantity > 0),
        "value_high": table.value.max(where=priced),
        "value_low": table.value.min(where=priced),
        "quantity_high": table.quantity.max(where=priced),
        "quantity_low": table.quantity.min(where=priced),
    }
    for name in ("quantity", "month", "destination", "incoterm", "brand_owner", "on_time"):
        facts[name] = table[name].count() if name in table.columns else ibis.literal(0)
    return table.aggregate(**facts)


def _totals(table: ir.Table, facts: dict[str, Any]) -> ir.Table:
    def bound(name: str) -> ir.Value:
        unit = (facts[f"{name}_max"] or 0.0) / PARTS
        return (table[name] / (unit or 1.0)).ceil().sum().cast("float64")

    return table.aggregate(value=bound("value"), quantity=bound("quantity"))


def _log_grid(facts: dict[str, Any]) -> tuple[float, float]:
    if not facts["value_high"]:
        return 0.0, 1.0
    high = math.log(facts["value_high"]) - math.log(facts["quantity_low"])
    low = math.log(facts["value_low"]) - math.log(facts["quantity_high"])
    reach = max((high - low) / 2.0, 1e-3)
    power = math.floor(math.log10(math.sqrt(2.0**61 / facts["rows"]) / reach))
    return round((high + low) / 2.0, 3), float(10.0 ** min(power, 9))


def cell_sums(transactions: ir.Table, found: Scan) -> ir.Table:
    """Sum the transactions by supplier, buyer, product, destination and year.

    Destinations that are not recorded are :data:`NOWHERE`. Optional columns are computed only where the records have
    them.

    Returns
    -------
    Table
        Key :data:`CELL`; ``value``, ``shipments``; with quantities: ``quantity``, ``quantity_value`` (value of the
        records that have one), ``with_quantity``, ``priced``, ``log_sum``, ``log_squares``; with months ``months``
        (those with trade, as bits); with Incoterms ``term_value``, ``term_steps``; with brand owners ``brand_value``,
        ``brand_own``; with due dates ``due``, ``on_time``.
    """
    table = transactions.select(
        **_key(transactions),
        value=on_grid(transactions.value, found.value_scale),
        **_optional(transactions, found),
    )
    sums: dict[str, Any] = {"value": table.value.sum(), "shipments": rows()}
    if found.quantity:
        sums |= {
            "quantity": table.quantity.sum().fill_null(0.0),
            "quantity_value": table.value.sum(where=table.quantity.notnull()).fill_null(0.0),
            "with_quantity": table.quantity.count().cast("float64"),
            "priced": table.log_unit.count().cast("float64"),
            "log_sum": whole(table.log_unit),
            "log_squares": whole(table.log_unit * table.log_unit),
        }
    if found.month:
        sums["months"] = any_bits(table.months)
    if found.incoterm:
        sums["term_value"] = table.value.sum(where=table.term_steps.notnull()).fill_null(0.0)
        sums["term_steps"] = (table.value * table.term_steps).sum().fill_null(0.0)
    if found.brand_owner:
        sums["brand_value"] = table.value.sum(where=table.brand_owner.notnull()).fill_null(0.0)
        sums["brand_own"] = table.value.sum(where=table.brand_owner == table.supplier).fill_null(0.0)
    if found.on_time:
        sums["due"] = table.on_time.count().cast("float64")
        sums["on_time"] = table.on_time.cast("int64").sum().cast("float64").fill_null(0.0)
    return table.group_by(list(CELL)).aggregate(**sums)


def month_values(transactions: ir.Table, found: Scan) -> ir.Table:
    """Sum the value of the transactions that have a month by supplier, buyer, product, destination, year and month.

    A second, narrow look at the records: summing every column by month first and then over the months would hash the
    wide rows twice.
    """
    dated = transactions.filter(transactions.month > 0)
    table = dated.select(**_key(dated), month=dated.month.cast("int8"), value=on_grid(dated.value, found.value_scale))
    return table.group_by([*CELL, "month"]).aggregate(value=table.value.sum())


def _key(table: ir.Table) -> dict[str, ir.Value]:
    return {name: table[name] for name in CELL[:3]} | {
        "destination": table.destination.fill_null(NOWHERE).cast("int32"),
        "year": table.year.cast("int32"),
    }


def _optional(table: ir.Table, found: Scan) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if found.quantity:
        # A record of value zero has a quantity but no unit value.
        unit = ((log_or_null(table.value) - log_or_null(table.quantity)) - found.log_centre) * found.log_scale
        columns["quantity"] = on_grid(table.quantity.nullif(0), found.quantity_scale)
        columns["log_unit"] = unit.round()
    if found.month:
        bit = ibis.literal(1, "int32") << (table.month.cast("int32") - 1)
        columns["months"] = ibis.cases((table.month > 0, bit), else_=None).cast("int16")
    if found.incoterm:
        columns["term_steps"] = steps(table.incoterm)
    columns |= {name: table[name] for name in ("brand_owner", "on_time") if getattr(found, name)}
    return columns


def log_or_null(value: ir.Value) -> ir.Value:
    """Return the natural logarithm of a positive number and null otherwise."""
    return ibis.cases((value > 0, value.nullif(0)), else_=None).ln()


def on_grid(value: ir.Value, scale: float) -> ir.Value:
    """Put a number >= 0 on its grid: an integer held as a double; a positive number becomes at least one."""
    grid = ibis.greatest((value * scale).round(), 1)
    return ibis.cases((value > 0, grid), (value == 0, 0), else_=None).cast("float64")


def whole(value: ir.Value) -> ir.Value:
    """Sum integers exactly into 64 bits (the grid guarantees that they fit).

    DuckDB sums 64-bit integers into 128 bits, of which Ibis does not know. A cast to the type that Ibis expects would
    be left out; one to its variant without nulls is not.
    """
    return value.sum().fill_null(0).cast("!int64")


def share_of_steps(table: ir.Table) -> ir.Value:
    """Return the value-weighted share of the steps of the physical flow that the supplier performs."""
    if "term_steps" not in table.columns:
        return ibis.null("float64")
    return table.term_steps / (table.term_value * float(STEPS)).nullif(0)
