# mypy: disable-error-code="no-untyped-def"
"""Kernel: equations 1 and 2 for one supplier and one buyer."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_scalar import HALF, ONE, ZERO, draw1, larger, log1, logistic1, smaller, uniform1
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

LEAST_VOLUME = np.float32(1e-3)


@inner
def failure_of(s, b, p, i, j, form):
    """Return the failure risk of a pair under a form, before inspection."""
    z = b.complexity[j]
    process_gap = larger(b.need_process[j] - s.capability[PROCESS, i], ZERO)
    product_gap = larger(b.need_product[j] - s.capability[PRODUCT, i], ZERO)
    odds = p.risk_base + p.risk_process * process_gap + p.risk_product * product_gap
    return logistic1(odds + p.risk_complexity * z * (ONE - p.coordination[form]))


@inner
def risk_of(s, b, p, i, j, form):
    """Return the failure risk of a pair under a form, after inspection."""
    certified = s.certified[i] * p.certified_monitoring
    return (ONE - larger(p.monitoring[form], certified)) * failure_of(s, b, p, i, j, form)


@inner
def loss_of(b, p, j):
    """Return the buyer's loss from a failed unit."""
    return p.loss_base + p.loss_complexity * b.complexity[j] + b.loss_extra[j]


@inner
def design_gap_of(s, b, p, i, j):
    """Return how far the supplier's design falls short."""
    return larger(p.design_need * b.complexity[j] - s.capability[DESIGN, i], ZERO)


@inner
def costs_of(s, b, p, i, j, volume):
    """Return the buyer's cost per unit under each form."""
    z = b.complexity[j]
    quantity = larger(volume, LEAST_VOLUME)
    loss = loss_of(b, p, j)
    shortfall = p.design_shortfall * design_gap_of(s, b, p, i, j)
    rent = b.core[DESIGN, j] * p.core_rent * p.network_rent
    own_design = z * p.overhead[DESIGN] / larger(b.competence[DESIGN, j], p.competence_floor)
    c0 = p.handling_cost[MARKET] * z + p.fixed_cost[MARKET] / quantity + loss * risk_of(s, b, p, i, j, MARKET)
    c1 = p.handling_cost[NETWORK] * z + p.fixed_cost[NETWORK] / quantity + loss * risk_of(s, b, p, i, j, NETWORK)
    c2 = p.handling_cost[QUASI] * z + p.fixed_cost[QUASI] / quantity + loss * risk_of(s, b, p, i, j, QUASI)
    c3 = p.handling_cost[HIERARCHY] * z + p.fixed_cost[HIERARCHY] / quantity + loss * risk_of(s, b, p, i, j, HIERARCHY)
    return c0 + shortfall, c1 + shortfall + rent, c2 + own_design, c3 + own_design + p.own_production


@inner
def least_cost(s, b, p, i, j, volume):
    """Return the buyer's lowest cost per unit."""
    c0, c1, c2, c3 = costs_of(s, b, p, i, j, volume)
    return smaller(smaller(c0, c1), smaller(c2, c3))


@inner
def exposure_of(s, b, p, i, j):
    """Return the buyer's exposure to a function left to an incapable supplier."""
    risk = risk_of(s, b, p, i, j, QUASI)
    return p.exposure * loss_of(b, p, j) * (p.exposure_base + p.exposure_risk * risk)


@inner
def choose(s, b, r, p, key, year, slot):
    """Choose the form of one slot and who performs which function."""
    i, j = r.supplier[slot], r.buyer[slot]
    c0, c1, c2, c3 = costs_of(s, b, p, i, j, r.volume[slot])
    r.cost[slot] = smaller(smaller(c0, c1), smaller(c2, c3))
    w0, w1, w2, w3 = draw1(key, year, STREAM_CHOICE, i, j)
    form, best = MARKET, c0 + p.choice_noise * log1(-log1(uniform1(w0)))
    noisy = c1 + p.choice_noise * log1(-log1(uniform1(w1)))
    if noisy < best:
        form, best = NETWORK, noisy
    noisy = c2 + p.choice_noise * log1(-log1(uniform1(w2)))
    if noisy < best:
        form, best = QUASI, noisy
    noisy = c3 + p.choice_noise * log1(-log1(uniform1(w3)))
    if noisy < best:
        form = HIERARCHY
    r.form[slot] = form
    every = p.practise_all > HALF
    r.performs[PROCESS, slot] = 1
    r.performs[PRODUCT, slot] = 1
    r.performs[DESIGN, slot] = form in (MARKET, NETWORK) or every
    exposed = exposure_of(s, b, p, i, j)
    home_market = form == MARKET and b.region[j] == 0
    for function in (LOGISTICS, SOURCING):
        own = p.overhead[function] / larger(b.competence[function, j], p.competence_floor)
        let_go = own > b.core[function, j] * p.core_rent + (ONE - s.capability[function, i]) * exposed
        r.performs[function, slot] = (let_go and p.relinquish > HALF) or home_market or every
    weak = b.core[MARKETING, j] < HALF and b.competence[MARKETING, j] < p.marketing_competence
    left = form == MARKET or (form == NETWORK and p.marketing_in_networks > HALF)
    r.performs[MARKETING, slot] = (weak and left) or every
