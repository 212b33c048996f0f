"""Unit values: levels, relative to the market, and their dispersion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from sinos.measures.base import CELL
from sinos.measures.exact import attach, log, ratio, rows, weighted

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from sinos.measures.base import Scan

MARKET = ["product", "destination", "year"]


def unit_value(quantity_value: ir.Value, quantity: ir.Value, found: Scan) -> ir.Value:
    """Return value per unit of quantity from sums on their grids; null without quantity or value."""
    return ratio(quantity_value.nullif(0) / found.value_scale, quantity / found.quantity_scale)


def supplier_products(cells: ir.Table, found: Scan) -> ir.Table:
    """Sum cells over buyers: one row per supplier, product, destination and year, on the grids, with its unit value."""
    sums: dict[str, Any] = {"value": cells.value.sum(), "shipments": cells.shipments.sum(), "buyers": rows()}
    if found.quantity:
        sums |= {"quantity": cells.quantity.sum(), "quantity_value": cells.quantity_value.sum()}
    table = cells.group_by(["supplier", *MARKET]).aggregate(**sums)
    if found.quantity:
        return table.mutate(unit_value=unit_value(table.quantity_value, table.quantity, found))
    return table.mutate(quantity=0.0, quantity_value=0.0, unit_value=ibis.null("float64"))


def markets(products: ir.Table) -> ir.Table:
    """Return the median unit value over suppliers of each product, destination and year with at least two of them.

    Parameters
    ----------
    products
        :func:`supplier_products`.
    """
    priced = products.filter(products.unit_value.notnull())
    table = priced.group_by(MARKET).aggregate(median=priced.unit_value.median(), priced=priced.unit_value.count())
    return table.filter(table.priced >= 2).drop("priced")


def relative_unit_values(cells: ir.Table, market: ir.Table, found: Scan) -> ir.Table:
    """Return each relation-year's unit value relative to its markets.

    The value-weighted geometric mean over products and destinations of the relation's unit value over the market's
    median; cells whose market has one supplier only are left out.
    """
    table = attach(cells.select(*CELL, "quantity", "quantity_value"), market, MARKET, inner=True)
    table = table.mutate(relative=log(unit_value(table.quantity_value, table.quantity, found)) - log(table.median))
    known = table.filter(table.relative.notnull())
    mean = ratio(weighted(known.quantity_value, known.relative), known.quantity_value.sum())
    return known.group_by(["supplier", "buyer", "year"]).aggregate(relative_unit_value=mean.exp())


def product_prices(products: ir.Table) -> ir.Table:
    """Return per product-year the median unit value over supplier-destinations and the dispersion across suppliers.

    Dispersion is the standard deviation of log unit values net of destination means, with as many degrees of freedom
    as there are supplier-destinations beyond the first in each destination; null where there are none.
    """
    key = ["product", "year"]
    priced = products.filter(products.unit_value.notnull())
    priced = priced.select("supplier", *MARKET, "unit_value", fine=(log(priced.unit_value) * 1e6).round().cast("int64"))
    level = priced.group_by(key).aggregate(unit_value_median=priced.unit_value.median())
    place = priced.group_by(MARKET).aggregate(
        count=priced.fine.count().cast("float64"),
        total=priced.fine.sum().cast("float64"),
        squares=(priced.fine * priced.fine).cast("decimal(20,0)").sum().cast("float64"),
    )
    around = ibis.greatest(place.squares - place.total * place.total / place["count"], 0.0).round()
    place = place.select(*key, around=around.cast("decimal(20,0)"), freedom=place["count"] - 1.0)
    spread = place.group_by(key).aggregate(around=place.around.sum().cast("float64"), freedom=place.freedom.sum())
    dispersion = ratio(spread.around, spread.freedom).sqrt() / 1e6
    return attach(level, spread.select(*key, price_dispersion=dispersion), key)
