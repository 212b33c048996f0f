"""The world at the start, every shock and every lever, by hand."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
import pytest

from sinos.strategies.build import blueprint_of, group_of_buyers, world_of
from sinos.strategies.levers import Lever, begin, coefficients_in, targets
from sinos.strategies.names import DESIGN, LOGISTICS, MARKETING, STREAM_BUYER, STREAM_SUPPLIER, STREAM_TARGET
from sinos.strategies.random import bell, draw_uniform
from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.shocks import coefficients_under, set_buyers
from sinos.strategies.state import Buyers, World, copied
from tests.strategies.by_hand import KEY, Client, Firm, Tie, given, world

CLOSE = {"rel": 1e-5, "abs": 1e-6}
MADE: dict[str, Any] = {
    "name": "made", "start": 1980, "years": 20, "suppliers": 5, "clusters": 2,
    "markets": [{"name": "us", "region": "far", "exposure": 0.9, "opens": 1985},
                {"name": "home", "region": "home", "exposure": 0.2, "opens": 1980}],
    "buyers": [{"name": "brand", "market": "us", "number": 1, "volume": 6.0, "slots": 3, "complexity": 0.8,
                "process": 0.6, "product": 0.5, "competence": {"design": 0.9}, "core": ["design"], "lump": 0.5,
                "dedication": 0.3},
               {"name": "agent", "market": "us", "number": 2, "volume": 1.0, "slots": 2, "complexity": 0.4,
                "process": 0.6, "product": 0.95},
               {"name": "shop", "market": "home", "number": 1, "volume": 2.0, "slots": 2, "complexity": 0.2,
                "process": 0.2, "product": 0.2}],
}  # fmt: skip
STILL = {"buyer_spread": 0.0, "complexity_spread": 0.0, "start_spread": 0.0, "start_capacity_spread": 0.0}


def made(*shocks: dict[str, Any], **changed: Any) -> Scenario:
    return scenario({**MADE, "shocks": list(shocks), **changed})


def start(one: Scenario, **changed: float) -> World:
    return world_of(blueprint_of(one, given(**{**STILL, **changed})), KEY)


def test_buyers_at_the_start() -> None:
    b = start(made()).buyers
    assert group_of_buyers(made()).tolist() == [0, 1, 1, 2]
    assert b.slot_start.tolist() == [0, 3, 5, 7, 9]
    # Each looks at the 20 candidates of the parameters, or at all 5 suppliers.
    assert b.look_start.tolist() == [0, 5, 10, 15, 20]
    assert b.region.tolist() == [2, 2, 2, 0]
    assert b.volume.tolist() == [6.0, 1.0, 1.0, 2.0]
    assert b.exposure.tolist() == pytest.approx([0.9, 0.9, 0.9, 0.2])
    assert b.core[DESIGN].tolist() == [1, 0, 0, 0]
    assert b.competence[DESIGN].tolist() == pytest.approx([0.9, 0, 0, 0])
    assert b.lump.tolist() == [0.5, 0, 0, 0]
    assert b.dedication.tolist() == pytest.approx([0.3, 0, 0, 0])
    # Mean complexity in the US: (6 x 0.8 + 2 x 0.4) / 8 = 0.7; at home 0.2: similarity 1 - 0.5.
    assert b.similarity.ravel().tolist() == pytest.approx([1, 0.5, 0.5, 1])


def test_looks_are_as_many_as_candidates_but_at_least_the_slots() -> None:
    few = start(made(suppliers=50), candidates=2.0).buyers
    assert np.diff(few.look_start).tolist() == [3, 2, 2, 2]


def test_suppliers_at_the_start() -> None:
    s = start(made()).suppliers
    assert s.capability[:, 0].tolist() == pytest.approx([0.33, 0.30, 0.18, 0.18, 0.18, 0.18])
    assert s.capacity.tolist() == pytest.approx([exp(-0.6)] * 5, **CLOSE)
    assert s.wealth.tolist() == pytest.approx([0.2 * exp(-0.6)] * 5, **CLOSE)
    assert s.cluster.tolist() == [0, 0, 0, 1, 1]


def test_differences_at_the_start_are_drawn() -> None:
    spread = {"start_spread": 0.1, "start_capacity_spread": 0.6, "buyer_spread": 0.15, "complexity_spread": 0.05}
    w = start(made(), **spread)
    who, buyer = np.arange(5), np.arange(4)
    noise = bell(draw_uniform(KEY, 0, STREAM_SUPPLIER, who, 1 + DESIGN)).astype(float)
    assert w.suppliers.capability[DESIGN].tolist() == pytest.approx(np.clip(0.18 + 0.1 * noise, 0.02, 0.9), **CLOSE)
    size = bell(draw_uniform(KEY, 0, STREAM_SUPPLIER, who, 0)).astype(float)
    assert w.suppliers.capacity.tolist() == pytest.approx(np.clip(np.exp(-0.6 + 0.6 * size), 0.03, 6), **CLOSE)
    intent = draw_uniform(KEY, 0, STREAM_SUPPLIER, who, 7)[0] < 0.5
    assert w.suppliers.intent.tolist() == intent.astype(int).tolist()
    wanted = bell(draw_uniform(KEY, 0, STREAM_BUYER, buyer, 0)).astype(float)
    assert w.buyers.volume.tolist() == pytest.approx(np.array([6, 1, 1, 2]) * np.exp(0.15 * wanted), **CLOSE)
    taste = bell(draw_uniform(KEY, 0, STREAM_BUYER, buyer, 1)).astype(float)
    assert w.buyers.complexity.tolist() == pytest.approx(np.array([0.8, 0.4, 0.4, 0.2]) + 0.05 * taste, **CLOSE)


def buyers_in(year: int, *shocks: dict[str, Any]) -> Buyers:
    one = made(*shocks)
    b = start(one).buyers
    before = copied(start(one)).buyers
    set_buyers(b, before, one, year)
    return b


def test_markets_open_in_their_year() -> None:
    assert buyers_in(1984).active.tolist() == [0, 0, 0, 1]
    assert buyers_in(1985).active.tolist() == [1, 1, 1, 1]


def test_demand_falls_in_a_market_or_for_a_group_and_comes_back() -> None:
    fall = {"kind": "demand_fall", "start": 1986, "end": 1988, "market": "us", "size": 0.25}
    for year, factor in ((1985, 1.0), (1986, 0.75), (1988, 0.75), (1989, 1.0)):
        assert buyers_in(year, fall).volume.tolist() == pytest.approx([6 * factor, factor, factor, 2.0])
    group = {"kind": "demand_fall", "start": 1986, "buyers": "agent", "size": 0.5}
    assert buyers_in(1999, group).volume.tolist() == pytest.approx([6, 0.5, 0.5, 2])
    everywhere = {"kind": "demand_fall", "start": 1986, "size": 0.5}
    assert buyers_in(1999, fall | {"end": 1999}, everywhere).volume.tolist() == pytest.approx([2.25, 0.375, 0.375, 1])


def test_a_group_of_buyers_leaves() -> None:
    leaving = {"kind": "buyer_exit", "start": 1990, "buyers": "brand"}
    assert buyers_in(1989, leaving).active.tolist() == [1, 1, 1, 1]
    assert buyers_in(1990, leaving).active.tolist() == [0, 1, 1, 1]


def test_retail_concentrates_on_the_largest_of_a_market() -> None:
    # A quarter of 1 and 1 goes to the 6; the home market is left alone. With one buyer nothing moves.
    moving = {"kind": "retail_concentration", "start": 1990, "market": "us", "size": 0.25}
    assert buyers_in(1990, moving).volume.tolist() == pytest.approx([6.5, 0.75, 0.75, 2])
    alone = {"kind": "retail_concentration", "start": 1990, "market": "home", "size": 0.25}
    assert buyers_in(1990, alone).volume.tolist() == pytest.approx([6, 1, 1, 2])
    gone = buyers_in(1990, moving | {"size": 1.0})
    assert gone.volume.tolist() == pytest.approx([8, 0, 0, 2])
    assert gone.active.tolist() == [1, 0, 0, 1]


def test_a_standard_raises_requirements_and_losses() -> None:
    strict = {"kind": "new_standard", "start": 1990, "market": "us", "size": 0.2}
    b = buyers_in(1990, strict)
    assert b.need_product.tolist() == pytest.approx([0.7, 1.0, 1.0, 0.2])  # 0.95 + 0.2 is 1
    assert b.loss_extra.tolist() == pytest.approx([0.2, 0.2, 0.2, 0])
    assert buyers_in(1989, strict).need_product.tolist() == pytest.approx([0.5, 0.95, 0.95, 0.2])


def test_an_entrant_lowers_the_price_and_gets_better() -> None:
    one = made({"kind": "low_cost_entrant", "start": 1990, "price": 0.2, "quality": 0.4, "drift": 0.02})
    for year, price, quality in ((1989, 1.0, 0.3), (1990, 0.8, 0.4), (1995, 0.8, 0.5)):
        p = coefficients_under(given(), one, year)
        assert (float(p.entrant_price), float(p.entrant_quality)) == pytest.approx((price, quality))
    # A second one comes on top; without a quality it keeps that of the first and drifts from there.
    two = made({"kind": "low_cost_entrant", "start": 1990, "price": 0.2, "quality": 0.4},
               {"kind": "low_cost_entrant", "start": 1992, "price": 0.5, "drift": 0.1})  # fmt: skip
    p = coefficients_under(given(), two, 1993)
    assert (float(p.entrant_price), float(p.entrant_quality)) == pytest.approx((0.4, 0.5))


def test_exchange_rates_multiply() -> None:
    one = made({"kind": "exchange_rate", "start": 1990, "end": 1995, "size": 0.5},
               {"kind": "exchange_rate", "start": 1993, "size": -0.2})  # fmt: skip
    for year, rate in ((1989, 1.0), (1990, 1.5), (1993, 1.2), (1996, 0.8)):
        assert float(coefficients_under(given(), one, year).exchange) == pytest.approx(rate)


# Supplier 0 is large and sells to far markets, 1 is small and sells at home, 2 sells half each, 3 sells nothing.
FIRMS = [Firm(capacity=3.0), Firm(capacity=1.0), Firm(capacity=2.0), Firm(capacity=0.5)]
TIES = [Tie(0, 0, 1.0), Tie(1, 1, 1.0), Tie(2, 0, 0.5), Tie(2, 1, 0.5)]


def cluster() -> World:
    return world(FIRMS, [Client(region=2), Client(region=0)], TIES)


def begun(kind: Any, **terms: Any) -> World:
    w = cluster()
    begin(w, (Lever(kind=kind, start=1990, **terms),), KEY, 1990, 10)
    return w


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("all", [1, 1, 1, 1]),
        ("large", [1, 0, 1, 0]),  # above the median of 0.5, 1, 2, 3
        ("small", [0, 1, 0, 1]),
        ("exporters", [1, 0, 0, 0]),  # more than half of volume to far markets
        ("home_oriented", [0, 1, 1, 1]),
    ],
)
def test_target_groups(target: Any, expected: list[int]) -> None:
    lever = Lever(kind="certification", start=1990, target=target)
    assert targets(cluster(), lever, KEY, 10, 0).astype(int).tolist() == expected
    assert begun("certification", target=target).suppliers.certified.tolist() == expected


def test_reach_is_drawn_by_lot() -> None:
    lot = draw_uniform(KEY, 10, STREAM_TARGET, np.arange(4), 2)[0]
    half = float(np.sort(lot)[1:3].mean())
    lever = Lever(kind="certification", start=1990, reach=half)
    assert targets(cluster(), lever, KEY, 10, 2).tolist() == (lot < half).tolist()
    assert int((lot < half).sum()) == 2


def test_levers_do_what_they_say_to_whom_they_reach_and_cost_it() -> None:
    for kind, field, expected in (
        ("diversify", "share_cap", [0.5, 1.0, 0.5, 1.0]),
        ("certification", "certified", [1.0, 0.0, 1.0, 0.0]),
        ("technology_centre", "centre", [0.04, 0.0, 0.04, 0.0]),
        ("supplier_development", "teaching", [0.5, 0.0, 0.5, 0.0]),
    ):
        s = begun(kind, target="large", cost=0.02).suppliers
        assert getattr(s, field).tolist() == pytest.approx(expected), kind
        assert s.strategy_cost.tolist() == pytest.approx([0.02, 0, 0.02, 0]), kind
    assert begun("home_market", target="large").suppliers.discount.tolist() == pytest.approx(
        np.array([[0.1, 0, 0.1, 0], [0] * 4, [0] * 4])
    )
    assert begun("regional_market", size=0.2).suppliers.discount.tolist() == pytest.approx(
        np.array([[0] * 4, [0.2] * 4, [0] * 4])
    )
    helped = begun("relinquished_function", function="sourcing", target="small").suppliers.assistance
    assert helped[LOGISTICS + 1].tolist() == pytest.approx([0, 0.05, 0, 0.05])
    assert helped[LOGISTICS].sum() + helped[DESIGN].sum() + helped[MARKETING].sum() == 0


def test_diversifying_twice_keeps_the_stricter_cap_and_costs_twice() -> None:
    w = cluster()
    levers = tuple(Lever(kind="diversify", start=1990, size=size, cost=0.01) for size in (0.3, 0.6))
    begin(w, levers, KEY, 1990, 10)
    assert w.suppliers.share_cap.tolist() == pytest.approx([0.3] * 4)
    assert w.suppliers.strategy_cost.tolist() == pytest.approx([0.02] * 4)


def test_intent_is_raised_in_a_share_drawn_by_lot() -> None:
    lot = draw_uniform(KEY, 10, STREAM_TARGET, np.arange(4), 1000)[0]
    share = float(np.sort(lot)[1:3].mean())
    assert begun("raise_intent", size=share).suppliers.intent.tolist() == (lot < share).astype(int).tolist()
    assert begun("raise_intent", target="large").suppliers.intent.tolist() == [1, 0, 1, 0]


def test_levers_wait_for_their_year() -> None:
    w = cluster()
    begin(w, (Lever(kind="certification", start=1991),), KEY, 1990, 10)
    assert w.suppliers.certified.tolist() == [0, 0, 0, 0]


def test_the_programme_opens_the_vote_and_brings_its_terms() -> None:
    assert begun("collective_programme").programmes.open.tolist() == [1]
    lever = Lever(
        kind="collective_programme", start=1990, levy=0.02, quorum=0.4, secrecy=0.1, public_share=0.2, mediation=0.3,
        facilitation=0.25,
    )  # fmt: skip
    before = given()
    assert coefficients_in(before, (lever,), 1989) is before
    p = coefficients_in(given(), (lever,), 1995)
    names = ("levy", "quorum", "secrecy", "public_share", "mediation", "volume_weight")
    found = [float(getattr(p, f"programme_{name}")) for name in names]
    assert found == pytest.approx([0.02, 0.4, 0.1, 0.2, 0.3, 0.75])
    # Levy and quorum are the scenario's when the lever does not say.
    p = coefficients_in(given(), (Lever(kind="collective_programme", start=1990),), 1990)
    assert (float(p.programme_levy), float(p.programme_quorum)) == pytest.approx((0.006, 0.5))
