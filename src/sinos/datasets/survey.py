"""The invented survey and the side tables: what would be known beside shipments, for a sample in survey years."""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.datasets.capability import FUNCTIONS
from sinos.datasets.firms import Firms
from sinos.datasets.relations import Sales, owned_plant
from sinos.datasets.scenario import FORMS, Flags, Floats, Ints, Scenario
from sinos.datasets.truth import named

_DESIGNER = {"market": "supplier", "network": "shared", "quasi_hierarchy": "buyer", "hierarchy": "buyer"}


def supplier_survey(
    scenario: Scenario,
    firms: Firms,
    sales: Sales,
    capability: Floats,
    done: Flags,
    own: dict[str, Floats],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the suppliers table: one row per firm and year, with answers for panel firms in survey years.

    Parameters
    ----------
    own
        Shares of a firm's sales to its own designs (``design``) and under its own brand (``brand``), N x T.
    """
    columns = _accounts(scenario, sales, capability, rng) | _performance(scenario, capability, own, rng)
    columns |= {f"performs_{name}": done[:, :, position].astype(float) for position, name in enumerate(FUNCTIONS)}
    years = scenario.years
    asked = _asked(scenario, firms, rng)
    answered = scenario.values["survey"]["answered"]
    frame = pl.DataFrame(
        {"supplier": np.repeat(firms.names, len(years)), "year": np.tile(years, len(firms.names))},
        schema={"supplier": pl.String, "year": pl.Int64},
    ).with_columns(cluster=pl.lit(scenario.values["cluster"]), region=pl.lit("Sinos Valley"), sector=pl.lit("footwear"))
    for name, values in columns.items():
        known = asked & (rng.random(asked.shape) < answered)
        decimals = 4 if name.endswith(("share", "rate")) else 1 if name == "lead_time_days" else 0
        answer = pl.Series(name, np.round(values, decimals).ravel()).set(pl.Series(~known.ravel()), None)
        whole = name.startswith("performs_") or name in {"employment", "design_staff"}
        frame = frame.with_columns(answer.cast(pl.Int64) if whole else answer)
    parent = [name for name in firms.parent for _ in years]
    return frame.with_columns(parent_firm=pl.Series(parent, dtype=pl.String))


def relation_survey(
    scenario: Scenario, firms: Firms, buyers: list[str], relations: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the relations table: evidence on a sample of relations in survey years."""
    pairs = relations.select("firm", "buyer").unique().sort("firm", "buyer")
    asked = pairs.filter(pl.Series(rng.random(pairs.height) < scenario.values["survey"]["relation_share"]))
    surveyed = relations.filter(pl.col("year").is_in(scenario.values["survey"]["years"]))
    sample = surveyed.join(asked, on=["firm", "buyer"], how="semi").sort("firm", "buyer", "year")
    form = np.array([FORMS.index(name) for name in sample["form"]])
    spec = scenario.values["survey"]
    columns: dict[str, pl.Series] = {}
    for name, means in spec["item"].items():
        mean = np.array([means[kind] for kind in FORMS])[form]
        answer = np.clip(mean + rng.normal(0.0, spec["spread"], len(form)), 0.0, 1.0)
        columns[name] = _answers(np.round(answer, 2), spec["answered"], rng)
    columns["controls_logistics"] = _answers(1.0 - sample["supplier_logistics"].to_numpy(), spec["answered"], rng)
    columns["rejection_rate"] = _answers(np.round(rng.beta(2, 40, len(form)), 3), spec["answered"], rng)
    columns["technician_days"] = _answers(_technicians(form, sample["age"].to_numpy(), rng), spec["answered"], rng)
    columns["design_by"] = pl.Series([_DESIGNER[name] for name in sample["form"]])
    plant, owner, _ = owned_plant(scenario, firms)
    owned = (sample["firm"] == plant) & (sample["buyer"] == owner) & (sample["form"] == "hierarchy")
    columns["ownership_share"] = owned.cast(pl.Float64)
    gone = (sample["supplier_logistics"] == 1) & (sample["year"] - sample["handover"]).is_between(0, 2)
    columns["relinquished_function"] = gone.replace_strict({True: "logistics", False: None}, return_dtype=pl.String)
    framed = sample.select("firm", "buyer", "year").with_columns(**columns)
    return named(firms.names, buyers, framed).select("supplier", "buyer", "year", *columns)


def own_shares(capability: Floats, done: Flags, mix: Floats, names: list[str]) -> dict[str, Floats]:
    """Return true shares of sales to own designs and under own brands (N x T).

    Own designs sell in Latin America and at home in full, in Europe by half and in the US not at all (buyers bring
    theirs); own brands sell in Latin America and at home only.
    """
    open_to_design = mix @ np.array([0.0, 0.5, 1.0, 1.0])
    design = np.minimum(1.0, 1.6 * capability[:, :, names.index("design")]) * open_to_design
    brand = capability[:, :, names.index("marketing")] * (mix @ np.array([0.0, 0.0, 1.0, 1.0]))
    return {
        "design": design * done[:, :, FUNCTIONS.index("design")],
        "brand": brand * done[:, :, FUNCTIONS.index("branding")],
    }


def context_tables(scenario: Scenario) -> dict[str, pl.DataFrame]:
    """Return the tables of clusters, products and coverage."""
    years, cluster = scenario.years, scenario.values["cluster"]
    whole = {"associations", "technology_centres", "public_programmes", "state_mediation", "facilitation"}
    columns = {name: scenario.path("context", name) for name in scenario.values["context"]}
    clusters = pl.DataFrame({"cluster": [cluster] * len(years), "year": years}).with_columns(
        pl.Series(name, np.round(values)).cast(pl.Int64) if name in whole else pl.Series(name, np.round(values, 3))
        for name, values in columns.items()
    )
    products = pl.DataFrame(
        [
            {"product": code, "rauch": "n", "sigma": scenario.values["sigma"], "sector": spec["sector"]}
            for code, spec in scenario.values["products"].items()
        ]
    ).sort("product")
    coverage = pl.DataFrame({"year": years}).select(
        reporter=pl.lit("*"), side=pl.lit("file"), year="year", months=pl.lit(12, dtype=pl.Int64)
    )
    return {"clusters": clusters, "products": products, "coverage": coverage}


def _asked(scenario: Scenario, firms: Firms, rng: np.random.Generator) -> Flags:
    panel = rng.random(len(firms.names)) < scenario.values["survey"]["supplier_share"]
    surveyed = np.isin(scenario.years, scenario.values["survey"]["years"])
    return np.asarray(panel[:, None] & surveyed[None, :])


def _accounts(scenario: Scenario, sales: Sales, capability: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    process = capability[:, :, scenario.values["capability"]["names"].index("process")]
    price = np.stack([scenario.path("prices", market) for market in ("US", "EU", "LA", "BR")], axis=1)
    output = sales.exports + sales.home
    pairs = output * (sales.mix / price[None]).sum(axis=2)
    per_person = scenario.path("pairs_per_person")[None, :] * (0.75 + 0.5 * process)
    employment = np.maximum(np.round(pairs / per_person), 5)
    wage = scenario.path("wage")[None, :] * (1.0 - 0.4 * sales.mix[:, :, 3])
    wages = employment * wage * np.exp(rng.normal(0.0, 0.05, output.shape))
    materials = output * scenario.values["materials_share"] * np.exp(rng.normal(0.0, 0.05, output.shape))
    profit = output - materials - wages - 0.10 * output
    design = capability[:, :, scenario.values["capability"]["names"].index("design")]
    staff = np.floor(employment * 0.01 * design * (1 - sales.mix[:, :, 0]))
    return {
        "employment": employment,
        "wage_bill": wages,
        "output": output,
        "value_added": output - materials,
        "materials": materials,
        "domestic_sales": sales.home,
        "profit": profit,
        "design_staff": staff,
        "capex": 0.03 * output * np.exp(rng.normal(0.0, 0.4, output.shape)),
    }


def _performance(
    scenario: Scenario, capability: Floats, own: dict[str, Floats], rng: np.random.Generator
) -> dict[str, Floats]:
    process = capability[:, :, scenario.values["capability"]["names"].index("process")]
    noise = rng.normal(0.0, 1.0, (4, *process.shape))
    return {
        "on_time_share": np.clip(0.55 + 0.43 * process + 0.008 * noise[0], 0.0, 1.0),
        "defect_rate": np.clip(0.11 * (1.05 - process) * np.exp(0.04 * noise[1]), 0.0, 1.0),
        "lead_time_days": np.maximum((150 - 90 * process) * np.exp(0.03 * noise[2]), 10),
        "own_design_share": np.clip(own["design"] + 0.02 * noise[3] * (own["design"] > 0), 0.0, 1.0),
        "own_brand_share": own["brand"],
    }


def _technicians(form: Ints, age: Ints, rng: np.random.Generator) -> Floats:
    """Days of the buyer's technicians: many in young quasi-hierarchies, fewer as the supplier learns."""
    mean = np.array([0.5, 6.0, 60.0, 50.0])[form] * np.exp(-age / 12)
    return rng.poisson(mean).astype(np.float64)


def _answers(values: Floats, answered: float, rng: np.random.Generator) -> pl.Series:
    return pl.Series(values).set(pl.Series(rng.random(len(values)) >= answered), None)
