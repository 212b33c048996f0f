r"""Wild cluster bootstrap of scores, and Romano-Wolf adjustment within a family.

With the null imposed, clusters' scores :math:`s_g = \sum_{i \in g} \tilde x_i \tilde y_i` (after fixed effects and
other terms) are multiplied by random signs; the statistic is studentised (Kline & Santos 2012; Cameron, Gelbach &
Miller 2008). With at most 12 clusters Webb's six points are used instead of signs. The same signs serve all hypotheses
of a family, as the stepdown of Romano & Wolf (2005) needs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_WEBB = np.array([-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5])


def signs(clusters: int, replications: int, seed: int) -> Floats:
    """Return multipliers, shape (replications, clusters)."""
    rng = np.random.default_rng(seed)
    if clusters <= 12:
        return rng.choice(_WEBB, size=(replications, clusters))
    return rng.choice(np.array([-1.0, 1.0]), size=(replications, clusters))


def statistic(scores: Floats) -> Floats:
    """Return studentised sums of scores over the last axis (centred variance); infinite where all scores are equal."""
    count = scores.shape[-1]
    total = scores.sum(axis=-1)
    square = (scores**2).sum(axis=-1)
    spread = np.sqrt(np.maximum(square - total**2 / count, 0.0))
    # Equal scores leave only rounding in the variance; without any score the statistic is zero.
    equal = np.where(np.abs(total) > 1e-12 * np.sqrt(square), np.copysign(np.inf, total), 0.0)
    found: Floats = np.divide(total, spread, out=equal, where=spread > 1e-7 * np.sqrt(square))
    return found


def wild_p(scores: Floats, replications: int, seed: int) -> float:
    """Return the two-sided bootstrap p value of no effect from the clusters' scores.

    Examples
    --------
    >>> wild_p(np.ones(30), 199, 1)
    0.005
    """
    drawn = np.abs(statistic(scores * signs(len(scores), replications, seed)))
    return float((1 + (drawn >= abs(statistic(scores)) - 1e-12).sum()) / (replications + 1))


def romano_wolf(scores: Sequence[Floats], replications: int, seed: int) -> list[float]:
    """Return p values adjusted for all hypotheses of a family.

    Parameters
    ----------
    scores
        For each hypothesis the scores of the same clusters (zero where a cluster has no observation).

    Examples
    --------
    >>> strong, weak = np.ones(40), np.tile([1.0, -1.0], 20)
    >>> first, second = romano_wolf([strong, weak], 199, 1)
    >>> first < 0.02 and second == 1.0
    True
    """
    if not scores:
        return []
    multipliers = signs(max(len(item) for item in scores), replications, seed)
    seen = np.array([abs(float(statistic(item))) for item in scores])
    drawn = np.array([np.abs(statistic(item * multipliers[:, : len(item)])) for item in scores])
    order = np.argsort(-seen, kind="stable")
    adjusted, floor = np.ones(len(scores)), 0.0
    for step, place in enumerate(order):
        largest = drawn[order[step:]].max(axis=0)
        floor = max(floor, float((1 + (largest >= seen[place] - 1e-12).sum()) / (replications + 1)))
        adjusted[place] = floor
    return adjusted.tolist()
