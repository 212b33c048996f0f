# mypy: disable-error-code="no-untyped-def"
"""Kernel: the vote of the cluster, retaliation, and spin-offs in the place of suppliers that close."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner, stage
from sinos.strategies.kernel_matching import clear_slot
from sinos.strategies.kernel_scalar import ONE, SHIFT, ZERO, bell1, larger, smaller, uniform1
from sinos.strategies.kernel_suppliers import LEAST_CAPABILITY
from sinos.strategies.kernel_work import PAIRS, draw_pairs, padded
from sinos.strategies.names import STREAM_ENTRY, STREAM_ENTRY_NOISE, STREAM_RETALIATION

F = np.float32
D = np.float64
L = np.int64
U = np.uint64


@stage
def hold_votes(s, c, f, p, work):
    """Count the votes where a vote is open, and note the clusters whose programme passes this year."""
    volume, heads = np.zeros(c.open.size), np.zeros(c.open.size)
    volume_yes, heads_yes = np.zeros(c.open.size), np.zeros(c.open.size)
    held = (c.open == 1) & (c.running == 0)
    work.passed[:] = 0
    if not held.any():
        return
    for i in range(f.volume.size):
        if f.volume[i] > ZERO:
            n = s.cluster[i]
            volume[n] += D(f.volume[i])
            heads[n] += 1.0
            if work.votes[i] == 1:
                volume_yes[n] += D(f.volume[i])
                heads_yes[n] += 1.0
    for n in range(c.open.size):
        if not (held[n] and volume[n] > 0.0):
            continue
        c.volume_yes[n] = F(volume_yes[n]) / F(volume[n])
        c.head_yes[n] = F(heads_yes[n]) / F(heads[n])
        support = p.programme_volume_weight * c.volume_yes[n] + (ONE - p.programme_volume_weight) * c.head_yes[n]
        if support >= p.programme_quorum:
            work.passed[n] = 1
            c.running[n] = 1


@inner
def retaliate(s, r, f, p, key, year, work):
    """Let buyers drop suppliers that invested in a core function, or whose programme has passed; others grow older."""
    chance, words, passed = work.chance, work.words, work.passed
    f.retaliations[:] = 0
    relations = work.starts[work.starts.size - 1]
    for first in range(0, relations, PAIRS):
        n = min(PAIRS, relations - first)
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
            else:
                r.age[slot] += 1


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
def closures(f):
    """Return the suppliers that close."""
    number = 0
    for i in range(f.closed.size):
        number += f.closed[i]
    closing = np.empty(number, np.int32)
    n = 0
    for i in range(f.closed.size):
        if f.closed[i] == 1:
            closing[n] = i
            n += 1
    return closing


@inner
def parents(s, p, key, year, closing, first, n, parent, intent, work):
    """Write which firms n new ones spring from, the better of two, and whether they intend to upgrade."""
    size = s.capacity.size
    for k in range(n):
        work.who[k], work.whom[k] = closing[first + k], 0
    draw_pairs(work, key, year, STREAM_ENTRY, padded(n))
    for k in range(n):
        one = L((work.words[k] * U(size)) >> SHIFT)
        other = L((work.words[PAIRS + k] * U(size)) >> SHIFT)
        parent[first + k] = one if level_of(s, one) >= level_of(s, other) else other
        intent[first + k] = uniform1(work.words[2 * PAIRS + k]) < p.spin_off_intent


@inner
def inherit(s, p, key, year, first, n, parent, start, work):
    """Write with which capability n new firms start; ``who`` holds their places."""
    rows, words = work.pairs, work.words
    for function in range(6):
        for k in range(n):
            work.whom[k] = function
        draw_pairs(work, key, year, STREAM_ENTRY_NOISE, padded(n))
        for k in range(padded(n)):
            rows[k] = bell1(words[k], words[PAIRS + k], words[2 * PAIRS + k], words[3 * PAIRS + k])
        for k in range(n):
            known = s.capability[function, parent[first + k]]
            start[first + k, function] = known * p.inheritance + p.inheritance_noise * rows[k]


@stage
def replace_closed(s, r, f, p, key, year, work):
    """Put spin-offs of the better of two firms in the places of those that close."""
    closing = closures(f)
    if closing.size == 0:
        return
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0 and f.closed[r.supplier[slot]] == 1:
            clear_slot(r, slot)
    parent, intent = np.empty(closing.size, np.int32), np.empty(closing.size, np.uint8)
    start = np.empty((closing.size, 6), np.float32)
    # A parent may be closing itself, so all new firms are known before the first takes its place.
    for first in range(0, closing.size, PAIRS):
        n = min(PAIRS, closing.size - first)
        parents(s, p, key, year, closing, first, n, parent, intent, work)
        inherit(s, p, key, year, first, n, parent, start, work)
    for n in range(closing.size):
        start_firm(s, p, closing[n], start[n], intent[n], year)
