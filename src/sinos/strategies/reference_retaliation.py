"""Reference, equation 7: encroachment, retaliation and what its victim would lose, net of finding another buyer.

A buyer whose core function a supplier builds up drops it with probability ``Logit((threat - switching cost -
tolerance) / scale)``. The supplier loses its margin on that volume until it is matched again. The expected time to
that is longer the thinner the market without this buyer: volume that changes hands elsewhere, weighted by similarity
of markets, against idle capacity and the volume to be placed. So losing one of many like buyers costs less than
losing the only one.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import HALF, ONE, Floats, logistic32, ordered_sum
from sinos.strategies.names import NETWORK, STREAM_RETALIATION
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key, draw_uniform
from sinos.strategies.reference_matching import clear
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Integers, Relations, World


def open_volume(w: World, p: Coefficients) -> tuple[Floats, Floats]:
    """Return the volume that each buyer (B) and each market (M) will place anew: unfilled, or changing hands."""
    b, r = w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    buyer = r.buyer[slots]
    filled = ordered_sum(r.volume[slots], buyer, b.volume.size)
    turning = ordered_sum((ONE - p.survival[r.form[slots]]) * r.volume[slots], buyer, b.volume.size)
    unfilled = np.maximum(b.volume - filled, ZERO)
    placed = np.where(b.active == 1, unfilled + turning, ZERO).astype(np.float32)
    return placed, ordered_sum(placed, b.market, b.similarity.shape[0])


def idle_capacity(w: World) -> np.float32:
    """Return the capacity of all suppliers that is not used."""
    idle = np.maximum(w.suppliers.capacity - w.flows.volume, ZERO)
    return np.float32(ordered_sum(idle, np.zeros(idle.size, np.int32), 1)[0])


def rematch_time(w: World, p: Coefficients, slots: Integers) -> Floats:
    """Return the expected years to replace the volume of the given slots if their buyer were lost."""
    b, r = w.buyers, w.relations
    by_buyer, by_market = open_volume(w, p)
    markets = by_market.size
    reach = np.zeros(markets, np.float32)
    for market in range(markets):
        reach = reach + b.similarity[:, market] * by_market[market]
    buyer = r.buyer[slots]
    elsewhere = np.maximum(reach[b.market[buyer]] - by_buyer[buyer], ZERO)
    years = (elsewhere + idle_capacity(w) + r.volume[slots]) / np.maximum(elsewhere, np.float32(1e-6))
    bounded: Floats = np.minimum(years, p.rematch_longest).astype(np.float32)
    return bounded


def retaliation_chance(w: World, p: Coefficients, slots: Integers, function: int) -> Floats:
    """Return the probability that buyers drop a supplier that builds up a function, by slot; 0 if not core."""
    s, b, r = w.suppliers, w.buyers, w.relations
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    part = p.threat_base + p.threat_capability * s.capability[function, supplier]
    threat = p.core_rent * part * np.minimum(ONE, r.volume[slots] / p.threat_volume)
    mature = np.minimum(ONE, r.age[slots].astype(np.float32) / p.specificity_years)
    specific = np.where(r.form[slots] >= NETWORK, p.specificity * mature, ZERO)
    switching = specific + np.maximum(w.flows.alternative[buyer] - r.cost[slots], ZERO)
    chance = logistic32((threat - switching - p.tolerance) / p.threat_scale)
    hit = (b.core[function, buyer] > HALF) & (p.retaliation > HALF)
    return np.where(hit, chance, ZERO).astype(np.float32)


def expected_loss(w: World, p: Coefficients, slots: Integers, chance: Floats) -> Floats:
    """Return the expected loss to retaliation by supplier (N), for the given chances by slot."""
    r, f = w.relations, w.flows
    supplier = r.supplier[slots]
    margin = np.maximum(r.price[slots] - f.unit_cost[supplier], p.margin_floor)
    loss = chance * r.volume[slots] * margin * rematch_time(w, p, slots)
    return ordered_sum(loss, supplier, f.volume.size)


def retaliate(
    w: World, p: Coefficients, key: Key, year: int, slots: Integers, exposed: tuple[Floats, Floats, Floats]
) -> None:
    """Let buyers drop suppliers; ``exposed`` holds the chances by slot for design, marketing and the programme."""
    r: Relations = w.relations
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    numbers = draw_uniform(key, year, STREAM_RETALIATION, supplier, buyer)
    dropped = np.zeros(slots.size, bool)
    for number, chance in zip(numbers[:3], exposed, strict=True):
        dropped |= number < chance
    gone = slots[dropped]
    np.add.at(w.flows.retaliations, r.supplier[gone], 1)
    r.barred[gone] = r.supplier[gone]
    r.barred_until[gone] = year + 1 + int(p.exclusion_years)
    clear(r, gone)
