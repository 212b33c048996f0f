"""The truth behind the reconstruction: forms, functions, capabilities and upgrading."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.datasets.capability import FUNCTIONS
from sinos.datasets.firms import Firms
from sinos.datasets.relations import handover_years, owned_plant
from sinos.datasets.scenario import MARKETS, Flags, Floats, Scenario

SKILLED = ("logistics", "design", "marketing", "branding")
STEPS = (0.25, 0.50, 0.75)


def add_forms(
    scenario: Scenario, firms: Firms, relations: pl.DataFrame, capability: Floats, rng: np.random.Generator
) -> pl.DataFrame:
    """Add to relation-years their true ``form``, ``age`` (years) and ``supplier_logistics`` (0/1).

    Relations that take a marginal share of the supplier's exports are markets. Of the others, US relations are
    quasi-hierarchies; European ones become networks once the supplier masters process and design; Latin American ones
    are markets that turn into networks among old partners with design; the owned plant is a hierarchy (Humphrey &
    Schmitz 2002; order of chains: Bazan & Navas-Aleman 2003).
    """
    rule = scenario.values["forms"]
    names = scenario.values["capability"]["names"]
    firm, year = relations["firm"].to_numpy(), relations["year"].to_numpy() - scenario.years[0]
    plant, owner, first = owned_plant(scenario, firms)
    pairs = relations.select("firm", "buyer").unique().sort("firm", "buyer")
    pairs = pairs.with_columns(pl.Series("handover", handover_years(scenario, pairs.height, rng)))
    framed = relations.with_columns(
        process=pl.Series(capability[firm, year, names.index("process")]),
        design=pl.Series(capability[firm, year, names.index("design")]),
        age=pl.col("year") - pl.col("year").min().over("firm", "buyer"),
        share=pl.col("value") / pl.col("value").sum().over("firm", "year"),
    ).join(pairs, on=["firm", "buyer"], how="left", maintain_order="left")
    owned = (pl.col("firm") == plant) & (pl.col("buyer") == owner) & (pl.col("year") >= first)
    eu, la = pl.col("market") == MARKETS.index("EU"), pl.col("market") == MARKETS.index("LA")
    able = (pl.col("process") >= rule["eu_network_process"]) & (pl.col("design") >= rule["eu_network_design"])
    old = (pl.col("age") >= rule["la_network_years"]) & (pl.col("design") >= rule["la_network_design"])
    form = (
        pl.when(owned)
        .then(pl.lit("hierarchy"))
        .when(pl.col("share") < rule["marginal_share"])
        .then(pl.lit("market"))
        .when(la & old)
        .then(pl.lit("network"))
        .when(la)
        .then(pl.lit("market"))
        .when(eu & able)
        .then(pl.lit("network"))
        .otherwise(pl.lit("quasi_hierarchy"))
    )
    logistics = la | (pl.col("year") >= pl.col("handover"))
    return framed.with_columns(form=form, supplier_logistics=logistics.cast(pl.Int8)).drop("process", "design", "share")


def ships_itself(relations: pl.DataFrame, shape: tuple[int, int], first_year: int) -> Flags:
    """Return whether at least half of a firm's exports go under its own logistics (N x T)."""
    share = relations.group_by("firm", "year").agg(
        share=(pl.col("value") * pl.col("supplier_logistics")).sum() / pl.col("value").sum()
    )
    flags = np.zeros(shape, dtype=np.bool_)
    flags[share["firm"].to_numpy(), share["year"].to_numpy() - first_year] = share["share"].to_numpy() >= 0.5
    return flags


def form_table(firms: Firms, buyers: list[str], relations: pl.DataFrame) -> pl.DataFrame:
    """Return the true form of every relation-year: supplier, buyer, year, form, supplier_logistics."""
    return named(firms.names, buyers, relations).select("supplier", "buyer", "year", "form", "supplier_logistics")


def function_table(scenario: Scenario, firms: Firms, done: Flags) -> pl.DataFrame:
    """Return the functions truly performed: supplier, year and one 0/1 column per function."""
    frame = _panel(scenario, firms)
    return frame.with_columns(
        pl.Series(name, done[:, :, position].ravel().astype(np.int8)) for position, name in enumerate(FUNCTIONS)
    )


def capability_table(scenario: Scenario, firms: Firms, capability: Floats) -> pl.DataFrame:
    """Return true capability (share of the world frontier): supplier, year and one column per kind."""
    frame, names = _panel(scenario, firms), scenario.values["capability"]["names"]
    return frame.with_columns(
        pl.Series(name, capability[:, :, position].ravel().round(4)) for position, name in enumerate(names)
    )


def event_table(
    scenario: Scenario, firms: Firms, done: Flags, capability: Floats, sectors: pl.DataFrame
) -> pl.DataFrame:
    """Return true upgrading events: supplier, year, kind, direction (up, down), what.

    Process and product: capability passes one quarter, one half or three quarters of the frontier. Functional: a
    skilled function is gained or lost. Inter-sectoral: lasting entry into another sector.
    """
    parts = [_function_events(scenario, firms, done)]
    names = scenario.values["capability"]["names"]
    for kind in ("process", "product"):
        level = np.digitize(capability[:, :, names.index(kind)], STEPS)
        for sign, direction in ((1, "up"), (-1, "down")):
            firm, year = np.nonzero(np.sign(np.diff(level, axis=1)) == sign)
            what = [
                f"{kind} capability passes {STEPS[min(level[f, y], level[f, y + 1])]:g}"
                for f, y in zip(firm, year, strict=True)
            ]
            parts.append(_events(scenario, firms, firm, year, kind, direction, what))
    lasting = sectors.filter(pl.col("lasting")).select(
        "supplier", "year", kind=pl.lit("inter_sectoral"), direction=pl.lit("up"), what=pl.col("sector")
    )
    return pl.concat([*parts, lasting]).sort("supplier", "year", "kind", "what")


def named(firms: list[str], buyers: list[str], relations: pl.DataFrame) -> pl.DataFrame:
    """Replace positions by names: adds ``supplier`` and ``buyer`` (strings) and drops ``firm``."""
    supplier = pl.Series("supplier", firms)[relations["firm"]]
    buyer = pl.Series("buyer", buyers)[relations["buyer"]]
    return relations.drop("firm", "buyer").with_columns(supplier, buyer).sort("supplier", "buyer", "year")


def _panel(scenario: Scenario, firms: Firms) -> pl.DataFrame:
    years = scenario.years
    return pl.DataFrame(
        {"supplier": np.repeat(firms.names, len(years)), "year": np.tile(years, len(firms.names))},
        schema={"supplier": pl.String, "year": pl.Int64},
    )


def _function_events(scenario: Scenario, firms: Firms, done: Flags) -> pl.DataFrame:
    parts = []
    for name in SKILLED:
        change = np.diff(done[:, :, FUNCTIONS.index(name)].astype(np.int8), axis=1)
        for sign, direction in ((1, "up"), (-1, "down")):
            firm, year = np.nonzero(change == sign)
            parts.append(_events(scenario, firms, firm, year, "functional", direction, [name] * len(firm)))
    return pl.concat(parts)


def _events(
    scenario: Scenario, firms: Firms, firm: np.ndarray, year: np.ndarray, kind: str, direction: str, what: list[str]
) -> pl.DataFrame:
    schema = {"supplier": pl.String, "year": pl.Int64, "kind": pl.String, "direction": pl.String, "what": pl.String}
    columns = {
        "supplier": [firms.names[position] for position in firm],
        "year": scenario.years[year + 1],
        "kind": [kind] * len(firm),
        "direction": [direction] * len(firm),
        "what": what,
    }
    return pl.DataFrame(columns, schema=schema)
