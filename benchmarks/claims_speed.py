"""Time and memory of all claims on many supplier-years.

python benchmarks/claims_speed.py --rows 1e5

A plain generator: suppliers over six to ten years, two relations each, posteriors of governance, and side tables of
noise beside them, so that all thirteen claims can be tested.
What is timed is `test` with everything (four readings, battery, designs beside), as `sinos test` runs it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Mapping

import numpy as np
import polars as pl

import sinos
from sinos.propositions.worlds import CLAIMED, World
from sinos.results import Result

YEARS = 10
ENTER = 4
"""Years within which suppliers enter one after another, so that some are newcomers."""


def stages(rows: int, seed: int) -> tuple[Result, Result, Result]:
    """Return stages of about `rows` supplier-years in which all thirteen claims can be tested.

    A world with planted effects by shares of sales (P1 to P4, P6 hold in it), and side tables of plain noise beside it.
    """
    suppliers = max(int(rows / (YEARS - ENTER / 2)), 40)
    world = World(
        CLAIMED,
        suppliers=suppliers,
        years=YEARS,
        buyers=max(suppliers // 20, 60),
        loosening=0.6,
        seed=seed,
    )
    draw = np.random.default_rng(seed + 1)
    firsts = pl.DataFrame({"supplier": [f"s{i:06d}" for i in range(suppliers)]}).with_columns(
        enters=2000 + pl.Series(draw.integers(0, ENTER + 1, suppliers)),
        place=pl.concat_str(pl.lit("c"), pl.col("supplier").str.slice(-2)),
    )
    made = [_entering(stage, firsts) for stage in world.stages()]
    measures, governance, upgrading = (dict(stage.frames) for stage in made)
    measures |= _sides(measures, draw)
    governance |= {"lock_in": measures["supplier_years"].select(
        "supplier", "year", lock_in=pl.Series(draw.uniform(0, 5, measures["supplier_years"].height)), core_overlap=1.0,
    )}  # fmt: skip
    upgrading |= {"upgrading_measures": pl.concat([upgrading["upgrading_measures"], *_more(measures, draw)])}
    kind = type(made[0])
    return tuple(kind(frames, (), one.provenance, "polars") for frames, one in zip(  # type: ignore[return-value]
        (measures, governance, upgrading), made, strict=True
    ))  # fmt: skip


def _entering(stage: Result, firsts: pl.DataFrame) -> Result:
    """Let suppliers enter one after another, and put them in a hundred clusters."""
    frames = {}
    for name, frame in stage.frames.items():
        key = next((one for one in ("supplier", "unit") if one in frame.columns), None)
        if key is None:
            frames[name] = frame
            continue
        kept = frame.join(firsts.rename({"supplier": key}), on=key, how="left", maintain_order="left")
        kept = kept.filter(pl.col("year") >= pl.col("enters"))
        placed = kept.with_columns(cluster="place") if "cluster" in frame.columns else kept
        frames[name] = placed.drop("enters", "place")
    return type(stage)(frames, (), stage.provenance, "polars")


def _sides(measures: Mapping[str, pl.DataFrame], draw: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Return survey, relations, buyers, products and clusters as a rich study would hold them."""
    years, relations = measures["supplier_years"], measures["relation_years"]
    count, many, pair = years.height, relations.height, ["supplier", "buyer"]
    suppliers = years.select("supplier", "year").with_columns(
        employment=draw.lognormal(4, 1, count), output=draw.lognormal(10, 1, count),
        capex=draw.lognormal(6, 1, count), training=draw.lognormal(4, 1, count),
        design_staff=draw.poisson(3, count).astype(float), on_time_share=draw.uniform(0.5, 1.0, count),
        performs_design=(years["year"] > 2000 + draw.integers(1, 14, count)).cast(pl.Int64),
    )  # fmt: skip
    last = pl.col("year").max()
    products = [f"p{i:02d}" for i in range(40)]
    relation_years = relations.with_columns(
        main_product=pl.Series(draw.choice(products, many)), relative_unit_value=draw.lognormal(0, 0.3, many),
        on_time_recorded=draw.uniform(0, 1, many), destination=pl.lit("US"),
        tenure_years=pl.col("year") - pl.col("year").min().over(pair) + 1, tenure_left_censored=pl.lit(0),
        ended=pl.when(pl.col("year") < last).then((pl.col("year") == last.over(pair)).cast(pl.Int64)),
    )  # fmt: skip
    handed = draw.choice(["", "design", "logistics", "sourcing"], many, p=[0.85, 0.05, 0.05, 0.05])
    buyers = relations["buyer"].unique().sort()
    places = years.select("cluster", "year").unique().sort("cluster", "year")
    return {
        "suppliers": suppliers,
        "relation_years": relation_years,
        "relations": relations.select(*pair, "year", relinquished_function=pl.Series(handed)),
        "buyers": pl.DataFrame({
            "buyer": buyers, "core_functions": [("design;branding", "sourcing")[i % 2] for i in range(len(buyers))],
        }),
        "products": pl.DataFrame({"product": products, "credence": [i % 2 for i in range(len(products))]}),
        "product_years": pl.DataFrame(
            [(name, year, draw.uniform()) for name in products for year in range(1999, 2000 + YEARS)],
            schema=["product", "year", "hhi_buyers"], orient="row",
        ),
        "clusters": places.with_columns(technology_centres=draw.poisson(2, places.height).astype(float)),
    }  # fmt: skip


def _more(measures: Mapping[str, pl.DataFrame], draw: np.random.Generator) -> list[pl.DataFrame]:
    years = measures["supplier_years"]
    values = {
        ("inter_sectoral", "new_sector_share"): draw.uniform(0, 1, years.height),
        ("functional", "ladder_step"): draw.integers(1, 5, years.height).astype(float),
    }
    return [
        years.select(
            level=pl.lit("supplier"), unit="supplier", year=pl.col("year").cast(pl.Int64), kind=pl.lit(kind),
            measure=pl.lit(measure), value=pl.Series(value),
        )
        for (kind, measure), value in values.items()
    ]  # fmt: skip


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
