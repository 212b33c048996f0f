"""Laying what was recovered beside the truth: forms, upgrading, lock-in and evidence of one world at one level."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.strategies.emit import Emitted
from sinos.strategies.emit_truth import SKILLED
from sinos.strategies.names import FORMS
from sinos.upgrading.rules import steps

BAND = 0.05
"""Changes of true capability within plus or minus this many log points are flat, as in the scoring of records."""

KEY = ["supplier", "buyer", "year"]


def matched_forms(governance: pl.DataFrame, degraded: Emitted) -> pl.DataFrame:
    """Return relation-years with posterior and truth: supplier, buyer, year, ``p_`` columns, form, ``truth``.

    A buyer under several spellings is several relations to the classifier; each is held against the form of the
    relation it is part of.
    """
    found = governance.select(
        pl.col("supplier", "buyer"), pl.col("year").cast(pl.Int64), *(f"p_{form}" for form in FORMS), "form"
    )
    truth = degraded.truth["forms"].select(*KEY, truth="form")
    if "spellings" in degraded.truth:
        names = degraded.truth["spellings"]
        found = found.rename({"buyer": "spelling"}).join(names, on="spelling", how="left").drop("spelling")
    return found.join(truth, on=KEY, how="inner").sort(*KEY)


def matched_upgrading(upgrading: pl.DataFrame, truth: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return supplier windows with recovered and true direction: ``kind``, ``found``, ``truth``.

    Kinds are process, product, functional, and ``product, relative``: a relative unit value can only show whether a
    supplier gained on the others, so its verdict is also held against the change of capability less the median
    supplier's in the same window. True functional upgrading is a gain of skill in the function set, by the same order
    of rungs as in the scoring.
    """
    rows = upgrading.filter(
        (pl.col("level") == "supplier") & pl.col("kind").is_in(["process", "product", "functional"])
    )
    window = pl.coalesce("from_year", pl.col("year") - 3).cast(pl.Int64)
    framed = rows.select(
        "kind", supplier="unit", year=pl.col("year").cast(pl.Int64), from_year=window, found="direction"
    )
    changes = _changes(framed.select("supplier", "year", "from_year").unique(), truth)
    judged = framed.join(changes, on=["supplier", "year", "from_year"], how="inner")
    absolute = judged.with_columns(
        truth=pl.when(pl.col("kind") == "functional")
        .then(_direction(pl.col("skill"), 0.0))
        .when(pl.col("kind") == "process")
        .then(_direction(pl.col("process"), BAND))
        .otherwise(_direction(pl.col("product"), BAND))
    )
    median = pl.col("product").median().over("year", "from_year")
    relative = judged.filter(pl.col("kind") == "product").with_columns(
        kind=pl.lit("product, relative"), truth=_direction(pl.col("product") - median, BAND)
    )
    columns = ["supplier", "year", "kind", "found", "truth"]
    return pl.concat([absolute.select(columns), relative.select(columns)]).sort("kind", "supplier", "year")


def matched_lock_in(lock_in: pl.DataFrame, truth: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return supplier-years with the recovered index (``found``), the true one (``truth``), and ``deterred``."""
    found = lock_in.select("supplier", pl.col("year").cast(pl.Int64), found="lock_in")
    true = truth["lock_in"].select("supplier", "year", "deterred", "fear", truth="lock_in")
    return true.join(found, on=["supplier", "year"], how="inner").sort("supplier", "year")


def matched_evidence(evidence: pl.DataFrame, degraded: Emitted) -> pl.DataFrame:
    """Return how often each level of each indicator was seen under each true form."""
    truth = degraded.truth["forms"].select(*KEY, truth="form")
    framed = evidence.with_columns(pl.col("year").cast(pl.Int64)).join(truth, on=KEY, how="inner")
    return framed.group_by("indicator", "level", "truth").agg(count=pl.len().cast(pl.Int64))


def _direction(change: pl.Expr, band: float) -> pl.Expr:
    return pl.when(change > band).then(pl.lit("up")).when(change < -band).then(pl.lit("down")).otherwise(pl.lit("flat"))


def _changes(windows: pl.DataFrame, truth: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return true changes over windows: log points of process and product capability, and of the skill content."""
    rung = {name: steps()[name] for name in SKILLED}
    skill = pl.sum_horizontal([pl.col(name).cast(pl.Float64) * 10.0**step for name, step in rung.items()])
    levels = (
        truth["capabilities"]
        .select("supplier", "year", process=pl.col("process").log(), product=pl.col("product").log())
        .join(truth["functions"].select("supplier", "year", skill=skill), on=["supplier", "year"], how="inner")
    )
    before = levels.rename({"year": "from_year"})
    framed = windows.join(levels, on=["supplier", "year"], how="inner").join(
        before, on=["supplier", "from_year"], how="inner", suffix="_before"
    )
    return framed.select(
        "supplier",
        "year",
        "from_year",
        **{name: pl.col(name) - pl.col(f"{name}_before") for name in ("process", "product", "skill")},
    )


def places(names: pl.Series) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the place of each form's name in the list of forms; -1 for undetermined."""
    codes = {form: number for number, form in enumerate(FORMS)}
    return names.replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy()
