"""Sensitivity of an outcome to parameters: Morris and Sobol indices by SALib, apart from chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
import polars as pl

from sinos.errors import MissingExtraError, StudyError
from sinos.strategies.metrics import Doubles

Method = Literal["morris", "sobol"]
Outcome = Callable[[Doubles], Doubles]
"""Takes points of shape (points, parameters), returns outcomes of shape (points, replications)."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Indices, and how much of the variance of single replications is chance.

    Attributes
    ----------
    indices
        One row per parameter. Morris: ``effect`` (mean absolute elementary effect over the whole range), ``low``,
        ``high`` (95 %), ``interaction`` (standard deviation of the effects). Sobol: ``first`` and ``total`` with
        their 95 % limits.
    noise
        Share of the variance of single replications that is left when parameters are held fixed; null for one
        replication. Indices are of the mean over replications, in which this noise is divided by their number.
    points
        Number of points at which the outcome was computed.
    """

    indices: pl.DataFrame
    noise: float | None
    points: int


def sensitivity(
    outcome: Outcome,
    names: Sequence[str],
    bounds: Sequence[tuple[float, float]],
    method: Method = "morris",
    size: int = 10,
    seed: int = 0,
) -> Sensitivity:
    """Compute indices of an outcome (Morris 1991, Campolongo et al. 2007; Sobol 2001, Saltelli et al. 2010).

    Parameters
    ----------
    outcome
        Computes outcomes at points; the mean over its replications is analysed.
    names, bounds
        Parameters and their ranges.
    method
        ``morris`` screens with ``size`` trajectories, ``size * (parameters + 1)`` points. ``sobol`` decomposes the
        variance with ``size * (parameters + 2)`` points; ``size`` should be a power of two.
    size, seed
        See there.

    Raises
    ------
    MissingExtraError
        If SALib is not installed.
    StudyError
        If outcomes are not known at some points, or do not vary.
    """
    if find_spec("SALib") is None:
        raise MissingExtraError("SALib", "sensitivity", purpose="sensitivity analysis")
    problem = {"num_vars": len(names), "names": list(names), "bounds": [list(pair) for pair in bounds]}
    points = _points(problem, method, size, seed)
    values = outcome(points)
    means = values.mean(axis=1)
    if not np.isfinite(means).all():
        raise StudyError(
            f"the outcome is not known at {int((~np.isfinite(means)).sum())} of {means.size} points",
            where="metric", fix="choose a metric that is known in every world, such as design_capability",
        )  # fmt: skip
    if np.ptp(means) == 0:
        raise StudyError("the outcome is the same everywhere", where="metric", fix="choose another metric")
    return Sensitivity(_indices(problem, points, means, method, seed), _noise(values), points.shape[0])


def _points(problem: dict[str, Any], method: Method, size: int, seed: int) -> Doubles:
    if method == "morris":
        from SALib.sample import morris

        return np.asarray(morris.sample(problem, size, num_levels=4, seed=seed), np.float64)
    from SALib.sample import sobol

    return np.asarray(sobol.sample(problem, size, calc_second_order=False, seed=seed), np.float64)


def _indices(problem: dict[str, Any], points: Doubles, means: Doubles, method: Method, seed: int) -> pl.DataFrame:
    if method == "morris":
        from SALib.analyze import morris

        found = morris.analyze(problem, points, means, num_levels=4, seed=seed)
        effect, reach = np.asarray(found["mu_star"], float), np.asarray(found["mu_star_conf"], float)
        columns = {"effect": effect, "low": effect - reach, "high": effect + reach, "interaction": found["sigma"]}
    else:
        from SALib.analyze import sobol

        found = sobol.analyze(problem, means, calc_second_order=False, seed=seed)
        columns = {}
        for name, key in (("first", "S1"), ("total", "ST")):
            index, reach = np.asarray(found[key], float), np.asarray(found[f"{key}_conf"], float)
            columns |= {name: index, f"{name}_low": index - reach, f"{name}_high": index + reach}
    table = pl.DataFrame({"parameter": problem["names"], **{k: np.asarray(v, float) for k, v in columns.items()}})
    return table.sort("effect" if method == "morris" else "total", descending=True, maintain_order=True)


def _noise(values: Doubles) -> float | None:
    """Share of variance within points, by the usual split of variance for a balanced design."""
    replications = values.shape[1]
    if replications < 2:
        return None
    within = float(values.var(axis=1, ddof=1).mean())
    between = max(float(values.mean(axis=1).var(ddof=1)) - within / replications, 0.0)
    return within / (within + between) if within + between > 0 else None
