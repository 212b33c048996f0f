"""From evidence to the posterior over the four forms, and what would sharpen it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sinos.governance.evidence import log_likelihood
from sinos.governance.indicators import FORMS, HIERARCHY, NETWORK, QUASI, Codes, Floats, Theory

_LN4 = float(np.log(len(FORMS)))


@dataclass(frozen=True, slots=True)
class Posterior:
    """Posterior of relation-years (or of distinct patterns of evidence).

    Attributes
    ----------
    probability
        Shape (rows, 4); rows sum to one.
    ownership, bound
        Change of the log posterior by the ownership rule and by the identifiability bound, shape (rows, 4).
    """

    probability: Floats
    ownership: Floats
    bound: Floats


def posterior(levels: Codes, weight: Floats, theory: Theory) -> Posterior:
    """Compute the posterior over the four forms from levels and tempering weights, shape (rows, indicators) each."""
    return update(log_likelihood(levels, weight, theory), levels, theory, theory.prior)


def update(loglik: Floats, levels: Codes, theory: Theory, prior: Floats) -> Posterior:
    """Turn log-likelihoods into the posterior.

    Three steps, each visible in the table of evidence: Bayes' rule on the tempered log-likelihoods; the bound on the
    odds of network to quasi-hierarchy where there is no evidence on design, process or inspection; ownership, which
    decides hierarchy up to misreports.

    Parameters
    ----------
    loglik
        Tempered log-likelihood without ownership, shape (rows, 4).
    levels
        Shape (rows, indicators).
    theory
        The rules.
    prior
        Shape (4,).
    """
    # Nothing but ownership names hierarchy: other evidence makes it at most as likely as the best of the other forms.
    held = loglik.copy()
    held[:, HIERARCHY] = np.minimum(loglik[:, HIERARCHY], loglik[:, :HIERARCHY].max(axis=1))
    free = softmax(held + np.log(prior))
    bounded = bound_odds(free, levels, theory, prior)
    final = apply_ownership(bounded, levels, theory)
    return Posterior(final, np.log(final / bounded), np.log(bounded / free))


def softmax(logits: Floats) -> Floats:
    """Turn log weights into probabilities along the last axis; none is exactly 0, so that logarithms exist."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    clipped = np.maximum(raised / raised.sum(axis=-1, keepdims=True), 1e-12)
    result: Floats = clipped / clipped.sum(axis=-1, keepdims=True)
    return result


def bound_odds(probability: Floats, levels: Codes, theory: Theory, prior: Floats) -> Floats:
    """Keep the odds of network to quasi-hierarchy within bounds where nothing tells who designs or inspects.

    Hierarchy, which trade shows as it shows quasi-hierarchy, keeps its proportion to it. The sum of the three
    probabilities stays; only its division changes. No dependence lifts the bound, however uneven: that a supplier
    cannot leave does not tell who sets its parameters (docs/validation.md).
    """
    direct = [place for place, item in enumerate(theory.indicators) if item.direct]
    blind = (levels[:, direct] < 0).all(axis=1)
    whole = probability[:, NETWORK:].sum(axis=1)
    owned = probability[:, HIERARCHY] / probability[:, QUASI]
    even = prior[QUASI] / prior[NETWORK]
    odds = probability[:, QUASI] / probability[:, NETWORK] / even
    held = np.where(blind, np.clip(odds, 1 / theory.max_odds, theory.max_odds), odds)
    changed = held != odds
    result = probability.copy()
    network = whole / (1 + held * even * (1 + owned))
    divided = np.column_stack([network, network * held * even, network * held * even * owned])
    result[changed, NETWORK:] = divided[changed]
    return result


def apply_ownership(probability: Floats, levels: Codes, theory: Theory) -> Floats:
    """Where ownership is known, set P(hierarchy) by it and scale the other three to the rest."""
    place = theory.index("ownership")
    if place < 0:
        return probability
    level = levels[:, place]
    known = level >= 0
    given = theory.ownership[level[known]]
    result = probability.copy()
    rest = probability[known, :HIERARCHY]
    result[known, :HIERARCHY] = rest / rest.sum(axis=1, keepdims=True) * (1 - given)[:, None]
    result[known, HIERARCHY] = given
    return result


def entropy(probability: Floats) -> Floats:
    """Return the entropy over ln 4: 0 certain, 1 nothing known.

    Examples
    --------
    >>> entropy(np.array([[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    filled = np.where(probability > 0, probability, 1.0)
    result: Floats = -(probability * np.log(filled)).sum(axis=-1) / _LN4 + 0.0
    return result


def named(probability: Floats, certainty: float) -> npt.NDArray[np.int8]:
    """Return the form whose posterior reaches the certainty asked for, else -1 (undetermined)."""
    best = probability.argmax(axis=1).astype(np.int8)
    reached = np.take_along_axis(probability, best[:, None].astype(np.intp), axis=1)[:, 0] >= certainty
    return np.where(reached, best, np.int8(-1)).astype(np.int8)


def sharpen(probability: Floats, levels: Codes, theory: Theory, scale: Floats) -> tuple[npt.NDArray[np.int16], Floats]:
    """Find the missing indicator whose value would be expected to reduce the entropy most.

    The expected reduction is the mutual information between the form (under the current posterior) and the indicator's
    level, with each P(level | form) tempered by the weight the indicator would get, over ln 4. Weights of the
    indicators already there are held.

    Returns
    -------
    indicator, gain
        Place of the indicator (-1 when none is missing or none would help) and its gain (0-1), shape (rows,).
    """
    present = levels >= 0
    best = np.full(levels.shape[0], -1, dtype=np.int16)
    gain = np.zeros(levels.shape[0])
    strength = np.array([item.strength for item in theory.indicators])
    for place, item in enumerate(theory.indicators):
        members = [other for other, peer in enumerate(theory.indicators) if peer.group == item.group]
        absent = np.flatnonzero(~present[:, place])
        if absent.size == 0:
            continue
        others = present[absent][:, members] @ strength[members]
        weight = scale[place] * item.strength / (1 + theory.rho[item.group] * others)
        expected = np.zeros(absent.size)
        distinct, which = np.unique(weight, return_inverse=True)
        for number, value in enumerate(distinct):
            rows = which == number
            expected[rows] = _information(probability[absent[rows]], softmax(value * item.loglik))
        better = expected > gain[absent]
        best[absent[better]] = place
        gain[absent[better]] = expected[better]
    return best, gain


def _information(probability: Floats, channel: Floats) -> Floats:
    """Mutual information over ln 4 of a form (rows, 4) and a level whose P(level | form) is channel (4, levels)."""
    predicted = probability @ channel
    mixed = -(predicted * np.log(predicted)).sum(axis=1)
    within = -(channel * np.log(channel)).sum(axis=1)
    result: Floats = np.maximum(mixed - probability @ within, 0.0) / _LN4
    return result
