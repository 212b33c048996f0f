"""Reference, equation 2: the buyer chooses the governance form of least cost, and functions follow.

The cost of a unit under a form is coordination, the fixed cost of the relation spread over its volume, the loss from
failures, and design: the shortfall of the supplier's design where the supplier designs (market, network), the buyer's
own overhead where it designs itself (quasi-hierarchy, hierarchy). No form carries a rate of learning.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import HALF, ONE, Floats, log32
from sinos.strategies.names import (
    DESIGN,
    HIERARCHY,
    LOGISTICS,
    MARKET,
    MARKETING,
    NETWORK,
    PROCESS,
    PRODUCT,
    QUASI,
    SOURCING,
    STREAM_CHOICE,
)
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key, draw_uniform
from sinos.strategies.reference_risk import ZERO, Risk
from sinos.strategies.state import Buyers, Flags, Integers, Suppliers

LEAST_VOLUME = np.float32(1e-3)


def form_costs(
    s: Suppliers, b: Buyers, p: Coefficients, supplier: Integers, buyer: Integers, volume: Floats, risk: Risk
) -> Floats:
    """Return the buyer's cost per unit (4, K) of pairs under each form, for an order of the given volume."""
    z = b.complexity[buyer]
    quantity = np.maximum(volume, LEAST_VOLUME)
    shortfall = p.design_shortfall * design_gap(s, b, p, supplier, buyer)
    rent = b.core[DESIGN, buyer] * p.core_rent * p.network_rent
    own_design = z * p.overhead[DESIGN] / np.maximum(b.competence[DESIGN, buyer], p.competence_floor)
    cost = np.empty((4, z.size), np.float32)
    for form in range(4):
        cost[form] = p.handling_cost[form] * z + p.fixed_cost[form] / quantity + risk.loss * risk.risk[form]
    cost[MARKET] = cost[MARKET] + shortfall
    cost[NETWORK] = cost[NETWORK] + shortfall + rent
    cost[QUASI] = cost[QUASI] + own_design
    cost[HIERARCHY] = cost[HIERARCHY] + own_design + p.own_production
    return cost


def design_gap(s: Suppliers, b: Buyers, p: Coefficients, supplier: Integers, buyer: Integers) -> Floats:
    """Return how far the supplier's design falls short of what the buyer's complexity needs."""
    return np.asarray(
        np.maximum(p.design_need * b.complexity[buyer] - s.capability[DESIGN, supplier], ZERO), np.float32
    )


def chosen_form(cost: Floats, p: Coefficients, key: Key, year: int, supplier: Integers, buyer: Integers) -> Integers:
    """Return the form of least cost after a Gumbel disturbance (a logit choice), the first one if several are equal."""
    numbers = draw_uniform(key, year, STREAM_CHOICE, supplier, buyer)
    noisy = np.empty_like(cost)
    for form in range(4):
        noisy[form] = cost[form] + p.choice_noise * log32(-log32(numbers[form]))
    return np.asarray(np.argmin(noisy, axis=0), np.int32)


def performed(
    s: Suppliers, b: Buyers, p: Coefficients, supplier: Integers, buyer: Integers, form: Integers, risk: Risk
) -> Flags:
    """Return which functions (6, K) the supplier performs under the chosen form.

    Process and product are always the supplier's. It designs in market and network forms. The buyer lets logistics
    and sourcing go when its own overhead exceeds the rent it would lose (core functions) plus its exposure to a weak
    supplier: the relinquishment rule. Marketing is left to the supplier in market relations with buyers weak in it.
    """
    result = np.zeros((6, supplier.size), np.uint8)
    every = p.practise_all > HALF
    result[PROCESS] = 1
    result[PRODUCT] = 1
    result[DESIGN] = (form == MARKET) | (form == NETWORK) | every
    exposed = exposure(p, risk)
    home_market = (form == MARKET) & (b.region[buyer] == 0)
    for function in (LOGISTICS, SOURCING):
        own = p.overhead[function] / np.maximum(b.competence[function, buyer], p.competence_floor)
        rent = b.core[function, buyer] * p.core_rent
        let_go = own > rent + (ONE - s.capability[function, supplier]) * exposed
        result[function] = (let_go & (p.relinquish > HALF)) | home_market | every
    weak = (b.core[MARKETING, buyer] < HALF) & (b.competence[MARKETING, buyer] < p.marketing_competence)
    left = (form == MARKET) | ((form == NETWORK) & (p.marketing_in_networks > HALF))
    result[MARKETING] = (weak & left) | every
    return result


def exposure(p: Coefficients, risk: Risk) -> Floats:
    """Return the buyer's exposure per unit to a function left to an entirely incapable supplier."""
    return np.asarray(p.exposure * risk.loss * (p.exposure_base + p.exposure_risk * risk.risk[QUASI]), np.float32)
