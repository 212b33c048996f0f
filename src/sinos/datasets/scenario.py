"""The packaged scenario of the reconstruction: constants and time paths, each with its source in the YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinos.theory import load_yaml

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MARKETS = ("US", "EU", "LA")
"""Export markets, in the order of every market axis."""

GROUPS = ("captive", "us", "eu", "latam", "home")
"""Groups of firms, by the market that they mainly serve."""

FORMS = ("market", "network", "quasi_hierarchy", "hierarchy")
"""Governance forms, in the order of their codes."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Constants of the reconstruction.

    Attributes
    ----------
    about
        Title, question, description, caveats and source, as written in the packaged file.
    values
        All other constants, without their source notes.
    notes
        Source note of every constant, by its dotted path.
    """

    about: dict[str, Any]
    values: dict[str, Any]
    notes: dict[str, str]

    @property
    def years(self) -> Ints:
        """All years, ascending (T)."""
        first, last = self.values["years"]
        return np.arange(first, last + 1)

    def path(self, name: str, key: str | None = None) -> Floats:
        """Return a time path by year (T), linear between its knots and constant outside them."""
        knots = self.values[name] if key is None else self.values[name][key]
        return np.interp(self.years, list(knots), [float(value) for value in knots.values()])

    def table(self, name: str, part: str) -> Floats:
        """Return a matrix of the capability block, one row per market (US, EU, LA, BR)."""
        return np.array([self.values[name][part][market] for market in (*MARKETS, "BR")], dtype=np.float64)


@cache
def read_scenario() -> Scenario:
    """Read the packaged scenario, splitting constants from their source notes."""
    tree = load_yaml("sinos_valley")
    notes: dict[str, str] = {}
    values = {name: _split(part, name, notes) for name, part in tree.items() if name != "about"}
    return Scenario(dict(tree["about"]), values, notes)


def _split(node: Any, where: str, notes: dict[str, str]) -> Any:
    if isinstance(node, Mapping) and "value" in node:
        notes[where] = node["source"]
        return node["value"]
    return {name: _split(part, f"{where}.{name}", notes) for name, part in node.items()}
