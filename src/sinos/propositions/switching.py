r"""Switching in and out of quasi-hierarchy: DID_M of de Chaisemartin & D'Haultfoeuille (2020).

A supplier may enter a form, leave it, and enter again. Between two years, those that switch are compared with those of
the same earlier form that stay:

.. math::

    DID_{+,t} &= \overline{\Delta y}_{0 \to 1, t} - \overline{\Delta y}_{0 \to 0, t} \qquad
    DID_{-,t} = \overline{\Delta y}_{1 \to 1, t} - \overline{\Delta y}_{1 \to 0, t} \\
    DID_M &= \sum_t \frac{N_{0 \to 1, t} DID_{+,t} + N_{1 \to 0, t} DID_{-,t}}{\sum_t N_{0 \to 1, t} + N_{1 \to 0, t}}

It is the mean effect of quasi-hierarchy at the time of switching, over switchers with stayers to compare with, when
outcomes of switchers and stayers of one earlier form would have moved alike; effects may differ between suppliers and
years. The placebo is the same comparison of the year before, among suppliers whose form did not change in it. Errors
are from drawing whole clusters with replacement.

Source: de Chaisemartin, C. and D'Haultfoeuille, X. (2020) Two-way fixed effects estimators with heterogeneous treatment
effects. American Economic Review 110(9).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import Refusal
from sinos.propositions.events import ENTERED
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused
from sinos.propositions.rereading import over_readings

Floats = npt.NDArray[np.float64]
REPLICATIONS = 199
"""Bootstrap samples behind a standard error."""
TERMS = ("switch", "switch in", "switch out", "year before the switch")
"""Mean over all switches, over switches in, over switches out (both as effects of being in), and the placebo."""
_KINDS = ("process", "product", "functional")
_TEXT = "DID_M: change of y, switchers less stayers | earlier form x year"


@dataclass(frozen=True, slots=True)
class Switched:
    """Mean effect over switches.

    Attributes
    ----------
    estimate, se
        In units of the outcome; the error is from the bootstrap.
    switches, alone
        Switches compared, and switches left out because nobody of that form stayed in that year.
    rows, clusters
        Changes and clusters compared.
    """

    estimate: float
    se: float
    switches: int
    alone: int
    rows: int
    clusters: int


def switches(rows: pl.DataFrame) -> pl.DataFrame:
    """Return changes between consecutive years with the form before and after.

    Parameters
    ----------
    rows
        ``unit``, ``cluster``, ``time``, ``form`` (1 in, 0 out), ``y``; one row per unit and year.

    Returns
    -------
    polars.DataFrame
        ``cluster``, ``time``, ``before``, ``now``, ``change``, ``change_before`` (of the year before, where the form
        did not change in it); one row per unit and pair of years.

    Examples
    --------
    >>> rows = pl.DataFrame({"unit": ["a"] * 3, "cluster": ["a"] * 3, "time": [1, 2, 3],
    ...                      "form": [0, 0, 1], "y": [1.0, 1.5, 3.0]})
    >>> switches(rows).select("before", "now", "change", "change_before").rows()
    [(0, 0, 0.5, None), (0, 1, 1.5, 0.5)]
    """
    ordered = rows.sort("unit", "time")
    follows = pl.col("time").diff().over("unit") == 1
    moved = ordered.with_columns(
        before=pl.when(follows).then(pl.col("form").shift(1).over("unit")),
        now=pl.col("form"),
        change=pl.when(follows).then(pl.col("y").diff().over("unit")),
    )
    steady = pl.col("before").shift(1).over("unit") == pl.col("before")
    earlier = pl.when(follows & steady).then(pl.col("change").shift(1).over("unit"))
    made = moved.with_columns(change_before=earlier).drop_nulls("before")
    return made.select("cluster", "time", "before", "now", "change", "change_before")


def did_m(moves: pl.DataFrame, column: str = "change", *, which: str = "both", seed: int = 1) -> Switched | Refusal:
    """Return DID_M with a bootstrap error by cluster, or why there is none.

    Parameters
    ----------
    moves
        From :func:`switches`.
    column
        ``change``, or ``change_before`` for the placebo.
    which
        ``both``, ``in`` or ``out``: the switches that are averaged.
    seed
        Seed of the bootstrap.
    """
    kept = moves.drop_nulls(column)
    moved = kept.filter(pl.col("before") != pl.col("now"))
    if which != "both":
        moved = moved.filter(pl.col("now") == (1 if which == "in" else 0))
    units, limit = moved["cluster"].n_unique(), rule("min_clusters")
    if units < limit:
        return Refusal(f"{units} clusters switch on record, {limit:g} are needed")
    years, cluster = ((kept[name].rank("dense") - 1).to_numpy().astype(np.int64) for name in ("time", "cluster"))
    kind = (2 * kept["before"].cast(pl.Int64) + kept["now"].cast(pl.Int64)).to_numpy()
    shape = (int(cluster.max()) + 1, int(years.max()) + 1, 4)
    counts, sums = np.zeros(shape), np.zeros(shape)
    np.add.at(counts, (cluster, years, kind), 1.0)
    np.add.at(sums, (cluster, years, kind), kept[column].to_numpy().astype(np.float64))
    value, compared = _mean_effect(counts.sum(axis=0)[None], sums.sum(axis=0)[None], which)
    if not compared[0]:
        return Refusal(f"nobody of the same earlier form stays in the years of the {moved.height} switches")
    drawn = _resampled(counts, sums, which, seed)
    if 10 * len(drawn) < 9 * REPLICATIONS:
        return Refusal(f"{REPLICATIONS - len(drawn)} of {REPLICATIONS} bootstrap samples hold no switch to compare")
    alone = moved.height - int(compared[0])
    return Switched(float(value[0]), float(drawn.std(ddof=1)), int(compared[0]), alone, kept.height, shape[0])


def _mean_effect(counts: Floats, sums: Floats, which: str) -> tuple[Floats, Floats]:
    """Return DID_M and the number of switches compared for each sample, from arrays (samples, years, 4)."""
    mean = sums / np.where(counts > 0, counts, 1.0)
    enters = counts[..., 1] * (counts[..., 0] > 0) * (which != "out")
    leaves = counts[..., 2] * (counts[..., 3] > 0) * (which != "in")
    total = (enters + leaves).sum(axis=1)
    effect = enters * (mean[..., 1] - mean[..., 0]) + leaves * (mean[..., 3] - mean[..., 2])
    return effect.sum(axis=1) / np.where(total > 0, total, 1.0), total


def _resampled(counts: Floats, sums: Floats, which: str, seed: int) -> Floats:
    """Return estimates of the bootstrap samples that hold a switch to compare."""
    groups, years, kinds = counts.shape
    flat = np.concatenate([counts.reshape(groups, -1), sums.reshape(groups, -1)], axis=1)
    drawn = _times_drawn(groups, seed).astype(np.float64)
    both = (drawn @ flat).reshape(len(drawn), 2, years, kinds)
    value, compared = _mean_effect(both[:, 0], both[:, 1], which)
    return value[compared > 0]


@lru_cache(maxsize=8)
def _times_drawn(groups: int, seed: int) -> npt.NDArray[np.int16]:
    """Return how often each cluster is drawn in each sample: the same for every outcome and reading of governance."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1.0 / groups), size=REPLICATIONS).astype(np.int16)


def switching(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return :func:`switch_effects` pooled over the draws of governance, and under the most probable form."""
    return over_readings(panels, lambda read: switch_effects(claim, read))


def switch_effects(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return DID_M of a claim's outcomes under one reading of governance: all, in, out, and the placebo.

    The outcome is the claim's own (yearly change), so that a supplier's constant pace of upgrading drops out.
    """
    found = []
    for part in claim.parts:
        if part.outcome not in _KINDS or part.term != "share_quasi_hierarchy":
            continue
        names = {"unit": "supplier", "cluster": claim.cluster, "time": "year", "y": part.outcome}
        inside = (pl.col("share_quasi_hierarchy") >= ENTERED).cast(pl.Int64)
        frame = panels.frames["supplier"].select(form=inside, **{new: pl.col(old) for new, old in names.items()})
        numbered = frame.drop_nulls().with_columns(pl.col("unit", "cluster").rank("dense"))  # faster than text
        moves = switches(numbered)
        for term, column, which in zip(
            TERMS, ("change", "change", "change", "change_before"), ("both", "in", "out", "both"), strict=True
        ):
            own = Part(part.outcome, term, part.sign)
            found.append(_estimate(claim, own, did_m(moves, column, which=which)))
    return found


def _estimate(claim: Claim, part: Part, made_of: Switched | Refusal) -> Estimate:
    if isinstance(made_of, Refusal):
        return refused(claim, "switching", part, "expected", made_of.reason, _TEXT)
    note = f"{made_of.switches} switches"
    if made_of.alone:
        note += f", {made_of.alone} more without stayers to compare with"
    if part.term == TERMS[-1]:
        note += "; before the switch: should be zero"
    return made(
        claim,
        "switching",
        part,
        "expected",
        made_of.estimate,
        made_of.se,
        made_of.clusters - 1,
        rows=made_of.rows,
        clusters=made_of.clusters,
        formula=_TEXT,
        note=note,
    )
