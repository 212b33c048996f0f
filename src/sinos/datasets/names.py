"""Invented names for the firms of a simulated history, and the places that its markets stand for."""

from __future__ import annotations

import polars as pl

from sinos.datasets.account import Account
from sinos.strategies.emit import Emitted

NAMED = ("supplier", "buyer", "brand_owner")
"""Columns that hold names of firms."""


def supplier_names(emitted: Emitted) -> dict[str, str]:
    """Return an invented name for every supplier, numbered in the order in which they begin to sell."""
    began = emitted.history.suppliers.group_by("supplier").agg(pl.col("year").min()).sort("year", "supplier")
    return {name: f"Invented Shoes {number:03d}" for number, name in enumerate(began["supplier"], start=1)}


def buyer_names(emitted: Emitted, account: Account) -> dict[str, str]:
    """Return an invented name for every buyer, numbered within its group."""
    labels = account.values["buyers"]["label"]
    seen: dict[str, int] = {}
    names = {}
    for buyer, group, main in emitted.history.buyers.select("buyer", "group", "main").iter_rows():
        seen[group] = seen.get(group, 0) + 1
        names[buyer] = f"Invented {labels[group]} {seen[group]:02d}{' (main buyer)' if main else ''}"
    return names


def buyer_countries(emitted: Emitted, account: Account) -> dict[str, str]:
    """Return the country of every buyer: those of its market, taken in turn."""
    countries = account.values["buyers"]["countries"]
    placed: dict[str, int] = {}
    found = {}
    for buyer, market in emitted.history.buyers.select("buyer", "market").iter_rows():
        placed[market] = placed.get(market, -1) + 1
        found[buyer] = countries[market][placed[market] % len(countries[market])]
    return found


def renamed(frame: pl.DataFrame, names: dict[str, str], cluster: str) -> pl.DataFrame:
    """Replace the model's names of firms and of the cluster."""
    columns = [pl.col(name).replace(names) for name in NAMED if name in frame.columns]
    if "cluster" in frame.columns:
        columns.append(pl.lit(cluster).alias("cluster"))
    return frame.with_columns(columns)
