"""The panels that claims are tested on: supplier-years, relation-years and relation-function-years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from sinos.governance.indicators import load_theory
from sinos.propositions import measurement, variables
from sinos.propositions.claims import KINDS_OF_UPGRADING, columns, outcome_measures, rule
from sinos.propositions.estimate import LARGEST
from sinos.propositions.measurement import FORMS, SHARES, Floats, Sales, sales
from sinos.results import Result
from sinos.upgrading.rules import rules

KINDS = KINDS_OF_UPGRADING
GOVERNED = {
    *SHARES,
    "qh_other_markets",
    "qh_newcomer",
    *(f"lag_{form}" for form in FORMS),
    "qh_given_network",
    "p_quasi_hierarchy",
}
"""Columns that are made from the posteriors and change with every draw."""

DIFFERENCES = {
    "process_less_functional": ("process", "functional"),
    "product_less_functional": ("product", "functional"),
    "leap_gap": ("inter_sectoral", "process"),
}
"""Outcomes that are the change of one kind less that of another, in standard deviations."""


@dataclass(frozen=True)
class Panels:
    """Frames to test claims on.

    Attributes
    ----------
    frames
        ``supplier``, ``relation`` and ``function`` panels under expected governance. Their rows know their places:
        ``sales_row`` in ``sales``, ``relation_row`` and ``relation_row_before`` (a year before) in ``relations``.
    relations
        Relation-years behind the posteriors: supplier, buyer, year, cluster, value.
    sales
        What each relation-year weighs in its supplier-year.
    probability
        Posteriors, shape (relation-years, 4), in the order of ``relations``.
    draws
        Posteriors under each draw of the shared error.
    shared
        How far relations err together: the correlation of their errors.
    why
        Why a column has no values, by column.
    chosen
        Measure that stands for each kind of upgrading.
    observed
        Levels of the outcomes: unit, year, kind, value (up is better).
    """

    frames: Mapping[str, pl.DataFrame]
    relations: pl.DataFrame
    sales: Sales
    probability: Floats
    draws: tuple[Floats, ...]
    why: Mapping[str, str]
    chosen: Mapping[str, str]
    observed: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    shared: float = 0.0

    def under(self, table: str, probability: Floats) -> pl.DataFrame:
        """Return a panel with governance read from another posterior."""
        frame = self.frames[table]
        if table == "supplier":
            return _with_shares(frame, self.sales.shares(probability))
        if table == "relation":
            return _with_posteriors(frame, probability, self.probability)
        return frame

    def read_as(self, probability: Floats) -> Panels:
        """Return all panels with governance read from another posterior."""
        frames = {name: self.under(name, probability) for name in self.frames}
        return replace(self, frames=frames, probability=probability)

    def of(self, column: str) -> pl.DataFrame:
        """Return the panel that holds a column."""
        return self.frames[columns()[column].table]


def build(measures: Result, governance: Result, upgrading: Result, *, shared: float | None = None) -> Panels:
    """Make the panels from what ``measure``, ``classify`` and ``score`` returned."""
    tables = {**measures.frames, **governance.frames, **upgrading.frames}
    read = _fields_read(tables.get("evidence"))
    relations = tables["governance"].select("supplier", "buyer", "year", "cluster", "value", *[f"p_{f}" for f in FORMS])
    relations = relations.with_columns(pl.col("year").cast(pl.Int64)).sort("supplier", "buyer", "year")
    probability = np.clip(relations.select(f"p_{form}" for form in FORMS).to_numpy().astype(np.float64), 0.0, 1.0)
    relations = relations.drop(f"p_{form}" for form in FORMS)
    levels, chosen, why = _levels(tables["upgrading_measures"], read)
    supplier = _supplier(tables, relations, levels, chosen, why)
    relation = variables.relation_panel(tables, relations, read, why)
    function = variables.function_panel(tables, relations, why)
    spread = load_theory().shared_error if shared is None else shared
    draws = tuple(measurement.readings(probability, spread, int(rule("draws")))) if len(probability) else ()
    keys = relations.select("supplier", "buyer", "year")
    relation = _placed(_placed(relation, keys, "relation_row"), keys, "relation_row_before", lag=1)
    weighed = sales(relations)
    supplier = _placed(supplier, weighed.keys, "sales_row")
    made = Panels(
        {"supplier": supplier, "relation": relation, "function": function},
        relations,
        weighed,
        probability,
        draws,
        why,
        chosen,
        levels,
        tables,
        spread,
    )
    return made.read_as(probability)


def standardised(frame: pl.DataFrame, first: str, second: str, name: str) -> pl.DataFrame:
    """Add the difference of two columns, each divided by its standard deviation."""
    parts = [
        pl.when(pl.col(column).std() > 0).then(pl.col(column) / pl.col(column).std()) for column in (first, second)
    ]
    return frame.with_columns((parts[0] - parts[1]).alias(name))


def _fields_read(evidence: pl.DataFrame | None) -> frozenset[str]:
    """Names of the fields that governance was inferred from: outcomes among them would confirm themselves."""
    return frozenset() if evidence is None else frozenset(evidence["field"].drop_nulls().unique().to_list())


def _levels(measured: pl.DataFrame, read: frozenset[str]) -> tuple[pl.DataFrame, dict[str, str], dict[str, str]]:
    """Choose one measure per kind by availability alone, and turn it so that up is better."""
    known = rules()
    rows = measured.filter((pl.col("level") == "supplier") & pl.col("value").is_between(-LARGEST, LARGEST))
    chosen: dict[str, str] = {}
    why: dict[str, str] = {}
    kept = []
    for kind in KINDS:
        circular = []
        for name in outcome_measures(kind):
            values = rows.filter((pl.col("measure") == name) & (pl.col("kind") == kind))
            moving = values.filter(pl.len().over("unit") > 1).height
            if name in read and moving:
                circular.append(name)
            elif moving >= rule("min_rows"):
                chosen[kind] = name
                kept.append(_turned(values, kind, known[name].log, known[name].sign < 0))
                break
        if kind not in chosen:
            also = f"; {', '.join(circular)} is used to infer governance and would confirm itself" if circular else ""
            needs = columns()[kind].needs if kind in columns() else columns()["leap_gap"].needs
            why[kind] = f"no repeated {kind.replace('_', '-')} measure: needs {needs}{also}"
    schema = {"unit": pl.String, "year": pl.Int64, "kind": pl.String, "value": pl.Float64}
    return (pl.concat(kept) if kept else pl.DataFrame(schema=schema)), chosen, why


def _turned(values: pl.DataFrame, kind: str, log: bool, lower: bool) -> pl.DataFrame:
    level = pl.when(pl.col("value") > 0).then(pl.col("value").log()) if log else pl.col("value")
    return (
        values.select(
            "unit",
            pl.col("year").cast(pl.Int64),
            pl.lit(kind).alias("kind"),
            (-level if lower else level).alias("value"),
        )
        .drop_nulls("value")
        .sort("unit", "year")
    )


def changes(levels: pl.DataFrame, window: int) -> pl.DataFrame:
    """Return yearly changes to the next (``ahead``) and from the previous (``past``) observation within the window.

    ``since`` is the year of the previous observation.

    Examples
    --------
    >>> rows = pl.DataFrame({"unit": ["a", "a"], "year": [1990, 1992], "kind": ["k", "k"], "value": [1.0, 3.0]})
    >>> changes(rows, 5).select("ahead", "past", "since").rows()
    [(1.0, None, None), (None, 1.0, 1990)]
    """
    over = ["unit", "kind"]
    gap_ahead = pl.col("year").shift(-1).over(over) - pl.col("year")
    gap_past = pl.col("year") - pl.col("year").shift(1).over(over)
    step_ahead = pl.col("value").shift(-1).over(over) - pl.col("value")
    step_past = pl.col("value") - pl.col("value").shift(1).over(over)
    return levels.sort("unit", "kind", "year").with_columns(
        ahead=pl.when(gap_ahead.is_between(1, window)).then(step_ahead / gap_ahead),
        past=pl.when(gap_past.is_between(1, window)).then(step_past / gap_past),
        since=pl.when(gap_past.is_between(1, window)).then(pl.col("year") - gap_past),
    )


def _supplier(
    tables: Mapping[str, pl.DataFrame],
    relations: pl.DataFrame,
    levels: pl.DataFrame,
    chosen: Mapping[str, str],
    why: dict[str, str],
) -> pl.DataFrame:
    years = tables["supplier_years"].with_columns(pl.col("year").cast(pl.Int64))
    frame = relations.select("supplier", "year").unique().join(years, on=["supplier", "year"], how="left")
    frame = frame.with_columns(pl.col("cluster").fill_null("all")).sort("supplier", "year")
    moves = changes(levels, int(rule("window")))
    for kind in KINDS:
        names = {kind: "ahead", f"past_{kind}": "past", f"since_{kind}": "since", f"level_{kind}": "value"}
        mine = moves.filter(pl.col("kind") == kind).select(supplier="unit", year="year", **names)
        frame = frame.join(mine, on=["supplier", "year"], how="left", maintain_order="left")
    frame = variables.supplier_columns(frame, tables, relations, why)
    for name, (first, second) in DIFFERENCES.items():
        frame = standardised(frame, first, second, name)
        frame = standardised(frame, f"past_{first}", f"past_{second}", f"past_{name}")
        for kind in (first, second):
            if kind in why:
                why.setdefault(name, why[kind])
    return frame.with_columns(
        cluster_year=pl.concat_str(pl.col("cluster"), pl.lit("·"), pl.col("year")),
        main_buyer=pl.col("main_buyer").cast(pl.String) if "main_buyer" in frame.columns else pl.lit(None, pl.String),
    )


def _placed(frame: pl.DataFrame, rows: pl.DataFrame, name: str, lag: int = 0) -> pl.DataFrame:
    """Add the row at which each row of a panel, or that of ``lag`` years before, is found by the keys of ``rows``."""
    keys = rows.columns
    found = rows.with_columns(pl.col("year") + lag).with_row_index(name)
    return frame.join(found, on=keys, how="left", maintain_order="left")


def _with_shares(frame: pl.DataFrame, shares: Floats) -> pl.DataFrame:
    row = frame["sales_row"]
    return frame.with_columns(pl.Series(name, shares[:, i]).gather(row) for i, name in enumerate(SHARES)).with_columns(
        qh_other_markets=pl.col("share_quasi_hierarchy") * pl.col("other_markets"),
        qh_newcomer=pl.col("share_quasi_hierarchy") * pl.col("newcomer"),
    )


def _with_posteriors(frame: pl.DataFrame, probability: Floats, expected: Floats) -> pl.DataFrame:
    """Add posteriors of now and of a year before; which relations are non-market is the same under every reading."""
    now, before = frame["relation_row"], frame["relation_row_before"]
    read = {form: pl.Series(probability[:, i]) for i, form in enumerate(FORMS)}
    likely = pl.Series(expected[:, 1] + expected[:, 2] > 0.5).gather(now)
    both = pl.col("p_quasi_hierarchy") + pl.col("p_network")
    return frame.with_columns(
        *[values.gather(now).alias(f"p_{form}") for form, values in read.items()],
        *[values.gather(before).alias(f"lag_{form}") for form, values in read.items()],
    ).with_columns(qh_given_network=pl.when(likely & (both > 0)).then(pl.col("p_quasi_hierarchy") / both))


def as_pandas(frame: pl.DataFrame) -> Any:
    """Return a pandas frame for the estimation libraries."""
    return frame.to_pandas()
