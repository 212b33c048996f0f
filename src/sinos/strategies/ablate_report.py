"""The page on ablations: which claim survives what, with the command that makes it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from sinos.strategies.ablate import PLACEBOS, Ablation
from sinos.strategies.ablations import ABLATIONS
from sinos.strategies.assumptions import ILLUSTRATION
from sinos.strategies.checks import sinos_checks
from sinos.strategies.outcomes import SAFE
from sinos.strategies.simulation import Simulation


def ablation_page(result: Ablation, command: str, simulation: Simulation | None = None) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    result
        What was found.
    command
        The command that makes the page again.
    simulation
        A simulation of the Sinos scenario, for the in-sample checks; left out when not given.
    """
    options = result.provenance.options
    lines = ["# Which claim survives what", "", ILLUSTRATION, ""]
    lines += [
        f"Made by `{command}`: scenario {options['scenario']}, {options['replications']} replications of each "
        f"ablation, "
        f"{options['draws']} draws over the ranges of all parameters, {PLACEBOS} placebos, seed "
        f"{result.provenance.seed}.",
        "",
        f"A claim is **fragile** when it holds in fewer than {SAFE:.0%} of draws, and **not reproduced** when it "
        f"fails in "
        "the baseline. Values are positive when the claim holds; growth claims are in capability a year.",
        "",
    ]
    lines += (
        _verdicts(result)
        + _rejection(result)
        + _ablations(result)
        + _placebo(result)
        + _drivers(result)
        + _outcomes(result)
    )
    if simulation is not None:
        lines += _checks(simulation)
    lines += [
        "## Assumptions that do the work",
        "",
        *(f"- {text}" for text in result.frame("assumptions")["assumption"]),
    ]
    return "\n".join(lines) + "\n"


def _verdicts(result: Ablation) -> list[str]:
    rows = [
        (
            row["claim"], row["words"], row["proposition"], _n(row["baseline"]), _p(row["draws"]), _p(row["placebo"]),
            _undone(row), f"**{row['verdict']}**",
        )
        for row in result.frame("verdicts").to_dicts()
    ]  # fmt: skip
    header = ("claim", "in words", "about", "baseline", "holds in draws", "placebos as large", "undone by", "verdict")
    return ["## Verdicts", "", *_table(header, rows), ""]


def _undone(row: dict[str, Any]) -> str:
    """Name what undoes a claim; one that has no value, or fails in the baseline already, has nothing to be undone."""
    if row["baseline"] is None:
        return ""
    return (row["undone_by"] or "nothing") if row["baseline"] > 0 else "fails in the baseline"


def _rejection(result: Ablation) -> list[str]:
    """Hold the model against the rules under which it was to be rejected."""
    values = {(row["claim"], row["ablation"]): row["value"] for row in result.frame("ablations").to_dicts()}
    gap = values.get(("functional Q<M", "practise all, retaliation off"))
    verdicts = result.frame("verdicts")
    drawn = verdicts.filter(pl.col("baseline") > 0, pl.col("draws").is_not_null())
    dealt = verdicts.filter(pl.col("proposition") == "P1", pl.col("placebo").is_not_null())
    flips = drawn.filter(pl.col("draws") < SAFE)["claim"].to_list()
    through = dealt.filter(pl.col("placebo") > 0.05)["claim"].to_list()
    named = "**these claims are rejected**"
    rows = [
        ("i", "the functional gap stays with function allocation and retaliation off",
         *_outcome(gap is not None, [f"gap {_n(gap)}"], "**rejected**" if gap and gap > 0 else "")),
        ("ii", "results flip in over 20 % of draws", *_outcome(drawn.height > 0, flips, named if flips else "")),
        ("iii", "shuffled governance still gives P1", *_outcome(dealt.height > 0, through, named if through else "")),
        ("iv", "on a user's data, a Markov chain predicts transitions of form as well", "needs data", "not tested"),
    ]  # fmt: skip
    return ["## Rules of rejection", "", *_table(("rule", "reject if", "found", "outcome"), rows), ""]


def _outcome(tried: bool, found: list[str], rejected: str) -> tuple[str, str]:
    """Say what was found and what it came to; without a value there is nothing that a rule could have rejected."""
    return (", ".join(found) or "none", rejected or "not rejected") if tried else ("", "not tested")


def _ablations(result: Ablation) -> list[str]:
    wide = result.frame("ablations").pivot(on="ablation", index="claim", values="value", maintain_order=True)
    rows = [(row["claim"], *(_n(row[name]) for name in ABLATIONS)) for row in wide.to_dicts()]
    text = "Each ablation changes one thing and repeats the baseline with the same luck. Negative: the claim fails."
    return ["## Ablations", "", text, "", *_table(("claim", *ABLATIONS), rows), ""]


def _placebo(result: Ablation) -> list[str]:
    rows = [
        (
            row["claim"], _n(row["value"]), _n(row["shuffled_mean"]), _n(row["shuffled_widest"]),
            _p(row["share_as_large"]),
        )
        for row in result.frame("placebo").to_dicts()
    ]  # fmt: skip
    text = (
        "Governance shares are dealt out anew among the suppliers of each replication and year. If a claim still "
        "came out, it would not be about governance."
    )
    header = ("claim", "found", "mean when shuffled", "widest when shuffled", "as large when shuffled")
    return ["## Shuffled governance", "", text, "", *_table(header, rows), ""]


def _drivers(result: Ablation) -> list[str]:
    grouped = result.frame("drivers").group_by("claim", maintain_order=True).agg(
        text=pl.format("{} ({})", "parameter", pl.col("rank_correlation").round(2).cast(pl.String)).str.join("; ")
    )  # fmt: skip
    if not grouped.height:
        return []
    text = "Rank correlation of the claim's value with the drawn parameters; the three strongest."
    return ["## What moves the claims", "", text, "", *_table(("claim", "parameters"), grouped.rows()), ""]


def _outcomes(result: Ablation) -> list[str]:
    rows = [
        (
            row["name"], row["scenario"], row["claim"], _n(row["value"]), _p(row["share"]),
            {True: "hit", False: "**miss**", None: "not known"}[row["hit"]], row["source"],
        )
        for row in result.frame("outcomes").to_dicts()
    ]  # fmt: skip
    text = (
        "What was expected was written down before these scenarios were first run, and nothing was tuned on them. A "
        "hit "
        f"is a positive mean and a positive value in at least {SAFE:.0%} of replications."
    )
    header = ("number", "scenario", "expected", "value", "share of replications", "outcome", "source")
    return ["## Out of sample", "", text, "", *_table(header, rows), ""]


def _checks(simulation: Simulation) -> list[str]:
    rows = [
        (
            row["name"], row["claim"], row["threshold"], _n(row["value"]), _p(row["share"]),
            {True: "hit", False: "**miss**", None: "not known"}[row["hit"]],
        )
        for row in sinos_checks(simulation).to_dicts()
    ]  # fmt: skip
    text = (
        "The scenario's volumes and competences were chosen knowing the account, so hits here are no evidence for it."
    )
    header = ("number", "claim", "threshold", "value", "share of replications", "outcome")
    return ["## In sample: the Sinos Valley", "", text, "", *_table(header, rows), ""]


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [_line(header), _line(tuple("---" for _ in header)), *(_line(row) for row in rows)]


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _n(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"
