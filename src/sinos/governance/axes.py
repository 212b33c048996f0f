r"""Positions on the two axes: explicit coordination (0 to 1) and power asymmetry (-1 to 1).

Each indicator that bears on an axis is worth :math:`\kappa w_j` observations of its level's position :math:`x_j`:

.. math:: X \sim \mathrm{Beta}\Bigl(1 + \kappa\sum_j w_j x_j,\; 1 + \kappa\sum_j w_j (1 - x_j)\Bigr),

with :math:`\kappa` = ``axis_observations`` and the tempering weights of :mod:`.evidence`. Without evidence this is
flat. Power asymmetry is mapped to 0-1 and back. The interval is the central 90 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sinos.governance.indicators import Codes, Floats, Theory

_OWNED_WEIGHT = 10.0  # ownership outweighs every other sign of coordination and power


@dataclass(frozen=True, slots=True)
class Position:
    """Mean and 90 % interval on one axis; arrays of shape (rows,)."""

    mean: Floats
    low: Floats
    high: Floats


def position(levels: Codes, weight: Floats, theory: Theory, axis: str) -> Position:
    """Place rows on an axis.

    Parameters
    ----------
    levels, weight
        Shape (rows, indicators).
    theory
        Gives the position of each level.
    axis
        ``explicit_coordination`` or ``power_asymmetry``.
    """
    from scipy.special import betaincinv

    signed = axis == "power_asymmetry"
    towards = np.zeros(levels.shape[0])
    total = np.zeros(levels.shape[0])
    for place, item in enumerate(theory.indicators):
        if axis not in item.position:
            continue
        places = item.position[axis]
        share = np.append((places + 1) / 2 if signed else places, 0.0)
        count = _observations(levels[:, place], weight[:, place], item.kind == "ownership")
        towards += count * share[levels[:, place]]
        total += count
    alpha = 1 + theory.axis_observations * towards
    beta = 1 + theory.axis_observations * (total - towards)
    # Many rows share a position; complex numbers let pairs be found by one fast sort.
    pairs, inverse = np.unique(np.round(alpha, 6) + 1j * np.round(beta, 6), return_inverse=True)
    low = betaincinv(pairs.real, pairs.imag, 0.05)[inverse]
    high = betaincinv(pairs.real, pairs.imag, 0.95)[inverse]
    mean = alpha / (alpha + beta)
    if signed:
        return Position(2 * mean - 1, 2 * low - 1, 2 * high - 1)
    return Position(mean, low, high)


def _observations(level: Codes, weight: Floats, ownership: bool) -> Floats:
    """Weight of an indicator on an axis; ownership places only relations that are owned."""
    if ownership:
        result: Floats = np.where(level == 2, _OWNED_WEIGHT * weight, 0.0)
        return result
    return weight
