"""The packaged account of the reconstruction: scale, names, context and facts, each with its source."""

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


@dataclass(frozen=True, slots=True)
class Account:
    """What the records of the reconstruction look like; what happens in them is the model's.

    Attributes
    ----------
    about
        Title, question, description, caveats and source, as written in the packaged file.
    values
        All constants, without their source notes.
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


@cache
def read_account() -> Account:
    """Read the packaged account, splitting constants from their source notes."""
    tree = load_yaml("sinos_valley")
    notes: dict[str, str] = {}
    values = {name: _split(part, name, notes) for name, part in tree.items() if name != "about"}
    return Account(dict(tree["about"]), values, notes)


def _split(node: Any, where: str, notes: dict[str, str]) -> Any:
    if isinstance(node, Mapping) and "value" in node:
        notes[where] = node["source"]
        return node["value"]
    return {name: _split(part, f"{where}.{name}", notes) for name, part in node.items()}
