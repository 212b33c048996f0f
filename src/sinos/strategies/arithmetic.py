"""Exponential and logarithm in 32-bit floating point, written out in additions and multiplications.

The mathematical library of the machine is not used, because its last bits differ between machines. These functions
use only operations that IEEE 754 defines exactly, so they give the same bits on every machine.
:mod:`sinos.strategies.kernel_scalar` holds the same operations for compiled loops, and a test holds the two to equal
bits. The polynomials are those of S. L. Moshier's Cephes library (single precision), with a relative error below
2e-7.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LOG2_E: Final = np.float32(1.4426950408889634)
LN2_HIGH: Final = np.float32(0.693359375)
LN2_LOW: Final = np.float32(-2.12194440e-4)
SQRT_HALF: Final = np.float32(0.70710678118654752)
EXP_LOWEST: Final = np.float32(-87.0)
EXP_HIGHEST: Final = np.float32(88.0)
EXP_0: Final = np.float32(1.9875691500e-4)
EXP_1: Final = np.float32(1.3981999507e-3)
EXP_2: Final = np.float32(8.3334519073e-3)
EXP_3: Final = np.float32(4.1665795894e-2)
EXP_4: Final = np.float32(1.6666665459e-1)
EXP_5: Final = np.float32(5.0000001201e-1)
LOG_0: Final = np.float32(7.0376836292e-2)
LOG_1: Final = np.float32(-1.1514610310e-1)
LOG_2: Final = np.float32(1.1676998740e-1)
LOG_3: Final = np.float32(-1.2420140846e-1)
LOG_4: Final = np.float32(1.4249322787e-1)
LOG_5: Final = np.float32(-1.6668057665e-1)
LOG_6: Final = np.float32(2.0000714765e-1)
LOG_7: Final = np.float32(-2.4999993993e-1)
LOG_8: Final = np.float32(3.3333331174e-1)
HALF: Final = np.float32(0.5)
ONE: Final = np.float32(1.0)


def exp32(x: Any) -> Floats:
    """Return e to the power x; arguments outside [-87, 88] take the nearest end.

    Examples
    --------
    >>> float(exp32(0.0)), round(float(exp32(1.0)), 5)
    (1.0, 2.71828)
    """
    value = np.minimum(np.maximum(np.asarray(x, np.float32), EXP_LOWEST), EXP_HIGHEST)
    power = np.floor(value * LOG2_E + HALF)
    rest = value - power * LN2_HIGH - power * LN2_LOW
    y = ((((EXP_0 * rest + EXP_1) * rest + EXP_2) * rest + EXP_3) * rest + EXP_4) * rest + EXP_5
    y = y * rest * rest + rest + ONE
    scale = ((power.astype(np.int32) + np.int32(127)) << np.int32(23)).view(np.float32)
    return np.asarray(y * scale, np.float32)


def log32(x: Any) -> Floats:
    """Return the natural logarithm of x, which must be a positive normal number.

    Examples
    --------
    >>> float(log32(1.0)), round(float(log32(10.0)), 5)
    (0.0, 2.30259)
    """
    bits = np.asarray(x, np.float32).view(np.int32)
    exponent = ((bits >> np.int32(23)) - np.int32(126)).astype(np.float32)
    fraction = ((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)).view(np.float32)
    low = fraction < SQRT_HALF
    exponent = np.where(low, exponent - ONE, exponent)
    m = np.where(low, fraction + fraction - ONE, fraction - ONE)
    z = m * m
    y = LOG_0 * m + LOG_1
    for coefficient in (LOG_2, LOG_3, LOG_4, LOG_5, LOG_6, LOG_7, LOG_8):
        y = y * m + coefficient
    y = y * m * z
    y = y + LN2_LOW * exponent - HALF * z
    return np.asarray(m + y + LN2_HIGH * exponent, np.float32)


def logistic32(x: Any) -> Floats:
    """Return 1 / (1 + e^-x).

    Examples
    --------
    >>> float(logistic32(0.0))
    0.5
    """
    return np.asarray(ONE / (ONE + exp32(-np.asarray(x, np.float32))), np.float32)


def ordered_sum(values: Any, groups: NDArray[np.int32], size: int) -> Floats:
    """Add values by group, one after another in the order given, in 64 bits, and round once to 32 bits.

    The order is part of the specification: it is what makes the compiled loop agree bit for bit.

    Examples
    --------
    >>> ordered_sum([1.0, 2.0, 4.0], np.array([0, 1, 0], np.int32), 3).tolist()
    [5.0, 2.0, 0.0]
    """
    total = np.bincount(groups, weights=np.asarray(values, np.float64), minlength=size)
    return np.asarray(total, np.float32)
