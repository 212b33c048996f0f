"""Sections on an exploration: regret, winners and losers, the scenario of breaking out, and sensitivity."""

from __future__ import annotations

import polars as pl

from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Column, Fold, Paragraph, Section, Statement, Table
from sinos.report.report import document
from sinos.report.text import cited
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.explore import COST_LIKE, FREE, RISE, Exploration
from sinos.strategies.metrics import METRICS
from sinos.strategies.parameters import parameters
from sinos.strategies.winners import OUTCOMES

SHOWN = 12
"""Parameters shown before the fold."""
HEADS = {
    "profit": "profit",
    "design_capability": "design capability",
    "closed": "closures",
    "price_paid": "price paid",
    "volume_bought": "volume bought",
}
"""Heads of columns; what they mean stands below the table."""


def exploration_page(found: Exploration) -> str:
    """Return one self-contained HTML document on an exploration.

    Parameters
    ----------
    found
        What ``explore`` returned.
    """
    options = found.provenance.options
    scenario = options["scenario"]
    last = scenario["start"] + scenario["years"] - 1
    sections = [_regret(found), _winners(found), _break_out(found)]
    if found.screening is not None:
        sections.append(_sensitivity(found))
    sections += [_assumptions(), _provenance(found)]
    title = f"Explored futures: {scenario['title'] or scenario['name'].replace('_', ' ')}"
    source = f"Years {scenario['start']}{fmt.DASH}{last}. Source of the scenario: {cited(scenario['source'])}"
    front = (Paragraph(ILLUSTRATION, "warning"), Paragraph(source))
    return document(title, None, sections, front=front)


def _regret(found: Exploration) -> Section:
    options = found.provenance.options
    metric = options["metric"]
    better = "less" if metric in COST_LIKE else "more"
    text = (
        f"All parameters were drawn over their ranges, {options['draws']} worlds with "
        f"{fmt.plural(options['replications'], 'replication')} each, and every strategy met the same worlds with the "
        f"same luck. The outcome is {METRICS[metric]} in the last year; {better} is better. Regret is how much worse a "
        "strategy does than the best of those compared, in the same world."
    )
    columns = (
        Column("strategy", "strategy"),
        Column("mean", "outcome, mean over worlds", "index"),
        Column("mean_regret", "mean regret", "index"),
        Column("high_regret", "regret exceeded in one world of ten", "index"),
        Column("max_regret", "largest regret", "index"),
        Column("share_best", "worlds in which it is best", "share"),
    )
    table = Table(
        "table-regret", "Regret across drawn worlds", found.frame("regret"), columns,
        notes=("Strategies are equally good in a world where both are best; shares may add to more than 100 %.",),
        source="simulated; table regret.",
    )  # fmt: skip
    if found.frame("regret").height < 2:
        text = (
            f"No strategy was given, so there is nothing to regret. Outcome without any: {METRICS[metric]}, mean over "
        )
        text += f"{options['draws']} worlds drawn over the ranges of all parameters "
        text += f"{fmt.decimal(found.frame('regret')['mean'][0])}."
        return Section("regret", "Which strategy one would regret least", (Paragraph(text),))
    return Section("regret", "Which strategy one would regret least", (Paragraph(text), table))


def _winners(found: Exploration) -> Section:
    frame = found.frame("winners")
    if not frame.height:
        return Section("winners", "Who wins and who loses", (Paragraph("No strategy was given to compare."),))
    moved = frame.filter(pl.col("difference") != 0)["strategy"].unique(maintain_order=True).to_list()
    idle = [name for name in frame["strategy"].unique(maintain_order=True) if name not in moved]
    blocks: list[Block] = [
        Paragraph(
            "Suppliers are grouped by what they were when the strategy began. A supplier that closes is replaced by a "
            "spin-off, whose profit counts on; closures are counted beside it. Intervals (95 %) are over replications "
            "at the scenario's own parameters: about chance, not about the truth of the assumptions."
        )
    ]
    blocks += [
        Paragraph(f"{name}: makes no difference to anybody in these replications, as when a vote fails.")
        for name in idle
    ]
    shown = frame.filter(pl.col("strategy").is_in(moved))
    blocks += [_sides(shown, side) for side in ("supplier", "buyer") if moved]
    return Section("winners", "Who wins and who loses", tuple(blocks))


def _sides(frame: pl.DataFrame, side: str) -> Table:
    """One row per strategy and group, the outcomes of that side beside each other."""
    outcomes = frame.filter(pl.col("side") == side)["outcome"].unique(maintain_order=True).to_list()
    key = ["strategy", "grouping", "group"]
    wide = frame.filter((pl.col("side") == side) & (pl.col("replications") > 0)).pivot(
        on="outcome", index=key, values=["difference", "low", "high", "gaining"], maintain_order=True
    )
    words = wide.with_columns(
        members=pl.concat_str("grouping", pl.lit(": "), pl.col("group").str.replace_all("_", " "))
    )
    columns = [Column("strategy", "strategy"), Column("members", "group")]
    for outcome in outcomes:
        columns.append(
            Column(f"difference_{outcome}", HEADS[outcome], "index", low=f"low_{outcome}", high=f"high_{outcome}")
        )
        if outcome != "closed":
            columns.append(Column(f"gaining_{outcome}", "better off", "share"))
    return Table(
        f"table-winners-{side}",
        f"{side.capitalize()}s: strategy less baseline",
        words,
        tuple(columns),
        notes=tuple(f"{HEADS[outcome].capitalize()}: {OUTCOMES[outcome]}." for outcome in outcomes),
        source="simulated; table winners.",
    )


def _break_out(found: Exploration) -> Section:
    seen = found.discovery
    draws = found.frame("draws").height
    text = (
        "The cluster breaks out of a world if, in most replications and without any strategy, design capability rises "
        f"by at least {fmt.percent(RISE)} of the frontier by the last year and at least {fmt.percent(FREE)} of export "
        "volume is outside quasi-hierarchy; else it stays locked in."
    )
    blocks: list[Block] = [Paragraph(text)]
    if seen is None or seen.density is None or seen.coverage is None:
        many = "none" if seen is None or not seen.cases else "all"
        blocks.append(
            Paragraph(f"It does so in {many} of the worlds to which a box would be fitted, so there is none.")
        )
        return Section("break-out", "Under what conditions the cluster breaks out", tuple(blocks))
    held = "not known" if seen.density_held_out is None else fmt.percent(seen.density_held_out)
    blocks.append(
        Paragraph(
            f"It does so in {seen.cases} of {draws} worlds ({fmt.percent(seen.cases / draws)}). The box below holds "
            f"{fmt.percent(seen.coverage)} of the cases it was fitted to; in the box {fmt.percent(seen.density)} of "
            f"worlds break out. On worlds held out from the fit it is {held}: trust this number, not the other."
        )
    )
    columns = (
        Column("meaning", "parameter"),
        Column("low", "at least", "index"),
        Column("high", "at most", "index"),
        Column("unit", "unit"),
        Column("p_value", "chance if the limit did not matter", "index"),
    )
    blocks.append(
        Table(
            "table-break-out",
            "Conditions under which the cluster breaks out",
            _named(seen.limits),
            columns,
            notes=("Empty: no limit on that side. Limits with a large chance are best ignored.",),
            source="simulated; patient rule induction; table break_out.",
        )
    )
    return Section("break-out", "Under what conditions the cluster breaks out", tuple(blocks))


def _sensitivity(found: Exploration) -> Section:
    seen = found.screening
    options = found.provenance.options
    if seen is None:
        return Section("sensitivity", "What the outcome hangs on", ())
    noise = "not known (one replication)" if seen.noise is None else fmt.percent(seen.noise)
    morris = options["method"] == "morris"
    how = (
        "mean absolute effect of moving the parameter through its whole range (Morris), with 95 % interval"
        if morris
        else "share of variance due to the parameter alone, and with all its interactions (Sobol), with 95 % intervals"
    )
    text = (
        f"Baseline, {METRICS[options['metric']]} in the last year, at {seen.points:,} points of "
        f"{fmt.plural(options['replications'], 'replication')}: {how}. Of the variance of single replications, {noise} "
        "is chance that no parameter explains."
    )
    columns = [Column("meaning", "parameter")]
    if morris:
        columns += [
            Column("effect", "effect (95 % interval)", "index", low="low", high="high"),
            Column("interaction", "spread of effects: curvature or interaction", "index"),
        ]
    else:
        columns += [
            Column("first", "alone (95 % interval)", "index", low="first_low", high="first_high"),
            Column("total", "with interactions (95 % interval)", "index", low="total_low", high="total_high"),
        ]
    named = _named(seen.indices)
    if morris:  # a mean of absolute effects is not negative, though the interval drawn around it may be
        named = named.with_columns(pl.col("low").clip(0.0))
    tables = [
        Table(
            f"table-sensitivity-{place}", caption, part, tuple(columns), source="simulated; SALib; table sensitivity."
        )
        for place, caption, part in (
            ("first", "Parameters that matter most", named.head(SHOWN)),
            ("rest", "All other parameters", named.tail(max(named.height - SHOWN, 0))),
        )
    ]
    return Section(
        "sensitivity", "What the outcome hangs on",
        (Paragraph(text), tables[0], Fold("All other parameters", (tables[1],))),
    )  # fmt: skip


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    told = pl.DataFrame([(one.name, fmt.in_words(one.meaning), one.unit) for one in parameters()],
                        schema=["parameter", "meaning", "unit"], orient="row")  # fmt: skip
    return frame.join(told, on="parameter", how="left", maintain_order="left")


def _assumptions() -> Section:
    items = tuple(Statement(text) for text in ASSUMPTIONS)
    return Section("assumptions", "Assumptions that do the work", (Bullets(items),))


def _provenance(found: Exploration) -> Section:
    made = found.provenance
    text = (
        f"Sinos {made.version}; seed {made.seed}; fingerprint of the scenario {made.inputs['scenario'][:16]}. The same "
        "version, scenario, options and seed give the same bytes."
    )
    references = Bullets(tuple(Statement(text) for text in found.references), boxed="References")
    return Section("provenance", "Provenance", (Paragraph(text), references))
