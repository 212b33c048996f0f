"""Checks and name resolution on real records, where they are present."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sinos.records.checks import check
from sinos.records.inputs import gather
from sinos.records.linkage import link

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".." / "shared" / "data"

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real records (../shared/data) are not here"),
]


def test_the_warehouse_among_the_vendors_is_found_before_the_repair() -> None:
    study = gather(str(ROOT / "examples" / "scms.yaml"), {}, None, None, {}).study
    found = check(study.model_copy(update={"repairs": ()})).frame("findings")
    by_name = found.filter(code="intermediary", column="supplier").row(0, named=True)
    assert "SCMS from RDC" in by_name["examples"].split(" | ")
    assert by_name["rows"] == 5752
    hub = found.filter(code="hub-partner").row(0, named=True)
    assert (hub["examples"], hub["rows"]) == ("SCMS from RDC", 5404)
    renamed = found.filter(code="name-variants", column="supplier").row(0, named=True)
    assert "FORMERLY ABBOTT LOGISTICS" in renamed["examples"]
    assert found.filter(code="zero-value")["rows"].to_list() == [17]


def test_spellings_of_the_supplier_list() -> None:
    listed = pl.read_csv(DATA / "apple_suppliers_2012_2022.csv.gz", columns=["supplier_name"])
    names = listed.group_by(name="supplier_name").agg(rows=pl.len().cast(pl.Int64))
    assert names.height == 954
    assert link(names, threshold=0.9)["canonical"].n_unique() == 441
