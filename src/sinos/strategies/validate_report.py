"""The report of the known-truth loop, as Markdown or HTML, with the command that makes it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import polars as pl

from sinos.governance.indicators import load_theory
from sinos.strategies.names import FORMS
from sinos.strategies.validate import BOUNDS, Validation

Rows = Sequence[tuple[str, ...]]

WORDS = {form: form.replace("_", "-") for form in FORMS} | {"undetermined": "undetermined"}

OVERCLAIMED = 0.15
"""Log odds by which an indicator must claim more than is honest to be listed."""

DEFINITION = (
    "The true form of a relation-year is the coordination that the buyer chose in the model by comparing costs. A "
    "hierarchy is owned by the buyer. In a quasi-hierarchy the buyer designs and inspects but does not own. In a "
    "network "
    "the supplier designs and the two coordinate. In a market the supplier designs and nobody coordinates. Who "
    "performs "
    "logistics, sourcing and marketing, and whether the buyer asked for most of the supplier's capacity, is kept "
    "beside "
    "the form. No shipment depends on the form directly."
)
HALVES = (
    "Parameters are drawn from their plausible ranges. A plane through the middle of the parameter space cuts it in "
    "two. "
    "All scores below come from worlds of the second half; the first half serves only the last section."
)
EASIER = (
    "The survey is easier here than in life. In the model the form decides who designs, and answers are disturbed but "
    "honest; so the levels with a survey are upper bounds. Customs records are harder than they may be in life: "
    "trade tells of forms only through volume, duration and who performs what."
)
PROCESS = (
    "Process verdicts rest on the first measure that moved, mostly the defect rate. In the model, as in a factory, "
    "defects also change with the customers served (complexity, coordination) while capability does not, so the "
    "verdict "
    "is often a change of customers."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One section: title, paragraphs, and a table (header and rows of text) or none."""

    title: str
    text: tuple[str, ...]
    table: tuple[tuple[str, ...], Rows] | None = None


def markdown(result: Validation, command: str) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    result
        What was validated.
    command
        The command that makes this report again.
    """
    lines = ["# What Sinos recovers when the truth is known", ""]
    for part in parts(result, command):
        lines += [f"## {part.title}", ""]
        for paragraph in part.text:
            lines += [paragraph, ""]
        if part.table is not None:
            header, rows = part.table
            lines += [_line(header), _line(tuple("---" for _ in header)), *(_line(row) for row in rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def html(result: Validation, command: str) -> str:
    """Return the report as one HTML page without outside resources."""
    body = ["<h1>What Sinos recovers when the truth is known</h1>"]
    for part in parts(result, command):
        body.append(f"<h2>{escape(part.title)}</h2>")
        body += [f"<p>{escape(paragraph)}</p>" for paragraph in part.text]
        if part.table is not None:
            header, rows = part.table
            head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
            cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
            body.append(f"<table><thead><tr>{head}</tr></thead><tbody>")
            body += [f"<tr>{row}</tr>" for row in cells]
            body.append("</tbody></table>")
    style = (
        "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a}"
        "table{border-collapse:collapse;font-size:90%}"
        "th,td{border-bottom:1px solid #ccc;padding:.3em "
        ".6em;text-align:left}"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>What Sinos recovers when the truth is known</title>"
        f"<style>{style}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def parts(result: Validation, command: str) -> list[Part]:
    """Return the sections of the report."""
    options = result.provenance.options
    about = (
        f"Simulated worlds, not data. {options['worlds']} worlds of the second half"
        + (f" and {options['first_half']} of the first" if options["first_half"] else "")
        + f", seed {result.provenance.seed}, market structures: {', '.join(options['scenarios'])}. "
        f"Made by `{command}`."
    )
    evidence = (
        f"Evidence model in force: forms.yaml and indicators.yaml, SHA-256 {result.provenance.inputs['evidence'][:12]}."
    )
    return [
        Part("What was done", (about, DEFINITION, HALVES, EASIER, evidence), _levels(result)),
        _forms(result),
        _confusion(result),
        _calibration(result),
        _upgrading(result),
        _lock_in(result),
        *_first_half(result),
    ]


def _levels(result: Validation) -> tuple[tuple[str, ...], Rows]:
    return ("level", "what a user has"), [tuple(row) for row in result.frame("levels").iter_rows()]


def _forms(result: Validation) -> Part:
    spread = result.frame("worlds").group_by("level").agg(low=pl.col("macro_f1").min(), high=pl.col("macro_f1").max())
    ranges = {level: f"{_n(low)} to {_n(high)}" for level, low, high in spread.iter_rows()}
    rows = [
        (
            row["level"], f"{row['relation_years']:,}", _n(row["macro_f1"]), ranges[row["level"]], _n(row["accuracy"]),
            _n(row["most_frequent"]), _n(row["brier"]), _n(row["brier_base_rate"]), _n(row["calibration_error"]),
            _n(row["named_share"]), _n(row["accuracy_named"]),
        )
        for row in result.frame("forms").to_dicts()
    ]  # fmt: skip
    text = (
        "Macro-F1 is the mean over forms that occur at least 30 times. The Brier score is over four forms: 0 is "
        "perfect; "
        "the base rate is what somebody scores who knows only how frequent each form is. A form is named where its "
        "posterior reaches 0.6; elsewhere the answer is undetermined. The range is over single worlds.",
        _against_base_rate(result),
    )
    header = ("level", "relation-years", "macro-F1", "range", "accuracy", "always the most frequent", "Brier",
              "Brier of base rate", "calibration error", "share named", "accuracy where named")  # fmt: skip
    return Part("Recovered governance", text, (header, rows))


def _against_base_rate(result: Validation) -> str:
    """Say at which levels the posteriors are no better than knowing how frequent the forms are."""
    forms = result.frame("forms")
    worse = forms.filter(pl.col("brier") >= pl.col("brier_base_rate"))["level"].to_list()
    better = forms.filter(pl.col("brier") < pl.col("brier_base_rate"))["level"].to_list()
    text = f"Better than the base rate by the Brier score: {', '.join(better) or 'no level'}."
    if worse:
        text += (
            f" Not better: {', '.join(worse)}. A user does not know the base rate, so this is not an alternative, but "
            f"it "
            "says how little such records tell: rely on them for lasting shares and dependence, not for forms."
        )
    return text


def _confusion(result: Validation) -> Part:
    wide = result.frame("confusion").pivot(on="found", index=["level", "truth"], values="count", maintain_order=True)
    total = pl.sum_horizontal(*FORMS, "undetermined")
    known = wide.filter(total > 0)
    rows = [
        (row["level"], WORDS[row["truth"]], *(f"{row[name]:,}" for name in (*FORMS, "undetermined")))
        for row in known.to_dicts()
    ]
    header = ("level", "true form", *(f"named {WORDS[name]}" for name in FORMS), "undetermined")
    return Part("Confusion", ("Relation-years by true form and by the form that Sinos names.",), (header, rows))


def _calibration(result: Validation) -> Part:
    known = result.frame("calibration").filter(pl.col("count") > 0)
    rows = [
        (row["level"], f"{row['low']:.1f} to {row['high']:.1f}", f"{row['count']:,}", _n(row["said"]), _n(row["true"]))
        for row in known.to_dicts()
    ]
    text = (
        "When Sinos says that a form is probable to this degree, how often is it the true one? The two last columns "
        "are "
        "equal for a calibrated classifier; the calibration error above is their mean distance.",
    )
    return Part("Calibration", text, (("level", "posterior", "relation-years", "said", "true"), rows))


def _upgrading(result: Validation) -> Part:
    rows = [
        (
            row["level"], row["kind"], f"{row['windows']:,}", _n(row["observed"]), _n(row["accuracy"]),
            _n(row["most_frequent"]), _n(row["macro_f1"]), _n(row["wrong_sign"]),
        )
        for row in result.frame("upgrading").to_dicts()
    ]  # fmt: skip
    text = (
        "Windows of suppliers, by kind. Truth is the change of capability in log points (flat within 0.05), or the "
        "gain "
        "or loss of skilled functions. A relative unit value can only show gains on others, so product upgrading "
        "is also held against the change relative to the median supplier. Shares among windows in which a direction is "
        "given; wrong sign is up for down or down for up. The model has one sector: inter-sectoral upgrading is not "
        "tested.",
        PROCESS,
    )
    header = ("level", "kind", "windows", "observed", "accuracy", "always the most frequent", "macro-F1", "wrong sign")
    return Part("Recovered upgrading", text, (header, rows))


def _lock_in(result: Validation) -> Part:
    rows = [
        (
            row["level"], f"{row['supplier_years']:,}", _n(row["observed"]), _n(row["rank_true"]), _n(row["rank_fear"]),
            _n(row["auc_deterred"]),
        )
        for row in result.frame("lock_in").to_dicts()
    ]  # fmt: skip
    text = (
        "The index is held against itself with nothing estimated (true), against the loss that suppliers in the model "
        "fear from building design or marketing, and against whether that fear exceeds half of what they expect to "
        "gain "
        "(deterred). Rank correlations and areas are means over worlds; an area of 0.5 is chance.",
    )
    header = ("level", "supplier-years", "observed", "rank correlation, true index", "rank correlation, fear",
              "area under curve, deterred")  # fmt: skip
    return Part("Recovered lock-in", text, (header, rows))


def _first_half(result: Validation) -> list[Part]:
    frame = result.frame("indicators")
    if not frame.height:
        return []
    temperatures = ", ".join(f"{level} {power:.2f}" for level, power in result.frame("temperatures").iter_rows())
    text = (
        "Seen in the first half only, and not applied here. For each indicator and pair of forms: the log odds that "
        "the "
        "packaged likelihoods would give to the true form on average if they were right (claims), what they do give "
        "(tells; negative misleads), and what likelihoods equal to the shares seen give (honest). Listed are those "
        "that "
        "claim at least 0.15 more than is honest, the largest gap first: their likelihoods are the ones to flatten. "
        "The worlds are made by the model, so a change also needs a reason in theory or data.",
        f"Power to which posteriors should be raised for the best log score (below 1: they claim too much): "
        f"{temperatures}.",
    )
    gap = pl.col("claims") - pl.col("honest")
    listed = frame.filter(gap >= OVERCLAIMED).sort("degradation", gap, descending=[False, True], maintain_order=True)
    numbers = ("claims", "told", "honest")
    rows = [
        (row["degradation"], row["indicator"], row["pair"].replace("_", "-"), *(_n(row[name]) for name in numbers))
        for row in listed.to_dicts()
    ]
    header = ("level", "indicator", "between", "claims (nats)", "tells", "honest")
    return [Part("What the first half would suggest", text, (header, rows)), *_bounds(result)]


def _bounds(result: Validation) -> list[Part]:
    frame = result.frame("bounds")
    if not frame.height:
        return []
    inside = load_theory().max_odds
    text = (
        "Worlds of the first half, customs records alone: scores if the odds of network to quasi-hierarchy were held "
        "within another bound where nothing tells who designs, sets processes or inspects. In force, chosen on worlds "
        f"of the first half, is {inside:g}. Lower scores are better; under a bound of 1 the two are always equally "
        "probable.",
    )
    rows = [
        (
            "none" if row["max_odds"] == BOUNDS[-1] else f"{row['max_odds']:g}",
            f"{row['log_score']:.3f}",
            f"{row['brier']:.3f}",
            *(_n(row[name]) for name in ("named_share", "accuracy_named", "coordinated_share", "accuracy_coordinated")),
        )
        for row in frame.to_dicts()
    ]
    header = (
        "bound", "log score", "Brier", "share named", "accuracy where named",
        "share named network or quasi-hierarchy", "accuracy of these",
    )  # fmt: skip
    return [Part("The bound on network against quasi-hierarchy", text, (header, rows))]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _n(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
