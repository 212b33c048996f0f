# mypy: disable-error-code="no-untyped-def"
"""Kernel: equations 1 and 2 for one buyer and a block of suppliers; see ``reference_risk`` and ``reference_choice``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_scalar import ONE, ZERO, larger, logistic1, smaller
from sinos.strategies.kernel_work import PAIRS, padded
from sinos.strategies.names import DESIGN, HIERARCHY, MARKET, NETWORK, PROCESS, PRODUCT, QUASI

LEAST_VOLUME = np.float32(1e-3)

# Rows of a block of pairs.
SKILL_PROCESS, SKILL_PRODUCT, SKILL_DESIGN, CERTIFIED, VOLUME, QUASI_RISK = (n * PAIRS for n in range(6))
COST = 6 * PAIRS  # four rows, by form
FREE = 10  # number of the first row that is free for what follows


class Terms(NamedTuple):
    """What the cost of a supplier to a buyer takes from the buyer and the coefficients; by form where it ends in one.

    ``tame_`` is what complexity adds to the odds of failure once coordination has tamed it, ``fixed_`` the fixed cost
    of a relation, ``base_`` handling, ``seen_`` the share of failures that inspection catches.
    """

    need_process: Any
    need_product: Any
    need_design: Any
    odds: Any
    per_process: Any
    per_product: Any
    certified: Any
    loss: Any
    shortfall: Any
    rent: Any
    own_design: Any
    own_production: Any
    tame_market: Any
    tame_network: Any
    tame_quasi: Any
    tame_hierarchy: Any
    base_market: Any
    base_network: Any
    base_quasi: Any
    base_hierarchy: Any
    fixed_market: Any
    fixed_network: Any
    fixed_quasi: Any
    fixed_hierarchy: Any
    seen_market: Any
    seen_network: Any
    seen_quasi: Any
    seen_hierarchy: Any


@inner
def terms_of(b, p, j):
    """Return the terms of buyer j."""
    z = b.complexity[j]
    tame = p.risk_complexity * z
    return Terms(
        b.need_process[j],
        b.need_product[j],
        p.design_need * z,
        p.risk_base,
        p.risk_process,
        p.risk_product,
        p.certified_monitoring,
        p.loss_base + p.loss_complexity * z + b.loss_extra[j],
        p.design_shortfall,
        b.core[DESIGN, j] * p.core_rent * p.network_rent,
        z * p.overhead[DESIGN] / larger(b.competence[DESIGN, j], p.competence_floor),
        p.own_production,
        tame * (ONE - p.coordination[MARKET]),
        tame * (ONE - p.coordination[NETWORK]),
        tame * (ONE - p.coordination[QUASI]),
        tame * (ONE - p.coordination[HIERARCHY]),
        p.handling_cost[MARKET] * z,
        p.handling_cost[NETWORK] * z,
        p.handling_cost[QUASI] * z,
        p.handling_cost[HIERARCHY] * z,
        p.fixed_cost[MARKET],
        p.fixed_cost[NETWORK],
        p.fixed_cost[QUASI],
        p.fixed_cost[HIERARCHY],
        p.monitoring[MARKET],
        p.monitoring[NETWORK],
        p.monitoring[QUASI],
        p.monitoring[HIERARCHY],
    )


@inner
def gather_suppliers(s, work, n):
    """Write what the cost needs of the suppliers in ``who``."""
    rows, who = work.pairs, work.who
    for k in range(n):
        i = who[k]
        rows[SKILL_PROCESS + k] = s.capability[PROCESS, i]
        rows[SKILL_PRODUCT + k] = s.capability[PRODUCT, i]
        rows[SKILL_DESIGN + k] = s.capability[DESIGN, i]
        rows[CERTIFIED + k] = s.certified[i]


@inner
def odds_of(t, process, product):
    """Return the log odds of failure that come from what the supplier cannot do, given its capabilities."""
    process_gap, product_gap = larger(t.need_process - process, ZERO), larger(t.need_product - product, ZERO)
    return t.odds + t.per_process * process_gap + t.per_product * product_gap


@inner
def risk_under(odds, tame, seen, certified):
    """Return the risk that a unit fails, after inspection."""
    return (ONE - larger(seen, certified)) * logistic1(odds + tame)


@inner
def pair_costs(t, rows, n):
    """Write the buyer's cost per unit under each form, for suppliers and volumes that have been gathered."""
    for k in range(n):
        odds = odds_of(t, rows[SKILL_PROCESS + k], rows[SKILL_PRODUCT + k])
        certified = rows[CERTIFIED + k] * t.certified
        quantity = larger(rows[VOLUME + k], LEAST_VOLUME)
        shortfall = t.shortfall * larger(t.need_design - rows[SKILL_DESIGN + k], ZERO)
        quasi_risk = risk_under(odds, t.tame_quasi, t.seen_quasi, certified)
        market = t.base_market + t.fixed_market / quantity
        network = t.base_network + t.fixed_network / quantity
        quasi = t.base_quasi + t.fixed_quasi / quantity
        hierarchy = t.base_hierarchy + t.fixed_hierarchy / quantity
        market = market + t.loss * risk_under(odds, t.tame_market, t.seen_market, certified)
        network = network + t.loss * risk_under(odds, t.tame_network, t.seen_network, certified)
        quasi = quasi + t.loss * quasi_risk
        hierarchy = hierarchy + t.loss * risk_under(odds, t.tame_hierarchy, t.seen_hierarchy, certified)
        rows[QUASI_RISK + k] = quasi_risk
        rows[COST + k] = market + shortfall
        rows[COST + PAIRS + k] = network + shortfall + t.rent
        rows[COST + 2 * PAIRS + k] = quasi + t.own_design
        rows[COST + 3 * PAIRS + k] = hierarchy + t.own_design + t.own_production


@inner
def least_cost(rows, k):
    """Return the lowest of the four costs of a pair."""
    market, network = rows[COST + k], rows[COST + PAIRS + k]
    quasi, hierarchy = rows[COST + 2 * PAIRS + k], rows[COST + 3 * PAIRS + k]
    return smaller(smaller(market, network), smaller(quasi, hierarchy))


@inner
def slot_costs(s, r, t, work, first, n):
    """Write the costs of n slots of one buyer, from slot ``first``, at the volumes they have."""
    rows, who = work.pairs, work.who
    for k in range(n):
        who[k] = max(r.supplier[first + k], 0)
        rows[VOLUME + k] = r.volume[first + k]
    gather_suppliers(s, work, n)
    pair_costs(t, rows, padded(n))
