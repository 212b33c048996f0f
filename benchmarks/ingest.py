"""Read a generated file into the engine as Sinos keeps transactions: ids as codes given in the order of names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sinos.engine import DuckDBEngine

IDS = ("supplier", "buyer", "product", "destination")

EVERY = """, quantity, CAST(NULL AS TINYINT) AS on_time, CAST(NULL AS VARCHAR) AS incoterm,
    CAST(NULL AS INTEGER) AS brand_owner"""
CORE = ", CAST(NULL AS DOUBLE) AS quantity"


def ingest(source: Path, engine: DuckDBEngine, *, core: bool = False) -> None:
    """Code the ids of a Parquet file once and store the transactions, without quantities for the core outputs."""
    for name in IDS:
        engine.execute(
            f"CREATE TABLE {name}_codes AS SELECT CAST(row_number() OVER (ORDER BY name) - 1 AS INTEGER) AS code, name "
            f"FROM (SELECT DISTINCT {name} AS name FROM '{source}')"
        )
    codes = ", ".join(f"{name}_codes.code AS {name}" for name in IDS)
    joins = " ".join(f"JOIN {name}_codes ON t.{name} = {name}_codes.name" for name in IDS)
    engine.execute(
        f"""CREATE TABLE transactions AS SELECT {codes}, CAST(year(date) AS SMALLINT) AS year,
        CAST(month(date) AS TINYINT) AS month, value{CORE if core else EVERY} FROM '{source}' t {joins}"""
    )
