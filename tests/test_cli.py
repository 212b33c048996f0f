"""The command line: what it prints, its exit codes, and that no mistake ends in a traceback."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from sinos import __version__, cli
from sinos.errors import StrictCheckError

SALES = "supplier,buyer,product,year,value\nA,X,01,2001,5\nB,X,02,2001,7\nA,Y,01,2002,6\n"


@pytest.fixture
def sinos(monkeypatch, capsys):
    """Run one command; return exit code, standard output and standard error."""

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sinos", *map(str, words)])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(SALES)
    path = tmp_path / "study.yaml"
    path.write_text("about: {title: T, currency: USD}\ntables:\n  transactions: {file: sales.csv}\n")
    return path


def test_version_and_help(sinos) -> None:
    assert sinos("--version") == (0, f"sinos {__version__}\n", "")
    code, out, _ = sinos("--help")
    assert code == 0
    for command in ("demo", "init", "check", "run", "datasets", "schema"):
        assert command in out


def test_an_unknown_command_is_a_user_error(sinos) -> None:
    code, _, err = sinos("runn")
    assert code == 2
    assert "Did you mean 'run'?" in err


def test_schema_shows_the_contract_as_lines(sinos) -> None:
    code, out, _ = sinos("schema", "clusters")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split("\t") == ["column", "type", "unit", "required", "meaning", "used by"]
    assert lines[1].split("\t")[0] == "cluster"
    assert sinos("schema")[1].count("\n") > 80


def test_schema_of_an_unknown_table_names_the_nearest(sinos) -> None:
    code, _, err = sinos("schema", "clstrs")
    assert code == 2
    assert err.startswith("sinos: ")
    assert "did you mean 'clusters'?" in err


def test_the_json_schema_can_be_printed(sinos) -> None:
    assert json.loads(sinos("schema", "--study")[1])["required"] == ["about", "tables"]


def test_datasets_are_listed_and_explained(sinos) -> None:
    assert "sinos_valley" in sinos("datasets")[1]
    assert "reconstruction" in sinos("datasets", "sinos_valley")[1]
    code, _, err = sinos("datasets", "sinos_vally")
    assert code == 2
    assert "did you mean 'sinos_valley'?" in err


def test_check_says_what_it_found(sinos, study: Path) -> None:
    code, out, err = sinos("check", str(study))
    assert code == 0
    assert out.strip()
    assert "[1/2] read" in err
    assert sinos("check", str(study), "--quiet") == (0, "", "")


def test_run_leaves_an_output_and_says_where(sinos, study: Path, tmp_path: Path) -> None:
    code, out, err = sinos("run", str(study), "--out", str(tmp_path / "out"), "--set", "options.seed=7")
    assert code == 0
    assert str(tmp_path / "out" / "report.html") in out
    assert "[7/7] write" in err
    assert json.loads((tmp_path / "out" / "provenance.json").read_text())["seed"] == 7


def test_a_wrong_study_is_one_clean_message(sinos, study: Path, tmp_path: Path) -> None:
    code, out, err = sinos("run", str(study), "--out", str(tmp_path / "out"), "--set", "options.sed=7")
    assert (code, out) == (2, "")
    assert "did you mean 'seed'?" in err
    assert not (tmp_path / "out").exists()


def test_init_writes_a_study_and_never_over_another(sinos, tmp_path: Path, study: Path) -> None:
    target = tmp_path / "mine.yaml"
    code, out, _ = sinos("init", str(tmp_path / "sales.csv"), "--out", str(target))
    assert code == 0
    assert "CHECK" in out
    assert sinos("check", str(target))[0] == 0
    before = target.read_text()
    code, _, err = sinos("init", str(tmp_path / "sales.csv"), "--out", str(target))
    assert code == 2
    assert "exists already" in err
    assert target.read_text() == before
    code, _, err = sinos("init", str(tmp_path / "sales.csv"), "--out", str(tmp_path / "no" / "x.yaml"))
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (StrictCheckError("found", fix="mend it"), 1, "mend it"),
        (KeyboardInterrupt(), 130, "earlier output is as it was"),
        (MemoryError(), 2, "options.memory"),
        (ZeroDivisionError("oops"), 3, "a bug in Sinos"),
    ],
)
def test_every_way_to_fail_has_its_exit_code(sinos, monkeypatch, failure, code, words) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("sinos.run.demo", fail)
    got, _, err = sinos("demo")
    assert got == code
    assert words in err


def test_a_bug_is_raised_for_those_who_look_for_it(monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sinos.run.demo", fail)
    monkeypatch.setattr(sys, "argv", ["sinos", "demo"])
    monkeypatch.setitem(os.environ, "SINOS_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_a_request_to_stop_is_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._terminate(15, None)


def test_without_a_terminal_a_long_stage_says_each_tenth_only(capsys: pytest.CaptureFixture[str]) -> None:
    from sinos.cli_tools import showing

    with showing(quiet=False) as progress:
        for number in range(1, 301):
            progress("worlds", number, 300)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "[300/300] worlds"
    assert len(lines) <= 11
