"""The checks: run them on the records, and the verb ``check``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sinos.engine import DuckDBEngine
from sinos.errors import StrictCheckError, StudyError
from sinos.records import checks_codes, checks_dates, checks_parties, checks_sides, checks_values
from sinos.records.checks_base import CHECKS, RAW, CheckScene, Entry, Found, entries
from sinos.records.hashing import hash_name, salt_of
from sinos.records.store import count, types
from sinos.results import Result
from sinos.study.meaning import check_problems
from sinos.study.model import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAMILIES = (checks_values, checks_dates, checks_codes, checks_parties, checks_sides)
"""The modules whose checks are registered."""

SEVERITIES = ("error", "warning", "note")
"""From worst to mildest."""

COLOURS = {"error": "#b2182b", "warning": "#ef8a62", "note": "#67a9cf"}

SCHEMA: dict[str, Any] = {
    "code": pl.String,
    "severity": pl.String,
    "table": pl.String,
    "column": pl.String,
    "rows": pl.Int64,
    "share": pl.Float64,
    "examples": pl.String,
    "row_examples": pl.List(pl.String),
    "message": pl.String,
    "fix": pl.String,
}
"""Columns of the findings."""

NAMES = ("supplier", "buyer", "consignee", "supplier, buyer")
"""Columns whose examples are identifiers of firms."""


@dataclass(frozen=True)
class Findings(Result):
    """What the checks found, in the frame ``findings``: one row per check and column, worst first."""

    def summary(self) -> str:
        """Return the findings as text: a line on each, with its fix below it."""
        frame = self.frame("findings")
        if not frame.height:
            return "No findings."
        counts = [f"{frame.filter(severity=name).height} {name}s" for name in SEVERITIES]
        lines = [", ".join(counts)]
        for row in frame.iter_rows(named=True):
            shown = f" [{row['examples']}]" if row["examples"] else ""
            rows = f"{row['rows']:,} rows" + (f" ({row['share']:.1%})" if row["share"] is not None else "")
            where = row["table"] + (f".{row['column']}" if row["column"] else "")
            lines.append(f"{row['severity']} {row['code']}: {where}: {row['message']}: {rows}{shown}")
            lines.append(f"  fix: {row['fix']}")
        return "\n".join(lines)

    def plot_data(self) -> pl.DataFrame:
        """Return the rows affected by each check, worst first."""
        order = pl.col("severity").replace_strict({name: place for place, name in enumerate(SEVERITIES)})
        grouped = self.frame("findings").group_by("code", "severity").agg(pl.col("rows").sum())
        return grouped.sort(order, -pl.col("rows"), "code")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how many rows each check found, by severity."""
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(layout="constrained").subplots()
        data = self.plot_data().reverse()
        ax.barh(data["code"].to_list(), data["rows"].to_list(), color=[COLOURS[name] for name in data["severity"]])
        ax.set_xlabel("rows")
        ax.set_title("Findings")
        return ax


def check(records: Any, **options: Any) -> Findings:
    """Return the findings on records.

    Parameters
    ----------
    records
        What ``read`` returned; or anything ``read`` accepts (a study, a path, a data frame), which is then read first.
    **options
        Passed on to ``read``.

    Returns
    -------
    Findings
        Frame ``findings``: ``code``, ``severity``, ``table``, ``column``, ``rows`` (affected), ``share`` (of all
        rows; missing where there are none), ``examples`` (smallest values), ``row_examples`` (smallest row numbers),
        ``message``, ``fix``.

    Raises
    ------
    StrictCheckError
        If a check that the study makes strict finds something.
    """
    from sinos.records.records import Records, read

    if isinstance(records, Records):
        return _findings(records)
    with read(records, **options) as fresh:
        return _findings(fresh)


def _findings(records: Result) -> Findings:
    frames = {"findings": records.frame("findings")}
    return Findings(frames=frames, missing=records.missing, provenance=records.provenance, kind=records.kind)


def run_checks(engine: DuckDBEngine, study: Study, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Run every check that the study does not ignore.

    Parameters
    ----------
    engine
        Holds ``raw_transactions`` (text, after repairs), ``typed_transactions`` and ``raw_<side table>``.
    study
        ``checks`` says which are strict, which are ignored, and how many examples are shown; with
        ``disclosure.hash_ids`` examples of firm identifiers are keyed hashes.
    frames
        The side tables in the contract's types.

    Returns
    -------
    pl.DataFrame
        The findings, worst first, then in the order of the packaged list.

    Raises
    ------
    StudyError
        If ``checks.strict`` or ``checks.ignore`` names an unknown check, or one check in both.
    StrictCheckError
        If a strict check found something; all such findings are named.
    """
    _validate(study)
    scene = CheckScene(engine, study, frames, frozenset(types(engine, RAW)), count(engine, RAW))
    try:
        rows = [
            _row(entry, found, study)
            for entry in sorted(entries().values(), key=lambda entry: SEVERITIES.index(entry.severity))
            if entry.code not in study.checks.ignore
            for found in CHECKS[entry.code](scene)
        ]
    finally:
        for name in sorted(scene.made):
            engine.execute(f"DROP TABLE IF EXISTS {name}")
    findings = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    _refuse(findings.filter(pl.col("code").is_in(list(study.checks.strict))))
    return findings


def _validate(study: Study) -> None:
    """Refuse a study made in Python, which did not pass ``load_study``."""
    for problem in check_problems(study):
        raise StudyError(problem.what, where=f"checks: {problem.path[1]}", fix=problem.fix)


def _row(entry: Entry, found: Found, study: Study) -> tuple[object, ...]:
    salt = salt_of(study)
    examples: Iterable[str] = found.examples
    if salt is not None and found.column in NAMES:
        examples = sorted(hash_name(example, salt) for example in found.examples)
    return (
        entry.code,
        entry.severity,
        found.table or entry.table,
        found.column,
        found.rows,
        found.rows / found.total if found.total else None,
        " | ".join(examples),
        list(found.row_examples),
        found.message,
        entry.fix,
    )


def _refuse(findings: pl.DataFrame) -> None:
    if not findings.height:
        return
    said = "; ".join(
        f"{row['code']} in {row['table']}" + (f".{row['column']}" if row["column"] else "") + f" ({row['rows']:,} rows)"
        for row in findings.iter_rows(named=True)
    )
    fixes = "; ".join(dict.fromkeys(findings["fix"]))
    raise StrictCheckError(
        f"checks that must find nothing did: {said}",
        where="checks: strict",
        rows=int(findings["rows"].sum()),
        fix=fixes,
    )
