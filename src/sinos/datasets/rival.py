"""An outside benchmark beside the model's history: what the same US buyers buy from low-cost rivals elsewhere."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.datasets.account import Account
from sinos.strategies.emit_shipments import dates
from sinos.strategies.emit_units import PRODUCTS

SPREAD = 0.06
"""Spread of a shipment's price around the rival's price (log points), as for the cluster's shipments."""


def rival_shipments(account: Account, american: list[str], rng: np.random.Generator) -> pl.DataFrame:
    """Return the rivals' shipments to the US buyers, in the data contract.

    The model knows the entrant by its price and quality only. Who the rivals are and how much they sell is invented,
    so that prices can be compared with another origin.
    """
    spec = account.values["rival"]
    since = account.years >= spec["from_year"]
    years = account.years[since]
    price, total = account.path("rival_price")[since], account.path("rival_exports")[since] * 1e6
    year = np.repeat(np.arange(years.size), rng.poisson(total / (price * spec["lot"])))
    firm = rng.integers(0, spec["suppliers"], year.size)
    lasting = rng.normal(0.0, spec["spread"], spec["suppliers"])[firm]
    paid = price[year] * np.exp(lasting + rng.normal(0.0, SPREAD, year.size))
    pairs = np.maximum(np.round(spec["lot"] * rng.gamma(4.0, 0.25, year.size)), 12.0)
    buyer = (firm + rng.integers(0, 3, year.size)) % len(american)
    return pl.DataFrame(
        {
            "supplier": np.array(rival_names(account))[firm],
            "buyer": np.array(american)[buyer],
            "product": np.array(list(PRODUCTS))[rng.integers(0, len(PRODUCTS), year.size)],
            "date": pl.Series(dates(years[year], np.full(year.size, "far"), rng)).cast(pl.Date),
            "value": np.round(pairs * paid, 2),
            "quantity": pairs,
        }
    ).with_columns(
        destination=pl.lit("US"),
        incoterm=pl.lit("FOB"),
        quantity_unit=pl.lit("pairs"),
        currency=pl.lit("USD"),
        origin=pl.lit("CN"),
    )


def rival_names(account: Account) -> list[str]:
    """Return the invented names of the rivals."""
    return [f"Invented Rival {number:02d}" for number in range(1, account.values["rival"]["suppliers"] + 1)]


def rival_suppliers(account: Account) -> pl.DataFrame:
    """Return the rivals as suppliers of a cluster of their own, in every year."""
    years = pl.DataFrame({"year": account.years}, schema={"year": pl.Int64})
    return (
        pl.DataFrame({"supplier": rival_names(account)})
        .join(years, how="cross")
        .with_columns(
            cluster=pl.lit(account.values["cluster"]["rival"]), region=pl.lit("Rival"), sector=pl.lit("footwear")
        )
    )
