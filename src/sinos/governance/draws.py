r"""Draws of forms from the posteriors, for intervals of everything that sums over relations.

Errors of classification are not independent: all relations are read with the same indicators. Forms are therefore
drawn by one-factor inversion: relation :math:`i` has form :math:`f` in draw :math:`d` when
:math:`\sqrt{r} Z_d + \sqrt{1 - r}\, E_{id}` falls between the normal quantiles of its cumulative posterior, with the
forms in the order of the paper's continuum and :math:`r` = ``shared_error``. Each relation keeps its posterior exactly;
:math:`r` sets how far relations err together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sinos.governance.indicators import Codes, Floats

DRAWS = 200
"""Number of draws."""
_BLOCK = 50_000


def thresholds(probability: Floats) -> Floats:
    """Return the normal quantiles of the cumulative posterior, shape (rows, 3)."""
    from scipy.special import ndtri

    result: Floats = ndtri(np.clip(np.cumsum(probability, axis=1)[:, :3], 0.0, 1.0))
    return result


def draw_forms(probability: Floats, shared: float, seed: int, draws: int = DRAWS) -> Iterator[Codes]:
    """Yield one array of forms (codes 0-3, shape (rows,)) per draw; the same for the same seed and rows.

    Examples
    --------
    >>> certain = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    >>> next(draw_forms(certain, 0.5, seed=1)).tolist()
    [2, 0]
    """
    bounds = thresholds(probability)
    random = np.random.default_rng(seed)
    common = random.standard_normal(draws)
    spread = np.sqrt(1 - shared)
    for draw in range(draws):
        shift = np.sqrt(shared) * common[draw]
        forms = np.empty(probability.shape[0], dtype=np.int8)
        for start in range(0, forms.size, _BLOCK):
            stop = min(start + _BLOCK, forms.size)
            score = shift + spread * random.standard_normal(stop - start)
            forms[start:stop] = (score[:, None] > bounds[start:stop]).sum(axis=1)
        yield forms


def interval(values: Floats) -> tuple[Floats, Floats]:
    """Return the 5 % and 95 % quantiles over the first axis (draws)."""
    low, high = np.quantile(values, [0.05, 0.95], axis=0)
    return low, high
