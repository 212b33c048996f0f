"""Reference, equation 8: the vote on a collective brand and design programme.

Every selling supplier votes on its own present value: its gain from better design in addressable and movable sales,
less the levy and the loss it expects from its buyers' retaliation. Secrecy and state mediation lower that loss;
public money lowers the levy. Support is weighted by volume (large exporters decide) unless the scenario or a strategy
gives weight to heads.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats, ordered_sum
from sinos.strategies.names import DESIGN
from sinos.strategies.parameters import Coefficients
from sinos.strategies.reference_investment import addressable, redeployable
from sinos.strategies.reference_retaliation import expected_loss, retaliation_chance
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Integers, World


def programme_risk(p: Coefficients) -> np.float32:
    """Return how much of the retaliation risk of an own investment a member of the programme runs."""
    return np.float32(p.programme_exposure * (ONE - p.programme_secrecy) * (ONE - p.programme_mediation))


def votes(w: World, p: Coefficients, slots: Integers) -> Floats:
    """Return 1 for each supplier (N) that gains from the programme, else 0."""
    s, f = w.suppliers, w.flows
    reach = addressable(w, p, slots, DESIGN) * p.addressable_share + redeployable(w, p)
    room = p.programme_yield * (ONE - s.capability[DESIGN])
    gain = p.value[DESIGN] * room * p.programme_gain * reach * f.volume * p.annuity_long
    levy = p.programme_levy * (ONE - p.programme_public_share) * f.volume * p.annuity_long
    loss = expected_loss(w, p, slots, retaliation_chance(w, p, slots, DESIGN) * programme_risk(p))
    return np.where((f.volume > ZERO) & (gain > levy + loss), ONE, ZERO).astype(np.float32)


def vote(w: World, p: Coefficients, slots: Integers) -> Floats:
    """Hold the vote where it is open; return the retaliation chance by slot from programmes that pass this year."""
    s, f, c = w.suppliers, w.flows, w.programmes
    clusters = c.open.size
    chance = retaliation_chance(w, p, slots, DESIGN) * programme_risk(p)
    yes = votes(w, p, slots)
    volume = ordered_sum(f.volume, s.cluster, clusters)
    heads = ordered_sum(f.volume > ZERO, s.cluster, clusters)
    for_volume = ordered_sum(yes * f.volume, s.cluster, clusters) / np.where(volume > ZERO, volume, ONE)
    for_heads = ordered_sum(yes, s.cluster, clusters) / np.where(heads > ZERO, heads, ONE)
    support = p.programme_volume_weight * for_volume + (ONE - p.programme_volume_weight) * for_heads
    held = (c.open == 1) & (c.running == 0) & (volume > ZERO)
    passed = held & (support >= p.programme_quorum)
    c.volume_yes[held] = for_volume[held]
    c.head_yes[held] = for_heads[held]
    c.running[passed] = 1
    return np.where(passed[s.cluster[w.relations.supplier[slots]]], chance, ZERO).astype(np.float32)
