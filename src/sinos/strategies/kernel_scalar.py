"""Kernel: exponential, logarithm and random numbers for one value; same bits as ``arithmetic`` and ``random``."""

from __future__ import annotations

import numpy as np

from sinos.strategies import arithmetic as a
from sinos.strategies import random as rnd
from sinos.strategies.kernel_compile import scalar

F = np.float32
J = np.int32
U = np.uint64
LOG2_E, LN2_HIGH, LN2_LOW, SQRT_HALF = a.LOG2_E, a.LN2_HIGH, a.LN2_LOW, a.SQRT_HALF
LOWEST, HIGHEST, HALF, ONE, ZERO = a.EXP_LOWEST, a.EXP_HIGHEST, a.HALF, a.ONE, F(0)
E0, E1, E2, E3, E4, E5 = a.EXP_0, a.EXP_1, a.EXP_2, a.EXP_3, a.EXP_4, a.EXP_5
L0, L1, L2, L3, L4 = a.LOG_0, a.LOG_1, a.LOG_2, a.LOG_3, a.LOG_4
L5, L6, L7, L8 = a.LOG_5, a.LOG_6, a.LOG_7, a.LOG_8
M0, M1, W0, W1, LOW, SHIFT = rnd.MULTIPLIER_0, rnd.MULTIPLIER_1, rnd.WEYL_0, rnd.WEYL_1, rnd.LOW_32, rnd.SHIFT_32
STREAMS = rnd.STREAMS_PER_YEAR
STEP = F(2.0**-23)
ROOT_3 = F(1.7320508)
TWO = F(2)


@scalar
def larger(x: np.float32, y: np.float32) -> np.float32:
    """Return the larger of two numbers."""
    return x if x > y else y


@scalar
def smaller(x: np.float32, y: np.float32) -> np.float32:
    """Return the smaller of two numbers."""
    return x if x < y else y


@scalar
def exp1(x: np.float32) -> np.float32:
    """Return e to the power x."""
    value = smaller(larger(x, LOWEST), HIGHEST)
    power = np.floor(value * LOG2_E + HALF)
    rest = value - power * LN2_HIGH - power * LN2_LOW
    y = ((((E0 * rest + E1) * rest + E2) * rest + E3) * rest + E4) * rest + E5
    y = y * rest * rest + rest + ONE
    bits = J(J(power) + J(127)) << J(23)
    result: np.float32 = y * J(bits).view(np.float32)
    return result


@scalar
def log1(x: np.float32) -> np.float32:
    """Return the natural logarithm of a positive number."""
    bits = F(x).view(np.int32)
    exponent = F(J(bits >> J(23)) - J(126))
    fraction = J(J(bits & J(0x007FFFFF)) | J(0x3F000000)).view(np.float32)
    low = fraction < SQRT_HALF
    exponent = exponent - ONE if low else exponent
    m = fraction + fraction - ONE if low else fraction - ONE
    z = m * m
    y = (((((((L0 * m + L1) * m + L2) * m + L3) * m + L4) * m + L5) * m + L6) * m + L7) * m + L8
    y = y * m * z
    y = y + LN2_LOW * exponent - HALF * z
    return m + y + LN2_HIGH * exponent


@scalar
def logistic1(x: np.float32) -> np.float32:
    """Return 1 / (1 + e^-x)."""
    result: np.float32 = ONE / (ONE + exp1(-x))
    return result


@scalar
def philox1(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
    """Return four random words for a counter and a key, all in 64-bit words."""
    for _ in range(10):
        p0 = M0 * c0
        p1 = M1 * c2
        c0, c1, c2, c3 = (p1 >> SHIFT) ^ c1 ^ k0, p1 & LOW, (p0 >> SHIFT) ^ c3 ^ k1, p0 & LOW
        k0 = (k0 + W0) & LOW
        k1 = (k1 + W1) & LOW
    return c0, c1, c2, c3


@scalar
def draw1(key, year, stream, first, second):  # type: ignore[no-untyped-def]
    """Return four random words for an entity, or a pair of entities, in a year and stream."""
    return philox1(U(first), U(second), U(year * STREAMS + stream), key.replication, key.low, key.high)


@scalar
def uniform1(word: np.uint64) -> np.float32:
    """Turn a random word into a number strictly between 0 and 1."""
    return (F(J(word >> U(9))) + HALF) * STEP


@scalar
def bell1(a0: np.uint64, a1: np.uint64, a2: np.uint64, a3: np.uint64) -> np.float32:
    """Turn four random words into a number of mean 0, variance 1 and bell shape."""
    total = uniform1(a0) + uniform1(a1) + uniform1(a2) + uniform1(a3)
    result: np.float32 = (total - TWO) * ROOT_3
    return result
