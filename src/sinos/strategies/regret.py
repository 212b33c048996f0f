"""Regret: how much worse each strategy does than the best one, world by world, when parameters are not known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from sinos.strategies.metrics import Doubles


def regret(values: Doubles, names: Sequence[str], *, higher_is_better: bool = True) -> pl.DataFrame:
    """Return the regret of each strategy over drawn worlds (Savage 1951; Lempert et al. 2003).

    Parameters
    ----------
    values
        Outcome, mean over replications: shape (worlds, strategies). A world with an unknown outcome is left out.
    names
        Names of the strategies, the baseline among them.
    higher_is_better
        False where a low outcome is wanted.

    Returns
    -------
    polars.DataFrame
        One row per strategy: ``strategy``, ``mean`` (outcome), ``mean_regret``, ``high_regret`` (90 % quantile),
        ``max_regret``, ``share_best`` (of worlds), ``minimax`` (least maximum regret) and ``worlds``.

    Examples
    --------
    >>> table = regret(np.array([[1.0, 3.0], [2.0, 0.0]]), ["wait", "act"])
    >>> table["max_regret"].to_list(), table["minimax"].to_list()
    ([2.0, 2.0], [True, True])
    """
    known = values[np.isfinite(values).all(axis=1)]
    if not known.size:
        return _table(names, [(None,) * 5] * len(names), [None] * len(names), 0)
    signed = known if higher_is_better else -known
    lost = signed.max(axis=1, keepdims=True) - signed
    worst = lost.max(axis=0)
    rows = [
        (
            float(known[:, s].mean()),
            float(lost[:, s].mean()),
            float(np.quantile(lost[:, s], 0.9)),
            float(worst[s]),
            float((lost[:, s] == 0).mean()),
        )
        for s in range(len(names))
    ]
    return _table(names, rows, [bool(value == worst.min()) for value in worst], known.shape[0])


def _table(
    names: Sequence[str], rows: Sequence[tuple[float | None, ...]], minimax: Sequence[bool | None], worlds: int
) -> pl.DataFrame:
    columns = ("mean", "mean_regret", "high_regret", "max_regret", "share_best")
    schema = {"strategy": pl.String, **dict.fromkeys(columns, pl.Float64), "minimax": pl.Boolean, "worlds": pl.Int64}
    whole = [(name, *row, least, worlds) for name, row, least in zip(names, rows, minimax, strict=True)]
    return pl.DataFrame(whole, schema=schema, orient="row")
