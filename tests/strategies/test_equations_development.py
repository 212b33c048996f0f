"""Equations 3 and 4 by hand, and the end of the year: teaching, learning, forgetting, growth, closure, spin-offs."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from sinos.strategies.names import (
    DESIGN,
    FUNCTIONS,
    LOGISTICS,
    MARKET,
    MARKETING,
    NETWORK,
    PROCESS,
    PRODUCT,
    QUASI,
    SOURCING,
    STREAM_ENTRY,
    STREAM_ENTRY_NOISE,
)
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import bell, draw, draw_uniform, uniform
from sinos.strategies.reference_transfer import absorbed, expected_duration
from sinos.strategies.state import World
from tests.strategies.by_hand import ALL, ENGINES, KEY, Client, Firm, Past, Tie, after, given, still, world

both_engines = pytest.mark.parametrize("engine", ENGINES)
CLOSE = {"rel": 1e-5, "abs": 1e-6}
YEAR = 3
GOODS = frozenset({PROCESS, PRODUCT})


def gains(w: World, p: Coefficients, engine: str) -> list[float]:
    """What supplier 0 gained in each function in the second half of a year."""
    after_ = after("develop", engine, w, p, YEAR).suppliers.capability[:, 0]
    return [float(gain) for gain in after_.astype(float) - w.suppliers.capability[:, 0]]


def only(**by_function: float) -> list[float]:
    """A gain in the named functions and none in the others."""
    return [by_function.get(name, 0.0) for name in FUNCTIONS]


@both_engines
def test_nothing_happens_when_everything_is_off(engine: str) -> None:
    w = world([Firm()], [Client()], [Tie()])
    found = after("develop", engine, w, still(), YEAR)
    assert found.suppliers.capability.tobytes() == w.suppliers.capability.tobytes()
    assert found.suppliers.wealth[0] == 1.0
    assert found.relations.age[0] == 1


def test_3_expected_duration() -> None:
    # rho / (1 - 0.9 rho) with rho 0.35, 0.9, 0.9, 0.97
    expected = [0.35 / 0.685, 0.9 / 0.19, 0.9 / 0.19, 0.97 / 0.127]
    assert expected_duration(given()).tolist() == pytest.approx(expected, rel=1e-5)


def test_3_absorption_falls_for_those_far_behind() -> None:
    # G e^(-2 x 0.6 G): at most at G = 1 / 1.2
    gap = np.array([0.0, 0.5, 1 / 1.2, 1.0], np.float32)
    expected = [0.0, 0.5 * exp(-0.6), exp(-1) / 1.2, exp(-1.2)]
    assert absorbed(gap, given()).tolist() == pytest.approx(expected, rel=1e-5)


# (1) Gaps of 0.2 in process and 0.1 in product, quasi-hierarchy, z = 0.5, loss 1.75: log odds of failure -2.2.
PUPIL = Firm(k=(0.5, 0.5, 0.3, 0.3, 0.3, 0.2))
TEACHER = Client(process=0.7, product=0.6, complexity=0.5)
FAILS = 1 / (1 + exp(2.2))
# (3) loss avoided by a unit of capability: f (1 - f) (1 - 0.65 x 0.5) x 1.75 x 5; h q / c_x = 4.737 x 0.1 / 16
SLOPE = FAILS * (1 - FAILS) * (1 - 0.65 * 0.5) * 1.75
SCALE = 0.9 / 0.19 * 0.1 / 16


@both_engines
def test_3_process_and_product_are_taught_as_far_as_it_pays(engine: str) -> None:
    # What is absorbed of gap + 0.1, times 1.6; the only buyer, so the weight is 1.
    w = world([PUPIL], [TEACHER], [Tie(volume=0.1, form=QUASI, performs=GOODS)])
    effort = SCALE * SLOPE * 5
    assert effort < 0.35
    expected = only(process=effort * 0.3 * exp(-1.2 * 0.3) * 1.6, product=effort * 0.2 * exp(-1.2 * 0.2) * 1.6)
    assert gains(w, still(transfer=1.0), engine) == pytest.approx(expected, **CLOSE)
    # Half more return on teaching: supplier development.
    keen = world([Firm(k=PUPIL.k, teaching=0.5)], [TEACHER], [Tie(volume=0.1, form=QUASI, performs=GOODS)])
    more = [1.5 * gain for gain in expected]
    assert gains(keen, still(transfer=1.0), engine) == pytest.approx(more, **CLOSE)


@both_engines
def test_3_teaching_has_a_cap_and_counts_volume_up_to_a_limit(engine: str) -> None:
    # Any effort above 0.35 is 0.35; volumes above 2 count as 2.
    w = world([Firm(k=PUPIL.k, capacity=6.0)], [Client(**{**vars(TEACHER), "volume": 5.0})],
              [Tie(volume=5.0, form=QUASI, performs=GOODS)])  # fmt: skip
    capped = gains(w, still(transfer=1.0, transfer_cost=0.01), engine)
    assert capped[PROCESS] == pytest.approx(0.35 * 0.3 * exp(-1.2 * 0.3) * 1.6, **CLOSE)
    two = 20 * SCALE * SLOPE * 5  # 2 units and not 5
    found = gains(w, still(transfer=1.0, transfer_cap=99.0), engine)
    assert found[PROCESS] == pytest.approx(two * 0.3 * exp(-1.2 * 0.3) * 1.6, **CLOSE)


@both_engines
def test_3_market_relations_are_too_short_to_teach_much_and_a_closed_gap_teaches_nothing(engine: str) -> None:
    # Market: h = 0.35 / 0.685; log odds -2.5 + 2 = -0.5; no inspection.
    w = world([PUPIL], [TEACHER], [Tie(volume=0.1, form=MARKET, performs=GOODS)])
    fails = 1 / (1 + exp(0.5))
    effort = 0.35 / 0.685 * 0.1 / 16 * fails * (1 - fails) * 1.75 * 5
    found = gains(w, still(transfer=1.0), engine)
    assert found[PROCESS] == pytest.approx(effort * 0.3 * exp(-0.36) * 1.6, **CLOSE)
    able = world([Firm(k=0.9)], [TEACHER], [Tie(form=QUASI, performs=GOODS)])
    assert gains(able, still(transfer=1.0), engine) == only()
    assert gains(w, still(transfer=0.0), engine) == only()


@both_engines
def test_3_other_functions_are_taught_when_left_to_the_supplier_and_not_core(engine: str) -> None:
    # Benefit: exposure 0.12 x 1.75 x (0.4 + 3 x 0.35 f) for logistics and sourcing, 0.9 for design that falls short
    # (0.3 < 0.45); gaps 0.5 to the buyer's 0.8. Process and product are good enough here: f from log odds -3.7.
    client = Client(process=0.4, product=0.4, complexity=0.5, competence=0.8, core=frozenset({SOURCING}))
    w = world([PUPIL], [client], [Tie(volume=0.1, form=QUASI, performs=ALL)])
    fails = 1 / (1 + exp(3.7))
    exposed = 0.12 * 1.75 * (0.4 + 3 * 0.35 * fails)
    learnt = 0.5 * exp(-1.2 * 0.5) * 1.6
    expected = only(logistics=SCALE * exposed * learnt, design=SCALE * 0.9 * learnt)
    assert gains(w, still(transfer=1.0), engine) == pytest.approx(expected, **CLOSE)
    # What the supplier does not perform is not taught.
    w = world([PUPIL], [client], [Tie(volume=0.1, form=QUASI, performs=GOODS)])
    assert gains(w, still(transfer=1.0), engine) == only()
    # Design good enough for the buyer's products is not taught, though the buyer knows more.
    enough = Firm(k=(0.5, 0.5, 0.9, 0.9, 0.46, 0.2))
    w = world([enough], [client], [Tie(volume=0.1, form=QUASI, performs=ALL)])
    assert gains(w, still(transfer=1.0), engine) == only()


@both_engines
def test_3_teaching_by_several_buyers_counts_by_the_root_of_their_weight(engine: str) -> None:
    # 0.1 of 0.4: root of a quarter. The other buyer has nothing to teach.
    w = world([PUPIL], [TEACHER, Client(process=0.0, product=0.0)],
              [Tie(volume=0.1, form=QUASI, performs=GOODS), Tie(buyer=1, volume=0.3, performs=GOODS)])  # fmt: skip
    effort = SCALE * SLOPE * 5
    expected = sqrt(0.25) * effort * 0.3 * exp(-1.2 * 0.3) * 1.6
    assert gains(w, still(transfer=1.0), engine)[PROCESS] == pytest.approx(expected, **CLOSE)


@both_engines
def test_4_learning_by_doing_up_to_what_the_market_can_teach(engine: str) -> None:
    # Ceilings at z = 0.5: design 0.3 + 0.7 x 0.5 = 0.65, logistics 0.7 + 0.5 x 0.5 = 0.95. Weight 1.
    w = world([PUPIL], [Client(complexity=0.5)], [Tie(form=NETWORK, performs=frozenset({DESIGN}))])
    rates = {"learning_design": 0.075, "learning_logistics": 0.06}
    assert gains(w, still(**rates), engine) == pytest.approx(only(design=0.075 * (0.65 - 0.3)), **CLOSE)
    w = world([PUPIL], [Client(complexity=0.5)], [Tie(performs=frozenset({DESIGN, LOGISTICS}))])
    expected = only(design=0.075 * 0.35, logistics=0.06 * (0.95 - 0.3))
    assert gains(w, still(**rates), engine) == pytest.approx(expected, **CLOSE)


@both_engines
def test_4_a_simple_market_teaches_nothing_to_those_above_its_ceiling(engine: str) -> None:
    # z = 0: design 0.3; who is at 0.4 does not learn, nor unlearn. z = 1: the ceiling is 1, not 0.55 + 0.65 = 1.2.
    w = world([Firm(k=0.4)], [Client(complexity=0.0)], [Tie()])
    assert gains(w, still(learning_design=0.075), engine) == only()
    w = world([Firm(k=0.4)], [Client(complexity=1.0)], [Tie()])
    assert gains(w, still(learning_process=0.045), engine) == pytest.approx(only(process=0.045 * 0.6), **CLOSE)


@both_engines
def test_4_two_buyers_teach_by_their_weights(engine: str) -> None:
    # Three quarters at ceiling 0.65, one quarter at 0.3 + 0.7 x 0.2 = 0.44, from 0.3.
    w = world([Firm(k=0.3)], [Client(complexity=0.5), Client(complexity=0.2)],
              [Tie(volume=0.6), Tie(buyer=1, volume=0.2)])  # fmt: skip
    expected = 0.075 * 0.75 * (0.65 - 0.3) + 0.075 * 0.25 * (0.44 - 0.3)
    assert gains(w, still(learning_design=0.075), engine)[DESIGN] == pytest.approx(expected, **CLOSE)


@both_engines
def test_4_diffusion_in_the_cluster(engine: str) -> None:
    # Mean of the own cluster by volume: (0.2 x 1 + 0.8 x 3) / 4 = 0.65; the other cluster counts for nothing.
    firms = [Firm(k=0.2), Firm(k=0.8, capacity=3.0), Firm(k=1.0, cluster=1)]
    ties = [Tie(0, 0, 1.0), Tie(1, 0, 3.0), Tie(2, 0, 1.0)]
    w = world(firms, [Client(slots=3, volume=5.0)], ties, Past(open=(0, 0), running=(0, 0)))
    assert gains(w, still(spillover=0.01), engine) == pytest.approx([0.01 * (0.65 - 0.2)] * 6, **CLOSE)
    found = after("develop", engine, w, still(spillover=0.01), YEAR).suppliers.capability
    assert found[:, 1:].tobytes() == w.suppliers.capability[:, 1:].tobytes()


@both_engines
def test_4_institutions_help_those_who_know_something(engine: str) -> None:
    # Technology centre 0.04 x k / (k + 0.3) x (1 - k) in process, product and design: absorptive capacity.
    expected = 0.04 * (0.5 / 0.8) * 0.5
    w = world([Firm(k=0.5, centre=0.04)], [Client()], [Tie()])
    assert gains(w, still(), engine) == pytest.approx(
        only(process=expected, product=expected, design=expected), **CLOSE
    )
    weak = world([Firm(k=0.1, centre=0.04)], [Client()], [Tie()])
    assert gains(weak, still(), engine)[PROCESS] == pytest.approx(0.04 * 0.25 * 0.9, **CLOSE)
    # Help by function: 0.05 of what is left to the frontier.
    helped = world([Firm(k=0.5, assistance=0.05)], [Client()], [Tie()])
    assert gains(helped, still(), engine) == pytest.approx([0.025] * 6, **CLOSE)


@both_engines
def test_4_the_running_programme_raises_design_of_those_who_sell(engine: str) -> None:
    # 0.06 x (1 - 0.5) for a member that sells, nothing for one that does not.
    w = world([Firm(), Firm()], [Client()], [Tie()], Past(running=(1,), open=(1,)))
    found = after("develop", engine, w, still(), YEAR).suppliers.capability
    assert found[DESIGN].tolist() == pytest.approx([0.53, 0.5], **CLOSE)
    assert found[MARKETING].tolist() == [0.5, 0.5]


@both_engines
def test_4_what_nobody_lets_one_practise_is_forgotten(engine: str) -> None:
    # 0.02 x k where not performed in any relation.
    w = world([Firm(k=0.5)], [Client(), Client()],
              [Tie(performs=GOODS), Tie(buyer=1, performs=frozenset({LOGISTICS}))])  # fmt: skip
    expected = only(sourcing=-0.01, design=-0.01, marketing=-0.01)
    assert gains(w, still(forgetting=0.02), engine) == pytest.approx(expected, **CLOSE)


@both_engines
def test_4_capability_stays_between_a_hundredth_and_one(engine: str) -> None:
    w = world([Firm(k=0.02, assistance=1.0), Firm(k=0.02)], [Client()], [Tie(performs=GOODS)])
    found = after("develop", engine, w, still(forgetting=0.9, transfer=1.0, newcomer_gap=9.0), YEAR)
    assert found.suppliers.capability[PROCESS, 0] == 1.0
    assert found.suppliers.capability[DESIGN, 1] == np.float32(0.01)


@both_engines
def test_wealth_takes_its_part_of_profit_less_what_owners_draw(engine: str) -> None:
    # 1 x (1 - 0.03) + 0.5 x 0.4, no investment
    w = world([Firm()], [Client()], [Tie()], Past(profit=0.4))
    found = after("develop", engine, w, still(drawing=0.03, retained=0.5), YEAR)
    assert found.suppliers.wealth[0] == pytest.approx(0.97 + 0.2, **CLOSE)


@both_engines
@pytest.mark.parametrize(
    ("volume", "profit", "sales", "capacity", "expected"),
    [
        (0.9, 0.3, 1.0, 1.0, 1 + 0.25 * 0.3),  # in use: grows by 0.25 x margin
        (0.9, 0.9, 1.0, 1.0, 1.18),  # by 0.18 at most
        (0.9, -0.4, 1.0, 1.0, 1 - 0.1),  # a loss shrinks it,
        (0.9, -0.9, 1.0, 1.0, 0.85),  # by 0.15 at most
        (0.8, 0.0, 1.0, 1.0, 1.0),  # in use from 0.8 of capacity
        (0.7, 0.3, 1.0, 1.0, 0.92),  # below that it decays by 0.08
        (1.5, 0.3, 1.0, 2.0, 1.84),  # the same for a larger firm: 1.5 is below 1.6
        (1.6, 0.4, 2.0, 2.0, 2.1),
        (5.9, 0.9, 1.0, 5.9, 6.0),  # never above 6
        (0.0, 0.0, 0.0, 0.031, 0.03),  # nor below 0.03
    ],
)
def test_capacity_follows_use_and_margin(
    engine: str, volume: float, profit: float, sales: float, capacity: float, expected: float
) -> None:
    ties = [Tie(volume=volume)] if volume > 0 else []
    w = world([Firm(capacity=capacity)], [Client()], ties, Past(profit=profit, sales=sales))
    p = still(capacity_response=0.25, idle_decay=0.08, capacity_exit=0.0)
    assert after("develop", engine, w, p, YEAR).suppliers.capacity[0] == pytest.approx(expected, **CLOSE)


@both_engines
@pytest.mark.parametrize(
    ("firm", "sells", "closes"),
    [
        (Firm(wealth=-0.4), True, True),  # no means: at or below -0.4
        (Firm(wealth=-0.39), True, False),
        (Firm(capacity=0.2), False, True),  # small and without orders
        (Firm(capacity=0.21), False, False),
        (Firm(capacity=0.2), True, False),
    ],
)
def test_firms_close_without_means_or_orders(engine: str, firm: Firm, sells: bool, closes: bool) -> None:
    w = world([firm, Firm()], [Client()], [Tie(volume=0.1)] if sells else [])
    found = after("develop", engine, w, still(), YEAR)
    assert bool(found.flows.closed[0]) is closes
    assert found.flows.closed[1] == 0
    assert found.flows.written_off[0] == pytest.approx(-firm.wealth if closes else 0.0)
    assert bool(found.relations.supplier[0] == 0) is (sells and not closes)


@both_engines
def test_a_spin_off_takes_after_the_better_of_two_firms_drawn(engine: str) -> None:
    firms = [Firm(wealth=-1.0, k=0.3, certified=1.0, share_cap=0.5, centre=0.0, strategy_cost=0.1, discount=(0.1,) * 3),
             Firm(k=0.9), Firm(k=0.6)]  # fmt: skip
    w = world(firms, [Client()], [Tie()])
    words = draw(KEY, YEAR, STREAM_ENTRY, np.array([0]))
    drawn = [int(word[0]) * 3 >> 32 for word in words[:2]]
    best = max(firms[n].k for n in drawn)
    assert isinstance(best, float)
    noise = [float(bell(draw_uniform(KEY, YEAR, STREAM_ENTRY_NOISE, np.array([0]), n))[0]) for n in range(6)]
    found = after("develop", engine, w, still(), YEAR).suppliers
    # 0.7 of the better one, and noise of 0.02
    assert found.capability[:, 0].tolist() == pytest.approx([0.7 * best + 0.02 * e for e in noise], **CLOSE)
    assert found.capacity[0] == np.float32(0.4)
    assert found.wealth[0] == np.float32(0.1)
    assert found.intent[0] == (uniform(words[2])[0] < 0.5)
    assert found.founded[0] == YEAR
    # What strategies had given the closed firm is gone.
    assert (found.certified[0], found.share_cap[0], found.strategy_cost[0]) == (0.0, 1.0, 0.0)
    assert found.discount[:, 0].tolist() == [0.0, 0.0, 0.0]
