"""Numbers, dates and flags from text: what is ambiguous is never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.engine import DuckDBEngine
from sinos.records import parsing


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(threads=1)
    yield engine
    engine.close()


def _column(engine: DuckDBEngine, cells: list[str | None]) -> None:
    engine.register("t", pl.DataFrame({"n": range(len(cells)), "x": pl.Series(cells, dtype=pl.String)}).to_arrow())


def _values(engine: DuckDBEngine, expression: str) -> list[object]:
    return [row[0] for row in engine.connection.execute(f"SELECT {expression} FROM t ORDER BY n").fetchall()]


def _numbers(engine: DuckDBEngine, cells: list[str | None], declared: str | None = None) -> list[object]:
    _column(engine, cells)
    style = parsing.number_style(engine, "t", "x", declared)
    return _values(engine, parsing.number('"x"', "VARCHAR", style))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", " 2.5 ", "+3", "-4e2", None, "", "five", "nan", "inf", "1e999"], [1, 2.5, 3, -400] + [None] * 6),
        (["1,5", "12,25", "0,125"], [1.5, 12.25, 0.125]),
        (["1,5", "1.234", "1.234.567,8"], [1.5, 1234, 1234567.8]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["1,234,567", "1,234"], [1234567, 1234]),
        (["1,234"], [None]),
        (["1,234", "1.5"], [None, 1.5]),
        (["1,5", "1.5"], [None, 1.5]),
        (["1,5", "1,234.5"], [None, 1234.5]),
        (["1 234", "1 234 567.5", "1\u00a0234", "1'234"], [1234, 1234567.5, 1234, 1234]),
        (["\u00a012.5", "7\u202f", "\t8 ", "\ufeff9", "1,5\u00a0"], [12.5, 7, 8, 9, None]),
        (["1 234,5"], [1234.5]),
        (["$5", "5 USD", "(5)", "1,23,456"], [None] * 4),
    ],
)
def test_numbers_are_read_only_in_one_way(
    engine: DuckDBEngine, cells: list[str | None], expected: list[float | None]
) -> None:
    assert _numbers(engine, cells) == expected


def test_declared_mark_settles_what_is_ambiguous(engine: DuckDBEngine) -> None:
    assert _numbers(engine, ["1,234", "1.5"], ".") == [1234, 1.5]
    assert _numbers(engine, ["1.234", "1,5", ",5", "2,5e1", "1.5"], ",") == [1234, 1.5, 0.5, 25, None]


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_numbers_survive_their_own_text(engine: DuckDBEngine, values: list[float]) -> None:
    assert _numbers(engine, [repr(value) for value in values]) == values
    commas = [repr(value).replace(".", ",") for value in values]
    assert _numbers(engine, commas, ",") == values


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_grouped_thousands_survive_when_the_mark_is_declared(engine: DuckDBEngine, values: list[int]) -> None:
    assert _numbers(engine, [f"{value:,}" for value in values], ".") == values


def _dates(engine: DuckDBEngine, cells: list[str | None], *formats: str) -> tuple[list[object], parsing.DateStyle]:
    _column(engine, cells)
    style = parsing.date_style(engine, "t", "x", formats, "here")
    return _values(engine, parsing.date('"x"', "VARCHAR", style)), style


DAY = date(2006, 2, 3)


@pytest.mark.parametrize(
    "text",
    ["2006-02-03", "2006/2/3", "20060203", "2006.02.03", "2006-02-03 10:20:30", "2006-02-03T10:20", "3-Feb-06",
     "03-FEB-2006", "3 February 2006", "Feb 3, 2006", "03feb2006", "3/Feb/2006", "03.02.2006", "3.2.06",
     " 2006-02-03 "],
)  # fmt: skip
def test_dates_of_one_meaning_are_read(engine: DuckDBEngine, text: str) -> None:
    assert _dates(engine, [text])[0] == [DAY]


@pytest.mark.parametrize(
    ("cells", "expected", "order"),
    [
        (["3/2/2006", "13/2/2006"], [DAY, date(2006, 2, 13)], "dmy"),
        (["2/3/2006", "2/13/2006 0:00:00"], [DAY, date(2006, 2, 13)], "mdy"),
        (["2-3-06", "2-13-06"], [DAY, date(2006, 2, 13)], "mdy"),
        (["2/3/2006"], [None], "each"),
        (["2/2/2006", "2/3/2006"], [date(2006, 2, 2), None], "each"),
        (["13/2/2006", "2/13/2006", "2/3/2006"], [date(2006, 2, 13), date(2006, 2, 13), None], "each"),
    ],
)
def test_day_and_month_are_never_guessed(
    engine: DuckDBEngine, cells: list[str | None], expected: list[date | None], order: str
) -> None:
    values, style = _dates(engine, cells)
    assert (values, style.order) == (expected, order)


def test_census_tells_how_many_dates_are_written_how(engine: DuckDBEngine) -> None:
    _, style = _dates(engine, ["2006-02-03", "2-Jun-06", "2-Jun-06", "Date Not Captured", "2006", None])
    assert style.census == {"%d-%b-%y": 2, "ISO": 1, "not a date": 1, "year only": 1}
    assert style.text() == "%d-%b-%y: 2; ISO: 1; not a date: 1; year only: 1"


def test_given_format_comes_first_and_iso_is_always_read(engine: DuckDBEngine) -> None:
    assert _dates(engine, ["2/3/2006", "2006-02-03", "13/2/2006"], "%m/%d/%Y")[0][:2] == [DAY, DAY]
    assert _dates(engine, ["2006-03-02"], "%Y-%d-%m")[0] == [DAY]


def test_absurd_years_are_not_dates(engine: DuckDBEngine) -> None:
    assert _dates(engine, ["0000-01-01", "9999-12-31", "1499-12-31", "1500-01-01", "epoch"])[0] == [
        None, None, None, date(1500, 1, 1), None,
    ]  # fmt: skip


def test_year_survives_where_day_and_month_do_not(engine: DuckDBEngine) -> None:
    _column(engine, ["2/3/2006", "1999", "text"])
    style = parsing.date_style(engine, "t", "x", (), "here")
    year = parsing.year_in_text('"x"', "VARCHAR", style)
    assert year is not None
    assert _values(engine, year) == [2006, 1999, None]
    assert parsing.year_in_text('"x"', "DATE", style) is None


@given(st.lists(st.dates(date(1970, 1, 1), date(2068, 12, 31)), min_size=1, max_size=15))
@settings(max_examples=20, deadline=None)
def test_dates_survive_their_own_text(engine: DuckDBEngine, days: list[date]) -> None:
    for pattern in ("%Y-%m-%d", "%d-%b-%y", "%d.%m.%Y", "%Y%m%d"):
        assert _dates(engine, [day.strftime(pattern) for day in days])[0] == days


def test_flags_and_shares(engine: DuckDBEngine) -> None:
    _column(engine, ["1", "Yes", "FALSE", "0.0", "maybe", None])
    assert _values(engine, parsing.flag('"x"')) == [1, 1, 0, 0, None, None]
    _column(engine, ["0.5", "45%", "1", "45", "-0.1", "12.5 %"])
    assert _values(engine, parsing.share('"x"', "VARCHAR", parsing.NumberStyle())) == [0.5, 0.45, 1, None, None, 0.125]


def test_whole_numbers_have_bounds(engine: DuckDBEngine) -> None:
    _column(engine, ["1500", "2200.0", "2201", "2000.5"])
    assert _values(engine, parsing.whole('"x"', "VARCHAR", parsing.NumberStyle(), 1500, 2200)) == [
        1500,
        2200,
        None,
        None,
    ]


def test_native_types_need_no_text(engine: DuckDBEngine) -> None:
    engine.execute(
        "CREATE OR REPLACE TABLE t AS SELECT 0 AS n, 'inf'::DOUBLE AS x, TIMESTAMP '2006-02-03 10:00:00' AS d"
    )
    assert _values(engine, parsing.number('"x"', "DOUBLE", parsing.NumberStyle())) == [None]
    assert _values(engine, parsing.number('"n"', "INTEGER", parsing.NumberStyle())) == [0.0]
    assert _values(engine, parsing.date('"d"', "TIMESTAMP", parsing.DateStyle())) == [DAY]
    assert parsing.is_number("DECIMAL(18,2)")
    assert not parsing.is_number("VARCHAR")


def test_style_in_words() -> None:
    assert parsing.NumberStyle(",", groups=True).text() == "decimal ',', thousands '.'"
    assert parsing.NumberStyle().text() == "decimal '.'"
