"""Products: thickness of supply and demand, concentration, and how sticky their relations are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from sinos.measures.exact import attach, concentration, rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

PRODUCT = ["product", "year"]


def supplier_products(products: ir.Table) -> ir.Table:
    """Sum relation-products over buyers: value, shipments and buyers of each supplier, product and year."""
    return products.group_by(["supplier", *PRODUCT]).aggregate(
        value=products.value.sum(), shipments=products.shipments.sum(), buyers=rows()
    )


def product_years(supplier_products: ir.Table, buyer_products: ir.Table) -> ir.Table:
    """Return both sides of each product's market: value, suppliers, buyers and the concentration of each side."""
    supply = supplier_products.group_by(PRODUCT).aggregate(
        value=supplier_products.value.sum(), suppliers=rows(), hhi_suppliers=concentration(supplier_products.value)
    )
    demand = buyer_products.group_by(PRODUCT).aggregate(buyers=rows(), hhi_buyers=concentration(buyer_products.value))
    return attach(supply, demand, PRODUCT)


def product_spells(products: ir.Table, years: ir.Table) -> ir.Table:
    """Return, per product, the exposure and the endings of its supplier-buyer-product spells.

    A spell is a run of years in which the supplier sells the product to the buyer. A spell whose first year follows a
    year
    that is not fully covered may have begun earlier and is dropped. Each year of a spell that is followed by a fully
    covered
    year is one year of exposure; the spell ends when that year brings no trade. A spell that reaches the last covered
    year, or a year that is not disclosed, is censored: its years count, its end does not.

    Returns
    -------
    Table
        ``product``, ``exposure``, ``endings``.
    """
    pair = ["supplier", "buyer", "product"]
    table = products.select(*pair, "year")
    order = ibis.window(group_by=pair, order_by="year")
    table = table.mutate(position=ibis.row_number().over(order))
    table = table.mutate(run=table.year - table.position)
    spells = table.group_by([*pair, "run"]).aggregate(start=table.year.min(), end=table.year.max())
    starts = years.select(start="year", previous_full=years.previous_full)
    ends = years.select(end="year", next_full=years.next_full)
    spells = attach(attach(spells, starts, ["start"]), ends, ["end"])
    known = spells.filter(spells.previous_full == 1)
    return known.group_by("product").aggregate(
        exposure=(known.end - known.start + known.next_full).cast("float64").sum(),
        endings=known.next_full.cast("float64").sum(),
    )
