"""The commands ``validate`` and ``ablate``: what they write, and clean messages for what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sinos import cli

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sinos(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run one command; return exit code, standard output and standard error."""

    def call(*words: object) -> tuple[int, str, str]:
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


SMALL = """
name: small
source: made for a test
start: 1968
years: 16
suppliers: 20
markets:
  - {name: home, region: home, exposure: 0.3, opens: 1968}
  - {name: us, region: far, exposure: 1.0, opens: 1969}
buyers:
  - {name: brand, market: us, number: 2, volume: 6.0, slots: 5, complexity: 0.7, process: 0.6, product: 0.5,
     competence: {design: 0.9, marketing: 0.9}, core: [design, marketing]}
  - {name: shop, market: home, number: 6, volume: 1.5, slots: 4, complexity: 0.2, process: 0.2, product: 0.2}
"""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("validate", "--worlds", 0), "at least one world"),
        (("validate", "--scenario", "sinos_vally"), "sinos_valley"),
        (("ablate", "sinos_vally"), "sinos_valley"),
        (("ablate", "--replications", 0), "at least 1 replication"),
    ],
)
def test_mistakes_end_in_a_message(sinos: Call, words: tuple[object, ...], message: str) -> None:
    code, _, error = sinos(*words, "--quiet")
    assert code == cli.USER_ERROR
    assert message in error


@pytest.mark.slow
def test_validate_writes_report_and_tables(sinos: Call, tmp_path: Path) -> None:
    world = tmp_path / "small.yaml"
    world.write_text(SMALL)
    page, tables = tmp_path / "new" / "page.html", tmp_path / "tables"
    code, out, error = sinos("validate", "--worlds", 1, "--scenario", world, "--out", page, "--tables", tables)
    assert code == 0
    assert "[10/10]" in error
    assert "full_survey: macro-F1" in out
    assert page.read_text("utf-8").startswith("<!doctype html>")
    levels = pl.read_csv(tables / "forms.csv")["level"].to_list()
    assert "customs" in levels
    assert len(levels) == 8


@pytest.mark.slow
def test_ablate_writes_the_page(sinos: Call, tmp_path: Path) -> None:
    world = tmp_path / "small.yaml"
    world.write_text(SMALL)
    page = tmp_path / "page.md"
    code, out, _ = sinos("ablate", world, "--out", page, "--replications", 2, "--draws", 2)
    assert code == 0
    assert "process Q>M" in out
    text = page.read_text("utf-8")
    assert f"`sinos ablate {world} --replications 2 --draws 2 --seed 0 --out {page}`" in text
    # Without a vote nothing can be said of one.
    assert "| heads yes, volume no |" in text
    assert "not known" in text
