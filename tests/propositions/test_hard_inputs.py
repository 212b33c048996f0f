"""Bad input ends in a reason, never in a traceback or a number that means nothing."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import polars as pl
import pytest

from sinos.errors import MissingExtraError, SinosError
from sinos.propositions.estimate import Refusal, fit, library
from sinos.propositions.formula import Formula
from sinos.propositions.propositions import test as run_test
from sinos.propositions.worlds import World
from sinos.results import Result

MODEL = Formula("y", ("x", "z"), ("unit",))


def frame(**change: Any) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    base = {name: rng.normal(size=120) for name in ("x", "z", "y")}
    return pl.DataFrame({"unit": np.repeat(np.arange(20), 6), **base, **change}, strict=False)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (frame(x=np.ones(120)), "does not vary"),
        (frame(y=[None] * 120), "has no values"),
        (frame(unit=np.arange(120)), "0 usable observations"),
        (frame(unit=np.zeros(120)), "all observations belong to one unit"),
        (frame().with_columns(z=pl.col("x") * 2), "collinear"),
        (frame(x=np.repeat(np.arange(20.0), 6)), "collinear|does not vary within"),
        (frame(y=np.repeat(np.arange(20.0), 6)), "does not vary within|degrees of freedom"),
        (frame().head(10), "usable observations, 30 are needed"),
        (frame().drop("x"), "'x' has no values"),
    ],
)
def test_each_ends_in_a_reason(data: pl.DataFrame, reason: str) -> None:
    made = fit(data, MODEL, "unit", ("x", "z"))
    assert isinstance(made, Refusal)
    assert re.search(reason, made.reason), made.reason


def test_many_effects_with_one_observation_each() -> None:
    data = pl.DataFrame({"unit": np.arange(100_000), "x": np.arange(100_000.0) % 7, "z": np.arange(100_000.0) % 5,
                         "y": np.arange(100_000.0) % 3})  # fmt: skip
    made = fit(data, MODEL, "unit", ("x",))
    assert isinstance(made, Refusal)
    assert "100000 of 100000 are alone" in made.reason


def verdicts(world: World) -> dict[str, str]:
    return dict(run_test(*world.stages(), claims="P1", robustness=False).verdicts)


def test_one_buyer_and_one_year_are_not_testable() -> None:
    assert verdicts(World(suppliers=40, years=2, seed=2)) == {"P1": "not testable"}
    measures, governance, upgrading = World(suppliers=40, years=8, seed=2).stages()
    one = {name: table.with_columns(main_buyer=pl.lit("b")) if "main_buyer" in table.columns else table
           for name, table in measures.frames.items()}  # fmt: skip
    made = run_test(Result(one, (), measures.provenance), governance, upgrading, claims="P1", robustness=False)
    assert made.verdicts["P1"] == "not testable"
    assert "1.0 effective main buyer units" in made.frame("claims")["because"][0]


def test_all_outcomes_missing() -> None:
    measures, governance, upgrading = World(suppliers=20, years=4).stages()
    empty = Result({"upgrading_measures": upgrading.frame().clear()}, (), upgrading.provenance)
    made = run_test(measures, governance, empty)
    words = made.frame("claims").filter(pl.col("claim").is_in(["P1", "P2", "P3", "P4", "P6", "P9", "P11", "P12"]))
    assert set(words["verdict"]) == {"not testable"}
    assert "no repeated process measure" in words["because"][0]


def test_what_is_not_a_result_is_refused() -> None:
    with pytest.raises(SinosError, match="not on a int"):
        run_test(3)


def test_a_missing_library_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'sinos\[estimation\]'"):
        library("no_such_library", "testing claims")
