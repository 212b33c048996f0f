"""Section on simulated futures: paths, paired differences from the baseline, assumptions, and what is fragile."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Column, Figure, Fold, Paragraph, Section, Statement, Table
from sinos.report.charts import Series
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.claims import verdicts
from sinos.strategies.simulation import Simulation

ID = "strategies"
BASELINE = "baseline"
SHOWN = ("design_capability", "process_capability", "profit", "export_quasi_hierarchy", "main_share", "own_logistics")
TITLES = {
    "design_capability": "Design capability (0 to 1)",
    "process_capability": "Process capability (0 to 1)",
    "profit": "Profit of all suppliers (model units)",
    "export_quasi_hierarchy": "Exports in quasi-hierarchy",
    "main_share": "Main buyer's share of exports",
    "own_logistics": "Exports with own logistics",
}
"""Short titles of the charts; what each metric means stands in the table."""
SHARES = ("export_quasi_hierarchy", "main_share", "own_logistics")
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DRAWN = 4
"""Strategies drawn in one chart beside the baseline; the table holds all."""


def strategies_section(simulation: Simulation) -> Section:
    """Return the section on a simulation: never without the assumptions that do the work.

    Parameters
    ----------
    simulation
        What ``simulate`` returned.
    """
    names = simulation.frame("paths")["strategy"].unique(maintain_order=True).to_list()
    blocks: list[Block] = [
        Paragraph(ILLUSTRATION, "warning"),
        Paragraph(_sentence(simulation, names)),
        _figure(simulation, names),
    ]
    if len(names) > 1:
        blocks.append(_differences(simulation))
    blocks += [
        _bullets("Assumptions that do the work", ASSUMPTIONS),
        Fold("Which conclusions of the model are sturdy, and which are fragile", (_verdicts(),)),
        Fold("Parameters of this run", (_parameters(simulation),)),
    ]
    return Section(ID, "Simulated futures", tuple(blocks))


def _sentence(simulation: Simulation, names: list[str]) -> str:
    options = simulation.provenance.options
    scenario: dict[str, Any] = options["scenario"]
    last = scenario["start"] + scenario["years"] - 1
    others = len(names) - 1
    compared = (
        f" The {fmt.plural(others, 'strategy', 'strategies')} met the same luck as the baseline, replication by "
        "replication, so that a difference is due to the strategy."
        if others
        else ""
    )
    title = fmt.name(scenario["title"] or scenario["name"], 80)
    return (
        f"Scenario: {title} ({scenario['start']} to {last}), {fmt.plural(options['replications'], 'replication')}, "
        f"seed {simulation.provenance.seed}. Bands hold 90{fmt.THIN}% of replications.{compared}"
    )


def _figure(simulation: Simulation, names: list[str]) -> Figure:
    meaning = dict(simulation.frame("metrics").iter_rows())
    panels = [_panel(simulation, metric, names[: DRAWN + 1]) for metric in SHOWN]
    notes = [f"{TITLES[metric].split(' (')[0]}: {fmt.in_words(meaning[metric])}." for metric in SHOWN]
    notes.append("Capability is a share of one world frontier; money is in units of the model, not in a currency.")
    if len(names) > DRAWN + 1:
        notes.append(f"Only the first {DRAWN} strategies are drawn.")
    return Figure(
        "figure-strategies",
        "Simulated paths: medians and bands",
        tuple(panel for panel in panels if panel),
        notes=tuple(notes),
        source="simulated; tables paths and metrics of the simulation.",
    )


def _panel(simulation: Simulation, metric: str, names: list[str]) -> str:
    data = simulation.plot_data(metric)
    years = sorted(data["year"].unique().to_list())
    series = []
    for name, colour in zip(names, PALETTE, strict=False):
        path = data.filter(pl.col("strategy") == name).sort("year")
        middle, low, high = (path[column].to_list() for column in ("median", "low", "high"))
        band = name == BASELINE
        series.append(Series(name, colour, middle, low if band else (), high if band else (), dashed=not band))
    if all(value is None for item in series for value in item.values):
        return ""
    share = metric in SHARES
    title = TITLES[metric]
    return charts.svg(
        lambda axes: charts.lines(axes, years, series, share=share),
        id=f"strategies-{metric.replace('_', '-')}",
        title=f"{title} (%)" if share else title,
        description=charts.describe(years, series, fmt.percent if share else fmt.decimal),
    )


def _differences(simulation: Simulation) -> Table:
    every = simulation.frame("differences")
    last: int = every["year"].to_numpy().max()
    meaning = dict(simulation.frame("metrics").iter_rows())
    frame = every.filter((pl.col("year") == last) & pl.col("metric").is_in(SHOWN)).with_columns(
        meaning=pl.col("metric").replace_strict(meaning, return_dtype=pl.String)
    )
    columns = (
        Column("strategy", "strategy"),
        Column("meaning", "metric"),
        Column("difference", "difference from baseline (95 % interval)", "index", low="low", high="high"),
        Column("share_above", "replications above baseline", "share"),
    )
    return Table(
        "table-strategies",
        f"Strategies against the baseline in {last}",
        frame.select("strategy", "meaning", "difference", "low", "high", "share_above"),
        columns,
        notes=(
            "Intervals are about chance in the simulation, not about the truth of its assumptions. Shares and "
            "capabilities run from 0 to 1; profit is in units of the model. A replication in which a strategy changes "
            "nothing, such as a programme that is voted down, is not above the baseline, and not below it.",
        ),
        source="simulated; table differences.",
    )


def _verdicts() -> Table:
    frame = verdicts().select("words", "proposition", "draws", "verdict")
    columns = (
        Column("words", "claim"),
        Column("proposition", "about", "text"),
        Column("draws", "parameter draws in which it holds", "share"),
        Column("verdict", "verdict", "text"),
    )
    return Table(
        "table-verdicts",
        "Claims in the packaged Sinos scenario over the ranges of all parameters",
        frame,
        columns,
        notes=("Fragile: holds in fewer than four of five draws. Made by sinos ablate; about the packaged scenario.",),
        source="theory/verdicts.csv.",
    )


def _parameters(simulation: Simulation) -> Table:
    frame = simulation.frame("parameters").select("meaning", "value", "default", "unit", "source")
    changed = frame.sort(pl.col("value") == pl.col("default"), maintain_order=True)
    columns = (
        Column("meaning", "parameter"),
        Column("value", "value", "index"),
        Column("default", "default", "index"),
        Column("unit", "unit"),
        Column("source", "source"),
    )
    return Table(
        "table-parameters", "Parameters, changed ones first", changed, columns, source="theory/parameters.csv."
    )


def _bullets(title: str, texts: tuple[str, ...]) -> Bullets:
    return Bullets(tuple(Statement(text) for text in texts), boxed=title)
