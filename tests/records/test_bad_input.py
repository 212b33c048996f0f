"""Broken inputs: each gives an error that says what, where and how to fix it, or a counted loss; never a traceback."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from sinos.errors import RecordsError, SinosError, StudyError
from sinos.records import read
from sinos.study.model import About, Source, Study, Tables

HEAD = "supplier,buyer,product,year,value\n"
GOOD = HEAD + "a,x,01,2001,5\nb,x,02,2002,7\n"


def _zip(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _encrypted_zip() -> bytes:
    data = bytearray(_zip({"a.csv": GOOD.encode()}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(magic) + offset
        data[at : at + 2] = struct.pack("<H", struct.unpack("<H", data[at : at + 2])[0] | 1)
    return bytes(data)


def _parquet(frame: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    frame.write_parquet(stream)
    return stream.getvalue()


RAGGED = HEAD + "a,x,01,2001,5\nb,x,02\nc,x,03,2001,5,9\n"
FRAME = pl.DataFrame({"supplier": ["a"], "buyer": ["x"], "product": ["1"], "year": [2001], "value": [1.0]})

UNREADABLE: dict[str, tuple[str, bytes, dict[str, Any], str]] = {
    "empty file": ("a.csv", b"", {}, "empty"),
    "only spaces": ("a.csv", b"  \n \n", {}, "empty"),
    "only a byte order mark": ("a.csv", b"\xef\xbb\xbf\n", {}, "no header"),
    "header only": ("a.csv", HEAD.encode(), {}, "no rows"),
    "ragged rows": ("a.csv", RAGGED.encode(), {}, "do not fit the header of 5 columns"),
    "truncated last row": ("a.csv", GOOD.encode()[:-6], {}, "do not fit the header"),
    "unclosed quote": ("a.csv", (HEAD + 'a,"x,01,2001,5\nb,x,02,2002,7\n').encode(), {}, "quote"),
    "wrong delimiter given": ("a.csv", GOOD.encode(), {"delimiter": ";"}, "only one column"),
    "delimiter of two characters": ("a.csv", GOOD.encode(), {"delimiter": "||"}, "cannot separate"),
    "delimiter is a quote": ("a.csv", GOOD.encode(), {"delimiter": '"'}, "cannot separate"),
    "one column of prose": ("a.csv", b"Dear colleague\nplease find attached\n", {}, "required columns are missing"),
    "no header": ("a.csv", b"1,2,3,2001,5\n4,5,6,2002,7\n", {}, "looks like data"),
    "duplicate header": ("a.csv", b"supplier,buyer,buyer,year,value\na,x,1,2001,5\n", {}, "same name"),
    "header differs in capitals": ("a.csv", b"supplier,Value,product,year,value\na,x,1,2001,5\n", {}, "same name"),
    "reserved column": ("a.csv", b"supplier,buyer,product,year,value,_row\na,x,1,2001,5,1\n", {}, "reserved"),
    "two names for one": ("a.csv", b"supplier,Supplier ,buyer,product,year,value\na,b,x,1,2001,5\n", {}, "same name"),
    "two spellings of one": (
        "a.csv", b"quantity unit,quantity_unit,supplier,buyer,product,year,value\na,b,s,x,1,2001,5\n", {},
        "two columns",
    ),
    "binary": ("a.csv", bytes(range(256)) * 20, {}, "binary"),
    "zeros": ("a.csv", b"\x00" * 5000, {}, ""),
    "a PDF": ("a.csv", b"%PDF-1.7 rubbish", {}, "PDF"),
    "an Excel file called csv": ("a.csv", _zip({"xl/workbook.xml": b"<x/>"}), {}, "zip or Excel"),
    "an old Excel file called csv": ("a.csv", b"\xd0\xcf\x11\xe0" + b"\x01" * 100, {}, "old Excel"),
    "a gzip file called csv": ("a.csv", gzip.compress(GOOD.encode()), {}, "gzip"),
    "unknown suffix": ("a.xyz", GOOD.encode(), {}, "format"),
    "unknown encoding": ("a.csv", GOOD.encode(), {"encoding": "klingon"}, "not a known encoding"),
    "wrong encoding given": ("a.csv", GOOD.replace("a,", "é,").encode("latin-1"), {"encoding": "utf-8"}, "not utf-8"),
    "utf-16 given for utf-8": ("a.csv", (GOOD + "c").encode(), {"encoding": "utf-16-le"}, ""),
    "skip_rows too large": ("a.csv", GOOD.encode(), {"skip_rows": 99}, "skip_rows"),
    "damaged gzip": ("a.csv.gz", gzip.compress(GOOD.encode())[:-12], {}, "damaged"),
    "not a gzip": ("a.csv.gz", b"plain text", {}, "damaged"),
    "damaged gzip body": ("a.csv.gz", gzip.compress(GOOD.encode())[:12] + b"\xff" * 40, {}, "damaged"),
    "not a zip": ("a.zip", b"plain text", {}, "damaged"),
    "zip without data": ("a.zip", _zip({"readme.md": b"hello"}), {}, "no data files"),
    "encrypted zip": ("a.zip", _encrypted_zip(), {}, "encrypted"),
    "zip of empty member": ("a.zip", _zip({"a.csv": b""}), {}, "empty"),
    "zip of two formats": ("a.zip", _zip({"a.csv": GOOD.encode(), "b.pq": _parquet(FRAME)}), {}, "different formats"),
    "damaged parquet": ("a.parquet", _parquet(FRAME)[:-20], {}, "not readable Parquet"),
    "parquet in name only": ("a.parquet", GOOD.encode(), {}, "not readable Parquet"),
    "damaged excel": ("a.xlsx", b"PK\x03\x04rubbish", {}, "spreadsheet"),
    "damaged stata": ("a.dta", b"<stata_dta>rubbish", {}, "not readable Stata"),
    "stata in name only": ("a.dta", b"supplier", {}, "not readable Stata"),
    "damaged sqlite": ("a.sqlite", b"SQLite format 3\x00" + b"\x07" * 500, {}, "query failed"),
    "damaged duckdb": ("a.duckdb", b"\x00" * 8 + b"DUCK" + b"\x00" * 5000, {}, "DuckDB"),
    "postgresql as a file": ("a.csv", GOOD.encode(), {"format": "postgresql"}, "server"),
    "missing mapped column": ("a.csv", GOOD.encode(), {"columns": {"supplier": "suplier"}}, "not in the file"),
    "unknown contract column": ("a.csv", GOOD.encode(), {"columns": {"byer": "buyer"}}, "data contract"),
    "unknown constant": ("a.csv", GOOD.encode(), {"constants": {"colour": 1}}, "data contract"),
    "mapped and constant": (
        "a.csv", GOOD.encode(), {"columns": {"buyer": "buyer"}, "constants": {"buyer": "x"}}, "constant and comes",
    ),
    "constant for a column of the file": ("a.csv", GOOD.encode(), {"constants": {"value": 1}}, "constant and comes"),
    "no value column": ("a.csv", b"supplier,buyer,product,year\na,x,1,2001\n", {}, "value"),
    "no date and no year": ("a.csv", b"supplier,buyer,product,value\na,x,1,5\n", {}, "date or year"),
    "date format that is none": (
        "a.csv", b"supplier,buyer,product,date,value\na,x,1,2001-01-01,5\n", {"date_format": "%Q"}, "not a date format",
    ),
    "every value is text": ("a.csv", (HEAD + "a,x,1,2001,five\n").encode(), {}, "no transaction can be used"),
    "every value is negative": ("a.csv", (HEAD + "a,x,1,2001,-5\n").encode(), {}, "negative"),
    "every value is NaN": ("a.csv", (HEAD + "a,x,1,2001,nan\nb,x,1,2001,inf\n").encode(), {}, "no value"),
    "years 0 and 9999": ("a.csv", (HEAD + "a,x,1,0,5\nb,x,1,9999,5\n").encode(), {}, "no date or year"),
    "every supplier is blank": ("a.csv", (HEAD + " ,x,1,2001,5\n").encode(), {}, "no supplier"),
    "shuffled values": ("a.csv", (HEAD + "2001,5,a,x,b\n").encode(), {}, "no date or year"),
    "record of 40 MB": ("a.csv", (HEAD + "a,x,1,2001," + "9" * 40_000_000 + "\n").encode(), {}, ""),
}  # fmt: skip


def _study(folder: Path, source: Source, **sections: Any) -> Study:
    return Study(about=About(title="t"), tables=Tables(transactions=source), folder=folder, **sections)


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_file_says_what_where_and_how_to_fix(name: str, tmp_path: Path) -> None:
    file, data, options, words = UNREADABLE[name]
    folder, scratch = tmp_path / "in", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    (folder / file).write_bytes(data)
    with pytest.raises(SinosError) as caught:
        read(_study(folder, Source(file=file, **options), options={"temp": str(scratch)}))
    error = caught.value
    assert words in f"{error.what} {error.fix}"
    assert "transactions" in str(error.where)
    assert len(error.fix) > 5
    assert list(scratch.iterdir()) == []


def test_there_are_at_least_sixty_broken_inputs() -> None:
    assert len(UNREADABLE) + len(REFUSED) + len(COUNTED) >= 60


def test_ragged_rows_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(RAGGED)
    with pytest.raises(RecordsError, match="lines 3, 4") as caught:
        read(tmp_path / "a.csv")
    assert caught.value.rows == 2


def test_zip_bomb_is_stopped_by_the_size_limit(tmp_path: Path) -> None:
    (tmp_path / "bomb.zip").write_bytes(_zip({"a.csv": b"0" * 5_000_000}))
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"0" * 5_000_000))
    for name in ("bomb.zip", "bomb.csv.gz"):
        with pytest.raises(RecordsError, match="max_file_gb"):
            read(_study(tmp_path, Source(file=name), options={"max_file_gb": 0.001}))


def test_many_small_members_count_together_against_the_limit(tmp_path: Path) -> None:
    (tmp_path / "many.zip").write_bytes(_zip({f"{i}.csv": b"0" * 400_000 for i in range(5)}))
    with pytest.raises(RecordsError, match="max_file_gb"):
        read(_study(tmp_path, Source(file="many.zip"), options={"max_file_gb": 0.001}))


def _missing_file(folder: Path) -> None:
    (folder / "deliveries.csv").write_text(GOOD)
    read(folder / "delivries.csv")


def _missing_folder(folder: Path) -> None:
    read(folder / "nowhere" / "a.csv")


def _empty_folder(folder: Path) -> None:
    read(folder)


def _empty_glob(folder: Path) -> None:
    read(folder / "*.csv")


def _mixed_folder(folder: Path) -> None:
    (folder / "a.csv").write_text(GOOD)
    FRAME.write_parquet(folder / "b.parquet")
    read(folder)


def _two_databases(folder: Path) -> None:
    for name in ("a.duckdb", "b.duckdb"):
        duckdb.connect(str(folder / name)).close()
    read(folder)


def _empty_database(folder: Path) -> None:
    duckdb.connect(str(folder / "a.duckdb")).close()
    read(folder / "a.duckdb")


def _nothing(folder: Path) -> None:
    read()


def _lazy(folder: Path) -> None:
    read(FRAME.lazy())


def _a_list(folder: Path) -> None:
    read(transactions=[{"supplier": "a"}])


def _twice(folder: Path) -> None:
    read(FRAME, transactions=FRAME)


def _study_twice(folder: Path) -> None:
    study = _study(folder, Source(file="a.csv"))
    read(study, study=study)


def _unknown_section(folder: Path) -> None:
    read(FRAME, repair=[])


def _bad_section(folder: Path) -> None:
    read(FRAME, options={"threads": 0})


def _source_without_file(folder: Path) -> None:
    read(_study(folder, Source()))


def _unknown_database(folder: Path) -> None:
    read(_study(folder, Source(url="oracle://host/db", table="t")))


def _absent_sqlite(folder: Path) -> None:
    read(_study(folder, Source(url="sqlite:///absent.sqlite", table="t")))


def _frame_without_rows(folder: Path) -> None:
    read(FRAME.clear())


def _double_side_rows(folder: Path) -> None:
    read(FRAME, suppliers=pl.DataFrame({"supplier": ["a", "a"], "employment": [1, 2]}))


def _clusters_not_given(folder: Path) -> None:
    read(FRAME, clusters={"by": "given"})


def _coverage_too_narrow(folder: Path) -> None:
    read(FRAME, coverage={"first_year": 2005, "last_year": 2006})


def _salt_forgotten(folder: Path) -> None:
    read(FRAME, disclosure={"hash_ids": True})


def _bad_memory(folder: Path) -> None:
    read(FRAME, options={"memory": "lots"})


def _bad_temp(folder: Path) -> None:
    read(FRAME, options={"temp": str(folder / "nowhere")})


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "misspelt file": (_missing_file, "deliveries.csv"),
    "missing folder": (_missing_folder, "no folder"),
    "empty folder": (_empty_folder, "no data files"),
    "glob without match": (_empty_glob, "no file matches"),
    "folder of two formats": (_mixed_folder, "different formats"),
    "two databases": (_two_databases, "2 database files"),
    "database without tables": (_empty_database, "0 tables"),
    "nothing given": (_nothing, "no transactions"),
    "lazy frame": (_lazy, "lazy"),
    "a list of records": (_a_list, "list was given"),
    "transactions twice": (_twice, "twice"),
    "study twice": (_study_twice, "twice"),
    "unknown section": (_unknown_section, "repairs"),
    "wrong section": (_bad_section, "threads"),
    "source without file": (_source_without_file, "no file"),
    "unknown kind of database": (_unknown_database, "not a database"),
    "absent database file": (_absent_sqlite, "does not exist"),
    "frame without rows": (_frame_without_rows, "no rows"),
    "two rows for one supplier": (_double_side_rows, "same supplier and year"),
    "clusters not given": (_clusters_not_given, "suppliers table"),
    "coverage too narrow": (_coverage_too_narrow, "outside"),
    "salt forgotten": (_salt_forgotten, "secret"),
    "memory is not a size": (_bad_memory, "memory"),
    "no such temporary folder": (_bad_temp, "temporary"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_call_explains_itself(name: str, tmp_path: Path) -> None:
    call, words = REFUSED[name]
    with pytest.raises(SinosError) as caught:
        call(tmp_path)
    assert words in str(caught.value)
    assert caught.value.fix


COUNTED: dict[str, tuple[str, str, int, int]] = {
    "one negative value": ("a,x,1,2001,-5\n", "value", 1, 1),
    "one value in words": ("a,x,1,2001,five\n", "value", 1, 1),
    "one value with a currency sign": ("a,x,1,2001,$5\n", "value", 1, 1),
    "one infinite value": ("a,x,1,2001,1e999\n", "value", 1, 1),
    "one thousands mark of unknown meaning": ('a,x,1,2001,"1,234"\n', "value", 1, 1),
    "one year 9999": ("a,x,1,9999,5\n", "year", 1, 1),
    "one year with a fraction": ("a,x,1,2001.5,5\n", "year", 1, 1),
    "one blank supplier": (",x,1,2001,5\n", "supplier", 1, 1),
    "one blank buyer": ("a,  ,1,2001,5\n", "buyer", 1, 1),
    "one blank product": ("a,x,,2001,5\n", "product", 1, 1),
}


@pytest.mark.parametrize("name", COUNTED)
def test_bad_row_is_left_out_and_counted(name: str, tmp_path: Path) -> None:
    row, column, lost, kept_less = COUNTED[name]
    (tmp_path / "a.csv").write_text(GOOD + row)
    with read(tmp_path / "a.csv") as records:
        kept = records.engine.collect(records.engine.table("transactions")).height
        counts = {(item.table, item.column): item.count for item in records.missing}
    assert counts == {("transactions", column): lost}
    assert kept == 3 - kept_less


def test_study_errors_are_study_errors(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="did you mean 'buyer'"):
        read(FRAME, columns={"byer": "buyer"})


def test_huge_field_is_read(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    (tmp_path / "a.csv").write_text(GOOD + f"{long},x,1,2001,5\n")
    with read(tmp_path / "a.csv") as records:
        names = records.engine.collect(records.engine.table("supplier_codes"))["name"].to_list()
    assert max(len(name) for name in names) == 3_000_000
