"""Who wins and who loses from a strategy: suppliers and buyers against the baseline, with the same luck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.build import group_of_buyers, world_of
from sinos.strategies.course import Course, advance, course_of
from sinos.strategies.levers import Strategy
from sinos.strategies.metrics import Doubles
from sinos.strategies.names import DESIGN, FORMS
from sinos.strategies.random import Key, key_of
from sinos.strategies.scenario import Scenario
from sinos.strategies.state import Buyers, World, copied, copied_buyers
from sinos.strategies.summaries import difference

FAR: Final = 2
"""Number of the region of far markets."""

OUTCOMES: Final = {
    "profit": "profit since the start of the strategy, per supplier",
    "design_capability": "design capability in the last year",
    "closed": "times that a supplier of this number closed and was replaced by a spin-off",
    "price_paid": "price paid per unit since the start of the strategy",
    "volume_bought": "volume bought since the start of the strategy",
}
"""What is compared; the last two are about buyers."""

Mask = NDArray[np.bool_]


def winners(scenario: Scenario, strategies: Sequence[Strategy], replications: int = 20, seed: int = 0) -> pl.DataFrame:
    """Compare every strategy with the baseline, group by group.

    Suppliers are grouped by what they were at the beginning of the strategy's first year: size, main market and the
    form of most of their volume. A supplier that closes is replaced by a spin-off with the same number; its profit
    goes on counting for that number, and closures are counted beside it.

    Returns
    -------
    polars.DataFrame
        One row per strategy, group and outcome: ``strategy``, ``side``, ``grouping``, ``group``, ``outcome``,
        ``number`` (members, mean over replications), ``difference`` (mean, strategy less baseline), ``low`` and
        ``high`` (95 % interval over replications), ``gaining`` (share of members better off; for closures and prices
        lower is better), ``replications``. Null where no replication has such members.
    """
    rows: list[tuple[Any, ...]] = []
    for one in strategies:
        found = [_compared(scenario, one, seed, number) for number in range(replications)]
        rows += [(one.name, *place, *_summary([kept[place] for kept in found])) for place in found[0]]
    schema = {
        **dict.fromkeys(("strategy", "side", "grouping", "group", "outcome"), pl.String),
        **dict.fromkeys(("number", "difference", "low", "high", "gaining"), pl.Float64),
        "replications": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _summary(found: list[tuple[float, float, float]]) -> tuple[float | None, ...]:
    numbers, means, gaining = (np.array(column) for column in zip(*found, strict=True))
    paired = np.stack([np.zeros_like(means), means], axis=1)[:, :, None]
    told = {name: float(values[0, 0]) for name, values in difference(paired).items()}
    known = gaining[np.isfinite(gaining)]
    share = float(known.mean()) if known.size else float("nan")
    values = (float(numbers.mean()), told["difference"], told["low"], told["high"], share)
    return (*(value if np.isfinite(value) else None for value in values), int(told["replications"]))


def _compared(
    scenario: Scenario, strategy: Strategy, seed: int, replication: int
) -> dict[tuple[str, str, str, str], tuple[float, float, float]]:
    """Return number of members, mean difference and share gaining by side, grouping, group and outcome."""
    baseline, key = course_of(scenario), key_of(seed, replication)
    world = world_of(baseline.blueprint, key)
    start = copied_buyers(world)
    first = strategy.start - scenario.start
    advance(world, start, baseline, key, 0, first)
    groups = supplier_groups(world)
    courses = (baseline, course_of(scenario, strategy.levers))
    ends = [_followed(copied(world), start, course, key, first) for course in courses]
    result = {}
    for grouping, group, members in groups:
        for outcome, better in (("profit", 1), ("design_capability", 1), ("closed", -1)):
            change = (ends[1][outcome] - ends[0][outcome])[members]
            result["supplier", grouping, group, outcome] = _told(change, better)
    buyers = group_of_buyers(scenario)
    for number, kind in enumerate(scenario.buyers):
        for outcome, better in (("price_paid", -1), ("volume_bought", 1)):
            change = (ends[1][outcome] - ends[0][outcome])[buyers == number]
            result["buyer", "group", kind.name, outcome] = _told(change, better)
    return result


def _told(change: Doubles, better: int) -> tuple[float, float, float]:
    known = change[np.isfinite(change)]
    if not known.size:
        return 0.0, float("nan"), float("nan")
    return float(known.size), float(known.mean()), float((better * known > 0).mean())


def supplier_groups(world: World) -> list[tuple[str, str, Mask]]:
    """Return grouping, group and members: thirds by capacity, main market, and form of most volume."""
    size = world.suppliers.capacity.size
    slots = np.flatnonzero(world.relations.supplier >= 0)
    supplier = world.relations.supplier[slots]
    volume = world.relations.volume[slots].astype(np.float64)
    far = world.buyers.region[world.relations.buyer[slots]] == FAR

    def by(weights: Any) -> Doubles:
        return np.bincount(supplier, weights=weights, minlength=size).astype(np.float64)

    total, exported = by(volume), by(volume * far)
    rank = np.argsort(np.argsort(world.suppliers.capacity, kind="stable"), kind="stable")
    groups: list[tuple[str, str, Mask]] = [
        ("size", name, (rank * 3 // size) == third) for third, name in enumerate(("small", "middle", "large"))
    ]
    selling = total > 0
    groups += [
        ("main market", "far", selling & (exported > 0.5 * total)),
        ("main market", "home and region", selling & (exported <= 0.5 * total)),
        ("main market", "not selling", ~selling),
    ]
    groups += [
        ("main form", name, selling & (by(volume * (world.relations.form[slots] == number)) > 0.5 * total))
        for number, name in enumerate(FORMS)
    ]
    return groups


def _followed(world: World, start: Buyers, course: Course, key: Key, first: int) -> dict[str, Doubles]:
    """Simulate to the end and return the outcomes by supplier or buyer.

    Where a period is a quarter, the money and volumes of a year are the rates of its last quarter, and a place in which
    firms close twice in a year counts once.
    """
    suppliers, buyers = world.suppliers.capacity.size, start.volume.size
    profit, closed = np.zeros(suppliers), np.zeros(suppliers)
    paid, bought = np.zeros(buyers), np.zeros(buyers)
    for step in range(first, course.scenario.years):
        founded = world.suppliers.founded.copy()
        advance(world, start, course, key, step, step + 1)
        profit += world.flows.profit
        closed += (world.flows.closed == 1) | (world.suppliers.founded != founded)
        slots = np.flatnonzero(world.relations.supplier >= 0)
        volume = world.relations.volume[slots].astype(np.float64)
        buyer = world.relations.buyer[slots]
        paid += np.bincount(buyer, weights=volume * world.relations.price[slots], minlength=buyers)
        bought += np.bincount(buyer, weights=volume, minlength=buyers)
    return {
        "profit": profit,
        "design_capability": world.suppliers.capability[DESIGN].astype(np.float64),
        "closed": closed,
        "price_paid": np.divide(paid, bought, out=np.full(buyers, np.nan), where=bought > 0),
        "volume_bought": bought,
    }
