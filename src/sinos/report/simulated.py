"""The page of a simulation run on its own, without a study of records."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.report.blocks import Block, Column, Paragraph, Section, Table
from sinos.report.report import document
from sinos.report.sections_strategies import strategies_section
from sinos.report.text import cited
from sinos.strategies.checks import sinos_checks
from sinos.strategies.simulation import Simulation

VALLEY = "sinos_valley"


def simulated_page(simulation: Simulation) -> str:
    """Return one self-contained HTML document on a simulation.

    Parameters
    ----------
    simulation
        What ``simulate`` returned.
    """
    options = simulation.provenance.options
    scenario: dict[str, Any] = options["scenario"]
    sections = [strategies_section(simulation)]
    if scenario["name"] == VALLEY:
        sections.append(_checks(simulation))
    sections.append(Section("provenance", "Provenance", (Paragraph(_provenance(simulation)),)))
    last = scenario["start"] + scenario["years"] - 1
    title = f"Simulated futures: {scenario['title'] or scenario['name'].replace('_', ' ')}"
    front = f"Years {scenario['start']}\u2013{last}. Source of the scenario: {cited(scenario['source'])}"
    return document(title, None, sections, front=(Paragraph(front),))


def _checks(simulation: Simulation) -> Section:
    found = sinos_checks(simulation)
    intro = (
        "What the account of the valley says, held against this run. The scenario was made to agree with that account, "
        "so a hit shows that the equations can carry the story, not that it is true; a miss is shown as plainly."
    )
    source = pl.col("source").map_elements(cited, pl.String)
    shown = found.with_columns(source, hit=pl.when(pl.col("hit")).then(pl.lit("hit")).otherwise(pl.lit("miss")))
    columns = (
        Column("name", "check"),
        Column("claim", "claim"),
        Column("threshold", "asked for", "text"),
        Column("value", "found, mean", "index"),
        Column("share", "replications in which it holds", "share"),
        Column("hit", "verdict", "text"),
        Column("source", "source", "text"),
    )
    blocks: tuple[Block, ...] = (Paragraph(intro), Table("checks", "Checks of the Sinos scenario", shown, columns))
    return Section("checks", "Checks against the account of the valley", blocks)


def _provenance(simulation: Simulation) -> str:
    made = simulation.provenance
    return (
        f"Sinos {made.version}; seed {made.seed}; {made.options['replications']} replications; fingerprint of the "
        f"scenario {made.inputs['scenario'][:16]}. The same version, scenario and seed give the same bytes."
    )
