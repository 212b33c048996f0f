"""Ensembles: replications of the baseline and of strategies, under common random numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import StudyError
from sinos.frames import FrameKind
from sinos.results import Missing, Provenance
from sinos.strategies.assumptions import ASSUMPTIONS
from sinos.strategies.levers import Strategy, check_strategies, strategy
from sinos.strategies.metrics import METRICS, Doubles
from sinos.strategies.parameters import parameters, values
from sinos.strategies.replication import Engine, replicate
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.simulation import Simulation

Progress = Callable[[str, int, int], None]
BASELINE = "baseline"
QUANTILES = (0.05, 0.5, 0.95)
CONFIDENCE = 0.95
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
        Where replications run; threads of this machine by default. Any ``concurrent.futures.Executor`` will do.
    engine
        ``compiled``, or ``reference`` for the readable specification (same bits, slower).
    kind
        Kind of data frame that ``.table()`` returns.
    progress
        Called after every replication with the stage, the number done and the number of all.

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
    if replications < 1:
        raise StudyError(f"{replications} replications were asked for", where="replications", fix="give at least 1")
    world = scenario_of(scenario)
    given = tuple(strategy(one) for one in strategies)
    check_strategies(given, world)
    cube = _ensemble(world, given, replications, seed, executor, engine, progress)
    names = (BASELINE, *(one.name for one in given))
    frames = {
        "runs": _runs(cube, names, world),
        "paths": _paths(cube, names, world),
        "differences": _differences(cube, names, world),
        "metrics": pl.DataFrame({"metric": list(METRICS), "meaning": list(METRICS.values())}),
        "parameters": _parameters(world),
        "assumptions": pl.DataFrame({"assumption": list(ASSUMPTIONS)}),
    }
    return Simulation(
        frames=frames,
        missing=_missing(cube),
        provenance=Provenance(
            version=__version__,
            stage="strategies",
            options={
                "scenario": world.model_dump(mode="json"),
                "strategies": [one.model_dump(mode="json") for one in given],
                "replications": replications,
                "engine": engine,
            },
            inputs={"scenario": hashlib.sha256(world.model_dump_json().encode()).hexdigest()},
            seed=seed,
        ),
        kind=kind,
        references=REFERENCES,
    )


def _ensemble(
    scenario: Scenario,
    strategies: tuple[Strategy, ...],
    replications: int,
    seed: int,
    executor: Executor | None,
    engine: Engine,
    progress: Progress | None,
) -> Doubles:
    """Return metrics of shape (replications, 1 + strategies, years, metrics), in the order of replications."""
    if executor is None:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
            return _ensemble(scenario, strategies, replications, seed, threads, engine, progress)
    # The first replication runs alone, so that the kernel is compiled once.
    first = executor.submit(replicate, scenario, strategies, seed, 0, engine).result()
    rest = [executor.submit(replicate, scenario, strategies, seed, number, engine) for number in range(1, replications)]
    done = [first]
    for future in rest:
        if progress is not None:
            progress("replications", len(done), replications)
        done.append(future.result())
    if progress is not None:
        progress("replications", replications, replications)
    return np.stack(done)


def _runs(cube: Doubles, names: tuple[str, ...], scenario: Scenario) -> pl.DataFrame:
    replications, strategies, years, metrics = cube.shape
    index = np.indices((strategies, replications, years, metrics), dtype=np.int32).reshape(4, -1)
    return pl.DataFrame(
        {
            "strategy": pl.Series(np.array(names)[index[0]].tolist(), dtype=pl.String),
            "replication": index[1],
            "year": index[2] + np.int32(scenario.start),
            "metric": pl.Series(np.array(list(METRICS))[index[3]].tolist(), dtype=pl.String),
            "value": pl.Series(cube.transpose(1, 0, 2, 3).ravel()).fill_nan(None),
        }
    )


def _paths(cube: Doubles, names: tuple[str, ...], scenario: Scenario) -> pl.DataFrame:
    rows = []
    for s, name in enumerate(names):
        for y, year in enumerate(scenario.calendar):
            for m, metric in enumerate(METRICS):
                known = _known(cube[:, s, y, m])
                low, middle, high = np.quantile(known, QUANTILES) if known.size else (None, None, None)
                rows.append((name, year, metric, _average(known), low, middle, high, known.size))
    schema = {
        "strategy": pl.String,
        "year": pl.Int32,
        "metric": pl.String,
        "mean": pl.Float64,
        "low": pl.Float64,
        "median": pl.Float64,
        "high": pl.Float64,
        "replications": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _differences(cube: Doubles, names: tuple[str, ...], scenario: Scenario) -> pl.DataFrame:
    rows = []
    for s, name in enumerate(names[1:], start=1):
        for y, year in enumerate(scenario.calendar):
            for m, metric in enumerate(METRICS):
                paired = _known(cube[:, s, y, m] - cube[:, 0, y, m])
                low, high = paired_interval(paired)
                above = float(np.mean(paired > 0)) if paired.size else None
                rows.append((name, year, metric, _average(paired), low, high, above, paired.size))
    schema = {
        "strategy": pl.String,
        "year": pl.Int32,
        "metric": pl.String,
        "difference": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "share_above": pl.Float64,
        "replications": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def paired_interval(differences: Doubles) -> tuple[float | None, float | None]:
    """Return the 95 % Student interval of the mean of paired differences; null for fewer than two.

    Examples
    --------
    >>> low, high = paired_interval(np.array([1.0, 3.0]))
    >>> round(low, 2), round(high, 2)
    (-10.71, 14.71)
    """
    if differences.size < 2:
        return None, None
    from scipy.special import stdtrit

    middle = float(np.mean(differences))
    error = float(np.std(differences, ddof=1)) / float(np.sqrt(differences.size))
    reach = float(stdtrit(differences.size - 1, 0.5 + CONFIDENCE / 2)) * error
    return middle - reach, middle + reach


def _known(numbers: Doubles) -> Doubles:
    return numbers[np.isfinite(numbers)]


def _average(numbers: Doubles) -> float | None:
    return float(np.mean(numbers)) if numbers.size else None


def _parameters(scenario: Scenario) -> pl.DataFrame:
    given = values(scenario.parameters)
    columns = ("name", "symbol", "meaning", "unit", "default", "low", "high", "source")
    rows = [(*(getattr(one, column) for column in columns), given[one.name]) for one in parameters()]
    return pl.DataFrame(rows, schema=[*columns, "value"], orient="row")


def _missing(cube: Doubles) -> tuple[Missing, ...]:
    empty = np.isnan(cube).sum(axis=(0, 1, 2))
    reason = "the share or mean has no base in these years: no sales of that kind, or no such supplier"
    return tuple(
        Missing("runs", metric, int(count), reason) for metric, count in zip(METRICS, empty, strict=True) if count
    )
