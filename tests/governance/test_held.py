"""Survey answers that hold for some years: newest answer first, never beyond the years, never backwards."""

from __future__ import annotations

import polars as pl
import pytest

from sinos.errors import GovernanceError
from sinos.governance import classify
from sinos.governance.held import hold_answers
from sinos.study.model import About, Governance, Source, Study, Tables


def asked() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "supplier": ["s", "s", "s", "t"],
            "buyer": ["b", "b", "b", "b"],
            "year": [1990, 1992, None, 1990],
            "design_by": ["buyer", None, "both", "supplier"],
            "inspection_rate": [0.9, 0.5, None, None],
        }
    )


def test_answers_hold_until_a_newer_answer_to_the_same_question() -> None:
    held = hold_answers({"relations": asked()}, 2)["relations"]
    own = held.filter((pl.col("supplier") == "s") & pl.col("year").is_not_null()).sort("year")
    assert own["year"].to_list() == [1990, 1991, 1992, 1993, 1994]
    assert own["design_by"].to_list() == ["buyer", "buyer", "buyer", None, None]
    assert own["inspection_rate"].to_list() == [0.9, 0.9, 0.5, 0.5, 0.5]
    assert held.filter(pl.col("year").is_null()).height == 1
    assert held.filter(pl.col("supplier") == "t")["year"].to_list() == [1990, 1991, 1992]


def test_zero_years_and_tables_without_years_change_nothing() -> None:
    tables = {"relations": asked(), "suppliers": pl.DataFrame({"supplier": ["s"], "owner": ["b"]})}
    assert hold_answers(tables, 0)["relations"].equals(asked())
    assert hold_answers(tables, 3)["suppliers"].equals(tables["suppliers"])


def study(holds: int) -> Study:
    return Study(
        about=About(title="t"),
        tables=Tables(transactions=Source(file="t.csv")),
        governance=Governance(survey_holds=holds),
    )


def yearly() -> pl.DataFrame:
    years = [1990, 1991, 1992, 1993, 1994]
    return pl.DataFrame({"supplier": ["s"] * 5, "buyer": ["b"] * 5, "year": years, "value": [1.0] * 5})


def test_evidence_lasts_as_long_as_the_study_says() -> None:
    relations = asked().filter((pl.col("supplier") == "s") & (pl.col("year") == 1990))
    counts = {
        holds: classify(yearly(), study=study(holds), relations=relations).frame("governance")["evidence_count"]
        for holds in (0, 2)
    }
    assert counts[0][0] > counts[0][1]
    assert counts[2][0] == counts[2][1] == counts[2][2] > counts[2][3]


def test_a_repeated_answer_is_still_an_error() -> None:
    twice = pl.concat([asked().head(1)] * 2)
    with pytest.raises(GovernanceError, match="repeated"):
        classify(yearly(), study=study(2), relations=twice)


def test_evidence_says_which_answers_are_held_and_from_when() -> None:
    relations = asked().filter((pl.col("supplier") == "s") & (pl.col("year") == 1990))
    evidence = classify(yearly(), study=study(2), relations=relations).frame("evidence")
    design = evidence.filter(pl.col("indicator") == "design_by").sort("year")
    assert design.select("year", "held_from").rows() == [(1990, None), (1991, 1990), (1992, 1990)]
    assert evidence.filter(pl.col("field") == "supplier_dependence")["held_from"].is_null().all()
    unheld = classify(yearly(), study=study(0), relations=relations).frame("evidence")
    assert unheld["held_from"].is_null().all()


def test_a_held_owner_is_marked_where_no_share_of_ownership_is_known() -> None:
    suppliers = pl.DataFrame({"supplier": ["s"], "year": [1990], "owner": ["b"]})
    evidence = classify(yearly(), study=study(1), suppliers=suppliers).frame("evidence")
    owned = evidence.filter(pl.col("indicator") == "ownership").sort("year")
    assert owned.select("year", "held_from").rows() == [(1990, None), (1991, 1990)]
