"""The reconstruction holds the published facts, whatever the seed, and says everywhere that it is one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from sinos import datasets
from sinos.datasets import Reconstruction, sinos_valley
from sinos.errors import UnknownNameError
from sinos.study.model import Study

SEEDS = (datasets.SEED, 1, 7)
MAIN = "Invented US Agent 01 (main buyer)"


@cache
def valley(seed: int = datasets.SEED) -> Reconstruction:
    return sinos_valley(seed)


def exports(seed: int = datasets.SEED) -> pl.DataFrame:
    rows = valley(seed).tables["transactions"].filter(pl.col("origin") == "BR")
    return rows.with_columns(year=pl.col("date").dt.year())


def late_shares(frame: pl.DataFrame) -> tuple[float, float]:
    """Return the main buyer's share of exports, and of the sales of the largest exporters (half of exports)."""
    main = pl.col("buyer") == MAIN
    firms = (
        frame.group_by("supplier")
        .agg(value=pl.col("value").sum(), main=pl.col("value").filter(main).sum())
        .sort("value", descending=True)
    )
    total = firms["value"].sum()
    largest = firms.filter(pl.col("value").cum_sum() - pl.col("value") < total / 2)
    return firms["main"].sum() / total, largest["main"].sum() / largest["value"].sum()


@pytest.mark.parametrize("seed", SEEDS)
def test_late_period_shares_of_main_buyer(seed: int) -> None:
    frame = exports(seed)
    for year in range(1990, 2001):
        cluster, largest = late_shares(frame.filter(pl.col("year") == year))
        assert 0.35 < cluster < 0.45
        assert largest > 0.80


def test_no_main_buyer_and_no_us_before_arrival() -> None:
    early = exports().filter(pl.col("year") < 1970)
    assert early.height > 0
    assert "US" not in early["destination"].to_list()
    assert exports().filter(pl.col("buyer") == MAIN)["year"].min() == 1971


def test_rival_makes_us_prices_fall_more_than_latin_american() -> None:
    frame = exports().drop_nulls("quantity")
    us = pl.col("destination") == "US"
    price = frame.group_by("year", us=us).agg(price=pl.col("value").sum() / pl.col("quantity").sum())
    level = {(year, is_us): value for year, is_us, value in price.iter_rows()}
    latin = frame.filter(pl.col("destination").is_in(["AR", "UY", "PY", "CL", "BO"]))
    la = dict(latin.group_by("year").agg(pl.col("value").sum() / pl.col("quantity").sum()).iter_rows())
    us_fall, la_fall = level[1993, True] / level[1989, True] - 1, la[1993] / la[1989] - 1
    assert us_fall < -0.15
    assert us_fall < la_fall - 0.10


def test_large_producers_grow_and_small_ones_remain() -> None:
    staff = valley().tables["suppliers"].drop_nulls("employment")
    assert staff.filter(pl.col("year") < 1975)["employment"].max() < 500
    late = staff.filter(pl.col("year") >= 1987)
    assert late.filter(pl.col("employment") > 500)["supplier"].n_unique() >= 5
    assert late["employment"].median() < 150


def test_survey_years_only() -> None:
    suppliers = valley().tables["suppliers"]
    surveyed = suppliers.drop_nulls("own_design_share")["year"].unique().to_list()
    assert set(surveyed) == {1969, 1972, 1975, 1978, 1981, 1984, 1987, 1990, 1993, 1996, 1999}
    assert set(valley().tables["relations"]["year"]) <= set(surveyed)


def test_design_is_kept_from_firms_that_serve_the_us() -> None:
    truth = valley().truth
    design = truth["capabilities"].filter(pl.col("year") == 2000).join(truth["firms"], on="supplier")
    mean = dict(design.group_by("group").agg(pl.col("design").mean()).iter_rows())
    process = dict(design.group_by("group").agg(pl.col("process").mean()).iter_rows())
    assert mean["captive"] < mean["us"] < mean["eu"] < mean["latam"]
    assert process["captive"] > process["us"] > process["eu"] > process["latam"]
    lost = truth["events"].filter((pl.col("what") == "design") & (pl.col("direction") == "down"))
    captives = truth["firms"].filter(pl.col("group") == "captive")["supplier"]
    assert set(captives) <= set(lost["supplier"])


def test_logistics_is_handed_over_after_two_decades() -> None:
    frame = exports().filter(pl.col("destination") == "US")
    own = pl.col("incoterm").is_in(["CIF", "CFR"])
    share = dict(frame.group_by("year").agg(own.mean()).iter_rows())
    assert share[1985] == 0.0
    assert share[1999] > 0.7
    handed = valley().tables["relations"].drop_nulls("relinquished_function")
    assert set(handed["relinquished_function"]) == {"logistics"}
    assert handed["year"].min() >= 1989


def test_forms_cover_the_four_and_relation_years_match_trade() -> None:
    forms = valley().truth["forms"]
    assert set(forms["form"]) == {"market", "network", "quasi_hierarchy", "hierarchy"}
    traded = exports().select("supplier", "buyer", "year").unique().sort("supplier", "buyer", "year")
    assert_frame_equal(
        traded.cast({"year": pl.Int64}), forms.select("supplier", "buyer", "year").sort("supplier", "buyer", "year")
    )


def test_tables_keep_the_contract() -> None:
    text = files("sinos.theory").joinpath("contract.csv").read_bytes()
    contract = pl.read_csv(text)
    for name, frame in valley().tables.items():
        columns = contract.filter(pl.col("table") == name)["column"].to_list()
        assert set(frame.columns) <= set(columns), name
        assert frame.height > 0
    shipments = valley().tables["transactions"]
    assert shipments.select("supplier", "buyer", "product", "date", "value").null_count().sum_horizontal().item() == 0
    assert 40_000 <= shipments.height <= 80_000
    assert shipments["value"].min() > 0
    assert shipments["quantity"].min() > 0
    assert set(shipments["product"].str.len_chars()) == {6}
    assert 7.0 < shipments["value"].sum() / shipments["quantity"].sum() < 12.0
    assert shipments.filter(pl.col("buyer") == pl.col("supplier")).height == 0


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
    assert all(name.startswith("Invented ") for name in valley().tables["transactions"]["supplier"].unique())
    path = valley().save(tmp_path / "demo")
    assert path.read_text().startswith("# This is a reconstruction")
    written = Study.model_validate(yaml.safe_load(path.read_text()))
    assert written.coverage.domestic_sales == "missing"
    assert_frame_equal(pl.read_parquet(tmp_path / "demo" / "buyers.parquet"), valley().tables["buyers"])
    assert (tmp_path / "demo" / "about.csv").exists()


def test_every_constant_has_a_source_note() -> None:
    sources = valley().sources
    assert sources.height > 50
    assert sources["source"].null_count() == 0
    known = (
        "assumption",
        "HS2002",
        "BN2003",
        "ABI2001",
        "USITC",
        "BW2006",
        "Schmitz",
        "codes",
        "2000",
        "1997",
        "1990s",
    )
    assert all(text.startswith(known) for text in sources["source"])


def test_available_explain_load() -> None:
    listed = datasets.available()
    assert list(listed.columns) == ["name", "title", "rows", "description"]
    assert listed["rows"][0] == valley().tables["transactions"].height
    assert datasets.load("sinos_valley", seed=1).seed == 1
    with pytest.raises(UnknownNameError, match="did you mean 'sinos_valley'"):
        datasets.load("sinos_vally")
