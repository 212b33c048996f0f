"""The placebo of strict exogeneity: by hand, and on worlds where it should find something and where it should not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.propositions.checks import read
from sinos.propositions.claims import select
from sinos.propositions.estimate import fit
from sinos.propositions.panels import Panels, build
from sinos.propositions.placebos import _calendars, past_outcome, with_earlier
from sinos.propositions.propositions import tested as verdicts_on
from sinos.propositions.testability import testability as powers_of
from sinos.propositions.worlds import CLAIMED, NOTHING, World

P1 = select("P1")[0]


def failures(world: World, worlds: int) -> int:
    """Return how many parts of P1 fail the placebo in worlds of other seeds."""
    count = 0
    for seed in range(worlds):
        panels = build(*replace(world, seed=seed + 1).stages())
        count += sum(past_outcome(P1, power, panels).outcome_of == "fails" for power in powers_of(P1, panels))
    return count


def test_it_is_the_regression_on_governance_now_and_before() -> None:
    panels = build(*World(suppliers=60, years=6, seed=2).stages())
    power = powers_of(P1, panels)[0]
    seen = past_outcome(P1, power, panels)
    frame = panels.frames["supplier"].sort("supplier", "year")
    shares = ["share_quasi_hierarchy", "share_network", "share_hierarchy"]
    lagged = frame.with_columns(pl.col(name).shift(1).over("supplier").name.prefix("earlier_") for name in shares)
    wanted = lagged.drop_nulls(["past_process", *(f"earlier_{name}" for name in shares)])
    columns = [*shares, *(f"earlier_{name}" for name in shares)]
    dummies = wanted.select("supplier", "cluster_year").to_dummies(drop_first=True).to_numpy().astype(float)
    x = np.column_stack([wanted.select(columns).to_numpy(), np.ones(wanted.height), dummies])
    beta = np.linalg.lstsq(x, wanted["past_process"].to_numpy(), rcond=None)[0]
    assert seen.estimate == pytest.approx(beta[0], rel=1e-6)


def test_governance_that_lasts_does_not_look_like_selection() -> None:
    """Where effects are true and governance lasts, the old placebo (without governance before) would fail by itself."""
    world = World(CLAIMED, lasting=0.8)
    assert failures(world, 8) <= 3
    without = 0
    for seed in range(8):
        panels = build(*replace(world, seed=seed + 1).stages())
        for power in powers_of(P1, panels):
            past = power.formula.explaining(f"past_{power.part.outcome}")
            naive = read(P1, power, "", fit(panels.frames["supplier"], past, "supplier", (power.part.term,)), "")
            without += naive.p is not None and naive.p < 0.05 / 3
    assert without >= 6


def test_selection_is_seen_and_stops_a_contradiction() -> None:
    world = World(NOTHING, violation="selection", suppliers=1000, years=6, seed=4)
    panels: Panels = build(*world.stages())
    made = verdicts_on(panels, (P1,), True, {}, 1, beside_too=False)
    check = made["claim_battery"].filter(
        (pl.col("check") == "placebo: past outcome") & (pl.col("outcome") == "process")
    )
    assert check["outcome_of"].item() == "fails"
    estimate = made["claim_estimates"].filter((pl.col("outcome") == "process") & (pl.col("reading") == "draws"))
    assert estimate["high"].item() < 0  # returning to the mean looks like an effect of the other sign
    row = made["claims"].row(0, named=True)
    assert row["verdict"] == "inconclusive"
    assert "placebo: past outcome fails" in row["because"]


def test_changes_over_different_years_have_no_earlier_governance() -> None:
    rows = pl.DataFrame({"supplier": ["a"] * 3, "year": [1, 2, 4], "x": [0.1, 0.2, 0.4], "since": [None, 1, 2]})
    wide, names = with_earlier(rows, ("x",), "since")
    assert names == ("x_since",)
    assert wide["x_since"].to_list() == [None, 0.1, 0.2]


def test_a_difference_of_kinds_seen_in_different_years_holds_governance_of_both() -> None:
    frame = pl.DataFrame({"since_product": [2, 5, None], "since_functional": [1, 5, 7]})
    assert _calendars(frame, ["since_product", "since_functional"]) == ["since_product", "since_functional"]
    assert _calendars(frame.head(2).with_columns(since_functional="since_product"), list(frame.columns)) == [
        "since_product"
    ]


def test_an_outcome_without_a_past_is_not_run() -> None:
    panels = build(*World(suppliers=40, years=5, seed=1).stages())
    power = powers_of(P1, panels)[0]
    frame = panels.frames["supplier"].drop("past_process")
    seen = past_outcome(P1, power, replace(panels, frames={**panels.frames, "supplier": frame}))
    assert (seen.outcome_of, seen.note) == ("not run", "the outcome has no past counterpart")
