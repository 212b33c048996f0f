# mypy: disable-error-code="no-untyped-def"
"""Kernel: the second half-year of a block of suppliers, once their relations have been added up.

They learn, invest, vote and close their books; see ``reference_capability``, ``reference_investment``,
``reference_programme`` and ``reference_firms``.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_relations import SUM_LEARNED, SUM_LOSS, SUM_PERFORMS, SUM_SHARE
from sinos.strategies.kernel_scalar import ONE, ZERO, larger, smaller
from sinos.strategies.kernel_work import IDLE, SUPPLIERS, WHOLE, padded
from sinos.strategies.names import DESIGN, MARKETING, PROCESS, PRODUCT

F = np.float32
D = np.float64
LEAST = np.float32(1e-6)
LEAST_CAPABILITY = np.float32(0.01)
LEAST_SALES = np.float32(1e-6)

# Rows of a block of suppliers. By function: capability, the year's gain, whether practised, help, the cluster's mean.
SKILL, CHANGE, PRACTISED, ASSISTANCE, MEAN = (n * SUPPLIERS for n in range(0, 30, 6))
VOLUME, CAPACITY, WEALTH, PROFIT, SALES, CENTRE, MEMBER, ANNUITY = (n * SUPPLIERS for n in range(30, 38))
MOVABLE, LEFT, GAIN, FEAR, ROOT, YES = (n * SUPPLIERS for n in range(38, 44))
# By place, design and marketing: whether invested in, addressable share; and losses, with the programme's third.
CHOSEN, SHARE, LOSS = 44 * SUPPLIERS, 46 * SUPPLIERS, 48 * SUPPLIERS


@inner
def gather_firms(s, c, f, p, mean, work, low, n):
    """Write what n suppliers from ``low`` bring into the second half of the year."""
    rows, sums = work.firms, work.sums
    for function in range(6):
        shift = function * SUPPLIERS
        skill, help_given = s.capability[function, low : low + n], s.assistance[function, low : low + n]
        for k in range(n):
            rows[SKILL + shift + k] = skill[k]
        for k in range(n):
            rows[ASSISTANCE + shift + k] = help_given[k]
        for k in range(n):
            rows[MEAN + shift + k] = mean[function, s.cluster[low + k]]
        for k in range(n):
            rows[CHANGE + shift + k] = F(sums[SUM_LEARNED + shift + k])
            rows[PRACTISED + shift + k] = F(sums[SUM_PERFORMS + shift + k])
    for place in range(3):
        for k in range(n):
            rows[LOSS + place * SUPPLIERS + k] = F(sums[SUM_LOSS + place * SUPPLIERS + k])
    for place in range(2):
        for k in range(n):
            rows[SHARE + place * SUPPLIERS + k] = F(sums[SUM_SHARE + place * SUPPLIERS + k])
    for k in range(n):
        i = low + k
        rows[VOLUME + k] = f.volume[i]
        rows[CAPACITY + k] = s.capacity[i]
        rows[WEALTH + k] = s.wealth[i]
        rows[PROFIT + k] = f.profit[i]
        rows[SALES + k] = f.sales[i]
        rows[CENTRE + k] = s.centre[i]
        rows[MEMBER + k] = F(c.running[s.cluster[i]])
        rows[ANNUITY + k] = p.annuity_long if s.intent[i] == 1 else p.annuity_short


@inner
def learn(p, rows, n):
    """Add diffusion in the cluster, help, the technology centre and the programme to the year's gain."""
    spillover, half, per_member = p.spillover, p.centre_half, p.programme_yield
    for function in range(6):
        skill, change, shift = SKILL + function * SUPPLIERS, CHANGE + function * SUPPLIERS, function * SUPPLIERS
        for k in range(n):
            gap = larger(rows[MEAN + shift + k] - rows[skill + k], ZERO)
            gained = rows[change + k] + spillover * gap
            rows[change + k] = gained + rows[ASSISTANCE + shift + k] * (ONE - rows[skill + k])
    for function in (PROCESS, PRODUCT, DESIGN):
        skill, change = SKILL + function * SUPPLIERS, CHANGE + function * SUPPLIERS
        for k in range(n):
            known = rows[skill + k]
            rows[change + k] = rows[change + k] + rows[CENTRE + k] * (known / (known + half)) * (ONE - known)
    skill, change = SKILL + DESIGN * SUPPLIERS, CHANGE + DESIGN * SUPPLIERS
    for k in range(n):
        member = rows[MEMBER + k] * (ONE if rows[VOLUME + k] > ZERO else ZERO)
        rows[change + k] = rows[change + k] + member * per_member * (ONE - rows[skill + k])


@inner
def look_ahead(p, outlook, rows, n):
    """Write what an investment costs in proportion, what could be sold elsewhere and the means at hand."""
    share, whole, idle = p.redeployable_share, outlook.common[WHOLE], outlook.common[IDLE]
    minimum, scale = p.invest_minimum, p.invest_scale
    for k in range(n):
        rows[MOVABLE + k] = share * whole / larger(whole + idle + rows[VOLUME + k], LEAST)
        rows[ROOT + k] = np.sqrt(larger(rows[VOLUME + k], minimum)) * scale
        rows[LEFT + k] = rows[WEALTH + k]
        rows[GAIN + k] = ZERO
        rows[FEAR + k] = ZERO


@inner
def invest_against_buyers(p, rows, n):
    """Decide design, then marketing: gains against cost and the loss expected from retaliation."""
    per_cost, addressable, scale = p.invest_yield, p.addressable_share, p.gain_scale
    for place in range(2):
        function = DESIGN if place == 0 else MARKETING
        value, unit_cost = p.value[function], p.invest_cost[function]
        skill, change = SKILL + function * SUPPLIERS, CHANGE + function * SUPPLIERS
        shift = place * SUPPLIERS
        for k in range(n):
            volume, left = rows[VOLUME + k], rows[LEFT + k]
            reach = rows[SHARE + shift + k] * addressable + rows[MOVABLE + k]
            room = per_cost * (ONE - rows[skill + k])
            gain = value * room * scale * reach * volume * rows[ANNUITY + k]
            cost, loss = unit_cost * rows[ROOT + k], rows[LOSS + shift + k]
            chosen = (volume > ZERO) & (left >= cost) & (gain > cost + loss)
            rows[CHOSEN + shift + k] = ONE if chosen else ZERO
            rows[GAIN + k] = rows[GAIN + k] + gain if volume > ZERO else ZERO
            rows[FEAR + k] = rows[FEAR + k] + loss if volume > ZERO else ZERO
            rows[change + k] = rows[change + k] + (room if chosen else ZERO)
            rows[LEFT + k] = left - (cost if chosen else ZERO)


@inner
def invest_in_production(p, rows, n):
    """Decide process, then product, which no buyer punishes."""
    for function in (PROCESS, PRODUCT):
        worth = p.unit_cost * p.cost_process if function == PROCESS else p.quality_weight
        per_cost, unit_cost = p.invest_yield * p.invest_process, p.invest_cost[function]
        skill, change = SKILL + function * SUPPLIERS, CHANGE + function * SUPPLIERS
        for k in range(n):
            volume, left = rows[VOLUME + k], rows[LEFT + k]
            room = per_cost * (ONE - rows[skill + k])
            gain = worth * room * volume * rows[ANNUITY + k]
            cost = unit_cost * rows[ROOT + k]
            chosen = (volume > ZERO) & (left >= cost) & (gain > cost)
            rows[change + k] = rows[change + k] + (room if chosen else ZERO)
            rows[LEFT + k] = left - (cost if chosen else ZERO)


@inner
def decide_vote(p, rows, n):
    """Write who would vote for the collective programme."""
    per_member, value, scale, addressable = p.programme_yield, p.value[DESIGN], p.programme_gain, p.addressable_share
    share_paid, annuity = p.programme_levy * (ONE - p.programme_public_share), p.annuity_long
    for k in range(n):
        volume = rows[VOLUME + k]
        reach = rows[SHARE + k] * addressable + rows[MOVABLE + k]
        room = per_member * (ONE - rows[SKILL + DESIGN * SUPPLIERS + k])
        gain = value * room * scale * reach * volume * annuity
        levy = share_paid * volume * annuity
        wins = (volume > ZERO) & (gain > levy + rows[LOSS + 2 * SUPPLIERS + k])
        rows[YES + k] = ONE if wins else ZERO


@inner
def apply_learning(p, rows, n):
    """Add the year's gain and let unpractised functions be forgotten."""
    forgetting = p.forgetting
    for function in range(6):
        skill, shift = SKILL + function * SUPPLIERS, function * SUPPLIERS
        for k in range(n):
            known = rows[skill + k]
            lost = ZERO if rows[PRACTISED + shift + k] > ZERO else forgetting * known
            rows[skill + k] = smaller(larger(known + rows[CHANGE + shift + k] - lost, LEAST_CAPABILITY), ONE)


@inner
def close_books(p, rows, n):
    """Retain part of profit, pay for investment and owners, and let capacity follow use and margins."""
    kept, retained, response = ONE - p.drawing, p.retained, p.capacity_response
    fall, rise, full, idle = -p.capacity_fall, p.capacity_rise, p.full_use, ONE - p.idle_decay
    least, most = p.capacity_least, p.capacity_most
    for k in range(n):
        investment = rows[WEALTH + k] - rows[LEFT + k]
        rows[LEFT + k] = investment
        rows[WEALTH + k] = rows[WEALTH + k] * kept + retained * rows[PROFIT + k] - investment
        margin = rows[PROFIT + k] / larger(rows[SALES + k], LEAST_SALES)
        growth = smaller(larger(response * margin, fall), rise)
        capacity = rows[CAPACITY + k]
        grown = capacity * (ONE + growth if rows[VOLUME + k] >= full * capacity else idle)
        rows[CAPACITY + k] = smaller(larger(grown, least), most)


@inner
def write_firms(s, f, p, work, low, n):
    """Write the block back, and note votes and who closes: suppliers without means, or small and without orders."""
    rows = work.firms
    for function in range(6):
        skill = s.capability[function, low : low + n]
        for k in range(n):
            skill[k] = rows[SKILL + function * SUPPLIERS + k]
    for k in range(n):
        i = low + k
        wealth, capacity = rows[WEALTH + k], rows[CAPACITY + k]
        s.wealth[i], s.capacity[i] = wealth, capacity
        f.investment[i], f.gain[i], f.fear[i] = rows[LEFT + k], rows[GAIN + k], rows[FEAR + k]
        f.invested[0, i] = rows[CHOSEN + k] > ZERO
        f.invested[1, i] = rows[CHOSEN + SUPPLIERS + k] > ZERO
        closed = wealth <= p.exit_wealth or (rows[VOLUME + k] <= ZERO and capacity <= p.capacity_exit)
        f.closed[i] = closed
        f.written_off[i] = -wealth if closed else ZERO
        work.votes[i] = rows[YES + k] > ZERO


@inner
def suppliers_of(s, c, f, p, work, low, n):
    """Compute n suppliers from ``low``."""
    gather_firms(s, c, f, p, work.outlook.mean, work, low, n)
    rows, whole = work.firms, padded(n)
    learn(p, rows, whole)
    look_ahead(p, work.outlook, rows, whole)
    invest_against_buyers(p, rows, whole)
    invest_in_production(p, rows, whole)
    decide_vote(p, rows, whole)
    apply_learning(p, rows, whole)
    close_books(p, rows, whole)
    write_firms(s, f, p, work, low, n)
