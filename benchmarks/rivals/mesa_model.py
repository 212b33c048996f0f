"""The model year of Sinos in Mesa: the order of events, the collective vote, and what is collected."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mesa
import numpy as np

from rivals.mesa_agents import ENTRY, ENTRY_NOISE, LEAST_CAPABILITY, ORDER, Buyer, Supplier
from rivals.mesa_luck import OwnLuck, bell
from sinos.strategies.build import blueprint_of, world_of
from sinos.strategies.names import FORMS, FUNCTIONS
from sinos.strategies.parameters import coefficients
from sinos.strategies.random import key_of
from sinos.strategies.scenario import Scenario
from sinos.strategies.shocks import coefficients_under

COLLECTED = (
    "export_value", "near_value", "profit", "active_suppliers", *(f"export_{form}" for form in FORMS),
    *(f"{function}_capability" for function in FUNCTIONS),
)  # fmt: skip
KNOWN_SHOCKS = {"low_cost_entrant", "exchange_rate"}


class ClusterModel(mesa.Model):
    """A cluster of suppliers and its buyers; begins in the same world as a Sinos replication."""

    def __init__(
        self, scenario: Scenario, seed: int, replication: int, luck: OwnLuck | None = None, collect: bool = True
    ) -> None:
        super().__init__(seed=seed * 1000 + replication)
        if {shock.kind for shock in scenario.shocks} - KNOWN_SHOCKS:
            raise ValueError("this benchmark knows the low-cost entrant and the exchange rate only")
        self.scenario, self.collects = scenario, collect
        self.luck = luck if luck is not None else OwnLuck(self.random)
        self.base = coefficients(scenario.parameters)
        self.p = plain(self.base)
        self.year = -1
        self.build(seed, replication)
        p = self.p
        self.teaching, self.retaliation = p.transfer > 0.5, p.retaliation > 0.5
        self.duration = [rho / (1.0 - p.transfer_discount * rho) for rho in p.survival]
        self.levy = p.programme_levy * (1.0 - p.programme_public_share)
        self.programme_risk = p.programme_exposure * (1.0 - p.programme_secrecy) * (1.0 - p.programme_mediation)
        self.vote_open = False
        self.running_in = [False] * scenario.clusters
        self.passed = [False] * scenario.clusters
        self.idle = self.open = 0.0
        self.cluster_mean: list[list[float]] = []
        reporters = {name: (lambda model, name=name: model.seen[name]) for name in COLLECTED}
        self.datacollector = mesa.DataCollector(model_reporters=reporters)
        self.seen: dict[str, float] = {}

    def build(self, seed: int, replication: int) -> None:
        """Make the agents of the world at the start."""
        world = world_of(blueprint_of(self.scenario, self.base), key_of(seed, replication))
        s, b = world.suppliers, world.buyers
        for i in range(s.capacity.size):
            k = [float(value) for value in s.capability[:, i]]
            Supplier(self, i, k, float(s.capacity[i]), float(s.wealth[i]), bool(s.intent[i]), int(s.cluster[i]))
        names = ("volume", "complexity", "need_process", "need_product", "lump", "dedication", "exposure")
        for j in range(b.volume.size):
            traits: dict[str, Any] = {name: float(getattr(b, name)[j]) for name in names}
            traits |= {"market": int(b.market[j]), "region": int(b.region[j])}
            traits |= {"competence": b.competence[:, j].tolist(), "core": [bool(x) for x in b.core[:, j]]}
            slots, looks = (int(start[j + 1] - start[j]) for start in (b.slot_start, b.look_start))
            Buyer(self, j, slots, looks, **traits)
        self.suppliers: list[Supplier] = list(self.agents_by_type[Supplier])
        self.buyers: list[Buyer] = list(self.agents_by_type[Buyer])
        self.similarity: list[list[float]] = b.similarity.tolist()

    def step(self) -> None:
        """One year."""
        self.year += 1
        self.luck.year = self.year
        self.begin()
        suppliers, buyers = self.agents_by_type[Supplier], self.agents_by_type[Buyer]
        suppliers.do("keep")
        buyers.do("fit")
        active = self.luck.order(ORDER, [buyer for buyer in self.buyers if buyer.active])
        for buyer in active:
            buyer.expand()
        for buyer in active:
            buyer.fill()
        buyers.do("choose")
        suppliers.do("settle")
        if self.collects:
            self.seen = self.observed()
            self.datacollector.collect(self)
        self.survey()
        suppliers.do("learn")
        suppliers.do("foresee")
        self.vote()
        suppliers.do("end_year")
        self.replace_closed()

    def begin(self) -> None:
        """Open markets and the vote, and set what shocks change."""
        year = self.scenario.start + self.year
        now = coefficients_under(self.base, self.scenario, year)
        self.p.entrant_price, self.p.entrant_quality = float(now.entrant_price), float(now.entrant_quality)
        self.p.exchange = float(now.exchange)
        for buyer in self.buyers:
            buyer.active = self.scenario.markets[buyer.market].opens <= year
        if self.scenario.programme is not None and year == self.scenario.programme.start:
            self.vote_open = True

    def survey(self) -> None:
        """Work out what suppliers know of the market (7) and of their cluster (4)."""
        markets = range(len(self.similarity))
        placed = [0.0 for _ in markets]
        for buyer in self.buyers:
            buyer.offer()
            placed[buyer.market] += buyer.placed
        reach = [sum(self.similarity[m][n] * placed[m] for m in markets) for n in markets]
        for buyer in self.buyers:
            buyer.rematch_open = reach[buyer.market]
        self.open = sum(placed)
        self.idle = sum([max(one.capacity - one.volume, 0.0) for one in self.suppliers])
        volume = [0.0] * self.scenario.clusters
        means = [[0.0] * 6 for _ in volume]
        for one in self.suppliers:
            if one.volume > 0.0:
                volume[one.cluster] += one.volume
                mean = means[one.cluster]
                for function, k in enumerate(one.k):
                    mean[function] += k * one.volume
        self.cluster_mean = [
            [total / all_volume if all_volume > 0.0 else 0.0 for total in mean]
            for mean, all_volume in zip(means, volume, strict=True)
        ]

    def vote(self) -> None:
        """Hold the vote on the collective programme (8)."""
        p = self.p
        self.passed = [False] * self.scenario.clusters
        if not self.vote_open:
            return
        for cluster in range(self.scenario.clusters):
            members = [one for one in self.suppliers if one.cluster == cluster and one.volume > 0.0]
            if self.running_in[cluster] or not members:
                continue
            volume = sum(one.volume for one in members)
            by_volume = sum(one.volume for one in members if one.yes) / volume
            by_head = sum(one.yes for one in members) / len(members)
            support = p.programme_volume_weight * by_volume + (1.0 - p.programme_volume_weight) * by_head
            if support >= p.programme_quorum:
                self.passed[cluster] = self.running_in[cluster] = True

    def replace_closed(self) -> None:
        """Close suppliers without means or orders; spin-offs take their places."""
        p, luck = self.p, self.luck
        closed = [
            one for one in self.suppliers
            if one.wealth <= p.exit_wealth or (one.volume <= 0.0 and one.capacity <= p.capacity_exit)
        ]  # fmt: skip
        starts = []
        for one in closed:
            for slot in one.slots:
                slot.clear()
            first, second = (self.suppliers[n].k for n in luck.lots(len(self.suppliers), ENTRY, one.number, 0))
            parent = first if sum(first) >= sum(second) else second
            intent = luck.numbers(ENTRY, one.number, 0)[2] < p.spin_off_intent
            noise = [bell(luck.numbers(ENTRY_NOISE, one.number, function)) for function in range(6)]
            k = [x * p.inheritance + p.inheritance_noise * e for x, e in zip(parent, noise, strict=True)]
            starts.append(([min(max(x, LEAST_CAPABILITY), 1.0) for x in k], intent))
        for one, (k, intent) in zip(closed, starts, strict=True):
            one.k, one.intent, one.slots = k, intent, []
            one.capacity, one.wealth = p.entry_capacity, p.entry_wealth

    def observed(self) -> dict[str, float]:
        """Return what is collected of the year."""
        far, near, volume = 0.0, 0.0, [0.0] * 4
        for buyer in self.buyers:
            for slot in buyer.slots:
                if slot.supplier is None:
                    continue
                if buyer.region == 2:
                    far += slot.volume * slot.price
                    volume[slot.form] += slot.volume
                else:
                    near += slot.volume * slot.price
        sellers = [one for one in self.suppliers if one.volume > 0.0]
        total, exported = sum(one.volume for one in sellers), sum(volume)
        seen = {"export_value": far, "near_value": near, "active_suppliers": len(sellers)}
        seen["profit"] = sum(one.profit for one in self.suppliers)
        for name, amount in zip(FORMS, volume, strict=True):
            seen[f"export_{name}"] = amount / exported if exported > 0.0 else float("nan")
        for function, name in enumerate(FUNCTIONS):
            whole = sum(one.k[function] * one.volume for one in sellers)
            seen[f"{name}_capability"] = whole / total if total > 0.0 else float("nan")
        return seen


def plain(p: Any) -> SimpleNamespace:
    """Return the coefficients as plain Python numbers and lists."""
    return SimpleNamespace(**{name: np.asarray(value, float).tolist() for name, value in p._asdict().items()})
