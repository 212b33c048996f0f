"""The five real studies, where their records are present: counts, findings, and what must stay unsaid."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import polars as pl
import pytest

import sinos
from sinos.study import load_study

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".." / "shared" / "data"
NAMES = ("scms", "trase_sugarcane", "thai_shrimp", "us_seafood", "apple_list")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real records (../shared/data) are not here"),
]


@cache
def _folder(name: str) -> Path:
    out = Path(mkdtemp(prefix="sinos-example-")) / name
    sinos.run(ROOT / "examples" / f"{name}.yaml", out)
    return out


def _table(name: str, table: str) -> pl.DataFrame:
    return pl.read_parquet(_folder(name) / "tables" / f"{table}.parquet")


@pytest.mark.parametrize(
    ("name", "records", "suppliers", "buyers", "pairs", "pair_years"),
    [
        ("scms", 4920, 72, 40, 328, 906),
        ("trase_sugarcane", 6364, 340, 139, 3509, 5978),
        ("thai_shrimp", 968, 1, 114, 114, 405),
        ("us_seafood", 32675, 135, 1, 135, 360),
        ("apple_list", 7558, 441, 1, 441, 1970),
    ],
)
def test_counts(name: str, records: int, suppliers: int, buyers: int, pairs: int, pair_years: int) -> None:
    relations = _table(name, "relation_years")
    found = (
        relations["shipments"].sum(), relations["supplier"].n_unique(), relations["buyer"].n_unique(),
        relations.select("supplier", "buyer").n_unique(), relations.height,
    )  # fmt: skip
    assert found == (records, suppliers, buyers, pairs, pair_years)
    assert "<svg" in (_folder(name) / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_form_is_named_where_nothing_tells(name: str) -> None:
    assert _table(name, "governance")["form"].unique().to_list() == ["undetermined"]


def test_the_warehouse_is_found_by_a_check_and_dropped_by_the_declared_repair() -> None:
    study = load_study(ROOT / "examples" / "scms.yaml")
    vendor = "SCMS from RDC"
    with sinos.read(study.model_copy(update={"repairs": ()})) as raw:
        findings = sinos.check(raw).frame("findings").filter(pl.col("code") == "intermediary")
        assert vendor in " ".join(findings["examples"])
        assert findings["rows"].sum() >= 5404
    assert vendor not in _table("scms", "relation_years")["supplier"].to_list()
    repairs = _table("scms", "repairs")
    assert repairs.select("rows_before", "rows_after").rows() == [(10324, 4920)]


def test_sugarcane_has_concentrated_exporters_under_a_spread_out_cluster() -> None:
    clusters = _table("trase_sugarcane", "cluster_years").sort("year")
    assert clusters["main_buyer_share"].round(3).to_list() == [0.1, 0.086, 0.094]
    firms = _table("trase_sugarcane", "supplier_years")
    median = firms.group_by("year").agg(pl.col("top1_share").median()).sort("year")
    assert median["top1_share"].round(2).to_list() == [0.41, 0.55, 0.53]
    product = _table("trase_sugarcane", "upgrading").filter(pl.col("kind") == "product")
    assert product["direction"].unique().to_list() == ["not_observable"]


def test_shrimp_diversify_slowly() -> None:
    clusters = _table("thai_shrimp", "cluster_years").sort("year")
    assert clusters["main_buyer"].unique().to_list() == ["USA"]
    assert clusters["main_buyer_share"].round(2).to_list() == [0.52, 0.51, 0.49, 0.48, 0.47]


def test_seafood_says_that_one_buyer_is_seen() -> None:
    assert _table("us_seafood", "cluster_years").sort("year")["suppliers"].to_list() == [118, 123, 119]
    assert "single-buyer" in (_folder("us_seafood") / "findings.json").read_text("utf-8")


def test_apple_names_are_resolved_and_the_unpublished_year_is_no_exit() -> None:
    detail = _table("apple_list", "repairs").filter(pl.col("repair") == "resolve_names")["detail"].item()
    assert detail == "940 spellings became 441 names"
    relations = _table("apple_list", "relation_years")
    assert set(relations.filter(pl.col("year") == 2020)["entry"]) == {"unknown"}
    before = relations.filter(pl.col("year") == 2018)
    later = relations.filter(pl.col("year") > 2018)["supplier"].implode()
    assert before["ended"].sum() == before.filter(~pl.col("supplier").is_in(later)).height == 43
    assert relations.filter(pl.col("year") == 2022)["ended"].null_count() == 188
    last = relations.filter(pl.col("year") == 2022)
    assert (last.height, last["tenure_left_censored"].sum()) == (188, 99)
    assert _table("apple_list", "lock_in")["lock_in"].null_count() == 1970


@cache
def _claims(name: str) -> pl.DataFrame:
    pytest.importorskip("pyfixest", reason="testing claims needs the extra 'estimation'")
    from sinos.claims_run import run_claims

    found = run_claims(ROOT / "examples" / f"{name}.yaml", cache=False)
    assert set(found.verdicts.values()) == {"not testable"}
    assert len(found.verdicts) == 13
    return found.frame("claim_power")


@pytest.mark.parametrize(
    ("name", "parts", "rows", "clusters", "effective"),
    [("scms", 0, 39, 8, [0.0, 5.7, 4.7]), ("trase_sugarcane", 2, 244, 122, [0.0, 13.5, 14.8])],
)
def test_no_claim_is_testable_and_what_is_missing_is_said(
    name: str, parts: int, rows: int, clusters: int, effective: list[float]
) -> None:
    power = _claims(name)
    assert power["missing"].null_count() == parts
    product = power.filter(pl.col("claim").is_in(["P1", "P2", "P3"]) & (pl.col("outcome") == "product"))
    assert (set(product["rows"]), product["clusters"].to_list()) == ({rows}, [0, clusters, clusters])
    assert product["effective_clusters"].to_list() == effective
    # Without evidence on ownership hierarchy is a constant share of quasi-hierarchy: neither has an effect of its own.
    assert product["missing"][0] == "'share_quasi_hierarchy' is collinear with the other terms or the fixed effects"
    without = power.filter(pl.col("outcome").is_in(["process", "functional"]))["missing"]
    assert without.str.contains("no repeated (process|functional) measure: needs").all()
    reasons = dict(power.select("claim", "missing").iter_rows())
    words = {"P7": "design_staff", "P8": "relinquished_function", "P12": "8 are needed", "P13": "products.credence"}
    assert all(word in reasons[claim] for claim, word in words.items())


def test_plants_without_buyers_are_refused() -> None:
    columns = {"supplier": "idvar", "year": "timevar", "value": "Y"}
    source = {"file": str((DATA / "chilean_plants_1996_2006.csv.gz").resolve()), "columns": columns}
    study = load_study({"about": {"title": "Chilean plants"}, "tables": {"transactions": source}})
    with pytest.raises(sinos.SinosError, match="required columns are missing: buyer, product"):
        sinos.read(study)
