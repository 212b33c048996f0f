"""Threads inside one large world: steps of a year are shared among them, and change no bit.

Threads usually take a replication each and never wait for each other. Where worlds are large and replications fewer
than threads, several threads share one world instead.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np

from sinos.strategies.metrics import Doubles
from sinos.strategies.random import Key
from sinos.strategies.state import Flags, World

LARGE: Final = 100_000
"""Suppliers from which threads take single replications or parts of one; below, they take whole batches."""


def run_together(world: World, by_period: Any, main: Flags, key: Key, first: int, out: Doubles, threads: int) -> None:
    """Simulate periods in place as ``kernel_years.run`` does, with several threads in each.

    Parameters
    ----------
    world
        The world at the beginning of the first period.
    by_period
        Packed coefficients of each period.
    main
        1 for main buyers.
    key
        Luck of the replication.
    first
        Number of the first period.
    out
        Takes the metrics of each period, shape (periods, metrics).
    threads
        How many.
    """
    from sinos.strategies.kernel_shared import STEPS, alone, memory, shared
    from sinos.strategies.kernel_work import OF_ONE_THREAD

    work = memory(world)
    works = [
        work._replace(**{name: np.zeros_like(getattr(work, name)) for name in OF_ONE_THREAD}) for _ in range(threads)
    ]

    def part(step: int, n: int, member: int) -> None:
        shared(step, member, threads, world, by_period[n], key, first + n, works[member])

    with ThreadPoolExecutor(threads) as team:
        for n in range(len(by_period)):
            for step in range(STEPS):
                alone(step, world, by_period[n], main, key, first + n, out[n], work)
                list(team.map(partial(part, step, n), range(threads)))
            alone(STEPS, world, by_period[n], main, key, first + n, out[n], work)
