"""The verb read: typing, coding, coverage, clusters, hashing, provenance, on records small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinos.errors import RecordsError, StudyError
from sinos.records import Records, read, suggest
from sinos.records.clusters import membership
from sinos.records.coverage import coverage_table
from sinos.records.hashing import hash_name, protect, scrubber
from sinos.records.ingest import rewritten
from sinos.records.tables import empty_table
from sinos.study.model import About, Aggregate, Clusters, Convert, Coverage, Parse, Recode, Source, Study, Tables

TRADE = pl.DataFrame(
    {
        "supplier": ["zeta", "acme", "acme", " acme ", "nope"],
        "buyer": ["x", "y", "x", "x", "x"],
        "product": ["02", "01", "01", "01", "01"],
        "date": ["2001-03-05", "2002-04-01", "2002-12-31", "2001-01-01", "2001-01-01"],
        "due_date": ["2001-03-05", "2002-03-31", None, None, None],
        "value": ["10", "0", "2.5", "4", "-1"],
        "quantity": ["5", "2", "1", "-3", "1"],
        "quantity_unit": ["kg", "KG", "kg", "kg", "kg"],
        "incoterm": ["fob", None, "CIF", None, None],
        "brand_owner": ["zeta", "x", None, None, None],
    }
)


def _rows(records: Records, query: str) -> list[tuple[Any, ...]]:
    return records.engine.connection.execute(query).fetchall()  # type: ignore[attr-defined, no-any-return]


def test_transactions_are_typed_and_coded_in_the_order_of_names() -> None:
    with read(TRADE, buyers=pl.DataFrame({"buyer": ["x", "y"], "country": ["US", None]})) as records:
        assert _rows(records, "SELECT code, name FROM supplier_codes ORDER BY code") == [(0, "acme"), (1, "zeta")]
        assert _rows(records, "SELECT code, name FROM destination_codes") == [(0, "US")]
        found = _rows(records, "SELECT * FROM transactions ORDER BY supplier, year, month")
        columns = records.engine.table("transactions").schema()
        losses = [(item.column, item.count, item.reason) for item in records.missing]
    assert found == [
        (0, 0, 0, 0, 2001, 1, None, 4.0, None, None, None),
        (0, 1, 0, None, 2002, 4, 0, 0.0, 2.0, None, -1),
        (0, 0, 0, 0, 2002, 12, None, 2.5, 1.0, "CIF", None),
        (1, 0, 1, 0, 2001, 3, 1, 10.0, 5.0, "FOB", 1),
    ]
    assert {name: str(kind) for name, kind in columns.items()} == {
        "supplier": "int32", "buyer": "int32", "product": "int32", "destination": "int32", "year": "int16",
        "month": "int8", "on_time": "int8", "value": "float64", "quantity": "float64", "incoterm": "string",
        "brand_owner": "int32",
    }  # fmt: skip
    assert losses == [
        ("value", 1, "negative value: the row is not used"),
        ("quantity", 1, "quantity is zero or negative"),
    ]


def test_two_units_of_one_product_leave_no_quantity() -> None:
    frame = TRADE.with_columns(quantity_unit=pl.Series(["kg", "kg", "pairs", "kg", "kg"]))
    with read(frame) as records:
        kept = _rows(records, "SELECT product, count(quantity) FROM transactions GROUP BY 1 ORDER BY 1")
        reasons = [item.reason for item in records.missing if item.column == "quantity"]
    assert kept == [(0, 0), (1, 1)]
    assert reasons[-1] == "1 products have quantities in more than one unit (convert units)"


def test_year_and_month_stand_in_for_a_date() -> None:
    frame = pl.DataFrame({"supplier": ["a"] * 3, "buyer": ["x"] * 3, "product": ["1"] * 3, "value": [1.0] * 3,
                          "year": [2001, 2002, 2003], "month": [2, 13, None],
                          "date": ["2005-06-07", None, "soon"]})  # fmt: skip
    with read(frame) as records:
        assert _rows(records, "SELECT year, month FROM transactions ORDER BY year") == [
            (2002, None),
            (2003, None),
            (2005, 6),
        ]
        assert {(item.column, item.count) for item in records.missing} == {("date", 1), ("month", 1)}


def test_ambiguous_days_keep_their_year() -> None:
    frame = TRADE.head(1).with_columns(date=pl.lit("2/3/2001"))
    with read(frame) as records:
        assert _rows(records, "SELECT year, month FROM transactions") == [(2001, None)]
        assert [item.reason for item in records.missing] == [
            "not a date that can be read in one way only (give date_format)"
        ]


@given(st.permutations(range(5)), st.integers(1, 3))
@settings(max_examples=4, deadline=None)
def test_nothing_depends_on_the_order_of_rows_or_threads(order: list[int], threads: int) -> None:
    query = "SELECT * FROM transactions ORDER BY ALL"
    with read(TRADE) as base, read(TRADE[list(order)], options={"threads": threads}) as other:
        assert _rows(base, query) == _rows(other, query)
        assert dict(base.provenance.inputs) == dict(other.provenance.inputs)
        for name in ("coverage", "membership", "mapping"):
            assert base.frame(name).equals(other.frame(name))


def test_fingerprint_changes_with_the_data() -> None:
    with (
        read(TRADE) as one,
        read(TRADE.with_columns(value=pl.lit("3"))) as two,
        read(TRADE.select(sorted(TRADE.columns))) as three,
    ):
        prints = [records.provenance.inputs["transactions"] for records in (one, two, three)]
    assert prints[0] != prints[1]
    assert prints[0] == prints[2]
    assert len(prints[0]) == 64


def test_side_tables_have_the_contract_columns_and_types() -> None:
    relations = pl.DataFrame({"supplier": ["acme", "acme"], "buyer": ["x", "x"], "year": ["2001", "2001"],
                              "inspection_rate": ["45%", "45%"], "exclusive": ["yes", "yes"],
                              "technician_days": ["many", "many"]})  # fmt: skip
    with read(TRADE, relations=relations) as records:
        frame = records.frame("relations")
        assert frame.schema == empty_table("relations").schema
        assert frame.select("supplier", "year", "inspection_rate", "exclusive", "technician_days").rows() == [
            ("acme", 2001, 0.45, 1, None),
        ]
        assert records.frame("suppliers").equals(empty_table("suppliers"))
        assert ("relations", "technician_days", 2) in [(m.table, m.column, m.count) for m in records.missing]
    with pytest.raises(RecordsError, match="different rows have the same supplier and buyer and year"):
        read(TRADE, relations=relations.with_columns(technician_days=pl.Series(["1", "2"])))


def test_side_rows_without_their_key_are_counted() -> None:
    with read(TRADE, products=pl.DataFrame({"product": ["01", None], "rauch": ["n", "r"]})) as records:
        assert records.frame("products").height == 1
        assert [(m.table, m.column, m.count) for m in records.missing if m.table == "products"] == [
            ("products", "product", 1)
        ]


def test_renamed_suppliers_keep_their_fullest_row() -> None:
    suppliers = pl.DataFrame(
        {"supplier": ["acme", "zeta", "zeta"], "employment": [1, None, 5], "output": [None, None, 7.0]}
    )
    buyers = pl.DataFrame({"buyer": ["x", "y"], "group": ["g", "g"], "country": ["US", None]})
    with read(TRADE, suppliers=suppliers, buyers=buyers, repairs=[{"buyer_groups": "buyers"}]) as records:
        assert records.frame("suppliers").select("supplier", "employment").rows() == [("acme", 1.0), ("zeta", 5.0)]
        assert _rows(records, "SELECT name FROM buyer_codes") == [("g",)]


def test_decimal_comma_survives_repairs() -> None:
    frame = TRADE.with_columns(value=pl.Series(["10,5", "1,5", "2,5", "4,5", "1,5"]))
    source = Source(decimal=",")
    with read(transactions=frame, study=Study(about=About(title="t"), tables=Tables(transactions=source))) as records:
        assert _rows(records, "SELECT sum(value) FROM transactions") == [(20.5,)]
    with read(frame, repairs=[{"filter": {"column": "buyer", "equals": "x"}}]) as records:
        assert _rows(records, "SELECT sum(value) FROM transactions") == [(19.0,)]
        assert records.frame("repairs")["rows_after"].to_list() == [4]


def test_rewritten_columns_have_decimal_points() -> None:
    repairs = (Parse(parse="v", to="number"), Parse(parse="date", to="date"), Convert(convert="units", to="kg"),
               Convert(convert="currency", to="USD"), Recode(recode="buyer"))  # fmt: skip
    assert rewritten(repairs) == {"v", "quantity", "value"}
    assert rewritten([Aggregate(aggregate_duplicates=("supplier",))]) == {"value", "quantity"}


def test_names_of_the_file_are_matched_and_others_kept() -> None:
    frame = TRADE.rename({"supplier": "Vendor Name", "value": "Line Value"}).with_columns(supplier=pl.lit("other"))
    columns = {"supplier": "vendor name", "value": "Line Value", "destination": "buyer"}
    with read(frame, columns=columns) as records:
        raw = _rows(records, 'SELECT DISTINCT "supplier (in the file)" FROM raw_transactions')
        mapping = dict(records.frame("mapping").select("column", "source").rows())
        assert _rows(records, "SELECT name FROM destination_codes ORDER BY 1") == [("x",), ("y",)]
    assert raw == [("other",)]
    assert (mapping["supplier"], mapping["destination"], mapping["product"]) == ("Vendor Name", "buyer", "product")


def test_capitals_in_the_header_do_not_matter(tmp_path: Path) -> None:
    body = "a,x,01,2001-02-03,5,2,KG,US,FOB\nb,x,01,2001-03-04,7,3,kg,BR,CIF\n"
    head = "supplier,buyer,product,date,value,quantity,quantity_unit,destination,incoterm"
    seen = []
    for header in (head, head.upper(), head.title(), head.replace("_", " ").capitalize()):
        (tmp_path / "t.csv").write_text(f"{header}\n{body}")
        with read(tmp_path / "t.csv") as records:
            seen.append(_rows(records, "SELECT year, month, value, quantity, incoterm FROM transactions ORDER BY ALL"))
            assert records.frame("mapping")["source"].to_list() == header.split(",")
    assert seen == [[(2001, 2, 5.0, 2.0, "FOB"), (2001, 3, 7.0, 3.0, "CIF")]] * 4


def test_repairs_may_name_columns_as_the_file_does_or_nearly() -> None:
    trade = pl.DataFrame({"Supplier": ["a", "b"], "BUYER": ["X", "X"], "Product": ["1", "1"], "Year": [2001, 2002],
                          "Value": [2.0, 3.0], "Port of exit": ["Rio", "Santos"]})  # fmt: skip
    for value, port in (("Value", "port of exit"), ("value", "Port of exit"), ("VALUE", "port_of_exit")):
        repairs = [{"filter": {"column": value, "at_least": 2.5}}, {"filter": {"column": port, "equals": "Santos"}},
                   {"recode": "Buyer", "case": "lower"}]  # fmt: skip
        with read(trade, repairs=repairs) as records:
            assert _rows(records, "SELECT year, value, name FROM transactions, buyer_codes") == [(2002, 3.0, "x")]


def test_missing_columns_come_with_a_suggestion() -> None:
    with pytest.raises(RecordsError, match="supplier: Exporter"):
        read(TRADE.rename({"supplier": "Exporter"}))
    assert suggest("transactions", ["FOB", "HS6", "junk"]) == {"product": "HS6", "value": "FOB"}


def test_constants_fill_every_row() -> None:
    tables = Tables(transactions=Source(constants={"buyer": "X", "product": 7.0, "value": 1}))
    frame = TRADE.select("supplier", "date")
    with read(transactions=frame, study=Study(about=About(title="t"), tables=tables)) as records:
        query = "SELECT name, sum(value) FROM transactions JOIN product_codes ON product = code GROUP BY 1"
        assert _rows(records, query) == [("7", 5.0)]


NO_SIDE = empty_table("coverage")


def test_coverage_of_a_file_with_a_missing_and_a_partial_year() -> None:
    declared = Coverage(first_year=2000, missing_years=(2001,), partial_years={2003: 7})
    table = coverage_table(2002, 2003, declared, NO_SIDE)
    assert table.rows() == [
        (2000, "full", 12, "file", "*"), (2001, "unknown", 0, "file", "*"),
        (2002, "full", 12, "file", "*"), (2003, "partial", 7, "file", "*"),
    ]  # fmt: skip


def test_coverage_table_makes_unlisted_years_unknown() -> None:
    side = pl.DataFrame(
        {"reporter": ["*", None, "ana", "ana"], "side": ["file", None, None, "buyer"], "year": [2001, 2003, 2001, 2002],
         "months": [None, 6.0, 12.0, 13.0]}, schema=NO_SIDE.schema,
    )  # fmt: skip
    assert [row[:3] + row[4:] for row in coverage_table(2001, 2003, Coverage(), side).rows()] == [
        (2001, "full", 12, "*"), (2002, "unknown", 0, "*"), (2003, "partial", 6, "*"),
        (2001, "full", 12, "ana"), (2002, "full", 12, "ana"), (2003, "unknown", 0, "ana"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (Coverage(first_year=2005, last_year=2001), "after the last"),
        (Coverage(last_year=2002), "outside"),
        (Coverage(missing_years=(1990,)), "not between"),
        (Coverage(missing_years=(2002,), partial_years={2002: 3}), "both missing and partial"),
        (Coverage(partial_years={2002: 12}), "12 months"),
    ],
)
def test_contradictory_coverage_is_refused(declared: Coverage, words: str) -> None:
    with pytest.raises(StudyError, match=words):
        coverage_table(2001, 2003, declared, NO_SIDE)


def test_clusters_by_region_and_sector() -> None:
    suppliers = pl.DataFrame(
        {
            "supplier": ["a", "b", "c"],
            "region": ["r", "r", None],
            "sector": ["s", "t", "s"],
            "cluster": [None, None, None],
        },
        schema={"supplier": pl.String, "region": pl.String, "sector": pl.String, "cluster": pl.String},
    ).with_columns(year=pl.lit(None, dtype=pl.Int64))
    frame, missing = membership(pl.Series(["a", "b", "c"]), suppliers, Clusters(by="region_sector"))
    assert frame.rows() == [("a", None, "r / s"), ("b", None, "r / t")]
    assert [(item.column, item.count) for item in missing] == [("cluster", 1)]
    with pytest.raises(StudyError, match="no 'cluster'"):
        membership(pl.Series(["a"]), suppliers, Clusters(by="given"))


def test_hashed_records_hold_no_original_identifier() -> None:
    secret = {"hash_ids": True, "salt": "s3cret"}
    suppliers = pl.DataFrame(
        {"supplier": ["acme", "zeta"], "owner": ["Holding Ltd", None], "parent_firm": ["zeta", None]}
    )
    coverage = pl.DataFrame({"reporter": ["yonder", "*"], "side": ["buyer", "file"], "year": [2001, 2001]})
    frame = TRADE.with_columns(buyer=pl.col("buyer").replace({"y": "yonder", "x": "xavier"}))
    repairs = [{"drop": {"column": "supplier", "equals": "zeta"}, "reason": "Zeta left"}]
    with read(frame, suppliers=suppliers, coverage=coverage, disclosure=secret, repairs=repairs) as records:
        tables = {row[0] for row in _rows(records, "SELECT table_name FROM information_schema.tables")}
        names = _rows(records, "SELECT name FROM supplier_codes")
        text = json.dumps([records.frame(name).write_json() for name in records.names()])
        text += json.dumps(records.provenance.as_dict()) + str(records.missing) + str(records.study.disclosure)
        assert records.frame("membership")["supplier"].to_list() == [hash_name("acme", "s3cret")]
    assert names == [(hash_name("acme", "s3cret"),)]
    assert tables == {"transactions", "supplier_codes", "buyer_codes", "product_codes", "destination_codes"}
    for word in ("acme", "zeta", "Zeta", "Holding", "yonder", "xavier", "s3cret"):
        assert word not in text
    with pytest.raises(StudyError, match="secret"):
        read(records.study.model_copy(update={"tables": Tables(transactions=Source(file="x.csv"))}))


def test_hashes_are_keyed_and_codes_follow_them() -> None:
    assert hash_name("acme", "a") != hash_name("acme", "b")
    assert len(hash_name("acme", "a")) == 20
    frame = pl.DataFrame({"supplier": ["acme", None, "*"], "n": [1, 2, 3]})
    assert protect(frame, ("supplier", "absent"), "a")["supplier"].to_list() == [hash_name("acme", "a"), None, "*"]
    with read(TRADE, disclosure={"hash_ids": True, "salt": "k"}) as records:
        names = [row[0] for row in _rows(records, "SELECT name FROM supplier_codes ORDER BY code")]
    assert names == sorted(hash_name(name, "k") for name in ("acme", "zeta"))


def test_scrubber_replaces_whole_words_whatever_their_capitals() -> None:
    scrub = scrubber(["Acme", "Acme Ltd.", "x"], "k")
    long, short = hash_name("Acme Ltd.", "k"), hash_name("Acme", "k")
    assert scrub("ACME LTD. = acme | Acmes, x-ray") == f"{long} = {short} | Acmes, x-ray"
    assert scrub("X") == hash_name("x", "k")


@given(st.lists(st.text(min_size=2, max_size=8), min_size=1, max_size=5, unique=True))
@settings(max_examples=15, deadline=None)
def test_scrubber_leaves_no_name_that_stands_alone(names: list[str]) -> None:
    scrub = scrubber(names, "k")
    for name in names:
        if name.strip():
            assert scrub(name) != name


def test_study_file_path_and_study_are_the_same_source(tmp_path: Path) -> None:
    TRADE.write_csv(tmp_path / "t.csv")
    (tmp_path / "study.yaml").write_text("about: {title: T}\ntables: {transactions: {file: t.csv}}\n")
    with read(tmp_path / "study.yaml") as one, read(tmp_path / "t.csv") as two:
        assert one.provenance.inputs == two.provenance.inputs
        assert one.study.about.title == "T"
        assert two.study.about.title == "t.csv"
        assert one.coverage.equals(two.frame("coverage"))
    with read(study=tmp_path / "study.yaml", options={"seed": 5}) as three:
        assert three.provenance.seed == 5


def test_engine_is_closed_and_its_folder_deleted(tmp_path: Path) -> None:
    records = read(TRADE, options={"temp": str(tmp_path), "memory": "1GB"})
    assert len(list(tmp_path.iterdir())) == 1
    records.close()
    assert list(tmp_path.iterdir()) == []
    assert records.frame("coverage").height == 2


def test_database_address_in_place_of_a_path_is_explained() -> None:
    with pytest.raises(StudyError, match="Source"):
        read("postgresql://host/db")


def test_hashed_mode_hashes_destinations_that_are_the_buyers() -> None:
    trade = pl.DataFrame(
        {"supplier": ["s", "t"], "buyer": ["Peru", "Chile"], "product": ["1", "1"], "year": [2000, 2000],
         "value": [1.0, 2.0], "destination": ["Peru", "Lima"]}
    )  # fmt: skip
    with read(trade, disclosure={"hash_ids": True, "salt": "k"}) as records:
        names = records.engine.collect(records.engine.table("destination_codes"))["name"].to_list()
        buyers = records.engine.collect(records.engine.table("buyer_codes"))["name"].to_list()
    assert "Peru" not in names
    assert "Lima" in names
    assert len(set(names) & set(buyers)) == 1
