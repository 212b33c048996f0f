"""Ensembles on disk: streamed in bounded memory, resumed after an interruption, shared among machines, then gathered.

A folder holds one Parquet file per batch of replications and a plan. A batch is the same whoever computes it, so any
number of processes and machines may fill one folder, each its own share, and an interrupted ensemble goes on where it
stopped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import OutputError, StudyError
from sinos.frames import FrameKind
from sinos.strategies.batches import BATCH, Batch, Plan, batches, run_batches
from sinos.strategies.build import Engine
from sinos.strategies.levers import Strategy, strategy
from sinos.strategies.metrics import METRICS, Doubles
from sinos.strategies.scenario import Scenario
from sinos.strategies.simulate import Progress, assembled, options_of, plan_of
from sinos.strategies.simulation import Simulation
from sinos.strategies.whole import write_whole

PLAN: Final = "ensemble.json"
KEYS: Final = ("replication", "strategy", "year")


def run_ensemble(
    scenario: str | Path | dict[str, Any] | Scenario,
    strategies: Sequence[Strategy | dict[str, Any]] = (),
    replications: int = 1000,
    seed: int = 0,
    folder: str | Path = "out/ensemble",
    *,
    shard: str | None = None,
    executor: Executor | None = None,
    engine: Engine = "compiled",
    progress: Progress | None = None,
) -> Path:
    """Simulate an ensemble, or a share of it, into a folder; batches that are there already are not computed again.

    Parameters
    ----------
    scenario, strategies, replications, seed, executor, engine
        As in :func:`simulate`.
    folder
        Where the batches are written.
    shard
        ``i/n``: compute only the i-th of n shares (i from 1), as one task of a batch system.
    progress
        Called after every batch with the stage, the number of replications done and the number of all.

    Returns
    -------
    Path
        The folder, for :func:`gather_ensemble`.

    Raises
    ------
    StudyError
        If scenario, strategies or shard are wrong, or the folder holds an ensemble with other options.
    OutputError
        If the folder cannot be written.
    """
    plan = plan_of(scenario, strategies, replications, seed, engine)
    wanted = _share(batches(replications), shard)
    target = Path(folder)
    _claim(target, plan)
    open_ = [batch for batch in wanted if not (target / _name(batch)).exists()]
    total = sum(batch.end - batch.first for batch in wanted)
    done = total - sum(batch.end - batch.first for batch in open_)
    for batch, values in run_batches(plan, open_, executor):
        write_whole(target / _name(batch), _wide(batch, values, plan).write_parquet)
        done += batch.end - batch.first
        if progress is not None:
            progress("replications", done, total)
    return target


def gather_ensemble(folder: str | Path, *, kind: FrameKind = "pandas") -> Simulation:
    """Read a finished ensemble and summarise it, one metric at a time.

    Returns
    -------
    Simulation
        As of :func:`simulate`, without the table ``runs``, which stays in the folder.

    Raises
    ------
    StudyError
        If the folder holds no ensemble, or batches are missing or unreadable; says which.
    """
    target = Path(folder)
    plan = _read_plan(target)
    parts = batches(plan.replications)
    missing = [batch for batch in parts if not (target / _name(batch)).exists()]
    if missing:
        shown = ", ".join(_name(batch) for batch in missing[:3])
        raise StudyError(
            f"the ensemble is not finished: {len(missing)} of {len(parts)} batches are missing ({shown})",
            where=str(target),
            fix="run the ensemble (or the shares that are missing) again; it goes on where it stopped",
        )
    shape = (plan.replications, 1 + len(plan.strategies), plan.scenario.years)
    for batch in parts:
        _check(target / _name(batch), batch, shape)

    def column(number: int) -> Doubles:
        name = list(METRICS)[number]
        read = [pl.read_parquet(target / _name(batch), columns=[name]).to_series() for batch in parts]
        whole: Doubles = pl.concat(read).fill_null(float("nan")).to_numpy().reshape(shape)
        return whole

    return assembled(plan, column, kind)


def _share(parts: tuple[Batch, ...], shard: str | None) -> tuple[Batch, ...]:
    if shard is None:
        return parts
    words = shard.split("/")
    if len(words) != 2 or not all(word.isdecimal() for word in words) or not 1 <= int(words[0]) <= int(words[1]):
        raise StudyError(f"'{shard}' is no share", where="shard", fix="write i/n, such as 1/8 for the first of eight")
    return parts[int(words[0]) - 1 :: int(words[1])]


def _described(plan: Plan) -> dict[str, Any]:
    return {"made_by": "sinos", "version": __version__, "seed": plan.seed, "batch": BATCH, **options_of(plan)}


def _claim(folder: Path, plan: Plan) -> None:
    """Write the plan, or make sure that the folder's plan is the same."""
    file = folder / PLAN
    if file.exists():
        if _read(file) != _described(plan):
            raise StudyError(
                "the folder holds an ensemble with another scenario, strategies, number, seed, engine or version",
                where=str(folder),
                fix="give another folder, or the same options",
            )
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError("the folder holds other things", where=str(folder), fix="give a new or empty folder")
    text = json.dumps(_described(plan), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_whole(file, lambda partial: partial.write_text(text, encoding="utf-8", newline="\n"))


def _read_plan(folder: Path) -> Plan:
    told = _read(folder / PLAN)
    return Plan(
        Scenario.model_validate(told["scenario"]),
        tuple(strategy(one) for one in told["strategies"]),
        told["replications"],
        told["seed"],
        told["engine"],
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StudyError("the folder holds no ensemble", where=str(file.parent), fix="run one into it first") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"the plan cannot be read ({error})", where=str(file), fix="give a new folder") from error
    if not isinstance(told, dict) or told.get("made_by") != "sinos":
        raise StudyError("the plan was not written by Sinos", where=str(file), fix="give a new folder")
    return told


def _name(batch: Batch) -> str:
    return f"batch-{batch.number:05d}.parquet"


def _wide(batch: Batch, values: Doubles, plan: Plan) -> pl.DataFrame:
    """One row per replication, strategy and year; one column per metric."""
    replications, strategies, years, metrics = values.shape
    place = np.indices((replications, strategies, years), dtype=np.int32).reshape(3, -1)
    keys = {
        "replication": place[0] + np.int32(batch.first),
        "strategy": place[1],
        "year": place[2] + np.int32(plan.scenario.start),
    }
    flat = values.reshape(-1, metrics)
    measured = {name: pl.Series(flat[:, number]).fill_nan(None) for number, name in enumerate(METRICS)}
    return pl.DataFrame({**keys, **measured})


def _check(file: Path, batch: Batch, shape: tuple[int, int, int]) -> None:
    rows = (batch.end - batch.first) * shape[1] * shape[2]
    again = "delete the file and run the ensemble again"
    try:
        schema = pl.read_parquet_schema(file)
        keys = pl.read_parquet(file, columns=list(KEYS))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StudyError(f"the batch cannot be read ({error})", where=str(file), fix=again) from error
    found = keys["replication"]
    if (
        set(schema) != {*KEYS, *METRICS}
        or keys.height != rows
        or (found.min(), found.max()) != (batch.first, batch.end - 1)
    ):
        raise StudyError("the batch is not what the plan asks for", where=str(file), fix=again)
