"""Sections on main buyers, and on dependence and lock-in: how much, through which part, and who holds it."""

from __future__ import annotations

import polars as pl

from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Column, Figure, Heading, Paragraph, Section, Table
from sinos.report.disclosure import withhold
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import banded, firm_columns, only_buyer, silent, span

EDGES = tuple(step / 10 for step in range(11))


def buyers_section(inputs: Inputs) -> Section:
    """Return the section on the main buyers of the report year."""
    title = "Main buyers"
    if not inputs.guard.single_buyers:
        buyers = inputs.frame("buyer_years").filter(in_year(inputs.year)).height
        text = f"The list of buyers is withheld: each of its {fmt.plural(buyers, 'row')} would be about one buyer."
        return Section("buyers", title, (Paragraph(text, "note"),))
    frame = _buyers(inputs)
    if not frame.height:
        return Section("buyers", title, (Paragraph("No buyer traded in the year described.", "note"),))
    total, top = frame.height, inputs.study.output.top
    firms = firm_columns(inputs.guard)
    blank = ("value", "share", "suppliers", "p_quasi_hierarchy", "dependent_share")
    frame, withheld = withhold(frame, blank, firms, inputs.guard, within=())
    columns: tuple[Column, ...] = (
        Column("buyer", "Buyer", guarded=False),
        Column("type", "Type", "code", guarded=False),
        Column("value", "Purchases", "money"),
        Column("share", "Share of recorded sales", "share", bar=True),
        Column("suppliers", "Suppliers", "count"),
        Column("p_quasi_hierarchy", "Expected value under quasi-hierarchy", "share", "% of its purchases"),
        Column("dependent_share", "Bought from suppliers that sell it half or more", "share", "% of its purchases"),
    )
    if frame["type"].is_null().all():
        columns = tuple(column for column in columns if column.name != "type")
    table = Table(
        "table-buyers",
        f"Main buyers in {inputs.year}",
        frame.head(top),
        columns,
        notes=(f"The {top} largest of {fmt.count(total)} buyers.",) if total > top else (),
        source="tables relation_years and governance.",
        withheld=withheld,
        currency=inputs.currency,
    )
    return Section("buyers", title, (Paragraph(_leads(inputs)), table))


def _buyers(inputs: Inputs) -> pl.DataFrame:
    keys = ["supplier", "buyer", "year"]
    trade = inputs.frame("relation_years").filter(in_year(inputs.year))
    posterior = inputs.frame("governance").select(*keys, "p_quasi_hierarchy")
    types = _types(inputs)
    known = pl.col("p_quasi_hierarchy").is_not_null()
    weight = pl.col("value").filter(known).sum()
    total = trade["value"].sum()
    return (
        trade.join(posterior, on=keys, how="left")
        .group_by("buyer")
        .agg(
            pl.col("value").sum(),
            pl.col("supplier").n_unique().alias("suppliers"),
            pl.when(weight > 0)
            .then((pl.col("value") * pl.col("p_quasi_hierarchy")).sum() / weight)
            .alias("p_quasi_hierarchy"),
            pl.when(pl.col("value").sum() > 0)
            .then(pl.col("value").filter(pl.col("supplier_dependence") >= 0.5).sum() / pl.col("value").sum())
            .alias("dependent_share"),
        )
        .with_columns(pl.when(total > 0).then(pl.col("value") / total).alias("share"))
        .join(types, on="buyer", how="left")
        .sort(["value", "buyer"], descending=[True, False])
    )


def _types(inputs: Inputs) -> pl.DataFrame:
    return inputs.frame("buyers").select("buyer", "type").unique("buyer", keep="first", maintain_order=True)


def _leads(inputs: Inputs) -> str:
    rows = inputs.frame("cluster_governance").filter(in_year(inputs.year), pl.col("polarity").is_not_null())
    named = rows.sort("value", descending=True, nulls_last=True).head(3)
    parts = []
    for row in named.iter_rows(named=True):
        leads = [fmt.name(lead, 40) for lead in (row["lead_buyers"] or "").split(";") if lead.strip()]
        few = fmt.listing(leads[:5]) + (f" and {len(leads) - 5} more" if len(leads) > 5 else "")
        names = f" ({few})" if leads else ""
        parts.append(f"{fmt.plural(row['polarity'], 'lead buyer')}{names} in {fmt.name(row['cluster'], 60)}")
    if not parts:
        return "How many lead buyers coordinate the cluster could not be computed."
    text = f"In {inputs.year}, 80{fmt.THIN}% of explicit coordination came from {'; '.join(parts)}."
    if all(silent(share) for share in named["undetermined_share"]):
        text += " These records hardly show who coordinates, so that lead buyers are little more than the largest ones."
    return text


def dependence_section(inputs: Inputs) -> Section:
    """Return the section on dependence and lock-in."""
    blocks = [*_dependence(inputs), *_lock_in(inputs), *_top(inputs), *_holders(inputs)]
    return Section("lock-in", "Dependence and lock-in", tuple(blocks))


def _dependence(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("supplier_years").filter(in_year(inputs.year), pl.col("top1_share").is_not_null())
    if not rows.height:
        return [Paragraph("No supplier's dependence could be computed.", "note")]
    if only_buyer(inputs) is not None:
        text = (
            "The records are those of one buyer. What suppliers sell to others is not among them, so every share of "
            f"recorded sales is 100{fmt.THIN}% and says nothing about dependence."
        )
        return [Paragraph(text, "warning")]
    shares = rows["top1_share"]
    over, middle = int((shares >= 0.8).sum()), shares.median()
    text = (
        f"In {inputs.year} {'the median supplier' if rows.height > 1 else 'the only supplier'} sold "
        f"{fmt.percent(middle if isinstance(middle, float) else None)} of its recorded sales "
        "to its main buyer"
    )
    if not inputs.guard.active or (over == 0 or over >= inputs.guard.min_cell):
        few = f"; {fmt.count(over)} of {fmt.plural(rows.height, 'supplier')} sold 80{fmt.THIN}% or more to one buyer"
        text += few if rows.height > 1 else ""
    if inputs.guard.active and rows.height < inputs.guard.min_cell:
        return [Paragraph("Dependence is withheld: too few suppliers.", "note")]
    return [Paragraph(text + "."), _distribution(inputs, rows)]


def _distribution(inputs: Inputs, rows: pl.DataFrame) -> Figure:
    classes = (pl.col("top1_share") * 10).floor().clip(0, 9).cast(pl.Int64).alias("class")
    counts = rows.group_by(classes).agg(pl.len().alias("suppliers"))
    frame = pl.DataFrame({"class": range(10)}).join(counts, on="class", how="left").fill_null(0).sort("class")
    frame, withheld = withhold(frame, ("suppliers",), firm_columns(inputs.guard), inputs.guard, within=())
    values = frame["suppliers"].to_list()
    panels = [
        charts.svg(
            lambda axes: charts.histogram(
                axes, values, EDGES, "main buyer's share of the supplier's sales", "suppliers"
            ),
            id="dependence-distribution",
            title=f"Dependence on the main buyer, {inputs.year}",
            description="; ".join(
                f"{step * 10} to {step * 10 + 10} %: {fmt.count(value)} suppliers"
                for step, value in enumerate(values)
                if value != 0
            ),
        )
    ]
    panels += _quantiles(inputs)
    notes: tuple[str, ...] = (f"× withheld: {fmt.plural(withheld, 'class', 'classes')}.",) if withheld else ()
    total = rows["top1_share_total"].is_not_null().sum() if "top1_share_total" in rows.columns else 0
    notes += (
        "Shares are of recorded sales."
        + _mixed(inputs)
        + (f" For {fmt.plural(int(total), 'supplier')} the share of total sales is known as well." if total else ""),
    )
    return Figure(
        "figure-dependence",
        "How dependent, and how locked in",
        tuple(panels),
        notes=notes,
        source="supplier_years; lock_in.",
    )


def _mixed(inputs: Inputs) -> str:
    """Warn where years differ in what the index is computed from: it then moves although nothing happened."""
    rows = inputs.frame("lock_in").filter(pl.col("lock_in").is_not_null())
    total = pl.col("basis").fill_null("").str.contains("dependence on total sales", literal=True)
    years = rows.group_by("year").agg(total.mean().alias("total")).sort("year")
    known = years.filter(pl.col("total") >= 0.5)["year"].to_list()
    if not known or len(known) == years.height:
        return ""
    return (
        f" In {fmt.plural(len(known), 'year')} of {years.height} (the last: {max(known)}) most suppliers' total sales "
        "are known from a survey; in the others recorded sales and assumptions stand in, and the index steps up and "
        "down between the two."
    )


def _quantiles(inputs: Inputs) -> list[str]:
    rows = inputs.frame("lock_in").filter(pl.col("lock_in").is_not_null())
    least = 4 * inputs.guard.min_cell if inputs.guard.active and inputs.guard.suppliers else 1
    frame = (
        rows.group_by("year")
        .agg(
            *(
                pl.col("lock_in").quantile(q, "linear").alias(n)
                for n, q in (("low", 0.25), ("mid", 0.5), ("high", 0.75))
            ),
            pl.len(),
        )
        .filter(pl.col("len") >= least)
        .sort("year")
    )
    if not frame.height:
        return []
    years = span(inputs)
    middle = banded(frame, years, "median", "second", ("mid", "low", "high"))
    text = charts.describe(years, [middle], fmt.decimal)
    return [
        charts.svg(
            lambda axes: charts.lines(axes, years, [middle]),
            id="lock-in-quantiles",
            title="Lock-in index (years of profit): median and middle half",
            description=text,
        )
    ]


def _lock_in(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("lock_in")
    if rows["lock_in"].is_null().all():
        reason = inputs.why("lock_in", "lock_in") or "no supplier has all parts of the index"
        return [Paragraph(f"The lock-in index could not be computed: {reason}.", "note")]
    return [
        Heading("Who is locked in, by whom, and through which part", "locked-in"),
        Paragraph(
            "The index multiplies four parts, summed over a supplier's buyers: dependence on the buyer, probability "
            "that the relation is a quasi-hierarchy, overlap between the functions still open to the supplier and the "
            "buyer's core competence, and the cost of leaving the buyer in years of profit. It is zero as soon as one "
            "part is zero, and it has no upper end. Its interval holds the uncertainty of the form of governance only; "
            "the other parts are taken as they stand, assumptions included, so that the true uncertainty is larger. "
            "It describes a position; it does not by itself say that upgrading was blocked."
        ),
    ]


def _top(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("lock_in").filter(in_year(inputs.year), pl.col("lock_in").is_not_null())
    if not rows.height:
        return []
    if not (inputs.guard.single_suppliers and inputs.guard.single_buyers):
        text = (
            f"The list of suppliers is withheld: each of its {fmt.plural(rows.height, 'row')} would be about one firm."
        )
        return [Paragraph(text, "note")]
    top = inputs.study.output.top
    frame = rows.sort(["lock_in", "supplier"], descending=[True, False]).head(top)
    columns = (
        Column("supplier", "Supplier"),
        Column("holder", "Held most by"),
        Column("lock_in", "Lock-in index", "index", "(90 % interval of the form)", "low", "high"),
        Column("dependence", "Dependence", "share", "% of sales", bar=True),
        Column("p_quasi_hierarchy", "Quasi-hierarchy", "share", "probability, %", bar=True),
        Column("core_overlap", "Core overlap", "share", "% of open functions", bar=True),
        Column("exit_cost_ratio", "Exit cost", "index", "years of profit"),
        Column("holder_share", "Holder's share of the index", "share"),
    )
    texts = frame["basis"].drop_nulls().to_list()
    bases = sorted({part.strip() for text in texts for part in text.split(";") if part.strip()})
    notes = ["The parts are those of the holder, the buyer that contributes most."]
    notes += (
        [f"{fmt.count(rows.height)} suppliers have an index; the {top} highest are shown."] if rows.height > top else []
    )
    notes += [f"Assumed: {fmt.listing([fmt.label(b) for b in bases[:6]])}."] if bases else []
    table = Table(
        "table-lock-in",
        f"Highest lock-in in {inputs.year}, with its parts",
        frame,
        columns,
        tuple(notes),
        "table lock_in.",
    )
    return [table]


def _holders(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("lock_in").filter(
        in_year(inputs.year), pl.col("lock_in").is_not_null(), pl.col("holder").is_not_null()
    )
    if not rows.height or not inputs.guard.single_buyers:
        return []
    frame = (
        rows.group_by("holder")
        .agg(
            pl.len().alias("suppliers"),
            pl.col("lock_in").median().alias("median"),
            pl.col("dependence").median().alias("dependence"),
            pl.col("p_quasi_hierarchy").mean().alias("p_quasi_hierarchy"),
        )
        .sort(["suppliers", "median", "holder"], descending=[True, True, False])
    )
    frame, withheld = withhold(
        frame,
        ("suppliers", "median", "dependence", "p_quasi_hierarchy"),
        firm_columns(inputs.guard),
        inputs.guard,
        within=(),
    )
    columns = (
        Column("holder", "Buyer", guarded=False),
        Column("suppliers", "Suppliers it holds most", "count"),
        Column("median", "Their median lock-in", "index"),
        Column("dependence", "Their median dependence", "share", "% of sales"),
        Column("p_quasi_hierarchy", "Mean probability of quasi-hierarchy", "share", "%"),
    )
    return [
        Table(
            "table-holders",
            f"Who holds lock-in, {inputs.year}",
            frame.head(10),
            columns,
            source="table lock_in.",
            withheld=withheld,
        )
    ]
