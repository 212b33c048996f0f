"""The Sinos Valley reconstruction: tables in the data contract, the truth behind them, and a study that reads them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.datasets.capability import grow, perform
from sinos.datasets.firms import Buyers, Firms, buyers_table, make_buyers, make_firms
from sinos.datasets.reconstruction import Reconstruction
from sinos.datasets.relations import make_relations, make_sales
from sinos.datasets.scenario import GROUPS, Scenario, read_scenario
from sinos.datasets.shipments import dates, make_ranges, make_sectors, make_shipments
from sinos.datasets.survey import context_tables, own_shares, relation_survey, supplier_survey
from sinos.datasets.truth import (
    add_forms,
    capability_table,
    event_table,
    form_table,
    function_table,
    ships_itself,
)

SEED = 20020901
"""Seed of the reconstruction that the demo shows."""

_ORDER = ["date", "supplier", "buyer", "product", "value", "quantity", "incoterm", "brand_owner"]


def sinos_valley(seed: int = SEED) -> Reconstruction:
    """Make the Sinos Valley reconstruction, 1968-2000: a reconstruction, not data.

    Parameters
    ----------
    seed
        Seed of all random numbers. The shares that Humphrey & Schmitz (2002, p. 1023) report for the late period hold
        whatever the seed: the largest exporters sell over 80 % of their output to the cluster's main buyer, which takes
        close to 40 % of the cluster's exports.

    Returns
    -------
    Reconstruction
        Tables of the data contract, the truth (``forms``, ``functions``, ``capabilities``, ``events``), and a study.

    Examples
    --------
    >>> valley = sinos_valley()
    >>> sorted(valley.tables)
    ['buyers', 'clusters', 'coverage', 'products', 'relations', 'suppliers', 'transactions']
    >>> valley.study()["about"]["reconstruction"]
    True
    """
    scenario = read_scenario()
    draw = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(10)]
    names = scenario.values["capability"]["names"]
    firms, buyers = make_firms(scenario, draw[0]), make_buyers(scenario, draw[1])
    sales = make_sales(scenario, firms, draw[2])
    capability = grow(scenario, sales.mix, firms.intent)
    relations = add_forms(scenario, firms, make_relations(scenario, firms, buyers, sales, draw[3]), capability, draw[4])
    logistics = ships_itself(relations, sales.exports.shape, int(scenario.years[0]))
    done = perform(scenario, capability, logistics)
    own = own_shares(capability, done, sales.mix, names)
    sectors = make_sectors(scenario, firms, draw[5])
    quality = capability[:, :, names.index("product")]
    branded = own["brand"] / np.maximum(sales.mix[:, :, 2:].sum(axis=2), 1e-9)
    shipments = make_shipments(
        scenario, firms, buyers, relations, quality, branded, make_ranges(scenario, firms, draw[5]), sectors, draw[6]
    )
    rivals, rival_shipments = _rival(scenario, buyers, draw[7])
    suppliers = supplier_survey(scenario, firms, sales, capability, done, own, draw[8])
    tables = {
        "transactions": pl.concat([shipments, rival_shipments], how="diagonal_relaxed").sort(_ORDER),
        "suppliers": pl.concat([suppliers, rivals], how="diagonal_relaxed").sort("supplier", "year"),
        "buyers": buyers_table(scenario, buyers, draw[9]),
        "relations": relation_survey(scenario, firms, buyers.names, relations, draw[9]),
        **context_tables(scenario),
    }
    truth = {
        "forms": form_table(firms, buyers.names, relations),
        "functions": function_table(scenario, firms, done),
        "capabilities": capability_table(scenario, firms, capability),
        "events": event_table(scenario, firms, done, capability, sectors),
        "firms": _firm_table(firms),
    }
    return Reconstruction("sinos_valley", seed, tables, truth, scenario)


def _firm_table(firms: Firms) -> pl.DataFrame:
    return pl.DataFrame(
        {"supplier": firms.names, "group": [GROUPS[group] for group in firms.group], "intent": firms.intent.round(4)}
    )


def _rival(scenario: Scenario, buyers: Buyers, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rival suppliers and what the same US buyers buy from them."""
    spec, lot = scenario.values["rival"], scenario.values["shipments"]["lot"]["rival"]
    names = [f"Invented Rival {number:02d}" for number in range(1, spec["suppliers"] + 1)]
    years = scenario.years[scenario.years >= spec["from_year"]]
    since = scenario.years >= spec["from_year"]
    price, total = scenario.path("prices", "rival")[since], scenario.path("rival_exports")[since] * 1e6
    american = np.flatnonzero(buyers.market == 0)
    count = rng.poisson(total / (price * lot))
    year = np.repeat(np.arange(len(years)), count)
    shoes = [code for code, part in scenario.values["products"].items() if part["weight"] > 0]
    product = rng.integers(0, len(shoes), len(year))
    factor = np.array([scenario.values["products"][code]["factor"] for code in shoes])[product]
    firm = rng.integers(0, len(names), len(year))
    lasting = rng.normal(0.0, spec["spread"], len(names))[firm]
    paid = price[year] * factor * np.exp(lasting + rng.normal(0.0, 0.06, len(year)))
    pairs = np.maximum(np.round(lot * rng.gamma(4.0, 0.25, len(year))), 12)
    buyer = american[(firm + rng.integers(0, 3, len(year))) % len(american)]
    shipments = pl.DataFrame(
        {
            "supplier": np.array(names)[firm],
            "buyer": np.array(buyers.names)[buyer],
            "product": np.array(shoes)[product],
            "date": dates(scenario, years[year], np.zeros(len(year), dtype=np.int64), rng),
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
    rivals = (
        pl.DataFrame({"supplier": names})
        .join(pl.DataFrame({"year": years}).cast(pl.Int64), how="cross")
        .with_columns(
            cluster=pl.lit(scenario.values["rival_cluster"]), region=pl.lit("Rival"), sector=pl.lit("footwear")
        )
    )
    return rivals, shipments
