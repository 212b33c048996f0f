# mypy: disable-error-code="no-untyped-def"
"""Kernel: the suppliers and buyers at the start of a replication; see ``reference_start``."""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled, inner
from sinos.strategies.kernel_scalar import ONE, ZERO, bell1, draw1, exp1, larger, smaller, uniform1
from sinos.strategies.names import STREAM_BUYER, STREAM_SUPPLIER
from sinos.strategies.reference_start import LEAST_AT_START, MOST_AT_START


@inner
def noise_of(key, stream, i, what):
    """Return the noise, of mean 0 and variance 1, in one trait of supplier or buyer i."""
    w0, w1, w2, w3 = draw1(key, 0, stream, i, what)
    return bell1(w0, w1, w2, w3)


@compiled
def draw_suppliers(p, key, capability, capacity, wealth, intent):
    """Write capability (6, N), capacity, wealth and intent of all suppliers."""
    for function in range(6):
        for i in range(capacity.size):
            start = p.start[function] + p.start_spread * noise_of(key, STREAM_SUPPLIER, i, 1 + function)
            capability[function, i] = smaller(larger(start, LEAST_AT_START), MOST_AT_START)
    for i in range(capacity.size):
        drawn = exp1(p.start_capacity + p.start_capacity_spread * noise_of(key, STREAM_SUPPLIER, i, 0))
        capacity[i] = smaller(larger(drawn, p.capacity_least), p.capacity_most)
        wealth[i] = p.start_wealth * drawn
        intent[i] = uniform1(draw1(key, 0, STREAM_SUPPLIER, i, 7)[0]) < p.intent_share


@compiled
def draw_buyers(p, key, volume, complexity):
    """Replace mean volume and complexity of the groups of all buyers by their own."""
    for j in range(volume.size):
        volume[j] = volume[j] * exp1(p.buyer_spread * noise_of(key, STREAM_BUYER, j, 0))
        drawn = complexity[j] + p.complexity_spread * noise_of(key, STREAM_BUYER, j, 1)
        complexity[j] = smaller(larger(drawn, ZERO), ONE)
