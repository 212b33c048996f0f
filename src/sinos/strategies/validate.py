"""The known-truth loop: simulate worlds, degrade their records, run the real pipeline, and score what it recovers.

Everything that scores here is the code that reads a user's own records: ``read``, ``measure``, ``classify``, ``score``.
Only worlds of the second half of the parameter space are reported; what the first half would teach about the evidence
model is listed apart, so that whoever changes the likelihoods can do so without having seen the test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import polars as pl

from sinos import __version__
from sinos.errors import StudyError, UnknownNameError, nearest
from sinos.frames import FrameKind
from sinos.governance import classify
from sinos.measures import measure
from sinos.records import read
from sinos.results import Missing, Provenance, Result
from sinos.strategies.assumptions import ILLUSTRATION
from sinos.strategies.degrade import LEVELS, degrade
from sinos.strategies.emit import Emitted, emit
from sinos.strategies.history import simulate_history
from sinos.strategies.scenario import Scenario
from sinos.strategies.validate_match import (
    matched_evidence,
    matched_forms,
    matched_lock_in,
    matched_upgrading,
)
from sinos.strategies.validate_tables import (
    bound_table,
    calibration_table,
    confusion_table,
    evidence_table,
    form_table,
    lock_in_table,
    upgrading_table,
)
from sinos.strategies.worlds import DrawnWorld, draw_worlds, varied
from sinos.study.model import Study
from sinos.upgrading import score

BURN_IN: Final = 12
"""Simulated years before the first recorded one: relations have an age when the records begin."""

TAUGHT: Final = ("full_survey", "customs")
"""Levels at which the first half is used to look at the evidence model."""

BOUNDS: Final = (1.0, 1.25, 1.5, 2.0, 3.0, 1000.0)
"""Bounds on the odds of network to quasi-hierarchy that are tried on the first half, on trade alone."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Validation(Result):
    """What the real pipeline recovers of simulated worlds, by level of degradation.

    Tables: ``levels`` (what a user has), ``forms`` (scores of recovered governance), ``confusion``, ``calibration``,
    ``upgrading``, ``lock_in``, ``worlds`` (scores of each world); from the first half ``suggestions`` (how often each
    level of each indicator was seen under each true form, beside the packaged likelihood), ``indicators`` (what each
    indicator tells, and what it could tell), ``temperatures`` and ``bounds`` (scores under other bounds on the odds of
    network to quasi-hierarchy, from trade alone); ``parameters`` (the ranges drawn from).
    """

    def summary(self) -> str:
        """Return the scores of recovered forms by level, as text."""
        lines = [ILLUSTRATION, "Recovered forms, worlds of the second half of the parameter space:"]
        lines += [
            f"  {row['level']}: macro-F1 {_number(row['macro_f1'])}, Brier {_number(row['brier'])} (base rate "
            f"{_number(row['brier_base_rate'])}), calibration error {_number(row['calibration_error'])}, "
            f"named {_number(row['named_share'])}"
            for row in self.frame("forms").to_dicts()
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Recovered:
    """One world at one level: what was recovered beside the truth; ``bounded`` holds forms under other bounds."""

    world: int
    level: str
    forms: pl.DataFrame
    upgrading: pl.DataFrame
    lock_in: pl.DataFrame
    evidence: pl.DataFrame
    bounded: tuple[tuple[float, pl.DataFrame], ...] = ()


def validate(
    worlds: int = 12,
    seed: int = 0,
    levels: Sequence[str] = tuple(LEVELS),
    scenarios: Sequence[str | Scenario] = ("sinos_valley",),
    *,
    first_half: int | None = None,
    progress: Progress | None = None,
    kind: FrameKind = "pandas",
) -> Validation:
    """Run the known-truth loop.

    Parameters
    ----------
    worlds
        Worlds of the second half, on which the report rests.
    seed
        Seed of the draws.
    levels
        Levels of degradation.
    scenarios
        Market structures, taken in turn.
    first_half
        Worlds of the first half, from which the suggestions come; as many as ``worlds`` when not given, 0 for none.
    progress
        Called with the stage, the number done and the total.
    kind
        Kind of data frame that ``.table()`` returns.

    Returns
    -------
    Validation
        Scores by level, curves, confusion, and what the first half suggests.

    Raises
    ------
    StudyError
        If there are no worlds or no levels.
    UnknownNameError
        If a level is unknown.
    """
    for level in levels:
        if level not in LEVELS:
            raise UnknownNameError(f"there is no level '{level}'", where="levels", fix=nearest(level, LEVELS))
    if not levels:
        raise StudyError("no levels of degradation are given", where="levels", fix="give at least one")
    tested = draw_worlds(worlds, "second", seed, scenarios)
    number = worlds if first_half is None else first_half
    taught = draw_worlds(number, "first", seed, scenarios) if number else []
    total = len(tested) * len(levels) + len(taught) * len(TAUGHT)
    told = _counter(progress, total)
    second = [one for world in tested for one in _recovered(world, levels, told)]
    first = [one for world in taught for one in _recovered(world, TAUGHT, told, BOUNDS)]
    frames = {
        "forms": form_table(second, levels),
        "levels": pl.DataFrame({"level": list(levels), "meaning": [LEVELS[level] for level in levels]}),
        "confusion": confusion_table(second, levels),
        "calibration": calibration_table(second, levels),
        "upgrading": upgrading_table(second, levels),
        "lock_in": lock_in_table(second, levels),
        "worlds": form_table(second, levels, by_world=True),
        **evidence_table(first, TAUGHT),
        "bounds": bound_table(first, BOUNDS),
        "parameters": pl.DataFrame(
            [(one.name, one.low, one.high) for one in varied()], schema=["name", "low", "high"], orient="row"
        ),
    }
    options = {"worlds": worlds, "first_half": number, "levels": list(levels), "scenarios": _names(tested)}
    return Validation(
        frames=frames,
        missing=_missing(frames["forms"]),
        provenance=Provenance(
            version=__version__,
            stage="strategies",
            options=options,
            inputs={
                "parameters": _fingerprint(frames["parameters"].write_csv()),
                "evidence": _fingerprint(*(_packaged(name) for name in ("forms.yaml", "indicators.yaml"))),
            },
            seed=seed,
        ),
        kind=kind,
    )


def recover(degraded: Emitted, world: int, level: str, bounds: Sequence[float] = ()) -> Recovered:
    """Run the real pipeline on degraded records and lay the result beside the truth, forms also under other bounds."""
    with read(**_study(degraded)) as records:
        measured = measure(records)
        governance = classify(measured)
        upgrading = score(measured, governance)
        truth = dict(degraded.truth)
        return Recovered(
            world,
            level,
            matched_forms(governance.frame("governance"), degraded),
            matched_upgrading(upgrading.frame("upgrading"), truth),
            matched_lock_in(governance.frame("lock_in"), truth),
            matched_evidence(governance.frame("evidence"), degraded),
            tuple((odds, matched_forms(_bounded(measured, odds), degraded)) for odds in bounds),
        )


def _bounded(measured: Any, odds: float) -> pl.DataFrame:
    return classify(measured, theory={"identifiability": {"max_odds": odds}}).frame("governance")


def _study(degraded: Emitted) -> dict[str, Any]:
    """Return the arguments of ``read``: the tables, and a study that says what a user would say of such records."""
    study = {
        "about": {"title": "Simulated world", "reconstruction": True},
        "tables": {"transactions": {}},
        "coverage": {"domestic_sales": degraded.domestic_sales},
        "clusters": {"by": "given"},
        "governance": {"survey_holds": degraded.survey_holds},
    }
    return {**degraded.tables, "study": Study.model_validate(study)}


def _recovered(
    world: DrawnWorld, levels: Sequence[str], told: Callable[[str], None], bounds: Sequence[float] = ()
) -> list[Recovered]:
    history = simulate_history(world.scenario, world.seed, world.number)
    first = min(world.scenario.start + BURN_IN, world.scenario.calendar[-1])
    emitted = emit(history, first_year=first)
    result = []
    for level in levels:
        told(f"world {world.number + 1} ({world.half} half), {level}")
        degraded = degrade(emitted, level)
        if degraded.tables["transactions"].height:
            result.append(recover(degraded, world.number, level, bounds if level == "customs" else ()))
    return result


def _counter(progress: Progress | None, total: int) -> Callable[[str], None]:
    done = 0

    def told(stage: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(stage, done, total)

    return told


def _packaged(name: str) -> str:
    return (files("sinos.theory") / name).read_text(encoding="utf-8")


def _fingerprint(*texts: str) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def _names(worlds: Sequence[DrawnWorld]) -> list[str]:
    return sorted({world.scenario.name for world in worlds})


def _missing(forms: pl.DataFrame) -> tuple[Missing, ...]:
    reason = "nothing was named with the certainty asked for, or no form occurs often enough"
    counts = {name: forms[name].null_count() for name in ("macro_f1", "accuracy_named")}
    return tuple(Missing("forms", name, count, reason) for name, count in counts.items() if count)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.2f}"
