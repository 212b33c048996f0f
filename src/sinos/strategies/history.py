"""A simulated history kept in full: every relation-year, supplier-year and buyer of one replication.

Ensembles keep metrics only. The known-truth loop needs what stands behind them: who sold what to whom under which form
and performing which functions, what each supplier was capable of, and what it feared. A supplier that closes is
followed by a spin-off in the same place; here the two are two firms with two names.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from sinos.strategies.build import Engine, blueprint_of, group_of_buyers, world_of
from sinos.strategies.history_years import relation_years, supplier_years
from sinos.strategies.levers import Lever, Strategy, begin, coefficients_in
from sinos.strategies.names import FORMS, FUNCTIONS
from sinos.strategies.parameters import Coefficients, coefficients, record
from sinos.strategies.periods import of_period
from sinos.strategies.random import key_of
from sinos.strategies.reference_choice import design_gap
from sinos.strategies.reference_retaliation import rematch_time
from sinos.strategies.reference_risk import failure_risk
from sinos.strategies.reference_transfer import teaching
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario_checks import check_engine
from sinos.strategies.shocks import coefficients_under, set_buyers
from sinos.strategies.state import World, copied_buyers


@dataclass(frozen=True, slots=True)
class History:
    """One replication in full.

    Attributes
    ----------
    scenario, seed, replication
        What was simulated, and under which luck.
    deliveries
        One row per relation and period: the columns of ``relations`` and ``part`` (the period of the year, from 0).
    relations
        One row per relation-year: ``supplier``, ``buyer`` (names), ``year``, ``volume``, ``price``, ``age``, ``form``,
        ``performs_`` and each function, ``monitoring``, ``complexity``, ``failure`` (before inspection), ``design_gap``
        (as a share of the need), ``competence`` (share of the buyer's requirements met), ``taught`` (capability gain
        of the year), ``rematch`` (years to replace the buyer), ``specific`` (maturity of specific assets).
        Where a period is a quarter, volumes and ``taught`` add up and the price is that of the year; all else is as in
        the quarter of most volume, the last of these if several are equal.
    suppliers
        One row per firm and year in which it sells: capabilities by function, ``cluster``, ``capacity``, ``intent``,
        ``certified``, ``volume``, ``sales``, ``profit``, ``unit_cost``, ``investment``, ``gain``, ``fear``.
        Where a period is a quarter, flows add up, ``unit_cost``, ``gain`` and ``fear`` are those of the last quarter,
        and capabilities those before the first.
    buyers
        One row per buyer: ``buyer``, ``group``, ``market``, ``region``, ``core`` (functions), ``dedication``, ``main``.
    programmes
        Cluster, year, whether the collective programme runs.
    votes
        Votes held: cluster, year, shares of volume and of heads for the programme.
    """

    scenario: Scenario
    seed: int
    replication: int
    deliveries: pl.DataFrame
    relations: pl.DataFrame
    suppliers: pl.DataFrame
    buyers: pl.DataFrame
    programmes: pl.DataFrame
    votes: pl.DataFrame


def simulate_history(
    scenario: Scenario,
    seed: int = 0,
    replication: int = 0,
    strategy: Strategy | None = None,
    *,
    engine: Engine = "compiled",
) -> History:
    """Simulate one replication and keep everything.

    Parameters
    ----------
    scenario
        The world.
    seed, replication
        Luck; the same as replication ``replication`` of an ensemble with that seed.
    strategy
        Levers, if any.
    engine
        ``compiled``, or ``reference`` (same bits, slower).
    """
    levers = strategy.levers if strategy is not None else ()
    p, key = coefficients(scenario.parameters), key_of(seed, replication)
    world = world_of(blueprint_of(scenario, of_period(p, scenario.parts, 0)), key, engine)
    start = copied_buyers(world)
    buyers = _buyers(scenario, world)
    generation = np.zeros(scenario.suppliers, np.int64)
    trade, develop = _halves(engine)
    deliveries, suppliers, programmes, votes = [], [], [], []
    for step, (year, part) in enumerate(product(scenario.calendar, range(scenario.parts))):
        now = _coefficients(world, start, scenario, p, levers, key, step)
        trade(world, now, key, step)
        names = np.array([f"S{slot + 1:03d}.{one}" for slot, one in enumerate(generation)])
        rows = _relation_rows(world, now, names, buyers["buyer"].to_list(), year, scenario.parts)
        deliveries.append(rows.with_columns(part=pl.lit(part, pl.Int64)))
        before = world.suppliers.capability.copy()
        traits = {name: getattr(world.suppliers, name).copy() for name in TRAITS}
        last = part == scenario.parts - 1
        held = (world.programmes.open == 1) & (world.programmes.running == 0) & last
        develop(world, now, key, step)
        suppliers.append(_supplier_rows(world, before, traits, names, year, scenario.parts))
        running = world.programmes.running
        if last:
            clusters = np.arange(running.size)
            programmes.append(pl.DataFrame({"cluster": clusters, "year": year, "running": running.copy()}))
        votes.append(_vote_rows(world, held, year))
        generation += world.flows.closed
    tables = (pl.concat(table) for table in (programmes, votes))
    delivered, sold = pl.concat(deliveries), pl.concat(suppliers)
    if scenario.parts > 1:
        return History(
            scenario, seed, replication, delivered, relation_years(delivered), supplier_years(sold), buyers, *tables
        )
    return History(scenario, seed, replication, delivered, delivered.drop("part"), sold, buyers, *tables)


TRAITS = ("cluster", "capacity", "intent", "certified")
RATES = ("volume", "sales", "profit")
"""Flows that the model holds as rates a year."""

FLOWS = (*RATES, "unit_cost", "investment", "gain", "fear")


def _halves(engine: Engine) -> tuple[Any, Any]:
    """Return the two halves of a year, both taking (world, coefficients, key, step)."""
    check_engine(engine)
    if engine == "reference":
        from sinos.strategies import reference_step

        return reference_step.trade, reference_step.develop
    kernels = [import_module(f"sinos.strategies.kernel_{half}") for half in ("trade", "develop")]
    return (
        lambda world, now, key, step: kernels[0].trade(world, record(now), key, step),
        lambda world, now, key, step: kernels[1].develop(world, record(now), key, step),
    )


def _coefficients(
    world: World, start: Any, scenario: Scenario, p: Coefficients, levers: tuple[Lever, ...], key: Any, step: int
) -> Coefficients:
    """Begin a period: in a year's first, buyers, programme and levers are set; return the period's coefficients."""
    parts = scenario.parts
    year, part = scenario.start + step // parts, step % parts
    if part == 0:
        set_buyers(world.buyers, start, scenario, year)
        if scenario.programme is not None and year == scenario.programme.start:
            world.programmes.open[:] = 1
        begin(world, levers, key, year, step, parts)
    return of_period(coefficients_in(coefficients_under(p, scenario, year), levers, year), parts, part)


def _buyers(scenario: Scenario, world: World) -> pl.DataFrame:
    groups = [scenario.buyers[number] for number in group_of_buyers(scenario)]
    markets = {market.name: market.region for market in scenario.markets}
    return pl.DataFrame(
        {
            "buyer": [f"B{number + 1:03d} {group.name}" for number, group in enumerate(groups)],
            "group": [group.name for group in groups],
            "market": [group.market for group in groups],
            "region": [markets[group.market] for group in groups],
            "core": [";".join(group.core) or None for group in groups],
            "dedication": [group.dedication for group in groups],
            "main": [group.main for group in groups],
        },
        schema_overrides={"core": pl.String},
    )


def _relation_rows(
    w: World, p: Coefficients, names: Any, buyer_names: list[str], year: int, parts: int
) -> pl.DataFrame:
    s, b, r = w.suppliers, w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    risk = failure_risk(s, b, p, supplier, buyer)
    form = r.form[slots]
    need = np.maximum(p.design_need * b.complexity[buyer], np.float32(1e-6))
    met = np.minimum(1.0, s.capability[0, supplier] / np.maximum(b.need_process[buyer], np.float32(1e-6)))
    met = (met + np.minimum(1.0, s.capability[1, supplier] / np.maximum(b.need_product[buyer], np.float32(1e-6)))) / 2
    taught = teaching(s, b, r, p, slots, risk)
    mature = np.minimum(np.float32(1), r.age[slots] / p.specificity_years)
    return pl.DataFrame(
        {
            "supplier": names[supplier],
            "buyer": np.array(buyer_names)[buyer],
            "year": np.full(slots.size, year, np.int64),
            "volume": r.volume[slots].astype(float) / parts,
            "price": r.price[slots].astype(float),
            "age": r.age[slots].astype(np.int64) // parts,
            "form": np.array(FORMS)[form],
            **{f"performs_{name}": r.performs[n, slots].astype(np.int64) for n, name in enumerate(FUNCTIONS)},
            "monitoring": p.monitoring[form].astype(float),
            "complexity": b.complexity[buyer].astype(float),
            "failure": risk.failure[form, np.arange(slots.size)].astype(float),
            "design_gap": (design_gap(s, b, p, supplier, buyer) / need).astype(float),
            "competence": met.astype(float),
            "taught": taught[0].astype(float) + taught[1].astype(float),
            "rematch": rematch_time(w, p, slots).astype(float),
            "specific": np.where(form >= 1, mature, 0.0).astype(float),
        }
    )


def _vote_rows(w: World, held: Any, year: int) -> pl.DataFrame:
    c = w.programmes
    return pl.DataFrame(
        {
            "cluster": np.flatnonzero(held),
            "year": np.full(int(held.sum()), year, np.int64),
            "volume_yes": c.volume_yes[held].astype(float),
            "head_yes": c.head_yes[held].astype(float),
        }
    )


def _supplier_rows(w: World, before: Any, traits: dict[str, Any], names: Any, year: int, parts: int) -> pl.DataFrame:
    f = w.flows
    selling = f.volume > 0
    columns = {name: before[number][selling].astype(float) for number, name in enumerate(FUNCTIONS)}
    columns |= {name: traits[name][selling].astype(float) for name in TRAITS}
    columns |= {name: getattr(f, name)[selling].astype(float) / (parts if name in RATES else 1) for name in FLOWS}
    return pl.DataFrame({"supplier": names[selling], "year": np.full(int(selling.sum()), year, np.int64)} | columns)
