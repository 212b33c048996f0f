"""Section on governance: its composition through time, what would sharpen it, how it changes, where relations sit."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.governance.indicators import load_theory
from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Column, Figure, Fold, Heading, Paragraph, Section, Statement, Table
from sinos.report.charts import Series
from sinos.report.disclosure import withhold
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import FORMS, by_year, composition, firm_columns, form_series, sharpening, silent, span
from sinos.report.text import estimate, sureness

MOST_POINTS = 300

RIGHT_FROM_TRADE = 0.75
"""Share of forms named rightly from records of exports alone in simulated worlds (docs/validation.md, customs)."""


def governance_section(inputs: Inputs) -> Section:
    """Return the section on the four forms of governance."""
    frame, withheld = composition(inputs)
    if not frame.height:
        text = "No relation could be classified: there are no relation-years with evidence."
        return Section("governance", "How relations are governed", (Paragraph(text, "note"),))
    quiet = silent(latest(inputs, frame)["undetermined_share"])
    blocks: list[Block] = [Paragraph(_lead(inputs)), *([_silence()] if quiet else [])]
    blocks += [_latest(inputs, frame), *_named_blindly(inputs, latest(inputs, frame)["year"])]
    blocks.append(_figure(inputs, frame))
    blocks.append(Fold("The numbers behind these charts", (_table(frame, withheld),)))
    blocks += _sharpen(inputs)
    blocks += _plane(inputs)
    if not quiet:  # changes between forms that no relation could be given are changes of belief
        blocks += _transitions(inputs)
        blocks += _spells(inputs)
    return Section("governance", "How relations are governed", tuple(blocks))


def _silence() -> Paragraph:
    return Paragraph(
        "Hardly any relation can be given a form from these records. The shares below are then close to what was held "
        "before any evidence: they are not findings about this chain, and how governance changes is not reported.",
        "warning",
    )


def latest(inputs: Inputs, frame: pl.DataFrame) -> dict[str, Any]:
    """Return the row of the year that the report describes, or of the last year before it."""
    rows = frame.filter(pl.col("year") <= (inputs.year or 9999)).sort("year")
    return (rows if rows.height else frame).row(-1 if rows.height else 0, named=True)


def share_of(row: dict[str, Any], form: str) -> tuple[float | None, float | None, float | None]:
    """Return a form's expected value share with its interval."""
    values = (row[f"share_{form}"], row[f"share_{form}_low"], row[f"share_{form}_high"])
    share, low, high = (value if isinstance(value, float) else None for value in values)
    return share, low, high


def _lead(inputs: Inputs) -> str:
    methods = inputs.frame("governance")["method"].drop_nulls().unique().sort().to_list()
    return (
        "Every relation-year carries a probability for each of four forms: market (arm's length), network (reciprocal "
        "dependence of equals), quasi-hierarchy (the buyer controls a supplier it does not own) and hierarchy "
        "(ownership). "
        f"Shares of value below are expectations over these probabilities (method: "
        f"{fmt.listing(methods) or 'not stated'}); "
        f"a form is named only when its probability reaches {fmt.percent(inputs.study.governance.certainty)}, "
        "otherwise the relation is undetermined."
    )


def _latest(inputs: Inputs, frame: pl.DataFrame) -> Block:
    row = latest(inputs, frame)
    shares = [(form, share_of(row, form)) for form in FORMS]
    if all(share is None for _, (share, _, _) in shares):
        return Paragraph(f"The composition of {row['year']} is withheld or unknown.", "note")
    unowned = _unowned(inputs, row["year"])
    items = [
        f"{fmt.label(form).capitalize()}: {estimate(*values)} of value in {row['year']}, "
        f"{unowned if unowned and form == 'hierarchy' else sureness(*values[1:])}."
        for form, values in shares
    ]
    if row["undetermined_share"] is not None:
        items.append(f"{fmt.percent(row['undetermined_share'])} of value is in relations whose form is undetermined.")
    return Bullets(tuple(Statement(text) for text in items))


def _named_blindly(inputs: Inputs, year: int) -> list[Block]:
    """Warn where forms are named though nothing is known of who designs, sets the process or inspects.

    How often such names are right was measured with the packaged theory, so that nothing is said of another.
    """
    if inputs.study.governance.theory or inputs.study.governance.method != "evidence":
        return []
    rows = inputs.frame("governance").filter(in_year(year), pl.col("value").is_not_null())
    direct = [item.field for item in load_theory().indicators if item.direct]
    blind = rows.filter(pl.col("form") != "undetermined", *(_lacks(field) for field in direct))
    named, total = float(blind["value"].sum()), float(rows["value"].sum())
    if not named:
        return []
    part = fmt.percent(named / total)
    which = "Some forms are" if inputs.guard.active else f"The forms of {part} of value in {year} are"
    return [
        Paragraph(
            f"{which} named from transactions alone, without evidence on who designs, who sets the process or who "
            f"inspects. In simulated worlds whose truth is known, {fmt.percent(RIGHT_FROM_TRADE)} of the names given "
            "from records of exports alone were right: take them as leads, not as findings.",
            "warning",
        )
    ]


def _unowned(inputs: Inputs, year: int) -> str:
    """Say for how much of the value ownership is not known, so that hierarchy there is the prior and not a finding."""
    rows = inputs.frame("governance").filter(in_year(year), pl.col("value").is_not_null())
    unknown, total = (float(part["value"].sum()) for part in (rows.filter(_lacks("ownership_share")), rows))
    if not unknown:
        return ""
    return f"but ownership is not known for {fmt.percent(unknown / total)}: there it is what was held before"


def _lacks(field: str) -> pl.Expr:
    """Tell whether a field is among those without a value."""
    fields = pl.col("missing_fields").fill_null("").str.split(";").list.eval(pl.element().str.strip_chars())
    return fields.list.contains(field)


def _figure(inputs: Inputs, frame: pl.DataFrame) -> Figure:
    years = span(inputs)
    panels = []
    for form in FORMS:
        title = f"{fmt.label(form).capitalize()} (% of value)"
        panels.append(_panel(form, title, years, form_series(frame, years, form)))
    series = Series("undetermined", "undetermined", by_year(frame, years, "undetermined_share"))
    panels.append(_panel("undetermined", "In undetermined relations (% of value)", years, series))
    polarity = Series("lead buyers", "ink", by_year(frame, years, "polarity"))
    if any(value is not None for value in polarity.values):
        text = charts.describe(years, [polarity], fmt.count)
        panels.append(
            charts.svg(
                lambda axes: charts.lines(axes, years, [polarity]),
                id="governance-polarity",
                title="Polarity: lead buyers (count)",
                description=text,
            )
        )
    return Figure(
        "figure-governance",
        "Expected shares of value by form of governance",
        tuple(panels),
        notes=(
            *_evidence_note(inputs),
            "Band: 90 % interval. The four forms add to 100 %; undetermined value is spread over them by its "
            "probabilities. "
            "Polarity: lead buyers that together make 80 % of explicit coordination.",
        ),
        source="governance posteriors weighted by value; table cluster_governance.",
    )


def _evidence_note(inputs: Inputs) -> tuple[str, ...]:
    """Warn when the amount of evidence differs between years: shares then move without any change of governance."""
    counts = inputs.frame("governance").filter(pl.col("evidence_count").is_not_null())
    means = counts.group_by("year").agg(pl.col("evidence_count").mean()).sort("year")["evidence_count"].to_list()
    if not means or max(means) < 1.2 * min(means):
        return ()
    return (
        f"Indicators with a value per relation range from {fmt.decimal(min(means), 1)} to {fmt.decimal(max(means), 1)} "
        "on average between years; where evidence comes and goes, shares and bands move without any change of "
        "governance.",
    )


def _panel(id: str, title: str, years: list[int], series: Series) -> str:
    return charts.svg(
        lambda axes: charts.lines(axes, years, [series], share=True),
        id=f"governance-{id.replace('_', '-')}",
        title=title,
        description=charts.describe(years, [series], fmt.percent),
    )


def _table(frame: pl.DataFrame, withheld: int) -> Table:
    forms = (
        Column(
            f"share_{form}",
            fmt.label(form).capitalize(),
            "share",
            "% of value (90 % interval)",
            f"share_{form}_low",
            f"share_{form}_high",
        )
        for form in FORMS
    )
    columns = (
        Column("year", "Year", "year", guarded=False),
        *forms,
        Column("undetermined_share", "In undetermined relations", "share", "% of value"),
        Column("polarity", "Lead buyers", "count"),
    )
    return Table("table-composition", "Expected shares of value by form", frame, columns, withheld=withheld)


def _sharpen(inputs: Inputs) -> list[Block]:
    frame = sharpening(inputs)
    if not frame.height:
        return []
    total = int(frame["relations"].sum())
    best = frame.row(0, named=True)
    frame, withheld = withhold(
        frame, ("relations", "gain", "value_share"), firm_columns(inputs.guard), inputs.guard, within=()
    )
    columns = (
        Column("sharpen_field", "Missing field", "code", guarded=False),
        Column("relations", "Relations it would sharpen most", "count"),
        Column("value_share", "Their share of value", "share", bar=True),
        Column("gain", "Mean expected fall of entropy", "index", "0 to 1"),
    )
    return [
        Heading("What would sharpen the picture", "sharpen"),
        Paragraph(
            f"For {fmt.plural(best['relations'], 'relation')} of {fmt.count(total)} in {inputs.year}, with "
            f"{fmt.percent(best['value_share'])} of value, knowing "
            f"“{fmt.label(best['sharpen_field'])}” would tell more than any other single missing field; weighted by "
            "value, no field would tell more. Transactions alone cannot show who designs, who inspects and who trains."
        ),
        Table(
            "table-sharpen",
            f"Single missing fields that would sharpen most, {inputs.year}",
            frame.head(8),
            columns,
            withheld=withheld,
        ),
    ]


def _plane(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("governance").filter(
        in_year(inputs.year),
        pl.col("explicit_coordination").is_not_null(),
        pl.col("power_asymmetry").is_not_null(),
    )
    if not rows.height:
        return []
    points, note = _points(inputs, rows)
    counts = dict(rows.group_by("form").len().iter_rows())
    words = fmt.listing(
        f"{fmt.count(counts[form])} {fmt.label(form)}" for form in (*FORMS, "undetermined") if form in counts
    )
    panel = charts.svg(
        lambda axes: charts.plane(axes, points),
        id="governance-plane",
        title=f"Relations of {inputs.year} on the two axes",
        description=f"Relations by explicit coordination and power asymmetry. Named forms: {words}.",
        size=(5.6, 3.8),
    )
    legend = tuple((form, fmt.label(form)) for form in (*FORMS, "undetermined") if form in counts)
    return [
        Heading("Where relations sit", "plane"),
        Figure(
            "figure-plane", "Explicit coordination and power asymmetry", (panel,), legend, (note,), "table governance."
        ),
    ]


def _points(inputs: Inputs, rows: pl.DataFrame) -> tuple[list[tuple[float, float, float, str]], str]:
    x, y = pl.col("explicit_coordination"), pl.col("power_asymmetry")
    if rows.height <= MOST_POINTS and not inputs.guard.active:
        shown = rows.select(x, y, pl.col("value").fill_null(0.0), pl.col("form").fill_null("undetermined"))
        return [tuple(row) for row in shown.iter_rows()], "Each mark is a relation; area is proportional to value."
    cells = (
        rows.group_by((x * 40).floor().alias("i"), (y * 20).floor().alias("j"), "form")
        .agg(x.mean(), y.mean(), pl.col("value").sum(), pl.col("supplier").n_unique(), pl.col("buyer").n_unique())
        .sort("i", "j", "form")
    )
    least = inputs.guard.min_cell
    shown = cells.filter(
        (pl.col("supplier") >= least) | (not inputs.guard.suppliers),
        (pl.col("buyer") >= least) | (not inputs.guard.buyers),
    )
    note = "Each mark stands for the relations near it; area is proportional to their value."
    if shown.height < cells.height:
        note += f" {fmt.plural(cells.height - shown.height, 'mark')} with fewer than {least} firms withheld."
    return [
        tuple(row) for row in shown.select(x, y, "value", pl.col("form").fill_null("undetermined")).iter_rows()
    ], note


def _transitions(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("transitions")
    rows = rows.filter(pl.col("cluster") == "*") if (rows["cluster"] == "*").any() else rows
    if not rows.height or rows["cluster"].n_unique() > 1:
        return []
    firms = ("count",) if inputs.guard.active else ()
    rows, withheld = withhold(rows, ("count", "probability", "low", "high"), firms, inputs.guard, within=("from_form",))
    present = rows["to_form"].drop_nulls().unique().to_list()
    ends = [form for form in (*FORMS, "undetermined", "ended") if form in present]
    frame = pl.DataFrame(
        {"from_form": [form for form in (*FORMS, "undetermined") if form in rows["from_form"].to_list()]}
    )
    names = {"probability": "", "low": "_low", "high": "_high"}
    for to in ends:
        part = rows.filter(pl.col("to_form") == to).select(
            "from_form", *(pl.col(n).alias(f"to_{to}{e}") for n, e in names.items())
        )
        frame = frame.join(part, on="from_form", how="left")
    totals = rows.group_by("from_form").agg(
        pl.when(pl.col("count").null_count() == 0).then(pl.col("count").sum()).alias("total")
    )
    frame = frame.join(totals, on="from_form", how="left", maintain_order="left")
    columns = (
        Column("from_form", "From \\ to, the next covered year", "code"),
        *(
            Column(
                f"to_{to}",
                fmt.label(to).capitalize(),
                "share",
                "% (90 % interval)",
                f"to_{to}_low",
                f"to_{to}_high",
                bar=True,
            )
            for to in ends
        ),
        Column("total", "Relation-years", "count", "expected number"),
    )
    return [
        Heading("How governance changes", "transitions"),
        Paragraph(_staying(frame)),
        Table(
            "table-transitions",
            "From one covered year to the next: share of relations by form",
            frame,
            columns,
            notes=("Rows add to 100 %. Counts are expected numbers under the posteriors, so they need not be whole.",),
            source="table transitions.",
            withheld=withheld,
        ),
    ]


def _staying(frame: pl.DataFrame) -> str:
    rows = {row["from_form"]: row for row in frame.to_dicts()}
    row = rows.get("quasi_hierarchy")
    if row is None or row.get("to_quasi_hierarchy") is None:
        return "Too little is known of quasi-hierarchies to say how long they stay so."
    stay = estimate(row["to_quasi_hierarchy"], row["to_quasi_hierarchy_low"], row["to_quasi_hierarchy_high"])
    text = f"Of relations governed as quasi-hierarchy, {stay} were still so in the next covered year"
    if row.get("to_network") is not None:
        text += f"; {estimate(row['to_network'], row['to_network_low'], row['to_network_high'])} had become networks"
    return text + ". Errors of classification look like change, so the off-diagonal shares are likely too high."


def _spells(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("spells")
    if not rows.height:
        return []
    frame = (
        rows.group_by("form")
        .agg(
            pl.len().alias("spells"),
            pl.col("supplier").n_unique().alias("suppliers"),
            pl.col("years").median().alias("median_years"),
            pl.col("left_censored").mean().alias("older"),
            pl.col("right_censored").mean().alias("going_on"),
        )
        .sort(pl.col("form").replace_strict({form: place for place, form in enumerate(FORMS)}, default=len(FORMS)))
    )
    frame, withheld = withhold(
        frame, ("spells", "median_years", "older", "going_on"), firm_columns(inputs.guard), inputs.guard
    )
    columns = (
        Column("form", "Form", "code", guarded=False),
        Column("spells", "Spells", "count"),
        Column("median_years", "Median recorded length", "count", "years"),
        Column("older", "May have begun before the records", "share", "% of spells"),
        Column("going_on", "Still going on at the end", "share", "% of spells"),
    )
    note = "Recorded lengths are lower bounds where a spell may have begun earlier or goes on."
    return [Table("table-spells", "Spells under one form", frame, columns, (note,), "table spells.", withheld)]
