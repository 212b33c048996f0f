"""Time the model: years alone, whole replications, and the compiled step against the readable reference.

    python benchmarks/model_speed.py --suppliers 1000 --years 40 --buyers 360 90 30
    python benchmarks/model_speed.py --suppliers 1000 --years 40 --buyers 90 --reference
    python benchmarks/model_speed.py --suppliers 1000 --years 40 --buyers 360 90 30 --repeat 1 --ensemble 1000
    python benchmarks/model_speed.py --suppliers 1e6 --years 4 --repeat 2
    python benchmarks/model_speed.py --suppliers 1e7 --years 2 --repeat 1
    python benchmarks/model_speed.py --suppliers 1e6 --years 10 --repeat 3 --threads 2

The world is the packaged Sinos scenario, multiplied; by default there are 100 suppliers to a buyer. Prints processor
seconds of the years (metrics recorded) and of whole replications (the world drawn, shocks and levers looked up),
the best of the repeats, and the peak memory of the process; compiling is done before the clock starts. With
``--ensemble`` it also runs ``simulate`` with so many replications, from the scenario to the table a user gets. With
``--threads`` it also prints seconds of the clock of the same years, alone and shared by so many threads, interleaved.
"""

from __future__ import annotations

import argparse
import resource
import time

from sinos.strategies.build import Engine, world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.random import key_of
from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.simulate import simulate
from sinos.strategies.state import copied_buyers


def scaled(suppliers: int, buyers: int, years: int) -> Scenario:
    """Return the Sinos scenario with another number of suppliers, buyers and years, and volume in proportion."""
    made = scenario("sinos_valley")
    number = sum(group.number for group in made.buyers)
    more = max(1, round(buyers / number))
    volume = suppliers / made.suppliers / more
    groups = tuple(
        group.model_copy(update={"number": group.number * more, "volume": group.volume * volume})
        for group in made.buyers
    )
    return made.model_copy(update={"suppliers": suppliers, "buyers": groups, "years": max(years, made.years)})


def seconds(made: Scenario, years: int, engine: Engine, seed: int) -> tuple[float, float]:
    """Return processor seconds of the years alone, and with the world drawn before them."""
    course, key = course_of(made), key_of(seed, 0)
    begun = time.process_time()
    world = world_of(course.blueprint, key, engine)
    start = copied_buyers(world)
    drawn = time.process_time()
    advance(world, start, course, key, 0, years, engine)
    ended = time.process_time()
    return ended - drawn, ended - begun


def report(suppliers: int, buyers: int, years: int, engine: Engine, best: tuple[float, float]) -> None:
    """Print one line."""
    alone, whole = (suppliers * years / spent / 1e6 for spent in best)
    print(
        f"{suppliers:,} suppliers, {buyers:,} buyers, {years} years, {engine}: {best[0]:.4f} CPU s, {alone:.2f} M "
        f"supplier-years a second and core; whole replications {best[1]:.4f} CPU s, {whole:.2f} M; "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB",
        flush=True,
    )


def ensemble(made: Scenario, replications: int) -> None:
    """Print processor seconds, all threads together, of a whole ensemble as a user runs it."""
    begun, clock = time.process_time(), time.perf_counter()
    simulate(made, replications=replications, seed=1)
    spent, passed = time.process_time() - begun, time.perf_counter() - clock
    buyers = sum(group.number for group in made.buyers)
    print(f"simulate, {replications} replications, {buyers} buyers: {spent:.1f} CPU s, {passed:.1f} s", flush=True)


def together(made: Scenario, years: int, threads: int, repeat: int) -> None:
    """Print seconds of the clock of the years of one world, by one thread and by several."""
    course, key = course_of(made), key_of(0, 0)
    best = {1: float("inf"), threads: float("inf")}
    for _ in range(repeat):
        for number in best:
            world = world_of(course.blueprint, key)
            start = copied_buyers(world)
            begun = time.perf_counter()
            advance(world, start, course, key, 0, years, threads=number)
            best[number] = min(best[number], time.perf_counter() - begun)
    gain = best[1] / best[threads]
    print(
        f"one thread {best[1]:.3f} s, {threads} threads {best[threads]:.3f} s of the clock: {gain:.2f} times",
        flush=True,
    )


def main() -> None:
    """Read the options, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suppliers", type=float, default=1000)
    parser.add_argument("--buyers", type=float, nargs="+", help="one or more numbers of buyers")
    parser.add_argument("--years", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--reference", action="store_true", help="time the reference too, interleaved")
    parser.add_argument("--ensemble", type=int, default=0, help="replications of a whole ensemble")
    parser.add_argument("--threads", type=int, default=0, help="threads that share each year of a world")
    given = parser.parse_args()
    suppliers = int(given.suppliers)
    seconds(scaled(200, 20, 2), 2, "compiled", 0)
    engines: tuple[Engine, ...] = ("compiled", "reference") if given.reference else ("compiled",)
    for asked in given.buyers or [suppliers / 100]:
        made = scaled(suppliers, int(asked), given.years)
        best = dict.fromkeys(engines, (float("inf"), float("inf")))
        for turn in range(given.repeat):
            for engine in engines:
                spent = seconds(made, given.years, engine, turn)
                best[engine] = (min(best[engine][0], spent[0]), min(best[engine][1], spent[1]))
        for engine, spent in best.items():
            report(suppliers, sum(g.number for g in made.buyers), given.years, engine, spent)
        if given.threads:
            together(scaled(200, 20, 2), 2, given.threads, 1)
            together(made, given.years, given.threads, given.repeat)
        if given.ensemble:
            ensemble(made, given.ensemble)


if __name__ == "__main__":
    main()
