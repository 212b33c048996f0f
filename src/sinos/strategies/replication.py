"""One replication: the baseline and every strategy, forked from the baseline when the strategy starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sinos.strategies.build import Engine, world_of
from sinos.strategies.course import Course, advance, course_of
from sinos.strategies.levers import Strategy
from sinos.strategies.metrics import METRICS, Doubles
from sinos.strategies.random import key_of
from sinos.strategies.scenario import Scenario
from sinos.strategies.state import Saved, World, copied, copied_buyers


@dataclass(frozen=True, slots=True)
class Futures:
    """The courses of a scenario: the baseline, and each strategy with the step at which it leaves the baseline."""

    baseline: Course
    strategies: tuple[Course, ...]
    starts: tuple[int, ...]


def futures_of(scenario: Scenario, strategies: tuple[Strategy, ...] = ()) -> Futures:
    """Prepare the baseline and the strategies, once for all replications."""
    return Futures(
        course_of(scenario),
        tuple(course_of(scenario, one.levers) for one in strategies),
        tuple(one.start - scenario.start for one in strategies),
    )


def replicate(
    futures: Futures,
    seed: int,
    replication: int,
    engine: Engine = "compiled",
    saved: Saved | None = None,
    threads: int = 1,
) -> Doubles:
    """Return the metrics of one replication, of shape (1 + strategies, years, metrics); row 0 is the baseline.

    With a saved state, years before it are not-a-number. ``threads`` share each year of the world (same bits).
    """
    course = futures.baseline
    scenario, key = course.scenario, key_of(seed, replication)
    world = world_of(course.blueprint, key, engine)
    start = copied_buyers(world)
    done = 0
    if saved is not None:
        world, done = copied(saved.world), saved.year - scenario.start
    result = np.full((1 + len(futures.strategies), scenario.years, len(METRICS)), np.nan)
    forks: dict[int, World] = {}
    for step in sorted({*futures.starts, scenario.years}):
        result[0, done:step] = advance(world, start, course, key, done, step, engine, threads)
        done = step
        if step < scenario.years:
            forks[step] = copied(world)
    for number, (own, first) in enumerate(zip(futures.strategies, futures.starts, strict=True), start=1):
        result[number, :first] = result[0, :first]
        world = copied(forks[first])
        result[number, first:] = advance(world, start, own, key, first, scenario.years, engine, threads)
    return result
