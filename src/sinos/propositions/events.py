"""First entry into quasi-hierarchy as an event.

Governance is not absorbing. First entry reads as the effect of having entered once, whatever follows: by saturated
interactions of cohort and year (Sun & Abraham 2021, as ``event_study`` of pyfixest) and by local projections (Dube,
Girardi, Jorda & Taylor 2023, as its ``lpdid``). For switching on and off see :mod:`sinos.propositions.switching`.
"""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl

from sinos.propositions.claims import Claim, Part, rule
from sinos.propositions.estimate import FAILURES, Refusal, library
from sinos.propositions.event_fit import Period, after_entry, saturated
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused
from sinos.propositions.rereading import over_readings

ENTERED = 0.5
"""Expected share of sales from which a supplier counts as working under quasi-hierarchy."""
LEADS, LAGS = 3, 5
MIN_COHORT = 3
"""Suppliers that a cohort of first entrants needs."""
_KINDS = ("process", "product", "functional")


def first_entry(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return :func:`entry_effects` pooled over the draws of governance, and under the most probable form."""
    return over_readings(panels, lambda read: entry_effects(claim, read))


def entry_effects(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return effects of first entry on levels under one reading of governance.

    By year since entry (saturated interactions) and the average after entry (local projections).
    """
    found = []
    for part in claim.parts:
        if part.outcome not in _KINDS or part.term != "share_quasi_hierarchy":
            continue
        data = entry_panel(panels, part.outcome)
        if isinstance(data, Refusal):
            found.append(refused(claim, "first_entry", part, "expected", data.reason))
            continue
        found += _saturated(claim, part, data)
        found.append(_local(claim, part, data))
    return found


def entry_panel(panels: Panels, outcome: str) -> pl.DataFrame | Refusal:
    """Return levels with the year of first entry: ``unit``, ``time``, ``cohort`` (0: never), ``y``; or why not.

    Suppliers that are under quasi-hierarchy when first seen are left out: their entry is not on record.
    """
    level = f"level_{outcome}"
    frame = panels.frames["supplier"]
    if level not in frame.columns or not frame[level].is_not_null().any():
        return Refusal(panels.why.get(outcome, f"'{level}' has no values"))
    frame = frame.with_columns(pl.col("supplier").rank("dense"))  # numbers group faster than text
    inside = pl.col("share_quasi_hierarchy") >= ENTERED
    entry = frame.group_by("supplier").agg(cohort=pl.col("year").filter(inside).min(), seen=pl.col("year").min())
    rows = frame.join(entry, on="supplier", how="left", maintain_order="left").drop_nulls(level)
    rows = rows.filter(pl.col("cohort").is_null() | (pl.col("cohort") > pl.col("seen")))
    rows = rows.with_columns(pl.col("cohort").fill_null(0)).filter(pl.len().over("supplier") > 1)
    if rows.filter(pl.col("year").diff().over("supplier", order_by="year") == 1).height < rule("min_rows"):
        return Refusal("levels are not observed in consecutive years")
    entrants = rows.filter(pl.col("cohort") > 0)["supplier"].n_unique()
    never = rows.filter(pl.col("cohort") == 0)["supplier"].n_unique()
    if entrants < rule("min_clusters") or never < rule("min_clusters"):
        return Refusal(
            f"{entrants} suppliers enter quasi-hierarchy on record and {never} never do; "
            f"{rule('min_clusters'):g} of each are needed"
        )
    size = pl.col("supplier").n_unique().over("cohort")
    rows = rows.filter((pl.col("cohort") == 0) | (size >= MIN_COHORT))
    if not rows.filter(pl.col("cohort") > 0).height:
        return Refusal(f"no year has {MIN_COHORT} first entrants")
    names = {"supplier": "unit", "year": "time", level: "y"}
    return (
        rows.select([*names, "cohort"])
        .rename(names)
        .with_columns(unit=(pl.col("unit").rank("dense") - 1).cast(pl.Int64), time=pl.col("time").cast(pl.Int64))
    )


def _saturated(claim: Claim, part: Part, data: pl.DataFrame) -> list[Estimate]:
    clusters = data["unit"].n_unique()
    text = "y ~ cohort x year since entry | unit + time (saturated)"
    periods = saturated(data) or by_library(data)
    if isinstance(periods, Refusal):
        return [refused(claim, "first_entry", part, "expected", periods.reason, text)]
    found = []
    for item in periods:
        if -LEADS <= item.year <= LAGS:
            own = Part(part.outcome, f"year {item.year}", part.sign)
            note = "before entry: should be zero" if item.year < 0 else ""
            found.append(
                made(
                    claim,
                    "first_entry",
                    own,
                    "expected",
                    item.estimate,
                    item.se,
                    clusters - 1,
                    rows=data.height,
                    clusters=clusters,
                    formula=text,
                    note=note,
                )
            )
    return found


def by_library(data: pl.DataFrame) -> tuple[Period, ...] | Refusal:
    """Return effects by year since entry from pyfixest ``event_study``, or why it cannot be fitted."""
    pyfixest = library("pyfixest", "event studies")
    if not data.filter((pl.col("cohort") > 0) & (pl.col("time") >= pl.col("cohort"))).height:
        return Refusal("no supplier that enters is seen after its entry")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            study = pyfixest.event_study(
                data.to_pandas(), "y", "unit", "time", "cohort", cluster="unit", estimator="saturated"
            )
            table = study.aggregate(agg="period")
        except KeyError:
            return Refusal("the event study cannot be fitted (suppliers are not seen in their year of entry)")
        except FAILURES as error:
            return Refusal(f"the event study cannot be fitted ({error})")
    return tuple(
        Period(int(float(str(period))), float(row.iloc[0]), float(row.iloc[1])) for period, row in table.iterrows()
    )


def _local(claim: Claim, part: Part, data: pl.DataFrame) -> Estimate:
    text = "long differences of y on entry | time (lpdid, pooled, clean controls)"
    pair = after_entry(data, LAGS)
    if isinstance(pair, Refusal):
        return refused(claim, "first_entry", part, "expected", pair.reason, text)
    clusters = data["unit"].n_unique()
    own = Part(part.outcome, "average after entry", part.sign)
    return made(
        claim,
        "first_entry",
        own,
        "expected",
        *pair,
        clusters - 1,
        rows=data.height,
        clusters=clusters,
        formula=text,
    )
