"""Sections on methods, on assumptions, on what could not be said, and on provenance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from sinos.report import format as fmt
from sinos.report.blocks import Block, Bullets, Column, Fold, Heading, Paragraph, Section, Statement, Table, Terms
from sinos.report.disclosure import withhold
from sinos.report.inputs import Inputs
from sinos.report.overview import firm_columns
from sinos.theory.load import catalogue, reference_texts, upgrading_catalogue

MOST_MISSING = 12  # reasons that are printed unfolded
SECRETS = re.compile(r"salt|password|secret|token|passwd", re.IGNORECASE)
PASSWORD = re.compile(r"(://[^:/@\s]+):[^@\s]+@")
USED = (
    "supplier_dependence", "buyer_dependence", "relative_power", "customised_share", "relative_unit_value",
    "top1_share", "market_thickness", "rematch_years", "exit_cost", "share_preexisting", "main_buyer_share",
    "largest_suppliers", "largest_main_buyer_share", "sellers_per_shipment",
)  # fmt: skip


def methods_section(inputs: Inputs) -> Section:
    """Return the section on methods: formulas of governance, lock-in, upgrading and the measures used; references."""
    upgrading = inputs.study.upgrading
    formulas = (
        ("Governance", "posterior(form) ∝ prior(form) × ∏ indicators P(level | form)^weight. Indicators of one "
                       "fact form a group whose joint weight is tempered. Missing evidence adds nothing. "
                       "Ownership decides hierarchy."),
        ("Composition", "expected value share of a form = Σ value × P(form) / Σ value, with 90 % intervals from "
                        "the posteriors."),
        ("Lock-in", "LI = Σ over buyers of dependence × P(quasi-hierarchy) × core overlap × exit cost / yearly "
                    "profit."),
        ("Polarity", "number of lead buyers, largest first, that together make 80 % of value × explicit coordination."),
        ("Process upgrading", f"change of on-time share, defects, lead time, unit cost or labour productivity "
                              f"over {fmt.plural(upgrading.window, 'year')}; flat within "
                              f"±{upgrading.flat_band:g} log points."),
        ("Product upgrading", f"change of unit value relative to the median of product × destination × year; "
                              f"price tiers at {upgrading.tier_width:g} and its inverse."),
        ("Functional upgrading", "functions gained and lost among production, sourcing, logistics, design, "
                                 "marketing and branding; own-design and own-brand share. A lost high-skill "
                                 "function is downgrading."),
        ("Inter-sectoral upgrading", "sustained entry into new product groups."),
        ("Upgrading beside governance", "suppliers split over forms by expected sales shares at the start of "
                                        "the window; Wilson 90 % intervals."),
    )  # fmt: skip
    measures = tuple(
        (
            f"{fmt.label(entry.name)} ({fmt.label(entry.level)}{', ' + entry.unit if entry.unit else ''})",
            f"{entry.formula}. Source: {entry.source or 'definition'}.",
        )
        for entry in catalogue()
        if entry.name in USED
    )
    upgrading_terms = tuple(
        (f"{fmt.label(entry.name)} ({entry.unit})", f"{entry.formula}. Source: {entry.source or 'definition'}.")
        for entry in upgrading_catalogue()
        if entry.level == "upgrading_measures"
    )
    references = tuple(dict.fromkeys((*reference_texts(("hs2002", "ghs2005")), *inputs.references)))
    blocks = (
        Terms(formulas),
        Fold("Formulas of the measures used in this report", (Terms(measures),)),
        Fold("Formulas of the measures of upgrading", (Terms(upgrading_terms),)),
        Heading("References", "references"),
        Bullets(tuple(Statement(text) for text in sorted(references))),
    )
    return Section("methods", "Methods", blocks)


def assumptions_section(inputs: Inputs) -> Section:
    """Return the section on the assumptions that do the work."""
    study = inputs.study
    items = [
        f"Likelihoods of indicators are judgements from theory unless the method is calibrated; the method here "
        f"is {study.governance.method}.",
        f"A form is named from a probability of {fmt.percent(study.governance.certainty)}; below it the "
        f"relation is undetermined.",
        f"Ownership counts as hierarchy from {fmt.percent(study.governance.ownership_threshold)} of capital.",
        f"Where profit and output are not given, the profit margin is taken to be "
        f"{fmt.percent(study.options.margin)} in the cost of leaving a buyer.",
        "Core competences of buyers come from the buyers table where given, else from the type of buyer; the "
        "map is part of the packaged theory.",
        f"Change within ±{study.upgrading.flat_band:g} log points over "
        f"{fmt.plural(study.upgrading.window, 'year')} is flat.",
        f"A supplier is a {study.about.supplier_is} and a buyer a {study.about.buyer_is}. If a buyer is an "
        f"agent or a forwarder, the relation is with the agent.",
        "A year that was not disclosed is unknown, not zero; relations that exist in the first covered year may "
        "be older than recorded.",
    ]
    if study.governance.survey_holds:
        items.append(
            f"A survey answer is taken to hold for {fmt.plural(study.governance.survey_holds, 'further year')}, "
            "until a newer one."
        )
    items += _bases(inputs)
    return Section("assumptions", "Assumptions that do the work", (Bullets(tuple(Statement(text) for text in items)),))


def _bases(inputs: Inputs) -> list[str]:
    """Return on what the lock-in index rests, each basis once, with the share of supplier-years that it concerns."""
    texts = inputs.frame("lock_in").filter(pl.col("lock_in").is_not_null())["basis"].drop_nulls()
    parts = texts.str.split("; ").explode()
    if not parts.len():
        return []
    counts = parts.value_counts().sort(["count", "basis"], descending=[True, False])
    words = (f"{basis} ({fmt.percent(number / texts.len())})" for basis, number in counts.iter_rows())
    return [f"What the lock-in index rests on, with the share of supplier-years: {'; '.join(words)}."]


def limits_section(inputs: Inputs) -> Section:
    """Return the section on what could not be said, and why."""
    blocks: list[Block] = [Bullets(tuple(Statement(text) for text in _limits(inputs)))]
    blocks += _missing(inputs)
    blocks += _unobserved(inputs)
    return Section("limits", "What could not be said, and why", tuple(blocks))


def _limits(inputs: Inputs) -> list[str]:
    items = [
        "Transactions alone cannot see who designs, who inspects and who trains. Without such evidence network "
        "and quasi-hierarchy "
        "differ only in dependence, and their probabilities stay wide on purpose.",
        "Nothing here is a causal effect: capable suppliers may choose, or be chosen for, other forms of governance.",
        "Suppliers that leave the records may have gone out of business, or may have upgraded into a market "
        "that is not recorded.",
        "A higher unit value may be higher quality, higher cost, another composition or another exchange rate.",
        "Upgrading is about activities. Whether suppliers and workers gained from it is another question.",
    ]
    if len(inputs.years) < 2:
        items.append("The records cover one year only: nothing about change, tenure or survival can be said.")
    quantity = inputs.frame("relation_years")["quantity"]
    if quantity.len() and quantity.is_null().all():
        items.append(
            "There are no usable quantities, so unit values, price tiers and product upgrading by unit value "
            "cannot be seen."
        )
    return items


def _missing(inputs: Inputs) -> list[Block]:
    if not inputs.missing:
        return [Paragraph("No stage reported values that it could not compute.", "note")]
    rows = [(stage, item.table, item.column, item.count, item.reason) for stage, item in inputs.missing]
    schema = {"stage": pl.String, "table": pl.String, "column": pl.String, "count": pl.Int64, "reason": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").sort(
        ["count", "table", "column"], descending=[True, False, False]
    )
    columns = (
        Column("table", "Table", "code"),
        Column("column", "Column", "code"),
        Column("count", "Rows without a value", "count"),
        Column("reason", "Why"),
    )
    caption, source = "What could not be computed", "the stages' own reports."
    if frame.height <= MOST_MISSING:
        return [Table("table-missing", caption, frame, columns, source=source)]
    note = (f"The {MOST_MISSING} with the most rows, of {frame.height}.",)
    first = Table("table-missing", caption, frame.head(MOST_MISSING), columns, note, source)
    rest = Table("table-missing-rest", f"{caption}, continued", frame.slice(MOST_MISSING), columns, (), source)
    return [first, Fold(f"The other {frame.height - MOST_MISSING}", (rest,))]


def plain_reason(reason: str) -> str:
    """Return a reason without its year and with measures in words, so that equal reasons of several years are one.

    Examples
    --------
    >>> plain_reason("no value in 1991 (defect_rate, unit_cost)")
    'no value in that year (defect rate, unit cost)'
    >>> plain_reason("no value 3 to 6 years before 1969 (functions)")
    'no value 3 to 6 years before (functions)'
    >>> plain_reason("no product and destination sold in both 2009 and 2012")
    'no product and destination sold in both years'
    """
    dated = re.sub(r" in both [12]\d{3} and [12]\d{3}\b", " in both years", reason)
    dated = re.sub(r" (in|of) [12]\d{3}\b", r" \1 that year", dated)
    return re.sub(r" before [12]\d{3}\b", " before", dated).replace("_", " ")


def _unobserved(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("upgrading").filter(pl.col("level") == "supplier", pl.col("direction") == "not_observable")
    if not rows.height:
        return []
    frame = (
        rows.with_columns(pl.col("reason").fill_null("no reason given").map_elements(plain_reason, pl.String))
        .group_by("kind", "reason")
        .agg(
            pl.len().alias("windows"),
            pl.col("unit").n_unique().alias("suppliers"),
            pl.col("year").unique().sort().alias("years"),
        )
        .sort(["windows", "kind", "reason"], descending=[True, False, False])
        .with_columns(pl.col("years").map_elements(fmt.spans, pl.String))
    )
    frame, withheld = withhold(frame, ("windows", "suppliers"), firm_columns(inputs.guard), inputs.guard)
    columns = (
        Column("kind", "Kind of upgrading", "code", guarded=False),
        Column("reason", "Why it is not observable", guarded=False),
        Column("windows", "Supplier windows", "count"),
        Column("suppliers", "Suppliers", "count"),
        Column("years", "Windows ending", guarded=False),
    )
    top = 12
    note = (f"The {top} most frequent of {frame.height} reasons.",) if frame.height > top else ()
    return [
        Table(
            "table-unobserved",
            "Upgrading that is not observable",
            frame.head(top),
            columns,
            note,
            "table upgrading.",
            withheld,
        )
    ]


def provenance_section(inputs: Inputs, withheld: int) -> Section:
    """Return the section on provenance and protection."""
    blocks: list[Block] = [Paragraph(protection_words(inputs, withheld))]
    for item in inputs.provenance:
        facts = [("Version of Sinos", item.version), ("Seed", str(item.seed))]
        facts += [(f"Option {key}", value) for key, value in _flat(item.options)]
        facts += [(f"Fingerprint of {name}", f"SHA-256 {value}") for name, value in sorted(item.inputs.items())]
        blocks.append(Fold(f"Stage {item.stage}: version, seed, options and fingerprints", (Terms(tuple(facts)),)))
    blocks.append(
        Paragraph(
            "The same inputs, options and seed give the same report, byte for byte, whatever the number of threads.",
            "note",
        )
    )
    return Section("provenance", "Provenance and protection", tuple(blocks))


def protection_words(inputs: Inputs, withheld: int) -> str:
    """Return the exact statement on how this report protects firms."""
    guard = inputs.guard
    hashed = (
        "Firm identifiers are keyed hashes made before anything was computed; texts that may quote the original "
        "records are left out. "
        if guard.hash_ids
        else ""
    )
    if not guard.active:
        return (
            hashed + "This report withholds no cells (minimum cell size 1): it may name single firms. Publish it only "
            "if the records may be published."
        )
    kinds = [words for words, on in (("suppliers", guard.suppliers), ("buyers", guard.buyers)) if on] or [
        "neither side, as neither is a firm"
    ]
    return hashed + (
        f"This report is protected: cells with fewer than {guard.min_cell} firms are withheld "
        f"({fmt.listing(kinds)} counted), together "
        "with the next smallest cell where a printed total would give one away, and no list about single firms "
        "is printed. "
        f"{fmt.plural(withheld, 'table row')} withheld in all. It does not test whether one firm dominates a "
        "larger cell. The folder 'tables' beside this report is protected in the same way; the folder 'confidential' "
        "has the complete tables and is not to be shared."
    )


def _flat(options: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return options as names and texts; secrets are never printed."""
    found: list[tuple[str, str]] = []
    for key in sorted(options, key=str):
        value, name = options[key], f"{prefix}{key}"
        if SECRETS.search(str(key)):
            found.append((name, "(not printed)" if value else "none"))
        elif isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        else:
            found.append((name, fmt.name(PASSWORD.sub(r"\1:…@", str(value)), 300)))
    return found
