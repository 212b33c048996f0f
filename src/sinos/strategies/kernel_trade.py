# mypy: disable-error-code="no-untyped-def"
"""Kernel: the first half of a year; see ``reference_matching``, ``reference_choice`` and ``reference_price``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import compiled, inner
from sinos.strategies.kernel_pair import LEAST_VOLUME, choose, least_cost
from sinos.strategies.kernel_scalar import HALF, ONE, ZERO, draw1, larger, log1, smaller, uniform1
from sinos.strategies.names import (
    DESIGN,
    LOGISTICS,
    MARKETING,
    PROCESS,
    PRODUCT,
    STREAM_CANDIDATES,
    STREAM_ORDER,
    STREAM_SURVIVAL,
)

F = np.float32
D = np.float64
U = np.uint64


@inner
def clear_slot(r, slot):
    """Empty one slot."""
    r.supplier[slot] = -1
    r.volume[slot] = ZERO
    r.age[slot] = 0
    r.form[slot] = -1
    for function in range(6):
        r.performs[function, slot] = 0
    r.price[slot] = ZERO


@inner
def totals(keys, values, size):
    """Add values by key in 64 bits, in order; keys below 0 are left out."""
    total = np.zeros(size, np.float64)
    for n in range(keys.size):
        if keys[n] >= 0:
            total[keys[n]] += D(values[n])
    return total


@inner
def by_buyer(r, size):
    """Return the volume bought by each buyer, in 64 bits."""
    total = np.zeros(size, np.float64)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            total[r.buyer[slot]] += D(r.volume[slot])
    return total


@inner
def fit(limit, total):
    """Return the factor, at most 1, that brings a total within its limit."""
    return limit / total if total > limit else ONE


@inner
def end_relations(s, b, r, p, key, year):
    """End relations that do not survive, and fit the rest to capacity and demand."""
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            word = draw1(key, year, STREAM_SURVIVAL, r.supplier[slot], r.buyer[slot])[0]
            if not (uniform1(word) < p.survival[r.form[slot]] and b.active[r.buyer[slot]] == 1):
                clear_slot(r, slot)
    used = totals(r.supplier, r.volume, s.capacity.size)
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i >= 0:
            r.volume[slot] = r.volume[slot] * fit(s.capacity[i], F(used[i]))
    bought = by_buyer(r, b.volume.size)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            j = r.buyer[slot]
            r.volume[slot] = r.volume[slot] * fit(b.volume[j], F(bought[j]))


@inner
def insertion_order(values, size, order):
    """Write the stable ascending order of the first ``size`` values into ``order``."""
    for n in range(size):
        at = n
        while at > 0 and values[order[at - 1]] > values[n]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = n


@inner
def look(s, b, p, key, year, j, per_slot, looks, cost):
    """Draw the suppliers buyer j looks at and what each would cost; return their number."""
    n = b.look_start[j + 1] - b.look_start[j]
    size = s.capacity.size
    for turn in range(n):
        low = turn * size // n
        high = (turn + 1) * size // n
        word = draw1(key, year, STREAM_CANDIDATES, j, turn)[0]
        looks[turn] = low + np.int64((word * U(high - low)) >> U(32))
    most = per_slot * p.expected_size
    for turn in range(n):
        i = looks[turn]
        cost[turn] = least_cost(s, b, p, i, j, smaller(s.capacity[i], most))
    return n


@inner
def expand(s, b, r, p, j, used, need, cost, order):
    """Let the suppliers of buyer j expand, cheapest first; return what is still needed."""
    start = b.slot_start[j]
    size = b.slot_start[j + 1] - start
    for n in range(size):
        cost[n] = r.cost[start + n]
    insertion_order(cost, size, order)
    for n in range(size):
        slot = start + order[n]
        i = r.supplier[slot]
        if i < 0:
            continue
        room = smaller(s.capacity[i] - used[i], s.share_cap[i] * s.capacity[i] - r.volume[slot])
        more = smaller(smaller(room, need), p.expansion * r.volume[slot])
        if more > ZERO:
            r.volume[slot] += more
            used[i] += more
            need = need - more
    return need


@inner
def is_shut(b, r, j, i, year):
    """Tell whether supplier i already supplies buyer j or is barred by it."""
    for slot in range(b.slot_start[j], b.slot_start[j + 1]):
        if r.supplier[slot] == i or (r.barred[slot] == i and r.barred_until[slot] > year):
            return True
    return False


@inner
def fill(s, b, r, p, j, year, used, need, per_slot, looks, cost, n, unit, order):
    """Place what buyer j still needs with the suppliers looked at, best first."""
    slot, last = b.slot_start[j], b.slot_start[j + 1]
    while slot < last and r.supplier[slot] >= 0:
        slot += 1
    if slot == last or need <= p.smallest_order:
        return
    for turn in range(n):
        i = looks[turn]
        size = larger(smaller(s.capacity[i] - used[i], need), LEAST_VOLUME)
        unit[turn] = cost[turn] - p.scale_economy * log1(size) - s.discount[b.region[j], i]
    insertion_order(unit, n, order)
    for rank in range(n):
        if slot == last or need <= p.smallest_order:
            return
        turn = order[rank]
        i = looks[turn]
        if cost[turn] > p.reserve_cost or is_shut(b, r, j, i, year):
            continue
        most = smaller(s.capacity[i] - used[i], s.share_cap[i] * s.capacity[i])
        quantity = smaller(smaller(most, need), per_slot * p.order_size)
        if most < b.dedication[j] * s.capacity[i]:
            continue
        if b.lump[j] > ZERO:
            quantity = np.floor(quantity / b.lump[j]) * b.lump[j]
        if quantity <= p.smallest_order:
            continue
        r.supplier[slot], r.volume[slot], r.cost[slot] = i, quantity, cost[turn]
        used[i] += quantity
        need = need - quantity
        while slot < last and r.supplier[slot] >= 0:
            slot += 1


@inner
def match(s, b, r, f, p, key, year):
    """Let incumbents expand and buyers fill what they still need."""
    buyers = b.volume.size
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            r.cost[slot] = least_cost(s, b, p, r.supplier[slot], r.buyer[slot], r.volume[slot])
    used = totals(r.supplier, r.volume, s.capacity.size).astype(np.float32)
    bought = by_buyer(r, buyers)
    need = np.empty(buyers, np.float32)
    keys = np.empty(buyers, np.uint64)
    widest = 1
    for j in range(buyers):
        need[j] = b.volume[j] - F(bought[j])
        keys[j] = draw1(key, year, STREAM_ORDER, j, 0)[0]
        widest = max(widest, b.look_start[j + 1] - b.look_start[j], b.slot_start[j + 1] - b.slot_start[j])
    turns = np.argsort(keys, kind="mergesort")
    cost = np.empty(widest, np.float32)
    unit = np.empty(widest, np.float32)
    looks = np.empty(widest, np.int64)
    order = np.empty(widest, np.int64)
    for j in turns:
        if b.active[j] == 1:
            need[j] = expand(s, b, r, p, j, used, need[j], cost, order)
    for j in turns:
        if b.active[j] == 0:
            continue
        per_slot = b.volume[j] / F(b.slot_start[j + 1] - b.slot_start[j])
        n = look(s, b, p, key, year, j, per_slot, looks, cost)
        insertion_order(cost, n, order)
        f.alternative[j] = cost[order[min(int(p.alternative_rank), n) - 1]]
        fill(s, b, r, p, j, year, used, need[j], per_slot, looks, cost, n, unit, order)


@inner
def price_of(s, b, r, p, slot):
    """Return the price per unit of one slot."""
    i, j = r.supplier[slot], r.buyer[slot]
    design = F(r.performs[DESIGN, slot]) * s.capability[DESIGN, i]
    marketing = F(r.performs[MARKETING, slot]) * s.capability[MARKETING, i]
    shield = ONE - p.shield * design - p.shield * HALF * marketing
    base = ONE - (ONE - p.entrant_price) * b.exposure[j] * shield
    above = larger(s.capability[PRODUCT, i] - p.entrant_quality, p.quality_floor)
    quality = p.quality_weight * above * smaller(ONE, p.quality_base + b.complexity[j])
    functions = ZERO
    for function in range(LOGISTICS, MARKETING + 1):
        functions = functions + F(r.performs[function, slot]) * p.value[function] * s.capability[function, i]
    local = p.exchange if b.region[j] == 2 else ONE
    return larger((base + quality + functions) * local, ZERO)


@inner
def settle(s, b, r, c, f, p):
    """Set prices, unit cost, volume, sales, levy and profit of the year."""
    size = s.capacity.size
    volume = np.zeros(size, np.float64)
    sales = np.zeros(size, np.float64)
    relations = np.zeros(size, np.float64)
    designs = np.zeros(size, np.float64)
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i >= 0:
            r.price[slot] = price_of(s, b, r, p, slot)
            volume[i] += D(r.volume[slot])
            sales[i] += D(r.volume[slot] * r.price[slot])
            relations[i] += 1.0
            designs[i] += D(r.performs[DESIGN, slot])
    for i in range(size):
        f.volume[i] = F(volume[i])
        f.sales[i] = F(sales[i])
        cost = p.unit_cost * (ONE - p.cost_process * s.capability[PROCESS, i])
        f.unit_cost[i] = cost + (p.design_cost if designs[i] > 0.0 else ZERO)
        member = F(c.running[s.cluster[i]])
        f.levy[i] = member * p.programme_levy * (ONE - p.programme_public_share) * f.volume[i]
        standing = p.relation_cost * F(relations[i]) + (p.capacity_cost + s.strategy_cost[i]) * s.capacity[i]
        f.profit[i] = f.sales[i] - f.unit_cost[i] * f.volume[i] - standing - f.levy[i]


@compiled
def trade(world, p, key, year):
    """First half of a year, in place."""
    s, b, r, c, f = world
    end_relations(s, b, r, p, key, year)
    match(s, b, r, f, p, key, year)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            choose(s, b, r, p, key, year, slot)
    settle(s, b, r, c, f, p)
