"""What holds in every world: money adds up supplier by supplier, nothing is sold twice, and no number is lost.

Scenarios are drawn whole (markets, buyers, shocks, levers), and parameters up to ten times beyond their ranges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinos.strategies.build import blueprint_of, world_of
from sinos.strategies.levers import Lever, begin, coefficients_in
from sinos.strategies.metrics import METRICS
from sinos.strategies.names import FUNCTIONS
from sinos.strategies.parameters import Coefficients, bounds, coefficients, parameters
from sinos.strategies.random import key_of
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.shocks import coefficients_under, set_buyers
from sinos.strategies.state import World, copied
from tests.strategies.by_hand import half
from tests.strategies.test_engine import SMALL, arrays

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHARES = st.floats(0, 1, width=32)
START, YEARS = 1970, 8


def groups(markets: int) -> st.SearchStrategy[dict[str, Any]]:
    """A group of buyers in one of the markets; core functions are those it is competent in."""

    def made(market: int, competence: dict[str, float], core: bool, numbers: tuple[float, ...]) -> dict[str, Any]:
        volume, complexity, process, product, lump, dedication = numbers
        return {
            "market": f"m{market}", "volume": volume, "complexity": complexity, "process": process, "product": product,
            "lump": lump, "dedication": dedication, "competence": competence,
            "core": sorted(competence) if core else [],
        }  # fmt: skip

    numbers = st.tuples(
        st.floats(0.0625, 20, width=32), SHARES, SHARES, SHARES, st.sampled_from([0.0, 0.0, 0.25, 1.0]), SHARES
    )
    competence = st.dictionaries(st.sampled_from(FUNCTIONS), st.floats(0.125, 1, width=32), max_size=6)
    whole = st.builds(made, st.integers(0, markets - 1), competence, st.booleans(), numbers)
    return st.tuples(whole, st.integers(1, 4), st.integers(1, 6)).map(
        lambda parts: parts[0] | {"number": parts[1], "slots": parts[2]}
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any scenario, of up to three markets."""
    markets = draw(st.integers(1, 3))
    regions = draw(st.lists(st.sampled_from(["home", "regional", "far"]), min_size=markets, max_size=markets))
    buyers = draw(st.lists(groups(markets), min_size=1, max_size=4))
    shocks = draw(
        st.lists(
            st.one_of(
                st.builds(lambda y, p, q: {"kind": "low_cost_entrant", "start": y, "price": p, "quality": q},
                          st.integers(START, START + 6), SHARES, SHARES),
                st.builds(lambda k, y, s: {"kind": k, "start": y, "size": s},
                          st.sampled_from(["demand_fall", "retail_concentration", "new_standard", "exchange_rate"]),
                          st.integers(START, START + 6), SHARES),
                st.builds(lambda y: {"kind": "buyer_exit", "start": y, "buyers": "b0"},
                          st.integers(START, START + 6)),
            ),
            max_size=3,
        )
    )  # fmt: skip
    return scenario(
        {
            "name": "drawn", "start": START, "years": YEARS, "suppliers": draw(st.integers(2, 30)),
            "clusters": draw(st.integers(1, 2)), "programme": {"start": START + 2}, "shocks": shocks,
            "markets": [{"name": f"m{n}", "region": region, "exposure": draw(SHARES), "opens": START + n}
                        for n, region in enumerate(regions)],
            "buyers": [one | {"name": f"b{n}"} for n, one in enumerate(buyers)],
        }
    )  # fmt: skip


LEVERS = tuple(
    Lever(kind=kind, start=START + 1, cost=0.01, reach=0.5)  # type: ignore[arg-type]
    for kind in ("diversify", "home_market", "relinquished_function", "technology_centre", "certification",
                 "supplier_development", "raise_intent", "collective_programme")
)  # fmt: skip


@few
@given(scenarios(), st.integers(0, 1000), st.booleans())
def test_money_adds_up_and_nothing_is_sold_twice(made: Scenario, seed: int, with_levers: bool) -> None:
    levers = LEVERS if with_levers else ()
    p, key = coefficients(made.parameters), key_of(seed, 0)
    world = world_of(blueprint_of(made, p), key)
    start = copied(world).buyers
    engine = "compiled" if seed % 4 else "reference"
    for step in range(YEARS):
        year = START + step
        set_buyers(world.buyers, start, made, year)
        if step == 2:
            world.programmes.open[:] = 1
        begin(world, levers, key, year, step)
        now = coefficients_in(coefficients_under(p, made, year), levers, year)
        half("trade", engine)(world, now, key, step)
        volumes_fit(world)
        profits_add_up(world, now)
        before, capability = world.suppliers.wealth.copy(), world.suppliers.capability.copy()
        half("develop", engine)(world, now, key, step)
        wealth_adds_up(world, now, before)
        learnt = world.suppliers.capability[:, world.flows.closed == 0]
        assert learnt.shape[1] == 0 or learnt.min() >= 0.01 - 1e-9
        assert world.suppliers.capability.max() <= 1
        assert np.isfinite(capability).all()


def volumes_fit(w: World) -> None:
    """Sold is bought; neither exceeds capacity or demand; lumps and places are kept."""
    r, s, b = w.relations, w.suppliers, w.buyers
    there = r.supplier >= 0
    volume = r.volume[there].astype(np.float64)
    sold = np.bincount(r.supplier[there], volume, s.capacity.size)
    bought = np.bincount(r.buyer[there], volume, b.volume.size)
    assert (volume > 0).all()
    assert (sold <= s.capacity * 1.00001).all()
    assert (bought <= b.volume * 1.00001).all()
    assert bought[b.active == 0].sum() == 0
    pairs = list(zip(r.supplier[there].tolist(), r.buyer[there].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    new = there & (r.age == 0) & (b.lump[r.buyer] > 0)
    lumps = r.volume[new] / b.lump[r.buyer[new]]
    assert lumps == pytest.approx(np.round(lumps), abs=1e-3)
    assert (r.volume[~there] == 0).all()


def profits_add_up(w: World, p: Coefficients) -> None:
    """What buyers pay is what suppliers sell; what is left of it after cost, standing cost and levy is profit."""
    r, s, f = w.relations, w.suppliers, w.flows
    there = r.supplier >= 0
    paid = float((r.volume[there].astype(np.float64) * r.price[there]).sum())
    assert float(f.sales.astype(np.float64).sum()) == pytest.approx(paid, rel=1e-5, abs=1e-5)
    ties = np.bincount(r.supplier[there], minlength=s.capacity.size)
    standing = p.relation_cost * ties + (p.capacity_cost + s.strategy_cost) * s.capacity
    expected = f.sales.astype(np.float64) - f.unit_cost.astype(np.float64) * f.volume - standing - f.levy
    assert f.profit == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert (f.levy[w.programmes.running[s.cluster] == 0] == 0).all()
    assert (f.levy >= 0).all()


def wealth_adds_up(w: World, p: Coefficients, before: Any) -> None:
    """Wealth changes by retained profit less what owners draw and what is invested; who closes is written off."""
    f = w.flows
    due = before.astype(np.float64) * (1 - float(p.drawing)) + float(p.retained) * f.profit - f.investment
    kept = f.closed == 0
    assert w.suppliers.wealth[kept] == pytest.approx(due[kept], rel=1e-4, abs=1e-4)
    assert f.written_off[~kept] == pytest.approx(-due[~kept], rel=1e-4, abs=1e-4)
    assert (w.suppliers.wealth[~kept] == p.entry_wealth).all()
    assert (f.written_off[kept] == 0).all()
    assert (f.investment >= 0).all()
    # Investment is paid from wealth: nobody invests more than it has.
    assert (f.investment <= np.maximum(before, 0) + 1e-5).all()
    # The whole cluster: what all have now is what they had, plus flows, plus what new firms bring.
    total = due.sum() + float(f.written_off.sum()) + float(p.entry_wealth) * int((~kept).sum())
    assert float(w.suppliers.wealth.astype(np.float64).sum()) == pytest.approx(total, rel=1e-4, abs=1e-3)


def beyond(one: Any, end: str, times: float) -> float:
    """The end of a range, times over, but within what the equations can take."""
    low, high = bounds(one.name)
    return float(min(max(getattr(one, end) * times, low), high))


def finite_everywhere(changed: dict[str, float], seed: int) -> None:
    made = scenario(SMALL).with_parameters(**changed).model_copy(update={"years": 6})
    p, key = coefficients(made.parameters), key_of(seed, 0)
    world = world_of(blueprint_of(made, p), key)
    start = copied(world).buyers
    for step in range(made.years):
        set_buyers(world.buyers, start, made, made.start + step)
        world.programmes.open[:] = 1
        for name in ("trade", "develop"):
            half(name, "compiled")(world, p, key, step)
    found = {name: value for name, value in arrays(world).items() if value.dtype.kind == "f"}
    assert [name for name, value in found.items() if not np.isfinite(value).all()] == []
    assert found["suppliers.capability"].max() <= 1
    assert found["suppliers.capability"].min() >= 0


@pytest.mark.parametrize("times", [10.0, 0.1])
@pytest.mark.parametrize("end", ["low", "high"])
def test_all_parameters_at_ten_times_the_ends_of_their_ranges(end: str, times: float) -> None:
    finite_everywhere({one.name: beyond(one, end, times) for one in parameters()}, 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_any_mixture_of_extreme_parameters_stays_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = rng.choice(["low", "high"], len(parameters()))
    times = rng.choice([0.1, 1.0, 10.0], len(parameters()))
    finite_everywhere(
        {one.name: beyond(one, str(e), float(t)) for one, e, t in zip(parameters(), ends, times, strict=True)}, seed
    )


def test_metrics_of_an_extreme_world_are_numbers_or_not_known() -> None:
    for end in ("low", "high"):
        changed = {one.name: beyond(one, end, 10.0) for one in parameters()}
        runs = replicate(futures_of(scenario(SMALL).with_parameters(**changed)), 1, 0)
        assert runs.shape == (1, 14, len(METRICS))
        assert not np.isinf(runs).any()
