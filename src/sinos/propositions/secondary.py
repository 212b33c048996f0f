"""Designs beside the primary one, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sinos.propositions import linear
from sinos.propositions.claims import Claim
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate

Design = Callable[[Claim, Panels], Sequence[Estimate]]

MADE: Mapping[str, Design] = {
    "relation": linear.relation,
    "local_projection": linear.local_projection,
}
"""What computes each design."""


def secondary(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the estimates of every design that a claim names beside its primary one."""
    return [item for name in claim.secondary if name in MADE for item in MADE[name](claim, panels)]
