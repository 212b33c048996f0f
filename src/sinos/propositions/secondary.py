"""Designs beside the primary one, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sinos.propositions import events, exposure, incidence, linear, retaliation, survival, switching
from sinos.propositions.claims import Claim
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate

Design = Callable[[Claim, Panels], Sequence[Estimate]]

MADE: Mapping[str, Design] = {
    "relation": linear.relation,
    "local_projection": linear.local_projection,
    "first_entry": events.first_entry,
    "switching": switching.switching,
    "ladder": survival.ladder,
    "survival": survival.survival,
    "hazard": survival.hazard,
    "shift_share": exposure.shift_share,
    "triple_difference": retaliation.triple_difference,
}
"""What computes each design."""


def secondary(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the estimates of every design that a claim names beside its primary one."""
    return [item for name in claim.secondary for item in MADE[name](claim, panels)]


TABLES: Mapping[str, tuple[str, Callable[[Claim, Panels], Sequence[Mapping[str, Any]]]]] = {
    "claim_incidence": ("survival", incidence.incidence_rows),
    "claim_weights": ("shift_share", exposure.weight_rows),
}
"""Tables that stand beside the estimates: the design that each belongs to, and what makes its rows."""


def beside(claim: Claim, panels: Panels) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return the rows of every table that belongs to a design of the claim."""
    return {name: rows(claim, panels) for name, (design, rows) in TABLES.items() if design in claim.secondary}
