"""Product space, entries and skill relatedness: an independent computation, planted leaps, bad input."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.relatedness import density, proximity, sector_entries
from sinos.upgrading.estimators.skill import skill_relatedness


def world(values: np.ndarray) -> pl.DataFrame:
    rows = [(f"c{c}", f"p{p}", float(v)) for (c, p), v in np.ndenumerate(values) if v > 0]
    return pl.DataFrame(rows, schema=["location", "product", "value"], orient="row")


def by_hand(values: np.ndarray) -> dict[tuple[str, str], float]:
    """The smaller of two conditional probabilities, counted one place at a time."""
    made = values * values.sum() >= values.sum(axis=1, keepdims=True) * values.sum(axis=0)
    found = {}
    for p in range(values.shape[1]):
        for q in range(p + 1, values.shape[1]):
            both = sum(1 for c in range(len(values)) if made[c, p] and made[c, q])
            if both:
                found[f"p{p}", f"p{q}"] = min(both / made[:, p].sum(), both / made[:, q].sum())
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_proximity_equals_an_independent_computation(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 6, (6, 5)).astype(float) + np.eye(6, 5)
    values[values.sum(axis=1) == 0, 0] = 1.0
    values = values[:, values.sum(axis=0) > 0]
    table = proximity(world(values)).frame()
    assert {row[:2]: pytest.approx(row[2]) for row in table.iter_rows()} == by_hand(values)


def test_repeated_rows_are_summed() -> None:
    frame = world(np.array([[2.0, 1.0], [1.0, 2.0]]))
    halves = pl.concat([frame, frame]).with_columns(pl.col("value") / 2)
    assert proximity(halves).frame().equals(proximity(frame).frame())
    assert proximity(frame).frame("ubiquity").rows() == [("p0", 1), ("p1", 1)]
    with pytest.raises(UpgradingError, match="1 places"):
        proximity(frame.head(2))


SPACE = pl.DataFrame({"product": ["a", "a", "b"], "other": ["b", "c", "c"], "proximity": [0.8, 0.2, 0.4]})


def test_density_by_hand() -> None:
    frame = pl.DataFrame({"unit": ["u", "u", "v"], "product": ["a", "z", "c"], "value": [1.0, 1.0, 0.0]})
    result = density(frame, SPACE)
    assert result.frame().rows() == [
        ("u", "a", True, 0.0, 1.0),
        ("u", "b", False, pytest.approx(0.8 / 1.2), pytest.approx(0.4 / 1.2)),
        ("u", "c", False, pytest.approx(0.2 / 0.6), pytest.approx(0.4 / 0.6)),
    ]
    assert {one.reason[:8]: one.count for one in result.missing} == {"a key is": 1, "products": 1}


def test_sustained_entries_and_their_leaps_by_hand() -> None:
    rows = [("u", "a", year, 1.0) for year in range(2000, 2004)] + [
        ("u", "b", 2001, 1.0), ("u", "b", 2002, 1.0), ("u", "c", 2002, 1.0), ("u", "z", 2002, 1.0),
        ("u", "z", 2003, 1.0),
        ("v", "c", 2003, 1.0),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["unit", "product", "year", "value"], orient="row")
    result = sector_entries(frame, SPACE)
    table = result.frame()
    assert table.select("unit", "product", "year").rows() == [("u", "b", 2001), ("u", "z", 2002)]
    assert table["density"].to_list() == [pytest.approx(0.8 / 1.2), None]
    assert table["expected"][0] == pytest.approx((0.8 / 1.2 + 0.2 / 0.6) / 2)
    assert table["distance"][0] == pytest.approx(0.4 / 1.2)
    assert result.frame("entry_summary").row(0)[0] == 2
    assert result.missing[0].count == 1
    assert sector_entries(frame, SPACE, least=0.4).frame().height == 0
    assert sector_entries(frame, SPACE, years=1).frame()["product"].to_list() == ["b", "c", "z"]
    none = sector_entries(frame.filter(pl.col("year") == 2000), SPACE)
    assert none.frame("entry_summary").row(0) == (0, None, None)


def test_planted_related_entries_are_told_from_random_ones() -> None:
    draw = np.random.default_rng(1)
    names = [f"p{i:02d}" for i in range(40)]
    pairs = [(names[i], names[j], float(np.exp(-abs(i - j) / 3))) for i in range(40) for j in range(i + 1, 40)]
    space = pl.DataFrame(pairs, schema=["product", "other", "proximity"], orient="row")
    for near, above in ((True, True), (False, False)):
        rows = []
        for unit in range(60):
            start = int(draw.integers(0, 38))
            entered = start + 2 if near else int(draw.integers(0, 40))
            rows += [(f"u{unit}", names[start], year, 1.0) for year in (2000, 2001, 2002)]
            rows += [(f"u{unit}", names[entered], year, 1.0) for year in (2001, 2002)]
        frame = pl.DataFrame(rows, schema=["unit", "product", "year", "value"], orient="row")
        _, found, expected = sector_entries(frame, space).frame("entry_summary").row(0)
        assert (found > 2 * expected) == above


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (SPACE.with_columns(proximity=pl.lit(2.0)), "between 0 and 1"),
        (pl.concat([SPACE, SPACE.with_columns(pl.col("proximity") / 2)]), "two proximities"),
        (SPACE.with_columns(proximity=pl.lit(0.0)), "no pair"),
        (SPACE.drop("other"), "'other' is missing"),
    ],
)
def test_bad_spaces_are_explained(space: pl.DataFrame, message: str) -> None:
    frame = pl.DataFrame({"unit": ["u"], "product": ["a"], "value": [1.0]})
    with pytest.raises(UpgradingError, match=message):
        density(frame, space)


def test_both_directions_of_one_pair_are_one() -> None:
    mirrored = pl.concat([SPACE, SPACE.select(product="other", other="product", proximity="proximity")])
    frame = pl.DataFrame({"unit": ["u"], "product": ["a"], "value": [1.0]})
    assert density(frame, mirrored).frame().equals(density(frame, SPACE).frame())
    with pytest.raises(UpgradingError, match="years is 0"):
        sector_entries(frame.with_columns(year=pl.lit(2000)), SPACE, years=0)


def test_skill_relatedness_by_hand() -> None:
    flows = pl.DataFrame({"origin": ["a", "a", "b", "c", "a"], "target": ["b", "c", "a", "a", "a"],
                          "workers": [6.0, 2.0, 4.0, 8.0, 99.0]})  # fmt: skip
    result = skill_relatedness(flows)
    rows = {row["origin"] + row["target"]: row for row in result.frame().iter_rows(named=True)}
    assert rows["ab"]["expected"] == pytest.approx(8 * 6 / 20)
    assert rows["ab"]["relatedness"] == pytest.approx((2.5 - 1) / (2.5 + 1))
    assert rows["bc"]["ratio"] is None
    assert rows["cb"]["ratio"] == 0.0
    assert result.missing[0].count == 2
    pairs = {row[:2]: row[2] for row in result.frame("proximity").iter_rows()}
    ba = 4 / (4 * 12 / 20)
    assert pairs["a", "b"] == pytest.approx((1.5 / 3.5 + (ba - 1) / (ba + 1)) / 2)


def test_skill_relatedness_explains() -> None:
    flows = pl.DataFrame({"origin": ["a"], "target": ["a"], "workers": [6.0]})
    with pytest.raises(UpgradingError, match="no worker"):
        skill_relatedness(flows)
    with pytest.raises(UpgradingError, match="below zero"):
        skill_relatedness(flows.with_columns(workers=pl.lit(-1.0)))
