"""What is recorded of each simulated year, whatever the period: the metrics, their order and their meaning."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sinos.strategies.names import FORMS, FUNCTIONS

Doubles = NDArray[np.float64]

LARGEST: Final = 5
"""Number of exporters called the largest."""

METRICS: Final[dict[str, str]] = {
    "export_value": "sales to far markets",
    "export_volume": "volume to far markets",
    "near_value": "sales to home and regional markets",
    "export_price": "price per unit in far markets",
    "near_price": "price per unit in home and regional markets",
    "quasi_price": "price per unit in quasi-hierarchy relations",
    "profit": "profit of all suppliers",
    "margin": "profit over sales",
    "wealth": "wealth of all suppliers",
    "unfilled": "share of active buyers' volume left unfilled",
    **{f"export_{form}": f"share of export volume in {form} relations" for form in FORMS},
    **{f"near_{form}": f"share of other volume in {form} relations" for form in FORMS},
    **{f"{function}_capability": f"{function} capability, weighted by volume" for function in FUNCTIONS},
    "process_quasi": "process capability of suppliers selling mostly in quasi-hierarchy",
    "design_quasi": "design capability of suppliers selling mostly in quasi-hierarchy",
    "design_network": "design capability of suppliers selling mostly in networks",
    "design_near": "design capability of suppliers selling mostly at home and in the region",
    "design_far": "design capability of suppliers selling mostly to far markets",
    "own_logistics": "share of export volume whose logistics the supplier performs",
    "main_share": "main buyer's share of export value",
    "top_dependence": "largest buyer's share of the sales of the five largest exporters",
    "top_main_dependence": "main buyer's share of the sales of its five largest suppliers",
    "active_suppliers": "suppliers that sell",
    "large_share": "share of volume sold by suppliers three times the size of the typical first-year supplier",
    "large_suppliers": "number of such suppliers",
    "design_investors": "share of selling suppliers that invest in design",
    "deterred": "share of selling suppliers whose expected loss exceeds half of their expected gain",
    "retaliations": "relations ended in retaliation",
    "closures": "suppliers that closed and were replaced by spin-offs",
    "programme": "share of clusters whose collective programme runs",
    "volume_yes": "share of volume for the programme in the last vote",
    "head_yes": "share of suppliers for the programme in the last vote",
}
"""Metrics in the order of their columns, with their meaning."""

LARGE_BASE: Final = float(np.exp(-0.6))
"""Capacity of the typical supplier at the start under the default parameters (e to the power ``start_capacity``)."""

ADDED: Final = ("retaliations", "closures")
AVERAGED: Final = ("export_value", "export_volume", "near_value", "profit")
"""Metrics that add up over the periods of a year, and rates a year whose mean is the year's total."""

AFTER_TRADE: Final = list(METRICS).index("design_investors")
"""Number of metrics known when goods have been paid; the others are known at the end of the year."""


def of_years(metrics: Doubles, parts: int) -> Doubles:
    """Return metrics by year (years, metrics) from metrics by period (years x parts, metrics).

    Counts are added up, rates a year are averaged; shares, prices and levels are those of the year's last period.

    Examples
    --------
    >>> quarters = np.arange(4.0)[:, None] * np.ones(len(METRICS))
    >>> year = dict(zip(METRICS, of_years(quarters, 4)[0].tolist(), strict=True))
    >>> year["closures"], year["export_value"], year["export_price"]
    (6.0, 1.5, 3.0)
    """
    if parts == 1:
        return metrics
    split = metrics.reshape(-1, parts, len(METRICS))
    result = split[:, -1].copy()
    names = list(METRICS)
    for name in ADDED:
        result[:, names.index(name)] = split[:, :, names.index(name)].sum(axis=1)
    for name in AVERAGED:
        result[:, names.index(name)] = split[:, :, names.index(name)].mean(axis=1)
    return result
