"""The robustness battery: what else could make the same sign, and does it still stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from sinos.propositions.batch import solve
from sinos.propositions.claims import Claim, rule
from sinos.propositions.estimate import Fit, Refusal, fit
from sinos.propositions.measurement import Floats
from sinos.propositions.oster import Bounds, bounds, moments
from sinos.propositions.panels import GOVERNED, Panels
from sinos.propositions.parts import interval
from sinos.propositions.testability import Power

SHUFFLES = 19
CERTAINTIES = (0.5, 0.7)
BUYERS = 5
UNOBSERVED = "selection on unobserved controls (Oster)"
RIVAL_CONTROLS = {
    "benign_escalator": ("years_in_chain",),
    "learning_by_exporting": ("log_size", "years_in_chain"),
    "selection": ("level",),
    "demanding_markets": ("destination_level",),
}
"""What stands for each named rival as a control; ``level`` is the outcome's own level at the start."""


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
        shows the claim's sign), or ``not run``.
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


def battery(
    claim: Claim, power: Power, panels: Panels, alternatives: Mapping[str, Floats], seed: int
) -> Iterator[Check]:
    """Yield every check of a part that has a fitted model."""
    if power.fitted is None:
        return
    yield placebo_past(claim, power, panels)
    if GOVERNED & {power.part.outcome, *power.formula.terms}:
        yield _shuffled(claim, power, panels, seed)
        yield from _thresholds(claim, power, panels)
        yield from _methods(claim, power, panels, alternatives)
    yield _one_buyer_out(claim, power, panels)
    yield from _rivals(claim, power, panels)
    yield _unobserved(claim, power, panels)


def panel_name(power: Power, panels: Panels) -> str:
    """Return the name of the panel of a part."""
    return next(name for name, frame in panels.frames.items() if power.part.outcome in frame.columns)


def _read(claim: Claim, power: Power, check: str, made: Fit | Refusal, note: str, rival: str = "") -> Check:
    part = power.part
    if isinstance(made, Refusal):
        return Check(claim.name, part.outcome, check, rival, None, None, None, None, "not run", made.reason)
    value, se = made.of(part.term)
    low, high, p = interval(value, se, made.clusters - 1, rule("level"))
    clear = low * part.sign > 0 if part.sign > 0 else high * part.sign > 0
    outcome = "holds" if clear else ("weaker" if value * part.sign > 0 else "turns")
    return Check(claim.name, part.outcome, check, rival, value, low, high, p, outcome, note)


def placebo_past(claim: Claim, power: Power, panels: Panels) -> Check:
    """Return the placebo of a part: governance now should not show in upgrading before."""
    part = power.part
    frame = panels.frames[panel_name(power, panels)]
    past = f"past_{part.outcome}"
    note = "upgrading before against governance now: future governance should not show in past upgrading"
    if past not in frame.columns:
        return Check(
            claim.name,
            part.outcome,
            "placebo: past outcome",
            "selection",
            None,
            None,
            None,
            None,
            "not run",
            "the outcome has no past counterpart",
        )
    made = fit(frame, power.formula.explaining(past), claim.cluster, (part.term,))
    seen = _read(claim, power, "placebo: past outcome", made, note, "selection")
    if seen.outcome_of == "not run":
        return seen
    passed = "fails" if seen.outcome_of == "holds" else "holds"
    return Check(
        seen.claim, seen.outcome, seen.check, seen.rival, seen.estimate, seen.low, seen.high, seen.p, passed, note
    )


def _shuffled(claim: Claim, power: Power, panels: Panels, seed: int) -> Check:
    part, table = power.part, panel_name(power, panels)
    seen = power.fitted.of(part.term)[0] if power.fitted is not None else 0.0
    rng = np.random.default_rng(seed)
    year = panels.relations["year"].to_numpy()
    posteriors = []
    for _ in range(SHUFFLES):
        order = np.lexsort((rng.random(len(year)), year))
        shuffled = np.empty_like(panels.probability)
        shuffled[np.lexsort((np.arange(len(year)), year))] = panels.probability[order]
        posteriors.append(shuffled)
    solved = solve(
        lambda p: panels.under(table, p), panels.probability, posteriors, power.formula, claim.cluster, part.term
    )
    found = [] if isinstance(solved, Refusal) else [item.estimate * part.sign for item in solved[0]]
    if len(found) < SHUFFLES:
        return Check(
            claim.name,
            part.outcome,
            "placebo: shuffled governance",
            "",
            None,
            None,
            None,
            None,
            "not run",
            "shuffled governance leaves nothing to estimate",
        )
    beyond = sum(value >= seen * part.sign for value in found)
    note = f"{beyond} of {SHUFFLES} shuffles of governance within years give as much in the claim's direction"
    return Check(
        claim.name,
        part.outcome,
        "placebo: shuffled governance",
        "",
        float(np.mean(found)) * part.sign,
        None,
        None,
        (1 + beyond) / (SHUFFLES + 1),
        "holds" if beyond == 0 else "weaker",
        note,
    )


def _thresholds(claim: Claim, power: Power, panels: Panels) -> Iterator[Check]:
    table = panel_name(power, panels)
    sure = panels.relations.select("supplier", "year").with_columns(sure=panels.probability.max(axis=1))
    certain = sure.group_by("supplier", "year").agg(pl.col("sure").mean())
    frame = panels.frames[table].join(certain, on=["supplier", "year"], how="left", maintain_order="left")
    for limit in CERTAINTIES:
        kept = frame.filter(pl.col("sure") >= limit)
        made = fit(kept, power.formula, claim.cluster, (power.part.term,))
        note = f"only supplier-years whose relations have a form with probability of {limit:g} on average"
        yield _read(claim, power, f"certainty at least {limit:g}", made, note)


def _methods(claim: Claim, power: Power, panels: Panels, alternatives: Mapping[str, Floats]) -> Iterator[Check]:
    table = panel_name(power, panels)
    for name, probability in alternatives.items():
        made = fit(panels.under(table, probability), power.formula, claim.cluster, (power.part.term,))
        yield _read(claim, power, f"governance: {name}", made, "posteriors inferred in another way")


def _one_buyer_out(claim: Claim, power: Power, panels: Panels) -> Check:
    frame = panels.frames[panel_name(power, panels)]
    column = "buyer" if "buyer" in frame.columns else "main_buyer"
    check = "leave one buyer out"
    if column not in frame.columns:
        return _read(claim, power, check, Refusal("no buyer in this panel"), "")
    largest = frame.drop_nulls(column).group_by(column).len().sort(["len", column], descending=[True, False])
    worst: Check | None = None
    for name in largest[column].head(BUYERS).to_list():
        left = frame.filter(pl.col(column) != name)
        seen = _read(
            claim, power, check, fit(left, power.formula, claim.cluster, (power.part.term,)), f"without {name}"
        )
        if seen.estimate is None:
            worst = seen
            break
        if worst is None or seen.estimate * power.part.sign < (worst.estimate or 0.0) * power.part.sign:
            worst = seen
    return worst or _read(claim, power, check, Refusal("no buyer is known"), "")


def _rivals(claim: Claim, power: Power, panels: Panels) -> Iterator[Check]:
    frame = panels.frames[panel_name(power, panels)]
    for rival in claim.rivals:
        if rival == "policy_shock":
            held = "cluster_year" in power.formula.effects
            text = (
                "shocks common to a cluster and year are in the fixed effects"
                if held
                else "no policy variable is known"
            )
            yield Check(
                claim.name,
                power.part.outcome,
                f"rival: {rival}",
                rival,
                None,
                None,
                None,
                None,
                "holds" if held else "not run",
                text,
            )
            continue
        controls = tuple(
            f"level_{power.part.outcome}" if name == "level" else name for name in RIVAL_CONTROLS.get(rival, ())
        )
        absent = [name for name in controls if name not in frame.columns or not frame[name].is_not_null().any()]
        if absent or not controls:
            reason = Refusal(f"needs {absent[0]}" if absent else "no control stands for it")
            yield _read(claim, power, f"rival: {rival}", reason, "", rival)
            continue
        made = fit(frame, power.formula.adding(*controls), claim.cluster, (power.part.term,))
        yield _read(claim, power, f"rival: {rival}", made, f"with {', '.join(controls)} as controls", rival)


def _unobserved(claim: Claim, power: Power, panels: Panels) -> Check:
    """Return Oster's bounds, with every control that stands for a rival of the claim as observed; decides nothing."""
    part, frame = power.part, panels.frames[panel_name(power, panels)]
    wanted = [name for rival in claim.rivals for name in RIVAL_CONTROLS.get(rival, ())]
    names = dict.fromkeys(f"level_{part.outcome}" if name == "level" else name for name in wanted)
    given = tuple(name for name in names if name in frame.columns and frame[name].is_not_null().any())
    made = _bounds(power, frame, given, claim.cluster)
    if isinstance(made, Refusal):
        return _read(claim, power, UNOBSERVED, made, "")
    share = f"R_max = {made.r_max:.2g} after fixed effects; observed controls: {', '.join(given)}"
    note = (
        f"selection on unobserved controls {made.delta:.2g} times that on observed ones would leave no effect (delta); "
        f"the estimate is the effect where they are equal (beta*); {share}"
    )
    keeps = made.beta * part.sign > 0
    word = "holds" if keeps and not 0 <= made.delta < 1 else ("weaker" if keeps else "turns")
    return Check(claim.name, part.outcome, UNOBSERVED, "", made.beta, None, None, None, word, note)


def _bounds(power: Power, frame: pl.DataFrame, given: tuple[str, ...], cluster: str) -> Bounds | Refusal:
    if not given:
        return Refusal("no observed control stands for a rival of the claim")
    term = power.part.term
    fitted = fit(frame, power.formula.adding(*given), cluster, (term,))
    if isinstance(fitted, Refusal):
        return fitted
    controls = [place for place, name in enumerate(fitted.terms) if name in given and name not in power.formula.terms]
    if not controls:
        return Refusal("the observed controls are collinear with the fixed effects")
    own = [place for place in range(len(fitted.terms)) if place not in controls and fitted.terms[place] != term]
    every = np.column_stack([fitted.within_y, fitted.within_x])
    if own:
        rest = fitted.within_x[:, own]
        every = every - rest @ np.linalg.lstsq(rest, every, rcond=None)[0]
    place = 1 + fitted.terms.index(term)
    found = moments(every[:, 0], every[:, place], every[:, [1 + number for number in controls]])
    return found if isinstance(found, Refusal) else bounds(found)
