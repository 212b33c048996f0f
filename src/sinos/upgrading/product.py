"""Product upgrading: unit values relative to rivals in the same product, destination and year.

A cell is product x destination x year. Its benchmark for a supplier is the median unit value of the *other*
suppliers, so that a common price movement cancels, and one wrong unit cannot move it. Influence is bounded twice: a
unit value five times above or below its benchmark is left out as an error of unit, and one cell's change counts at
most as a doubling. Sources: Kaplinsky & Readman 2005; Fontagne & Freudenberg 1997; science C1.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.upgrading.direction import LOW_HIGH
from sinos.upgrading.panel import with_base
from sinos.upgrading.rules import constant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELL = ["product", "destination", "year"]


def others_median(values: Floats, groups: Ints) -> Floats:
    """Return for each member the median of the other members of its group; NaN where it is alone.

    Parameters
    ----------
    values
        Values (n).
    groups
        Group of each value, as codes 0, 1, ... (n).

    Examples
    --------
    >>> others_median(np.array([1.0, 2.0, 4.0, 9.0]), np.array([0, 0, 0, 1]))
    array([3. , 2.5, 1.5, nan])
    """
    order = np.lexsort((values, groups))
    ranked, group = values[order], groups[order]
    size = np.bincount(groups, minlength=int(groups.max(initial=-1)) + 1)
    start = np.cumsum(size) - size
    position, others = np.arange(len(values)) - start[group], size[group] - 1
    low, high = np.maximum((others - 1) // 2, 0), others // 2
    last = len(values) - 1
    at = [np.minimum(start[group] + spot + (spot >= position), last) for spot in (low, high)]
    median = np.where(others > 0, 0.5 * (ranked[at[0]] + ranked[at[1]]) if len(values) else ranked, np.nan)
    result = np.empty_like(values)
    result[order] = median
    return result


def supplier_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of every supplier with their unit values and benchmarks, in log points.

    Parameters
    ----------
    rows
        ``supplier_product_years``: supplier, product, destination, year, value, quantity, quantity_value.

    Returns
    -------
    polars.DataFrame
        unit, product, destination, year, value, log_unit_value, comparators, relative (null where there are fewer
        than three other suppliers, or the unit value is taken as an error of unit), error (flag), sorted by key.
    """
    priced = unit_values(rows).sort(*CELL, "unit")
    group = priced.select(pl.struct(CELL).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    benchmark = others_median(priced["log_unit_value"].to_numpy(), group)
    framed = priced.with_columns(
        benchmark=pl.Series(benchmark, dtype=pl.Float64).fill_nan(None),
        comparators=pl.len().over(CELL).cast(pl.Int64) - 1,
    )
    return relative_cells(framed)


def relative_cells(cells: pl.DataFrame) -> pl.DataFrame:
    """Compare unit values with benchmarks, leaving out thin cells and errors of unit."""
    gap = pl.col("log_unit_value") - pl.col("benchmark")
    enough = pl.col("comparators") >= int(constant("min_comparators"))
    error = (enough & (gap.abs() > np.log(constant("unit_error")))).fill_null(False)
    return cells.with_columns(error=error, relative=pl.when(enough & ~error).then(gap)).sort("unit", *CELL)


def unit_values(rows: pl.DataFrame) -> pl.DataFrame:
    """Return log unit values of the cells in which value and quantity are known together."""
    value, quantity = pl.col("quantity_value"), pl.col("quantity")
    return rows.filter((quantity > 0) & (value > 0)).select(
        "product",
        "year",
        pl.col("value").cast(pl.Float64),
        unit=pl.col("supplier"),
        destination=pl.col("destination").fill_null("unknown"),
        log_unit_value=(value / quantity).log(),
    )


def levels(cells: pl.DataFrame, tier_width: float) -> pl.DataFrame:
    """Return the levels of the product measures: unit, year, measure, value."""
    clean = cells.filter(~pl.col("error"))
    comparable = cells.filter(pl.col("relative").is_not_null())
    high = pl.col("relative") > np.log(tier_width)
    parts = [
        _mean(comparable, "relative").with_columns(pl.col("value").exp(), measure=pl.lit("relative_unit_value")),
        _mean(comparable.with_columns(high=high.cast(pl.Float64)), "high").with_columns(
            measure=pl.lit("high_tier_share")
        ),
        _mean(clean, "log_unit_value").with_columns(pl.col("value").exp(), measure=pl.lit("unit_value")),
    ]
    return pl.concat([part.select("unit", "year", "measure", "value") for part in parts])


def tiers(cells: pl.DataFrame, tier_width: float) -> pl.DataFrame:
    """Return price tiers: high above ``tier_width`` times the benchmark, low below its inverse, else middle.

    Returns
    -------
    polars.DataFrame
        supplier, year, tier, share of the supplier's comparable value; the three shares of a supplier-year sum to one.
    """
    bound = np.log(tier_width)
    comparable = cells.filter(pl.col("relative").is_not_null())
    parts = []
    for tier, inside in (
        ("high", pl.col("relative") > bound),
        ("low", pl.col("relative") < -bound),
        ("middle", pl.col("relative").abs() <= bound),
    ):
        share = _mean(comparable.with_columns(inside=inside.cast(pl.Float64)), "inside")
        parts.append(share.select(supplier="unit", year="year", tier=pl.lit(tier), share="value"))
    return pl.concat(parts).sort("supplier", "year", "tier")


def matched_changes(units: pl.DataFrame, cells: pl.DataFrame, column: str, measure: str, window: int) -> pl.DataFrame:
    """Return changes on the cells (product x destination) that a unit sold in both years.

    The base year is the latest at least ``window`` and at most twice ``window`` years earlier in which the unit has
    cells. The change is the mean of the cells' changes weighted by their value in both years; the 90 % interval is
    ``1.645 s sqrt(sum w^2)`` with s the standard deviation of cell changes around their unit's mean, pooled over units.

    Parameters
    ----------
    units
        Unit-years: ``unit``, ``year``.
    cells
        Cells with ``column`` (log points) and ``value``.
    column
        ``relative`` or ``log_unit_value``.
    measure
        Name of the measure.
    window
        Years over which change is measured.
    """
    usable = cells.filter(pl.col(column).is_not_null() & ~pl.col("error"))
    years = usable.group_by("unit", "year").agg(pl.len().alias("cells")).sort("unit", "year")
    based = with_base(years.select("unit", "year", value=pl.col("cells").cast(pl.Float64)), window)
    pairs = based.filter(pl.col("from_year").is_not_null()).select("unit", "year", "from_year")
    keep = ["unit", "product", "destination", "year", "value", column]
    both = (
        pairs.join(usable.select(keep), on=["unit", "year"])
        .join(
            usable.select("unit", "product", "destination", from_year="year", before="value", old=column),
            on=["unit", "product", "destination", "from_year"],
        )
        .sort("unit", "year", "product", "destination")
    )
    total = cells.group_by("unit", "year").agg(total=pl.col("value").sum())
    summed = _summarise(both, column).join(total, on=["unit", "year"], how="left")
    framed = (
        units.select("unit", "year")
        .join(years, on=["unit", "year"], how="left")
        .join(pairs, on=["unit", "year"], how="left")
        .join(summed, on=["unit", "year"], how="left")
    )
    return _explained(framed, column, measure, window)


def _summarise(both: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return by unit-year: change, low, high and the value in common cells."""
    limit = float(np.log(constant("largest_change")))
    key = both.select("unit", "year").unique(maintain_order=True)
    group = both.select((pl.struct("unit", "year").rle_id()).cast(pl.Int64)).to_series().to_numpy()
    change = np.clip(both[column].to_numpy() - both["old"].to_numpy(), -limit, limit)
    weight = both["value"].to_numpy() + both["before"].to_numpy()
    size = key.height
    total = np.bincount(group, weight, size)
    share = weight / total[group] if size else weight
    mean = np.bincount(group, share * change, size)
    spread = pooled_spread(change - mean[group], group, size)
    half = LOW_HIGH * spread * np.sqrt(np.bincount(group, share**2, size))
    matched = np.bincount(group, both["value"].to_numpy(), size)
    return key.with_columns(
        change=pl.Series(mean, dtype=pl.Float64),
        low=pl.Series(mean - half, dtype=pl.Float64).fill_nan(None),
        high=pl.Series(mean + half, dtype=pl.Float64).fill_nan(None),
        matched=pl.Series(matched, dtype=pl.Float64),
    )


def pooled_spread(residual: Floats, group: Ints, groups: int) -> float:
    """Return the standard deviation of residuals around their groups' means; NaN where no group has two members."""
    freedom = len(residual) - groups
    return float(np.sqrt(np.sum(residual**2) / freedom)) if freedom > 0 else float("nan")


def _explained(framed: pl.DataFrame, column: str, measure: str, window: int) -> pl.DataFrame:
    span = (pl.lit(window), pl.lit(2 * window))
    thin = pl.col("matched") < constant("min_matched") * pl.col("total")
    least = int(constant("min_comparators"))
    why = (
        f"no cell with at least {least} other suppliers of the same product and destination in"
        if column == "relative"
        else "no quantity, so no unit value in"
    )
    reason = (
        pl.when(pl.col("cells").is_null())
        .then(pl.format(why + " {}", "year"))
        .when(pl.col("from_year").is_null())
        .then(pl.format("no comparable cell {} to {} years before {}", *span, "year"))
        .when(pl.col("change").is_null())
        .then(pl.format("no product and destination sold in both {} and {}", "from_year", "year"))
        .when(thin)
        .then(pl.format("products and destinations sold in both years hold too little of the sales of {}", "year"))
    )
    blank = pl.when(reason.is_null())
    return framed.select(
        "unit",
        "year",
        measure=pl.lit(measure),
        change=blank.then("change"),
        low=blank.then("low"),
        high=blank.then("high"),
        from_year="from_year",
        reason=reason,
    )


def _mean(cells: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return value-weighted means by unit and year, summed in the order of the rows."""
    ordered = cells.sort("unit", "year", "product", "destination")
    key = ordered.select("unit", "year").unique(maintain_order=True)
    group = ordered.select(pl.struct("unit", "year").rle_id().cast(pl.Int64)).to_series().to_numpy()
    weight = ordered["value"].to_numpy()
    total = np.bincount(group, weight, key.height)
    mean = np.bincount(group, weight * ordered[column].to_numpy(), key.height) / total
    return key.with_columns(value=pl.Series(mean, dtype=pl.Float64))
