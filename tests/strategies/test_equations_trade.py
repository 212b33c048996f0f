"""Equations 1, 2 and 5 by hand: risk, the buyer's costs, the form, who performs what, prices and profit."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numba
import numpy as np
import pytest

from sinos.strategies.kernel_choice import exposure_under
from sinos.strategies.kernel_pair import (
    COST,
    LOSS,
    NEED_PROCESS,
    NEED_PRODUCT,
    QUASI_RISK,
    SKILL_PROCESS,
    SKILL_PRODUCT,
    VOLUME,
    gather_pairs,
    note_buyers,
    odds_of,
    pair_costs,
    risk_under,
)
from sinos.strategies.kernel_work import PAIRS, workspace
from sinos.strategies.names import (
    DESIGN,
    HIERARCHY,
    LOGISTICS,
    MARKET,
    MARKETING,
    NETWORK,
    PROCESS,
    PRODUCT,
    QUASI,
    SOURCING,
)
from sinos.strategies.parameters import Coefficients, record
from sinos.strategies.random import draw_uniform
from sinos.strategies.reference_choice import chosen_form, exposure, form_costs, performed
from sinos.strategies.reference_price import prices
from sinos.strategies.reference_risk import failure_risk
from sinos.strategies.state import World
from tests.strategies.by_hand import ALL, ENGINES, KEY, Client, Firm, Past, Tie, after, given, world

ZEROS = np.zeros(1, np.int32)
CLOSE = {"rel": 1e-5, "abs": 1e-6}

# One supplier and one buyer, used throughout. Gaps: process 0.7 - 0.5 = 0.2, product 0.6 - 0.5 = 0.1. Design needed:
# 0.9 x 0.5 = 0.45 against 0.3, so 0.15 short. Loss of a failed unit: 1 + 1.5 x 0.5 = 1.75.
SUPPLIER = Firm(k=(0.5, 0.5, 0.3, 0.3, 0.3, 0.2))
BUYER = Client(process=0.7, product=0.6, complexity=0.5, competence=(0.0, 0.0, 0.5, 0.5, 0.8, 0.4), slots=1)

# (1) log odds: -4 + 5 x 0.2 + 5 x 0.1 = -2.5, plus 4 x 0.5 x (1 - chi): 2 market, 0.3 network and quasi, 0 hierarchy
FAILURE = [1 / (1 + exp(0.5)), 1 / (1 + exp(2.2)), 1 / (1 + exp(2.2)), 1 / (1 + exp(2.5))]
# (1) inspection lets through 1, 0.9, 0.35, 0.2 of the failures
RISK = [1.0 * FAILURE[0], 0.9 * FAILURE[1], 0.35 * FAILURE[2], 0.2 * FAILURE[3]]
# (2) for 2 units: handling x z + fixed / q + loss x risk, then design short 0.9 x 0.15, or own design 0.5 x 0.1 / 0.8
COSTS = [
    0.0 + 0.002 / 2 + 1.75 * RISK[0] + 0.135,
    0.1 * 0.5 + 0.04 / 2 + 1.75 * RISK[1] + 0.135,
    0.16 * 0.5 + 0.1 / 2 + 1.75 * RISK[2] + 0.0625,
    0.05 * 0.5 + 1.2 / 2 + 1.75 * RISK[3] + 0.0625 + 0.45,
]


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def of_pair(w: Any, p: Any, volume: Any) -> Any:
    """Everything the kernel knows of supplier 0 and buyer 0; inner functions can be called from compiled code only."""
    s, b, _, _, _ = w
    work = workspace(w)
    rows = work.pairs
    note_buyers(b, p, work)
    work.who[0], work.whom[0], rows[VOLUME] = 0, 0, volume
    gather_pairs(s, work, 1)
    pair_costs(p, rows, 1)
    none = np.float32(0)
    gaps = max(rows[NEED_PROCESS] - rows[SKILL_PROCESS], none), max(rows[NEED_PRODUCT] - rows[SKILL_PRODUCT], none)
    odds, certified = odds_of((p.risk_base, p.risk_process, p.risk_product), *gaps), s.certified[0]
    failure, risk, cost = np.empty(4, np.float32), np.empty(4, np.float32), np.empty(4, np.float32)
    for form in range(4):
        tame = p.risk_complexity * b.complexity[0] * (np.float32(1) - p.coordination[form])
        failure[form] = risk_under(odds, tame, none, none)
        risk[form] = risk_under(odds, tame, p.monitoring[form], certified * p.certified_monitoring)
        cost[form] = rows[COST + form * PAIRS]
    exposed = exposure_under((p.exposure, p.exposure_base, p.exposure_risk), rows[LOSS], rows[QUASI_RISK])
    return failure, risk, rows[LOSS], cost, exposed


def both(w: World, p: Coefficients, volume: float = 2.0) -> list[dict[str, Any]]:
    """What the reference and the kernel say of supplier 0 and buyer 0."""
    s, b = w.suppliers, w.buyers
    risk = failure_risk(s, b, p, ZEROS, ZEROS)
    cost = form_costs(s, b, p, ZEROS, ZEROS, np.array([volume], np.float32), risk)
    plain = (risk.failure[:, 0], risk.risk[:, 0], risk.loss[0], cost[:, 0], exposure(p, risk)[0])
    kernel = of_pair(w, record(p), np.float32(volume))
    names = ("failure", "risk", "loss", "cost", "exposure")
    return [{n: np.asarray(v, float) for n, v in zip(names, values, strict=True)} for values in (plain, kernel)]


def test_1_failure_risk_by_form() -> None:
    for found in both(world([SUPPLIER], [BUYER]), given()):
        assert found["failure"] == pytest.approx(FAILURE, **CLOSE)
        assert found["risk"] == pytest.approx(RISK, **CLOSE)
        assert found["loss"] == pytest.approx(1.75)


def test_1_capability_beyond_the_requirement_counts_for_nothing() -> None:
    # No gap: market -4 + 2 = -2; hierarchy -4 + 0.
    for found in both(world([Firm(k=0.9)], [BUYER]), given()):
        assert found["failure"][MARKET] == pytest.approx(1 / (1 + exp(2.0)), **CLOSE)
        assert found["failure"][HIERARCHY] == pytest.approx(1 / (1 + exp(4.0)), **CLOSE)


def test_1_a_certificate_does_part_of_inspection_in_any_form() -> None:
    # 0.4 replaces less (market 0, network 0.1), never more (quasi 0.65, hierarchy 0.8).
    certified = Firm(k=SUPPLIER.k, certified=1.0)
    for found in both(world([certified], [BUYER]), given()):
        expected = [0.6 * FAILURE[0], 0.6 * FAILURE[1], 0.35 * FAILURE[2], 0.2 * FAILURE[3]]
        assert found["risk"] == pytest.approx(expected, **CLOSE)


def test_1_a_new_standard_adds_to_the_loss() -> None:
    strict = Client(complexity=0.5, loss_extra=0.25)
    for found in both(world([SUPPLIER], [strict]), given()):
        assert found["loss"] == pytest.approx(1.75 + 0.25)


def test_2_cost_by_form() -> None:
    for found in both(world([SUPPLIER], [BUYER]), given()):
        assert found["cost"] == pytest.approx(COSTS, **CLOSE)
        # exposure: 0.12 x 1.75 x (0.4 + 3 x quasi's risk)
        assert found["exposure"] == pytest.approx(0.12 * 1.75 * (0.4 + 3 * RISK[QUASI]), **CLOSE)


def test_2_core_design_makes_networks_dear() -> None:
    # rent 0.3, of which half is lost in a network
    core = Client(**{**vars(BUYER), "core": frozenset({DESIGN})})
    for found in both(world([SUPPLIER], [core]), given()):
        assert found["cost"] == pytest.approx([COSTS[0], COSTS[1] + 0.3 * 0.5, *COSTS[2:]], **CLOSE)


def test_2_small_orders_bear_the_fixed_cost_and_the_incompetent_dear_design() -> None:
    clumsy = Client(complexity=0.5, process=0.0, product=0.0, competence=0.0)
    for found in both(world([Firm(k=1.0)], [clumsy]), given(risk_base=-60.0), volume=0.0):
        # at the least volume of 0.001: fixed cost / 0.001; design by a buyer of no competence: 0.5 x 0.1 / 0.05 = 1
        assert found["cost"][MARKET] == pytest.approx(2.0, **CLOSE)
        assert found["cost"][NETWORK] == pytest.approx(0.05 + 40.0, **CLOSE)
        assert found["cost"][QUASI] == pytest.approx(0.08 + 100.0 + 1.0, **CLOSE)
        assert found["cost"][HIERARCHY] == pytest.approx(0.025 + 1200.0 + 1.0 + 0.45, **CLOSE)


def test_2_the_cheapest_form_is_chosen_and_the_first_of_equals() -> None:
    cost = np.array([[0.4, 0.2], [0.3, 0.2], [0.2, 0.5], [0.9, 0.2]], np.float32)
    who = np.array([0, 1], np.int32)
    assert chosen_form(cost, given(choice_noise=0.0), KEY, 3, who, who).tolist() == [QUASI, MARKET]


def test_2_noise_makes_a_logit_choice() -> None:
    # A form dearer by noise x ln 3 is chosen a third as often: 3/4 against 1/4.
    pairs = np.arange(20_000, dtype=np.int32)
    cost = np.full((4, pairs.size), 9.0, np.float32)
    cost[MARKET], cost[QUASI] = 0.2, 0.2 + 0.03 * log(3)
    chosen = chosen_form(cost, given(choice_noise=0.03), KEY, 3, pairs, pairs)
    assert np.mean(chosen == MARKET) == pytest.approx(0.75, abs=0.01)
    assert np.mean(chosen == QUASI) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("engine", ENGINES)
def test_2_the_form_is_that_of_least_noisy_cost(engine: str) -> None:
    w = world([SUPPLIER], [BUYER], [Tie(volume=2.0, form=QUASI)])
    w.suppliers.capacity[:], w.buyers.volume[:] = 2.0, 2.0
    for year in range(4):
        numbers = [float(n[0]) for n in draw_uniform(KEY, year, 4, ZEROS, ZEROS)]
        noisy = [cost + 1.5 * log(-log(u)) for cost, u in zip(COSTS, numbers, strict=True)]
        found = after("trade", engine, w, given(choice_noise=1.5, survival_quasi_hierarchy=1.0), year).relations
        assert found.form[0] == noisy.index(min(noisy))
        assert found.cost[0] == pytest.approx(min(COSTS), **CLOSE)


def functions(w: World, p: Coefficients, form: int, engine: str) -> set[int]:
    """The functions supplier 0 performs for buyer 0 under a form."""
    if engine == "reference":
        risk = failure_risk(w.suppliers, w.buyers, p, ZEROS, ZEROS)
        done = performed(w.suppliers, w.buyers, p, ZEROS, ZEROS, np.array([form], np.int32), risk)
    else:
        # Costs decide the form, so make the wanted one the cheapest.
        own = np.where(np.arange(4) == form, 0.0, 99.0).astype(np.float32)
        forced = p._replace(handling_cost=own, survival=np.ones(4, np.float32), choice_noise=np.float32(0))
        done = after("trade", "compiled", w, forced).relations.performs
    return {function for function in range(6) if done[function, 0]}


MADE = {PROCESS, PRODUCT}
# (2) Logistics: own overhead 0.05 / 0.5 = 0.1 against (1 - 0.3) x 0.106 = 0.074: let go. Sourcing likewise (0.12).
GONE = {LOGISTICS, SOURCING}


@pytest.mark.parametrize("engine", ENGINES)
def test_2_functions_follow_the_form(engine: str) -> None:
    w = world([SUPPLIER], [BUYER], [Tie(form=QUASI)])
    assert functions(w, given(), MARKET, engine) == MADE | GONE | {DESIGN, MARKETING}
    assert functions(w, given(), NETWORK, engine) == MADE | GONE | {DESIGN}
    assert functions(w, given(), QUASI, engine) == MADE | GONE
    assert functions(w, given(), HIERARCHY, engine) == MADE | GONE
    assert functions(w, given(marketing_in_networks=1.0), NETWORK, engine) == MADE | GONE | {DESIGN, MARKETING}
    assert functions(w, given(practise_all=1.0), HIERARCHY, engine) == ALL
    assert functions(w, given(relinquish=0.0), QUASI, engine) == MADE


@pytest.mark.parametrize("engine", ENGINES)
def test_2_relinquishment_weighs_overhead_against_rent_and_exposure(engine: str) -> None:
    # A supplier of no capability in logistics: exposure 0.12 x 1.75 x (0.4 + 3 x 0.0349) = 0.106 > 0.1: kept.
    weak = Firm(k=(0.5, 0.5, 0.0, 0.3, 0.3, 0.2))
    assert functions(world([weak], [BUYER], [Tie(form=QUASI)]), given(), QUASI, engine) == MADE | {SOURCING}
    # A core function costs the rent 0.3 on top: kept, whatever the supplier can do.
    core = Client(**{**vars(BUYER), "core": frozenset({SOURCING, MARKETING})})
    w = world([Firm(k=1.0)], [core], [Tie(form=QUASI)])
    assert functions(w, given(), QUASI, engine) == MADE | {LOGISTICS}
    # Core marketing is not left to the supplier in a market relation either.
    assert functions(w, given(), MARKET, engine) == MADE | {LOGISTICS, DESIGN}
    # At home a market relation leaves logistics and sourcing to the supplier.
    home = Client(**{**vars(BUYER), "region": 0, "core": frozenset({SOURCING})})
    assert functions(world([weak], [home], [Tie(form=QUASI)]), given(), MARKET, engine) == ALL


# (5) k: product 0.6, logistics 0.5, design 0.4, marketing 0.2; z 0.5; exposure 0.8; entrant's price 0.7, quality 0.3.
SELLER = Firm(k=(0.5, 0.6, 0.5, 0.5, 0.4, 0.2), capacity=2.0, strategy_cost=0.02)
SHOP = Client(exposure=0.8, complexity=0.5, volume=2.0)
SHIELD = 1 - 0.5 * 0.4 - 0.25 * 0.2  # own design, and half as much own marketing: 0.75
BASE = 1 - (1 - 0.7) * 0.8 * SHIELD  # 0.82
QUALITY = 0.45 * (0.6 - 0.3) * (0.4 + 0.5)  # 0.1215
PAID = 0.04 * 0.5 + 0.22 * 0.4 + 0.35 * 0.2  # logistics, design, marketing: 0.178
DONE = frozenset({PROCESS, PRODUCT, LOGISTICS, DESIGN, MARKETING})


def priced(firm: Firm, client: Client, performs: frozenset[int], **changed: float) -> float:
    w = world([firm], [client], [Tie(performs=performs)])
    p = given(**{"entrant_price": 0.7, "entrant_quality": 0.3, **changed})
    return float(prices(w.suppliers, w.buyers, w.relations, p, ZEROS)[0])


def test_5_price() -> None:
    assert priced(SELLER, SHOP, DONE) == pytest.approx(BASE + QUALITY + PAID, **CLOSE)
    assert pytest.approx(1.1195) == BASE + QUALITY + PAID
    # Neither design nor marketing: no shield, no pay for them.
    plain = 1 - 0.3 * 0.8 + QUALITY + 0.04 * 0.5
    assert priced(SELLER, SHOP, frozenset({PROCESS, PRODUCT, LOGISTICS})) == pytest.approx(plain, **CLOSE)


def test_5_quality_is_paid_up_to_a_bound_and_punished_down_to_a_floor() -> None:
    # Weight min(1, 0.4 + 0.9) = 1. Product 0 against the entrant's 0.3: not -0.3 but the floor, -0.25.
    complex_ = Client(exposure=0.0, complexity=0.9)
    assert priced(SELLER, complex_, frozenset()) == pytest.approx(1 + 0.45 * 0.3, **CLOSE)
    assert priced(Firm(k=0.0), complex_, frozenset()) == pytest.approx(1 - 0.45 * 0.25, **CLOSE)


def test_5_the_exchange_rate_is_that_of_far_markets_and_prices_never_fall_below_zero() -> None:
    assert priced(SELLER, SHOP, DONE, exchange=1.5) == pytest.approx(1.5 * 1.1195, **CLOSE)
    near = Client(exposure=0.8, complexity=0.5, region=1)
    assert priced(SELLER, near, DONE, exchange=1.5) == pytest.approx(1.1195, **CLOSE)
    assert priced(Firm(k=0.0), Client(), frozenset(), entrant_price=0.0, exchange=1.0, quality_floor=-3.0) == 0.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("designs", [False, True])
def test_5_sales_cost_levy_and_profit(engine: str, designs: bool) -> None:
    # Two buyers take 0.5 and 0.75; nobody wants or can do more. The supplier's programme runs, half publicly paid.
    ties = [Tie(volume=0.5, form=HIERARCHY), Tie(buyer=1, volume=0.75, form=HIERARCHY)]
    clients = [Client(exposure=0.8, complexity=0.5, volume=v, competence=1.0) for v in (0.5, 0.75)]
    w = world([SELLER], clients, ties, Past(running=(1,), open=(1,)))
    form = MARKET if designs else QUASI
    p = given(entrant_price=0.7, entrant_quality=0.3, programme_public_share=0.5, relinquish=0.0, choice_noise=0.0)
    p = p._replace(
        handling_cost=np.where(np.arange(4) == form, 0.0, 99.0).astype(np.float32), survival=np.ones(4, np.float32)
    )
    f = after("trade", engine, w, p).flows
    price = 1 - 0.3 * 0.8 * (1 - 0.5 * 0.4) + QUALITY + 0.22 * 0.4 if designs else 1 - 0.3 * 0.8 + QUALITY
    unit = 0.86 * (1 - 0.3 * 0.5) + (0.03 if designs else 0.0)
    levy = 0.006 * (1 - 0.5) * 1.25
    standing = 0.006 * 2 + (0.01 + 0.02) * 2.0
    assert f.volume[0] == pytest.approx(1.25)
    assert f.sales[0] == pytest.approx(1.25 * price, **CLOSE)
    assert f.unit_cost[0] == pytest.approx(unit, **CLOSE)
    assert f.levy[0] == pytest.approx(levy, **CLOSE)
    assert f.profit[0] == pytest.approx(1.25 * price - 1.25 * unit - standing - levy, **CLOSE)
