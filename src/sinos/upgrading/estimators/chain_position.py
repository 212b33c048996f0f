"""Upstreamness: where in the chain an industry stands. It is not a functional measure, and is refused as one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl

from sinos.errors import UpgradingError
from sinos.upgrading.estimators.tidy import Estimates, estimates, read

Use = Literal["chain_position", "functional"]


def upstreamness(
    flows: Any,
    outputs: Any,
    *,
    use: Use = "chain_position",
    seller: str = "seller",
    buyer: str = "buyer",
    value: str = "value",
    industry: str = "industry",
    output: str = "output",
) -> Estimates:
    """Return the mean number of stages between an industry and final use.

    ``U_i = 1 + sum_j (d_ij Y_j / Y_i) U_j``, that is ``U = (I - D)^-1 1`` with ``D_ij`` the share of the output of
    ``i`` that
    ``j`` uses (Antras, Chor, Fally & Hillberry 2012).

    Parameters
    ----------
    flows
        Industry x industry: seller, buyer, value of goods used; rows of one key are summed.
    outputs
        Gross output by industry.
    use
        ``chain_position``. ``functional`` is refused.
    seller, buyer, value, industry, output
        Columns.

    Returns
    -------
    Estimates
        Table ``chain_position``: industry, upstreamness (1: all output goes to final use).

    Raises
    ------
    UpgradingError
        If it is asked for as a functional measure, an industry has no output, or sells more than it makes.
    """
    if use != "chain_position":
        raise UpgradingError(
            "upstreamness is no functional measure: makers of final goods stand near 1 whatever they do "
            "(US footwear: 1.007), and it is uncorrelated with functional specialisation", where="upstreamness",
            fix="use function_score or functional_specialisation; upstreamness with use='chain_position'",
        )  # fmt: skip
    made = read(outputs, where="outputs", text={"industry": industry}, numbers={"output": output}, key=("industry",))
    sold = read(flows, where="flows", text={"seller": seller, "buyer": buyer}, numbers={"value": value})
    names = made.frame["industry"].to_list()
    gross = made.numbers("output")
    poor = int((~(gross > 0)).sum())
    if poor:
        raise UpgradingError(
            "industries without output", where="outputs", rows=poor, fix="leave them out, and their flows"
        )
    place = {name: index for index, name in enumerate(names)}
    known = sold.frame.drop_nulls().filter(pl.col("seller").is_in(names) & pl.col("buyer").is_in(names))
    share = np.zeros((len(names), len(names)))
    for row in known.sort("seller", "buyer", "value").iter_rows(named=True):
        share[place[row["seller"]], place[row["buyer"]]] += row["value"] / gross[place[row["seller"]]]
    over = int(((share.sum(axis=1) > 1 + 1e-9) | (share < 0).any(axis=1)).sum())
    radius = float(np.abs(np.linalg.eigvals(share)).max())
    if over or radius >= 1:
        raise UpgradingError(
            "industries sell more to others than they make, or nothing reaches final use", where="flows",
            rows=over or None,
            fix="check that flows and outputs are in one currency and year",
        )  # fmt: skip
    found = np.linalg.solve(np.eye(len(names)) - share, np.ones(len(names)))
    table = pl.DataFrame({"industry": names, "upstreamness": found})
    return estimates(
        "upstreamness", {"chain_position": table}, (sold, made), options={"use": use}, references=("antras2012",)
    )
