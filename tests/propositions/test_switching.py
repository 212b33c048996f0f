"""Switching on and off, and pooling over readings of governance: by hand, on planted truth, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.propositions import events, switching
from sinos.propositions.claims import select
from sinos.propositions.estimate import Refusal
from sinos.propositions.measurement import sales
from sinos.propositions.panels import Panels, build
from sinos.propositions.parts import Estimate
from sinos.propositions.rereading import over_readings, pooled_over
from sinos.propositions.worlds import World

P1 = select("P1")[0]


def moves(rows: list[tuple[str, int, int, int, float]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["cluster", "time", "before", "now", "change"], orient="row")
    return frame.with_columns(change_before=pl.lit(None, pl.Float64))


def by_hand() -> pl.DataFrame:
    """Ten enter in year 1 (+3, stayers out +1), ten leave in year 2 (+1, stayers in +5), one leaves alone in year 3."""
    rows = [(f"e{i}", 1, 0, 1, 3.0) for i in range(10)] + [(f"n{i}", 1, 0, 0, 1.0) for i in range(4)]
    rows += [(f"l{i}", 2, 1, 0, 1.0) for i in range(10)] + [(f"i{i}", 2, 1, 1, 5.0) for i in range(5)]
    return moves([*rows, ("alone", 3, 1, 0, 99.0)])


def test_did_m_by_hand() -> None:
    both = switching.did_m(by_hand())
    assert isinstance(both, switching.Switched)
    assert both.estimate == pytest.approx((10 * 2.0 + 10 * 4.0) / 20)  # DID+ = 3 - 1, DID- = 5 - 1
    assert (both.switches, both.alone, both.rows, both.clusters) == (20, 1, 30, 30)
    into, out = (switching.did_m(by_hand(), which=which) for which in ("in", "out"))
    assert isinstance(into, switching.Switched)
    assert isinstance(out, switching.Switched)
    assert (into.estimate, into.se, into.alone) == (2.0, 0.0, 0)
    assert (out.estimate, out.alone) == (4.0, 1)


def planted(units: int = 300, years: int = 8, effect: float = 0.5, seed: int = 1) -> pl.DataFrame:
    """Forms switch on and off at random; the outcome follows the form at once, with units' levels and common shocks."""
    rng = np.random.default_rng(seed)
    form = np.cumsum(rng.random((units, years)) < 0.25, axis=1) % 2
    y = effect * form + rng.normal(size=(units, 1)) + rng.normal(size=years) + rng.normal(0, 0.5, (units, years))
    unit = np.repeat([f"u{i:03d}" for i in range(units)], years)
    return pl.DataFrame(
        {"unit": unit, "cluster": unit, "time": np.tile(np.arange(years), units), "form": form.ravel(), "y": y.ravel()}
    )


def test_planted_effects_are_found_and_the_placebo_is_not() -> None:
    made = switching.switches(planted())
    for which in ("both", "in", "out"):
        found = switching.did_m(made, which=which)
        assert isinstance(found, switching.Switched)
        assert abs(found.estimate - 0.5) < 3 * found.se
        assert 0.01 < found.se < 0.1
    placebo = switching.did_m(made, "change_before")
    assert isinstance(placebo, switching.Switched)
    assert abs(placebo.estimate) < 3 * placebo.se


def test_bootstrap_error_is_the_spread_over_worlds() -> None:
    found = [switching.did_m(switching.switches(planted(80, 6, seed=seed)), seed=seed) for seed in range(40)]
    values = [item.estimate for item in found if isinstance(item, switching.Switched)]
    errors = [item.se for item in found if isinstance(item, switching.Switched)]
    assert len(values) == 40
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.35)
    assert np.mean(values) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (by_hand().filter(pl.col("before") == pl.col("now")), "0 clusters switch on record"),
        (by_hand().filter(pl.col("before") != pl.col("now")), "nobody of the same earlier form stays"),
        (by_hand().head(0), "0 clusters switch"),
        (by_hand().filter(pl.col("time") == 1).filter(~pl.col("cluster").is_in(["n1", "n2", "n3"])), "bootstrap"),
        (by_hand().with_columns(change=pl.lit(None, pl.Float64)), "0 clusters switch"),
    ],
)
def test_what_cannot_be_compared_says_why(data: pl.DataFrame, reason: str) -> None:
    found = switching.did_m(data)
    assert isinstance(found, Refusal)
    assert reason in found.reason


def test_changes_over_gaps_are_not_used() -> None:
    rows = pl.DataFrame({"unit": ["a"] * 3, "cluster": ["a"] * 3, "time": [1, 3, 4], "form": [0, 1, 1], "y": [0, 1, 2]})
    assert switching.switches(rows).select("time", "before", "now", "change", "change_before").rows() == [
        (4, 1, 1, 1, None)
    ]


def estimate(value: float | None, se: float | None = 0.5, note: str = "") -> Estimate:
    return Estimate("P1", "d", "y", "x", 1, "expected", estimate=value, se=se, rows=50, clusters=1000, note=note)


def test_pooling_by_hand() -> None:
    """Within 0.25, between 1 (of 1, 2, 3): total 0.25 + 4/3."""
    made = pooled_over([[estimate(value)] for value in (1.0, 2.0, 3.0)])[0]
    assert (made.estimate, made.reading) == (2.0, "draws")
    assert made.se == pytest.approx((0.25 + 4 / 3) ** 0.5)
    assert made.note == "3 draws; 84 % of the variance is from classification"


def test_pooling_needs_half_of_the_draws() -> None:
    few = pooled_over([[estimate(1.0)], [estimate(None, None, "why")], [estimate(None, None, "why")]])[0]
    assert (few.estimate, few.note) == (None, "only 1 of 3 draws of governance give an estimate")
    none = pooled_over([[estimate(None, None, "why")], [estimate(None, None, "why")]])[0]
    assert (none.estimate, none.note) == (None, "why")
    assert pooled_over([[estimate(None, None, "rare")], [], []]) == []


@pytest.fixture(scope="module")
def panels() -> Panels:
    return build(*World(suppliers=100, years=8, certainty=6.0, noise=0.15, seed=5).stages())


def test_designs_are_made_under_every_draw_with_the_naive_beside(panels: Panels) -> None:
    made = switching.switching(P1, panels)
    drawn = [item for item in made if item.reading == "draws" and item.estimate is not None]
    naive = [item for item in made if item.reading == "modal" and item.estimate is not None]
    assert {item.term for item in drawn} == set(switching.TERMS)
    assert {item.outcome for item in naive} == {"process", "product", "functional"}
    assert all("draws" in item.note for item in drawn)
    assert all(item.note.startswith("most probable form taken as true") for item in naive)
    signs = {item.outcome: item.estimate * item.sign for item in drawn if item.term == "switch" and item.estimate}
    assert all(value > 0 for value in signs.values())


def test_certain_governance_makes_all_draws_the_same(panels: Panels) -> None:
    sure = np.eye(4)[panels.probability.argmax(axis=1)]
    certain = replace(panels, probability=sure, draws=(sure, sure))
    made = over_readings(certain, lambda read: switching.switch_effects(P1, read))
    pairs = {reading: [i.estimate for i in made if i.reading == reading] for reading in ("draws", "modal")}
    assert pairs["draws"] == pytest.approx(pairs["modal"])
    entered = events.first_entry(P1, certain)
    assert {item.reading for item in entered} >= {"draws"}


def test_no_relations_end_in_a_reason(panels: Panels) -> None:
    frames = {name: frame.clear() for name, frame in panels.frames.items()}
    none = panels.relations.head(0)
    empty = replace(panels, frames=frames, relations=none, sales=sales(none), probability=np.zeros((0, 4)), draws=())
    made = switching.switching(P1, empty)
    assert {item.estimate for item in made} == {None}
    assert all("clusters switch on record" in item.note for item in made)
