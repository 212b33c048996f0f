"""Every measure against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from tests.measures.handmade import measures, only, trade


def test_dependence_and_power() -> None:
    made = measures(trade("a x 2000 80\na y 2000 20\nb x 2000 120"))
    row = only(made.frame("relation_years"), supplier="a", buyer="x")
    assert row["supplier_dependence"] == pytest.approx(0.8)
    assert row["buyer_dependence"] == pytest.approx(0.4)
    assert row["relative_power"] == pytest.approx((0.8 - 0.4) / 1.2)
    assert (row["exclusive"], row["supplier_thickness"], row["entry"]) == (0, 1, "unknown")
    supplier = only(made.frame("supplier_years"), supplier="a")
    assert (supplier["main_buyer"], supplier["top1_share"]) == ("x", 0.8)
    assert supplier["hhi_buyers"] == pytest.approx(0.68)
    assert supplier["effective_buyers"] == pytest.approx(1 / 0.68)
    # Other buyers than x bought 20, all of it from a: nothing is left, and y is already a's buyer.
    assert (supplier["market_thickness"], supplier["outside_buyers"]) == (0.0, 0)
    other = only(made.frame("supplier_years"), supplier="b")
    # b's product is bought by y for 20: 20 / 120.
    assert other["market_thickness"] == pytest.approx(20 / 120)
    assert other["outside_buyers"] == 1


def test_buyer_dependence_weighs_products_by_value() -> None:
    made = measures(trade("a x 2000 30 product=p\na x 2000 10 product=q\nb x 2000 30 product=p\nc x 2000 30 product=q"))
    row = only(made.frame("relation_years"), supplier="a")
    assert row["buyer_dependence"] == pytest.approx((30 * 0.5 + 10 * 0.25) / 40)
    assert (row["main_product"], row["products"], row["quantity"]) == ("p", 2, None)
    supplier = only(made.frame("supplier_years"), supplier="a")
    assert supplier["product_entropy"] == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))


def test_total_sales_lower_dependence() -> None:
    sides = {
        "suppliers": [{"supplier": "a", "output": 160.0, "profit": 16.0}, {"supplier": "b", "domestic_sales": 20.0}]
    }
    made = measures(trade("a x 2000 80\na y 2000 20\nb x 2000 60"), **sides)
    row = only(made.frame("relation_years"), supplier="a", buyer="x")
    assert row["supplier_dependence_total"] == pytest.approx(0.5)
    suppliers = made.frame("supplier_years")
    assert only(suppliers, supplier="a")["top1_share_total"] == pytest.approx(0.5)
    assert only(suppliers, supplier="b")["top1_share_total"] == pytest.approx(0.75)
    assert [only(suppliers, supplier=name)["margin_assumed"] for name in "ab"] == [0, 1]
    # b sells a quarter at home and three quarters abroad: two chains; for a nothing is known.
    assert only(suppliers, supplier="b")["multi_chain"] == 1
    assert only(suppliers, supplier="a")["multi_chain"] is None


def test_unit_values() -> None:
    made = measures(
        trade(
            """
            a x 2000 20 quantity=2 destination=US
            a x 2000 60 quantity=3 destination=US
            b x 2000 20 quantity=4 destination=US
            c y 2000 40 quantity=4 destination=US
            """
        )
    )
    row = only(made.frame("relation_years"), supplier="a")
    assert (row["quantity"], row["unit_value"]) == (5.0, 16.0)
    # Unit values 16, 5 and 10: the median is 10.
    assert row["relative_unit_value"] == pytest.approx(1.6)
    # Records at 10 and 20: deviations +- ln(2) / 2, one degree of freedom.
    assert row["unit_value_dispersion"] == pytest.approx(math.log(2) / math.sqrt(2), abs=1e-5)
    product = only(made.frame("product_years"), product="p")
    assert product["unit_value_median"] == 10.0
    logs = [math.log(16), math.log(5), math.log(10)]
    mean = sum(logs) / 3
    assert product["price_dispersion"] == pytest.approx(math.sqrt(sum((v - mean) ** 2 for v in logs) / 2), abs=1e-5)
    cell = only(made.frame("supplier_product_years"), supplier="a")
    assert (cell["quantity_value"], cell["unit_value"], cell["shipments"], cell["buyers"]) == (80.0, 16.0, 2, 1)


def test_customised_share_needs_a_second_buyer() -> None:
    made = measures(trade("a x 2000 30 product=p\na x 2000 10 product=q\na y 2000 30 product=p\nb x 2000 5"))
    table = made.frame("relation_years")
    assert only(table, supplier="a", buyer="x")["customised_share"] == pytest.approx(0.25)
    assert only(table, supplier="a", buyer="y")["customised_share"] == 0.0
    assert only(table, supplier="b")["customised_share"] is None
    assert any(m.column == "customised_share" and m.count == 1 for m in made.missing)


def test_regularity_is_the_overlap_with_the_season_of_others() -> None:
    made = measures(trade("a x 2000 60 month=1\na x 2000 40 month=7\nb y 2000 25 month=1\nb y 2000 75 month=2"))
    row = only(made.frame("relation_years"), supplier="a")
    # Others trade a quarter in January and nothing in July: the overlap is min(0.6, 0.25).
    assert row["regularity"] == pytest.approx(0.25)
    assert row["months_active"] == 2


def test_logistics_brand_and_punctuality() -> None:
    made = measures(
        trade(
            "a x 2000 70 incoterm=FOB on_time=1 brand_owner=a\na x 2000 30 incoterm=DDP on_time=0 brand_owner=x\n"
            "b x 2000 5"
        )
    )
    row = only(made.frame("relation_years"), supplier="a")
    assert row["logistics_share"] == pytest.approx((70 * 4 / 7 + 30) / 100)
    assert (row["own_brand_recorded"], row["on_time_recorded"]) == (0.7, 0.5)
    assert only(made.frame("relation_years"), supplier="b")["logistics_share"] is None


def test_entry_end_and_tenure_with_an_unknown_year() -> None:
    status = {2000: "full", 2001: "unknown", 2002: "full", 2003: "full", 2004: "full"}
    cover = [{"year": y, "status": s, "side": "file", "reporter": "*"} for y, s in status.items()]
    rows = trade("a x 2000 1\na x 2002 1\na x 2004 1\nb x 2003 1\nb x 2004 1\nb y 2004 1")
    table = measures(rows, coverage=cover).frame("relation_years")
    seen = {
        (r["supplier"], r["buyer"], r["year"]): (r["entry"], r["ended"], r["tenure_years"], r["tenure_left_censored"])
            for r in table.rows(named=True)}  # fmt: skip
    assert seen == {
        ("a", "x", 2000): ("unknown", 0, 1, 1),
        ("a", "x", 2002): ("unknown", 0, 3, 1),
        ("a", "x", 2004): ("re_entry", None, 5, 1),
        ("b", "x", 2003): ("new", 0, 1, 0),
        ("b", "x", 2004): ("continuing", None, 2, 0),
        ("b", "y", 2004): ("new", None, 1, 0),
    }


def test_a_buyer_that_did_not_disclose_a_year_is_unknown() -> None:
    cover = [{"year": y, "status": "full", "side": "file", "reporter": "*"} for y in (2000, 2001, 2002)]
    cover += [{"year": y, "status": "full", "side": "buyer", "reporter": "x"} for y in (2000, 2002)]
    made = measures(trade("a x 2000 1\na x 2002 1\na y 2000 1\na y 2002 1\na z 2001 1"), coverage=cover)
    table = made.frame("relation_years")
    assert only(table, buyer="x", year=2002)["entry"] == "unknown"
    assert only(table, buyer="y", year=2002)["entry"] == "re_entry"
    assert only(table, buyer="z")["entry"] == "new"
    assert only(made.frame("buyer_years"), buyer="x", year=2002)["reporting"] == "full"


def test_exclusive_years_skip_unknown_years_and_break_on_absence() -> None:
    status = {2000: "full", 2001: "unknown", 2002: "full", 2003: "full", 2004: "full"}
    cover = [{"year": y, "status": s, "side": "file", "reporter": "*"} for y, s in status.items()]
    table = measures(
        trade("a x 2000 1\na x 2002 1\na x 2004 1\nb y 2000 1\nb y 2002 1\nb y 2003 1\nb z 2003 9"), coverage=cover
    )
    years = {
        (r["supplier"], r["buyer"], r["year"]): r["exclusive_years"]
        for r in table.frame("relation_years").rows(named=True)
    }
    assert years[("a", "x", 2002)] == 2
    assert years[("a", "x", 2004)] == 1
    assert (years[("b", "y", 2002)], years[("b", "y", 2003)], years[("b", "z", 2003)]) == (2, 0, 1)


def test_buyers_sellers_per_shipment() -> None:
    rows = trade("a x 2000 10\na x 2000 10\na x 2000 10\nb x 2000 10\nc y 2000 20\nc y 2000 20")
    made = measures(rows)
    cell = only(made.frame("buyer_product_years"), buyer="x")
    assert (cell["sellers"], cell["shipments"], cell["sellers_per_shipment"]) == (2, 4, 0.5)
    assert cell["hhi_suppliers"] == pytest.approx(0.75**2 + 0.25**2)
    row = only(made.frame("buyer_years"), buyer="x")
    assert row["relational_sourcing"] == pytest.approx(math.log(2))
    # Both buyers have the same size and the same score: nothing remains.
    assert row["relational_sourcing_net"] == pytest.approx(0.0, abs=1e-8)
    assert only(made.frame("relation_years"), supplier="a")["sps"] == 0.5


def test_rematch_and_exit_cost() -> None:
    # a loses x after 2000 and finds z, at half the value, in 2002: two years of exposure, one event.
    # b keeps y. c loses y's trade after 2001 and is followed through 2002 and 2003: no event.
    rows = trade("a x 2000 10\na z 2002 5\na z 2003 5\nb y 2000 8\nb y 2001 8\nb y 2002 8\nb y 2003 8\nc y 2001 4")
    made = measures(rows, margin=0.2)
    sums = made.frame("rematch")
    assert (sums["exposure"].sum(), sums["events"].sum()) == (4.0, 1.0)
    row = only(made.frame("supplier_years"), supplier="b", year=2000)
    assert row["exit_cost"] == pytest.approx(0.2 * 8 * row["rematch_years"])
    assert any(m.column == "margin" and m.count == 8 for m in made.missing)


def test_no_hazard_without_losses() -> None:
    made = measures(trade("a x 2000 10"))
    row = only(made.frame("supplier_years"), supplier="a")
    assert (row["rematch_years"], row["exit_cost"]) == (None, None)


def test_no_rematch_time_where_nobody_was_seen_to_rematch() -> None:
    # Two suppliers of one buyer leave it: whether they found another cannot be seen in the records of that buyer.
    made = measures(trade("a x 2000 10\nb x 2000 8\nb x 2001 8\nc x 2000 9\nc x 2001 9\nc x 2002 9"))
    assert made.frame("rematch")["exposure"].sum() > 0
    assert made.frame("rematch")["hazard"].null_count() == 4
    years = made.frame("supplier_years")
    assert years["rematch_years"].null_count() == years["exit_cost"].null_count() == years.height
    assert any(m.column == "rematch_years" and "seen to find another" in m.reason for m in made.missing)


def test_no_stickiness_where_no_spell_was_seen_to_end() -> None:
    made = measures(trade("c x 2000 1\nc x 2001 1\nc x 2002 1\na x 2001 1\na x 2002 1\na x 2003 1\nc x 2003 1"))
    assert made.frame("product_years")["stickiness"].null_count() == made.frame("product_years").height


def test_stickiness_uses_uncensored_spells() -> None:
    # Spells that begin in 2001: a-x ends after two years, b-x lasts to 2003 (right-censored). c-x is left-censored.
    rows = trade("c x 2000 1\na x 2001 1\na x 2002 1\nb x 2001 1\nb x 2002 1\nb x 2003 1")
    made = measures(rows)
    # a: two years, one end; b: two years at risk, no end. The only product is its own prior.
    prior = (1 + 0.5) / (4 + 1)
    hazard = (1 + 10 * prior) / (4 + 10)
    assert only(made.frame("product_years"), year=2001)["stickiness"] == pytest.approx(1 / hazard)


def test_clusters() -> None:
    sides = {
        "suppliers": [
            {"supplier": "a", "performs_production": 1, "performs_design": 1},
            {"supplier": "b", "performs_production": 1},
        ],
        "clusters": [{"cluster": "valley", "year": 2000, "local_purchases_share": 0.3}],
        "membership": [{"supplier": n, "cluster": "valley"} for n in "abc"],
    }
    made = measures(trade("a x 2000 60\na y 2000 10\nb x 2000 15\nb z 2000 15\nc z 2000 40\nd x 2000 500"), **sides)
    row = only(made.frame("cluster_years"), cluster="valley")
    assert (row["value"], row["suppliers"], row["buyers"], row["main_buyer"]) == (140.0, 3, 3, "x")
    assert row["main_buyer_share"] == pytest.approx(75 / 140)
    # The largest supplier alone reaches half.
    assert (row["largest_suppliers"], row["largest_main_buyer_share"]) == (1, pytest.approx(6 / 7))
    assert row["largest_top1_share"] == pytest.approx(6 / 7)
    assert row["functional_completeness"] == pytest.approx(2 / 6)
    assert (row["local_linkage"], row["share_preexisting"]) == (0.3, None)
    assert only(made.frame("supplier_years"), supplier="d")["cluster"] is None


def test_preexisting_share() -> None:
    made = measures(trade("a x 2000 10\na x 2001 30\na y 2001 10"))
    assert only(made.frame("supplier_years"), year=2001)["share_preexisting"] == pytest.approx(0.75)
    assert only(made.frame("cluster_years"), year=2001)["share_preexisting"] == pytest.approx(0.75)


def test_zero_values_are_deliveries_without_shares() -> None:
    made = measures(trade("a x 2000 0 quantity=4\nb x 2000 10 quantity=2"))
    row = only(made.frame("relation_years"), supplier="a")
    assert (row["shipments"], row["supplier_dependence"], row["unit_value"], row["relative_power"]) == (
        1,
        None,
        None,
        None,
    )


def test_multi_chain_counts_destinations() -> None:
    made = measures(
        trade(
            "a x 2000 90 destination=US\na y 2000 10 destination=BR\n"
            "b x 2000 95 destination=US\nb y 2000 5 destination=BR"
        )
    )
    table = made.frame("supplier_years")
    assert [only(table, supplier=name)["multi_chain"] for name in "ab"] == [1, 0]
    assert only(table, supplier="a")["destination_entropy"] == pytest.approx(
        -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    )
