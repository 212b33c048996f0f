"""Relations of a simulated world cut into dated shipments, with products, prices, delivery terms and brands."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.emit_units import PRODUCTS, SEASONS, Units
from sinos.strategies.history import History

Doubles = NDArray[np.float64]

ORDER = ["date", "supplier", "buyer", "product", "value", "quantity", "incoterm", "brand_owner"]


def shipments(history: History, relations: pl.DataFrame, units: Units, rng: np.random.Generator) -> pl.DataFrame:
    """Return every shipment: pairs and money of a relation add up to what the model sold, up to whole pairs.

    Parameters
    ----------
    history
        For its buyers.
    relations
        Relations by period, with the ``part`` of the year and the ``region`` of the buyer.
    units
        Scale and noise.
    rng
        Luck of the records, apart from that of the model.
    """
    buyers = history.buyers
    place = {name: number for number, name in enumerate(buyers["buyer"])}
    buyer = relations["buyer"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    lot = units.lot * np.exp(rng.normal(0.0, units.lot_spread, buyers.height))[buyer]
    pairs = relations["volume"].to_numpy() * units.pairs
    complexity = relations["complexity"].to_numpy()
    parts = history.scenario.parts
    count = np.clip(rng.poisson(pairs / lot * (1.0 + complexity)), 1, max(1, units.most_shipments // parts))
    row = np.repeat(np.arange(relations.height), count)
    part = rng.gamma(4.0, size=row.size)
    part /= np.bincount(row, weights=part, minlength=relations.height)[row]
    quantity = np.maximum(np.round(pairs[row] * part), 1.0)
    paid = relations["price"].to_numpy()[row] * units.price
    paid = np.maximum(paid, 0.01) * np.exp(rng.normal(0.0, units.price_noise, row.size))
    region = relations["region"].to_numpy()
    period = relations["part"].to_numpy()[row]
    shipped = dates(relations["year"].to_numpy()[row], region[row], rng, period, parts)
    late = rng.random(row.size) < units.late * relations["failure"].to_numpy()[row]
    due = shipped + np.where(late, -rng.integers(1, 30, row.size), rng.integers(0, 15, row.size))
    return pl.DataFrame(
        {
            "supplier": relations["supplier"].gather(row),
            "buyer": relations["buyer"].gather(row),
            "product": _products(complexity[row], rng),
            "date": pl.Series(shipped).cast(pl.Date),
            "due_date": pl.Series(due).cast(pl.Date),
            "value": np.round(quantity * paid, 2),
            "quantity": quantity,
            "quantity_unit": pl.repeat("pairs", row.size, eager=True),
            "currency": pl.repeat("USD", row.size, eager=True),
            "origin": pl.repeat("home", row.size, eager=True),
            "destination": np.where(region == "home", "home", np.array(buyers["market"].to_list())[buyer])[row],
            "incoterm": _incoterms(relations["performs_logistics"].to_numpy()[row], rng),
            "brand_owner": _brands(relations, row, rng),
        }
    ).sort(ORDER)


def dates(year: Any, region: Any, rng: np.random.Generator, part: Any = 0, parts: int = 1) -> Any:
    """Draw the days of shipping: the month by the season of the buyer's region, any day of it.

    ``part`` says in which of so many equal parts of the year each day falls.
    """
    month = np.zeros(year.size, np.int64)
    months = 12 // parts
    for name, season in SEASONS.items():
        for one in range(parts):
            here = (region == name) & (np.asarray(part) == one)
            weight = season[one * months : (one + 1) * months]
            bounds = np.cumsum(weight) / np.sum(weight)
            month[here] = one * months + np.searchsorted(bounds[:-1], rng.random(int(here.sum())), side="right")
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + month
    start = first.astype("datetime64[D]")
    length = ((first + 1).astype("datetime64[D]") - start).astype(np.int64)
    return start + (rng.random(year.size) * length).astype(np.int64)


def _products(complexity: Doubles, rng: np.random.Generator) -> list[str]:
    """Draw products: three in four shipments are of the buyer's level of complexity, the others of any."""
    level = np.searchsorted(list(PRODUCTS.values()), complexity)
    other = rng.random(complexity.size) < 0.25
    chosen = np.where(other, rng.integers(0, len(PRODUCTS), complexity.size), level)
    return [list(PRODUCTS)[number] for number in chosen]


def _incoterms(own: Any, rng: np.random.Generator) -> Any:
    chance = rng.random(own.size)
    return np.where(own == 1, np.where(chance < 0.6, "CIF", "CFR"), np.where(chance < 0.7, "FOB", "EXW"))


def _brands(relations: pl.DataFrame, row: Any, rng: np.random.Generator) -> pl.Series:
    own = relations["performs_marketing"].to_numpy()[row] == 1
    names = np.where(own, relations["supplier"].to_numpy()[row], relations["buyer"].to_numpy()[row])
    return pl.Series(names, dtype=pl.String).set(pl.Series(rng.random(row.size) < 0.2), None)
