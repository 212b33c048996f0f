"""From estimates to a verdict, by the rule that the claims table fixes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sinos.propositions.checks import Check
from sinos.propositions.claims import Claim, decision, rule
from sinos.propositions.parts import Estimate, interval
from sinos.propositions.sentences import digits, spoken
from sinos.propositions.testability import Power

Word = Literal["supported", "contradicted", "inconclusive", "not testable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the data say about a claim.

    Attributes
    ----------
    claim, title, verdict
        The claim and one of supported, contradicted, inconclusive, not testable.
    because
        Which step of the rule led to it.
    rule
        The rule in words.
    pattern
        Signs found beside signs expected.
    p_joint
        Largest one-sided p of the parts: p of the intersection-union test; missing without estimates.
    power
        What could have been detected.
    open_rivals
        Rivals that the same data cannot exclude.
    """

    claim: str
    title: str
    verdict: Word
    because: str
    rule: str
    pattern: str
    p_joint: float | None
    power: str
    open_rivals: tuple[str, ...]


def decide(
    claim: Claim,
    powers: Sequence[Power],
    estimates: Sequence[Estimate],
    wild: Mapping[str, Mapping[str, float]],
    checks: Sequence[Check],
) -> Verdict:
    """Apply the decision rule.

    Parameters
    ----------
    claim, powers
        The claim and what its parts can be tested with.
    estimates
        Primary estimates, one per part that has one.
    wild
        Wild bootstrap p values by outcome, then by grouping.
    checks
        The robustness battery.
    """
    word, because = _decide(claim, powers, estimates, wild, checks)
    sides = [_one_sided(item) for item in estimates]
    whole = len(sides) == len(claim.parts) and all(side is not None for side in sides)
    p_joint = max(side for side in sides if side is not None) if whole else None
    return Verdict(
        claim.name,
        claim.title,
        word,
        because,
        decision(claim.rule),
        _pattern(claim, estimates),
        p_joint,
        _power(powers),
        _open(claim, word, checks),
    )


def _decide(
    claim: Claim,
    powers: Sequence[Power],
    estimates: Sequence[Estimate],
    wild: Mapping[str, Mapping[str, float]],
    checks: Sequence[Check],
) -> tuple[Word, str]:
    missing = [(power.part.outcome, power.missing) for power in powers if power.missing]
    missing += [(item.outcome, item.note) for item in estimates if item.estimate is None]
    if missing:
        return "not testable", _reasons(missing)
    level = rule("level")
    doubtful = ""
    for item in estimates:
        low, high = _ends(item, level / len(claim.parts))
        if (high < 0) if item.sign > 0 else (low > 0):
            ends = f"{digits(low)} to {digits(high)}, simultaneous over parts"
            told = f"{spoken(item.outcome)}: {digits(item.estimate)} ({ends}) lies wholly on the other side"
            weak = _not_confirmed(item, wild, level / len(claim.parts)) or _doubt(item, checks, -item.sign)
            if not weak:
                return "contradicted", told
            doubtful = doubtful or f"{told}, but {weak}"
    if doubtful:
        return "inconclusive", doubtful
    unclear = [item for item in estimates if not _clear(item)]
    if unclear:
        return "inconclusive", "; ".join(
            f"{spoken(item.outcome)}: {digits(item.estimate)} ({digits(item.low)} to {digits(item.high)}) does not "
            "exclude no effect"
            for item in unclear
        )
    for item in estimates:
        weak = _not_confirmed(item, wild, level)
        if weak:
            return "inconclusive", f"{spoken(item.outcome)}: the interval excludes no effect, but {weak}"
    for item in estimates:
        weak = _doubt(item, checks, item.sign)
        if weak:
            return "inconclusive", f"{spoken(item.outcome)}: the signs are as expected, but {weak}"
    return "supported", f"every part lies wholly on the expected side{_agreed(wild, checks)}"


def _agreed(wild: Mapping[str, Mapping[str, float]], checks: Sequence[Check]) -> str:
    """Say which of the checks that the rule reads were run and agree, and which could not be run."""
    ran = [check for check in checks if check.rival and check.outcome_of != "not run"]
    placebos = [check for check in ran if check.check.startswith("placebo")]
    named = {
        "the wild bootstrap": any(wild.values()),
        "the placebo": bool(placebos),
        "controls for rivals": len(ran) > len(placebos),
    }
    agree = [name for name, done in named.items() if done]
    said = f"; what was run agrees ({', '.join(agree)})" if agree else "; no check that the rule reads could be run"
    absent = dict.fromkeys(check.check for check in checks if check.rival and check.outcome_of == "not run")
    return f"{said}; could not be run: {', '.join(absent)}" if absent else said


def _reasons(missing: Sequence[tuple[str, str]]) -> str:
    """Return each reason once, after the outcomes that it concerns; a reason that names its outcome stands alone.

    Examples
    --------
    >>> _reasons([("process", "one year"), ("product", "one year"), ("leap_gap", "'leap_gap' has no values")])
    "process, product: one year; 'leap_gap' has no values"
    """
    concerned: dict[str, list[str]] = {}
    for outcome, reason in missing:
        names = concerned.setdefault(reason.removeprefix(f"{outcome}: "), [])
        named = re.search(rf"(?<![\w-]){re.escape(outcome).replace('_', '[_-]')}(?![\w-])", reason.split(": needs")[0])
        if (not named or reason.startswith(f"{outcome}: needs")) and outcome not in names:
            names.append(outcome)
    return "; ".join(f"{', '.join(names)}: {reason}" if names else reason for reason, names in concerned.items())


def _not_confirmed(item: Estimate, wild: Mapping[str, Mapping[str, float]], level: float) -> str:
    """Say which wild bootstrap does not exclude no effect where clusters are few; empty when all do."""
    for name, p in wild.get(_key(item), {}).items():
        if p > level:
            return f"the wild bootstrap by {name.replace('_', ' ')} does not exclude no effect (p = {p:.3g})"
    return ""


def _doubt(item: Estimate, checks: Sequence[Check], side: int) -> str:
    """Say which check takes the ground from under an effect on one side; empty when none does.

    Support and contradiction are asked the same: no effect of later governance on earlier upgrading, and under the
    control for each named rival an interval that still lies wholly on that side.
    """
    for check in checks:
        if check.outcome != item.outcome or check.estimate is None:
            continue
        if check.outcome_of == "fails":
            p = "" if check.p is None else f" (p = {check.p:.3g})"
            return f"{check.check} fails{p}: governance also goes with upgrading before it"
        if not check.rival or check.check.startswith("placebo") or check.low is None or check.high is None:
            continue
        if check.estimate * side < 0:
            return f"the sign turns under {check.check}"
        if min(check.low * side, check.high * side) <= 0:
            return f"no effect is no longer excluded under {check.check}"
    return ""


def _key(item: Estimate) -> str:
    return f"{item.outcome}:{item.term}"


def _ends(item: Estimate, level: float) -> tuple[float, float]:
    low, high, _ = interval(item.estimate or 0.0, item.se or 0.0, item.df or 1.0, level)
    return low, high


def _clear(item: Estimate) -> bool:
    if item.low is None or item.high is None:
        return False
    return item.low > 0 if item.sign > 0 else item.high < 0


def _one_sided(item: Estimate) -> float | None:
    if item.estimate is None or item.p is None:
        return None
    return item.p / 2 if item.estimate * item.sign > 0 else 1 - item.p / 2


def _pattern(claim: Claim, estimates: Sequence[Estimate]) -> str:
    found = {_key(item): item.estimate for item in estimates}
    parts = []
    for part in claim.parts:
        value = found.get(f"{part.outcome}:{part.term}")
        seen = "?" if value is None else ("+" if value > 0 else "-")
        parts.append(f"{spoken(part.outcome)} {seen} (expected {'+' if part.sign > 0 else '-'})")
    return ", ".join(parts)


def _power(powers: Sequence[Power]) -> str:
    parts = []
    for power in powers:
        if power.detectable is None:
            if power.fitted is not None:
                parts.append(f"{spoken(power.part.outcome)}: none, governance is known too badly")
            continue
        size = f", {power.detectable_sd:.2f} standard deviations" if power.detectable_sd is not None else ""
        parts.append(f"{spoken(power.part.outcome)}: {digits(power.detectable)}{size}")
    return "smallest effect found with 80 % power: " + "; ".join(parts) if parts else "no part can be estimated"


def _open(claim: Claim, word: Word, checks: Sequence[Check]) -> tuple[str, ...]:
    if word == "not testable":
        return claim.rivals
    closed = {
        name
        for name in claim.rivals
        if (mine := [check for check in checks if check.rival == name]) and all(c.outcome_of == "holds" for c in mine)
    }
    return tuple(name for name in claim.rivals if name not in closed)
