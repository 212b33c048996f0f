"""Numbers that several sections share: totals by year, composition of governance, directions of upgrading."""

from __future__ import annotations

import polars as pl

from sinos.report import format as fmt
from sinos.report.charts import Series
from sinos.report.disclosure import Protection, withhold
from sinos.report.inputs import Inputs, in_year
from sinos.upgrading.direction import customs_only

FORMS = ("market", "network", "quasi_hierarchy", "hierarchy")
KINDS = ("process", "product", "functional", "inter_sectoral")
DIRECTIONS = ("up", "flat", "down", "not_observable")
ENDS = ("", "_low", "_high")


NAMED_LEAST = 0.1  # share of value with a named form below which nothing is said of single forms


def silent(undetermined: object) -> bool:
    """Tell whether hardly any relation could be given a form, so that the shares of forms are those held before."""
    return isinstance(undetermined, int | float) and undetermined > 1 - NAMED_LEAST


def only_buyer(inputs: Inputs) -> str | None:
    """Return the one buyer of all records, whose shares then say nothing, or ``None``."""
    buyers = (inputs.whole or inputs.frames)["relation_years"]["buyer"].drop_nulls().unique().to_list()
    return str(buyers[0]) if len(buyers) == 1 else None


def span(inputs: Inputs) -> list[int]:
    """Return every calendar year from the first with trade to the last, gaps included."""
    years = inputs.years
    return list(range(years[0], years[-1] + 1)) if years else []


def firm_columns(guard: Protection, suppliers: str = "suppliers", buyers: str = "") -> tuple[str, ...]:
    """Return the columns with numbers of firms that decide whether a row may be printed."""
    named = ((suppliers, guard.suppliers), (buyers, guard.buyers))
    return tuple(column for column, protected in named if column and protected)


def by_year(frame: pl.DataFrame, years: list[int], column: str) -> list[float | None]:
    """Return one value per year, null where the frame has no row for the year."""
    found = dict(frame.select("year", column).iter_rows())
    return [found.get(year) for year in years]


def banded(frame: pl.DataFrame, years: list[int], label: str, colour: str, names: tuple[str, str, str]) -> Series:
    """Return a series with its band from three columns: the value and the two ends."""
    value, low, high = (by_year(frame, years, name) for name in names)
    return Series(label, colour, value, low, high)


def form_series(frame: pl.DataFrame, years: list[int], form: str) -> Series:
    """Return a form's expected share of value through time, with its 90 % interval."""
    share = f"share_{form}"
    return banded(frame, years, fmt.label(form), form, (share, f"{share}_low", f"{share}_high"))


def yearly(inputs: Inputs) -> tuple[pl.DataFrame, int]:
    """Return totals over all clusters by year, protected.

    Returns
    -------
    tuple
        Frame with ``year, value, suppliers, buyers, relations, main_buyer, main_buyer_share, main_buyer_suppliers,
        largest_main_buyer_share, largest_top1_share, share_preexisting, status, months, withheld``, and the number of
        withheld years.
    """
    relations = inputs.frame("relation_years")
    totals = relations.group_by("year").agg(
        pl.col("value").sum(),
        pl.col("supplier").n_unique().alias("suppliers"),
        pl.col("buyer").n_unique().alias("buyers"),
        pl.len().alias("relations"),
    )
    buyers = relations.group_by("year", "buyer").agg(pl.col("value").sum(), pl.col("supplier").n_unique())
    main = buyers.sort(["year", "value", "buyer"], descending=[False, True, False]).group_by("year").first()
    main = main.select(
        "year",
        main_buyer="buyer",
        main_value="value",
        main_buyer_suppliers="supplier",
    )
    clusters = _cluster_means(inputs.frame("cluster_years"))
    frame = (
        totals.join(main, on="year", how="left")
        .with_columns(
            pl.when(pl.col("value") > 0).then(pl.col("main_value") / pl.col("value")).alias("main_buyer_share")
        )
        .drop("main_value")
        .join(clusters, on="year", how="left")
        .join(_status(inputs), on="year", how="left")
        .sort("year")
    )
    blank = ("value", "main_buyer", "main_buyer_share", "largest_main_buyer_share", "largest_top1_share")
    firms = firm_columns(inputs.guard, buyers="buyers")
    frame, hidden = withhold(frame, (*blank, "share_preexisting", "main_buyer_suppliers"), firms, inputs.guard)
    return frame, hidden


def _cluster_means(clusters: pl.DataFrame) -> pl.DataFrame:
    """Return value-weighted means over clusters of the shares that only ``cluster_years`` holds."""
    names = ("largest_main_buyer_share", "largest_top1_share", "share_preexisting")
    means = []
    for name in names:
        weight = pl.col("value").filter(pl.col(name).is_not_null()).sum()
        total = (pl.col("value") * pl.col(name)).sum()
        means.append(pl.when(weight > 0).then(total / weight).alias(name))
    return clusters.group_by("year").agg(*means, pl.col("largest_suppliers").sum())


def _status(inputs: Inputs) -> pl.DataFrame:
    """Return the coverage of each year: from the coverage table, else from the suppliers' reporting."""
    coverage = inputs.frame("coverage")
    if "side" in coverage.columns:
        coverage = coverage.filter(pl.col("side").is_null() | (pl.col("side") == "file"))
    stated = coverage.group_by("year").agg(pl.col("status").min(), pl.col("months").max())
    seen = inputs.frame("supplier_years").group_by("year").agg(pl.col("reporting").drop_nulls().mode().min())
    joined = seen.join(stated, on="year", how="full", coalesce=True)
    return joined.select("year", pl.coalesce("status", "reporting").alias("status"), "months")


def composition(inputs: Inputs) -> tuple[pl.DataFrame, int]:
    """Return expected value shares of the forms by year over all clusters, with 90 % intervals, protected.

    Over several clusters the ends of the interval are value-weighted means of the clusters' ends: that is wide enough
    whatever the dependence between clusters.
    """
    clusters = inputs.frame("cluster_governance")
    if (clusters["cluster"] == "*").any():
        clusters = clusters.filter(pl.col("cluster") == "*")
    shares = [f"share_{form}{end}" for form in FORMS for end in ENDS] + ["undetermined_share"]
    means = []
    for name in shares:
        weight = pl.col("value").filter(pl.col(name).is_not_null()).sum()
        means.append(pl.when(weight > 0).then((pl.col("value") * pl.col(name)).sum() / weight).alias(name))
    counts = (
        inputs.frame("governance")
        .group_by("year")
        .agg(
            pl.col("supplier").n_unique().alias("suppliers"),
            pl.col("buyer").n_unique().alias("buyers"),
            pl.len().alias("relations"),
        )
    )
    frame = clusters.group_by("year").agg(*means, pl.col("value").sum(), pl.col("polarity").max())
    frame = frame.join(counts, on="year", how="left").sort("year")
    return withhold(frame, (*shares, "value", "polarity"), firm_columns(inputs.guard, buyers="buyers"), inputs.guard)


def sharpening(inputs: Inputs) -> pl.DataFrame:
    """Return the missing fields of the report year, those first whose knowledge would sharpen most value.

    Returns
    -------
    polars.DataFrame
        ``sharpen_field, relations, suppliers, gain`` (mean expected fall of entropy), ``value_share``; sorted by the
        expected fall of entropy summed over value.
    """
    rows = inputs.frame("governance").filter(in_year(inputs.year), pl.col("sharpen_field").is_not_null())
    total = rows["value"].sum()
    return (
        rows.group_by("sharpen_field")
        .agg(
            pl.len().alias("relations"),
            pl.col("supplier").n_unique().alias("suppliers"),
            pl.col("sharpen_gain").mean().alias("gain"),
            (pl.col("value").sum() / (total or 1.0)).alias("value_share"),
            (pl.col("value") * pl.col("sharpen_gain")).sum().alias("weight"),
        )
        .sort(["weight", "sharpen_field"], descending=[True, False])
        .drop("weight")
    )


def directions(inputs: Inputs, level: str = "supplier") -> tuple[pl.DataFrame, int]:
    """Return the number and share of suppliers by year, kind and direction of upgrading, protected.

    Returns
    -------
    tuple
        Frame with ``kind, year, direction, units, share, withheld`` (every direction in every kind and year) and the
        number of withheld cells.
    """
    rows = inputs.frame("upgrading").filter(pl.col("level") == level)
    counts = rows.group_by("kind", "year", "direction").agg(pl.len().alias("units"))
    every = rows.select("kind", "year").unique().join(pl.DataFrame({"direction": DIRECTIONS}), how="cross")
    frame = every.join(counts, on=["kind", "year", "direction"], how="left").with_columns(pl.col("units").fill_null(0))
    frame = frame.with_columns((pl.col("units") / pl.col("units").sum().over("kind", "year")).alias("share"))
    order = pl.col("kind").replace_strict(dict(zip(KINDS, range(4), strict=True)), default=9)
    turn = pl.col("direction").replace_strict(dict(zip(DIRECTIONS, range(4), strict=True)), default=9)
    frame = frame.sort(order, "year", turn)
    firms = ("units",) if inputs.guard.suppliers and level == "supplier" else ()
    return withhold(frame, ("units", "share"), firms, inputs.guard, within=("kind", "year"))


def one_sided(inputs: Inputs) -> pl.Expr:
    """Return the condition that a window of upgrading was judged where only a change can be seen, not its absence.

    Brands and delivery terms of recorded sales show a change; without sales at home they cannot show that there was
    none (science H13).
    """
    if inputs.study.coverage.domestic_sales == "recorded":
        return pl.lit(False)
    return (pl.col("kind") == "functional") & customs_only(pl.col("basis"))


def upgrading_year(inputs: Inputs) -> int | None:
    """Return the last year of upgrading windows up to the year that the report describes."""
    years = inputs.frame("upgrading")["year"].drop_nulls().unique().sort().to_list()
    limit = inputs.year
    inside = [year for year in years if limit is None or year <= limit]
    return inside[-1] if inside else (years[-1] if years else None)
