"""Why measures are missing: one sentence per measure, counted on the finished tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.results import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from sinos.engine import Engine
    from sinos.measures.base import Scan

NO_QUANTITY = "no quantity (of one unit) in the records"
NO_DATE = "the records have no date or month"
NO_TOTAL = "neither output nor domestic sales of the supplier are given"
NO_VALUE = "all recorded values are zero"
ONE_BUYER = "no other buyer of the same products with which to compare"

REASONS: Mapping[str, Mapping[str, str]] = {
    "relation_years": {
        "cluster": "the supplier belongs to no cluster",
        "quantity": f"several products, whose units need not agree, or records with {NO_QUANTITY}",
        "destination": "the records have no destination",
        "months_active": NO_DATE,
        "ended": "no later year is fully covered, so that an end cannot be seen",
        "supplier_dependence": NO_VALUE,
        "supplier_dependence_total": NO_TOTAL,
        "buyer_dependence": NO_VALUE,
        "relative_power": NO_VALUE,
        "exclusive": NO_VALUE,
        "unit_value": NO_QUANTITY,
        "relative_unit_value": f"{NO_QUANTITY}, or no other supplier of the product to the destination in that year",
        "unit_value_dispersion": "no product with two or more records that have a quantity",
        "customised_share": "the supplier has one buyer only, so that buyer-specific products cannot be told",
        "regularity": f"{NO_DATE}, or no other relation trades the products in that year",
        "logistics_share": "no Incoterm in the records",
        "own_brand_recorded": "no brand owner in the records",
        "on_time_recorded": "no due date in the records",
        "relational_net": ONE_BUYER,
    },
    "supplier_years": {
        "cluster": "the supplier belongs to no cluster",
        "destinations": "the records have no destination",
        "destination_entropy": "the records have no destination",
        "top1_share": NO_VALUE,
        "top1_share_total": NO_TOTAL,
        "hhi_buyers": NO_VALUE,
        "effective_buyers": NO_VALUE,
        "multi_chain": "neither destinations nor domestic sales are known",
        "product_entropy": NO_VALUE,
        "market_thickness": NO_VALUE,
        "rematch_years": "no supplier that lost its main buyer was seen to find another: no hazard can be estimated",
        "exit_cost": "the re-match time is not known",
        "share_preexisting": "no earlier year is covered",
        "own_brand_recorded": "no brand owner in the records",
        "on_time_recorded": "no due date in the records",
    },
    "buyer_years": {
        "hhi_suppliers": NO_VALUE,
        "top1_supplier_share": NO_VALUE,
        "sellers_per_shipment": NO_VALUE,
        "relational_sourcing": NO_VALUE,
        "relational_sourcing_net": ONE_BUYER,
    },
    "buyer_product_years": {"hhi_suppliers": NO_VALUE},
    "product_years": {
        "hhi_suppliers": NO_VALUE,
        "hhi_buyers": NO_VALUE,
        "unit_value_median": NO_QUANTITY,
        "price_dispersion": f"{NO_QUANTITY}, or no destination with two suppliers",
        "rauch": "no Rauch class is given for the product",
        "stickiness": (
            "no spell of the product begins in the covered years and is followed by a fully covered year, or none of "
            "any product was seen to end"
        ),
    },
    "cluster_years": {
        "main_buyer_share": NO_VALUE,
        "largest_suppliers": NO_VALUE,
        "largest_main_buyer_share": NO_VALUE,
        "largest_top1_share": NO_VALUE,
        "share_preexisting": "no earlier year is covered",
        "functional_completeness": "the functions that suppliers perform are not given",
        "local_linkage": "the share of local purchases of the cluster is not given",
        "hhi_buyers": NO_VALUE,
    },
    "supplier_product_years": {
        "destination": "the records have no destination",
        "quantity": NO_QUANTITY,
        "quantity_value": NO_QUANTITY,
        "unit_value": NO_QUANTITY,
    },
}
"""Output table: column: why it can be missing. Columns that are not named here always have a value."""


def count_missing(engine: Engine, tables: Mapping[str, ir.Table]) -> tuple[Missing, ...]:
    """Count, in one query per table, the values that could not be computed."""
    found: list[Missing] = []
    for name, table in tables.items():
        reasons = REASONS[name]
        counts = engine.collect(table.aggregate(**{c: table[c].isnull().cast("int64").sum() for c in reasons}))
        numbers = counts.row(0, named=True)
        found += [Missing(name, c, int(numbers[c]), why) for c, why in reasons.items() if numbers[c]]
    return tuple(found)


def count_coarse(engine: Engine, found: Scan) -> tuple[Missing, ...]:
    """Count the numbers below the step in which sums are exact: beside the largest they vanish, and count as one step.

    Only numbers that differ by more than a factor of about 10^14 bring this about.
    """
    coarse: list[Missing] = []
    for name in ("value", "quantity"):
        least, scale = getattr(found, f"{name}_least"), getattr(found, f"{name}_scale")
        if least is None or least * scale >= 0.5:
            continue
        table = engine.table("transactions")
        below = table.aggregate(n=((table[name] > 0) & (table[name] * scale < 0.5)).cast("int64").sum())
        reason = f"smaller than {1 / scale:g}, the step of exact sums beside the largest {name}, and counted as that"
        coarse.append(Missing("transactions", name, int(engine.collect(below).row(0)[0]), reason))
    return tuple(coarse)


def count_assumed(engine: Engine, suppliers: ir.Table, margin: float) -> tuple[Missing, ...]:
    """Count the exit costs for which the margin had to be assumed."""
    assumed = engine.collect(suppliers.aggregate(n=suppliers.margin_assumed.sum())).row(0)[0]
    reason = f"profit and output are not given: a margin of {margin:g} was assumed in exit_cost"
    return (Missing("supplier_years", "margin", int(assumed), reason),) if assumed else ()
