"""Functional upgrading: gains and losses, the skill order, the ladder, logistics from Incoterms."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.upgrading import functional
from sinos.upgrading.rules import steps

NAMES = tuple(steps())


def survey(*rows: tuple[int, set[str]]) -> pl.DataFrame:
    return pl.DataFrame(
        [{"supplier": "a", "year": year} | {f"performs_{n}": int(n in done) for n in NAMES} for year, done in rows]
    )


def change(before: set[str], after: set[str]) -> float:
    frame = survey((1990, before), (1993, after))
    units = pl.DataFrame({"unit": ["a"], "year": [1993]})
    changes, _ = functional.set_changes(units, frame, 3)
    return float(changes["change"][0])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"production"}, {"production", "design"}, 1.0),
        ({"production", "design"}, {"production"}, -1.0),
        ({"production", "design"}, {"design"}, 1.0),  # dropping a low-skill function is upgrading
        ({"production"}, {"production"}, 0.0),
        ({"production", "design"}, {"production", "sourcing", "logistics"}, -1.0),  # the highest rung decides
        ({"production", "sourcing", "logistics"}, {"production", "design"}, 1.0),
        ({"production"}, {"production", "sourcing", "logistics"}, 2.0),
        ({"production", "marketing"}, {"production", "branding"}, 0.0),
    ],
)
def test_gains_and_losses(before: set[str], after: set[str], expected: float) -> None:
    assert change(before, after) == expected


@given(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
@settings(max_examples=40, deadline=None)
def test_exchanging_the_years_exchanges_up_and_down(before: set[str], after: set[str]) -> None:
    assert change(before, after) == -change(after, before)


def test_names_of_what_was_gained_and_lost() -> None:
    frame = survey((1990, {"production", "design"}), (1993, {"production", "sourcing", "logistics"}))
    _, moved = functional.set_changes(pl.DataFrame({"unit": ["a"], "year": [1993]}), frame, 3)
    assert moved.row(0) == ("a", 1993, "sourcing;logistics", "design")


def test_unknown_functions_are_left_out_of_the_comparison() -> None:
    frame = survey((1990, {"production"}), (1993, {"production", "design"})).with_columns(
        performs_design=pl.when(pl.col("year") == 1990).then(None).otherwise(pl.col("performs_design"))
    )
    changes, moved = functional.set_changes(pl.DataFrame({"unit": ["a"], "year": [1993]}), frame, 3)
    assert changes["change"].to_list() == [0.0]
    assert moved.height == 0


def level(frame: pl.DataFrame, measure: str) -> list[Any]:
    empty = pl.DataFrame(schema={"supplier": pl.String, "buyer": pl.String, "year": pl.Int64, "value": pl.Float64})
    rows = functional.levels(frame, empty, empty.select("supplier", "year"))
    return rows.filter(pl.col("measure") == measure)["value"].to_list()


@pytest.mark.parametrize(
    ("done", "step"),
    [
        ({"production"}, 1.0),
        ({"production", "sourcing"}, 2.0),
        ({"production", "logistics"}, 2.0),
        ({"production", "design"}, 3.0),
        ({"production", "branding"}, 4.0),
        ({"production", "marketing"}, 1.0),
    ],
)
def test_ladder(done: set[str], step: float) -> None:
    assert level(survey((1990, done)), "ladder_step") == [step]


def test_ladder_from_shares_and_unknown_higher_rungs() -> None:
    shares = survey((1990, {"production"})).with_columns(own_design_share=0.3, own_brand_share=0.0)
    assert level(shares, "ladder_step") == [3.0]
    unknown = survey((1990, {"production", "design"})).with_columns(performs_branding=pl.lit(None, pl.Int64))
    assert level(unknown, "ladder_step") == []
    assert level(unknown, "functions") == []
    assert level(survey((1990, {"production", "design"})), "functions") == [2.0]
    assert level(survey((1990, set())).drop("performs_design"), "functions") == []


def test_logistics_is_weighted_by_value() -> None:
    relations = pl.DataFrame(
        {
            "supplier": ["a", "a", "a"],
            "buyer": ["x", "y", "z"],
            "year": [1990, 1990, 1990],
            "value": [300.0, 100.0, 50.0],
            "logistics_share": [0.0, 1.0, None],
        }
    )
    none = pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64})
    rows = functional.levels(none, relations, none)
    assert rows.rows() == [("a", 1990, "logistics_share", 0.25)]


def test_recorded_brands_are_read_where_measured() -> None:
    none = pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64})
    years = pl.DataFrame({"supplier": ["a"], "year": [1990], "own_brand_recorded": [0.4]})
    empty = pl.DataFrame(schema={"supplier": pl.String, "buyer": pl.String, "year": pl.Int64, "value": pl.Float64})
    assert functional.levels(none, empty, years).rows() == [("a", 1990, "own_brand_recorded", 0.4)]
