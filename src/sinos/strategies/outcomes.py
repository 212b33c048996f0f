"""Out-of-sample checks: what other cases would lead one to expect, held against scenarios that were never tuned.

Each expectation was written down before its scenario was first run. Hits and misses are reported alike; a miss is a
finding about the model, not a reason to change a number.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

import polars as pl

from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.simulate import simulate

Wide = pl.DataFrame
"""One row per replication and year, one column per metric."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: its number, what is expected, from where, and the value that must be positive.

    ``without`` makes the world to compare with, replication by replication, under the same luck.
    """

    name: str
    scenario: str
    claim: str
    source: str
    value: Callable[[Wide, Wide, Scenario], pl.DataFrame]
    without: Callable[[Scenario], Scenario] | None = None


def _last(metric: str, sign: float = 1.0) -> Callable[[Wide, Wide, Scenario], pl.DataFrame]:
    """Difference of a metric in the last year from the world to compare with."""

    def value(own: Wide, other: Wide, world: Scenario) -> pl.DataFrame:
        year = world.calendar[-1]
        sides = [_in(frame, metric, year) for frame in (own, other)]
        joined = sides[0].join(sides[1], on="replication", suffix="_other")
        return joined.select("replication", value=sign * (pl.col("value") - pl.col("value_other")))

    return value


def _rise(metric: str, sign: float = 1.0, settle: int = 3) -> Callable[[Wide, Wide, Scenario], pl.DataFrame]:
    """Change of a metric from the settled start of the run to its last year."""

    def value(own: Wide, other: Wide, world: Scenario) -> pl.DataFrame:
        sides = [_in(own, metric, year) for year in (world.calendar[-1], world.start + settle)]
        joined = sides[0].join(sides[1], on="replication", suffix="_before")
        return joined.select("replication", value=sign * (pl.col("value") - pl.col("value_before")))

    return value


def _marketing_lags(own: Wide, other: Wide, world: Scenario) -> pl.DataFrame:
    """A quarter of the rise of design less the rise of marketing."""
    design, marketing = (_rise(f"{name}_capability")(own, other, world) for name in ("design", "marketing"))
    joined = design.join(marketing, on="replication", suffix="_marketing")
    return joined.select("replication", value=0.25 * pl.col("value") - pl.col("value_marketing"))


def _passes(own: Wide, other: Wide, world: Scenario) -> pl.DataFrame:
    return _in(own, "programme", world.calendar[-1]).with_columns(value=pl.col("value") - 0.5)


def _in(frame: Wide, metric: str, year: int) -> pl.DataFrame:
    return frame.filter(pl.col("year") == year).select("replication", value=metric)


def without_buyers(group: str) -> Callable[[Scenario], Scenario]:
    """Return a change of scenario: the same world without a group of buyers."""

    def change(world: Scenario) -> Scenario:
        groups = tuple(g.model_copy(update={"number": 0}) if g.name == group else g for g in world.buyers)
        return world.model_copy(update={"buyers": groups})

    return change


def without_shock(kind: str) -> Callable[[Scenario], Scenario]:
    """Return a change of scenario: the same world without the shocks of a kind."""

    def change(world: Scenario) -> Scenario:
        return world.model_copy(update={"shocks": tuple(one for one in world.shocks if one.kind != kind)})

    return change


LUXURY: Final = without_buyers("luxury_house")
SPREAD: Final = without_shock("retail_concentration")
BRENTA: Final = "Rabellotti 2001 in Amighini and Rabellotti 2003"
TAIWAN: Final = "Humphrey and Schmitz 2002; Kawakami 2011; Yu and Shih 2014"
KENYA: Final = "Dolan and Humphrey 2000"

EXPECTATIONS: Final = (
    Expectation(
        "O1a", "brenta", "luxury buyers lower the cluster's design capability", BRENTA,
        _last("design_capability", -1.0), LUXURY,
    ),
    Expectation(
        "O1b", "brenta", "and its marketing capability", BRENTA, _last("marketing_capability", -1.0), LUXURY,
    ),
    Expectation("O1c", "brenta", "yet profit is higher with them than without", BRENTA, _last("profit"), LUXURY),
    Expectation(
        "O2a", "taiwan_notebooks", "quasi-hierarchy loses export volume", TAIWAN, _rise("export_quasi_hierarchy", -1.0),
    ),
    Expectation("O2b", "taiwan_notebooks", "networks gain it", TAIWAN, _rise("export_network")),
    Expectation("O2c", "taiwan_notebooks", "design capability rises", TAIWAN, _rise("design_capability")),
    Expectation(
        "O2d", "taiwan_notebooks", "marketing rises less than a quarter as much", TAIWAN, _marketing_lags,
    ),
    Expectation(
        "O3a", "kenya_horticulture", "retail concentration leaves fewer suppliers", KENYA,
        _last("active_suppliers", -1.0), SPREAD,
    ),
    Expectation(
        "O3b", "kenya_horticulture", "and raises product capability (preparation, packing)", KENYA,
        _last("product_capability"), SPREAD,
    ),
    Expectation(
        "O3c", "kenya_horticulture", "and large firms' share of volume", KENYA, _last("large_share"), SPREAD,
    ),
    Expectation(
        "O4", "no_design_core", "without design-core buyers the collective programme passes",
        "Humphrey and Schmitz 2002", _passes,
    ),
)  # fmt: skip
"""What was expected, before any of these scenarios was run."""


def outcomes(replications: int = 50, seed: int = 0, executor: Executor | None = None) -> pl.DataFrame:
    """Run the out-of-sample scenarios and hold them against what was expected.

    Returns
    -------
    polars.DataFrame
        One row per expectation: ``name``, ``scenario``, ``claim``, ``value`` (mean; positive is as expected), ``share``
        (of replications in which it is positive), ``hit`` (mean positive, in at least 80 % of them), ``source``.
    """
    worlds: dict[str, Wide] = {}

    def run(world: Scenario, name: str) -> Wide:
        if name not in worlds:
            runs = simulate(world, (), replications, seed, executor).frame("runs")
            worlds[name] = runs.pivot(on="metric", index=["replication", "year"], values="value")
        return worlds[name]

    rows = []
    for one in EXPECTATIONS:
        world = scenario(one.scenario)
        own = run(world, one.scenario)
        other = run(one.without(world), f"{one.scenario}, without") if one.without is not None else own
        known = one.value(own, other, world)["value"].drop_nulls()
        mean = sum(known.to_list()) / known.len() if known.len() else None
        share = sum(value > 0 for value in known.to_list()) / known.len() if known.len() else None
        hit = mean > 0 and share >= SAFE if mean is not None and share is not None else None
        rows.append((one.name, one.scenario, one.claim, mean, share, hit, one.source))
    schema = {
        "name": pl.String, "scenario": pl.String, "claim": pl.String, "value": pl.Float64, "share": pl.Float64,
        "hit": pl.Boolean, "source": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


SAFE: Final = 0.8
"""Share of replications (or of parameter draws) below which a claim is called fragile."""
