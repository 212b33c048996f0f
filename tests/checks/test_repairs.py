"""Repairs: what each does to hand-made rows, what it logs, and what it refuses."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.engine import DuckDBEngine
from sinos.errors import MissingExtraError, OutputError, RecordsError, StudyError
from sinos.records.repairs import apply_repairs
from sinos.study.model import Study

ROWS = {
    "supplier": ["Sinos Ltda", "SINOS LTDA.", "Vale", "Vale", "Vale"],
    "buyer": ["Acme", "Acme", "Bata", "Bata", "Coop"],
    "product": ["6403", "6403", "6404", "640411", ""],
    "date": ["2-Jun-06", "2006-07-01", "soon", "20060801", None],
    "value": ["1,000.50", "(20)", "USD 7", "n/a", "12"],
    "quantity": ["10", "2", "1", "4", None],
    "currency": ["EUR", "usd", "USD", "USD", "BRL"],
    "origin": ["BR", "br", "AR", None, "BR"],
    "Flow": ["Export", "Export", "Export", "Re-Export", "Export"],
}


def repaired(
    repairs: list[dict[str, Any]],
    rows: dict[str, list[Any]] | None = None,
    *,
    sides: dict[str, dict[str, list[Any]]] | None = None,
    folder: Path = Path(),
    view: bool = False,
    **source: Any,
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, pl.DataFrame]]:
    """Return the rows after repairs in the order of _row, the log, and the side tables."""
    rows = rows or ROWS
    height = len(next(iter(rows.values())))
    frame = pl.DataFrame({**rows, "_row": list(range(1, height + 1)), "_file": ["f.csv"] * height})
    source.setdefault("columns", {"origin": "Country of Origin"})
    study = Study.model_validate(
        {"about": {"title": "t"}, "tables": {"transactions": {"file": "f.csv", **source}}, "repairs": repairs}
    ).model_copy(update={"folder": folder})
    engine = DuckDBEngine(threads=2)
    try:
        engine.register("stored" if view else "raw_transactions", frame.to_arrow())
        if view:
            engine.execute("CREATE VIEW raw_transactions AS SELECT * FROM stored")
        for name, side in (sides or {}).items():
            engine.register(f"raw_{name}", pl.DataFrame(side).to_arrow())
        log = apply_repairs(engine, study, {name: f"raw_{name}" for name in sides or {}})
        after = engine.collect(engine.table("raw_transactions")).sort("_row")
        return after, log, {name: engine.collect(engine.table(f"raw_{name}")) for name in sides or {}}
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"column": "buyer", "equals": "Bata"}, [3, 4]),
        ({"column": "buyer", "not_equals": "Bata"}, [1, 2, 5]),
        ({"column": "quantity", "equals": 2}, [2]),
        ({"column": "quantity", "not_equals": 2}, [1, 3, 4, 5]),
        ({"column": "currency", "one_of": ["EUR", "BRL"]}, [1, 5]),
        ({"column": "currency", "one_of": []}, []),
        ({"column": "currency", "none_of": ["EUR", "BRL"]}, [2, 3, 4]),
        ({"column": "quantity", "none_of": [2, 4]}, [1, 3, 5]),
        ({"column": "supplier", "matches": "(?i)^sinos"}, [1, 2]),
        ({"column": "origin", "not_matches": "BR"}, [2, 3, 4]),
        ({"column": "quantity", "at_least": 2, "at_most": 4}, [2, 4]),
        ({"column": "value", "at_least": 1000}, [1]),
        ({"column": "product", "present": True}, [1, 2, 3, 4]),
        ({"column": "quantity", "present": False}, [5]),
        ({"column": "Country of Origin", "equals": "AR"}, [3]),
        ({"column": "Flow", "equals": "Re-Export"}, [4]),
    ],
)
def test_filter_and_drop_are_complements(condition: dict[str, Any], kept: list[int]) -> None:
    after, log, _ = repaired([{"filter": condition, "reason": "why"}])
    assert after["_row"].to_list() == kept
    assert log.row(0, named=True)["rows_before"] == 5
    assert log.row(0, named=True)["rows_after"] == len(kept)
    assert log.row(0, named=True)["changed"] == 5 - len(kept)
    assert log.row(0, named=True)["detail"] == "why"
    dropped, _, _ = repaired([{"drop": condition}], view=True)
    assert dropped["_row"].to_list() == [row for row in range(1, 6) if row not in kept]


def test_parse_numbers_keeps_digits_and_counts_what_is_lost() -> None:
    after, log, _ = repaired([{"parse": "value", "to": "number", "missing": ["n/a"]}])
    assert after["value"].to_list() == ["1000.50", "-20", "7", None, "12"]
    assert log["changed"].to_list() == [4]
    assert log["detail"].to_list() == ["0 could not be parsed and became missing; 1 held a word for missing"]


@pytest.mark.parametrize(
    ("shown", "cell", "number"),
    [
        ("1.234,56", "1.234,5", "1234.5"),
        ("1,234.56", "1,234", "1234"),
        ("1.234,56", "-3,25", "-3.25"),
        ("1,234.56", "$ 1e3", "1e3"),
        ("1,234.56", "1.2.3", None),
        ("1,234.56", "12 boxes", None),
        ("1,234.56", "inf", None),
    ],
)
def test_parse_number_formats(shown: str, cell: str, number: str | None) -> None:
    after, _, _ = repaired([{"parse": "value", "to": "number", "formats": [shown]}], {"value": [cell]})
    assert after["value"].to_list() == [number]


def test_parse_dates_to_iso() -> None:
    after, log, _ = repaired([{"parse": "date", "to": "date"}])
    assert after["date"].to_list() == ["2006-06-02", "2006-07-01", None, "2006-08-01", None]
    assert "1 could not be parsed" in log["detail"][0]
    named, _, _ = repaired([{"parse": "date", "to": "date", "formats": ["%d/%m/%Y"]}], {"date": ["3/2/2006", "2006"]})
    assert named["date"].to_list() == ["2006-02-03", None]


def test_parse_text_trims_and_empties() -> None:
    after, _, _ = repaired([{"parse": "product", "to": "text", "missing": ["NA"]}], {"product": [" 1 ", "NA", " "]})
    assert after["product"].to_list() == ["1", None, None]


def test_recode_maps_replaces_and_pads_in_this_order() -> None:
    after, log, _ = repaired(
        [
            {
                "recode": "product",
                "map": {"6403": "64-03", "x": "y"},
                "replace": {"-": "", r"^(\d{4})$": r"\1 "},
                "pad": 6,
            }
        ]
    )
    assert after["product"].to_list() == ["06403 ", "06403 ", "06404 ", "640411", ""]
    assert log["detail"].to_list() == ["1 of 2 mapped values were found"]
    assert log["changed"].to_list() == [3]
    upper, _, _ = repaired([{"recode": "supplier", "case": "upper"}, {"recode": "buyer", "case": "lower"}])
    assert upper["supplier"].to_list()[:2] == ["SINOS LTDA", "SINOS LTDA."]
    assert upper["buyer"].unique().sort().to_list() == ["acme", "bata", "coop"]


def test_convert_currency_multiplies_and_renames() -> None:
    rows = {
        "value": ["10", "1,000.0", "8", None],
        "currency": ["EUR", "usd", "EUR", None],
        "year": ["2006", "2006", "2007.0", "2007"],
    }
    after, log, _ = repaired([{"convert": "currency", "to": "USD", "factors": {"eur": 1.25}}], rows)
    assert [None if cell is None else float(cell) for cell in after["value"]] == [12.5, 1000.0, 10.0, None]
    assert after["currency"].to_list() == ["USD", "USD", "USD", None]
    assert log["changed"].to_list() == [2]


def test_convert_by_year_from_file(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("from,factor,year\nEUR,2,2006\nEUR,3,\n", encoding="utf-8")
    repair = {"convert": "currency", "to": "USD", "file": "rates.csv"}
    rows = {"value": ["1", "1", "1"], "currency": ["EUR"] * 3, "date": ["2006-05-01", "2007-05-01", "1-May-06"]}
    after, _, _ = repaired([repair], rows, folder=tmp_path)
    assert [float(cell) for cell in after["value"]] == [2.0, 3.0, 2.0]


def test_convert_units() -> None:
    rows = {"quantity": ["2", "3"], "quantity_unit": ["dozen", "pairs"]}
    after, log, _ = repaired([{"convert": "units", "to": "pairs", "factors": {"dozen": 12}}], rows)
    assert [float(cell) for cell in after["quantity"]] == [24.0, 3.0]
    assert after["quantity_unit"].to_list() == ["pairs", "pairs"]
    assert log["what"].to_list() == ["convert quantity to pairs"]


def test_unknown_currency_is_an_error_with_count_unless_filtered() -> None:
    convert = {"convert": "currency", "to": "USD", "factors": {"EUR": 1.25, "BRX": 1.0}}
    with pytest.raises(RecordsError, match="no factor is given for 'BRL'") as caught:
        repaired([convert])
    assert caught.value.rows == 1
    assert "did you mean 'BRX'" in caught.value.fix
    after, _, _ = repaired([{"drop": {"column": "currency", "equals": "BRL"}}, convert])
    assert after["currency"].unique().to_list() == ["USD"]


def test_sum_is_exact_and_independent_of_row_order() -> None:
    rows = {"supplier": ["a"] * 4, "value": ["0.1", "0.2", "1e9", "-1e9"], "quantity": ["1", "2", "3", None]}
    after, log, _ = repaired([{"aggregate_duplicates": ["supplier"]}], rows)
    assert after.select("value", "quantity").rows() == [("0.3", None)]
    assert log["changed"].to_list() == [3]
    zero, _, _ = repaired([{"aggregate_duplicates": ["supplier"]}], {"supplier": ["a", "a"], "value": ["5", "-5"]})
    assert zero["value"].to_list() == ["0"]


def test_sum_keeps_units_and_unreadable_values_apart() -> None:
    rows = {"supplier": ["a"] * 5, "value": ["1", "2", "4", "x", "y"], "currency": ["USD", "EUR", "USD", "USD", "USD"]}
    after, _, _ = repaired([{"aggregate_duplicates": ["supplier"]}], rows)
    assert sorted(after.select("value", "currency").rows()) == [("2", "EUR"), ("5", "USD"), ("x", "USD"), ("y", "USD")]


@settings(max_examples=8, deadline=None)
@given(st.permutations(list(range(5))))
def test_first_and_sum_do_not_depend_on_row_order(order: list[int]) -> None:
    rows = {name: [cells[place] for place in order] for name, cells in ROWS.items()}
    for how in ("first", "sum"):
        repair = [{"aggregate_duplicates": ["buyer"], "how": how}]
        here, there = (repaired(repair, given)[0].drop("_row").sort(pl.all()) for given in (rows, ROWS))
        assert here.equals(there)


def test_first_keeps_the_row_with_the_smallest_contents() -> None:
    after, _, _ = repaired([{"aggregate_duplicates": ["buyer"], "how": "first"}])
    assert after["_row"].to_list() == [2, 3, 5]


def test_reexports_by_origin_and_by_text() -> None:
    after, log, _ = repaired([{"drop_reexports": "BR"}])
    assert after["_row"].to_list() == [1, 2, 5]
    assert log["detail"].to_list() == ["1 of another origin; 1 said so; 1 of unknown origin were kept"]


def test_names_are_resolved_everywhere(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "left,right,same\nSinos Ltda,SINOS LTDA.,1\nSinos Ltda,Vale,0\n", encoding="utf-8"
    )
    repair = {"resolve_names": "supplier", "labels": "labels.csv", "save": "map.csv", "evidence": ["origin"]}
    rows = {**ROWS, "supplier": ["Sinos Ltda", "SINOS LTDA.", "Sinos Ltda", "Vale", "Vale"]}
    sides = {"suppliers": {"supplier": ["SINOS LTDA.", "Vale"]}, "buyers": {"buyer": ["Acme"]}}
    after, log, tables = repaired([repair], rows, sides=sides, folder=tmp_path)
    assert after["supplier"].to_list() == ["Sinos Ltda", "Sinos Ltda", "Sinos Ltda", "Vale", "Vale"]
    assert tables["suppliers"]["supplier"].sort().to_list() == ["Sinos Ltda", "Vale"]
    assert log["changed"].to_list() == [1]
    assert log["detail"][0] == ("3 spellings became 2 names; 2 labelled pairs, precision 1.000, recall 1.000, F1 1.000")
    assert (tmp_path / "map.csv").read_text(encoding="utf-8").splitlines()[1] == "SINOS LTDA.,Sinos Ltda,1"


def test_name_map_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="name map cannot be written"):
        repaired([{"resolve_names": "supplier", "save": "taken"}], folder=tmp_path)


def test_buyer_groups_from_the_buyers_table() -> None:
    sides = {
        "buyers": {"buyer": ["Acme", "Bata", "Coop"], "group": ["G", "G", None], "country": ["US", "US", "DE"],
                   "type": ["retailer", "agent", None]},
        "relations": {"supplier": ["Vale"], "buyer": ["Bata"]},
    }  # fmt: skip
    after, log, tables = repaired([{"buyer_groups": "buyers"}], sides=sides)
    assert after["buyer"].to_list() == ["G", "G", "G", "G", "Coop"]
    assert tables["buyers"].sort("buyer").rows() == [("Coop", None, "DE", None), ("G", "G", "US", None)]
    assert tables["relations"]["buyer"].to_list() == ["G"]
    assert log["changed"].to_list() == [4]
    assert log["detail"].to_list() == ["2 buyers belong to 1 groups"]


def test_buyer_groups_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("buyer,group\nAcme,G\nBata,\nCoop,Coop\n", encoding="utf-8")
    after, _, _ = repaired([{"buyer_groups": "g.csv"}], folder=tmp_path)
    assert after["buyer"].to_list() == ["G", "G", "Bata", "Bata", "Coop"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"filter": {"column": "byer", "equals": "x"}}, "column 'byer'", "did you mean 'buyer'"),
    ({"drop": {"column": "buyer"}}, "says nothing", "not_equals"),
    ({"filter": {"column": "buyer", "matches": "("}}, "not a regular expression", "RE2"),
    ({"parse": "valu", "to": "number"}, "column 'valu'", "did you mean 'value'"),
    ({"parse": "date", "to": "date", "formats": ["dd/mm"]}, "not a date format", "%d/%m/%Y"),
    ({"parse": "value", "to": "number", "formats": ["1234"]}, "no decimal mark", "1.234,56"),
    ({"recode": "buyer"}, "changes nothing", "map"),
    ({"recode": "buyer", "replace": {"[": ""}}, "not a regular expression", "correct it"),
    ({"convert": "units", "to": "kg", "factors": {"t": 1000}}, "column 'quantity_unit'", "did you mean 'quantity'"),
    ({"convert": "currency", "to": "USD"}, "no factors", "factors"),
    ({"convert": "currency", "to": "USD", "factors": {"EUR": 0}}, "is 0", "positive"),
    ({"convert": "currency", "to": "USD", "factors": {"EUR": 1, "eur": 2}}, "two factors", "one of them"),
    ({"convert": "currency", "to": "USD", "file": "none.csv"}, "cannot be read", "UTF-8 CSV"),
    ({"convert": "currency", "to": "USD", "file": "bad.csv"}, "lacks rows", "from,factor"),
    ({"convert": "currency", "to": "USD", "file": "text.csv"}, "is not a factor", "write a number"),
    ({"aggregate_duplicates": []}, "no columns", "name the columns"),
    ({"aggregate_duplicates": ["value"]}, "cannot identify", "leave it out"),
    ({"resolve_names": "supplier", "labels": "bad.csv"}, "lacks a column", "left,right,same"),
    ({"resolve_names": "supplier", "labels": "labels.csv"}, "holds 'yes'", "0 or 1"),
    ({"resolve_names": "supplier", "labels": "none.csv"}, "cannot be read", "left, right, same"),
    ({"resolve_names": "supplier", "save": "no/such/map.csv"}, "does not exist", "make the folder"),
    ({"resolve_names": "supplier", "evidence": ["contry"]}, "column 'contry'", "origin"),
    ({"buyer_groups": "buyers"}, "no buyers table", "tables.buyers"),
    ({"buyer_groups": "two.csv"}, "two groups", "keep one"),
]


@pytest.mark.parametrize(("repair", "what", "fix"), WRONG)
def test_wrong_repairs_are_refused_before_any_is_applied(
    repair: dict[str, Any], what: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "text.csv").write_text("from,factor\nEUR,x\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text("left,right,same\na,b,yes\n", encoding="utf-8")
    (tmp_path / "two.csv").write_text("buyer,group\nAcme,G\nAcme,H\n", encoding="utf-8")
    save = {"resolve_names": "supplier", "save": "written.csv"}
    with pytest.raises(StudyError) as caught:
        repaired([save, repair], folder=tmp_path)
    assert what in caught.value.what
    assert fix in caught.value.fix
    assert (caught.value.where or "").startswith(("repairs[2]", "text.csv, line 2"))
    assert not (tmp_path / "written.csv").exists()


def test_reexports_need_something_that_tells() -> None:
    with pytest.raises(StudyError, match="nothing tells"):
        repaired([{"drop_reexports": "BR"}], {"supplier": ["a"], "value": ["1"]}, columns={})


def test_factors_by_year_need_a_year(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("from,factor,year\nEUR,2,2006\n", encoding="utf-8")
    with pytest.raises(StudyError, match="neither year nor date"):
        repaired(
            [{"convert": "currency", "to": "USD", "file": "r.csv"}],
            {"value": ["1"], "currency": ["EUR"]},
            columns={},
            folder=tmp_path,
        )


def test_no_repairs_give_an_empty_log() -> None:
    after, log, _ = repaired([])
    assert after.height == 5
    assert log.columns == ["order", "repair", "what", "rows_before", "rows_after", "changed", "detail"]
    assert log.is_empty()


def test_missing_extra_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sinos\[linkage\]'"):
        repaired([{"resolve_names": "supplier"}])
