"""Everything the sections read, in one frozen object: frames with all contract columns, study, missing, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import polars as pl

from sinos.errors import SinosError
from sinos.frames import is_frame, to_polars
from sinos.report.disclosure import Protection, protection
from sinos.results import Missing, Provenance, Result
from sinos.study.model import Study
from sinos.theory.load import catalogue, contract, outputs

KEYS = {
    "relation_years": ("supplier", "buyer", "year", "cluster"),
    "supplier_years": ("supplier", "year", "cluster"),
    "buyer_years": ("buyer", "year"),
    "buyer_product_years": ("buyer", "product", "year"),
    "product_years": ("product", "year"),
    "cluster_years": ("cluster", "year"),
}
CLUSTERED = (
    "relation_years",
    "supplier_years",
    "cluster_years",
    "governance",
    "transitions",
    "lock_in",
    "cluster_governance",
    "upgrading",
    "quadrants",
)
"""Tables that say which cluster a row belongs to."""
RECORD_COLUMNS: dict[str, dict[str, Any]] = {
    "coverage": {"year": pl.Int64, "status": pl.String, "months": pl.Float64},
    "repairs": {
        "order": pl.Int64,
        "repair": pl.String,
        "what": pl.String,
        "rows_before": pl.Int64,
        "rows_after": pl.Int64,
        "changed": pl.Int64,
        "detail": pl.String,
    },
    "findings": {
        "code": pl.String,
        "severity": pl.String,
        "table": pl.String,
        "column": pl.String,
        "rows": pl.Int64,
        "share": pl.Float64,
        "examples": pl.String,
        "message": pl.String,
        "fix": pl.String,
    },
}
_TYPES: dict[str, Any] = {"number": pl.Float64, "integer": pl.Int64, "flag": pl.Int64, "share": pl.Float64}
_TEXT_UNITS = {"code", "class"}


@dataclass(frozen=True)
class Inputs:
    """What a report is made from.

    Attributes
    ----------
    study
        The study as declared.
    frames
        All tables by name, each with every column of its contract (null where a stage did not give it).
    missing
        What could not be computed, with the stage that says so.
    provenance
        Provenance of every stage.
    references
        References that the stages name, in order, without repeats.
    guard
        What must be protected.
    focus
        The cluster that the report describes, where one makes at least half of the last year's value; else ``None``
        and the report describes all clusters together.
    whole
        The tables of all clusters, as ``frames`` without a focus.
    """

    study: Study
    frames: Mapping[str, pl.DataFrame]
    missing: tuple[tuple[str, Missing], ...]
    provenance: tuple[Provenance, ...]
    references: tuple[str, ...]
    guard: Protection
    focus: str | None = None
    whole: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def frame(self, name: str) -> pl.DataFrame:
        """Return a table by name."""
        return self.frames[name]

    @property
    def currency(self) -> str:
        """Currency of all values."""
        return self.study.about.currency

    @property
    def years(self) -> list[int]:
        """Years with trade, in order."""
        return sorted(self.frame("relation_years")["year"].drop_nulls().unique().to_list())

    @property
    def year(self) -> int | None:
        """Year that the report describes: the last fully covered one, else the last one."""
        years = self.years
        full = self.frame("supplier_years").filter(pl.col("reporting") == "full")["year"].drop_nulls()
        inside = [year for year in full.unique().to_list() if year in years]
        return max(inside) if inside else (years[-1] if years else None)

    @property
    def clusters(self) -> list[str]:
        """Names of all clusters, in order."""
        frames = self.whole or self.frames
        return sorted(frames["supplier_years"]["cluster"].drop_nulls().unique().to_list())

    def overall(self) -> Inputs:
        """Return the same inputs without a focus; with it where small cells are protected.

        Totals over all clusters beside those of one cluster would give away the rest.
        """
        if self.focus is None or self.guard.active:
            return self
        return replace(self, frames=self.whole, focus=None)

    def why(self, table: str, column: str) -> str:
        """Return the reason a stage gives for a column without values, or an empty text."""
        return next((m.reason for _, m in self.missing if (m.table, m.column) == (table, column)), "")


def in_year(year: int | None) -> pl.Expr:
    """Return the condition that a row is of a year; no row is when there is no year to describe."""
    return pl.lit(False) if year is None else pl.col("year") == year


def collect(
    measures: Result, governance: Result, upgrading: Result, findings: Any = None, records: Result | None = None
) -> Inputs:
    """Gather the results of the stages.

    Raises
    ------
    SinosError
        If the measures do not say which study they belong to.
    """
    study = getattr(measures, "study", None)
    if not isinstance(study, Study):
        raise SinosError(
            f"the first argument ({type(measures).__name__}) has no study",
            where="report",
            fix="give what measure(), classify() and score() returned, in that order",
        )
    stages = [stage for stage in (records, measures, governance, upgrading) if stage is not None]
    given = {name: frame for stage in stages for name, frame in stage.frames.items()}
    if findings is not None:
        given["findings"] = _findings(findings)
    frames = {name: conform(given.get(name), schema) for name, schema in _schemas().items()}
    focus = main_cluster(frames)
    return Inputs(
        study=study,
        frames=frames if focus is None else focused(frames, focus),
        missing=tuple((stage.provenance.stage, item) for stage in stages for item in stage.missing),
        provenance=tuple(stage.provenance for stage in stages),
        references=tuple(dict.fromkeys(text for stage in stages for text in stage.references)),
        guard=protection(study),
        focus=focus,
        whole=frames,
    )


def main_cluster(frames: Mapping[str, pl.DataFrame]) -> str | None:
    """Return the cluster that makes at least half of the last year's value, where there are several clusters."""
    years = frames["cluster_years"].filter(pl.col("cluster").is_not_null())
    last = years.filter(pl.col("year") == pl.col("year").max()).sort(["value", "cluster"], descending=[True, False])
    if years["cluster"].n_unique() < 2 or not last.height:
        return None
    total, largest = last["value"].sum(), last["value"][0]
    return str(last["cluster"][0]) if largest is not None and total > 0 and largest / total >= 0.5 else None


def focused(frames: Mapping[str, pl.DataFrame], cluster: str) -> dict[str, pl.DataFrame]:
    """Return the tables with the rows of one cluster; tables without clusters keep the cluster's suppliers."""
    mine = pl.col("cluster") == cluster
    kept = dict(frames)
    for name in CLUSTERED:
        kept[name] = frames[name].filter(mine)
    keys = kept["supplier_years"].select("supplier", "year").unique()
    kept["tiers"] = frames["tiers"].join(keys, on=["supplier", "year"], how="semi", maintain_order="left")
    kept["spells"] = frames["spells"].join(keys, on="supplier", how="semi", maintain_order="left")
    return kept


def conform(frame: pl.DataFrame | None, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return a frame that has every column of a schema, in its type; columns that were not given are null."""
    if frame is None:
        return pl.DataFrame(schema=schema)
    columns = [
        _typed(frame.schema[name], name, kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in schema.items()
    ]
    extra = [pl.col(name) for name in frame.columns if name not in schema]
    return frame.select([*columns, *extra])


def _typed(given: Any, name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(given, pl.List) and kind == pl.String:
        return column.cast(pl.List(pl.String)).list.join("; ")
    if kind == pl.Float64 and given.is_float():
        return pl.when(column.is_finite()).then(column).cast(kind).alias(name)
    return column.cast(kind)


def _findings(findings: Any) -> pl.DataFrame:
    if isinstance(findings, Result):
        return findings.frame("findings" if "findings" in findings.frames else None)
    if is_frame(findings):
        return to_polars(findings)
    raise SinosError(
        f"findings are a {type(findings).__name__}",
        where="report: findings",
        fix="give what check() returned, or a data frame with its columns",
    )


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = {name: dict(columns) for name, columns in RECORD_COLUMNS.items()}
    for table, keys in KEYS.items():
        schemas[table] = {key: pl.Int64 if key == "year" else pl.String for key in keys}
    schemas["buyers"] = {column.column: pl.String for column in contract("buyers")}
    for entry in catalogue():
        kind = pl.String if entry.unit in _TEXT_UNITS else pl.Float64
        schemas.setdefault(entry.level, {})[entry.name] = kind
    for column in outputs():
        schemas.setdefault(column.table, {})[column.column] = _TYPES.get(column.type, pl.String)
    return schemas
