r"""Class profiles fitted to the user's data by EM, anchored by the theory so that classes keep their names.

Three latent classes (market, network, quasi-hierarchy) with categorical indicators. Class profiles have Dirichlet
priors with pseudo-counts :math:`a P(x \mid f)`, the anchor :math:`a` in relation-years. With tempering weights
:math:`w_{ij}` the objective, which never falls, is

.. math:: \sum_i \log \sum_f \pi_f \prod_j \theta_{fj}(x_{ij})^{w_{ij}} + a \sum_{f,j,l} P_j(l \mid f) \log
\theta_{fj}(l)

(Dempster, Laird & Rubin 1977). Hierarchy is decided by ownership and is not fitted; relation-years known to be owned
are left out. With :math:`a \to 0` and all weights 1 this is plain latent class analysis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import polars as pl

from sinos.errors import GovernanceError
from sinos.governance.indicators import FORMS, HIERARCHY, Codes, Floats, Indicator, Theory

_FITTED = FORMS[:HIERARCHY]
_TINY = 1e-12


@dataclass(frozen=True)
class Fit:
    """Result of the EM algorithm.

    Attributes
    ----------
    theory
        The theory with fitted likelihoods and prior (hierarchy keeps its prior and follows quasi-hierarchy).
    drift
        One row per form and indicator: ``kl`` (Kullback-Leibler divergence of the fitted from the theory's
        likelihood, nats), ``max_change`` (largest change of a probability), ``weight`` (effective relation-years that
        the data gave).
    loglik
        Log-likelihood of the data, without the anchor.
    objective
        Path of the objective over iterations.
    anchor
        Pseudo-observations per class and indicator.
    """

    theory: Theory
    drift: pl.DataFrame
    loglik: float
    objective: tuple[float, ...]
    anchor: float


def fit(
    levels: Codes, weight: Floats, count: Floats, theory: Theory,
    *, anchor: float = 100.0, tolerance: float = 1e-8, iterations: int = 2000,
) -> Fit:  # fmt: skip
    """Fit class profiles.

    Parameters
    ----------
    levels, weight
        Codes and tempering weights of distinct patterns, shape (patterns, indicators).
    count
        Relation-years per pattern, shape (patterns,).
    theory
        Start and anchor.
    anchor
        Pseudo-observations; small values let the classes drift.
    tolerance
        Relative gain of the objective at which to stop.
    iterations
        Most iterations.

    Raises
    ------
    GovernanceError
        If there is nothing to fit to, or a fitted class is nearer to another form's profile than to its own: Sinos
        refuses to rename classes.
    """
    if anchor <= 0:
        raise GovernanceError(
            f"the anchor is {anchor}", where="classify: anchor", fix="give a number above 0, such as 100"
        )
    places = [p for p, item in enumerate(theory.indicators) if item.kind != "ownership" and (levels[:, p] >= 0).any()]
    owner = theory.index("ownership")
    kept = levels[:, owner] != 2 if owner >= 0 else np.ones(levels.shape[0], dtype=bool)
    if not places or not kept.any():
        raise GovernanceError(
            "no indicator has a value, so that there is nothing to fit", where="classify: method = anchored",
            fix="use method = evidence",
        )  # fmt: skip
    levels, weight, count = levels[kept], weight[kept], count[kept]
    prior = theory.prior[:HIERARCHY] / theory.prior[:HIERARCHY].sum()
    theta = {p: np.exp(theory.indicators[p].loglik[:HIERARCHY]) for p in places}
    start = {p: values.copy() for p, values in theta.items()}
    path: list[float] = []
    for _ in range(iterations):
        loglik, responsibility = _expect(levels, weight, prior, theta)
        penalty = sum(float((start[p] * np.log(theta[p])).sum()) for p in places)
        path.append(float(count @ loglik) + anchor * penalty)
        if len(path) > 1 and path[-1] - path[-2] <= tolerance * abs(path[-1]):
            break
        share = responsibility * count[:, None]
        prior = (share.sum(axis=0) + anchor * _TINY) / (share.sum() + 3 * anchor * _TINY)
        theta = {p: _maximise(levels[:, p], weight[:, p], share, start[p], anchor) for p in places}
    loglik, responsibility = _expect(levels, weight, prior, theta)
    drift = _drift(theory, places, start, theta, levels, weight, responsibility * count[:, None])
    _refuse_swap(theory, places, start, theta, anchor)
    return Fit(_fitted(theory, places, theta, prior), drift, float(count @ loglik), tuple(path), anchor)


def _expect(levels: Codes, weight: Floats, prior: Floats, theta: dict[int, Floats]) -> tuple[Floats, Floats]:
    """E-step: log-likelihood (rows,) and responsibilities (rows, 3)."""
    logits = np.tile(np.log(np.maximum(prior, _TINY)), (levels.shape[0], 1))
    for place, values in theta.items():
        padded = np.vstack([np.log(np.maximum(values.T, _TINY)), np.zeros(HIERARCHY)])
        logits += weight[:, place, None] * padded[levels[:, place]]
    top = logits.max(axis=1, keepdims=True)
    raised = np.exp(logits - top)
    total = raised.sum(axis=1, keepdims=True)
    return (top + np.log(total))[:, 0], raised / total


def _maximise(level: Codes, weight: Floats, share: Floats, start: Floats, anchor: float) -> Floats:
    """M-step for one indicator: anchored, weighted relative frequencies, shape (3, levels)."""
    known = level >= 0
    counts = np.stack([
        np.bincount(level[known], weights=weight[known] * share[known, form], minlength=start.shape[1])
        for form in range(HIERARCHY)
    ])  # fmt: skip
    total = counts + anchor * start
    result: Floats = total / total.sum(axis=1, keepdims=True)
    return result


def _divergence(fitted: Floats, theory: Floats) -> Floats:
    """Kullback-Leibler divergence of fitted from theory along the last axis, nats."""
    result: Floats = (fitted * np.log(np.maximum(fitted, _TINY) / theory)).sum(axis=-1)
    return result


def _drift(
    theory: Theory, places: list[int], start: dict[int, Floats], theta: dict[int, Floats],
    levels: Codes, weight: Floats, share: Floats,
) -> pl.DataFrame:  # fmt: skip
    rows = []
    for form, name in enumerate(_FITTED):
        for place in places:
            known = levels[:, place] >= 0
            rows.append((
                name, theory.indicators[place].name,
                float(_divergence(theta[place][form], start[place][form])),
                float(np.abs(theta[place][form] - start[place][form]).max()),
                float(weight[known, place] @ share[known, form]),
            ))  # fmt: skip
    schema = {
        "form": pl.String,
        "indicator": pl.String,
        "kl": pl.Float64,
        "max_change": pl.Float64,
        "weight": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _refuse_swap(
    theory: Theory, places: list[int], start: dict[int, Floats], theta: dict[int, Floats], anchor: float
) -> None:
    """Raise if naming the fitted classes differently would bring them nearer to the theory."""
    strength = {place: theory.indicators[place].strength for place in places}

    def distance(order: tuple[int, ...]) -> float:
        return sum(
            strength[place] * float(_divergence(theta[place], start[place][list(order)]).sum()) for place in places
        )

    own = (0, 1, 2)
    nearest = min(permutations(own), key=lambda order: (distance(order), order))
    if nearest != own:
        moved = ", ".join(
            f"the class anchored as {_FITTED[f]} came out like {_FITTED[n]}" for f, n in enumerate(nearest) if f != n
        )
        raise GovernanceError(
            f"the data pulled the classes away from their names ({moved}); Sinos does not rename classes",
            where=f"classify: method = anchored, anchor = {anchor:g}",
            fix="raise 'anchor', use method = evidence, or overlay likelihoods that describe these forms in your data",
        )


def _fitted(theory: Theory, places: list[int], theta: dict[int, Floats], prior: Floats) -> Theory:
    rest = theory.prior[HIERARCHY]
    indicators = []
    for place, item in enumerate(theory.indicators):
        indicators.append(_replaced(item, theta[place]) if place in places else item)
    return replace(theory, indicators=tuple(indicators), prior=np.append(prior * (1 - rest), rest))


def _replaced(item: Indicator, theta: Floats) -> Indicator:
    values = np.log(np.maximum(np.vstack([theta, theta[-1]]), _TINY))
    return replace(item, loglik=values)
