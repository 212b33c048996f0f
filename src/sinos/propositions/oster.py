r"""Bounds for selection on what is not observed (Oster 2019).

With short and long regressions on the term, without and with observed controls: coefficients :math:`\beta^\circ,
\tilde\beta`, shares explained :math:`R^\circ, \tilde R`, variance :math:`\sigma_x^2` of the term, :math:`\tau_x` of
what the controls leave of it, :math:`\sigma_y^2` of the outcome, and :math:`R_{max}` that observed and unobserved
controls would explain together. A true effect :math:`\beta` implies selection on unobserved relative to observed
controls of

.. math::

    \delta = \frac{\nu (\tilde R - R^\circ) \sigma_y^2 \tau_x + \nu \sigma_x^2 \tau_x D^2 + 2 \nu^2 \tau_x D \sigma_x^2
    + \nu^3 (\tau_x \sigma_x^2 - \tau_x^2)}{(R_{max} - \tilde R) \sigma_y^2 D \sigma_x^2
    + \nu (R_{max} - \tilde R) \sigma_y^2 (\sigma_x^2 - \tau_x) + \nu^2 \tau_x D \sigma_x^2
    + \nu^3 (\tau_x \sigma_x^2 - \tau_x^2)}

with :math:`\nu = \tilde\beta - \beta` and :math:`D = \beta^\circ - \tilde\beta`. Beta* is the root in :math:`\nu` at
:math:`\delta = 1`, where the cubic terms cancel. Fixed effects and the other terms of a model are in both regressions,
so that everything is measured after them. :math:`R_{max} = \min(1, 1.3 \tilde R)` by Oster's rule.

Source: Oster, E. (2019) Unobservable selection and coefficient stability: theory and evidence. Journal of Business &
Economic Statistics 37(2), 187-204; the formulas as in its program psacalc. The paper itself was not read in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sinos.propositions.estimate import Refusal

Floats = npt.NDArray[np.float64]
SCALE = 1.3
"""R_max as a multiple of the share explained with controls (Oster 2019)."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What short and long regressions give: ``short`` and ``long`` coefficients, shares explained, variances."""

    short: float
    long: float
    r_short: float
    r_long: float
    var_y: float
    var_x: float
    left_x: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """``delta`` at which the effect would be zero, ``beta`` when delta is 1, and the ``r_max`` assumed."""

    delta: float
    beta: float
    r_max: float


def moments(y: Floats, x: Floats, controls: Floats) -> Moments | Refusal:
    """Return the moments of the regressions of y on x without and with controls.

    Parameters
    ----------
    y, x
        Outcome and term after fixed effects and other terms, shape (n,), mean 0.
    controls
        Observed controls, likewise, shape (n, k).
    """
    var_x, var_y = float(np.mean(x**2)), float(np.mean(y**2))
    left = np.column_stack([y, x])
    left = left - controls @ np.linalg.lstsq(controls, left, rcond=None)[0]
    left_x = float(np.mean(left[:, 1] ** 2))
    if var_y <= 0 or left_x <= 1e-10 * max(var_x, 1e-300):
        return Refusal("the controls leave no variation of the term or the outcome")
    short, long = float(x @ y) / float(x @ x), float(left[:, 1] @ left[:, 0]) / float(left[:, 1] @ left[:, 1])
    rest = float(np.mean((left[:, 0] - long * left[:, 1]) ** 2))
    return Moments(short, long, short**2 * var_x / var_y, 1.0 - rest / var_y, var_y, var_x, left_x)


def delta(found: Moments, effect: float, r_max: float) -> float | None:
    """Return the relative selection under which the true effect is ``effect``; nothing where no value implies it."""
    gap, nu = found.short - found.long, found.long - effect
    y, x, tau = found.var_y, found.var_x, found.left_x
    room = (r_max - found.r_long) * y
    cubic = nu**3 * (tau * x - tau**2)
    square = nu**2 * tau * gap * x
    top = nu * (found.r_long - found.r_short) * y * tau + nu * x * tau * gap**2 + 2 * square + cubic
    base = room * gap * x + nu * room * (x - tau) + square + cubic
    return top / base if abs(base) > 1e-14 * max(y * x * abs(found.long), 1e-300) else None


def beta_star(found: Moments, r_max: float) -> float:
    """Return the effect when selection on unobserved controls equals that on observed ones (delta of 1).

    Of the two roots the one nearer to the estimate with controls (Oster 2019).
    """
    gap = found.short - found.long
    y, x, tau = found.var_y, found.var_x, found.left_x
    room = (r_max - found.r_long) * y
    theta = room * (x - tau) - (found.r_long - found.r_short) * y * tau - x * tau * gap**2
    lead, last = tau * gap * x, room * gap * x
    if abs(lead) <= 1e-14 * max(abs(theta), 1e-300):
        return found.long
    root = float(np.sqrt(theta**2 + 4 * lead * last))
    nearest = min(((theta - root) / (2 * lead), (theta + root) / (2 * lead)), key=abs)
    return found.long - nearest


def bounds(found: Moments) -> Bounds | Refusal:
    """Return delta for no effect, and beta* at a delta of 1, under Oster's R_max."""
    if found.r_long <= found.r_short + 1e-9:
        return Refusal("the observed controls explain nothing, so that they say nothing about what is not observed")
    r_max = min(1.0, SCALE * found.r_long)
    needed = delta(found, 0.0, r_max)
    if needed is None or r_max <= found.r_long:
        return Refusal("no selection on unobserved controls would take the effect to zero")
    return Bounds(needed, beta_star(found, r_max), r_max)
