# mypy: disable-error-code="no-untyped-def"
"""Kernel: the suppliers that buyers look at, what each would cost, and the alternative a buyer reckons with.

Nothing here depends on what other buyers do, so it is computed for all buyers at once; see ``reference_matching``.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_pair import LEAST_COST, VOLUME, gather_pairs, pair_costs
from sinos.strategies.kernel_scalar import LOW, SHIFT, ZERO, smaller
from sinos.strategies.kernel_work import PAIRS, draw_pairs, padded
from sinos.strategies.names import STREAM_CANDIDATES

F = np.float32
J = np.int32
L = np.int64
U = np.uint64
GONE = np.int64(2**63 - 1)
"""Above every key: what is not, or no longer, to be had."""


@inner
def sort_key(value, place):
    """Return a whole number that orders as the value does, and equal values by place, which is its lower half."""
    bits = F(value + ZERO).view(np.int32)  # adding zero makes the negative zero a positive one
    ordered = J(bits ^ J(J(bits >> J(31)) & J(0x7FFFFFFF)))
    return L(L(ordered) << L(32)) | L(place)


@inner
def least(keys, n):
    """Return the least of the first n keys, a number of whole vectors."""
    best = GONE
    for k in range(n):
        best = min(best, keys[k])
    return best


@inner
def place_of(key):
    """Return the place a key was made with."""
    return key & L(LOW)


@inner
def expected_orders(b, p, work):
    """Write the volume each buyer expects to order of a supplier."""
    for j in range(b.volume.size):
        work.expected[j] = b.volume[j] / F(b.slot_start[j + 1] - b.slot_start[j]) * p.expected_size


@inner
def look(s, b, p, key, year, work, part):
    """Draw the suppliers that buyers look at, one from each stretch of the list of suppliers, and what each costs."""
    who, whom, words, rows = work.who, work.whom, work.words, work.pairs
    begin, end = b.look_start[part.buyers[0]], b.look_start[part.buyers[1]]
    for first in range(begin, end, PAIRS):
        n = min(PAIRS, end - first)
        for k in range(n):
            who[k] = work.looker[first + k]
            whom[k] = first + k - b.look_start[who[k]]
        draw_pairs(work, key, year, STREAM_CANDIDATES, padded(n))
        for k in range(n):
            i = work.stretch[first + k] + L((words[k] * U(work.width[first + k])) >> SHIFT)
            whom[k], who[k] = who[k], i
            work.looks[first + k] = i
            rows[VOLUME + k] = smaller(s.capacity[i], work.expected[whom[k]])
        gather_pairs(s, work, n)
        pair_costs(p, rows, padded(n))
        for k in range(n):
            work.cost[first + k] = rows[LEAST_COST + k]


@inner
def alternatives(b, f, p, work, part):
    """Note each active buyer's cost with the supplier that comes at a given rank among those it looked at."""
    keys, cost = work.keys, work.cost
    for j in range(part.buyers[0], part.buyers[1]):
        if b.active[j] == 0:
            continue
        start, n = b.look_start[j], b.look_start[j + 1] - b.look_start[j]
        for k in range(padded(n)):
            keys[k] = sort_key(cost[start + k], k) if k < n else GONE
        best = least(keys, padded(n))
        for _ in range(1, min(int(p.alternative_rank), n)):
            keys[place_of(best)] = GONE
            best = least(keys, padded(n))
        f.alternative[j] = cost[start + place_of(best)]
