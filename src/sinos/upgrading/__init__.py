"""Upgrading: process, product, functional and inter-sectoral; gains and losses; never one composite.

`score` gives the four kinds for every supplier-year and cluster-year. The estimators in depth are functions of their
own, from a tidy data frame to a small frozen result; they are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from sinos.upgrading.upgrading import Upgrading, score

if TYPE_CHECKING:
    from sinos.upgrading.estimators.buyers import lead_firm_offering, succession
    from sinos.upgrading.estimators.capture import capture
    from sinos.upgrading.estimators.chain_position import upstreamness
    from sinos.upgrading.estimators.downgrading import downgrading_types
    from sinos.upgrading.estimators.functions import function_premia, function_score, functional_specialisation
    from sinos.upgrading.estimators.ladder import ladder_hazard
    from sinos.upgrading.estimators.prices import markups, physical_productivity, price_index
    from sinos.upgrading.estimators.productivity import productivity
    from sinos.upgrading.estimators.quality import quality
    from sinos.upgrading.estimators.relatedness import density, proximity, sector_entries
    from sinos.upgrading.estimators.relinquishment import relinquished_functions
    from sinos.upgrading.estimators.skill import skill_relatedness
    from sinos.upgrading.estimators.trade import bernhardt_milberg, prody_expy

_HOMES = {
    "lead_firm_offering": "buyers",
    "succession": "buyers",
    "capture": "capture",
    "upstreamness": "chain_position",
    "downgrading_types": "downgrading",
    "function_premia": "functions",
    "function_score": "functions",
    "functional_specialisation": "functions",
    "ladder_hazard": "ladder",
    "markups": "prices",
    "physical_productivity": "prices",
    "price_index": "prices",
    "productivity": "productivity",
    "quality": "quality",
    "density": "relatedness",
    "proximity": "relatedness",
    "sector_entries": "relatedness",
    "relinquished_functions": "relinquishment",
    "skill_relatedness": "skill",
    "bernhardt_milberg": "trade",
    "prody_expy": "trade",
}

__all__ = [
    "Upgrading",
    "bernhardt_milberg",
    "capture",
    "density",
    "downgrading_types",
    "function_premia",
    "function_score",
    "functional_specialisation",
    "ladder_hazard",
    "lead_firm_offering",
    "markups",
    "physical_productivity",
    "price_index",
    "productivity",
    "prody_expy",
    "proximity",
    "quality",
    "relinquished_functions",
    "score",
    "sector_entries",
    "skill_relatedness",
    "succession",
    "upstreamness",
]


def __getattr__(name: str) -> Any:
    """Load an estimator when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sinos.upgrading' has no attribute '{name}'")
    value = getattr(import_module(f"sinos.upgrading.estimators.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
