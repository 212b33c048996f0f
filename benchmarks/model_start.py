"""Time the start: a new process until its first replication, with the compiled kernel in the cache and without.

    python benchmarks/model_start.py

Each figure is of a process of its own, with the bytecode of all modules kept: processor seconds of importing Sinos, of
preparing the scenario, of the first replication (which loads the compiler and the kernel) and of the second one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

STEPS = """
import time
marks = [time.process_time()]
import sinos
from sinos.strategies.replication import futures_of, replicate
marks.append(time.process_time())
from sinos.strategies.scenario import scenario
futures = futures_of(scenario("sinos_valley"))
marks.append(time.process_time())
replicate(futures, 0, 0)
marks.append(time.process_time())
replicate(futures, 0, 1)
marks.append(time.process_time())
print(*(later - earlier for earlier, later in zip(marks, marks[1:])))
"""
NAMES = ("import", "scenario", "first replication", "second replication")


def start(folder: str) -> list[float]:
    """Return processor seconds of the steps in a new process with a cache folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"SINOS_CACHE_DIR": folder}
    done = subprocess.run([sys.executable, "-c", STEPS], env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    """Start without the cache once, then with it, and print the best of five."""
    with tempfile.TemporaryDirectory() as folder:
        cold = start(folder)
        warm = min((start(folder) for _ in range(5)), key=sum)
    for name, spent in (("compiling", cold), ("cached", warm)):
        told = ", ".join(f"{what} {second:.2f}" for what, second in zip(NAMES, spent, strict=True))
        print(f"{name}: {told}; in all {sum(spent):.2f} CPU s")


if __name__ == "__main__":
    main()
