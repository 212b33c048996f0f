r"""The smallest effect that the pooled estimate finds with the power of the rules, with governance known through draws.

No formula covers a pooled estimate whose draws are weighted by likelihoods, so that its power is computed. Say the
truth is what draw :math:`k` says, each as likely as another. Relations then have forms drawn from the posterior
:math:`P_k`, with term :math:`x_k`, of which the draw knows :math:`W_k = E[x_k | k]`. An effect :math:`b` and the noise
:math:`e` reach least squares under draw :math:`d`, with regressors :math:`X_d` within the fixed effects, only by

.. math:: X_d'y = b X_d'W_k + b X_d'(x_k - W_k) + X_d'e

The first is known. The others are sums over clusters: each cluster's own, times a normal number for :math:`e` and
another for the relations' own errors, as in a wild bootstrap (Cameron, Gelbach & Miller 2008). From :math:`X_d'y`
follow coefficients, likelihoods and weights; variances are what CRV1 expects under draw :math:`d` when :math:`k` is
true, times :math:`\chi^2_{G-1} / (G - 1)`. They are pooled and tested as estimates are (Rubin 1987; Barnard & Rubin
1999). The outcome enters by the size of its noise alone, never by its slope on the term.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sinos.propositions.absorb import Ints, without
from sinos.propositions.batch import Readings
from sinos.propositions.claims import rule
from sinos.propositions.estimate import codes
from sinos.propositions.measurement import Floats, likelihood_weights, pool

SAMPLES = 50
"""Outcomes made for each draw that is taken as true."""
STEP, STEPS = 1.1, 60
"""Sizes tried, from that which sure governance would need: up to 300 times as large."""


@dataclass(frozen=True)
class Made:
    """Parts of samples under each draw taken as true, for m draws, k terms and S samples in all.

    Attributes
    ----------
    inverse
        Inverse of the cross-products of the regressors of each draw, shape (m, k, k).
    place
        Which term the effect is of.
    known, noise
        Cross-products of regressors with the true term, and with noise, shape (S, m, k).
    own, other
        What the variance of the coefficient has from noise, (m,), and from an effect of 1, (S, m).
    squares, more
        Squares of the noise, and what an effect of 1 adds to them, (S,).
    chance
        Variances estimated over variances, (S,).
    df, free
        Degrees of freedom of errors and of the likelihood.
    """

    inverse: Floats
    place: int
    known: Floats
    noise: Floats
    own: Floats
    other: Floats
    squares: float
    more: Floats
    chance: Floats
    df: float
    free: int


def samples(given: Readings, term: str, truths: Floats, forms: Floats, seed: int) -> Made:
    """Make samples for the power of a term.

    Parameters
    ----------
    given
        The model under every draw of governance.
    term
        What has the effect.
    truths, forms
        The term under every draw, and with forms drawn from each, shape (rows, m).
    seed
        Seed.
    """
    fitted, rng = given.sampled.fitted, np.random.default_rng(seed)
    blocks, cluster, draws = given.blocks, fitted.cluster, len(given.blocks)
    groups = [codes(given.sampled.kept[name]) for name in fitted.formula.effects]
    known, drawn = (np.ascontiguousarray(without(values, groups)[0].T) for values in (truths, forms))
    place, noise = fitted.terms.index(term), fitted.partialled(term)[1]
    inverse = np.stack([np.linalg.inv(block.T @ block) for block in blocks])
    slopes = np.column_stack([block @ one[:, place] for block, one in zip(blocks, inverse, strict=True)])
    wide, terms = np.column_stack(blocks), len(fitted.terms)
    from_noise = _by_cluster(cluster, noise, wide) * fitted.factor
    from_terms = [_by_cluster(cluster, slopes[:, d], blocks[d]) for d in range(draws)]
    made: dict[str, list[Floats]] = {"known": [], "noise": [], "other": []}
    for certain, actual in zip(known, drawn, strict=True):
        own = _by_cluster(cluster, actual - certain, wide)
        signs = rng.standard_normal((2, SAMPLES, len(own)))
        made["known"].append(certain @ wide + signs[0] @ own)
        made["noise"].append(signs[1] @ from_noise)
        explained = np.einsum("djk,dk->dj", inverse, (actual @ wide).reshape(draws, terms))
        fits = np.column_stack([one @ beta for one, beta in zip(from_terms, explained, strict=True)])
        spread = ((_by_cluster(cluster, actual, slopes) - fits) ** 2).sum(axis=0) * fitted.factor**2
        made["other"].append(np.tile(spread, (SAMPLES, 1)))
    shape, df = (len(known) * SAMPLES, draws, terms), fitted.clusters - 1
    by_noise = np.einsum("gdk,dk->gd", from_noise.reshape(-1, draws, terms), inverse[:, place])
    return Made(
        inverse,
        place,
        np.concatenate(made["known"]).reshape(shape),
        np.concatenate(made["noise"]).reshape(shape),
        (by_noise**2).sum(axis=0),
        np.concatenate(made["other"]),
        float((noise**2).sum()),
        np.repeat((drawn**2).sum(axis=1), SAMPLES),
        rng.chisquare(df, shape[0]) / df,
        df,
        given.sampled.free,
    )


def power(made: Made, effect: float) -> float:
    """Return the share of samples in which an effect is found on its side, at the level of the rules."""
    from scipy.stats import t

    cross = effect * made.known + made.noise
    beta = np.einsum("djk,sdk->sdj", made.inverse, cross)
    squares = made.squares + effect**2 * made.more
    # The squares of a sample are taken at their mean, so that a draw may by chance explain more than there is.
    rest = np.maximum(squares[:, None] - (beta * cross).sum(axis=2), 1e-3 * squares[:, None])
    weights = likelihood_weights(-0.5 * made.free * np.log(rest))
    variances = (made.own + effect**2 * made.other) * made.chance[:, None]
    value, total, df, _ = pool(beta[:, :, made.place], variances, made.df, weights)
    return float((value / np.sqrt(total) > t.ppf(1 - rule("level") / 2, df)).mean())


def smallest(found: Callable[[float], float], start: float) -> float | None:
    """Return the smallest effect, from half of ``start`` upwards, with the power of the rules.

    Parameters
    ----------
    found
        Power at an effect.
    start
        What is enough where governance is sure.

    Returns
    -------
    float or None
        The effect, between two sizes in proportion to their power; None where no size tried is enough.

    Examples
    --------
    >>> round(smallest(lambda effect: min(effect, 1.0), 1.0), 3)
    0.8
    >>> smallest(lambda effect: 0.5, 1.0) is None
    True
    """
    wanted, size = rule("power"), start / 2
    before = found(size)
    for _ in range(STEPS):
        larger = size * STEP
        now = found(larger)
        if now >= wanted:
            return float(size + (larger - size) * max(wanted - before, 0.0) / max(now - before, 1e-12))
        size, before = larger, now
    return None


def _by_cluster(cluster: Ints, weight: Floats, values: Floats) -> Floats:
    """Return sums of weighted columns by cluster, shape (clusters, columns)."""
    from scipy.sparse import csr_array

    rows = np.arange(len(cluster))
    sums: Floats = csr_array((weight, (cluster, rows)), shape=(int(cluster.max()) + 1, len(cluster))) @ values
    return sums
