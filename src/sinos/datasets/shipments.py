"""Shipments: relation-years cut into dated consignments with products, prices, pairs, Incoterms and brands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sinos.datasets.firms import Buyers, Firms
from sinos.datasets.scenario import GROUPS, MARKETS, Floats, Ints, Scenario

_DAYS = 28


@dataclass(frozen=True, slots=True)
class Ranges:
    """Products that each firm makes: weights (N x P), the code of each product and its price factor (P)."""

    codes: list[str]
    factor: Floats
    weight: Floats


def make_ranges(scenario: Scenario, firms: Firms, rng: np.random.Generator) -> Ranges:
    """Draw the shoes that each firm makes: one main product and up to two others."""
    products = scenario.values["products"]
    codes = list(products)
    shoes = np.array([spec["weight"] for spec in products.values()])
    appeal = rng.gumbel(size=(len(firms.names), len(codes))) + np.log(np.where(shoes > 0, shoes, 1e-12))
    order = np.argsort(-appeal, axis=1)
    weight = np.zeros_like(appeal)
    for position, share in enumerate((0.62, 0.26, 0.12)):
        weight[np.arange(len(weight)), order[:, position]] = share
    return Ranges(codes, np.array([spec["factor"] for spec in products.values()]), weight)


def make_sectors(scenario: Scenario, firms: Firms, rng: np.random.Generator) -> pl.DataFrame:
    """Draw entries into other sectors: supplier, firm (position), year, last, product, sector, lasting."""
    spec, years = scenario.values["new_sectors"], scenario.years
    groups = [GROUPS.index(name) for name in spec["groups"]]
    enters = np.isin(firms.group, groups) & (rng.random(len(firms.names)) < spec["share"])
    firm = np.flatnonzero(enters)
    earliest = np.maximum(firms.start[firm] + 2, spec["from_year"])
    year = earliest + rng.integers(0, 8, len(firm))
    lasting = rng.random(len(firm)) < spec["lasting"]
    outside = {code: part for code, part in scenario.values["products"].items() if part["weight"] == 0}
    code = rng.choice(list(outside), len(firm))
    frame = pl.DataFrame(
        {
            "supplier": [firms.names[position] for position in firm],
            "firm": firm,
            "year": year,
            "last": np.where(lasting, years[-1], year),
            "product": code,
            "sector": [outside[name]["sector"] for name in code],
            "lasting": lasting,
        },
        schema_overrides={"supplier": pl.String, "product": pl.String, "sector": pl.String, "firm": pl.Int64},
    )
    return frame.filter(pl.col("year") < min(firms.end.max(), years[-1]) - 1).sort("supplier")


def make_shipments(
    scenario: Scenario,
    firms: Firms,
    buyers: Buyers,
    relations: pl.DataFrame,
    quality: Floats,
    branded: Floats,
    ranges: Ranges,
    sectors: pl.DataFrame,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the cluster's shipments in the data contract.

    Parameters
    ----------
    relations
        Relation-years with ``market``, ``value`` and ``supplier_logistics``.
    quality
        Product capability by firm and year (N x T), which raises prices.
    branded
        Share of a firm's sales under its own brand by firm and year (N x T).
    ranges
        Products that each firm makes.
    sectors
        Entries into other sectors.
    """
    spec, effects = scenario.values["shipments"], scenario.values["price_effects"]
    market = relations["market"].to_numpy()
    lot = np.array([spec["lot"][name] for name in MARKETS])[market]
    year = relations["year"].to_numpy() - scenario.years[0]
    price = np.stack([scenario.path("prices", name) for name in MARKETS])[market, year]
    count = np.clip(rng.poisson(relations["value"].to_numpy() / (price * lot)), 1, 90)
    row = np.repeat(np.arange(relations.height), count)
    firm, year, market = relations["firm"].to_numpy()[row], year[row], market[row]
    value = _cut(relations["value"].to_numpy(), row, rng)
    product = _draw_products(scenario, ranges, sectors, firm, scenario.years[year], rng)
    own_brand = (market == MARKETS.index("LA")) & (rng.random(len(row)) < branded[firm, year])
    level = np.log(price[row] * ranges.factor[product]) + firms.price[firm]
    level += effects["product_capability"] * (quality[firm, year] - 0.5) + effects["branded"] * own_brand
    paid = np.exp(level + rng.normal(0.0, effects["shipment"], len(row)))
    pairs = np.maximum(np.round(value / paid), 12)
    buyer = relations["buyer"].to_numpy()[row]
    logistics = relations["supplier_logistics"].to_numpy()[row].astype(np.int64) + (market == MARKETS.index("LA"))
    brand = np.where(own_brand, np.array(firms.names)[firm], np.array(buyers.names)[buyer])
    return pl.DataFrame(
        {
            "supplier": np.array(firms.names)[firm],
            "buyer": np.array(buyers.names)[buyer],
            "product": np.array(ranges.codes)[product],
            "date": dates(scenario, scenario.years[year], market, rng),
            "value": np.round(pairs * paid, 2),
            "quantity": _blank(pairs, spec["quantity_missing"], rng),
            "destination": np.array(buyers.country)[buyer],
            "incoterm": _incoterms(spec["incoterms"], logistics, rng),
            "brand_owner": pl.Series(brand).set(pl.Series(rng.random(len(row)) < spec["brand_missing"]), None),
        }
    ).with_columns(quantity_unit=pl.lit("pairs"), currency=pl.lit("USD"), origin=pl.lit("BR"))


def dates(scenario: Scenario, year: Ints, market: Ints, rng: np.random.Generator) -> pl.Series:
    """Draw shipping dates with the seasons of each market."""
    season = np.array([scenario.values["shipments"]["months"][name] for name in MARKETS], dtype=np.float64)
    bounds = np.cumsum(season, axis=1) / season.sum(axis=1, keepdims=True)
    month = (rng.random(len(year))[:, None] > bounds[market]).sum(axis=1)
    first = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + month
    day = first.astype("datetime64[D]") + rng.integers(0, _DAYS, len(year))
    return pl.Series(day).cast(pl.Date)


def _cut(total: Floats, row: Ints, rng: np.random.Generator) -> Floats:
    """Cut each total into random parts that sum to it."""
    part = rng.gamma(4.0, size=len(row))
    return np.asarray(total[row] * part / np.bincount(row, weights=part, minlength=len(total))[row])


def _draw_products(
    scenario: Scenario, ranges: Ranges, sectors: pl.DataFrame, firm: Ints, year: Ints, rng: np.random.Generator
) -> Ints:
    bounds = np.cumsum(ranges.weight, axis=1)
    product = (rng.random(len(firm))[:, None] > bounds[firm] - 1e-12).sum(axis=1).clip(0, len(ranges.codes) - 1)
    chance = rng.random(len(firm)) < scenario.values["new_sectors"]["sales"]
    entered, last = np.full(ranges.weight.shape[0], 9999), np.zeros(ranges.weight.shape[0])
    code = np.zeros(ranges.weight.shape[0], dtype=np.int64)
    position = sectors["firm"].to_numpy()
    entered[position], last[position] = sectors["year"].to_numpy(), sectors["last"].to_numpy()
    code[position] = [ranges.codes.index(name) for name in sectors["product"]]
    return np.where(chance & (year >= entered[firm]) & (year <= last[firm]), code[firm], product)


def _incoterms(terms: dict[str, dict[str, float]], who: Ints, rng: np.random.Generator) -> list[str]:
    """Draw delivery terms: 0 buyer's logistics, 1 supplier's, 2 Latin America."""
    drawn = np.empty(len(who), dtype="<U3")
    for code, name in enumerate(("buyer", "supplier", "LA")):
        here = who == code
        drawn[here] = rng.choice(list(terms[name]), int(here.sum()), p=list(terms[name].values()))
    return [str(term) for term in drawn]


def _blank(pairs: Floats, share: float, rng: np.random.Generator) -> pl.Series:
    return pl.Series(pairs).set(pl.Series(rng.random(len(pairs)) < share), None)
