"""The known-truth loop: scores by hand, halves that do not overlap, and the real pipeline run end to end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import StudyError, UnknownNameError
from sinos.strategies.degrade import LEVELS, degrade
from sinos.strategies.emit import emit
from sinos.strategies.history import simulate_history
from sinos.strategies.names import FORMS
from sinos.strategies.validate import BOUNDS, Validation, recover, validate
from sinos.strategies.validate_match import matched_forms, matched_upgrading
from sinos.strategies.validate_report import html, markdown
from sinos.strategies.validate_scores import (
    area_under_curve,
    best_temperature,
    brier,
    calibration,
    calibration_error,
    confusion,
    form_scores,
    log_score,
    macro_f1,
    rank_correlation,
)
from sinos.strategies.worlds import draw_worlds, half_of, varied
from tests.strategies.test_emit import small


def test_confusion_by_hand() -> None:
    found = confusion(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 1]), ("a", "b", "c"))
    counts = {(row["truth"], row["found"]): row["count"] for row in found.to_dicts()}
    assert counts[("a", "a")] == 1
    assert counts[("a", "c")] == 1
    assert counts[("c", "b")] == 1
    assert sum(counts.values()) == 4


def test_macro_f1_leaves_rare_classes_out() -> None:
    truth, found = np.array([0] * 8 + [1] * 2), np.array([0] * 8 + [0] * 2)
    assert macro_f1(truth, found) == pytest.approx((16 / 18 + 0) / 2)
    assert macro_f1(truth, found, least=3) == pytest.approx(16 / 18)
    assert macro_f1(truth, found, least=20) is None


def test_brier_and_log_score_by_hand() -> None:
    probability = np.array([[0.7, 0.2, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]])
    truth = np.array([0, 3])
    first = 0.3**2 + 0.2**2 + 0.1**2
    second = 3 * 0.25**2 + 0.75**2
    assert brier(probability, truth) == pytest.approx((first + second) / 2)
    assert log_score(probability, truth) == pytest.approx(-(np.log(0.7) + np.log(0.25)) / 2)


def test_calibration_by_hand() -> None:
    probability = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    curve = calibration(probability, np.array([0, 1, 1, 1]))
    assert curve["count"].to_list() == [0, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert curve.filter(pl.col("count") > 0)["true"].to_list() == [1.0, 0.5]
    assert calibration_error(curve) == pytest.approx((0.4 * 2 + 0.4 * 2) / 4)


def test_certainty_falls_into_the_last_bin() -> None:
    assert calibration(np.array([[1.0, 0.0]]), np.array([0]))["count"][9] == 1


def test_ranks_and_area() -> None:
    assert rank_correlation(np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(-1.0)
    assert rank_correlation(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])) is None
    assert area_under_curve(np.array([3.0, 2.0, 1.0]), np.array([True, True, False])) == 1.0
    assert area_under_curve(np.array([1.0]), np.array([True])) is None


def test_temperature_finds_overconfidence() -> None:
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(4), 4000)
    truth = np.array([rng.choice(4, p=row) for row in honest])
    sure = honest**2 / (honest**2).sum(axis=1, keepdims=True)
    assert best_temperature(honest, truth) == pytest.approx(1.0, abs=0.1)
    assert best_temperature(sure, truth) == pytest.approx(0.5, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 10_000))
def test_scores_stay_in_range(truth: list[int], seed: int) -> None:
    probability = np.random.default_rng(seed).dirichlet(np.ones(4), len(truth))
    found = form_scores(probability, np.array(truth), probability.argmax(axis=1))
    assert 0 <= found["accuracy"] <= 1
    assert 0 <= found["brier"] <= 2
    assert 0 <= found["calibration_error"] <= 1
    assert found["accuracy_named"] == found["accuracy"]


def test_perfect_recovery() -> None:
    truth = np.array([0, 1, 2, 3] * 10)
    found = form_scores(np.eye(4)[truth], truth, truth)
    assert found["accuracy"] == 1
    assert found["brier"] == 0
    assert found["calibration_error"] == 0


def test_halves_do_not_overlap() -> None:
    ranges = {one.name: (one.low, one.high) for one in varied()}
    for half in ("first", "second"):
        for world in draw_worlds(6, half, seed=1, scenarios=("sinos_valley", "brenta")):
            drawn = world.scenario.parameters
            assert all(low <= drawn[name] <= high for name, (low, high) in ranges.items())
            place = np.array([(drawn[n] - low) / (high - low) for n, (low, high) in ranges.items()])
            assert half_of(place) == half
    names = [world.scenario.name for world in draw_worlds(3, "first", scenarios=("sinos_valley", "brenta"))]
    assert names == ["sinos_valley", "brenta", "sinos_valley"]


def test_switches_are_not_drawn() -> None:
    assert not {"retaliation", "transfer", "practise_all", "entrant_price"} & {one.name for one in varied()}


@pytest.mark.parametrize(("number", "half"), [(0, "first"), (1, "third")])
def test_wrong_draws_say_what_to_give(number: int, half: str) -> None:
    with pytest.raises(StudyError, match="at least one world"):
        draw_worlds(number, half)


def test_wrong_levels_are_told_before_anything_runs() -> None:
    with pytest.raises(UnknownNameError, match="full_survey"):
        validate(1, levels=("full_surwey",))
    with pytest.raises(StudyError, match="no levels"):
        validate(1, levels=())


def test_true_upgrading_directions() -> None:
    """Process doubles, product stays, design is gained; a wrong and a right verdict are told apart."""
    key = {"supplier": ["a", "a"], "year": [2000, 2003]}
    functions = {"sourcing": [1, 1], "logistics": [1, 0], "design": [0, 1], "marketing": [0, 0]}
    truth = {
        "capabilities": pl.DataFrame(key | {"process": [0.2, 0.4], "product": [0.5, 0.5]}),
        "functions": pl.DataFrame(key | functions),
    }
    verdicts = pl.DataFrame(
        {
            "level": "supplier", "unit": "a", "year": 2003, "from_year": 2000,
            "kind": ["process", "product", "functional"], "direction": ["down", "flat", "up"],
        }
    )  # fmt: skip
    found = {row["kind"]: row["truth"] for row in matched_upgrading(verdicts, truth).to_dicts()}
    # Design (third rung) is gained and logistics (second) lost: the higher rung decides.
    assert found == {"process": "up", "product": "flat", "functional": "up", "product, relative": "flat"}


@pytest.fixture(scope="module")
def one_world() -> dict[str, object]:
    emitted = emit(simulate_history(small(years=14), engine="reference"), first_year=1972)
    return {level: recover(degrade(emitted, level), 0, level) for level in ("full_survey", "unresolved_names")}


def test_pipeline_recovers_forms_from_a_full_survey(one_world: dict[str, object]) -> None:
    forms = one_world["full_survey"].forms  # type: ignore[attr-defined]
    assert forms.height > 100
    posterior = forms.select(f"p_{form}" for form in FORMS).to_numpy()
    assert np.allclose(posterior.sum(axis=1), 1.0)
    named = forms.filter(pl.col("form") != "undetermined")
    assert (named["form"] == named["truth"]).mean() > 0.7


def test_every_spelling_is_held_against_its_buyer(one_world: dict[str, object]) -> None:
    split = one_world["unresolved_names"].forms  # type: ignore[attr-defined]
    assert split.filter(pl.struct("supplier", "buyer", "year").is_duplicated()).height > 0
    assert split["truth"].null_count() == 0


def test_matched_forms_leave_out_what_has_no_truth(one_world: dict[str, object]) -> None:
    emitted = emit(simulate_history(small(years=8), engine="reference"))
    governance = pl.DataFrame(
        {"supplier": ["nobody"], "buyer": ["B"], "year": [1968], "form": ["market"]}
    ).with_columns(pl.lit(0.25).alias(f"p_{form}") for form in FORMS)
    assert matched_forms(governance, emitted).height == 0


@pytest.fixture(scope="module")
def validation() -> Validation:
    stages: list[str] = []
    result = validate(
        1, levels=("full_survey", "customs"), scenarios=(small(years=16),), kind="polars",
        progress=lambda stage, number, total: stages.append(f"{number}/{total} {stage}"),
    )  # fmt: skip
    assert stages[0] == "1/4 world 1 (second half), full_survey"
    assert len(stages) == 4
    return result


@pytest.mark.slow
def test_validation_end_to_end(validation: Validation) -> None:
    forms = validation.frame("forms")
    assert forms["level"].to_list() == ["full_survey", "customs"]
    full, customs = forms.to_dicts()
    assert full["brier"] < customs["brier"]
    assert full["named_share"] > customs["named_share"]
    counted = validation.frame("confusion").group_by("level").agg(pl.col("count").sum())
    assert dict(counted.iter_rows()) == dict(forms.select("level", "relation_years").iter_rows())
    assert set(validation.frame("suggestions")["degradation"]) == {"full_survey", "customs"}
    sums = validation.frame("suggestions").group_by("degradation", "indicator", "form").agg(pl.col("seen").sum())
    assert np.allclose(sums["seen"].to_numpy(), 1.0)
    told = validation.frame("indicators")
    assert told["honest"].min() >= 0
    assert told["claims"].min() >= 0
    bounds = validation.frame("bounds")
    assert bounds["max_odds"].to_list() == list(BOUNDS)
    assert bounds["coordinated_share"].is_sorted()
    assert bounds.filter(pl.col("max_odds") <= 1.5)["coordinated_share"].max() == 0
    inside = bounds.filter(pl.col("max_odds") == 1.5).row(0, named=True)
    assert bounds["relation_years"].n_unique() == 1
    assert inside["log_score"] < bounds["log_score"].max()
    assert "macro-F1" in validation.summary()
    assert "second half" in validation.summary()


@pytest.mark.slow
def test_reports_hold_the_numbers_and_the_command(validation: Validation) -> None:
    text = markdown(validation, "sinos validate --worlds 1")
    score = f"{validation.frame('forms')['macro_f1'][0]:.2f}"
    assert "`sinos validate --worlds 1`" in text
    assert score in text
    page = html(validation, "sinos validate --worlds 1 --out <here>")
    assert page.startswith("<!doctype html>")
    assert "&lt;here&gt;" in page
    assert "http" not in page


@pytest.mark.slow
def test_levels_are_all_run(tmp_path: Path) -> None:
    result = validate(1, scenarios=(small(years=16),), first_half=0, kind="polars")
    assert result.frame("forms")["level"].to_list() == list(LEVELS)
    assert result.frame("indicators").height == 0
    assert result.frame("bounds").height == 0
