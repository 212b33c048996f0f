"""The same model on many readings of governance: fixed effects are taken out of all of them at once by pyfixest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.absorb import least_squares, without
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


@dataclass(frozen=True, slots=True)
class Sampled:
    """A model on the sample that the expected posterior fixes.

    Attributes
    ----------
    kept, rows
        The sample, and its rows in the panel.
    fitted
        The fit under the expected posterior.
    free
        Degrees of freedom of the likelihood.
    """

    kept: pl.DataFrame
    rows: npt.NDArray[np.int64]
    fitted: Fit
    free: int


@dataclass(frozen=True, slots=True)
class Readings:
    """A sampled model under several readings of governance, after the fixed effects.

    ``outcomes`` (n,) and ``blocks`` of regressors (n, k) are those of every reading that can be solved.
    """

    sampled: Sampled
    outcomes: list[Floats]
    blocks: list[Floats]


def sampled(read: Reader, expected: Floats, formula: Formula, cluster: str, term: str) -> Sampled | Refusal:
    """Fit a model under the expected posterior, once for all readings.

    Parameters
    ----------
    read
        Panel under a posterior.
    expected
        The posterior that fixes the sample.
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
    free = max(kept.height - sum(kept[name].n_unique() for name in formula.effects), 2)
    return Sampled(kept, kept["row"].to_numpy(), fitted, free)


def read_all(given: Sampled, read: Reader, posteriors: Sequence[Floats]) -> Readings:
    """Return a sampled model under several posteriors."""
    formula = given.fitted.formula
    wanted = [formula.outcome, *given.fitted.terms]
    blocks = [read(p).select(wanted).to_numpy().astype(np.float64)[given.rows] for p in posteriors]
    # A reading with an unknown value cannot be solved, and would keep the removal of fixed effects from converging.
    blocks = within([block for block in blocks if np.isfinite(block).all()], given.kept, formula)
    blocks = [block for block in blocks if _solvable(block[:, 1:])]
    return Readings(given, [one[:, 0] for one in blocks], [one[:, 1:] for one in blocks])


def solve(given: Sampled, read: Reader, posteriors: Sequence[Floats], term: str) -> list[Solved]:
    """Fit a sampled model under several posteriors; the variance is CRV1, with the sample's small-sample factor."""
    found, place = read_all(given, read, posteriors), given.fitted.terms.index(term)
    pairs = zip(found.blocks, found.outcomes, strict=True)
    return [_one(x, y, given.fitted, place, given.free) for x, y in pairs]


def within(blocks: list[Floats], kept: pl.DataFrame, formula: Formula) -> list[Floats]:
    """Return readings after the fixed effects; a column that is the same in all of them is treated once."""
    if not blocks:
        return []
    same = np.all([(block == blocks[0]).all(axis=0) for block in blocks], axis=0)
    wide = np.column_stack([blocks[0][:, same], *(block[:, ~same] for block in blocks)])
    wide, _ = without(wide, [codes(kept[name]) for name in formula.effects])
    first, width, found = int(same.sum()), int((~same).sum()), []
    for number in range(len(blocks)):
        block = np.empty((len(wide), len(same)))
        block[:, same] = wide[:, :first]
        block[:, ~same] = wide[:, first + number * width : first + (number + 1) * width]
        found.append(block)
    return found


def _solvable(x: Floats) -> bool:
    cross = x.T @ x
    return bool(np.isfinite(cross).all() and np.linalg.cond(cross) <= 1e12)


def _one(x: Floats, y: Floats, fitted: Fit, place: int, free: int) -> Solved:
    beta, variance, rest = least_squares(x, y, fitted.cluster)
    se = float(np.sqrt(variance[place, place])) * fitted.factor
    return Solved(float(beta[place]), se, -0.5 * free * np.log(max(rest, 1e-300)))
