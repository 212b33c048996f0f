"""The course of a scenario: what is the same in all replications, prepared once for all of them.

The coefficients of every period, and the years in which something begins or ends. Between two such years nothing but
the state of the world changes, so a whole stretch of years runs inside the compiled kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sinos.strategies.build import Blueprint, Engine, blueprint_of, main_buyers
from sinos.strategies.levers import Lever, begin, coefficients_in
from sinos.strategies.metrics import AFTER_TRADE, METRICS, Doubles, of_years
from sinos.strategies.parameters import Coefficients, coefficients, records
from sinos.strategies.periods import of_period
from sinos.strategies.random import Key
from sinos.strategies.scenario import Scenario
from sinos.strategies.shocks import coefficients_under, set_buyers, turns
from sinos.strategies.state import Buyers, Flags, World


@dataclass(frozen=True, slots=True)
class Course:
    """A scenario under some levers, prepared.

    ``blueprint`` is what worlds are made from, ``by_period`` holds the coefficients of every period and ``packed`` the
    same for compiled code; ``beginnings`` are the years (counted from 0) in which buyers, levers or the programme
    change; ``main`` is 1 for main buyers.
    """

    scenario: Scenario
    levers: tuple[Lever, ...]
    blueprint: Blueprint
    by_period: tuple[Coefficients, ...]
    packed: Any
    beginnings: tuple[int, ...]
    main: Flags


def course_of(scenario: Scenario, levers: tuple[Lever, ...] = ()) -> Course:
    """Prepare a scenario under some levers."""
    base = coefficients(scenario.parameters)
    by_year = [coefficients_in(coefficients_under(base, scenario, year), levers, year) for year in scenario.calendar]
    by_period = tuple(of_period(p, scenario.parts, part) for p in by_year for part in range(scenario.parts))
    years = {*turns(scenario), *(lever.start for lever in levers)}
    if scenario.programme is not None:
        years.add(scenario.programme.start)
    beginnings = tuple(sorted(year - scenario.start for year in years if year in scenario.calendar))
    blueprint = blueprint_of(scenario, of_period(base, scenario.parts, 0))
    return Course(scenario, levers, blueprint, by_period, records(by_period), beginnings, main_buyers(scenario))


def advance(
    world: World,
    start: Buyers,
    course: Course,
    key: Key,
    first: int,
    end: int,
    engine: Engine = "compiled",
    threads: int = 1,
) -> Doubles:
    """Simulate the years from ``first`` to ``end`` (not included) in place; return the metrics of each.

    Parameters
    ----------
    world
        The world at the beginning of the first year.
    start
        The buyers at the start of the replication, from which those of each year follow.
    course
        The scenario, prepared.
    key
        Luck of the replication.
    first, end
        The years, counted from 0 at the start of the scenario.
    engine
        ``compiled``, or ``reference`` (same bits, slower).
    threads
        Threads of the compiled engine that share each year (same bits).

    Returns
    -------
    Doubles
        Metrics of shape (``end - first``, metrics).
    """
    parts = course.scenario.parts
    result = np.empty(((end - first) * parts, len(METRICS)))
    for low, high in _stretches(course, first, end):
        scenario, year = course.scenario, course.scenario.start + low
        set_buyers(world.buyers, start, scenario, year)
        if scenario.programme is not None and year == scenario.programme.start:
            world.programmes.open[:] = 1
        begin(world, course.levers, key, year, low * parts, parts)
        steps, out = (low * parts, high * parts), result[(low - first) * parts : (high - first) * parts]
        if engine == "reference":
            _by_reference(world, course, key, steps, out)
        else:
            _compiled(world, course, key, steps, out, threads)
    return of_years(result, parts)


def _stretches(course: Course, first: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut the years where something begins."""
    edges = [first, *(year for year in course.beginnings if first < year < end), end]
    return ((low, high) for low, high in pairwise(edges) if low < high)


def _by_reference(world: World, course: Course, key: Key, steps: tuple[int, int], out: Doubles) -> None:
    from sinos.strategies import reference_metrics, reference_step

    for step, values in zip(range(*steps), out, strict=True):
        p = course.by_period[step]
        reference_step.trade(world, p, key, step)
        values[:AFTER_TRADE] = reference_metrics.after_trade(world, course.main)
        reference_step.develop(world, p, key, step)
        values[AFTER_TRADE:] = reference_metrics.after_development(world)


def _compiled(world: World, course: Course, key: Key, steps: tuple[int, int], out: Doubles, threads: int) -> None:
    packed = course.packed[slice(*steps)]
    if threads > 1:
        from sinos.strategies.team import run_together

        run_together(world, packed, course.main, key, steps[0], out, threads)
    else:
        from sinos.strategies.kernel_years import run

        run(world, packed, course.main, key, steps[0], out)
