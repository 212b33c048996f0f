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
import numpy.typing as npt

from sinos.governance.indicators import Floats

DRAWS = 200
"""Number of draws."""
BLOCK = 50_000
"""Rows drawn at a time."""


def thresholds(probability: Floats) -> npt.NDArray[np.float32]:
    """Return the normal quantiles of the cumulative posterior, shape (rows, 3)."""
    from scipy.special import ndtri

    bounds = ndtri(np.clip(np.cumsum(probability, axis=1)[:, :3], 0.0, 1.0))
    result: npt.NDArray[np.float32] = bounds.astype(np.float32)
    return result


def draw_scores(rows: int, shared: float, seed: int, block: int) -> Iterator[npt.NDArray[np.float32]]:
    """Yield one array of scores (shape (rows,)) per draw, to be compared with :func:`thresholds`.

    Parameters
    ----------
    rows
        Number of rows in the block.
    shared
        Correlation of the scores of two rows.
    seed
        Seed; the part common to all rows depends on it alone, the rest also on the block.
    block
        Number of the block.

    Examples
    --------
    >>> first, again = (next(draw_scores(3, 0.5, 1, 0)) for _ in range(2))
    >>> bool((first == again).all())
    True
    """
    common = np.random.default_rng(seed).standard_normal(DRAWS).astype(np.float32)
    own = np.random.default_rng([seed, block])
    spread, weight = np.float32(np.sqrt(1 - shared)), np.float32(np.sqrt(shared))
    for draw in range(DRAWS):
        yield weight * common[draw] + spread * own.standard_normal(rows, dtype=np.float32)


def blocks(starts: npt.NDArray[np.int64], rows: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of units whose rows together are at most :data:`BLOCK` (or a single larger unit).

    Parameters
    ----------
    starts
        First row of each unit, rising.
    rows
        Number of rows.
    """
    ends = np.append(starts[1:], rows)
    first = 0
    while first < starts.size:
        last = int(np.searchsorted(ends, starts[first] + BLOCK, side="right"))
        last = max(last, first + 1)
        yield first, last
        first = last


def interval(values: Floats | npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the 5 % and 95 % quantiles over the first axis (draws)."""
    low, high = np.quantile(values, [0.05, 0.95], axis=0)
    return low.astype(np.float64), high.astype(np.float64)
