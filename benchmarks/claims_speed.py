"""Time and memory of all claims on many supplier-years.

python benchmarks/claims_speed.py --rows 1e5

A plain generator: suppliers over ten years, two relations each, posteriors of governance, and side tables beside them.
What is timed is `test` with everything (four readings, battery, designs beside), as `sinos test` runs it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import polars as pl

import sinos
from sinos.propositions.worlds import CLAIMED, World
from sinos.results import Result

YEARS = 10


def stages(rows: int, seed: int) -> tuple[Result, Result, Result]:
    """Return stages of `rows` supplier-years: those of a world with planted effects, with side tables added."""
    suppliers = max(rows // YEARS, 20)
    measures, governance, upgrading = World(
        CLAIMED, suppliers=suppliers, years=YEARS, buyers=max(suppliers // 20, 60), seed=seed
    ).stages()
    draw = np.random.default_rng(seed + 1)
    years = measures.frame("supplier_years")
    keys = years.select("supplier", "year")
    count = keys.height
    side = keys.with_columns(
        employment=draw.lognormal(4, 1, count), output=draw.lognormal(10, 1, count),
        capex=draw.lognormal(6, 1, count), training=draw.lognormal(4, 1, count),
        design_staff=draw.poisson(3, count).astype(float), defect_rate=draw.uniform(0.01, 0.2, count),
    )  # fmt: skip
    clusters = years.select(
        "supplier", "year", cluster=pl.concat_str(pl.lit("c"), pl.col("supplier").str.slice(-2)),
    )  # fmt: skip
    years = years.drop("cluster").join(clusters, on=["supplier", "year"])
    support = clusters.select("cluster", "year").unique().sort("cluster", "year")
    support = support.with_columns(technology_centres=draw.poisson(2, support.height).astype(float))
    frames = {**measures.frames, "supplier_years": years, "suppliers": side, "clusters": support}
    return type(measures)(frames, (), measures.provenance, "polars"), governance, upgrading


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--claims", default=None)
    given = parser.parse_args()
    made = stages(int(given.rows), given.seed)
    height = made[0].frame("supplier_years").height
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start, busy = time.perf_counter(), time.process_time()

    def progress(name: str, number: int, total: int) -> None:
        print(f"[{number}/{total}] {name} after {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)

    found = sinos.test(*made, claims=given.claims, progress=progress)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{height:,} supplier-years: {time.perf_counter() - start:.1f} s "
        f"(CPU {time.process_time() - busy:.1f}), peak {peak:.2f} GB, before {before:.2f}"
    )
    print(dict(found.verdicts))
    for row in found.frame("claim_power").filter(pl.col("missing").is_not_null()).iter_rows(named=True):
        print(f"  {row['claim']}: {row['missing'][:110]}")


if __name__ == "__main__":
    main()
