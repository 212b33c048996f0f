"""Governance through time: spells, transitions, years spent in each form, functions relinquished.

Every function takes the table ``governance`` sorted by supplier, buyer and year, as :func:`.classify` makes it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from sinos.governance.indicators import FORMS, Floats
from sinos.results import Missing

ENDED = "ended"
"""Name of the state of a relation that has ended."""
_PAIR = ("supplier", "buyer")


def spells(governance: pl.DataFrame, relation_years: pl.DataFrame, covered: Sequence[int]) -> pl.DataFrame:
    """Return runs of consecutive covered years in which a relation has the same named form.

    A spell may have begun earlier when its first year is the first covered year, or is the relation's first recorded
    year and the relation may be older than the records (``tenure_left_censored``). It may go on when its last year is
    the last covered year.
    """
    flag = _flag(relation_years, "tenure_left_censored", 0)
    frame = _numbered(governance, covered).join(flag, on=[*_PAIR, "year"], how="left", maintain_order="left")
    goes_on = _continues() & (pl.col("form") == pl.col("form").shift(1)).fill_null(False)
    older = (~_same_pair() & (pl.col("tenure_left_censored").fill_null(0) > 0)) | (pl.col("step") == 0)
    frame = frame.with_columns((~goes_on).cum_sum().alias("spell"), older.alias("older"))
    grouped = frame.group_by("spell", maintain_order=True).agg(
        pl.col(*_PAIR, "form").first(),
        pl.col("year").first().alias("first_year"),
        pl.col("year").last().alias("last_year"),
        pl.len().cast(pl.Int64).alias("years"),
        pl.col("older").first().cast(pl.Int64).alias("left_censored"),
        (pl.col("step").last() == len(covered) - 1).cast(pl.Int64).alias("right_censored"),
        pl.col("value").sum(),
    )
    return grouped.drop("spell")


def transitions(
    governance: pl.DataFrame, relation_years: pl.DataFrame, covered: Sequence[int]
) -> tuple[pl.DataFrame, tuple[Missing, ...]]:
    """Estimate the transition matrix between forms, with ``ended`` as a fifth destination, by cluster and for all
    (``*``).

    Expected counts come from the coupling of the two years' posteriors with the fewest transitions
    (:func:`coupling`): a relation whose evidence stays the same does not move, however uncertain its form. They are
    a lower bound on movement. A relation-year in the last covered year is right-censored and not counted; one that
    pauses and returns later is not counted either, and reported. Intervals are central 90 % intervals of
    the row's Dirichlet posterior with 1/5 pseudo-count per destination.
    """
    ended = _flag(relation_years, "ended", None)
    frame = _numbered(governance, covered).join(ended, on=[*_PAIR, "year"], how="left", maintain_order="left")
    frame = frame.with_columns(_continues().shift(-1).fill_null(False).alias("follows"))
    probability = _probabilities(frame)
    moves = np.flatnonzero(frame["follows"].to_numpy())
    stops = np.flatnonzero((~frame["follows"] & (frame["ended"].fill_null(0) == 1)).to_numpy())
    pauses = int((~frame["follows"] & (frame["ended"] == 0).fill_null(False)).sum())
    clusters = frame["cluster"].to_numpy()
    joint = coupling(probability[moves], probability[moves + 1])
    rows = []
    for name in ["*", *sorted(set(clusters.tolist()))]:
        inside = slice(None) if name == "*" else clusters[moves] == name
        counts = np.concatenate([joint[inside].sum(axis=0), np.zeros((4, 1))], axis=1)
        chosen = stops if name == "*" else stops[clusters[stops] == name]
        counts[:, 4] = probability[chosen].sum(axis=0)
        rows += _rows(name, counts)
    schema = {"cluster": pl.String, "from_form": pl.String, "to_form": pl.String, "count": pl.Float64,
              "probability": pl.Float64, "low": pl.Float64, "high": pl.Float64}  # fmt: skip
    reason = "the relation pauses in the next covered year and trades again later, so that its form there is unknown"
    missing = (Missing("transitions", "count", pauses, reason),) if pauses else ()
    return pl.DataFrame(rows, schema=schema, orient="row"), missing


def coupling(first: Floats, second: Floats) -> Floats:
    """Return the joint distribution of two years' forms with the given margins and the fewest transitions.

    Mass stays where both years put it; only the rest moves, in proportion.

    Parameters
    ----------
    first, second
        Posteriors, shape (rows, 4).

    Returns
    -------
    numpy.ndarray
        Shape (rows, 4, 4); margins are ``first`` and ``second``.

    Examples
    --------
    >>> same = np.array([[0.5, 0.5, 0.0, 0.0]])
    >>> coupling(same, same)[0].diagonal().tolist()
    [0.5, 0.5, 0.0, 0.0]
    """
    stay = np.minimum(first, second)
    left, right = first - stay, second - stay
    moved = left.sum(axis=1)
    share = np.where(moved > 0, 1 / np.where(moved > 0, moved, 1.0), 0.0)
    joint = left[:, :, None] * right[:, None, :] * share[:, None, None]
    diagonal = np.arange(len(FORMS))
    joint[:, diagonal, diagonal] += stay
    result: Floats = joint
    return result


def years_in_form(governance: pl.DataFrame) -> pl.DataFrame:
    """Return the expected number of recorded years each relation spent in each form (sum of posteriors)."""
    return governance.group_by(_PAIR, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("years"), *(pl.col(f"p_{form}").sum().alias(form) for form in FORMS)
    )


def relinquished(
    governance: pl.DataFrame, relation_years: pl.DataFrame, relations: pl.DataFrame | None
) -> pl.DataFrame:
    """Return functions that buyers handed to suppliers (route 2 out of lock-in), with the form in that year.

    Two signs: the survey column ``relinquished_function``; and the Incoterm-implied ``logistics_share`` rising from
    the buyer's side (below 0.34) in the relation's previous recorded year to the supplier's (0.67 or more).
    """
    parts = []
    column = "relinquished_function"
    if relations is not None and {column, "year"} <= set(relations.columns):
        told = relations.filter(pl.col(column).is_not_null() & pl.col("year").is_not_null())
        parts.append(told.select(
            pl.col("supplier", "buyer").cast(pl.String), pl.col("year").cast(pl.Int32),
            pl.col(column).cast(pl.String).alias("function"), pl.lit("survey").alias("basis"),
        ))  # fmt: skip
    if "logistics_share" in relation_years.columns:
        share = pl.col("logistics_share").cast(pl.Float64)
        seen = relation_years.filter(share.is_not_null()).sort(*_PAIR, "year")
        taken = seen.filter((share >= 0.67) & (share.shift(1) < 0.34) & _same_pair())
        parts.append(taken.select(
            pl.col("supplier", "buyer").cast(pl.String), pl.col("year").cast(pl.Int32),
            pl.lit("logistics").alias("function"), pl.lit("Incoterm").alias("basis"),
        ))  # fmt: skip
    empty = pl.DataFrame(schema={"supplier": pl.String, "buyer": pl.String, "year": pl.Int32, "function": pl.String,
                                 "basis": pl.String})  # fmt: skip
    known = governance.select(*_PAIR, "year", "form", "p_quasi_hierarchy")
    rows = pl.concat([empty, *parts])
    return rows.join(known, on=[*_PAIR, "year"], how="left").sort(*_PAIR, "year", "function", "basis")


def _probabilities(governance: pl.DataFrame) -> Floats:
    result: Floats = governance.select([f"p_{form}" for form in FORMS]).to_numpy()
    return result


def _numbered(governance: pl.DataFrame, covered: Sequence[int]) -> pl.DataFrame:
    """Add the place of each year among the covered years, so that undisclosed years do not break a run."""
    order = pl.DataFrame(
        {"year": list(covered), "step": range(len(covered))}, schema={"year": pl.Int32, "step": pl.Int64}
    )
    return governance.join(order, on="year", how="inner", maintain_order="left")


def _same_pair() -> pl.Expr:
    """Whether a row of a sorted frame is of the same relation as the row before."""
    return pl.all_horizontal((pl.col(name) == pl.col(name).shift(1)).fill_null(False) for name in _PAIR)


def _continues() -> pl.Expr:
    """Whether a row of a sorted frame is the same relation in the covered year after the row before."""
    return _same_pair() & (pl.col("step") == pl.col("step").shift(1) + 1).fill_null(False)


def _flag(relation_years: pl.DataFrame, column: str, default: int | None) -> pl.DataFrame:
    value = (
        pl.col(column).cast(pl.Int64) if column in relation_years.columns else pl.lit(default, pl.Int64).alias(column)
    )
    return relation_years.select(pl.col(_PAIR).cast(pl.String), pl.col("year").cast(pl.Int32), value)


def _rows(cluster: str, counts: Floats) -> list[tuple[str, str, str, float, float | None, float | None, float | None]]:
    from scipy.special import betaincinv

    total = counts.sum(axis=1, keepdims=True)
    pseudo = 1 / counts.shape[1]
    low = betaincinv(counts + pseudo, total - counts + 1 - pseudo, 0.05)
    high = betaincinv(counts + pseudo, total - counts + 1 - pseudo, 0.95)
    rows: list[tuple[str, str, str, float, float | None, float | None, float | None]] = []
    for source, form in enumerate(FORMS):
        for target, to in enumerate((*FORMS, ENDED)):
            count = float(counts[source, target])
            if total[source, 0] > 0:
                share = count / float(total[source, 0])
                rows.append((cluster, form, to, count, share, float(low[source, target]), float(high[source, target])))
            else:
                rows.append((cluster, form, to, count, None, None, None))
    return rows
