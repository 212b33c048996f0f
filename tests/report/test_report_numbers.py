"""Numbers of the sections, computed by hand: upgrading beside governance, expectations, words, formats."""

from __future__ import annotations

import polars as pl
import pytest
from report_sample import Staged, make_study, provenance

from sinos.report import format as fmt
from sinos.report.blocks import Column, Table
from sinos.report.inputs import Inputs, collect, conform
from sinos.report.overview import directions
from sinos.report.sections_upgrading import beside, expectation
from sinos.report.text import against, direction, wilson
from sinos.results import Missing, Result


def inputs(governance: pl.DataFrame, upgrading: pl.DataFrame) -> Inputs:
    trade = pl.DataFrame({"supplier": ["a"], "buyer": ["x"], "year": [2000], "cluster": ["c"], "value": [1.0]})
    measures = Staged({"relation_years": trade}, (), provenance("measures"), study=make_study())
    return collect(
        measures,
        Result({"governance": governance}, (Missing("governance", "entropy", 2, "none"),), provenance("governance")),
        Result({"upgrading": upgrading}, (), provenance("upgrading")),
    )


def test_beside_splits_suppliers_by_expected_sales() -> None:
    posterior = pl.DataFrame(
        {
            "supplier": ["a", "a", "b"],
            "buyer": ["x", "y", "x"],
            "year": [2000, 2000, 2000],
            "value": [3.0, 1.0, 5.0],
            "p_market": [1.0, 0.0, 0.2],
            "p_network": [0.0, 0.0, 0.0],
            "p_quasi_hierarchy": [0.0, 1.0, 0.8],
            "p_hierarchy": [0.0, 0.0, 0.0],
        }
    )
    moves = pl.DataFrame(
        {
            "level": ["supplier"] * 3,
            "unit": ["a", "b", "b"],
            "year": [2003, 2003, 2003],
            "from_year": [2000, 2000, 2000],
            "kind": ["process", "process", "functional"],
            "direction": ["up", "down", "not_observable"],
        }
    )
    frame = beside(inputs(posterior, moves))
    rows = {(row["kind"], row["form"]): row for row in frame.to_dicts()}
    assert set(frame["kind"]) == {"process"}
    market, captive = rows["process", "market"], rows["process", "quasi_hierarchy"]
    assert market["observed"] == pytest.approx(0.75 + 0.2)
    assert market["up"] == pytest.approx(0.75)
    assert market["down"] == pytest.approx(0.2)
    assert captive["observed"] == pytest.approx(0.25 + 0.8)
    assert captive["share_up"] == pytest.approx(0.25 / 1.05)
    assert rows["process", "network"]["share_up"] is None


def test_expectation_reports_agreement_and_disagreement_alike() -> None:
    def row(kind: str, form: str, share: float, low: float, high: float) -> dict[str, object]:
        return {"kind": kind, "form": form, "observed": 50.0, "share_up": share, "low": low, "high": high}

    frame = pl.DataFrame(
        [
            row("process", "quasi_hierarchy", 0.7, 0.6, 0.8),
            row("process", "market", 0.3, 0.2, 0.4),
            row("product", "quasi_hierarchy", 0.2, 0.1, 0.3),
            row("product", "market", 0.6, 0.5, 0.7),
            row("functional", "quasi_hierarchy", 0.2, 0.1, 0.4),
            row("functional", "market", 0.3, 0.2, 0.5),
        ]
    )
    text = expectation(frame)
    assert "process upgrading, expected more often" in text
    assert text.count(", agrees with the paper") == 1
    assert text.count(", disagrees with the paper") == 1
    assert text.count(", cannot be told apart") == 1
    assert "too few observable windows" in expectation(frame.filter(pl.col("form") == "market"))


def test_directions_count_every_cell() -> None:
    moves = pl.DataFrame(
        {
            "level": ["supplier"] * 4 + ["cluster"],
            "unit": ["a", "b", "c", "d", "c"],
            "year": [2003] * 5,
            "kind": ["process"] * 5,
            "direction": ["up", "up", "flat", "not_observable", "up"],
        }
    )
    frame, hidden = directions(inputs(pl.DataFrame({"supplier": ["a"]}), moves))
    assert frame["direction"].to_list() == ["up", "flat", "down", "not_observable"]
    assert frame["units"].to_list() == [2, 1, 0, 1]
    assert frame["share"].to_list() == [0.5, 0.25, 0.0, 0.25]
    assert hidden == 0


def test_missing_values_keep_their_stage_and_reason() -> None:
    found = inputs(pl.DataFrame({"supplier": ["a"]}), pl.DataFrame({"level": ["supplier"]}))
    assert found.why("governance", "entropy") == "none"
    assert found.why("governance", "form") == ""
    assert found.missing[0][0] == "governance"


def test_conform_adds_columns_and_drops_infinities() -> None:
    given = pl.DataFrame({"x": [1.0, float("inf"), float("nan")], "names": [["a", "b"], [], None], "more": [1, 2, 3]})
    frame = conform(given, {"x": pl.Float64, "names": pl.String, "y": pl.Int64})
    assert frame["x"].to_list() == [1.0, None, None]
    assert frame["names"].to_list() == ["a; b", "", None]
    assert frame["y"].null_count() == 3
    assert frame.columns == ["x", "names", "y", "more"]


def test_table_prints_units_intervals_missing_and_withheld() -> None:
    frame = pl.DataFrame(
        {
            "who": ["a", "b"],
            "value": [1_500_000.0, None],
            "p": [0.5, 0.25],
            "low": [0.4, None],
            "high": [0.6, 0.3],
            "withheld": [False, True],
        }
    )
    columns = (
        Column("who", "Who", guarded=False),
        Column("value", "Value", "money"),
        Column("p", "Share", "share", low="low", high="high", bar=True),
    )
    table = Table("t", "T", frame, columns, currency="USD")
    assert [unit for _, unit in table.heads()] == ["", "USD million", "%"]
    assert [[cell.text for cell in row] for row in table.cells()] == [["a", "1.50", "50 (40 to 60)"], ["b", "×", "×"]]
    assert table.cells()[0][2].bar == 0.5
    open_table = Table("t", "T", frame.drop("withheld"), columns)
    assert [cell.text for cell in open_table.cells()[1]] == ["b", "–", "25"]
    assert open_table.cells()[1][1].style == "n missing"
    assert open_table.heads()[1][1] == "million (units of value)"


def test_words() -> None:
    assert fmt.spans([]) == ""
    assert fmt.plural(0, "class", "classes") == "0 classes"
    assert fmt.money(12.0, "") == "12 units of value"
    assert fmt.percent(-0.2) == "−20\u202f%"
    assert fmt.percent(float("nan")) == "–"
    assert fmt.decimal(-0.001) == "0.00"
    assert fmt.interval(None, 1.0) == "interval not available"
    assert direction(0.5, 0.2) == "down from 50\u202f%"
    assert against((None, None, None), (0.1, 0.0, 0.2), higher="higher") == "cannot be told"


def test_wilson_matches_the_closed_form_at_the_ends() -> None:
    share, low, high = wilson(0, 10)
    assert share == 0
    assert low == 0
    assert high == pytest.approx(2.7055434540954155 / (10 + 2.7055434540954155))


@pytest.mark.parametrize("total", [0.3, 1.0, 2.7, 7.0, 1090.0])
def test_wilson_ends_at_zero_and_one_exactly_so_that_no_trace_is_printed(total: float) -> None:
    assert wilson(0, total)[1] == 0
    assert wilson(total, total)[2] == 1
