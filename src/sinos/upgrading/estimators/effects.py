"""High-dimensional fixed effects through pyfixest: residuals and effects of many left-hand sides at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from sinos.errors import MissingExtraError
from sinos.upgrading.estimators.tidy import Flags, Floats, Ints


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
    package = pyfixest(purpose)
    frame = pl.DataFrame({**left, **groups}).to_pandas()
    formula = " + ".join(left) + " ~ 1 | " + " + ".join(groups)
    precise = package.MapDemeaner(fixef_tol=1e-10)
    fitted = package.feols(formula, frame, vcov="iid", fixef_rm="none", demeaner=precise, copy_data=False)
    models = fitted.to_list() if hasattr(fitted, "to_list") else [fitted]
    left_over, effects = {}, []
    for name, model in zip(left, models, strict=True):
        left_over[name] = np.asarray(model.resid(), dtype=np.float64)
        levels = model.fixef()[f"C({wanted})"] if wanted else {}
        effects += [(name, int(code), float(value)) for code, value in levels.items()]
    schema = {"left": pl.String, "code": pl.Int64, "estimate": pl.Float64}
    return left_over, pl.DataFrame(effects, schema=schema, orient="row")
