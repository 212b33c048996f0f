"""High-dimensional fixed effects through pyfixest: residuals and effects of many left-hand sides at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from sinos.errors import MissingExtraError, UpgradingError
from sinos.upgrading.estimators.tidy import Flags, Floats, Ints

TOLERANCE, ROUNDS = 1e-10, 100_000
"""Change, in standard deviations, below which the removal of fixed effects ends, and rounds until it gives up."""


def pyfixest(purpose: str) -> Any:
    """Return the package, or say how to install it.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import pyfixest
    except ImportError as error:
        raise MissingExtraError("pyfixest", "estimation", purpose=purpose) from error
    return pyfixest


def identified(groups: Sequence[Ints]) -> Flags:
    """Return which rows share every effect with another row that does too; the others are fitted by their effect alone.

    Parameters
    ----------
    groups
        For each fixed effect the codes 0, 1, ... of the rows' levels (n).

    Examples
    --------
    >>> identified([np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0])]).tolist()
    [True, True, True, True, False]
    """
    kept = np.ones(len(groups[0]), dtype=bool)
    while True:
        alone = np.zeros(len(kept), dtype=bool)
        for group in groups:
            size = np.bincount(group[kept], minlength=int(group.max(initial=0)) + 1)
            alone |= kept & (size[group] == 1)
        if not alone.any():
            return kept
        kept &= ~alone


def residuals(
    left: dict[str, Floats], groups: dict[str, Ints], *, purpose: str, wanted: str | None = None
) -> tuple[dict[str, Floats], pl.DataFrame]:
    """Regress every left-hand side on the fixed effects, and return what is left and the effect wanted.

    Parameters
    ----------
    left
        Name: values (n); none missing.
    groups
        Name of the effect: codes (n).
    purpose
        What needs the package, for the error.
    wanted
        The effect whose estimates are returned; they take time, so none by default.

    Returns
    -------
    tuple
        Residuals by name, and a frame ``left``, ``code``, ``estimate`` (up to a constant) of the effect wanted.
    """
    pyfixest(purpose)
    from pyfixest.core.demean import demean

    values = np.column_stack(list(left.values()))
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)  # the tolerance is in units of the columns, whatever those are
    codes = np.column_stack(list(groups.values())).astype(np.uint64)
    # ``feols`` would take the effects out in an order that hangs on the hash seed of the process, and digits with it.
    rest, whole = demean(np.ascontiguousarray(centred / scale), codes, np.ones(len(values)), TOLERANCE, ROUNDS)
    if not whole:
        raise UpgradingError(
            f"fixed effects could not be taken out in {ROUNDS:,} rounds", where=purpose, rows=len(values),
            fix="leave out rows that hang together with the others by one link only",
        )  # fmt: skip
    left_over = {name: rest[:, place] * scale[place] for place, name in enumerate(left)}
    return left_over, _levels(left, left_over, groups, wanted)


def _levels(
    left: dict[str, Floats], rest: dict[str, Floats], groups: dict[str, Ints], wanted: str | None
) -> pl.DataFrame:
    """Return the estimates of one effect: what was taken out, laid on the levels of all effects."""
    from scipy.sparse import csr_matrix, hstack
    from scipy.sparse.linalg import lsqr

    effects: list[tuple[str, int, float]] = []
    if wanted:
        order = [wanted, *(name for name in groups if name != wanted)]
        rows = np.arange(len(groups[wanted]))
        parts = [csr_matrix((np.ones(len(rows)), (rows, groups[name]))) for name in order]
        design = hstack(parts, format="csr")
        for name, values in left.items():
            found = lsqr(design, values - rest[name], atol=TOLERANCE, btol=TOLERANCE)[0]
            effects += [(name, code, float(found[code])) for code in range(parts[0].shape[1])]
    schema = {"left": pl.String, "code": pl.Int64, "estimate": pl.Float64}
    return pl.DataFrame(effects, schema=schema, orient="row")
