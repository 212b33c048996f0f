"""Designs beside the primary one, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sinos.propositions import events, exposure, linear, survival, switching
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
    "triple_difference": exposure.triple_difference,
}
"""What computes each design."""


def secondary(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the estimates of every design that a claim names beside its primary one."""
    return [item for name in claim.secondary for item in MADE[name](claim, panels)]
