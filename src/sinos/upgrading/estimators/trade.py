"""Clusters and countries from trade statistics: Bernhardt-Milberg, PRODY and EXPY."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.errors import UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, estimates, read

CAVEAT = (
    "PRODY is the income of the countries that export a product, EXPY its mean over a cluster's exports: they say what "
    "is sold, not how well it is made or which function is performed, and are no measure of a firm's upgrading"
)


def bernhardt_milberg(
    frame: Any,
    *,
    first: int,
    last: int,
    cluster: str = "cluster",
    sector: str = "sector",
    year: str = "year",
    value: str = "value",
    quantity: str = "quantity",
    world_value: str = "world_value",
    employment: str | None = None,
    real_wage: str | None = None,
) -> Estimates:
    """Classify economic and social upgrading of clusters from the growth of two indicators each.

    Economic: the cluster's share of world exports of the sector, and its export unit value. Social: employment and real
    wages. Both up: ``upgrading``; both down: ``downgrading``; apart: ``intermediate``, with the sign of the mean of
    the two growth rates (Bernhardt & Milberg 2011).

    Parameters
    ----------
    frame
        Cluster (or country) x sector x year.
    first, last
        The two years compared.
    cluster, sector, year, value, quantity, world_value, employment, real_wage
        Columns; ``world_value`` is exports of the sector by all, the cluster among them.

    Returns
    -------
    Estimates
        Table ``bernhardt_milberg``: cluster, sector, from_year, year, share_growth, unit_value_growth, economic,
        economic_mean, employment_growth, wage_growth, social, social_mean. Growth is relative change (0.1 is 10 %).

    Notes
    -----
    Unit values rise with costs, exchange rates and the mix of goods too (science C1): unit values are nominal here, so
    deflate them, or give values relative to the world's, before reading growth over a long time.
    """
    if first >= last:
        raise UpgradingError(
            f"first is {first} and last {last}", where="bernhardt_milberg", fix="give an earlier first"
        )
    social = {name: column for name, column in (("employment", employment), ("wage", real_wage)) if column}
    tidy = read(
        frame, where="bernhardt_milberg", text={"cluster": cluster, "sector": sector}, years={"year": year},
        numbers={"value": value, "quantity": quantity, "world_value": world_value, **social},
        key=("cluster", "sector", "year"),
    )  # fmt: skip
    level = tidy.frame.with_columns(
        share=_ratio("value", "world_value"), unit_value=_ratio("value", "quantity"),
        **{name: pl.lit(None, pl.Float64) for name in ("employment", "wage") if name not in social},
    )  # fmt: skip
    names = ("share", "unit_value", "employment", "wage")
    old, new = (level.filter(pl.col("year") == when).select("cluster", "sector", *names) for when in (first, last))
    both = old.join(new, on=["cluster", "sector"], suffix="_new").sort("cluster", "sector")
    if not both.height:
        raise UpgradingError(
            f"no cluster and sector has rows in both {first} and {last}", where="bernhardt_milberg",
            fix=f"choose years among {', '.join(str(y) for y in sorted(set(level['year']))[:10])}",
        )  # fmt: skip
    grown = both.select(
        "cluster", "sector",
        *(
            pl.when((pl.col(name) > 0) & pl.col(f"{name}_new").is_not_null())
            .then(pl.col(f"{name}_new") / pl.col(name) - 1.0)
            .alias(f"{name}_growth")
            for name in names
        ),
    )  # fmt: skip
    table = grown.select(
        "cluster", "sector", pl.lit(first, pl.Int64).alias("from_year"), pl.lit(last, pl.Int64).alias("year"),
        "share_growth", "unit_value_growth", *_verdict("share_growth", "unit_value_growth", "economic"),
        "employment_growth", "wage_growth", *_verdict("employment_growth", "wage_growth", "social"),
    )  # fmt: skip
    gone = table["economic"].null_count()
    reason = "a share or unit value is missing or zero in one of the years"
    missing = [Missing("bernhardt_milberg", "economic", gone, reason)] if gone else []
    return estimates(
        "bernhardt_milberg", {"bernhardt_milberg": table}, tidy, options={"first": first, "last": last},
        references=("bernhardt_milberg2011",), missing=missing,
    )  # fmt: skip


def prody_expy(
    exports: Any,
    incomes: Any,
    clusters: Any = None,
    *,
    country: str = "country",
    product: str = "product",
    value: str = "value",
    income: str = "income",
    cluster: str = "cluster",
) -> Estimates:
    """Return PRODY of products and EXPY of countries and of the user's clusters.

    ``PRODY_i = sum_c [(x_ci / X_c) / sum_c' (x_c'i / X_c')] Y_c`` and ``EXPY_c = sum_i (x_ci / X_c) PRODY_i``
    (Hausmann, Hwang & Rodrik 2007). For a cluster, the shares are those of its own exports.

    Parameters
    ----------
    exports
        Exports of *all* countries: country, product, value (rows of one key are summed).
    incomes
        Income per head of each country: country, income.
    clusters
        Exports of the user's clusters: cluster, product, value.
    country, product, value, income, cluster
        Columns.

    Returns
    -------
    Estimates
        Tables ``prody`` (product, countries, prody) and ``expy`` (level: country or cluster, unit, expy, share of
        exports whose products have a PRODY). The caveat is among the warnings.
    """
    trade = read(exports, where="exports", text={"country": country, "product": product}, numbers={"value": value})
    wealth = read(incomes, where="incomes", text={"country": country}, numbers={"income": income}, key=("country",))
    rows = _summed(trade.frame, "country").join(wealth.frame, on="country", how="left")
    without = rows.filter(pl.col("income").is_null())
    shares = rows.drop_nulls("income").with_columns(share=pl.col("value") / pl.col("value").sum().over("country"))
    if not shares.height:
        raise UpgradingError("no exporting country has an income", where="prody_expy", fix="use the same country names")
    weight = pl.col("share") / pl.col("share").sum().over("product")
    prody = (
        shares.with_columns(part=weight * pl.col("income"))
        .group_by("product")
        .agg(countries=pl.len().cast(pl.Int64), prody=pl.col("part").sort().sum())
        .sort("product")
    )
    parts = [_expy(_summed(trade.frame, "country").rename({"country": "unit"}), prody, "country")]
    tidies = [trade, wealth]
    if clusters is not None:
        own = read(clusters, where="clusters", text={"cluster": cluster, "product": product}, numbers={"value": value})
        tidies.append(own)
        parts.append(_expy(_summed(own.frame, "cluster").rename({"cluster": "unit"}), prody, "cluster"))
    gone = without["country"].n_unique()
    missing = (
        [Missing("prody", "prody", gone, "countries without an income: their exports are not used")] if gone else []
    )
    return estimates(
        "prody_expy", {"prody": prody, "expy": pl.concat(parts)}, tidies, options={}, references=("hausmann2007",),
        missing=missing, warnings=[CAVEAT],
    )  # fmt: skip


def _ratio(above: str, below: str) -> pl.Expr:
    return pl.when((pl.col(below) > 0) & (pl.col(above) > 0)).then(pl.col(above) / pl.col(below))


def _verdict(one: str, other: str, name: str) -> tuple[pl.Expr, pl.Expr]:
    a, b = pl.col(one), pl.col(other)
    verdict = (
        pl.when(a.is_null() | b.is_null())
        .then(None)
        .when((a > 0) & (b > 0))
        .then(pl.lit("upgrading"))
        .when((a < 0) & (b < 0))
        .then(pl.lit("downgrading"))
        .when(a + b > 0)
        .then(pl.lit("intermediate (up)"))
        .when(a + b < 0)
        .then(pl.lit("intermediate (down)"))
        .otherwise(pl.lit("intermediate"))
    )
    return verdict.alias(name), ((a + b) / 2).alias(f"{name}_mean")


def _summed(rows: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Sum repeated keys, so that nothing is dropped (science C6 names a package that keeps the first)."""
    known = rows.drop_nulls().filter(pl.col("value") > 0)
    return known.group_by(unit, "product").agg(value=pl.col("value").sort().sum()).sort(unit, "product")


def _expy(rows: pl.DataFrame, prody: pl.DataFrame, level: str) -> pl.DataFrame:
    total = rows.group_by("unit").agg(total=pl.col("value").sort().sum())
    known = rows.join(prody, on="product").sort("unit", "product")
    means = known.group_by("unit", maintain_order=True).agg(
        expy=(pl.col("value") * pl.col("prody")).sum() / pl.col("value").sum(), known=pl.col("value").sum()
    )
    joined = total.join(means, on="unit", how="left").sort("unit")
    share = pl.col("known").fill_null(0.0) / pl.col("total")
    return joined.select("unit", "expy", level=pl.lit(level), share=share).select("level", "unit", "expy", "share")
