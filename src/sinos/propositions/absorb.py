"""Least squares within fixed effects: pyfixest takes the effects out and names collinear columns, the rest is here.

The numbers are those of pyfixest's ``feols`` with CRV1 and a small tolerance (tests hold both together). ``feols``
itself takes the effects out in an order that depends on the hash seed of the process, so that digits differed from run
to run, and most of its time goes into formulas and model matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
TOLERANCE, ROUNDS = 1e-8, 10_000
"""Change, in standard deviations, below which the removal of fixed effects ends, and rounds until it gives up."""
COLLINEAR = 1e-9
"""Squared remainder of a column after all columns before it below which it is dropped (the default of pyfixest)."""


def without(values: Floats, groups: Sequence[Ints]) -> tuple[Floats, bool]:
    """Return columns after fixed effects (their means where there are none), and whether the iteration has converged.

    Examples
    --------
    >>> without(np.array([[1.0], [3.0]]), [])[0].ravel().tolist()
    [-1.0, 1.0]
    """
    from pyfixest.core.demean import demean

    centred = values - values.mean(axis=0)
    if not groups:
        return centred, True
    spread = centred.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)  # the tolerance is in units of the columns, whatever those are
    codes = np.column_stack(groups).astype(np.uint64)
    left, whole = demean(np.ascontiguousarray(centred / scale), codes, np.ones(len(values)), TOLERANCE, ROUNDS)
    return left * scale, bool(whole)


def independent(x: Floats) -> npt.NDArray[np.bool_]:
    """Tell for each column whether it is independent of the columns before it.

    Examples
    --------
    >>> independent(np.array([[1.0, 2.0, 0.0], [-1.0, -2.0, 1.0]])).tolist()
    [True, False, True]
    """
    from pyfixest.core.collinear import find_collinear_variables  # type: ignore[attr-defined]

    dropped, _, none = find_collinear_variables(np.ascontiguousarray(x.T @ x), COLLINEAR)
    return np.zeros(x.shape[1], dtype=bool) if none else ~np.asarray(dropped, dtype=bool)


def least_squares(x: Floats, y: Floats, cluster: Ints) -> tuple[Floats, Floats, float]:
    """Return coefficients (k,), their variance by cluster without a small-sample factor (k, k), and the squares left.

    Raises
    ------
    numpy.linalg.LinAlgError
        If columns are collinear.
    """
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ (x.T @ y)
    left = y - x @ beta
    scores = np.column_stack([np.bincount(cluster, weights=column * left) for column in x.T])
    return beta, inverse @ (scores.T @ scores) @ inverse, float((left**2).sum())


def small_sample(rows: int, terms: int, cluster: Ints, groups: Sequence[Ints]) -> float:
    r"""Return the factor of the variance: :math:`\frac{n - 1}{n - k} \frac{G}{G - 1}`, as pyfixest and fixest have it.

    :math:`k` counts terms, one constant, and the levels but one of each fixed effect that is not nested in clusters; it
    is infinite where nothing is left.
    """
    clusters = int(cluster.max()) + 1
    used = terms + 1 + sum(int(code.max()) for code in groups if not _nested(code, cluster))
    return (rows - 1) / (rows - used) * clusters / (clusters - 1) if rows > used else np.inf


def _nested(code: Ints, cluster: Ints) -> bool:
    """Tell whether every level lies in one cluster."""
    one = np.empty(int(code.max()) + 1, dtype=np.int64)
    one[code] = cluster
    return bool((one[code] == cluster).all())
