"""Capture beside upgrading: margins, wages and employment, and upgrading that leaves its maker poorer."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, Tidy, estimates, read
from sinos.upgrading.panel import with_base

_OPTIONAL = ("profit", "output", "wage_bill", "materials", "employment", "skilled_share")
_LOGS = ("wage", "employment")


def capture(
    frame: Any,
    upgrading: Any = None,
    *,
    supplier: str = "supplier",
    year: str = "year",
    window: int = 3,
    band: float = 0.05,
    deflator: str | None = None,
) -> Estimates:
    """Return what suppliers keep of what they make, and flag upgrading that came with a fall of it.

    ``margin = profit / output`` (where profit is missing, ``(output - wage_bill - materials) / output``); ``wage =
    wage_bill / employment``; ``labour_share = wage_bill / output``. Upgrading is what a supplier does, capture what it
    gets: they can part (Brenta; notebook makers with 4 % margins; science A1 2, C5). *Immiserising* upgrading: the
    direction of a kind is up and the margin or the wage fell by more than the band over the same window, with none of
    them rising.

    Parameters
    ----------
    frame
        Supplier-years with any of profit, output, wage_bill, materials, employment, skilled_share.
    upgrading
        Table ``upgrading`` of :func:`sinos.score` (level, unit, year, kind, direction); suppliers' rows are used.
    supplier, year
        Columns.
    window
        Years over which change is measured: against the latest observation at least as old, and at most twice.
    band
        Changes within plus or minus this are flat: log points of wages and employment, differences of shares.
    deflator
        Column of a price index, by which wages are divided; nominal wages rise with prices.

    Returns
    -------
    Estimates
        Tables ``capture`` (supplier, year, measure, value, from_year, change) and ``immiserising`` (supplier, year,
        kind, change_margin, change_wage, change_employment, immiserising: true, false, or missing when nothing is
        known).
    """
    from sinos.frames import to_polars

    there = set(to_polars(frame).columns)
    columns = {name: name for name in _OPTIONAL if name in there} | ({"deflator": deflator} if deflator else {})
    tidy = read(
        frame, where="capture", text={"supplier": supplier}, years={"year": year}, numbers=columns,
        key=("supplier", "year"),
    )  # fmt: skip
    levels = _levels(tidy.frame, set(columns))
    changes = [_changed(levels, name, window) for name in sorted(set(levels["measure"]))]
    table = pl.concat([_nothing(), *changes]).sort("supplier", "year", "measure")
    frames = {"capture": table}
    tidies: list[Tidy] = [tidy]
    said: list[str] = []
    if upgrading is not None:
        moved = read(
            upgrading, where="upgrading", years={"year": "year"}, numbers={},
            text={"level": "level", "supplier": "unit", "kind": "kind", "direction": "direction"},
        )  # fmt: skip
        tidies.append(moved)
        frames["immiserising"] = _immiserising(moved.frame, table, band)
        number = int(frames["immiserising"]["immiserising"].sum() or 0)
        if number:
            said.append(f"in {number} cases upgrading came with a fall of margins or wages and no rise of either")
    if deflator is None and "wage" in set(levels["measure"]):
        said.append("wages are nominal: give a deflator before reading their rise")
    missing = [
        Missing("capture", name, tidy.frame.height, "its columns are not given")
        for name in ("margin", "wage", "employment")
        if name not in set(levels["measure"])
    ]
    return estimates(
        "capture", frames, tidies, options={"window": window, "band": band, "deflator": deflator},
        references=("hs2002", "bernhardt_milberg2011"), missing=missing, warnings=said,
    )  # fmt: skip


def _levels(rows: pl.DataFrame, known: set[str]) -> pl.DataFrame:
    made: dict[str, pl.Expr] = {}
    sold = pl.when(pl.col("output") > 0).then(pl.col("output")) if "output" in known else None
    earned = [pl.col("profit")] if "profit" in known else []
    if {"output", "wage_bill", "materials"} <= known:
        earned.append(pl.col("output") - pl.col("wage_bill") - pl.col("materials"))
    if sold is not None and earned:
        made["margin"] = pl.coalesce(earned) / sold
    if {"wage_bill", "employment"} <= known:
        real = pl.when(pl.col("deflator") > 0).then(pl.col("deflator")) if "deflator" in known else pl.lit(1.0)
        made["wage"] = pl.col("wage_bill") / pl.when(pl.col("employment") > 0).then(pl.col("employment")) / real
    if sold is not None and "wage_bill" in known:
        made["labour_share"] = pl.col("wage_bill") / sold
    made |= {name: pl.col(name) for name in ("employment", "skilled_share") if name in known}
    parts = [
        rows.select("supplier", "year", measure=pl.lit(name), value=expression.cast(pl.Float64))
        for name, expression in made.items()
    ]
    return pl.concat([_nothing().select("supplier", "year", "measure", "value"), *parts]).drop_nulls("value")


def _changed(levels: pl.DataFrame, name: str, window: int) -> pl.DataFrame:
    one = levels.filter(pl.col("measure") == name).select("year", "value", unit="supplier")
    based = with_base(one, window)
    difference = pl.col("value") - pl.col("base")
    if name in _LOGS:
        both = (pl.col("value") > 0) & (pl.col("base") > 0)
        difference = pl.when(both).then(pl.col("value")).log() - pl.when(both).then(pl.col("base")).log()
    return based.select("year", "value", "from_year", supplier="unit", measure=pl.lit(name), change=difference).select(
        "supplier", "year", "measure", "value", "from_year", "change"
    )


def _immiserising(moved: pl.DataFrame, table: pl.DataFrame, band: float) -> pl.DataFrame:
    ups = moved.filter((pl.col("level") == "supplier") & (pl.col("direction") == "up"))
    framed = ups.select("supplier", "year", "kind").sort("supplier", "year", "kind")
    for name in ("margin", "wage", "employment"):
        one = table.filter(pl.col("measure") == name).select(
            "supplier", "year", pl.col("change").alias(f"change_{name}")
        )
        framed = framed.join(one, on=["supplier", "year"], how="left", maintain_order="left")
    kept = [pl.col("change_margin"), pl.col("change_wage")]
    fell = pl.any_horizontal((change < -band).fill_null(False) for change in kept)
    rose = pl.any_horizontal((change > band).fill_null(False) for change in kept)
    unknown = pl.all_horizontal(change.is_null() for change in kept)
    return framed.with_columns(immiserising=pl.when(~unknown).then(fell & ~rose))


def _nothing() -> pl.DataFrame:
    schema = {"supplier": pl.String, "year": pl.Int64, "measure": pl.String, "value": pl.Float64}
    return pl.DataFrame(schema={**schema, "from_year": pl.Int64, "change": pl.Float64})
