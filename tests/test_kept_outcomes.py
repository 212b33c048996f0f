"""Outcomes kept by fingerprint: the same again is copied, a change is computed, damage is said."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sinos import claims_run
from sinos import kept_outcomes as kept
from sinos.claims_run import run_claims
from sinos.errors import StudyError
from sinos.study import load_study

SALES = "supplier,buyer,product,year,value\nA,X,01,2001,5\nB,X,02,2001,7\nA,Y,01,2002,6\n"

DONE: dict[str | None, object] = {}
COMPUTED = claims_run._computed


def once(study, claims, folder, progress):
    """Compute, but without a folder only once in all tests: what is tested here is keeping, not computing."""
    if folder is not None:
        return COMPUTED(study, claims, folder, progress)
    if progress is not None:
        progress("read", 1, 4)
    if claims not in DONE:
        DONE[claims] = COMPUTED(study, claims, None, None)
    return DONE[claims]


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SINOS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("SINOS_NO_CACHE", raising=False)
    monkeypatch.setattr(claims_run, "_computed", once)
    (tmp_path / "sales.csv").write_text(SALES)
    path = tmp_path / "study.yaml"
    path.write_text("about: {title: T, currency: USD}\ntables:\n  transactions: {file: sales.csv}\n")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def never(*_: object) -> None:
    pytest.fail("computed")


def test_the_second_run_computes_nothing_and_leaves_the_same_bytes(study: Path, tmp_path: Path) -> None:
    said: list[str] = []
    first = run_claims(study, out=tmp_path / "one", notice=said.append)
    assert said == []
    again = run_claims(study, out=tmp_path / "two", progress=never, notice=said.append)
    assert "nothing was computed" in said[0]
    plain = run_claims(study, out=tmp_path / "three", cache=False, notice=never)
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "three")
    assert again.summary() == first.summary() == plain.summary()
    assert (again.missing, again.provenance.as_dict()) == (first.missing, first.provenance.as_dict())
    assert (again.kind, again.references, again.verdicts) == (first.kind, first.references, first.verdicts)


def test_entries_are_the_users_own_and_can_be_cleared(study: Path, tmp_path: Path) -> None:
    run_claims(study, "P1", tmp_path / "out")
    (entry,) = kept.entries()
    assert entry.is_relative_to(tmp_path / "cache")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (kept.place(), entry, *entry.rglob("*"))}
    assert modes == {0o700, 0o600}
    assert kept.clear() == 1
    assert kept.entries() == ()


def test_a_run_without_a_folder_is_no_copy_for_one_with_a_folder(study: Path, tmp_path: Path) -> None:
    run_claims(study, "P1")
    run_claims(study, "P1", progress=never)
    said: list[str] = []
    run_claims(study, "P1", tmp_path / "out", notice=said.append)
    assert said == []
    assert (tmp_path / "out" / "report.html").exists()


def test_it_can_be_turned_off(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_claims(study, "P1", cache=False)
    monkeypatch.setenv("SINOS_NO_CACHE", "1")
    run_claims(study, "P1")
    assert kept.entries() == ()


@pytest.mark.parametrize("file", ["entry.json", "claims/claims.parquet"])
@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_damaged_entry_is_computed_again_and_said(study: Path, file: str, harm: str) -> None:
    first = run_claims(study, "P1")
    (entry,) = kept.entries()
    (entry / file).write_bytes((entry / file).read_bytes()[:-9]) if harm == "cut" else (entry / file).unlink()
    said: list[str] = []
    assert run_claims(study, "P1", notice=said.append).summary() == first.summary()
    assert "is damaged" in said[0]
    run_claims(study, "P1", progress=never)


def test_a_list_that_was_edited_is_damage(study: Path) -> None:
    run_claims(study, "P1")
    (entry,) = kept.entries()
    text = (entry / "entry.json").read_text()
    (entry / "entry.json").write_text(text.replace('"kind": "pandas"', '"kind": "polars"'))
    with pytest.raises(kept.Damaged):
        kept.recall(entry.name, output=False)


def test_the_fingerprint_knows_inputs_options_claims_and_sources(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mark(*overrides: str, claims: str | None = None) -> str | None:
        return kept.fingerprint(load_study(study, overrides), claims)

    first = mark()
    assert first == mark("options.threads=1") == mark("options.memory=1GB")
    others = [mark("options.seed=7"), mark("upgrading.window=4"), mark(claims="P1")]
    (study.parent / "sales.csv").write_text(SALES + "B,Y,02,2003,1\n")
    others.append(mark())
    (study.parent / "sales.csv").write_text(SALES)
    assert mark() == first
    changed = study.parent / "claims.yaml"
    changed.write_text("another rule")
    own = list(kept._own_files())
    assert any(file.name == "claims.yaml" for file in own)
    swapped = [changed if file.name == "claims.yaml" else file for file in own]
    monkeypatch.setattr(kept, "_own_files", lambda: iter(swapped))
    others.append(mark())
    assert len({first, *others}) == 6


def test_files_of_repairs_theory_folders_and_databases_count(study: Path) -> None:
    (study.parent / "groups.csv").write_text("buyer,group\nX,G\n")
    (study.parent / "factors.csv").write_text("from,factor\nEUR,1.1\n")
    (study.parent / "theory.yaml").write_text("{}")
    (study.parent / "more").mkdir()
    (study.parent / "more" / "a.csv").write_text(SALES)
    (study.parent / "old.duckdb").write_text("x")
    data = {
        "about": {"title": "T"},
        "tables": {
            "transactions": {"file": "more"},
            "suppliers": {"url": "duckdb:///old.duckdb", "table": "s"},
            "buyers": {"file": "*s.csv"},
        },
        "repairs": [{"buyer_groups": "groups.csv"}, {"convert": "currency", "to": "USD", "file": "factors.csv"}],
        "governance": {"theory": "theory.yaml"},
    }
    loaded = load_study(data, folder=study.parent)
    names = {path.name for _, path in kept._inputs(loaded)}
    assert names == {"a.csv", "old.duckdb", "groups.csv", "factors.csv", "sales.csv", "theory.yaml"}


def test_what_may_change_unseen_is_never_kept(study: Path) -> None:
    tables = {"transactions": {"url": "postgresql://ana@host/db", "table": "t"}}
    assert kept.fingerprint(load_study({"about": {"title": "T"}, "tables": tables}), None) is None
    saving = load_study(study, ["repairs=[{resolve_names: buyer, save: map.csv}]"])
    assert kept.fingerprint(saving, None) is None


def test_a_place_that_cannot_be_written_or_is_a_link_is_said_and_no_failure(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SINOS_CACHE_DIR", str(tmp_path / "file"))
    said: list[str] = []
    run_claims(study, "P1", notice=said.append)
    assert "cannot be kept" in said[0]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked" / "sinos").mkdir(parents=True)
    (tmp_path / "linked" / "sinos" / "claims").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("SINOS_CACHE_DIR", str(tmp_path / "linked"))
    run_claims(study, "P1", notice=said.append)
    assert "is a link" in said[1]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_only_the_latest_are_kept(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LARGEST", 1)
    run_claims(study, "P1")
    (first,) = kept.entries()
    run_claims(study, "P2")
    (second,) = kept.entries()
    assert second != first


NAMES = ("Calzados Alfa", "Botas Beta", "Grande Loja", "Pequena Loja")
PROTECTED = (
    "supplier,buyer,product,year,value\n"
    "Calzados Alfa,Grande Loja,01,2001,5\nBotas Beta,Grande Loja,02,2001,7\nCalzados Alfa,Pequena Loja,01,2002,6\n"
)
SALT = "a long secret that nobody may read"


def whole(folder: Path) -> bytes:
    return b"".join(contents(folder).values())


def test_protection_that_is_turned_on_or_changed_gets_no_outcome_of_another_protection(
    study: Path, tmp_path: Path
) -> None:
    (study.parent / "sales.csv").write_text(PROTECTED)
    hashed = ("disclosure.hash_ids=true", f"disclosure.salt={SALT}")
    cases: dict[str, tuple[str, ...]] = {
        "open": (), "cells": ("disclosure.min_cell=3",), "more": ("disclosure.min_cell=9",),
        "hashed": hashed, "both": (*hashed, "disclosure.min_cell=3"), "other": (hashed[0], "disclosure.salt=another"),
    }  # fmt: skip
    for name, overrides in cases.items():
        said: list[str] = []
        run_claims(study, "P1", tmp_path / name, overrides=overrides, notice=said.append)
        assert said == [], name
    assert len(kept.entries()) == len(cases)
    for name, overrides in cases.items():
        said = []
        run_claims(study, "P1", tmp_path / f"{name}-again", overrides=overrides, progress=never, notice=said.append)
        assert "nothing was computed" in said[0]
        assert contents(tmp_path / f"{name}-again") == contents(tmp_path / name)
    for name in ("cells", "more", "both"):
        files = set(contents(tmp_path / f"{name}-again"))
        assert {file.split("/")[0] for file in files} == {"confidential", "report.html", "provenance.json"}
        report = (tmp_path / f"{name}-again" / "report.html").read_text("utf-8")
        assert "table-claims" not in report
        assert not [known for known in NAMES if known in report]
    assert b"Grande Loja" in whole(tmp_path / "open-again")
    for entry in kept.entries():
        assert SALT.encode() not in whole(entry)
    for name in ("hashed", "both", "other"):
        assert not [known for known in NAMES if known.encode() in whole(tmp_path / f"{name}-again")]


def test_what_is_kept_of_a_hashed_study_names_nobody(study: Path, tmp_path: Path) -> None:
    (study.parent / "sales.csv").write_text(PROTECTED)
    overrides = ("disclosure.hash_ids=true", f"disclosure.salt={SALT}", "disclosure.min_cell=3")
    run_claims(study, "P1", tmp_path / "out", overrides=overrides)
    (entry,) = kept.entries()
    text = whole(entry)
    assert not [known for known in (*NAMES, SALT) if known.encode() in text]
    with pytest.raises(StudyError, match="salt"):
        run_claims(study, "P1", tmp_path / "none", overrides=("disclosure.hash_ids=true",))
    assert kept.entries() == (entry,)
