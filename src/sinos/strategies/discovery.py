"""Scenario discovery: under what parameters something happens, by the patient rule induction method (PRIM).

Friedman and Fisher (1999) peel a small share of the points off one side of a box, again and again, so that what is
left holds ever more of the cases of interest. Bryant and Lempert (2010) read the box as a scenario and test its limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.errors import StudyError
from sinos.strategies.metrics import Doubles

ALPHA: Final = 0.05
"""Share of the points in the box that one step may peel off."""
LEAST_MASS: Final = 0.05
"""Share of all points below which nothing is peeled."""
LEAST_COVERAGE: Final = 0.5
"""The box reported is the densest that still holds this share of the cases of interest."""

Mask = NDArray[np.bool_]
Step = tuple[int, str | None, float, float, float]
"""Number, parameter peeled, mass, coverage, density."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """A box and how it was found.

    Attributes
    ----------
    limits
        ``parameter``, ``low``, ``high`` (null where the box is open) and ``p_value``: the chance of so many cases in
        the box if the limit did not matter (binomial); one row per restricted parameter.
    path
        ``step``, ``parameter`` peeled, ``mass``, ``coverage``, ``density``.
    cases, coverage, density, density_held_out
        Number of cases of interest; share of them in the box; share of points in the box that are cases, where the box
        was found and on points that were held out. Null where there is nothing to tell.
    """

    limits: pl.DataFrame
    path: pl.DataFrame
    cases: int
    coverage: float | None
    density: float | None
    density_held_out: float | None


def discover(points: Doubles, case: Mask, names: Sequence[str]) -> Discovery:
    """Find a box of parameters that holds most cases of interest and little else.

    Every second point is held out and serves only to check the density of the box.

    Parameters
    ----------
    points
        Parameters of the worlds, shape (worlds, parameters).
    case
        Whether what is of interest happened, shape (worlds,).
    names
        Names of the parameters.

    Raises
    ------
    StudyError
        If there are fewer than 20 worlds.
    """
    if points.shape[0] < 20:
        raise StudyError(
            f"{points.shape[0]} worlds are too few to find a box",
            where="draws",
            fix="draw at least 20; 200 is sensible",
        )
    fit, held = slice(0, None, 2), slice(1, None, 2)
    x, y = points[fit], case[fit]
    total = int(y.sum())
    if total in (0, y.size):
        return Discovery(_limits([], []), _path([]), int(case.sum()), None, None, None)
    boxes, steps = _peeled(x, y, names)
    wide = [number for number, step in enumerate(steps) if step[3] >= LEAST_COVERAGE]
    best = max(wide, key=lambda number: (steps[number][4], -number))
    low, high = boxes[best]
    inside = _inside(points[held], low, high)
    kept = case[held][inside]
    return Discovery(
        limits=_limits(*_tested(x, y, low, high, names)),
        path=_path(steps),
        cases=int(case.sum()),
        coverage=steps[best][3],
        density=steps[best][4],
        density_held_out=float(kept.mean()) if kept.size else None,
    )


def _peeled(x: Doubles, y: Mask, names: Sequence[str]) -> tuple[list[tuple[Doubles, Doubles]], list[Step]]:
    """Peel until too little is left or only cases are; return boxes and steps."""
    low, high = np.full(x.shape[1], -np.inf), np.full(x.shape[1], np.inf)
    boxes = [(low, high)]
    steps: list[Step] = [(0, None, 1.0, 1.0, float(y.mean()))]
    found: tuple[int, Doubles, Doubles] | None = (0, low, high)
    while found is not None:
        found = _peel(x, y, low, high)
        if found is None:
            break
        place, low, high = found
        inside = _inside(x, low, high)
        coverage = float(y[inside].sum() / y.sum())
        boxes.append((low, high))
        steps.append((len(steps), names[place], float(inside.mean()), coverage, float(y[inside].mean())))
    return boxes, steps


def _peel(x: Doubles, y: Mask, low: Doubles, high: Doubles) -> tuple[int, Doubles, Doubles] | None:
    inside = _inside(x, low, high)
    if y[inside].all():
        return None
    best, chosen = -1.0, None
    for place in range(x.shape[1]):
        values = x[inside, place]
        for side, level in ((0, ALPHA), (1, 1 - ALPHA)):
            limit = float(np.quantile(values, level))
            lower, upper = low.copy(), high.copy()
            if side == 0:
                lower[place] = limit
            else:
                upper[place] = limit
            left = _inside(x, lower, upper)
            if left.sum() == inside.sum() or left.mean() < LEAST_MASS:
                continue
            density = float(y[left].mean())
            if density > best:
                best, chosen = density, (place, lower, upper)
    return chosen


def _inside(x: Doubles, low: Doubles, high: Doubles) -> Mask:
    result: Mask = np.all((x >= low) & (x <= high), axis=1)
    return result


def _tested(
    x: Doubles, y: Mask, low: Doubles, high: Doubles, names: Sequence[str]
) -> tuple[list[tuple[str, float | None, float | None]], list[float]]:
    """Test each limit: cases in the box against the density of the box without that parameter's limits."""
    from scipy.stats import binomtest

    inside = _inside(x, low, high)
    rows, chances = [], []
    for place in np.flatnonzero(np.isfinite(low) | np.isfinite(high)).tolist():
        lower, upper = low.copy(), high.copy()
        lower[place], upper[place] = -np.inf, np.inf
        without = float(y[_inside(x, lower, upper)].mean())
        chances.append(float(binomtest(int(y[inside].sum()), int(inside.sum()), without, alternative="greater").pvalue))
        rows.append((names[place], _limit(low[place]), _limit(high[place])))
    return rows, chances


def _limit(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _limits(rows: Sequence[tuple[str, float | None, float | None]], chances: Sequence[float]) -> pl.DataFrame:
    schema = {"parameter": pl.String, "low": pl.Float64, "high": pl.Float64, "p_value": pl.Float64}
    whole = [(*row, chance) for row, chance in zip(rows, chances, strict=True)]
    return pl.DataFrame(whole, schema=schema, orient="row").sort("p_value", "parameter")


def _path(steps: Sequence[Step]) -> pl.DataFrame:
    schema = {"step": pl.Int64, "parameter": pl.String, "mass": pl.Float64, "coverage": pl.Float64,
              "density": pl.Float64}  # fmt: skip
    return pl.DataFrame(steps, schema=schema, orient="row")
