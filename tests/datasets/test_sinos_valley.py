"""The reconstruction is the model's history, holds the published facts whatever the seed, and says what it is."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from sinos import datasets
from sinos.datasets import Reconstruction, sinos_valley
from sinos.datasets.account import read_account
from sinos.datasets.facts import LateFacts, first_that_holds, holds, late_facts
from sinos.datasets.names import NAMED
from sinos.errors import StudyError, UnknownNameError
from sinos.strategies.degrade import EVERY
from sinos.strategies.history import simulate_history
from sinos.strategies.scenario import scenario
from sinos.study.model import Study
from sinos.theory import contract

SEEDS = (datasets.SEED, 1, 7)
MAIN = "Invented US Brand 01 (main buyer)"
LATIN = ["AR", "UY", "PY", "CL", "BO"]
AMERICAN = ("main_us", "us_brand", "us_agent")


@cache
def valley(seed: int = datasets.SEED) -> Reconstruction:
    return sinos_valley(seed)


def exports(seed: int = datasets.SEED) -> pl.DataFrame:
    rows = valley(seed).tables["transactions"].filter(pl.col("origin") == "BR")
    return rows.with_columns(year=pl.col("date").dt.year().cast(pl.Int64))


@pytest.mark.parametrize("seed", SEEDS)
def test_late_period_shares_hold_in_the_records(seed: int) -> None:
    rows = exports(seed).with_columns(main=pl.col("buyer") == MAIN)
    facts = late_facts(rows, 1990, 2000)
    assert 0.35 < facts.main_share < 0.45
    assert facts.largest_share > 0.80
    assert facts.captive_share > 0.80


def test_facts_by_hand() -> None:
    """Six firms a year: the main buyer (m) takes 9 of 10 from a and b, all others sell to one small buyer each."""
    rows = [("a", "m", 9.0), ("a", "x", 1.0), ("b", "m", 9.0), ("b", "y", 1.0)]
    rows += [(firm, f"own {firm}", size) for firm, size in (("c", 8.0), ("d", 8.0), ("e", 8.0), ("f", 1.0))]
    sales = pl.DataFrame(rows, schema=["supplier", "buyer", "value"], orient="row").with_columns(
        year=pl.lit(1995), main=pl.col("buyer") == "m"
    )
    facts = late_facts(sales, 1990, 2000)
    assert facts.main_share == pytest.approx(18 / 45)
    assert facts.largest_share == pytest.approx((9 + 9 + 8 + 8 + 8) / 44)
    assert facts.captive_share == pytest.approx(18 / 44)
    assert not holds(facts, read_account())
    assert holds(LateFacts(0.4, 0.81, 0.81), read_account())
    assert not holds(LateFacts(0.46, 0.9, 0.9), read_account())


def test_history_is_that_of_the_model() -> None:
    """The same scenario, seed and replication give the same money, relation by relation."""
    made, account = valley(), read_account()
    world = scenario("sinos_valley").model_copy(update={"years": 33})
    history = simulate_history(world, made.seed, made.replication, engine="reference")
    unit = account.values["units"]["pairs"]
    sold = history.relations.join(history.buyers.filter(pl.col("region") != "home"), on="buyer", how="semi")
    recorded = exports().group_by("year").agg(pairs=pl.col("quantity").sum(), shipments=pl.len()).sort("year")
    expected = sold.group_by("year").agg(pairs=pl.col("volume").sum() * unit).sort("year")
    assert ((recorded["pairs"] - expected["pairs"]).abs() <= recorded["shipments"]).all()


def test_no_facts_no_reconstruction(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world without a main buyer never holds them: this is said, with what to do."""
    world = scenario("sinos_valley").model_copy(update={"years": 33})
    groups = tuple(group.model_copy(update={"main": False}) for group in world.buyers)
    short = world.model_copy(update={"buyers": groups, "suppliers": 12})
    monkeypatch.setattr("sinos.datasets.facts.MOST_TRIES", 2)
    with pytest.raises(StudyError, match="in none of 2 replications"):
        first_that_holds(short, read_account(), 0)


def test_small_domestic_firms_first_then_far_buyers() -> None:
    early = exports().filter(pl.col("year") < 1972)
    assert early.height > 0
    assert set(early["destination"]) <= set(LATIN)
    assert exports().filter(pl.col("buyer") == MAIN)["year"].min() in (1972, 1973)
    by_year = dict(exports().group_by("year").agg(pl.col("value").sum()).iter_rows())
    assert by_year[1990] > 5 * by_year[1970]
    home = valley().tables["suppliers"].filter(pl.col("year") == 1970).drop_nulls("output")
    assert home["domestic_sales"].sum() / home["output"].sum() > 0.5


def test_entrant_makes_us_prices_fall_more_than_latin_american() -> None:
    frame = exports()
    price = pl.col("value").sum() / pl.col("quantity").sum()
    us = dict(frame.filter(pl.col("destination") == "US").group_by("year").agg(price).iter_rows())
    latin = dict(frame.filter(pl.col("destination").is_in(LATIN)).group_by("year").agg(price).iter_rows())
    us_fall, latin_fall = us[1994] / us[1992] - 1, latin[1994] / latin[1992] - 1
    assert us_fall < -0.15
    assert us_fall < latin_fall - 0.05


def test_large_producers_grow() -> None:
    staff = valley().tables["suppliers"].drop_nulls("employment")
    assert staff.filter(pl.col("year") < 1975)["employment"].max() < 500
    assert staff.filter(pl.col("year") < 1975)["employment"].median() < 120
    late = staff.filter(pl.col("year") >= 1987)
    assert late.filter(pl.col("employment") > 500)["supplier"].n_unique() >= 3
    assert late["employment"].median() < 300


def test_survey_years_only() -> None:
    surveyed = set(range(2000, 1967, -EVERY))
    suppliers = valley().tables["suppliers"]
    assert set(suppliers.drop_nulls("own_design_share")["year"]) == surveyed
    assert set(valley().tables["relations"]["year"]) <= surveyed
    assert valley().study()["governance"]["survey_holds"] == EVERY - 1


def test_process_is_learnt_and_design_is_not_where_the_us_is_served() -> None:
    truth = valley().truth
    last = truth["capabilities"].filter(pl.col("year") == 1992).join(truth["firms"], on="supplier")
    us = last["group"].is_in(AMERICAN)
    assert last.filter(us)["process"].mean() > last.filter(~us)["process"].mean()
    assert last.filter(us)["design"].mean() < last.filter(~us)["design"].mean()


def test_logistics_is_handed_over() -> None:
    frame = exports().filter(pl.col("destination") == "US")
    share = dict(frame.group_by("year").agg(pl.col("incoterm").is_in(["CIF", "CFR"]).mean()).iter_rows())
    assert share[1974] < 0.2
    assert share[1999] > 0.5


def test_forms_are_the_models_and_cover_trade() -> None:
    forms = valley().truth["forms"]
    assert {"market", "network", "quasi_hierarchy"} <= set(forms["form"])
    traded = exports().select("supplier", "buyer", "year").unique()
    assert traded.join(forms, on=["supplier", "buyer", "year"], how="anti").height == 0
    hidden = forms.join(traded, on=["supplier", "buyer", "year"], how="anti")
    assert hidden["buyer"].str.contains("Home Retailer").all()


def test_tables_keep_the_contract() -> None:
    for name, frame in valley().tables.items():
        assert set(frame.columns) <= {column.column for column in contract(name)}, name
        assert frame.height > 0
    shipments = valley().tables["transactions"]
    assert shipments.select("supplier", "buyer", "product", "date", "value").null_count().sum_horizontal().item() == 0
    assert 40_000 <= shipments.height <= 100_000
    assert shipments["value"].min() > 0
    assert shipments["quantity"].min() > 0
    assert set(shipments["product"].str.len_chars()) == {6}
    assert 7.0 < shipments["value"].sum() / shipments["quantity"].sum() < 14.0
    assert shipments.filter(pl.col("buyer") == pl.col("supplier")).height == 0


def test_no_name_of_the_model_is_left() -> None:
    for frame in (*valley().tables.values(), *valley().truth.values()):
        for column in set(NAMED) & set(frame.columns):
            assert frame[column].drop_nulls().str.starts_with("Invented ").all()
    places = valley().tables["transactions"]["destination"].unique().to_list()
    assert set(places) <= {"US", "GB", "DE", "NL", "FR", *LATIN}


def test_seasons_differ_by_region() -> None:
    month = exports().with_columns(month=pl.col("date").dt.month())
    share = {}
    for name, there in (("US", pl.col("destination") == "US"), ("LA", pl.col("destination").is_in(LATIN))):
        rows = month.filter(there)
        share[name] = rows.filter(pl.col("month").is_in([1, 2])).height / rows.height
    assert share["US"] > 0.15 > 0.12 > share["LA"]


def test_same_seed_same_tables_other_seed_others() -> None:
    again = sinos_valley(datasets.SEED)
    for name, frame in valley().tables.items():
        assert_frame_equal(frame, again.tables[name])
    for name, frame in valley().truth.items():
        assert_frame_equal(frame, again.truth[name])
    assert not valley(1).tables["transactions"].equals(again.tables["transactions"])


def test_it_says_that_it_is_a_reconstruction(tmp_path: Path) -> None:
    study = valley().study()
    assert study["about"]["reconstruction"] is True
    assert "reconstruction" in study["about"]["title"]
    assert "not data" in study["about"]["caveats"][0]
    assert "reconstruction" in valley().about["text"][0]
    assert "not data" in datasets.explain("sinos_valley")
    assert "RECONSTRUCTION" in datasets.available(kind="polars")["description"][0]
    path = valley().save(tmp_path / "demo")
    assert path.read_text().startswith("# This is a reconstruction")
    written = Study.model_validate(yaml.safe_load(path.read_text()))
    assert written.coverage.domestic_sales == "missing"
    assert_frame_equal(pl.read_parquet(tmp_path / "demo" / "buyers.parquet"), valley().tables["buyers"])
    assert (tmp_path / "demo" / "about.csv").exists()


def test_every_constant_has_a_source_note() -> None:
    sources = valley().sources
    assert sources.filter(pl.col("constant").str.starts_with("model.")).height > 100
    assert sources["source"].null_count() == 0
    notes = read_account().notes
    known = ("assumption", "HS2002", "ABI2001", "USITC", "BW2006", "Schmitz", "1997")
    assert len(notes) > 20
    assert all(text.startswith(known) for text in notes.values())


def test_available_explain_load() -> None:
    listed = datasets.available()
    assert list(listed.columns) == ["name", "title", "rows", "description"]
    assert listed["rows"][0] == valley().tables["transactions"].height
    assert datasets.load("sinos_valley", seed=1).seed == 1
    with pytest.raises(UnknownNameError, match="did you mean 'sinos_valley'"):
        datasets.load("sinos_vally")


def test_the_core_install_is_enough() -> None:
    without = "import sys; sys.modules['numba'] = None"
    code = f"{without}; from sinos import datasets; print(datasets.sinos_valley(1).replication)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(valley(1).replication), done.stderr


@pytest.mark.slow
def test_governance_that_is_named_is_mostly_right(tmp_path: Path) -> None:
    """A form is named from a probability of 0.6, so at least six in ten should be right; a survey tells far more."""
    from sinos import classify, measure, read

    with read(str(valley().save(tmp_path / "demo"))) as records:
        found = classify(measure(records).load()).frame("governance")
    truth = valley().truth["forms"].select("supplier", "buyer", "year", truth="form")
    joined = found.cast({"year": pl.Int64}).join(truth, on=["supplier", "buyer", "year"])
    named = joined.filter(pl.col("form") != "undetermined").with_columns(right=pl.col("form") == pl.col("truth"))
    assert named.height / joined.height > 0.4
    assert named["right"].mean() > 0.7
    asked = valley().tables["relations"]
    surveyed = named.join(asked, on=["supplier", "buyer", "year"], how="semi")
    assert surveyed["right"].mean() > 0.85
    assert named.join(asked, on=["supplier", "buyer"], how="anti")["right"].mean() > 0.55
