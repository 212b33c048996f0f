"""Governance of clusters: value shares of the forms with intervals, and polarity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.governance.draws import DRAWS, draw_forms, interval
from sinos.governance.indicators import FORMS, Floats
from sinos.results import Missing

_UNIT = ("cluster", "year")
_POLARITY = 0.8  # share of explicit coordination that the lead buyers account for (Ponte & Sturgeon 2014; science B3)


def cluster_governance(governance: pl.DataFrame, shared: float, seed: int) -> tuple[pl.DataFrame, tuple[Missing, ...]]:
    """Return expected value shares of the forms by cluster and year, with 90 % intervals, and polarity.

    Parameters
    ----------
    governance
        Table ``governance``.
    shared
        Correlation of classification errors (see :mod:`.draws`).
    seed
        Seed of the draws.

    Notes
    -----
    Relation-years without value are left out and reported.
    """
    frame = governance.filter(pl.col("value") > 0).sort(*_UNIT, "supplier", "buyer")
    lost = governance.height - frame.height
    missing = (Missing("cluster_governance", "value", lost, "the relation-year has no value"),) if lost else ()
    units = frame.select(_UNIT).unique(maintain_order=True)
    place = _places(frame, units)
    value = frame["value"].to_numpy()
    total = np.bincount(place, weights=value, minlength=units.height)
    probability: Floats = frame.select([f"p_{form}" for form in FORMS]).to_numpy()
    means = np.stack([np.bincount(place, weights=value * probability[:, f], minlength=units.height) for f in range(4)])
    drawn = np.zeros((DRAWS, 4, units.height))
    if units.height:
        for number, forms in enumerate(draw_forms(probability, shared, seed)):
            cell = np.bincount(place * 4 + forms, weights=value, minlength=units.height * 4)
            drawn[number] = cell.reshape(units.height, 4).T / total
    low, high = interval(drawn)
    unknown = np.where((frame["form"] == "undetermined").to_numpy(), value, 0.0)
    columns: dict[str, Floats] = {"value": total}
    for number, form in enumerate(FORMS):
        share = means[number] / total
        columns[f"share_{form}"] = share
        columns[f"share_{form}_low"] = np.minimum(low[number], share)
        columns[f"share_{form}_high"] = np.maximum(high[number], share)
    columns["undetermined_share"] = np.bincount(place, weights=unknown, minlength=units.height) / total
    table = units.with_columns(pl.Series(name, values) for name, values in columns.items())
    return table.join(polarity(frame), on=_UNIT, how="left", maintain_order="left"), missing


def polarity(governance: pl.DataFrame) -> pl.DataFrame:
    """Return by cluster and year the lead buyers: those needed for 80 % of explicit coordination.

    A buyer's explicit coordination is the sum over its relations of value times position on that axis; ties go to the
    smaller name.
    """
    weight = (pl.col("value") * pl.col("explicit_coordination")).sort().sum().alias("weight")
    buyers = governance.group_by(*_UNIT, "buyer").agg(weight)
    ranked = buyers.sort([*_UNIT, "weight", "buyer"], descending=[False, False, True, False])
    before = pl.col("weight").cum_sum().over(_UNIT) - pl.col("weight")
    enough = _POLARITY * pl.col("weight").sum().over(_UNIT) * (1 - 1e-12)
    leads = ranked.filter(before < enough)
    return (
        leads.group_by(_UNIT, maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("polarity"), pl.col("buyer").str.join("; ").alias("lead_buyers"))
    )  # fmt: skip


def _places(frame: pl.DataFrame, units: pl.DataFrame) -> npt.NDArray[np.int64]:
    numbered = units.with_row_index("place")
    place = frame.join(numbered, on=_UNIT, how="left", maintain_order="left")["place"]
    return place.cast(pl.Int64).to_numpy()
