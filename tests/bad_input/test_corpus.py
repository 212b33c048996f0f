"""A corpus of broken inputs: each gives an error or a finding that says what, where, how many, and the fix."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sinos.errors import EngineError, RecordsError, SinosError, StrictCheckError, StudyError
from sinos.records.records import read
from sinos.study.model import Study

HEAD = "supplier,buyer,product,date,value,quantity,quantity_unit,currency"
GOOD = [
    f"Firm {n % 3},Buyer {n % 4},6403{n % 2}0,2005-{n % 12 + 1:02d}-15,{100 + n},{10 + n},pairs,USD" for n in range(24)
]


def text(rows: list[str] | None = None, head: str = HEAD, end: str = "\n") -> str:
    return end.join([head, *(GOOD if rows is None else rows)]) + end


def with_cell(column: str, *cells: str) -> str:
    """Return the good file with the first cells of a column replaced."""
    place = HEAD.split(",").index(column)
    rows = [row.split(",") for row in GOOD]
    for row, cell in zip(rows, cells, strict=False):
        row[place] = cell
    return text([",".join(row) for row in rows])


@dataclass(frozen=True)
class Broken:
    """A broken input: how to write it, further parts of the study, and the error or finding expected."""

    name: str
    write: Callable[[Path], Any]
    error: type[SinosError] | None = None
    what: str = ""
    fix: str = ""
    code: str = ""
    rows: int | None = None
    column: str | None = None
    parts: dict[str, Any] = field(default_factory=dict)


def put(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def zipped(*members: tuple[str, bytes]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "t.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return path

    return write


def parquet(name: str, **columns: list[Any]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        pl.DataFrame(columns, strict=False).write_parquet(folder / name)
        return folder / name

    return write


def cut(write: Callable[[Path], Path], keep: float) -> Callable[[Path], Path]:
    def truncated(folder: Path) -> Path:
        path = write(folder)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * keep)])
        return path

    return truncated


def table(name: str, columns: list[str], *cells: Any) -> Callable[[Path], Path]:
    """Write a Parquet file of one row with whatever names and nested cells."""

    def write(folder: Path) -> Path:
        pq.write_table(pa.Table.from_arrays([pa.array([cell]) for cell in cells], names=columns), folder / name)
        return folder / name

    return write


def made(name: str, make: Callable[[Path], None]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        make(folder / name)
        return folder / name

    return write


def encrypted(folder: Path) -> Path:
    """Write a zip file that says its member is encrypted."""
    path = zipped(("t.csv", text().encode()))(folder)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def study(body: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "t.csv").write_text(text(), encoding="utf-8")
        (folder / "study.yaml").write_text(body, encoding="utf-8")
        return folder / "study.yaml"

    return write


TABLES = "about: {title: t}\ntables: {transactions: {file: t.csv}}\n"
FRAME = {"supplier": ["a"], "buyer": ["x"], "product": ["1"], "year": [1990], "value": [1.0]}

ERRORS = [
    Broken("no file", lambda folder: folder / "none.csv", RecordsError, "none.csv"),
    Broken("empty file", put("t.csv", b""), RecordsError, "empty"),
    Broken("only blank lines", put("t.csv", "\n\n\n"), RecordsError, ""),
    Broken("header only", put("t.csv", text([])), RecordsError, "no "),
    Broken("empty folder", lambda folder: (folder / "d").mkdir() or folder / "d", RecordsError, ""),
    Broken("empty glob", lambda folder: folder / "*.csv", RecordsError, ""),
    Broken("random bytes", put("t.csv", bytes(range(256)) * 40), RecordsError, ""),
    Broken("a picture", put("t.csv", b"\x89PNG\r\n\x1a\n" + bytes(2000)), RecordsError, ""),
    Broken("duplicated header", put("t.csv", text(head=HEAD.replace("currency", "value"))), RecordsError, "same name"),
    Broken(
        "header in capitals twice",
        put("t.csv", text(head=HEAD.replace("currency", "VALUE"))),
        RecordsError,
        "same name",
    ),
    Broken("reserved column", put("t.csv", text(head=HEAD.replace("currency", "_row"))), RecordsError, "reserved"),
    Broken("no header", put("t.csv", "\n".join(GOOD)), RecordsError, "supplier"),
    Broken("wrong delimiter", put("t.csv", text()), RecordsError, "", parts={"delimiter": ";"}),
    Broken("no supplier", put("t.csv", text(head=HEAD.replace("supplier", "vendr"))), RecordsError, "supplier"),
    Broken("no value", put("t.csv", text(head=HEAD.replace("value", "worth"))), RecordsError, "value"),
    Broken("neither date nor year", put("t.csv", text(head=HEAD.replace("date", "when"))), RecordsError, "date"),
    Broken(
        "unknown file column", put("t.csv", text()), RecordsError, "Vendor", parts={"columns": {"supplier": "Vendor"}}
    ),
    Broken(
        "unknown contract column",
        put("t.csv", text()),
        StudyError,
        "suplier",
        "supplier",
        parts={"columns": {"suplier": "supplier"}},
    ),
    Broken(
        "constant and column",
        put("t.csv", text()),
        StudyError,
        "constant",
        "remove",
        parts={"constants": {"currency": "EUR"}},
    ),
    Broken(
        "no usable supplier", put("t.csv", with_cell("supplier", *[""] * 24)), RecordsError, "no transaction", rows=24
    ),
    Broken("no usable value", put("t.csv", with_cell("value", *["x"] * 24)), RecordsError, "no transaction", rows=24),
    Broken("all negative", put("t.csv", with_cell("value", *["-1"] * 24)), RecordsError, "negative", rows=24),
    Broken("no usable date", put("t.csv", with_cell("date", *["never"] * 24)), RecordsError, "no transaction", rows=24),
    Broken(
        "everything filtered",
        put("t.csv", text()),
        RecordsError,
        "no ",
        parts={"repairs": [{"drop": {"column": "buyer", "matches": "."}}]},
    ),
    Broken("unknown encoding", put("t.csv", text()), RecordsError, "klingon", parts={"encoding": "klingon"}),
    Broken("wrong date format", put("t.csv", text()), RecordsError, "date format", parts={"date_format": "%Q"}),
    Broken("unknown suffix", put("t.xyz", text()), RecordsError, "", "format"),
    Broken("truncated gzip", cut(put("t.csv.gz", gzip.compress(os.urandom(4000))), 0.5), RecordsError, "t.csv.gz"),
    Broken("not a gzip", put("t.csv.gz", text()), RecordsError, "t.csv.gz"),
    Broken("not a zip", put("t.zip", text()), RecordsError, "t.zip"),
    Broken("empty zip", zipped(), RecordsError, ""),
    Broken("zip without data", zipped(("readme.md", b"hello")), RecordsError, ""),
    Broken("truncated zip", cut(zipped(("t.csv", os.urandom(4000))), 0.6), RecordsError, "t.zip"),
    Broken(
        "zip bomb",
        zipped(("t.csv", (HEAD + "\n").encode() + b"a" * 3_000_000)),
        RecordsError,
        "",
        "max_file_gb",
        parts={"options": {"max_file_gb": 0.001}},
    ),
    Broken(
        "gzip bomb",
        put("t.csv.gz", gzip.compress(b"0" * 3_000_000)),
        RecordsError,
        "",
        "max_file_gb",
        parts={"options": {"max_file_gb": 0.001}},
    ),
    Broken("not a parquet", put("t.parquet", text()), RecordsError, "t.parquet"),
    Broken("truncated parquet", cut(parquet("t.parquet", **FRAME), 0.5), RecordsError, "t.parquet"),
    Broken("parquet without value", parquet("t.parquet", supplier=["a"], buyer=["b"]), RecordsError, ""),
    Broken("not an excel file", put("t.xlsx", text()), RecordsError, "t.xlsx"),
    Broken("not a stata file", put("t.dta", text()), RecordsError, "t.dta"),
    Broken("not a database", put("t.duckdb", text()), RecordsError, ""),
    Broken("unknown database scheme", lambda folder: {"url": "oracle://x/y", "table": "t"}, RecordsError, ""),
    Broken("skip all rows", put("t.csv", text()), RecordsError, "", parts={"skip_rows": 99}),
    Broken("a list as source", lambda folder: [1, 2], SinosError, ""),
    Broken("frame without rows", lambda folder: pl.DataFrame(FRAME).clear(), RecordsError, ""),
    Broken("frame without columns", lambda folder: pl.DataFrame(), RecordsError, ""),
    Broken("lazy frame", lambda folder: pl.DataFrame(FRAME).lazy(), RecordsError, "lazy", "collect"),
    Broken(
        "side table double key",
        put("t.csv", text()),
        RecordsError,
        "same supplier",
        "one row",
        rows=2,
        parts={"suppliers": pl.DataFrame({"supplier": ["Firm 0", "Firm 0"], "employment": [1, 2]})},
    ),
    Broken(
        "side table without key",
        put("t.csv", text()),
        RecordsError,
        "buyer",
        parts={"buyers": pl.DataFrame({"country": ["US"]})},
    ),
    Broken("missing side file", put("t.csv", text()), RecordsError, "none.csv", parts={"suppliers": "none.csv"}),
    Broken(
        "hash without salt",
        put("t.csv", text()),
        StudyError,
        "secret",
        "salt",
        parts={"disclosure": {"hash_ids": True}},
    ),
    Broken(
        "strict check",
        put("t.csv", with_cell("value", "-1", "-2")),
        StrictCheckError,
        "negative-value",
        "filter",
        rows=2,
        parts={"checks": {"strict": ["negative-value"]}},
    ),
    Broken(
        "unknown check",
        put("t.csv", text()),
        StudyError,
        "self-trad",
        "self-trade",
        parts={"checks": {"ignore": ["self-trad"]}},
    ),
    Broken(
        "unknown currency",
        put("t.csv", with_cell("currency", "BRL", "BRL")),
        RecordsError,
        "'BRL' (2)",
        "filter",
        rows=2,
        parts={"repairs": [{"convert": "currency", "to": "USD", "factors": {"EUR": 1.1}}]},
    ),
    Broken(
        "repair of unknown column",
        put("t.csv", text()),
        StudyError,
        "byer",
        "buyer",
        parts={"repairs": [{"recode": "byer", "case": "upper"}]},
    ),
    Broken("memory limit", put("t.csv", text()), EngineError, "", "memory", parts={"options": {"memory": "lots"}}),
    Broken("a pipe", made("t.csv", os.mkfifo), RecordsError, "a pipe or a device", "copy it to a file"),
    Broken(
        "a link to nothing",
        made("t.csv", lambda path: path.symlink_to("gone.csv")),
        RecordsError,
        "a link to a file that does not exist",
        "name the file itself",
    ),
    Broken(
        "a link to itself",
        made("t.csv", lambda path: path.symlink_to("t.csv")),
        RecordsError,
        "a link to a file that does not exist",
        "name the file itself",
    ),
    Broken(
        "a log-in page", put("t.csv", "\n<!DOCTYPE html><html>Please log in</html>"), RecordsError, "a web page", "the"
    ),
    Broken("a page of tables", put("t.csv", "<HTML><table><tr><td>1</table>"), RecordsError, "a web page", "the file"),
    Broken("an answer in JSON", put("t.csv", '{"error": "quota exceeded"}'), RecordsError, "JSON", "export it as CSV"),
    Broken("records in JSON", put("t.csv", '[{"supplier": "a"}]'), RecordsError, "JSON", "export it as CSV"),
    Broken("XML", put("t.csv", '<?xml version="1.0"?><rows/>'), RecordsError, "XML", "export it as CSV"),
    Broken("a pointer", put("t.csv", "version https://git-lfs.github.com/spec/v1\n"), RecordsError, "Git LFS", "pull"),
    Broken("a PDF", put("t.csv", b"%PDF-1.7 " + bytes(range(32, 127)) * 9), RecordsError, "a PDF document", "format"),
    Broken("a page named Excel", put("t.xls", "<html><table></table></html>"), RecordsError, "a spreadsheet", "CSV"),
    Broken("Excel with a password", put("t.xlsx", b"\xd0\xcf\x11\xe0" * 99), RecordsError, "spreadsheet", "password"),
    Broken("encrypted zip", encrypted, RecordsError, "'t.csv' in the zip file is encrypted", "its password"),
    Broken("zip in a zip", zipped(("t.zip", b"PK\x03\x04" + bytes(99))), RecordsError, "zip or Excel", "format"),
    Broken("NUL inside", put("t.csv", text().replace("Firm 1", "Fi\0rm")), RecordsError, "NUL characters", "format"),
    Broken("open quote", put("t.csv", with_cell("buyer", '"Buyer')), RecordsError, "unquoted value", "every quote"),
    Broken(
        "left-over merge",
        put("t.csv", text([*GOOD[:3], "<<<<<<< HEAD", *GOOD[3:6], "=======", *GOOD[6:], ">>>>>>> other"])),
        RecordsError,
        "missing columns: 3; lines 5, 9, 28",
        "correct these lines",
        rows=3,
    ),
    Broken(
        "lists in cells",
        table("t.parquet", list(FRAME), "a", "x", ["1", "2"], 1990, 1.0),
        RecordsError,
        "'product' (mapped to 'product') holds lists",
        "one text",
    ),
    Broken(
        "records in cells",
        table("t.parquet", list(FRAME), "a", {"name": "x"}, "1", 1990, 1.0),
        RecordsError,
        "'buyer' (mapped to 'buyer') holds lists or records",
        "one text",
    ),
    Broken(
        "Parquet with a name twice",
        table("t.parquet", ["supplier", *FRAME], "a", "b", "x", "1", 1990, 1.0),
        RecordsError,
        "'supplier' and 'supplier'",
        "its own name",
    ),
    Broken(
        "yes and no as values",
        table("t.parquet", list(FRAME), "a", "x", "1", 1990, True),
        RecordsError,
        "1 rows with no value that can be read",
        "mapping",
        rows=1,
    ),
    Broken(
        "years of two digits",
        put("t.csv", text(["a,x,1,95,5,,,"] * 3)),
        RecordsError,
        "3 rows with no date",
        "date",
        rows=3,
    ),
    Broken(
        "study with a Python object",
        study(TABLES + "options: !!python/object/apply:os.system [ls]\n"),
        StudyError,
        "line 3",
        "keys",
    ),
    Broken(
        "study with a key twice",
        study(TABLES + "options: {seed: 1}\noptions: {seed: 2}\n"),
        StudyError,
        "given twice",
        "keep one",
    ),
    Broken("study with tabs", study("about:\n\ttitle: t\n"), StudyError, "line 2", "spaces"),
    Broken(
        "study is binary",
        lambda folder: put("study.yaml", bytes(range(256)))(folder),
        StudyError,
        "study.yaml",
        "sinos init",
    ),
    Broken("study is no YAML", study("about: [\n"), StudyError, ""),
    Broken("study is a list", study("- 1\n- 2\n"), StudyError, ""),
    Broken("study is empty", study(""), StudyError, ""),
    Broken("study with unknown key", study(TABLES + "chekcs: {}\n"), StudyError, "chekcs", "checks"),
    Broken("study without tables", study("about: {title: t}\n"), StudyError, ""),
    Broken("study with wrong type", study(TABLES + "options: {threads: many}\n"), StudyError, ""),
    Broken("study with unknown repair", study(TABLES + "repairs: [{fliter: {column: a}}]\n"), StudyError, ""),
    Broken("study naming no file", study(TABLES.replace("t.csv", "u.csv")), StudyError, "u.csv"),
]

FINDINGS = [
    Broken(
        "text values",
        put("t.csv", with_cell("value", "free", "see note")),
        code="text-in-numbers",
        rows=2,
        column="value",
    ),
    Broken(
        "NaN and infinity", put("t.csv", with_cell("value", "NaN", "inf", "-Infinity")), code="infinite-number", rows=3
    ),
    Broken("negative values", put("t.csv", with_cell("value", "-5")), code="negative-value", rows=1),
    Broken("zero values", put("t.csv", with_cell("value", "0", "0.00")), code="zero-value", rows=2),
    Broken("blank values", put("t.csv", with_cell("value", "", " ")), code="missing-value", rows=2),
    Broken(
        "blank suppliers", put("t.csv", with_cell("supplier", "", " ")), code="missing-key", rows=2, column="supplier"
    ),
    Broken("year zero", put("t.csv", with_cell("date", "0000-01-01", "0001-01-01")), code="date-out-of-range", rows=2),
    Broken("year 9999", put("t.csv", with_cell("date", "9999-12-31")), code="date-out-of-range", rows=1),
    Broken("30 February", put("t.csv", with_cell("date", "2005-02-30")), code="unparsable-date", rows=1),
    Broken("mixed dates", put("t.csv", with_cell("date", "15-Jan-05")), code="mixed-date-formats", rows=1),
    Broken("two currencies", put("t.csv", with_cell("currency", "EUR")), code="mixed-currency", rows=1),
    Broken("two units", put("t.csv", with_cell("quantity_unit", "kg")), code="mixed-units", rows=12),
    Broken("self-trade", put("t.csv", with_cell("buyer", "FIRM 0 Ltd.")), code="self-trade", rows=1),
    Broken("copies", put("t.csv", text([*GOOD, GOOD[0], GOOD[0]])), code="duplicate-rows", rows=2),
    Broken("latin-1 read as utf-8", put("t.csv", with_cell("supplier", "CalÃ§ados")), code="broken-characters", rows=1),
    Broken("a forwarder", put("t.csv", with_cell("buyer", "Swift Logistics")), code="intermediary", rows=1),
    Broken("half the rows lost", put("t.csv", with_cell("value", *["x"] * 12)), code="dropped-rows", rows=12),
    Broken("numbers with units", put("t.csv", with_cell("value", "100 USD", "$5")), code="text-in-numbers", rows=2),
    Broken("accountants' minus", put("t.csv", with_cell("value", "(5)", "5-")), code="text-in-numbers", rows=2),
    Broken("header repeated inside", put("t.csv", text([*GOOD, HEAD])), code="text-in-numbers", rows=1, column="value"),
    Broken(
        "a line of totals", put("t.csv", text([*GOOD, "TOTAL,,,,2676,,,"])), code="missing-key", rows=1, column="buyer"
    ),
    Broken("letters hidden", put("t.csv", with_cell("buyer", "Bu\u200byer 0")), code="broken-characters", rows=1),
    Broken("quantity zero", put("t.csv", with_cell("quantity", "0", "-1")), code="non-positive-quantity", rows=2),
]

SAID = {
    "no file": ("does not exist", "relative to the study file"),
    "empty file": ("the file is empty", "export it again"),
    "only blank lines": ("the file is empty", "export it again"),
    "header only": ("a header but no rows", "export it again"),
    "empty folder": ("holds no data files", ".parquet"),
    "empty glob": ("no file matches", "check the pattern"),
    "random bytes": ("binary or damaged", "encoding"),
    "a picture": ("binary or damaged", "export it again"),
    "duplicated header": ("'value' and 'value'", "its own name"),
    "header in capitals twice": ("'value' and 'VALUE'", "its own name"),
    "reserved column": ("'_row' is reserved", "rename it"),
    "no header": ("required columns are missing", "columns:"),
    "wrong delimiter": ("required columns are missing", "columns:"),
    "no supplier": ("missing: supplier", "columns:"),
    "no value": ("missing: value", "columns:"),
    "neither date nor year": ("missing: date or year", "columns:"),
    "unknown file column": ("'Vendor' (mapped to 'supplier')", "use one of"),
    "no usable supplier": ("24 rows with no supplier", "check the mapping"),
    "no usable value": ("24 rows with no value", "decimal"),
    "all negative": ("24 rows with negative value", "repairs"),
    "no usable date": ("24 rows with no date", "date_format"),
    "everything filtered": ("no rows left", "repairs"),
    "unknown encoding": ("'klingon'", "utf-8"),
    "wrong date format": ("'%Q'", "%d/%m/%Y"),
    "unknown suffix": ("cannot be told from its name", "csv, tsv"),
    "truncated gzip": ("damaged or cut short", "pack it again"),
    "not a gzip": ("damaged or cut short", "pack it again"),
    "not a zip": ("damaged or cut short", "pack it again"),
    "empty zip": ("holds no data files", ".csv"),
    "zip without data": ("holds no data files", ".csv"),
    "truncated zip": ("damaged or cut short", "pack it again"),
    "zip bomb": ("unpacks to more than", "max_file_gb"),
    "gzip bomb": ("unpacks to more than", "max_file_gb"),
    "not a parquet": ("not readable Parquet", "write it again"),
    "truncated parquet": ("not readable Parquet", "write it again"),
    "parquet without value": ("missing: product, value, date or year", "columns:"),
    "not an excel file": ("as a spreadsheet", "export the sheet to CSV"),
    "not a stata file": ("not readable Stata", "export it to CSV"),
    "not a database": ("cannot be opened as a DuckDB database", "check the file"),
    "unknown database scheme": ("'oracle'", "postgresql://"),
    "skip all rows": ("no header is left", "lower skip_rows"),
    "a list as source": ("a list was given", "pandas.DataFrame"),
    "frame without rows": ("no rows", "table"),
    "frame without columns": ("no rows", "table"),
    "side table without key": ("missing: buyer", "columns:"),
    "missing side file": ("none.csv", "relative to the study file"),
    "memory limit": ("DuckDB did not start", "like 4GB"),
    "study is no YAML": ("study.yaml, line 2", "indentation"),
    "study is a list": ("a list was found", "about:"),
    "study is empty": ("the study is empty", "sinos init"),
    "study without tables": ("'tables' is missing", "add 'tables:'"),
    "study with wrong type": ("line 3, options.threads", "whole number"),
    "study with unknown repair": ("no repair 'fliter'", "'filter'"),
    "study naming no file": ("line 2, tables.transactions.file", "'t.csv'"),
}
"""What the errors say, and their fix, where the case itself does not say it: name -> (what or where, fix)."""

SOURCE_PARTS = ("delimiter", "encoding", "date_format", "skip_rows", "constants")


def attempt(case: Broken, folder: Path) -> pl.DataFrame:
    """Read a broken input and return its findings."""
    source = case.write(folder)
    parts = dict(case.parts)
    options = {name: parts.pop(name) for name in SOURCE_PARTS if name in parts}
    if isinstance(source, dict) or options:
        columns = parts.pop("columns", {})
        file = source if isinstance(source, dict) else {"file": str(source)}
        parts["study"] = {"about": {"title": "t"}, "tables": {"transactions": {**file, **options, "columns": columns}}}
        parts["study"] = Study.model_validate(parts["study"])
        source = None
    with read(source, **parts) as records:
        return records.frame("findings")


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_broken_input_is_an_error(case: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_folder = tmp_path / "engine"
    engine_folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(engine_folder))
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(case.error or SinosError) as caught:
        attempt(case, data)
    error = caught.value
    what, fix = SAID.get(case.name, (case.what, case.fix))
    assert what
    assert fix
    assert what in f"{error.where}: {error.what}"
    assert fix in error.fix
    if case.rows is not None:
        assert error.rows == case.rows
    assert "Traceback" not in str(error)
    assert list(engine_folder.iterdir()) == []


@pytest.mark.parametrize("case", [case for case in FINDINGS if case.code], ids=lambda case: case.name)
def test_broken_input_is_a_finding(case: Broken, tmp_path: Path) -> None:
    found = attempt(case, tmp_path).filter(code=case.code)
    if case.column:
        found = found.filter(column=case.column)
    assert found.height == 1
    row = found.row(0, named=True)
    assert row["rows"] == case.rows
    assert row["message"]
    assert row["fix"]


def test_the_corpus_is_large_enough() -> None:
    cases = [*ERRORS, *FINDINGS]
    assert len({case.name for case in cases}) == len(cases) >= 60
