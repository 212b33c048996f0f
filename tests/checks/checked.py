"""Hand-made records on which every check stays silent, and running checks on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import polars as pl

from sinos.engine import DuckDBEngine
from sinos.records import steps
from sinos.records.checks import run_checks
from sinos.records.checks_base import entries
from sinos.records.ingest import type_transactions
from sinos.records.inputs import gather

SUPPLIERS = ("Azaleia", "Beira Rio", "Cambuci", "Dakota", "Elite")
BUYERS = ("Nine West", "Pagoda", "Shuz", "Topline", "Uniroyal")


def clean() -> dict[str, list[Any]]:
    """Return 240 clean records: two years, every month, 5 suppliers x 5 buyers less the diagonal, 4 products."""
    rows = []
    day = date(2005, 1, 3)
    for number in range(240):
        place = number % 20
        supplier = SUPPLIERS[place // 4]
        buyer = BUYERS[(place // 4 + 1 + place % 4) % 5]
        product = ("640311", "640319", "640411", "640419")[(number // 20) % 4]
        price = 10 + (number * 7) % 5
        quantity = 100 + number
        rows.append(
            (supplier, buyer, product, (day + timedelta(days=3 * number)).isoformat(), str(price * quantity),
             str(quantity), "pairs", "USD", "FOB", "BR", buyer)
        )  # fmt: skip
    names = ("supplier", "buyer", "product", "date", "value", "quantity", "quantity_unit", "currency", "incoterm",
             "origin", "consignee")  # fmt: skip
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def findings(rows: Mapping[str, list[Any]] | None = None, only: str | None = None, **parts: Any) -> pl.DataFrame:
    """Return the findings of all checks, or of one, on records given as texts; side tables may be among the parts."""
    sides = {name: parts.pop(name) for name in list(parts) if isinstance(parts[name], pl.DataFrame)}
    checks = dict(parts.pop("checks", {}))
    if only is not None:
        checks["ignore"] = [code for code in entries() if code != only]
    parts.setdefault("coverage", {"domestic_sales": "recorded"})
    frame = pl.DataFrame(rows if rows is not None else clean(), strict=False)
    inputs = gather(frame, sides, None, None, {"checks": checks, **parts})
    engine = DuckDBEngine(threads=1)
    try:
        taken = steps.take(engine, inputs.study, inputs.frames)
        steps.repair(engine, inputs.study, taken)
        frames, _ = steps.side_tables(engine, inputs.study, taken)
        view, plain = steps.basis(engine, "transactions", inputs.study)
        type_transactions(engine, view, inputs.study.tables.transactions, plain)
        return run_checks(engine, inputs.study, frames)
    finally:
        engine.close()


def changed(**cells: dict[int, Any]) -> dict[str, list[Any]]:
    """Return the clean records with some cells changed: column = {row from 0: cell}."""
    rows = clean()
    for column, values in cells.items():
        rows.setdefault(column, [None] * 240)
        for place, cell in values.items():
            rows[column][place] = cell
    return rows
