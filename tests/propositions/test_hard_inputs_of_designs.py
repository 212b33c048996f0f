"""Every design on every hard input: a number with an interval, or a reason; never a traceback, never inf or NaN."""

from __future__ import annotations

import re
from functools import cache

import hard_worlds as hard
import numpy as np
import polars as pl
import pytest

import sinos.propositions.propositions as verb
from sinos.propositions.claims import DESIGNS, select
from sinos.propositions.estimate import Refusal
from sinos.propositions.estimate import fit as fit_model
from sinos.propositions.formula import Formula
from sinos.propositions.result import SCHEMAS
from sinos.propositions.secondary import MADE

VERDICTS = {"supported", "contradicted", "inconclusive", "not testable"}
RAW = re.compile(r"Traceback|Error\b|0x[0-9a-f]{6}|reach out|accessor|nan\b|\binf\b")


@cache
def frames(name: str) -> dict[str, pl.DataFrame]:
    panels = hard.panels(hard.BREAKS[name](hard.tables()))
    return verb.tested(panels, select(None), True, {"other": panels.probability}, 1)


def test_the_sound_world_reaches_every_design() -> None:
    made = frames("sound")["claim_estimates"]
    assert set(made["design"]) == set(DESIGNS)
    assert set(MADE) | {"panel"} == set(DESIGNS)
    silent = set(DESIGNS) - set(made.drop_nulls("estimate")["design"])
    assert silent <= {"shift_share"}  # its instrument is weak in a world without shocks to buyers
    assert frames("sound")["claim_weights"].height > 0
    assert frames("sound")["claim_incidence"].height > 0


@pytest.mark.parametrize("name", list(hard.BREAKS))
def test_each_hard_input_ends_in_verdicts_numbers_and_reasons(name: str) -> None:
    made = frames(name)
    assert set(made) == set(SCHEMAS)
    for table, frame in made.items():
        for column, kind in frame.schema.items():
            if kind == pl.Float64:
                assert frame[column].drop_nulls().is_finite().all(), (table, column)
    verdicts = made["claims"]
    assert verdicts.height == 13
    assert set(verdicts["verdict"]) <= VERDICTS
    assert (verdicts["because"].str.len_chars() > 10).all()
    estimates = made["claim_estimates"]
    given, refused = estimates.filter(pl.col("estimate").is_not_null()), estimates.filter(pl.col("estimate").is_null())
    assert (given["se"] > 0).all()
    assert (given["low"] < given["high"]).all()
    assert given["in_words"].is_not_null().all()
    assert (refused["note"].str.len_chars() > 10).all()
    assert [note for note in refused["note"].unique() if RAW.search(note)] == []
    checks = made["claim_battery"].filter(pl.col("outcome_of") == "not run")
    assert (checks["note"].str.len_chars() > 10).all()
    assert set(estimates["design"]) <= set(DESIGNS)


@pytest.mark.parametrize(
    ("name", "claim", "reason"),
    [
        ("collinear", "P1", "collinear"),
        ("constant", "P1", "does not vary"),
        ("constant_outcomes", "P1", "does not vary"),
        ("singletons", "P1", "no repeated process measure"),
        ("one_buyer", "P1", "effective main buyer units"),
        ("one_year", "P1", "no repeated process measure"),
        ("one_supplier", "P1", "usable observations|no repeated|belong to one"),
        ("missing", "P1", "no repeated process measure"),
        ("nothing", "P13", "needs|no values"),
        ("constant", "P9", "does not vary"),
        ("one_buyer", "P6", "needs buyers named as firms, sales to more than one buyer"),
    ],
)
def test_what_cannot_be_tested_says_what_is_wrong(name: str, claim: str, reason: str) -> None:
    row = frames(name)["claims"].filter(pl.col("claim") == claim).row(0, named=True)
    assert row["verdict"] == "not testable"
    assert re.search(reason, row["because"]), row["because"]


def test_separation_is_said_and_not_estimated() -> None:
    hazards = frames("separation")["claim_estimates"].filter(pl.col("design").is_in(["hazard", "ladder"]))
    assert hazards["note"].str.contains("separates events perfectly").any()
    assert hazards.drop_nulls("estimate").filter(pl.col("estimate").abs() > 15).is_empty()


def test_a_term_that_the_others_make_up_is_refused_whatever_its_place() -> None:
    rng = np.random.default_rng(0)
    data = pl.DataFrame({"unit": np.repeat(np.arange(30), 5), "a": rng.normal(size=150), "c": rng.normal(size=150),
                         "y": rng.normal(size=150)}).with_columns(b=pl.col("a") * 2)  # fmt: skip
    for terms in (("a", "b", "c"), ("b", "a", "c"), ("c", "a", "b")):
        made = fit_model(data, Formula("y", terms, ("unit",)), "unit", ("a",))
        assert isinstance(made, Refusal)
        assert made.reason == "'a' is collinear with the other terms or the fixed effects"
        assert not isinstance(fit_model(data, Formula("y", terms, ("unit",)), "unit", ("c",)), Refusal)


@pytest.mark.slow
def test_a_hundred_thousand_suppliers_seen_once() -> None:
    single = hard.singletons(hard.tables(suppliers=12_500, years=8))
    panels = hard.panels(single, draws=1)
    assert panels.frames["supplier"].height == 100_000
    made = verb.tested(panels, select(None), True, {}, 1)
    words = dict(made["claims"].select("claim", "verdict").iter_rows())
    assert {words[name] for name in ("P1", "P2", "P3", "P4", "P6", "P7", "P9", "P11", "P12")} == {"not testable"}
    refused = made["claim_estimates"].filter(pl.col("estimate").is_null())
    assert (refused["note"].str.len_chars() > 10).all()
