"""Functions that buyers hand over: how often, and whether they are core to the buyer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from sinos.errors import UpgradingError, nearest
from sinos.upgrading.estimators.tidy import Estimates, estimates, read
from sinos.upgrading.rules import steps


def relinquished_functions(
    frame: Any,
    core: Mapping[str, Sequence[str]],
    *,
    supplier: str = "supplier",
    buyer: str = "buyer",
    year: str = "year",
    function: str = "relinquished_function",
) -> Estimates:
    """Count the functions that buyers handed to suppliers, apart for core and other functions of the buyer.

    The rate is hand-overs per relation-year in which the relation was asked about and the function had not been handed
    over yet. Humphrey & Schmitz (2002) expect it to be lower for the buyer's core competence (P8; science A7 108-112).

    Parameters
    ----------
    frame
        Relation-years asked about, with the function handed over that year (missing: none).
    core
        Buyer: its core functions. Buyers that are not named are ``unknown``.
    supplier, buyer, year, function
        Columns.

    Returns
    -------
    Estimates
        Tables ``relinquished`` (supplier, buyer, year, function, core: core, other or unknown) and
        ``relinquishment_rates`` (core, function or ``all``, at_risk, events, rate, low, high: 95 % exact Poisson).

    Raises
    ------
    UpgradingError
        If a function is not one of the six.
    """
    tidy = read(
        frame, where="relinquished_functions", years={"year": year}, numbers={},
        text={"supplier": supplier, "buyer": buyer, "function": function},
    )  # fmt: skip
    named = {*tidy.frame["function"].drop_nulls(), *(name for names in core.values() for name in names)}
    for name in sorted(named):
        if name not in steps():
            raise UpgradingError(
                f"there is no function '{name}'", where="relinquished_functions", fix=nearest(name, steps())
            )
    status = pl.DataFrame(
        [(who, name, "core" if name in names else "other") for who, names in sorted(core.items()) for name in steps()],
        schema=["buyer", "function", "core"], orient="row",
    ) if core else pl.DataFrame(schema={"buyer": pl.String, "function": pl.String, "core": pl.String})  # fmt: skip
    keys = ["supplier", "buyer"]
    asked = tidy.frame.drop_nulls([*keys, "year"])
    events = asked.drop_nulls("function").unique().group_by(*keys, "function").agg(pl.col("year").min())
    labelled = events.join(status, on=["buyer", "function"], how="left").with_columns(
        pl.col("core").fill_null("unknown")
    )
    risk = (
        asked.select(*keys, "year").unique()
        .join(pl.DataFrame({"function": list(steps())}), how="cross")
        .join(events.rename({"year": "handed"}), on=[*keys, "function"], how="left")
        .filter(pl.col("handed").is_null() | (pl.col("year") <= pl.col("handed")))
        .join(status, on=["buyer", "function"], how="left")
        .with_columns(pl.col("core").fill_null("unknown"), event=(pl.col("year") == pl.col("handed")).fill_null(False))
    )  # fmt: skip
    rates = pl.concat([_rates(risk), _rates(risk.with_columns(function=pl.lit("all")))]).sort("core", "function")
    table = labelled.select(*keys, "year", "function", "core").sort("supplier", "buyer", "year", "function")
    return estimates(
        "relinquished_functions", {"relinquished": table, "relinquishment_rates": rates}, tidy,
        options={"core": {who: list(names) for who, names in sorted(core.items())}}, references=("hs2002",),
    )  # fmt: skip


def _rates(risk: pl.DataFrame) -> pl.DataFrame:
    from scipy.stats import chi2

    counted = risk.group_by("core", "function").agg(
        at_risk=pl.len().cast(pl.Int64), events=pl.col("event").sum().cast(pl.Int64)
    )
    events, years = counted["events"].to_numpy(), counted["at_risk"].to_numpy()
    low = [float(chi2.ppf(0.025, 2 * k)) / 2 / n if k else 0.0 for k, n in zip(events, years, strict=True)]
    high = [float(chi2.ppf(0.975, 2 * k + 2)) / 2 / n for k, n in zip(events, years, strict=True)]
    return counted.with_columns(
        rate=pl.col("events") / pl.col("at_risk"),
        low=pl.Series(low, dtype=pl.Float64),
        high=pl.Series(high, dtype=pl.Float64),
    )
