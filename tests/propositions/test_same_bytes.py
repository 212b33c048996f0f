"""All thirteen claims come out the same byte for byte, whatever the hash seed and the number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sinos import datasets
from sinos.propositions.event_fit import after_entry


def written(study: Path, out: Path, hash_seed: str, threads: str) -> dict[str, bytes]:
    """Return every file that `sinos test` writes in a process of its own, without any outcome kept before."""
    cache = out.parent / f"cache_{out.name}"
    more = {"PYTHONHASHSEED": hash_seed, "POLARS_MAX_THREADS": threads, "SINOS_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "sinos", "test", str(study), "--no-cache", "--quiet", "--out", str(out)]
    subprocess.run(command, env={**os.environ, **more}, check=True)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def entries(seed: int) -> str:
    """Return, in full, the average after entry on made-up levels."""
    rng = np.random.default_rng(seed)
    unit, time = (part.ravel() for part in np.meshgrid(np.arange(60), np.arange(12), indexing="ij"))
    cohort = np.where(unit % 3 == 0, 0, 3 + unit % 4)
    y = rng.normal(0.0, 1.0, len(unit)).cumsum()
    return repr(after_entry(pl.DataFrame({"unit": unit, "time": time, "cohort": cohort, "y": y}), 5))


def test_threads_change_no_digit_of_the_average_after_entry() -> None:
    code = "from tests.propositions.test_same_bytes import entries; print([entries(seed) for seed in range(20)])"
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for threads in ("1", "2", "7")
    ]
    assert said[0] == said[1] == said[2]


@pytest.mark.slow
def test_hash_seed_and_threads_change_no_byte(tmp_path: Path) -> None:
    study = datasets.load("sinos_valley").save(tmp_path / "study")
    first = written(study, tmp_path / "first", "1", "2")
    again = written(study, tmp_path / "again", "2", "1")
    assert {"tables/claims.csv", "tables/claim_estimates.parquet", "tables/claim_battery.parquet"} <= set(first)
    assert sorted(first) == sorted(again)
    assert [name for name in first if first[name] != again[name]] == []
