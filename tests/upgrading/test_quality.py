"""Quality: planted truth, an independent computation, elasticities, and what has no answer."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sinos.errors import MissingExtraError, UnknownNameError, UpgradingError
from sinos.upgrading.estimators.effects import identified
from sinos.upgrading.estimators.quality import match_elasticities, quality

pytest.importorskip("pyfixest")


def world(seed: int = 1, suppliers: int = 30, years: int = 4) -> pl.DataFrame:
    """Demand of a CES buyer: ``ln q = (sigma - 1) quality - sigma ln p + product + market``."""
    draw = np.random.default_rng(seed)
    rows = []
    for s in range(suppliers):
        level = draw.normal(0, 0.5)
        for year in range(2000, 2000 + years):
            level += draw.normal(0, 0.1)
            for p in range(4):
                for d, sigma in (("US", 3.0), ("AR", 5.0)):
                    price = 1.0 + 0.3 * p + 0.5 * level + draw.normal(0, 0.3)
                    good = level + draw.normal(0, 0.2)
                    log_q = (sigma - 1) * good - sigma * price + 0.5 * p + 0.1 * (year - 2000) + (d == "US")
                    rows.append((f"s{s:02d}", f"640{p}", d, year, np.exp(log_q + price), np.exp(log_q), good))
    schema = ["supplier", "product", "destination", "year", "quantity_value", "quantity", "truth"]
    return pl.DataFrame(rows, schema=schema, orient="row")


SIGMA = pl.DataFrame({"product": ["64", "64"], "destination": ["US", "AR"], "sigma": [3.0, 5.0]})


def dummies(values: list[Any]) -> np.ndarray:
    names = sorted(set(values))
    return np.array([[float(value == name) for name in names] for value in values])


@pytest.mark.parametrize("effects", ["product", "cell"])
def test_residuals_equal_an_independent_computation(effects: str) -> None:
    frame = world(suppliers=12, years=3)
    ours = quality(frame, SIGMA, effects=effects).frame("quality")
    rows = frame.sort("supplier", "product", "destination", "year")
    sigma = np.where(rows["destination"].to_numpy() == "US", 3.0, 5.0)
    price = (rows["quantity_value"] / rows["quantity"]).log().to_numpy()
    left = np.log(rows["quantity"].to_numpy()) + sigma * price
    market = rows.select(pl.format("{}/{}", "destination", "year")).to_series().to_list()
    cell = rows.select(pl.format("{}/{}/{}", "product", "destination", "year")).to_series().to_list()
    parts = [dummies(cell)] if effects == "cell" else [dummies(rows["product"].to_list()), dummies(market)]
    design = np.hstack(parts)
    theirs = (left - design @ np.linalg.lstsq(design, left, rcond=None)[0]) / (sigma - 1)
    assert ours["quality"].to_numpy() == pytest.approx(theirs, abs=1e-8)


def test_planted_quality_and_its_levels_are_recovered() -> None:
    frame = world()
    result = quality(frame, SIGMA)
    joined = frame.join(result.frame("quality"), on=["supplier", "product", "destination", "year"])
    assert joined.select(pl.corr("truth", "quality")).item() > 0.97
    slope = np.polyfit(joined["truth"].to_numpy(), joined["quality"].to_numpy(), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.06)


def test_product_effects_let_levels_survive_where_cells_do_not() -> None:
    """Everybody gets better in one year in one product: seen with product effects, gone with cells."""
    frame = world()
    better = (pl.col("year") == 2003) & (pl.col("product") == "6400")
    sigma = pl.when(pl.col("destination") == "US").then(3.0).otherwise(5.0)
    lifted = frame.with_columns(
        pl.when(better).then(pl.col(name) * ((sigma - 1) * 0.5).exp()).otherwise(pl.col(name)).alias(name)
        for name in ("quantity", "quantity_value")
    )
    for effects, least, most in (("product", 0.2, 0.5), ("cell", -1e-6, 1e-6)):
        rise = (
            quality(lifted, SIGMA, effects=effects).frame("quality").filter(better)["quality"].mean()
            - quality(frame, SIGMA, effects=effects).frame("quality").filter(better)["quality"].mean()
        )
        assert least <= rise <= most


def test_supplier_means_are_weighted_and_say_what_they_cover() -> None:
    frame = world(suppliers=5).with_columns(
        quantity=pl.when((pl.col("supplier") == "s00") & (pl.col("product") == "6400")).then(None).otherwise("quantity")
    )
    result = quality(frame, SIGMA)
    rows = result.frame("quality").filter((pl.col("supplier") == "s00") & (pl.col("year") == 2001))
    mean = (rows["value"] * rows["quality"]).sum() / rows["value"].sum()
    table = result.frame("supplier_quality").filter((pl.col("supplier") == "s00") & (pl.col("year") == 2001))
    assert table["quality"].item() == pytest.approx(mean)
    assert 0 < table["share"].item() < 1
    assert result.missing[0].count == 8


def test_sensitivity_is_what_quality_with_those_elasticities_says() -> None:
    frame = world(suppliers=10)
    base = quality(frame, SIGMA)
    double = quality(frame, SIGMA.with_columns(sigma=1 + 2 * (pl.col("sigma") - 1)))
    table = base.frame("sensitivity")
    one, two = base.frame("quality")["quality"], double.frame("quality")["quality"]
    expected = pl.DataFrame({"a": one, "b": two}).select(pl.corr("a", "b", method="spearman")).item()
    assert table.filter(pl.col("factor") == 2.0)["rank_correlation"].item() == pytest.approx(expected, abs=1e-6)
    assert table.filter(pl.col("factor") == 1.0).row(0)[2:] == pytest.approx((1.0, 1.0))
    assert table["sigma_median"].to_list() == pytest.approx([2.5, 3.25, 4.0, 5.5, 7.0])


def test_elasticities_by_longest_code_and_own_destination_first() -> None:
    table = pl.DataFrame({"product": ["64", "6403", "64"], "destination": ["US", None, None], "sigma": [2.0, 3.0, 4.0]})
    cells = pl.DataFrame({"product": ["6403", "6403", "6404", "71"], "destination": ["US", "AR", "AR", "AR"]})
    assert match_elasticities(cells, table)["sigma"].to_list() == [2.0, 3.0, 4.0, None]


def test_rows_without_use_are_counted_by_reason() -> None:
    frame = pl.concat(
        [world(suppliers=5), world(suppliers=1, years=1).with_columns(supplier=pl.lit("x"), product=pl.lit("9"))[:1]]
    )
    table = pl.concat(
        [SIGMA.head(1), SIGMA.tail(1).with_columns(sigma=1.01), SIGMA.head(1).with_columns(product=pl.lit("9"))]
    )
    result = quality(frame, table)
    assert {one.reason.split(",")[0]: one.count for one in result.missing} == {
        "the elasticity is below 1.05": 80, "alone in its product or its destination and year": 1,
    }  # fmt: skip


def test_many_effects_with_one_row_each_end_in_an_error_that_says_why() -> None:
    lonely = pl.DataFrame({
        "supplier": [f"s{i}" for i in range(100_000)], "product": [f"{i}" for i in range(100_000)], "destination": "US",
        "year": 2000, "quantity_value": 2.0, "quantity": 1.0,
    })  # fmt: skip
    with pytest.raises(UpgradingError, match=r"alone in one of its effects.*100,000 rows"):
        quality(lonely, pl.DataFrame({"product": [""], "sigma": [3.0]}))


@pytest.mark.parametrize(
    ("change", "table", "message"),
    [
        (lambda w: pl.concat([w, w]), SIGMA, "repeated"),
        (lambda w: w, SIGMA.with_columns(product=pl.lit("99"), destination=pl.Series(["US", "AR"])), "no row has"),
        (lambda w: w.with_columns(quantity=pl.lit(None, pl.Float64)), SIGMA, "no row has"),
        (lambda w: w, pl.concat([SIGMA, SIGMA]), "two elasticities"),
        (lambda w: w, SIGMA.drop("sigma"), "'sigma' is missing"),
    ],
)
def test_bad_input_is_explained(change: Any, table: pl.DataFrame, message: str) -> None:
    with pytest.raises(UpgradingError, match=message):
        quality(change(world(suppliers=3)), table)


def test_options_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="cell"):
        quality(world(suppliers=3), SIGMA, effects="cells")
    with pytest.raises(UpgradingError, match="above zero"):
        quality(world(suppliers=3), SIGMA, factors=(0.0,))


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyfixest":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"sinos\[estimation\]"):
        quality(world(suppliers=3), SIGMA)


def test_lone_rows_are_pruned_until_none_is_left() -> None:
    chain = [np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 2])]
    assert identified(chain).tolist() == [False] * 5


def test_the_hash_seed_of_the_process_moves_no_digit(tmp_path: Path) -> None:
    """Effects are taken out in the order given; an order that hangs on hashes moves the last digits."""
    world().write_parquet(tmp_path / "cells.parquet")
    SIGMA.write_parquet(tmp_path / "sigma.parquet")
    script = (
        "import sys, polars as pl\n"
        "from sinos.upgrading.estimators.quality import quality\n"
        "cells, sigma = (pl.read_parquet(f'{sys.argv[1]}/{name}.parquet') for name in ('cells', 'sigma'))\n"
        "print(quality(cells, sigma).frame('quality')['quality'].to_list())\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in "1234"
    }  # fmt: skip
    assert len(seen) == 1
