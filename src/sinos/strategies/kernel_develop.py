# mypy: disable-error-code="no-untyped-def"
"""Kernel: the second half of a year; see ``reference_capability`` to ``reference_firms``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import compiled, inner
from sinos.strategies.kernel_firms import apply_learning, close_year, replace_closed, retaliate
from sinos.strategies.kernel_pair import design_gap_of, exposure_of, failure_of, loss_of
from sinos.strategies.kernel_scalar import HALF, ONE, TWO, ZERO, exp1, larger, logistic1, smaller
from sinos.strategies.names import DESIGN, LOGISTICS, MARKETING, NETWORK, PROCESS, PRODUCT, SOURCING

F = np.float32
D = np.float64
LEAST = np.float32(1e-6)


@inner
def weight_of(r, f, slot):
    """Return the share of its supplier's volume that a slot holds."""
    total = f.volume[r.supplier[slot]]
    return r.volume[slot] / total if total > ZERO else ZERO


@inner
def taught(p, effort, gap, extra):
    """Return the capability gained from a teaching effort."""
    if not gap > ZERO:
        return ZERO
    reach = gap + extra
    return smaller(p.transfer_cap, effort) * (reach * exp1(-(TWO * p.absorption * reach))) * p.transfer_yield


@inner
def teach(s, b, r, p, slot, gain):
    """Write the capability gain from teaching in one slot into ``gain``."""
    i, j, form = r.supplier[slot], r.buyer[slot], r.form[slot]
    for function in range(6):
        gain[function] = ZERO
    if not p.transfer > HALF:
        return
    h = p.survival[form] / (ONE - p.transfer_discount * p.survival[form])
    scale = h * smaller(r.volume[slot], p.transfer_volume) / p.transfer_cost * (ONE + s.teaching[i])
    failure = failure_of(s, b, p, i, j, form)
    slope = failure * (ONE - failure) * (ONE - p.monitoring[form] * p.monitoring_mask) * loss_of(b, p, j)
    process_gap = larger(b.need_process[j] - s.capability[PROCESS, i], ZERO)
    product_gap = larger(b.need_product[j] - s.capability[PRODUCT, i], ZERO)
    gain[PROCESS] = taught(p, scale * (slope * p.risk_process), process_gap, p.newcomer_gap)
    gain[PRODUCT] = taught(p, scale * (slope * p.risk_product), product_gap, p.newcomer_gap)
    exposed = exposure_of(s, b, p, i, j)
    for function in (LOGISTICS, SOURCING, DESIGN):
        knows_more = larger(b.competence[function, j] - s.capability[function, i], ZERO)
        benefit = exposed
        if function == DESIGN:
            benefit = p.design_shortfall if design_gap_of(s, b, p, i, j) > ZERO else ZERO
        wanted = r.performs[function, slot] == 1 and b.core[function, j] < HALF
        gain[function] = taught(p, scale * (benefit if wanted else ZERO), knows_more, ZERO)


@inner
def learning(s, b, r, c, f, p):
    """Return the capability gain of the year from doing, teaching, diffusion and institutions."""
    size, clusters = s.capacity.size, c.running.size
    total = np.zeros((6, size), np.float64)
    gain = np.empty(6, np.float32)
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i < 0:
            continue
        z = b.complexity[r.buyer[slot]]
        weight = weight_of(r, f, slot)
        root = np.sqrt(weight)
        teach(s, b, r, p, slot, gain)
        for function in range(6):
            reachable = smaller(ONE, p.ceiling_base[function] + p.ceiling_complexity[function] * z)
            room = larger(reachable - s.capability[function, i], ZERO)
            done = p.learning[function] * weight * F(r.performs[function, slot]) * room
            total[function, i] += D(done + root * gain[function])
    weighted = np.zeros((6, clusters), np.float64)
    volume = np.zeros(clusters, np.float64)
    for i in range(size):
        volume[s.cluster[i]] += D(f.volume[i])
        for function in range(6):
            weighted[function, s.cluster[i]] += D(s.capability[function, i] * f.volume[i])
    change = np.empty((6, size), np.float32)
    for function in range(6):
        for i in range(size):
            k = s.capability[function, i]
            all_volume = F(volume[s.cluster[i]])
            mean = F(weighted[function, s.cluster[i]]) / all_volume if all_volume > ZERO else ZERO
            x = F(total[function, i]) + p.spillover * larger(mean - k, ZERO)
            x = x + s.assistance[function, i] * (ONE - k)
            if function in (PROCESS, PRODUCT, DESIGN):
                x = x + s.centre[i] * (k / (k + p.centre_half)) * (ONE - k)
            if function == DESIGN:
                member = F(c.running[s.cluster[i]]) * (ONE if f.volume[i] > ZERO else ZERO)
                x = x + member * p.programme_yield * (ONE - k)
            change[function, i] = x
    return change


@inner
def thickness(s, b, r, f, p):
    """Return the open volume by buyer, its reach by market, the whole open volume and the idle capacity."""
    buyers, markets = b.volume.size, b.similarity.shape[0]
    filled = np.zeros(buyers, np.float64)
    turning = np.zeros(buyers, np.float64)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            filled[r.buyer[slot]] += D(r.volume[slot])
            turning[r.buyer[slot]] += D((ONE - p.survival[r.form[slot]]) * r.volume[slot])
    placed = np.empty(buyers, np.float32)
    market = np.zeros(markets, np.float64)
    for j in range(buyers):
        unfilled = larger(b.volume[j] - F(filled[j]), ZERO)
        placed[j] = unfilled + F(turning[j]) if b.active[j] == 1 else ZERO
        market[b.market[j]] += D(placed[j])
    reach = np.zeros(markets, np.float32)
    whole = 0.0
    for m in range(markets):
        whole += D(F(market[m]))
        for n in range(markets):
            reach[n] = reach[n] + b.similarity[n, m] * F(market[m])
    idle = 0.0
    for i in range(s.capacity.size):
        idle += D(larger(s.capacity[i] - f.volume[i], ZERO))
    return placed, reach, F(whole), F(idle)


@inner
def chance_of(s, b, r, f, p, slot, function):
    """Return the probability that a buyer drops a supplier that builds up a function; 0 if it is not core."""
    i, j = r.supplier[slot], r.buyer[slot]
    if not (b.core[function, j] > HALF and p.retaliation > HALF):
        return ZERO
    part = p.threat_base + p.threat_capability * s.capability[function, i]
    threat = p.core_rent * part * smaller(ONE, r.volume[slot] / p.threat_volume)
    mature = smaller(ONE, F(r.age[slot]) / p.specificity_years)
    specific = p.specificity * mature if r.form[slot] >= NETWORK else ZERO
    switching = specific + larger(f.alternative[j] - r.cost[slot], ZERO)
    return logistic1((threat - switching - p.tolerance) / p.threat_scale)


@inner
def forecasts(s, b, r, f, p, risk):
    """Return what suppliers expect: chances (3, R), losses (3, N) and addressable shares (2, N) for design and
    marketing.

    The third row of chances and losses is that of the collective programme.
    """
    slots, size = r.supplier.size, s.capacity.size
    placed, reach, whole, idle = thickness(s, b, r, f, p)
    chance = np.zeros((3, slots), np.float32)
    loss = np.zeros((3, size), np.float64)
    share = np.zeros((2, size), np.float64)
    for slot in range(slots):
        i = r.supplier[slot]
        if i < 0:
            continue
        j = r.buyer[slot]
        chance[0, slot] = chance_of(s, b, r, f, p, slot, DESIGN)
        chance[1, slot] = chance_of(s, b, r, f, p, slot, MARKETING)
        chance[2, slot] = chance[0, slot] * risk
        elsewhere = larger(reach[b.market[j]] - placed[j], ZERO)
        years = smaller((elsewhere + idle + r.volume[slot]) / larger(elsewhere, LEAST), p.rematch_longest)
        margin = larger(r.price[slot] - f.unit_cost[i], p.margin_floor)
        for place in range(3):
            loss[place, i] += D(chance[place, slot] * r.volume[slot] * margin * years)
        weight = weight_of(r, f, slot)
        for place in range(2):
            function = DESIGN if place == 0 else MARKETING
            if b.core[function, j] < HALF and b.competence[function, j] < p.addressable_competence:
                share[place, i] += D(weight)
    return chance, loss, share, whole, idle


@inner
def invest(s, f, p, change, loss, share, movable):
    """Decide design, marketing, process and product in turn; add gains to ``change``."""
    for i in range(s.capacity.size):
        active = f.volume[i] > ZERO
        ann = p.annuity_long if s.intent[i] == 1 else p.annuity_short
        root = np.sqrt(larger(f.volume[i], p.invest_minimum)) * p.invest_scale
        left = s.wealth[i]
        f.gain[i] = ZERO
        f.fear[i] = ZERO
        for place in range(2):
            function = DESIGN if place == 0 else MARKETING
            reach = F(share[place, i]) * p.addressable_share + movable[i]
            room = p.invest_yield * (ONE - s.capability[function, i])
            gain = p.value[function] * room * p.gain_scale * reach * f.volume[i] * ann
            expected = F(loss[place, i])
            cost = p.invest_cost[function] * root
            chosen = active and left >= cost and gain > cost + expected
            f.invested[place, i] = chosen
            if active:
                f.gain[i] = f.gain[i] + gain
                f.fear[i] = f.fear[i] + expected
            if chosen:
                change[function, i] = change[function, i] + room
                left = left - cost
        for function in (PROCESS, PRODUCT):
            worth = p.unit_cost * p.cost_process if function == PROCESS else p.quality_weight
            room = p.invest_yield * p.invest_process * (ONE - s.capability[function, i])
            gain = worth * room * f.volume[i] * ann
            cost = p.invest_cost[function] * root
            if active and left >= cost and gain > cost:
                change[function, i] = change[function, i] + room
                left = left - cost
        f.investment[i] = s.wealth[i] - left


@inner
def vote(s, c, f, p, loss, share, movable):
    """Hold the vote where it is open; return 1 for each cluster whose programme passes this year."""
    clusters = c.open.size
    volume, heads = np.zeros(clusters, np.float64), np.zeros(clusters, np.float64)
    volume_yes, head_yes = np.zeros(clusters, np.float64), np.zeros(clusters, np.float64)
    for i in range(s.capacity.size):
        reach = F(share[0, i]) * p.addressable_share + movable[i]
        room = p.programme_yield * (ONE - s.capability[DESIGN, i])
        gain = p.value[DESIGN] * room * p.programme_gain * reach * f.volume[i] * p.annuity_long
        levy = p.programme_levy * (ONE - p.programme_public_share) * f.volume[i] * p.annuity_long
        n = s.cluster[i]
        volume[n] += D(f.volume[i])
        if f.volume[i] > ZERO:
            heads[n] += 1.0
            if gain > levy + F(loss[2, i]):
                volume_yes[n] += D(f.volume[i])
                head_yes[n] += 1.0
    passed = np.zeros(clusters, np.uint8)
    for n in range(clusters):
        if c.open[n] == 0 or c.running[n] == 1 or not volume[n] > 0.0:
            continue
        c.volume_yes[n] = F(volume_yes[n]) / F(volume[n])
        c.head_yes[n] = F(head_yes[n]) / F(heads[n])
        support = p.programme_volume_weight * c.volume_yes[n] + (ONE - p.programme_volume_weight) * c.head_yes[n]
        if support >= p.programme_quorum:
            passed[n] = 1
            c.running[n] = 1
    return passed


@compiled
def develop(world, p, key, year):
    """Second half of a year, in place."""
    s, b, r, c, f = world
    change = learning(s, b, r, c, f, p)
    risk = p.programme_exposure * (ONE - p.programme_secrecy) * (ONE - p.programme_mediation)
    chance, loss, share, whole, idle = forecasts(s, b, r, f, p, risk)
    movable = np.empty(s.capacity.size, np.float32)
    for i in range(s.capacity.size):
        movable[i] = p.redeployable_share * whole / larger(whole + idle + f.volume[i], LEAST)
    invest(s, f, p, change, loss, share, movable)
    passed = vote(s, c, f, p, loss, share, movable)
    apply_learning(s, r, p, change)
    retaliate(s, r, f, p, key, year, chance, passed)
    close_year(s, f, p)
    replace_closed(s, r, f, p, key, year)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            r.age[slot] += 1
