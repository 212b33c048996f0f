"""The verb ``run``: a study in, a folder with the report, every table, the findings and the provenance out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinos.errors import MissingExtraError
from sinos.output import CONFIDENTIAL, MARK, check_replaceable, provenance_of, replacing, write_json
from sinos.study import Study, load_study
from sinos.study.model import ResolveNames
from sinos.theory import catalogue, outputs
from sinos.verbs import make_callable

if TYPE_CHECKING:
    import polars as pl

    from sinos.governance import Governance
    from sinos.measures import Measures
    from sinos.records import Findings, Records
    from sinos.report import Report
    from sinos.results import Result
    from sinos.upgrading import Upgrading

Progress = Callable[[str, int, int], None]
"""Called at the start of each stage with its name, its number from 1, and how many there are."""

STAGES = ("read", "check", "measure", "classify", "score", "report", "write")

EXTRA_TABLES = ("supplier_product_years", "rematch", "membership", "coverage", "repairs")
"""Tables that are written although neither the catalogue nor ``outputs.csv`` lists their columns."""


@dataclass(frozen=True)
class RunResult:
    """What a run left, and the results behind it.

    Attributes
    ----------
    folder
        The output folder.
    study
        The study with all overrides.
    findings, measures, governance, upgrading, report
        Result of each stage.
    files
        Everything written, relative to the folder.
    """

    folder: Path
    study: Study
    findings: Findings
    measures: Measures
    governance: Governance
    upgrading: Upgrading
    report: Report
    files: tuple[str, ...]

    def summary(self) -> str:
        """Return the run in a few lines of text."""
        tables = sum(1 for name in self.files if name.startswith("tables/"))
        return f"{self.folder / 'report.html'}: report\n{self.folder / 'tables'}: {tables} files of tables"


def run(
    study: str | Path | Mapping[str, Any] | Study,
    out: str | Path = "out",
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> RunResult:
    """Do the whole study and leave its output in a folder.

    The folder holds ``report.html``, ``tables/NAME.parquet`` and ``.csv`` (and other formats asked for),
    ``findings.json`` and ``provenance.json``. It is written beside its place and moved there at the end: an interrupted
    run leaves an earlier output as it was. The same inputs, options and seed give the same bytes.

    Parameters
    ----------
    study
        Study file, the same as a mapping, or a loaded study.
    out
        Output folder: new, empty, or the output of an earlier run, which is replaced.
    overrides
        ``key=value`` options that replace keys of the study.
    progress
        Called at the start of each stage.

    Raises
    ------
    StudyError
        If the study is wrong.
    OutputError
        If the folder holds anything else, or cannot be written.
    StrictCheckError
        If a check that the study made strict found something.
    SinosError
        Whatever else the stages refuse; see each.
    """
    return _run(load_study(study, overrides), Path(out), progress)


def demo(
    out: str | Path = "out/demo",
    *,
    name: str = "sinos_valley",
    seed: int | None = None,
    progress: Progress | None = None,
) -> RunResult:
    """Run a bundled data set; its records and study file are left in the folder ``study`` of the output."""
    from sinos import datasets

    check_replaceable(Path(out))
    made = datasets.load(name) if seed is None else datasets.load(name, seed=seed)
    with tempfile.TemporaryDirectory(prefix="sinos-") as folder:
        file = made.save(Path(folder) / "study")
        return _run(load_study(file), Path(out), progress, keep=file.parent)


def _run(study: Study, out: Path, progress: Progress | None, keep: Path | None = None) -> RunResult:
    _check_extras(study)
    check_replaceable(out)
    from sinos.governance import classify
    from sinos.measures import measure
    from sinos.records import check, read
    from sinos.report import report
    from sinos.report.disclosure import protection
    from sinos.upgrading import score

    step = _stepper(progress)
    step("read")
    with _closing(read(study)) as records:
        step("check")
        findings = check(records)
        step("measure")
        measures = measure(records).load()
    step("classify")
    governance = classify(measures)
    step("score")
    upgrading = score(measures, governance)
    step("report")
    page = report(measures, governance, upgrading, findings=findings, records=records)
    step("write")
    stages = (records, measures, governance, upgrading)
    with replacing(out) as folder:
        page.write(folder / "report.html")
        _write_tables(stages, study, folder)
        write_json(folder / "findings.json", _findings(findings, quotes=protection(study).quotes))
        options, seed = records.provenance.options, records.provenance.seed
        write_json(folder / MARK, provenance_of(stages, seed, study=dict(options)))
        if keep is not None:
            shutil.copytree(keep, folder / "study")
        files = tuple(sorted(str(p.relative_to(folder).as_posix()) for p in folder.rglob("*") if p.is_file()))
    return RunResult(out, study, findings, measures, governance, upgrading, page, files)


def _stepper(progress: Progress | None) -> Callable[[str], None]:
    def step(stage: str) -> None:
        if progress is not None:
            progress(stage, STAGES.index(stage) + 1, len(STAGES))

    return step


@contextmanager
def _closing(records: Records) -> Iterator[Records]:
    try:
        yield records
    finally:
        records.engine.close()


def _check_extras(study: Study) -> None:
    """Refuse before computing anything what would fail at the end for want of a package."""
    needs = []
    if any(isinstance(repair, ResolveNames) for repair in study.repairs):
        needs.append(("splink", "linkage", "repair resolve_names"))
    if "excel" in study.output.formats:
        needs.append(("xlsxwriter", "excel", "writing Excel files"))
    if "stata" in study.output.formats:
        needs.append(("pandas", "stata", "writing Stata files"))
    if study.options.engine == "spark":
        needs.append(("pyspark", "spark", "engine: spark"))
    for package, extra, purpose in needs:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra, purpose=purpose)


def _write_tables(stages: Sequence[Result], study: Study, folder: Path) -> None:
    from sinos.report.disclosure import protection
    from sinos.report.sharing import NOTICE, shareable
    from sinos.report.tables import write_tables

    listed = [*(row.level for row in catalogue()), *(row.table for row in outputs())]
    wanted = tuple(dict.fromkeys([*listed, *EXTRA_TABLES]))
    given: dict[str, pl.DataFrame] = {}
    for stage in stages:
        given.update({name: frame for name, frame in stage.frames.items() if name in wanted})
    frames = {name: given[name] for name in wanted if name in given}
    guard = protection(study)
    shared, _ = shareable(frames, guard)
    write_tables(shared, folder / "tables", study.output.formats)
    if guard.active:
        write_tables(frames, folder / CONFIDENTIAL, study.output.formats)
        (folder / CONFIDENTIAL / "README.txt").write_text(NOTICE, encoding="utf-8", newline="\n")


def _findings(findings: Result, *, quotes: bool) -> list[dict[str, Any]]:
    frame = findings.frame("findings" if "findings" in findings.frames else None)
    # row numbers depend on the order of the rows; examples quote the records, which a protected output must not
    unwanted = ["row_examples"] if quotes else ["row_examples", "examples"]
    rows = frame.drop(unwanted, strict=False).to_dicts()
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


make_callable(__name__)
