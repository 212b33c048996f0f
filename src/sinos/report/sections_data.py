"""Sections on the records: what they are, what they cover, what was found wrong and what was repaired."""

from __future__ import annotations

import polars as pl

from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Column, Fold, Paragraph, Section, Statement, Table
from sinos.report.inputs import Inputs
from sinos.report.overview import yearly

SEVERITIES = ("error", "warning", "info", "note")
MOST_YEARS = 15  # rows of the table of years that are printed unfolded


def data_section(inputs: Inputs) -> Section:
    """Return the section on the data: source, coverage by year, findings and repairs."""
    inputs = inputs.overall()
    about = inputs.study.about
    blocks: list[Block] = []
    facts = [("Source", about.source), ("Licence", about.licence)]
    blocks += [Paragraph(f"{head}: {text}", "note") for head, text in facts if text]
    blocks.append(Paragraph(_who(inputs)))
    blocks += [_domestic(inputs), *_years(inputs)]
    unknown = sorted(set(range(min(inputs.years), max(inputs.years) + 1)) - set(inputs.years)) if inputs.years else []
    if unknown:
        text = f"No records for {fmt.spans(unknown)}. A year without records is unknown, not a year without trade."
        blocks.append(Paragraph(text, "note"))
    return Section("data", "The data", (*blocks, *_findings(inputs), *_repairs(inputs)))


def _who(inputs: Inputs) -> str:
    about, relations = inputs.study.about, inputs.frame("relation_years")
    shipments = relations["shipments"].sum()
    pairs = relations.select("supplier", "buyer").n_unique() if relations.height else 0
    begin = "After repairs the records" if inputs.frame("repairs").height else "The records"
    return (
        f"{begin} hold {fmt.count(float(shipments))} transactions in {fmt.count(relations.height)} "
        f"relation-years: {fmt.plural(pairs, 'relation')} between "
        f"{fmt.plural(relations['supplier'].n_unique(), 'supplier')} (here a supplier is a {about.supplier_is}) and "
        f"{fmt.plural(relations['buyer'].n_unique(), 'buyer')} (a buyer is a {about.buyer_is}). "
        f"A relation is one supplier-buyer pair; a relation-year is one such pair in one year."
    )


def _domestic(inputs: Inputs) -> Paragraph:
    texts = {
        "recorded": (
            "Sales at home are among the records or in the suppliers table, so dependence can be set against "
            "total sales."
        ),
        "missing": (
            "Sales at home are not among the records. Dependence is therefore overstated, and functional upgrading on "
            "the home market, where the paper expects it first, is seen at best for suppliers with other evidence."
        ),
        "unknown": (
            "The study does not say whether sales at home are among the records. If they are not, dependence is "
            "overstated, and functional upgrading on the home market, where the paper expects it first, is seen at "
            "best for suppliers with other evidence."
        ),
    }
    state = inputs.study.coverage.domestic_sales
    return Paragraph(texts[state], "plain" if state == "recorded" else "warning")


def _years(inputs: Inputs) -> list[Block]:
    frame, withheld = yearly(inputs)
    columns: tuple[Column, ...] = (
        Column("year", "Year", "year", guarded=False),
        Column("status", "Coverage", "code", guarded=False),
        Column("months", "Months covered", "count", guarded=False),
        Column("value", "Recorded sales", "money"),
        Column("suppliers", "Suppliers", "count", guarded=not inputs.guard.active),
        Column("buyers", "Buyers", "count", guarded=not inputs.guard.active),
        Column("relations", "Relations", "count", guarded=not inputs.guard.active),
    )
    if frame["months"].is_null().all():
        columns = tuple(column for column in columns if column.name != "months")
    table = Table(
        "table-years",
        "What the records cover, year by year",
        frame,
        columns,
        ("All clusters together.",) if len(inputs.clusters) > 1 and not inputs.guard.active else (),
        source="the study's records; coverage as declared; where nothing is declared, a year with records is full.",
        withheld=withheld,
        currency=inputs.currency,
    )
    if frame.height <= MOST_YEARS:
        return [table]
    partial = frame.filter(pl.col("status").fill_null("unknown") != "full")["year"].to_list()
    less = f"{fmt.spans(partial)} not in full" if partial else "all of them in full"
    text = f"The records cover {fmt.plural(frame.height, 'year')}, {fmt.spans(frame['year'].to_list())}: {less}."
    return [Paragraph(text), Fold(table.caption, (table,))]


def _findings(inputs: Inputs) -> list[Block]:
    findings = inputs.frame("findings")
    if not findings.height:
        return [Paragraph("No findings of checks were handed to this report.", "note")]
    rank = pl.col("severity").replace_strict(dict(zip(SEVERITIES, range(4), strict=True)), default=9)
    frame = findings.sort(rank, "code", "table", "column", nulls_last=True)
    columns: tuple[Column, ...] = (
        Column("severity", "Severity", "code"),
        Column("code", "Check", "code"),
        Column("place", "Where"),
        Column("rows", "Rows", "count"),
        Column("share", "Share of rows", "share"),
        Column("message", "What was found"),
        Column("fix", "How to fix it"),
    )
    if not inputs.guard.quotes:
        columns = tuple(column for column in columns if column.name != "message")
    place = pl.concat_str("table", pl.col("column").replace("", None), separator=".", ignore_nulls=True)
    counts = dict(frame.group_by("severity").len().iter_rows())
    words = fmt.listing(fmt.plural(counts[kind], fmt.label(kind)) for kind in SEVERITIES if kind in counts)
    blocks: list[Block] = [
        Paragraph(f"The checks found {words}. They refer to the records {_checked(inputs)}."),
        Table("table-findings", "Findings of the checks", frame.with_columns(place.alias("place")), columns),
    ]
    return [*blocks, *_examples(inputs, frame)]


def _checked(inputs: Inputs) -> str:
    """Say which state of the records the checks saw: repairs come first."""
    return "as they are after the declared repairs" if inputs.frame("repairs").height else "as given"


def _examples(inputs: Inputs, findings: pl.DataFrame) -> list[Block]:
    if not inputs.guard.quotes:
        text = "Examples and messages are left out because they may quote the original records."
        return [Paragraph(text, "note")]
    shown = findings.filter(pl.col("examples").fill_null("") != "").select("code", "examples").rows()
    if not shown:
        return []
    items = tuple(Statement(f"{fmt.label(code)}: {fmt.name(text, 300)}") for code, text in shown)
    return [Fold("Examples of what was found", (Bullets(items),))]


def _repairs(inputs: Inputs) -> list[Block]:
    repairs = inputs.frame("repairs").sort("order", nulls_last=True)
    if not repairs.height:
        return [Paragraph("No repairs were declared: the records were used as given.", "note")]
    columns = [
        Column("order", "Order", "count"),
        Column("repair", "Repair", "code"),
        Column("what", "What"),
        Column("rows_before", "Rows before", "count"),
        Column("rows_after", "Rows after", "count"),
        Column("changed", "Changed", "count", "rows or values"),
        Column("detail", "Detail"),
    ]
    if not inputs.guard.quotes:
        columns = [column for column in columns if column.name not in ("what", "detail")]
    if repairs["detail"].fill_null("").eq("").all():
        columns = [column for column in columns if column.name != "detail"]
    return [
        Table(
            "table-repairs",
            "Declared repairs, in the order in which they were applied",
            repairs,
            tuple(columns),
            source="the study file declares them; Sinos counted their effect.",
        )
    ]
