"""Wooldridge: both equations of the control-function approach at once, as linear instrumental variables.

Equation 1, ``y = a1 + w b + k g + c(k, p) l + e``, and equation 2, ``y = a2 + w b + k g + f[c(k_-1, p_-1)] + u``, where
current free inputs are correlated with ``u`` and their lags are not (Wooldridge 2009). With ``f`` linear
(productivity a random walk with drift) everything is linear.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sinos.upgrading.estimators.control_function import Inputs, polynomial
from sinos.upgrading.estimators.tidy import Floats

Variant = Literal["system", "single", "stacked", "tied"]


def estimate(data: Inputs, degree: int, variant: Variant) -> Floats:
    """Return the coefficients of the free and state inputs.

    Parameters
    ----------
    data
        The panel.
    degree
        Degree of the polynomial ``c``; 2 in the published Chilean numbers.
    variant
        ``system``: both equations by two-stage least squares, each with its own constant and polynomial; the free
        inputs have one coefficient, and the states enter equation 1 through ``c`` only, where they cannot be told from
        it.
        ``single``: equation 2 alone, which stays valid when labour is set before productivity is known, if the proxy
        shows productivity given the states alone and labour has a lasting cause of its own (Petrin & Levinsohn 2012;
        prodestROB).
        ``stacked``: one polynomial common to both equations, so that productivity is a random walk, and no constant
        among the instruments: prodestWRDG 1.0, kept for its published numbers.
        ``tied``: as ``system``, but the states have one coefficient in both equations, as if ``c`` held no linear term:
        prodestWRDG_GMM, kept for its published numbers. It does not recover planted truth.
    """
    now = np.flatnonzero(data.follows)
    raw = polynomial(np.column_stack([data.state, data.proxy]), degree)
    scale = np.abs(raw).max(axis=0)
    basis = raw / np.where(scale > 0, scale, 1.0)
    current, lagged = basis[now], basis[now - 1]
    free, state, old = data.free[now], data.state[now], data.free[now - 1]
    y, one = data.y[now], np.ones((len(now), 1))
    instruments = np.column_stack([old, state, one, lagged])
    size = free.shape[1] + state.shape[1]
    if variant == "single":
        return two_stage(y, np.column_stack([free, state, one, lagged]), instruments)[:size]
    twice = np.concatenate([y, y])
    if variant == "stacked":
        right = np.column_stack([np.vstack([old, old]), np.vstack([state, state]), np.vstack([current, lagged])])
        left = np.column_stack([np.vstack([free, free]), right[:, free.shape[1] :]])
        ones = np.ones((len(left), 1))
        return least_squares(twice, np.column_stack([_projected(right, left), ones]))[:size]
    nothing = np.zeros_like(state)
    above = state if variant == "tied" else nothing
    beyond = current[:, state.shape[1] :] if variant == "tied" else current
    shared = np.column_stack([np.vstack([free, free]), np.vstack([above, state])])
    first = np.column_stack([one, beyond])
    left = np.column_stack([shared, _blocks(first, np.column_stack([one, lagged]))])
    right = _blocks(np.column_stack([free, one, current]), instruments)
    return two_stage(twice, left, right)[:size]


def two_stage(y: Floats, left: Floats, right: Floats) -> Floats:
    """Return two-stage least squares of ``y`` on ``left`` with instruments ``right``."""
    return least_squares(y, _projected(right, left))


def least_squares(y: Floats, columns: Floats) -> Floats:
    """Return least-squares coefficients; of collinear columns the shortest solution."""
    return np.asarray(np.linalg.lstsq(columns, y, rcond=None)[0], dtype=np.float64)


def _projected(instruments: Floats, columns: Floats) -> Floats:
    return np.asarray(instruments @ np.linalg.lstsq(instruments, columns, rcond=None)[0])


def _blocks(upper: Floats, lower: Floats) -> Floats:
    """Return two matrices on the diagonal of one."""
    made = np.zeros((len(upper) + len(lower), upper.shape[1] + lower.shape[1]))
    made[: len(upper), : upper.shape[1]] = upper
    made[len(upper) :, upper.shape[1] :] = lower
    return made
