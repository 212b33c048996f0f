"""Relation-years: who sold how much to whom, how each side depends on the other, and what the trade looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from sinos.measures.base import share_of_steps, whole
from sinos.measures.exact import any_bits, attach, column, largest, log, ratio, rows, weighted

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from sinos.measures.base import Scan

KEY = ["supplier", "buyer", "year"]

SUMMED = (
    "quantity",
    "with_quantity",
    "freedom",
    "term_value",
    "term_steps",
    "brand_value",
    "brand_own",
    "due",
    "on_time",
)
"""Optional columns that are summed as they are."""

EXCLUSIVE = 0.9
"""Share of the supplier's sales from which a relation is exclusive (science B2)."""


def relation_products(cells: ir.Table) -> ir.Table:
    """Sum cells over destinations: one row per supplier, buyer, product and year, with the range of destinations."""
    key = ["supplier", "buyer", "product", "year"]
    sums: dict[str, Any] = {
        name: whole(cells[name]) if cells[name].type().is_integer() else cells[name].sum()
        for name in cells.columns
        if name not in (*key, "destination", "months")
    }
    if "months" in cells.columns:
        sums["months"] = any_bits(cells.months)
    return cells.group_by(key).aggregate(
        **sums, destination_low=cells.destination.min(), destination_high=cells.destination.max()
    )


def spread(table: ir.Table, found: Scan) -> dict[str, Any]:
    """Return the sum of squares of log unit values around the relation-product-year mean, and its degrees of freedom.

    Both are integers (the squares in units of the log grid), so that they can be summed further in any order.
    """
    if not found.quantity:
        return {}
    around = table.log_squares - ratio(table.log_sum.cast("float64") * table.log_sum, table.priced)
    return {
        "around": ibis.greatest(around, 0.0).round().cast("int64"),
        "freedom": ibis.greatest(table.priced - 1.0, 0.0),
    }


def dispersion(around: ir.Value, freedom: ir.Value, found: Scan) -> ir.Value:
    """Return the standard deviation (log points) from a sum of squares on the log grid and degrees of freedom."""
    return ratio(around.cast("float64"), freedom).sqrt() / found.log_scale


def relation_years(
    products: ir.Table, buyer_products: ir.Table, supplier_products: ir.Table | None, found: Scan
) -> ir.Table:
    """Sum relation-products to relation-years.

    Parameters
    ----------
    products
        :func:`relation_products`.
    buyer_products, supplier_products
        With ``value`` and (supplier side) ``buyers``: the denominators of buyer dependence and of customisation.
        Without the supplier side what is sold to no one else is left out.
    """
    bought = buyer_products.select("buyer", "product", "year", bought=buyer_products.value)
    table = attach(products, bought, ["buyer", "product", "year"], inner=True)
    if supplier_products is not None:
        sold = supplier_products.select("supplier", "product", "year", product_buyers=supplier_products.buyers)
        table = attach(table, sold, ["supplier", "product", "year"], inner=True)
    table = table.mutate(**spread(table, found))
    sums: dict[str, Any] = {
        "value": table.value.sum(),
        "shipments": table.shipments.sum(),
        "products": rows(),
        "main_product": largest(table.value, table["product"]),
        "bought": weighted(table.value, ratio(table.value, table.bought).fill_null(0.0)),
        "destination_low": table.destination_low.min(),
        "destination_high": table.destination_high.max(),
    }
    if supplier_products is not None:
        sums["only_here"] = table.value.sum(where=table.product_buyers == 1).fill_null(0.0)
    if "months" in table.columns:
        sums["months"] = any_bits(table.months)
    for name in SUMMED:
        if name in table.columns:
            sums[name] = table[name].sum()
    if found.quantity:
        sums["around"] = whole(table.around).cast("float64")
    return table.group_by(KEY).aggregate(**sums)


def main_destinations(cells: ir.Table, relations: ir.Table) -> ir.Table:
    """Return the main destination of the relation-years that have several; the others need no second sum."""
    several = relations.filter(relations.destination_low < relations.destination_high).select(*KEY)
    here = cells.semi_join(several, KEY)
    sums = here.group_by([*KEY, "destination"]).aggregate(value=here.value.sum())
    known = sums.filter(sums.destination >= 0)
    return known.group_by(KEY).aggregate(destination=largest(known.value, known.destination))


def with_destination(relations: ir.Table, several: ir.Table) -> ir.Table:
    """Give every relation-year its main destination; null where none is recorded."""
    table = attach(relations, several, KEY)
    only = table.destination_low == table.destination_high
    chosen = ibis.cases((only, table.destination_low), else_=table.destination)
    return table.mutate(destination=chosen.nullif(-1)).drop("destination_low", "destination_high")


def described(table: ir.Table, found: Scan) -> dict[str, Any]:
    """Return the measures of a relation-year that need nothing but its own sums.

    Quantities of several products need not have one unit, so quantity is given for relations of one product only.
    """
    complete = (table.products == 1) & (column(table, "with_quantity") == table.shipments)
    quantity = column(table, "quantity") / found.quantity_scale
    nothing = ibis.null("float64")
    return {
        "quantity": ibis.cases((complete, quantity.nullif(0)), else_=None) if found.quantity else nothing,
        "unit_value_dispersion": dispersion(table.around, table.freedom, found) if found.quantity else nothing,
        "logistics_share": share_of_steps(table),
        "own_brand_recorded": ratio(table.brand_own, table.brand_value) if found.brand_owner else nothing,
        "on_time_recorded": ratio(table.on_time, table.due) if found.on_time else nothing,
    }


def power(supplier_dependence: ir.Value, buyer_dependence: ir.Value) -> ir.Value:
    """Return relative power: the supplier's dependence less the buyer's over their sum (-1 to 1).

    Positive values mean that the supplier depends more (the buyer holds power).
    """
    return ratio(supplier_dependence - buyer_dependence, supplier_dependence + buyer_dependence)


def net_log(value: ir.Value, reference: ir.Value) -> ir.Value:
    """Return the log of a positive ratio, null where either is missing or zero."""
    return log(value) - log(reference)
