"""Section with the largest relations one by one: their probabilities, axes, measures and every piece of evidence."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.report import format as fmt
from sinos.report.blocks import Block, Column, Fold, Paragraph, Section, Table
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import FORMS

KEYS = ["supplier", "buyer", "year"]


def relations_section(inputs: Inputs) -> Section:
    """Return the section with the evidence behind the largest relations of the report year."""
    title = "Relations and their evidence"
    rows = inputs.frame("governance").filter(in_year(inputs.year))
    if not rows.height:
        return Section("relations", title, (Paragraph("No relation was classified in the year described.", "note"),))
    if not (inputs.guard.single_suppliers and inputs.guard.single_buyers):
        text = f"{fmt.plural(rows.height, 'relation')} withheld: each entry would be about one supplier and one buyer."
        return Section("relations", title, (Paragraph(text, "note"),))
    top = rows.sort(["value", "supplier", "buyer"], descending=[True, False, False], nulls_last=True).head(
        inputs.study.output.top
    )
    lead = (
        f"The {fmt.count(top.height)} largest of {fmt.plural(rows.height, 'relation')} in {inputs.year}. Open "
        f"one to see what each "
        "indicator added. Contributions are log-likelihoods, centred over the four forms: 0.7 doubles the odds "
        "of a form, −0.7 halves "
        "them; missing evidence adds nothing. All relations are in the tables written beside this report."
    )
    measures = inputs.frame("relation_years").join(top.select(KEYS), on=KEYS, how="semi")
    evidence = inputs.frame("evidence").join(top.select(KEYS), on=KEYS, how="semi")
    blocks: list[Block] = [Paragraph(lead), _list(inputs, top)]
    for number, row in enumerate(top.iter_rows(named=True), start=1):
        here = [pl.col(key) == row[key] for key in KEYS]
        blocks.append(_fold(inputs, number, row, measures.filter(*here), evidence.filter(*here)))
    return Section("relations", title, tuple(blocks))


def _list(inputs: Inputs, top: pl.DataFrame) -> Table:
    columns = (
        Column("supplier", "Supplier"),
        Column("buyer", "Buyer"),
        Column("value", "Value", "money"),
        Column("form", "Form", "code"),
        *(Column(f"p_{form}", fmt.label(form).capitalize(), "share") for form in FORMS),
        Column("entropy", "Entropy", "index", "0 to 1"),
    )
    return Table(
        "table-relations",
        f"Largest relations of {inputs.year}, with the probability of each form",
        top,
        columns,
        notes=("Entropy is 0 where the form is known and 1 where nothing is.",),
        source="table governance.",
        currency=inputs.currency,
    )


def _fold(inputs: Inputs, number: int, row: dict[str, Any], measures: pl.DataFrame, evidence: pl.DataFrame) -> Fold:
    form = str(row["form"] or "undetermined")
    summary = f"{fmt.name(row['supplier'], 60)} to {fmt.name(row['buyer'], 60)}: {fmt.label(form)}"
    probability = row.get(f"p_{form}")
    if isinstance(probability, float):
        summary += f" ({fmt.percent(probability)})"
    blocks: list[Block] = [Paragraph(_axes(row))]
    if measures.height:
        blocks.append(Paragraph(_facts(inputs, measures.row(0, named=True))))
    blocks.append(_evidence(number, evidence))
    if row["sharpen_field"]:
        blocks.append(Paragraph(f"Knowing “{fmt.label(row['sharpen_field'])}” would sharpen this most."))
    absent = [fmt.label(word.strip()) for word in str(row["missing_fields"] or "").split(";") if word.strip()]
    if absent:
        blocks.append(Paragraph(f"Without a value ({len(absent)}): {', '.join(absent)}.", "note"))
    return Fold(summary, tuple(blocks))


def _axes(row: dict[str, Any]) -> str:
    parts = []
    for column, words in (
        ("explicit_coordination", "explicit coordination (0 to 1)"),
        ("power_asymmetry", "power asymmetry (−1 to +1)"),
    ):
        value, low, high = (row[column + end] for end in ("", "_low", "_high"))
        if isinstance(value, float):
            ends = (end if isinstance(end, float) else None for end in (low, high))
            parts.append(f"{words} {fmt.decimal(value)}, {fmt.interval(*ends, share=False)}")
    types = [(name, row[f"p_{name}"]) for name in ("modular", "relational", "captive")]
    five = ", ".join(f"{name} {fmt.percent(p)}" for name, p in types if isinstance(p, float))
    text = "; ".join(parts) if parts else "Position on the axes unknown"
    return f"{text}." + (f" Five types (Gereffi, Humphrey & Sturgeon 2005): {five}." if five else "")


def _facts(inputs: Inputs, row: dict[str, Any]) -> str:
    """Return the main measures of a relation-year in one sentence; measures without a value are left out."""
    shares = (
        ("supplier_dependence", "of the supplier's recorded sales"),
        ("buyer_dependence", "of the buyer's recorded purchases of these products"),
        ("customised_share", "in products sold to this buyer only"),
    )
    parts = [f"{fmt.percent(row[name])} {words}" for name, words in shares if isinstance(row[name], float)]
    if isinstance(row["shipments"], float):
        parts.append(fmt.plural(row["shipments"], "record"))
    if isinstance(row["tenure_years"], float):  # counts the years between, traded or not
        parts.append(f"{fmt.plural(row['tenure_years'], 'year')} from its first recorded year to this one")
    censored = " (may be older than the records)" if row["tenure_left_censored"] else ""
    return (
        f"{fmt.money(row['value'] if isinstance(row['value'], float) else None, inputs.currency)}: "
        f"{', '.join(parts)}{censored}."
    )


def _evidence(number: int, evidence: pl.DataFrame) -> Block:
    if not evidence.height:
        return Paragraph(
            "No indicator has a value for this relation: its probabilities are those held before any evidence.", "note"
        )
    size = pl.max_horizontal(pl.col(form).abs() for form in FORMS)
    frame = evidence.sort([size, pl.col("indicator")], descending=[True, False], nulls_last=True)
    frame = frame.with_columns(pl.col("value").map_elements(fmt.figures, pl.String))
    columns = (
        Column("indicator", "Indicator", "code"),
        Column("value", "Observed"),
        Column("level", "Level", "code"),
        Column("group", "Group", "code"),
        Column("weight", "Weight", "index"),
        *(Column(form, f"To {fmt.label(form)}", "index") for form in FORMS),
    )
    return Table(f"evidence-{number}", "Evidence and what it adds, strongest first", frame, columns)
