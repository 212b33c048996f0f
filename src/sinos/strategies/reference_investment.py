"""Reference, equation 6: own investment, and strategic intent.

A supplier invests when the present value of the gain exceeds the cost and the loss it expects from retaliation. The
gain in design or marketing comes from sales to buyers that neither hold the function as core nor are strong in it,
and from sales that could be moved to other markets, which is easier in a thick market. Intent only lengthens the
horizon.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import HALF, ONE, Floats, ordered_sum
from sinos.strategies.names import DESIGN, MARKETING, PROCESS, PRODUCT
from sinos.strategies.parameters import Coefficients
from sinos.strategies.reference_capability import weights
from sinos.strategies.reference_retaliation import expected_loss, idle_capacity, open_volume, retaliation_chance
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Integers, World


def addressable(w: World, p: Coefficients, slots: Integers, function: int) -> Floats:
    """Return the share (N) of volume sold to buyers for whom the function is neither core nor a strength."""
    b, r = w.buyers, w.relations
    buyer = r.buyer[slots]
    reachable = (b.core[function, buyer] < HALF) & (b.competence[function, buyer] < p.addressable_competence)
    share = np.where(reachable, weights(w, slots), ZERO)
    return ordered_sum(share, r.supplier[slots], w.flows.volume.size)


def redeployable(w: World, p: Coefficients) -> Floats:
    """Return the share (N) of each supplier's volume that could be moved: larger in a thick market."""
    _, by_market = open_volume(w, p)
    thick = np.float32(ordered_sum(by_market, np.zeros(by_market.size, np.int32), 1)[0])
    total = thick + idle_capacity(w) + w.flows.volume
    return np.asarray(p.redeployable_share * thick / np.maximum(total, np.float32(1e-6)), np.float32)


def invest(w: World, p: Coefficients, change: Floats, slots: Integers) -> None:
    """Decide design, marketing, process and product in turn, from the wealth that is left; add gains to ``change``."""
    s, f = w.suppliers, w.flows
    active = f.volume > ZERO
    ann = np.where(s.intent == 1, p.annuity_long, p.annuity_short).astype(np.float32)
    movable = redeployable(w, p)
    root = np.sqrt(np.maximum(f.volume, p.invest_minimum)) * p.invest_scale
    left = s.wealth.copy()
    f.gain[:] = 0
    f.fear[:] = 0
    for place, function in enumerate((DESIGN, MARKETING)):
        reach = addressable(w, p, slots, function) * p.addressable_share + movable
        room = p.invest_yield * (ONE - s.capability[function])
        gain = p.value[function] * room * p.gain_scale * reach * f.volume * ann
        loss = expected_loss(w, p, slots, retaliation_chance(w, p, slots, function))
        cost = p.invest_cost[function] * root
        chosen = active & (left >= cost) & (gain > cost + loss)
        f.invested[place] = chosen
        f.gain[:] = np.where(active, f.gain + gain, ZERO)
        f.fear[:] = np.where(active, f.fear + loss, ZERO)
        change[function] = change[function] + np.where(chosen, room, ZERO)
        left = left - np.where(chosen, cost, ZERO)
    for function, worth in ((PROCESS, p.unit_cost * p.cost_process), (PRODUCT, p.quality_weight)):
        room = p.invest_yield * p.invest_process * (ONE - s.capability[function])
        gain = worth * room * f.volume * ann
        cost = p.invest_cost[function] * root
        chosen = active & (left >= cost) & (gain > cost)
        change[function] = change[function] + np.where(chosen, room, ZERO)
        left = left - np.where(chosen, cost, ZERO)
    f.investment[:] = s.wealth - left
