"""Ensembles: replications of the baseline and of strategies, under common random numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import StudyError
from sinos.frames import FrameKind
from sinos.results import Missing, Provenance
from sinos.strategies.assumptions import ASSUMPTIONS
from sinos.strategies.batches import Plan, batches, run_batches
from sinos.strategies.build import Engine
from sinos.strategies.levers import Strategy, check_strategies, strategy
from sinos.strategies.metrics import METRICS, Doubles
from sinos.strategies.parameters import parameters, values
from sinos.strategies.saved import load_state
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.scenario_checks import check_engine
from sinos.strategies.simulation import Simulation
from sinos.strategies.summaries import difference, path, tabulate
from sinos.verbs import make_callable

Progress = Callable[[str, int, int], None]
BASELINE = "baseline"
REFERENCES = (
    "Humphrey, J. and Schmitz, H. (2002) How does insertion in global value chains affect upgrading in industrial "
    "clusters? Regional Studies 36(9): 1017-1027.",
    "Salmon, J. K., Moraes, M. A., Dror, R. O. and Shaw, D. E. (2011) Parallel random numbers: as easy as 1, 2, 3. "
    "SC'11.",
)


def simulate(
    scenario: str | Path | dict[str, Any] | Scenario,
    strategies: Sequence[Strategy | dict[str, Any]] = (),
    replications: int = 100,
    seed: int = 0,
    executor: Executor | None = None,
    *,
    engine: Engine = "compiled",
    states: str | Path | None = None,
    kind: FrameKind = "pandas",
    progress: Progress | None = None,
) -> Simulation:
    """Simulate a cluster's futures: the baseline and every strategy, with the same luck for all.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, a YAML file, a mapping or a :class:`Scenario`.
    strategies
        Combinations of levers, each compared with the baseline (no levers).
    replications
        Number of worlds drawn.
    seed
        Seed of all random numbers; a replication is the same whichever others are run.
    executor
        Where replications run; threads of this machine by default, several to a replication where suppliers are 100,000
        or more and replications few (same bits). Any ``concurrent.futures.Executor`` will do.
    engine
        ``compiled``, or ``reference`` for the readable specification (same bits, slower).
    states
        Folder of :func:`save_states`: start from the states saved there, at their year, instead of from the beginning.
        Years before it are null.
    kind
        Kind of data frame that ``.table()`` returns.
    progress
        Called after every batch of replications with the stage, the number done and the number of all.

    Returns
    -------
    Simulation
        Tables ``runs`` (strategy, replication, year, metric, value), ``paths`` (mean and quantiles), ``differences``
        (paired with the baseline, with 95 % intervals), ``metrics``, ``parameters`` and ``assumptions``.

    Raises
    ------
    SinosError
        If the scenario or a strategy is wrong: says what, where and the fix.
    """
    plan = plan_of(scenario, strategies, replications, seed, engine, states)
    parts = []
    for batch, metrics in run_batches(plan, batches(replications), executor):
        parts.append(metrics)
        if progress is not None:
            progress("replications", batch.end, replications)
    cube = np.concatenate(parts)
    return assembled(plan, lambda number: cube[:, :, :, number], kind, runs=_runs(cube, plan))


def plan_of(
    scenario: str | Path | dict[str, Any] | Scenario,
    strategies: Sequence[Strategy | dict[str, Any]],
    replications: int,
    seed: int,
    engine: Engine,
    states: str | Path | None = None,
) -> Plan:
    """Return what is to be simulated, checked.

    Raises
    ------
    SinosError
        If anything in it is wrong.
    """
    if replications < 1:
        raise StudyError(f"{replications} replications were asked for", where="replications", fix="give at least 1")
    check_engine(engine)
    world = scenario_of(scenario)
    given = tuple(strategy(one) for one in strategies)
    check_strategies(given, world)
    folder = None if states is None else Path(states)
    if folder is not None:
        year = load_state(folder, world, seed, 0).year
        early = [one.name for one in given if one.start < year]
        if early:
            raise StudyError(
                f"the strategy '{early[0]}' starts before {year}, the year of the saved states",
                where="strategies", fix=f"start it in {year} or later, or save states of an earlier year",
            )  # fmt: skip
    return Plan(world, given, replications, seed, engine, folder)


def assembled(
    plan: Plan, column: Callable[[int], Doubles], kind: FrameKind, *, runs: pl.DataFrame | None = None
) -> Simulation:
    """Summarise an ensemble; ``column`` gives a metric's values of shape (replications, strategies, years)."""
    names = (BASELINE, *(one.name for one in plan.strategies))
    years = plan.scenario.calendar
    tables = {
        "paths": tabulate(names, years, column, path),
        "differences": tabulate(names[1:], years, column, difference),
        "metrics": pl.DataFrame({"metric": list(METRICS), "meaning": list(METRICS.values())}),
        "parameters": _parameters(plan.scenario),
        "assumptions": pl.DataFrame({"assumption": list(ASSUMPTIONS)}),
    }
    if runs is not None:
        tables = {"runs": runs, **tables}
    return Simulation(
        frames=tables,
        missing=_missing(column, _first_year(plan) - plan.scenario.start),
        provenance=Provenance(
            version=__version__,
            stage="strategies",
            options=options_of(plan),
            inputs={"scenario": hashlib.sha256(plan.scenario.model_dump_json().encode()).hexdigest()},
            seed=plan.seed,
        ),
        kind=kind,
        references=REFERENCES,
    )


def options_of(plan: Plan) -> dict[str, Any]:
    """Return what a plan says, for provenance and for the plan of an ensemble on disk."""
    return {
        "scenario": plan.scenario.model_dump(mode="json"),
        "strategies": [one.model_dump(mode="json") for one in plan.strategies],
        "replications": plan.replications,
        "engine": plan.engine,
    }


def _runs(cube: Doubles, plan: Plan) -> pl.DataFrame:
    names = (BASELINE, *(one.name for one in plan.strategies))
    replications, strategies, years, metrics = cube.shape
    index = np.indices((strategies, replications, years, metrics), dtype=np.int32).reshape(4, -1)
    return pl.DataFrame(
        {
            "strategy": pl.Series(names, dtype=pl.String).gather(pl.Series(index[0])),
            "replication": index[1],
            "year": index[2] + np.int32(plan.scenario.start),
            "metric": pl.Series(list(METRICS), dtype=pl.String).gather(pl.Series(index[3])),
            "value": pl.Series(cube.transpose(1, 0, 2, 3).ravel()).fill_nan(None),
        }
    )


def _parameters(scenario: Scenario) -> pl.DataFrame:
    given = values(scenario.parameters)
    columns = ("name", "symbol", "meaning", "unit", "default", "low", "high", "source")
    rows = [(*(getattr(one, column) for column in columns), given[one.name]) for one in parameters()]
    return pl.DataFrame(rows, schema=[*columns, "value"], orient="row")


def _first_year(plan: Plan) -> int:
    if plan.states is None:
        return plan.scenario.start
    return load_state(plan.states, plan.scenario, plan.seed, 0).year


def _missing(column: Callable[[int], Doubles], first: int) -> tuple[Missing, ...]:
    empty = [int(np.isnan(column(number)[:, :, first:]).sum()) for number in range(len(METRICS))]
    skipped = column(0)[:, :, :first].size * len(METRICS)
    before = Missing("runs", "value", skipped, "years before the saved states are not simulated again")
    reason = "the share or mean has no base in these years: no sales of that kind, or no such supplier"
    counted = tuple(
        Missing("runs", metric, count, reason) for metric, count in zip(METRICS, empty, strict=True) if count
    )
    return (before, *counted) if skipped else counted


make_callable(__name__)
