"""Make skewed transaction records with string ids, as Parquet: power-law suppliers and buyers, repeated relations.

    python benchmarks/generate.py --rows 1e7 --out bench/1e7.parquet

Same rows and seed: the same file. Suppliers, their buyers and their products are drawn from power laws by inverse
transform from a hash of the row number, so that the file does not depend on threads.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb


def query(rows: int, seed: int) -> str:
    """Return the SQL that makes the records."""
    suppliers, buyers, products = max(rows // 200, 50), max(rows // 400, 25), 5000

    def uniform(number: int, of: str = "i") -> str:
        return f"(hash({of} * 64 + {number} + {seed} * 1000003) % 9007199254740992) / 9007199254740992.0"

    return f"""
        WITH draw AS (
          SELECT i,
            CAST(floor({suppliers} * pow({uniform(1)}, 2.2)) AS BIGINT) AS s,
            {uniform(2)} AS which, {uniform(3)} AS item, {uniform(4)} AS moment, {uniform(5)} AS size, {uniform(6)} AS
            price
          FROM range({rows}) AS t(i)
        ), paired AS (
          SELECT *, s * 4096 + CAST(floor(pow(which, 3) * least(8 + {suppliers} * 2 / (s + 20), 400)) AS BIGINT) AS r,
            s * 64 + CAST(floor(pow(item, 3) * 6) AS BIGINT) AS line
          FROM draw
        ), timed AS (
          SELECT *, greatest({uniform(10, "r")} * 1.4 - 0.4, 0) AS start, 0.1 + 0.9 * {uniform(11, "r")} AS span FROM
          paired
        )
        SELECT
          'S' || lpad(CAST(s AS VARCHAR), 9, '0') AS supplier,
          'B' || lpad(CAST(CAST(floor({buyers} * pow({uniform(7, "r")}, 2.0)) AS BIGINT) AS VARCHAR), 9, '0') AS buyer,
          lpad(CAST(CAST(floor({products} * pow({uniform(8, "line")}, 1.5)) AS BIGINT) AS VARCHAR), 6, '0') AS product,
          'C' || lpad(CAST(CAST(floor(60 * pow({uniform(9, "r")}, 2)) AS BIGINT) AS VARCHAR), 3, '0') AS destination,
          CAST(DATE '2012-01-01' + CAST(floor(3650 * (start + moment * (1 - start) * span)) AS INTEGER) AS DATE) AS
          date,
          round(exp(6 + 3 * size) * (0.5 + price), 2) AS value,
          round(exp(3 + 3 * size), 1) AS quantity
        FROM timed"""


def generate(rows: int, out: Path, seed: int = 1) -> None:
    """Write the records to a Parquet file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query(rows, seed)}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    generate(int(given.rows), given.out, given.seed)


if __name__ == "__main__":
    main()
