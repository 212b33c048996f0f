"""What the report must not say: forms that no evidence names, dependence on the only buyer, shares of what was seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from report_sample import make, make_study

from sinos.governance.indicators import load_theory
from sinos.report import report
from sinos.report.sections_governance import RIGHT_FROM_TRADE
from sinos.results import Result
from sinos.upgrading.direction import customs_only


def box(page: Any) -> str:
    found = re.search(r'<aside class="box".*?</aside>', page.html, re.DOTALL)
    assert found is not None
    return found.group()


def changed(result: Result, **frames: pl.DataFrame) -> Any:
    return replace(result, frames={**result.frames, **frames})


def unnamed(governance: Result) -> Any:
    """Return the same posteriors with hardly any form named."""
    rows = governance.frame("governance").with_columns(pl.lit("undetermined").alias("form"))
    clusters = governance.frame("cluster_governance").with_columns(pl.lit(0.97).alias("undetermined_share"))
    return changed(governance, governance=rows, cluster_governance=clusters)


def test_where_no_form_can_be_named_the_report_says_so_first_and_reports_no_change_of_form() -> None:
    measures, governance, upgrading, _ = make()
    page = report(measures, unnamed(governance), upgrading)
    assert "How relations are governed cannot be read from these records" in box(page)
    assert "is expected to govern" not in box(page)
    assert "they are not findings about this chain" in page.html
    assert "table-transitions" not in page.frames
    assert "table-spells" not in page.frames


def test_where_forms_are_named_changes_are_reported() -> None:
    measures, governance, upgrading, _ = make()
    page = report(measures, governance, upgrading)
    assert "Quasi-hierarchy is expected to govern" in box(page)
    assert {"table-transitions", "table-spells"} <= set(page.frames)


def test_the_only_buyer_is_no_evidence_of_dependence() -> None:
    measures, governance, upgrading, _ = make(buyers=1)
    page = report(measures, governance, upgrading)
    assert "they do not show how much a supplier depends on it" in box(page)
    assert "sold 80" not in box(page)
    assert "says nothing about dependence" in page.html
    assert "Sinos Valley of the paper" not in page.html


def test_changes_seen_where_staying_the_same_cannot_be_seen_are_no_share() -> None:
    measures, governance, upgrading, _ = make(study=make_study(coverage={"domestic_sales": "missing"}))
    moves = upgrading.frame("upgrading")
    functional, up = pl.col("kind") == "functional", pl.col("direction") == "up"
    blind = moves.with_columns(
        pl.when(functional & ~up).then(pl.lit("not_observable")).otherwise("direction").alias("direction"),
        pl.when(functional & up)
        .then(pl.lit("own_brand_recorded: up (0.3)"))
        .otherwise(pl.lit("x: flat"))
        .alias("basis"),
    )
    page = report(measures, governance, changed(upgrading, upgrading=blind))
    assert "where a change can be seen but not its absence" in box(page)
    assert "functional" not in page.frame("table-beside")["kind"].to_list()
    assert "functional upgrading cannot be compared" in page.html


@pytest.mark.parametrize(
    ("basis", "alone"),
    [
        ("own_brand_recorded: up (0.3); logistics_share: not observable (0.0)", True),
        ("functions: flat (0.0); own_brand_recorded: up (0.3)", False),
        ("functions: not observable; own_brand_recorded: down (-0.3)", True),
        (None, False),
    ],
)
def test_a_direction_rests_on_recorded_trade_alone(basis: str | None, alone: bool) -> None:
    frame = pl.DataFrame({"basis": [basis]}, schema={"basis": pl.String})
    assert frame.select(customs_only(pl.col("basis")))["basis"].item() is alone


def test_a_kind_not_observable_in_the_year_described_is_told_from_when_it_was_last_seen() -> None:
    measures, governance, upgrading, _ = make()
    gone = (pl.col("kind") == "process") & (pl.col("year") == 1999)
    moves = upgrading.frame("upgrading").with_columns(
        pl.when(gone).then(pl.lit("not_observable")).otherwise("direction").alias("direction")
    )
    text = box(report(measures, governance, changed(upgrading, upgrading=moves)))
    before = moves.filter(pl.col("kind") == "process", pl.col("year") == 1998, pl.col("direction") == "up").height
    assert f"process: not observable; last seen in 1998, {before} up" in text


def test_the_interval_of_lock_in_says_what_it_leaves_out() -> None:
    measures, governance, upgrading, _ = make()
    page = report(measures, governance, upgrading)
    assert "for the form of governance only" in box(page)
    assert "so that the true uncertainty is larger" in page.html


def test_reasons_of_several_years_are_one_row() -> None:
    measures, governance, upgrading, _ = make()
    moves = upgrading.frame("upgrading")
    dated = pl.format("no value in {} (defect_rate)", "year")
    moves = moves.with_columns(pl.when(pl.col("reason").is_not_null()).then(dated).alias("reason"))
    table = report(measures, governance, changed(upgrading, upgrading=moves)).frame("table-unobserved")
    process = table.filter(pl.col("kind") == "process")
    assert process["reason"].to_list() == ["no value in that year (defect rate)"]
    assert process["years"].to_list() == ["1990–1992"]


def test_each_reference_stands_once() -> None:
    from sinos.measures.references import REFERENCES
    from sinos.theory.load import load_yaml, reference_texts

    assert set(REFERENCES) <= set(load_yaml("references"))
    texts = reference_texts(REFERENCES)
    assert len(texts) == len({text.split(")")[0] for text in texts})


@pytest.mark.parametrize(("repaired", "words"), [(True, "as they are after the declared repairs"), (False, "as given")])
def test_findings_say_which_state_of_the_records_they_refer_to(repaired: bool, words: str) -> None:
    measures, governance, upgrading, records = make()
    empty = records.frame("repairs").head(0)
    given = records if repaired else changed(records, repairs=empty)
    page = report(measures, governance, upgrading, findings=records.frame("findings"), records=given)
    assert f"They refer to the records {words}." in page.html


def test_hierarchy_is_no_finding_where_ownership_is_not_known() -> None:
    measures, governance, upgrading, _ = make()
    assert "ownership is not known for" not in report(measures, governance, upgrading).html
    fields = pl.lit("design_by; ownership_share").alias("missing_fields")
    unowned = changed(governance, governance=governance.frame("governance").with_columns(fields))
    page = report(measures, unowned, upgrading)
    assert "ownership is not known for 100\u202f%: there it is what was held before" in page.html


def test_lead_buyers_are_called_the_largest_ones_where_no_form_can_be_named() -> None:
    measures, governance, upgrading, _ = make()
    words = "lead buyers are little more than the largest ones"
    assert words not in report(measures, governance, upgrading).html
    assert words in report(measures, unnamed(governance), upgrading).html


def test_tenure_is_not_called_a_number_of_recorded_years() -> None:
    measures, governance, upgrading, _ = make()
    page = report(measures, governance, upgrading)
    assert "2 years from its first recorded year to this one" in page.html


def test_flat_suppliers_whose_interval_leaves_the_band_are_counted() -> None:
    measures, governance, upgrading, _ = make()
    moves = upgrading.frame("upgrading")
    year = moves["year"].max()
    product = (pl.col("kind") == "product") & (pl.col("level") == "supplier") & (pl.col("year") == year)
    flat = moves.with_columns(
        pl.when(product).then(pl.lit("flat")).otherwise("direction").alias("direction"),
        pl.when(product).then(-0.5).otherwise(None).alias("low"),
        pl.when(product).then(0.5).otherwise(None).alias("high"),
    )
    number = flat.filter(product).height
    words = f"Of {number} that have an interval, {number} have one that reaches beyond the band"
    assert words in report(measures, governance, changed(upgrading, upgrading=flat)).html
    tight = flat.with_columns(low=pl.col("low") / 100, high=pl.col("high") / 100)
    assert "reaches beyond the band" not in report(measures, governance, changed(upgrading, upgrading=tight)).html


def test_forms_named_from_transactions_alone_are_leads_with_the_rate_that_validation_measured() -> None:
    measures, governance, upgrading, _ = make()
    assert "named from transactions alone" not in report(measures, governance, upgrading).html
    fields = "; ".join(item.field for item in load_theory().indicators if item.direct)
    rows = governance.frame("governance").with_columns(pl.lit(fields).alias("missing_fields"))
    html = report(measures, changed(governance, governance=rows), upgrading).html
    assert "named from transactions alone" in html
    page = (Path(__file__).resolve().parents[2] / "docs" / "validation.md").read_text(encoding="utf-8")
    line = next(one for one in page.split("## Recovered governance")[1].splitlines() if one.startswith("| customs |"))
    assert float(line.split("|")[-2]) == RIGHT_FROM_TRADE
    assert f"{RIGHT_FROM_TRADE:.0%}".replace("%", "\u202f%") in html
