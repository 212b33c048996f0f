"""From a scenario to the world at the start of one replication: what all replications share, and what is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sinos.strategies import reference_start
from sinos.strategies.arithmetic import Floats
from sinos.strategies.names import FUNCTIONS
from sinos.strategies.parameters import Coefficients, record
from sinos.strategies.random import Key
from sinos.strategies.scenario import BuyerGroup, Scenario
from sinos.strategies.state import (
    Buyers,
    Flags,
    Integers,
    Programmes,
    Suppliers,
    World,
    empty_flows,
    empty_relations,
)

Engine = Literal["compiled", "reference"]
REGIONS = ("home", "regional", "far")


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What the worlds of all replications of a scenario share.

    ``p`` are the coefficients with which worlds are made, ``packed`` the same for compiled code. ``buyers`` have the
    mean volume and complexity of their group, and ``slot_buyer`` is the buyer of each slot.
    """

    scenario: Scenario
    p: Coefficients
    packed: Any
    buyers: Buyers
    slot_buyer: Integers


def blueprint_of(scenario: Scenario, p: Coefficients) -> Blueprint:
    """Prepare the worlds of a scenario, once for all replications."""
    buyers = _buyers(scenario, p)
    slots = np.diff(buyers.slot_start)
    return Blueprint(scenario, p, record(p), buyers, np.repeat(np.arange(slots.size, dtype=np.int32), slots))


def world_of(blueprint: Blueprint, key: Key, engine: Engine = "compiled") -> World:
    """Return the world at the start of one replication; it shares no memory with others."""
    scenario = blueprint.scenario
    return World(
        suppliers=_suppliers(blueprint, key, engine),
        buyers=_drawn(blueprint, key, engine),
        relations=empty_relations(blueprint.slot_buyer),
        programmes=Programmes(
            open=np.zeros(scenario.clusters, np.uint8),
            running=np.zeros(scenario.clusters, np.uint8),
            volume_yes=np.zeros(scenario.clusters, np.float32),
            head_yes=np.zeros(scenario.clusters, np.float32),
        ),
        flows=empty_flows(scenario.suppliers, blueprint.buyers.volume.size),
    )


def group_of_buyers(scenario: Scenario) -> Integers:
    """Return, for each buyer, the position of its group in the scenario."""
    counts = [group.number for group in scenario.buyers]
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def main_buyers(scenario: Scenario) -> Flags:
    """Return 1 for each buyer of a group that the scenario calls main."""
    return np.array([group.main for group in scenario.buyers], np.uint8)[group_of_buyers(scenario)]


def _suppliers(blueprint: Blueprint, key: Key, engine: Engine) -> Suppliers:
    size, clusters = blueprint.scenario.suppliers, blueprint.scenario.clusters
    capability = np.empty((len(FUNCTIONS), size), np.float32)
    capacity, wealth, intent = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.uint8)
    if engine == "reference":
        reference_start.draw_suppliers(blueprint.p, key, capability, capacity, wealth, intent)
    else:
        from sinos.strategies import kernel_start

        kernel_start.draw_suppliers(blueprint.packed, key, capability, capacity, wealth, intent)
    return Suppliers(
        capability=capability,
        capacity=capacity,
        wealth=wealth,
        intent=intent,
        cluster=(np.arange(size) * clusters // size).astype(np.int32),
        founded=np.zeros(size, np.int32),
        certified=np.zeros(size, np.float32),
        share_cap=np.ones(size, np.float32),
        discount=np.zeros((len(REGIONS), size), np.float32),
        teaching=np.zeros(size, np.float32),
        centre=np.zeros(size, np.float32),
        assistance=np.zeros((len(FUNCTIONS), size), np.float32),
        strategy_cost=np.zeros(size, np.float32),
    )


def _drawn(blueprint: Blueprint, key: Key, engine: Engine) -> Buyers:
    """Draw the size and complexity of each buyer around those of its group."""
    buyers = Buyers(*map(np.array, blueprint.buyers))
    if engine == "reference":
        reference_start.draw_buyers(blueprint.p, key, buyers.volume, buyers.complexity)
    else:
        from sinos.strategies import kernel_start

        kernel_start.draw_buyers(blueprint.packed, key, buyers.volume, buyers.complexity)
    return buyers


def _buyers(scenario: Scenario, p: Coefficients) -> Buyers:
    group = group_of_buyers(scenario)
    groups = scenario.buyers
    market_names = [market.name for market in scenario.markets]
    market = np.array([market_names.index(g.market) for g in groups], np.int32)[group]
    slots = np.array([g.slots for g in groups], np.int64)[group]
    look = np.minimum(np.maximum(slots, int(p.candidates)), scenario.suppliers)
    competence, core = _functions(groups, group)
    region = np.array([REGIONS.index(m.region) for m in scenario.markets], np.int32)
    return Buyers(
        slot_start=np.concatenate([[0], np.cumsum(slots)]).astype(np.int32),
        look_start=np.concatenate([[0], np.cumsum(look)]).astype(np.int32),
        market=market,
        region=region[market],
        active=np.zeros(group.size, np.uint8),
        volume=_by_group([g.volume for g in groups], group),
        complexity=_by_group([g.complexity for g in groups], group),
        need_process=_by_group([g.process for g in groups], group),
        need_product=_by_group([g.product for g in groups], group),
        competence=competence,
        core=core,
        lump=_by_group([g.lump for g in groups], group),
        dedication=_by_group([g.dedication for g in groups], group),
        exposure=np.array([m.exposure for m in scenario.markets], np.float32)[market],
        loss_extra=np.zeros(group.size, np.float32),
        similarity=_similarity(scenario),
    )


def _similarity(scenario: Scenario) -> Floats:
    """Similarity of markets: one less the difference of their mean complexity, weighted by volume."""
    level = []
    for market in scenario.markets:
        there = [(g.number * g.volume, g.complexity) for g in scenario.buyers if g.market == market.name]
        weight = sum(volume for volume, _ in there)
        level.append(sum(volume * z for volume, z in there) / weight if weight > 0 else 0.0)
    z = np.array(level, np.float32)
    return np.asarray(np.float32(1) - np.abs(z[:, None] - z[None, :]), np.float32)


def _functions(groups: tuple[BuyerGroup, ...], group: Integers) -> tuple[Floats, Floats]:
    competence = np.array([[g.competence.get(f, 0.0) for g in groups] for f in FUNCTIONS], np.float32)
    core = np.array([[float(f in g.core) for g in groups] for f in FUNCTIONS], np.float32)
    return np.ascontiguousarray(competence[:, group]), np.ascontiguousarray(core[:, group])


def _by_group(numbers: list[float], group: Integers) -> Floats:
    return np.array(numbers, np.float32)[group]
