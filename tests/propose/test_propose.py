"""``propose``: the guess is right on files in several languages, honest where it is not, and always a valid study."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import RecordsError
from sinos.propose import head, look, propose
from sinos.propose.guess import guess, name_score, plain
from sinos.propose.look import describe
from sinos.records import read
from sinos.study import load_study

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

FILES = {
    "en": (
        "Exporter,Importer,HS6,Shipment date,FOB value,Net weight,Incoterm\n"
        "A,X,640399,2001-02-03,5.5,3,FOB\nB,Y,640419,2001-12-13,7,4,CIF\n",
        {"supplier": "Exporter", "buyer": "Importer", "product": "HS6", "date": "Shipment date", "value": "FOB value"},
    ),
    "pt": (
        "Exportador;Importador;NCM;Data embarque;Valor FOB (US$);Peso líquido\n"
        "Calçados Sul;Shoe Mart;64039990;31/01/1995;1.234,50;100,5\nBeira;Schuh;64041900;02/02/1995;99,50;10,5\n",
        {"supplier": "Exportador", "buyer": "Importador", "product": "NCM", "date": "Data embarque"},
    ),
    "es": (
        "Proveedor,Comprador,Partida arancelaria,Año,Importe,Cantidad\nA,X,640399,2001,5,3\nB,Y,640419,2002,7,4\n",
        {"supplier": "Proveedor", "buyer": "Comprador", "product": "Partida arancelaria", "year": "Año"},
    ),
    "fr": (
        "Fournisseur,Acheteur,Produit,Année,Valeur\nA,X,640399,2001,5\nB,Y,640419,2002,7\n",
        {"supplier": "Fournisseur", "buyer": "Acheteur", "product": "Produit", "year": "Année", "value": "Valeur"},
    ),
}


@pytest.mark.parametrize("language", FILES)
def test_the_mapping_is_found_in_several_languages(tmp_path: Path, language: str) -> None:
    text, expected = FILES[language]
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    written = propose(tmp_path / "sales.csv", folder=tmp_path)
    (tmp_path / "study.yaml").write_text(written, encoding="utf-8")
    source = load_study(tmp_path / "study.yaml").tables.transactions
    assert source.file == "sales.csv"
    assert {key: source.columns[key] for key in expected} == expected
    assert source.decimal == ("," if language == "pt" else ".")
    assert source.date_format == ("%d/%m/%Y" if language == "pt" else None)


def test_further_files_find_their_tables_and_clusters(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(FILES["en"][0])
    (tmp_path / "firms.csv").write_text("Exporter,Region,Sector,Employees\nA,N,shoes,5\nB,S,shoes,9\n")
    (tmp_path / "colours.csv").write_text("colour,shade\nred,dark\n")
    text = propose([tmp_path / name for name in ("firms.csv", "colours.csv", "sales.csv")], folder=tmp_path)
    (tmp_path / "study.yaml").write_text(text)
    study = load_study(tmp_path / "study.yaml")
    assert study.tables.transactions.file == "sales.csv"
    assert study.tables.suppliers is not None
    assert study.tables.suppliers.columns["employment"] == "Employees"
    assert study.clusters.by == "region_sector"
    assert "not used, it fits no table: colours.csv" in text


def test_what_was_not_recognised_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("alpha,beta\nq,w\ne,r\n")
    text = propose(tmp_path / "x.csv", folder=tmp_path)
    (tmp_path / "study.yaml").write_text(text)
    assert load_study(tmp_path / "study.yaml").tables.transactions.columns == {}
    for column in ("supplier", "buyer", "value", "date or year"):
        assert f"# CHECK {column}" in text


def test_doubt_is_marked(tmp_path: Path) -> None:
    rows = "A,a,X,01,01/02/2001,1\nB,b,Y,02,03/04/2001,2\n"
    (tmp_path / "x.csv").write_text(f"Exporter,Seller,Buyer,HS,date,value\n{rows}")
    text = propose(tmp_path / "x.csv", folder=tmp_path)
    assert "day and month cannot be told apart" in text
    assert "or Seller" in text or "or Exporter" in text


@pytest.mark.parametrize("files", [[], ["nowhere.csv"]])
def test_missing_files_are_named(tmp_path: Path, files: list[str]) -> None:
    with pytest.raises(RecordsError) as caught:
        propose([tmp_path / name for name in files], folder=tmp_path)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (["2001", "2002"], {"number", "year", "code"}),
        (["1", "12"], {"number", "month"}),
        (["0", "1"], {"number", "flag", "share"}),
        (["640399", "640419"], {"number", "code"}),
        (["1.234,50"], {"number"}),
        (["FOB", "CIF Hamburg"], {"incoterm", "text"}),
        (["US", "DE"], {"country", "text"}),
        (["USD", "EUR"], {"country", "currency", "text"}),
        (["3-Jun-06"], {"date"}),
        (["", None], set()),
    ],
)
def test_contents_are_recognised(values, kinds) -> None:
    assert describe("x", values).kinds == kinds


def test_day_and_month_are_told_apart_where_they_can_be() -> None:
    assert describe("x", ["12/31/2001"]).date_format == "%m/%d/%Y"
    assert describe("x", ["31-12-2001"]).date_format == "%d-%m-%Y"
    assert describe("x", ["01/02/2001"]).ambiguous_date


def test_contents_veto_names() -> None:
    assert guess("transactions", [describe("value", ["a", "b"])]) == ()


def test_names_are_compared_without_accents_and_signs() -> None:
    assert plain("País_de-Destino") == "pais de destino"
    assert name_score("PAÍS DE DESTINO", ["pais de destino"]) == 1.0
    assert name_score("xyz", ["value"]) == 0.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=6, unique=True), st.text(max_size=8))
def test_each_column_is_used_once(names: list[str], value: str) -> None:
    used = [item.column.name for item in guess("transactions", [describe(name, [value]) for name in names])]
    assert len(used) == len(set(used))


LONG = "Exporter,Importer,HS6,Year,FOB value\n" + 'A,"X, Ltd\nof Y",640399,2001,5.5\n' * 3000


def mapped(tmp_path: Path, file: str) -> str:
    text = propose(tmp_path / file, folder=tmp_path)
    (tmp_path / "study.yaml").write_text(text)
    columns = load_study(tmp_path / "study.yaml").tables.transactions.columns
    assert {"supplier": "Exporter", "buyer": "Importer", "product": "HS6", "year": "Year"}.items() <= columns.items()
    return text


@pytest.mark.parametrize("name", ["sales.csv", "sales.csv.gz", "sales.zip"])
def test_a_long_text_file_is_not_read_to_its_end(tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.setattr(head, "HEAD", 10_000)
    content = LONG.encode() + b'a,"line,with,far,too,many,cells\x00\n' * 10
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(content))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("sales.csv", content)
    else:
        (tmp_path / name).write_bytes(content)
    rows = (10_000 - LONG.index("\n") - 1) // len('A,"X, Ltd\nof Y",640399,2001,5.5\n')
    assert f"only its first {rows:,} rows were looked at" in mapped(tmp_path, name)


def test_a_long_file_in_utf_16_is_cut_between_records(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(head, "HEAD", 10_001)
    (tmp_path / "sales.csv").write_bytes(LONG.encode("utf-16"))
    assert "rows were looked at" in mapped(tmp_path, "sales.csv")


@pytest.mark.parametrize("kind", ["parquet", "sqlite", "duckdb", "dta"])
def test_of_other_files_the_first_rows_are_looked_at(tmp_path: Path, monkeypatch, kind: str) -> None:
    frame = pl.DataFrame(
        {
            "Exporter": ["A", "B"] * 50, "Importer": ["X", "Y"] * 50, "HS6": ["640399"] * 100, "Year": [2001] * 100,
            "FOB value": [5.5] * 100,
        }
    )  # fmt: skip
    path = tmp_path / f"sales.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    elif kind == "sqlite":
        with sqlite3.connect(path) as connection:
            frame.to_pandas().to_sql("sales", connection, index=False)
        connection.close()
    elif kind == "dta":
        frame.to_pandas().rename(columns={"FOB value": "FOBvalue"}).to_stata(path, write_index=False)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE sales AS SELECT * FROM frame")
    monkeypatch.setattr(head, "ROWS", 40)
    monkeypatch.setattr(look, "ROWS", 40)
    assert "only its first 40 rows were looked at" in mapped(tmp_path, path.name)
    monkeypatch.setattr(head, "ROWS", 400)
    monkeypatch.setattr(look, "ROWS", 400)
    assert "# 100 rows" in mapped(tmp_path, path.name)


def test_a_short_or_strange_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(b"not packed")
    (tmp_path / "x.zip").write_bytes(b"not packed")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for name in ("x.csv.gz", "x.zip", "x.csv", "."):
        assert head.first_rows(tmp_path / name, tmp_path) == head.Head(tmp_path / name, whole=True)


def test_a_text_that_is_one_open_quote_is_read_whole(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(head, "HEAD", 100)
    (tmp_path / "x.csv").write_text('"' + "a\n" * 200)
    assert head.first_rows(tmp_path / "x.csv", tmp_path).whole


def test_words_with_other_meanings_are_guesses_at_best(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "Vendor,Vendor INCO Term,PO Sent to Vendor Date,Brand,Item,Year,Gen_Val,Freight Cost (USD),Country\n"
        "Cipla,FOB,N/A,Generic,A,2006,5,1,US\nAbbott,N/A - from warehouse,2006-01-02,Kaletra,B,2007,7,2,BR\n"
    )
    said = propose(tmp_path / "t.csv", folder=tmp_path)
    assert "      supplier: Vendor    # sure (such as" in said
    assert "      buyer: Brand    # CHECK a guess (such as" in said
    assert "      # buyer: Country    # CHECK places may stand in for firms" in said
    assert "      value: Gen_Val    # CHECK a guess; or Freight Cost (USD) (such as" in said
    assert "      incoterm: Vendor INCO Term    # sure (such as" in said
    assert "constants" not in said


def test_what_is_the_same_in_every_row_may_be_a_constant(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("supplier_name,year\nA,2001\nB,2001\nA,2002\n")
    said = propose(tmp_path / "list.csv", folder=tmp_path)
    block = [line for line in said.splitlines() if line.startswith("    #")]
    assert [line.split("#")[1].split(":")[0].strip() for line in block] == ["constants", "buyer", "product", "value"]
    (tmp_path / "study.yaml").write_text(said.replace("    # constants", "    constants").replace("    #  ", "      "))
    with read(tmp_path / "study.yaml") as records:
        rows = records.engine.connection.execute("SELECT year, value FROM transactions ORDER BY ALL").fetchall()
    assert rows == [(2001, 1.0), (2001, 1.0), (2002, 1.0)]


REAL = {
    "scms_deliveries.csv": {
        "supplier": "Vendor", "product": "Item Description", "date": "Delivered to Client Date",
        "due_date": "Scheduled Delivery Date", "value": "Line Item Value", "quantity": "Line Item Quantity",
        "destination": "Country", "incoterm": "Vendor INCO Term", "transport": "Shipment Mode", "buyer": "Brand",
    },
    "trase_brazil_sugarcane_2015_17.csv.gz": {
        "supplier": "exporter", "year": "year", "value": "fob", "quantity": "volume",
        "origin": "country_of_production", "destination": "country_of_destination",
    },
    "comtrade_thai_shrimp_2007_11.csv.gz": {
        "supplier": "reporter_desc", "buyer": "partner_desc", "product": "cmd_code", "year": "ref_year",
        "value": "primary_value", "quantity": "net_wgt", "quantity_unit": "qty_unit_abbr", "destination": "partner_iso",
    },
    "apple_suppliers_2012_2022.csv.gz": {"supplier": "supplier_name", "year": "year", "destination": "country"},
    "uscensus_seafood_hs6_monthly_2018_20.csv.gz": {
        "supplier": "CTY_NAME", "product": "I_COMMODITY", "year": "YEAR", "month": "MONTH", "value": "GEN_VAL_MO",
        "quantity": "AIR_WGT_MO",
    },
}  # fmt: skip
"""What is proposed for the real records; what is only a guess there is marked CHECK."""


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="the real records (../shared/data) are not here")
@pytest.mark.parametrize("name", REAL)
def test_real_records_are_recognised(name: str) -> None:
    found = yaml.safe_load(propose(DATA / name))["tables"]["transactions"]["columns"]
    assert found == REAL[name]


@pytest.mark.parametrize(("flows", "warned"), [(("Import", "Re-Export"), True), (("Export", "Export"), False)])
def test_imports_beside_exports_are_to_be_checked(tmp_path: Path, flows: tuple[str, str], warned: bool) -> None:
    rows = "".join(f"A,X,640399,2001,{number},{flow}\n" for number, flow in enumerate(flows, 1))
    (tmp_path / "sales.csv").write_text("Exporter,Importer,HS6,Year,FOB value,Flow desc\n" + rows, encoding="utf-8")
    written = propose(tmp_path / "sales.csv", folder=tmp_path)
    assert ("# CHECK Flow desc says Import, Re-Export" in written) is warned
    (tmp_path / "study.yaml").write_text(written, encoding="utf-8")
    assert load_study(tmp_path / "study.yaml").tables.transactions.file == "sales.csv"
