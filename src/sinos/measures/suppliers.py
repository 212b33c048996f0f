"""Suppliers: concentration of sales, chains, outside options and the cost of losing the main buyer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from sinos.measures.exact import attach, column, concentration, entropy, largest, ratio, rows

if TYPE_CHECKING:
    import ibis.expr.types as ir

SUPPLIER = ["supplier", "year"]

CHAIN = 0.1
"""Share of sales from which a destination counts as a chain of its own."""


def supplier_sales(relations: ir.Table) -> ir.Table:
    """Sum relation-years to supplier-years, on the value grid."""
    table = relations.group_by(SUPPLIER).aggregate(
        value=relations.value.sum(),
        shipments=relations.shipments.sum(),
        buyers=rows(),
        main_buyer=largest(relations.value, relations.buyer),
        main_value=relations.value.max(),
        hhi_buyers=concentration(relations.value),
        **{
            name: relations[name].sum()
            for name in ("brand_value", "brand_own", "due", "on_time")
            if name in relations.columns
        },
    )
    return table.mutate(
        top1_share=ratio(table.main_value, table.value),
        effective_buyers=ratio(ibis.literal(1.0), table.hhi_buyers),
    )


def preexisting(relations: ir.Table, key: list[str]) -> ir.Table:
    """Return the share of value in relations that also traded earlier; null where no earlier year is covered.

    Parameters
    ----------
    relations
        Relation-years with ``first_year`` and ``earlier`` (see :func:`~sinos.measures.coverage.year_table`).
    """
    old = relations.value.sum(where=relations.first_year < relations.year).fill_null(0.0)
    share = ibis.cases((relations.earlier.max() == 1, ratio(old, relations.value.sum())), else_=None)
    return relations.group_by(key).aggregate(share_preexisting=share)


def supplier_mix(supplier_products: ir.Table) -> ir.Table:
    """Return number and entropy of the supplier's products."""
    return supplier_products.group_by(SUPPLIER).aggregate(
        products=rows(),
        product_entropy=entropy(supplier_products.value),
        main_product=largest(supplier_products.value, supplier_products["product"]),
    )


def supplier_places(markets: ir.Table) -> ir.Table:
    """Sum what each supplier sold to each recorded destination, from supplier-product-destination-years or cells."""
    here = markets.filter(markets.destination >= 0)
    return here.group_by([*SUPPLIER, "destination"]).aggregate(value=here.value.sum())


def supplier_destinations(place: ir.Table) -> ir.Table:
    """Return number and entropy of the supplier's destinations and the value of the largest, from the sums by place."""
    return place.group_by(SUPPLIER).aggregate(
        destinations=rows(), destination_entropy=entropy(place.value), first_value=place.value.max()
    )


def second_destination(place: ir.Table, largest_one: ir.Table) -> ir.Table:
    """Return the value of the second destination (equal to the first when two tie)."""
    joined = attach(place, largest_one.select(*SUPPLIER, "first_value"), SUPPLIER, inner=True)
    ties = (joined.value == joined.first_value).cast("int64").sum()
    below = joined.value.max(where=joined.value < joined.first_value)
    second = ibis.cases((ties > 1, joined.first_value.max()), else_=below)
    return joined.group_by(SUPPLIER).aggregate(second_value=second)


def multi_chain(table: ir.Table, domestic: ir.Value) -> ir.Value:
    """Return 1 when two destinations, or home and one abroad, each take at least a tenth of all known sales.

    Parameters
    ----------
    table
        Supplier-years with ``value``, ``first_value``, ``second_value`` (grid units).
    domestic
        Sales at home in grid units; null when not known.
    """
    home = domestic.fill_null(0.0)
    sales = table.value + home
    parts = [table.first_value.fill_null(0.0) >= CHAIN * sales, table.second_value.fill_null(0.0) >= CHAIN * sales]
    abroad = ibis.cases((table.first_value.isnull(), table.value), else_=table.first_value)
    two = (parts[0] & parts[1]) | ((home >= CHAIN * sales) & (abroad >= CHAIN * sales) & (home > 0))
    known = table.first_value.notnull() | domestic.notnull()
    return ibis.cases((known & (sales > 0), two.cast("int64")), else_=None)


def outside_options(
    supplier_products: ir.Table, products: ir.Table, buyer_products: ir.Table, markets: ir.Table, sales: ir.Table
) -> ir.Table:
    """Return market thickness and outside buyers: what is left when the main buyer is lost.

    Thickness is the purchases of the supplier's products by buyers other than its main one, less what it already
    sells them, weighted by its
    product shares and divided by its sales. Outside buyers are the active buyers of its main product that do not buy
    it from
    this supplier.

    Parameters
    ----------
    supplier_products
        Supplier-product-years (``value``, ``buyers``).
    products
        Relation-product-years: what the main buyer bought of each product from this supplier.
    buyer_products
        What each buyer bought of each product from anyone.
    markets
        Product-years (``value``, ``buyers``).
    sales
        Supplier-years with ``value``, ``main_buyer``, ``main_product``.
    """
    table = attach(
        supplier_products,
        sales.select(*SUPPLIER, "main_product", buyer=sales.main_buyer, sales=sales.value),
        SUPPLIER,
        inner=True,
    )
    market = markets.select("product", "year", market_value=markets.value, market_buyers=markets.buyers)
    table = attach(table, market, ["product", "year"], inner=True)
    bought = buyer_products.select("buyer", "product", "year", bought=buyer_products.value)
    table = attach(table, bought, ["buyer", "product", "year"])
    sold = products.select("supplier", "buyer", "product", "year", sold=products.value)
    table = attach(table, sold, ["supplier", "buyer", "product", "year"])
    others = table.market_value - table.value - (table.bought.fill_null(0.0) - table.sold.fill_null(0.0))
    # In grid units, rounded to integers, so that the sum is exact; divided by sales twice: once for the weight.
    free = (others * ratio(table.value, table.sales)).round().cast("float64")
    outside = ibis.cases((table["product"] == table.main_product, table.market_buyers - table.buyers), else_=0.0)
    table = table.mutate(free=free, outside=outside)
    return table.group_by(SUPPLIER).aggregate(
        market_thickness=ratio(table.free.sum(), table.sales.max()), outside_buyers=table.outside.sum()
    )


def own_brand(table: ir.Table) -> ir.Value:
    """Return the share of value with a known brand owner whose brand is the supplier's own."""
    return ratio(column(table, "brand_own"), column(table, "brand_value"))


def total_sales(recorded: ir.Value, output: ir.Value, domestic: ir.Value) -> ir.Value:
    """Return the supplier's total sales: the larger of output and recorded plus domestic sales, or null."""
    known = output.notnull() | domestic.notnull()
    most = ibis.greatest(output.fill_null(0.0), recorded + domestic.fill_null(0.0))
    return ibis.cases((known, most), else_=None)


def margin(profit: ir.Value, output: ir.Value) -> ir.Value:
    """Return profit over output, not below zero; null where either is missing or output is not positive."""
    return ibis.cases(((output > 0) & profit.notnull(), ibis.greatest(profit / output.nullif(0), 0.0)), else_=None)
