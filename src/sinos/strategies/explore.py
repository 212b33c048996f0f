"""Exploration of futures: strategies over the ranges of all parameters, who wins, and what the outcome hangs on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import StudyError, UnknownNameError, nearest
from sinos.frames import FrameKind
from sinos.results import Missing, Provenance, Result
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.discovery import Discovery, discover
from sinos.strategies.levers import Strategy, check_strategies, strategy
from sinos.strategies.metrics import METRICS, Doubles
from sinos.strategies.parameters import Parameter
from sinos.strategies.regret import regret
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.sensitivity import Sensitivity, sensitivity
from sinos.strategies.simulate import BASELINE, Progress
from sinos.strategies.winners import winners
from sinos.strategies.worlds import varied

Screening = Literal["morris", "sobol", "none"]

RISE: Final = 0.10
"""Rise of design capability, as a share of the world frontier, from which a cluster breaks out."""
FREE: Final = 0.5
"""Share of export volume outside quasi-hierarchy from which a cluster breaks out."""
COST_LIKE: Final = frozenset({"unfilled", "deterred", "retaliations", "closures", "main_share", "top_dependence",
                              "top_main_dependence", "export_quasi_hierarchy"})  # fmt: skip
"""Metrics of which less is better for suppliers."""
REFERENCES: Final = (
    "Savage, L. J. (1951) The theory of statistical decision. Journal of the American Statistical Association 46: "
    "55-67.",
    "Friedman, J. H. and Fisher, N. I. (1999) Bump hunting in high-dimensional data. Statistics and Computing 9: "
    "123-143.",
    "Bryant, B. P. and Lempert, R. J. (2010) Thinking inside the box. Technological Forecasting and Social Change 77: "
    "34-49.",
    "Morris, M. D. (1991) Factorial sampling plans for preliminary computational experiments. Technometrics 33: "
    "161-174.",
    "Saltelli, A. et al. (2010) Variance based sensitivity analysis of model output. Computer Physics Communications "
    "181: 259-270.",
)


@dataclass(frozen=True)
class Exploration(Result):
    """What an exploration found: tables ``winners``, ``regret``, ``break_out``, ``break_out_path``, ``sensitivity``.

    ``draws`` has one row per drawn world with its parameters, outcomes and whether the cluster breaks out.
    ``discovery`` and ``screening`` hold the numbers that are no tables.
    """

    discovery: Discovery | None = None
    screening: Sensitivity | None = None

    def summary(self) -> str:
        """Return what was found in a few lines."""
        lines = [ILLUSTRATION]
        known = self.frame("regret").filter(pl.col("mean_regret").is_not_null())
        lines += [
            f"{row['strategy']}: mean regret {row['mean_regret']:.3f}, largest {row['max_regret']:.3f}"
            for row in known.to_dicts()
        ]
        found = self.discovery
        if found is not None:
            lines.append(f"the cluster breaks out in {found.cases} of {self.frame('draws').height} drawn worlds")
        return "\n".join(lines)


def explore(
    scenario: str | Path | dict[str, Any] | Scenario,
    strategies: Sequence[Strategy | dict[str, Any]] = (),
    draws: int = 100,
    replications: int = 4,
    seed: int = 0,
    *,
    metric: str = "design_capability",
    method: Screening = "morris",
    size: int = 8,
    executor: Executor | None = None,
    kind: FrameKind = "pandas",
    progress: Progress | None = None,
) -> Exploration:
    """Explore a scenario and strategies over the ranges of all parameters.

    Parameters
    ----------
    scenario, strategies, seed, executor, kind
        As in :func:`simulate`.
    draws
        Worlds drawn over the ranges of all parameters, for regret and for scenario discovery.
    replications
        Replications of each world, with the same luck in all worlds.
    metric
        Outcome in the last year, for regret and sensitivity.
    method, size
        ``morris``, ``sobol`` or ``none``, and its size; see :func:`sinos.strategies.sensitivity.sensitivity`.
    progress
        Called with the stage, the number done and the number of all.

    Returns
    -------
    Exploration
        A cluster **breaks out** of a drawn world if, in most replications, by the last year design capability has
        risen by at least :data:`RISE` and at least :data:`FREE` of export volume is outside quasi-hierarchy.

    Raises
    ------
    SinosError
        If scenario, strategies or options are wrong, or SALib is needed and not installed.
    """
    if draws < 20 or replications < 1:
        raise StudyError(
            f"{draws} draws with {replications} replications are too few", where="draws",
            fix="give at least 20 draws and 1 replication; 200 and 4 are sensible",
        )  # fmt: skip
    if metric not in METRICS:
        raise UnknownNameError(f"there is no metric '{metric}'", fix=nearest(metric, METRICS))
    world = scenario_of(scenario)
    given = tuple(strategy(one) for one in strategies)
    check_strategies(given, world)
    if executor is None:
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
            return _explored(world, given, draws, replications, seed, metric, method, size, threads, kind, progress)
    return _explored(world, given, draws, replications, seed, metric, method, size, executor, kind, progress)


def _explored(
    world: Scenario, strategies: tuple[Strategy, ...], draws: int, replications: int, seed: int, metric: str,
    method: Screening, size: int, executor: Executor, kind: FrameKind, progress: Progress | None,
) -> Exploration:  # fmt: skip
    names = [one.name for one in varied()]
    points = drawn(draws, varied(), seed)
    cube = _outcomes(world, strategies, points, names, replications, seed, executor, "worlds", progress)
    broke = breaks_out(cube[:, :, 0], world)
    place = list(METRICS).index(metric)
    ends = cube[:, :, :, -1, place]
    found = discover(points, broke, names)
    screening = None
    if method != "none":

        def outcome(chosen: Doubles) -> Doubles:
            made = _outcomes(world, (), chosen, names, replications, seed, executor, method, progress)
            return made[:, :, 0, -1, place]

        bounds = [(one.low, one.high) for one in varied()]
        screening = sensitivity(outcome, names, bounds, method, size, seed)
    whole = (BASELINE, *(one.name for one in strategies))
    frames = {
        "regret": regret(_average(ends), whole, higher_is_better=metric not in COST_LIKE),
        "winners": winners(world, strategies, max(replications, 10), seed),
        "break_out": found.limits,
        "break_out_path": found.path,
        "sensitivity": pl.DataFrame({"parameter": []}) if screening is None else screening.indices,
        "draws": _draws(points, names, ends, whole, metric, broke),
        "assumptions": pl.DataFrame({"assumption": list(ASSUMPTIONS)}),
    }
    unknown = int(np.isnan(ends).sum())
    reason = "the metric has no base in the last year of these replications"
    options = {
        "scenario": world.model_dump(mode="json"),
        "strategies": [one.model_dump(mode="json") for one in strategies],
        "draws": draws, "replications": replications, "metric": metric, "method": method, "size": size,
    }  # fmt: skip
    mark = hashlib.sha256(world.model_dump_json().encode()).hexdigest()
    return Exploration(
        frames=frames,
        missing=(Missing("draws", metric, unknown, reason),) if unknown else (),
        provenance=Provenance(__version__, "strategies", options, {"scenario": mark}, seed),
        kind=kind,
        references=REFERENCES,
        discovery=found,
        screening=screening,
    )


def drawn(draws: int, ranges: Sequence[Parameter], seed: int) -> Doubles:
    """Draw parameters over their ranges by Latin hypercube (McKay et al. 1979); shape (draws, parameters)."""
    from scipy.stats.qmc import LatinHypercube

    unit = LatinHypercube(len(ranges), rng=np.random.default_rng(seed)).random(draws)
    low, high = (np.array([getattr(one, end) for one in ranges]) for end in ("low", "high"))
    return np.asarray(low + unit * (high - low), np.float64)


def breaks_out(baseline: Doubles, scenario: Scenario) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell in which worlds the cluster breaks out; ``baseline`` has shape (worlds, replications, years, metrics)."""
    design, locked = (baseline[:, :, :, list(METRICS).index(name)] for name in
                      ("design_capability", "export_quasi_hierarchy"))  # fmt: skip
    risen = design[:, :, -1] - design[:, :, 0] >= RISE
    free = 1 - np.nan_to_num(locked[:, :, -1], nan=1.0) >= FREE
    return np.asarray((risen & free).mean(axis=1) > 0.5)


def _outcomes(
    world: Scenario, strategies: tuple[Strategy, ...], points: Doubles, names: Sequence[str], replications: int,
    seed: int, executor: Executor, stage: str, progress: Progress | None,
) -> Doubles:  # fmt: skip
    """Simulate every world; shape (worlds, replications, 1 + strategies, years, metrics)."""
    worlds = [world.with_parameters(**dict(zip(names, map(float, point), strict=True))) for point in points]
    first = simulate_world(worlds[0], strategies, replications, seed)  # alone, so that the kernel is compiled once
    futures = [executor.submit(simulate_world, one, strategies, replications, seed) for one in worlds[1:]]
    made = [first]
    for future in futures:
        made.append(future.result())
        if progress is not None:
            progress(stage, len(made), len(worlds))
    return np.stack(made)


def simulate_world(scenario: Scenario, strategies: tuple[Strategy, ...], replications: int, seed: int) -> Doubles:
    """Return the metrics of all replications of one world."""
    futures = futures_of(scenario, strategies)
    return np.stack([replicate(futures, seed, number) for number in range(replications)])


def _average(ends: Doubles) -> Doubles:
    """Mean over replications that are known; shape (worlds, strategies)."""
    known = np.isfinite(ends)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, ends, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _draws(
    points: Doubles, names: Sequence[str], ends: Doubles, strategies: Sequence[str], metric: str, broke: Any
) -> pl.DataFrame:
    means = _average(ends)
    columns: dict[str, Any] = {"draw": np.arange(points.shape[0]), "breaks_out": broke}
    columns |= {f"{metric}: {name}": pl.Series(means[:, s]).fill_nan(None) for s, name in enumerate(strategies)}
    return pl.DataFrame(columns | {name: points[:, number] for number, name in enumerate(names)})
