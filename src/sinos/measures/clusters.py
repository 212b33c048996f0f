"""Clusters: main buyer, the largest suppliers' dependence on it, functions performed, local linkage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from sinos.measures.exact import attach, concentration, largest, ratio, rows, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

CLUSTER = ["cluster", "year"]

LARGEST = 0.5
"""Share of the cluster's sales that its largest suppliers reach together."""


def cluster_buyers(relations: ir.Table) -> ir.Table:
    """Sum relation-years (with ``cluster``) to what each buyer buys in each cluster and year."""
    known = relations.filter(relations.cluster.notnull())
    return known.group_by([*CLUSTER, "buyer"]).aggregate(value=known.value.sum())


def cluster_sales(buyers: ir.Table) -> ir.Table:
    """Return value, buyers, main buyer and concentration of each cluster-year."""
    table = buyers.group_by(CLUSTER).aggregate(
        value=buyers.value.sum(),
        buyers=rows(),
        main_buyer=largest(buyers.value, buyers.buyer),
        main_value=buyers.value.max(),
        hhi_buyers=concentration(buyers.value),
    )
    return table.mutate(main_buyer_share=ratio(table.main_value, table.value))


def largest_suppliers(suppliers: ir.Table, sales: ir.Table) -> ir.Table:
    """Return the smallest set of each cluster's largest suppliers that together reach half of its sales.

    Suppliers are taken by falling value, by code among ties, until the sales before the next one reach half.

    Parameters
    ----------
    suppliers
        Supplier-years with ``cluster``, ``value`` (on its grid) and ``top1_share``.
    sales
        :func:`cluster_sales`.
    """
    known = suppliers.filter(suppliers.cluster.notnull())
    order = [ibis.desc("value"), ibis.asc("supplier")]
    known = known.mutate(running=known.value.sum().over(ibis.cumulative_window(group_by=CLUSTER, order_by=order)))
    table = attach(known, sales.select(*CLUSTER, "main_buyer", cluster_value=sales.value), CLUSTER, inner=True)
    return table.filter(table.running - table.value < LARGEST * table.cluster_value)


def largest_dependence(biggest: ir.Table, relations: ir.Table) -> ir.Table:
    """Return the number of largest suppliers, the main buyer's share of their sales, and their mean top-1 share.

    Parameters
    ----------
    biggest
        :func:`largest_suppliers`.
    relations
        Relation-years on the value grid.
    """
    to_main = relations.select("supplier", "year", main_buyer=relations.buyer, to_main=relations.value)
    table = attach(biggest, to_main, ["supplier", "year", "main_buyer"])
    total = table.value.sum()
    return table.group_by(CLUSTER).aggregate(
        largest_suppliers=rows(),
        largest_main_buyer_share=ratio(table.to_main.fill_null(0.0).sum(), total),
        largest_top1_share=ratio(weighted(table.value, table.top1_share.fill_null(0.0)), total),
    )


def completeness(suppliers: ir.Table, functions: Sequence[str]) -> ir.Table:
    """Return the suppliers of each cluster-year and the share of functions that at least one of them performs.

    Parameters
    ----------
    suppliers
        Supplier-years with ``cluster`` and those of the ``performs_*`` columns that are given.
    functions
        Names of the ``performs_*`` columns. Completeness is null in a cluster-year for which none of them has a value.
    """
    known = suppliers.filter(suppliers.cluster.notnull())
    performed = [known[name].max() for name in functions]
    done: ir.Value = ibis.literal(0.0)
    given: ir.Value = ibis.literal(0)
    for value in performed:
        done = done + value.fill_null(0).cast("float64")
        given = given + value.notnull().cast("int64")
    share = ibis.cases((given > 0, done / float(len(functions))), else_=None)
    return known.group_by(CLUSTER).aggregate(suppliers=rows(), functional_completeness=share)
