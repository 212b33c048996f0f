"""Change of a measure over the window: each observation against the latest one that is at least a window older."""

from __future__ import annotations

import polars as pl

from sinos.upgrading.rules import rules


def with_base(levels: pl.DataFrame, window: int) -> pl.DataFrame:
    """Add to each observation the earlier one that it is compared with.

    The base is the latest observation at least ``window`` and at most twice ``window`` years older, so that surveys
    taken every few years can be used; ``from_year`` says which it is.

    Parameters
    ----------
    levels
        ``unit``, ``year``, ``value`` (no nulls), one row per unit and year.
    window
        Years over which change is measured.

    Examples
    --------
    >>> levels = pl.DataFrame({"unit": ["a"] * 3, "year": [1990, 1992, 1995], "value": [1.0, 2.0, 4.0]})
    >>> with_base(levels, 3).select("year", "from_year", "base").rows()
    [(1990, None, None), (1992, None, None), (1995, 1992, 2.0)]
    """
    right = levels.select("unit", from_year=pl.col("year"), base=pl.col("value"), at=pl.col("year")).sort("at")
    left = levels.with_columns(at=pl.col("year") - window).sort("at")
    joined = left.join_asof(
        right, on="at", by="unit", strategy="backward", tolerance=window, coalesce=True, check_sortedness=False
    )
    return joined.drop("at").sort("unit", "year")


def panel_changes(units: pl.DataFrame, levels: pl.DataFrame, measure: str, window: int) -> pl.DataFrame:
    """Return the change of one measure for every unit-year, with the reason where there is none.

    Parameters
    ----------
    units
        Unit-years: ``unit``, ``year``.
    levels
        ``unit``, ``year``, ``value``.
    measure
        Name of the measure; its rule says whether changes are in log points.
    window
        Years over which change is measured.

    Returns
    -------
    polars.DataFrame
        unit, year, measure, change, low, high (null), from_year, reason.
    """
    rule = rules()[measure]
    known = levels.filter(pl.col("value").is_not_null() & pl.col("value").is_finite())
    if rule.log:
        known = known.filter(pl.col("value") > 0)
    based = with_base(known, window)
    difference = pl.col("value").log() - pl.col("base").log() if rule.log else pl.col("value") - pl.col("base")
    framed = units.select("unit", "year").join(based, on=["unit", "year"], how="left")
    return framed.select(
        "unit",
        "year",
        measure=pl.lit(measure),
        change=difference,
        low=pl.lit(None, pl.Float64),
        high=pl.lit(None, pl.Float64),
        from_year=pl.col("from_year"),
        reason=pl.when(pl.col("value").is_null())
        .then(pl.format("no value in {}", "year"))
        .when(pl.col("base").is_null())
        .then(pl.format("no value {} to {} years before {}", pl.lit(window), pl.lit(2 * window), "year")),
    )
