"""The verb ``report``: measures, governance and upgrading in; one self-contained HTML document out."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import polars as pl

from sinos import __version__
from sinos.errors import OutputError
from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Section
from sinos.report.inputs import Inputs, collect
from sinos.report.overview import FORMS, form_series
from sinos.report.sections_claims import claims_section
from sinos.report.sections_cluster import cluster_section
from sinos.report.sections_data import data_section
from sinos.report.sections_dependence import buyers_section, dependence_section
from sinos.report.sections_governance import governance_section
from sinos.report.sections_methods import assumptions_section, limits_section, methods_section, provenance_section
from sinos.report.sections_relations import relations_section
from sinos.report.sections_upgrading import upgrading_section
from sinos.report.summary import banner, front
from sinos.results import Provenance, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sinos.strategies.simulation import Simulation

SECTIONS = (
    data_section,
    cluster_section,
    governance_section,
    buyers_section,
    dependence_section,
    upgrading_section,
    relations_section,
    methods_section,
    assumptions_section,
    limits_section,
)
"""The sections in the order in which they are printed; provenance follows."""


@dataclass(frozen=True)
class Report(Result):
    """The report as text, with the tables printed in it (protected as they are there) as frames.

    Attributes
    ----------
    html
        The whole document: no script, nothing from outside the file, charts inline.
    """

    html: str = ""

    def write(self, path: str | Path) -> Path:
        """Write the document to a file, whole or not at all, and return its path.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        path = Path(path)
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(self.html.encode("utf-8"))
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise OutputError(
                f"the report could not be written ({error.strerror or error})",
                where=str(path),
                fix="name a file in an existing folder that you may write to",
            ) from error
        return path

    def summary(self) -> str:
        """Return what the report holds in one line per table."""
        lines = [f"{name}: {self.frame(name).height:,} rows" for name in self.names()]
        return "\n".join([f"report.html: {len(self.html.encode('utf-8')):,} bytes", *lines])

    def plot_data(self) -> pl.DataFrame:
        """Return the composition of governance by year, the numbers behind :meth:`plot`."""
        return self.frame("table-composition" if "table-composition" in self.frames else None)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the expected share of value of each form through time, with 90 % intervals."""
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(layout="constrained").add_subplot()
        data = self.plot_data()
        years = data["year"].to_list()
        charts.lines(ax, years, [form_series(data, years, form) for form in FORMS], share=True)
        return ax


def report(
    measures: Result,
    governance: Result,
    upgrading: Result,
    *,
    findings: Any = None,
    records: Result | None = None,
    claims: Result | None = None,
    simulation: Simulation | None = None,
) -> Report:
    """Turn the results of a study into one self-contained HTML report.

    Parameters
    ----------
    measures, governance, upgrading
        What ``measure``, ``classify`` and ``score`` returned. The study is read from the measures.
    findings
        What ``check`` returned, or a data frame with its columns. Without it the report says so.
    records
        What ``read`` returned; gives coverage and the log of repairs.
    claims
        What ``test`` returned; adds the section on the paper's claims. Left out where small cells are protected,
        because estimates without one buyer name that buyer.
    simulation
        What ``simulate`` returned, for a section on simulated futures; it is about its scenario, not about the records.

    Returns
    -------
    Report
        The document (``.html``, ``.write(path)``) and the tables printed in it (``.table(name)``).

    Raises
    ------
    SinosError
        If the first argument does not hold a study, or the findings are of another kind.

    Notes
    -----
    With ``disclosure: {min_cell: k}`` cells with fewer than k firms are withheld, and no list about single firms is
    printed.
    """
    inputs = collect(measures, governance, upgrading, findings, records)
    sections = [make(inputs) for make in SECTIONS]
    shown = None if inputs.guard.active else claims
    if shown is not None:
        sections.insert(SECTIONS.index(methods_section), claims_section(shown))
    if simulation is not None:
        from sinos.report.sections_strategies import strategies_section

        sections.insert(SECTIONS.index(methods_section), strategies_section(simulation))
    withheld = sum(table.withheld for section in sections for table in section.tables())
    sections.append(provenance_section(inputs, withheld))
    return Report(
        frames={table.id: table.printed() for section in sections for table in section.tables()},
        missing=tuple(item for _, item in inputs.missing),
        provenance=_provenance(inputs),
        kind=measures.kind,
        references=inputs.references,
        html=render(inputs, sections, shown),
    )


def render(inputs: Inputs, sections: list[Section], claims: Result | None = None) -> str:
    """Print the sections of a study's report into the packaged template; ``claims`` are said on the first page."""
    about = inputs.study.about
    return document(
        fmt.name(about.title), about.question, sections, front=front(inputs, claims), banner=banner(inputs),
        min_cell=inputs.guard.min_cell,
    )  # fmt: skip


def document(
    title: str,
    question: str | None,
    sections: list[Section],
    *,
    front: tuple[Block, ...] = (),
    banner: str = "",
    min_cell: int = 1,
) -> str:
    """Print sections into the packaged template, as one self-contained HTML document."""
    folder = files("sinos.report") / "templates"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    page = {
        "title": title,
        "question": question,
        "banner": banner,
        "front": front,
        "sections": sections,
        "version": __version__,
        "min_cell": min_cell,
    }
    return template.render(report=page, style=(folder / "style.css").read_text(encoding="utf-8")) + "\n"


def _provenance(inputs: Inputs) -> Provenance:
    fingerprints = {f"{item.stage}.{name}": text for item in inputs.provenance for name, text in item.inputs.items()}
    options = {"min_cell": inputs.guard.min_cell, "hash_ids": inputs.guard.hash_ids, "top": inputs.study.output.top}
    seed = inputs.provenance[0].seed if inputs.provenance else 0
    return Provenance(__version__, "report", options, fingerprints, seed)
