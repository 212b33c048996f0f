"""From a scenario to the world at the start of one replication."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sinos.strategies import reference_start
from sinos.strategies.arithmetic import Floats, exp32
from sinos.strategies.names import FUNCTIONS, STREAM_BUYER
from sinos.strategies.parameters import Coefficients, record
from sinos.strategies.random import Key, bell, draw_uniform
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


def world_of(scenario: Scenario, p: Coefficients, key: Key, engine: Engine = "compiled") -> World:
    """Return the world of a scenario at the start of one replication."""
    buyers = _buyers(scenario, p, key)
    slots = np.diff(buyers.slot_start)
    return World(
        suppliers=_suppliers(scenario, p, key, engine),
        buyers=buyers,
        relations=empty_relations(np.repeat(np.arange(slots.size, dtype=np.int32), slots)),
        programmes=Programmes(
            open=np.zeros(scenario.clusters, np.uint8),
            running=np.zeros(scenario.clusters, np.uint8),
            volume_yes=np.zeros(scenario.clusters, np.float32),
            head_yes=np.zeros(scenario.clusters, np.float32),
        ),
        flows=empty_flows(scenario.suppliers, slots.size),
    )


def group_of_buyers(scenario: Scenario) -> Integers:
    """Return, for each buyer, the position of its group in the scenario."""
    counts = [group.number for group in scenario.buyers]
    return np.repeat(np.arange(len(counts), dtype=np.int32), counts)


def main_buyers(scenario: Scenario) -> Flags:
    """Return 1 for each buyer of a group that the scenario calls main."""
    return np.array([group.main for group in scenario.buyers], np.uint8)[group_of_buyers(scenario)]


def _suppliers(scenario: Scenario, p: Coefficients, key: Key, engine: Engine) -> Suppliers:
    size = scenario.suppliers
    capability = np.empty((len(FUNCTIONS), size), np.float32)
    capacity, wealth, intent = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.uint8)
    if engine == "reference":
        reference_start.draw_suppliers(p, key, capability, capacity, wealth, intent)
    else:
        from sinos.strategies import kernel_start

        kernel_start.draw_suppliers(record(p), key, capability, capacity, wealth, intent)
    return Suppliers(
        capability=capability,
        capacity=capacity,
        wealth=wealth,
        intent=intent,
        cluster=(np.arange(size) * scenario.clusters // size).astype(np.int32),
        founded=np.zeros(size, np.int32),
        certified=np.zeros(size, np.float32),
        share_cap=np.ones(size, np.float32),
        discount=np.zeros((len(REGIONS), size), np.float32),
        teaching=np.zeros(size, np.float32),
        centre=np.zeros(size, np.float32),
        assistance=np.zeros((len(FUNCTIONS), size), np.float32),
        strategy_cost=np.zeros(size, np.float32),
    )


def _buyers(scenario: Scenario, p: Coefficients, key: Key) -> Buyers:
    group = group_of_buyers(scenario)
    who = np.arange(group.size)
    groups = scenario.buyers
    market_names = [market.name for market in scenario.markets]
    market = np.array([market_names.index(g.market) for g in groups], np.int32)[group]
    slots = np.array([g.slots for g in groups], np.int64)[group]
    look = np.minimum(np.maximum(slots, int(p.candidates)), scenario.suppliers)
    volume_noise = bell(draw_uniform(key, 0, STREAM_BUYER, who, 0))
    complexity_noise = bell(draw_uniform(key, 0, STREAM_BUYER, who, 1))
    complexity = _by_group([g.complexity for g in groups], group) + p.complexity_spread * complexity_noise
    competence, core = _functions(groups, group)
    region = np.array([REGIONS.index(m.region) for m in scenario.markets], np.int32)
    return Buyers(
        slot_start=np.concatenate([[0], np.cumsum(slots)]).astype(np.int32),
        look_start=np.concatenate([[0], np.cumsum(look)]).astype(np.int32),
        market=market,
        region=region[market],
        active=np.zeros(group.size, np.uint8),
        volume=_by_group([g.volume for g in groups], group) * exp32(p.buyer_spread * volume_noise),
        complexity=np.clip(complexity, np.float32(0), np.float32(1)),
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
