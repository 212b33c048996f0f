"""The rule that leads from estimates to a verdict, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sinos.propositions.checks import Check
from sinos.propositions.claims import claims
from sinos.propositions.parts import Estimate
from sinos.propositions.testability import Power, model_of
from sinos.propositions.verdict import Verdict, decide

CLAIM = claims()["P4"]
POWERS = tuple(Power(part, model_of(CLAIM, part), "supplier", detectable=0.5) for part in CLAIM.parts)


def estimate(place: int, value: float, se: float = 0.1) -> Estimate:
    part = CLAIM.parts[place]
    return Estimate(
        "P4", "panel", part.outcome, part.term, part.sign, "draws",
        estimate=value, se=se, low=value - 2 * se, high=value + 2 * se, p=0.01, df=30.0, rows=100, clusters=20,
    )  # fmt: skip


def verdict(*values: float, wild: float | None = None, checks: tuple[Check, ...] = (), se: float = 0.1) -> Verdict:
    made = [estimate(place, value, se) for place, value in enumerate(values)]
    p = {} if wild is None else {f"{made[0].outcome}:{made[0].term}": {"main_buyer": wild}}
    return decide(CLAIM, POWERS, made, p, checks)


@pytest.mark.parametrize(
    ("values", "wild", "word", "because"),
    [
        ((1.0, 1.0), None, "supported", "wholly on the expected side"),
        ((1.0, 1.0), 0.01, "supported", "wholly on the expected side"),
        ((1.0, 1.0), 0.20, "inconclusive", "wild bootstrap by main buyer does not exclude no effect (p = 0.2)"),
        ((1.0, 0.1), None, "inconclusive", "does not exclude no effect"),
        ((-1.0, 1.0), None, "contradicted", "wholly on the other side"),
        ((-1.0, 1.0), 0.01, "contradicted", "wholly on the other side"),
        # Few clusters count against a contradiction as they do against support, at the simultaneous level.
        ((-1.0, 1.0), 0.03, "inconclusive", "on the other side, but the wild bootstrap by main buyer"),
        ((-1.0, -1.0), 0.20, "contradicted", "product less functional"),
    ],
)
def test_the_rule_by_case(values: tuple[float, float], wild: float | None, word: str, because: str) -> None:
    found = verdict(*values, wild=wild)
    assert found.verdict == word
    assert because in found.because


def test_a_placebo_that_shows_the_claim_s_sign_stops_support() -> None:
    failed = Check("P4", CLAIM.parts[0].outcome, "placebo on past outcomes", "", 1.0, 0.5, 1.5, 0.01, "fails", "")
    found = verdict(1.0, 1.0, checks=(failed,))
    assert (found.verdict, "placebo" in found.because) == ("inconclusive", True)
    assert found.open_rivals == CLAIM.rivals


@pytest.mark.parametrize(
    ("check", "word", "because"),
    [
        (("placebo: past outcome", "selection", -1.0, "fails"), "inconclusive", "placebo: past outcome fails"),
        (("placebo: past outcome", "selection", -1.0, "holds"), "contradicted", "wholly on the other side"),
        (("rival: selection", "selection", 0.2, "weaker"), "inconclusive", "the sign turns under rival: selection"),
        (("rival: selection", "selection", -0.2, "turns"), "inconclusive", "no longer excluded under rival: selection"),
        (("rival: selection", "selection", -1.2, "turns"), "contradicted", "wholly on the other side"),
        (("leave one buyer out", "", 0.2, "weaker"), "contradicted", "wholly on the other side"),
    ],
)
def test_what_stops_a_contradiction(check: tuple[str, str, float, str], word: str, because: str) -> None:
    name, rival, value, outcome = check
    made = Check("P4", CLAIM.parts[0].outcome, name, rival, value, value - 1, value + 1, 0.01, outcome, "")
    found = verdict(-1.0, 1.0, checks=(made,))
    assert (found.verdict, because in found.because) == (word, True), found.because
    other = replace(made, outcome=CLAIM.parts[1].outcome)
    assert verdict(-1.0, 1.0, checks=(other,)).verdict == "contradicted"


@pytest.mark.parametrize(
    ("value", "word", "because"),
    [
        (1.2, "supported", "agree"),
        (0.2, "inconclusive", "no effect is no longer excluded under rival: selection"),
        (-0.2, "inconclusive", "the sign turns under rival: selection"),
    ],
)
def test_support_is_asked_what_a_contradiction_is_asked(value: float, word: str, because: str) -> None:
    made = Check(
        "P4", CLAIM.parts[0].outcome, "rival: selection", "selection", value, value - 1, value + 1, 0.5, "", ""
    )
    found = verdict(1.0, 1.0, checks=(made,))
    assert (found.verdict, because in found.because) == (word, True), found.because


def test_support_says_which_checks_agree_and_which_could_not_be_run() -> None:
    gone = Check("P4", CLAIM.parts[0].outcome, "rival: selection", "selection", None, None, None, None, "not run", "")
    ran = replace(gone, check="placebo: past outcome", estimate=0.0, low=-1.0, high=1.0, p=0.9, outcome_of="holds")
    alone = verdict(1.0, 1.0, checks=(gone,)).because
    assert alone.endswith("; no check that the rule reads could be run; could not be run: rival: selection")
    both = verdict(1.0, 1.0, checks=(ran, gone)).because
    assert both.endswith("; what was run agrees (the placebo); could not be run: rival: selection")


def test_a_control_that_holds_closes_a_rival() -> None:
    held = Check("P4", CLAIM.parts[0].outcome, "control", CLAIM.rivals[0], 1.0, 0.5, 1.5, 0.01, "holds", "")
    assert verdict(1.0, 1.0, checks=(held,)).open_rivals == CLAIM.rivals[1:]


def test_a_part_that_is_missing_is_named() -> None:
    powers = (replace(POWERS[0], missing="no quantity"), POWERS[1])
    found = decide(CLAIM, powers, [estimate(1, 1.0)], {}, ())
    assert found.verdict == "not testable"
    assert "no quantity" in found.because
    assert found.p_joint is None
    assert found.open_rivals == CLAIM.rivals
