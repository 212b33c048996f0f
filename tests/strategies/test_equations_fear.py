"""Equations 6 and 7 by hand: threat, retaliation, what it would cost until a new match, and investing all the same."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from sinos.strategies.names import DESIGN, MARKET, MARKETING, PROCESS, PRODUCT, QUASI, STREAM_RETALIATION
from sinos.strategies.parameters import annuity
from sinos.strategies.random import draw_uniform
from sinos.strategies.reference_investment import addressable, redeployable
from sinos.strategies.reference_retaliation import (
    expected_loss,
    idle_capacity,
    open_volume,
    rematch_time,
    retaliation_chance,
)
from sinos.strategies.state import Integers, World
from tests.strategies.by_hand import ENGINES, KEY, Client, Firm, Past, Tie, after, given, still, world

both_engines = pytest.mark.parametrize("engine", ENGINES)
CLOSE = {"rel": 1e-5, "abs": 1e-6}
YEAR = 3
CORE = frozenset({DESIGN})
# Present value of 1 a year at 12 %: 8 years, and 2 years.
LONG = sum(0.88**n for n in range(1, 9))
SHORT = 0.88 + 0.88**2


def occupied(w: World) -> Integers:
    return np.flatnonzero(w.relations.supplier >= 0).astype(np.int32)


def test_6_intent_is_a_longer_horizon() -> None:
    assert float(given().annuity_long) == pytest.approx(LONG, **CLOSE)
    assert float(given().annuity_short) == pytest.approx(SHORT, **CLOSE)
    assert annuity(0, 0.1) == 0


def test_7_open_volume_is_what_is_unfilled_or_changes_hands() -> None:
    # Buyer 0: 3 wanted, 2 filled in quasi-hierarchy (0.1 turns): 1 + 0.2. Buyer 1: filled, market (0.65): 0.65.
    # Buyer 2, in another market, is not there yet.
    clients = [Client(volume=3.0), Client(volume=1.0), Client(volume=5.0, market=1, active=0)]
    w = world([Firm(capacity=4.0)], clients, [Tie(volume=2.0, form=QUASI), Tie(buyer=1, volume=1.0, form=MARKET)],
              similarity=((1.0, 0.4), (0.4, 1.0)))  # fmt: skip
    by_buyer, by_market = open_volume(w, given())
    assert by_buyer.tolist() == pytest.approx([1.2, 0.65, 0.0], **CLOSE)
    assert by_market.tolist() == pytest.approx([1.85, 0.0], **CLOSE)
    assert idle_capacity(w) == pytest.approx(4.0 - 3.0)


def test_7_a_new_match_takes_longer_in_a_thinner_market_without_this_buyer() -> None:
    # (elsewhere + idle capacity + own volume) / elsewhere; elsewhere: open volume of the others, by similarity.
    # Buyer 0 fills 1 (0.1 open), buyer 1 has 2 open in a market of similarity 0.5: elsewhere 0.5 x 2 = 1.
    clients = [Client(volume=1.0), Client(volume=2.0, market=1)]
    w = world([Firm(capacity=3.0)], clients, [Tie(form=QUASI)], similarity=((1.0, 0.5), (0.5, 1.0)))
    assert rematch_time(w, given(), occupied(w))[0] == pytest.approx((1 + 2 + 1) / 1, **CLOSE)
    # In a like market all of the 2 count.
    near = world([Firm(capacity=3.0)], clients, [Tie(form=QUASI)], similarity=((1.0, 1.0), (1.0, 1.0)))
    assert rematch_time(near, given(), occupied(near))[0] == pytest.approx((2 + 2 + 1) / 2, **CLOSE)
    # The only buyer: nobody else, so the longest time, 6 years.
    alone = world([Firm(capacity=3.0)], clients[:1], [Tie(form=QUASI)])
    assert rematch_time(alone, given(), occupied(alone))[0] == pytest.approx(6.0)


def test_7_one_buyer_split_into_equals_is_feared_less() -> None:
    # 4 wanted, 2 filled in quasi-hierarchy. One buyer: no market without it. Four buyers of 1, half filled: the other
    # three have 3 x (0.5 + 0.05) open.
    one = world([Firm(capacity=2.0)], [Client(volume=4.0)], [Tie(volume=2.0, form=QUASI)])
    four = world([Firm(capacity=2.0)], [Client(volume=1.0)] * 4,
                 [Tie(buyer=j, volume=0.5, form=QUASI) for j in range(4)])  # fmt: skip
    assert rematch_time(one, given(), occupied(one)).tolist() == [6.0]
    expected = (1.65 + 0.0 + 0.5) / 1.65
    assert rematch_time(four, given(), occupied(four)).tolist() == pytest.approx([expected] * 4, **CLOSE)


# (7) threat 0.3 x (0.25 + 0.75 x 0.4) x min(1, 1 / 2); specific 0.1 x 2 / 5; alternative 0.05 dearer; tolerance 0.08
THREAT = 0.3 * (0.25 + 0.75 * 0.4) * 0.5
SWITCHING = 0.1 * 2 / 5 + (0.35 - 0.30)
CHANCE = 1 / (1 + exp(-(THREAT - SWITCHING - 0.08) / 0.05))
FEARED = Client(volume=1.0, core=CORE)
FEARFUL = Tie(volume=1.0, form=QUASI, age=2, cost=0.30)


def chance(firm: Firm, client: Client, tie: Tie, alternative: float = 0.35, **changed: float) -> float:
    w = world([firm], [client], [tie], Past(alternative=alternative))
    return float(retaliation_chance(w, given(**changed), occupied(w), DESIGN)[0])


def test_7_chance_of_retaliation() -> None:
    firm = Firm(k=0.4)
    assert chance(firm, FEARED, FEARFUL) == pytest.approx(CHANCE, **CLOSE)
    # Above 2 units the threat is whole, after 5 years the relation is fully specific.
    big = Tie(volume=3.0, form=QUASI, age=9, cost=0.30)
    expected = 1 / (1 + exp(-(0.165 - 0.1 - 0.05 - 0.08) / 0.05))
    assert chance(firm, FEARED, big) == pytest.approx(expected, **CLOSE)
    # A market relation is specific to nobody; an alternative cheaper than the supplier costs nothing to switch to.
    bare = Tie(volume=1.0, form=MARKET, age=2, cost=0.30)
    expected = 1 / (1 + exp(-(THREAT - 0.08) / 0.05))
    assert chance(firm, FEARED, bare, alternative=0.2) == pytest.approx(expected, **CLOSE)


def test_7_only_core_functions_are_defended() -> None:
    assert chance(Firm(k=0.4), Client(core=frozenset({MARKETING})), FEARFUL) == 0.0
    assert chance(Firm(k=0.4), FEARED, FEARFUL, retaliation=0.0) == 0.0


def test_7_expected_loss_is_chance_times_margin_until_the_next_match() -> None:
    # Margin 1.2 - 0.5 = 0.7; the only buyer, so 6 years. Never below a margin of 0.03.
    w = world([Firm(k=0.4)], [FEARED], [Tie(price=1.2)], Past(unit_cost=0.5))
    loss = expected_loss(w, given(), occupied(w), np.array([0.2], np.float32))
    assert loss.tolist() == pytest.approx([0.2 * 1.0 * 0.7 * 6.0], **CLOSE)
    w.relations.price[0] = 0.4
    loss = expected_loss(w, given(), occupied(w), np.array([0.2], np.float32))
    assert loss.tolist() == pytest.approx([0.2 * 1.0 * 0.03 * 6.0], **CLOSE)


def test_6_addressable_and_redeployable_shares() -> None:
    # Shares 0.5, 0.3, 0.2: the first holds design as core, the second is strong in it (0.7), the third is neither.
    clients = [FEARED, Client(competence=0.7), Client(competence=0.69)]
    ties = [Tie(volume=0.5, form=QUASI), Tie(buyer=1, volume=0.3, form=QUASI), Tie(buyer=2, volume=0.2, form=QUASI)]
    w = world([Firm(capacity=3.0)], clients, ties)
    assert addressable(w, given(), occupied(w), DESIGN).tolist() == pytest.approx([0.2], **CLOSE)
    # Half of open / (open + idle + own): open 3 wanted - 1 filled + 0.1 turning = 2.1; idle 2; own 1.
    assert redeployable(w, given()).tolist() == pytest.approx([0.5 * 2.1 / 5.1], **CLOSE)


# (6) One buyer, to whom design and marketing are neither core nor a strength; it has nothing else to place but 0.1.
OPEN = Client(volume=1.0, competence=0.0)
MOVABLE = 0.5 * 0.1 / (0.1 + 0.0 + 1.0)
REACH = 1.0 * 0.7 + MOVABLE
ROOM = 0.1 * (1 - 0.5)
GAIN = {DESIGN: 0.22 * ROOM * 3 * REACH, MARKETING: 0.35 * ROOM * 3 * REACH}  # a year, for 1 unit
COST = {DESIGN: 0.16 * 0.35, MARKETING: 0.30 * 0.35}


@both_engines
def test_6_gain_and_what_is_invested(engine: str) -> None:
    # With intent both gains (8 years) exceed their costs; process and product gain half the room each.
    w = world([Firm(intent=1, wealth=1.0)], [OPEN], [Tie(form=QUASI)])
    found = after("develop", engine, w, still(invest_yield=0.1), YEAR)
    assert found.flows.gain[0] == pytest.approx((GAIN[DESIGN] + GAIN[MARKETING]) * LONG, **CLOSE)
    assert found.flows.fear[0] == 0.0
    assert GAIN[DESIGN] * LONG > COST[DESIGN]
    assert GAIN[MARKETING] * LONG > COST[MARKETING]
    goods = 0.05 * 0.35  # cost; gain 0.86 x 0.3 x 0.025 x LONG, and 0.45 x 0.025 x LONG
    assert goods < 0.86 * 0.3 * 0.025 * LONG
    assert found.flows.invested[:, 0].tolist() == [1, 1]
    spent = COST[DESIGN] + COST[MARKETING] + 2 * goods
    assert found.flows.investment[0] == pytest.approx(spent, **CLOSE)
    assert found.suppliers.wealth[0] == pytest.approx(1.0 - spent, **CLOSE)
    expected = {PROCESS: 0.525, PRODUCT: 0.525, DESIGN: 0.55, MARKETING: 0.55}
    assert {n: round(float(found.suppliers.capability[n, 0]), 5) for n in expected} == expected


@both_engines
def test_6_without_intent_two_years_do_not_repay_it(engine: str) -> None:
    # Marketing: 0.0391 a year x 1.654 = 0.065 < 0.105. Design 0.0246 x 1.654 = 0.041 < 0.056. Process and product:
    # 0.00645 x 1.654 = 0.0107 < 0.0175 and 0.01125 x 1.654 = 0.0186 > 0.0175: product only.
    w = world([Firm(intent=0)], [OPEN], [Tie(form=QUASI)])
    found = after("develop", engine, w, still(invest_yield=0.1), YEAR)
    assert GAIN[MARKETING] * SHORT < COST[MARKETING]
    assert GAIN[DESIGN] * SHORT < COST[DESIGN]
    assert 0.86 * 0.3 * 0.025 * SHORT < 0.0175 < 0.45 * 0.025 * SHORT
    assert found.flows.invested[:, 0].tolist() == [0, 0]
    assert found.flows.investment[0] == pytest.approx(0.0175, **CLOSE)
    assert found.suppliers.capability[PRODUCT, 0] == pytest.approx(0.525, **CLOSE)


@both_engines
def test_6_nobody_invests_what_it_does_not_have_and_design_comes_first(engine: str) -> None:
    # Wealth 0.06 pays for design (0.056), then not for marketing (0.105) nor for process (0.0175).
    w = world([Firm(intent=1, wealth=0.06)], [OPEN], [Tie(form=QUASI)])
    found = after("develop", engine, w, still(invest_yield=0.1), YEAR)
    assert found.flows.invested[:, 0].tolist() == [1, 0]
    assert found.flows.investment[0] == pytest.approx(COST[DESIGN], **CLOSE)


@both_engines
def test_6_cost_grows_with_the_root_of_volume_and_who_sells_nothing_invests_nothing(engine: str) -> None:
    # 0.04 units count as 0.2 for cost: root(0.2) x 0.35 x 0.05 = 0.0078 for product; gain 0.45 x 0.025 x 0.04 x LONG.
    w = world([Firm(intent=1), Firm(intent=1)], [OPEN], [Tie(volume=0.04, form=QUASI)])
    p = still(invest_yield=0.1, quality_weight=4.5)
    assert sqrt(0.2) * 0.0175 < 4.5 * 0.025 * 0.04 * LONG
    found = after("develop", engine, w, p, YEAR)
    assert found.flows.investment[0] == pytest.approx(sqrt(0.2) * 0.0175, **CLOSE)
    assert found.flows.investment[1] == 0.0
    assert found.flows.gain[1] == 0.0


@both_engines
def test_6_fear_stops_what_would_pay(engine: str) -> None:
    # Two buyers of 1 each, one with core design. Loss: chance x 1 x margin 0.5 x years, against gain - cost.
    clients = [FEARED, OPEN]
    ties = [FEARFUL, Tie(buyer=1, form=QUASI)]
    past = Past(unit_cost=0.5, alternative=0.35)
    firm = Firm(k=0.4, intent=1, capacity=2.0)
    years = min((0.1 + 0.0 + 1.0) / 0.1, 6.0)  # elsewhere: 0.1 changes hands at the other buyer
    loss = CHANCE * 0.5 * years
    movable = 0.5 * 0.2 / 2.2
    room = 0.1 * 0.6
    gain = 0.22 * room * 3 * (0.5 * 0.7 + movable) * 2 * LONG
    cost = 0.16 * sqrt(2) * 0.35
    assert cost < gain < cost + loss
    w = world([firm], clients, ties, past)
    p = still(invest_yield=0.1, retaliation=1.0)
    found = after("develop", engine, w, p, YEAR)
    marketing = 0.35 * room * 3 * (1.0 * 0.7 + movable) * 2 * LONG
    assert found.flows.fear[0] == pytest.approx(loss, **CLOSE)
    assert found.flows.gain[0] == pytest.approx(gain + marketing, **CLOSE)
    assert found.flows.invested[0, 0] == 0
    fearless = after("develop", engine, w, still(invest_yield=0.1, retaliation=0.0), YEAR)
    assert fearless.flows.invested[0, 0] == 1
    assert fearless.flows.fear[0] == 0.0


@both_engines
def test_7_buyers_drop_and_bar_those_who_invested_in_their_core(engine: str) -> None:
    # 60 suppliers invest in design (made worth it); the one buyer drops each with the chance of equation 7.
    firm = Firm(k=0.4, intent=1)
    w = world([firm] * 60, [Client(volume=60.0, slots=60, core=CORE)],
              [Tie(i, 0, 1.0, form=QUASI, age=2, cost=0.30) for i in range(60)], Past(alternative=0.35))  # fmt: skip
    p = still(invest_yield=0.1, retaliation=1.0, value_design=900.0, tolerance=0.0)
    pressed = 1 / (1 + exp(-(THREAT - SWITCHING) / 0.05))
    numbers = draw_uniform(KEY, YEAR, STREAM_RETALIATION, np.arange(60), np.zeros(60, int))[0]
    found = after("develop", engine, w, p, YEAR)
    dropped = numbers < pressed
    assert 5 < dropped.sum() < 55
    assert found.flows.invested[0].tolist() == [1] * 60
    assert (found.relations.supplier < 0).tolist() == dropped.tolist()
    assert found.flows.retaliations.tolist() == dropped.astype(int).tolist()
    # Barred for 6 years after this one: until the year 3 + 1 + 6 is over.
    assert set(found.relations.barred_until[dropped].tolist()) == {10}
    assert found.relations.barred[dropped].tolist() == np.flatnonzero(dropped).tolist()
    assert set(found.relations.barred[~dropped].tolist()) == {-1}


@both_engines
def test_7_who_does_not_invest_is_not_punished(engine: str) -> None:
    w = world([Firm(k=0.4)], [FEARED], [FEARFUL], Past(alternative=0.35))
    found = after("develop", engine, w, still(retaliation=1.0, tolerance=-99.0), YEAR)
    assert found.flows.retaliations[0] == 0
    assert found.relations.supplier[0] == 0
