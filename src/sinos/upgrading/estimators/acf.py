"""Ackerberg, Caves & Frazer: free inputs are chosen knowing productivity, so all inputs are estimated in one step.

The first stage only takes out noise: ``phi = E[y | w, k, p]``. The second uses ``E[xi_t (w_t-1, k_t)] = 0`` with
``xi_t`` the innovation of ``omega = phi - w b - k g`` (Ackerberg, Caves & Frazer 2015).

The moments are as many as the coefficients and not linear in them, so the objective can reach (nearly) zero at more
than one place. Every minimum found is reported; one that lies at the edge of sense is no better identified than
another.
"""

from __future__ import annotations

import numpy as np

from sinos.upgrading.estimators.control_function import Inputs, Optimum, _fit, innovation, minima, polynomial
from sinos.upgrading.estimators.tidy import Floats


def purged_output(data: Inputs, degree: int) -> Floats:
    """Return output without noise: the fit of a polynomial in all inputs and the proxy (n)."""
    return _fit(data.y, polynomial(np.column_stack([data.free, data.state, data.proxy]), degree))[0]


def objective(beta: Floats, inputs: Floats, instruments: Floats, phi: Floats, now: np.ndarray, markov: int) -> float:
    """Return ``(Z'xi)' (Z'Z)^-1 (Z'xi) / n``: the variance of the innovation that the instruments explain.

    Parameters
    ----------
    beta
        Coefficients of the free and state inputs.
    inputs
        Free and state inputs of all rows (n, m).
    instruments
        Orthonormal basis of (lagged free, state) inputs of the rows with a year before (r, m).
    phi
        Output without noise (n).
    now
        Rows with a year before (r).
    markov
        Degree of the polynomial in lagged productivity.
    """
    omega = phi - inputs @ beta
    xi = innovation(omega[now], omega[now - 1], omega[now], markov)
    projected = instruments.T @ xi
    return float(projected @ projected) / len(now)


def estimate(data: Inputs, degree: int, markov: int, starts: Floats) -> tuple[Floats, tuple[Optimum, ...]]:
    """Estimate all inputs from every starting point.

    Parameters
    ----------
    data
        The panel.
    degree
        Degree of the polynomial in inputs and proxy.
    markov
        Degree of the polynomial in lagged productivity.
    starts
        Starting points (m, number of free and state inputs).

    Returns
    -------
    tuple
        Coefficients (free, state) at the lowest minimum, and the minima found, the lowest first.
    """
    now = np.flatnonzero(data.follows)
    inputs = np.column_stack([data.free, data.state])
    instruments = np.linalg.qr(np.column_stack([data.free[now - 1], data.state[now]]))[0]
    phi = purged_output(data, degree)
    found = minima(lambda beta: objective(beta, inputs, instruments, phi, now, markov), starts)
    return found[0].estimate, found
