"""Summaries of an ensemble: mean and quantiles by strategy and year, and paired differences from the baseline.

Numbers are computed metric by metric from an array of shape (replications, strategies, years), so that an ensemble on
disk needs memory for one metric at a time. Not-a-number stands for what cannot be computed, until it becomes null in a
table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.metrics import METRICS, Doubles

QUANTILES: Final = {"low": 0.05, "median": 0.5, "high": 0.95}
CONFIDENCE: Final = 0.95
Numbers = dict[str, Doubles]


def path(values: Doubles) -> Numbers:
    """Return ``mean``, the quantiles and ``replications`` over the first axis; values that are not known do not count.

    Examples
    --------
    >>> found = path(np.array([[1.0], [3.0], [np.nan]]))
    >>> found["mean"].tolist(), found["median"].tolist(), found["replications"].tolist()
    ([2.0], [2.0], [2.0])
    """
    known = np.isfinite(values)
    count = known.sum(axis=0).astype(np.float64)
    ordered = np.sort(np.where(known, values, np.inf), axis=0)
    last = np.maximum(count - 1, 0)
    found = {"mean": _mean(values, known, count)}
    for name, level in QUANTILES.items():
        place = level * last
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, last.astype(np.int64))
        low, high = (np.take_along_axis(ordered, rows[None], axis=0)[0] for rows in (below, above))
        with np.errstate(invalid="ignore"):
            found[name] = np.where(count > 0, low + (high - low) * (place - below), np.nan)
    return found | {"replications": count}


def difference(values: Doubles) -> Numbers:
    """Return the paired differences of strategies 1, 2, ... from strategy 0, over the first axis (replications).

    Returns
    -------
    dict
        ``difference`` (mean), ``low`` and ``high`` (95 % Student interval of the mean), ``share_above`` (share of
        replications above the baseline) and ``replications``.

    Examples
    --------
    >>> found = difference(np.array([[[0.0], [1.0]], [[0.0], [3.0]]]))
    >>> [round(float(found[name][0, 0]), 2) for name in ("difference", "low", "high", "share_above")]
    [2.0, -10.71, 14.71, 1.0]
    """
    paired = values[:, 1:] - values[:, :1]
    known = np.isfinite(paired)
    count = known.sum(axis=0).astype(np.float64)
    middle = _mean(paired, known, count)
    reach = _reach(paired, known, count, middle)
    above = _divided(((paired > 0) & known).sum(axis=0).astype(np.float64), count)
    return {
        "difference": middle,
        "low": middle - reach,
        "high": middle + reach,
        "share_above": above,
        "replications": count,
    }


def tabulate(
    names: Sequence[str], years: Sequence[int], column: Callable[[int], Doubles], summary: Callable[[Doubles], Numbers]
) -> pl.DataFrame:
    """Summarise every metric and return one row per strategy, year and metric.

    Parameters
    ----------
    names
        Strategies to which the summary's rows belong.
    years
        Simulated years.
    column
        Gives the values of a metric by its number: shape (replications, strategies, years).
    summary
        :func:`path` or :func:`difference`.
    """
    found = [summary(column(number)) for number in range(len(METRICS))]
    size = (len(names), len(years), len(METRICS))
    place = np.indices(size, dtype=np.int32).reshape(3, -1)
    table = {
        "strategy": pl.Series(np.array(names, dtype=object)[place[0]].tolist(), dtype=pl.String),
        "year": pl.Series(np.array(years, dtype=np.int32)[place[1]], dtype=pl.Int32),
        "metric": pl.Series(np.array(list(METRICS), dtype=object)[place[2]].tolist(), dtype=pl.String),
    }
    for name in found[0]:
        values = np.stack([one[name] for one in found], axis=-1).ravel()
        series = pl.Series(values, dtype=pl.Float64).fill_nan(None)
        table[name] = series.cast(pl.Int64) if name == "replications" else series
    return pl.DataFrame(table)


def _mean(values: Doubles, known: NDArray[np.bool_], count: Doubles) -> Doubles:
    return _divided(np.where(known, values, 0.0).sum(axis=0), count)


def _reach(values: Doubles, known: NDArray[np.bool_], count: Doubles, middle: Doubles) -> Doubles:
    """Half the width of the Student interval of a mean; not known for fewer than two values."""
    from scipy.special import stdtrit

    squares = (np.where(known, values - middle, 0.0) ** 2).sum(axis=0)
    enough = count >= 2
    freedom = np.where(enough, count - 1, 1.0)
    error = np.sqrt(squares / freedom / np.maximum(count, 1.0))
    return np.where(enough, stdtrit(freedom, 0.5 + CONFIDENCE / 2) * error, np.nan)


def _divided(above: Doubles, below: Doubles) -> Doubles:
    return np.where(below > 0, above / np.maximum(below, 1.0), np.nan)
