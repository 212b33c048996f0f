"""The core outputs by Sinos's own expressions, each stage cut down to the columns that the core outputs need.

This is not a mode of Sinos: the verb ``measure`` computes every table. It tells what the expressions cost for the same
work as the rivals do: exact sums, whatever the order of rows, included.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ibis
import polars as pl
from core import COLUMNS, KEYS, command

from sinos.engine import DuckDBEngine
from sinos.measures import base, buyers, coverage, products, relations, suppliers, tenure
from sinos.measures.exact import attach, bits_set, ratio
from sinos.measures.shape import named

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ingest import ingest

RELATION, SUPPLIER, BUYER = (list(KEYS[name]) for name in ("relation_years", "supplier_years", "buyer_years"))


def run(source: Path, out: Path, memory: str | None = None) -> None:
    """Compute the core outputs and write them as sorted Parquet."""
    engine = DuckDBEngine(memory=memory, temp=out, on_disk=memory is not None)
    try:
        ingest(source, engine, core=True)
        for name, table in core(engine).items():
            chosen = engine.store(name, table.select(*KEYS[name], *COLUMNS[name]))
            engine.export(named(engine, chosen, name), out / f"{name}.parquet")
    finally:
        engine.close()


def core(engine: DuckDBEngine) -> dict[str, ibis.Table]:
    """Return the core tables as expressions on stored stages."""
    transactions = engine.table("transactions")
    found = base.scan(engine, transactions)
    calendar = coverage.year_table(coverage.statuses(pl.DataFrame(), found.first_year, found.last_year))
    engine.register("calendar", calendar.to_arrow())
    years = engine.table("calendar")
    cells = engine.store("cells", base.cell_sums(transactions, found))
    trade = engine.store("trade", relations.relation_products(cells))
    bought = engine.store("bought", buyers.buyer_products(trade).drop("hhi_suppliers"))
    sold = engine.store("sold", products.supplier_products(trade).drop("shipments", "buyers"))
    place = engine.store("place", suppliers.supplier_places(cells))
    engine.drop("cells")
    pairs = relations.relation_years(trade, bought, None, found)
    pairs = engine.store("pairs", pairs.select(*RELATION, "value", "shipments", "products", "months", "bought"))
    engine.drop("trade")
    sales = engine.store("sales", suppliers.supplier_sales(pairs).drop("main_buyer", "main_value"))
    history = engine.store("history", _history(pairs, sales, years))
    scale = found.value_scale
    return {
        "relation_years": history.mutate(
            months_active=bits_set(history.months).cast("int64"),
            relative_power=relations.power(ibis._.supplier_dependence, ibis._.buyer_dependence),
            value=ibis._.value / scale,
        ),
        "supplier_years": _suppliers(place, sold, sales, history, years).mutate(value=ibis._.value / scale),
        "buyer_years": attach(buyers.buyer_years(history), buyers.buyer_scores(bought), BUYER).mutate(
            value=ibis._.value / scale
        ),
    }


def _history(pairs: ibis.Table, sales: ibis.Table, years: ibis.Table) -> ibis.Table:
    table = attach(pairs, sales.select(*SUPPLIER, sales=sales.value), SUPPLIER, inner=True)
    dependence = ratio(table.value, table.sales)
    table = table.mutate(
        supplier_dependence=dependence,
        buyer_dependence=ratio(table.bought, table.value),
        exclusive=(dependence >= relations.EXCLUSIVE).cast("int64"),
    )
    table = tenure.histories(tenure.with_coverage(table, years, None, None))
    spell = ("first_year", "tenure_years", "ended")
    share = ("supplier_dependence", "buyer_dependence", "exclusive")
    return table.select(*RELATION, "value", "shipments", "products", "months", *spell, *share)


def _suppliers(
    place: ibis.Table, sold: ibis.Table, sales: ibis.Table, history: ibis.Table, years: ibis.Table
) -> ibis.Table:
    table = attach(sales, suppliers.supplier_mix(sold), SUPPLIER)
    table = attach(table, suppliers.supplier_destinations(place), SUPPLIER)
    aged = attach(history.select(*SUPPLIER, "value", "first_year"), years.select("year", "earlier"), ["year"])
    return attach(table, suppliers.preexisting(aged, SUPPLIER), SUPPLIER)


if __name__ == "__main__":
    command(run)
