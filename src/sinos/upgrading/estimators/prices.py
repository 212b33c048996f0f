"""Price and efficiency apart: own-price indices, physical productivity, and markups."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sinos.errors import UpgradingError
from sinos.frames import to_polars
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, as_null, complete, estimates, positive_logs, read

_CELL = ["supplier", "product", "destination"]


def price_index(
    frame: Any,
    *,
    supplier: str = "supplier",
    product: str = "product",
    destination: str = "destination",
    year: str = "year",
    value: str = "quantity_value",
    quantity: str = "quantity",
) -> Estimates:
    """Return each supplier's own price index, chained over the cells that it sold in both of two years.

    ``ln P_t = ln P_t-1 + sum_c (s_ct + s_ct-1) / 2 (ln u_ct - ln u_ct-1)`` over product x destination cells ``c`` sold
    in both years, with ``u`` the unit value and ``s`` the cell's share of the value of these cells in its year
    (Tornqvist). New products and markets change nothing.

    Parameters
    ----------
    frame
        Supplier x product x destination x year, as ``supplier_product_years`` of the measures.
    supplier, product, destination, year, value, quantity
        Columns; ``value`` is the value of the records that have a quantity.

    Returns
    -------
    Estimates
        Table ``price_index``: supplier, year, log_price (0 in the first year of each unbroken run of years), cells
        (common with the year before), run (which unbroken run; indices of different runs cannot be compared).

    Notes
    -----
    Source: Eslava, Haltiwanger, Kugler & Kugler 2004 (plant-level Tornqvist indices); science C3.
    """
    tidy = read(
        frame,
        where="price_index",
        text={"supplier": supplier, "product": product, "destination": destination},
        years={"year": year},
        numbers={"value": value, "quantity": quantity},
    )
    logs = positive_logs(tidy.frame, ["value", "quantity"]).drop_nulls()
    lost = tidy.frame.height - logs.height
    cells = (
        logs.group_by(*_CELL, "year")
        .agg(value=pl.col("value").exp().sort().sum(), quantity=pl.col("quantity").exp().sort().sum())
        .with_columns(price=(pl.col("value") / pl.col("quantity")).log())
        .sort(*_CELL, "year")
    )
    before = cells.select(*_CELL, year=pl.col("year") + 1, old_value="value", old_price="price")
    both = cells.join(before, on=[*_CELL, "year"]).sort("supplier", "year", "product", "destination")
    share = pl.col("value") / pl.col("value").sum().over("supplier", "year")
    old_share = pl.col("old_value") / pl.col("old_value").sum().over("supplier", "year")
    step = (
        both.with_columns(step=0.5 * (share + old_share) * (pl.col("price") - pl.col("old_price")))
        .group_by("supplier", "year", maintain_order=True)
        .agg(pl.col("step").sum(), cells=pl.len().cast(pl.Int64))
    )
    years = cells.select("supplier", "year").unique().sort("supplier", "year")
    chained = (
        years.join(step, on=["supplier", "year"], how="left")
        .sort("supplier", "year")
        .with_columns(run=pl.col("step").is_null().cast(pl.Int64).cum_sum().over("supplier"))
        .with_columns(log_price=pl.col("step").fill_null(0.0).cum_sum().over("supplier", "run"))
    )
    table = chained.select("supplier", "year", "log_price", pl.col("cells").fill_null(0), "run")
    reason = "no value or quantity above zero, so no unit value"
    missing = (Missing("price_index", "log_price", lost, reason),) if lost else ()
    return estimates(
        "price_index", {"price_index": table}, tidy, options={}, references=("eslava2004",), missing=missing
    )


def physical_productivity(
    productivity: Any,
    prices: Any,
    *,
    log_tfp: str = "log_tfp",
    log_price: str = "log_price",
    band: float = 0.05,
) -> Estimates:
    """Take the supplier's own prices out of revenue productivity, and say where only prices fell.

    ``ln TFPQ = ln TFPR - ln P`` (Foster, Haltiwanger & Syverson 2008). In a captive chain whose prices fall, revenue
    productivity falls while physical productivity rises: the Sinos Valley in the 1990s (science C3, H5).

    Parameters
    ----------
    productivity
        Supplier-years with log revenue productivity, as the table ``productivity``.
    prices
        Supplier-years with the log of the supplier's own prices, as the table ``price_index`` (its ``run`` is heeded).
    log_tfp, log_price
        Columns.
    band
        Changes within plus or minus this many log points are flat.

    Returns
    -------
    Estimates
        Table ``physical_productivity``: supplier, year, log_tfpr, log_price, log_tfpq, and from one year to the next
        change_tfpr, change_price, change_tfpq, reading (``only prices fell``: TFPR down and TFPQ not; ``only prices
        rose``: TFPR up and TFPQ not; ``efficiency``: TFPQ moved; ``flat``). With value added instead of output, the
        price of materials is in TFPR too and is not taken out.
    """
    left = read(
        productivity,
        where="productivity",
        text={"supplier": "supplier"},
        years={"year": "year"},
        numbers={"log_tfpr": log_tfp},
        key=("supplier", "year"),
    )
    right = read(
        prices,
        where="prices",
        text={"supplier": "supplier"},
        years={"year": "year"},
        numbers={"log_price": log_price, **_run(prices)},
        key=("supplier", "year"),
    )
    joined = left.frame.join(right.frame, on=["supplier", "year"], how="left").sort("supplier", "year")
    if "run" not in joined.columns:
        joined = joined.with_columns(run=pl.lit(0.0))
    level = joined.with_columns(log_tfpq=pl.col("log_tfpr") - pl.col("log_price"))
    next_year = (pl.col("year").shift() == pl.col("year") - 1) & (pl.col("run").shift() == pl.col("run"))
    change = {
        f"change_{name}": pl.when(next_year).then(pl.col(f"log_{name}").diff()).over("supplier")
        for name in ("tfpr", "price", "tfpq")
    }
    table = level.with_columns(**change).with_columns(reading=_reading(band)).drop("run")
    only = table.filter(pl.col("reading") == "only prices fell").height
    said = [f"in {only} supplier-years revenue productivity fell only because prices fell"] if only else []
    gone = table["log_price"].null_count()
    missing = (
        (Missing("physical_productivity", "log_tfpq", gone, "no price index for the supplier-year"),) if gone else ()
    )
    return estimates(
        "physical_productivity", {"physical_productivity": table}, (left, right), options={"band": band},
        references=("foster2008",), missing=missing, warnings=said,
    )  # fmt: skip


def markups(
    frame: Any,
    elasticity: float,
    *,
    output: str = "output",
    cost: str = "materials",
    noise: str | None = None,
    supplier: str = "supplier",
    year: str = "year",
) -> Estimates:
    """Return the markup of price over marginal cost from one input that is freely chosen.

    ``mu = theta / alpha``: the output elasticity of the input over its share of revenue, where revenue is cleaned of
    the noise ``e`` of the first stage: ``alpha = cost exp(e) / output`` (De Loecker & Warzynski 2012).

    Parameters
    ----------
    frame
        Supplier-years with revenue and the cost of the input, in money.
    elasticity
        Output elasticity of the input, from :func:`~sinos.upgrading.estimators.productivity.productivity`.
    output, cost, noise, supplier, year
        Columns; ``noise`` is that of the table ``productivity``, where it was joined.

    Returns
    -------
    Estimates
        Table ``markups``: supplier, year, share, markup. With an elasticity estimated on *revenue*, the level of the
        markup is not identified (Bond et al. 2021); its movement over time and between suppliers still is, if the
        elasticity is common to them.

    Raises
    ------
    UpgradingError
        If the elasticity is not above zero.
    """
    if not (np.isfinite(elasticity) and elasticity > 0):
        raise UpgradingError(
            f"the elasticity is {elasticity}",
            where="markups",
            fix="give the output elasticity of a variable input, above 0",
        )
    columns = {"output": output, "cost": cost} | ({"noise": noise} if noise else {})
    tidy = read(
        frame,
        where="markups",
        text={"supplier": supplier},
        years={"year": year},
        numbers=columns,
        key=("supplier", "year"),
    )
    logs = positive_logs(tidy.frame, ["output", "cost"])
    rows = logs if noise else logs.with_columns(noise=pl.lit(0.0))
    share = (rows["cost"] + rows["noise"] - rows["output"]).exp()
    table = rows.select("supplier", "year", share=share).with_columns(markup=elasticity / pl.col("share"))
    gone = table["markup"].null_count()
    _, missing = complete(
        type(tidy)(logs, tidy.kind, tidy.where, tidy.fingerprint), list(columns), table="markups",
        reason="output or the cost of the input is missing or not positive",
    )  # fmt: skip
    options = {"elasticity": elasticity, "output": output, "cost": cost, "noise": noise}
    said = ["the markup is below one in most supplier-years: check the elasticity and the units"] if _low(table) else []
    return estimates(
        "markups", {"markups": table}, tidy, options=options, references=("deloecker_warzynski2012", "bond2021"),
        missing=missing if gone else (), warnings=said,
    )  # fmt: skip


def _low(table: pl.DataFrame) -> bool:
    median = as_null(table["markup"].fill_null(float("nan")).to_numpy()).median()
    return isinstance(median, float) and median < 1.0


def _run(prices: Any) -> dict[str, str]:
    return {"run": "run"} if "run" in to_polars(prices).columns else {}


def _reading(band: float) -> pl.Expr:
    tfpr, tfpq = pl.col("change_tfpr"), pl.col("change_tfpq")
    return (
        pl.when(tfpr.is_null() | tfpq.is_null())
        .then(None)
        .when((tfpr < -band) & (tfpq >= -band))
        .then(pl.lit("only prices fell"))
        .when((tfpr > band) & (tfpq <= band))
        .then(pl.lit("only prices rose"))
        .when(tfpq.abs() > band)
        .then(pl.lit("efficiency"))
        .otherwise(pl.lit("flat"))
    )
