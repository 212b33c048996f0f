"""Tables of the known-truth loop: what was recovered, pooled over worlds, by level of degradation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sinos.governance.indicators import load_theory
from sinos.strategies.names import FORMS, NETWORK, QUASI
from sinos.strategies.validate_match import places
from sinos.strategies.validate_scores import (
    area_under_curve,
    best_temperature,
    calibration,
    confusion,
    form_scores,
    macro_f1,
    rank_correlation,
)

if TYPE_CHECKING:
    from sinos.strategies.validate import Recovered

DIRECTIONS = ("down", "flat", "up")
SMALL = 0.005
"""Least share reckoned with where a level was never seen."""
LEAST = 50
"""Sightings under each of two forms below which no suggestion is made on an indicator."""


def form_table(found: Sequence[Recovered], levels: Sequence[str], *, by_world: bool = False) -> pl.DataFrame:
    """Return scores of recovered forms by level, pooled over worlds or for each world."""
    rows: list[dict[str, Any]] = []
    for level, parts in _by_level(found, levels):
        groups = [[part] for part in parts] if by_world else [parts]
        for group in groups:
            frame = pl.concat([part.forms for part in group])
            scores = form_scores(_posterior(frame), places(frame["truth"]), places(frame["form"]))
            head: dict[str, Any] = {"level": level} | ({"world": group[0].world} if by_world else {})
            rows.append(head | scores)
    return pl.DataFrame(rows, infer_schema_length=None)


def confusion_table(found: Sequence[Recovered], levels: Sequence[str]) -> pl.DataFrame:
    """Return counts of true forms by the form named: ``level``, ``truth``, ``found`` (a form or undetermined)."""
    names = (*FORMS, "undetermined")
    tables = []
    for level, parts in _by_level(found, levels):
        frame = pl.concat([part.forms for part in parts])
        named = np.where(places(frame["form"]) < 0, len(FORMS), places(frame["form"]))
        counted = confusion(places(frame["truth"]), named, names).filter(pl.col("truth") != "undetermined")
        tables.append(counted.select(pl.lit(level).alias("level"), pl.all()))
    return pl.concat(tables)


def calibration_table(found: Sequence[Recovered], levels: Sequence[str]) -> pl.DataFrame:
    """Return calibration curves by level."""
    tables = []
    for level, parts in _by_level(found, levels):
        frame = pl.concat([part.forms for part in parts])
        curve = calibration(_posterior(frame), places(frame["truth"]))
        tables.append(curve.select(pl.lit(level).alias("level"), pl.all()))
    return pl.concat(tables)


def upgrading_table(found: Sequence[Recovered], levels: Sequence[str]) -> pl.DataFrame:
    """Return recovered against true upgrading of suppliers by level and kind.

    Columns: ``windows``, ``observed`` (share with a direction), ``accuracy`` and ``macro_f1`` among these,
    ``wrong_sign`` (up for down, or down for up, among these) and ``most_frequent`` (accuracy of always naming the most
    frequent true direction).
    """
    rows = []
    for level, parts in _by_level(found, levels):
        every = pl.concat([part.upgrading for part in parts])
        for kind in every["kind"].unique().sort():
            frame = every.filter(pl.col("kind") == kind)
            seen = frame.filter(pl.col("found") != "not_observable")
            true, said = (seen[name].to_numpy() for name in ("truth", "found"))
            codes = [np.searchsorted(DIRECTIONS, side).astype(np.int64) for side in (true, said)]
            shares = np.bincount(codes[0], minlength=3) / seen.height if seen.height else None
            opposite = np.abs(codes[0] - codes[1]) == 2
            rows.append(
                {
                    "level": level,
                    "kind": kind,
                    "windows": frame.height,
                    "observed": seen.height / frame.height,
                    "accuracy": float(np.mean(codes[0] == codes[1])) if seen.height else None,
                    "most_frequent": float(shares.max()) if shares is not None else None,
                    "macro_f1": macro_f1(codes[0], codes[1]) if seen.height else None,
                    "wrong_sign": float(np.mean(opposite)) if seen.height else None,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def lock_in_table(found: Sequence[Recovered], levels: Sequence[str]) -> pl.DataFrame:
    """Return recovered against true lock-in by level.

    Columns: ``supplier_years``, ``observed`` (share with an index), ``rank_true`` (Spearman's correlation with the true
    index, mean over worlds), ``rank_fear`` (with the loss that suppliers fear), ``auc_deterred`` (how often a deterred
    supplier has a higher index than one that is not, mean over worlds).
    """
    rows = []
    for level, parts in _by_level(found, levels):
        ranks, fears, areas, total, seen = [], [], [], 0, 0
        for part in parts:
            known = part.lock_in.drop_nulls(["found", "truth"])
            total, seen = total + part.lock_in.height, seen + known.height
            index = known["found"].to_numpy()
            ranks.append(rank_correlation(index, known["truth"].to_numpy()))
            fears.append(rank_correlation(index, known["fear"].to_numpy()))
            areas.append(area_under_curve(index, known["deterred"].to_numpy() == 1))
        rows.append(
            {
                "level": level,
                "supplier_years": total,
                "observed": seen / total if total else None,
                "rank_true": _mean(ranks),
                "rank_fear": _mean(fears),
                "auc_deterred": _mean(areas),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def evidence_table(found: Sequence[Recovered], levels: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return what the first half suggests: ``suggestions`` by indicator, level and form, and ``temperatures``.

    ``seen`` is the share of sightings at the level under the form in the simulated worlds, ``packaged`` the
    likelihood of the packaged theory. ``indicators`` sums that up for each pair of forms: ``claims`` is the log odds
    (nats) that the packaged likelihoods would give on average to the true form of the two if they were right, ``told``
    what they do give, ``honest`` what likelihoods equal to the shares seen give (half of Jeffreys'
    divergence); a negative ``told`` misleads in these worlds. Nothing is changed by any of them.
    """
    temperatures = [
        {"level": level, "temperature": best_temperature(_posterior(frame), places(frame["truth"]))}
        for level, parts in _by_level(found, levels)
        for frame in [pl.concat([part.forms for part in parts])]
    ]
    schema = {"level": pl.String, "temperature": pl.Float64}
    suggestions = [_suggested(level, parts) for level, parts in _by_level(found, levels)]
    every = pl.concat([_suggested("", []), *suggestions])
    return {
        "suggestions": every,
        "indicators": _told(every),
        "temperatures": pl.DataFrame(temperatures, schema=schema),
    }


def bound_table(found: Sequence[Recovered], bounds: Sequence[float]) -> pl.DataFrame:
    """Return scores of forms from trade alone under each bound on the odds of network to quasi-hierarchy.

    ``coordinated_share`` is the share of relation-years named network or quasi-hierarchy, ``accuracy_coordinated`` how
    many of these rightly.
    """
    rows = []
    for odds in bounds:
        frames = [frame for part in found for bound, frame in part.bounded if bound == odds and frame.height]
        if not frames:
            continue
        frame = pl.concat(frames)
        truth, named = places(frame["truth"]), places(frame["form"])
        scores = form_scores(_posterior(frame), truth, named)
        coordinated = np.isin(named, (NETWORK, QUASI))
        rows.append(
            {
                "max_odds": odds,
                **{name: scores[name] for name in ("relation_years", "log_score", "brier", "named_share")},
                "accuracy_named": scores["accuracy_named"],
                "coordinated_share": float(coordinated.mean()),
                "accuracy_coordinated": float((named == truth)[coordinated].mean()) if coordinated.any() else None,
            }
        )
    whole = {"relation_years": pl.Int64}
    shares = ("max_odds", "log_score", "brier", "named_share", "accuracy_named", "coordinated_share")
    schema = {**dict.fromkeys((*shares, "accuracy_coordinated"), pl.Float64), **whole}
    return pl.DataFrame(rows, schema_overrides=schema) if rows else pl.DataFrame(schema=schema)


def _suggested(degradation: str, parts: Sequence[Recovered]) -> pl.DataFrame:
    schema = {
        "degradation": pl.String, "indicator": pl.String, "level": pl.String, "form": pl.String, "count": pl.Int64,
        "seen": pl.Float64, "packaged": pl.Float64,
    }  # fmt: skip
    if not parts:
        return pl.DataFrame(schema=schema)
    counts = pl.concat([part.evidence for part in parts]).group_by("indicator", "level", "truth").agg(pl.sum("count"))
    lookup = {key: int(count) for *key_, count in counts.iter_rows() for key in [tuple(key_)]}
    rows = []
    for item in load_theory().indicators:
        for number, form in enumerate(FORMS):
            sightings = [lookup.get((item.name, level, form), 0) for level in item.levels]
            if sum(sightings) < LEAST:
                continue
            for place, level in enumerate(item.levels):
                share = sightings[place] / sum(sightings)
                packaged = float(np.exp(item.loglik[number, place]))
                rows.append((degradation, item.name, level, form, sightings[place], share, packaged))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _told(suggestions: pl.DataFrame) -> pl.DataFrame:
    """Return what each indicator tells about each pair of forms, and what it could tell."""
    rows = []
    for keys, part in suggestions.group_by("degradation", "indicator", maintain_order=True):
        forms = part["form"].unique(maintain_order=True).to_list()
        seen = {form: part.filter(pl.col("form") == form)["seen"].to_numpy() for form in forms}
        packaged = {form: part.filter(pl.col("form") == form)["packaged"].to_numpy() for form in forms}
        for one, other in combinations(forms, 2):
            told = np.log(packaged[one] / packaged[other])
            seen_odds = np.log(np.maximum(seen[one], SMALL) / np.maximum(seen[other], SMALL))
            difference = seen[one] - seen[other]
            claimed = float(np.dot(packaged[one] - packaged[other], told)) / 2.0
            numbers = (float(np.dot(difference, weight)) / 2.0 for weight in (told, seen_odds))
            rows.append((*keys, f"{one} or {other}", claimed, *numbers))
    schema = {
        "degradation": pl.String, "indicator": pl.String, "pair": pl.String, "claims": pl.Float64, "told": pl.Float64,
        "honest": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _by_level(found: Sequence[Recovered], levels: Sequence[str]) -> list[tuple[str, list[Recovered]]]:
    groups = [(level, [part for part in found if part.level == level and part.forms.height]) for level in levels]
    return [(level, parts) for level, parts in groups if parts]


def _posterior(frame: pl.DataFrame) -> Any:
    return frame.select(f"p_{form}" for form in FORMS).to_numpy()


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
