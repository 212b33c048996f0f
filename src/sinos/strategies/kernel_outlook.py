# mypy: disable-error-code="no-untyped-def"
"""Kernel: what all suppliers see alike at mid-year: how thick markets are, and what the cluster knows.

See ``reference_retaliation`` (open volume, idle capacity) and ``reference_capability`` (means of the cluster).
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner, stage
from sinos.strategies.kernel_scalar import ONE, ZERO, larger
from sinos.strategies.kernel_work import IDLE, PROGRAMME_RISK, WHOLE

F = np.float32
D = np.float64


@inner
def open_volume(b, r, p, placed):
    """Write the volume that each buyer will place anew: unfilled, or changing hands."""
    for j in range(b.volume.size):
        filled, turning = 0.0, 0.0
        for slot in range(b.slot_start[j], b.slot_start[j + 1]):
            if r.supplier[slot] >= 0:
                filled += D(r.volume[slot])
                turning += D((ONE - p.survival[r.form[slot]]) * r.volume[slot])
        unfilled = larger(b.volume[j] - F(filled), ZERO)
        placed[j] = unfilled + F(turning) if b.active[j] == 1 else ZERO


@stage
def reach_of(b, placed, reach):
    """Write the open volume within reach of each market; return the whole of it."""
    markets = b.similarity.shape[0]
    market = np.zeros(markets, np.float64)
    for j in range(placed.size):
        market[b.market[j]] += D(placed[j])
    reach[:] = ZERO
    whole = 0.0
    for m in range(markets):
        whole += D(F(market[m]))
        for n in range(markets):
            reach[n] = reach[n] + b.similarity[n, m] * F(market[m])
    return F(whole)


@stage
def cluster_means(s, c, f, mean):
    """Write mean capability by function and cluster, weighted by volume; return the idle capacity of all suppliers."""
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
    for n in range(clusters):
        total = F(volume[n])
        for function in range(6):
            mean[function, n] = F(weighted[function, n]) / total if total > ZERO else ZERO
    return F(idle)


@stage
def look_round(s, b, r, c, f, p, outlook):
    """Write the outlook of the year."""
    open_volume(b, r, p, outlook.placed)
    outlook.common[WHOLE] = reach_of(b, outlook.placed, outlook.reach)
    outlook.common[IDLE] = cluster_means(s, c, f, outlook.mean)
    risk = p.programme_exposure * (ONE - p.programme_secrecy) * (ONE - p.programme_mediation)
    outlook.common[PROGRAMME_RISK] = risk
