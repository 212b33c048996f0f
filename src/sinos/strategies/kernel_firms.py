# mypy: disable-error-code="no-untyped-def"
"""Kernel: learning applied, retaliation, wealth, capacity, closure and spin-offs."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_scalar import ONE, ZERO, bell1, draw1, larger, smaller, uniform1
from sinos.strategies.kernel_trade import clear_slot
from sinos.strategies.names import STREAM_ENTRY, STREAM_ENTRY_NOISE, STREAM_RETALIATION

U = np.uint64
LEAST_CAPABILITY = np.float32(0.01)
LEAST_SALES = np.float32(1e-6)


@inner
def apply_learning(s, r, p, change):
    """Add the year's gain and let unpractised functions be forgotten."""
    size = s.capacity.size
    practised = np.zeros((6, size), np.uint8)
    for function in range(6):
        for slot in range(r.supplier.size):
            if r.supplier[slot] >= 0 and r.performs[function, slot] == 1:
                practised[function, r.supplier[slot]] = 1
    for function in range(6):
        for i in range(size):
            k = s.capability[function, i]
            lost = ZERO if practised[function, i] == 1 else p.forgetting * k
            s.capability[function, i] = smaller(larger(k + change[function, i] - lost, LEAST_CAPABILITY), ONE)


@inner
def retaliate(s, r, f, p, key, year, chance, passed):
    """Let buyers drop suppliers that invested in a core function, or whose programme has passed."""
    for i in range(s.capacity.size):
        f.retaliations[i] = 0
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i < 0:
            continue
        w0, w1, w2, _ = draw1(key, year, STREAM_RETALIATION, i, r.buyer[slot])
        dropped = f.invested[0, i] == 1 and uniform1(w0) < chance[0, slot]
        dropped = dropped or (f.invested[1, i] == 1 and uniform1(w1) < chance[1, slot])
        dropped = dropped or (passed[s.cluster[i]] == 1 and uniform1(w2) < chance[2, slot])
        if dropped:
            f.retaliations[i] += 1
            r.barred[slot] = i
            r.barred_until[slot] = year + 1 + int(p.exclusion_years)
            clear_slot(r, slot)


@inner
def close_year(s, f, p):
    """Retain part of profit, pay for investment and owners, and let capacity follow use and margins."""
    for i in range(s.capacity.size):
        s.wealth[i] = s.wealth[i] * (ONE - p.drawing) + p.retained * f.profit[i] - f.investment[i]
        margin = f.profit[i] / larger(f.sales[i], LEAST_SALES)
        growth = smaller(larger(p.capacity_response * margin, -p.capacity_fall), p.capacity_rise)
        used = f.volume[i] >= p.full_use * s.capacity[i]
        grown = s.capacity[i] * (ONE + growth if used else ONE - p.idle_decay)
        s.capacity[i] = smaller(larger(grown, p.capacity_least), p.capacity_most)


@inner
def level_of(s, i):
    """Return the sum of a supplier's capabilities."""
    total = s.capability[0, i]
    for function in range(1, 6):
        total = total + s.capability[function, i]
    return total


@inner
def start_firm(s, p, i, start, intent, year):
    """Put a new firm in the place of a closed one."""
    for function in range(6):
        s.capability[function, i] = smaller(larger(start[function], LEAST_CAPABILITY), ONE)
        s.assistance[function, i] = ZERO
    s.intent[i] = intent
    s.capacity[i] = p.entry_capacity
    s.wealth[i] = p.entry_wealth
    s.founded[i] = year
    s.certified[i] = ZERO
    s.teaching[i] = ZERO
    s.centre[i] = ZERO
    s.strategy_cost[i] = ZERO
    s.share_cap[i] = ONE
    for region in range(s.discount.shape[0]):
        s.discount[region, i] = ZERO


@inner
def replace_closed(s, r, f, p, key, year):
    """Close suppliers without means, or small and without orders; start spin-offs in their places."""
    size = s.capacity.size
    number = 0
    for i in range(size):
        idle = f.volume[i] <= ZERO and s.capacity[i] <= p.capacity_exit
        closed = s.wealth[i] <= p.exit_wealth or idle
        f.closed[i] = closed
        f.written_off[i] = -s.wealth[i] if closed else ZERO
        number += closed
    if number == 0:
        return
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0 and f.closed[r.supplier[slot]] == 1:
            clear_slot(r, slot)
    starts = np.empty((number, 6), np.float32)
    intents = np.empty(number, np.uint8)
    n = 0
    for i in range(size):
        if f.closed[i] == 0:
            continue
        w0, w1, w2, _ = draw1(key, year, STREAM_ENTRY, i, 0)
        one, other = np.int64((w0 * U(size)) >> U(32)), np.int64((w1 * U(size)) >> U(32))
        parent = one if level_of(s, one) >= level_of(s, other) else other
        intents[n] = uniform1(w2) < p.spin_off_intent
        for function in range(6):
            v0, v1, v2, v3 = draw1(key, year, STREAM_ENTRY_NOISE, i, function)
            noise = bell1(v0, v1, v2, v3)
            starts[n, function] = s.capability[function, parent] * p.inheritance + p.inheritance_noise * noise
        n += 1
    n = 0
    for i in range(size):
        if f.closed[i] == 1:
            start_firm(s, p, i, starts[n], intents[n], year)
            n += 1
