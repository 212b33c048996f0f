"""``run``: what it leaves, that it leaves all or nothing, and that nothing depends on order or threads."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml

import sinos
from sinos import output
from sinos.errors import OutputError, RecordsError, StrictCheckError, StudyError
from sinos.run import STAGES, run

EXPECTED = {
    "relation_years",
    "supplier_years",
    "buyer_years",
    "buyer_product_years",
    "product_years",
    "cluster_years",
    "supplier_product_years",
    "governance",
    "evidence",
    "transitions",
    "spells",
    "upgrading",
    "lock_in",
    "cluster_governance",
    "quadrants",
    "tiers",
    "coverage",
    "repairs",
}
FIRMS = ("Azaleia", "Beira Rio", "Calcados Sul", "Dilly", "Erechim")
BUYERS = ("Shoe Mart", "Schuh AG", "Casa Bota")


def rows() -> list[dict[str, object]]:
    """Five years of a small cluster in which one buyer takes most, made without chance."""
    made = []
    for year in range(1996, 2001):
        for number, firm in enumerate(FIRMS):
            for place, buyer in enumerate(BUYERS):
                if (number + place + year) % 3 == 2:
                    continue
                for month in range(1, 13, 2 + place):
                    quantity = 100 * (number + 1) + month
                    made.append(
                        {
                            "supplier": firm,
                            "buyer": buyer,
                            "product": ("640399", "640419")[(number + month) % 2],
                            "date": f"{year}-{month:02d}-10",
                            "value": round(quantity * (8.1 + 0.37 * number - 0.2 * place + 0.1 * (year - 1996)), 2),
                            "quantity": quantity,
                            "quantity_unit": "pairs",
                            "currency": "USD",
                            "destination": ("US", "DE", "AR")[place],
                            "incoterm": "FOB",
                        }
                    )
    return made


def write_study(
    folder: Path, *, seed: int | None = None, records: list[dict[str, object]] | None = None, **parts
) -> Path:
    """Write records (in random order when a seed is given) and a study file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    records = rows() if records is None else records
    if seed is not None:
        random.Random(seed).shuffle(records)
    pl.DataFrame(records).write_csv(folder / "sales.csv")
    study = {
        "about": {"title": "A small cluster", "currency": "USD"},
        "tables": {"transactions": {"file": "sales.csv"}},
        **parts,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, str]:
    """Return the fingerprint of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, sinos.RunResult, list[tuple[str, int, int]]]:
    folder = tmp_path_factory.mktemp("run")
    steps: list[tuple[str, int, int]] = []
    result = run(write_study(folder), folder / "out", progress=lambda *step: steps.append(step))
    return folder, result, steps


def test_a_run_leaves_everything_and_says_what(done) -> None:
    folder, result, steps = done
    out = folder / "out"
    assert {entry.name for entry in out.iterdir()} == {"report.html", "tables", "findings.json", "provenance.json"}
    names = {path.stem for path in (out / "tables").glob("*.parquet")}
    assert names >= EXPECTED
    assert names == {path.stem for path in (out / "tables").glob("*.csv")}
    assert set(result.files) == set(contents(out))
    assert [step[0] for step in steps] == list(STAGES)
    assert steps[-1][1:] == (len(STAGES), len(STAGES))
    assert str(out / "report.html") in result.summary()
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_tables_hold_the_sums_of_the_records(done) -> None:
    folder, result, _ = done
    total = sum(row["value"] for row in rows())
    written = pl.read_parquet(folder / "out" / "tables" / "relation_years.parquet")
    assert written["value"].sum() == pytest.approx(total, rel=1e-12)
    shares = written.group_by("supplier", "year").agg(pl.col("supplier_dependence").sum())
    assert shares["supplier_dependence"].to_list() == pytest.approx([1.0] * shares.height)
    posterior = result.governance.frame("governance")
    sums = posterior.select(pl.sum_horizontal("p_market", "p_network", "p_quasi_hierarchy", "p_hierarchy"))
    assert sums.to_series().to_list() == pytest.approx([1.0] * posterior.height)


def test_the_report_is_one_whole_document_that_loads_nothing(done) -> None:
    text = (done[0] / "out" / "report.html").read_text("utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")
    assert "A small cluster" in text
    assert "<script src" not in text
    assert "<link" not in text


def test_provenance_has_version_options_seed_and_fingerprints_but_no_time_and_no_place(done) -> None:
    folder, _, _ = done
    text = (folder / "out" / "provenance.json").read_text("utf-8")
    made = json.loads(text)
    assert made["made_by"] == "sinos"
    assert made["version"] == sinos.__version__
    assert made["seed"] == 20020901
    assert made["study"]["governance"]["certainty"] == 0.6
    assert len(made["inputs"]["transactions"]) == 64
    assert str(folder) not in text
    assert not {"threads", "memory", "temp"} & set(made["study"]["options"])


def test_findings_are_plain_json(done) -> None:
    found = json.loads((done[0] / "out" / "findings.json").read_text("utf-8"))
    assert isinstance(found, list)
    assert all({"code", "severity", "message"} <= set(item) for item in found)


def test_order_threads_and_repetition_do_not_change_a_byte(done, tmp_path: Path) -> None:
    first = contents(done[0] / "out")
    run(write_study(tmp_path, seed=1), tmp_path / "out", overrides=["options.threads=1"])
    assert contents(tmp_path / "out") == first
    run(write_study(tmp_path, seed=2), tmp_path / "out", overrides=["options.threads=2", "options.memory=1GB"])
    assert contents(tmp_path / "out") == first


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_run_leaves_the_earlier_output_whole(done, tmp_path: Path, monkeypatch, failure) -> None:
    out = tmp_path / "out"
    shutil.copytree(done[0] / "out", out)
    before = contents(out)

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("sinos.run.write_json", fail)
    expected = OutputError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        run(write_study(tmp_path / "study"), out)
    assert contents(out) == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out", "study"]


def test_an_output_set_aside_by_a_killed_run_is_put_back(tmp_path: Path) -> None:
    (tmp_path / ".out.previous").mkdir()
    (tmp_path / ".out.previous" / "report.html").write_text("old")
    with pytest.raises(KeyboardInterrupt), output.replacing(tmp_path / "out"):
        raise KeyboardInterrupt
    assert (tmp_path / "out" / "report.html").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    names = {
        "dead": f".out.{output._maker(ended.pid)}-0123abcd.partial",
        "living": f".out.{output._maker(os.getpid())}-0123abcd.partial",
        "elsewhere": f".out.another_machine-{ended.pid}-0123abcd.partial",
        "other": f".other.{output._maker(ended.pid)}-0123abcd.partial",
        "strange": ".out.notes.partial",
    }
    for name in names.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("x")
    with output.replacing(tmp_path / "out") as folder:
        (folder / "report.html").write_text("new")
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"out", *(name for key, name in names.items() if key != "dead")}


def test_a_process_that_may_not_be_asked_lives(monkeypatch) -> None:
    def refuse(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert output._lives(1)


def test_a_move_that_fails_puts_the_earlier_output_back(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("old")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".partial"):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="Permission denied"), output.replacing(out) as folder:
        (folder / "report.html").write_text("new")
    assert (out / "report.html").read_text() == "old"


def test_an_earlier_output_is_replaced_and_nothing_of_it_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "provenance.json").write_text('{"made_by": "sinos"}')
    (out / "tables").mkdir()
    (out / "tables" / "old.csv").write_text("x")
    output.check_replaceable(out)
    with output.replacing(out) as folder:
        (folder / "report.html").write_text("new")
    assert [path.name for path in out.rglob("*")] == ["report.html"]


def foreign(out: Path) -> None:
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")


def mixed(out: Path) -> None:
    foreign(out)
    (out / "provenance.json").write_text('{"made_by": "sinos"}')


def lookalike(out: Path) -> None:
    out.mkdir()
    (out / "report.html").write_text("mine")


def broken_mark(out: Path) -> None:
    out.mkdir()
    (out / "provenance.json").write_text("{")


def a_file(out: Path) -> None:
    out.write_text("x")


@pytest.mark.parametrize("make", [foreign, mixed, lookalike, broken_mark, a_file])
def test_what_sinos_did_not_write_is_never_replaced(tmp_path: Path, make) -> None:
    out = tmp_path / "out"
    make(out)
    before = contents(tmp_path)
    study = write_study(tmp_path / "study")
    with pytest.raises(OutputError) as caught:
        run(study, out)
    assert str(out) in str(caught.value)
    shutil.rmtree(tmp_path / "study")
    assert contents(tmp_path) == before


def test_a_file_inside_the_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a part of the output path is a file"):
        output.check_replaceable(tmp_path / "file" / "out")


def test_a_wrong_study_or_file_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StudyError):
        run(write_study(tmp_path, options={"sed": 1}), tmp_path / "out")
    study = write_study(tmp_path)
    (tmp_path / "sales.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecordsError):
        run(study, tmp_path / "out")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["sales.csv", "study.yaml"]


def test_a_strict_check_stops_the_run_before_anything_is_written(tmp_path: Path) -> None:
    records = [*rows(), {**rows()[0], "currency": "BRL"}]
    study = write_study(tmp_path, records=records)
    codes = {item["code"] for item in sinos.check(sinos.read(sinos.load_study(study))).frame("findings").to_dicts()}
    code = next(code for code in sorted(codes) if "currenc" in code)
    with pytest.raises(StrictCheckError, match=r"(?i)currenc"):
        run(study, tmp_path / "out", overrides=[f"checks.strict=[{code}]"])
    assert not (tmp_path / "out").exists()


def test_hashed_identifiers_appear_in_no_output_and_the_salt_neither(tmp_path: Path) -> None:
    salt = "a-very-secret-salt"
    study = write_study(tmp_path, disclosure={"hash_ids": True, "salt": salt})
    run(study, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            text = path.read_text("utf-8")
            assert not [name for name in (*FIRMS, *BUYERS, salt) if name in text], path.name
    for path in (tmp_path / "out" / "tables").glob("*.parquet"):
        frame = pl.read_parquet(path)
        for name in frame.select(pl.col(pl.String)).columns:
            assert not set(frame[name].drop_nulls()) & {*FIRMS, *BUYERS}, f"{path.name}: {name}"


def test_a_protected_output_keeps_rows_about_firms_in_a_folder_of_their_own(tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    run(write_study(tmp_path / "a"), whole)
    run(write_study(tmp_path / "a", disclosure={"min_cell": 3}), out)
    for path in (out / "report.html", out / "findings.json", *(out / "tables").glob("*.csv")):
        text = path.read_text("utf-8")
        assert not [name for name in (*FIRMS, *BUYERS) if name in text], path.name
    assert not (whole / "confidential").exists()
    names = {path.name for path in (whole / "tables").iterdir()}
    assert {path.name for path in (out / "confidential").iterdir()} == names | {"README.txt"}
    for name in ("relation_years", "cluster_years"):
        complete = pl.read_parquet(out / "confidential" / f"{name}.parquet")
        assert complete.equals(pl.read_parquet(whole / "tables" / f"{name}.parquet"))
    assert {path.stem for path in (out / "tables").glob("*.parquet")} == {
        "cluster_years", "cluster_governance", "product_years", "rematch"
    }  # fmt: skip
    years = pl.read_parquet(out / "tables" / "cluster_years.parquet")
    before = pl.read_parquet(whole / "tables" / "cluster_years.parquet")
    small = (before["suppliers"] < 3) | (before["buyers"] < 3)
    assert years.filter(small)["value"].null_count() == small.sum()
    assert years["main_buyer"].null_count() == years.height
    governance = pl.read_parquet(out / "tables" / "cluster_governance.parquet")
    assert governance.filter("withheld")["share_market"].null_count() == governance["withheld"].sum()


def test_a_missing_extra_is_named_before_anything_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("sinos.run.find_spec", lambda name: None)
    for override in ("output.formats=[excel]", "output.formats=[stata]", "options.engine=spark"):
        with pytest.raises(sinos.MissingExtraError, match="pip install"):
            run(write_study(tmp_path), tmp_path / "out", overrides=[override])
    with pytest.raises(sinos.MissingExtraError, match=r"sinos\[linkage\]"):
        run(write_study(tmp_path), tmp_path / "out", overrides=["repairs=[{resolve_names: buyer}]"])
