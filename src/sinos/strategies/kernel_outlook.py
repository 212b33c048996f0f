# mypy: disable-error-code="no-untyped-def"
"""Kernel: what all suppliers see alike at mid-year: how thick markets are, and what the cluster knows.

See ``reference_retaliation`` (open volume, idle capacity) and ``reference_capability`` (means of the cluster).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sinos.strategies.kernel_compile import stage
from sinos.strategies.kernel_scalar import ONE, ZERO, larger

F = np.float32
D = np.float64


class Outlook(NamedTuple):
    """Open volume by buyer and its reach by market, the whole open volume, idle capacity, mean capability (6, clusters)
    and the share of an own investment's risk that a member of the programme runs.
    """

    placed: Any
    reach: Any
    whole: Any
    idle: Any
    mean: Any
    programme_risk: Any


@stage
def open_volume(b, r, p):
    """Return the volume that each buyer will place anew: unfilled, or changing hands."""
    placed = np.empty(b.volume.size, np.float32)
    for j in range(b.volume.size):
        filled, turning = 0.0, 0.0
        for slot in range(b.slot_start[j], b.slot_start[j + 1]):
            if r.supplier[slot] >= 0:
                filled += D(r.volume[slot])
                turning += D((ONE - p.survival[r.form[slot]]) * r.volume[slot])
        unfilled = larger(b.volume[j] - F(filled), ZERO)
        placed[j] = unfilled + F(turning) if b.active[j] == 1 else ZERO
    return placed


@stage
def reach_of(b, placed):
    """Return the open volume within reach of each market, and the whole of it."""
    markets = b.similarity.shape[0]
    market = np.zeros(markets, np.float64)
    for j in range(placed.size):
        market[b.market[j]] += D(placed[j])
    reach = np.zeros(markets, np.float32)
    whole = 0.0
    for m in range(markets):
        whole += D(F(market[m]))
        for n in range(markets):
            reach[n] = reach[n] + b.similarity[n, m] * F(market[m])
    return reach, F(whole)


@stage
def cluster_means(s, c, f):
    """Return mean capability by function and cluster, weighted by volume, and the idle capacity of all suppliers."""
    clusters = c.running.size
    weighted, volume = np.zeros((6, clusters), np.float64), np.zeros(clusters, np.float64)
    idle = 0.0
    for i in range(s.capacity.size):
        idle += D(larger(s.capacity[i] - f.volume[i], ZERO))
        if f.volume[i] > ZERO:
            n = s.cluster[i]
            volume[n] += D(f.volume[i])
            for function in range(6):
                weighted[function, n] += D(s.capability[function, i] * f.volume[i])
    mean = np.zeros((6, clusters), np.float32)
    for n in range(clusters):
        total = F(volume[n])
        for function in range(6):
            mean[function, n] = F(weighted[function, n]) / total if total > ZERO else ZERO
    return mean, F(idle)


@stage
def outlook_of(s, b, r, c, f, p):
    """Return the outlook of the year."""
    placed = open_volume(b, r, p)
    reach, whole = reach_of(b, placed)
    mean, idle = cluster_means(s, c, f)
    programme_risk = p.programme_exposure * (ONE - p.programme_secrecy) * (ONE - p.programme_mediation)
    return Outlook(placed, reach, whole, idle, mean, programme_risk)
