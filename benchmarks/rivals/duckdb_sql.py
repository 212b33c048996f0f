"""The core outputs in hand-written DuckDB SQL, on the strings as they are or (``duckdb_coded.py``) on coded ids.

One pass over the records reduces them to supplier, buyer, product, destination and year, with the months as bits.
Sums are plain floating sums, so the last digits depend on threads and row order.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import duckdb
from core import COLUMNS, EXCLUSIVE, KEYS, command

IDS = ("supplier", "buyer", "product", "destination")

STAGES = {
    "base": """SELECT supplier, buyer, product, destination, CAST(year(date) AS INTEGER) AS year, sum(value) AS value,
        count(*) AS shipments, bit_or(CAST(1 << (month(date) - 1) AS INTEGER)) AS months FROM records GROUP BY ALL""",
    "trade": """SELECT supplier, buyer, product, year, sum(value) AS value, sum(shipments)::BIGINT AS shipments,
        bit_or(months) AS months FROM base GROUP BY ALL""",
    "bought": """SELECT buyer, product, year, sum(value) AS value, sum(shipments)::BIGINT AS shipments,
        count(*) AS sellers FROM trade GROUP BY ALL""",
    "sold": "SELECT supplier, product, year, sum(value) AS value FROM trade GROUP BY ALL",
    "place": "SELECT supplier, destination, year, sum(value) AS value FROM base GROUP BY ALL",
    "pairs": """SELECT supplier, buyer, year, sum(t.value) AS value, sum(t.shipments)::BIGINT AS shipments,
        count(*) AS products, bit_count(bit_or(months)) AS months_active,
        sum(t.value * t.value / b.value) / sum(t.value) AS buyer_dependence
        FROM trade t JOIN bought b USING (buyer, product, year) GROUP BY supplier, buyer, year""",
    "sales": """SELECT supplier, year, sum(value) AS value, sum(shipments)::BIGINT AS shipments, count(*) AS buyers,
        max(value) / sum(value) AS top1_share, sum(value * value) / (sum(value) * sum(value)) AS hhi_buyers
        FROM pairs GROUP BY ALL""",
    "history": """SELECT p.*, p.value / s.value AS supplier_dependence, min(year) OVER pair AS first_year,
        max(year) OVER pair AS last_year FROM pairs p JOIN sales s USING (supplier, year)
        WINDOW pair AS (PARTITION BY supplier, buyer)""",
    "relation_years": f"""SELECT supplier, buyer, year, value, shipments, products, months_active,
        year - first_year + 1 AS tenure_years,
        CASE WHEN last_year > year THEN 0 WHEN year < (SELECT max(year) FROM pairs) THEN 1 END AS ended,
        supplier_dependence, buyer_dependence,
        (supplier_dependence - buyer_dependence) / (supplier_dependence + buyer_dependence) AS relative_power,
        CAST(supplier_dependence >= {EXCLUSIVE} AS INTEGER) AS exclusive FROM history""",
    "mix": """SELECT supplier, year, count(*) AS products, ln(sum(value)) - sum(value * ln(value)) / sum(value)
        AS product_entropy FROM sold GROUP BY ALL""",
    "reach": """SELECT supplier, year, count(*) AS destinations, ln(sum(value)) - sum(value * ln(value)) / sum(value)
        AS destination_entropy FROM place GROUP BY ALL""",
    "old": """SELECT supplier, year, CASE WHEN year > (SELECT min(year) FROM pairs)
        THEN coalesce(sum(value) FILTER (first_year < year), 0) / sum(value) END AS share_preexisting
        FROM history GROUP BY supplier, year""",
    "supplier_years": """SELECT supplier, year, value, shipments, buyers, products, destinations, top1_share,
        hhi_buyers, 1 / hhi_buyers AS effective_buyers, product_entropy, destination_entropy, share_preexisting
        FROM sales JOIN mix USING (supplier, year) JOIN reach USING (supplier, year) JOIN old USING (supplier, year)""",
    "scores": """SELECT buyer, year, count(*) AS products,
        sum(value * sellers / shipments) / sum(value) AS sellers_per_shipment,
        sum(value * ln(shipments / sellers)) / sum(value) AS relational_sourcing FROM bought GROUP BY ALL""",
    "purchases": """SELECT buyer, year, sum(value) AS value, sum(shipments)::BIGINT AS shipments,
        count(*) AS suppliers, sum(value * value) / (sum(value) * sum(value)) AS hhi_suppliers,
        max(value) / sum(value) AS top1_supplier_share FROM pairs GROUP BY ALL""",
    "buyer_years": """SELECT buyer, year, value, shipments, suppliers, products, hhi_suppliers, top1_supplier_share,
        sellers_per_shipment, relational_sourcing FROM purchases JOIN scores USING (buyer, year)""",
}

UNUSED = {"pairs": ("trade",), "mix": ("sold",), "reach": ("place", "base")}
"""Stages after which tables are dropped."""


def execute(source: Path, out: Path, memory: str | None, *, coded: bool) -> None:
    """Compute the core outputs and write them as sorted Parquet."""
    folder = Path(tempfile.mkdtemp(dir=out))
    config = {"temp_directory": str(folder), "preserve_insertion_order": False} | (
        {"memory_limit": memory} if memory else {}
    )
    database = str(folder / "sql.duckdb") if memory else ":memory:"
    with duckdb.connect(database, config=config) as connection:
        connection.execute("SET enable_progress_bar = false")
        for statement in _records(source, coded):
            connection.execute(statement)
        for name, query in STAGES.items():
            connection.execute(f"CREATE TABLE {name} AS {query}")
            for gone in UNUSED.get(name, ()):
                connection.execute(f"DROP TABLE IF EXISTS {gone}")
        connection.execute("SET preserve_insertion_order = true")
        for name in KEYS:
            connection.execute(f"COPY ({_sorted(name, coded)}) TO '{out / name}.parquet' (COMPRESSION zstd)")
    shutil.rmtree(folder)


def _records(source: Path, coded: bool) -> list[str]:
    if not coded:
        return [f"CREATE VIEW records AS SELECT * FROM '{source}'"]
    codes = [
        f"CREATE TABLE {name}_codes AS SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS code, name "
        f"FROM (SELECT DISTINCT {name} AS name FROM '{source}')"
        for name in IDS
    ]
    columns = ", ".join(f"{name}_codes.code AS {name}" for name in IDS)
    joins = " ".join(f"JOIN {name}_codes ON t.{name} = {name}_codes.name" for name in IDS)
    return [*codes, f"CREATE TABLE records AS SELECT {columns}, date, value FROM '{source}' t {joins}"]


def _sorted(name: str, coded: bool) -> str:
    keys = KEYS[name]
    held = [key for key in keys if coded and key in IDS]
    shown = ", ".join(f"{key}_codes.name AS {key}" if key in held else key for key in keys)
    joins = " ".join(f"JOIN {key}_codes ON {name}.{key} = {key}_codes.code" for key in held)
    order = ", ".join(f"{name}.{key}" for key in keys)
    return f"SELECT {shown}, {', '.join(COLUMNS[name])} FROM {name} {joins} ORDER BY {order}"


def run(source: Path, out: Path, memory: str | None = None) -> None:
    """Compute on the strings as they are."""
    execute(source, out, memory, coded=False)


if __name__ == "__main__":
    command(run)
