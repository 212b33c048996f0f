"""What firms would say if asked: accounts of suppliers, and both sides' answers about each relation."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.emit_units import Units
from sinos.strategies.history import History

Doubles = NDArray[np.float64]


def supplier_answers(
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


def relation_answers(history: History, relations: pl.DataFrame, units: Units, rng: np.random.Generator) -> pl.DataFrame:
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
