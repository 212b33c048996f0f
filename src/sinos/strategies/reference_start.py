"""Reference: the suppliers and buyers at the start of a replication, each drawn on its own."""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats, exp32
from sinos.strategies.names import FUNCTIONS, STREAM_BUYER, STREAM_SUPPLIER
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key, bell, draw_uniform
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Flags

LEAST_AT_START = np.float32(0.02)
MOST_AT_START = np.float32(0.9)


def draw_suppliers(
    p: Coefficients, key: Key, capability: Floats, capacity: Floats, wealth: Floats, intent: Flags
) -> None:
    """Write capability (6, N), capacity, wealth and intent of all suppliers."""
    who = np.arange(capacity.size)
    for function in range(len(FUNCTIONS)):
        noise = bell(draw_uniform(key, 0, STREAM_SUPPLIER, who, 1 + function))
        start = p.start[function] + p.start_spread * noise
        capability[function] = np.clip(start, LEAST_AT_START, MOST_AT_START)
    size_noise = bell(draw_uniform(key, 0, STREAM_SUPPLIER, who, 0))
    drawn = exp32(p.start_capacity + p.start_capacity_spread * size_noise)
    capacity[:] = np.clip(drawn, p.capacity_least, p.capacity_most)
    wealth[:] = p.start_wealth * drawn
    intent[:] = draw_uniform(key, 0, STREAM_SUPPLIER, who, 7)[0] < p.intent_share


def draw_buyers(p: Coefficients, key: Key, volume: Floats, complexity: Floats) -> None:
    """Replace mean volume and complexity of the groups of all buyers by their own."""
    who = np.arange(volume.size)
    volume[:] = volume * exp32(p.buyer_spread * bell(draw_uniform(key, 0, STREAM_BUYER, who, 0)))
    noise = bell(draw_uniform(key, 0, STREAM_BUYER, who, 1))
    complexity[:] = np.clip(complexity + p.complexity_spread * noise, ZERO, ONE)
