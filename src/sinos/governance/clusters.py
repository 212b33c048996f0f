"""Governance of clusters: value shares of the forms with intervals, and polarity."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.governance.draws import BLOCK, DRAWS, draw_scores, interval, thresholds
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
    total = np.bincount(place, weights=value, minlength=units.height).astype(np.float64)
    probability: Floats = frame.select([f"p_{form}" for form in FORMS]).to_numpy()
    means = np.stack([np.bincount(place, weights=value * probability[:, f], minlength=units.height) for f in range(4)])
    low, high = _intervals(probability, value, place, total, shared, seed)
    unknown = np.where((frame["form"] == "undetermined").to_numpy(), value, 0.0)
    columns: dict[str, Floats] = {"value": total}
    for number, form in enumerate(FORMS):
        share = np.clip(means[number] / total, 0.0, 1.0)
        columns[f"share_{form}"] = share
        # Differences of sums miss 0 and 1 by a rounding error; a share outside them would be absurd in a table.
        columns[f"share_{form}_low"] = np.clip(np.minimum(low[number], share), 0.0, 1.0)
        columns[f"share_{form}_high"] = np.clip(np.maximum(high[number], share), 0.0, 1.0)
    columns["undetermined_share"] = np.bincount(place, weights=unknown, minlength=units.height) / total
    table = units.with_columns(pl.Series(name, values) for name, values in columns.items())
    return table.join(polarity(frame), on=_UNIT, how="left", maintain_order="left"), missing


def _intervals(
    probability: Floats, value: Floats, place: npt.NDArray[np.int64], total: Floats, shared: float, seed: int
) -> tuple[Floats, Floats]:
    """Draw forms and return 90 % intervals of the value shares, shape (4, units); rows are sorted by unit."""
    units = total.size
    above = np.zeros((DRAWS, 3, units))
    bounds = thresholds(probability)
    for number, start in enumerate(range(0, value.size, BLOCK)):
        rows = slice(start, min(start + BLOCK, value.size))
        first = np.flatnonzero(np.diff(place[rows], prepend=-1))
        inside = place[rows][first]
        for draw, score in enumerate(draw_scores(bounds[rows].shape[0], shared, seed, number)):
            for step in range(3):
                held = value[rows] * (score > bounds[rows, step])
                above[draw, step, inside] += np.add.reduceat(held, first)
    whole = np.concatenate([np.broadcast_to(total, (DRAWS, 1, units)), above, np.zeros((DRAWS, 1, units))], axis=1)
    return interval((whole[:, :-1] - whole[:, 1:]) / total)


def polarity(governance: pl.DataFrame) -> pl.DataFrame:
    """Return by cluster and year the lead buyers: those needed for 80 % of explicit coordination.

    A buyer's explicit coordination is the sum over its relations of value times position on that axis; ties go to the
    smaller name.
    """
    weight = (pl.col("value") * pl.col("explicit_coordination")).sum().alias("weight")
    buyers = governance.sort(*_UNIT, "buyer", "supplier").group_by(*_UNIT, "buyer").agg(weight)
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
