"""The verb ``report``: measures, governance and upgrading in; one self-contained HTML file out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sinos.results import Result


@dataclass(frozen=True)
class Report(Result):
    """The report as text, with the tables printed in it.

    Attributes
    ----------
    html
        The whole document: no script, no link to anything outside, charts inline.
    """

    html: str = ""

    def write(self, path: str | Path) -> Path:
        """Write the document to a file and return its path."""
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path


def report(
    measures: Result, governance: Result, upgrading: Result, *, findings: Any = None, records: Result | None = None
) -> Report:
    """Turn the results of a study into a report."""
    return Report({}, (), measures.provenance, html="<!doctype html>")
