"""The core outputs in hand-written DuckDB SQL on ids that are coded as integers first."""

from __future__ import annotations

from pathlib import Path

from core import command
from duckdb_sql import execute


def run(source: Path, out: Path, memory: str | None = None) -> None:
    """Code the ids, then compute."""
    execute(source, out, memory, coded=True)


if __name__ == "__main__":
    command(run)
