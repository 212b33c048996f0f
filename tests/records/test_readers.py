"""Readers: whatever the source, the same cells arrive, with their row and file."""

from __future__ import annotations

import gzip
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.engine import DuckDBEngine
from sinos.errors import MissingExtraError, RecordsError
from sinos.records import read
from sinos.records.readers import load
from sinos.records.sniff import sniff
from sinos.study.model import About, Source, Study, Tables

ROWS = [
    ("Müller & Söhne", "Ünal, A.Ş.", "010", 2001, 5.5),
    ("b", 'say "hi"', "020", 2002, 7.0),
    ("c\nd", "x", "030", 2003, 0.1),
]
NAMES = ("supplier", "buyer", "product", "year", "value")
TEXTS = [tuple(str(cell) for cell in row) for row in ROWS]


def _csv(delimiter: str = ",", end: str = "\n") -> str:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in f'{delimiter}"\n') else text

    lines = [delimiter.join(NAMES), *(delimiter.join(cell(text) for text in row) for row in TEXTS)]
    return end.join(lines) + end


def _raw(source: Source, folder: Path, frame: Any = None) -> list[tuple[Any, ...]]:
    engine = DuckDBEngine(threads=1)
    try:
        native = load(engine, "transactions", source, folder, frame=frame)
        shown = ", ".join(f'"{name}"' for name in native.columns)
        return engine.connection.execute(
            f"SELECT {shown}, _row, _file FROM native_transactions ORDER BY _file, _row"
        ).fetchall()
    finally:
        engine.close()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found_out(encoding: str, delimiter: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(_csv(delimiter).encode(encoding))
    rows = _raw(Source(file="a.csv"), tmp_path)
    assert rows == [(*row, number, "a.csv") for number, row in enumerate(TEXTS, start=1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(end: str, tmp_path: Path) -> None:
    text = f"supplier,value{end}a,1{end}b,2{end}"
    (tmp_path / "a.csv").write_bytes(text.encode())
    assert _raw(Source(file="a.csv"), tmp_path) == [("a", "1", 1, "a.csv"), ("b", "2", 2, "a.csv")]


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"supplier,value\r\na,1\nb,2\rc,3\n")
    assert [row[0] for row in _raw(Source(file="a.csv"), tmp_path)] == ["a", "b", "c"]


def test_latin_text_is_found_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("supplier,buyer,product,year,value\nCalçados,é,1,2001,5\n".encode("latin-1"))
    with read(tmp_path / "a.csv") as records:
        assert records.frame("sources")["detail"].to_list() == ["encoding cp1252; delimiter ,"]
        assert records.engine.collect(records.engine.table("supplier_codes"))["name"].to_list() == ["Calçados"]


def test_latin_byte_after_the_first_megabyte_is_found_out(tmp_path: Path) -> None:
    body = b"supplier,value\n" + b"plain,1\n" * 140_000 + "é,2\n".encode("latin-1")
    (tmp_path / "a.csv").write_bytes(body)
    rows = _raw(Source(file="a.csv"), tmp_path)
    assert (len(rows), rows[-1][:3]) == (140_001, ("é", "2", 140_001))


def test_byte_that_is_not_in_cp1252_is_read_as_latin1(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"supplier,value\n\xe9\x81,1\n")
    assert _raw(Source(file="a.csv"), tmp_path)[0][0] == "é\x81"


def test_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("# made by us\n\nsupplier,value\na,1\n")
    assert _raw(Source(file="a.csv", skip_rows=1), tmp_path) == [("a", "1", 1, "a.csv")]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_the_line_by_which_excel_names_the_delimiter_is_understood(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"{line}\nsupplier;a,b\nx;1,5\n", encoding="utf-8")
    assert _raw(Source(file="a.csv"), tmp_path) == [("x", "1,5", 1, "a.csv")]


def test_blank_header_cells_get_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",value\n0,1\n")
    assert sniff(tmp_path / "a.csv", Source(), "a").names == ("unnamed_1", "value")


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(_csv().encode()))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("one.csv", "supplier,value\na,1\n")
        archive.writestr("deep/two.csv", "value,supplier\n2,b\n")
        archive.writestr("__MACOSX/one.csv", "junk")
    assert [row[:5] for row in _raw(Source(file="a.csv.gz"), tmp_path)] == TEXTS
    assert _raw(Source(file="b.zip"), tmp_path) == [("1", "a", 1, "b.zip/one.csv"), ("2", "b", 1, "b.zip/two.csv")]


def test_folder_reconciles_columns_by_name_and_reports_gaps(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "1.csv").write_text("supplier,buyer,product,year,value\na,x,01,2001,5\n")
    (tmp_path / "in" / "2.csv").write_text(
        "value,quantity,buyer,product,year,supplier\n7,3,y,02,2002,b\n8,4,y,02,2002,b\n"
    )
    with read(tmp_path / "in") as records:
        rows = records.engine.connection.execute(
            "SELECT supplier, buyer, value, quantity, _row, _file FROM typed_transactions ORDER BY _file, _row"
        ).fetchall()
        gaps = [(item.column, item.count, item.reason) for item in records.missing]
    assert rows == [
        ("a", "x", 5.0, None, 1, "1.csv"),
        ("b", "y", 7.0, 3.0, 1, "2.csv"),
        ("b", "y", 8.0, 4.0, 2, "2.csv"),
    ]
    assert gaps == [("quantity", 1, "1 of 2 files lack this column (first: 1.csv)")]


def test_glob_of_parquet_with_changing_types(tmp_path: Path) -> None:
    base = pl.DataFrame({"supplier": ["a"], "buyer": ["x"], "year": [2001], "value": [1.0]})
    base.with_columns(product=pl.lit(101)).write_parquet(tmp_path / "p1.parquet")
    base.with_columns(product=pl.lit("0102")).write_parquet(tmp_path / "p2.parquet")
    with read(tmp_path / "p*.parquet") as records:
        assert records.engine.collect(records.engine.table("product_codes"))["name"].to_list() == ["0102", "101"]


def _frames() -> dict[str, Any]:
    table = {name: [row[place] for row in ROWS] for place, name in enumerate(NAMES)}
    return {"polars": pl.DataFrame(table), "pandas": pd.DataFrame(table), "pyarrow": pa.table(table)}


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_frames_are_read_and_given_back_in_their_kind(kind: str) -> None:
    frame = _frames()[kind]
    with read(frame) as records:
        total = records.engine.connection.execute("SELECT count(*), sum(value) FROM transactions").fetchall()
        assert type(records.table("coverage")) is type(frame)
        assert records.frame("sources")["format"].to_list() == [f"{kind} frame"]
    assert total == [(3, 12.6)]


def test_pandas_oddities(tmp_path: Path) -> None:
    frame = pd.DataFrame({"supplier": [1.0, 2.0], "buyer": ["x", None], "product": ["a", 5], "year": [2001, 2002],
                          "value": pd.Series(["1", pd.NA], dtype=object), 7: [1, 2]})  # fmt: skip
    with read(frame) as records:
        raw = records.engine.connection.execute(
            'SELECT supplier, buyer, product, value, "7" FROM raw_transactions ORDER BY _row'
        )
        assert raw.fetchall() == [("1", "x", "a", "1", "1"), ("2", None, "5", None, "2")]


def test_duplicate_pandas_columns_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(RecordsError, match="same name"):
        read(frame)


def test_python_objects_are_refused() -> None:
    frame = pl.DataFrame({"supplier": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(RecordsError, match="Python objects"):
        read(frame)


def test_time_zones_keep_the_local_day() -> None:
    frame = pl.DataFrame({"supplier": ["a"], "buyer": ["x"], "product": ["1"], "value": [1.0]}).with_columns(
        date=pl.datetime(2001, 12, 31, 23, time_zone="America/Sao_Paulo")
    )
    with read(frame) as records:
        assert records.engine.connection.execute("SELECT year, month FROM transactions").fetchall() == [(2001, 12)]


def _excel(path: Path) -> None:
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("notes").write(0, 0, "nothing here")
    sheet = book.add_worksheet("data")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, ["made by us"])
    sheet.write_row(1, 0, ["supplier", "date", "value", "flag"])
    sheet.write_row(2, 0, ["a"])
    sheet.write_datetime(2, 1, pd.Timestamp("2001-02-03").to_pydatetime(), day)
    sheet.write_row(2, 2, [5, True])
    sheet.write_row(4, 0, ["b", "", 0.25, False])
    book.close()


def test_excel_sheet_is_read_as_text(tmp_path: Path) -> None:
    _excel(tmp_path / "a.xlsx")
    rows = _raw(Source(file="a.xlsx", sheet="data", skip_rows=1), tmp_path)
    assert rows == [("a", "2001-02-03", "5", "1", 1, "a.xlsx"), ("b", None, "0.25", "0", 2, "a.xlsx")]
    assert _raw(Source(file="a.xlsx", sheet=1, skip_rows=1), tmp_path) == rows


@pytest.mark.parametrize(("sheet", "words"), [("date", "did you mean 'data'"), (7, "0 to 1")])
def test_missing_sheet_names_the_nearest(sheet: str | int, words: str, tmp_path: Path) -> None:
    _excel(tmp_path / "a.xlsx")
    with pytest.raises(RecordsError, match=words):
        _raw(Source(file="a.xlsx", sheet=sheet), tmp_path)


def test_empty_sheet_is_refused(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    book.add_worksheet("empty")
    book.close()
    with pytest.raises(RecordsError, match="is empty"):
        _raw(Source(file="a.xlsx"), tmp_path)


def test_stata_labels_dates_and_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame(
        {"supplier": ["a", "b", "c"], "date": pd.to_datetime(["2001-02-03", None, "2003-01-01"]),
         "value": [5.0, 0.5, None], "mode": pd.Categorical(["air", "sea", "air"])}
    )  # fmt: skip
    frame.to_stata(tmp_path / "a.dta", write_index=False, convert_dates={"date": "td"})
    monkeypatch.setattr("sinos.records.readers_sheets.STATA_ROWS", 2)
    rows = _raw(Source(file="a.dta"), tmp_path)
    assert rows == [
        ("a", "2001-02-03", "5", "air", 1, "a.dta"),
        ("b", None, "0.5", "sea", 2, "a.dta"),
        ("c", "2003-01-01", None, "air", 3, "a.dta"),
    ]


def _database(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE trade AS SELECT 'a' AS supplier, DATE '2001-02-03' AS date, 5.5::DOUBLE AS value"
        )
        connection.execute("INSERT INTO trade VALUES ('b', NULL, 0.5)")
        connection.execute("CREATE TABLE other AS SELECT 1 AS x")


def test_duckdb_table_and_query(tmp_path: Path) -> None:
    import datetime

    _database(tmp_path / "a.duckdb")
    expected = [("a", datetime.date(2001, 2, 3), 5.5, 1, "a.duckdb"), ("b", None, 0.5, 2, "a.duckdb")]
    assert _raw(Source(file="a.duckdb", table="trade"), tmp_path) == expected
    query = "SELECT supplier FROM trade WHERE value > 1"
    assert _raw(Source(url="duckdb:///a.duckdb", query=query), tmp_path) == [("a", 1, "a.duckdb")]


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "2 tables"), ({"table": "trad"}, "did you mean 'trade'"), ({"query": "SELECT no FROM trade"}, "query failed"),
     ({"query": "DROP TABLE trade"}, "query failed")],
)  # fmt: skip
def test_wrong_table_or_query(options: dict[str, str], words: str, tmp_path: Path) -> None:
    _database(tmp_path / "a.duckdb")
    with pytest.raises(RecordsError, match=words):
        _raw(Source(file="a.duckdb", **options), tmp_path)


def test_sqlite_cells_of_any_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("CREATE TABLE trade (supplier, value)")
    cells = [("a", 5), ("b", 0.1), ("c", "five"), (None, b"x"), (b"\xe9", 2.0)]
    connection.executemany("INSERT INTO trade VALUES (?, ?)", cells)
    connection.commit()
    connection.close()
    monkeypatch.setattr("sinos.records.readers_database.ROWS", 2)
    rows = _raw(Source(file="a.db"), tmp_path)
    assert [row[:3] for row in rows] == [
        ("a", "5", 1),
        ("b", "0.1", 2),
        ("c", "five", 3),
        (None, "x", 4),
        ("\ufffd", "2", 5),
    ]
    assert _raw(Source(url="sqlite:///a.db", table="trade"), tmp_path) == rows


def test_postgresql_streams_arrow_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Cursor:
        def __enter__(self) -> Cursor:
            return self

        def __exit__(self, *parts: object) -> None:
            return None

        def execute(self, query: str) -> None:
            asked.append(query)

        def fetch_record_batch(self) -> pa.RecordBatchReader:
            return pa.table({"supplier": ["a", "b"], "value": [1.0, 2.0]}).to_reader(max_chunksize=1)

    class Connection(Cursor):
        def cursor(self) -> Cursor:
            return Cursor()

    import adbc_driver_postgresql.dbapi as dbapi

    monkeypatch.setattr(dbapi, "connect", lambda url: Connection())
    rows = _raw(Source(url="postgresql://ana:secret@host/db", table="public.trade"), tmp_path)
    label = "postgresql://ana@host/db"
    assert rows == [("a", 1.0, 1, label), ("b", 2.0, 2, label)]
    assert asked == ['SELECT * FROM "public"."trade"']


def test_unreachable_postgresql_hides_the_password(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="could not be read") as caught:
        _raw(Source(url="postgresql://ana:secret@127.0.0.1:1/db", table="t"), tmp_path)
    assert "secret" not in str(caught.value)
    with pytest.raises(RecordsError, match="no table or query"):
        _raw(Source(url="postgresql://ana@127.0.0.1:1/db"), tmp_path)


@pytest.mark.parametrize(
    ("module", "file", "extra"),
    [("python_calamine", "a.xlsx", "excel"), ("pandas", "a.dta", "stata")],
)
def test_absent_extra_names_the_install(
    module: str, file: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / file).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=extra):
        _raw(Source(file=file), tmp_path)


def test_absent_postgresql_driver_names_the_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(MissingExtraError, match="databases"):
        _raw(Source(url="postgresql://h/d", table="t"), tmp_path)


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and text.strip("\ufeff")
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
@settings(max_examples=25, deadline=None)
def test_any_text_survives_a_csv_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], mark: str
) -> None:
    folder = tmp_path_factory.mktemp("cells")
    body = "".join(mark.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    (folder / "a.csv").write_text(f"supplier{mark}buyer\n{body}", encoding="utf-8")
    found = _raw(Source(file="a.csv", delimiter=mark, encoding="utf-8"), folder)
    assert [row[:2] for row in found] == rows


def test_every_source_gives_the_same_transactions(tmp_path: Path) -> None:
    frame = _frames()["polars"]
    (tmp_path / "a.csv").write_text(_csv())
    frame.write_parquet(tmp_path / "a.parquet")
    frame.to_pandas().to_stata(tmp_path / "a.dta", write_index=False, version=118)
    writers: list[Callable[[], Any]] = [lambda: tmp_path / "a.csv", lambda: tmp_path / "a.parquet",
                                        lambda: tmp_path / "a.dta", lambda: frame]  # fmt: skip
    seen = []
    for source in writers:
        with read(source()) as records:
            seen.append(records.engine.connection.execute(
                "SELECT s.name, b.name, p.name, t.year, t.value FROM transactions t "
                "JOIN supplier_codes s ON t.supplier = s.code JOIN buyer_codes b ON t.buyer = b.code "
                "JOIN product_codes p ON t.product = p.code ORDER BY ALL"
            ).fetchall())  # fmt: skip
    assert seen[0] == seen[1] == seen[2] == seen[3] == sorted(ROWS)


def test_study_of_two_tables_keeps_them_apart(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("supplier,buyer,product,year,value\na,x,1,2001,5\n")
    (tmp_path / "s.csv").write_text("supplier,cluster\na,valley\n")
    tables = Tables(transactions=Source(file="t.csv"), suppliers=Source(file="s.csv"))
    with read(Study(about=About(title="t"), tables=tables, folder=tmp_path, clusters={"by": "given"})) as records:
        assert records.frame("membership").rows() == [("a", None, "valley")]
