"""What is recorded of each simulated year: one number per metric."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sinos.strategies.build import group_of_buyers
from sinos.strategies.names import DESIGN, FORMS, FUNCTIONS, LOGISTICS, PROCESS
from sinos.strategies.scenario import Scenario
from sinos.strategies.state import World

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


def after_trade(w: World, scenario: Scenario) -> dict[str, float]:
    """Return the metrics that are known when goods have been paid; not-a-number where a share has no base."""
    slots = np.flatnonzero(w.relations.supplier >= 0)
    supplier, buyer = w.relations.supplier[slots], w.relations.buyer[slots]
    volume = w.relations.volume[slots].astype(np.float64)
    value = volume * w.relations.price[slots]
    far = w.buyers.region[buyer] == 2
    form = w.relations.form[slots]
    active = w.buyers.active == 1
    demanded = float(_total(w.buyers.volume[active]))
    result = {
        "export_value": _total(value[far]),
        "export_volume": _total(volume[far]),
        "near_value": _total(value[~far]),
        "export_price": _ratio(_total(value[far]), _total(volume[far])),
        "near_price": _ratio(_total(value[~far]), _total(volume[~far])),
        "quasi_price": _ratio(_total(value[form == 2]), _total(volume[form == 2])),
        "profit": _total(w.flows.profit),
        "margin": _ratio(_total(w.flows.profit), _total(value)),
        "wealth": _total(w.suppliers.wealth),
        "unfilled": _ratio(
            max(demanded - _total(volume), 0.0), demanded
        ),  # filled in 32 bits, so a rounding error over
        "own_logistics": _ratio(
            _total(volume[far & (w.relations.performs[LOGISTICS, slots] == 1)]), _total(volume[far])
        ),
    }
    for number, name in enumerate(FORMS):
        result[f"export_{name}"] = _ratio(_total(volume[far & (form == number)]), _total(volume[far]))
        result[f"near_{name}"] = _ratio(_total(volume[~far & (form == number)]), _total(volume[~far]))
    by_form = [_by(supplier, volume * (form == number), w.suppliers.capacity.size) for number in range(4)]
    result |= _capabilities(w, by_form, _by(supplier, volume * far, w.suppliers.capacity.size))
    result |= _concentration(w, scenario, supplier, buyer, value, far)
    result |= _sizes(w)
    return result


def after_development(w: World) -> dict[str, float]:
    """Return the metrics that are known at the end of the year."""
    f, c = w.flows, w.programmes
    selling = f.volume > 0
    number = float(np.count_nonzero(selling))
    afraid = selling & (f.gain > 0) & (f.fear > np.float32(0.5) * f.gain)
    return {
        "design_investors": _ratio(float(np.count_nonzero(f.invested[0] == 1)), number),
        "deterred": _ratio(float(np.count_nonzero(afraid)), number),
        "retaliations": float(f.retaliations.sum()),
        "closures": float(f.closed.sum()),
        "programme": float(np.count_nonzero(c.running)) / c.running.size,
        "volume_yes": float(np.mean(c.volume_yes)),
        "head_yes": float(np.mean(c.head_yes)),
    }


def _capabilities(w: World, by_form: list[Doubles], exported: Doubles) -> dict[str, float]:
    k, total = w.suppliers.capability.astype(np.float64), w.flows.volume.astype(np.float64)
    result = {f"{name}_capability": _ratio(_total(k[n] * total), _total(total)) for n, name in enumerate(FUNCTIONS)}
    selling = total > 0
    quasi, network = selling & (by_form[2] > 0.5 * total), selling & (by_form[1] > 0.5 * total)
    far, near = selling & (exported > 0.5 * total), selling & (exported <= 0.5 * total)
    result["process_quasi"] = _mean(k[PROCESS], total, quasi)
    for name, group in (("quasi", quasi), ("network", network), ("near", near), ("far", far)):
        result[f"design_{name}"] = _mean(k[DESIGN], total, group)
    return result


def _concentration(
    w: World, scenario: Scenario, supplier: Any, buyer: Any, value: Doubles, far: NDArray[np.bool_]
) -> dict[str, float]:
    main_groups = np.array([group.main for group in scenario.buyers])
    is_main = main_groups[group_of_buyers(scenario)][buyer]
    size = w.suppliers.capacity.size
    sales = _by(supplier, value, size)
    largest_sale = np.zeros(size)
    np.maximum.at(largest_sale, supplier, value)
    to_main = _by(supplier, value * is_main, size)
    exporters = np.argsort(-_by(supplier, value * far, size), kind="stable")[:LARGEST]
    captives = np.argsort(-to_main, kind="stable")[:LARGEST]
    any_far = bool(far.any())
    return {
        "main_share": _ratio(_total(value[is_main]), _total(value[far])),
        "top_dependence": _ratio(_total(largest_sale[exporters]), _total(sales[exporters])) if any_far else np.nan,
        "top_main_dependence": (
            _ratio(_total(to_main[captives]), _total(sales[captives])) if bool(is_main.any()) else np.nan
        ),
    }


def _sizes(w: World) -> dict[str, float]:
    total = w.flows.volume.astype(np.float64)
    large = total > 3.0 * LARGE_BASE
    return {
        "active_suppliers": float(np.count_nonzero(total > 0)),
        "large_suppliers": float(np.count_nonzero(large)),
        "large_share": _ratio(_total(total[large]), _total(total)),
    }


LARGE_BASE: Final = float(np.exp(-0.6))
"""Capacity of the typical supplier at the start under the default parameters (e to the power ``start_capacity``)."""


def _total(values: Any) -> float:
    """Add in the order given, in 64 bits, so that the result never depends on the machine."""
    array = np.asarray(values, np.float64)
    return float(np.cumsum(array)[-1]) if array.size else 0.0


def _by(groups: Any, values: Doubles, size: int) -> Doubles:
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64)


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else float("nan")


def _mean(values: Doubles, weights: Doubles, group: NDArray[np.bool_]) -> float:
    return _ratio(_total(values[group] * weights[group]), _total(weights[group]))
