"""Clusters: value-weighted changes of their suppliers, prices against suppliers outside, and quadrants."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.upgrading.product import relative_cells, unit_values

_MARKET = ["product", "destination", "year"]


def cluster_years(units: pl.DataFrame) -> pl.DataFrame:
    """Return the cluster-years to be scored: ``unit``, ``year``, ``cluster``."""
    known = units.filter(pl.col("cluster").is_not_null())
    return known.select(unit="cluster", year="year", cluster="cluster").unique().sort("unit", "year")


def supplier_means(units: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Return cluster changes as means of the changes of the cluster's suppliers, weighted by their sales.

    Only suppliers observed in both years enter, so that entry and exit do not count as upgrading. The 90 % interval is
    ``mean +- t sqrt(n / (n - 1) sum w^2 (d - mean)^2)`` with n suppliers and t of n - 1 degrees of freedom.

    Parameters
    ----------
    units
        Supplier-years: ``unit``, ``year``, ``cluster``, ``weight``.
    changes
        Changes of suppliers; those marked ``sound`` enter, also where they cannot be told from zero.

    Returns
    -------
    polars.DataFrame
        unit (the cluster), year, measure, change, low, high, from_year (the commonest), reason; one row per
        cluster-year and measure.
    """
    weights = units.filter(pl.col("cluster").is_not_null() & (pl.col("weight") > 0)).select(
        "unit", "year", "cluster", "weight"
    )
    known = changes.filter("sound")
    rows = known.join(weights, on=["unit", "year"]).sort("cluster", "measure", "year", "unit")
    key = rows.select("cluster", "measure", "year").unique(maintain_order=True)
    group = rows.select(pl.struct("cluster", "measure", "year").rle_id().cast(pl.Int64)).to_series().to_numpy()
    change, weight = rows["change"].to_numpy(), rows["weight"].to_numpy()
    size = key.height
    share = weight / np.bincount(group, weight, size)[group] if size else weight
    mean = np.bincount(group, share * change, size)
    half = _half_width(change - mean[group], share, group, size)
    first = rows.group_by("cluster", "measure", "year").agg(from_year=pl.col("from_year").mode().min())
    made = key.with_columns(
        change=pl.Series(mean, dtype=pl.Float64),
        low=pl.Series(mean - half, dtype=pl.Float64).fill_nan(None),
        high=pl.Series(mean + half, dtype=pl.Float64).fill_nan(None),
    ).join(first, on=["cluster", "measure", "year"], how="left")
    every = cluster_years(units).drop("cluster").join(changes.select("measure").unique().sort("measure"), how="cross")
    framed = every.join(made.rename({"cluster": "unit"}), on=["unit", "measure", "year"], how="left")
    missing = pl.col("change").is_null()
    return framed.with_columns(
        reason=pl.when(missing).then(pl.format("no supplier of the cluster with a known change in {}", "year"))
    ).select("unit", "year", "measure", "change", "low", "high", "from_year", "reason")


def supplier_levels(units: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Return cluster levels as means of the suppliers' levels weighted by their sales: unit, year, measure, value."""
    weights = units.filter(pl.col("cluster").is_not_null() & (pl.col("weight") > 0))
    rows = levels.join(weights.select("unit", "year", "cluster", "weight"), on=["unit", "year"]).sort(
        "cluster", "measure", "year", "unit"
    )
    key = rows.select("cluster", "measure", "year").unique(maintain_order=True)
    group = rows.select(pl.struct("cluster", "measure", "year").rle_id().cast(pl.Int64)).to_series().to_numpy()
    weight = rows["weight"].to_numpy()
    total = np.bincount(group, weight, key.height)
    mean = np.bincount(group, weight * rows["value"].to_numpy(), key.height) / total
    framed = key.with_columns(value=pl.Series(mean, dtype=pl.Float64))
    return framed.select("year", "measure", "value", unit="cluster").select("unit", "year", "measure", "value")


def cluster_cells(units: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of clusters: their median unit value against the median of suppliers outside.

    Returns
    -------
    polars.DataFrame
        As :func:`sinos.upgrading.product.supplier_cells`, with clusters as units; ``comparators`` counts suppliers
        outside.
    """
    priced = unit_values(cells).join(units.select("unit", "year", "cluster"), on=["unit", "year"]).drop_nulls("cluster")
    inside = priced.group_by("cluster", *_MARKET).agg(
        log_unit_value=pl.col("log_unit_value").median(), value=pl.col("value").sort().sum()
    )
    outside = (
        inside.select("cluster", *_MARKET)
        .join(priced.rename({"cluster": "other"}).select(*_MARKET, "other", other_value="log_unit_value"), on=_MARKET)
        .filter(pl.col("other") != pl.col("cluster"))
        .group_by("cluster", *_MARKET)
        .agg(benchmark=pl.col("other_value").median(), comparators=pl.len().cast(pl.Int64))
    )
    framed = inside.join(outside, on=["cluster", *_MARKET], how="left").with_columns(
        pl.col("comparators").fill_null(0), unit="cluster"
    )
    return relative_cells(framed.drop("cluster"))


def quadrants(units: pl.DataFrame, cells: pl.DataFrame, window: int, band: float) -> pl.DataFrame:
    """Return Kaplinsky-Readman quadrants by cluster, product and destination.

    Changes over ``window`` years of the cluster's unit value relative to suppliers outside it, and of its share of the
    market (recorded value of the product and destination), both in log points. Up and up: product upgrading; down and
    up: process upgrading; up and down: niche retreat; down and down: downgrading; both within the flat band: flat. A
    cell without suppliers outside the cluster has no row: its share of the market is one by construction.
    """
    own = cluster_cells(units, cells).filter(pl.col("relative").is_not_null())
    market = _shares(units, cells)
    framed = own.join(market, on=["unit", *_MARKET]).select(
        "unit", "product", "destination", "year", "relative", share=pl.col("share").log()
    )
    earlier = framed.select(
        "unit", "product", "destination", year=pl.col("year") + window, old="relative", old_share="share"
    )
    both = framed.join(earlier, on=["unit", "product", "destination", "year"])
    price, share = pl.col("relative") - pl.col("old"), pl.col("share") - pl.col("old_share")
    made = both.with_columns(relative_unit_value_change=price, market_share_change=share)
    rise, gain = pl.col("relative_unit_value_change") > 0, pl.col("market_share_change") > 0
    flat = (pl.col("relative_unit_value_change").abs() <= band) & (pl.col("market_share_change").abs() <= band)
    quadrant = (
        pl.when(flat)
        .then(pl.lit("flat"))
        .when(rise & gain)
        .then(pl.lit("product upgrading"))
        .when(gain)
        .then(pl.lit("process upgrading"))
        .when(rise)
        .then(pl.lit("niche retreat"))
        .otherwise(pl.lit("downgrading"))
    )
    return (
        made.select(
            "product",
            "destination",
            "year",
            "relative_unit_value_change",
            "market_share_change",
            cluster="unit",
            from_year=pl.col("year") - window,
            quadrant=quadrant,
        )
        .select(
            "cluster",
            "product",
            "destination",
            "from_year",
            "year",
            "relative_unit_value_change",
            "market_share_change",
            "quadrant",
        )
        .sort("cluster", "product", "destination", "year")
    )


def _shares(units: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Return each cluster's share of the recorded value of product x destination x year."""
    rows = cells.select(
        "product",
        "year",
        pl.col("value").cast(pl.Float64),
        unit="supplier",
        destination=pl.col("destination").fill_null("unknown"),
    ).join(units.select("unit", "year", "cluster"), on=["unit", "year"])
    total = rows.group_by(_MARKET).agg(total=pl.col("value").sort().sum())
    own = rows.drop_nulls("cluster").group_by("cluster", *_MARKET).agg(value=pl.col("value").sort().sum())
    framed = own.join(total, on=_MARKET).filter((pl.col("value") > 0) & (pl.col("total") > 0))
    return framed.select(*_MARKET, unit="cluster", share=pl.col("value") / pl.col("total"))


def _half_width(residual: np.ndarray, share: np.ndarray, group: np.ndarray, size: int) -> np.ndarray:
    from scipy.special import stdtrit

    number = np.bincount(group, minlength=size).astype(np.float64)
    several = np.where(number > 1, number, np.nan)
    spread = np.sqrt(np.bincount(group, (share * residual) ** 2, size) * several / (several - 1))
    return np.asarray(stdtrit(several - 1, 0.95) * spread)
