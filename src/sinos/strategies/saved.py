"""States of simulated worlds on disk: simulate to a year once, and fork strategies from there as often as needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np

from sinos import __version__
from sinos.errors import StudyError
from sinos.strategies.build import Engine, world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.random import key_of
from sinos.strategies.scenario import Scenario, check_year
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.scenario_checks import check_engine
from sinos.strategies.state import Buyers, Flows, Programmes, Relations, Saved, Suppliers, World, copied_buyers
from sinos.strategies.whole import write_whole

GROUPS: Final[dict[str, Any]] = {
    "suppliers": Suppliers, "buyers": Buyers, "relations": Relations, "programmes": Programmes, "flows": Flows,
}  # fmt: skip


def save_states(
    scenario: str | Path | Scenario,
    year: int,
    folder: str | Path,
    replications: int = 100,
    seed: int = 0,
    *,
    engine: Engine = "compiled",
    progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Simulate the baseline of each replication to the beginning of a year, and save the states.

    Parameters
    ----------
    scenario
        Packaged scenario, YAML file or :class:`Scenario`.
    year
        Year at whose beginning the states are saved; strategies forked from them may start in this year or later.
    folder
        Where one file per replication is written (NumPy's ``.npz``, without pickled objects).
    replications, seed, engine
        As in :func:`simulate`.
    progress
        Called after every replication.

    Returns
    -------
    Path
        The folder, for ``simulate(..., states=folder)``.

    Raises
    ------
    StudyError
        If the year is not one of the scenario's.
    OutputError
        If the folder cannot be written.
    """
    world_scenario = scenario_of(scenario)
    check_year(year, world_scenario, "year")
    check_engine(engine)
    course = course_of(world_scenario)
    target = Path(folder)
    for number in range(replications):
        key = key_of(seed, number)
        world = world_of(course.blueprint, key)
        advance(world, copied_buyers(world), course, key, 0, year - world_scenario.start, engine)
        _write(target / _name(number), world, _mark(world_scenario, seed, number), year)
        if progress is not None:
            progress("states", number + 1, replications)
    return target


def load_state(folder: Path, scenario: Scenario, seed: int, replication: int) -> Saved:
    """Read the state of one replication.

    Raises
    ------
    StudyError
        If the file is not there, cannot be read, or was saved under another scenario, seed or version.
    """
    file = folder / _name(replication)
    again = "save the states anew with save_states"
    try:
        with np.load(file, allow_pickle=False) as kept:
            mark, year = str(kept["mark"]), int(kept["year"])
            if mark != _mark(scenario, seed, replication):
                raise StudyError(
                    "the state was saved under another scenario, seed or version of Sinos", where=str(file), fix=again
                )
            groups = {
                name: group(*(kept[f"{name}.{field}"] for field in group._fields)) for name, group in GROUPS.items()
            }
    except FileNotFoundError as error:
        raise StudyError(f"replication {replication} has no saved state", where=str(file), fix=again) from error
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise StudyError(f"the saved state cannot be read ({error})", where=str(file), fix=again) from error
    return Saved(year, World(**groups))


def _name(replication: int) -> str:
    return f"state-{replication:06d}.npz"


def _mark(scenario: Scenario, seed: int, replication: int) -> str:
    text = json.dumps([__version__, scenario.model_dump(mode="json"), seed, replication], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write(file: Path, world: World, mark: str, year: int) -> None:
    arrays = {
        f"{name}.{field}": array for name, group in world._asdict().items() for field, array in group._asdict().items()
    }

    def write(path: Path) -> None:
        with path.open("wb") as stream:
            np.savez_compressed(stream, mark=np.array(mark), year=np.array(year), **arrays)

    write_whole(file, write)
