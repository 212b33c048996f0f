"""Writers of tables: formats, safety in spreadsheets, the same bytes every time."""

from __future__ import annotations

import builtins
import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import MissingExtraError, OutputError, UnknownNameError
from sinos.report import tables as module
from sinos.report import write_tables

FRAME = pl.DataFrame(
    {
        "supplier": ["=HYPERLINK(1)", "+55 51", "-x", "@cmd", "\tt", "Calçados João", None],
        "code": ["0640", "1", "2", "3", "4", "5", "6"],
        "year": [1999, 2000, 2001, 2002, 2003, 2004, 2005],
        "share": [0.1, -0.25, None, 1.0, 0.5, 0.5, 0.5],
        "day": [date(1999, 2, 3), None, date(2000, 1, 1), None, None, None, None],
        "big": [3_000_000_000, 1, 2, 3, 4, 5, 6],
        "names": [["a", "b"], None, [], ["c"], None, None, None],
    },
    schema_overrides={"names": pl.List(pl.String)},
)
FORMATS = ("parquet", "csv", "stata", "excel")


def test_files_are_named_after_tables_and_formats(tmp_path: Path) -> None:
    paths = write_tables({"b": FRAME, "a": FRAME}, tmp_path / "new" / "tables", FORMATS)
    expected = ["b.parquet", "b.csv", "b.dta", "b.xlsx", "a.parquet", "a.csv", "a.dta", "a.xlsx"]
    assert [path.name for path in paths] == expected
    assert all(path.exists() for path in paths)


def test_parquet_keeps_values_as_they_are(tmp_path: Path) -> None:
    (path,) = write_tables({"t": FRAME}, tmp_path, ["parquet"])
    assert pl.read_parquet(path).equals(FRAME)


def test_csv_cannot_start_a_formula_and_keeps_numbers_and_zeros(tmp_path: Path) -> None:
    (path,) = write_tables({"t": FRAME}, tmp_path, ["csv"])
    read = pl.read_csv(path, schema_overrides={"code": pl.String})
    assert read["supplier"].to_list() == ["'=HYPERLINK(1)", "'+55 51", "'-x", "'@cmd", "'\tt", "Calçados João", None]
    assert read["share"].to_list()[:3] == [0.1, -0.25, None]
    assert read["code"][0] == "0640"
    assert read["names"].to_list()[:2] == ["a; b", None]
    assert read["day"][0] == "1999-02-03"


def test_excel_holds_texts_not_formulas(tmp_path: Path) -> None:
    from python_calamine import CalamineWorkbook

    (path,) = write_tables({"t": FRAME}, tmp_path, ["excel"])
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("t").to_python()
    assert rows[0] == FRAME.columns
    assert [row[0] for row in rows[1:6]] == ["'=HYPERLINK(1)", "'+55 51", "'-x", "'@cmd", "'\tt"]
    assert [row[3] for row in rows[1:4]] == [0.1, -0.25, ""]
    assert rows[1][4] == date(1999, 2, 3)


def test_stata_keeps_values_and_missing(tmp_path: Path) -> None:
    import pandas as pd

    (path,) = write_tables({"t": FRAME}, tmp_path, ["stata"])
    read = pd.read_stata(path)
    assert read["supplier"].tolist()[5:] == ["Calçados João", ""]
    assert read["year"].tolist() == list(range(1999, 2006))
    assert read["share"].isna().tolist() == [False, False, True, False, False, False, False]
    assert read["big"].tolist()[0] == 3_000_000_000
    assert read["day"][0] == pd.Timestamp("1999-02-03")


def test_stata_long_text_and_empty_table(tmp_path: Path) -> None:
    import pandas as pd

    frames = {"long": pl.DataFrame({"text": ["x" * 3000, "y"]}), "none": FRAME.clear()}
    paths = write_tables(frames, tmp_path, ["stata"])
    assert len(pd.read_stata(paths[0])["text"][0]) == 3000
    assert pd.read_stata(paths[1]).shape == (0, 7)


@pytest.mark.parametrize("form", FORMATS)
def test_same_bytes_twice(tmp_path: Path, form: str) -> None:
    digests = []
    for folder in ("one", "two"):
        (path,) = write_tables({"t": FRAME}, tmp_path / folder, [form])  # type: ignore[list-item]
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_unknown_format_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'parquet'"):
        write_tables({"t": FRAME}, tmp_path, ["parket"])  # type: ignore[list-item]
    assert not any(tmp_path.iterdir())


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="name a folder"):
        write_tables({"t": FRAME}, tmp_path / "file")


def test_table_too_long_for_excel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXCEL_ROWS", 3)
    with pytest.raises(OutputError, match="a sheet holds 3") as caught:
        write_tables({"t": FRAME}, tmp_path, ["excel"])
    assert caught.value.rows == 7


def test_stata_columns_with_the_same_start(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a" * 32 + "1": [1], "a" * 32 + "2": [2]})
    with pytest.raises(OutputError, match="same first 32 characters"):
        write_tables({"t": frame}, tmp_path, ["stata"])


@pytest.mark.parametrize(("form", "package"), [("stata", "pandas"), ("excel", "xlsxwriter")])
def test_missing_packages_name_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, package: str
) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name == package:
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"pip install 'sinos\[{form}\]'"):
        write_tables({"t": FRAME}, tmp_path, [form])  # type: ignore[list-item]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=6), max_size=8))
def test_no_guarded_text_starts_a_formula(texts: list[str]) -> None:
    guarded = module.guard_formulas(pl.DataFrame({"t": texts}, schema={"t": pl.String}))["t"].to_list()
    for before, after in zip(texts, guarded, strict=True):
        assert not after.startswith(module.FORMULA_STARTS)
        assert after in (before, "'" + before)
