"""The core outputs that every rival computes: tables, keys and columns, named and defined as in Sinos's catalogue."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

KEYS = {
    "relation_years": ("supplier", "buyer", "year"),
    "supplier_years": ("supplier", "year"),
    "buyer_years": ("buyer", "year"),
}
"""Tables and their keys, by which the rows are sorted; ids are strings."""

COLUMNS = {
    "relation_years": (
        "value",
        "shipments",
        "products",
        "months_active",
        "tenure_years",
        "ended",
        "supplier_dependence",
        "buyer_dependence",
        "relative_power",
        "exclusive",
    ),
    "supplier_years": (
        "value",
        "shipments",
        "buyers",
        "products",
        "destinations",
        "top1_share",
        "hhi_buyers",
        "effective_buyers",
        "product_entropy",
        "destination_entropy",
        "share_preexisting",
    ),
    "buyer_years": (
        "value",
        "shipments",
        "suppliers",
        "products",
        "hhi_suppliers",
        "top1_supplier_share",
        "sellers_per_shipment",
        "relational_sourcing",
    ),
}
"""Columns beside the key: 29 of the 92 that Sinos computes over seven tables."""

EXCLUSIVE = 0.9
"""Share of the supplier's sales from which a relation is exclusive."""


def command(run: Callable[[Path, Path, str | None], None]) -> None:
    """Run a rival as ``SCRIPT FILE OUT [MEMORY]``."""
    source, out, *memory = sys.argv[1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    run(Path(source), Path(out), memory[0] if memory else None)
