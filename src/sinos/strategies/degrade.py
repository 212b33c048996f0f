"""Degrading: from everything there is to know about a simulated world to what a user has.

Levels are nested where they can be, so that each shows what one loss costs: from the full survey through survey
without sales at home, a survey of a sample in some years, customs with types of buyers, and customs alone, to three
ways in which customs records go wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from sinos.errors import UnknownNameError, nearest
from sinos.strategies.emit import Emitted

LEVELS: Final[dict[str, str]] = {
    "full_survey": "every shipment, sales at home included, and a survey of every supplier and relation",
    "missing_domestic": "the same survey of exporters, but sales at home are not known",
    "sample_survey": "customs records of exports, and a survey of some exporters and relations in one year in three, "
    "whose answers stand for the two years after",
    "customs_buyer_types": "customs records of exports, and what type each buyer is",
    "customs": "customs records of exports only",
    "unresolved_names": "customs records in which every buyer appears under three spellings, taken for three firms",
    "partial_coverage": "customs records in which two years in five lack months and one in ten is missing",
    "misreported_units": "customs records in which one quantity in ten is in the wrong unit (dozens for pairs or back)",
}
"""Levels of degradation and what a user at that level has."""

CUSTOMS_COLUMNS = (
    "supplier", "buyer", "product", "date", "value", "quantity", "quantity_unit", "currency", "origin", "destination",
    "incoterm", "brand_owner",
)  # fmt: skip
HOME_COLUMNS = ("output", "value_added", "profit")
SPELLINGS: Final = 3
EVERY: Final = 3
"""A sample survey is taken every so many years, counted back from the last."""

ASKED: Final = {"suppliers": 0.60, "relations": 0.60, "buyers": 0.60}
"""Shares of exporters and relations that a sample survey asks, and of buyers whose core functions are known."""

WRONG_UNITS: Final = 0.10
DOZEN: Final = 12.0
LEAST_MONTHS: Final = 4


def degrade(emitted: Emitted, level: str, seed: int = 0) -> Emitted:
    """Reduce emitted records to what a user has; the truth stays whole.

    Parameters
    ----------
    emitted
        Records with nothing withheld.
    level
        Name of a level in :data:`LEVELS`.
    seed
        Seed of what is lost, with the seed and replication of the history.

    Returns
    -------
    Emitted
        Tables that the level leaves. Truth keeps the original names; at level ``unresolved_names`` its table
        ``spellings`` (spelling, buyer) tells which buyer each spelling is.

    Raises
    ------
    UnknownNameError
        If there is no such level; the nearest is given.
    """
    if level not in LEVELS:
        raise UnknownNameError(f"there is no level '{level}'", where="degrade", fix=nearest(level, LEVELS))
    number = list(LEVELS).index(level)
    history = emitted.history
    rng = np.random.default_rng(np.random.SeedSequence([history.seed, history.replication, seed, number]))
    return STEPS[level](emitted, rng)


def _full_survey(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    return emitted


def _missing_domestic(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    """Drop sales at home, what can only be known with them, and buyers and firms that are seen only there."""
    tables = dict(emitted.tables)
    exports = tables["transactions"].filter(pl.col("destination") != "home")
    firms = exports.select("supplier").unique()
    tables["transactions"] = exports
    tables["suppliers"] = tables["suppliers"].drop(HOME_COLUMNS).join(firms, on="supplier", how="semi")
    tables["buyers"] = tables["buyers"].join(exports, on="buyer", how="semi")
    tables["relations"] = tables["relations"].join(exports, on=["supplier", "buyer"], how="semi")
    tables["coverage"] = _covered(exports)
    return replace(emitted, tables=tables, domestic_sales="missing")


def _sample_survey(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    """Keep answers of some exporters and relations in survey years; those exporters tell their sales at home too."""
    exports = _missing_domestic(emitted, rng)
    tables = dict(exports.tables)
    surveyed = tables["coverage"]["year"].to_list()[::-EVERY]
    tables["suppliers"] = _asked_suppliers(emitted, tables["suppliers"], surveyed, rng)
    pairs = tables["relations"].select("supplier", "buyer").unique().sort("supplier", "buyer")
    asked = pairs.filter(pl.Series(rng.random(pairs.height) < ASKED["relations"]))
    answers = tables["relations"].join(asked, on=["supplier", "buyer"], how="semi")
    tables["relations"] = answers.filter(pl.col("year").is_in(surveyed)).sort("supplier", "buyer", "year")
    hidden = pl.Series(rng.random(tables["buyers"].height) >= ASKED["buyers"])
    core = tables["buyers"]["core_functions"].set(hidden, None)
    tables["buyers"] = tables["buyers"].with_columns(core)
    return replace(exports, tables=tables, survey_holds=EVERY - 1)


def _asked_suppliers(
    emitted: Emitted, exporters: pl.DataFrame, surveyed: list[int], rng: np.random.Generator
) -> pl.DataFrame:
    """Return one row per exporter and year, with answers where the firm was asked that year."""
    firms = exporters.select("supplier").unique().sort("supplier")
    panel = firms.filter(pl.Series(rng.random(firms.height) < ASKED["suppliers"]))["supplier"]
    sales = emitted.tables["transactions"].filter(pl.col("destination") == "home")
    home = sales.group_by("supplier", year=pl.col("date").dt.year().cast(pl.Int64)).agg(
        domestic_sales=pl.col("value").sort().sum().round(2)
    )
    rows = emitted.tables["suppliers"].join(firms, on="supplier", how="semi")
    known = rows.join(home, on=["supplier", "year"], how="left").with_columns(pl.col("domestic_sales").fill_null(0.0))
    asked = pl.col("supplier").is_in(panel.to_list()) & pl.col("year").is_in(surveyed)
    answers = [name for name in known.columns if name not in ("supplier", "year", "cluster", "sector")]
    return known.with_columns(pl.when(asked).then(pl.col(name)).alias(name) for name in answers).sort(
        "supplier", "year"
    )


def _customs_buyer_types(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    exports = _missing_domestic(emitted, rng)
    shipments = exports.tables["transactions"].select(CUSTOMS_COLUMNS)
    return replace(
        exports,
        tables={
            "transactions": shipments,
            "suppliers": exports.tables["suppliers"].select("supplier", "cluster").unique().sort("supplier"),
            "buyers": exports.tables["buyers"].select("buyer", "type", "country"),
            "coverage": exports.tables["coverage"],
        },
    )


def _customs(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    typed = _customs_buyer_types(emitted, rng)
    return replace(typed, tables={name: frame for name, frame in typed.tables.items() if name != "buyers"})


def _unresolved_names(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    """Write every buyer under one of several spellings, shipment by shipment."""
    customs = _customs(emitted, rng)
    shipments = customs.tables["transactions"]
    # A firm is not written differently on every shipment: one spelling is the usual one.
    spelling = rng.choice(SPELLINGS, shipments.height, p=[0.6, 0.25, 0.15]) + 1
    endings = pl.Series([("", " LTD", " TRADING")[number - 1] for number in spelling])
    written = shipments.with_columns(buyer=shipments["buyer"] + endings)
    names = pl.DataFrame({"spelling": written["buyer"], "buyer": shipments["buyer"]}).unique().sort("spelling")
    return replace(
        customs, tables={**customs.tables, "transactions": written}, truth={**emitted.truth, "spellings": names}
    )


def _partial_coverage(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    """Lose whole years and months; the coverage table says so."""
    customs = _customs(emitted, rng)
    shipments = customs.tables["transactions"]
    years = customs.tables["coverage"]["year"].to_list()
    lot = rng.random(len(years))
    months = np.where(lot < 0.1, 0, np.where(lot < 0.5, rng.integers(LEAST_MONTHS, 12, len(years)), 12))
    months[[0, -1]] = 12
    kept = pl.DataFrame({"year": years, "months": months})
    framed = shipments.with_columns(year=pl.col("date").dt.year().cast(pl.Int64)).join(kept, on="year", how="left")
    left = framed.filter(pl.col("date").dt.month() <= pl.col("months")).drop("year", "months")
    coverage = kept.filter(pl.col("months") > 0).select(
        pl.lit("*").alias("reporter"), pl.lit("file").alias("side"), "year", pl.col("months").cast(pl.Int64)
    )
    return replace(customs, tables={**customs.tables, "transactions": left, "coverage": coverage})


def _misreported_units(emitted: Emitted, rng: np.random.Generator) -> Emitted:
    customs = _customs(emitted, rng)
    shipments = customs.tables["transactions"]
    lot = rng.random(shipments.height)
    factor = np.where(lot < WRONG_UNITS / 2, DOZEN, np.where(lot < WRONG_UNITS, 1.0 / DOZEN, 1.0))
    wrong = shipments.with_columns(quantity=(pl.col("quantity") * pl.Series(factor)).clip(lower_bound=1.0 / DOZEN))
    return replace(customs, tables={**customs.tables, "transactions": wrong})


STEPS: Final[dict[str, Callable[[Emitted, np.random.Generator], Emitted]]] = {
    "full_survey": _full_survey,
    "missing_domestic": _missing_domestic,
    "sample_survey": _sample_survey,
    "customs_buyer_types": _customs_buyer_types,
    "customs": _customs,
    "unresolved_names": _unresolved_names,
    "partial_coverage": _partial_coverage,
    "misreported_units": _misreported_units,
}


def _covered(shipments: pl.DataFrame) -> pl.DataFrame:
    """Return the coverage of whole years: all years from the first to the last export."""
    years = shipments["date"].dt.year()
    every = range(int(str(years.min())), int(str(years.max())) + 1) if shipments.height else range(0)
    return pl.DataFrame(
        {
            "reporter": ["*"] * len(every),
            "side": ["file"] * len(every),
            "year": list(every),
            "months": [12] * len(every),
        },
        schema={"reporter": pl.String, "side": pl.String, "year": pl.Int64, "months": pl.Int64},
    )
