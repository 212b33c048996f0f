"""The verb: every unit, year and kind gets a row; what is not seen is not flat; conflicts and reasons are shown."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from sinos import datasets
from sinos.errors import UnknownNameError, UpgradingError
from sinos.results import Provenance, Result
from sinos.study.model import Study
from sinos.upgrading import Upgrading, score
from sinos.upgrading.rules import KINDS, rules

YEARS = pl.DataFrame({"supplier": ["a", "a"], "year": [1990, 1993], "value": [1.0, 1.0], "cluster": ["k", "k"]})


def study(**parts: Any) -> Study:
    return Study.model_validate({"about": {"title": "t"}, "tables": {"transactions": {}}, **parts})


def row(result: Upgrading, kind: str, *, level: str = "supplier", unit: str = "a", year: int = 1993) -> dict[str, Any]:
    where = (pl.col("level") == level) & (pl.col("unit") == unit) & (pl.col("year") == year) & (pl.col("kind") == kind)
    return result.frame("upgrading").row(by_predicate=where, named=True)


def asked(**columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"supplier": ["a", "a"], "year": [1990, 1993], **columns})


def relations(*shares: float) -> pl.DataFrame:
    return YEARS.select("supplier", "year", "value", buyer=pl.lit("b"), logistics_share=pl.Series(shares))


def test_every_unit_year_and_kind_has_one_row_with_a_reason_where_nothing_is_seen() -> None:
    table = score(YEARS).frame("upgrading")
    assert table.height == 2 * 4 * 2
    assert set(table["direction"]) == {"not_observable"}
    assert table["reason"].null_count() == 0
    assert table.select("level", "unit", "year", "kind").n_unique() == table.height


def test_products_without_a_sector_are_not_called_unrecorded() -> None:
    named = YEARS.select("supplier", "year", "value", product=pl.lit("test kit"))
    named = named.with_columns(quantity=1.0, quantity_value="value", unit_value=1.0, destination=pl.lit("CI"))
    found = row(score(YEARS, supplier_product_years=named), "inter_sectoral")
    assert found["reason"].startswith("no recorded sales of products with a sector")


def test_customs_alone_never_say_flat_on_functions() -> None:
    hidden = row(score(YEARS, relation_years=relations(0.2, 0.2)), "functional")
    assert hidden["direction"] == "not_observable"
    assert "may have changed" in hidden["reason"]
    full = study(coverage={"domestic_sales": "recorded"})
    assert row(score(YEARS, study=full, relation_years=relations(0.2, 0.2)), "functional")["direction"] == "flat"
    assert row(score(YEARS, relation_years=relations(0.0, 0.9)), "functional")["direction"] == "up"
    assert row(score(YEARS, relation_years=relations(0.9, 0.0)), "functional")["direction"] == "down"


def test_warning_when_sales_at_home_are_missing() -> None:
    said = [m.reason for m in score(YEARS).missing if m.column == "functional"]
    assert len(said) == 1
    assert "H13" in said[0]
    full = study(coverage={"domestic_sales": "recorded"})
    assert not [m for m in score(YEARS, study=full).missing if m.column == "functional"]


def test_conflicting_measures_are_shown() -> None:
    got = row(score(YEARS, suppliers=asked(defect_rate=[0.1, 0.05], on_time_share=[0.9, 0.7])), "process")
    assert (got["direction"], got["measure"]) == ("up", "defect_rate")
    assert got["reason"] == "measures conflict: up by defect_rate; down by on_time_share"
    assert got["basis"] == "defect_rate: up (-0.693); on_time_share: down (-0.2)"


def test_first_measure_that_moved_decides() -> None:
    got = row(score(YEARS, suppliers=asked(defect_rate=[0.1, 0.1], on_time_share=[0.6, 0.9])), "process")
    assert (got["direction"], got["measure"], got["reason"]) == ("up", "on_time_share", None)
    assert got["change"] == pytest.approx(0.3)


def test_attributes_without_a_year_show_no_change() -> None:
    constant = pl.DataFrame({"supplier": ["a"], "own_design_share": [0.5]})
    got = row(score(YEARS, suppliers=constant), "functional")
    assert got["direction"] == "not_observable"
    assert "has no year" in got["reason"]


def test_suppliers_that_only_answered_are_scored_too() -> None:
    survey = pl.DataFrame(
        {"supplier": ["home"] * 2, "year": [1990, 1993], "cluster": ["k"] * 2, "own_design_share": [0.1, 0.5]}
    )
    assert row(score(YEARS, suppliers=survey), "functional", unit="home")["direction"] == "up"


def test_cluster_change_is_weighted_by_sales_over_suppliers_seen_twice() -> None:
    years = pl.DataFrame(
        {
            "supplier": ["a", "a", "b", "b", "c"],
            "year": [1990, 1993, 1990, 1993, 1993],
            "value": [1.0, 3.0, 1.0, 1.0, 9.0],
            "cluster": ["k"] * 5,
        }
    )
    survey = years.select("supplier", "year", own_design_share=pl.Series([0.1, 0.5, 0.1, 0.1, 0.9]))
    got = row(score(years, suppliers=survey), "functional", level="cluster", unit="k")
    assert got["change"] is None  # two suppliers: the interval is too wide to tell
    assert "own_design_share: not observable (0.3)" in got["basis"]
    assert "the change of 0.3 cannot be told from zero" in got["reason"]


def test_one_cluster_has_no_outside_benchmark() -> None:
    names = ["a", "b", "c", "d"]
    years = pl.DataFrame(
        [(name, year, 10.0, "k") for name in names for year in (1990, 1993)],
        schema={"supplier": pl.String, "year": pl.Int64, "value": pl.Float64, "cluster": pl.String},
        orient="row",
    )
    cells = years.select(
        "supplier", "year", "value", product=pl.lit("640399"), destination=pl.lit("US"),
        quantity=pl.lit(1.0), quantity_value=pl.col("value"),
    )  # fmt: skip
    result = score(years, supplier_product_years=cells)
    assert row(result, "product")["direction"] == "flat"
    assert "no benchmark outside the cluster" in row(result, "product", level="cluster", unit="k")["reason"]
    assert [m.table for m in result.missing if m.table == "quadrants"] == ["quadrants"]
    priced = cells.with_columns(
        quantity=pl.when((pl.col("supplier") == "a") & (pl.col("year") == 1993)).then(0.001).otherwise(1.0)
    )
    assert any("errors of unit" in m.reason for m in score(years, supplier_product_years=priced).missing)


class _Governance:
    def frame(self, name: str) -> pl.DataFrame:
        columns = {"supplier": ["a", "a"], "buyer": ["x", "y"], "year": [1993] * 2, "value": [9.0, 1.0]}
        return {"governance": pl.DataFrame({**columns, "p_hierarchy": [1.0, 0.0]})}[name]


def test_transfer_prices_are_not_product_upgrading() -> None:
    rows = [(n, y, 10.0 if (n, y) != ("a", 1993) else 20.0) for n in "abcd" for y in (1990, 1993)]
    cells = pl.DataFrame(rows, schema=["supplier", "year", "value"], orient="row").with_columns(
        product=pl.lit("1"), destination=pl.lit("US"), quantity=pl.lit(1.0), quantity_value=pl.col("value")
    )
    years = cells.select("supplier", "year", "value")
    assert row(score(years, supplier_product_years=cells), "product")["direction"] == "up"
    got = row(score(years, _Governance(), supplier_product_years=cells), "product")
    assert got["direction"] == "not_observable"
    assert "transfer prices" in got["reason"]


def test_errors_say_what_to_do() -> None:
    with pytest.raises(UpgradingError, match="column 'year' is missing"):
        score(YEARS.drop("year"))
    with pytest.raises(UpgradingError, match=r"repeated \(2 rows\)"):
        score(pl.concat([YEARS, YEARS]))
    with pytest.raises(UpgradingError, match="column 'product' is missing"):
        score(YEARS, supplier_product_years=YEARS)
    with pytest.raises(UnknownNameError, match="did you mean 'suppliers'"):
        score(YEARS, supliers=YEARS)
    provenance = Provenance("0", "measures", {}, {}, 0)
    with pytest.raises(UpgradingError, match="no table supplier_years"):
        score(Result(frames={}, missing=(), provenance=provenance))


def test_reads_a_result_and_keeps_its_kind_and_fingerprints() -> None:
    provenance = Provenance("0", "measures", {}, {"transactions": "f"}, 0)
    coverage = pl.DataFrame(
        {"year": [1990, 1993, 1994], "status": ["full", "full", "unknown"], "months": [12, 12, None]}
    )
    frames = {"supplier_years": YEARS, "coverage": coverage}
    result = score(Result(frames=frames, missing=(), provenance=provenance, kind="pyarrow"))
    assert result.provenance.inputs == {"transactions": "f"}
    assert type(result.table()).__name__ == "Table"
    assert result.references


@cache
def valley() -> tuple[Upgrading, Upgrading]:
    """Score the reconstruction from frames made by hand, and again from shuffled rows."""
    data = datasets.sinos_valley(1)
    records = data.tables["transactions"].with_columns(year=pl.col("date").dt.year().cast(pl.Int64))
    cluster = data.tables["suppliers"].select("supplier", "cluster").unique()
    priced = pl.col("value").filter(pl.col("quantity").is_not_null())
    sides = {
        "supplier_product_years": records.group_by("supplier", "product", "destination", "year").agg(
            value=pl.col("value").sum().round(2),
            quantity=pl.col("quantity").sum(),
            quantity_value=priced.sum().round(2),
        ),
        "suppliers": data.tables["suppliers"],
        "products": data.tables["products"],
        "coverage": data.tables["coverage"],
    }
    years = records.group_by("supplier", "year").agg(value=pl.col("value").sum().round(2)).join(cluster, on="supplier")
    options = Study.model_validate(data.study())
    mixed = {name: frame.sample(fraction=1.0, shuffle=True, seed=3) for name, frame in sides.items()}
    first = score(years.sort("supplier", "year"), study=options, **sides)
    return first, score(years.sample(fraction=1.0, shuffle=True, seed=5), study=options, **mixed)


def test_order_of_rows_does_not_matter() -> None:
    first, again = valley()
    for name in first.names():
        assert_frame_equal(first.frame(name), again.frame(name), check_exact=True)
    assert first.provenance.inputs == again.provenance.inputs


def test_tables_are_those_of_the_packaged_outputs() -> None:
    outputs = pl.read_csv((files("sinos.theory") / "outputs.csv").read_bytes())
    result = valley()[0]
    for name in result.names():
        assert result.frame(name).columns == outputs.filter(pl.col("table") == name)["column"].to_list()
    for name in ("change", "low", "high"):
        assert result.frame()[name].is_finite().all()
    assert set(result.frame()["kind"]) == set(KINDS)


def test_catalogue_and_rules_name_the_same_measures() -> None:
    catalogue = pl.read_csv((files("sinos.theory") / "catalogue_upgrading.csv").read_bytes())
    scored = catalogue.filter(pl.col("level") == "upgrading_measures")
    assert sorted(scored["name"]) == sorted(rules())
    assert set(valley()[0].frame("upgrading_measures")["measure"]) <= set(rules())


def test_reconstruction_shows_what_the_model_did() -> None:
    """Process up, and design not performed, where the US is served; prices fall when the entrant comes (science A6)."""
    result, truth = valley()[0], datasets.sinos_valley(1).truth
    table = result.frame("upgrading").join(truth["firms"], left_on="unit", right_on="supplier")
    seen = table.filter(pl.col("direction") != "not_observable")
    american = pl.col("group").is_in(["main_us", "us_brand", "us_agent"])
    process = seen.filter((pl.col("kind") == "process") & american & (pl.col("year") < 1985))
    assert process.height > 20
    # Defects rise with the complexity of what is made, so firms that learn may show more of them for a while.
    assert (process["direction"] == "up").sum() > (process["direction"] == "down").sum()
    lost = result.functions.filter(pl.col("lost").str.contains("design"))["supplier"]
    serving = set(truth["firms"].filter(american)["supplier"])
    assert len(set(lost) & serving) / len(set(lost)) > 0.5
    quadrants = result.frame("quadrants").filter(pl.col("cluster").str.starts_with("Sinos") & (pl.col("year") == 1993))
    assert set(quadrants["quadrant"]) == {"downgrading"}


def test_tiers_and_plot() -> None:
    from matplotlib import pyplot as plt

    result = valley()[0]
    total = result.frame("tiers").group_by("supplier", "year").agg(pl.col("share").sum())["share"]
    assert ((total - 1).abs() < 1e-9).all()
    data = result.plot_data()
    suppliers = result.frame().filter(pl.col("level") == "supplier").height
    assert data["suppliers"].sum() == suppliers
    figure, axes = plt.subplots()
    assert result.plot(axes) is axes
    assert len(axes.get_lines()) == len(KINDS) + 1
    plt.close(figure)
    own = result.plot()
    plt.close(own.figure)
