"""Reference, equation 4: how capability changes.

Doing what one performs, up to the ceiling that the buyer's market can teach; being taught; diffusion in the cluster;
help from a technology centre, absorbed in proportion to what one already knows; the collective programme; own
investment (equation 6); and forgetting what nobody lets one practise.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats, ordered_sum
from sinos.strategies.names import DESIGN, PROCESS, PRODUCT
from sinos.strategies.parameters import Coefficients
from sinos.strategies.reference_risk import ZERO, failure_risk
from sinos.strategies.reference_transfer import teaching
from sinos.strategies.state import Integers, World

LEAST_CAPABILITY = np.float32(0.01)


def learning(w: World, p: Coefficients) -> Floats:
    """Return the capability gain (6, N) of the year from doing, teaching, diffusion and institutions."""
    s, b, r, f = w.suppliers, w.buyers, w.relations, w.flows
    size = s.capacity.size
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    weight = weights(w, slots)
    root = np.sqrt(weight)
    taught = teaching(s, b, r, p, slots, failure_risk(s, b, p, supplier, buyer))
    change = np.zeros((6, size), np.float32)
    for function in range(6):
        reachable = np.minimum(ONE, p.ceiling_base[function] + p.ceiling_complexity[function] * b.complexity[buyer])
        room = np.maximum(reachable - s.capability[function, supplier], ZERO)
        done = p.learning[function] * weight * r.performs[function, slots].astype(np.float32) * room
        change[function] = ordered_sum(done + root * taught[function], supplier, size)
    for function in range(6):
        k = s.capability[function]
        mean = _cluster_mean(w, function)
        change[function] = change[function] + p.spillover * np.maximum(mean[s.cluster] - k, ZERO)
        change[function] = change[function] + s.assistance[function] * (ONE - k)
    for function in (PROCESS, PRODUCT, DESIGN):
        k = s.capability[function]
        change[function] = change[function] + s.centre * (k / (k + p.centre_half)) * (ONE - k)
    member = w.programmes.running[s.cluster].astype(np.float32) * np.where(f.volume > ZERO, ONE, ZERO)
    change[DESIGN] = change[DESIGN] + member * p.programme_yield * (ONE - s.capability[DESIGN])
    return change


def apply_learning(w: World, p: Coefficients, change: Floats) -> None:
    """Add the year's gain, let unpractised functions be forgotten, and keep capability within its bounds."""
    s, r = w.suppliers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    for function in range(6):
        k = s.capability[function]
        practised = ordered_sum(r.performs[function, slots], r.supplier[slots], k.size) > ZERO
        lost = np.where(practised, ZERO, p.forgetting * k)
        s.capability[function] = np.minimum(np.maximum(k + change[function] - lost, LEAST_CAPABILITY), ONE)


def weights(w: World, slots: Integers) -> Floats:
    """Return the share of its supplier's volume that each of the given slots holds."""
    total = w.flows.volume[w.relations.supplier[slots]]
    return np.where(total > ZERO, w.relations.volume[slots] / np.where(total > ZERO, total, ONE), ZERO).astype(
        np.float32
    )


def _cluster_mean(w: World, function: int) -> Floats:
    s, f = w.suppliers, w.flows
    clusters = w.programmes.running.size
    weighted = ordered_sum(s.capability[function] * f.volume, s.cluster, clusters)
    total = ordered_sum(f.volume, s.cluster, clusters)
    return np.where(total > ZERO, weighted / np.where(total > ZERO, total, ONE), ZERO).astype(np.float32)
