"""One replication: the baseline and every strategy, forked from the baseline when the strategy starts."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sinos.strategies.build import main_buyers, world_of
from sinos.strategies.levers import Lever, Strategy, begin, coefficients_in
from sinos.strategies.metrics import AFTER_TRADE, METRICS, Doubles
from sinos.strategies.parameters import Coefficients, coefficients, record
from sinos.strategies.random import Key, key_of
from sinos.strategies.scenario import Scenario
from sinos.strategies.shocks import coefficients_under, set_buyers
from sinos.strategies.state import Buyers, Saved, World, copied, copied_buyers

Engine = Literal["compiled", "reference"]


def replicate(
    scenario: Scenario,
    strategies: tuple[Strategy, ...],
    seed: int,
    replication: int,
    engine: Engine = "compiled",
    saved: Saved | None = None,
) -> Doubles:
    """Return the metrics of one replication, of shape (1 + strategies, years, metrics); row 0 is the baseline.

    With a saved state, years before it are not-a-number.
    """
    p = coefficients(scenario.parameters)
    key = key_of(seed, replication)
    world = world_of(scenario, p, key)
    start = copied_buyers(world)
    first = 0
    if saved is not None:
        world, first = copied(saved.world), saved.year - scenario.start
    result = np.full((1 + len(strategies), scenario.years, len(METRICS)), np.nan)
    forks: dict[int, World] = {}
    for step, year in enumerate(scenario.calendar[first:], start=first):
        if any(one.start == year for one in strategies):
            forks[year] = copied(world)
        result[0, step] = simulate_year(world, start, scenario, p, (), key, step, engine)
    for number, one in enumerate(strategies, start=1):
        world = copied(forks[one.start])
        first = one.start - scenario.start
        result[number, :first] = result[0, :first]
        for step in range(first, scenario.years):
            result[number, step] = simulate_year(world, start, scenario, p, one.levers, key, step, engine)
    return result


def simulate_year(
    world: World,
    start: Buyers,
    scenario: Scenario,
    p: Coefficients,
    levers: tuple[Lever, ...],
    key: Key,
    step: int,
    engine: Engine,
) -> Doubles:
    """Simulate one year in place, under the scenario's shocks and the levers, and return its metrics."""
    year = scenario.start + step
    set_buyers(world.buyers, start, scenario, year)
    if scenario.programme is not None and year == scenario.programme.start:
        world.programmes.open[:] = 1
    begin(world, levers, key, year, step)
    now = coefficients_in(coefficients_under(p, scenario, year), levers, year)
    main = main_buyers(scenario)
    values = np.empty(len(METRICS))
    if engine == "reference":
        from sinos.strategies import reference_metrics, reference_step

        reference_step.trade(world, now, key, step)
        values[:AFTER_TRADE] = reference_metrics.after_trade(world, main)
        reference_step.develop(world, now, key, step)
        values[AFTER_TRADE:] = reference_metrics.after_development(world)
    else:
        from sinos.strategies import kernel_develop, kernel_metrics, kernel_trade

        packed = record(now)
        kernel_trade.trade(world, packed, key, step)
        kernel_metrics.after_trade(world, main, values)
        kernel_develop.develop(world, packed, key, step)
        kernel_metrics.after_development(world, values)
    return values
