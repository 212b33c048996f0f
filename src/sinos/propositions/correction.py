r"""Three-step correction for shares read from modal forms (Bolck, Croon & Hagenaars 2004, as errors in variables).

With :math:`D_{ts} = P(\text{modal } s \mid \text{true } t)`, the score :math:`c = e_s D^{-1}` of a relation is unbiased
for its true form. Shares :math:`\sum_r w_r c_r` are then unbiased with noise :math:`V = \sum_r w_r^2 (c_r c_r' -
\mathrm{diag}\, c_r)`, which is taken out of the moments: :math:`\hat\beta = (\tilde X'\tilde X - \sum_i m_i V_i)^{-1}
\tilde X'\tilde y` with :math:`m_i` the share of a row's noise left by the fixed effects. Errors that relations share
are not seen by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.estimate import Refusal, fit_sample
from sinos.propositions.formula import Formula
from sinos.propositions.measurement import FORMS, SHARES, error_matrix, modal

Floats = npt.NDArray[np.float64]
_KEY = ["supplier", "year"]


def corrected_shares(relations: pl.DataFrame, probability: Floats) -> pl.DataFrame | Refusal:
    """Return supplier-years with unbiased shares (``share_*``) and the covariances of their noise (``v_j_k``)."""
    matrix = error_matrix(probability)
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
    panel: pl.DataFrame, shares: pl.DataFrame, formula: Formula, cluster: str, term: str
) -> tuple[float, float] | Refusal:
    """Return estimate and standard error of a share's coefficient, corrected for classification error.

    Parameters
    ----------
    panel
        Complete sample of supplier-years (with ``supplier`` and ``year``).
    shares
        From :func:`corrected_shares`.
    """
    if not set(formula.terms) <= set(SHARES):
        return Refusal("defined for shares of forms only")
    own = [name for name in panel.columns if name not in SHARES]
    joined = panel.select(own).join(shares, on=_KEY, how="inner", maintain_order="left")
    made = fit_sample(joined, formula, cluster, formula.terms)
    if isinstance(made, Refusal):
        return made
    places = [FORMS.index(name.removeprefix("share_")) for name in made.terms]
    noise = np.array([[joined[f"v_{min(j, k)}_{max(j, k)}"].to_numpy() for k in places] for j in places]).transpose(
        2, 0, 1
    )
    left = np.ones(joined.height)
    for effect in formula.effects:
        left -= 1.0 / joined.select(pl.len().over(effect).alias("n"))["n"].to_numpy()
    noise = noise * np.clip(left, 0.0, 1.0)[:, None, None]
    x, y = made.within_x, made.within_y
    bread = x.T @ x - noise.sum(axis=0)
    if np.linalg.eigvalsh(bread).min() <= 0.05 * np.linalg.eigvalsh(x.T @ x).min():
        return Refusal("too little of the variation of modal shares is signal")
    beta = np.linalg.solve(bread, x.T @ y)
    rows = x * (y - x @ beta)[:, None] + noise @ beta
    scores = np.array([np.bincount(made.cluster, weights=rows[:, j]) for j in range(len(places))]).T
    inverse = np.linalg.inv(bread)
    count = len(scores)
    variance = inverse @ (scores.T @ scores) @ inverse * count / max(count - 1, 1)
    place = made.terms.index(term)
    return float(beta[place]), float(np.sqrt(max(variance[place, place], 0.0)))
