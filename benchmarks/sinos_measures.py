"""Measure a generated file with Sinos: ingest with coded ids, then the measures."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl
from ingest import ingest

from sinos.engine import DuckDBEngine
from sinos.measures.measures import SIDES, Measures, measured
from sinos.records import Records
from sinos.results import Provenance
from sinos.study.model import Study
from sinos.theory import contract

TYPES = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64, "share": pl.Float64, "flag": pl.Int64}


def records(source: Path, *, memory: str | None, threads: int | None, temp: str | None) -> Records:
    """Ingest a file and describe it as records without side tables."""
    engine = DuckDBEngine(memory=memory, threads=threads, temp=temp, on_disk=memory is not None)
    ingest(source, engine)
    frames = {
        name: pl.DataFrame(schema={column.column: TYPES[column.type] for column in contract(name)})
        for name in SIDES
        if name not in ("coverage", "membership")
    }
    frames["coverage"] = pl.DataFrame(schema={"year": pl.Int64, "status": pl.String})
    names = engine.collect(engine.table("supplier_codes"))["name"]
    frames["membership"] = pl.DataFrame({"supplier": names, "cluster": "all"})
    study = Study.model_validate({"about": {"title": "benchmark"}, "tables": {"transactions": {"file": str(source)}}})
    return Records(frames, (), Provenance("0", "records", {}, {}, 0), "polars", (), engine, study)


def run(source: Path, out: Path, *, memory: str | None = None, threads: int | None = None) -> Measures:
    """Ingest, measure and write every table."""
    with records(source, memory=memory, threads=threads, temp=str(out)) as made:
        result = measured(made)
        result.write(out)
    return result


def main() -> None:
    """Run ``sinos_measures.py FILE OUT [MEMORY]`` and print the seconds it took."""
    source, out, *memory = sys.argv[1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    run(Path(source), Path(out), memory=memory[0] if memory else None)
    print(f"{time.perf_counter() - start:.2f}")


if __name__ == "__main__":
    main()
