"""Broken inputs through the commands: one message, the exit code of an error, no traceback, nothing written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_corpus import ERRORS, SAID, SOURCE_PARTS, Broken, put, text

from sinos import cli

THROUGH_A_STUDY = [
    "empty file",
    "random bytes",
    "duplicated header",
    "header only",
    "wrong delimiter",
    "no supplier",
    "unknown file column",
    "constant and column",
    "no usable value",
    "everything filtered",
    "unknown encoding",
    "truncated gzip",
    "zip bomb",
    "truncated parquet",
    "not an excel file",
    "a pipe",
    "a log-in page",
    "open quote",
    "left-over merge",
    "strict check",
    "unknown currency",
    "study with unknown key",
    "study is binary",
]
"""Cases of the corpus that users meet most; all of them go through the verbs in ``test_corpus.py``."""

THROUGH_INIT = ["no file", "empty file", "random bytes", "truncated gzip", "truncated parquet", "a pipe", "open quote"]
BY_NAME = {case.name: case for case in ERRORS}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run one command; return its exit code and what it said on standard error."""

    def call(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["sinos", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(stop.value.code or 0), " ".join(said.err.split())

    return call


def study_file(case: Broken, folder: Path) -> Path:
    """Write a broken input and a study file that reads it."""
    source = case.write(folder)
    if source.suffix == ".yaml":
        return source
    parts = dict(case.parts)
    own = {name: parts.pop(name) for name in (*SOURCE_PARTS, "columns") if name in parts}
    tables = {"transactions": {"file": str(source), **own}}
    path = folder / "broken.yaml"
    path.write_text(yaml.safe_dump({"about": {"title": "t"}, "tables": tables, **parts}), encoding="utf-8")
    return path


def expected(case: Broken) -> tuple[str, str]:
    what, fix = SAID.get(case.name, (case.what, case.fix))
    return " ".join(what.split()), " ".join(fix.split())


@pytest.mark.parametrize("name", THROUGH_A_STUDY)
def test_check_and_run_say_what_is_wrong_and_leave_nothing(command: Any, tmp_path: Path, name: str) -> None:
    case = BY_NAME[name]
    (tmp_path / "data").mkdir()
    study = study_file(case, tmp_path / "data")
    before = sorted(tmp_path.rglob("*"))
    what, fix = expected(case)
    for words in (("check", study), ("run", study, "--out", tmp_path / "out")):
        code, said = command(*words)
        assert code == (1 if name == "strict check" else 2)
        assert what in said
        assert fix in said
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", THROUGH_INIT)
def test_init_says_what_is_wrong_and_writes_nothing(command: Any, tmp_path: Path, name: str) -> None:
    case = BY_NAME[name]
    code, said = command("init", case.write(tmp_path), "--out", tmp_path / "study.yaml")
    assert code == 2
    what, fix = expected(case)
    assert what in said
    assert fix in said
    assert not (tmp_path / "study.yaml").exists()


def test_a_folder_that_is_not_an_output_is_never_replaced(command: Any, tmp_path: Path) -> None:
    put("t.csv", text())(tmp_path)
    (tmp_path / "study.yaml").write_text("about: {title: t}\ntables: {transactions: {file: t.csv}}\n")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code, said = command("run", tmp_path / "study.yaml", "--out", tmp_path)
    assert code == 2
    assert "Fix: " in said
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
