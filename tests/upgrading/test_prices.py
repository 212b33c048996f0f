"""Prices taken out of productivity, and markups: hand-computed."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from planted import plants

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.prices import markups, physical_productivity, price_index
from sinos.upgrading.estimators.productivity import productivity


def cells(rows: list[tuple[str, str, int, float, float]]) -> pl.DataFrame:
    schema = ["supplier", "product", "year", "quantity_value", "quantity"]
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(destination=pl.lit("US"))


def test_price_index_is_chained_over_cells_sold_in_both_years() -> None:
    rows = [("a", "p", 2000, 10.0, 10.0), ("a", "q", 2000, 10.0, 5.0), ("a", "p", 2001, 30.0, 15.0),
            ("a", "q", 2001, 10.0, 5.0), ("a", "new", 2001, 99.0, 1.0), ("a", "p", 2003, 1.0, 1.0),
            ("a", "zero", 2000, 1.0, 0.0)]  # fmt: skip
    result = price_index(cells(rows))
    table = result.frame()
    step = 0.5 * (0.5 + 0.75) * math.log(2)
    assert table["log_price"].to_list() == pytest.approx([0.0, step, 0.0])
    assert table["run"].to_list() == [1, 1, 2]
    assert table["cells"].to_list() == [0, 2, 0]
    assert result.missing[0].count == 1


def test_falling_prices_are_not_falling_efficiency() -> None:
    """The Sinos Valley in the 1990s: prices fall by 20 %, physical productivity rises by 10 %."""
    revenue = pl.DataFrame({"supplier": ["a"] * 2, "year": [1990, 1991], "log_tfp": [1.0, 0.9]})
    prices = pl.DataFrame({"supplier": ["a"] * 2, "year": [1990, 1991], "log_price": [0.0, -0.2]})
    result = physical_productivity(revenue, prices)
    row = result.frame().row(1, named=True)
    assert row["change_tfpr"] == pytest.approx(-0.1)
    assert row["change_tfpq"] == pytest.approx(0.1)
    assert row["reading"] == "only prices fell"
    assert "only because prices fell" in result.warnings[0]


@pytest.mark.parametrize(
    ("tfpr", "price", "reading"),
    [(0.2, 0.2, "only prices rose"), (-0.2, 0.0, "efficiency"), (0.0, 0.0, "flat"), (-0.2, None, None)],
)
def test_readings(tfpr: float, price: float | None, reading: str | None) -> None:
    revenue = pl.DataFrame({"supplier": ["a"] * 2, "year": [1990, 1991], "log_tfp": [0.0, tfpr]})
    prices = pl.DataFrame({"supplier": ["a"] * 2, "year": [1990, 1991], "log_price": [0.0, price]})
    result = physical_productivity(revenue, prices)
    assert result.frame()["reading"][1] == reading
    assert bool(result.missing) == (price is None)


def test_indices_of_different_runs_are_not_compared() -> None:
    revenue = pl.DataFrame({"supplier": ["a"] * 2, "year": [1990, 1991], "log_tfp": [0.0, 1.0]})
    prices = revenue.select("supplier", "year", log_price=pl.lit(0.0), run=pl.Series([1, 2]))
    assert physical_productivity(revenue, prices).frame()["change_tfpq"].to_list() == [None, None]


def test_markup_recovers_the_planted_one_from_an_estimated_elasticity() -> None:
    """Firms that minimise cost pay theta / mu of their revenue for the input."""
    world = plants(seed=3).with_columns(revenue=pl.col("y").exp())
    truth, theta = 1.3, 0.6
    noise = pl.Series(np.random.default_rng(1).normal(0, 0.1, world.height))
    world = world.with_columns(wages=pl.col("revenue") * theta / truth, noise=noise).with_columns(
        revenue=pl.col("revenue") * pl.col("noise").exp()
    )
    found = productivity(world, method="lp", output="y", free=["l"], state=["k"], proxy=["m"], logs=True, bootstrap=0)
    elasticity = found.frame("coefficients")["estimate"][0]
    table = markups(world, elasticity, output="revenue", cost="wages", noise="noise").frame()
    assert table["markup"].to_numpy() == pytest.approx(truth, rel=0.05)


def test_markup_is_missing_where_a_part_is_and_odd_levels_are_warned_of() -> None:
    frame = pl.DataFrame({"supplier": ["a", "b"], "year": [1, 1], "output": [10.0, 0.0], "materials": [8.0, 1.0]})
    result = markups(frame, 0.4)
    assert result.frame()["markup"].to_list() == [pytest.approx(0.5), None]
    assert result.missing[0].count == 1
    assert "below one" in result.warnings[0]
    with pytest.raises(UpgradingError, match="elasticity is -1"):
        markups(frame, -1.0)
