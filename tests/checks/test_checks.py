"""Checks: clean records give no finding; planted faults are found with their exact count."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
from checked import BUYERS, SUPPLIERS, changed, clean, findings

from sinos.errors import StrictCheckError, StudyError, TheoryError
from sinos.records.checks import SCHEMA, check
from sinos.records.checks_base import CHECKS, entries
from sinos.records.checks_base import check as register

Cells = dict[str, dict[int, Any]]

PLANTED: list[tuple[str, str, Cells, int, str]] = [
    ("missing-key", "supplier", {"supplier": {3: None, 9: "  "}}, 2, ""),
    ("missing-key", "date", {"date": {3: None}}, 1, ""),
    ("missing-value", "value", {"value": {0: None, 1: ""}}, 2, ""),
    ("text-in-numbers", "value", {"value": {0: "free", 5: "1.2.3"}}, 2, "1.2.3 | free"),
    ("text-in-numbers", "quantity", {"quantity": {7: "See DN-304"}}, 1, "See DN-304"),
    ("infinite-number", "value", {"value": {0: "NaN", 1: "-inf"}}, 2, "-inf | NaN"),
    ("negative-value", "value", {"value": {4: "-3"}}, 1, "-3.0"),
    ("zero-value", "value", {"value": {4: "0", 5: "0.0"}}, 2, "0.0"),
    ("missing-quantity", "quantity", {"quantity": {4: None}}, 1, ""),
    ("non-positive-quantity", "quantity", {"quantity": {4: "0", 6: "-2"}}, 2, "-2.0 | 0.0"),
    (
        "broken-characters",
        "supplier",
        {"supplier": {4: "Cal\ufffdados", 5: "CalÃ§ados"}},
        2,
        "CalÃ§ados | Cal\ufffdados",
    ),
    ("dropped-rows", "", {"value": dict.fromkeys(range(24))}, 24, ""),
    ("unparsable-date", "date", {"date": {2: "soon", 3: "2005-02-30"}}, 2, "2005-02-30 | soon"),
    ("date-out-of-range", "date", {"date": {2: "0000-01-01", 3: "9999-12-31"}}, 2, "0000-01-01 | 9999-12-31"),
    ("date-out-of-range", "year", {"date": {2: "1807-01-01"}}, 1, "1807"),
    ("mixed-date-formats", "date", {"date": {2: "3-Jan-05"}}, 1, "%d-%b-%y | ISO"),
    ("year-not-of-date", "year", {"year": {0: "2005", 1: "2004"}}, 1, "2004"),
    ("mixed-units", "quantity_unit", {"quantity_unit": {0: "dozen"}}, 60, "640311"),
    ("mixed-currency", "currency", {"currency": {0: "EUR", 7: "brl"}}, 2, "EUR | brl"),
    ("mixed-code-length", "product", {"product": {0: "6403", 1: "64031199"}}, 2, "6403 | 64031199"),
    ("lost-leading-zeros", "product", {"product": {0: "40311", 1: "40311", 2: "30219"}}, 3, "30219 | 40311"),
    ("outlying-unit-value", "value, quantity", {"value": {0: "9999999"}}, 1, "640311"),
    ("unknown-incoterm", "incoterm", {"incoterm": {0: "fob", 1: "N/A - From RDC"}}, 1, "N/A - From RDC"),
    ("self-trade", "supplier, buyer", {"supplier": {0: "PAGODA Inc."}}, 1, "PAGODA Inc."),
    ("intermediary", "supplier", {"supplier": {0: "SCMS from RDC"}}, 1, "SCMS from RDC"),
    ("intermediary", "buyer", {"buyer": {0: "Rapid Freight Ltd"}}, 1, "Rapid Freight Ltd"),
    ("total-as-partner", "buyer", {"buyer": {0: "World", 1: "TOTAL", 2: "Total S.A."}}, 2, "TOTAL | World"),
    ("total-as-partner", "supplier", {"supplier": {0: "All countries"}}, 1, "All countries"),
    (
        "unnamed-partner",
        "buyer",
        {"buyer": {0: "To Order", 1: "Areas, nes", 2: "não declarado"}},
        3,
        "Areas, nes | To Order | não declarado",
    ),
    ("hub-partner", "supplier", {"supplier": {8: "Pagoda"}}, 1, "Pagoda"),
    ("name-variants", "supplier", {"supplier": {0: "AZALÉIA S/A", 1: "Azaleia"}}, 1, "AZALÉIA S/A = Azaleia"),
    ("name-variants", "buyer", {"buyer": {0: "Brown (formerly Pagoda)"}}, 1, "Brown (formerly Pagoda) = Pagoda"),
]


def test_clean_records_give_no_finding() -> None:
    found = findings()
    assert found.rows() == []
    assert dict(found.schema) == {name: pl.DataFrame(schema={name: kind}).schema[name] for name, kind in SCHEMA.items()}


@pytest.mark.parametrize(("code", "column", "cells", "rows", "examples"), PLANTED)
def test_planted_faults_are_found(code: str, column: str, cells: Cells, rows: int, examples: str) -> None:
    found = findings(changed(**cells), code).filter(column=column)
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["code"], row["rows"], row["examples"]) == (code, rows, examples)
    assert row["share"] == rows / 240
    assert row["severity"] == entries()[code].severity
    assert row["fix"] == entries()[code].fix
    assert row["message"]


def test_row_examples_are_the_smallest_rows() -> None:
    row = findings(changed(value=dict.fromkeys(range(20, 9, -1), "-1")), "negative-value").row(0, named=True)
    assert (row["rows"], row["row_examples"]) == (11, ["11", "12", "13", "14", "15"])
    none = findings(changed(value={4: "-1"}), "negative-value", checks={"examples": 0}).row(0, named=True)
    assert (none["examples"], none["row_examples"]) == ("", [])


def test_copies_and_shared_keys_are_counted_apart() -> None:
    rows = clean()
    doubled = {name: [*cells, cells[0], cells[0], cells[5]] for name, cells in rows.items()}
    doubled["value"][-1] = "1"
    assert findings(doubled, "duplicate-rows").select("column", "rows").rows() == [("all columns", 2)]
    assert findings(doubled, "duplicate-key")["rows"].to_list() == [1]


def test_partial_and_missing_years() -> None:
    rows = clean()
    early = [day.replace("2005", "2002") if day < "2005-02-20" else day for day in rows["date"]]
    moved = findings({**rows, "date": early}, "missing-years").row(0, named=True)
    assert (moved["rows"], moved["examples"]) == (0, "2003 | 2004")
    declared = {"missing_years": [2003, 2004], "domestic_sales": "recorded"}
    assert findings({**rows, "date": early}, "missing-years", coverage=declared).is_empty()
    partial = findings({**rows, "date": early}, "partial-year").row(0, named=True)
    assert (partial["examples"], partial["rows"]) == ("2002", 16)
    assert "2 of 12 months" in partial["message"]
    silent = {"partial_years": {2002: 2}, "domestic_sales": "recorded"}
    assert findings({**rows, "date": early}, "partial-year", coverage=silent).is_empty()


def test_a_drop_between_years_without_months() -> None:
    years = ["2004"] * 100 + ["2005"] * 30 + ["2006"] * 110
    rows = {name: cells for name, cells in clean().items() if name != "date"} | {"year": years}
    found = findings(rows, "partial-year")
    assert found.select("examples", "rows").rows() == [("2005", 30)]


def test_rows_outside_the_declared_coverage() -> None:
    cover = {"first_year": 2006, "last_year": 2006, "missing_years": [2006]}
    assert findings(only="outside-coverage", coverage=cover)["rows"].to_list() == [240]
    assert findings(only="outside-coverage", coverage={"first_year": 2005}).is_empty()


def test_intra_group_by_owner_and_by_group() -> None:
    suppliers = pl.DataFrame({"supplier": ["Azaleia", "Dakota", "Elite"], "owner": ["PAGODA INC", "Brown Group", None]})
    buyers = pl.DataFrame({"buyer": ["Shuz", "Topline"], "group": ["Brown Group", "Other"]})
    found = findings(only="intra-group", suppliers=suppliers, buyers=buyers)
    assert found.select("rows", "examples").rows() == [(24, "Azaleia - Pagoda | Dakota - Shuz")]
    assert findings(only="intra-group").is_empty()


def test_a_supplier_of_nearly_everything_to_nearly_everyone() -> None:
    rows = clean()
    rows["supplier"] = ["Depot" if number % 2 else name for number, name in enumerate(rows["supplier"])]
    rows["buyer"] = [f"buyer {number % 13}" for number in range(240)]
    rows["product"] = [f"{640000 + number % 30}" for number in range(240)]
    found = findings(rows, "hub-partner")
    assert found.select("rows", "examples").rows() == [(120, "Depot")]


def test_consignee_that_is_mostly_another_firm() -> None:
    rows = clean()
    rows["consignee"] = ["Agent" if name == "Shuz" else name for name in rows["buyer"]]
    found = findings(rows, "consignee-differs")
    assert found.select("rows", "examples").rows() == [(rows["buyer"].count("Shuz"), "Shuz")]


def test_single_buyer() -> None:
    found = findings({**clean(), "buyer": ["Pagoda"] * 239 + ["Shuz"]}, "single-buyer")
    assert found.select("rows", "examples").rows() == [(239, "Pagoda")]


def test_assortative_degrees() -> None:
    rows = clean()
    pairs = [(f"s{i}", f"b{j}") for i in range(6) for j in range(6)] + [(f"t{i}", f"c{i}") for i in range(20)]
    rows["supplier"] = [pairs[number % 56][0] for number in range(240)]
    rows["buyer"] = [pairs[number % 56][1] for number in range(240)]
    found = findings(rows, "assortative-degrees").row(0, named=True)
    assert (found["rows"], found["message"]) == (
        56,
        "degrees of suppliers and buyers correlate at 1.00 over 56 relations",
    )


def test_domestic_sales() -> None:
    for state, text in (("missing", "are not recorded"), ("unknown", "may not be recorded")):
        found = findings(only="domestic-sales-missing", coverage={"domestic_sales": state})
        assert text in found["message"][0]
    given = pl.DataFrame({"supplier": ["Azaleia"], "domestic_sales": [5.0]})
    assert findings(only="domestic-sales-missing", coverage={}, suppliers=given).is_empty()


SIDE: list[tuple[str, str, str, dict[str, list[Any]], int, str]] = [
    ("share-out-of-range", "suppliers", "skilled_share", {"skilled_share": ["0.5", "1.5", "-0.1", "45%", None]}, 2,
     "-0.1 | 1.5"),
    ("flag-not-0-1", "suppliers", "performs_design", {"performs_design": ["1", "0", "maybe", "yes", None]}, 1, "maybe"),
    ("negative-side-value", "suppliers", "employment", {"employment": ["5", "-5", "0", None, "1"]}, 1, "-5"),
    ("side-text-in-numbers", "suppliers", "employment", {"employment": ["5", "many", "0", None, "1"]}, 1, "many"),
    ("side-key-unknown", "suppliers", "supplier", {"supplier": [*SUPPLIERS[:4], "Zeta"]}, 1, "Zeta"),
    ("side-key-missing", "suppliers", "supplier", {"supplier": [*SUPPLIERS[:4], "Zeta"]}, 48, "Elite"),
    ("side-key-unknown", "relations", "supplier, buyer", {"buyer": ["Pagoda", "Shuz", "Topline", "Shuz", "Zeta"]}, 1,
     "Elite - Zeta"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "table", "column", "cells", "rows", "examples"), SIDE)
def test_side_tables(code: str, table: str, column: str, cells: dict[str, Any], rows: int, examples: str) -> None:
    frame = pl.DataFrame({"supplier": list(SUPPLIERS), **cells})
    found = findings(None, code, **{table: frame}).row(0, named=True)
    assert (found["table"], found["column"], found["rows"], found["examples"]) == (table, column, rows, examples)


def test_complete_side_tables_give_no_finding() -> None:
    buyers = pl.DataFrame({"buyer": list(BUYERS), "country": ["US"] * 5})
    suppliers = pl.DataFrame(
        {"supplier": list(SUPPLIERS), "skilled_share": [0.1, 0.2, 0.3, 0.4, 1.0], "profit": [-1.0] * 5}
    )
    assert findings(buyers=buyers, suppliers=suppliers).is_empty()


def test_every_check_of_the_list_is_registered_and_told_apart() -> None:
    text = (files("sinos.theory") / "checks.csv").read_text(encoding="utf-8")
    listed = list(csv.DictReader(text.splitlines()))
    assert {row["code"] for row in listed} == set(CHECKS)
    assert len(listed) == len(CHECKS)
    assert {row["severity"] for row in listed} == {"error", "warning", "note"}
    assert all(row["what"] and row["fix"] and None not in row for row in listed)
    planted = {item[0] for item in PLANTED} | {item[0] for item in SIDE}
    assert len(planted) >= 28


def test_strict_checks_name_all_their_findings() -> None:
    rows = changed(value={0: "-1", 1: "0"})
    with pytest.raises(StrictCheckError) as caught:
        findings(rows, checks={"strict": ["negative-value", "zero-value"]})
    assert "negative-value in transactions.value (1 rows)" in caught.value.what
    assert "zero-value in transactions.value (1 rows)" in caught.value.what
    assert caught.value.rows == 2
    assert findings(rows, checks={"ignore": ["negative-value", "zero-value", "outlying-unit-value"]}).is_empty()


def test_unknown_codes_are_refused() -> None:
    for key in ("strict", "ignore"):
        with pytest.raises(StudyError, match="did you mean 'self-trade'"):
            findings(checks={key: ["self-trad"]})
    with pytest.raises(StudyError, match="both strict and ignored"):
        findings(checks={"strict": ["self-trade"], "ignore": ["self-trade"]})
    with pytest.raises(TheoryError, match="no check 'nothing'"):
        register("nothing")


def test_hashed_examples_hold_no_names() -> None:
    secret = {"hash_ids": True, "salt": "salt"}
    found = findings(changed(supplier={0: "SCMS from RDC"}), "intermediary", disclosure=secret)
    assert len(found["examples"][0]) == 20
    assert "RDC" not in str(found.rows())


def test_the_verb_reads_and_sums_up() -> None:
    result = check(pl.DataFrame(changed(value={0: "-1"})), coverage={"domestic_sales": "recorded"})
    text = result.summary()
    assert text.splitlines()[0] == "1 errors, 0 warnings, 0 notes"
    assert "error negative-value: transactions.value: value is negative: 1 rows (0.4%) [-1.0]" in text
    assert result.plot_data().rows() == [("negative-value", "error", 1)]
    assert result.plot().get_xlabel() == "rows"
    empty = check(pl.DataFrame(clean()), coverage={"domestic_sales": "recorded"})
    assert empty.summary() == "No findings."
