"""The tutorial's own blocks, run in its order: what it says comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from sinos.cli import app

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def command(*words: str) -> str:
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == 0, result.output
    return result.output


def last_year(folder: str) -> dict[str, Any]:
    table = pl.read_parquet(Path(folder) / "tables" / "cluster_governance.parquet")
    return table.sort("year").row(-1, named=True)


def width(row: dict[str, Any]) -> float:
    return float(row["share_quasi_hierarchy_high"] - row["share_quasi_hierarchy_low"])


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block, space)
    command("init", "exports.csv", "--quiet")
    study = yaml.safe_load(Path("study.yaml").read_text(encoding="utf-8"))
    assert study["tables"]["transactions"]["columns"]["buyer"] == "Importer"
    study["coverage"]["domestic_sales"] = "missing"
    study["disclosure"]["min_cell"] = 1
    Path("study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    assert "fix:" in command("check", "study.yaml")
    command("run", "study.yaml", "--out", "first", "--quiet")
    more = yaml.safe_load(blocks("yaml")[1])
    study["tables"] |= more["tables"]
    study["governance"] = more["governance"]
    Path("asked.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    command("run", "asked.yaml", "--out", "second", "--quiet")
    before, after = last_year("first"), last_year("second")
    assert before["undetermined_share"] > 0.5
    assert after["undetermined_share"] < before["undetermined_share"] - 0.1
    assert width(after) < width(before)
