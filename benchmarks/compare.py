"""Time Sinos and its rivals on one generated file, interleaved, each run a process of its own.

    python benchmarks/compare.py --rows 1e6
    python benchmarks/compare.py --rows 1e7 --repeat 2 --only sinos_core duckdb_sql duckdb_coded

Prints a table of CPU and wall seconds and peak memory (of the whole process, start-up and imports included), smallest
over the repeats, and whether the column totals agree with Sinos's to eight digits.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from generate import generate
from rivals.core import COLUMNS

HERE = Path(__file__).resolve().parent
RIVALS = {
    "sinos": HERE / "sinos_measures.py",
    "sinos_core": HERE / "rivals" / "sinos_core.py",
    "duckdb_sql": HERE / "rivals" / "duckdb_sql.py",
    "duckdb_coded": HERE / "rivals" / "duckdb_coded.py",
    "polars": HERE / "rivals" / "polars_lazy.py",
    "pandas": HERE / "rivals" / "pandas_frames.py",
}
"""Scripts, called as ``SCRIPT FILE OUT [MEMORY]``; the first gives the totals that the others must have."""

LIMITED = ("sinos", "sinos_core", "duckdb_sql", "duckdb_coded")
"""Rivals that take a memory limit."""

DIGITS = 1e-8


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of processor and of the clock, peak memory in GiB, exit status."""

    cpu: float
    wall: float
    peak: float
    status: int


def timed(name: str, source: Path, out: Path, memory: str | None) -> Run:
    """Run a rival in a process of its own."""
    given = [memory] if memory and name in LIMITED else []
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, str(RIVALS[name]), str(source), str(out), *given], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    return Run(used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / 2**20, status)


def totals(folder: Path) -> dict[tuple[str, str], float]:
    """Return the number of rows and the total of every core column of the tables in a folder."""
    found = {}
    with duckdb.connect() as connection:
        for table, columns in COLUMNS.items():
            sums = ", ".join(f"sum(CAST({column} AS DOUBLE))" for column in columns)
            row = connection.execute(f"SELECT count(*), {sums} FROM '{folder / table}.parquet'").fetchone()
            found |= {(table, name): float(value) for name, value in zip(("rows", *columns), row, strict=True)}
    return found


def differing(one: dict[tuple[str, str], float], other: dict[tuple[str, str], float]) -> list[str]:
    """Return the columns whose totals differ by more than one in :data:`DIGITS`."""
    return [".".join(key) for key in one if not abs(one[key] - other[key]) <= DIGITS * abs(one[key])]


def compare(source: Path, work: Path, names: list[str], repeat: int, memory: str | None) -> None:
    """Run the rivals in turn, as often as asked, and print the table."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(repeat):
        for name in names:
            (work / name).mkdir(exist_ok=True)
            done = timed(name, source, work / name, memory)
            runs[name].append(done)
            print(f"{name}: {done.cpu:.1f} CPU s, {done.wall:.1f} s, {done.peak:.2f} GiB", file=sys.stderr, flush=True)
    agreed = {name: totals(work / name) for name in names if runs[name][-1].status == 0}
    reference = next(iter(agreed.values()), {})
    print("| | CPU s | wall s | peak GiB | totals |\n|---|---|---|---|---|")
    for name, done in runs.items():
        if name not in agreed:
            print(f"| {name} | - | - | {done[-1].peak:.2f} | ended with status {done[-1].status} |")
            continue
        wrong = differing(reference, agreed[name])
        cpu, wall, peak = (min(getattr(run, part) for run in done) for part in ("cpu", "wall", "peak"))
        print(
            f"| {name} | {cpu:.1f} | {wall:.1f} | {peak:.2f} | {'differ: ' + ', '.join(wrong) if wrong else 'agree'} |"
        )


def main() -> None:
    """Read the command line, make the file if need be, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=float, required=True)
    parser.add_argument("--only", nargs="+", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--memory", help="limit, such as 4GB, for those that take one")
    parser.add_argument("--folder", type=Path, default=Path("bench"), help="where the generated files are kept")
    given = parser.parse_args()
    source = given.folder / f"{int(given.rows)}.parquet"
    if not source.exists():
        generate(int(given.rows), source)
    with tempfile.TemporaryDirectory(dir=given.folder) as work:
        compare(source, Path(work), given.only, given.repeat, given.memory)


if __name__ == "__main__":
    main()
