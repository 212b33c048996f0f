"""Skill relatedness of industries from the moves of workers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sinos.errors import UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, estimates, read


def skill_relatedness(
    flows: Any, *, origin: str = "origin", target: str = "target", workers: str = "workers", least: float = 1.0
) -> Estimates:
    """Return how many more workers move between two industries than their sizes lead one to expect.

    ``SR_ij = F_ij / (F_i. F_.j / F_..)``, rescaled to ``(SR - 1) / (SR + 1)`` between -1 and 1, above zero where
    skills are shared (Neffke & Henning 2013). Moves inside an industry are left out.

    Parameters
    ----------
    flows
        Moves of workers: origin, target, workers (zero or more); rows of one key are summed.
    origin, target, workers
        Columns.
    least
        Expected moves below which a pair says too little: its relatedness is missing.

    Returns
    -------
    Estimates
        Tables ``skill_relatedness`` (origin, target, workers, expected, ratio, relatedness) and ``proximity``
        (product, other, proximity: the mean of both directions where above zero), a product space of industries for
        :func:`~sinos.upgrading.estimators.relatedness.sector_entries`.
    """
    tidy = read(
        flows, where="skill_relatedness", text={"origin": origin, "target": target}, numbers={"workers": workers}
    )  # fmt: skip
    negative = tidy.frame.filter(pl.col("workers") < 0).height
    if negative:
        raise UpgradingError("moves below zero", where="skill_relatedness", rows=negative, fix="drop or correct them")
    known = tidy.frame.drop_nulls().filter(pl.col("origin") != pl.col("target"))
    summed = known.group_by("origin", "target").agg(pl.col("workers").sort().sum())
    if not summed.height or not summed["workers"].sum():
        raise UpgradingError("no worker moves between industries", where="skill_relatedness", fix="give moves")
    names = sorted({*summed["origin"], *summed["target"]})
    every = pl.DataFrame({"origin": names}).join(pl.DataFrame({"target": names}), how="cross")
    full = (
        every.filter(pl.col("origin") != pl.col("target"))
        .join(summed, on=["origin", "target"], how="left", maintain_order="left")
        .with_columns(pl.col("workers").fill_null(0.0))
    )
    left, came = pl.col("workers").sum().over("origin"), pl.col("workers").sum().over("target")
    framed = full.with_columns(expected=left * came / pl.col("workers").sum())
    enough = pl.col("expected") >= least
    table = framed.with_columns(ratio=pl.when(enough).then(pl.col("workers") / pl.col("expected"))).with_columns(
        relatedness=(pl.col("ratio") - 1) / (pl.col("ratio") + 1)
    )
    both = table.select(
        "relatedness", product=pl.min_horizontal("origin", "target"), other=pl.max_horizontal("origin", "target")
    )
    means = both.drop_nulls().group_by("product", "other").agg(proximity=pl.col("relatedness").sort().mean())
    thin = table["ratio"].null_count()
    reason = f"fewer than {np.round(least, 3)} moves expected between the industries"
    return estimates(
        "skill_relatedness",
        {
            "skill_relatedness": table.sort("origin", "target"),
            "proximity": means.filter(pl.col("proximity") > 0).sort("product", "other"),
        },
        tidy, options={"least": least}, references=("neffke_henning2013",),
        missing=[Missing("skill_relatedness", "relatedness", thin, reason)] if thin else [],
    )  # fmt: skip
