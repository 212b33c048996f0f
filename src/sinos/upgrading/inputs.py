"""What scoring reads: frames of the measures and side tables, keyed and checked, and the options of the study."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from sinos.errors import UnknownNameError, UpgradingError, nearest
from sinos.frames import FrameKind, kind_of, to_polars
from sinos.results import Result
from sinos.study.model import Study
from sinos.study.model import Upgrading as UpgradingOptions

SIDES = ("supplier_product_years", "relation_years", "suppliers", "products", "coverage")
"""Tables that may be given beside a frame of supplier-years."""

EVERYONE = "all suppliers"

_CELLS = {
    "supplier": pl.String,
    "product": pl.String,
    "destination": pl.String,
    "year": pl.Int64,
    "value": pl.Float64,
    "quantity": pl.Float64,
    "quantity_value": pl.Float64,
}
_RELATIONS = {"supplier": pl.String, "buyer": pl.String, "year": pl.Int64, "value": pl.Float64}


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that scoring reads.

    Attributes
    ----------
    units
        Supplier-years to be scored: ``unit``, ``year``, ``cluster``, ``weight`` (output, else recorded value),
        ``recorded``.
    supplier_years, cells, relation_years
        Frames of the measures.
    survey
        Rows of the suppliers table that have a year.
    timeless
        Columns of the suppliers table that hold for every year, so that no change can be seen in them.
    products
        Side table.
    covered
        Covered years, ascending.
    options
        Options of the study.
    home_known
        Whether sales at home are among the records.
    seed
        Seed of the study.
    kind
        Kind of frame that the user works with.
    fingerprints
        SHA-256 of the inputs.
    """

    units: pl.DataFrame
    supplier_years: pl.DataFrame
    cells: pl.DataFrame
    relation_years: pl.DataFrame
    survey: pl.DataFrame
    timeless: tuple[str, ...]
    products: pl.DataFrame
    covered: list[int]
    options: UpgradingOptions
    home_known: bool
    seed: int
    kind: FrameKind
    fingerprints: dict[str, str]


def gather(measures: Any, study: Study | None, sides: Mapping[str, Any]) -> Inputs:
    """Read what ``measure`` returned, or data frames.

    Raises
    ------
    UpgradingError
        If a table lacks its key, or a key is repeated.
    UnknownNameError
        If a side table is not one that scoring reads.
    """
    tables, kind, study = _tables(measures, study, sides)
    years = _keyed(tables["supplier_years"], ("supplier", "year"), "supplier_years")
    cells = tables.get("supplier_product_years", pl.DataFrame(schema=_CELLS))
    cells = _keyed(_typed(cells, _CELLS, "supplier_product_years"), tuple(_CELLS)[:4], "supplier_product_years")
    relations = _typed(tables.get("relation_years", pl.DataFrame(schema=_RELATIONS)), _RELATIONS, "relation_years")
    survey, timeless = _survey(tables.get("suppliers"))
    general = study or Study.model_validate({"about": {"title": ""}, "tables": {"transactions": {}}})
    return Inputs(
        units=_units(years, survey),
        supplier_years=years,
        cells=cells,
        relation_years=relations,
        survey=survey,
        timeless=timeless,
        products=tables.get("products", pl.DataFrame(schema={"product": pl.String, "sector": pl.String})),
        covered=_covered(tables.get("coverage"), years),
        options=general.upgrading,
        home_known=general.coverage.domestic_sales == "recorded",
        seed=general.options.seed,
        kind=kind,
        fingerprints=_fingerprints(measures, tables),
    )


def _tables(
    measures: Any, study: Study | None, sides: Mapping[str, Any]
) -> tuple[dict[str, pl.DataFrame], FrameKind, Study | None]:
    for name in sides:
        if name not in SIDES:
            raise UnknownNameError(f"score has no option or table '{name}'", fix=nearest(name, SIDES))
    given = {name: to_polars(frame) for name, frame in sides.items() if frame is not None}
    if isinstance(measures, Result):
        wanted = ("supplier_years", *SIDES)
        tables = {name: measures.frames[name] for name in wanted if name in measures.frames}
        if "supplier_years" not in tables:
            raise UpgradingError(
                "the result has no table supplier_years", where="score", fix="give what sinos.measure returned"
            )
        return tables | given, measures.kind, study or getattr(measures, "study", None)
    return {"supplier_years": to_polars(measures), **given}, kind_of(measures), study


def _keyed(frame: pl.DataFrame, key: tuple[str, ...], table: str) -> pl.DataFrame:
    for column in key:
        if column not in frame.columns:
            raise UpgradingError(
                f"column '{column}' is missing", where=table, fix=f"give a table with the key {', '.join(key)}"
            )
    types = {column: pl.Int64 if column == "year" else pl.String for column in key}
    typed = frame.with_columns(pl.col(column).cast(kind) for column, kind in types.items())
    repeated = typed.height - typed.select(key).n_unique()
    if repeated:
        raise UpgradingError(
            f"the key {', '.join(key)} is repeated", where=table, rows=repeated, fix="keep one row for each key"
        )
    return typed.sort(*key)


def _typed(frame: pl.DataFrame, schema: Mapping[str, Any], table: str) -> pl.DataFrame:
    for column in schema:
        if column not in frame.columns:
            if column in {"destination", "quantity", "quantity_value"}:
                frame = frame.with_columns(pl.lit(None, schema[column]).alias(column))
                continue
            raise UpgradingError(f"column '{column}' is missing", where=table, fix=f"give {', '.join(schema)}")
    return frame.with_columns(pl.col(column).cast(kind) for column, kind in schema.items())


def _survey(suppliers: pl.DataFrame | None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Split the suppliers table into rows with a year, and the columns that hold for every year."""
    empty = pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64})
    if suppliers is None or "supplier" not in suppliers.columns:
        return empty, ()
    if "year" not in suppliers.columns:
        suppliers = suppliers.with_columns(year=pl.lit(None, pl.Int64))
    timeless = suppliers.filter(pl.col("year").is_null())
    lasting = tuple(
        column
        for column in timeless.columns
        if column not in {"supplier", "year"} and timeless[column].is_not_null().any()
    )
    yearly = suppliers.filter(pl.col("year").is_not_null())
    answered = [
        column for column in yearly.columns if column in {"supplier", "year"} or yearly[column].is_not_null().any()
    ]
    return _keyed(yearly.select(answered), ("supplier", "year"), "suppliers"), lasting


def _units(years: pl.DataFrame, survey: pl.DataFrame) -> pl.DataFrame:
    """Return supplier-years that trade, and those that only answered: sales at home are where the theory looks."""
    if "cluster" not in years.columns:
        years = years.with_columns(cluster=pl.lit(EVERYONE))
    value = pl.col("value").cast(pl.Float64) if "value" in years.columns else pl.lit(None, pl.Float64)
    traded = years.select("year", "cluster", unit="supplier", value=value)
    asked = [
        name for name in survey.columns if name not in {"supplier", "year", "cluster", "region", "sector", "owner"}
    ]
    asked = [name for name in asked if name != "parent_firm"]
    answers = survey.filter(pl.any_horizontal([pl.col(name).is_not_null() for name in asked] or [pl.lit(False)]))
    cluster = pl.col("cluster").cast(pl.String) if "cluster" in survey.columns else pl.lit(None, pl.String)
    output = pl.col("output").cast(pl.Float64) if "output" in survey.columns else pl.lit(None, pl.Float64)
    said = answers.select("year", unit="supplier", said_cluster=cluster, output=output)
    home = traded.drop_nulls("cluster").group_by("unit").agg(usual=pl.col("cluster").sort().last())
    only = traded["cluster"].drop_nulls().unique()
    joined = traded.join(said, on=["unit", "year"], how="full", coalesce=True).join(home, on="unit", how="left")
    return joined.select(
        "unit",
        "year",
        cluster=pl.coalesce("cluster", "said_cluster", "usual", pl.lit(only[0] if len(only) == 1 else None, pl.String)),
        weight=pl.coalesce("output", "value"),
        recorded=pl.col("value").is_not_null(),
    ).sort("unit", "year")


def _covered(coverage: pl.DataFrame | None, years: pl.DataFrame) -> list[int]:
    if coverage is None or "year" not in coverage.columns or not coverage.height:
        return years["year"].unique().sort().to_list()
    known = coverage
    if "status" in known.columns:
        known = known.filter(pl.col("status").fill_null("full") != "unknown")
    if "months" in known.columns:
        known = known.filter(pl.col("months").fill_null(12) > 0)
    return known["year"].cast(pl.Int64).drop_nulls().unique().sort().to_list()


def _fingerprints(measures: Any, tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    if isinstance(measures, Result):
        return dict(measures.provenance.inputs)
    return {name: _fingerprint(frame) for name, frame in sorted(tables.items())}


def _fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's text, whatever the order of its rows and columns."""
    plain = frame.select(sorted(frame.columns))
    return hashlib.sha256(plain.sort(plain.columns, nulls_last=True).write_csv().encode()).hexdigest()
