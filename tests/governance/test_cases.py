"""Coding rules and agreement with published cases."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from sinos.errors import GovernanceError
from sinos.governance.cases import accepted, agreement, load
from sinos.governance.coding import code_evidence, single_share

PUBLISHED = Path(__file__).resolve().parents[2] / ".." / "shared" / "science" / "cases.yaml"


@pytest.mark.parametrize(
    ("field", "text", "column", "value"),
    [
        ("main_buyer_share", "about 65 per cent", "supplier_dependence", 0.65),
        ("main_buyer_share", "low dependence", "supplier_dependence", 0.08),
        ("number_of_buyers", 12, "effective_buyers", 12.0),
        ("number_of_buyers", "one or few", "effective_buyers", 2.0),
        ("product_parameters", "Buyer", "sets_product_parameters", 0.9),
        ("product_parameters", "shared with ODM", "sets_product_parameters", 0.5),
        ("process_parameters", "buyer helps set", "sets_process_parameters", 0.5),
        ("process_parameters", "supplier", "sets_process_parameters", 0.1),
        ("inspection", "none", "inspection_rate", 0.02),
        ("technical_assistance", "no", "technician_days", 0.0),
        ("product_standardisation", "non-standard", "product_standardisation", 0.1),
        ("switching_cost", "very high", "switching_cost", 0.9),
        ("supplier_competence", "limited", "supplier_competence", 0.1),
        ("ownership_link", "vertical disintegration", "ownership_share", 0.0),
        ("ownership_link", "30% stake", "ownership_share", 0.3),
        ("supplier_functions", "assembly for buyers", "design_by", "buyer"),
        ("certification", "GlobalGAP", "certified_standard", 1.0),
        ("certification", "food safety", "credence", 1.0),
        ("contract", "long-term", "contract_years", 5.0),
    ],
)
def test_coding(field: str, text: str | int, column: str, value: float | str) -> None:
    assert code_evidence({field: {"value": text}})[0][column] == value


def test_what_is_not_understood_is_missing() -> None:
    values, unknown, unused = code_evidence(
        {"supplier_competence": {"value": "smallholders"}, "destination": {"value": "UK"},
         "inspection": {"value": None},
         "main_buyer_share": {"value": "0% 23 firms, 1-49% 8 firms"}, "certification": "stamp"}
    )  # fmt: skip
    assert values == {}
    assert unknown == ["supplier_competence", "main_buyer_share", "certification"]
    assert unused == ["destination"]
    assert single_share("no number") is None


def test_accepted_forms() -> None:
    assert accepted({"hs_form": "border", "accept_forms": ["quasi_hierarchy", "network"]}) == (
        "network",
        "quasi_hierarchy",
    )
    assert accepted({"hs_form": "transition", "from_form": "quasi_hierarchy", "to_form": "market"}) == (
        "market", "quasi_hierarchy"
    )  # fmt: skip
    assert accepted({"hs_form": "other"}) == ()


def test_agreement_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(
        """
cases:
- {id: plant, hs_form: hierarchy, confidence: A, evidence: {ownership_link: {value: 100%}}}
- {id: wrong, hs_form: market, confidence: B, seed_overlap: true, evidence: {ownership_link: {value: wholly owned}}}
- {id: empty, hs_form: network, confidence: C, evidence: {}}
- {id: odd, hs_form: other, evidence: {ownership_link: {value: 100%}}}
""",
        encoding="utf-8",
    )
    found = agreement(path)
    assert found.cases["agrees"].to_list() == [True, False, None, None]
    assert found.cases["probability"].to_list()[:2] == pytest.approx([0.98, 0.02 / 3])
    assert found.tables["all"].row(0)[:5] == ("all", 4, 2, 1, 0.5)
    seed = found.tables["seed"].select("group", "testable", "agree").rows()
    assert seed == [("discussed in the paper", 1, 0), ("not in the paper", 1, 1)]
    assert "label network: 0 of 0 testable (1 cases), no case testable" in found.summary()


@pytest.mark.parametrize("text", ["[]", "cases: 3", "cases: [{id: x}]", "cases: [", "cases: [7]"])
def test_wrong_files_are_explained(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GovernanceError):
        load(path)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the file of published cases is not beside the repository")
def test_published_cases() -> None:
    found = agreement(PUBLISHED)
    assert found.cases.height == 26
    # better than the prior would do, on the cases that carry evidence
    row = found.tables["all"].row(0, named=True)
    assert row["testable"] >= 10
    assert row["probability"] > row["chance"]
    # 'captive' in the text of one case means ownership; only the evidence is coded, so that it is not misread
    assert found.cases.filter(pl.col("case") == "india_bpo_captive")["modal"].item() == "hierarchy"
