"""Hold the model's speed at a large size against the least that memory would let it take.

    python benchmarks/model_floor.py --suppliers 1e6

What a supplier-year moves is counted by hand from the kernel: about 280 bytes of a supplier's state are read or written
in order (capability, help, money, flows, metrics), a look touches 7 scattered lines of 64 bytes and an occupied slot
about 25. The rates of memory are measured here, in one thread.
"""

from __future__ import annotations

import argparse
import time

import numba
import numpy as np
from model_speed import scaled, seconds

from sinos.strategies.build import world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.random import key_of
from sinos.strategies.state import copied_buyers

STREAMED = 280
LINES_OF_LOOK = 7
LINES_OF_SLOT = 25


@numba.njit  # type: ignore[untyped-decorator]
def touched(values: np.ndarray, number: int) -> float:
    """Add one number from each of many scattered lines, in an order that does not wait for the last one."""
    total, at = 0.0, 1
    mask = values.size // 16 - 1
    for _ in range(number):
        at = (at * 1664525 + 1013904223) & mask
        total += values[at * 16]
    return total


def rates() -> tuple[float, float]:
    """Return bytes a second of copying in order (read and written), and scattered lines a second, over 512 MiB."""
    values, other = np.ones(2**27, np.float32), np.ones(2**27, np.float32)
    touched(values, 10)
    copied, scattered = float("inf"), float("inf")
    for _ in range(5):
        begun = time.process_time()
        other[:] = values
        middle = time.process_time()
        touched(values, 4_000_000)
        copied, scattered = min(copied, middle - begun), min(scattered, time.process_time() - middle)
    return 2 * values.nbytes / copied, 4_000_000 / scattered


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suppliers", type=float, default=1e6)
    parser.add_argument("--years", type=int, default=4)
    given = parser.parse_args()
    size = int(given.suppliers)
    made = scaled(size, size // 100, given.years)
    seconds(scaled(200, 20, 2), 2, "compiled", 0)
    spent = min(seconds(made, given.years, "compiled", turn)[0] for turn in range(3))
    course, key = course_of(made), key_of(0, 0)
    world = world_of(course.blueprint, key)
    advance(world, copied_buyers(world), course, key, 0, given.years)
    state = sum(array.nbytes for array in (*world.suppliers, *world.flows)) / size
    looks = int(world.buyers.look_start[-1]) / size
    slots = float((world.relations.supplier >= 0).sum()) / size
    copy, lines = rates()
    floor = STREAMED / copy + (LINES_OF_LOOK * looks + LINES_OF_SLOT * slots) / lines
    took = spent / given.years / size
    print(
        f"{size:,} suppliers: {state:.0f} bytes of state each, {looks:.2f} looks and {slots:.2f} relations a year each"
    )
    print(f"memory: {copy / 1e9:.1f} GB/s in order, {lines / 1e6:.0f} M scattered lines a second")
    print(
        f"floor {floor * 1e9:.0f} ns a supplier-year, taken {took * 1e9:.0f}: {floor / took:.0%} of what memory allows"
    )


if __name__ == "__main__":
    main()
