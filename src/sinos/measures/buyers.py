"""Buyers: sellers per shipment, relational sourcing, concentration of purchases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.measures.exact import attach, concentration, log, ratio, rows, weighted

if TYPE_CHECKING:
    import ibis.expr.types as ir

PRODUCT = ["product", "year"]
BUYER = ["buyer", "year"]


def buyer_products(products: ir.Table) -> ir.Table:
    """Sum relation-products over suppliers: what each buyer bought of each product, and how.

    Parameters
    ----------
    products
        :func:`~sinos.measures.relations.relation_products`.
    """
    table = products.group_by(["buyer", "product", "year"]).aggregate(
        value=products.value.sum(),
        shipments=products.shipments.sum(),
        sellers=rows(),
        hhi_suppliers=concentration(products.value),
    )
    return table.mutate(sellers_per_shipment=table.sellers / table.shipments)


def relational_means(purchases: ir.Table) -> ir.Table:
    """Return the product-year means of ln(shipments / sellers) and of the log of the buyer's purchases of the product.

    Product-years with one buyer are left out: their buyer cannot be compared with another.
    """
    known = purchases.filter(purchases.value > 0)
    known = known.mutate(**scores(known))
    means = known.group_by(PRODUCT).aggregate(
        buyers=rows(), score_mean=_mean(known.score), size_mean=_mean(known["size"])
    )
    return means.filter(means.buyers >= 2).drop("buyers")


def scores(purchases: ir.Table) -> dict[str, ir.Value]:
    """Return ln(shipments / sellers) and the log of the purchases' value (on its grid)."""
    return {"score": log(purchases.shipments / purchases.sellers), "size": log(purchases.value)}


def relational_deviations(purchases: ir.Table, means: ir.Table) -> ir.Table:
    """Return each buyer-product-year's score and size as deviations from the product-year means."""
    known = purchases.filter(purchases.value > 0)
    known = known.select("buyer", *PRODUCT, "value", **scores(known))
    table = attach(known, means, PRODUCT, inner=True)
    return table.select(
        "buyer", "year", "value", score=table.score - table.score_mean, size=table["size"] - table.size_mean
    )


def relational_slope(deviations: ir.Table) -> ir.Table:
    """Return the sums from which the pooled slope of the score on log size follows: ``cross`` and ``square``."""
    return deviations.aggregate(
        cross=_exact(deviations.score * deviations["size"]), square=_exact(deviations["size"] * deviations["size"])
    )


def relational_net(deviations: ir.Table, slope: float) -> ir.Table:
    """Return each buyer-year's relational sourcing net of product-year and size, weighted by value."""
    net = deviations.score - deviations["size"] * slope
    mean = ratio(weighted(deviations.value, net), deviations.value.sum())
    return deviations.group_by(BUYER).aggregate(relational_sourcing_net=mean)


def buyer_scores(purchases: ir.Table) -> ir.Table:
    """Sum buyer-products to buyer-years: products, sellers per shipment and gross relational sourcing."""
    total = purchases.value.sum()
    return purchases.group_by(BUYER).aggregate(
        products=rows(),
        sellers_per_shipment=ratio(weighted(purchases.value, purchases.sellers_per_shipment), total),
        relational_sourcing=ratio(weighted(purchases.value, log(purchases.shipments / purchases.sellers)), total),
    )


def buyer_years(relations: ir.Table) -> ir.Table:
    """Sum relation-years to buyer-years, on the value grid."""
    return relations.group_by(BUYER).aggregate(
        value=relations.value.sum(),
        shipments=relations.shipments.sum(),
        suppliers=rows(),
        hhi_suppliers=concentration(relations.value),
        top1_supplier_share=ratio(relations.value.max(), relations.value.sum()),
    )


def _mean(value: ir.Value) -> ir.Value:
    return _exact(value) / _counted(value)


def _exact(value: ir.Value) -> ir.Value:
    return (value * 1e9).round().cast("decimal(20,0)").sum().cast("float64") / 1e9


def _counted(value: ir.Value) -> ir.Value:
    return value.count().cast("float64").nullif(0)


def slope_of(cross: float | None, square: float | None) -> float:
    """Return cross / square, zero when all buyers of each product are of one size.

    Examples
    --------
    >>> slope_of(3.0, 2.0), slope_of(0.0, 0.0)
    (1.5, 0.0)
    """
    return float(cross or 0.0) / float(square) if square else 0.0
