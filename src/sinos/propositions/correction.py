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

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.batch import within
from sinos.propositions.estimate import Fit, Refusal, fit_sample
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import FORMS, SHARES, Pooled, error_matrix, modal, rubin

Floats = npt.NDArray[np.float64]
_KEY = ["supplier", "year"]
SIGNAL = 0.25
"""Share of signal below which nothing is corrected: the correction divides by it, and wild numbers come out."""


def _signal(bread: Floats, cross: Floats) -> float:
    """Return the smallest share of signal in any combination of regressors (generalised eigenvalue)."""
    from scipy.linalg import eigh

    try:
        return float(eigh(bread, cross, eigvals_only=True).min())
    except np.linalg.LinAlgError:
        return 0.0


def corrected_shares(relations: pl.DataFrame, probability: Floats, drawn: Floats) -> pl.DataFrame | Refusal:
    """Return supplier-years with unbiased shares (``share_*``) and the covariances of their noise (``v_j_k``).

    Parameters
    ----------
    relations
        ``supplier``, ``year``, ``value``, one row per relation-year.
    probability
        Posterior that gives the modal forms, shape (rows, 4).
    drawn
        Posterior under a draw of the shared error, which says how often the modal form is wrong.
    """
    matrix = error_matrix(drawn, modal(probability))
    if np.linalg.cond(matrix) > 50:
        return Refusal("modal forms say too little about the true form (matrix of errors cannot be inverted)")
    score = modal(probability) @ np.linalg.inv(matrix)
    total = pl.col("value").fill_null(0.0).sum().over(_KEY)
    share = pl.when(total > 0).then(pl.col("value").fill_null(0.0) / total).otherwise(1.0 / pl.len().over(_KEY))
    weight = relations.select(share.alias("w"))["w"].to_numpy()
    table = relations.select(_KEY).with_columns(
        *[pl.Series(SHARES[j], weight * score[:, j]) for j in range(4)],
        *[
            pl.Series(f"v_{j}_{k}", weight**2 * (score[:, j] * score[:, k] - (score[:, j] if j == k else 0.0)))
            for j in range(4)
            for k in range(j, 4)
        ],
    )
    return table.group_by(_KEY).sum().sort(_KEY)


def three_step(
    panel: pl.DataFrame,
    readings: Sequence[pl.DataFrame],
    formula: Formula,
    cluster: str,
    term: str,
    weights: Sequence[float] | None = None,
) -> Pooled | Refusal:
    """Return a share's coefficient corrected for classification error, pooled over draws of the shared error.

    Parameters
    ----------
    panel
        Complete sample of supplier-years (with ``supplier`` and ``year``).
    readings
        From :func:`corrected_shares`, one for each draw.
    formula, cluster, term
        The model, the clusters of errors, and the coefficient wanted.
    weights
        Weights of the draws; equal ones when absent.
    """
    if not set(formula.terms) <= set(SHARES):
        return Refusal("defined for shares of forms only")
    own = panel.select(name for name in panel.columns if name not in SHARES)
    joined = [own.join(shares, on=_KEY, how="inner", maintain_order="left") for shares in readings]
    made = fit_sample(joined[0], formula, cluster, formula.terms)
    if isinstance(made, Refusal):
        return made
    blocks = [rows.select(formula.outcome, *made.terms).to_numpy().astype(np.float64) for rows in joined]
    left = np.ones(own.height)
    for effect in formula.effects:
        left -= 1.0 / joined[0].select(pl.len().over(effect).alias("n"))["n"].to_numpy()
    solved = [
        _corrected(block, _noise(rows, made.terms) * np.clip(left, 0.0, 1.0)[:, None, None], made, term)
        for block, rows in zip(within(blocks, joined[0], formula), joined, strict=True)
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


def _noise(rows: pl.DataFrame, terms: Sequence[str]) -> Floats:
    """Return the covariances of the noise of the shares in a model, shape (rows, terms, terms)."""
    places = [FORMS.index(name.removeprefix("share_")) for name in terms]
    every = [[rows[f"v_{min(j, k)}_{max(j, k)}"].to_numpy() for k in places] for j in places]
    return np.array(every).transpose(2, 0, 1)


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
