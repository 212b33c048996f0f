r"""Draws of governance are taken closer together where the likelihood of the outcome lies.

Twenty equally likely values of the shared error are far apart for records that tell neighbours from each other. Then
one draw has all the weight, nothing is left between draws, and that the truth lies between two of them (or beyond the
outermost) is in no interval. So while the best draw and its neighbours have all but a trace of the weight, as many
draws are taken anew from the part of the distribution that these three stood for. Within it they are again equally
likely beforehand, so that weights stay proportional to likelihoods.
"""

from __future__ import annotations

from functools import partial

from sinos.propositions.batch import Solved, sampled, solve
from sinos.propositions.estimate import Fit, Refusal
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import likelihood_weights, readings
from sinos.propositions.panels import GOVERNED, Panels

TRACE = 1e-3
"""Weight beyond the best draw and its neighbours below which draws are taken closer together."""
ROUNDS = 8
"""Times this is done at most; each time draws are about seven times as close."""


def solve_finely(
    panels: Panels, table: str, formula: Formula, cluster: str, term: str
) -> tuple[list[Solved], list[Solved], Fit] | Refusal:
    """Fit a model under the draws of governance, and under closer ones where the likelihood asks for them.

    Returns
    -------
    tuple or Refusal
        What the panels' own draws give, what the last draws give (the same where none are closer), and the fit under
        expected governance.
    """
    read = partial(panels.under, table)
    given = sampled(read, panels.probability, formula, cluster, term)
    if isinstance(given, Refusal):
        return given
    first = solve(given, read, panels.draws, term)
    last, ends, draws = first, (0.0, 1.0), len(panels.draws)
    weighted = formula.outcome not in GOVERNED and panels.shared > 0
    for _ in range(ROUNDS):
        closer = around(last, ends, draws) if weighted else None
        if closer is None:
            break
        again = solve(given, read, readings(panels.probability, panels.shared, draws, closer), term)
        if len(again) < draws:
            break
        last, ends = again, closer
    return first, last, given.fitted


def around(found: list[Solved], ends: tuple[float, float], draws: int) -> tuple[float, float] | None:
    """Return the quantiles between which to draw anew, or nothing where draws are close enough.

    Parameters
    ----------
    found
        What each draw gives, in their order.
    ends
        Quantiles of the shared error between which they lie.
    draws
        How many there were; where fewer could be solved, none are taken anew.

    Examples
    --------
    >>> sharp = [Solved(0.0, 1.0, fit) for fit in (-90.0, -60.0, -20.0, 0.0)]
    >>> around(sharp, (0.0, 1.0), 4)
    (0.5, 1.0)
    >>> around([Solved(0.0, 1.0, 0.0)] * 4, (0.0, 1.0), 4) is None
    True
    """
    if len(found) < draws:
        return None
    weights = likelihood_weights([item.fit for item in found])
    best = int(weights.argmax())
    if 1.0 - weights[max(best - 1, 0) : best + 2].sum() > TRACE:
        return None
    low, width = ends[0], (ends[1] - ends[0]) / draws
    return max(low + (best - 1) * width, 0.0), min(low + (best + 2) * width, 1.0)
