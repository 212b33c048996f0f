"""Section on the paper's claims: one line per claim first, then what led to each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sinos.propositions.sentences import spoken
from sinos.propositions.tables import READINGS
from sinos.report import format as fmt
from sinos.report.blocks import (
    Block,
    Bullets,
    Column,
    Figure,
    Fold,
    Heading,
    Paragraph,
    Section,
    Statement,
    Table,
    Terms,
)
from sinos.report.charts import COLOURS, svg
from sinos.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_READINGS = ("draws", "none")
TENURES = (1, 2, 3, 5, 8, 12, 20)
"""Years of tenure that the report prints; the table has all."""
WEIGHTS = 10
"""Buyers whose weights the report prints; the table has all."""


def verdicts_in_words(claims: Result) -> str:
    """Return how many claims came to which verdict."""
    table = claims.frame("claims")
    counts = table.group_by("verdict").len().sort("verdict").iter_rows()
    said = ", ".join(f"{count} {word}" for word, count in counts)
    return f"Of {fmt.plural(table.height, 'claim')} of the paper, on these records: {said}."


def claims_section(claims: Result) -> Section:
    """Return the section on claims from what ``test`` returned."""
    table = claims.frame("claims")
    blocks: list[Block] = [
        Paragraph(verdicts_in_words(claims), "lead"),
        Paragraph(
            "Rules and primary outcomes were fixed before looking. A claim that is not supported is not refuted; one "
            "that is supported here may still have the rival explanations listed beside it.",
            "note",
        ),
        Table(
            "table-claims",
            "Claims and verdicts",
            table,
            (
                Column("claim", "claim"),
                Column("title", "what the paper claims"),
                Column("verdict", "verdict"),
                Column("because", "because"),
            ),
        ),
    ]
    blocks += [
        Fold(f"{row['claim']}: {row['title']} ({row['verdict']})", _details(claims, row))
        for row in table.iter_rows(named=True)
    ]
    return Section("claims", "The paper's claims", tuple(blocks))


def _details(claims: Result, row: dict[str, str]) -> tuple[Block, ...]:
    name = row["claim"]
    estimates = _of(claims, "claim_estimates", name)
    return (
        Heading(f"{name}: {row['title']}", f"claim-{name.lower()}"),
        _said(row),
        _power(claims, name),
        *_primary(name, estimates.filter(pl.col("estimate").is_not_null())),
        *_beside(name, estimates),
        *_checks(claims, name),
        *_incidence(claims, name),
        *_weights(claims, name),
        *_published(claims, name),
    )


def _said(row: dict[str, str]) -> Terms:
    return Terms(
        (
            ("The paper", f"\u201c{row['quote']}\u201d ({row['section']})"),
            ("Estimand", row["estimand"]),
            ("Verdict", f"{row['verdict']}: {row['because']}"),
            ("Rule", row["rule"]),
            ("Would contradict it", row["contradicted_by"]),
            ("Power, stated before any estimate", row["power"]),
            ("Rivals not excluded", row["open_rivals"].replace("_", " ") or "none of those named"),
            ("Pitfalls", row["pitfalls"]),
        )
    )


def _power(claims: Result, name: str) -> Table:
    return Table(
        f"table-power-{name.lower()}",
        "What can be tested",
        _of(claims, "claim_power", name),
        (
            Column("outcome", "outcome", "code"),
            Column("measure", "measured by"),
            Column("rows", "rows", "count"),
            Column("effective_clusters", "effective clusters", "index"),
            Column("effective_treated", "effective treated units", "index"),
            Column("detectable_sd", "detectable effect", "index", "sd"),
            Column("missing", "what is missing"),
        ),
    )


def _checks(claims: Result, name: str) -> list[Block]:
    return _unless_empty(
        f"table-battery-{name.lower()}",
        "Robustness",
        _of(claims, "claim_battery", name),
        Column("outcome", "outcome", "code"),
        Column("check", "check"),
        Column("outcome_of", "result", "code"),
        Column("estimate", "estimate", "effect"),
        Column("p", "p", "index"),
        Column("note", "note"),
    )


def _published(claims: Result, name: str) -> list[Block]:
    return _unless_empty(
        f"table-evidence-{name.lower()}",
        "Published findings (none enters the verdict)",
        _of(claims, "claim_evidence", name),
        Column("agrees", "agrees", "code"),
        Column("finding", "finding"),
        Column("sample", "sample"),
        Column("design", "design"),
        Column("source", "source"),
        Column("verified", "read", "code"),
    )


def _primary(name: str, made: pl.DataFrame) -> list[Block]:
    """Return picture, sentences and table of the primary design, and its models in full."""
    panel = _in_words(made.filter(pl.col("design") == "panel"))
    if not panel.height:
        return []
    first = made.filter((pl.col("design") == "panel") & pl.col("reading").is_in(_READINGS))
    models = "; ".join(panel["formula"].unique(maintain_order=True))
    return [
        _figure(name, made),
        Bullets(tuple(Statement(text) for text in first["in_words"].drop_nulls())),
        Table(
            f"table-estimates-{name.lower()}",
            "Primary estimates (95 % intervals)",
            panel,
            (
                Column("outcome", "outcome", "code"),
                Column("reading", "governance read by"),
                Column("estimate", "estimate", "effect", low="low", high="high"),
                Column("p", "p", "index"),
                Column("p_wild", "wild bootstrap p", "index"),
                Column("p_romano_wolf", "Romano-Wolf p", "index"),
                Column("rows", "rows", "count"),
                Column("clusters", "clusters", "count"),
            ),
        ),
        Paragraph(f"Effect of {panel['term'][0]}. Models: {models}.", "note"),
    ]


def _beside(name: str, estimates: pl.DataFrame) -> list[Block]:
    """Return the table of the designs that do not change the verdict, and why others give no number."""
    others = estimates.filter((pl.col("design") != "panel") & pl.col("reading").is_in((*_READINGS, "expected")))
    refused = others.filter(pl.col("estimate").is_null())
    reasons = refused.select("design", "note").unique(maintain_order=True).iter_rows()
    why = tuple(Statement(f"{fmt.label(design)}: {note}") for design, note in reasons)
    lost: list[Block] = [Fold("Designs that give no number", (Bullets(why),))] if why else []
    rows = _in_words(others.filter(pl.col("estimate").is_not_null() & pl.col("reading").is_in(_READINGS)))
    if not rows.height:
        return lost
    return [
        Table(
            f"table-designs-{name.lower()}",
            "Other designs, which do not change the verdict (95 % intervals)",
            rows,
            (
                Column("design", "design", "code"),
                Column("outcome", "outcome", "code"),
                Column("term", "effect of"),
                Column("estimate", "estimate", "effect", low="low", high="high"),
                Column("p", "p", "index"),
                Column("rows", "rows", "count"),
            ),
        ),
        Paragraph(
            "Designs that sort suppliers or relations by form count a form from half of the probability. The most "
            "probable form beside each, and every model, note and sentence, stand in tables/claim_estimates.",
            "note",
        ),
        *lost,
    ]


def _in_words(rows: pl.DataFrame) -> pl.DataFrame:
    """Write columns and readings of governance in words."""
    return rows.with_columns(
        pl.col("outcome", "term").map_elements(spoken, return_dtype=pl.String),
        pl.col("reading").replace({**READINGS, "none": "not in the model"}),
    )


def _incidence(claims: Result, name: str) -> list[Block]:
    rows = _of(claims, "claim_incidence", name)
    known = pl.col("tenure").is_in(TENURES) & pl.col("incidence").is_not_null()
    return _unless_empty(
        f"table-incidence-{name.lower()}",
        "Share of relations that have left the form, or ended, by years of tenure (95 % intervals)",
        rows.filter((pl.col("reading") == "draws") & known),
        Column("group", "form of governance", "code"),
        Column("cause", "what ended it", "code"),
        Column("tenure", "years", "count"),
        Column("incidence", "share so far", "share", low="low", high="high"),
        Column("at_risk", "relations at risk", "count"),
    )


def _weights(claims: Result, name: str) -> list[Block]:
    return _unless_empty(
        f"table-weights-{name.lower()}",
        "Rotemberg weights: how much each buyer drives the shift-share estimate",
        _of(claims, "claim_weights", name).head(WEIGHTS),
        Column("buyer", "buyer"),
        Column("weight", "weight", "index"),
        Column("estimate", "its own estimate", "effect"),
        Column("first_stage_f", "its own first-stage F", "index"),
    )


def _unless_empty(identity: str, title: str, rows: pl.DataFrame, *columns: Column) -> list[Block]:
    return [Table(identity, title, rows, columns)] if rows.height else []


def _range(row: dict[str, Any]) -> str:
    return f"{fmt.effect(row['estimate'])} ({fmt.effect(row['low'])} to {fmt.effect(row['high'])})"


def _of(claims: Result, table: str, name: str) -> pl.DataFrame:
    return claims.frame(table).filter(pl.col("claim") == name)


def _figure(name: str, made: pl.DataFrame) -> Figure:
    shown = made.filter((pl.col("design") == "panel") & pl.col("reading").is_in(_READINGS)).to_dicts()

    def draw(axes: Axes) -> None:
        for place, row in enumerate(reversed(shown)):
            axes.plot([row["low"], row["high"]], [place, place], color=COLOURS["first"], linewidth=1.6)
            axes.plot([row["estimate"]], [place], "o", color=COLOURS["first"], markersize=4)
        axes.axvline(0.0, color=COLOURS["ink"], linewidth=0.7)
        axes.set_yticks(range(len(shown)), [fmt.label(row["outcome"]) for row in reversed(shown)])
        axes.margins(y=0.4)

    words = "; ".join(f"{fmt.label(row['outcome'])}: {_range(row)}" for row in shown)
    picture = svg(
        draw, id=f"figure-claim-{name.lower()}-panel", title=f"{name}: estimates", description=words or "None."
    )
    return Figure(f"figure-claim-{name.lower()}", f"{name}: primary estimates with 95 % intervals", (picture,))
