"""Regularity: how closely the months of a relation's trade follow the season of its products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from sinos.measures.base import CELL
from sinos.measures.exact import attach, ratio

if TYPE_CHECKING:
    import ibis.expr.types as ir

RELATION = ["supplier", "buyer", "year"]


def product_months(months: ir.Table) -> ir.Table:
    """Return the seasonal profile of each product-year: value by month, and the year's value."""
    by_month = months.group_by(["product", "year", "month"]).aggregate(month_value=months.value.sum())
    by_year = by_month.group_by(["product", "year"]).aggregate(year_value=by_month.month_value.sum())
    return attach(by_month, by_year, ["product", "year"], inner=True)


def dated_cells(months: ir.Table) -> ir.Table:
    """Return the value of each cell that falls in recorded months, as ``cell_value``."""
    return months.group_by(list(CELL)).aggregate(cell_value=months.value.sum())


def relation_months(months: ir.Table, own: ir.Table, season: ir.Table) -> ir.Table:
    """Return the value of each relation-year that falls in season.

    For a cell with value v and months v_m, whose product is otherwise traded at V - v with months V_m - v_m, the value
    in season is the sum over months of min(v_m, v (V_m - v_m) / (V - v)): v times one minus the total variation
    distance between the two profiles. Months without trade contribute nothing, so only active months are read.

    Parameters
    ----------
    months
        :func:`~sinos.measures.base.month_values`.
    own
        :func:`dated_cells`, or the cells themselves where every record has a month.
    season
        :func:`product_months`.

    Returns
    -------
    Table
        Key supplier, buyer, year; ``in_season`` and ``comparable`` (value of cells whose product others trade too),
        both in grid units.
    """
    table = attach(months, own, CELL, inner=True)
    table = attach(table, season, ["product", "year", "month"], inner=True)
    others = table.year_value - table.cell_value
    expected = table.cell_value * ratio(table.month_value - table.value, others)
    comparable = others > 0
    table = table.mutate(
        in_season=ibis.cases((comparable, ibis.least(table.value, expected).round().cast("float64")), else_=0.0),
        comparable=ibis.cases((comparable, table.value), else_=0.0),
    )
    return table.group_by(RELATION).aggregate(in_season=table.in_season.sum(), comparable=table.comparable.sum())
