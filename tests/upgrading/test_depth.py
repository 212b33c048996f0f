"""The estimators inside `score`: asked for in the study, shown beside the measures, never deciding."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from planted import plants
from polars.testing import assert_frame_equal

import sinos.upgrading
from sinos.study.model import Study
from sinos.study.public import public_options
from sinos.theory import outputs
from sinos.upgrading import score

pytest.importorskip("pyfixest")

EVERY = ["productivity", "quality", "functions", "succession", "relatedness", "capture"]


def study(depth: list[str]) -> Study:
    return Study.model_validate({
        "about": {"title": ""}, "tables": {"transactions": {}},
        "upgrading": {"depth": depth, "tfp_method": "lp", "window": 2},
    })  # fmt: skip


def tables() -> dict[str, pl.DataFrame]:
    world = plants(number=60, years=5, seed=2)
    draw = np.random.default_rng(1)
    noise = pl.Series(draw.normal(0, 0.2, world.height))
    survey = world.select(
        "supplier", "year", value_added=pl.col("y").exp(), employment=pl.col("l").exp(), capital=pl.col("k").exp(),
        materials=pl.col("m").exp(), output=pl.col("y").exp() + pl.col("m").exp(), wage_bill=0.4 * pl.col("y").exp(),
        **{f"performs_{name}": pl.lit(1) for name in ("production", "sourcing", "logistics", "marketing", "branding")},
        performs_design=(pl.col("year") > 2001).cast(pl.Int64),
    )  # fmt: skip
    cells = pl.concat([
        world.select("supplier", "year", product=pl.lit(product), destination=pl.lit("US"), value=pl.lit(10.0),
                     quantity=10.0 / (1.0 + noise.exp()), quantity_value=pl.lit(10.0))
        for product in ("6401", "6402", "4202", "6109")
    ])  # fmt: skip
    new = (pl.col("product") == "4202") & (pl.col("year") > 2002) | (pl.col("product") == "6109")
    cells = cells.filter(pl.col("product").str.starts_with("640") | (new & pl.col("supplier").str.ends_with("1")))
    relations = world.select(
        "supplier", "year", buyer=pl.format("b{}", pl.col("supplier").str.slice(-1)), value=pl.lit(20.0),
        main_product=pl.lit("6401"), quantity=20.0 / (1.0 + noise.exp()),
    )  # fmt: skip
    products = pl.DataFrame({"product": ["6401", "6402", "4202"], "sigma": [3.0, 3.0, 4.0]})
    years = world.select("supplier", "year", value=pl.lit(30.0))
    return {"years": years, "suppliers": survey, "supplier_product_years": cells, "relation_years": relations,
            "products": products}  # fmt: skip


def test_the_study_adds_tables_and_measures_and_changes_no_direction() -> None:
    given = tables()
    years = given.pop("years")
    plain = score(years, study=study([]), **given)
    deep = score(years, study=study(EVERY), **given)
    columns = ["level", "unit", "year", "kind", "direction", "measure", "change"]
    assert_frame_equal(deep.frame("upgrading").select(columns), plain.frame("upgrading").select(columns))
    added = set(deep.frame("upgrading_measures")["measure"]) - set(plain.frame("upgrading_measures")["measure"])
    assert added == {"revenue_productivity", "physical_productivity", "quality", "buyer_tier", "function_score"}
    assert set(plain.names()) == {"upgrading", "upgrading_measures", "quadrants", "tiers"}
    for name in set(deep.names()) - set(plain.names()):
        assert deep.frame(name).columns == [item.column for item in outputs() if item.table == name], name
    assert "depth" not in plain.provenance.options
    assert deep.provenance.options["depth"] == EVERY
    assert any("Khandelwal" in text for text in deep.references)
    entries = deep.frame("sector_entries")
    assert set(entries["sector"]) == {"HS 42"}
    assert "function_score" in " ".join(deep.frame("upgrading")["basis"])


def test_what_is_asked_for_and_cannot_be_estimated_is_missing_with_the_reason() -> None:
    years = tables()["years"]
    result = score(years, study=study(EVERY))
    assert set(result.names()) == {"upgrading", "upgrading_measures", "quadrants", "tiers"}
    said = [item for item in result.missing if "asked for and not estimated" in item.reason]
    assert {item.column for item in said} == set(EVERY)


def test_options_are_named_only_where_they_work() -> None:
    assert "depth" not in public_options(study([]))["upgrading"]
    assert public_options(study(["quality"]))["upgrading"]["depth"] == ["quality"]


def test_estimators_are_public_and_loaded_when_used() -> None:
    for name in sinos.upgrading.__all__:
        assert callable(getattr(sinos.upgrading, name))
    assert dir(sinos.upgrading) == sorted(sinos.upgrading.__all__)
    with pytest.raises(AttributeError, match="qualty"):
        sinos.upgrading.qualty  # noqa: B018
