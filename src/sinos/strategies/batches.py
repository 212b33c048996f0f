"""Replications in batches, on any executor: the same numbers whichever runs them, in order, few in flight."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sinos.strategies.build import Engine
from sinos.strategies.levers import Strategy
from sinos.strategies.metrics import Doubles
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.saved import load_state
from sinos.strategies.scenario import Scenario
from sinos.strategies.team import LARGE

BATCH: Final = 16
"""Replications of one task: enough that handing out a task costs nothing beside it."""

IN_FLIGHT: Final = 4
"""Tasks handed out at a time, per processor; bounds memory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: scenario, strategies, number of replications, seed, engine, and saved states to start from."""

    scenario: Scenario
    strategies: tuple[Strategy, ...]
    replications: int
    seed: int
    engine: Engine = "compiled"
    states: Path | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some replications: the number of the batch, its first replication and the one after its last."""

    number: int
    first: int
    end: int


def batches(replications: int) -> tuple[Batch, ...]:
    """Cut replications into batches.

    Examples
    --------
    >>> [(one.first, one.end) for one in batches(20)]
    [(0, 16), (16, 20)]
    """
    starts = range(0, replications, BATCH)
    return tuple(Batch(number, first, min(first + BATCH, replications)) for number, first in enumerate(starts))


def run_batches(
    plan: Plan, wanted: Sequence[Batch], executor: Executor | None = None
) -> Iterator[tuple[Batch, Doubles]]:
    """Run batches and yield each with its metrics, in the order wanted.

    Metrics have the shape (replications of the batch, 1 + strategies, years, metrics). Without an executor the threads
    of this machine share the batches; where worlds are large, they share one batch after another.
    """
    cores = os.cpu_count() or 1
    if executor is None and plan.scenario.suppliers >= LARGE:
        for batch in wanted:
            yield batch, simulate_batch(plan, batch, cores)
        return
    if executor is None:
        with ThreadPoolExecutor(max_workers=cores) as threads:
            yield from run_batches(plan, wanted, threads)
        return
    pending: deque[tuple[Batch, Future[Doubles]]] = deque()
    rest = iter(wanted)
    # The first batch runs alone, so that the kernel is compiled once.
    for batch in rest:
        yield batch, executor.submit(simulate_batch, plan, batch).result()
        break
    for batch in rest:
        pending.append((batch, executor.submit(simulate_batch, plan, batch)))
        if len(pending) >= IN_FLIGHT * cores:
            done, future = pending.popleft()
            yield done, future.result()
    while pending:
        done, future = pending.popleft()
        yield done, future.result()


def simulate_batch(plan: Plan, batch: Batch, threads: int = 1) -> Doubles:
    """Return the metrics of the replications of one batch.

    Threads each take a replication at a time; if there are more threads than replications, several share each.
    """
    futures, numbers = futures_of(plan.scenario, plan.strategies), range(batch.first, batch.end)
    at_once = min(threads, len(numbers))

    def made(number: int) -> Doubles:
        saved = None if plan.states is None else load_state(plan.states, plan.scenario, plan.seed, number)
        return replicate(futures, plan.seed, number, plan.engine, saved, threads // at_once)

    if at_once == 1:
        return np.stack([made(number) for number in numbers])
    with ThreadPoolExecutor(at_once) as team:
        return np.stack(list(team.map(made, numbers)))
