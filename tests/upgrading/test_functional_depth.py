"""Functions, ladder, downgrading, relinquishment, chain position and capture: planted and hand-computed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.capture import capture
from sinos.upgrading.estimators.chain_position import upstreamness
from sinos.upgrading.estimators.downgrading import downgrading_types
from sinos.upgrading.estimators.functions import function_premia, function_score, functional_specialisation
from sinos.upgrading.estimators.ladder import ladder_hazard
from sinos.upgrading.estimators.relinquishment import relinquished_functions


def survey(rows: list[tuple[Any, ...]], names: tuple[str, ...] = ("production", "design", "branding")) -> pl.DataFrame:
    schema = ["supplier", "year", *(f"performs_{name}" for name in names)]
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_function_score_by_hand_with_losses_named() -> None:
    frame = survey([("a", 2000, 1, 1, 0), ("a", 2001, 1, 0, 1), ("a", 2003, 1, 0, None)])
    table = function_score(frame).frame()
    assert table["score"].to_list() == [pytest.approx(4 / 8), pytest.approx(5 / 8), None]
    assert table["gained"].to_list() == [None, "branding", None]
    assert table["lost_skilled"].to_list() == [None, "design", None]
    assert table["known"].to_list() == [3, 3, 2]
    weighted = function_score(frame, weights={"production": 1, "design": 1, "branding": 2})
    assert weighted.frame()["score"][1] == pytest.approx(3 / 4)
    assert not weighted.warnings
    assert weighted.missing[0].count == 1


@pytest.mark.parametrize(
    ("frame", "weights", "message"),
    [
        (pl.DataFrame({"supplier": ["a"], "year": [1]}), None, "no column says"),
        (survey([("a", 1, 2, 0, 0)]), None, "0 or 1"),
        (survey([("a", 1, 1, 0, 0)]), {"desing": 1.0}, "did you mean 'design'"),
        (survey([("a", 1, 1, 0, 0)]), {"design": 0.0}, "above zero"),
        (survey([("a", 1, 1, 0, 0)]), {"design": 1.0}, "no weight for production, branding"),
    ],
)
def test_function_score_explains(frame: pl.DataFrame, weights: dict[str, float] | None, message: str) -> None:
    with pytest.raises(UpgradingError, match=message):
        function_score(frame, weights=weights)


def test_planted_premia_are_recovered_and_equal_plain_least_squares() -> None:
    pytest.importorskip("pyfixest")
    draw = np.random.default_rng(1)
    flags = draw.integers(0, 2, (900, 2))
    wage = np.exp(0.1 * flags[:, 0] + 0.4 * flags[:, 1] + 0.2 * (np.arange(900) % 3) + draw.normal(0, 0.2, 900))
    rows = [
        (f"s{i // 3}", 2000 + i % 3, 1, int(a), int(b), w)
        for i, ((a, b), w) in enumerate(zip(flags, wage, strict=True))
    ]
    schema = ["supplier", "year", "performs_production", "performs_design", "performs_branding", "wage"]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    table = function_premia(frame).frame()
    assert table["premium"].to_list()[1:] == pytest.approx([0.1, 0.4], abs=0.04)
    assert table["premium"][0] is None
    years = np.eye(3)[np.arange(900) % 3]
    by_hand = np.linalg.lstsq(np.hstack([flags, years]), np.log(wage), rcond=None)[0][:2]
    assert table["premium"].to_list()[1:] == pytest.approx(by_hand, abs=1e-8)
    with pytest.raises(UpgradingError, match="0 functions differ"):
        function_premia(frame.with_columns(performs_design=pl.lit(1), performs_branding=pl.lit(1)))


def test_functional_specialisation_by_hand() -> None:
    frame = pl.DataFrame({"supplier": ["a", "a", "b", "b"], "function": ["R", "F", "R", "F"],
                          "employment": [10.0, 30.0, 10.0, 50.0]})  # fmt: skip
    table = functional_specialisation(frame).frame().sort("unit", "function")
    assert table["index"].to_list() == pytest.approx([0.75 / 0.8, 0.25 / 0.2, (5 / 6) / 0.8, (1 / 6) / 0.2])
    assert table["balanced"][1] == pytest.approx(0.25 / 2.25)
    with pytest.raises(UpgradingError, match="below zero"):
        functional_specialisation(frame.with_columns(employment=-pl.col("employment")))
    yearly = functional_specialisation(frame.with_columns(y=pl.lit(2000)), year="y").frame()
    assert yearly.columns[:3] == ["unit", "year", "function"]
    absent = functional_specialisation(frame.with_columns(employment=pl.lit(0.0)))
    assert absent.frame()["index"].null_count() == 4


def ladder(number: int = 1500, years: int = 8, seed: int = 1, beta: float = 0.8) -> pl.DataFrame:
    """Steps up with hazard 0.1 exp(beta x) on every step (complementary log-log), and down with 0.03."""
    draw = np.random.default_rng(seed)
    rows = []
    for s in range(number):
        step, x = 1, draw.normal()
        for year in range(2000, 2000 + years):
            rows.append((f"s{s}", year, step, x))
            chance = 1 - math.exp(-0.1 * math.exp(beta * x))
            luck = draw.uniform()
            step += int(luck < chance and step < 4) - int(luck > 0.97 and step > 1)
    return pl.DataFrame(rows, schema=["supplier", "year", "ladder_step", "x"], orient="row")


def test_ladder_hazards_are_recovered() -> None:
    pytest.importorskip("statsmodels")
    result = ladder_hazard(ladder(), covariates=["x"])
    up = result.frame("ladder_model").filter(pl.col("move") == "up").row(0, named=True)
    assert up["low"] < 0.8 < up["high"]
    assert up["estimate"] == pytest.approx(0.8, abs=0.1)
    plain = result.frame("ladder_hazard").filter((pl.col("step") == 2) & (pl.col("move") == "down")).row(0, named=True)
    assert plain["hazard"] == pytest.approx(0.03, abs=0.01)
    assert plain["low"] < plain["hazard"] < plain["high"]


def test_ladder_hazard_by_hand() -> None:
    frame = pl.DataFrame({"supplier": ["a", "a", "a", "b", "b"], "year": [2000, 2001, 2003, 2000, 2001],
                          "ladder_step": [1, 2, 1, 3, 3]})  # fmt: skip
    result = ladder_hazard(frame)
    rows = {(row["step"], row["move"]): row for row in result.frame().iter_rows(named=True)}
    assert (rows[1, "up"]["events"], rows[1, "up"]["at_risk"], rows[1, "up"]["hazard"]) == (1, 1, 1.0)
    assert (rows[2, "down"]["events"], rows[2, "down"]["at_risk"]) == (1, 2)
    assert rows[3, "up"]["hazard"] == 0.0
    assert rows[3, "up"]["high"] == pytest.approx(3.6889, abs=1e-4)
    assert rows[4, "down"]["hazard"] is None
    assert result.frame("ladder_moves").height == 3
    assert result.frame("ladder_model").height == 0


def test_ladder_explains_what_has_no_answer() -> None:
    pytest.importorskip("statsmodels")
    frame = ladder(200)
    with pytest.raises(UpgradingError, match="1, 2, 3 or 4"):
        ladder_hazard(frame.with_columns(ladder_step=pl.lit(5)))
    with pytest.raises(UpgradingError, match="twice"):
        ladder_hazard(frame.filter(pl.col("year") == 2000))
    with pytest.raises(UpgradingError, match="constant or collinear"):
        ladder_hazard(frame.with_columns(x=pl.lit(1.0)), covariates=["x"])
    apart = frame.sort("supplier", "year").with_columns(
        x=(pl.col("ladder_step").shift(-1).over("supplier") > pl.col("ladder_step")).cast(pl.Float64).fill_null(0.0)
    )
    with pytest.raises(UpgradingError, match="perfectly"):
        ladder_hazard(apart, covariates=["x"])
    still = ladder_hazard(frame.with_columns(ladder_step=pl.lit(2)), covariates=["x"])
    assert "too few" in still.summary()
    assert still.frame("ladder_model")["estimate"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("sales", "later", "kind"),
    [
        (100.0, 0.2, "strategic"),
        (50.0, 0.2, "adaptive"),
        (50.0, 0.0, "passive"),
        (100.0, 0.0, "passive"),
        (0.0, 0.2, None),
    ],
)
def test_downgrading_is_sorted_by_what_came_with_it(sales: float, later: float, kind: str | None) -> None:
    frame = pl.DataFrame({
        "supplier": "a", "year": list(range(2000, 2006)), "downgraded": [0, 0, 0, 1, 0, 0],
        "sales": [100.0, 100.0, sales, 100.0, 100.0, 100.0], "margin": [0.1, 0.1, 0.1, 0.1, 0.1, later],
    })  # fmt: skip
    result = downgrading_types(frame)
    assert result.frame()["type"].to_list() == [kind]
    assert bool(result.missing) == (kind is None)
    with pytest.raises(UpgradingError, match="1 or more"):
        downgrading_types(frame, before=0)


def test_relinquished_functions_are_counted_at_risk() -> None:
    frame = pl.DataFrame({
        "supplier": ["a"] * 3 + ["b"] * 3, "buyer": ["x"] * 3 + ["y"] * 3, "year": [2000, 2001, 2002] * 2,
        "relinquished_function": [None, "logistics", None, None, None, "design"],
    })  # fmt: skip
    result = relinquished_functions(frame, {"x": ["design", "branding"]})
    assert result.frame("relinquished").rows() == [
        ("a", "x", 2001, "logistics", "other"), ("b", "y", 2002, "design", "unknown"),
    ]  # fmt: skip
    rates = {(row["core"], row["function"]): row for row in result.frame("relinquishment_rates").iter_rows(named=True)}
    assert rates["other", "logistics"]["at_risk"] == 2
    assert rates["other", "logistics"]["rate"] == 0.5
    assert rates["core", "all"]["at_risk"] == 6
    assert rates["core", "all"]["rate"] == 0.0
    assert rates["unknown", "design"]["events"] == 1
    assert relinquished_functions(frame, {}).frame("relinquished")["core"].to_list() == ["unknown", "unknown"]
    with pytest.raises(UpgradingError, match="logistics"):
        relinquished_functions(frame, {"x": ["logistic"]})


def test_upstreamness_by_hand_and_refused_as_a_functional_measure() -> None:
    flows = pl.DataFrame({"seller": ["ore", "steel"], "buyer": ["steel", "cars"], "value": [10.0, 5.0]})
    outputs = pl.DataFrame({"industry": ["ore", "steel", "cars"], "output": [10.0, 10.0, 20.0]})
    assert upstreamness(flows, outputs).frame()["upstreamness"].to_list() == pytest.approx([1.0, 2.5, 1.5])
    with pytest.raises(UpgradingError, match=r"1\.007"):
        upstreamness(flows, outputs, use="functional")
    with pytest.raises(UpgradingError, match="without output"):
        upstreamness(flows, outputs.with_columns(output=pl.lit(0.0)))
    with pytest.raises(UpgradingError, match="more to others"):
        upstreamness(flows.with_columns(pl.col("value") * 9), outputs)


def firms() -> pl.DataFrame:
    return pl.DataFrame({
        "supplier": ["a", "a", "b", "b"], "year": [1990, 1993] * 2, "profit": [20.0, 5.0, 10.0, 30.0],
        "output": [100.0] * 4, "wage_bill": [40.0, 40.0, 40.0, 40.0], "employment": [10.0, 10.0, 10.0, 20.0],
    })  # fmt: skip


def directions() -> pl.DataFrame:
    return pl.DataFrame({"level": ["supplier", "supplier", "cluster"], "unit": ["a", "b", "all"], "year": [1993] * 3,
                         "kind": ["process", "product", "process"], "direction": ["up", "up", "up"]})  # fmt: skip


def test_upgrading_with_a_fall_of_margins_is_flagged() -> None:
    result = capture(firms(), directions())
    table = result.frame("immiserising")
    assert table["immiserising"].to_list() == [True, False]
    assert table["change_margin"].to_list() == pytest.approx([-0.15, 0.2])
    assert table["change_wage"].to_list() == pytest.approx([0.0, -math.log(2)])
    assert "1 cases" in result.warnings[0]
    wages = result.frame("capture").filter((pl.col("measure") == "wage") & (pl.col("supplier") == "b"))
    assert wages["value"].to_list() == [4.0, 2.0]


def test_capture_says_what_it_lacks() -> None:
    result = capture(firms().select("supplier", "year", "employment"), directions())
    assert {one.column for one in result.missing} == {"margin", "wage"}
    assert result.frame("immiserising")["immiserising"].to_list() == [None, None]
    real = capture(firms().with_columns(p=pl.Series([1.0, 2.0, 1.0, 0.5])), deflator="p")
    wage = real.frame("capture").filter((pl.col("measure") == "wage") & (pl.col("supplier") == "a"))
    assert wage["change"][1] == pytest.approx(-math.log(2))
    assert not real.warnings
    residual = capture(firms().drop("profit").with_columns(materials=pl.lit(30.0))).frame("capture")
    assert residual.filter(pl.col("measure") == "margin")["value"].to_list() == pytest.approx([0.3] * 4)
