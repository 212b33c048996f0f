"""The tables as a whole: catalogue and code agree, bytes do not depend on threads or row order, shares sum to one."""

from __future__ import annotations

import math
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinos.engine import DuckDBEngine
from sinos.errors import EngineError, MeasureError, OutputError, UnknownNameError
from sinos.measures import measure
from sinos.measures.measures import measured
from sinos.measures.missing import REASONS
from sinos.measures.shape import KEYS, WITH_CLUSTER
from sinos.theory import catalogue
from tests.measures.handmade import measures, records, trade
from tests.measures.test_spark import some_trade

LEVELS = {level: [entry.name for entry in catalogue() if entry.level == level] for level in KEYS}


def test_catalogue_and_tables_agree_both_ways() -> None:
    made = measures(some_trade(60))
    for level, names in LEVELS.items():
        extra = ["cluster"] if level in WITH_CLUSTER else []
        assert made.frame(level).columns == [*KEYS[level], *extra, *names]
        assert set(REASONS[level]) <= set(made.frame(level).columns)


def test_every_null_has_a_reason_and_none_is_nan() -> None:
    made = measures(some_trade(60))
    told = {(m.table, m.column): m.count for m in made.missing}
    for level in KEYS:
        frame = made.frame(level)
        for name in frame.columns:
            assert told.get((level, name), 0) == frame[name].null_count(), (level, name)
            if frame.schema[name] == pl.Float64:
                assert frame[name].drop_nulls().is_finite().all()


def test_bytes_do_not_depend_on_rows_or_threads(tmp_path: Path) -> None:
    rows = some_trade(400)
    shuffled = random.Random(1).sample(rows, len(rows))
    written = []
    for number, (table, threads) in enumerate(((rows, 1), (shuffled, 4))):
        folder = tmp_path / str(number)
        folder.mkdir()
        with records(table, DuckDBEngine(threads=threads)) as made:
            files = measured(made).write(folder)
        written.append({file.name: file.read_bytes() for file in files})
    assert set(written[0]) == {f"{name}.parquet" for name in KEYS}
    assert written[0] == written[1]


amounts = st.one_of(st.floats(0.01, 1e9), st.integers(0, 3).map(float))
row = st.fixed_dictionaries(
    {
        "supplier": st.sampled_from("abc"),
        "buyer": st.sampled_from("xyz"),
        "product": st.sampled_from("pq"),
        "destination": st.sampled_from(["US", "BR", None]),
        "year": st.integers(2000, 2003),
        "month": st.integers(1, 12),
        "value": amounts,
        "quantity": st.one_of(st.none(), st.floats(0.1, 1e6)),
    }
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(row, min_size=1, max_size=25))
def test_measures_stay_in_their_range(rows: list[dict[str, object]]) -> None:
    made = measures(rows)
    for entry in catalogue():
        if entry.level in KEYS and entry.range == "0-1":
            known = made.frame(entry.level)[entry.name].drop_nulls()
            assert ((known >= 0) & (known <= 1 + 1e-9)).all(), (entry.level, entry.name)
    pairs = made.frame("relation_years")
    shares = pairs.group_by("supplier", "year").agg(
        pl.col("supplier_dependence").sum(), pl.col("supplier_dependence").count().alias("known")
    )
    assert (shares.filter(pl.col("known") > 0)["supplier_dependence"] - 1).abs().max() in (
        None,
        pytest.approx(0, abs=1e-9),
    )
    total = math.fsum(float(str(r["value"])) for r in rows)
    for level in ("relation_years", "supplier_years", "buyer_years", "product_years", "supplier_product_years"):
        assert made.frame(level)["value"].sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert made.frame("relation_years")["relative_power"].drop_nulls().abs().max() in (None, pytest.approx(0, abs=1.0))


def test_sums_of_cents_are_exact() -> None:
    made = measures(trade("a x 2000 0.1\na x 2000 0.2"))
    assert made.frame("relation_years")["value"].to_list() == [0.3]


@pytest.mark.parametrize("column", ["value", "quantity"])
def test_numbers_whose_sum_has_no_end_are_an_error(column: str) -> None:
    rows = [row | {"quantity": 1.0, column: 1e308} for row in trade("a x 2000 1\na x 2001 1\na y 2000 1")]
    with pytest.raises(MeasureError, match=f"sum of {column} is larger") as caught:
        measures(rows)
    assert "the largest is 1e+308" in caught.value.what
    assert f"filter: {{column: {column}, at_most: 1e15}}" in caught.value.fix


def test_numbers_that_vanish_beside_the_largest_are_counted() -> None:
    made = measures(trade("a x 2000 1e18\na y 2000 1\na z 2000 0\nb y 2000 30000"))
    assert [(m.column, m.count) for m in made.missing if m.table == "transactions"] == [("value", 1)]
    assert "smaller than 10000, the step of exact sums" in next(m.reason for m in made.missing if m.column == "value")
    assert made.frame("relation_years")["value"].to_list() == [1e18, 1e4, 0.0, 3e4]
    assert not [m for m in measures(trade("a x 2000 1e13\na y 2000 1")).missing if m.table == "transactions"]


def test_tables_outlive_the_records_only_when_read(tmp_path: Path) -> None:
    with records(trade("a x 2000 1")) as made:
        result = measured(made)
        assert result.rows("relation_years") == 1
        assert result.frame("supplier_years").height == 1
    assert result.frame("supplier_years").height == 1
    with pytest.raises(EngineError, match="load"):
        result.frame("relation_years")
    with pytest.raises(UnknownNameError):
        result.write(tmp_path, ["relation_year"])
    with pytest.raises(OutputError):
        result.write(tmp_path / "none")
    result.write(tmp_path, ["supplier_years"])
    assert pl.read_parquet(tmp_path / "supplier_years.parquet").height == 1


def test_no_transactions_is_an_error() -> None:
    with records([]) as made, pytest.raises(MeasureError, match="no transactions"):
        measured(made)


def test_measure_takes_records_or_a_frame() -> None:
    frame = pl.DataFrame(
        {"supplier": ["a", "a"], "buyer": ["x", "y"], "product": ["1", "1"], "year": [1990, 1990], "value": [3.0, 1.0]}
    )
    assert measure(frame).frame("supplier_years")["top1_share"].to_list() == [0.75]
    with records(trade("a x 2000 1")) as made:
        result = measure(made).load()
    assert "relation_years: 1 rows" in result.summary()
    axes = result.plot()
    assert axes.get_ylabel() == "Main buyer's share of recorded sales"
    assert result.plot_data()["main_buyer"].to_list() == ["x"]
