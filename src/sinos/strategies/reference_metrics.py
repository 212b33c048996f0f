"""Reference: the metrics of a year, added in the order of slots and suppliers; the kernel must agree bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinos.strategies.metrics import AFTER_TRADE, LARGE_BASE, LARGEST, METRICS, Doubles
from sinos.strategies.names import DESIGN, FORMS, FUNCTIONS, LOGISTICS, PROCESS
from sinos.strategies.state import Flags, World


def after_trade(w: World, main: Flags) -> Doubles:
    """Return the metrics that are known when goods have been paid; not-a-number where a share has no base.

    ``main`` is 1 for buyers of a group called main.
    """
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
        # Filled in 32 bits, so volume may exceed demand by a rounding error.
        "unfilled": _ratio(max(demanded - _total(volume), 0.0), demanded),
        "own_logistics": _ratio(
            _total(volume[far & (w.relations.performs[LOGISTICS, slots] == 1)]), _total(volume[far])
        ),
    }
    for number, name in enumerate(FORMS):
        result[f"export_{name}"] = _ratio(_total(volume[far & (form == number)]), _total(volume[far]))
        result[f"near_{name}"] = _ratio(_total(volume[~far & (form == number)]), _total(volume[~far]))
    by_form = [_by(supplier, volume * (form == number), w.suppliers.capacity.size) for number in range(4)]
    result |= _capabilities(w, by_form, _by(supplier, volume * far, w.suppliers.capacity.size))
    result |= _concentration(w, main[buyer] == 1, supplier, value, far)
    result |= _sizes(w)
    return np.array([result[name] for name in list(METRICS)[:AFTER_TRADE]])


def after_development(w: World) -> Doubles:
    """Return the metrics that are known at the end of the year."""
    f, c = w.flows, w.programmes
    selling = f.volume > 0
    number = float(np.count_nonzero(selling))
    afraid = selling & (f.gain > 0) & (f.fear > np.float32(0.5) * f.gain)
    result = {
        "design_investors": _ratio(float(np.count_nonzero(f.invested[0] == 1)), number),
        "deterred": _ratio(float(np.count_nonzero(afraid)), number),
        "retaliations": float(f.retaliations.sum()),
        "closures": float(f.closed.sum()),
        "programme": float(np.count_nonzero(c.running)) / c.running.size,
        "volume_yes": _total(c.volume_yes) / c.running.size,
        "head_yes": _total(c.head_yes) / c.running.size,
    }
    return np.array([result[name] for name in list(METRICS)[AFTER_TRADE:]])


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
    w: World, is_main: NDArray[np.bool_], supplier: Any, value: Doubles, far: NDArray[np.bool_]
) -> dict[str, float]:
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
