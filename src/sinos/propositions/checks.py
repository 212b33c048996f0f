"""What a check of the robustness battery says, and how it is read from a fit."""

from __future__ import annotations

from dataclasses import dataclass

from sinos.propositions.claims import Claim, rule
from sinos.propositions.estimate import Fit, Refusal
from sinos.propositions.panels import Panels
from sinos.propositions.parts import interval
from sinos.propositions.testability import Power


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one part.

    Attributes
    ----------
    claim, outcome, check, rival
        What was checked; the named rival it stands for, or empty.
    estimate, low, high, p
        The part's coefficient under the check (the placebo's own for placebos).
    outcome_of
        ``holds``, ``weaker`` (same sign, interval includes 0), ``turns`` (other sign), ``fails`` (a placebo that
        finds something where there should be nothing), or ``not run``.
    note
        What was done, or why not.
    """

    claim: str
    outcome: str
    check: str
    rival: str
    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    outcome_of: str
    note: str


def panel_name(power: Power, panels: Panels) -> str:
    """Return the name of the panel of a part."""
    return next(name for name, frame in panels.frames.items() if power.part.outcome in frame.columns)


def read(claim: Claim, power: Power, check: str, made: Fit | Refusal, note: str, rival: str = "") -> Check:
    """Return what a part's coefficient under a check says: does it hold, weaken or turn."""
    part = power.part
    if isinstance(made, Refusal):
        return Check(claim.name, part.outcome, check, rival, None, None, None, None, "not run", made.reason)
    value, se = made.of(part.term)
    low, high, p = interval(value, se, made.clusters - 1, rule("level"))
    clear = low * part.sign > 0 if part.sign > 0 else high * part.sign > 0
    outcome = "holds" if clear else ("weaker" if value * part.sign > 0 else "turns")
    return Check(claim.name, part.outcome, check, rival, value, low, high, p, outcome, note)
