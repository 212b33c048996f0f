"""What must hold in every world: volumes, money and bounds, over parameters drawn from their whole ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinos.strategies import kernel_develop, kernel_trade
from sinos.strategies.build import blueprint_of, world_of
from sinos.strategies.explore import drawn
from sinos.strategies.metrics import METRICS
from sinos.strategies.names import FORMS
from sinos.strategies.parameters import coefficients, record
from sinos.strategies.random import key_of
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.shocks import coefficients_under, set_buyers
from sinos.strategies.state import World, copied
from sinos.strategies.worlds import varied
from tests.strategies.test_engine import SMALL

NAMES = [one.name for one in varied()]
PACKAGED = ("sinos_valley", "brenta", "taiwan_notebooks", "kenya_horticulture", "no_design_core")
drawn_worlds = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def world_with(seed: int) -> Scenario:
    point = drawn(1, varied(), seed)[0]
    return scenario(SMALL).with_parameters(**dict(zip(NAMES, map(float, point), strict=True)))


def after_trade(w: World) -> None:
    """Check the year's trade, between its two halves."""
    r, f, s = w.relations, w.flows, w.suppliers
    slots = np.flatnonzero(r.supplier >= 0)
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    volume = r.volume[slots].astype(np.float64)
    sold = np.bincount(supplier, weights=volume, minlength=s.capacity.size)
    bought = np.bincount(buyer, weights=volume, minlength=w.buyers.volume.size)
    paid = np.bincount(supplier, weights=volume * r.price[slots], minlength=s.capacity.size)
    assert volume.min(initial=1.0) > 0
    assert f.volume == pytest.approx(sold, rel=1e-5, abs=1e-5)
    assert f.sales == pytest.approx(paid, rel=1e-4, abs=1e-4)
    assert (sold <= s.capacity * (1 + 1e-5) + 1e-5).all()
    assert (bought <= w.buyers.volume * (1 + 1e-5) + 1e-5).all()
    assert bought[w.buyers.active == 0].sum() == 0
    assert sold.sum() == pytest.approx(bought.sum())
    assert set(np.unique(r.performs[:, slots])) <= {0, 1}
    assert ((r.form[slots] >= 0) & (r.form[slots] < len(FORMS))).all()


@drawn_worlds
@given(st.integers(0, 10_000))
def test_volumes_and_money_are_conserved(seed: int) -> None:
    made = world_with(seed)
    p, key = coefficients(made.parameters), key_of(seed, 0)
    world = world_of(blueprint_of(made, p), key)
    start = copied(world).buyers
    for step in range(8):
        year = made.start + step
        set_buyers(world.buyers, start, made, year)
        now = record(coefficients_under(p, made, year))
        kernel_trade.trade(world, now, key, step)
        after_trade(world)
        kernel_develop.develop(world, now, key, step)
        assert np.isfinite(world.suppliers.wealth).all()
        assert world.suppliers.capability.min() >= 0
        assert world.suppliers.capability.max() <= 1
        assert world.suppliers.capacity.min() > 0


@pytest.mark.parametrize("name", PACKAGED)
def test_shares_are_shares_in_every_year(name: str) -> None:
    made = scenario(name)
    runs = replicate(futures_of(made), 11, 0)[0]
    columns = dict(zip(METRICS, runs.T, strict=True))
    for prefix in ("export", "near"):
        shares = np.stack([columns[f"{prefix}_{form}"] for form in FORMS])
        known = np.isfinite(shares).all(axis=0)
        assert shares[:, known].sum(axis=0) == pytest.approx(np.ones(int(known.sum())))
    bounded = [name for name, text in METRICS.items() if "share" in text.split() or "capability" in name]
    assert len(bounded) > 15
    for name_ in bounded:
        values = columns[name_][np.isfinite(columns[name_])]
        assert values.size == 0 or (values.min() >= 0 and values.max() <= 1 + 1e-9), name_


@drawn_worlds
@given(st.integers(0, 10_000))
def test_kernel_and_reference_agree_over_the_whole_ranges(seed: int) -> None:
    made = world_with(seed).model_copy(update={"years": 5})
    futures = futures_of(made)
    assert replicate(futures, seed, 0, "compiled").tobytes() == replicate(futures, seed, 0, "reference").tobytes()


@pytest.mark.parametrize("name", PACKAGED)
def test_kernel_and_reference_agree_in_packaged_scenarios(name: str) -> None:
    made = scenario(name)
    futures = futures_of(made)
    assert replicate(futures, 2, 0, "compiled").tobytes() == replicate(futures, 2, 0, "reference").tobytes()
