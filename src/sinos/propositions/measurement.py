r"""Governance is measured with error: readings of the posteriors, Rubin's rules, and the three-step correction.

A posterior that is calibrated has expected shares :math:`W = E[X \mid evidence]`, and regressing on :math:`W` is
consistent: its error is of Berkson's kind. Drawing each relation's form anew adds noise to the regressor and pulls
coefficients to zero. So each draw here is of the error that *all* relations share (they are read with the same
indicators, see :mod:`sinos.governance.draws`); each relation's own error is integrated out exactly:

.. math:: P_d(f \le k) = \Phi\big((t_k - \sqrt r\, z_d) / \sqrt{1 - r}\big)

with :math:`t_k` the normal quantiles of the cumulative posterior and :math:`z_d` at equally likely quantiles. Draws are
weighted by how well the outcome fits under them, because imputations that ignore the outcome pull its coefficients to
zero (Meng 1994), and are taken closer together where that says much (:mod:`sinos.propositions.finer`). Estimates over
draws are pooled by Rubin (1987), with the degrees of freedom of Barnard & Rubin (1999).
The three-step correction (Bolck, Croon & Hagenaars 2004) inverts the matrix of classification errors of the modal form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.governance.draws import thresholds

Floats = npt.NDArray[np.float64]
FORMS = ("market", "network", "quasi_hierarchy", "hierarchy")
SHARES = tuple(f"share_{form}" for form in FORMS)


@dataclass(frozen=True, slots=True)
class Pooled:
    """Several estimates pooled: estimate, standard error, degrees of freedom, share of variance between draws."""

    estimate: float
    se: float
    df: float
    between_share: float


def readings(probability: Floats, shared: float, draws: int, ends: tuple[float, float] = (0.0, 1.0)) -> list[Floats]:
    """Return posteriors under ``draws`` equally likely values of the shared error, each of shape (rows, 4).

    The values lie between two quantiles of the shared error, ``ends``.

    Examples
    --------
    >>> even = np.full((1, 4), 0.25)
    >>> low, high = readings(even, 0.5, 2)
    >>> bool(low[0, 0] > 0.25 > high[0, 0]) or bool(low[0, 0] < 0.25 < high[0, 0])
    True
    >>> bool(np.allclose(low.sum(axis=1), 1.0))
    True
    """
    from scipy.special import ndtr, ndtri

    bounds = thresholds(probability).astype(np.float64)
    points = ndtri(ends[0] + (ends[1] - ends[0]) * (np.arange(draws) + 0.5) / draws)
    made = []
    for point in points:
        below = ndtr((bounds - np.sqrt(shared) * point) / np.sqrt(1.0 - shared))
        edges = np.concatenate([np.zeros((len(below), 1)), below, np.ones((len(below), 1))], axis=1)
        made.append(np.diff(edges, axis=1))
    return made


def modal(probability: Floats) -> Floats:
    """Return the posterior replaced by certainty in its most probable form."""
    sure: Floats = np.eye(4)[probability.argmax(axis=1)]
    return sure


def formed(probability: Floats, rng: np.random.Generator) -> Floats:
    """Return the posterior replaced by certainty in a form drawn from it, each relation's by itself.

    Examples
    --------
    >>> formed(np.eye(4)[:2], np.random.default_rng(1)).tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    """
    below = np.cumsum(probability, axis=1)[:, :3]
    sure: Floats = np.eye(4)[(rng.random((len(below), 1)) > below).sum(axis=1)]
    return sure


def error_matrix(probability: Floats, named: Floats) -> Floats:
    """Return P(form named | true form) as implied by posteriors of the true form, shape (true, named).

    Examples
    --------
    >>> posterior = np.array([[0.8, 0.2, 0.0, 0.0], [0.2, 0.8, 0.0, 0.0]])
    >>> error_matrix(posterior, modal(posterior))[0].tolist()
    [0.8, 0.2, 0.0, 0.0]
    """
    joint = probability.T @ named
    mass = joint.sum(axis=1, keepdims=True)
    return np.where(mass > 0, joint / np.where(mass > 0, mass, 1.0), np.eye(4))


@dataclass(frozen=True)
class Sales:
    """Supplier-years and what each relation-year weighs in its own: made once, for every reading of governance.

    Attributes
    ----------
    keys
        ``supplier`` and ``year``, sorted.
    row
        Row of each relation-year in ``keys``.
    weight
        Value of each relation-year; 1 in supplier-years where no value is known.
    total
        Sum of the weights of each supplier-year.
    """

    keys: pl.DataFrame
    row: npt.NDArray[np.int64]
    weight: Floats
    total: Floats

    @property
    def share(self) -> Floats:
        """Share of each relation-year in the sales of its supplier-year."""
        return self.weight / self.total[self.row]

    def summed(self, values: Floats) -> Floats:
        """Return sums of columns by supplier-year, from shape (relation-years, k) to (supplier-years, k)."""
        return np.column_stack([np.bincount(self.row, column, len(self.total)) for column in values.T])

    def shares(self, probability: Floats) -> Floats:
        """Return expected shares of sales by form, shape (supplier-years, 4)."""
        found: Floats = self.summed(self.weight[:, None] * probability) / self.total[:, None]
        return found


def sales(relations: pl.DataFrame) -> Sales:
    """Return supplier-years and weights of relation-years.

    Parameters
    ----------
    relations
        ``supplier``, ``year``, ``value``, one row per relation-year.
    """
    over = ["supplier", "year"]
    keys = relations.select(over).unique().sort(over).with_row_index("row")
    value = pl.col("value").fill_null(0.0)
    rows = relations.join(keys, on=over, how="left", maintain_order="left").select(
        row=pl.col("row").cast(pl.Int64), weight=pl.when(value.sum().over(over) > 0).then(value).otherwise(1.0)
    )
    row, weight = rows["row"].to_numpy(), rows["weight"].to_numpy()
    return Sales(keys.drop("row"), row, weight, np.bincount(row, weight, keys.height).astype(float))


def rubin(
    estimates: Sequence[float], variances: Sequence[float], complete_df: float, weights: Sequence[float] | None = None
) -> Pooled:
    r"""Pool estimates over draws.

    :math:`T = \bar U + (1 + 1/m) B`; degrees of freedom after Barnard & Rubin (1999) with ``complete_df``. With
    weights, means are weighted and :math:`m` is the effective number :math:`1 / \sum w^2` of draws.

    Examples
    --------
    >>> pooled = rubin([1.0, 1.0], [0.04, 0.04], 50)
    >>> round(pooled.se, 6), round(pooled.between_share, 6)
    (0.2, 0.0)
    >>> round(rubin([1.0, 3.0], [1.0, 1.0], 50).se, 6)
    2.0
    """
    values = np.asarray(estimates, dtype=float)
    weight = np.full(len(values), 1.0 / len(values)) if weights is None else np.asarray(weights, dtype=float)
    mean, total, df, share = pool(values, np.asarray(variances, dtype=float), complete_df, weight)
    return Pooled(float(mean), float(np.sqrt(total)), float(df), float(share))


def pool(
    values: Floats, variances: Floats, complete_df: float, weight: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return :func:`rubin` over the last axis: means, total variances, degrees of freedom, shares between draws."""
    count = 1.0 / (weight**2).sum(axis=-1)
    mean, within = (weight * values).sum(axis=-1), (weight * variances).sum(axis=-1)
    spread = (weight * (values - mean[..., None]) ** 2).sum(axis=-1)
    several = count > 1.0 + 1e-9
    between = np.where(several, spread * count / np.where(several, count - 1.0, 1.0), spread)
    total = within + (1.0 + 1.0 / count) * between
    share = np.where(total > 0, (1.0 + 1.0 / count) * between / np.where(total > 0, total, 1.0), 0.0)
    observed = complete_df * (complete_df + 1.0) / (complete_df + 3.0) * (1.0 - share)
    joint = share**2 / np.maximum(count - 1.0, 1.0) + 1.0 / np.maximum(observed, 1e-12)
    df = np.where(share <= 1e-12, observed, 1.0 / joint)
    return mean, total, np.maximum(df, 1.0), share


def likelihood_weights(fits: Sequence[float] | Floats) -> Floats:
    """Return weights over the last axis, proportional to the likelihoods whose logarithms are given.

    Examples
    --------
    >>> likelihood_weights([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    values = np.asarray(fits, dtype=float)
    weight = np.exp(values - values.max(axis=-1, keepdims=True))
    shares_of_one: Floats = weight / weight.sum(axis=-1, keepdims=True)
    return shares_of_one
