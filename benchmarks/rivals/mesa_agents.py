"""Suppliers, buyers and their relations as Mesa agents: the same equations, one object at a time, in plain Python.

Numbers in comments are the equations of docs/model.md. Strategies are left out (the scenario has none), which is less
work than Sinos does; what a year needs twice is computed once and kept on the relation.
"""

from __future__ import annotations

from math import exp, floor, log, sqrt
from typing import Any

import mesa

PROCESS, PRODUCT, LOGISTICS, SOURCING, DESIGN, MARKETING = range(6)
MARKET, NETWORK, QUASI, HIERARCHY = range(4)
SURVIVAL, ORDER, CANDIDATES, CHOICE, RETALIATION, ENTRY, ENTRY_NOISE = range(1, 8)
TEACHABLE = (LOGISTICS, SOURCING, DESIGN)
LEAST_CAPABILITY = 0.01
SUPPLIERS_OWN = (PROCESS, PRODUCT)


class Slot:
    """A buyer's place for a supplier, and the relation in it."""

    __slots__ = (
        "age", "barred", "barred_until", "buyer", "chances", "cost", "exposed", "failure", "form", "performs", "price",
        "supplier", "volume",
    )  # fmt: skip

    def __init__(self, buyer: Buyer) -> None:
        self.buyer = buyer
        self.supplier: Supplier | None = None
        self.volume = self.cost = self.price = self.failure = self.exposed = 0.0
        self.age, self.form = 0, -1
        self.performs: tuple[bool, ...] = ()
        self.barred: Supplier | None = None
        self.barred_until = 0
        self.chances = (0.0, 0.0, 0.0)

    def clear(self) -> None:
        self.supplier = None
        self.volume = self.price = 0.0
        self.age, self.form = 0, -1


class Buyer(mesa.Agent):
    """A buyer: finds suppliers, chooses forms, teaches, retaliates."""

    def __init__(self, model: Any, number: int, slots: int, looks: int, **traits: Any) -> None:
        super().__init__(model)
        self.number, self.looks = number, looks
        for name, value in traits.items():
            setattr(self, name, value)
        self.slots = [Slot(self) for _ in range(slots)]
        self.active = False
        self.need = self.alternative = self.placed = self.rematch_open = 0.0
        p, z = model.p, self.complexity
        self.per_slot = self.volume / slots
        self.tamed = [p.risk_complexity * z * (1.0 - chi) for chi in p.coordination]
        self.handling = [gamma * z for gamma in p.handling_cost]
        self.loss = p.loss_base + p.loss_complexity * z
        self.own_design = z * p.overhead[DESIGN] / max(self.competence[DESIGN], p.competence_floor)
        self.rent = p.core_rent * p.network_rent if self.core[DESIGN] else 0.0
        self.design_need = p.design_need * z
        self.reachable = [min(1.0, c0 + c1 * z) for c0, c1 in zip(p.ceiling_base, p.ceiling_complexity, strict=True)]
        self.unlearnt = [own / max(h, p.competence_floor) for own, h in zip(p.overhead, self.competence, strict=True)]
        self.addresses = [
            not core and h < p.addressable_competence for core, h in zip(self.core, self.competence, strict=True)
        ]
        self.weak_marketing = not self.core[MARKETING] and self.competence[MARKETING] < p.marketing_competence

    def costs(self, supplier: Supplier, volume: float) -> tuple[list[float], list[float]]:
        """Return the cost of a unit under each form (2) and the failure risk before inspection (1)."""
        p, k = self.model.p, supplier.k
        odds = p.risk_base
        if k[PROCESS] < self.need_process:
            odds += p.risk_process * (self.need_process - k[PROCESS])
        if k[PRODUCT] < self.need_product:
            odds += p.risk_product * (self.need_product - k[PRODUCT])
        quantity = max(volume, 1e-3)
        failure = [1.0 / (1.0 + exp(-odds - tamed)) for tamed in self.tamed]
        cost = [
            handling + fixed / quantity + self.loss * (1.0 - seen) * fails
            for handling, fixed, seen, fails in zip(self.handling, p.fixed_cost, p.monitoring, failure, strict=True)
        ]
        if k[DESIGN] < self.design_need:
            shortfall = p.design_shortfall * (self.design_need - k[DESIGN])
            cost[MARKET] += shortfall
            cost[NETWORK] += shortfall
        cost[NETWORK] += self.rent
        cost[QUASI] += self.own_design
        cost[HIERARCHY] += self.own_design + p.own_production
        return cost, failure

    def fit(self) -> None:
        """Cut orders to demand."""
        occupied = [slot for slot in self.slots if slot.supplier is not None]
        bought = sum([slot.volume for slot in occupied])
        if bought > self.volume:
            for slot in occupied:
                slot.volume *= self.volume / bought
            bought = self.volume
        self.need = self.volume - bought
        for slot in occupied:
            slot.supplier.used += slot.volume

    def expand(self) -> None:
        """Let incumbents expand, cheapest first (9)."""
        p = self.model.p
        occupied = [slot for slot in self.slots if slot.supplier is not None]
        for slot in occupied:
            slot.cost = min(self.costs(slot.supplier, slot.volume)[0])
        for slot in sorted(occupied, key=lambda slot: slot.cost):
            who = slot.supplier
            more = min(who.capacity - who.used, who.capacity - slot.volume, self.need, p.expansion * slot.volume)
            if more > 0.0:
                slot.volume += more
                who.used += more
                self.need -= more

    def fill(self) -> None:
        """Look at suppliers and place what is still needed (9)."""
        model = self.model
        p, luck, size, n = model.p, model.luck, len(model.suppliers), self.looks
        most = self.per_slot * p.expected_size
        found = []
        for turn in range(n):
            low, high = turn * size // n, (turn + 1) * size // n
            who = model.suppliers[low + luck.lot(high - low, CANDIDATES, self.number, turn)]
            found.append((min(self.costs(who, min(who.capacity, most))[0]), who))
        self.alternative = sorted([cost for cost, _ in found])[min(int(p.alternative_rank), n) - 1]
        empty = [slot for slot in self.slots if slot.supplier is None]
        if not empty or self.need <= p.smallest_order:
            return
        year = luck.year
        shut = {slot.supplier for slot in self.slots} | {s.barred for s in self.slots if s.barred_until > year}
        ranked = [
            (cost - p.scale_economy * log(max(min(who.capacity - who.used, self.need), 1e-3)), turn)
            for turn, (cost, who) in enumerate(found)
        ]
        ranked.sort()
        taken = 0
        for _, turn in ranked:
            if taken == len(empty) or self.need <= p.smallest_order:
                return
            cost, who = found[turn]
            if cost > p.reserve_cost or who in shut:
                continue
            free = who.capacity - who.used
            quantity = min(free, self.need, self.per_slot * p.order_size)
            if free < self.dedication * who.capacity:
                continue
            if self.lump > 0.0:
                quantity = floor(quantity / self.lump) * self.lump
            if quantity <= p.smallest_order:
                continue
            slot = empty[taken]
            slot.supplier, slot.volume, slot.cost = who, quantity, cost
            who.slots.append(slot)
            who.used += quantity
            self.need -= quantity
            taken += 1

    def choose(self) -> None:
        """Choose the form of each relation, and who performs which function (2)."""
        p, luck = self.model.p, self.model.luck
        for slot in self.slots:
            who = slot.supplier
            if who is None:
                continue
            cost, failure = self.costs(who, slot.volume)
            slot.cost = min(cost)
            numbers = luck.numbers(CHOICE, who.number, self.number)
            noisy = [c + p.choice_noise * log(-log(u)) for c, u in zip(cost, numbers, strict=True)]
            form = slot.form = noisy.index(min(noisy))
            risk = (1.0 - p.monitoring[QUASI]) * failure[QUASI]
            slot.failure = failure[form]
            slot.exposed = exposed = p.exposure * self.loss * (p.exposure_base + p.exposure_risk * risk)
            home = form == MARKET and self.region == 0
            slot.performs = (
                True, True, home or self.lets_go(LOGISTICS, who, exposed), home or self.lets_go(SOURCING, who, exposed),
                form in (MARKET, NETWORK), form == MARKET and self.weak_marketing,
            )  # fmt: skip

    def lets_go(self, function: int, who: Supplier, exposed: float) -> bool:
        """Tell whether the buyer relinquishes a function."""
        rent = self.model.p.core_rent if self.core[function] else 0.0
        return self.unlearnt[function] > rent + (1.0 - who.k[function]) * exposed

    def offer(self) -> None:
        """Say what volume is open to newcomers next year: unfilled or changing hands (7)."""
        filled = turning = 0.0
        survival = self.model.p.survival
        for slot in self.slots:
            if slot.supplier is not None:
                filled += slot.volume
                turning += (1.0 - survival[slot.form]) * slot.volume
        self.placed = max(self.volume - filled, 0.0) + turning if self.active else 0.0


class Supplier(mesa.Agent):
    """A supplier: sells, learns, invests after fear, votes, grows or closes."""

    def __init__(
        self, model: Any, number: int, k: list[float], capacity: float, wealth: float, intent: bool, cluster: int
    ) -> None:
        super().__init__(model)
        self.number, self.k, self.capacity, self.wealth = number, k, capacity, wealth
        self.intent, self.cluster = intent, cluster
        self.slots: list[Slot] = []
        self.used = self.volume = self.sales = self.profit = self.unit_cost = self.investment = 0.0
        self.invested = (False, False)
        self.change = [0.0] * 6
        self.yes = False

    def keep(self) -> None:
        """End relations that do not survive; cut the rest to capacity (9)."""
        luck, survival = self.model.luck, self.model.p.survival
        kept = []
        for slot in self.slots:
            if slot.buyer.active and luck.number(SURVIVAL, self.number, slot.buyer.number) < survival[slot.form]:
                kept.append(slot)
            else:
                slot.clear()
        self.slots = kept
        total = sum([slot.volume for slot in kept])
        if total > self.capacity:
            for slot in kept:
                slot.volume *= self.capacity / total
        self.used = 0.0

    def settle(self) -> None:
        """Sell, pay and reckon (5)."""
        p, k = self.model.p, self.k
        volume = sales = 0.0
        designs = False
        above = max(k[PRODUCT] - p.entrant_quality, p.quality_floor) * p.quality_weight
        for slot in self.slots:
            buyer, performs = slot.buyer, slot.performs
            shield = 1.0
            price = 1.0 + above * min(1.0, p.quality_base + buyer.complexity)
            if performs[DESIGN]:
                designs = True
                shield -= p.shield * k[DESIGN]
            if performs[MARKETING]:
                shield -= 0.5 * p.shield * k[MARKETING]
            price -= (1.0 - p.entrant_price) * buyer.exposure * shield
            for function in range(LOGISTICS, MARKETING + 1):
                if performs[function]:
                    price += p.value[function] * k[function]
            if buyer.region == 2:
                price *= p.exchange
            slot.price = max(price, 0.0)
            volume += slot.volume
            sales += slot.volume * slot.price
        self.volume, self.sales = volume, sales
        self.unit_cost = p.unit_cost * (1.0 - p.cost_process * k[PROCESS]) + (p.design_cost if designs else 0.0)
        levy = self.model.levy * volume if self.model.running_in[self.cluster] else 0.0
        standing = p.relation_cost * len(self.slots) + p.capacity_cost * self.capacity
        self.profit = sales - self.unit_cost * volume - standing - levy

    def learn(self) -> None:
        """Learn by doing, from buyers, from the cluster (3, 4)."""
        model, k = self.model, self.k
        p, change = model.p, [0.0] * 6
        for slot in self.slots:
            buyer, weight = slot.buyer, slot.volume / self.volume
            for function, does in enumerate(slot.performs):
                room = buyer.reachable[function] - k[function]
                if does and room > 0.0:
                    change[function] += p.learning[function] * weight * room
            if model.teaching:
                self.be_taught(slot, sqrt(weight), change)
        mean = model.cluster_mean[self.cluster]
        for function in range(6):
            if mean[function] > k[function]:
                change[function] += p.spillover * (mean[function] - k[function])
        if model.running_in[self.cluster] and self.volume > 0.0:
            change[DESIGN] += p.programme_yield * (1.0 - k[DESIGN])
        self.change = change

    def be_taught(self, slot: Slot, root: float, change: list[float]) -> None:
        """Add what the buyer chooses to teach (3)."""
        model, buyer, k, form = self.model, slot.buyer, self.k, slot.form
        p = model.p
        scale = model.duration[form] * min(slot.volume, p.transfer_volume) / p.transfer_cost
        fails = slot.failure
        slope = fails * (1.0 - fails) * (1.0 - p.monitoring[form] * p.monitoring_mask) * buyer.loss
        gap = buyer.need_process - k[PROCESS]
        if gap > 0.0:
            change[PROCESS] += root * absorbed(p, scale * slope * p.risk_process, gap + p.newcomer_gap)
        gap = buyer.need_product - k[PRODUCT]
        if gap > 0.0:
            change[PRODUCT] += root * absorbed(p, scale * slope * p.risk_product, gap + p.newcomer_gap)
        for function in TEACHABLE:
            gap = buyer.competence[function] - k[function]
            if gap <= 0.0 or not slot.performs[function] or buyer.core[function]:
                continue
            if function == DESIGN:
                benefit = p.design_shortfall if k[DESIGN] < buyer.design_need else 0.0
            else:
                benefit = slot.exposed
            change[function] += root * absorbed(p, scale * benefit, gap)

    def foresee(self) -> None:
        """Foresee retaliation (7), invest in what pays all the same (6), and decide on the vote (8)."""
        model, k, volume = self.model, self.k, self.volume
        p = model.p
        losses, shares = [0.0, 0.0, 0.0], [0.0, 0.0]
        for slot in self.slots:
            buyer = slot.buyer
            if buyer.addresses[DESIGN]:
                shares[0] += slot.volume / volume
            if buyer.addresses[MARKETING]:
                shares[1] += slot.volume / volume
            if not (buyer.core[DESIGN] or buyer.core[MARKETING]):
                slot.chances = (0.0, 0.0, 0.0)
                continue
            design, marketing = self.chance(slot, DESIGN), self.chance(slot, MARKETING)
            slot.chances = (design, marketing, design * model.programme_risk)
            elsewhere = max(buyer.rematch_open - buyer.placed, 0.0)
            years = min((elsewhere + model.idle + slot.volume) / max(elsewhere, 1e-6), p.rematch_longest)
            at_stake = slot.volume * max(slot.price - self.unit_cost, p.margin_floor) * years
            for place, chance in enumerate(slot.chances):
                losses[place] += chance * at_stake
        movable = p.redeployable_share * model.open / max(model.open + model.idle + volume, 1e-6)
        self.invest(losses, shares, movable)
        room = p.programme_yield * (1.0 - k[DESIGN])
        reach = shares[0] * p.addressable_share + movable
        gain = p.value[DESIGN] * room * p.programme_gain * reach * volume * p.annuity_long
        self.yes = volume > 0.0 and gain > model.levy * volume * p.annuity_long + losses[2]

    def chance(self, slot: Slot, function: int) -> float:
        """Return the probability that the buyer drops the supplier for a core function (7)."""
        p, buyer = self.model.p, slot.buyer
        if not buyer.core[function] or not self.model.retaliation:
            return 0.0
        part = p.threat_base + p.threat_capability * self.k[function]
        threat = p.core_rent * part * min(1.0, slot.volume / p.threat_volume)
        switching = max(buyer.alternative - slot.cost, 0.0)
        if slot.form >= NETWORK:
            switching += p.specificity * min(1.0, slot.age / p.specificity_years)
        return 1.0 / (1.0 + exp(-(threat - switching - p.tolerance) / p.threat_scale))

    def invest(self, losses: list[float], shares: list[float], movable: float) -> None:
        """Invest in what is worth its cost and fear (6)."""
        p, k, volume, change = self.model.p, self.k, self.volume, self.change
        self.investment, self.invested = 0.0, (False, False)
        if volume <= 0.0:
            return
        years = p.annuity_long if self.intent else p.annuity_short
        root = sqrt(max(volume, p.invest_minimum)) * p.invest_scale
        left, chosen = self.wealth, [False, False]
        for place, function in enumerate((DESIGN, MARKETING)):
            room = p.invest_yield * (1.0 - k[function])
            reach = shares[place] * p.addressable_share + movable
            gain = p.value[function] * room * p.gain_scale * reach * volume * years
            cost = p.invest_cost[function] * root
            if left >= cost and gain > cost + losses[place]:
                chosen[place] = True
                change[function] += room
                left -= cost
        for function in SUPPLIERS_OWN:
            worth = p.unit_cost * p.cost_process if function == PROCESS else p.quality_weight
            room = p.invest_yield * p.invest_process * (1.0 - k[function])
            cost = p.invest_cost[function] * root
            if left >= cost and worth * room * volume * years > cost:
                change[function] += room
                left -= cost
        self.investment, self.invested = self.wealth - left, (chosen[0], chosen[1])

    def end_year(self) -> None:
        """Learn and forget (4), be punished or not (7), and grow or shrink."""
        model, k, p = self.model, self.k, self.model.p
        for function in range(6):
            practised = any(slot.performs[function] for slot in self.slots)
            lost = 0.0 if practised else p.forgetting * k[function]
            k[function] = min(max(k[function] + self.change[function] - lost, LEAST_CAPABILITY), 1.0)
        passed = model.passed[self.cluster]
        if passed or self.invested[0] or self.invested[1]:
            self.slots = [slot for slot in self.slots if not self.is_dropped(slot, passed)]
        self.wealth = self.wealth * (1.0 - p.drawing) + p.retained * self.profit - self.investment
        margin = self.profit / max(self.sales, 1e-6)
        growth = min(max(p.capacity_response * margin, -p.capacity_fall), p.capacity_rise)
        full = self.volume >= p.full_use * self.capacity
        grown = self.capacity * (1.0 + growth if full else 1.0 - p.idle_decay)
        self.capacity = min(max(grown, p.capacity_least), p.capacity_most)
        for slot in self.slots:
            slot.age += 1

    def is_dropped(self, slot: Slot, passed: bool) -> bool:
        """Tell whether the buyer drops the supplier now, and bar it if so (7)."""
        if not any(slot.chances):
            return False
        model = self.model
        numbers = model.luck.numbers(RETALIATION, self.number, slot.buyer.number)
        asked = (*self.invested, passed)
        if not any(does and u < c for does, u, c in zip(asked, numbers[:3], slot.chances, strict=True)):
            return False
        slot.barred, slot.barred_until = self, model.luck.year + 1 + int(model.p.exclusion_years)
        slot.clear()
        return True


def absorbed(p: Any, effort: float, gap: float) -> float:
    """Return what is learnt from a teaching effort over a gap (3)."""
    return min(p.transfer_cap, effort) * gap * exp(-2.0 * p.absorption * gap) * p.transfer_yield
