"""The first page: what the report shows, in a few sentences, each with its number, its uncertainty and its section."""

from __future__ import annotations

from typing import Any

import polars as pl

from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Paragraph, Statement
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import (
    DIRECTIONS,
    KINDS,
    composition,
    directions,
    one_sided,
    only_buyer,
    sharpening,
    silent,
    upgrading_year,
    yearly,
)
from sinos.report.sections_claims import verdicts_in_words
from sinos.report.sections_cluster import main_buyer_words
from sinos.report.sections_governance import latest, share_of
from sinos.report.text import direction, estimate, sureness
from sinos.results import Result


def front(inputs: Inputs, claims: Result | None = None) -> tuple[Block, ...]:
    """Return the blocks of the first page; ``claims`` is what ``test`` returned, if the report shows it."""
    about = inputs.study.about
    caveats = (Bullets(tuple(Statement(text) for text in about.caveats), tone="warning"),) if about.caveats else ()
    description = (Paragraph(about.description),) if about.description else ()
    box = Bullets(statements(inputs, claims), boxed="What this shows")
    return (Paragraph(_what(inputs), "lead"), *description, box, *caveats)


def banner(inputs: Inputs) -> str:
    """Return the warning at the top of a report on records that were not observed."""
    if not inputs.study.about.reconstruction:
        return ""
    return (
        "These records were made, not observed. Every number below is an illustration of the method; no firm, "
        "relation or amount is "
        "a fact about the world."
    )


def statements(inputs: Inputs, claims: Result | None = None) -> tuple[Statement, ...]:
    """Return four to seven sentences; each stands on its own and points to the section behind it."""
    tested = None if claims is None else Statement(verdicts_in_words(claims), "claims", "The paper's claims")
    described = [_size(inputs), _governance(inputs), *_dependence(inputs), *_upgrading(inputs)]
    found = [*described, tested, _unsaid(inputs, claims is not None)]
    return tuple(statement for statement in found if statement is not None)


def _what(inputs: Inputs) -> str:
    years = inputs.overall().years
    if not years:
        return "The records hold no relation between a supplier and a buyer."
    gaps = "" if len(years) == years[-1] - years[0] + 1 else f" (with records for {fmt.plural(len(years), 'year')})"
    period = f"{years[0]}" if len(years) == 1 else f"{years[0]} to {years[-1]}{gaps}"
    clusters = len(inputs.clusters)
    where = f" in {fmt.plural(clusters, 'cluster')}" if clusters > 1 else ""
    subject = f" the cluster {fmt.name(inputs.focus, 80)} in" if inputs.focus else ""
    rest = "; other clusters are compared in section 2" if inputs.focus else ""
    return (
        f"Records of who sold what to whom{where}, {period}. The report describes{subject} {inputs.year} unless "
        f"it says "
        f"otherwise{rest}."
    )


def _size(inputs: Inputs) -> Statement | None:
    frame, _ = yearly(inputs)
    rows = frame.filter(in_year(inputs.year))
    if not rows.height:
        return Statement("There are no relations to describe.", "data", "The data")
    row = rows.row(0, named=True)
    if row["withheld"]:
        return Statement(f"The totals of {row['year']} are withheld: too few firms.", "cluster", "At a glance")
    where = f" in {fmt.name(inputs.focus, 60)}" if inputs.focus else ""
    before = frame.filter(pl.col("year") < row["year"]).select("year", "main_buyer_share").rows()
    text = (
        f"In {row['year']}, {fmt.plural(row['suppliers'], 'supplier')}{where} sold "
        f"{fmt.money(row['value'], inputs.currency)} to "
        f"{fmt.plural(row['buyers'], 'buyer')}; {main_buyer_words(inputs, row)}"
    )
    largest = row["largest_main_buyer_share"]
    if only_buyer(inputs) is not None:
        return Statement(f"{text}. Recorded sales are counted, not estimated.", "cluster", "At a glance")
    if largest is not None and row["suppliers"] > 1 and inputs.guard.single_buyers:
        text += f" and {fmt.percent(largest)} of those of the largest suppliers"
    elif before and inputs.guard.single_buyers:
        words = direction(before[0][1], row["main_buyer_share"])
        text += f", {words} {'the share ' if words.startswith('about') else ''}in {before[0][0]}" if words else ""
    return Statement(f"{text}. Recorded sales are counted, not estimated.", "cluster", "At a glance")


def _governance(inputs: Inputs) -> Statement | None:
    frame, _ = composition(inputs)
    if not frame.height:
        return Statement("No relation could be classified.", "governance", "Governance")
    row = latest(inputs, frame)
    share, low, high = share_of(row, "quasi_hierarchy")
    if share is None:
        return Statement("The composition of governance is withheld or unknown.", "governance", "Governance")
    undetermined = row["undetermined_share"]
    tail = (
        f" {fmt.percent(undetermined)} of value is in relations whose form cannot be named"
        if isinstance(undetermined, float)
        else ""
    )
    fields = sharpening(inputs)
    field = fmt.label(fields["sharpen_field"][0]) if fields.height else ""
    if silent(undetermined):
        return Statement(_unnamed(row, field, estimate(share, low, high)), "governance", "Governance")
    tail += f"; knowing “{field}” would help most." if tail and field else "." if tail else ""
    return Statement(
        f"Quasi-hierarchy is expected to govern {estimate(share, low, high)} of value in {row['year']}: "
        f"{sureness(low, high)}.{tail}",
        "governance",
        "Governance",
    )


def _unnamed(row: dict[str, Any], field: str, share: str) -> str:
    """Return the statement where no form can be named: what is printed then is belief, not finding."""
    unknown = row["undetermined_share"]
    return (
        f"How relations are governed cannot be read from these records: no form could be named for "
        f"{'any' if unknown > 1 - 1e-9 else fmt.percent(unknown)} of the value of {row['year']}. "
        f"The probability of quasi-hierarchy, {share}, says little more than what was held before any evidence."
        + (f" Knowing “{field}” would help most." if field else "")
    )


def _dependence(inputs: Inputs) -> list[Statement]:
    if only_buyer(inputs) is not None:
        text = "The records are those of one buyer, so they do not show how much a supplier depends on it."
        return [Statement(text, "lock-in", "Dependence and lock-in")]
    rows = inputs.frame("lock_in").filter(in_year(inputs.year), pl.col("lock_in").is_not_null())
    shares = inputs.frame("supplier_years").filter(in_year(inputs.year))["top1_share"].drop_nulls()
    least = inputs.guard.min_cell if inputs.guard.suppliers else 1
    found = []
    if shares.len() >= least and shares.len() > 0:
        over = int((shares >= 0.8).sum())
        if not inputs.guard.active or over >= least or over == 0:
            text = f"{_of(over, shares.len())} sold 80{fmt.THIN}% or more of recorded sales to one buyer"
            text += _held(inputs, rows) + "."
            found.append(Statement(text, "lock-in", "Dependence and lock-in"))
    return found


def _of(over: int, total: int) -> str:
    if total == 1:
        return "The one supplier" if over else "The one supplier has not"
    return f"{fmt.count(over)} of {fmt.plural(total, 'supplier')}"


def _held(inputs: Inputs, rows: pl.DataFrame) -> str:
    if not rows.height:
        return "; lock-in could not be computed"
    if not (inputs.guard.single_suppliers and inputs.guard.single_buyers):
        return ""
    top = rows.sort(["lock_in", "supplier"], descending=[True, False]).row(0, named=True)
    index = f"{fmt.decimal(top['lock_in'])}, {fmt.interval(top['low'], top['high'], share=False)}"
    return (
        f"; lock-in is highest for {fmt.name(top['supplier'], 60)}, held by {fmt.name(top['holder'], 60)} "
        f"(index {index}, for the form of governance only)"
    )


def _upgrading(inputs: Inputs) -> list[Statement]:
    frame, _ = directions(inputs)
    year = upgrading_year(inputs)
    said, blind = [], []
    for kind in KINDS:
        rows = frame.filter(pl.col("kind") == kind, ~pl.col("withheld"), pl.col("year") <= (year or 0))
        counts = dict(rows.filter(in_year(year)).select("direction", "units").iter_rows())
        if len(counts) < 4:
            continue
        if counts["up"] + counts["flat"] + counts["down"]:
            said.append(f"{fmt.label(kind)}: {_moves(counts, _only_changes(inputs, kind, year))}")
        elif last := _last_seen(rows):
            said.append(f"{fmt.label(kind)}: not observable; last seen in {last[0]}, {_moves(last[1], False)}")
        else:
            blind.append(fmt.label(kind))
    if blind:
        said.append(f"{fmt.listing(blind)}: not observable for any supplier")
    if not said:
        return [Statement("Upgrading is not observable, or withheld, for every kind.", "upgrading", "Upgrading")]
    return [
        Statement(
            f"Upgrading over the window ending {year}, in suppliers: {'; '.join(said)}.", "upgrading", "Upgrading"
        )
    ]


def _moves(counts: dict[str, int], changes_only: bool) -> str:
    """Say how many suppliers moved, of how many for which it could be seen."""
    moved = f"{fmt.count(counts['up'])} up and {fmt.count(counts['down'])} down"
    seen, hidden = counts["up"] + counts["flat"] + counts["down"], counts["not_observable"]
    if changes_only:
        return f"{moved} among {fmt.count(seen + hidden)}, where a change can be seen but not its absence"
    return f"{moved} of {fmt.count(seen)} observable" + (f" ({fmt.count(hidden)} not observable)" if hidden else "")


def _only_changes(inputs: Inputs, kind: str, year: int | None) -> bool:
    rows = inputs.frame("upgrading").filter(
        pl.col("level") == "supplier", pl.col("kind") == kind, in_year(year), pl.col("direction") != "not_observable"
    )
    return rows.height > 0 and rows.filter(one_sided(inputs)).height == rows.height


def _last_seen(rows: pl.DataFrame) -> tuple[int, dict[str, int]] | None:
    """Return the last year in which a kind was observable for some supplier, with its counts."""
    seen = rows.filter(pl.col("direction") != "not_observable", pl.col("units") > 0)["year"].to_list()
    if not seen:
        return None
    counts = rows.filter(in_year(max(seen))).select("direction", "units").iter_rows()
    return max(seen), dict.fromkeys(DIRECTIONS, 0) | dict(counts)


def _unsaid(inputs: Inputs, tested: bool) -> Statement:
    but = "only the claims ask what governance did" if tested else "nothing here says what governance did"
    text = f"Numbers of governance, dependence and upgrading are descriptions, not effects: {but} to upgrading."
    if inputs.study.coverage.domestic_sales != "recorded":
        text += " Sales at home are not known to be recorded, so upgrading on the home market may be hidden."
    if inputs.missing:
        text += " What could not be computed, in how many rows and why, is listed."
    return Statement(text, "limits", "What could not be said")
