"""Equation 9 by hand: relations survive or end, incumbents expand, buyers fill what they still need."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from sinos.strategies.names import QUASI, STREAM_CANDIDATES, STREAM_SURVIVAL
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import draw, draw_uniform
from sinos.strategies.reference_matching import looked_at
from sinos.strategies.state import Relations, World
from tests.strategies.by_hand import ENGINES, KEY, Client, Firm, Tie, after, given, world

YEAR = 3
both_engines = pytest.mark.parametrize("engine", ENGINES)
# Costs without risk, design or handling: 0.002 / q in the market form, which is then the cheapest.
CHEAP = {"risk_base": -60.0, "risk_process": 0.0, "risk_product": 0.0, "risk_complexity": 0.0, "design_shortfall": 0.0}
SURE = {
    "survival_market": 1.0, "survival_network": 1.0, "survival_quasi_hierarchy": 1.0, "survival_hierarchy": 1.0,
}  # fmt: skip


def fixed(**changed: float) -> Coefficients:
    """No relation ends, none expands, and a match costs next to nothing: 0.002 / volume."""
    return given(**{**CHEAP, **SURE, "expansion": 0.0, "scale_economy": 0.0, **changed})


def traded(w: World, p: Coefficients, engine: str) -> Relations:
    return after("trade", engine, w, p, YEAR).relations


def volumes(r: Relations) -> dict[tuple[int, int], float]:
    """Volume by supplier and buyer."""
    slots = np.flatnonzero(r.supplier >= 0)
    return {(int(r.supplier[n]), int(r.buyer[n])): round(float(r.volume[n]), 5) for n in slots}


@both_engines
def test_9_relations_survive_with_the_probability_of_their_form(engine: str) -> None:
    ties = [Tie(i, 0, 0.1, form=QUASI) for i in range(40)]
    w = world([Firm()] * 40, [Client(slots=40, volume=4.0)], ties)
    numbers = draw_uniform(KEY, YEAR, STREAM_SURVIVAL, np.arange(40), np.zeros(40, int))[0]
    # A buyer that finds nobody acceptable fills no gap.
    found = volumes(traded(w, fixed(survival_quasi_hierarchy=0.6, reserve_cost=-1.0), engine))
    assert set(found) == {(i, 0) for i in range(40) if numbers[i] < 0.6}
    assert 10 < len(found) < 40


@both_engines
def test_9_relations_with_a_buyer_that_has_left_end(engine: str) -> None:
    w = world([Firm()], [Client(active=0), Client()], [Tie(volume=0.5), Tie(buyer=1, volume=0.5)])
    assert volumes(traded(w, fixed(reserve_cost=-1.0), engine)) == {(0, 1): 0.5}


@both_engines
def test_9_volumes_are_fitted_to_capacity_and_then_to_demand(engine: str) -> None:
    # Capacity 1 for 1.5 + 0.5: factor 1/2. Buyer 0 then wants 0.3 of the 0.75 left.
    w = world([Firm(capacity=1.0)], [Client(volume=0.3), Client(volume=9.0)],
              [Tie(volume=1.5), Tie(buyer=1, volume=0.5)])  # fmt: skip
    assert volumes(traded(w, fixed(reserve_cost=-1.0), engine)) == {(0, 0): 0.3, (0, 1): 0.25}


def test_9_every_look_falls_in_its_own_stretch_of_the_list() -> None:
    # 10 suppliers, 4 looks: stretches from 0, 2, 5, 7 to below 2, 5, 7, 10.
    w = world([Firm()] * 10, [Client(looks=4)])
    looks, buyer = looked_at(w.buyers, 10, KEY, YEAR)
    words = draw(KEY, YEAR, STREAM_CANDIDATES, np.zeros(4, int), np.arange(4))[0]
    expected = [low + (int(word) * width >> 32) for low, width, word in
                zip((0, 2, 5, 7), (2, 3, 2, 3), words, strict=True)]  # fmt: skip
    assert looks.tolist() == expected
    assert buyer.tolist() == [0, 0, 0, 0]


@both_engines
def test_9_incumbents_expand_cheapest_first_within_room_need_and_their_rate(engine: str) -> None:
    # Costs 0.002 / 1.0 and 0.002 / 0.4: supplier 0 is cheaper and first. It may add 0.35 x 1.0; 0.4 is needed in all,
    # so 0.05 is left for supplier 1, which could have added 0.35 x 0.4 = 0.14.
    w = world([Firm(capacity=2.0)] * 2, [Client(volume=1.8)], [Tie(0, 0, 1.0), Tie(1, 0, 0.4)])
    assert volumes(traded(w, fixed(expansion=0.35), engine)) == {(0, 0): 1.35, (1, 0): 0.45}
    # Without capacity left supplier 0 adds 0.1 only, and supplier 1 its 0.14.
    w.suppliers.capacity[0] = 1.1
    assert volumes(traded(w, fixed(expansion=0.35), engine)) == {(0, 0): 1.1, (1, 0): 0.54}
    # A supplier that gives half its capacity to one buyer at most: 0.5 x 2.1 = 1.05.
    w.suppliers.capacity[0], w.suppliers.share_cap[0] = 2.1, 0.5
    assert volumes(traded(w, fixed(expansion=0.35), engine)) == {(0, 0): 1.05, (1, 0): 0.54}


@both_engines
def test_9_buyers_fill_their_need_by_cost_in_portions_of_their_order_size(engine: str) -> None:
    # Three suppliers, three slots, 3 wanted: at most 1.2 x 3 / 3 = 1.2 from each. Worse process means more risk, so
    # the order is 2, 0, 1; supplier 1 gets what is left.
    firms = [Firm(k=(k, 1, 1, 1, 1, 1), capacity=2.0) for k in (0.5, 0.4, 0.6)]
    w = world(firms, [Client(volume=3.0, slots=3)])
    found = traded(w, given(scale_economy=0.0, reserve_cost=99.0), engine)
    assert volumes(found) == {(2, 0): 1.2, (0, 0): 1.2, (1, 0): 0.6}
    assert found.supplier.tolist() == [2, 0, 1]


@both_engines
def test_9_large_suppliers_are_cheaper_and_discounts_count(engine: str) -> None:
    # Cost less 0.1 x ln(free capacity): ln 0.9 = -0.105, ln 1.8 = 0.588: 0.069 in favour of supplier 1.
    p = fixed(scale_economy=0.1, fixed_cost_market=0.0, order_size=0.5)
    one = Client(volume=1.8, slots=1)
    w = world([Firm(capacity=0.9), Firm(capacity=1.8)], [one])
    assert volumes(traded(w, p, engine)) == {(1, 0): 0.9}
    gap = 0.1 * (log(1.8) - log(0.9))
    for discount, winner in ((gap - 0.01, 1), (gap + 0.01, 0)):
        helped = Firm(capacity=0.9, discount=(0.0, 0.0, discount))
        assert (winner, 0) in volumes(traded(world([helped, Firm(capacity=1.8)], [one]), p, engine))
    # Support for another region is none here.
    helped = Firm(capacity=0.9, discount=(0.5, 0.5, 0.0))
    assert volumes(traded(world([helped, Firm(capacity=1.8)], [one]), p, engine)) == {(1, 0): 0.9}


@both_engines
def test_9_orders_come_in_lumps(engine: str) -> None:
    # 1.1 free in multiples of 0.25: 1.0; 0.2 free: none.
    w = world([Firm(capacity=1.1), Firm(capacity=0.2)], [Client(volume=2.0, lump=0.25)])
    assert volumes(traded(w, fixed(), engine)) == {(0, 0): 1.0}


@both_engines
def test_9_a_buyer_may_want_most_of_a_supplier(engine: str) -> None:
    # Buyer 1 has 0.5 of supplier 0, buyer 0 wants at least 0.6 of a supplier's capacity: 0.5 < 0.6 x 1, but 1 >= 0.6.
    clients = [Client(volume=2.0, dedication=0.6), Client(volume=0.5, slots=1)]
    w = world([Firm(), Firm()], clients, [Tie(0, 1, 0.5)])
    assert volumes(traded(w, fixed(), engine)) == {(0, 1): 0.5, (1, 0): 1.0}


@both_engines
def test_9_what_is_dear_small_barred_or_known_is_not_ordered(engine: str) -> None:
    # Cost of an order of min(capacity 1, 1.6 x 0.5) = 0.8: 0.002 / 0.8 = 0.0025.
    w = world([Firm()], [Client(volume=1.0)])
    assert volumes(traded(w, fixed(reserve_cost=0.0026), engine)) == {(0, 0): 0.6}
    assert volumes(traded(w, fixed(reserve_cost=0.0024), engine)) == {}
    # 1.2 x 0.5 = 0.6 is offered: an order of exactly the smallest size is none.
    assert volumes(traded(w, fixed(smallest_order=0.61), engine)) == {}
    # Barred until the year after this one, or just let in again.
    w.relations.barred[0] = 0
    for until, expected in ((YEAR + 1, {}), (YEAR, {(0, 0): 0.6})):
        w.relations.barred_until[0] = until
        assert volumes(traded(w, fixed(), engine)) == expected
    # An incumbent that does not expand is not taken twice.
    known = world([Firm()], [Client(volume=1.0)], [Tie(0, 0, 0.4)])
    assert volumes(traded(known, fixed(), engine)) == {(0, 0): 0.4}


@both_engines
def test_9_the_alternative_is_the_cost_of_the_nth_best_supplier_seen(engine: str) -> None:
    # Orders of min(capacity, 1.6 x 1 / 2): costs 0.002 / capacity.
    firms = [Firm(capacity=c) for c in (0.5, 0.1, 0.4, 0.2)]
    w = world(firms, [Client(volume=1.0)])
    for rank, capacity in ((1, 0.5), (2, 0.4), (3, 0.2), (4, 0.1), (9, 0.1)):
        found = after("trade", engine, w, fixed(alternative_rank=rank, reserve_cost=-1.0), YEAR)
        assert found.flows.alternative[0] == pytest.approx(0.002 / capacity, rel=1e-4)


@both_engines
def test_9_capacity_is_sold_once_whoever_comes_first(engine: str) -> None:
    w = world([Firm(capacity=1.0)], [Client(volume=0.8, slots=1), Client(volume=0.8, slots=1)])
    found = volumes(traded(w, fixed(), engine))
    assert sorted(found.values()) == [0.2, 0.8]
