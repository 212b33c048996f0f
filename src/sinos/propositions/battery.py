"""The robustness battery: what else could make the same sign, and does it still stand there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from sinos.propositions.checks import Check, panel_name, read
from sinos.propositions.claims import Claim
from sinos.propositions.estimate import Refusal, fit
from sinos.propositions.measurement import Floats
from sinos.propositions.oster import Bounds, bounds, moments
from sinos.propositions.panels import DIFFERENCES, GOVERNED, Panels
from sinos.propositions.placebos import past_outcome, shuffled
from sinos.propositions.testability import Power

CERTAINTIES = (0.5, 0.7)
BUYERS = 5
UNOBSERVED = "selection on unobserved controls (Oster)"
RIVAL_CONTROLS = {
    "benign_escalator": ("years_in_chain",),
    "learning_by_exporting": ("log_size", "years_in_chain"),
    "selection": ("level",),
    "demanding_markets": ("destination_level",),
}
"""What stands for each named rival as a control; ``level`` is the outcome's own level at the start, and both levels
of a difference, since either may return to its mean."""


def battery(
    claim: Claim, power: Power, panels: Panels, alternatives: Mapping[str, Floats], seed: int
) -> Iterator[Check]:
    """Yield every check of a part that has a fitted model, those that enter the verdict first."""
    yield from deciding(claim, power, panels)
    if power.fitted is None:
        return
    if GOVERNED & {power.part.outcome, *power.formula.terms}:
        yield shuffled(claim, power, panels, seed)
        yield from _thresholds(claim, power, panels)
        yield from _methods(claim, power, panels, alternatives)
    yield _one_buyer_out(claim, power, panels)
    yield _unobserved(claim, power, panels)


def deciding(claim: Claim, power: Power, panels: Panels) -> Iterator[Check]:
    """Yield the checks of a part that the decision rule reads: the placebo on past outcomes, and named rivals."""
    if power.fitted is not None:
        yield past_outcome(claim, power, panels)
        yield from _rivals(claim, power, panels)


def _thresholds(claim: Claim, power: Power, panels: Panels) -> Iterator[Check]:
    table = panel_name(power, panels)
    sure = panels.relations.select("supplier", "year").with_columns(sure=panels.probability.max(axis=1))
    certain = sure.group_by("supplier", "year").agg(pl.col("sure").mean())
    frame = panels.frames[table].join(certain, on=["supplier", "year"], how="left", maintain_order="left")
    for limit in CERTAINTIES:
        kept = frame.filter(pl.col("sure") >= limit)
        made = fit(kept, power.formula, claim.cluster, (power.part.term,))
        note = f"only supplier-years whose relations have a form with probability of {limit:g} on average"
        yield read(claim, power, f"certainty at least {limit:g}", made, note)


def _methods(claim: Claim, power: Power, panels: Panels, alternatives: Mapping[str, Floats]) -> Iterator[Check]:
    table = panel_name(power, panels)
    for name, probability in alternatives.items():
        made = fit(panels.under(table, probability), power.formula, claim.cluster, (power.part.term,))
        yield read(claim, power, f"governance: {name}", made, "posteriors inferred in another way")


def _one_buyer_out(claim: Claim, power: Power, panels: Panels) -> Check:
    frame = panels.frames[panel_name(power, panels)]
    column = "buyer" if "buyer" in frame.columns else "main_buyer"
    check = "leave one buyer out"
    if column not in frame.columns:
        return read(claim, power, check, Refusal("no buyer in this panel"), "")
    largest = frame.drop_nulls(column).group_by(column).len().sort(["len", column], descending=[True, False])
    worst: Check | None = None
    for name in largest[column].head(BUYERS).to_list():
        left = frame.filter(pl.col(column) != name)
        seen = read(claim, power, check, fit(left, power.formula, claim.cluster, (power.part.term,)), f"without {name}")
        if seen.estimate is None:
            worst = seen
            break
        if worst is None or seen.estimate * power.part.sign < (worst.estimate or 0.0) * power.part.sign:
            worst = seen
    return worst or read(claim, power, check, Refusal("no buyer is known"), "")


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
        controls = _controls(rival, power.part.outcome)
        absent = [name for name in controls if name not in frame.columns or not frame[name].is_not_null().any()]
        if absent or not controls:
            reason = Refusal(f"needs {absent[0]}" if absent else "no control stands for it")
            yield read(claim, power, f"rival: {rival}", reason, "", rival)
            continue
        made = fit(frame, power.formula.adding(*controls), claim.cluster, (power.part.term,))
        yield read(claim, power, f"rival: {rival}", made, f"with {', '.join(controls)} as controls", rival)


def _controls(rival: str, outcome: str) -> tuple[str, ...]:
    """Return the columns that stand for a rival of a claim on an outcome.

    Examples
    --------
    >>> _controls("selection", "process"), _controls("selection", "process_less_functional")
    (('level_process',), ('level_process', 'level_functional'))
    """
    levels = tuple(f"level_{kind}" for kind in DIFFERENCES.get(outcome, (outcome,)))
    found = [levels if name == "level" else (name,) for name in RIVAL_CONTROLS.get(rival, ())]
    return tuple(name for names in found for name in names)


def _unobserved(claim: Claim, power: Power, panels: Panels) -> Check:
    """Return Oster's bounds, with every control that stands for a rival of the claim as observed; decides nothing."""
    part, frame = power.part, panels.frames[panel_name(power, panels)]
    names = dict.fromkeys(name for rival in claim.rivals for name in _controls(rival, part.outcome))
    given = tuple(name for name in names if name in frame.columns and frame[name].is_not_null().any())
    made = _bounds(power, frame, given, claim.cluster)
    if isinstance(made, Refusal):
        return read(claim, power, UNOBSERVED, made, "")
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
