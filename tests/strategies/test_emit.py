"""Emitted records hold what the model did: sums, functions, forms and firms, and nothing about the form itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sinos.strategies.emit import Emitted, emit
from sinos.strategies.emit_truth import PERFORMED, SKILLED
from sinos.strategies.emit_units import Units
from sinos.strategies.history import History, simulate_history
from sinos.strategies.names import FORMS, FUNCTIONS
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario, scenario
from sinos.theory import contract


def small(**changed: object) -> Scenario:
    """Return the Sinos scenario with few suppliers and years."""
    world = scenario("sinos_valley")
    return world.model_copy(update={"suppliers": 24, "years": 16, "shocks": (), "programme": None, **changed})


@pytest.fixture(scope="module")
def history() -> History:
    return simulate_history(small(), seed=3, engine="reference")


@pytest.fixture(scope="module")
def emitted(history: History) -> Emitted:
    return emit(history, first_year=1974)


def test_history_is_the_replication_of_an_ensemble(history: History) -> None:
    from sinos.strategies.metrics import METRICS

    cube = replicate(futures_of(small()), 3, 0, "reference")[0]
    volume = list(METRICS).index("export_volume")
    far = history.relations.join(history.buyers.filter(pl.col("region") == "far"), on="buyer", how="semi")
    for step in (6, 10, 15):
        assert far.filter(pl.col("year") == 1968 + step)["volume"].sum() == pytest.approx(cube[step, volume], rel=1e-6)


def test_firms_that_close_have_other_names_than_their_successors() -> None:
    # Debt is not borne: everybody closes at once, so every place holds several firms over time.
    world = small(parameters={"exit_wealth": 10.0})
    found = simulate_history(world, engine="reference").suppliers
    places = found.select(pl.col("supplier").str.split(".").list.first()).to_series()
    assert found["supplier"].n_unique() > places.n_unique()
    lives = found.group_by("supplier").agg(first=pl.col("year").min(), last=pl.col("year").max())
    assert (lives["last"] - lives["first"]).max() == 0


def test_tables_are_those_of_the_contract(emitted: Emitted) -> None:
    for name, frame in emitted.tables.items():
        known = {column.column for column in contract(name)}
        assert set(frame.columns) <= known, name
    assert "form" not in emitted.tables["relations"].columns


def test_pairs_and_money_are_conserved(emitted: Emitted, history: History) -> None:
    units = Units()
    shipped = emitted.tables["transactions"].group_by("supplier", "buyer", year=pl.col("date").dt.year().cast(pl.Int64))
    totals = shipped.agg(pl.col("quantity").sum(), pl.col("value").sum(), shipments=pl.len())
    joined = totals.join(history.relations, on=["supplier", "buyer", "year"], how="inner")
    assert joined.height == totals.height
    # Every shipment is rounded to whole pairs, so a relation is off by at most one pair a shipment.
    gap = (joined["quantity"] - joined["volume"] * units.pairs).abs()
    assert (gap <= joined["shipments"]).all()
    price = joined["value"].sum() / (joined["quantity"] * joined["price"]).sum()
    assert price == pytest.approx(units.price, rel=0.02)


def test_delivery_terms_and_brands_follow_who_performs(emitted: Emitted, history: History) -> None:
    rows = emitted.tables["transactions"].with_columns(year=pl.col("date").dt.year().cast(pl.Int64))
    joined = rows.join(history.relations, on=["supplier", "buyer", "year"])
    own = joined["performs_logistics"] == 1
    assert set(joined.filter(own)["incoterm"]) <= {"CIF", "CFR"}
    assert set(joined.filter(~own)["incoterm"]) <= {"FOB", "EXW"}
    branded = joined.drop_nulls("brand_owner")
    expected = pl.when(pl.col("performs_marketing") == 1).then("supplier").otherwise("buyer")
    assert branded.filter(pl.col("brand_owner") != expected).height == 0


def test_early_trade_is_not_recorded(emitted: Emitted) -> None:
    assert emitted.tables["transactions"]["date"].dt.year().min() == 1974
    assert emitted.truth["forms"]["year"].min() == 1974


def test_truth_says_what_a_form_is(emitted: Emitted) -> None:
    forms = emitted.truth["forms"]
    assert set(forms["form"]) <= set(FORMS)
    supplier_designs = forms["form"].is_in(["market", "network"])
    assert (forms["performs_design"] == supplier_designs.cast(pl.Int64)).all()
    assert (forms["owned"] == (forms["form"] == "hierarchy").cast(pl.Int64)).all()
    main = forms.filter(pl.col("buyer").str.ends_with("main_us"))
    assert main.height > 0
    assert (main["exclusive"] == 1).all()


def test_functions_and_events(emitted: Emitted) -> None:
    functions = emitted.truth["functions"]
    for name in SKILLED:
        assert (functions[name] == (functions[f"share_{name}"] >= PERFORMED).cast(pl.Int64)).all()
    events = emitted.truth["events"].filter(pl.col("what") == "design")
    before = functions.with_columns(
        was=pl.col("design").shift(1).over("supplier"), last=pl.col("year").shift(1).over("supplier")
    )
    gained = before.filter((pl.col("design") > pl.col("was")) & (pl.col("year") - pl.col("last") == 1))
    assert events.filter(pl.col("direction") == "up").height == gained.height


def test_capabilities_are_shares_of_the_frontier(emitted: Emitted) -> None:
    levels = emitted.truth["capabilities"].select(FUNCTIONS).to_numpy()
    assert levels.min() > 0
    assert levels.max() <= 1


def test_true_lock_in_by_hand(history: History) -> None:
    """One supplier, one quasi-hierarchy buyer with both functions as core."""
    relation = history.relations.head(1).with_columns(
        form=pl.lit("quasi_hierarchy"), volume=2.0, price=1.0, rematch=3.0, region=pl.lit("far"),
        buyer=pl.lit("B001 main_us"), supplier=pl.lit("S001.0"), year=pl.lit(1968, pl.Int64),
    )  # fmt: skip
    supplier = history.suppliers.head(1).with_columns(
        supplier=pl.lit("S001.0"), year=pl.lit(1968, pl.Int64), unit_cost=0.75, profit=0.5, fear=0.2, gain=0.3
    )
    from sinos.strategies.emit_truth import truth_tables

    found = truth_tables(history, relation, supplier)["lock_in"].row(0, named=True)
    # share 1 x quasi-hierarchy 1 x overlap 1 x (1.00 - 0.75) x 2 x 3 years over 0.5 profit
    assert found["lock_in"] == pytest.approx(3.0)
    assert found["deterred"] == 1


def test_survey_answers_stay_within_their_scale(emitted: Emitted) -> None:
    survey = emitted.tables["relations"]
    for name in ("sets_product_parameters", "inspection_rate", "switching_cost", "product_standardisation"):
        known = survey[name].drop_nulls()
        assert known.min() >= 0
        assert known.max() <= 1
        assert 0.05 < survey[name].null_count() / survey.height < 0.15


def test_same_seed_same_records(history: History, emitted: Emitted) -> None:
    again = emit(history, first_year=1974)
    for name, frame in emitted.tables.items():
        assert_frame_equal(frame, again.tables[name])


def test_no_value_is_nan(emitted: Emitted) -> None:
    for frame in (*emitted.tables.values(), *emitted.truth.values()):
        for column in frame.select(pl.selectors.float()):
            assert np.isfinite(column.drop_nulls().to_numpy()).all()
