# mypy: disable-error-code="no-untyped-def"
"""Kernel: equations 1 and 2 for a block of pairs of a supplier and a buyer.

See ``reference_risk`` and ``reference_choice``.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_scalar import ONE, ZERO, larger, logistic1, smaller
from sinos.strategies.kernel_work import PAIRS, TERMS, padded
from sinos.strategies.names import DESIGN, HIERARCHY, MARKET, NETWORK, PROCESS, PRODUCT, QUASI

F = np.float32
LEAST_VOLUME = F(1e-3)

# Columns of the table of buyers, which are also the first rows of a block of pairs.
COLUMNS = 6
NEED_PROCESS, NEED_PRODUCT, COMPLEXITY, LOSS, RENT, OWN_DESIGN = (n * PAIRS for n in range(COLUMNS))
# Rows of a block of pairs that come from suppliers, and the outcome: four rows of cost by form, and the least of them.
SKILL_PROCESS, SKILL_PRODUCT, SKILL_DESIGN, CERTIFIED, VOLUME, QUASI_RISK = (n * PAIRS for n in range(6, 12))
COST, LEAST_COST = 12 * PAIRS, 16 * PAIRS
FREE = 17  # number of the first row that is free for what follows


@inner
def note_buyers(b, p, work):
    """Write what costs take from each buyer, so that a pair finds it side by side."""
    for j in range(b.volume.size):
        at, z = j * TERMS, b.complexity[j]
        work.terms[at] = b.need_process[j]
        work.terms[at + 1] = b.need_product[j]
        work.terms[at + 2] = z
        work.terms[at + 3] = p.loss_base + p.loss_complexity * z + b.loss_extra[j]
        work.terms[at + 4] = b.core[DESIGN, j] * p.core_rent * p.network_rent
        work.terms[at + 5] = z * p.overhead[DESIGN] / larger(b.competence[DESIGN, j], p.competence_floor)


@inner
def gather_pairs(s, work, n):
    """Write what the cost needs of the suppliers in ``who`` and the buyers in ``whom``."""
    rows, who, whom, terms = work.pairs, work.who, work.whom, work.terms
    for k in range(n):
        i, at = who[k], whom[k] * TERMS
        for column in range(COLUMNS):
            rows[column * PAIRS + k] = terms[at + column]
        rows[SKILL_PROCESS + k] = s.capability[PROCESS, i]
        rows[SKILL_PRODUCT + k] = s.capability[PRODUCT, i]
        rows[SKILL_DESIGN + k] = s.capability[DESIGN, i]
        rows[CERTIFIED + k] = s.certified[i]


@inner
def odds_of(weights, process_gap, product_gap):
    """Return the log odds of failure from what the supplier cannot do; ``weights`` are a base and one for each gap."""
    base, per_process, per_product = weights
    return base + per_process * process_gap + per_product * product_gap


@inner
def risk_under(odds, tame, seen, certified):
    """Return the risk that a unit fails, after inspection."""
    return (ONE - larger(seen, certified)) * logistic1(odds + tame)


@inner
def pair_costs(p, rows, n):
    """Write the buyer's cost per unit under each form and the least of them, for pairs and volumes gathered before."""
    weights, per_complexity = (p.risk_base, p.risk_process, p.risk_product), p.risk_complexity
    certificate, production = p.certified_monitoring, p.own_production
    design_need, short_cost = p.design_need, p.design_shortfall
    untamed_market, untamed_network = ONE - p.coordination[MARKET], ONE - p.coordination[NETWORK]
    untamed_quasi, untamed_hierarchy = ONE - p.coordination[QUASI], ONE - p.coordination[HIERARCHY]
    handling_market, handling_network = p.handling_cost[MARKET], p.handling_cost[NETWORK]
    handling_quasi, handling_hierarchy = p.handling_cost[QUASI], p.handling_cost[HIERARCHY]
    fixed_market, fixed_network = p.fixed_cost[MARKET], p.fixed_cost[NETWORK]
    fixed_quasi, fixed_hierarchy = p.fixed_cost[QUASI], p.fixed_cost[HIERARCHY]
    seen_market, seen_network = p.monitoring[MARKET], p.monitoring[NETWORK]
    seen_quasi, seen_hierarchy = p.monitoring[QUASI], p.monitoring[HIERARCHY]
    for k in range(n):
        z, loss, own_design = rows[COMPLEXITY + k], rows[LOSS + k], rows[OWN_DESIGN + k]
        process_gap = larger(rows[NEED_PROCESS + k] - rows[SKILL_PROCESS + k], ZERO)
        product_gap = larger(rows[NEED_PRODUCT + k] - rows[SKILL_PRODUCT + k], ZERO)
        odds = odds_of(weights, process_gap, product_gap)
        tame, certified = per_complexity * z, rows[CERTIFIED + k] * certificate
        quantity = larger(rows[VOLUME + k], LEAST_VOLUME)
        shortfall = short_cost * larger(design_need * z - rows[SKILL_DESIGN + k], ZERO)
        quasi_risk = risk_under(odds, tame * untamed_quasi, seen_quasi, certified)
        market = handling_market * z + fixed_market / quantity
        network = handling_network * z + fixed_network / quantity
        quasi = handling_quasi * z + fixed_quasi / quantity
        hierarchy = handling_hierarchy * z + fixed_hierarchy / quantity
        market = market + loss * risk_under(odds, tame * untamed_market, seen_market, certified) + shortfall
        network = network + loss * risk_under(odds, tame * untamed_network, seen_network, certified) + shortfall
        network = network + rows[RENT + k]
        quasi = quasi + loss * quasi_risk + own_design
        hierarchy = hierarchy + loss * risk_under(odds, tame * untamed_hierarchy, seen_hierarchy, certified)
        hierarchy = hierarchy + own_design + production
        rows[QUASI_RISK + k] = quasi_risk
        rows[COST + k] = market
        rows[COST + PAIRS + k] = network
        rows[COST + 2 * PAIRS + k] = quasi
        rows[COST + 3 * PAIRS + k] = hierarchy
        rows[LEAST_COST + k] = smaller(smaller(market, network), smaller(quasi, hierarchy))


@inner
def relation_costs(s, r, p, work, first, n):
    """Write the costs of n relations of the order, from place ``first``, at the volumes they have."""
    for k in range(n):
        slot = work.order[first + k]
        work.who[k], work.whom[k] = r.supplier[slot], r.buyer[slot]
        work.pairs[VOLUME + k] = r.volume[slot]
    gather_pairs(s, work, n)
    pair_costs(p, work.pairs, padded(n))
