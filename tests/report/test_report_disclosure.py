"""Protection of small cells: what is withheld, what else must be withheld with it, and what a report then holds."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_sample import make, make_study

from sinos.report import report
from sinos.report.disclosure import Protection, band, protection, withhold
from sinos.report.sharing import shareable

THREE = Protection(min_cell=3)


def test_small_cells_are_blanked_and_marked() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "firms": [2, 3, 0, 1]})
    out, hidden = withhold(frame, ("x",), ("firms",), THREE)
    assert out["x"].to_list() == [None, 2.0, 3.0, None]
    assert out["withheld"].to_list() == [True, False, False, True]
    assert hidden == 2


def test_one_small_cell_takes_the_next_smallest_with_it_when_a_total_is_printed() -> None:
    frame = pl.DataFrame({"g": ["a", "a", "a", "b", "b"], "x": [10, 4, 2, 9, 8], "firms": [10, 4, 2, 9, 8]})
    out, hidden = withhold(frame, ("x",), ("firms",), THREE, within=("g",))
    assert out["x"].to_list() == [10, None, None, 9, 8]
    assert hidden == 2


def test_two_small_cells_that_add_up_to_enough_need_no_third() -> None:
    frame = pl.DataFrame({"x": [10, 2, 2], "firms": [10, 2, 2]})
    assert withhold(frame, ("x",), ("firms",), THREE, within=())[0]["x"].to_list() == [10, None, None]
    frame = pl.DataFrame({"x": [10, 1, 1], "firms": [10, 1, 1]})
    assert withhold(frame, ("x",), ("firms",), THREE, within=())[0]["x"].to_list() == [None, None, None]


def test_nothing_is_withheld_when_nothing_is_asked() -> None:
    frame = pl.DataFrame({"x": [1], "firms": [1]})
    out, hidden = withhold(frame, ("x",), ("firms",), Protection())
    assert out["x"].to_list() == [1]
    assert hidden == 0
    assert withhold(frame, ("x",), (), THREE)[1] == 0


def test_an_unknown_number_of_firms_is_a_small_cell() -> None:
    frame = pl.DataFrame({"x": [1.0], "firms": [None]}, schema={"x": pl.Float64, "firms": pl.Int64})
    assert withhold(frame, ("x",), ("firms",), THREE)[1] == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(2, 5))
def test_withheld_cells_cannot_be_found_from_the_total(counts: list[int], least: int) -> None:
    frame = pl.DataFrame({"x": counts, "firms": counts})
    out, hidden = withhold(frame, ("x",), ("firms",), Protection(min_cell=least), within=())
    assert all(value is None or value == 0 or value >= least for value in out["x"].to_list())
    shown = sum(value for value in out["x"].to_list() if value is not None)
    if hidden and any(value for value in out["x"].to_list()):
        assert hidden >= 2
        assert sum(counts) - shown >= least


def test_countries_and_programmes_are_not_firms() -> None:
    study = make_study(about={"supplier_is": "Country", "buyer_is": "firm"}, disclosure={"min_cell": 4})
    guard = protection(study)
    assert guard.single_suppliers
    assert not guard.single_buyers
    assert not guard.quotes


def test_a_band_never_tells_the_share() -> None:
    assert band(0.25) == "25 to 50\u202f%"
    assert band(0.2499) == "0 to 25\u202f%"


def test_a_protected_report_names_no_firm_and_says_so() -> None:
    study = make_study(disclosure={"min_cell": 3})
    measures, governance, upgrading, records = make(study=study)
    page = report(measures, governance, upgrading, records=records)
    assert "Supplier 0" not in page.html
    assert "Buyer 0" not in page.html
    assert "Regional Warehouse" not in page.html
    assert "cells with fewer than 3 firms are withheld (suppliers and buyers counted)" in page.html
    assert "has the complete tables and is not to be shared" in page.html
    for frame in page.frames.values():
        for name in frame.columns:
            if frame.schema[name] == pl.String:
                assert not frame[name].drop_nulls().str.contains("Supplier 0|Buyer 0").any()


def test_a_report_without_protection_says_that_it_may_name_firms() -> None:
    measures, governance, upgrading, _ = make(suppliers=5, years=range(1995, 1999))
    page = report(measures, governance, upgrading)
    assert "This report withholds no cells" in page.html
    assert "Supplier 00" in page.html


def test_hashed_mode_prints_no_quotes_of_the_records() -> None:
    study = make_study(disclosure={"hash_ids": True, "salt": "very secret"})
    measures, governance, upgrading, records = make(suppliers=5, years=range(1995, 1999), study=study)
    page = report(measures, governance, upgrading, findings=records.frames["findings"], records=records)
    assert "Regional Warehouse" not in page.html
    assert "keyed hashes" in page.html
    assert "very secret" not in page.html


@pytest.mark.parametrize("min_cell", [1, 5])
def test_secrets_are_never_printed(min_cell: int) -> None:
    study = make_study(disclosure={"min_cell": min_cell})
    measures, governance, upgrading, _ = make(suppliers=4, years=range(1995, 1999), study=study)
    page = report(measures, governance, upgrading)
    assert "very secret" not in page.html
    assert "(not printed)" in page.html


def test_a_table_is_shared_only_if_it_is_known_to_be_safe() -> None:
    years = pl.DataFrame(
        {
            "cluster": ["*", "a", "b", "c"], "year": [2000] * 4, "value": [100.0, 60.0, 30.0, 10.0],
            "suppliers": [12, 6, 4, 2], "buyers": [9, 5, 4, 3], "main_buyer": ["X"] * 4, "main_buyer_share": [0.5] * 4,
        }
    )  # fmt: skip
    forms = pl.DataFrame({"cluster": ["a", "c"], "year": [2000, 2000], "share_market": [0.2, 0.3], "lead_buyers": "X"})
    given = {"cluster_years": years, "cluster_governance": forms, "spells": pl.DataFrame({"supplier": ["S"]})}
    shared, hidden = shareable(given, THREE)
    assert list(shared) == ["cluster_years", "cluster_governance"]
    # c has two suppliers; b goes with it, or the total of all clusters would give c away
    assert shared["cluster_years"]["value"].to_list() == [100.0, 60.0, None, None]
    assert shared["cluster_years"]["main_buyer_share"].null_count() == 4
    # where no other row of the year is left to stand, both go
    assert shared["cluster_governance"]["share_market"].to_list() == [None, None]
    assert hidden == 4
    assert shareable(given, Protection()) == (given, 0)
