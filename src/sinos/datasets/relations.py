"""Who sells how much to whom: relation-years whose totals hold the scenario's shares exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sinos.datasets.firms import Buyers, Firms
from sinos.datasets.scenario import GROUPS, MARKETS, Flags, Floats, Ints, Scenario


@dataclass(frozen=True, slots=True)
class Sales:
    """Exports and sales at home by firm and year (N x T), in US dollars, and the mix of markets (N x T x 4)."""

    exports: Floats
    home: Floats
    mix: Floats


def make_sales(scenario: Scenario, firms: Firms, rng: np.random.Generator) -> Sales:
    """Divide the cluster's exports over groups and firms, and add sales at home."""
    years = scenario.years
    active = firms.exporting(years)
    jitter = np.exp(rng.normal(0.0, 0.05, active.shape) * (firms.group != 0)[:, None])
    weight = np.where(active, firms.size[:, None] * jitter, 0.0)
    share = np.stack([scenario.path("group_share", g) if g != "home" else 0 * years for g in GROUPS])
    total = np.stack([weight[firms.group == g].sum(axis=0) for g in range(len(GROUPS))])
    share = np.where(total > 0, share, 0.0)
    share = share / share.sum(axis=0)
    own = weight / np.where(total > 0, total, 1.0)[firms.group]
    exports = own * share[firms.group] * scenario.path("exports")[None, :] * 1e6
    home = _home_sales(scenario, firms, rng)
    return Sales(exports, home, _mix(scenario, firms, exports, home))


def make_relations(
    scenario: Scenario, firms: Firms, buyers: Buyers, sales: Sales, rng: np.random.Generator
) -> pl.DataFrame:
    """Return relation-years: ``firm``, ``buyer`` (positions), ``year``, ``market`` (position) and ``value``."""
    main, rest = _main_part(scenario, firms, sales, rng)
    parts = [_main_relations(scenario, main)]
    parts += [_market_relations(scenario, firms, buyers, rest, market, rng) for market in range(len(MARKETS))]
    smallest = scenario.values["relations"]["smallest"]
    return (
        pl.concat(parts)
        .with_columns(_owner_buys(scenario, firms))
        .group_by("firm", "buyer", "year", "market")
        .agg(pl.col("value").sort().sum())
        .filter(pl.col("value") >= smallest)
        .sort("firm", "buyer", "year")
    )


def owned_plant(scenario: Scenario, firms: Firms) -> tuple[int, int, int]:
    """Return the plant that a buyer owns: firm, buyer (positions) and the first year of ownership."""
    spec = scenario.values["owned_plant"]
    plants = np.flatnonzero(firms.group == GROUPS.index(spec["group"]))
    return int(plants[np.argmin(firms.start[plants])]), 1, int(spec["from_year"])


def handover_years(scenario: Scenario, pairs: int, rng: np.random.Generator) -> Ints:
    """Draw the year in which each relation's logistics passes to the supplier's side."""
    spec = scenario.values["relations"]["handover"]
    drawn = np.round(rng.normal(spec["mean"], spec["sd"], pairs))
    return np.asarray(np.maximum(drawn, spec["first"]), dtype=np.int64)


def _owner_buys(scenario: Scenario, firms: Firms) -> pl.Expr:
    """Give what the owned plant sells in its owner's market to the owner."""
    plant, owner, first = owned_plant(scenario, firms)
    owned = (pl.col("firm") == plant) & (pl.col("year") >= first) & (pl.col("market") == 0)
    return pl.when(owned).then(pl.lit(owner, dtype=pl.Int64)).otherwise(pl.col("buyer")).alias("buyer")


def _home_sales(scenario: Scenario, firms: Firms, rng: np.random.Generator) -> Floats:
    path = np.stack([scenario.path("home_sales", group) for group in GROUPS])
    size = np.exp(rng.normal(0.0, 0.5, len(firms.names))) * scenario.values["first_home_sales"]
    return np.asarray(size[:, None] * path[firms.group])


def _mix(scenario: Scenario, firms: Firms, exports: Floats, home: Floats) -> Floats:
    shares = np.zeros((len(GROUPS), len(MARKETS)))
    for group, markets in scenario.values["market_mix"].items():
        shares[GROUPS.index(group)] = [markets[market] for market in MARKETS]
    by_market = np.repeat(shares[firms.group][:, None, :], exports.shape[1], axis=1)
    main = scenario.path("main_share")[None, :, None] * (firms.group == 0)[:, None, None]
    by_market = by_market * (1 - main)
    by_market[:, :, :1] += main
    value = np.concatenate([by_market * exports[:, :, None], home[:, :, None]], axis=2)
    return np.asarray(value / value.sum(axis=2, keepdims=True))


def _main_part(scenario: Scenario, firms: Firms, sales: Sales, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Split exports into what the main buyer takes and the rest; the group's total share is exact."""
    share = scenario.path("main_share")[None, :] * (firms.group == 0)[:, None]
    tilt = np.clip(1 + rng.normal(0.0, 0.03, share.shape), 0.9, 1.1)
    main = sales.exports * share * tilt
    wanted = (sales.exports * share).sum(axis=0)
    made = main.sum(axis=0)
    main = main * np.divide(wanted, made, out=np.ones_like(made), where=made > 0)
    main = np.minimum(main, sales.exports)
    return main, sales.exports - main


def _main_relations(scenario: Scenario, main: Floats) -> pl.DataFrame:
    firm, year = np.nonzero(main > 0)
    zero = np.zeros(len(firm), dtype=np.int64)
    return _frame(firm, zero, scenario.years[year], zero, main[firm, year])


def _market_relations(
    scenario: Scenario, firms: Firms, buyers: Buyers, rest: Floats, market: int, rng: np.random.Generator
) -> pl.DataFrame:
    name, years = MARKETS[market], scenario.years
    slots = np.array(scenario.values["relations"]["slots"][name])
    mix = np.array([scenario.values["market_mix"].get(g, {}).get(name, 0.0) for g in GROUPS])[firms.group]
    value = rest * mix[:, None]
    chosen = _choose(scenario, buyers, market, (len(firms.names), len(slots)), rng)
    spread = scenario.values["relations"]["spread"]
    weight = slots[None, :, None] * np.exp(rng.normal(0.0, spread, chosen.shape))
    weight = np.where(chosen >= 0, weight, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    amount = value[:, None, :] * np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    firm, slot, year = np.nonzero(amount > 0)
    buyer = chosen[firm, slot, year]
    return _frame(firm, buyer, years[year], np.full(len(firm), market), amount[firm, slot, year])


def _choose(scenario: Scenario, buyers: Buyers, market: int, shape: tuple[int, int], rng: np.random.Generator) -> Ints:
    """Return the buyer in every slot and year (firm x slot x T); -1 before anyone arrived."""
    candidates = np.flatnonzero((buyers.market == market) & (buyers.weight > 0))
    ending = scenario.values["relations"]["ending"][MARKETS[market]]
    chosen = np.full((*shape, len(scenario.years)), -1, dtype=np.int64)
    current = chosen[:, :, 0]
    for position, year in enumerate(scenario.years):
        weight = np.where(buyers.arrival[candidates] <= year, buyers.weight[candidates], 0.0)
        ends: Flags = (rng.random(shape) < ending) | (current < 0)
        drawn = rng.random(shape)
        if weight.sum() > 0:
            pick = np.searchsorted(np.cumsum(weight) / weight.sum(), drawn, side="right")
            current = np.where(ends, candidates[np.minimum(pick, len(candidates) - 1)], current)
        chosen[:, :, position] = current
    return chosen


def _frame(firm: Ints, buyer: Ints, year: Ints, market: Ints, value: Floats) -> pl.DataFrame:
    columns = {"firm": firm, "buyer": buyer, "year": year, "market": market, "value": value}
    integers = ("firm", "buyer", "year", "market")
    return pl.DataFrame(columns, schema_overrides=dict.fromkeys(integers, pl.Int64) | {"value": pl.Float64})
