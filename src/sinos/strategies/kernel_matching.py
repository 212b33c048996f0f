# mypy: disable-error-code="no-untyped-def"
"""Kernel: relations end, incumbents expand, buyers fill what they still need; see ``reference_matching``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_looks import GONE, least, place_of, sort_key
from sinos.strategies.kernel_pair import LEAST_COST, LEAST_VOLUME, relation_costs
from sinos.strategies.kernel_scalar import LOW, ONE, SHIFT, ZERO, draw1, larger, log1, smaller, uniform1
from sinos.strategies.kernel_work import PAIRS, SUPPLIERS, arrange, draw_pairs, padded
from sinos.strategies.names import STREAM_ORDER, STREAM_SURVIVAL

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
def end_relations(b, r, p, key, year, work):
    """End relations that do not survive, or whose buyer is not active."""
    slots = r.supplier.size
    for first in range(0, slots, PAIRS):
        n = min(PAIRS, slots - first)
        for k in range(n):
            work.who[k] = max(r.supplier[first + k], 0)
            work.whom[k] = r.buyer[first + k]
        draw_pairs(work, key, year, STREAM_SURVIVAL, padded(n))
        for k in range(n):
            slot = first + k
            if r.supplier[slot] >= 0:
                survives = uniform1(work.words[k]) < p.kept[r.form[slot]]
                if not (survives and b.active[r.buyer[slot]] == 1):
                    clear_slot(r, slot)


@inner
def add_sold(r, work):
    """Write the volume sold by supplier into ``used``, added slot by slot in 64 bits."""
    sums, used = work.sums, work.used
    for low in range(0, used.size, SUPPLIERS):
        block, high = low // SUPPLIERS, min(low + SUPPLIERS, used.size)
        for n in range(high - low):
            sums[n] = 0.0
        for place in range(work.starts[block], work.starts[block + 1]):
            slot = work.order[place]
            sums[r.supplier[slot] - low] += D(r.volume[slot])
        for n in range(high - low):
            used[low + n] = F(sums[n])


@inner
def add_bought(b, r, j):
    """Return the volume that buyer j buys, added slot by slot in 64 bits."""
    total = 0.0
    for slot in range(b.slot_start[j], b.slot_start[j + 1]):
        if r.supplier[slot] >= 0:
            total += D(r.volume[slot])
    return F(total)


@inner
def fit(limit, total):
    """Return the factor, at most 1, that brings a total within its limit."""
    return limit / total if total > limit else ONE


@inner
def fit_volumes(s, b, r, work):
    """Bring the volume of what is left within what suppliers can make and buyers need; note what is sold."""
    arrange(r, work)
    add_sold(r, work)
    for j in range(b.volume.size):
        begin, end = b.slot_start[j], b.slot_start[j + 1]
        for slot in range(begin, end):
            i = r.supplier[slot]
            if i >= 0:
                r.volume[slot] = r.volume[slot] * fit(s.capacity[i], work.used[i])
        factor = fit(b.volume[j], add_bought(b, r, j))
        for slot in range(begin, end):
            if r.supplier[slot] >= 0:
                r.volume[slot] = r.volume[slot] * factor
    add_sold(r, work)


@inner
def incumbents(s, r, p, work, part):
    """Write the buyer's least cost of each relation that is left; occupied slots must be arranged."""
    begin, end = work.starts[part.blocks[0]], work.starts[part.blocks[1]]
    for first in range(begin, end, PAIRS):
        n = min(PAIRS, end - first)
        relation_costs(s, r, p, work, first, n)
        for k in range(n):
            r.cost[work.order[first + k]] = work.pairs[LEAST_COST + k]


@inner
def room_of(s, r, work, slot):
    """Return how much more the supplier in a slot could sell to its buyer."""
    i = r.supplier[slot]
    return smaller(s.capacity[i] - work.used[i], s.share_cap[i] * s.capacity[i] - r.volume[slot])


@inner
def expand(s, b, r, p, j, need, work):
    """Let the suppliers of buyer j expand, cheapest first; return what is still needed."""
    start, n = b.slot_start[j], b.slot_start[j + 1] - b.slot_start[j]
    keys, whole = work.keys, padded(n)
    for k in range(whole):
        keys[k] = GONE
    for k in range(n):
        slot = start + k
        if r.supplier[slot] >= 0:
            grows = (room_of(s, r, work, slot) > ZERO) & (p.expansion * r.volume[slot] > ZERO)
            keys[k] = sort_key(r.cost[slot], k) if grows else GONE
    best = least(keys, whole)
    while best < GONE and need > ZERO:
        slot = start + place_of(best)
        more = smaller(smaller(room_of(s, r, work, slot), need), p.expansion * r.volume[slot])
        r.volume[slot] += more
        work.used[r.supplier[slot]] += more
        need = need - more
        keys[place_of(best)] = GONE
        best = least(keys, whole)
    return need


@inner
def is_shut(b, r, j, i, year):
    """Tell whether supplier i already supplies buyer j or is barred by it."""
    for slot in range(b.slot_start[j], b.slot_start[j + 1]):
        if r.supplier[slot] == i or (r.barred[slot] == i and r.barred_until[slot] > year):
            return True
    return False


@inner
def next_empty(r, slot, last):
    """Return the first empty slot from the given one on, or ``last``."""
    while slot < last and r.supplier[slot] >= 0:
        slot += 1
    return slot


@inner
def most_for(s, work, i):
    """Return the most that supplier i could sell to a new buyer."""
    return smaller(s.capacity[i] - work.used[i], s.share_cap[i] * s.capacity[i])


@inner
def rank_looks(s, b, p, j, need, work):
    """Write the keys of buyer j's looks by what a unit would cost; of those that can take no order, ``GONE``."""
    start, n = b.look_start[j], b.look_start[j + 1] - b.look_start[j]
    unit, keys, economy, whole = work.unit, work.keys, p.scale_economy, padded(n)
    region, dedicated = b.region[j], b.dedication[j]
    # Lumps may round an order up by a last bit, so there the size of the order decides later.
    smallest = ZERO if b.lump[j] > ZERO else p.smallest_order
    for k in range(n):
        i = work.looks[start + k]
        unit[k] = larger(smaller(s.capacity[i] - work.used[i], need), LEAST_VOLUME)
    for k in range(whole):
        unit[k] = economy * log1(unit[k])
    for k in range(whole):
        keys[k] = GONE
    for k in range(n):
        i, cost = work.looks[start + k], work.cost[start + k]
        most = most_for(s, work, i)
        possible = (most >= dedicated * s.capacity[i]) & (most > smallest) & (cost <= p.reserve_cost)
        keys[k] = sort_key(cost - unit[k] - s.discount[region, i], k) if possible else GONE


@inner
def order_size(b, p, j, most, need, per_slot):
    """Return the volume buyer j orders of a supplier that could sell it ``most``."""
    quantity = smaller(smaller(most, need), per_slot * p.order_size)
    if b.lump[j] > ZERO:
        quantity = np.floor(quantity / b.lump[j]) * b.lump[j]
    return quantity


@inner
def fill(s, b, r, p, j, year, need, work):
    """Place what buyer j still needs with the suppliers looked at, best first."""
    last = b.slot_start[j + 1]
    slot = next_empty(r, b.slot_start[j], last)
    if slot == last or need <= p.smallest_order:
        return
    rank_looks(s, b, p, j, need, work)
    start, whole = b.look_start[j], padded(b.look_start[j + 1] - b.look_start[j])
    per_slot = b.volume[j] / F(last - b.slot_start[j])
    best = least(work.keys, whole)
    while best < GONE and slot < last and need > p.smallest_order:
        look = start + place_of(best)
        i = work.looks[look]
        quantity = order_size(b, p, j, most_for(s, work, i), need, per_slot)
        if quantity > p.smallest_order and not is_shut(b, r, j, i, year):
            r.supplier[slot], r.volume[slot], r.cost[slot] = i, quantity, work.cost[look]
            work.used[i] += quantity
            need = need - quantity
            slot = next_empty(r, slot, last)
        work.keys[place_of(best)] = GONE
        best = least(work.keys, whole)


@inner
def put_in_order(work):
    """Sort ``turn``, whose upper halves are the random words of buyers and lower halves their numbers, by the words."""
    one, other, count = work.turn, work.spare, work.count
    for shift in range(32, 64, 8):
        count[:] = 0
        for n in range(one.size):
            count[int((one[n] >> U(shift)) & U(255)) + 1] += 1
        for digit in range(256):
            count[digit + 1] += count[digit]
        for n in range(one.size):
            digit = int((one[n] >> U(shift)) & U(255))
            other[count[digit]] = one[n]
            count[digit] += 1
        one, other = other, one


@inner
def line_up(b, r, key, year, work):
    """Note what buyers still need, and draw the order in which they come."""
    for j in range(b.volume.size):
        work.need[j] = b.volume[j] - add_bought(b, r, j)
        work.turn[j] = draw1(key, year, STREAM_ORDER, j, 0)[0] << SHIFT | U(j)
    put_in_order(work)


@inner
def place_orders(s, b, r, p, year, work):
    """Let incumbents of all buyers expand, then buyers fill what they still need, in the drawn order.

    It is all one thread's work, as capacity can be sold once.
    """
    need, turn = work.need, work.turn
    for word in turn:
        j = int(word & LOW)
        if b.active[j] == 1 and need[j] > ZERO:
            need[j] = expand(s, b, r, p, j, need[j], work)
    for word in turn:
        j = int(word & LOW)
        if b.active[j] == 1:
            fill(s, b, r, p, j, year, need[j], work)
    arrange(r, work)
