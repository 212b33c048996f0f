"""Process upgrading with prices taken out, inter-sectoral entry, and the panel's base years."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from sinos.upgrading import inter_sectoral, process
from sinos.upgrading.direction import with_direction
from sinos.upgrading.panel import panel_changes

UNITS = pl.DataFrame({"unit": ["a", "a"], "year": [1990, 1993]})


def accounts(**columns: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"supplier": ["a", "a"], "year": [1990, 1993], **columns})


def prices(change: float | None) -> pl.DataFrame:
    frame = pl.DataFrame({"unit": ["a"], "year": [1993], "from_year": [1990], "change": [change]})
    return frame.cast({"change": pl.Float64})


def unit_values(*values: float) -> pl.DataFrame:
    years = [1990, 1993][: len(values)]
    return pl.DataFrame(
        {"unit": ["a"] * len(values), "year": years, "value": list(values)},
        schema={"unit": pl.String, "year": pl.Int64, "value": pl.Float64},
    )


def changed(survey: pl.DataFrame, price: float | None, *values: float) -> dict[str, dict[str, Any]]:
    levels = process.levels(survey, unit_values(*values))
    rows = process.changes(UNITS, levels, prices(price), 3, 0.05).filter(pl.col("year") == 1993)
    directed = with_direction(rows, 0.05, home_known=False)
    return {row["measure"]: row for row in directed.iter_rows(named=True)}


def test_levels_by_hand() -> None:
    survey = accounts(
        wage_bill=[20.0, 30.0],
        materials=[30.0, 30.0],
        output=[100.0, 120.0],
        employment=[10.0, 0.0],
        value_added=[70.0, 90.0],
    )
    levels = process.levels(survey, unit_values(8.0, 6.0))
    got = {(m, y): v for _, y, m, v in levels.iter_rows()}
    assert got["cost_share", 1990] == pytest.approx(0.5)
    assert got["unit_cost", 1990] == pytest.approx(4.0)
    assert got["unit_cost", 1993] == pytest.approx(3.0)
    assert got["labour_productivity", 1990] == pytest.approx(7.0)
    assert ("labour_productivity", 1993) not in got  # nobody employed: nothing is divided by zero


def test_productivity_is_deflated_by_own_prices() -> None:
    """Sales per person fall by a tenth while prices fall by a quarter: more pairs per person, so upgrading (H5)."""
    row = changed(accounts(output=[100.0, 90.0], employment=[1.0, 1.0]), math.log(0.75), 8.0, 6.0)[
        "labour_productivity"
    ]
    assert row["change"] == pytest.approx(math.log(0.9) - math.log(0.75))
    assert row["direction"] == "up"
    assert row["warning"] is None


def test_productivity_without_prices_carries_a_warning() -> None:
    row = changed(accounts(output=[100.0, 130.0], employment=[1.0, 1.0]), None)["labour_productivity"]
    assert row["direction"] == "up"
    assert "prices are unknown" in row["warning"]


def test_cost_share_that_prices_alone_would_move_is_not_read() -> None:
    survey = accounts(wage_bill=[20.0, 20.0], materials=[30.0, 30.0], output=[100.0, 80.0])
    row = changed(survey, math.log(0.8), 8.0, 6.4)
    assert row["cost_share"]["direction"] == "not_observable"
    assert "prices changed by -0.22" in row["cost_share"]["reason"]
    assert row["unit_cost"]["direction"] == "flat"


@pytest.mark.parametrize(
    ("measure", "before", "after", "direction"),
    [
        ("on_time_share", 0.6, 0.8, "up"),
        ("on_time_share", 0.8, 0.6, "down"),
        ("on_time_share", 0.80, 0.84, "flat"),
        ("defect_rate", 0.10, 0.05, "up"),
        ("defect_rate", 0.05, 0.10, "down"),
        ("lead_time_days", 90.0, 60.0, "up"),
        ("lead_time_days", 60.0, 90.0, "down"),
    ],
)
def test_survey_measures_move_the_right_way(measure: str, before: float, after: float, direction: str) -> None:
    assert changed(accounts(**{measure: [before, after]}), None)[measure]["direction"] == direction


def test_no_columns_no_changes() -> None:
    levels = process.levels(accounts(), unit_values())
    assert levels.height == 0
    assert process.changes(UNITS, levels, prices(None), 3, 0.05).height == 0


def test_zero_in_a_log_measure_is_no_value() -> None:
    levels = pl.DataFrame({"unit": ["a", "a"], "year": [1990, 1993], "value": [0.0, 0.1]})
    rows = panel_changes(UNITS, levels, "defect_rate", 3)
    assert rows["reason"].to_list() == ["no value in 1990", "no value 3 to 6 years before 1993"]


def sales(*rows: tuple[int, str, float]) -> pl.DataFrame:
    schema = {"year": pl.Int64, "product": pl.String, "value": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row").with_columns(unit=pl.lit("a"))


NO_SECTORS = pl.DataFrame(schema={"product": pl.String, "sector": pl.String})


def entry(rows: pl.DataFrame, year: int, products: pl.DataFrame = NO_SECTORS) -> dict[str, Any]:
    units = pl.DataFrame({"unit": ["a"], "year": [year]})
    sold = inter_sectoral.groups(rows, products)
    return inter_sectoral.changes(units, sold, list(range(1990, 1999)), 3).row(0, named=True)


SHOES = [(year, "640399", 90.0) for year in range(1990, 1999)]


def test_sustained_entry_into_a_new_chapter() -> None:
    rows = sales(*SHOES, (1995, "420221", 10.0), (1996, "420221", 10.0), (1997, "420221", 10.0), (1998, "420221", 10.0))
    assert entry(rows, 1995)["change"] == 0.0  # one year is not yet sustained
    assert entry(rows, 1996)["change"] == pytest.approx(0.1)
    assert entry(rows, 1997)["change"] == pytest.approx(0.1)
    assert entry(rows, 1998)["change"] == 0.0  # no longer new: sold three years before
    assert entry(rows, 1996)["from_year"] == 1993


def test_small_or_single_or_old_groups_are_no_entry() -> None:
    small = sales(*SHOES, (1995, "420221", 2.0), (1996, "420221", 2.0))
    single = sales(*SHOES, (1995, "420221", 50.0))
    old = sales(*SHOES, (1991, "420221", 50.0), (1995, "420221", 50.0), (1996, "420221", 50.0))
    assert [entry(rows, 1996)["change"] for rows in (small, single, old)] == [0.0, 0.0, 0.0]


def test_sector_table_comes_before_the_chapter() -> None:
    rows = sales(*SHOES, (1995, "640610", 10.0), (1996, "640610", 10.0))
    assert entry(rows, 1996)["change"] == 0.0  # the same chapter
    given = pl.DataFrame({"product": ["640399", "640610"], "sector": ["footwear", "components"]})
    assert entry(rows, 1996, given)["change"] == pytest.approx(0.1)


def test_reasons_of_sectors() -> None:
    late = sales(*[(year, "640399", 1.0) for year in range(1994, 1999)])
    assert entry(late, 1996)["reason"] == "no recorded sales 3 or more years before 1996"
    assert entry(late, 1993)["reason"] == "no recorded sales with a sector or an HS code in 1993"
    assert entry(sales(*SHOES), 1992)["reason"] == "the records cover fewer than 3 years before 1992"
    words = sales((1996, "shoes", 1.0))
    assert inter_sectoral.groups(words, pl.DataFrame({"product": ["x"]})).height == 0
