"""Productivity and quality on hard inputs: an error or a missing value that says why, never inf or NaN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from planted import plants

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.productivity import productivity
from sinos.upgrading.estimators.quality import quality
from sinos.upgrading.estimators.tidy import Estimates

pytest.importorskip("pyfixest")

METHODS = ["op", "lp", "acf", "wooldridge"]
SIGMA = pl.DataFrame({"product": ["64"], "sigma": [4.0]})


def firms(number: int = 60, years: int = 5) -> pl.DataFrame:
    world = plants(number=number, years=years, seed=2)
    draw = np.random.default_rng(1)
    return world.select(
        "supplier", "year", value_added=pl.col("y").exp(), employment=pl.col("l").exp(), capital=pl.col("k").exp(),
        materials=pl.col("m").exp(), capex=pl.Series(draw.lognormal(0, 1, world.height)),
    )  # fmt: skip


def finite(result: Estimates) -> None:
    for name in result.names():
        frame = result.frame(name)
        for column, kind in frame.schema.items():
            if kind == pl.Float64:
                assert frame[column].drop_nulls().is_finite().all(), (name, column)


FIRMS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "collinear": (lambda f: f.with_columns(employment=pl.col("capital") ** 2), "collinear|do not vary"),
    "constant": (lambda f: f.with_columns(employment=pl.lit(3.0)), "holds one value"),
    "constant output": (lambda f: f.with_columns(value_added=pl.lit(3.0)), "holds one value"),
    "singletons": (
        lambda f: f.with_columns(supplier=pl.concat_str("supplier", pl.col("year").cast(pl.String))), "year before",
    ),
    "one supplier": (lambda f: f.filter(pl.col("supplier") == f["supplier"][0]), "year before"),
    "one year": (lambda f: f.filter(pl.col("year") == f["year"].min()), "year before"),
    "all missing": (lambda f: f.with_columns(value_added=pl.lit(None, pl.Float64)), "year before|no row"),
    "no rows": (lambda f: f.clear(), "year before|no row"),
    "not positive": (lambda f: f.with_columns(capital=pl.lit(-1.0)), "year before|no row"),
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", list(FIRMS))
def test_productivity_says_why_not(method: str, name: str) -> None:
    change, reason = FIRMS[name]
    proxy = ("capex",) if method == "op" else ("materials",)
    with pytest.raises(UpgradingError, match=reason):
        productivity(change(firms()), method=method, proxy=proxy, bootstrap=0, starts=2)


@pytest.mark.parametrize("method", METHODS)
def test_productivity_on_wild_numbers_gives_finite_numbers(method: str) -> None:
    odd = firms().with_columns(
        pl.when(pl.int_range(pl.len()) % 17 == place).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for place, (name, value) in enumerate(
            {"employment": np.inf, "capital": np.nan, "materials": 0.0, "value_added": -1.0}.items()
        )
    )
    proxy = ("capex",) if method == "op" else ("materials",)
    result = productivity(odd, method=method, proxy=proxy, bootstrap=3, starts=2)
    finite(result)
    assert sum(item.count for item in result.missing) > 0


def test_productivity_of_a_hundred_thousand_firms_seen_once() -> None:
    number = 100_000
    draw = np.random.default_rng(0)
    once = pl.DataFrame({"supplier": [f"s{i}" for i in range(number)], "year": np.full(number, 2000),
                         **{name: draw.lognormal(0, 1, number) for name in
                            ("value_added", "employment", "capital", "materials")}})  # fmt: skip
    with pytest.raises(UpgradingError, match="0 supplier-years have the year before them"):
        productivity(once, method="lp", bootstrap=0, starts=2)


def cells(suppliers: int = 12, years: int = 3) -> pl.DataFrame:
    draw = np.random.default_rng(3)
    rows = [(f"s{s}", f"640{p}", d, 2000 + y, draw.lognormal(3, 0.5), draw.lognormal(2, 0.5))
            for s in range(suppliers) for p in range(3) for d in ("US", "AR") for y in range(years)]  # fmt: skip
    names = ["supplier", "product", "destination", "year", "quantity_value", "quantity"]
    return pl.DataFrame(rows, schema=names, orient="row")


ALONE = "alone in one of its effects"
CELLS: dict[str, tuple[Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "singletons": (lambda f: f.with_columns(product=pl.concat_str(pl.lit("64"), pl.int_range(pl.len()))), ALONE),
    "all missing": (lambda f: f.with_columns(quantity=pl.lit(None, pl.Float64)), "no row has a unit value"),
    "no rows": (lambda f: f.clear(), "no row"),
    "zeros": (lambda f: f.with_columns(quantity=pl.lit(0.0)), "no row has a unit value"),
    "no elasticity": (lambda f: f.with_columns(product=pl.concat_str(pl.lit("9"), "product")), "elasticity above"),
    "one row": (lambda f: f.head(1), ALONE),
}


@pytest.mark.parametrize("effects", ["product", "cell"])
@pytest.mark.parametrize("name", list(CELLS))
def test_quality_says_why_not(effects: str, name: str) -> None:
    change, reason = CELLS[name]
    with pytest.raises(UpgradingError, match=reason):
        quality(change(cells()), SIGMA, effects=effects)


@pytest.mark.parametrize("effects", ["product", "cell"])
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.with_columns(quantity=pl.lit(2.0), quantity_value=pl.lit(6.0)),
        lambda f: f.filter(pl.col("year") == 2000),
        lambda f: f.with_columns(destination=pl.lit(None, pl.String)).unique(["supplier", "product", "year"]),
        lambda f: f.with_columns(
            quantity=pl.when(pl.int_range(pl.len()) % 5 == 0).then(np.inf).otherwise(pl.col("quantity")),
            quantity_value=pl.when(pl.int_range(pl.len()) % 7 == 0).then(np.nan).otherwise(pl.col("quantity_value")),
        ),
        lambda f: f.filter(pl.col("supplier").is_in(["s1", "s2"])),
    ],
    ids=["constant", "one year", "no destination", "wild numbers", "two suppliers"],
)
def test_quality_gives_finite_numbers(effects: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    result = quality(change(cells()), SIGMA, effects=effects)
    finite(result)
    assert result.frame("quality").height > 0


def test_quality_of_a_hundred_thousand_products_sold_once() -> None:
    number = 100_000
    draw = np.random.default_rng(0)
    once = pl.DataFrame({"supplier": ["s"] * number, "product": [f"64{i:06d}" for i in range(number)],
                         "destination": ["US"] * number, "year": [2000] * number,
                         "quantity_value": draw.lognormal(3, 1, number), "quantity": [2.0] * number})  # fmt: skip
    with pytest.raises(UpgradingError, match=ALONE):
        quality(once, SIGMA)
