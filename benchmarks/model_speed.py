"""Time the model: the compiled step against the readable reference, and the compiled step alone at larger sizes.

    python benchmarks/model_speed.py --suppliers 1000 --years 40 --reference
    python benchmarks/model_speed.py --suppliers 1000000 --years 4

The world is the packaged Sinos scenario with its buyers multiplied so that there are 100 suppliers to a buyer (10 at
1,000 suppliers). Prints processor seconds, supplier-years a second and core, and peak memory of the process; compiling
is done before the clock starts.
"""

from __future__ import annotations

import argparse
import resource
import time

from sinos.strategies.build import Engine, world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.random import key_of
from sinos.strategies.scenario import Scenario, scenario
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


def seconds(made: Scenario, years: int, engine: Engine, seed: int) -> float:
    """Return processor seconds of the years, without building the world."""
    course, key = course_of(made), key_of(seed, 0)
    world = world_of(made, course.base, key)
    start = copied_buyers(world)
    begun = time.process_time()
    advance(world, start, course, key, 0, years, engine)
    return time.process_time() - begun


def main() -> None:
    """Read the options, run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suppliers", type=float, default=1000)
    parser.add_argument("--buyers", type=float)
    parser.add_argument("--years", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--reference", action="store_true", help="time the reference too, interleaved")
    given = parser.parse_args()
    suppliers = int(given.suppliers)
    buyers = int(given.buyers or max(suppliers // 100, 100))
    made = scaled(suppliers, buyers, given.years)
    seconds(scaled(200, 20, 2), 2, "compiled", 0)
    engines: tuple[Engine, ...] = ("compiled", "reference") if given.reference else ("compiled",)
    best = dict.fromkeys(engines, float("inf"))
    for turn in range(given.repeat):
        for engine in engines:
            best[engine] = min(best[engine], seconds(made, given.years, engine, turn))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{suppliers:,} suppliers, {sum(g.number for g in made.buyers):,} buyers, {given.years} years")
    for engine, spent in best.items():
        rate = suppliers * given.years / spent / 1e6
        print(f"{engine}: {spent:.3f} CPU s, {rate:.2f} M supplier-years a second and core")
    print(f"peak {peak:.2f} GiB")


if __name__ == "__main__":
    main()
