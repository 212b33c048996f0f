# mypy: disable-error-code="no-untyped-def"
"""Kernel: what each relation brings its supplier, in learning and in fear; see ``reference_transfer``,
``reference_capability`` and ``reference_retaliation``.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_choice import exposure_under
from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_pair import odds_of, risk_under
from sinos.strategies.kernel_scalar import HALF, ONE, TWO, ZERO, exp1, larger, logistic1, smaller
from sinos.strategies.kernel_work import IDLE, PAIRS, PROGRAMME_RISK, SUPPLIERS, padded
from sinos.strategies.names import DESIGN, LOGISTICS, MARKETING, NETWORK, PROCESS, PRODUCT, QUASI, SOURCING

F = np.float32
D = np.float64
LEAST = np.float32(1e-6)
TAUGHT = (LOGISTICS, SOURCING, DESIGN)

# Rows of a block of pairs. By function: capability, whether performed, what is learned.
SKILL, PERFORMS, LEARNED = 0, 6 * PAIRS, 12 * PAIRS
# By place in TAUGHT: the buyer's competence, and whether it may teach (the supplier performs, the buyer's not core).
KNOWN, WANTED = 18 * PAIRS, 21 * PAIRS
# For design and marketing: whether the buyer punishes building it up, and the share of sales that is addressable.
PUNISHED, ADDRESSABLE = 24 * PAIRS, 26 * PAIRS
# For design, marketing and the programme: the chance of being dropped, and the loss to expect.
CHANCE, LOST = 28 * PAIRS, 31 * PAIRS
VOLUME, TOTAL, COMPLEXITY, NEED_PROCESS, NEED_PRODUCT, LOSS, CERTIFIED, EFFORT = (n * PAIRS for n in range(34, 42))
UNTAMED, UNSEEN, SPECIFIC, DEARER, ELSEWHERE, MARGIN, LOSING = (n * PAIRS for n in range(42, 49))
FAILING, EXPOSED, LASTING, TEACHING, WEIGHT = (n * PAIRS for n in range(49, 54))

# Rows of sums by supplier: learning by function, losses from design, marketing and the programme, addressable shares.
SUM_LEARNED, SUM_LOSS, SUM_SHARE, SUM_PERFORMS = 0, 6 * SUPPLIERS, 9 * SUPPLIERS, 11 * SUPPLIERS
SUMS = 17


@inner
def gather_relations(s, b, r, f, p, reach, placed, work, first, n):
    """Write what learning and fear need of n slots of the order, from place ``first``."""
    rows = work.pairs
    punishes = p.retaliation > HALF
    for k in range(n):
        slot = work.order[first + k]
        i, j, form = r.supplier[slot], r.buyer[slot], r.form[slot]
        for function in range(6):
            rows[SKILL + function * PAIRS + k] = s.capability[function, i]
            rows[PERFORMS + function * PAIRS + k] = F(r.performs[function, slot])
        for place in range(3):
            function = TAUGHT[place]
            may = (r.performs[function, slot] == 1) & (b.core[function, j] < HALF)
            rows[KNOWN + place * PAIRS + k] = b.competence[function, j]
            rows[WANTED + place * PAIRS + k] = F(may)
        for place in range(2):
            function = DESIGN if place == 0 else MARKETING
            weak = (b.core[function, j] < HALF) & (b.competence[function, j] < p.addressable_competence)
            rows[PUNISHED + place * PAIRS + k] = F(punishes & (b.core[function, j] > HALF))
            rows[ADDRESSABLE + place * PAIRS + k] = F(weak)
        rows[VOLUME + k] = r.volume[slot]
        rows[TOTAL + k] = f.volume[i]
        rows[COMPLEXITY + k] = b.complexity[j]
        rows[NEED_PROCESS + k] = b.need_process[j]
        rows[NEED_PRODUCT + k] = b.need_product[j]
        rows[LOSS + k] = p.loss_base + p.loss_complexity * b.complexity[j] + b.loss_extra[j]
        rows[CERTIFIED + k] = s.certified[i]
        rows[LASTING + k] = p.survival[form]
        rows[TEACHING + k] = s.teaching[i]
        rows[UNTAMED + k] = ONE - p.coordination[form]
        rows[UNSEEN + k] = ONE - p.monitoring[form] * p.monitoring_mask
        rows[SPECIFIC + k] = F(r.age[slot]) if form >= NETWORK else ZERO
        rows[DEARER + k] = larger(f.alternative[j] - r.cost[slot], ZERO)
        rows[ELSEWHERE + k] = larger(reach[b.market[j]] - placed[j], ZERO)
        rows[MARGIN + k] = larger(r.price[slot] - f.unit_cost[i], p.margin_floor)


@inner
def stakes(p, rows, n):
    """Write the effort a buyer makes per unit of benefit, what is specific to a relation, and its weight."""
    teaches = ONE if p.transfer > HALF else ZERO
    discount, most, cost = p.transfer_discount, p.transfer_volume, p.transfer_cost
    specificity, years = p.specificity, p.specificity_years
    for k in range(n):
        lasting, volume, total = rows[LASTING + k], rows[VOLUME + k], rows[TOTAL + k]
        duration = lasting / (ONE - discount * lasting)
        scale = duration * smaller(volume, most) / cost
        rows[EFFORT + k] = teaches * (scale * (ONE + rows[TEACHING + k]))
        rows[SPECIFIC + k] = specificity * smaller(ONE, rows[SPECIFIC + k] / years)
        share = volume / (total if total > ZERO else ONE)
        rows[WEIGHT + k] = share if total > ZERO else ZERO


@inner
def risks(p, rows, n):
    """Write how likely a unit fails, and the buyer's exposure to a function left to an incapable supplier."""
    per_complexity = p.risk_complexity
    quasi_untamed, quasi_seen, certificate = ONE - p.coordination[QUASI], p.monitoring[QUASI], p.certified_monitoring
    weights, exposures = (p.risk_base, p.risk_process, p.risk_product), (p.exposure, p.exposure_base, p.exposure_risk)
    for k in range(n):
        process_gap = larger(rows[NEED_PROCESS + k] - rows[SKILL + PROCESS * PAIRS + k], ZERO)
        product_gap = larger(rows[NEED_PRODUCT + k] - rows[SKILL + PRODUCT * PAIRS + k], ZERO)
        odds = odds_of(weights, process_gap, product_gap)
        tame = per_complexity * rows[COMPLEXITY + k]
        rows[FAILING + k] = logistic1(odds + tame * rows[UNTAMED + k])
        risk = risk_under(odds, tame * quasi_untamed, quasi_seen, rows[CERTIFIED + k] * certificate)
        rows[EXPOSED + k] = exposure_under(exposures, rows[LOSS + k], risk)


@inner
def taught(cap, absorption, per_effort, effort, gap, extra):
    """Return the capability gained from a teaching effort."""
    reach = gap + extra
    gained = smaller(cap, effort) * (reach * exp1(-(TWO * absorption * reach))) * per_effort
    return gained if gap > ZERO else ZERO


@inner
def learn_production(p, rows, n):
    """Write what is taught in process and product: the buyer's gain is the failures avoided."""
    cap, absorption, per_effort, newcomer = p.transfer_cap, p.absorption, p.transfer_yield, p.newcomer_gap
    risk_process, risk_product = p.risk_process, p.risk_product
    for k in range(n):
        failing = rows[FAILING + k]
        slope = failing * (ONE - failing) * rows[UNSEEN + k] * rows[LOSS + k]
        effort = rows[EFFORT + k]
        process_gap = larger(rows[NEED_PROCESS + k] - rows[SKILL + PROCESS * PAIRS + k], ZERO)
        product_gap = larger(rows[NEED_PRODUCT + k] - rows[SKILL + PRODUCT * PAIRS + k], ZERO)
        process_effort, product_effort = effort * (slope * risk_process), effort * (slope * risk_product)
        process = taught(cap, absorption, per_effort, process_effort, process_gap, newcomer)
        rows[LEARNED + PROCESS * PAIRS + k] = process
        product = taught(cap, absorption, per_effort, product_effort, product_gap, newcomer)
        rows[LEARNED + PRODUCT * PAIRS + k] = product


@inner
def learn_services(p, rows, n):
    """Write what is taught in logistics, sourcing and design, and nothing in marketing."""
    cap, absorption, per_effort = p.transfer_cap, p.absorption, p.transfer_yield
    design_need, design_shortfall = p.design_need, p.design_shortfall
    for place in range(3):
        function = TAUGHT[place]
        known, wanted = KNOWN + place * PAIRS, WANTED + place * PAIRS
        skill, learned = SKILL + function * PAIRS, LEARNED + function * PAIRS
        of_design = function == DESIGN
        for k in range(n):
            short = design_need * rows[COMPLEXITY + k] - rows[SKILL + DESIGN * PAIRS + k] > ZERO
            benefit = (design_shortfall if short else ZERO) if of_design else rows[EXPOSED + k]
            effort = rows[EFFORT + k] * (benefit if rows[wanted + k] > ZERO else ZERO)
            gap = larger(rows[known + k] - rows[skill + k], ZERO)
            rows[learned + k] = taught(cap, absorption, per_effort, effort, gap, ZERO)
    for k in range(n):
        rows[LEARNED + MARKETING * PAIRS + k] = ZERO


@inner
def add_practice(p, rows, n):
    """Add what is learned by doing, and weigh all by the relation's share of the supplier's volume."""
    for function in range(6):
        per_use, lowest, per_complexity = p.learning[function], p.ceiling_base[function], p.ceiling_complexity[function]
        skill, performs, learned = SKILL + function * PAIRS, PERFORMS + function * PAIRS, LEARNED + function * PAIRS
        for k in range(n):
            weight = rows[WEIGHT + k]
            reachable = smaller(ONE, lowest + per_complexity * rows[COMPLEXITY + k])
            room = larger(reachable - rows[skill + k], ZERO)
            done = per_use * weight * rows[performs + k] * room
            rows[learned + k] = done + np.sqrt(weight) * rows[learned + k]


@inner
def fears(p, idle, programme_risk, rows, n):
    """Write the chance of being dropped for design, marketing or the programme, and what is then lost on average."""
    rent, base, per_skill, full = p.core_rent, p.threat_base, p.threat_capability, p.threat_volume
    tolerance, scale, longest = p.tolerance, p.threat_scale, p.rematch_longest
    for place in range(2):
        skill = SKILL + (DESIGN if place == 0 else MARKETING) * PAIRS
        punished, chance = PUNISHED + place * PAIRS, CHANCE + place * PAIRS
        for k in range(n):
            part = base + per_skill * rows[skill + k]
            threat = rent * part * smaller(ONE, rows[VOLUME + k] / full)
            switching = rows[SPECIFIC + k] + rows[DEARER + k]
            dropped = logistic1((threat - switching - tolerance) / scale)
            rows[chance + k] = dropped if rows[punished + k] > ZERO else ZERO
    for k in range(n):
        elsewhere = rows[ELSEWHERE + k]
        years = smaller((elsewhere + idle + rows[VOLUME + k]) / larger(elsewhere, LEAST), longest)
        rows[LOSING + k] = years
    for k in range(n):
        rows[CHANCE + 2 * PAIRS + k] = rows[CHANCE + k] * programme_risk
    for place in range(3):
        chance, lost = CHANCE + place * PAIRS, LOST + place * PAIRS
        for k in range(n):
            rows[lost + k] = rows[chance + k] * rows[VOLUME + k] * rows[MARGIN + k] * rows[LOSING + k]
    for place in range(2):
        addressable = ADDRESSABLE + place * PAIRS
        for k in range(n):
            rows[addressable + k] = rows[WEIGHT + k] if rows[addressable + k] > ZERO else ZERO


@inner
def add_relations(r, work, low, first, n):
    """Add what n slots bring to their suppliers, who are counted from ``low``, and keep the chances."""
    rows, sums = work.pairs, work.sums
    for k in range(n):
        slot = work.order[first + k]
        at = r.supplier[slot] - low
        for function in range(6):
            sums[SUM_LEARNED + function * SUPPLIERS + at] += D(rows[LEARNED + function * PAIRS + k])
            sums[SUM_PERFORMS + function * SUPPLIERS + at] += D(rows[PERFORMS + function * PAIRS + k])
        for place in range(2):
            sums[SUM_SHARE + place * SUPPLIERS + at] += D(rows[ADDRESSABLE + place * PAIRS + k])
        for place in range(3):
            work.chance[place, slot] = rows[CHANCE + place * PAIRS + k]
            sums[SUM_LOSS + place * SUPPLIERS + at] += D(rows[LOST + place * PAIRS + k])


@inner
def relations_of(s, b, r, f, p, work, low, begin, end):
    """Compute the relations of the suppliers of a block, listed in the order from ``begin`` to ``end``."""
    outlook = work.outlook
    idle, programme_risk = outlook.common[IDLE], outlook.common[PROGRAMME_RISK]
    for first in range(begin, end, PAIRS):
        n = min(PAIRS, end - first)
        gather_relations(s, b, r, f, p, outlook.reach, outlook.placed, work, first, n)
        whole = padded(n)
        stakes(p, work.pairs, whole)
        risks(p, work.pairs, whole)
        learn_production(p, work.pairs, whole)
        learn_services(p, work.pairs, whole)
        add_practice(p, work.pairs, whole)
        fears(p, idle, programme_risk, work.pairs, whole)
        add_relations(r, work, low, first, n)
