"""Numbers against hand computation and against direct calls of the libraries."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.propositions import correction, events, exposure, survival
from sinos.propositions.bootstrap import romano_wolf, wild_p
from sinos.propositions.claims import Part, select
from sinos.propositions.estimate import Fit, Refusal, detectable, effective, fit, null_error
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import readings, rubin, sales
from sinos.propositions.panels import Panels, build, changes
from sinos.propositions.parts import panel_estimates
from sinos.propositions.testability import testability as powers_of
from sinos.propositions.worlds import World


def made_panel(units: int = 40, years: int = 6, slope: float = 0.5, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=units * years)
    return pl.DataFrame(
        {"unit": np.repeat(np.arange(units), years), "year": np.tile(np.arange(years), units), "x": x,
         "y": slope * x + rng.normal(size=units * years) + np.repeat(rng.normal(size=units), years)}
    )  # fmt: skip


MODEL = Formula("y", ("x",), ("unit", "year"))


@pytest.fixture(scope="module")
def panels() -> Panels:
    return build(*World(suppliers=60, years=8, seed=3).stages())


def test_fixed_effects_equal_a_direct_call() -> None:
    import pyfixest

    data = made_panel()
    fitted = fit(data, MODEL, "unit", ("x",))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        direct = pyfixest.feols("y ~ x | unit + year", data.to_pandas(), vcov={"CRV1": "unit"}).tidy()
    assert isinstance(fitted, Fit)
    assert fitted.of("x") == pytest.approx((direct["Estimate"].iloc[0], direct["Std. Error"].iloc[0]), rel=1e-9)


def test_event_study_equals_a_direct_call(panels: Panels) -> None:
    import pyfixest

    made = events.entry_effects(select("P1")[0], panels)
    data = events.entry_panel(panels, "process")
    assert not isinstance(data, Refusal)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        direct = pyfixest.event_study(
            data.to_pandas(), "y", "unit", "time", "cohort", cluster="unit", estimator="saturated"
        )
        table = direct.aggregate()
        local = pyfixest.lpdid(
            data.to_pandas(), "y", "unit", "time", "cohort", vcov={"CRV1": "unit"}, pre_window=3, post_window=5
        )
    ours = {item.term: item.estimate for item in made if item.outcome == "process"}
    for period, value in table["Estimate"].items():
        if -3 <= period <= 5:
            assert ours[f"year {int(period)}"] == pytest.approx(float(value), rel=1e-9)
    assert ours["average after entry"] == pytest.approx(float(local.tidy()["Estimate"].iloc[0]), rel=1e-9)


def spells(effect: float, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(150):
        x = rng.random()
        for year in range(8):
            left = float(rng.random() < 0.15 * np.exp(effect * x))
            rows.append((f"s{unit % 50}", float(year), year + 1.0, left, x))
            if left:
                break
    return pl.DataFrame(rows, schema=["supplier", "start", "stop", "left", "other_markets"], orient="row")


def test_survival_equals_a_direct_call_and_finds_the_planted_hazard() -> None:
    from lifelines import CoxPHFitter

    rows = spells(1.0)
    made = survival.cox(select("P6")[0], Part("hazard_left", "other_markets", 1), rows, "left", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        direct = CoxPHFitter().fit(
            rows.drop("supplier").to_pandas(), "stop", "left", entry_col="start", formula="other_markets"
        )
    assert made.estimate == pytest.approx(float(direct.params_["other_markets"]), rel=1e-9)
    assert made.low is not None
    assert made.high is not None
    assert made.low < 1.0 < made.high


def test_influence_on_a_hazard_is_what_a_little_more_weight_does() -> None:
    """The derivative of lifelines' slope by the weight of a supplier, with delayed entry and ties."""
    from lifelines import CoxPHFitter

    rows = spells(1.0)

    def slope(weight: float, unit: str) -> float:
        weighted = rows.with_columns(w=pl.when(pl.col("supplier") == unit).then(weight).otherwise(1.0))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = CoxPHFitter().fit(
                weighted.drop("supplier").to_pandas(), "stop", "left", entry_col="start", weights_col="w",
                formula="other_markets", fit_options={"precision": 1e-12},
            )  # fmt: skip
        return float(made.params_["other_markets"])

    influence = survival.cox_influence(rows, "left", "other_markets", slope(1.0, "s0"))
    assert influence.sum() == pytest.approx(0.0, abs=1e-6)
    for unit in ("s0", "s7", "s31"):
        own = float(influence[(rows["supplier"] == unit).to_numpy()].sum())
        assert own == pytest.approx((slope(1.001, unit) - slope(0.999, unit)) / 0.002, rel=1e-3, abs=1e-7)


def test_the_error_of_a_hazard_does_not_depend_on_the_order_of_rows() -> None:
    rows, part = spells(1.0), Part("hazard_left", "other_markets", 1)
    made = [survival.cox(select("P6")[0], part, one, "left", "") for one in (rows, rows.reverse())]
    assert made[0].se == pytest.approx(made[1].se, rel=1e-8)


def test_perfect_separation_ends_in_a_reason() -> None:
    rows = pl.DataFrame({"up": [1.0] * 20 + [0.0] * 20, "x": [1.0] * 20 + [0.0] * 20, "s": [str(i) for i in range(40)]})
    made = survival.hazard_model(select("P1")[0], "ladder", Part("up", "x", 1), rows, "up", ("x",), "s", None)
    assert made.estimate is None
    assert "separates" in made.note


def test_rubin_by_hand() -> None:
    pooled = rubin([1.0, 2.0, 3.0], [0.5, 0.5, 0.5], 1e9)
    assert pooled.estimate == 2.0
    assert pooled.se**2 == pytest.approx(0.5 + 4 / 3)
    weighted = rubin([1.0, 3.0], [1.0, 1.0], 50, [1.0, 0.0])
    assert (weighted.estimate, round(weighted.se, 9)) == (1.0, 1.0)


def test_readings_keep_the_posterior_on_average() -> None:
    posterior = np.array([[0.1, 0.2, 0.6, 0.1], [0.0, 1.0, 0.0, 0.0]])
    drawn = readings(posterior, 0.5, 200)
    assert np.mean(drawn, axis=0) == pytest.approx(posterior, abs=0.01)
    assert all(np.allclose(one[1], [0, 1, 0, 0], atol=1e-6) for one in drawn)


def test_shares_by_hand() -> None:
    relations = pl.DataFrame({"supplier": ["a", "a"], "year": [1, 1], "value": [3.0, 1.0]})
    made = sales(relations).shares(np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0]]))
    assert made.tolist() == [[0.75, 0.0, 0.25, 0.0]]
    unknown = pl.DataFrame({"supplier": ["b", "a", "b"], "year": [1, 1, 1], "value": [None, 2.0, 0.0]})
    assert sales(unknown).keys.rows() == [("a", 1), ("b", 1)]
    assert sales(unknown).shares(np.eye(4)[:3]).tolist() == [[0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]]


def test_changes_are_per_year_and_within_the_window() -> None:
    rows = pl.DataFrame({"unit": ["a"] * 3, "year": [1990, 1992, 1999], "kind": ["k"] * 3, "value": [1.0, 3.0, 9.0]})
    made = changes(rows, 5)
    assert made["ahead"].to_list() == [1.0, None, None]
    assert made["past"].to_list() == [None, 1.0, None]


def test_power_by_hand() -> None:
    code, x = np.arange(4), np.array([1.0, -1.0, 1.0, -1.0])
    assert null_error(x, np.ones(4), code, 1.5) == pytest.approx(1.5 * np.sqrt(4) / 4)
    assert detectable(1.0, 1e9) == pytest.approx(1.96 + 0.8416, abs=1e-3)
    assert effective(code, x) == 4.0


def test_bootstrap_sees_strong_and_not_weak() -> None:
    rng = np.random.default_rng(0)
    strong, weak = rng.normal(1.0, 0.5, 30), np.tile([1.0, -1.0], 15)
    assert wild_p(strong, 499, 1) < 0.01
    assert wild_p(weak, 499, 1) == 1.0
    adjusted = romano_wolf([strong, weak], 499, 1)
    assert adjusted[0] < 0.01
    assert adjusted[1] == 1.0
    assert romano_wolf([], 9, 1) == []


def test_exposure_by_hand() -> None:
    relations = pl.DataFrame(
        {"supplier": ["a", "b", "a", "b"], "buyer": ["x"] * 4, "year": [1, 1, 2, 2], "value": [1.0, 2.0, 5.0, 4.0]}
    )
    made = exposure.exposure(relations).filter((pl.col("supplier") == "a") & (pl.col("year") == 2))
    assert made["part"].item() == pytest.approx(2 * (4.0 - 2.0) / (4.0 + 2.0))


def test_exposure_knows_exit_from_absence() -> None:
    """Buyer x leaves all others in year 2 (-2); y is absent from the records then; z never had another supplier."""
    rows = [("a", "x", 1, 2.0), ("a", "y", 1, 1.0), ("a", "z", 1, 1.0), ("b", "x", 1, 5.0), ("b", "y", 1, 5.0),
            ("a", "x", 2, 1.0), ("b", "w", 2, 1.0)]  # fmt: skip
    made = exposure.exposure(pl.DataFrame(rows, schema=["supplier", "buyer", "year", "value"], orient="row"))
    mine = made.filter(pl.col("supplier") == "a").select("buyer", "year", "share", "part").rows()
    assert mine == [("x", 1, 2 / 3, 0.0), ("y", 1, 1 / 3, 0.0), ("x", 2, 1.0, -2.0)]
    assert made.group_by("supplier", "year").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0] * 4)


def test_three_step_is_the_plain_estimate_when_forms_are_certain(panels: Panels) -> None:
    sure = np.eye(4)[panels.probability.argmax(axis=1)]
    frame = replace(panels, probability=sure).under("supplier", sure)
    formula = Formula("process", ("share_quasi_hierarchy", "share_network", "share_hierarchy"), ("supplier", "year"))
    plain = fit(frame, formula, "supplier", formula.terms)
    made_shares = correction.corrected_shares(panels.sales, sure, sure)
    assert isinstance(plain, Fit)
    assert not isinstance(made_shares, Refusal)
    kept = frame.drop_nulls(["process"])
    found = correction.three_step(kept, [made_shares], formula, "supplier", "share_quasi_hierarchy")
    assert not isinstance(found, Refusal)
    assert found.estimate == pytest.approx(plain.of("share_quasi_hierarchy")[0], rel=1e-6)


def test_three_step_is_nearer_than_the_most_probable_form_and_covers() -> None:
    """A planted effect of 0.30: the naive reading loses part of it; draws and correction cover it and are nearer."""
    claim = select("P1")[0]
    panels = build(*World(suppliers=400, years=8, certainty=5.0, seed=6).stages())
    made = {item.reading: item for item in panel_estimates(claim, powers_of(claim, panels)[0], panels)}
    naive, corrected, drawn = (made[name] for name in ("modal", "three_step", "draws"))
    assert naive.high is not None
    assert naive.high < 0.30
    for item in (corrected, drawn):
        assert item.estimate is not None
        assert item.low is not None
        assert item.high is not None
        assert item.low < 0.30 < item.high
        assert abs(item.estimate - 0.30) < abs((naive.estimate or 0.0) - 0.30)


def test_non_market_relations_are_the_same_under_every_reading() -> None:
    panels = build(*World(suppliers=40, years=6, seed=2).stages())
    expected = panels.frames["relation"]["qh_given_network"]
    for draw in (panels.draws[0], panels.draws[-1]):
        read = panels.under("relation", draw)["qh_given_network"]
        assert read.is_null().equals(expected.is_null())
        assert not read.equals(expected)
        assert read.drop_nulls().is_between(0, 1).all()
    assert 0 < expected.null_count() < expected.len()
