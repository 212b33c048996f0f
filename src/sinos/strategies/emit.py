"""From a simulated history to the data contract's tables, with the truth behind them.

The form of a relation-year is the coordination that the buyer chose in the model (equation 2), which fixes what can be
checked about it: in a hierarchy the buyer owns the operation; in a quasi-hierarchy it designs and inspects
without owning; in a network the supplier designs and the two coordinate closely; in a market the supplier designs and
nobody coordinates. Nothing in a shipment depends on the form directly: size, number, price, delivery terms
and brand follow from volume, complexity, capability and who performs which function. What the evidence model must
find again is therefore not written into the records.

What the model does not know is left out: it has one sector, no contracts in law and no parent firms. The noise of
records and answers comes from its own generator, so that it never disturbs the model's luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.emit_truth import truth_tables
from sinos.strategies.history import History

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Units:
    """How model units become records; every number is an assumption without a source, chosen for plausible files.

    Attributes
    ----------
    pairs
        Pairs in one unit of volume.
    price
        Currency in one unit of price.
    lot
        Typical pairs of one shipment at no complexity; time pressure (complexity) makes shipments smaller.
    lot_spread
        Spread of a buyer's lot (log points).
    price_noise
        Spread of a shipment's price around the relation's price (log points).
    answer_noise
        Spread of a survey answer on a scale from 0 to 1.
    accounts_noise
        Spread of recorded defect rates (log points).
    answered
        Share of survey questions answered.
    late
        Share of failures that show as a late delivery.
    wages, materials
        Shares of unit cost.
    wage
        Currency per person and year.
    """

    pairs: float = 20_000.0
    price: float = 10.0
    lot: float = 4_000.0
    lot_spread: float = 0.4
    price_noise: float = 0.06
    answer_noise: float = 0.10
    accounts_noise: float = 0.05
    answered: float = 0.9
    late: float = 0.5
    wages: float = 0.35
    materials: float = 0.55
    wage: float = 4_000.0


@dataclass(frozen=True, slots=True)
class Emitted:
    """Records of a simulated world with the truth that real records would hide.

    Attributes
    ----------
    history
        What was simulated.
    tables
        ``transactions``, ``suppliers``, ``buyers``, ``relations``, ``clusters``, ``products``, ``coverage``, in the
        data contract, with nothing withheld: sales at home included, every firm and relation surveyed.
    truth
        ``forms``, ``functions``, ``capabilities``, ``events`` and ``firms`` as in
        :class:`sinos.datasets.Reconstruction`, and ``lock_in`` (see :func:`~.emit_truth.truth_tables`).
    domestic_sales
        Whether sales at home are among the records: ``recorded`` or ``missing``.
    """

    history: History
    tables: Mapping[str, pl.DataFrame]
    truth: Mapping[str, pl.DataFrame]
    domestic_sales: str = "recorded"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))
        object.__setattr__(self, "truth", MappingProxyType(dict(self.truth)))


ORDER = ["date", "supplier", "buyer", "product", "value", "quantity", "incoterm", "brand_owner"]
PRODUCTS = {"plain": 1 / 3, "seasonal": 2 / 3, "fashion": 1.01}
TYPES = {
    "design;marketing": "brand_marketer",
    "sourcing;design": "trading_agent",
    "sourcing": "trading_agent",
    "marketing": "retailer",
    "sourcing;marketing": "supermarket",
    "logistics;marketing": "distributor",
    "": "distributor",
}
"""Type of buyer that the model's core functions come closest to; null for other combinations."""


def emit(history: History, units: Units | None = None, *, first_year: int | None = None) -> Emitted:
    """Turn a history into records and truth.

    Parameters
    ----------
    history
        A replication kept in full.
    units
        Scale and noise of the records.
    first_year
        First year recorded; the first simulated year when not given. Earlier trade happened but nobody kept it.

    Returns
    -------
    Emitted
        The tables of the contract, with nothing withheld, and the truth.
    """
    scale = units or Units()
    first = history.scenario.start if first_year is None else first_year
    region = history.buyers.select("buyer", "region")
    relations = _since(history.relations, first).join(region, on="buyer", how="left").sort("supplier", "buyer", "year")
    suppliers = _since(history.suppliers, first).sort("supplier", "year")
    seed = np.random.SeedSequence([history.seed, history.replication, 2002])
    draw = [np.random.default_rng(part) for part in seed.spawn(4)]
    years = sorted(suppliers["year"].unique().to_list())
    truth = truth_tables(history, relations, suppliers)
    tables = {
        "transactions": _transactions(history, relations, scale, draw[0]),
        "suppliers": _suppliers(relations, suppliers, truth["functions"], scale, draw[1]),
        "buyers": _buyers(history),
        "relations": _survey(history, relations, scale, draw[2]),
        "clusters": _clusters(history, first),
        "products": pl.DataFrame({"product": list(PRODUCTS), "rauch": "n", "sector": "footwear"}),
        "coverage": pl.DataFrame({"reporter": "*", "side": "file", "year": years, "months": 12}),
    }
    return Emitted(history, tables, truth)


def _since(frame: pl.DataFrame, first: int) -> pl.DataFrame:
    return frame.filter(pl.col("year") >= first)


def _transactions(history: History, relations: pl.DataFrame, units: Units, rng: np.random.Generator) -> pl.DataFrame:
    buyers = history.buyers
    place = {name: number for number, name in enumerate(buyers["buyer"])}
    buyer = relations["buyer"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    lot = units.lot * np.exp(rng.normal(0.0, units.lot_spread, buyers.height))[buyer]
    pairs = relations["volume"].to_numpy() * units.pairs
    complexity = relations["complexity"].to_numpy()
    count = np.clip(rng.poisson(pairs / lot * (1.0 + complexity)), 1, 60)
    row = np.repeat(np.arange(relations.height), count)
    part = rng.gamma(4.0, size=row.size)
    part /= np.bincount(row, weights=part, minlength=relations.height)[row]
    quantity = np.maximum(np.round(pairs[row] * part), 1.0)
    paid = relations["price"].to_numpy()[row] * units.price
    paid = np.maximum(paid, 0.01) * np.exp(rng.normal(0.0, units.price_noise, row.size))
    shipped = _dates(relations["year"].to_numpy()[row], rng)
    late = rng.random(row.size) < units.late * relations["failure"].to_numpy()[row]
    due = shipped + np.where(late, -rng.integers(1, 30, row.size), rng.integers(0, 15, row.size))
    region = relations["region"].to_numpy()
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


def _dates(year: Any, rng: np.random.Generator) -> Any:
    start = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    return start + rng.integers(0, 365, year.size)


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


def _suppliers(
    relations: pl.DataFrame, suppliers: pl.DataFrame, functions: pl.DataFrame, units: Units, rng: np.random.Generator
) -> pl.DataFrame:
    """Return accounts and answers of every firm and year; sales at home are among the transactions, so not here."""
    value = pl.col("volume") * pl.col("price")
    by_firm = relations.group_by("supplier", "year").agg(
        own_design_share=(value * pl.col("performs_design")).sum() / value.sum(),
        own_brand_share=(value * pl.col("performs_marketing")).sum() / value.sum(),
        defect_rate=(pl.col("volume") * pl.col("failure")).sum() / pl.col("volume").sum(),
    )
    money = units.pairs * units.price
    cost = pl.col("volume") * pl.col("unit_cost") * money
    framed = suppliers.join(by_firm, on=["supplier", "year"], how="left", maintain_order="left").join(
        functions, on=["supplier", "year"], how="left", maintain_order="left", suffix="_done"
    )
    table = framed.select(
        "supplier",
        "year",
        cluster=pl.format("cluster {}", pl.col("cluster").cast(pl.Int64) + 1),
        sector=pl.lit("footwear"),
        employment=(cost * units.wages / units.wage).round(0).clip(1.0),
        wage_bill=cost * units.wages,
        materials=cost * units.materials,
        output=pl.col("sales") * money,
        value_added=pl.col("sales") * money - cost * units.materials,
        profit=pl.col("profit") * money,
        capex=pl.col("investment") * money,
        own_design_share="own_design_share",
        own_brand_share="own_brand_share",
        defect_rate="defect_rate",
        on_time_share=1.0 - units.late * pl.col("defect_rate"),
        **{f"performs_{name}": pl.col(f"{name}_done") for name in ("sourcing", "logistics", "design", "marketing")},
    )
    table = table.with_columns(performs_production=pl.lit(1, pl.Int64), performs_branding=pl.col("performs_marketing"))
    shares = ("own_design_share", "own_brand_share")
    measured = table["defect_rate"] * np.exp(rng.normal(0.0, units.accounts_noise, table.height))
    return table.with_columns(
        *(table[name] + rng.normal(0.0, 0.02, table.height) for name in shares), defect_rate=measured
    ).with_columns(pl.col(name).clip(0.0, 1.0) for name in (*shares, "defect_rate"))


def _survey(history: History, relations: pl.DataFrame, units: Units, rng: np.random.Generator) -> pl.DataFrame:
    """Return what the two sides would say of their relation, each answer read off the model and disturbed."""
    dedicated = dict(history.buyers.select("buyer", "dedication").iter_rows())
    supplier_designs = pl.col("performs_design") == 1
    own = relations.with_columns(
        share=pl.col("volume") / pl.col("volume").sum().over("supplier", "year"),
        specified=pl.when(supplier_designs).then(pl.col("design_gap").clip(0.0, 1.0)).otherwise(1.0),
    )
    answers = own.select(
        sets_product_parameters="specified",
        sets_process_parameters="monitoring",
        controls_logistics=1.0 - pl.col("performs_logistics"),
        inspection_rate="monitoring",
        rejection_rate=pl.col("monitoring") * pl.col("failure"),
        dedicated_assets=0.6 * pl.col("specific"),
        supplier_competence="competence",
        switching_cost=(pl.col("share") * pl.col("rematch") / 3.0).clip(0.0, 1.0),
        product_standardisation=1.0 - pl.col("complexity"),
    )
    exact = ("rejection_rate", "controls_logistics")
    disturbed = {
        name: _answer(answers[name].to_numpy(), 0.0 if name in exact else units.answer_noise, units.answered, rng)
        for name in answers.columns
    }
    days = rng.poisson(np.clip(own["taught"].to_numpy(), 0.0, 0.2) * 600.0).astype(float)
    return own.select("supplier", "buyer", "year").with_columns(
        **disturbed,
        technician_days=pl.Series(days),
        design_by=own.select(
            pl.when(~supplier_designs)
            .then(pl.lit("buyer"))
            .when(pl.col("specified") > 1 / 3)
            .then(pl.lit("shared"))
            .otherwise(pl.lit("supplier"))
        ).to_series(),
        exclusive=own.select(
            (pl.col("buyer").replace_strict(dedicated, return_dtype=pl.Float64) >= 0.5).cast(pl.Int64)
        ).to_series(),
        ownership_share=(own["form"] == "hierarchy").cast(pl.Float64),
        relinquished_function=_relinquished(own),
    )


def _answer(values: Doubles, spread: float, answered: float, rng: np.random.Generator) -> pl.Series:
    noisy = np.clip(values + rng.normal(0.0, 1.0, values.size) * spread, 0.0, 1.0)
    return pl.Series(np.round(noisy, 3)).set(pl.Series(rng.random(values.size) >= answered), None)


def _relinquished(relations: pl.DataFrame) -> pl.Series:
    """Name the function that the supplier performs this year and did not perform for this buyer the year before."""
    pair = ("supplier", "buyer")
    gained: dict[str, pl.Expr] = {
        name: (pl.col(f"performs_{name}") - pl.col(f"performs_{name}").shift(1).over(*pair) == 1)
        & (pl.col("year") - pl.col("year").shift(1).over(*pair) == 1)
        for name in ("logistics", "sourcing")
    }
    first, second = (pl.when(gained[name].fill_null(False)).then(pl.lit(name)) for name in gained)
    return relations.select(pl.coalesce(first, second)).to_series()


def _buyers(history: History) -> pl.DataFrame:
    core = pl.col("core").str.replace("marketing", "marketing;branding")
    return history.buyers.select(
        "buyer",
        type=pl.col("core").fill_null("").replace_strict(TYPES, default=None, return_dtype=pl.String),
        country=pl.when(pl.col("region") == "home").then(pl.lit("home")).otherwise("market"),
        core_functions=core,
    )


def _clusters(history: History, first: int) -> pl.DataFrame:
    return _since(history.programmes, first).select(
        cluster=pl.format("cluster {}", pl.col("cluster").cast(pl.Int64) + 1),
        year=pl.col("year").cast(pl.Int64),
        public_programmes=pl.col("running").cast(pl.Int64),
    )
