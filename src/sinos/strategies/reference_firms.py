"""Reference, end of the year: wealth, capacity, closure, and new firms that spin off from capable ones."""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats
from sinos.strategies.names import STREAM_ENTRY, STREAM_ENTRY_NOISE
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key, bell, draw, draw_uniform, uniform
from sinos.strategies.reference_capability import LEAST_CAPABILITY
from sinos.strategies.reference_matching import clear
from sinos.strategies.reference_price import LEAST_SALES
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Suppliers, World


def close_year(w: World, p: Coefficients) -> None:
    """Retain part of profit, pay for investment and owners, and let capacity follow use and margins."""
    s, f = w.suppliers, w.flows
    s.wealth[:] = s.wealth * (ONE - p.drawing) + p.retained * f.profit - f.investment
    margin = f.profit / np.maximum(f.sales, LEAST_SALES)
    growth = np.minimum(np.maximum(p.capacity_response * margin, -p.capacity_fall), p.capacity_rise)
    used = f.volume >= p.full_use * s.capacity
    grown = s.capacity * np.where(used, ONE + growth, ONE - p.idle_decay)
    s.capacity[:] = np.minimum(np.maximum(grown, p.capacity_least), p.capacity_most)


def replace_closed(w: World, p: Coefficients, key: Key, year: int) -> None:
    """Close suppliers without means, or small and without orders; spin-offs of the better of two firms follow."""
    s, r, f = w.suppliers, w.relations, w.flows
    idle = (f.volume <= ZERO) & (s.capacity <= p.capacity_exit)
    closed = np.flatnonzero((s.wealth <= p.exit_wealth) | idle).astype(np.int32)
    f.closed[:] = 0
    f.closed[closed] = 1
    f.written_off[:] = 0
    f.written_off[closed] = -s.wealth[closed]
    occupied = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    clear(r, occupied[f.closed[r.supplier[occupied]] == 1])
    words = draw(key, year, STREAM_ENTRY, closed)
    size = np.uint64(s.capacity.size)
    one = ((words[0] * size) >> np.uint64(32)).astype(np.int64)
    other = ((words[1] * size) >> np.uint64(32)).astype(np.int64)
    level = _level(s)
    parent = np.where(level[one] >= level[other], one, other)
    inherited = s.capability[:, parent]
    for function in range(6):
        noise = bell(draw_uniform(key, year, STREAM_ENTRY_NOISE, closed, function))
        start = inherited[function] * p.inheritance + p.inheritance_noise * noise
        s.capability[function, closed] = np.minimum(np.maximum(start, LEAST_CAPABILITY), ONE)
    s.intent[closed] = uniform(words[2]) < p.spin_off_intent
    s.capacity[closed] = p.entry_capacity
    s.wealth[closed] = p.entry_wealth
    s.founded[closed] = year
    for neutral in (s.certified, s.teaching, s.centre, s.strategy_cost):
        neutral[closed] = ZERO
    s.share_cap[closed] = ONE
    s.discount[:, closed] = ZERO
    s.assistance[:, closed] = ZERO


def _level(s: Suppliers) -> Floats:
    total = s.capability[0]
    for function in range(1, 6):
        total = total + s.capability[function]
    return np.asarray(total, np.float32)
