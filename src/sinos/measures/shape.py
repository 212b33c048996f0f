"""The shape of the output tables: keys, the catalogue's columns and types, names for codes, fixed order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.measures.exact import attach
from sinos.theory import catalogue

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from sinos.engine import Engine

KEYS = {
    "relation_years": ("supplier", "buyer", "year"),
    "supplier_years": ("supplier", "year"),
    "buyer_years": ("buyer", "year"),
    "buyer_product_years": ("buyer", "product", "year"),
    "product_years": ("product", "year"),
    "cluster_years": ("cluster", "year"),
    "supplier_product_years": ("supplier", "product", "destination", "year"),
}
"""The tables of measures and their keys; rows are sorted by them."""

WITH_CLUSTER = ("relation_years", "supplier_years")
"""Tables that carry the supplier's cluster beside their key."""

CODED = {
    "supplier": "supplier",
    "buyer": "buyer",
    "product": "product",
    "destination": "destination",
    "main_product": "product",
    "main_buyer": "buyer",
}
"""Columns that hold codes, and the code table with their names."""

FRACTIONAL = ("effective_buyers",)
"""Measures whose unit is a count although they are not whole numbers."""

YEARS = ("tenure_years", "exclusive_years")
"""Measures in years that are whole numbers."""


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of an output table in order.

    Examples
    --------
    >>> columns("supplier_product_years")[:5]
    ('supplier', 'product', 'destination', 'year', 'value')
    """
    cluster = ("cluster",) if table in WITH_CLUSTER else ()
    names = tuple(entry.name for entry in catalogue() if entry.level == table)
    return KEYS[table] + cluster + names


def shaped(expression: ir.Table, table: str) -> ir.Table:
    """Select an output table's columns in order and give them their types; codes stay codes."""
    types = {"year": "int64"} | {
        entry.name: _type(entry.name, entry.unit) for entry in catalogue() if entry.level == table
    }
    chosen = []
    for name in columns(table):
        column = expression[name]
        kind = types.get(name)
        if name not in CODED and kind is not None:
            column = column.cast(kind)
        chosen.append(column.name(name))
    return expression.select(*chosen)


def named(engine: Engine, expression: ir.Table, table: str) -> ir.Table:
    """Replace codes by names and sort by key.

    Codes are given in the sorted order of names, so sorting by code (which is cheaper) is sorting by name.
    """
    order = expression.columns
    held = [name for name in order if name in CODED]
    for position, name in enumerate(held):
        codes = engine.table(f"{CODED[name]}_codes")
        right = codes.select(codes.code.cast("int32").name(name), codes.name.name(f"name_{position}"))
        expression = attach(expression, right, [name])
    ordered = expression.order_by([expression[name] for name in KEYS[table]])
    shown = {name: ordered[f"name_{held.index(name)}"] if name in held else ordered[name] for name in order}
    return ordered.select(**shown)


def _type(name: str, unit: str) -> str | None:
    if unit in ("code", "class", "n/r/w", ""):
        return None
    whole = unit in ("count", "months", "flag") and name not in FRACTIONAL
    return "int64" if whole or name in YEARS else "float64"
