"""What ``sinos test`` does: a study in, verdicts on the paper's claims out, with a folder of tables if one is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sinos import kept_outcomes as kept
from sinos.errors import OutputError
from sinos.output import CONFIDENTIAL, MARK, check_replaceable, provenance_of, replacing, write_json
from sinos.propositions.claims import select
from sinos.propositions.result import SCHEMAS, Claims
from sinos.results import Missing, Provenance
from sinos.study import Study, load_study

Progress = Callable[[str, int, int], None]
Notice = Callable[[str], None]
FORMS = {"md": "markdown", "html": "html", "tex": "latex", "docx": "word"}
"""Formats of regression tables by the suffix of their files."""

STAGES = ("read", "measure", "classify", "score")


def run_claims(
    study: str | Path | Mapping[str, Any] | Study,
    claims: str | None = None,
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    cache: bool = True,
    notice: Notice | None = None,
) -> Claims:
    """Read a study, test the paper's claims on it, and leave report and tables in a folder if one is named.

    The folder holds ``report.html``, ``tables/claims*.parquet`` and ``.csv``, and
    ``claims/P1.md``, ``.html``, ``.tex`` and ``.docx`` for every claim with a primary estimate; where the study
    protects small cells both are in ``confidential``.

    Parameters
    ----------
    study, overrides
        As for :func:`sinos.run`.
    claims
        Names of the claims, like ``"P1,P4"``; all when absent.
    out
        Output folder.
    progress
        Called at the start of each stage and of each claim.
    cache
        Use and keep outcomes in the user's cache folder (:mod:`sinos.kept_outcomes`): the same inputs, options, seed,
        Sinos and libraries are then not computed twice. The environment variable ``SINOS_NO_CACHE=1`` turns it off too.
    notice
        Called with a line where a kept outcome was used, was damaged, or cannot be kept.

    Raises
    ------
    SinosError
        Whatever the stages refuse; see :func:`sinos.propositions.test`.
    """
    loaded = load_study(study, overrides)
    select(claims)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_replaceable(folder)
    say = notice or (lambda _: None)
    key = kept.fingerprint(loaded, claims) if cache and os.environ.get("SINOS_NO_CACHE", "") in ("", "0") else None
    if key is not None:
        found = _recalled(key, folder, say)
        if found is not None:
            return found
    found = _computed(loaded, claims, folder, progress)
    if key is not None:
        _keep(key, found, folder, loaded, claims, say)
    return found


def _recalled(key: str, folder: Path | None, say: Notice) -> Claims | None:
    import polars as pl

    try:
        entry = kept.recall(key, output=folder is not None)
    except kept.Damaged as damage:
        say(f"the kept outcome {damage} is damaged: everything is computed again")
        return None
    if entry is None:
        return None
    frames = {name: pl.read_parquet(file) for name, file in entry.tables().items()}
    if {name: dict(frame.schema) for name, frame in frames.items()} != SCHEMAS:
        return None
    if folder is not None:
        with replacing(folder) as place:
            entry.copy_output(place)
    say(f"unchanged since {entry.folder} was kept: nothing was computed (--no-cache computes again)")
    facts = entry.facts
    return Claims(
        frames=frames,
        missing=tuple(Missing(**item) for item in facts["missing"]),
        provenance=Provenance(**facts["provenance"]),
        kind=facts["kind"],
        references=tuple(facts["references"]),
        verdicts=dict(frames["claims"].select("claim", "verdict").iter_rows()),
    )


def _keep(key: str, found: Claims, folder: Path | None, study: Study, claims: str | None, say: Notice) -> None:
    """Keep an outcome unless an input was changed while it was being read; that it cannot be kept is no failure."""
    facts = {
        **kept.plain(found.missing, found.provenance),
        "kind": found.kind,
        "references": list(found.references),
    }
    if kept.fingerprint(study, claims) != key:
        say("an input was changed during the run: the outcome is not kept")
        return
    try:
        kept.remember(key, dict(found.frames), facts, folder)
    except OutputError as error:
        say(str(error))


def _computed(study: Study, claims: str | None, folder: Path | None, progress: Progress | None) -> Claims:
    from sinos.propositions.estimate import library

    library("pyfixest", "testing claims")
    from sinos.governance import classify
    from sinos.measures import measure
    from sinos.propositions import test as test_claims
    from sinos.records import check, read
    from sinos.report import report
    from sinos.upgrading import score

    def step(name: str) -> None:
        if progress is not None:
            progress(name, STAGES.index(name) + 1, len(STAGES))

    step("read")
    records = read(study)
    try:
        findings = check(records)
        step("measure")
        measures = measure(records).load()
    finally:
        records.engine.close()
    step("classify")
    governance = classify(measures)
    step("score")
    upgrading = score(measures, governance)
    found = test_claims(measures, governance, upgrading, claims=claims, progress=progress)
    if folder is not None:
        page = report(measures, governance, upgrading, findings=findings, records=records, claims=found)
        with replacing(folder) as place:
            page.write(place / "report.html")
            _write(found, place, study)
            stages = (records, measures, governance, upgrading, found)
            options = dict(records.provenance.options)
            write_json(
                place / MARK, provenance_of(stages, found.provenance.seed, study=options, claims=claims or "all")
            )
    return found


def _write(found: Claims, place: Path, study: Study) -> None:
    from sinos.propositions.tables import PRIMARY
    from sinos.report.disclosure import protection
    from sinos.report.sharing import NOTICE
    from sinos.report.tables import write_tables

    tables = place / "tables"
    if protection(study).active:
        place = tables = place / CONFIDENTIAL
    write_tables(dict(found.frames), tables, study.output.formats)
    estimates = found.frame("claim_estimates")
    shown = estimates["estimate"].is_not_null() & (estimates["design"] == PRIMARY)
    named = estimates.filter(shown)["claim"].unique(maintain_order=True)
    (place / "claims").mkdir()
    for name in named:
        for suffix, form in FORMS.items():
            found.regression_table(name, place / "claims" / f"{name}.{suffix}", form=form)
    if place.name == CONFIDENTIAL:
        (place / "README.txt").write_text(NOTICE, encoding="utf-8", newline="\n")
