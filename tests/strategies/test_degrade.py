"""Each level takes away what it says and nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sinos.errors import UnknownNameError
from sinos.strategies.degrade import EVERY, LEVELS, SPELLINGS, WRONG_UNITS, degrade
from sinos.strategies.emit import Emitted, emit
from sinos.strategies.history import simulate_history
from tests.strategies.test_emit import small


@pytest.fixture(scope="module")
def emitted() -> Emitted:
    return emit(simulate_history(small(), seed=5, engine="reference"))


def exports(emitted: Emitted) -> pl.DataFrame:
    return emitted.tables["transactions"].filter(pl.col("destination") != "home")


def test_full_survey_takes_nothing(emitted: Emitted) -> None:
    assert degrade(emitted, "full_survey") is emitted


def test_unknown_level_names_the_nearest(emitted: Emitted) -> None:
    with pytest.raises(UnknownNameError, match="customs"):
        degrade(emitted, "costums")


@pytest.mark.parametrize("level", list(LEVELS))
def test_truth_stays_whole(emitted: Emitted, level: str) -> None:
    found = degrade(emitted, level)
    for name, frame in emitted.truth.items():
        assert_frame_equal(found.truth[name], frame)


def test_missing_domestic_keeps_exports_and_forgets_what_needs_home(emitted: Emitted) -> None:
    found = degrade(emitted, "missing_domestic")
    assert_frame_equal(found.tables["transactions"], exports(emitted))
    assert not {"output", "value_added", "profit"} & set(found.tables["suppliers"].columns)
    assert set(found.tables["suppliers"]["supplier"]) == set(exports(emitted)["supplier"])
    assert set(found.tables["buyers"]["buyer"]) == set(exports(emitted)["buyer"])
    assert found.domestic_sales == "missing"
    assert not set(found.tables["relations"]["buyer"]) - set(exports(emitted)["buyer"])


def test_sample_survey_asks_some_in_some_years(emitted: Emitted) -> None:
    found, all_asked = degrade(emitted, "sample_survey"), degrade(emitted, "missing_domestic")
    years = set(found.tables["coverage"]["year"].to_list()[::-EVERY])
    assert_frame_equal(found.tables["transactions"], all_asked.tables["transactions"])
    answered = found.tables["suppliers"].drop_nulls("own_design_share")
    assert set(answered["year"]) <= years
    assert 0.3 < answered["supplier"].n_unique() / found.tables["suppliers"]["supplier"].n_unique() < 0.8
    assert set(found.tables["relations"]["year"]) <= years
    asked, pairs = (one.tables["relations"].select("supplier", "buyer").n_unique() for one in (found, all_asked))
    assert 0.2 < asked / pairs < 0.6
    one = answered.row(0, named=True)
    home = emitted.tables["transactions"].filter(
        (pl.col("destination") == "home")
        & (pl.col("supplier") == one["supplier"])
        & (pl.col("date").dt.year() == one["year"])
    )
    assert one["domestic_sales"] == pytest.approx(home["value"].sum(), abs=0.01)
    assert found.domestic_sales == "missing"
    assert found.survey_holds == EVERY - 1
    assert all_asked.survey_holds == emitted.survey_holds == 0


def test_customs_have_no_survey(emitted: Emitted) -> None:
    typed, plain = degrade(emitted, "customs_buyer_types"), degrade(emitted, "customs")
    assert set(typed.tables) == {"transactions", "suppliers", "buyers", "coverage"}
    assert typed.tables["buyers"].columns == ["buyer", "type", "country"]
    assert typed.tables["suppliers"].columns == ["supplier", "cluster"]
    assert set(plain.tables) == set(typed.tables) - {"buyers"}
    assert "due_date" not in plain.tables["transactions"].columns
    assert plain.tables["transactions"]["value"].sum() == exports(emitted)["value"].sum()


def test_unresolved_names_split_buyers_and_can_be_traced(emitted: Emitted) -> None:
    plain, found = degrade(emitted, "customs"), degrade(emitted, "unresolved_names")
    names = found.truth["spellings"]
    assert set(names["buyer"]) == set(plain.tables["transactions"]["buyer"])
    assert names.group_by("buyer").len()["len"].max() == SPELLINGS
    traced = found.tables["transactions"].join(names, left_on="buyer", right_on="spelling")["buyer_right"]
    assert traced.to_list() == plain.tables["transactions"]["buyer"].to_list()


def test_partial_coverage_says_what_it_lost(emitted: Emitted) -> None:
    plain, found = degrade(emitted, "customs"), degrade(emitted, "partial_coverage")
    months = dict(found.tables["coverage"].select("year", "months").iter_rows())
    left = found.tables["transactions"].with_columns(year=pl.col("date").dt.year().cast(pl.Int64))
    assert set(left["year"]) <= set(months)
    for year, last in left.group_by("year").agg(pl.col("date").dt.month().max()).iter_rows():
        assert last <= months[year]
    whole = [year for year, number in months.items() if number == 12]
    before = plain.tables["transactions"].filter(pl.col("date").dt.year().is_in(whole))
    assert left.filter(pl.col("year").is_in(whole)).height == before.height
    assert left.height < plain.tables["transactions"].height


def test_misreported_units_change_one_quantity_in_ten(emitted: Emitted) -> None:
    plain, found = degrade(emitted, "customs"), degrade(emitted, "misreported_units")
    ratio = found.tables["transactions"]["quantity"] / plain.tables["transactions"]["quantity"]
    wrong = ratio.filter((ratio - 1.0).abs() > 1e-9)
    assert wrong.len() / ratio.len() == pytest.approx(WRONG_UNITS, abs=0.03)
    assert set(wrong.round(6)) == {12.0, round(1 / 12, 6)}


def test_degrading_is_repeatable_and_depends_on_its_seed(emitted: Emitted) -> None:
    one, again, other = (degrade(emitted, "misreported_units", seed) for seed in (1, 1, 2))
    assert_frame_equal(one.tables["transactions"], again.tables["transactions"])
    assert not one.tables["transactions"].equals(other.tables["transactions"])
