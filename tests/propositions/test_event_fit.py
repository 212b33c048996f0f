"""First entry solved cohort by cohort: the numbers of pyfixest, and what it leaves to pyfixest."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from sinos.propositions import events
from sinos.propositions.estimate import Refusal
from sinos.propositions.event_fit import after_entry, course, plain, saturated


def made(seed: int = 1, units: int = 60, years: int = 9, kept: float = 1.0) -> pl.DataFrame:
    """Units enter in years 3 to 6 or never; some rows are lost, but never those around entry."""
    rng = np.random.default_rng(seed)
    cohort = np.repeat(rng.choice([0, 3, 4, 5, 6], units), years)
    time, unit = np.tile(np.arange(years), units), np.repeat(np.arange(units), years)
    y = 0.4 * ((cohort > 0) & (time >= cohort)) + rng.normal(size=units)[unit] + rng.normal(size=len(unit))
    data = pl.DataFrame({"unit": unit, "time": time, "cohort": cohort.astype(np.int64), "y": y})
    around = (pl.col("time") - pl.col("cohort")).is_between(-1, 0) & (pl.col("cohort") > 0)
    return data.filter(pl.Series(rng.random(len(unit)) < kept) | around)


def test_a_balanced_panel_gives_the_librarys_numbers() -> None:
    data = made()
    ours, theirs = saturated(data), events.by_library(data)
    assert ours is not None
    assert not isinstance(theirs, Refusal)
    assert [item.year for item in ours] == [item.year for item in theirs]
    for one, other in zip(ours, theirs, strict=True):
        assert (one.estimate, one.se) == pytest.approx((other.estimate, other.se), rel=1e-10)


def test_an_unbalanced_panel_gives_what_the_library_gives_at_a_finer_tolerance() -> None:
    import pyfixest

    data = made(seed=3, kept=0.85)
    ours = saturated(data)
    assert ours is not None
    frame = data.with_columns(
        rel=pl.when(pl.col("cohort") > 0).then(pl.col("time") - pl.col("cohort")).otherwise(99)
    ).to_pandas()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = pyfixest.feols(
            "y ~ i(rel, cohort, ref=-1, ref2=0) | unit + time", frame, vcov={"CRV1": "unit"}, fixef_tol=1e-12
        )
    sizes = frame[frame.cohort > 0].groupby(["rel", "cohort"]).size()
    for item in ours:
        weight = np.zeros(len(model._coefnames))
        for cohort, size in sizes[item.year].items():
            weight[[name.endswith(f"::{cohort}") and f"::{item.year}:" in name for name in model._coefnames]] = size
        weight /= weight.sum()
        assert item.estimate == pytest.approx(float(weight @ model._beta_hat), rel=1e-8)
        assert item.se == pytest.approx(float(np.sqrt(weight @ model._vcov @ weight)), rel=1e-8)


def test_the_average_after_entry_is_the_librarys() -> None:
    data = made(seed=5, units=90, years=12)
    import pyfixest

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = pyfixest.lpdid(
            data.to_pandas(), "y", "unit", "time", "cohort", vcov={"CRV1": "unit"}, pre_window=events.LEADS,
            post_window=events.LAGS, att=True,
        ).tidy().iloc[0]  # fmt: skip
    ours = after_entry(data, events.LAGS)
    assert ours == pytest.approx((float(found["Estimate"]), float(found["Std. Error"])), rel=1e-9)


def test_the_average_after_entry_is_over_years_and_not_over_rows() -> None:
    """With gaps: entrants and clean controls seen in every year from the one before to H after, by plain loops."""
    data, lags = made(seed=5, units=150, years=12, kept=0.93), 3
    level = {(unit, time): y for unit, time, y in data.select("unit", "time", "y").iter_rows()}
    lines = []
    for unit, time, cohort in data.select("unit", "time", "cohort").iter_rows():
        course_of = [level.get((unit, time + step)) for step in range(-1, lags + 1)]
        clean = cohort == 0 or cohort > time + lags
        if None not in course_of and (clean or cohort == time):
            lines.append((time, float(cohort == time), np.mean(course_of[1:]) - course_of[0]))
    times, enters, change = (np.array(column) for column in zip(*lines, strict=True))
    design = np.column_stack([enters, times[:, None] == np.unique(times)]).astype(float)
    direct = np.linalg.lstsq(design, change, rcond=None)[0][0]
    ours = after_entry(data, lags)
    assert not isinstance(ours, Refusal)
    assert ours[0] == pytest.approx(direct, rel=1e-9)


def test_by_hand() -> None:
    """Entrants rise by 3 and 1 (mean 2), the never treated by 0.5: the effect at entry is 1.5."""
    rows = [(0, 1, 2, 0.0), (0, 2, 2, 3.0), (1, 1, 2, 5.0), (1, 2, 2, 6.0)]
    rows += [(2, 1, 0, 1.0), (2, 2, 0, 1.0), (3, 1, 0, 0.0), (3, 2, 0, 1.0)]
    data = pl.DataFrame(rows, schema=["unit", "time", "cohort", "y"], orient="row")
    found = saturated(data)
    assert found is not None
    assert [(item.year, item.estimate) for item in found] == [(0, 1.5)]


def test_what_is_not_plain_is_left_to_the_library() -> None:
    data = made(seed=2)
    assert plain(data)
    late = data.filter((pl.col("time") != pl.col("cohort")) | (pl.col("cohort") == 0))
    assert not plain(late)
    assert saturated(late) is None
    assert saturated(data.filter(pl.col("cohort") > 0)) is None
    assert saturated(data.filter((pl.col("time") != 2) | (pl.col("cohort") != 3))) is None
    assert saturated(data.filter((pl.col("time") != 8) | (pl.col("cohort") > 0))) is None
    assert saturated(pl.concat([data, data.head(1)])) is None
    assert saturated(data.clear()) is None
    assert course(data.filter(pl.col("cohort") == 3).filter(pl.col("time") == 2), 2) is None
    for few in (data.head(3), data.clear(), data.filter(pl.col("cohort") == 0), data.filter(pl.col("cohort") > 0)):
        assert isinstance(after_entry(few, 8), Refusal)
    assert isinstance(events.by_library(data.filter(pl.col("cohort") == 0)), Refusal)
