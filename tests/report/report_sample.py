"""Hand-made results of the stages, with the columns of the contract, for tests of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from sinos.results import Missing, Provenance, Result
from sinos.study.model import Study

FORMS = ("market", "network", "quasi_hierarchy", "hierarchy")


@dataclass(frozen=True)
class Staged(Result):
    """A result that carries a study, as measures do."""

    study: Study | None = None


def make_study(**parts: Any) -> Study:
    """Return a study; parts replace or extend the defaults."""
    about = {
        "title": "Shoes of the valley",
        "question": "How does insertion in chains affect upgrading?",
        "currency": "USD",
    }
    about |= parts.pop("about", {})
    return Study.model_validate({"about": about, "tables": {"transactions": {"file": "exports.csv"}}, **parts})


def provenance(stage: str) -> Provenance:
    return Provenance(
        "0.1.0", stage, {"seed": 1, "disclosure": {"salt": "very secret"}}, {"transactions": "ab" * 32}, 1
    )


def make(
    *,
    suppliers: int = 40,
    buyers: int = 8,
    years: range = range(1990, 2000),
    seed: int = 7,
    study: Study | None = None,
    names: tuple[str, str] = ("Supplier", "Buyer"),
) -> tuple[Staged, Result, Result, Result]:
    """Return measures, governance, upgrading and records of a small made-up cluster."""
    rng = np.random.default_rng(seed)
    study = study or make_study()
    trade = _trade(rng, suppliers, buyers, years, names)
    measures = Staged(
        _measures(trade, years),
        (Missing("relation_years", "quantity", 3, "no quantity in 3 rows"),),
        provenance("measures"),
        study=study,
    )
    governance = Result(
        _governance(rng, trade), (), provenance("governance"), references=("Rauch, J. E. (1999) Networks.",)
    )
    upgrading = Result(_upgrading(rng, trade, study), (), provenance("upgrading"))
    records = Result(_records(years), (), provenance("records"))
    return measures, governance, upgrading, records


def _trade(rng: np.random.Generator, suppliers: int, buyers: int, years: range, names: tuple[str, str]) -> pl.DataFrame:
    rows = []
    for s in range(suppliers):
        main = int(rng.integers(0, max(1, buyers // 3)))
        for year in years:
            partners = {main, *(int(b) for b in rng.integers(0, buyers, size=int(rng.integers(0, 3))))}
            for b in sorted(partners):
                value = float(round(rng.lognormal(12, 1) * (4 if b == main else 1), 2))
                rows.append((f"{names[0]} {s:03d}", f"{names[1]} {b:02d}", year, "valley", value))
    frame = pl.DataFrame(rows, schema=["supplier", "buyer", "year", "cluster", "value"], orient="row")
    total = pl.col("value").sum()
    return frame.with_columns(
        (pl.col("value") / total.over("supplier", "year")).alias("supplier_dependence"),
        (pl.col("value") / total.over("buyer", "year")).alias("buyer_dependence"),
        pl.lit(4.0).alias("shipments"),
        pl.lit(1.0).alias("tenure_left_censored"),
        pl.lit(2.0).alias("tenure_years"),
        pl.lit(100.0).alias("quantity"),
    ).sort("supplier", "buyer", "year")


def _measures(trade: pl.DataFrame, years: range) -> dict[str, pl.DataFrame]:
    value = pl.col("value").sum()
    supplier_years = (
        trade.group_by("supplier", "year", "cluster")
        .agg(
            value,
            pl.col("supplier_dependence").max().alias("top1_share"),
            pl.col("buyer").n_unique().cast(pl.Float64).alias("buyers"),
        )
        .with_columns(pl.lit("full").alias("reporting"))
    )
    buyer_years = trade.group_by("buyer", "year").agg(value)
    main = trade.group_by("cluster", "year", "buyer").agg(value).sort("value", "buyer", descending=True)
    main = main.group_by("cluster", "year", maintain_order=True).first()
    cluster_years = (
        trade.group_by("cluster", "year")
        .agg(value, pl.col("supplier").n_unique().alias("suppliers"), pl.col("buyer").n_unique().alias("buyers"))
        .join(main.rename({"value": "main", "buyer": "main_buyer"}), on=["cluster", "year"])
        .with_columns(
            (pl.col("main") / pl.col("value")).alias("main_buyer_share"),
            pl.lit(0.83).alias("largest_main_buyer_share"),
            pl.lit(6).alias("largest_suppliers"),
            pl.lit(0.9).alias("largest_top1_share"),
            pl.when(pl.col("year") > min(years)).then(0.7).alias("share_preexisting"),
        )
    )
    buyers = trade.select("buyer").unique().sort("buyer").with_columns(pl.lit("retailer").alias("type"))
    return {
        "relation_years": trade,
        "supplier_years": supplier_years.sort("supplier", "year"),
        "buyer_years": buyer_years.sort("buyer", "year"),
        "cluster_years": cluster_years.sort("cluster", "year"),
        "buyers": buyers,
    }


def _governance(rng: np.random.Generator, trade: pl.DataFrame) -> dict[str, pl.DataFrame]:
    weight = np.column_stack(
        [rng.gamma(1 + 3 * trade["supplier_dependence"].to_numpy() * (k == 2), 1) for k in range(4)]
    )
    weight[:, 3] *= 0.05
    p = weight / weight.sum(axis=1, keepdims=True)
    form = [FORMS[int(row.argmax())] if row.max() >= 0.6 else "undetermined" for row in p]
    keys = trade.select("supplier", "buyer", "year", "cluster", "value", "supplier_dependence", "buyer_dependence")
    posterior = keys.with_columns(
        *(pl.Series(f"p_{name}", p[:, k]) for k, name in enumerate(FORMS)),
        pl.Series("form", form),
        pl.Series("explicit_coordination", p[:, 1] + p[:, 2]),
        pl.Series("power_asymmetry", p[:, 2] - p[:, 1]),
        pl.Series("entropy", -(p * np.log(p)).sum(axis=1) / np.log(4)),
        pl.lit(3).alias("evidence_count"),
        pl.lit("design_by; inspection_rate").alias("missing_fields"),
        pl.lit("evidence").alias("method"),
        pl.Series("sharpen_field", ["design_by" if k % 3 else "inspection_rate" for k in range(len(form))]),
        pl.lit(0.2).alias("sharpen_gain"),
        pl.lit(0.1).alias("p_modular"),
        pl.lit(0.2).alias("p_relational"),
        pl.lit(0.3).alias("p_captive"),
    ).with_columns(
        *(
            (pl.col(c) + d).alias(f"{c}_{e}")
            for c in ("explicit_coordination", "power_asymmetry")
            for e, d in (("low", -0.1), ("high", 0.1))
        )
    )
    evidence = keys.select("supplier", "buyer", "year").with_columns(
        pl.lit("supplier_dependence").alias("indicator"),
        pl.lit("dependence").alias("group"),
        pl.lit("supplier_dependence").alias("field"),
        pl.lit("0.82").alias("value"),
        pl.lit("extreme").alias("level"),
        pl.lit(0.8).alias("weight"),
        pl.lit(-0.9).alias("market"),
        pl.lit(-0.2).alias("network"),
        pl.lit(0.9).alias("quasi_hierarchy"),
        pl.lit(0.2).alias("hierarchy"),
    )
    share = {f"share_{f}": (pl.col(f"p_{f}") * pl.col("value")).sum() / pl.col("value").sum() for f in FORMS}
    clusters = (
        posterior.group_by("cluster", "year")
        .agg(
            pl.col("value").sum(),
            *(e.alias(n) for n, e in share.items()),
            (pl.col("value").filter(pl.col("form") == "undetermined").sum() / pl.col("value").sum()).alias(
                "undetermined_share"
            ),
            pl.lit(2).alias("polarity"),
            pl.lit("Buyer 00;Buyer 01").alias("lead_buyers"),
        )
        .with_columns(
            *(
                (pl.col(f"share_{f}") + d).clip(0, 1).alias(f"share_{f}_{e}")
                for f in FORMS
                for e, d in (("low", -0.08), ("high", 0.08))
            )
        )
        .sort("cluster", "year")
    )
    moves = [
        ("*", a, b, 20.0 if a == b else 5.0, 0.8 if a == b else 0.05, 0.6 if a == b else 0.01, 0.9 if a == b else 0.12)
        for a in FORMS
        for b in (*FORMS, "ended")
    ]
    transitions = pl.DataFrame(
        moves, schema=["cluster", "from_form", "to_form", "count", "probability", "low", "high"], orient="row"
    )
    spells = trade.group_by("supplier", "buyer").agg(
        pl.col("year").min().alias("first_year"), pl.col("year").max().alias("last_year")
    )
    spells = spells.sort("supplier", "buyer").with_columns(
        pl.lit("quasi_hierarchy").alias("form"),
        (pl.col("last_year") - pl.col("first_year") + 1).alias("years"),
        pl.lit(1).alias("left_censored"),
        pl.lit(0).alias("right_censored"),
    )
    return {
        "governance": posterior,
        "evidence": evidence,
        "transitions": transitions,
        "spells": spells,
        "lock_in": _lock_in(posterior),
        "cluster_governance": clusters,
    }


def _lock_in(posterior: pl.DataFrame) -> pl.DataFrame:
    part = pl.col("supplier_dependence") * pl.col("p_quasi_hierarchy") * 0.5 * 2.0
    ranked = posterior.with_columns(part.alias("lock_in")).sort("lock_in", "buyer", descending=True)
    return (
        ranked.group_by("supplier", "year", maintain_order=True)
        .agg(
            pl.col("cluster").first(),
            pl.col("buyer").first().alias("holder"),
            pl.col("supplier_dependence").first().alias("dependence"),
            pl.col("p_quasi_hierarchy").first(),
            (pl.col("lock_in").first() / pl.col("lock_in").sum()).alias("holder_share"),
            pl.col("lock_in").sum(),
        )
        .with_columns(
            pl.lit(0.5).alias("core_overlap"),
            pl.lit(2.0).alias("exit_cost_ratio"),
            (pl.col("lock_in") * 0.7).alias("low"),
            (pl.col("lock_in") * 1.3).alias("high"),
            pl.lit("core functions from buyer type; margin assumed").alias("basis"),
        )
        .sort("supplier", "year")
    )


def _upgrading(rng: np.random.Generator, trade: pl.DataFrame, study: Study) -> dict[str, pl.DataFrame]:
    window = study.upgrading.window
    rows = []
    for supplier, cluster in trade.select("supplier", "cluster").unique().sort("supplier").iter_rows():
        for year in sorted(trade["year"].unique().to_list()):
            for kind in ("process", "product", "functional", "inter_sectoral"):
                seen = year - window >= trade["year"].min() and kind != "inter_sectoral"
                odds = {"process": [0.5, 0.4, 0.1], "product": [0.4, 0.4, 0.2]}.get(kind, [0.1, 0.8, 0.1])
                turn = str(rng.choice(["up", "flat", "down"], p=odds)) if seen else "not_observable"
                rows.append(
                    (
                        "supplier",
                        supplier,
                        cluster,
                        year,
                        kind,
                        turn,
                        year - window,
                        None if seen else "no earlier year in the window",
                    )
                )
    names = ["level", "unit", "cluster", "year", "kind", "direction", "from_year", "reason"]
    frame = pl.DataFrame(
        rows, schema=dict.fromkeys(names, pl.String) | {"year": pl.Int64, "from_year": pl.Int64}, orient="row"
    )
    quadrants = pl.DataFrame(
        {
            "cluster": ["valley"] * 3,
            "product": ["6403", "6404", "6405"],
            "destination": ["US", "US", "DE"],
            "from_year": [1996] * 3,
            "year": [1999] * 3,
            "relative_unit_value_change": [0.2, -0.1, 0.1],
            "market_share_change": [0.1, 0.3, -0.2],
            "quadrant": ["product upgrading", "process upgrading", "niche retreat"],
        }
    )
    tiers = (
        trade.select("supplier", "year")
        .unique()
        .sort("supplier", "year")
        .join(pl.DataFrame({"tier": ["high", "middle", "low"], "share": [0.2, 0.5, 0.3]}), how="cross")
    )
    return {"upgrading": frame, "quadrants": quadrants, "tiers": tiers}


def _records(years: range) -> dict[str, pl.DataFrame]:
    coverage = pl.DataFrame(
        {
            "year": list(years),
            "status": ["partial", *["full"] * (len(years) - 1)],
            "months": [7, *[12] * (len(years) - 1)],
        }
    )
    findings = pl.DataFrame(
        {
            "code": ["duplicates", "warehouse_partner"],
            "severity": ["warning", "error"],
            "table": ["transactions"] * 2,
            "column": [None, "supplier"],
            "rows": [12, 40],
            "share": [0.01, 0.03],
            "examples": ["row 3 = row 9", "Regional Warehouse"],
            "row_examples": ["3; 9", "17"],
            "message": ["rows occur twice", "a warehouse is named as supplier"],
            "fix": ["declare aggregate_duplicates", "declare drop"],
        }
    )
    repairs = pl.DataFrame(
        {
            "order": [1],
            "repair": ["drop"],
            "what": ["supplier matches 'warehouse'"],
            "rows_before": [1340],
            "rows_after": [1300],
            "changed": [40],
            "detail": ["Regional Warehouse: 40"],
        }
    )
    return {"coverage": coverage, "findings": findings, "repairs": repairs}
