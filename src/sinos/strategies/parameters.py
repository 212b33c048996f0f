"""The model's parameters: the packaged table, and the coefficients that the equations read.

Every number of the model lives in ``theory/parameters.csv`` with its meaning, unit, plausible range and source. A
scenario overlays values by name; an unknown name raises.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import numpy as np

from sinos.errors import TheoryError, UnknownNameError, nearest
from sinos.strategies.arithmetic import Floats
from sinos.strategies.names import FORMS, FUNCTIONS

TABLE = "theory/parameters.csv"
LARGEST: Final = 1e9
SMALL: Final = 1e-3
UNIT_BOUNDS: Final = {"probability": (0.0, 1.0), "flag": (0.0, 1.0), "years": (0.0, 1e3)}
BOUNDS: Final = {
    **dict.fromkeys(("transfer_cost", "transfer_volume", "threat_volume", "threat_scale"), (SMALL, LARGEST)),
    **dict.fromkeys(("competence_floor", "centre_half", "capacity_least"), (SMALL, LARGEST)),
    **dict.fromkeys(("alternative_rank", "candidates"), (1.0, LARGEST)),
    "specificity_years": (SMALL, 1e3),
    "transfer_discount": (0.0, 0.999),
    "invest_minimum": (0.0, LARGEST),
}
"""Values that the equations can take, where not every number will do: by unit, and by name."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: name, symbol of the equations, meaning, unit, default, plausible range and source."""

    name: str
    symbol: str
    meaning: str
    unit: str
    default: float
    low: float
    high: float
    source: str


class Coefficients(NamedTuple):
    """The values the equations read, in 32 bits; those by form have shape (4,), those by function (6,).

    Names and meanings are those of the packaged table; ``annuity_long`` and ``annuity_short`` are the present values
    of one unit a year over the two horizons, ``kept`` is the survival of relations over one period.
    """

    risk_base: np.float32
    risk_process: np.float32
    risk_product: np.float32
    risk_complexity: np.float32
    coordination: Floats
    monitoring: Floats
    certified_monitoring: np.float32
    loss_base: np.float32
    loss_complexity: np.float32
    handling_cost: Floats
    fixed_cost: Floats
    own_production: np.float32
    design_shortfall: np.float32
    design_need: np.float32
    overhead: Floats
    competence_floor: np.float32
    core_rent: np.float32
    network_rent: np.float32
    choice_noise: np.float32
    exposure: np.float32
    exposure_base: np.float32
    exposure_risk: np.float32
    relinquish: np.float32
    practise_all: np.float32
    marketing_in_networks: np.float32
    marketing_competence: np.float32
    survival: Floats
    transfer: np.float32
    transfer_cost: np.float32
    transfer_cap: np.float32
    transfer_discount: np.float32
    transfer_yield: np.float32
    transfer_volume: np.float32
    monitoring_mask: np.float32
    absorption: np.float32
    newcomer_gap: np.float32
    learning: Floats
    ceiling_base: Floats
    ceiling_complexity: Floats
    forgetting: np.float32
    spillover: np.float32
    invest_yield: np.float32
    invest_process: np.float32
    invest_cost: Floats
    invest_scale: np.float32
    invest_minimum: np.float32
    gain_scale: np.float32
    addressable_share: np.float32
    addressable_competence: np.float32
    redeployable_share: np.float32
    horizon_long: np.float32
    horizon_short: np.float32
    discount: np.float32
    intent_share: np.float32
    spin_off_intent: np.float32
    quality_weight: np.float32
    quality_floor: np.float32
    quality_base: np.float32
    value: Floats
    shield: np.float32
    unit_cost: np.float32
    cost_process: np.float32
    design_cost: np.float32
    relation_cost: np.float32
    capacity_cost: np.float32
    entrant_price: np.float32
    entrant_quality: np.float32
    exchange: np.float32
    retaliation: np.float32
    threat_base: np.float32
    threat_capability: np.float32
    threat_volume: np.float32
    specificity: np.float32
    specificity_years: np.float32
    tolerance: np.float32
    threat_scale: np.float32
    alternative_rank: np.float32
    rematch_longest: np.float32
    exclusion_years: np.float32
    margin_floor: np.float32
    programme_yield: np.float32
    programme_gain: np.float32
    programme_exposure: np.float32
    programme_levy: np.float32
    programme_quorum: np.float32
    programme_volume_weight: np.float32
    programme_secrecy: np.float32
    programme_public_share: np.float32
    programme_mediation: np.float32
    expansion: np.float32
    order_size: np.float32
    expected_size: np.float32
    reserve_cost: np.float32
    scale_economy: np.float32
    smallest_order: np.float32
    candidates: np.float32
    drawing: np.float32
    retained: np.float32
    exit_wealth: np.float32
    entry_wealth: np.float32
    entry_capacity: np.float32
    inheritance: np.float32
    inheritance_noise: np.float32
    capacity_response: np.float32
    capacity_fall: np.float32
    capacity_rise: np.float32
    capacity_least: np.float32
    capacity_exit: np.float32
    capacity_most: np.float32
    full_use: np.float32
    idle_decay: np.float32
    centre_half: np.float32
    start: Floats
    start_spread: np.float32
    start_capacity: np.float32
    start_capacity_spread: np.float32
    start_wealth: np.float32
    buyer_spread: np.float32
    complexity_spread: np.float32
    annuity_long: np.float32
    annuity_short: np.float32
    kept: Floats


DERIVED = ("annuity_long", "annuity_short", "kept")


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return the packaged table of parameters.

    Examples
    --------
    >>> parameters()[0].name
    'risk_base'
    """
    text = (files("sinos.theory") / "parameters.csv").read_text(encoding="utf-8")
    return tuple(_parameter(row) for row in csv.DictReader(text.splitlines()))


def values(overlay: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return all parameter values by name, with those of the overlay in place of the defaults.

    Raises
    ------
    UnknownNameError
        If the overlay names a parameter that does not exist; the nearest name is given.
    TheoryError
        If a value is not a finite number, or one that the equations cannot take (see :func:`bounds`).

    Examples
    --------
    >>> values({"discount": 0.05})["discount"]
    0.05
    """
    result = {parameter.name: parameter.default for parameter in parameters()}
    for name, value in (overlay or {}).items():
        if name not in result:
            raise UnknownNameError(f"there is no parameter '{name}'", where=TABLE, fix=nearest(name, result))
        _check(name, value)
        result[name] = float(value)
    return result


@cache
def bounds(name: str) -> tuple[float, float]:
    """Return the least and the largest value of a parameter that the equations can take.

    These are not the plausible ranges of the table, outside of which a scenario may go: beyond these a probability is
    none, or something is divided by zero.

    Examples
    --------
    >>> bounds("survival_market"), bounds("specificity_years")
    ((0.0, 1.0), (0.001, 1000.0))
    """
    parameter = next(one for one in parameters() if one.name == name)
    if name in BOUNDS:
        return BOUNDS[name]
    return UNIT_BOUNDS.get(parameter.unit, (-LARGEST, LARGEST))


def _check(name: str, value: float) -> None:
    low, high = bounds(name)
    if math.isfinite(value) and low <= value <= high:
        return
    plausible = next(f"{one.low:g} to {one.high:g}" for one in parameters() if one.name == name)
    limits = "a finite number" if high == LARGEST else f"a number from {low:g} to {high:g}"
    raise TheoryError(f"parameter '{name}' is {value:g}", where=TABLE, fix=f"give {limits} (plausible: {plausible})")


def coefficients(overlay: Mapping[str, float] | None = None) -> Coefficients:
    """Return the coefficients of the equations for the defaults and an overlay.

    Examples
    --------
    >>> coefficients().coordination.round(2).tolist()
    [0.0, 0.8500000238418579, 0.8500000238418579, 1.0]
    """
    given = values(overlay)
    fields: dict[str, Any] = {}
    for field in Coefficients._fields:
        if field in DERIVED:
            continue
        fields[field] = _field(field, given)
    return Coefficients(
        **fields,
        annuity_long=annuity(given["horizon_long"], given["discount"]),
        annuity_short=annuity(given["horizon_short"], given["discount"]),
        kept=fields["survival"],
    )


def annuity(horizon: float, discount: float) -> np.float32:
    """Return the present value of one unit a year for a number of whole years.

    Examples
    --------
    >>> float(annuity(2, 0.5))
    0.75
    """
    return np.float32(sum((1.0 - discount) ** year for year in range(1, round(horizon) + 1)))


def _field(field: str, given: Mapping[str, float]) -> Any:
    if field in given:
        return np.float32(given[field])
    suffixes = FORMS if f"{field}_{FORMS[0]}" in given else FUNCTIONS
    return np.array([given[f"{field}_{suffix}"] for suffix in suffixes], np.float32)


def _parameter(row: Mapping[str, str]) -> Parameter:
    return Parameter(
        name=row["name"],
        symbol=row["symbol"],
        meaning=row["meaning"],
        unit=row["unit"],
        default=float(row["default"]),
        low=float(row["low"]),
        high=float(row["high"]),
        source=row["source"],
    )


def record(p: Coefficients) -> Any:
    """Return the coefficients as one record of memory, which compiled code receives as a single address.

    Examples
    --------
    >>> float(record(coefficients())["risk_complexity"])
    4.0
    """
    return records((p,))[0]


def records(by_year: Sequence[Coefficients]) -> Any:
    """Return coefficients of several years as an array of records."""
    layout = _layout(Coefficients._fields, tuple(np.shape(value) for value in by_year[0]))
    return np.array([tuple(p) for p in by_year], layout)


@cache
def _layout(names: tuple[str, ...], shapes: tuple[tuple[int, ...], ...]) -> np.dtype[Any]:
    fields = [(name, np.float32, shape) for name, shape in zip(names, shapes, strict=True)]
    return np.dtype(fields, align=True)
