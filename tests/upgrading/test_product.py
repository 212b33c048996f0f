"""Product upgrading: hand-computed relative unit values, bounded influence, invariances, tiers and quadrants."""

from __future__ import annotations

import math
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.upgrading import clusters, product

Row = tuple[str, str, str, int, float, float]


def cells_of(rows: list[Row]) -> pl.DataFrame:
    frame = pl.DataFrame(
        rows,
        schema={
            "supplier": pl.String,
            "product": pl.String,
            "destination": pl.String,
            "year": pl.Int64,
            "value": pl.Float64,
            "quantity": pl.Float64,
        },
        orient="row",
    )
    return frame.with_columns(quantity_value=pl.col("value"))


def four(year: int, prices: tuple[float, float, float, float], product_code: str = "640399") -> list[Row]:
    return [(name, product_code, "US", year, 100.0 * price, 100.0) for name, price in zip("abcd", prices, strict=True)]


def units_of(*pairs: tuple[str, int]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema={"unit": pl.String, "year": pl.Int64}, orient="row")


def change_of(rows: list[Row], unit: str = "a", year: int = 1993, measure: str = "relative") -> dict[str, object]:
    cells = product.supplier_cells(cells_of(rows))
    return product.matched_changes(units_of((unit, year)), cells, measure, "relative_unit_value", 3).row(0, named=True)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9), st.lists(st.floats(-5, 5), max_size=6))
@settings(max_examples=40, deadline=None)
def test_others_median_is_the_median_of_the_others(first: list[float], second: list[float]) -> None:
    values = np.array([*first, *second])
    groups = np.array([0] * len(first) + [1] * len(second))
    got = product.others_median(values, groups)
    for group in (first, second):
        for position, value in enumerate(group):
            others = group[:position] + group[position + 1 :]
            here = got[position if group is first else len(first) + position]
            assert math.isnan(here) if not others else here == pytest.approx(statistics.median(others))
            assert value == value


def test_no_values_no_medians() -> None:
    assert product.others_median(np.array([]), np.array([], dtype=np.int64)).shape == (0,)


def test_relative_unit_value_against_the_median_of_the_others() -> None:
    cells = product.supplier_cells(cells_of(four(1990, (12.0, 8.0, 10.0, 20.0))))
    relative = dict(cells.select("unit", "relative").iter_rows())
    assert relative["a"] == pytest.approx(math.log(12 / 10))
    assert relative["b"] == pytest.approx(math.log(8 / 12))
    assert cells["comparators"].to_list() == [3, 3, 3, 3]


def test_too_few_others_give_no_benchmark() -> None:
    cells = product.supplier_cells(cells_of(four(1990, (12.0, 8.0, 10.0, 20.0))[:3]))
    assert cells["relative"].null_count() == 3


def test_common_fall_of_prices_cancels_in_relative_and_shows_in_absolute() -> None:
    rows = four(1990, (12.0, 10.0, 10.0, 10.0)) + four(1993, (9.0, 7.5, 7.5, 7.5))
    assert change_of(rows)["change"] == pytest.approx(0.0)
    assert change_of(rows, measure="log_unit_value")["change"] == pytest.approx(math.log(0.75))


def test_change_is_weighted_by_value_in_both_years_on_common_cells() -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (12.0, 10.0, 10.0, 10.0))
    rows += four(1990, (5.0, 5.0, 5.0, 5.0), "640299") + four(1993, (5.0, 5.0, 5.0, 5.0), "640299")
    rows += four(1993, (30.0, 10.0, 10.0, 10.0), "640391")  # sold in one year only: composition, not upgrading
    weight, other = 1000.0 + 1200.0, 500.0 + 500.0
    got = change_of(rows)
    assert got["change"] == pytest.approx(math.log(1.2) * weight / (weight + other))
    assert got["from_year"] == 1990
    assert got["reason"] is None


def test_interval_uses_the_pooled_spread_of_cell_changes() -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (12.0, 10.0, 10.0, 10.0))
    rows += four(1990, (10.0, 10.0, 10.0, 10.0), "640299") + four(1993, (10.0, 10.0, 10.0, 10.0), "640299")
    cells = product.supplier_cells(cells_of(rows))
    units = units_of(*[(name, 1993) for name in "abcd"])
    got = product.matched_changes(units, cells, "relative", "relative_unit_value", 3)
    changes = [[math.log(1.2), 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    share = [2200 / 4200, 2000 / 4200]
    mean = share[0] * changes[0][0]
    spread = math.sqrt(((changes[0][0] - mean) ** 2 + mean**2) / (8 - 4))
    half = 1.6448536269514722 * spread * math.sqrt(share[0] ** 2 + share[1] ** 2)
    row = got.row(by_predicate=pl.col("unit") == "a", named=True)
    assert row["change"] == pytest.approx(mean)
    assert row["high"] - row["low"] == pytest.approx(2 * half)


def test_pooled_spread_needs_a_group_of_two() -> None:
    assert math.isnan(product.pooled_spread(np.array([0.0]), np.array([0]), 1))


@given(st.floats(0.01, 100.0))
@settings(max_examples=15, deadline=None)
def test_scale_of_currency_and_unit_does_not_matter(factor: float) -> None:
    rows = four(1990, (12.0, 8.0, 10.0, 20.0)) + four(1993, (13.0, 8.0, 11.0, 19.0))
    scaled = [(s, p, d, y, value * factor, quantity / factor) for s, p, d, y, value, quantity in rows]
    assert change_of(scaled)["change"] == pytest.approx(change_of(rows)["change"])


@given(st.sampled_from([12.0, 100.0, 1000.0, 0.001]))
@settings(max_examples=4, deadline=None)
def test_error_of_unit_is_left_out_and_does_not_move_the_others(factor: float) -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1990, (10.0, 10.0, 10.0, 10.0), "640299")
    rows += four(1993, (12.0, 10.0, 10.0, 10.0)) + four(1993, (12.0, 10.0, 10.0, 10.0), "640299")
    broken = [(s, p, d, y, v, q * factor if (s, p, y) == ("a", "640299", 1993) else q) for s, p, d, y, v, q in rows]
    cells = product.supplier_cells(cells_of(broken))
    assert cells["error"].sum() == 1
    assert change_of(broken)["change"] == pytest.approx(math.log(1.2))
    assert change_of(broken, unit="b")["change"] == pytest.approx(change_of(rows, unit="b")["change"])


def test_one_cell_counts_at_most_as_a_doubling() -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (40.0, 10.0, 10.0, 10.0))
    assert change_of(rows)["change"] == pytest.approx(math.log(2))


def test_exchanging_the_years_exchanges_the_sign() -> None:
    up = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (12.0, 10.0, 10.0, 10.0))
    down = four(1990, (12.0, 10.0, 10.0, 10.0)) + four(1993, (10.0, 10.0, 10.0, 10.0))
    assert change_of(up)["change"] == pytest.approx(-float(str(change_of(down)["change"])))


def test_reasons_name_what_is_missing() -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0), "640299") + four(1993, (12.0, 10.0, 10.0, 10.0))
    assert change_of(rows)["reason"] == "no product and destination sold in both 1990 and 1993"
    assert change_of(rows, year=1990)["reason"] == "no comparable cell 3 to 6 years before 1990"
    assert "at least 3 other suppliers" in str(change_of(rows, year=1999)["reason"])
    small = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (10.0, 10.0, 10.0, 10.0))
    small.append(("a", "640391", "US", 1993, 100_000.0, 10.0))
    assert "too little of the sales of 1993" in str(change_of(small)["reason"])


def test_tiers_sum_to_one_and_follow_the_bound() -> None:
    rows = four(1990, (11.6, 10.0, 10.0, 10.0)) + four(1990, (8.0, 10.0, 10.0, 10.0), "640299")
    table = product.tiers(product.supplier_cells(cells_of(rows)), 1.15)
    share = {tier: value for supplier, _, tier, value in table.iter_rows() if supplier == "a"}
    assert share["high"] == pytest.approx(1160 / 1960)
    assert share["low"] == pytest.approx(800 / 1960)
    assert share["middle"] == 0.0
    total = table.group_by("supplier", "year").agg(pl.col("share").sum())["share"]
    assert total.to_list() == pytest.approx([1.0] * 4)


def rivals(year: int, own: float, other: float, own_pairs: float, other_pairs: float) -> list[Row]:
    rows: list[Row] = [(name, "640399", "US", year, own * own_pairs, own_pairs) for name in ("a", "b", "c")]
    return rows + [(name, "640399", "US", year, other * other_pairs, other_pairs) for name in ("x", "y", "z")]


UNITS = pl.DataFrame(
    [(name, year, "valley" if name in "abc" else "rival") for name in "abcxyz" for year in (1990, 1993)],
    schema={"unit": pl.String, "year": pl.Int64, "cluster": pl.String},
    orient="row",
).with_columns(weight=pl.lit(1.0))


@pytest.mark.parametrize(
    ("own", "pairs", "expected"),
    [
        (12.0, 200.0, "product upgrading"),
        (8.0, 200.0, "process upgrading"),
        (12.0, 50.0, "niche retreat"),
        (8.0, 50.0, "downgrading"),
        (10.0, 100.0, "flat"),
    ],
)
def test_quadrants(own: float, pairs: float, expected: str) -> None:
    rows = rivals(1990, 10.0, 7.0, 100.0, 100.0) + rivals(1993, own, 7.0, pairs, 100.0)
    table = clusters.quadrants(UNITS, cells_of(rows), 3, 0.05)
    row = table.row(by_predicate=pl.col("cluster") == "valley", named=True)
    share = own * pairs / (own * pairs + 700) / (1000 / 1700)
    assert row["quadrant"] == expected
    assert row["relative_unit_value_change"] == pytest.approx(math.log(own / 10))
    assert row["market_share_change"] == pytest.approx(math.log(share))
    assert (row["from_year"], row["year"]) == (1990, 1993)


def test_no_quadrants_without_suppliers_outside() -> None:
    rows = four(1990, (10.0, 10.0, 10.0, 10.0)) + four(1993, (12.0, 10.0, 10.0, 10.0))
    units = pl.DataFrame(
        [(name, year, "valley", 1.0) for name in "abcd" for year in (1990, 1993)],
        schema={"unit": pl.String, "year": pl.Int64, "cluster": pl.String, "weight": pl.Float64},
        orient="row",
    )
    assert clusters.quadrants(units, cells_of(rows), 3, 0.05).height == 0
