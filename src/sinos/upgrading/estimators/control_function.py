"""Olley & Pakes and Levinsohn & Petrin: a proxy stands for the productivity that the plant sees and we do not.

Value added (or output) in logs is ``y = b0 + w b + k g + omega + e`` with free inputs ``w``, state inputs ``k`` and a
proxy ``p = p(k, omega)``, increasing in ``omega`` (investment: Olley & Pakes 1996; materials or energy:
Levinsohn & Petrin 2003). Both invert the proxy, so that they differ in the proxy only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.tidy import Flags, Floats


@dataclass(frozen=True, slots=True)
class Inputs:
    """Arrays of a panel sorted by plant and year.

    Attributes
    ----------
    y
        Log output or value added (n).
    free, state, proxy
        Log inputs (n, number of inputs).
    follows
        True where the row before is the same plant in the year before (n); the first is False.
    """

    y: Floats
    free: Floats
    state: Floats
    proxy: Floats
    follows: Flags

    def take(self, rows: np.ndarray, follows: Flags) -> Inputs:
        """Return the given rows, with their own mark of which follows the row before."""
        return Inputs(self.y[rows], self.free[rows], self.state[rows], self.proxy[rows], follows)


@dataclass(frozen=True, slots=True)
class Optimum:
    """A minimum of a second-stage objective.

    Attributes
    ----------
    estimate
        Coefficients of the inputs that the stage estimates.
    objective
        Value at the minimum.
    hits
        How many starting points led to it.
    """

    estimate: Floats
    objective: float
    hits: int


def polynomial(columns: Floats, degree: int) -> Floats:
    """Return all monomials of the columns of total degree 1 to ``degree``, those of degree 1 first (n, m).

    Examples
    --------
    >>> polynomial(np.array([[2.0, 3.0]]), 2)
    array([[2., 3., 4., 6., 9.]])
    """
    made = [columns]
    previous = [(index, columns[:, index]) for index in range(columns.shape[1])]
    for _ in range(1, degree):
        previous = [
            (index, columns[:, index] * values) for last, values in previous for index in range(last, columns.shape[1])
        ]
        made.append(np.column_stack([values for _, values in previous]))
    return np.column_stack(made)


def first_stage(data: Inputs, degree: int) -> tuple[Floats, Floats, Floats]:
    """Regress output on the free inputs and a polynomial in state and proxy.

    Returns
    -------
    tuple
        Coefficients of the free inputs; ``phi = y_hat - w b`` (n); residual ``e`` (n).
    """
    control = polynomial(np.column_stack([data.state, data.proxy]), degree)
    fitted, coefficients = _fit(data.y, np.column_stack([data.free, control]))
    free = coefficients[1 : 1 + data.free.shape[1]]
    return free, fitted - data.free @ free, data.y - fitted


def innovation(omega: Floats, lagged: Floats, target: Floats, markov: int) -> Floats:
    """Return ``target`` less the polynomial of lagged productivity that predicts ``omega``.

    Productivity follows ``omega_t = h(omega_t-1) + xi_t`` with ``h`` a polynomial of degree ``markov``, fitted by least
    squares. Lagged productivity is standardised before powers are taken, which changes no fitted value.
    """
    spread = lagged.std()
    scaled = (lagged - lagged.mean()) / (spread if spread > 0 else 1.0)
    powers = np.vander(scaled, markov + 1)
    coefficients = np.linalg.lstsq(powers.T @ powers, powers.T @ omega, rcond=None)[0]
    return np.asarray(target - powers @ coefficients, dtype=np.float64)


def state_objective(beta: Floats, data: Inputs, free: Floats, phi: Floats, markov: int) -> float:
    """Return the mean of squares that the second stage minimises over the coefficients of the state inputs.

    ``mean (y - w b - k g - h(phi_-1 - k_-1 g))^2`` with ``h`` fitted to ``phi - k g`` (as prodest, Rovigatti 2017): the
    innovation and the noise together, because capital was chosen before either was known.
    """
    now = np.flatnonzero(data.follows)
    omega = phi - data.state @ beta
    target = (data.y - data.free @ free - data.state @ beta)[now]
    left = innovation(omega[now], omega[now - 1], target, markov)
    return float(left @ left) / len(left)


def estimate(data: Inputs, degree: int, markov: int, starts: Floats) -> tuple[Floats, tuple[Optimum, ...]]:
    """Estimate free inputs in the first stage and state inputs in the second.

    Parameters
    ----------
    data
        The panel.
    degree
        Degree of the polynomial in state and proxy; 2 in the published Chilean numbers.
    markov
        Degree of the polynomial in lagged productivity; 3 in the published Chilean numbers.
    starts
        Starting points of the state coefficients (m, number of states).

    Returns
    -------
    tuple
        Coefficients (free, state), and the minima found, the lowest first.
    """
    free, phi, _ = first_stage(data, degree)
    found = minima(lambda beta: state_objective(beta, data, free, phi, markov), starts)
    return np.concatenate([free, found[0].estimate]), found


def minima(objective: Callable[[Floats], float], starts: Floats, near: float = 1e-3) -> tuple[Optimum, ...]:
    """From every start: return the distinct minima, the lowest first (BFGS; Nelder-Mead where it sticks).

    Two ends are one minimum when no coefficient differs by more than ``near``.
    """
    from scipy.optimize import minimize

    ends = []
    for start in starts:
        fine = minimize(objective, start, method="BFGS", options={"gtol": 1e-7})
        if not fine.success:
            fine = minimize(objective, fine.x, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12})
        if np.isfinite(fine.fun) and np.isfinite(fine.x).all():
            ends.append((float(fine.fun), np.asarray(fine.x, dtype=np.float64)))
    ends.sort(key=lambda end: (end[0], tuple(end[1])))
    kept: list[Optimum] = []
    for value, where in ends:
        for index, one in enumerate(kept):
            if np.max(np.abs(one.estimate - where)) <= near:
                kept[index] = Optimum(one.estimate, one.objective, one.hits + 1)
                break
        else:
            kept.append(Optimum(where, value, 1))
    if not kept:
        raise UpgradingError(
            "the second stage has no minimum from any starting point", where="productivity", fix="lower the degrees"
        )
    return tuple(kept)


def _fit(y: Floats, columns: Floats) -> tuple[Floats, Floats]:
    """Least squares with a constant; columns are scaled so that high powers do not drown the rest."""
    scale = np.abs(columns).max(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.column_stack([np.ones(len(y)), columns / scale])
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    fitted = design @ coefficients
    return np.asarray(fitted), np.concatenate([coefficients[:1], coefficients[1:] / scale])
