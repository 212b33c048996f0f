"""Repairs that merge or drop rows by what they record: duplicates and re-exports."""

from __future__ import annotations

from sinos.engine import quoted
from sinos.errors import StudyError
from sinos.records.repairs_columns import RAW, Scene, blank, text
from sinos.records.repairs_values import Outcome
from sinos.records.store import literal, scalars
from sinos.study.model import Aggregate, DropReexports

SUMMED = ("value", "quantity")
"""Columns that are added up when records are merged."""

APART = ("currency", "quantity_unit")
"""Columns that must agree for records to be merged: amounts in two units are never added."""

EXACT = "DECIMAL(38, 10)"
"""Type in which amounts are added: exact to the tenth decimal whatever the order of rows."""

REEXPORT = r"(?i)^\s*re-?\s?(ex|im)ports?\s*$"
"""A cell that says that the row is a re-export or re-import."""


def check_aggregate(repair: Aggregate, scene: Scene, where: str) -> None:
    """Validate the key columns of an aggregation."""
    if not repair.aggregate_duplicates:
        raise StudyError("no columns are given", where=where, fix="name the columns that identify a record")
    for name in repair.aggregate_duplicates:
        column = scene.column(name, where=where)
        if column in SUMMED and repair.how == "sum":
            raise StudyError(
                f"'{name}' is summed and cannot identify a record", where=where, fix="leave it out, or use how: first"
            )


def apply_aggregate(repair: Aggregate, scene: Scene, where: str) -> Outcome:
    """Merge the rows that agree on the key: sum value and quantity exactly, or keep one of them.

    Which row is kept, and the other columns of a sum, are decided by the rows' contents (smallest text first), not by
    their order in the file. A row whose value is not a number is never merged. The quantity of a sum is missing
    when the quantity of any of its rows is.
    """
    keys = [scene.column(name, where=where) for name in repair.aggregate_duplicates]
    before = scene.count()
    if repair.how == "first":
        scene.rewrite(_first(scene, keys))
        detail = "one row of each group was kept"
    else:
        scene.rewrite(_sum(scene, keys))
        scene.plain.update(SUMMED)
        detail = "value and quantity were summed; rows in different currencies or units were kept apart"
    merged = before - scene.count()
    return Outcome(f"merge rows that agree on {', '.join(keys)}", merged, detail)


def _first(scene: Scene, keys: list[str]) -> str:
    columns = [column for column in scene.columns() if not column.startswith("_")]
    contents = [f"{text(column)} NULLS LAST" for column in columns if column not in keys]
    order = ", ".join([*contents, "_file", "_row"])
    by = ", ".join(quoted(key) for key in keys)
    rank = f"row_number() OVER (PARTITION BY {by} ORDER BY {order})"
    return f"SELECT * FROM {quoted(RAW)} QUALIFY {rank} = 1"


def _sum(scene: Scene, keys: list[str]) -> str:
    columns = scene.columns()
    summed = [column for column in SUMMED if column in columns]
    by = [*keys, *(column for column in APART if column in columns and column not in keys)]
    exact = {column: f"TRY_CAST({scene.number(column)} AS {EXACT})" for column in summed}
    apart = [f'CASE WHEN NOT ({blank(column)}) AND {exact[column]} IS NULL THEN "_row" END' for column in summed]
    select = []
    for column in columns:
        name = quoted(column)
        if column in by:
            select.append(f"{name}")
        elif column in summed:
            select.append(f"{_total(column, exact[column])} AS {name}")
        else:
            select.append(f"min({name}) AS {name}")
    return f"SELECT {', '.join(select)} FROM {quoted(RAW)} GROUP BY {', '.join([*map(quoted, by), *apart])}"


def _total(column: str, exact: str) -> str:
    """Return SQL of a sum as text, with decimal point and without superfluous zeros; a text that is no number stays."""
    total = f"CASE WHEN sum({exact}) = 0 THEN '0' ELSE rtrim(rtrim(CAST(sum({exact}) AS VARCHAR), '0'), '.') END"
    known = f"count({exact}) = count(*)" if column == "quantity" else f"count({exact}) > 0"
    return f"CASE WHEN {known} THEN {total} WHEN count({exact}) = 0 THEN min({text(column)}) END"


def check_reexports(repair: DropReexports, scene: Scene, where: str) -> None:
    """Validate that something tells which rows are re-exports."""
    if "origin" not in scene.columns() and not _telling(scene):
        raise StudyError(
            "nothing tells which rows are re-exports: there is no origin column, and no cell says 're-export'",
            where=where,
            fix="map 'origin' in tables.transactions.columns, or drop this repair",
        )


def _telling(scene: Scene) -> list[str]:
    """Return the text columns in which some cell says that its row is a re-export or re-import."""
    names = [name for name, kind in scene.columns().items() if kind == "VARCHAR" and not name.startswith("_")]
    if not names:
        return []
    flags = ", ".join(f"bool_or(regexp_matches({quoted(name)}, {literal(REEXPORT)}))" for name in names)
    row = scalars(scene.engine, f"SELECT {flags} FROM {quoted(RAW)}")
    return [name for name, told in zip(names, row, strict=True) if told]


def apply_reexports(repair: DropReexports, scene: Scene, where: str) -> Outcome:
    """Drop the rows whose origin is another country, or that say they are re-exports or re-imports."""
    home = repair.drop_reexports
    foreign = says = "false"
    unknown = 0
    if "origin" in scene.columns():
        same = f"lower(trim({text('origin')})) = lower({literal(home.strip())})"
        foreign = f"(NOT ({blank('origin')}) AND NOT coalesce({same}, false))"
        unknown = scene.count(blank("origin"))
    telling = _telling(scene)
    if telling:
        told = [f"coalesce(regexp_matches({quoted(name)}, {literal(REEXPORT)}), false)" for name in telling]
        says = f"({' OR '.join(told)})"
    by_origin, by_text = scene.count(foreign), scene.count(says)
    dropped = scene.count(f"{foreign} OR {says}")
    if dropped:
        scene.rewrite(f"SELECT * FROM {quoted(RAW)} WHERE NOT ({foreign} OR {says})")
    detail = f"{by_origin:,} of another origin; {by_text:,} said so; {unknown:,} of unknown origin were kept"
    return Outcome(f"drop re-exports (keep origin {home})", dropped, detail)
