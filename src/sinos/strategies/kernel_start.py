# mypy: disable-error-code="no-untyped-def"
"""Kernel: the suppliers at the start of a replication; see ``reference_start``."""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled, inner
from sinos.strategies.kernel_scalar import bell1, draw1, exp1, larger, smaller, uniform1
from sinos.strategies.names import STREAM_SUPPLIER
from sinos.strategies.reference_start import LEAST_AT_START, MOST_AT_START


@inner
def noise_of(key, i, what):
    """Return the noise, of mean 0 and variance 1, in one trait of supplier i."""
    w0, w1, w2, w3 = draw1(key, 0, STREAM_SUPPLIER, i, what)
    return bell1(w0, w1, w2, w3)


@compiled
def draw_suppliers(p, key, capability, capacity, wealth, intent):
    """Write capability (6, N), capacity, wealth and intent of all suppliers."""
    for function in range(6):
        for i in range(capacity.size):
            start = p.start[function] + p.start_spread * noise_of(key, i, 1 + function)
            capability[function, i] = smaller(larger(start, LEAST_AT_START), MOST_AT_START)
    for i in range(capacity.size):
        drawn = exp1(p.start_capacity + p.start_capacity_spread * noise_of(key, i, 0))
        capacity[i] = smaller(larger(drawn, p.capacity_least), p.capacity_most)
        wealth[i] = p.start_wealth * drawn
        intent[i] = uniform1(draw1(key, 0, STREAM_SUPPLIER, i, 7)[0]) < p.intent_share
