# mypy: disable-error-code="no-untyped-def"
"""Kernel: relations end, incumbents expand, buyers fill what they still need; see ``reference_matching``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_choice import choose
from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_pair import (
    LEAST_VOLUME,
    VOLUME,
    gather_suppliers,
    least_cost,
    pair_costs,
    slot_costs,
    terms_of,
)
from sinos.strategies.kernel_scalar import LOW, ONE, SHIFT, ZERO, draw1, larger, log1, smaller, uniform1
from sinos.strategies.kernel_work import PAIRS, SUPPLIERS, arrange, draw_pairs, padded
from sinos.strategies.names import STREAM_CANDIDATES, STREAM_ORDER, STREAM_SURVIVAL

F = np.float32
D = np.float64
U = np.uint64
NEVER = np.float32(np.inf)


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
        high = min(low + SUPPLIERS, used.size)
        for n in range(high - low):
            sums[n] = 0.0
        for place in range(work.starts[low // SUPPLIERS], work.starts[low // SUPPLIERS + 1]):
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
    """Bring the volume of what is left within capacity and demand; note what is sold."""
    arrange(r, work)
    add_sold(r, work)
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i >= 0:
            r.volume[slot] = r.volume[slot] * fit(s.capacity[i], work.used[i])
    for j in range(b.volume.size):
        factor = fit(b.volume[j], add_bought(b, r, j))
        for slot in range(b.slot_start[j], b.slot_start[j + 1]):
            if r.supplier[slot] >= 0:
                r.volume[slot] = r.volume[slot] * factor
    add_sold(r, work)


@inner
def cheapest(values, n):
    """Return the place of the least of the first n values, the first of equals; -1 if none is left."""
    best, place = NEVER, -1
    for k in range(n):
        if values[k] < best:
            best, place = values[k], k
    return place


@inner
def ranked(values, n, rank, best):
    """Return the value that comes at a rank (1 is the least) among the first n; ``best`` is used for the order."""
    known = 0
    for k in range(n):
        if known == rank and not values[k] < best[rank - 1]:
            continue
        at = min(known, rank - 1)
        while at > 0 and best[at - 1] > values[k]:
            best[at] = best[at - 1]
            at -= 1
        best[at] = values[k]
        known = min(known + 1, rank)
    return best[rank - 1]


@inner
def draw_looks(work, key, year, j, n, size):
    """Draw the suppliers buyer j looks at, one from each of n stretches of the list of suppliers."""
    whole, rest = size // n, size % n
    low, left = 0, 0
    for first in range(0, n, PAIRS):
        number = min(PAIRS, n - first)
        for k in range(padded(number)):
            work.who[k] = j
            work.whom[k] = first + k
        draw_pairs(work, key, year, STREAM_CANDIDATES, padded(number))
        for k in range(number):
            # The stretch ends at (turn + 1) * size // n, found without dividing.
            width, left = whole, left + rest
            if left >= n:
                width, left = whole + 1, left - n
            work.looks[first + k] = low + np.int64((work.words[k] * U(width)) >> SHIFT)
            low += width


@inner
def look(s, b, key, year, j, t, most, work):
    """Draw the suppliers buyer j looks at and what each would cost; return their number."""
    n = b.look_start[j + 1] - b.look_start[j]
    draw_looks(work, key, year, j, n, s.capacity.size)
    rows = work.pairs
    for first in range(0, n, PAIRS):
        number = min(PAIRS, n - first)
        for k in range(number):
            work.who[k] = work.looks[first + k]
            rows[VOLUME + k] = smaller(s.capacity[work.who[k]], most)
        gather_suppliers(s, work, number)
        pair_costs(t, rows, padded(number))
        for k in range(number):
            work.cost[first + k] = least_cost(rows, k)
    return n


@inner
def expand(s, b, r, p, j, t, need, work):
    """Let the suppliers of buyer j expand, cheapest first; return what is still needed."""
    start, n = b.slot_start[j], b.slot_start[j + 1] - b.slot_start[j]
    for first in range(0, n, PAIRS):
        number = min(PAIRS, n - first)
        slot_costs(s, r, t, work, start + first, number)
        for k in range(number):
            taken = r.supplier[start + first + k] >= 0
            work.cost[first + k] = least_cost(work.pairs, k) if taken else NEVER
    place = cheapest(work.cost, n)
    while place >= 0 and need > ZERO:
        slot = start + place
        i = r.supplier[slot]
        room = smaller(s.capacity[i] - work.used[i], s.share_cap[i] * s.capacity[i] - r.volume[slot])
        more = smaller(smaller(room, need), p.expansion * r.volume[slot])
        if more > ZERO:
            r.volume[slot] += more
            work.used[i] += more
            need = need - more
        work.cost[place] = NEVER
        place = cheapest(work.cost, n)
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
def unit_costs(s, b, p, j, need, n, work):
    """Write what a unit from each look would cost for the volume it could take; those above reserve cost never."""
    unit, cost, economy = work.unit, work.cost, p.scale_economy
    for k in range(n):
        i = work.looks[k]
        unit[k] = larger(smaller(s.capacity[i] - work.used[i], need), LEAST_VOLUME)
    for k in range(padded(n)):
        unit[k] = cost[k] - economy * log1(unit[k])
    for k in range(n):
        too_dear = cost[k] > p.reserve_cost
        unit[k] = NEVER if too_dear else unit[k] - s.discount[b.region[j], work.looks[k]]


@inner
def order_size(s, b, p, j, i, need, per_slot, used):
    """Return the volume buyer j orders of supplier i; 0 if it orders none."""
    most = smaller(s.capacity[i] - used[i], s.share_cap[i] * s.capacity[i])
    if most < b.dedication[j] * s.capacity[i]:
        return ZERO
    quantity = smaller(smaller(most, need), per_slot * p.order_size)
    if b.lump[j] > ZERO:
        quantity = np.floor(quantity / b.lump[j]) * b.lump[j]
    return quantity if quantity > p.smallest_order else ZERO


@inner
def fill(s, b, r, p, j, year, need, per_slot, n, work):
    """Place what buyer j still needs with the suppliers looked at, best first."""
    last = b.slot_start[j + 1]
    slot = next_empty(r, b.slot_start[j], last)
    if slot == last or need <= p.smallest_order:
        return
    unit_costs(s, b, p, j, need, n, work)
    place = cheapest(work.unit, n)
    while place >= 0 and slot < last and need > p.smallest_order:
        i = work.looks[place]
        quantity = ZERO if is_shut(b, r, j, i, year) else order_size(s, b, p, j, i, need, per_slot, work.used)
        if quantity > ZERO:
            r.supplier[slot], r.volume[slot], r.cost[slot] = i, quantity, work.cost[place]
            work.used[i] += quantity
            need = need - quantity
            slot = next_empty(r, slot, last)
        work.unit[place] = NEVER
        place = cheapest(work.unit, n)


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
def match(s, b, r, f, p, key, year, work):
    """Let incumbents of all buyers expand, then buyers fill what they still need and choose forms, in a drawn order."""
    need, turn = work.need, work.turn
    for j in range(b.volume.size):
        need[j] = b.volume[j] - add_bought(b, r, j)
        turn[j] = draw1(key, year, STREAM_ORDER, j, 0)[0] << SHIFT | U(j)
    put_in_order(work)
    for word in turn:
        j = int(word & LOW)
        if b.active[j] == 1 and need[j] > ZERO:
            need[j] = expand(s, b, r, p, j, terms_of(b, p, j), need[j], work)
    for word in turn:
        j = int(word & LOW)
        if b.active[j] == 0:
            continue
        t = terms_of(b, p, j)
        per_slot = b.volume[j] / F(b.slot_start[j + 1] - b.slot_start[j])
        number = look(s, b, key, year, j, t, per_slot * p.expected_size, work)
        f.alternative[j] = ranked(work.cost, number, min(int(p.alternative_rank), number), work.unit)
        fill(s, b, r, p, j, year, need[j], per_slot, number, work)
        choose(s, b, r, p, key, year, j, t, work)
