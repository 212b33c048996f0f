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


def solve(
    read: Reader, expected: Floats, posteriors: Sequence[Floats], formula: Formula, cluster: str, term: str
) -> tuple[list[Solved], Fit] | Refusal:
    """Fit a model under several posteriors on the rows of the expected one.

    The variance is CRV1, with the small-sample factor of the fit under the expected posterior.

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
    free = max(kept.height - sum(kept[name].n_unique() for name in formula.effects), 2)
    found = []
    for block in blocks:
        one = _one(block[:, 1:], block[:, 0], fitted.cluster, place, free)
        if one is not None:
            found.append(Solved(one.estimate, one.se * fitted.factor, one.fit))
    return found, fitted


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


def _one(x: Floats, y: Floats, cluster: npt.NDArray[np.int64], place: int, free: int) -> Solved | None:
    cross = x.T @ x
    if not np.isfinite(cross).all() or np.linalg.cond(cross) > 1e12:
        return None
    beta, variance, rest = least_squares(x, y, cluster)
    return Solved(float(beta[place]), float(np.sqrt(variance[place, place])), -0.5 * free * np.log(max(rest, 1e-300)))
