"""Exploration: regret by hand, a planted box, Ishigami's published indices, winners, and the whole at small size."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import SinosError, StudyError
from sinos.strategies.discovery import discover
from sinos.strategies.explore import RISE, breaks_out, drawn, explore
from sinos.strategies.levers import strategy
from sinos.strategies.metrics import METRICS
from sinos.strategies.regret import regret
from sinos.strategies.scenario import scenario
from sinos.strategies.sensitivity import sensitivity
from sinos.strategies.simulate import simulate
from sinos.strategies.winners import winners
from sinos.strategies.worlds import varied
from tests.strategies.test_engine import LEVERS, SMALL


def test_regret_by_hand() -> None:
    values = np.array([[1.0, 4.0, 2.0], [3.0, 1.0, 2.5], [np.nan, 9.0, 9.0]])
    table = regret(values, ["a", "b", "c"])
    assert table["worlds"].to_list() == [2, 2, 2]
    assert table["mean_regret"].to_list() == pytest.approx([1.5, 1.0, 1.25])
    assert table["max_regret"].to_list() == [3.0, 2.0, 2.0]
    assert table["minimax"].to_list() == [False, True, True]
    assert table["share_best"].to_list() == [0.5, 0.5, 0.0]
    low = regret(values, ["a", "b", "c"], higher_is_better=False)
    assert low["max_regret"].to_list() == [2.0, 3.0, 1.5]
    assert regret(values[2:], ["a", "b", "c"])["max_regret"].null_count() == 3


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=20))
def test_regret_is_never_negative_and_somebody_is_best(rows: list[tuple[float, float]]) -> None:
    table = regret(np.array(rows), ["a", "b"])
    assert (table["mean_regret"] >= 0).all()
    assert table["share_best"].sum() >= 1


def test_a_planted_box_is_found() -> None:
    rng = np.random.default_rng(4)
    x = rng.random((1200, 5))
    y = (x[:, 1] > 0.6) & (x[:, 3] < 0.4)
    found = discover(x, y, list("abcde"))
    assert found.cases == int(y.sum())
    assert found.density is not None
    assert found.density > 0.9
    assert found.density_held_out is not None
    assert found.density_held_out > 0.9
    limits = {row["parameter"]: row for row in found.limits.filter(pl.col("p_value") < 1e-6).to_dicts()}
    assert set(limits) == {"b", "d"}
    assert limits["b"]["low"] == pytest.approx(0.6, abs=0.05)
    assert limits["b"]["high"] is None
    assert limits["d"]["high"] == pytest.approx(0.4, abs=0.05)
    assert found.path["coverage"].is_sorted(descending=True)


def test_a_box_in_noise_does_not_survive_the_points_held_out() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.random((400, 8)), rng.random(400) < 0.3
    found = discover(x, y, list("abcdefgh"))
    assert found.density is not None
    assert found.density_held_out is not None
    assert found.density > found.density_held_out
    assert found.density_held_out == pytest.approx(0.3, abs=0.2)


def test_nothing_and_everything_are_no_scenario() -> None:
    x = np.random.default_rng(1).random((40, 2))
    for case in (np.zeros(40, bool), np.ones(40, bool)):
        found = discover(x, case, ["a", "b"])
        assert found.limits.height == 0
        assert (found.coverage, found.density, found.density_held_out) == (None, None, None)
    with pytest.raises(StudyError, match="too few"):
        discover(x[:10], np.ones(10, bool), ["a", "b"])


def ishigami(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    x = points
    return np.asarray(np.sin(x[:, :1]) * (1 + 0.1 * x[:, 2:3] ** 4) + 7 * np.sin(x[:, 1:2]) ** 2)


PI3 = [(-np.pi, np.pi)] * 3


def test_sobol_gives_the_indices_of_ishigami() -> None:
    # Ishigami and Homma (1990) with a = 7, b = .1: first .3139, .4424, 0; total .5576, .4424, .2437.
    found = sensitivity(ishigami, ["a", "b", "c"], PI3, "sobol", 1024)
    rows = {row["parameter"]: row for row in found.indices.to_dicts()}
    for name, first, total in (("a", 0.3139, 0.5576), ("b", 0.4424, 0.4424), ("c", 0.0, 0.2437)):
        assert rows[name]["first"] == pytest.approx(first, abs=0.04), name
        assert rows[name]["total"] == pytest.approx(total, abs=0.04), name
    assert found.noise is None
    assert found.points == 1024 * 5


def test_morris_finds_that_all_three_matter_and_that_c_acts_through_a() -> None:
    found = sensitivity(ishigami, ["a", "b", "c"], PI3, "morris", 60)
    rows = {row["parameter"]: row for row in found.indices.to_dicts()}
    assert all(row["effect"] > 1 for row in rows.values())
    assert rows["c"]["interaction"] > 1


def test_noise_of_replications_is_told_apart() -> None:
    rng = np.random.default_rng(2)

    def noisy(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return points[:, :1] + rng.normal(0, 1, (points.shape[0], 50))

    found = sensitivity(noisy, ["a"], [(0.0, 12**0.5)], "sobol", 512)  # the parameter's variance is 1, as the noise's
    assert found.noise == pytest.approx(0.5, abs=0.05)
    with pytest.raises(StudyError, match="the same everywhere"):
        sensitivity(lambda points: np.ones((points.shape[0], 2)), ["a"], [(0.0, 1.0)], "morris", 4)
    with pytest.raises(StudyError, match="not known at"):
        sensitivity(lambda points: np.full((points.shape[0], 2), np.nan), ["a"], [(0.0, 1.0)], "morris", 4)


def test_a_strategy_without_effect_has_neither_winners_nor_losers() -> None:
    idle = strategy({"name": "idle", "levers": [{"kind": "home_market", "start": 1972, "size": 0.0}]})
    table = winners(scenario(SMALL), [idle], 3, 1)
    known = table.filter(pl.col("difference").is_not_null())
    assert known.height > 10
    assert (known["difference"] == 0).all()
    assert (known["gaining"] == 0).all()


def test_a_costly_strategy_makes_losers() -> None:
    paid = strategy({"name": "paid", "levers": [{"kind": "home_market", "start": 1972, "size": 0.0, "cost": 0.05}]})
    table = winners(scenario(SMALL), [paid], 3, 1).filter(
        (pl.col("outcome") == "profit") & (pl.col("grouping") == "size")
    )
    assert (table["difference"] < 0).all()
    assert (table["gaining"] < 0.5).all()
    assert table["number"].sum() == 25


def test_winnings_add_up_to_what_simulate_says() -> None:
    made = strategy({"name": "spread", "levers": [{"kind": "diversify", "start": 1972}]})
    profit = simulate(SMALL, [made], 4, 3).frame("runs").filter(pl.col("metric") == "profit")
    total = profit.group_by("strategy").agg(pl.col("value").sum() / 4)
    by_name = dict(total.iter_rows())
    table = winners(scenario(SMALL), [made], 4, 3).filter(
        (pl.col("outcome") == "profit") & (pl.col("grouping") == "size")
    )
    won = (table["number"] * table["difference"]).sum()
    assert won == pytest.approx(by_name["spread"] - by_name["baseline"], abs=1e-5)
    assert won != 0


def test_breaking_out_needs_both_design_and_freedom() -> None:
    values = np.zeros((3, 1, 2, len(METRICS)))
    design, locked = (list(METRICS).index(name) for name in ("design_capability", "export_quasi_hierarchy"))
    values[:, 0, 1, design] = [RISE + 0.01, RISE + 0.01, RISE - 0.01]
    values[:, 0, 1, locked] = [0.4, 0.6, 0.4]
    assert breaks_out(values, scenario(SMALL)).tolist() == [True, False, False]


def test_draws_fill_the_ranges() -> None:
    points = drawn(40, varied(), 3)
    for number, one in enumerate(varied()):
        assert one.low <= points[:, number].min() <= points[:, number].max() <= one.high
        middle = (one.low + one.high) / 2
        assert (points[:, number] < middle).sum() == 20


def test_an_exploration_is_whole_and_the_same_again() -> None:
    made = [explore(SMALL, LEVERS, 20, 1, 7, size=2) for _ in range(2)]
    for name in made[0].names():
        assert made[0].frame(name).equals(made[1].frame(name)), name
    assert made[0].frame("regret")["strategy"].to_list() == ["baseline", "mixed", "standard"]
    assert made[0].frame("draws").height == 20
    assert made[0].frame("sensitivity").height == len(varied())
    assert made[0].screening is not None
    assert made[0].screening.points == 2 * (len(varied()) + 1)
    assert "illustration" in made[0].summary().lower()


@pytest.mark.parametrize(
    ("options", "named"), [({"draws": 5}, "too few"), ({"metric": "design_capabilty"}, "design_capability")]
)
def test_wrong_options_are_explained(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SinosError, match=named):
        explore(SMALL, (), **options)
