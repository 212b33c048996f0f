"""Scores of the known-truth loop: pure functions of truth and what was recovered."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.names import FORMS

Doubles = NDArray[np.float64]
Places = NDArray[np.int64]

BINS: Final = 10
RARE: Final = 30
"""Forms with fewer true relation-years than this are left out of the macro-F1 (one could not tell them from noise)."""


def confusion(truth: Places, found: Places, names: tuple[str, ...]) -> pl.DataFrame:
    """Return counts of truth (rows) by what was found (columns), long: ``truth``, ``found``, ``count``.

    Examples
    --------
    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), ("a", "b"))["count"].to_list()
    [1, 1, 0, 1]
    """
    size = len(names)
    counts = np.bincount(truth * size + found, minlength=size * size)
    return pl.DataFrame(
        {"truth": np.repeat(names, size), "found": np.tile(names, size), "count": counts.astype(np.int64)}
    )


def macro_f1(truth: Places, found: Places, least: int = 1) -> float | None:
    """Return the mean F1 over the classes that truly occur at least ``least`` times.

    Examples
    --------
    >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1])), 4)
    0.6667
    """
    scores = []
    for one in np.unique(truth):
        actual, claimed = truth == one, found == one
        if actual.sum() >= least:
            scores.append(2.0 * float((actual & claimed).sum()) / float(actual.sum() + claimed.sum()))
    return float(np.mean(scores)) if scores else None


def brier(probability: Doubles, truth: Places) -> float:
    """Return the Brier score over all classes: 0 is perfect, 2 is certain and wrong.

    Examples
    --------
    >>> brier(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0]))
    0.25
    """
    actual = np.eye(probability.shape[1])[truth]
    return float(np.mean(np.sum((probability - actual) ** 2, axis=1)))


def log_score(probability: Doubles, truth: Places) -> float:
    """Return the mean of minus the log of the probability given to the truth (nats); 0 is perfect.

    Examples
    --------
    >>> round(log_score(np.array([[0.5, 0.5]]), np.array([0])), 4)
    0.6931
    """
    given = probability[np.arange(truth.size), truth]
    return float(np.mean(-np.log(np.maximum(given, 1e-12))))


def calibration(probability: Doubles, truth: Places) -> pl.DataFrame:
    """Return the calibration curve of the most probable form: ``low``, ``high``, ``count``, ``said``, ``true``.

    ``said`` is the mean probability in the bin, ``true`` how often the form named was the true one; both null in an
    empty bin.
    """
    said = probability.max(axis=1)
    right = probability.argmax(axis=1) == truth
    place = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    rows = []
    for one in range(BINS):
        here = place == one
        count = int(here.sum())
        mean = (float(said[here].mean()), float(right[here].mean())) if count else (None, None)
        rows.append((one / BINS, (one + 1) / BINS, count, *mean))
    schema = {"low": pl.Float64, "high": pl.Float64, "count": pl.Int64, "said": pl.Float64, "true": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def calibration_error(curve: pl.DataFrame) -> float | None:
    """Return the expected calibration error: the mean distance of ``said`` and ``true``, weighted by count.

    Examples
    --------
    >>> calibration_error(calibration(np.array([[0.8, 0.2], [0.8, 0.2]]), np.array([0, 1]))).__round__(4)
    0.3
    """
    total = int(curve["count"].sum())
    if not total:
        return None
    known = curve.filter(pl.col("count") > 0)
    gaps = (known["said"] - known["true"]).abs() * known["count"]
    return float(gaps.sum()) / total


def rank_correlation(one: Doubles, other: Doubles) -> float | None:
    """Return Spearman's correlation, ties at their mean rank; null where either does not vary.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0])), 6)
    1.0
    """
    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def area_under_curve(score: Doubles, positive: NDArray[np.bool_]) -> float | None:
    """Return how often a positive case has a higher score than a negative one, ties counting half.

    Examples
    --------
    >>> area_under_curve(np.array([0.1, 0.4, 0.4]), np.array([False, True, False]))
    0.75
    """
    above, below = int(positive.sum()), int((~positive).sum())
    if not above or not below:
        return None
    return float((_ranks(score)[positive].sum() - above * (above + 1) / 2) / (above * below))


def _ranks(values: Doubles) -> Doubles:
    return pl.Series(values).rank("average").to_numpy().astype(np.float64)


def form_scores(probability: Doubles, truth: Places, named: Places) -> dict[str, float | int | None]:
    """Return all scores of recovered forms.

    Parameters
    ----------
    probability
        Posterior by form (n x 4).
    truth
        Place of the true form (n).
    named
        Place of the form named where the posterior reaches the certainty asked for, else -1 (n).
    """
    best = probability.argmax(axis=1)
    certain = named >= 0
    shares = np.bincount(truth, minlength=len(FORMS)) / truth.size
    return {
        "relation_years": int(truth.size),
        "macro_f1": macro_f1(truth, best, RARE),
        "accuracy": float(np.mean(best == truth)),
        "most_frequent": float(shares.max()),
        "named_share": float(np.mean(certain)),
        "accuracy_named": float(np.mean(named[certain] == truth[certain])) if certain.any() else None,
        "brier": brier(probability, truth),
        "brier_base_rate": float(1.0 - np.sum(shares**2)),
        "log_score": log_score(probability, truth),
        "calibration_error": calibration_error(calibration(probability, truth)),
    }


def best_temperature(probability: Doubles, truth: Places) -> float:
    """Return the power to which posteriors should be raised (and rescaled) for the best log score.

    Below 1 they claim too much, above 1 too little. One number, found on a grid, that says how far evidence is over- or
    under-weighted.
    """
    grid = np.round(np.arange(0.2, 3.01, 0.05), 2)
    logs = np.log(np.maximum(probability, 1e-12))
    scores = [log_score(_rescaled(logs * power), truth) for power in grid]
    return float(grid[int(np.argmin(scores))])


def _rescaled(logs: Doubles) -> Doubles:
    raised = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
