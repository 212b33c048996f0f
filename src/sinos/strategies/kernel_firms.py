# mypy: disable-error-code="no-untyped-def"
"""Kernel: the vote of the cluster, retaliation, and spin-offs in the place of suppliers that close."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sinos.strategies.kernel_compile import inner, stage
from sinos.strategies.kernel_matching import clear_slot
from sinos.strategies.kernel_scalar import ONE, SHIFT, ZERO, bell1, draw1, larger, smaller, uniform1
from sinos.strategies.kernel_suppliers import LEAST_CAPABILITY, VOLUME, YES
from sinos.strategies.kernel_work import PAIRS, draw_pairs, padded
from sinos.strategies.names import STREAM_ENTRY, STREAM_ENTRY_NOISE, STREAM_RETALIATION

F = np.float32
D = np.float64
U = np.uint64


class Ballot(NamedTuple):
    """Votes by cluster: volume and heads of those that sell, and of those for the programme."""

    volume: Any
    heads: Any
    volume_yes: Any
    heads_yes: Any


@stage
def empty_ballot(clusters):
    """Return a ballot without votes."""
    return Ballot(np.zeros(clusters), np.zeros(clusters), np.zeros(clusters), np.zeros(clusters))


@inner
def count_votes(s, ballot, rows, low, n):
    """Add the votes of n suppliers from ``low``."""
    for k in range(n):
        volume = rows[VOLUME + k]
        if volume > ZERO:
            cluster = s.cluster[low + k]
            ballot.volume[cluster] += D(volume)
            ballot.heads[cluster] += 1.0
            if rows[YES + k] > ZERO:
                ballot.volume_yes[cluster] += D(volume)
                ballot.heads_yes[cluster] += 1.0


@stage
def close_ballot(c, p, ballot):
    """Decide where the vote is open; return 1 for each cluster whose programme passes this year."""
    passed = np.zeros(c.open.size, np.uint8)
    for n in range(c.open.size):
        if c.open[n] == 0 or c.running[n] == 1 or not ballot.volume[n] > 0.0:
            continue
        c.volume_yes[n] = F(ballot.volume_yes[n]) / F(ballot.volume[n])
        c.head_yes[n] = F(ballot.heads_yes[n]) / F(ballot.heads[n])
        support = p.programme_volume_weight * c.volume_yes[n] + (ONE - p.programme_volume_weight) * c.head_yes[n]
        if support >= p.programme_quorum:
            passed[n] = 1
            c.running[n] = 1
    return passed


@inner
def retaliate(s, r, f, p, key, year, passed, work):
    """Let buyers drop suppliers that invested in a core function, or whose programme has passed."""
    chance, words = work.chance, work.words
    f.retaliations[:] = 0
    for first in range(0, work.starts[work.starts.size - 1], PAIRS):
        n = min(PAIRS, work.starts[work.starts.size - 1] - first)
        for k in range(n):
            work.who[k] = r.supplier[work.order[first + k]]
            work.whom[k] = r.buyer[work.order[first + k]]
        draw_pairs(work, key, year, STREAM_RETALIATION, padded(n))
        for k in range(n):
            slot, i = work.order[first + k], work.who[k]
            dropped = f.invested[0, i] == 1 and uniform1(words[k]) < chance[0, slot]
            dropped = dropped or (f.invested[1, i] == 1 and uniform1(words[PAIRS + k]) < chance[1, slot])
            dropped = dropped or (passed[s.cluster[i]] == 1 and uniform1(words[2 * PAIRS + k]) < chance[2, slot])
            if dropped:
                f.retaliations[i] += 1
                r.barred[slot] = i
                r.barred_until[slot] = year + 1 + int(p.exclusion_years)
                clear_slot(r, slot)


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


@stage
def replace_closed(s, r, f, p, key, year, number):
    """Put spin-offs of the better of two firms in the places of those that close, ``number`` of them."""
    if number == 0:
        return
    size = s.capacity.size
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
        one, other = np.int64((w0 * U(size)) >> SHIFT), np.int64((w1 * U(size)) >> SHIFT)
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
