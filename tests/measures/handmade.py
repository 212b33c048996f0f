"""Hand-made records in an engine, in the coded form that the records stage leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from sinos.engine import DuckDBEngine, Engine
from sinos.measures.measures import SIDES, Measures, measured
from sinos.records import Records
from sinos.results import Provenance
from sinos.study.model import Study
from sinos.theory import contract

TYPES = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64, "share": pl.Float64, "flag": pl.Int64}
CODES = ("supplier", "buyer", "product", "destination")
COLUMNS = {
    "supplier": pl.Int32,
    "buyer": pl.Int32,
    "product": pl.Int32,
    "destination": pl.Int32,
    "year": pl.Int16,
    "month": pl.Int8,
    "on_time": pl.Int8,
    "value": pl.Float64,
    "quantity": pl.Float64,
    "incoterm": pl.String,
    "brand_owner": pl.Int32,
}


def coded(rows: Iterable[Mapping[str, Any]]) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Code transactions given as mappings with names; the product is 'p' when it is not named."""
    names = dict.fromkeys((*CODES, "incoterm", "brand_owner"), pl.String)
    frame = pl.DataFrame(
        [{name: row.get(name, "p" if name == "product" else None) for name in COLUMNS} for row in rows],
        schema=COLUMNS | names,
    )
    codes = {}
    for name in CODES:
        known = sorted(frame[name].drop_nulls().unique().to_list())
        codes[name] = pl.DataFrame(
            {"code": range(len(known)), "name": known}, schema={"code": pl.Int32, "name": pl.String}
        )
        lookup = codes[name].rename({"code": f"{name}_code", "name": name})
        frame = frame.join(lookup, on=name, how="left", maintain_order="left").drop(name).rename({f"{name}_code": name})
    owners = dict(codes["supplier"].select("name", "code").iter_rows())
    owner = pl.col("brand_owner").map_elements(lambda name: owners.get(name, -1), return_dtype=pl.Int32)
    return frame.with_columns(owner).select(*COLUMNS), codes


def side(table: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    columns = {column.column: TYPES[column.type] for column in contract(table)}
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=columns)


def records(
    rows: Iterable[Mapping[str, Any]], engine: Engine | None = None, *, margin: float = 0.1, **sides: Any
) -> Records:
    """Put transactions and side tables into an engine as records."""
    engine = engine or DuckDBEngine(threads=2)
    frame, codes = coded(rows)
    engine.register("transactions", frame.to_arrow())
    for name, table in codes.items():
        engine.register(f"{name}_codes", table.to_arrow())
    frames = {name: side(name, sides.get(name, ())) for name in SIDES if name not in ("coverage", "membership")}
    cover = {"year": pl.Int64, "status": pl.String, "months": pl.Int64, "side": pl.String, "reporter": pl.String}
    frames["coverage"] = pl.DataFrame(
        [{name: row.get(name) for name in cover} for row in sides.get("coverage", ())], schema=cover
    )
    members = sides.get("membership")
    if members is None:
        members = [{"supplier": name, "cluster": "all"} for name in codes["supplier"]["name"]]
    schema = {"supplier": pl.String, "year": pl.Int64, "cluster": pl.String}
    frames["membership"] = pl.DataFrame([{name: row.get(name) for name in schema} for row in members], schema=schema)
    return Records(
        frames=frames,
        missing=(),
        provenance=Provenance("0", "records", {}, {}, 0),
        kind="polars",
        engine=engine,
        study=Study.model_validate(
            {"about": {"title": "t"}, "tables": {"transactions": {"file": "t.csv"}}, "options": {"margin": margin}}
        ),
    )


def measures(rows: Iterable[Mapping[str, Any]], **given: Any) -> Measures:
    """Measure hand-made transactions and bring every table into memory."""
    with records(rows, **given) as made:
        return measured(made).load()


def trade(text: str) -> list[dict[str, Any]]:
    """Read transactions from lines like ``s b year value``, optionally followed by name=value."""
    rows = []
    for line in text.strip().splitlines():
        supplier, buyer, year, value, *more = line.split()
        row: dict[str, Any] = {"supplier": supplier, "buyer": buyer, "year": int(year), "value": float(value)}
        for part in more:
            name, _, given = part.partition("=")
            number = name in ("quantity", "month", "on_time")
            row[name] = (float(given) if name == "quantity" else int(given)) if number else given
        rows.append(row)
    return rows


def only(frame: pl.DataFrame, **key: Any) -> dict[str, Any]:
    """Return the one row with these key values."""
    rows = frame.filter(*[pl.col(name) == value for name, value in key.items()])
    if rows.height != 1:
        raise LookupError(f"{rows.height} rows for {key}")
    return rows.row(0, named=True)
