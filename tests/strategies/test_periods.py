"""A quarter as the period: conversions by hand, equal bits, years that add up, records in the right quarter."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sinos.errors import StudyError
from sinos.strategies.build import world_of
from sinos.strategies.checks import sinos_checks
from sinos.strategies.course import Engine, advance, course_of
from sinos.strategies.emit import Emitted, emit
from sinos.strategies.emit_units import Units
from sinos.strategies.history import History, simulate_history
from sinos.strategies.history_years import relation_years, supplier_years
from sinos.strategies.metrics import METRICS
from sinos.strategies.parameters import coefficients
from sinos.strategies.periods import COUNTED, GROWTH, SHARES, growth_of, of_period, share_of
from sinos.strategies.random import key_of
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import scenario
from sinos.strategies.simulate import simulate
from sinos.strategies.state import copied
from sinos.strategies.winners import _followed
from tests.strategies.test_emit import small
from tests.strategies.test_engine import LEVERS, SMALL, arrays

QUARTERLY: dict[str, Any] = {**SMALL, "period": "quarter"}


def test_a_year_is_left_as_it_is() -> None:
    year = coefficients()
    assert of_period(year, 1, 0) is year
    np.testing.assert_array_equal(year.kept, year.survival)


@pytest.mark.parametrize(("yearly", "quarterly"), [(0.0, 0.0), (0.3439, 0.1), (1.0, 1.0), (1.5, 1.0)])
def test_shares_by_hand(yearly: float, quarterly: float) -> None:
    # 1 - 0.9^4 = 0.3439
    assert share_of(yearly, 4) == pytest.approx(quarterly)


def test_growth_by_hand() -> None:
    # 1.1^4 = 1.4641
    assert growth_of(0.4641, 4) == pytest.approx(0.1)
    assert growth_of(-2.0, 4) == -1.0


def test_four_quarters_make_the_year() -> None:
    year, quarter = coefficients(), of_period(coefficients(), 4, 3)
    np.testing.assert_allclose(quarter.kept.astype(float) ** 4, year.survival, rtol=1e-5)
    for name in SHARES:
        np.testing.assert_allclose(1 - (1 - np.float64(getattr(quarter, name))) ** 4, getattr(year, name), rtol=1e-4)
    for name in GROWTH:
        np.testing.assert_allclose((1 + np.float64(getattr(quarter, name))) ** 4 - 1, getattr(year, name), rtol=1e-4)
    assert quarter.retained == pytest.approx(0.125)
    assert quarter.transfer_yield == pytest.approx(0.4)
    assert quarter.capacity_response == pytest.approx(0.0625)
    assert [float(getattr(quarter, name)) for name in COUNTED] == [24.0, 20.0]
    assert (float(quarter.candidates), float(quarter.alternative_rank)) == (5.0, 1.0)


def test_yearly_decisions_fall_in_the_last_quarter_with_their_size() -> None:
    year = coefficients()
    first, last = of_period(year, 4, 0), of_period(year, 4, 3)
    assert (first.invest_yield, first.programme_quorum, first.capacity_exit) == (0.0, 2.0, -1.0)
    for name in ("invest_yield", "programme_quorum", "capacity_exit", "annuity_long", "survival", "transfer_discount"):
        np.testing.assert_array_equal(getattr(last, name), getattr(year, name))
    # What the vote weighs is the programme's gain of a year.
    assert last.programme_yield * last.programme_gain == pytest.approx(year.programme_yield * year.programme_gain)


def test_every_other_coefficient_is_that_of_the_year() -> None:
    year, last = coefficients(), of_period(coefficients(), 4, 3)
    changed = {name for name in year._fields if not np.array_equal(getattr(year, name), getattr(last, name))}
    assert changed == {
        "kept", *SHARES, *GROWTH, *COUNTED, "retained", "transfer_yield", "capacity_response", "candidates",
        "alternative_rank", "programme_gain",
    }  # fmt: skip


def states(engine: Engine) -> list[dict[str, bytes]]:
    made = scenario(QUARTERLY)
    course, key = course_of(made), key_of(7, 0)
    world = world_of(course.blueprint, key)
    start, found = copied(world).buyers, []
    for year in range(made.years):
        advance(world, start, course, key, year, year + 1, engine)
        found.append({name: value.tobytes() for name, value in arrays(world).items()})
    return found


def test_kernel_and_reference_agree_in_every_bit_by_quarter() -> None:
    for year, (one, two) in enumerate(zip(states("compiled"), states("reference"), strict=True)):
        assert [name for name in one if one[name] != two[name]] == [], f"year {year}"
    compiled = simulate(QUARTERLY, LEVERS, 2, seed=3).frame("runs")
    assert compiled.equals(simulate(QUARTERLY, LEVERS, 2, seed=3, engine="reference").frame("runs"))
    assert compiled["year"].unique().to_list() == list(range(1968, 1982))


@pytest.mark.parametrize("period", ["year", "quarter"])
def test_closures_of_every_quarter_are_counted(period: str) -> None:
    # Relations cost half a unit's price, so that firms close in every quarter, though none twice in a year.
    made = scenario({**SMALL, "period": period}).with_parameters(relation_cost=0.5)
    course, key = course_of(made), key_of(7, 0)
    world = world_of(course.blueprint, key)
    start = copied(world).buyers
    advance(world, start, course, key, 0, 1)
    closed = _followed(world, start, course, key, 1)["closed"]
    by_year = replicate(futures_of(made), 7, 0)[0, :, list(METRICS).index("closures")]
    assert closed.sum() == by_year[1:].sum() > 50


def test_wrong_period_is_refused() -> None:
    with pytest.raises(StudyError, match=r"period.*quarter"):
        scenario({**SMALL, "period": "quarters"})


@pytest.fixture(scope="module")
def history() -> History:
    return simulate_history(small(years=10, period="quarter"), seed=3, engine="reference")


@pytest.fixture(scope="module")
def emitted(history: History) -> Emitted:
    return emit(history)


def test_years_are_the_sum_of_their_quarters(history: History) -> None:
    assert set(history.deliveries["part"]) == {0, 1, 2, 3}
    quarters = history.deliveries.group_by("year").agg(pl.col("volume").sum()).sort("year")["volume"]
    years = history.relations.group_by("year").agg(pl.col("volume").sum()).sort("year")["volume"]
    np.testing.assert_allclose(quarters, years, rtol=1e-12)
    cube = replicate(futures_of(history.scenario), 3, 0, "reference")[0]
    far = history.relations.join(history.buyers.filter(pl.col("region") == "far"), on="buyer", how="semi")
    for year in (1974, 1977):
        sold = far.filter(pl.col("year") == year)
        assert sold["volume"].sum() == pytest.approx(cube[year - 1968, list(METRICS).index("export_volume")], rel=1e-6)
        value = (sold["volume"] * sold["price"]).sum()
        assert value == pytest.approx(cube[year - 1968, list(METRICS).index("export_value")], rel=1e-6)


def test_relation_years_by_hand() -> None:
    rows = pl.DataFrame(
        {
            "supplier": ["a"] * 4, "buyer": ["b"] * 4, "year": [1990] * 3 + [1991], "part": [0, 1, 2, 0],
            "volume": [1.0, 3.0, 3.0, 2.0], "price": [1.0, 2.0, 1.0, 5.0], "taught": [0.1, 0.2, 0.0, 0.0],
            "form": ["market", "network", "quasi_hierarchy", "market"], "age": [0, 0, 0, 1],
        }
    )  # fmt: skip
    found = relation_years(rows)
    assert found["volume"].to_list() == [7.0, 2.0]
    assert found["price"].to_list() == pytest.approx([10 / 7, 5.0])
    assert found["taught"].to_list() == pytest.approx([0.3, 0.0])
    assert found["form"].to_list() == ["quasi_hierarchy", "market"]
    assert "part" not in found.columns


def test_supplier_years_by_hand() -> None:
    rows = pl.DataFrame(
        {
            "supplier": ["a", "a"], "year": [1990, 1990], "process": [0.3, 0.4], "volume": [1.0, 2.0],
            "sales": [1.0, 3.0], "profit": [0.1, 0.2], "unit_cost": [0.8, 0.7], "investment": [0.0, 0.5],
            "gain": [0.0, 0.6], "fear": [0.0, 0.2],
        }
    )  # fmt: skip
    found = supplier_years(rows).row(0, named=True)
    assert (found["volume"], found["sales"], found["investment"]) == (3.0, 4.0, 0.5)
    assert found["profit"] == pytest.approx(0.3)
    assert (found["process"], found["unit_cost"], found["gain"], found["fear"]) == (0.3, 0.7, 0.6, 0.2)


def test_shipments_are_dated_in_their_quarter(history: History, emitted: Emitted) -> None:
    day = pl.col("date")
    rows = emitted.tables["transactions"].with_columns(
        year=day.dt.year().cast(pl.Int64), part=(day.dt.quarter() - 1).cast(pl.Int64)
    )
    key = ["supplier", "buyer", "year", "part"]
    shipped = rows.group_by(key).agg(pl.col("quantity").sum(), shipments=pl.len()).sort(key)
    expected = history.deliveries.select(*key, pairs=pl.col("volume") * Units().pairs).sort(key)
    assert_frame_equal(shipped.select(key), expected.select(key))
    assert ((shipped["quantity"] - expected["pairs"]).abs() <= shipped["shipments"]).all()


def test_truth_is_by_year(history: History, emitted: Emitted) -> None:
    forms = emitted.truth["forms"]
    assert forms.select("supplier", "buyer", "year").is_unique().all()
    designs = forms["form"].is_in(["market", "network"]).cast(pl.Int64)
    assert (forms["performs_design"] == designs).all()
    assert emitted.tables["suppliers"].select("supplier", "year").is_unique().all()


def test_quarters_tell_the_same_story_of_the_valley() -> None:
    """Every check has the same outcome, and far trade is of the same size."""
    year = scenario("sinos_valley").model_copy(update={"years": 33})
    found = [
        simulate(world, replications=32, kind="polars")
        for world in (year, year.model_copy(update={"period": "quarter"}))
    ]
    checks = [sinos_checks(result).select("name", "hit") for result in found]
    assert_frame_equal(*checks)
    sizes = [
        result.frame("paths").filter((pl.col("metric") == "export_value") & (pl.col("year") >= 1980))["mean"].sum()
        for result in found
    ]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.15)
