"""What ``sinos test`` does: a study in, verdicts on the paper's claims out, with a folder of tables if one is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sinos.output import CONFIDENTIAL, MARK, check_replaceable, provenance_of, replacing, write_json
from sinos.propositions import Claims
from sinos.propositions import test as test_claims
from sinos.propositions.claims import select
from sinos.propositions.estimate import library
from sinos.study import Study, load_study

Progress = Callable[[str, int, int], None]
FORMS = {"md": "markdown", "html": "html", "tex": "latex", "docx": "word"}
"""Formats of regression tables by the suffix of their files."""


def run_claims(
    study: str | Path | Mapping[str, Any] | Study,
    claims: str | None = None,
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> Claims:
    """Read a study, test the paper's claims on it, and leave report and tables in a folder if one is named.

    The folder holds ``report.html``, ``tables/claims*.parquet`` and ``.csv``, and
    ``claims/P1.md``, ``.html``, ``.tex`` and ``.docx`` for every claim with an estimate; where the study protects small
    cells both are in ``confidential``. Results are
    kept by fingerprint in ``.NAME.cache`` beside the folder, so that a second run computes nothing that it has.

    Raises
    ------
    SinosError
        Whatever the stages refuse; see :func:`sinos.propositions.test`.
    """
    loaded = load_study(study, overrides)
    select(claims)
    library("pyfixest", "testing claims")
    folder = None if out is None else Path(out)
    if folder is not None:
        check_replaceable(folder)
    from sinos.governance import classify
    from sinos.measures import measure
    from sinos.records import check, read
    from sinos.report import report
    from sinos.upgrading import score

    records = read(loaded)
    try:
        findings = check(records)
        measures = measure(records).load()
    finally:
        records.engine.close()
    governance = classify(measures)
    upgrading = score(measures, governance)
    cache = None if folder is None else folder.parent / f".{folder.name}.cache"
    found = test_claims(measures, governance, upgrading, claims=claims, cache=cache, progress=progress)
    if folder is not None:
        page = report(measures, governance, upgrading, findings=findings, records=records, claims=found)
        with replacing(folder) as place:
            page.write(place / "report.html")
            _write(found, place, loaded)
            stages = (records, measures, governance, upgrading, found)
            study = dict(records.provenance.options)
            write_json(place / MARK, provenance_of(stages, found.provenance.seed, study=study, claims=claims or "all"))
    return found


def _write(found: Claims, place: Path, study: Study) -> None:
    from sinos.report.disclosure import protection
    from sinos.report.sharing import NOTICE
    from sinos.report.tables import write_tables

    tables = place / "tables"
    if protection(study).active:
        place = tables = place / CONFIDENTIAL
    write_tables(dict(found.frames), tables, study.output.formats)
    estimates = found.frame("claim_estimates")
    shown = estimates["estimate"].is_not_null() & (estimates["design"] != "local_projection")
    named = estimates.filter(shown)["claim"].unique(maintain_order=True)
    (place / "claims").mkdir()
    for name in named:
        for suffix, form in FORMS.items():
            found.regression_table(name, place / "claims" / f"{name}.{suffix}", form=form)
    if place.name == CONFIDENTIAL:
        (place / "README.txt").write_text(NOTICE, encoding="utf-8", newline="\n")
