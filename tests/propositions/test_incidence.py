"""Cumulative incidence: by hand, against lifelines without ties, with delayed entry, and what has no answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.propositions.claims import select
from sinos.propositions.incidence import bounds, cumulative_incidence, incidence_rows
from sinos.propositions.panels import Panels, build
from sinos.propositions.result import SCHEMAS
from sinos.propositions.worlds import World

P6 = select("P6")[0]


def years(counts: list[tuple[int, int, int]]) -> pl.DataFrame:
    """Rows of one year each: (at risk, left, ended) in each year of tenure."""
    rows = []
    for number, (risk, left, ended) in enumerate(counts):
        for place in range(risk):
            event = (float(place < left), float(left <= place < left + ended))
            rows.append((f"s{number}.{place}", float(number), number + 1.0, *event))
    return pl.DataFrame(rows, schema=["supplier", "start", "stop", "left", "ended"], orient="row")


def test_by_hand() -> None:
    """10 at risk: 2 leave, 1 ends. 8 at risk (one entered late): 4 leave. S(1) = 0.7, F = 0.2, 0.2 + 0.7 / 2."""
    made = cumulative_incidence(years([(10, 2, 1), (8, 4, 0)]))
    left = made.filter(pl.col("cause") == "left")
    assert left["incidence"].to_list() == pytest.approx([0.2, 0.55])
    assert made.filter(pl.col("cause") == "ended")["incidence"].to_list() == pytest.approx([0.1, 0.1])
    # F = h1 + (1 - h1 - g1) h2: var = (1-h2)^2 h1(1-h1)/10 + h2^2 g1(1-g1)/10 + 2 (1-h2) h2 h1 g1/10 + .7^2 h2(1-h2)/8
    second = 0.25 * 0.2 * 0.8 / 10 + 0.25 * 0.1 * 0.9 / 10 + 2 * 0.25 * 0.2 * 0.1 / 10 + 0.49 * 0.25 / 8
    assert (left["se"] ** 2).to_list() == pytest.approx([0.2 * 0.8 / 10, second])


def test_when_everything_ends_the_curve_stays() -> None:
    made = cumulative_incidence(years([(4, 4, 0), (3, 0, 3)]))
    assert made["incidence"].to_list() == [1.0, 1.0, 0.0, 0.0]
    assert made["se"].is_finite().all()


def untied(late: bool, seed: int = 2, number: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    stop = 1.0 + rng.random(number) * 9
    start = np.where(rng.random(number) < 0.4, rng.random(number) * 0.9, 0.0) if late else np.zeros(number)
    cause = rng.integers(0, 3, number)
    return pl.DataFrame({"supplier": [str(i) for i in range(number)], "start": start, "stop": stop,
                         "left": (cause == 1).astype(float), "ended": (cause == 2).astype(float)})  # fmt: skip


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("cause", "number"), [("left", 1), ("ended", 2)])
def test_without_ties_it_is_what_lifelines_says(late: bool, cause: str, number: int) -> None:
    from lifelines import AalenJohansenFitter

    rows = untied(late)
    event = (rows["left"] + 2 * rows["ended"]).cast(pl.Int64).to_numpy()
    entry = rows["start"].to_numpy() if late else None
    fitted = AalenJohansenFitter().fit(rows["stop"].to_numpy(), event, number, entry=entry)
    curve = fitted.cumulative_density_.iloc[:, 0]
    made = cumulative_incidence(rows).filter(pl.col("cause") == cause)
    for tenure, incidence, se in made.select("tenure", "incidence", "se").iter_rows():
        assert incidence == pytest.approx(float(curve.loc[tenure]), abs=1e-12)
        if tenure < rows["stop"].max():  # lifelines divides by zero where all at risk end
            assert se**2 == pytest.approx(float(fitted.variance_.loc[tenure]), abs=1e-12)


def test_one_row_a_cluster_gives_the_delta_method_and_copies_do_not_look_like_more() -> None:
    rows = years([(30, 5, 4), (20, 6, 3), (12, 2, 5)])
    plain, alone = cumulative_incidence(rows), cumulative_incidence(rows, cluster="supplier")
    groups = rows.height
    assert (alone["se"] * ((groups - 1) / groups) ** 0.5).to_list() == pytest.approx(plain["se"].to_list())
    twice = cumulative_incidence(pl.concat([rows, rows]), cluster="supplier")
    assert twice["se"].to_list() == pytest.approx(alone["se"].to_list())
    assert twice["incidence"].to_list() == pytest.approx(plain["incidence"].to_list())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=5))
def test_causes_and_survival_sum_to_one(counts: list[tuple[int, int, int]]) -> None:
    counts = [(risk + left + ended, left, ended) for risk, left, ended in counts]
    made = cumulative_incidence(years(counts), cluster="supplier")
    last = made.group_by("cause").agg(pl.col("incidence").last())["incidence"].sum()
    stays = np.prod([1 - (left + ended) / risk for risk, left, ended in counts])
    assert last + stays == pytest.approx(1.0)
    assert made["se"].is_finite().all()


def test_intervals_stay_within_zero_and_one() -> None:
    low, high = bounds(0.02, 0.05)
    assert low is not None
    assert high is not None
    assert 0 < low < 0.02 < high < 1
    assert bounds(1.0, 0.1) == bounds(0.5, 0.0) == (None, None)


@pytest.fixture(scope="module")
def panels() -> Panels:
    made = build(*World(suppliers=80, years=8, certainty=6.0, seed=2).stages())
    relation = made.frames["relation"].sort("supplier", "buyer", "year")
    over = ["supplier", "buyer"]
    relation = relation.with_columns(
        tenure_years=(pl.col("year") - pl.col("year").min().over(over) + 1),
        tenure_left_censored=pl.lit(0),
        ended=pl.when(pl.col("year") < pl.col("year").max()).then(
            (pl.col("year") == pl.col("year").max().over(over)).cast(pl.Int64)
        ),
    )
    return replace(made, frames={**made.frames, "relation": relation})


def test_rows_of_the_result(panels: Panels) -> None:
    rows = incidence_rows(P6, panels)
    frame = pl.DataFrame(rows, schema=SCHEMAS["claim_incidence"], orient="row")
    assert {tuple(row) for row in rows} == {tuple(SCHEMAS["claim_incidence"])}
    assert set(frame["reading"]) == {"draws", "modal"}
    groups = set(frame["group"])
    assert {"market", "quasi_hierarchy", "quasi_hierarchy, few other markets"} <= groups
    assert frame.filter(pl.col("at_risk") < 8).is_empty()
    known = frame.drop_nulls("low")
    assert known.filter(~pl.col("incidence").is_between(pl.col("low"), pl.col("high"))).is_empty()
    drawn = frame.filter((pl.col("reading") == "draws") & (pl.col("group") == "quasi_hierarchy"))
    for _, part in drawn.sort("tenure").group_by("cause"):
        assert part["incidence"].diff().drop_nulls().min() >= -1e-9


def test_without_tenure_or_relations_at_risk_it_says_why(panels: Panels) -> None:
    relation = panels.frames["relation"]
    unknown = replace(panels, frames={**panels.frames, "relation": relation.drop("tenure_years")})
    assert [row["note"] for row in incidence_rows(P6, unknown)] == ["tenure of relations is not known"]
    few = replace(panels, frames={**panels.frames, "relation": relation.head(5)})
    (row,) = incidence_rows(P6, few)
    assert row["incidence"] is None
    assert "relations at risk" in row["note"]
