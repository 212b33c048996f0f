"""Hand-made relations for the tests of governance."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sinos.governance import Governance, classify
from sinos.governance.evidence import mixture_scale, tempering
from sinos.governance.indicators import FORMS, Theory
from sinos.governance.posterior import posterior

SHOES = {
    "supplier_dependence": 0.85, "buyer_dependence": 0.08, "tenure_years": 12, "tenure_left_censored": 0, "sps": 0.15,
    "sets_product_parameters": 0.95, "sets_process_parameters": 0.7, "design_by": "buyer", "inspection_rate": 0.9,
    "switching_cost": 0.9, "ownership_share": 0.0, "product_standardisation": 0.7,
}  # fmt: skip
ELECTRONICS = {
    "supplier_dependence": 0.12, "buyer_dependence": 0.2, "tenure_years": 6, "tenure_left_censored": 0, "sps": 0.1,
    "sets_product_parameters": 0.5, "design_by": "shared", "inspection_rate": 0.05, "switching_cost": 0.2,
    "supplier_competence": 0.95, "dedicated_assets": 0.3, "ownership_share": 0.0,
}  # fmt: skip
COMMODITY = {
    "supplier_dependence": 0.05, "buyer_dependence": 0.02, "tenure_years": 1, "tenure_left_censored": 0, "sps": 0.9,
    "supplier_thickness": 300, "rauch": "w", "ownership_share": 0.0,
}  # fmt: skip
PLANT = {"supplier_dependence": 1.0, "buyer_dependence": 0.3, "tenure_years": 9, "ownership_share": 1.0}
JOB_SHOP = {
    "supplier_dependence": 0.15, "buyer_dependence": 0.03, "tenure_years": 2, "tenure_left_censored": 0, "sps": 0.6,
    "supplier_thickness": 120, "design_by": "buyer", "sets_product_parameters": 0.9, "sets_process_parameters": 0.1,
    "switching_cost": 0.1, "supplier_competence": 0.9, "ownership_share": 0.0,
}  # fmt: skip

SURVEY = {
    "sets_product_parameters", "sets_process_parameters", "controls_logistics", "design_by", "inspection_rate",
    "rejection_rate", "technician_days", "dedicated_assets", "exclusive", "ownership_share", "certified_standard",
    "contract_years", "supplier_competence", "switching_cost", "product_standardisation",
}  # fmt: skip
PRODUCT = {"rauch", "credence"}


def one(**values: Any) -> dict[str, Any]:
    """Classify one relation-year and return its row of table governance."""
    return classified(**values).frame("governance").row(0, named=True)


def classified(**values: Any) -> Governance:
    """Classify one relation-year; each value goes to the table whose column it is."""
    key = {"supplier": "s", "buyer": "b"}
    trade = {k: v for k, v in values.items() if k not in SURVEY | PRODUCT}
    survey = {k: v for k, v in values.items() if k in SURVEY}
    goods = {k: v for k, v in values.items() if k in PRODUCT}
    base = pl.DataFrame([key | {"year": 2000, "value": 1.0, "main_product": "p"} | trade])
    return classify(base, relations=pl.DataFrame([key | survey]), products=pl.DataFrame([{"product": "p"} | goods]))


def codes(theory: Theory, **levels: int) -> np.ndarray:
    """Return one row of level codes by indicator name."""
    row = np.full((1, len(theory.indicators)), -1, dtype=np.int8)
    for name, level in levels.items():
        row[0, theory.index(name)] = level
    return row


def chances(theory: Theory, levels: np.ndarray) -> np.ndarray:
    """Return posteriors for rows of level codes."""
    weight = tempering(levels >= 0, theory, mixture_scale(theory, firms=True))
    return posterior(levels, weight, theory).probability


def panel(rows: list[tuple[Any, ...]], columns: list[str]) -> pl.DataFrame:
    """Build a governance table from supplier, buyer, year and the four probabilities."""
    frame = pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.col("year").cast(pl.Int32))
    best = frame.select([f"p_{form}" for form in FORMS]).to_numpy()
    names = [FORMS[int(row.argmax())] if row.max() >= 0.6 else "undetermined" for row in best]
    return frame.with_columns(pl.Series("form", names))
