"""Repairs of who is who: spellings of one firm, and buyers by their corporate group."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

import polars as pl

from sinos.engine import quoted
from sinos.errors import MissingExtraError, OutputError, StudyError
from sinos.records.linkage import Quality, link, quality
from sinos.records.repairs_columns import RAW, Scene, blank, text
from sinos.records.repairs_values import Outcome
from sinos.study.model import BuyerGroups, ResolveNames


def check_resolve(repair: ResolveNames, scene: Scene, where: str) -> None:
    """Validate columns, labels and the extra that name resolution needs."""
    for name in (repair.resolve_names, *repair.evidence):
        scene.column(name, where=where)
    if importlib.util.find_spec("splink") is None:
        raise MissingExtraError("splink", "linkage", purpose="repair resolve_names")
    if repair.labels:
        _labels(repair.labels, scene, where)
    if repair.save and not scene.path(repair.save).parent.is_dir():
        raise StudyError(
            f"the folder of save: '{repair.save}' does not exist",
            where=where,
            fix="make the folder, or name another file",
        )


def apply_resolve(repair: ResolveNames, scene: Scene, where: str) -> Outcome:
    """Give every spelling of one firm one name, in the transactions and in every side table."""
    column = scene.column(repair.resolve_names, where=where)
    evidence = [scene.column(name, where=where) for name in repair.evidence]
    names = link(_names(scene, column, evidence), threshold=repair.threshold)
    if repair.save:
        _save(names, scene.path(repair.save))
    moved = names.filter(pl.col("name") != pl.col("canonical"))
    changed = int(moved["rows"].sum())
    if changed:
        scene.engine.register("_name_map", moved.select("name", "canonical").to_arrow())
        _rename(scene, RAW, column)
        for side in scene.sides.values():
            if column in scene.columns(side):
                _rename(scene, side, column)
        scene.engine.execute('DROP TABLE "_name_map"')
    detail = f"{names.height:,} spellings became {names['canonical'].n_unique():,} names"
    if repair.labels:
        mapping = dict(zip(names["name"], names["canonical"], strict=True))
        detail += "; " + said(quality(mapping, _labels(repair.labels, scene, where)))
    return Outcome(f"resolve names of {column} (Splink, threshold {repair.threshold:g})", changed, detail)


def said(found: Quality) -> str:
    """Return the quality of a linkage as text."""
    parts = [f"{found.pairs:,} labelled pairs"]
    for name, value in (("precision", found.precision), ("recall", found.recall), ("F1", found.f1)):
        parts.append(f"{name} " + ("not defined" if value is None else f"{value:.3f}"))
    return ", ".join(parts)


def _names(scene: Scene, column: str, evidence: list[str]) -> pl.DataFrame:
    """Return the distinct names with their number of rows and the values of further columns as lists."""
    lists = "".join(
        f", list_sort(list_filter(list(DISTINCT {text(name)}), lambda x: x <> '')) AS e{place}"
        for place, name in enumerate(evidence)
    )
    query = f"SELECT {text(column)} AS name, count(*) AS rows{lists} FROM {quoted(RAW)} WHERE NOT ({blank(column)})"
    frame = pl.from_arrow(scene.engine.relation(f"{query} GROUP BY 1 ORDER BY 1").to_arrow_table())
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _rename(scene: Scene, table: str, column: str) -> None:
    scene.rewrite(
        f"SELECT t.* REPLACE (coalesce(m.canonical, t.{quoted(column)}) AS {quoted(column)}) FROM {quoted(table)} t"
        f' LEFT JOIN "_name_map" m ON CAST(t.{quoted(column)} AS VARCHAR) = m.name',
        table,
    )


def _save(names: pl.DataFrame, path: Path) -> None:
    try:
        names.write_csv(path)
    except OSError as error:
        raise OutputError(
            f"the name map cannot be written ({error.strerror})", where=str(path), fix="name a file that you may write"
        ) from error


def _labels(name: str, scene: Scene, where: str) -> list[tuple[str, str, bool]]:
    """Read labelled pairs: left, right, same (0 or 1)."""
    rows = _csv(name, ("left", "right", "same"), scene, where)
    wrong = [row["same"] for row in rows if row["same"] not in ("0", "1")]
    if wrong:
        raise StudyError(
            f"column 'same' of the labels '{name}' holds '{wrong[0]}'", where=where, rows=len(wrong), fix="write 0 or 1"
        )
    return [(row["left"], row["right"], row["same"] == "1") for row in rows]


def _csv(name: str, columns: tuple[str, ...], scene: Scene, where: str) -> list[dict[str, str]]:
    needed = ", ".join(columns)
    try:
        with scene.path(name).open(encoding="utf-8-sig", newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the file '{name}' cannot be read ({error})",
            where=where,
            fix=f"give a UTF-8 CSV with the columns {needed}, relative to the study file",
        ) from error
    short = [row for row in rows if any(row.get(column) is None for column in columns)]
    if not rows or short:
        raise StudyError(
            f"the file '{name}' is empty, or lacks a column or a cell of {needed}",
            where=where,
            rows=len(short) if rows else None,
            fix=f"give a CSV with the header {','.join(columns)} and a value in every cell",
        )
    return rows


def check_groups(repair: BuyerGroups, scene: Scene, where: str) -> None:
    """Validate where the groups come from."""
    scene.column("buyer", where=where)
    if repair.buyer_groups == "buyers":
        table = scene.sides.get("buyers")
        if table is None or not {"buyer", "group"} <= set(scene.columns(table)):
            raise StudyError(
                "there is no buyers table with the columns buyer and group",
                where=where,
                fix="give tables.buyers with 'group', or write buyer_groups: a CSV with the columns buyer, group",
            )
    _group_map(repair, scene, where)


def apply_groups(repair: BuyerGroups, scene: Scene, where: str) -> Outcome:
    """Replace each buyer by its group in the transactions, the relations and the buyers table.

    A buyers table gets one row per group; an attribute on which the group's members differ becomes missing.
    """
    groups = _group_map(repair, scene, where)
    frame = pl.DataFrame({"name": list(groups), "canonical": list(groups.values())}, schema_overrides=_TEXTS)
    scene.engine.register("_name_map", frame.to_arrow())
    changed = scene.value(
        f'SELECT count(*) FROM {quoted(RAW)} t JOIN "_name_map" m ON CAST(t.buyer AS VARCHAR) = m.name'
    )
    _rename(scene, RAW, "buyer")
    for side in scene.sides.values():
        if "buyer" in scene.columns(side):
            _rename(scene, side, "buyer")
    if "buyers" in scene.sides:
        _one_row_each(scene, scene.sides["buyers"])
    scene.engine.execute('DROP TABLE "_name_map"')
    detail = f"{len(groups):,} buyers belong to {len(set(groups.values())):,} groups"
    return Outcome("replace buyers by their group", changed, detail)


_TEXTS = {"name": pl.String, "canonical": pl.String}


def _group_map(repair: BuyerGroups, scene: Scene, where: str) -> dict[str, str]:
    """Return buyer -> group for the buyers whose group has another name.

    Raises
    ------
    StudyError
        If a buyer is given two groups.
    """
    if repair.buyer_groups == "buyers":
        table = quoted(scene.sides["buyers"])
        query = f"SELECT {text('buyer')}, {text('group')} FROM {table} WHERE NOT ({blank('buyer')}) ORDER BY 1, 2"
        pairs = [(str(buyer), str(group or "")) for buyer, group in scene.engine.connection.execute(query).fetchall()]
    else:
        rows = _csv(repair.buyer_groups, ("buyer", "group"), scene, where)
        pairs = [(row["buyer"], row["group"]) for row in rows]
    groups: dict[str, str] = {}
    for buyer, group in pairs:
        if not group.strip():
            continue
        if groups.setdefault(buyer, group) != group:
            raise StudyError(
                f"buyer '{buyer}' is given two groups, '{groups[buyer]}' and '{group}'",
                where=where,
                fix="keep one of them; a buyer that changed owner needs a name of its own for each period",
            )
    return {buyer: group for buyer, group in groups.items() if buyer != group}


def _one_row_each(scene: Scene, table: str) -> None:
    select = ["buyer"]
    for name in scene.columns(table):
        column = quoted(name)
        if name.startswith("_"):
            select.append(f"min({column}) AS {column}")
        elif name != "buyer":
            select.append(f"CASE WHEN count(DISTINCT {column}) = 1 THEN min({column}) END AS {column}")
    scene.rewrite(f"SELECT {', '.join(select)} FROM {quoted(table)} GROUP BY buyer", table)
