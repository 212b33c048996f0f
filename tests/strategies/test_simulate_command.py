"""The command ``simulate``: a whole output, the same bytes again, and messages for what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sinos import cli
from tests.strategies.test_engine import LEVERS, SMALL


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    return command(monkeypatch, "simulate", *words)


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["sinos", *map(str, words)])
    try:
        cli.main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    scenario, strategies = tmp_path / "small.yaml", tmp_path / "strategies.yaml"
    scenario.write_text(yaml.safe_dump(SMALL), "utf-8")
    strategies.write_text(yaml.safe_dump(LEVERS), "utf-8")
    return scenario, strategies


def test_the_output_is_whole_and_the_same_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inputs: tuple[Path, Path]
) -> None:
    scenario, strategies = inputs
    words: list[Any] = [scenario, "--strategies", strategies, "--replications", 4, "--seed", 9, "--quiet", "--out"]
    assert call(monkeypatch, *words, tmp_path / "one") == 0
    assert call(monkeypatch, *words, tmp_path / "two") == 0
    first = files(tmp_path / "one")
    assert first == files(tmp_path / "two")
    assert {"report.html", "provenance.json", "tables/runs.parquet", "tables/differences.csv"} <= set(first)
    page = first["report.html"].decode()
    assert "<svg" in page
    assert "Assumptions that do the work" in page
    assert "illustration" in page
    assert "<script" not in page
    # A second run replaces the folder that it wrote itself.
    assert call(monkeypatch, *words, tmp_path / "one") == 0
    assert files(tmp_path / "one") == first


def test_shares_of_an_ensemble_make_the_page_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, _ = inputs
    words: list[Any] = [scenario, "--replications", 20, "--seed", 9, "--ensemble", tmp_path / "kept"]
    for share in ("1/2", "2/2"):
        assert call(monkeypatch, *words, "--shard", share, "--out", tmp_path / "none") == 0
    assert "leave out --shard" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
    assert call(monkeypatch, *words, "--quiet", "--out", tmp_path / "gathered") == 0
    assert call(monkeypatch, *words[:5], "--quiet", "--out", tmp_path / "direct") == 0
    gathered, direct = files(tmp_path / "gathered"), files(tmp_path / "direct")
    assert gathered == {name: kept for name, kept in direct.items() if "runs" not in name}
    assert call(monkeypatch, scenario, "--shard", "1/2", "--out", tmp_path / "none") == 2
    assert "--ensemble" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [("[1, 2]", "no list of strategies"), ("{a: ", "never closed"), ("- {name: x, levers: []}", "levers")],
)
def test_wrong_strategies_end_in_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], inputs: tuple[Path, Path], tmp_path: Path,
    text: str, message: str,
) -> None:  # fmt: skip
    scenario, strategies = inputs
    strategies.write_text(text, "utf-8")
    assert call(monkeypatch, scenario, "--strategies", strategies, "--out", tmp_path / "out") == 2
    said = capsys.readouterr().err
    assert message in said
    assert "Fix:" in said
    assert not (tmp_path / "out").exists()


def test_a_misspelt_scenario_is_answered_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call(monkeypatch, "sinos_vally", "--out", tmp_path / "out") == 2
    assert "sinos_valley" in capsys.readouterr().err


def test_an_exploration_leaves_page_tables_and_provenance(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inputs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    scenario, strategies = inputs
    words: list[Any] = [
        "explore",
        scenario,
        "--strategies",
        strategies,
        "--draws",
        20,
        "--replications",
        1,
        "--size",
        2,
    ]
    assert command(monkeypatch, *words, "--quiet", "--out", tmp_path / "out") == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    for words_seen in ("regret least", "Who wins and who loses", "breaks out", "hangs on", "illustration", "Savage"):
        assert words_seen in page, words_seen
    assert "<script" not in page
    assert {"regret.csv", "winners.parquet", "sensitivity.csv"} <= {
        file.name for file in (tmp_path / "out/tables").iterdir()
    }
    assert command(monkeypatch, "explore", scenario, "--draws", 3, "--out", tmp_path / "none") == 2
    assert "at least 20" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
