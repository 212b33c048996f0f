"""Inter-sectoral upgrading: sustained entry into product groups that were not sold before."""

from __future__ import annotations

import polars as pl

from sinos.upgrading.rules import constant

_HS2 = r"^\d{4,}$"


def groups(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return sales by unit, year and product group: the sector of the products table, else the HS chapter.

    Parameters
    ----------
    rows
        ``unit``, ``product``, ``year``, ``value``.
    products
        ``product`` and, where given, ``sector``.

    Returns
    -------
    polars.DataFrame
        unit, year, group, share of the unit's sales in a group; products with neither sector nor HS code are left out
        of the groups, not of the sales.
    """
    if "sector" in products.columns:
        sector = products.filter(pl.col("sector").is_not_null()).select(
            "product", sector=pl.col("sector").cast(pl.String)
        )
        framed = rows.join(sector.unique("product", keep="first", maintain_order=True), on="product", how="left")
    else:
        framed = rows.with_columns(sector=pl.lit(None, pl.String))
    chapter = pl.when(pl.col("product").str.contains(_HS2)).then(pl.format("HS {}", pl.col("product").str.slice(0, 2)))
    named = framed.with_columns(group=pl.coalesce("sector", chapter)).sort("unit", "year", "product")
    total = named.group_by("unit", "year", maintain_order=True).agg(total=pl.col("value").sum())
    sold = named.filter(pl.col("group").is_not_null()).group_by("unit", "year", "group", maintain_order=True)
    return (
        sold.agg(pl.col("value").sum())
        .join(total, on=["unit", "year"], how="left")
        .filter(pl.col("total") > 0)
        .select("unit", "year", "group", share=pl.col("value") / pl.col("total"))
        .sort("unit", "year", "group")
    )


def changes(units: pl.DataFrame, sold: pl.DataFrame, covered: list[int], window: int) -> pl.DataFrame:
    """Return the share of sales in new product groups, with the reason where it cannot be known.

    A group is new in a year when it was not sold in any covered year up to ``window`` years earlier, and it is
    sustained when it holds at least 5 % of sales in this and in the previous covered year.

    Parameters
    ----------
    units
        Unit-years.
    sold
        As made by :func:`groups`.
    covered
        Covered years, ascending.
    window
        Years over which change is measured.
    """
    before = pl.DataFrame(
        {"year": covered[1:], "previous": covered[:-1]}, schema={"year": pl.Int64, "previous": pl.Int64}
    )
    first = sold.group_by("unit", "group").agg(first=pl.col("year").min())
    start = sold.group_by("unit").agg(start=pl.col("year").min())
    least = constant("entry_share")
    large = sold.filter(pl.col("share") >= least)
    lasting = (
        large.join(before, on="year")
        .join(large.select("unit", "group", previous="year"), on=["unit", "group", "previous"], how="semi")
        .join(first, on=["unit", "group"])
        .filter(pl.col("first") > pl.col("year") - window)
        .sort("unit", "year", "group")
        .group_by("unit", "year", maintain_order=True)
        .agg(value=pl.col("share").sum())
    )
    has = sold.select("unit", "year").unique().with_columns(has=pl.lit(True))
    framed = (
        units.select("unit", "year")
        .join(start, on="unit", how="left")
        .join(has, on=["unit", "year"], how="left")
        .join(lasting, on=["unit", "year"], how="left")
    )
    begin = covered[0] if covered else 0
    reason = (
        pl.when(pl.col("has").is_null())
        .then(pl.format("no recorded sales with a sector or an HS code in {}", "year"))
        .when(pl.col("year") - window < begin)
        .then(pl.format("the records cover fewer than {} years before {}", pl.lit(window), "year"))
        .when(pl.col("start") > pl.col("year") - window)
        .then(pl.format("no recorded sales {} or more years before {}", pl.lit(window), "year"))
    )
    empty = pl.lit(None, pl.Float64)
    return framed.select(
        "unit",
        "year",
        measure=pl.lit("new_sector_share"),
        change=pl.when(reason.is_null()).then(pl.col("value").fill_null(0.0)),
        low=empty,
        high=empty,
        from_year=pl.when(reason.is_null()).then(pl.col("year") - window).cast(pl.Int64),
        reason=reason,
    )
