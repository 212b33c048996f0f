r"""Three-step correction for shares read from modal forms (Bolck, Croon & Hagenaars 2004, as errors in variables).

With :math:`D_{ts} = P(\text{modal } s \mid \text{true } t)`, the score :math:`c = e_s D^{-1}` of a relation is unbiased
for its true form. Shares :math:`\sum_r w_r c_r` are then unbiased with noise :math:`V = \sum_r w_r^2 (c_r c_r' -
\mathrm{diag}\, c_r)`, which is taken out of the moments: :math:`\hat\beta = (\tilde X'\tilde X - \sum_i m_i V_i)^{-1}
\tilde X'\tilde y` with :math:`m_i` the share of a row's noise left by the fixed effects.

Errors that relations share are no noise of single relations: with one :math:`D` for all of them the correction takes
out too much. So :math:`D` is taken under every draw of the shared error, and the estimates are pooled as those of the
draws are. It still assumes that errors depend on the true form alone; where suppliers differ in what they are likely to
be, it corrects somewhat too much (docs/claims.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.batch import within
from sinos.propositions.estimate import Fit, Refusal, fit_sample
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import SHARES, Pooled, Sales, error_matrix, modal, rubin

Floats = npt.NDArray[np.float64]
SIGNAL = 0.25
"""Share of signal below which nothing is corrected: the correction divides by it, and wild numbers come out."""


def _signal(bread: Floats, cross: Floats) -> float:
    """Return the smallest share of signal in any combination of regressors (generalised eigenvalue)."""
    from scipy.linalg import eigh

    try:
        return float(eigh(bread, cross, eigvals_only=True).min())
    except np.linalg.LinAlgError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Corrected:
    """Unbiased shares (supplier-years, 4) and covariances of their noise (supplier-years, 10), as in ``PAIRS``."""

    shares: Floats
    noise: Floats


PAIRS = tuple((j, k) for j in range(4) for k in range(j, 4))
"""Pairs of forms whose covariances are kept."""


def corrected_shares(sales: Sales, probability: Floats, drawn: Floats) -> Corrected | Refusal:
    """Return unbiased shares of supplier-years.

    Parameters
    ----------
    sales
        Supplier-years and the weights of relation-years.
    probability
        Posterior that gives the modal forms, shape (rows, 4).
    drawn
        Posterior under a draw of the shared error, which says how often the modal form is wrong.
    """
    named = modal(probability)
    matrix = error_matrix(drawn, named)
    if np.linalg.cond(matrix) > 50:
        return Refusal("modal forms say too little about the true form (matrix of errors cannot be inverted)")
    score = named @ np.linalg.inv(matrix)
    noise = [score[:, j] * score[:, k] - (score[:, j] if j == k else 0.0) for j, k in PAIRS]
    return Corrected(sales.shares(score), sales.summed(sales.share[:, None] ** 2 * np.column_stack(noise)))


def three_step(
    panel: pl.DataFrame,
    readings: Sequence[Corrected],
    formula: Formula,
    cluster: str,
    term: str,
    weights: Sequence[float] | None = None,
) -> Pooled | Refusal:
    """Return a share's coefficient corrected for classification error, pooled over draws of the shared error.

    Parameters
    ----------
    panel
        Complete sample of supplier-years, with their places ``sales_row`` in the readings.
    readings
        From :func:`corrected_shares`, one for each draw.
    formula, cluster, term
        The model, the clusters of errors, and the coefficient wanted.
    weights
        Weights of the draws; equal ones when absent.
    """
    if not set(formula.terms) <= set(SHARES):
        return Refusal("defined for shares of forms only")
    row = panel["sales_row"].to_numpy()
    first = panel.with_columns(pl.Series(name, readings[0].shares[row, i]) for i, name in enumerate(SHARES))
    made = fit_sample(first, formula, cluster, formula.terms)
    if isinstance(made, Refusal):
        return made
    outcome, places = panel[formula.outcome].to_numpy(), [SHARES.index(name) for name in made.terms]
    blocks = [np.column_stack([outcome, one.shares[row][:, places]]) for one in readings]
    left = np.ones(panel.height)
    for effect in formula.effects:
        left -= 1.0 / panel.select(pl.len().over(effect).alias("n"))["n"].to_numpy()
    pairs = [[PAIRS.index((min(j, k), max(j, k))) for k in places] for j in places]
    solved = [
        _corrected(block, one.noise[row][:, pairs] * np.clip(left, 0.0, 1.0)[:, None, None], made, term)
        for block, one in zip(within(blocks, panel, formula), readings, strict=True)
    ]
    known = [(pair, number) for number, pair in enumerate(solved) if not isinstance(pair, Refusal)]
    if 2 * len(known) < len(solved):
        return next(item for item in solved if isinstance(item, Refusal))
    chosen = [1.0 if weights is None else weights[number] for _, number in known]
    total = sum(chosen)
    if total <= 0.5 * (len(solved) if weights is None else sum(weights)):
        return next(item for item in solved if isinstance(item, Refusal))
    estimates, errors = zip(*(pair for pair, _ in known), strict=True)
    return rubin(estimates, [error**2 for error in errors], made.clusters - 1, [one / total for one in chosen])


def _corrected(block: Floats, noise: Floats, made: Fit, term: str) -> tuple[float, float] | Refusal:
    """Return coefficient and cluster-robust error with the noise taken out of the moments."""
    y, x = block[:, 0], block[:, 1:]
    bread = x.T @ x - noise.sum(axis=0)
    if _signal(bread, x.T @ x) < SIGNAL:
        return Refusal(f"less than {SIGNAL:.0%} of the variation of modal shares is signal in some direction")
    beta = np.linalg.solve(bread, x.T @ y)
    rows = x * (y - x @ beta)[:, None] + noise @ beta
    scores = np.array([np.bincount(made.cluster, weights=rows[:, j]) for j in range(x.shape[1])]).T
    inverse = np.linalg.inv(bread)
    count = len(scores)
    variance = inverse @ (scores.T @ scores) @ inverse * count / max(count - 1, 1)
    place = made.terms.index(term)
    return float(beta[place]), float(np.sqrt(max(variance[place, place], 0.0)))
