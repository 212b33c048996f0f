"""Ablations: which mechanism carries which claim. Each changes one thing and repeats the baseline, same luck."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import polars as pl

from sinos.strategies.checks import sinos_checks
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.simulate import simulate
from sinos.verbs import make_callable

ABLATIONS: Final[dict[str, dict[str, float]]] = {
    "baseline": {},
    "retaliation off": {"retaliation": 0.0},
    "transfer off": {"transfer": 0.0},
    "practise all": {"practise_all": 1.0},
    "practise all, retaliation off": {"practise_all": 1.0, "retaliation": 0.0},
    "nobody has intent": {"intent_share": 0.0, "spin_off_intent": 0.0},
    "everybody has intent": {"intent_share": 1.0, "spin_off_intent": 1.0},
    "buyers never relinquish": {"relinquish": 0.0},
    "marketing left in networks": {"marketing_in_networks": 1.0},
}
"""Parameter values of each ablation."""

SHOWN: Final = (
    "process_quasi",
    "design_quasi",
    "design_network",
    "design_near",
    "design_far",
    "export_quasi_hierarchy",
    "own_logistics",
    "deterred",
    "volume_yes",
    "head_yes",
    "programme",
)


def ablations(
    scenario: str | Path | dict[str, Any] | Scenario = "sinos_valley",
    replications: int = 50,
    seed: int = 0,
    executor: Executor | None = None,
) -> pl.DataFrame:
    """Return the last year's means under each ablation: ``ablation``, ``metric``, ``value``, ``difference`` from the
    baseline.

    Replications meet the same luck under every ablation, so differences are paired.
    """
    world = scenario_of(scenario)
    tables = []
    for name, changed in ABLATIONS.items():
        paths = simulate(world.with_parameters(**changed), (), replications, seed, executor).frame("paths")
        last = paths.filter((pl.col("year") == world.calendar[-1]) & pl.col("metric").is_in(SHOWN))
        tables.append(last.select(pl.lit(name).alias("ablation"), "metric", value="mean"))
    table = pl.concat(tables)
    base = tables[0].select("metric", base="value")
    joined = table.join(base, on="metric", how="left", maintain_order="left")
    return joined.select("ablation", "metric", "value", difference=pl.col("value") - pl.col("base"))


def checks_under_ablations(
    scenario: str | Path | dict[str, Any] | Scenario = "sinos_valley",
    replications: int = 50,
    seed: int = 0,
    executor: Executor | None = None,
) -> pl.DataFrame:
    """Return which check survives which ablation: the share of replications by check (rows) and ablation (columns)."""
    world = scenario_of(scenario)
    tables = []
    for name, changed in ABLATIONS.items():
        checks = sinos_checks(simulate(world.with_parameters(**changed), (), replications, seed, executor))
        tables.append(checks.select("name", "claim", pl.lit(name).alias("ablation"), "share"))
    return pl.concat(tables).pivot(on="ablation", index=["name", "claim"], values="share", maintain_order=True)


make_callable(__name__)
