"""The real files: every trap their README names is met."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinos.records import read
from sinos.study.model import About, Source, Study, Tables

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"

pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not present")]

CONSTANT = {"buyer": "all", "product": "all", "value": 1, "year": 2000}


def _source(file: str, supplier: str, skip: int = 0, **columns: str) -> Study:
    constants = {name: value for name, value in CONSTANT.items() if name not in columns}
    source = Source(file=file, columns={"supplier": supplier, **columns}, constants=constants, skip_rows=skip)
    return Study(about=About(title=file), tables=Tables(transactions=source), folder=DATA)


FILES = [
    ("scms_deliveries.csv", "Vendor", 10_324),
    ("trase_brazil_sugarcane_2015_17.csv.gz", "exporter", 7_353),
    ("comtrade_thai_shrimp_2007_11.csv.gz", "reporter_desc", 1_586),
    ("uscensus_seafood_hs6_monthly_2018_20.csv.gz", "CTY_NAME", 85_844),
    ("apple_suppliers_2012_2022.csv.gz", "supplier_name", 7_558),
    ("wikirate_has_brands_CCBYSA.csv.gz", "company", 494),
    ("ref_sitc2_rauch.csv.gz", "SITC2", 1_189),
    ("ref_sigma_hs0.csv.gz", "HS0_3d", 11_293),
    ("ref_sigma_sitc3.csv.gz", "SITC3_5d", 2_716),
]


@pytest.mark.parametrize(("file", "supplier", "rows"), FILES)
def test_every_row_is_read(file: str, supplier: str, rows: int) -> None:
    from sinos.engine import DuckDBEngine
    from sinos.records.readers import load

    engine = DuckDBEngine()
    try:
        native = load(engine, "transactions", Source(file=file), DATA)
        assert supplier in native.columns
        assert native.files[0].rows == rows
    finally:
        engine.close()


def test_scms_dates_in_two_formats_and_text() -> None:
    columns = {"date": "PO Sent to Vendor Date", "product": "Item Description", "buyer": "Country"}
    study = _source("scms_deliveries.csv", "Vendor", **columns)
    study = study.model_copy(update={"tables": Tables(transactions=study.tables.transactions.model_copy(update={
        "constants": {"value": 1}})), "checks": study.checks})  # fmt: skip
    with read(study) as records:
        read_as = dict(records.frame("mapping").select("column", "read_as").rows())["date"]
        kept = records.engine.collect(records.engine.table("transactions"))
        assert records.frame("sources")["detail"].to_list() == ["encoding utf-8-sig; delimiter ,"]
    counts = {part.rpartition(": ")[0]: int(part.rpartition(": ")[2].replace(",", "")) for part in read_as.split("; ")}
    assert sum(counts.values()) == 10_324
    assert set(counts) == {"numeric", "not a date"}
    assert kept["year"].null_count() == 0
    assert kept.height == counts["numeric"]
