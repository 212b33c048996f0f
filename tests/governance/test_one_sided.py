"""Records of one buyer, or of one supplier, say nothing about dependence on it."""

from __future__ import annotations

import polars as pl

from sinos.governance import classify
from sinos.governance.one_sided import hide_unseen_side

LIST = pl.DataFrame(
    {
        "supplier": ["a", "b", "c"],
        "buyer": ["x", "x", "x"],
        "year": [2000, 2000, 2000],
        "value": [1.0, 1.0, 2.0],
        "supplier_dependence": [1.0, 1.0, 1.0],
        "buyer_dependence": [0.25, 0.25, 0.5],
    }
)


def test_a_list_of_one_buyers_suppliers_names_no_form() -> None:
    result = classify(LIST)
    assert set(result.frame("governance")["form"]) == {"undetermined"}
    reasons = [(one.column, one.count) for one in result.missing if "one buyer's purchases" in one.reason]
    assert reasons == [("supplier_dependence", 3)]
    assert result.frame("lock_in")["lock_in"].null_count() == 3


def test_a_second_buyer_makes_dependence_evidence_again() -> None:
    other = pl.DataFrame({"supplier": ["d"], "buyer": ["y"], "year": [2000], "value": [1.0],
                          "supplier_dependence": [1.0], "buyer_dependence": [1.0]})  # fmt: skip
    both = pl.concat([LIST, other])
    kept, _, missing = hide_unseen_side(both, {})
    assert kept.equals(both)
    assert missing == ()


def test_declared_output_makes_dependence_on_one_buyer_known() -> None:
    base, tables, _ = hide_unseen_side(
        LIST.with_columns(supplier_dependence_total=pl.lit(0.4)),
        {"supplier_years": pl.DataFrame({"supplier": ["a"], "year": [2000], "effective_buyers": [1.0]})},
    )
    assert base["supplier_dependence_total"].to_list() == [0.4, 0.4, 0.4]
    assert base["supplier_dependence"].null_count() == 3
    assert tables["supplier_years"]["effective_buyers"].to_list() == [None]


def test_one_suppliers_sales_say_nothing_on_what_its_buyers_buy_elsewhere() -> None:
    sales = pl.DataFrame({"supplier": ["a", "a"], "buyer": ["x", "y"], "year": [2000, 2000], "value": [3.0, 1.0],
                          "supplier_dependence": [0.75, 0.25], "buyer_dependence": [1.0, 1.0],
                          "sps": [0.1, 0.1]})  # fmt: skip
    base, _, missing = hide_unseen_side(sales, {})
    assert base["buyer_dependence"].null_count() == 2
    assert base["sps"].null_count() == 2
    assert base["supplier_dependence"].to_list() == [0.75, 0.25]
    assert [one.column for one in missing] == ["buyer_dependence"]


def test_a_share_below_one_shows_that_other_sales_are_seen() -> None:
    seen = LIST.with_columns(pl.Series("supplier_dependence", [0.85, 1.0, 1.0]))
    assert hide_unseen_side(seen, {})[0].equals(seen)
