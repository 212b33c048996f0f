"""Every verb alone, as in a notebook: pandas, polars or arrow in, the same kind out, with the same numbers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sinos

TRADE = pl.DataFrame(
    {
        "supplier": ["a", "a", "b", "b", "a", "b", "c", "c"],
        "buyer": ["x", "y", "x", "x", "x", "y", "y", "x"],
        "product": ["01", "01", "01", "02", "01", "02", "01", "01"],
        "year": [1990, 1990, 1990, 1991, 1991, 1991, 1990, 1991],
        "value": [90.0, 10.0, 50.0, 20.0, 70.0, 5.0, 1.0, 2.0],
        "quantity": [9.0, 1.0, 4.0, 2.0, 7.0, 1.0, 1.0, 1.0],
        "quantity_unit": ["pair"] * 8,
    }
)
SUPPLIERS = pl.DataFrame({"supplier": ["a", "b", "c"], "year": [1990, 1990, 1991], "output": [200.0, 60.0, None]})
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.Table}


def given(kind: str) -> dict[str, Any]:
    """Return the records as the user's kind of frame."""
    make = {"pandas": pl.DataFrame.to_pandas, "polars": pl.DataFrame.clone, "pyarrow": pl.DataFrame.to_arrow}[kind]
    return {"transactions": make(TRADE), "suppliers": make(SUPPLIERS)}


def as_polars(frame: Any) -> pl.DataFrame:
    return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)


@pytest.fixture(scope="module")
def chain() -> dict[str, dict[str, Any]]:
    """Return what every verb gives, by kind of frame: each is handed what the verb before it gave."""
    found = {}
    for kind in KINDS:
        with sinos.read(**given(kind)) as records:
            findings = sinos.check(records)
            measures = sinos.measure(records).load()
        governance = sinos.classify(measures)
        upgrading = sinos.score(measures)
        found[kind] = {
            "read": records,
            "check": findings,
            "measure": measures,
            "classify": governance,
            "score": upgrading,
        }
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["read", "check", "measure", "classify", "score"])
def test_every_table_of_every_verb_is_of_the_kind_that_was_given(chain: Any, verb: str, kind: str) -> None:
    result = chain[kind][verb]
    for name in result.names():
        assert type(result.table(name)) is KINDS[kind], name
        assert type(result.table(name, like="polars")) is pl.DataFrame
        if name != "sources":  # says what kind of frame it was
            assert result.frame(name).equals(chain["polars"][verb].frame(name)), name
    assert type(result.missing_table()) is KINDS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_values_survive_the_way_there_and_back(chain: Any, kind: str) -> None:
    table = as_polars(chain[kind]["measure"].table("relation_years"))
    shown = table.filter((pl.col("supplier") == "a") & (pl.col("year") == 1990))
    assert shown.select("buyer", "value", "supplier_dependence", "unit_value").rows() == [
        ("x", 90.0, 0.9, 10.0),
        ("y", 10.0, 0.1, 10.0),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_verb_alone_takes_a_frame(kind: str) -> None:
    frame = given(kind)["transactions"]
    assert type(sinos.check(frame).table()) is KINDS[kind]
    assert type(sinos.measure(frame).table("supplier_years")) is KINDS[kind]
    assert sinos.measure(frame).frame("cluster_years")["value"].to_list() == [151.0, 97.0]


@pytest.mark.parametrize("kind", KINDS)
def test_classify_and_score_take_frames_made_elsewhere(chain: Any, kind: str) -> None:
    measures = chain[kind]["measure"]
    governance = sinos.classify(measures.table("relation_years"))
    assert type(governance.table()) is KINDS[kind]
    forms = ["market", "network", "quasi_hierarchy", "hierarchy"]
    assert (
        governance.frame("governance")
        .select(pl.sum_horizontal(*[f"p_{form}" for form in forms]))
        .to_series()
        .round(12)
        .to_list()
        == [1.0] * governance.frame("governance").height
    )
    upgrading = sinos.score(measures.table("supplier_years"))
    assert type(upgrading.table()) is KINDS[kind]


def test_the_report_is_made_from_results_of_any_kind(chain: Any) -> None:
    pages = {kind: sinos.report(made["measure"], made["classify"], made["score"]).html for kind, made in chain.items()}
    assert pages["pandas"] == pages["polars"] == pages["pyarrow"]
    assert "<svg" in pages["polars"]


def test_a_result_prints_its_tables_and_not_every_option_and_row() -> None:
    sales = pl.DataFrame({"supplier": ["a"], "buyer": ["x"], "product": ["p"], "year": [2000], "value": [1.0]})
    measures = sinos.measure(sales)
    for made in (measures, sinos.classify(measures)):
        text = repr(made)
        assert text.startswith(f"<{type(made).__name__} with tables ")
        assert "relation_years" in text or "governance" in text
        assert len(text) < 400
