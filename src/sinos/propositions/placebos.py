r"""Placebos: governance of later years, and governance dealt out at random, should not do what governance does.

Effects within suppliers are unbiased only if governance does not answer to upgrading that went before (strict
exogeneity; its test with later regressors: Wooldridge 2010, chapter 10). The placebo puts governance of the *next*
observation beside that of now,

.. math::

    \Delta y_{s,t \to t+1} = x_{st} \beta + x_{s,t+1} \gamma + \alpha_s + \delta_{ct} + e_{st}, \qquad H_0: \gamma = 0.

Governance lasts, so that without :math:`x_{st}` a true effect would show in :math:`\gamma`. Where :math:`\gamma` is not
zero, whatever its sign, neither support nor contradiction can be believed: suppliers that upgraded (or fell behind) got
other buyers, and what follows is a return to their own mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from sinos.propositions.batch import sampled, solve
from sinos.propositions.checks import Check, panel_name, read
from sinos.propositions.claims import Claim, rule
from sinos.propositions.estimate import Refusal, fit
from sinos.propositions.panels import DIFFERENCES, Panels
from sinos.propositions.testability import Power

SHUFFLES = 19
PAST = "placebo: past outcome"
"""Name of the check of strict exogeneity."""


def past_outcome(claim: Claim, power: Power, panels: Panels) -> Check:
    """Return the placebo of a part: governance now, beside that before, should not show in upgrading before.

    For a difference of two kinds that were not observed in the same years, governance stands there as it was at both.
    It fails when no effect is excluded at the claim's level, divided by its parts, on either side.
    """
    part, frame = power.part, panels.frames[panel_name(power, panels)]
    past, kinds = f"past_{part.outcome}", DIFFERENCES.get(part.outcome, (part.outcome,))
    since = [f"since_{kind}" for kind in kinds]
    if not {past, *since} <= set(frame.columns):
        none = Refusal("the outcome has no past counterpart")
        return read(claim, power, PAST, none, "", "selection")
    formula = power.formula.explaining(past)
    for column in _calendars(frame.drop_nulls(past), since):
        frame, earlier = with_earlier(frame, power.formula.terms, column)
        formula = formula.adding(*earlier)
    note = "the outcome before against the term now, beside the term before: what comes later should not show"
    seen = read(claim, power, PAST, fit(frame, formula, claim.cluster, (part.term,)), note, "selection")
    if seen.p is None:
        return seen
    return replace(seen, outcome_of="fails" if seen.p <= rule("level") / len(claim.parts) else "holds")


def with_earlier(frame: pl.DataFrame, terms: Sequence[str], since: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add each term as it was at the observation before (in the year ``since``); return the names too.

    Examples
    --------
    >>> rows = pl.DataFrame({"supplier": ["a", "a"], "year": [1, 3], "x": [0.2, 0.7], "since": [None, 1]})
    >>> with_earlier(rows, ("x",), "since")[0]["x_since"].to_list()
    [None, 0.2]
    """
    names = {name: f"{name}_{since}" for name in terms}
    then = frame.select("supplier", pl.col("year").alias(since), *(pl.col(a).alias(b) for a, b in names.items()))
    wide = frame.join(then, on=["supplier", since], how="left", maintain_order="left")
    return wide, tuple(names.values())


def _calendars(frame: pl.DataFrame, since: Sequence[str]) -> Sequence[str]:
    """Return the columns of earlier years that differ: the same year twice would be the same governance twice."""
    first, *others = since
    return [first, *(name for name in others if not frame[name].equals(frame[first]))]


def shuffled(claim: Claim, power: Power, panels: Panels, seed: int) -> Check:
    """Return how often governance dealt out at random within years gives as much in the claim's direction."""
    part, table = power.part, panel_name(power, panels)
    seen = power.fitted.of(part.term)[0] if power.fitted is not None else 0.0
    rng = np.random.default_rng(seed)
    year = (panels.relations["year"].rank("dense") - 1).to_numpy().astype(np.uint16)
    own = np.argsort(year, kind="stable")
    posteriors = []
    for _ in range(SHUFFLES):
        order = np.argsort(rng.random(len(year)))
        dealt = np.empty_like(panels.probability)
        dealt[own] = panels.probability[order[np.argsort(year[order], kind="stable")]]
        posteriors.append(dealt)
    under = partial(panels.under, table)
    given = sampled(under, panels.probability, power.formula, claim.cluster, part.term)
    solved = [] if isinstance(given, Refusal) else solve(given, under, posteriors, part.term)
    found = [item.estimate * part.sign for item in solved]
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
