"""Section on the cluster at a glance: sales, suppliers and buyers, the main buyer, lasting relations."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Column, Figure, Fold, Paragraph, Section, Table
from sinos.report.charts import Series
from sinos.report.disclosure import band, withhold
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import by_year, firm_columns, only_buyer, span, yearly


def cluster_section(inputs: Inputs) -> Section:
    """Return the section with the cluster's totals through time."""
    frame, withheld = yearly(inputs)
    if not frame.height:
        return Section(
            "cluster", "The cluster at a glance", (Paragraph("There are no relations to describe.", "note"),)
        )
    blocks: list[Block] = [Paragraph(_sentence(inputs, frame)), _figure(inputs, frame)]
    blocks.append(Fold("The numbers behind these charts", (_table(inputs, frame, withheld),)))
    if len(inputs.clusters) > 1:
        blocks.append(_clusters(inputs))
    return Section("cluster", "The cluster at a glance", tuple(blocks))


def main_buyer_words(inputs: Inputs, row: dict[str, Any]) -> str:
    """Return the main buyer and its share in words, as far as they may be printed."""
    sole = only_buyer(inputs)
    if sole is not None and inputs.guard.single_buyers:
        return f"as {fmt.name(sole, 60)} is the only buyer in the records, its share says nothing"
    share = row["main_buyer_share"]
    if not isinstance(share, float):
        return "the main buyer's share is withheld or unknown"
    if not inputs.guard.single_buyers:
        return f"the main buyer took {band(share)} of recorded sales (a band, as single firms are protected)"
    return f"the main buyer, {fmt.name(row['main_buyer'], 60)}, took {fmt.percent(share)} of recorded sales"


def _sentence(inputs: Inputs, frame: pl.DataFrame) -> str:
    rows = frame.filter(in_year(inputs.year)).to_dicts()
    row = rows[0]
    where = f" in {fmt.name(inputs.focus, 60)}" if inputs.focus else ""
    text = (
        f"In {row['year']}, {fmt.plural(row['suppliers'], 'supplier')}{where} sold "
        f"{fmt.money(row['value'], inputs.currency)} "
        f"to {fmt.plural(row['buyers'], 'buyer')}; {main_buyer_words(inputs, row)}."
        if not row["withheld"]
        else f"The totals of {row['year']} are withheld."
    )
    largest = row["largest_main_buyer_share"]
    if largest is not None and inputs.guard.single_buyers and only_buyer(inputs) is None and row["suppliers"] > 1:
        text += (
            f" It took {fmt.percent(largest)} of the sales of the largest suppliers (those that together "
            f"make half of sales)."
        )
        if inputs.guard.buyers:
            text += (
                f" In the Sinos Valley of the paper these two shares were close to 40{fmt.THIN}% and more than "
                f"80{fmt.THIN}% (Humphrey & Schmitz 2002, p. 1023); they are different shares of the same buyer."
            )
    return text


def _figure(inputs: Inputs, frame: pl.DataFrame) -> Figure:
    years = span(inputs)
    partial = frame.filter(pl.col("status") == "partial")["year"].to_list()
    legend = (("first", "full year"), ("partial", "year covered in part")) if partial else ()
    return Figure(
        "figure-cluster",
        "Sales, firms and the main buyer through time",
        tuple(panel for panel in (_sales(inputs, frame, years, partial), *_rest(inputs, frame, years)) if panel),
        legend,
        notes=("Breaks in a line are years without records.",) if len(years) > frame.height else (),
        source="recorded transactions; measures value, main_buyer_share, largest_main_buyer_share, share_preexisting.",
    )


def _sales(inputs: Inputs, frame: pl.DataFrame, years: list[int], partial: list[int]) -> str:
    values = by_year(frame, years, "value")
    divisor, word = fmt.scale(values)
    scaled = [None if value is None else value / divisor for value in values]
    unit = fmt.unit(inputs.currency, word)
    return charts.svg(
        lambda axes: charts.columns(axes, years, scaled, partial, unit),
        id="cluster-sales",
        title="Recorded sales",
        description=charts.describe(
            years, [Series("Recorded sales", "first", values)], lambda x: fmt.money(x, inputs.currency)
        ),
    )


def _rest(inputs: Inputs, frame: pl.DataFrame, years: list[int]) -> list[str]:
    firms = [
        Series("suppliers", "first", by_year(frame, years, "suppliers")),
        Series("buyers", "second", by_year(frame, years, "buyers"), dashed=True),
    ]
    panels = [_lines("cluster-firms", "Active suppliers and buyers (count)", years, firms, share=False)]
    if inputs.guard.single_buyers and only_buyer(inputs) is None:
        main = [
            Series("of all sales", "first", by_year(frame, years, "main_buyer_share")),
            Series("of largest suppliers", "second", by_year(frame, years, "largest_main_buyer_share"), dashed=True),
        ]
        panels.append(_lines("cluster-main", "Main buyer's share (% of sales)", years, main, share=True))
    lasting = [Series("share", "first", by_year(frame, years, "share_preexisting"))]
    panels.append(_lines("cluster-lasting", "Sales in relations that existed before (%)", years, lasting, share=True))
    return [panel for panel in panels if panel]


def _lines(id: str, title: str, years: list[int], series: list[Series], *, share: bool) -> str:
    if all(value is None for item in series for value in item.values):
        return ""
    return charts.svg(
        lambda axes: charts.lines(axes, years, series, share=share),
        id=id,
        title=title,
        description=charts.describe(years, series, fmt.percent if share else fmt.count),
    )


def _table(inputs: Inputs, frame: pl.DataFrame, withheld: int) -> Table:
    columns = [
        Column("year", "Year", "year", guarded=False),
        Column("value", "Recorded sales", "money"),
        Column("suppliers", "Suppliers", "count", guarded=False),
        Column("buyers", "Buyers", "count", guarded=False),
        Column("main_buyer", "Main buyer"),
        Column("main_buyer_share", "Main buyer's share", "share"),
        Column("largest_main_buyer_share", "Its share of the largest suppliers' sales", "share"),
        Column("largest_top1_share", "Largest suppliers' share to their own main buyer", "share"),
        Column("share_preexisting", "Sales in relations that existed before", "share"),
    ]
    if not inputs.guard.single_buyers:
        single = ("main_buyer", "main_buyer_share", "largest_main_buyer_share")
        columns = [column for column in columns if column.name not in single]
        frame = frame.drop(*single)
    return Table(
        "table-cluster-years", "The cluster by year", frame, tuple(columns), withheld=withheld, currency=inputs.currency
    )


def _clusters(inputs: Inputs) -> Table:
    frame = (inputs.whole or inputs.frames)["cluster_years"].filter(in_year(inputs.year))
    blank = ["value", "main_buyer_share", "share_preexisting", "largest_main_buyer_share", "hhi_buyers"]
    frame = frame.sort(["value", "cluster"], descending=[True, False])
    firms = firm_columns(inputs.guard, buyers="buyers")
    # the year's total is printed above, so one withheld cluster would be the difference
    frame, withheld = withhold(frame, (*blank, "main_buyer"), firms, inputs.guard, within=())
    top = inputs.study.output.top
    columns = [
        Column("cluster", "Cluster", guarded=False),
        Column("value", "Recorded sales", "money"),
        Column("suppliers", "Suppliers", "count", guarded=False),
        Column("buyers", "Buyers", "count", guarded=False),
        Column("main_buyer", "Main buyer"),
        Column("main_buyer_share", "Main buyer's share", "share", bar=True),
        Column("share_preexisting", "Sales in relations that existed before", "share"),
    ]
    if not inputs.guard.single_buyers:
        columns = [column for column in columns if not column.name.startswith("main_buyer")]
        frame = frame.drop("main_buyer", "main_buyer_share", "largest_main_buyer_share", "hhi_buyers")
    return Table(
        "table-clusters",
        f"Clusters in {inputs.year}",
        frame.head(top),
        tuple(columns),
        notes=(f"The {top} largest of {frame.height} clusters.",) if frame.height > top else (),
        withheld=withheld,
        currency=inputs.currency,
    )
