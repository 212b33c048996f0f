"""Production functions: planted truth, published Chilean numbers, another library, and what has no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from planted import CAPITAL, LABOUR, plants
from polars.testing import assert_frame_equal

from sinos.errors import UnknownNameError, UpgradingError
from sinos.upgrading.estimators import control_function
from sinos.upgrading.estimators.productivity import productivity

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "chilean_plants_1996_2006.csv.gz"
PLANTED: dict[str, Any] = {"output": "y", "free": ["l"], "state": ["k"], "logs": True, "bootstrap": 0}


def beta(frame: Any, **options: Any) -> list[float]:
    return productivity(frame, **{**PLANTED, **options}).frame("coefficients")["estimate"].to_list()


@pytest.mark.parametrize(
    ("method", "proxy", "variant"),
    [("op", "i", "system"), ("lp", "m", "system"), ("acf", "m", "system"), ("wooldridge", "m", "system")],
)
def test_planted_truth_where_labour_has_an_error_of_its_own(method: str, proxy: str, variant: str) -> None:
    found = beta(plants(seed=3), method=method, proxy=[proxy], variant=variant)
    assert found == pytest.approx([LABOUR, CAPITAL], abs=0.03 if method != "acf" else 0.06)


@pytest.mark.parametrize(("method", "proxy", "variant"), [("acf", "m", "system"), ("wooldridge", "i", "single")])
def test_planted_truth_where_labour_is_set_early(method: str, proxy: str, variant: str) -> None:
    """The single equation needs a proxy that shows productivity without knowing labour: investment."""
    found = beta(plants(seed=4, timing="wages"), method=method, proxy=[proxy], variant=variant)
    assert found == pytest.approx([LABOUR, CAPITAL], abs=0.04)


def test_levinsohn_petrin_fails_where_ackerberg_caves_frazer_say_it_does() -> None:
    """With labour a function of what the proxy shows, the first stage finds next to nothing (their Table I, DGP 1)."""
    assert beta(plants(seed=4, timing="wages"), method="lp", proxy=["m"])[0] < 0.1


def test_the_form_kept_for_published_numbers_only_misses_planted_truth() -> None:
    """It ties capital's coefficient in the equation in which the polynomial holds capital too."""
    assert beta(plants(seed=3), method="wooldridge", proxy=["m"], variant="tied")[1] < 0.2


def test_productivity_follows_the_planted_one() -> None:
    world = plants(seed=3)
    table = productivity(world, method="lp", proxy=["m"], **PLANTED).frame("productivity")
    joined = world.join(table, on=["supplier", "year"])
    assert joined.select(pl.corr("omega", "log_tfp")).item() > 0.9


def test_single_equation_equals_another_library() -> None:
    """Equation 2 alone is two-stage least squares of linearmodels."""
    iv = pytest.importorskip("linearmodels.iv")
    world = plants(number=150, seed=5, timing="wages")
    pairs = world.join(world.with_columns(pl.col("year") + 1), on=["supplier", "year"], suffix="_old").sort("supplier")
    lagged = control_function.polynomial(pairs.select("k_old", "m_old").to_numpy(), 2)
    exogenous = np.column_stack([np.ones(len(pairs)), pairs["k"].to_numpy(), lagged])
    theirs = iv.IV2SLS(pairs["y"].to_numpy(), exogenous, pairs["l"].to_numpy(), pairs["l_old"].to_numpy()).fit().params
    ours = beta(world, method="wooldridge", proxy=["m"], variant="single")
    assert ours == pytest.approx([theirs.iloc[-1], theirs.iloc[1]], abs=1e-8)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_file(), reason="../shared/data is not present")
@pytest.mark.parametrize(
    ("method", "proxy", "variant", "published"),
    [
        ("op", "inv", "system", [0.314, 0.256, 0.168]),
        ("lp", "pX", "system", [0.199, 0.169, 0.117]),
        ("wooldridge", "pX", "stacked", [0.246, 0.214, 0.145]),
        ("wooldridge", "inv", "stacked", [0.375, 0.309, 0.180]),
        ("wooldridge", "pX", "tied", [0.247, 0.217, 0.058]),
        ("wooldridge", "pX", "single", [0.255, 0.218, 0.160]),
        ("acf", "pX", "system", [0.646, 0.644, 0.251]),
    ],
)
def test_published_chilean_numbers(method: str, proxy: str, variant: str, published: list[float]) -> None:
    chile = pl.read_csv(DATA).with_columns(pl.col("idvar", "timevar").cast(pl.Int64))
    found = productivity(
        chile, method=method, output="Y", free=["fX1", "fX2"], state=["sX"], proxy=[proxy], supplier="idvar",
        year="timevar", logs=True, variant=variant, bootstrap=0,
    ).frame("coefficients")["estimate"]  # fmt: skip
    assert [round(value, 3) for value in found] == published


def test_errors_come_from_drawing_suppliers_and_do_not_depend_on_the_order_of_rows() -> None:
    world = plants(number=120, years=5, seed=6)
    options = {**PLANTED, "method": "lp", "proxy": ["m"], "bootstrap": 20, "starts": 3}
    one, other = productivity(world, **options), productivity(world.sample(fraction=1, shuffle=True, seed=1), **options)
    for name in one.names():
        assert_frame_equal(one.frame(name), other.frame(name), check_exact=True)
    assert one.provenance == other.provenance
    spread = one.frame("coefficients")
    assert (spread["std_error"] > 0).all()
    assert (spread["low"] < spread["estimate"]).all()
    assert (spread["estimate"] < spread["high"]).all()
    again = productivity(world, **{**options, "seed": 9}).frame("coefficients")["std_error"]
    assert not again.equals(spread["std_error"])


def test_levels_are_logged_and_what_has_no_log_is_counted() -> None:
    world = plants(number=150, seed=7)
    levels = world.with_columns(pl.col("y", "l", "k", "m").exp()).with_columns(
        l=pl.when(pl.col("supplier") == "s0000").then(0.0).otherwise("l")
    )
    inputs = {"output": "y", "free": ["l"], "state": ["k"], "proxy": ["m"], "bootstrap": 0, "method": "lp"}
    result = productivity(levels.to_pandas(), **inputs)
    assert result.missing[0].count == 8
    assert "no log" in result.missing[0].reason
    plain = productivity(world.filter(pl.col("supplier") != "s0000"), **inputs, logs=True)
    assert result.frame("coefficients")["estimate"].to_list() == pytest.approx(
        plain.frame("coefficients")["estimate"].to_list(), abs=1e-6
    )
    assert isinstance(result.table(), pd.DataFrame)
    assert "prodest" in result.references[1]


def test_every_minimum_is_reported_and_rivals_are_warned_of() -> None:
    result = productivity(plants(seed=3), method="acf", proxy=["m"], **PLANTED)
    table = result.frame("minima")
    assert table["objective"].is_sorted()
    assert table.filter(pl.col("rank") == 1)["estimate"].to_list() == result.frame("coefficients")["estimate"].to_list()
    assert table.unique("rank")["hits"].sum() <= 12


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda w: w.filter(pl.col("year") == 2001), {}, "0 supplier-years have the year before"),
        (lambda w: w.with_columns(k=pl.lit(1.0)), {}, "'k' holds one value"),
        (lambda w: w.with_columns(l=2 * pl.col("k")), {}, "collinear"),
        (lambda w: w.with_columns(y=pl.lit(None, pl.Float64)), {}, "0 supplier-years"),
        (lambda w: pl.concat([w, w]), {}, "repeated"),
        (lambda w: w.drop("m"), {}, "'m' is missing"),
        (lambda w: w.head(0), {}, "no rows"),
        (lambda w: w.with_columns(m=pl.lit("x")), {}, "not numbers"),
        (lambda w: w.with_columns(year=pl.col("year") + 0.5), {}, "not whole years"),
        (lambda w: w.with_columns(supplier=pl.lit(None, pl.String)), {}, "must be given"),
        (lambda w: w, {"free": []}, "at least one"),
        (lambda w: w, {"free": "l"}, "at least one"),
    ],
)
def test_bad_input_is_explained(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UpgradingError, match=message):
        productivity(change(plants(number=40, seed=1)), **{**PLANTED, "method": "lp", "proxy": ["m"], **options})


def test_unknown_methods_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="acf"):
        productivity(plants(number=20), **{**PLANTED, "method": "acff"})
    with pytest.raises(UnknownNameError, match="single"):
        productivity(plants(number=20), **{**PLANTED, "method": "wooldridge", "variant": "singel"})


def test_senseless_coefficients_are_warned_of() -> None:
    draw = np.random.default_rng(2)
    world = plants(number=60, seed=2).with_columns(y=-2 * pl.col("l") + pl.Series(draw.normal(size=480)))
    assert "negative" in productivity(world, method="lp", proxy=["m"], **PLANTED).summary()


def test_exit_is_said_and_does_what_is_said() -> None:
    """Plants leave when productivity is low for their capital: the coefficient of capital falls far below 0.4."""
    draw = np.random.default_rng(1)
    number, rows = 800, []
    omega, k, alive = draw.normal(0, 0.4, number), draw.normal(0, 0.8, number), np.ones(800, dtype=bool)
    for year in range(2000, 2008):
        i = omega + 0.2 * k
        labour = (omega + CAPITAL * k) / (1 - LABOUR) + draw.normal(0, 0.4, number)
        y = LABOUR * labour + CAPITAL * k + omega + draw.normal(0, 0.1, number)
        world = pl.DataFrame(
            {"supplier": np.arange(number).astype(str), "year": year, "y": y, "l": labour, "k": k, "i": i}
        )
        rows.append(world.filter(pl.Series(alive)))
        k, omega = 0.7 * k + 0.5 * i, 0.7 * omega + draw.normal(0, 0.3, number)
        alive = alive & (omega >= -0.25 - 0.5 * k)
    found = productivity(pl.concat(rows), method="op", proxy=["i"], **PLANTED)
    assert found.frame("coefficients")["estimate"].to_list() == pytest.approx([LABOUR, 0.05], abs=0.1)
    assert any("exit is not corrected for" in text for text in found.warnings)
    assert not any(
        "exit" in text for text in productivity(plants(seed=3), method="op", proxy=["i"], **PLANTED).warnings
    )
