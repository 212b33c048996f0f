"""Compare Sinos with the same model in Mesa: do they agree, and how fast is each?

    python benchmarks/model_mesa.py --suppliers 200 1000 --years 40

The world is the packaged Sinos scenario, multiplied, with its proportion of buyers to suppliers. The Mesa model
(``benchmarks/rivals/mesa_*.py``) has suppliers and buyers as agents and plain Python numbers. Agreement is shown twice:
with the keyed random numbers of Sinos, replication by replication (64 bits against 32, so that paths part once a near
tie falls the other way), and with Mesa's own generator, in means over replications. Speed is that of Mesa with its own
generator, which is the faster one; Sinos records its 43 metrics in every run. Needs mesa 3.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from model_speed import scaled
from rivals.mesa_luck import KeyedLuck
from rivals.mesa_model import COLLECTED, ClusterModel

from sinos.strategies.build import world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.metrics import METRICS
from sinos.strategies.random import key_of
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario
from sinos.strategies.state import copied_buyers

PLACES = [list(METRICS).index(name) for name in COLLECTED]


def of_sinos(made: Scenario, replication: int) -> np.ndarray:
    """Return the collected metrics of a Sinos replication, of shape (years, metrics)."""
    return replicate(futures_of(made), 0, replication)[0][:, PLACES]


def of_mesa(made: Scenario, replication: int, keyed: bool) -> np.ndarray:
    """Return the collected metrics of a Mesa run, of shape (years, metrics)."""
    model = ClusterModel(made, 0, replication, KeyedLuck(0, replication) if keyed else None)
    for _ in range(made.years):
        model.step()
    return np.asarray(model.datacollector.get_model_vars_dataframe()[list(COLLECTED)].to_numpy(float))


def agreement(made: Scenario, replications: int) -> None:
    """Print how far the two differ, with the same luck and with luck of their own."""
    sinos = np.array([of_sinos(made, n) for n in range(replications)])
    keyed = np.array([of_mesa(made, n, True) for n in range(replications)])
    own = np.array([of_mesa(made, n, False) for n in range(replications)])
    apart = np.nanmax(np.abs(keyed - sinos) / np.maximum(np.abs(sinos), 1e-3), axis=2)
    print(f"agreement, {made.suppliers} suppliers, {replications} replications, {made.years} years")
    print(f"  same luck: largest relative difference of any aggregate in the first year {apart[:, 0].max():.1e}")
    same = [int(np.argmax(row > 1e-3)) if (row > 1e-3).any() else made.years for row in apart]
    print(f"  same luck: years until any aggregate differs by a thousandth: {same}")
    print(f"  {'mean of the last 10 years':28s}{'Sinos':>10s}{'same luck':>11s}{'own luck':>10s}{'std. error':>11s}")
    for place, name in enumerate(COLLECTED):
        means = [np.nanmean(runs[:, -10:, place], axis=1) for runs in (sinos, keyed, own)]
        error = np.sqrt(sum(np.var(mean, ddof=1) / replications for mean in (means[0], means[2])))
        print(f"  {name:28s}" + "".join(f"{mean.mean():10.4f} " for mean in means) + f"{error:10.4f}")


def timed(run: Callable[[], None]) -> float:
    """Return the processor seconds of a run."""
    begun = time.process_time()
    run()
    return time.process_time() - begun


def sinos_run(made: Scenario, replication: int) -> Callable[[], None]:
    """Return a run of all years by Sinos, the world being built beforehand."""
    course, key = course_of(made), key_of(0, replication)
    world = world_of(course.blueprint, key)
    start = copied_buyers(world)

    def run() -> None:
        advance(world, start, course, key, 0, made.years)

    return run


def mesa_run(made: Scenario, replication: int, metrics: bool) -> Callable[[], None]:
    """Return a run of all years by Mesa with its own generator, the agents being built beforehand."""
    model = ClusterModel(made, 0, replication, collect=metrics)

    def whole() -> None:
        for _ in range(made.years):
            model.step()

    return whole


def speed(made: Scenario, repeat: int) -> None:
    """Print supplier-years a second and core of both, interleaved, the best of the repeats, and their ratios."""
    runs: dict[str, Callable[[int], Callable[[], None]]] = {
        "Sinos": lambda turn: sinos_run(made, turn),
        "Mesa, nothing recorded": lambda turn: mesa_run(made, turn, False),
        "Mesa, 14 aggregates recorded": lambda turn: mesa_run(made, turn, True),
    }
    best = dict.fromkeys(runs, float("inf"))
    for turn in range(repeat):
        for name, run in runs.items():
            best[name] = min(best[name], timed(run(turn)))
    rate = {name: made.suppliers * made.years / spent for name, spent in best.items()}
    print(f"{made.suppliers} suppliers, {sum(g.number for g in made.buyers)} buyers, {made.years} years")
    for name, each in rate.items():
        print(f"  {name}: {each:,.0f} supplier-years a second and core; ratio {rate['Sinos'] / each:.0f}")


def main() -> None:
    """Read the options, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suppliers", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--buyers", type=float, default=30 / 80, help="buyers to a supplier")
    parser.add_argument("--years", type=int, default=40)
    parser.add_argument("--replications", type=int, default=10, help="for the agreement, at the smallest size")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    sizes = [
        scaled(n, round(n * given.buyers), given.years).model_copy(update={"years": given.years})
        for n in sorted(given.suppliers)
    ]
    sinos_run(sizes[0], 0)()
    if given.replications > 1:
        agreement(sizes[0], given.replications)
    for made in sizes:
        speed(made, given.repeat)


if __name__ == "__main__":
    main()
