"""The same model on many readings of governance: fixed effects are taken out of all of them at once by pyfixest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.estimate import Fit, Refusal, codes, fit_sample, library, sample
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import Floats

Reader = Callable[[Floats], pl.DataFrame]
"""Gives the panel under a posterior, its rows in a fixed order."""


@dataclass(frozen=True, slots=True)
class Solved:
    """Coefficient, standard error, and log-likelihood (up to a constant) of one reading."""

    estimate: float
    se: float
    fit: float


def solve(
    read: Reader, expected: Floats, posteriors: Sequence[Floats], formula: Formula, cluster: str, term: str
) -> tuple[list[Solved], Fit] | Refusal:
    """Fit a model under several posteriors on the rows of the expected one.

    The variance is pyfixest's CRV1: its small-sample factor is taken from the fit under the expected posterior.

    Parameters
    ----------
    read
        Panel under a posterior.
    expected, posteriors
        The posterior that fixes the sample, and those to fit.
    formula, cluster, term
        The model, the clusters of errors, and the coefficient wanted.
    """
    library("pyfixest", "testing claims")
    kept = sample(read(expected).with_row_index("row"), formula, cluster, "row")
    if isinstance(kept, Refusal):
        return kept
    fitted = fit_sample(kept, formula, cluster, (term,))
    if isinstance(fitted, Refusal):
        return fitted
    rows, wanted = kept["row"].to_numpy(), [formula.outcome, *fitted.terms]
    blocks = [read(p).select(wanted).to_numpy().astype(np.float64)[rows] for p in posteriors]
    # A reading with an unknown value cannot be solved, and would keep the removal of fixed effects from converging.
    blocks = within([block for block in blocks if np.isfinite(block).all()], kept, formula)
    place = fitted.terms.index(term)
    factor = small_sample(fitted, place)
    free = max(kept.height - sum(kept[name].n_unique() for name in formula.effects), 2)
    found = []
    for block in blocks:
        one = _one(block[:, 1:], block[:, 0], fitted.cluster, place, free)
        if one is not None:
            found.append(Solved(one.estimate, one.se * factor, one.fit))
    return found, fitted


def within(blocks: list[Floats], kept: pl.DataFrame, formula: Formula) -> list[Floats]:
    """Return readings after the fixed effects; a column that is the same in all of them is treated once."""
    from pyfixest.core.demean import demean

    if not blocks:
        return []
    same = np.all([(block == blocks[0]).all(axis=0) for block in blocks], axis=0)
    wide = np.column_stack([blocks[0][:, same], *(block[:, ~same] for block in blocks)])
    wide = wide - wide.mean(axis=0)
    if formula.effects:
        groups = np.column_stack([codes(kept[name]) for name in formula.effects]).astype(np.uint64)
        wide, _ = demean(np.ascontiguousarray(wide), groups, np.ones(len(wide)), 1e-8, 10_000)
    first, width, found = int(same.sum()), int((~same).sum()), []
    for number in range(len(blocks)):
        block = np.empty((len(wide), len(same)))
        block[:, same] = wide[:, :first]
        block[:, ~same] = wide[:, first + number * width : first + (number + 1) * width]
        found.append(block)
    return found


def small_sample(fitted: Fit, place: int) -> float:
    """Return pyfixest's standard error of a term over the one without its small-sample factor."""
    own = _one(fitted.within_x, fitted.within_y, fitted.cluster, place, 1)
    se = float(np.sqrt(max(fitted.vcov[place, place], 0.0)))
    return se / own.se if own is not None and own.se > 0 else 1.0


def _one(x: Floats, y: Floats, cluster: npt.NDArray[np.int64], place: int, free: int) -> Solved | None:
    cross = x.T @ x
    if not np.isfinite(cross).all() or np.linalg.cond(cross) > 1e12:
        return None
    inverse = np.linalg.inv(cross)
    beta = inverse @ (x.T @ y)
    left = y - x @ beta
    scores = np.array([np.bincount(cluster, weights=x[:, j] * left) for j in range(x.shape[1])]).T
    variance = inverse @ (scores.T @ scores) @ inverse
    rest = float((left**2).sum())
    return Solved(float(beta[place]), float(np.sqrt(variance[place, place])), -0.5 * free * np.log(max(rest, 1e-300)))
