r"""Weights of evidence: what each indicator adds to the log-likelihood of each form.

With :math:`x_{j}` the level of indicator :math:`j`, the log-likelihood of form :math:`f` is

.. math:: \ell_f = \sum_j w_j \log P(x_j \mid f), \qquad
          w_j = c_j \frac{s_j}{1 + \rho_g (S_g - s_j)}, \quad S_g = \sum_{i \in g,\, x_i \text{ known}} s_i ,

where :math:`s_j` is the strength of the indicator, :math:`\rho_g` the correlation assumed within its group and
:math:`c_j` the weight of mixtures. For equal strengths of 1 this is the exact weight of equicorrelated normal scores;
the joint weight of a group is at most :math:`1/\rho_g` however many proxies there are. An indicator without a value
has weight 0 and leaves all others as they are.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from sinos.governance.indicators import FORMS, Codes, Floats, Theory
from sinos.governance.inputs import KEY, held_from, observed


def mixture_scale(theory: Theory, *, firms: bool) -> Floats:
    """Return the weight of each indicator's kind: transaction evidence is worth less when partners are not firms.

    Returns
    -------
    numpy.ndarray
        Shape (indicators,).
    """
    return np.array(
        [1.0 if firms or item.kind != "transaction" else theory.mixture_weight for item in theory.indicators]
    )


def tempering(present: np.typing.NDArray[np.bool_], theory: Theory, scale: Floats) -> Floats:
    """Return the tempering weight of every indicator (module formula).

    Parameters
    ----------
    present
        Whether the indicator has a value, shape (rows, indicators).
    theory
        Gives strengths, groups and the correlation within each group.
    scale
        Weight of mixtures, shape (indicators,).

    Examples
    --------
    >>> from sinos.governance.indicators import load_theory
    >>> theory = load_theory()
    >>> alone = np.zeros((1, len(theory.indicators)), dtype=bool)
    >>> alone[0, theory.index("design_by")] = True
    >>> float(tempering(alone, theory, mixture_scale(theory, firms=True)).sum())
    1.0
    """
    strength = np.array([item.strength for item in theory.indicators])
    weight = present * strength
    for group, rho in theory.rho.items():
        members = [place for place, item in enumerate(theory.indicators) if item.group == group]
        if members:
            total = weight[:, members].sum(axis=1, keepdims=True)
            weight[:, members] /= 1 + rho * (total - weight[:, members])
    result: Floats = weight * scale
    return result


def log_likelihood(levels: Codes, weight: Floats, theory: Theory) -> Floats:
    """Sum the weighted log-likelihoods of all indicators but ownership, which :mod:`.posterior` decides by.

    Returns
    -------
    numpy.ndarray
        Shape (rows, 4).
    """
    total = np.zeros((levels.shape[0], len(FORMS)))
    for place, item in enumerate(theory.indicators):
        if item.kind != "ownership":
            total += contribution(levels[:, place], weight[:, place], item.loglik)
    return total


def contribution(level: Codes, weight: Floats, loglik: Floats) -> Floats:
    """Return the weighted log-likelihood of one indicator by form, shape (rows, 4); zero where there is no value."""
    padded = np.vstack([loglik.T, np.zeros(len(FORMS))])  # level -1 picks the last row
    result: Floats = weight[:, None] * padded[level]
    return result


def centred(values: Floats) -> Floats:
    """Subtract the mean over the four forms: only differences between forms are evidence."""
    result: Floats = values - values.mean(axis=-1, keepdims=True)
    return result


def evidence_rows(
    wide: pl.DataFrame, levels: Codes, weight: Floats, theory: Theory, adjustments: dict[str, Floats]
) -> pl.DataFrame:
    """List the contribution of every indicator that has a value, and of the two rules, as ``outputs.csv`` says.

    Parameters
    ----------
    wide
        Relation-years from :func:`.inputs.gather`, sorted by key.
    levels, weight
        Shape (rows, indicators).
    theory
        Names the indicators.
    adjustments
        Change of the log posterior by the rules (``ownership``, ``identifiability_bound``), shape (rows, 4) each.

    Returns
    -------
    polars.DataFrame
        Long, sorted by key and by the theory's order. The contributions of a relation-year and its centred log prior
        sum to its centred log posterior (method ``evidence``).
    """
    parts = []
    for place, item in enumerate(theory.indicators):
        owned = item.kind == "ownership"
        values = adjustments["ownership"] if owned else contribution(levels[:, place], weight[:, place], item.loglik)
        rows = np.flatnonzero(levels[:, place] >= 0)
        names = pl.Series(item.levels, dtype=pl.String).gather(levels[rows, place])
        shown = observed(wide, item.name).gather(rows)
        text = (item.name, item.group, item.field)
        since = held_from(wide, item.name).gather(rows)
        parts.append(_part(wide, rows, place, text, shown, since, names, weight[:, place], values))
    bound = adjustments["identifiability_bound"]
    rows = np.flatnonzero(np.abs(bound).max(axis=1, initial=0.0) > 0)
    shown = pl.Series([None] * rows.size, dtype=pl.String)
    text = ("identifiability_bound", "identifiability", "no design, process or inspection evidence")
    label = pl.Series(["bounded"] * rows.size, dtype=pl.String)
    since = pl.Series([None] * rows.size, dtype=pl.Int32)
    parts.append(_part(wide, rows, len(theory.indicators), text, shown, since, label, np.ones(wide.height), bound))
    return pl.concat(parts).sort("row", "place").drop("row", "place")


def _part(
    wide: pl.DataFrame, rows: np.typing.NDArray[np.intp], place: int, text: tuple[str, str, str],
    shown: pl.Series, since: pl.Series, names: pl.Series, weight: Floats, values: Floats,
) -> pl.DataFrame:  # fmt: skip
    mid = centred(values[rows])
    return wide.select(KEY)[rows].with_columns(
        pl.lit(text[0]).alias("indicator"),
        pl.lit(text[1]).alias("group"),
        pl.lit(text[2]).alias("field"),
        shown.alias("value"),
        since.alias("held_from"),
        names.alias("level"),
        pl.Series("weight", weight[rows]),
        *(pl.Series(form, mid[:, number]) for number, form in enumerate(FORMS)),
        pl.lit(place, pl.Int32).alias("place"),
        pl.Series("row", rows.astype(np.int64)),
    )
