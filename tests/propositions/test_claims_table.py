"""Claims as data: complete, quoted as printed, and holding together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sinos.errors import UnknownNameError
from sinos.propositions.claims import claims, columns, decision, evidence, rule, select

PAPER = Path(__file__).resolve().parents[2] / ".." / "shared" / "science" / "paper.txt"


def test_all_thirteen_claims_say_everything() -> None:
    assert list(claims()) == [f"P{number}" for number in range(1, 14)]
    for claim in claims().values():
        assert claim.parts
        assert claim.rivals
        assert claim.pitfalls
        assert claim.contradicted_by
        assert claim.estimand
        assert claim.designs[0] == "panel"
        assert decision(claim.rule)
        assert {columns()[name].needs for name in claim.terms}


def test_signs_of_the_first_claim() -> None:
    assert [(part.outcome, part.sign) for part in claims()["P1"].parts] == [
        ("process", 1), ("product", 1), ("functional", -1),
    ]  # fmt: skip


@pytest.mark.skipif(not PAPER.exists(), reason="the paper's text is not beside the repository")
def test_quotes_are_the_papers_words() -> None:
    text = re.sub(r"\s+", " ", PAPER.read_text("utf-8"))
    assert [claim.name for claim in claims().values() if claim.quote not in text] == []


def test_every_claim_has_published_evidence() -> None:
    assert {name for finding in evidence() for name in finding.claims} == set(claims())
    assert {finding.verified for finding in evidence()} <= {"abstract", "text", "table"}


def test_selecting() -> None:
    assert [claim.name for claim in select(["p4", "P1"])] == ["P1", "P4"]
    assert len(select(None)) == 13
    assert rule("level") == 0.05
    with pytest.raises(UnknownNameError, match="there is no claim 'P99'"):
        select("P99")
