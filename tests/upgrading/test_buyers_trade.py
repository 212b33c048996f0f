"""Better buyers, the lead firm's offering, Bernhardt-Milberg, PRODY and EXPY: planted and hand-computed."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.buyers import lead_firm_offering, succession
from sinos.upgrading.estimators.trade import bernhardt_milberg, prody_expy


def sales(rows: list[tuple[str, str, int, float, float]]) -> pl.DataFrame:
    schema = ["supplier", "buyer", "year", "value", "price"]
    framed = pl.DataFrame(rows, schema=schema, orient="row")
    return framed.with_columns(product=pl.lit("p"), quantity=pl.col("value") / pl.col("price"))


def test_succession_counts_better_buyers_and_not_ones_own_prices() -> None:
    others = [(f"o{i}", buyer, year, 10.0, price) for i in range(2) for buyer, price in (("low", 1.0), ("high", 4.0))
              for year in (2000, 2001)]  # fmt: skip
    own = [("s", "low", 2000, 10.0, 1.0), ("s", "high", 2001, 10.0, 1.0)]
    result = succession(sales(others + own))
    table = result.frame("succession").filter(pl.col("supplier") == "s")
    mean = 2 * math.log(4) / 5
    assert table["tier"].to_list() == pytest.approx([-mean, math.log(4) - mean])
    assert table["between"][1] == pytest.approx(math.log(4))
    assert table["within"][1] == 0.0
    dearer = succession(sales([*others, ("s", "low", 2000, 10.0, 1.0), ("s", "low", 2001, 10.0, 9.0)]))
    flat = dearer.frame("succession").filter(pl.col("supplier") == "s")
    assert flat["change"][1] == pytest.approx(-math.log(9) / 5)
    assert flat["between"][1] == pytest.approx(0.0)


def test_a_buyer_without_others_has_no_tier() -> None:
    result = succession(
        sales([("s", "only", 2000, 1.0, 1.0), ("t", "two", 2000, 1.0, 1.0), ("u", "two", 2000, 1.0, 2.0)])
    )
    assert result.frame("buyer_tiers")["tier"].to_list() == [None, None, None]
    assert result.frame("succession").height == 0
    assert result.missing[0].count == 3


def offering(beta: float, seed: int = 1) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    rows = []
    for b in range(40):
        shelf = draw.normal(size=8).cumsum()
        for s in range(4):
            fixed = draw.normal()
            rows += [(f"s{b}-{s}", f"b{b}", 2000 + t, 1.0, float(np.exp(fixed + draw.normal(0, 0.1) + (
                beta * shelf[t - 1] if s == 0 else shelf[t])))) for t in range(1, 8)]  # fmt: skip
    return sales(rows)


def test_the_effect_of_the_lead_firms_offering_is_recovered() -> None:
    """One supplier of each buyer follows a year later; the others are the offering."""
    pytest.importorskip("pyfixest")
    followers = offering(0.5)
    result = lead_firm_offering(followers)
    table = result.frame("offerings").filter(pl.col("supplier").str.ends_with("-0")).drop_nulls()
    demeaned = table.with_columns(
        pl.col(name) - pl.col(name).mean().over("supplier") for name in ("log_price", "offering_before")
    )
    slope = (demeaned["log_price"] * demeaned["offering_before"]).sum() / (demeaned["offering_before"] ** 2).sum()
    assert slope == pytest.approx(0.5, abs=0.05)
    row = result.frame().row(0, named=True)
    assert row["low"] < row["estimate"] < row["high"]
    assert row["buyers"] == 40


def test_offering_equals_dummies_by_hand() -> None:
    pytest.importorskip("pyfixest")
    result = lead_firm_offering(offering(0.5).filter(pl.col("year") < 2005))
    used = result.frame("offerings").drop_nulls()
    key = used.select(r=pl.struct("supplier", "buyer", "product").rank("dense"), m=pl.col("year").rank("dense"))
    blocks = [np.eye(int(key[name].max()))[key[name].to_numpy().astype(int) - 1] for name in ("r", "m")]
    design = np.hstack([used["offering_before"].to_numpy()[:, None], *blocks])
    by_hand = np.linalg.lstsq(design, used["log_price"].to_numpy(), rcond=None)[0][0]
    assert result.frame()["estimate"][0] == pytest.approx(by_hand, abs=1e-6)


def test_offering_without_years_or_buyers_is_explained() -> None:
    pytest.importorskip("pyfixest")
    with pytest.raises(UpgradingError, match="0 rows of 0 buyers"):
        lead_firm_offering(offering(0.5).filter(pl.col("year") == 2001))
    with pytest.raises(UpgradingError, match="two years"):
        lead_firm_offering(offering(0.5).filter(pl.col("year") < 2003))
    with pytest.raises(UpgradingError, match="quantities"):
        succession(offering(0.5).with_columns(quantity=pl.lit(0.0)))


def clusters() -> pl.DataFrame:
    return pl.DataFrame({
        "cluster": ["a", "a", "b", "b", "c", "c"], "sector": "shoes", "year": [1990, 2000] * 3,
        "value": [10.0, 30.0, 20.0, 20.0, 5.0, 9.0], "quantity": [10.0, 20.0, 10.0, 20.0, 5.0, 5.0],
        "world_value": [100.0, 200.0] * 3,
        "jobs": [100, 120, 100, 80, None, 3], "wages": [1.0, 0.9, 1.0, 0.5, 1.0, 1.0],
    })  # fmt: skip


def test_bernhardt_milberg_by_hand() -> None:
    result = bernhardt_milberg(clusters(), first=1990, last=2000, employment="jobs", real_wage="wages")
    table = result.frame()
    assert table["share_growth"].to_list() == pytest.approx([0.5, -0.5, -0.1])
    assert table["unit_value_growth"].to_list() == pytest.approx([0.5, -0.5, 0.8])
    assert table["economic"].to_list() == ["upgrading", "downgrading", "intermediate (up)"]
    assert table["economic_mean"].to_list() == pytest.approx([0.5, -0.5, 0.35])
    assert table["social"].to_list() == ["intermediate (up)", "downgrading", None]


def test_bernhardt_milberg_explains_bad_years() -> None:
    with pytest.raises(UpgradingError, match="earlier first"):
        bernhardt_milberg(clusters(), first=2000, last=2000)
    with pytest.raises(UpgradingError, match="1990, 2000"):
        bernhardt_milberg(clusters(), first=1980, last=2000)
    zero = clusters().with_columns(quantity=pl.lit(0.0))
    assert bernhardt_milberg(zero, first=1990, last=2000).missing[0].count == 3


def test_prody_and_expy_by_hand() -> None:
    exports = pl.DataFrame({"country": ["A", "A", "A", "B", "C"], "product": ["x", "x", "y", "x", "z"],
                            "value": [1.0, 1.0, 2.0, 4.0, 9.0]})  # fmt: skip
    incomes = pl.DataFrame({"country": ["A", "B"], "income": [10.0, 40.0]})
    own = pl.DataFrame({"cluster": ["k", "k"], "product": ["x", "z"], "value": [3.0, 1.0]})
    result = prody_expy(exports, incomes, own)
    assert result.frame("prody").rows() == [("x", 2, pytest.approx((0.5 * 10 + 1.0 * 40) / 1.5)), ("y", 1, 10.0)]
    expy = {row["unit"]: row for row in result.frame("expy").iter_rows(named=True)}
    assert expy["A"]["expy"] == pytest.approx(0.5 * 30 + 0.5 * 10)
    assert expy["k"]["expy"] == pytest.approx(30.0)
    assert expy["k"]["share"] == pytest.approx(0.75)
    assert expy["C"]["expy"] is None
    assert "no measure of a firm" in result.warnings[0]
    assert result.missing[0].count == 1
    with pytest.raises(UpgradingError, match="same country names"):
        prody_expy(exports, incomes.with_columns(country=pl.Series(["D", "E"])))
