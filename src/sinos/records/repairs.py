"""The repairs that a study declares: validated all together, applied in order, counted and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from sinos.engine import DuckDBEngine
from sinos.records.repairs_columns import Scene
from sinos.records.repairs_convert import apply_convert, check_convert
from sinos.records.repairs_names import apply_groups, apply_resolve, check_groups, check_resolve
from sinos.records.repairs_rows import apply_aggregate, apply_reexports, check_aggregate, check_reexports
from sinos.records.repairs_values import (
    Outcome,
    apply_filter,
    apply_parse,
    apply_recode,
    check_filter,
    check_parse,
    check_recode,
)
from sinos.study.model import (
    Aggregate,
    BuyerGroups,
    Convert,
    Drop,
    DropReexports,
    Filter,
    Parse,
    Recode,
    ResolveNames,
    Study,
)

LOG: dict[str, Any] = {
    "order": pl.Int64,
    "repair": pl.String,
    "what": pl.String,
    "rows_before": pl.Int64,
    "rows_after": pl.Int64,
    "changed": pl.Int64,
    "detail": pl.String,
}
"""Columns of the log."""

KINDS: dict[type, tuple[str, Callable[..., None], Callable[..., Outcome]]] = {
    Filter: ("filter", check_filter, apply_filter),
    Drop: ("drop", check_filter, apply_filter),
    Parse: ("parse", check_parse, apply_parse),
    Recode: ("recode", check_recode, apply_recode),
    Convert: ("convert", check_convert, apply_convert),
    Aggregate: ("aggregate_duplicates", check_aggregate, apply_aggregate),
    DropReexports: ("drop_reexports", check_reexports, apply_reexports),
    ResolveNames: ("resolve_names", check_resolve, apply_resolve),
    BuyerGroups: ("buyer_groups", check_groups, apply_groups),
}
"""Kind of repair -> its name, its validation and its application."""


def apply_repairs(engine: DuckDBEngine, study: Study, sides: Mapping[str, str]) -> pl.DataFrame:
    """Apply a study's repairs to ``raw_transactions``, in order.

    Parameters
    ----------
    engine
        Holds ``raw_transactions`` (contract and file columns, ``_row``, ``_file``); it is rewritten in place.
    study
        Its ``repairs`` are applied; its source of transactions tells how contract columns are called in the file.
    sides
        Side table (``buyers``) -> its raw table in the engine (``raw_buyers``). Names that are resolved or grouped
        in the transactions are so in these too.

    Returns
    -------
    pl.DataFrame
        The log, one row per repair: ``order`` (from 1), ``repair``, ``what``, ``rows_before``, ``rows_after``,
        ``changed`` (rows dropped, merged or changed), ``detail``.

    Raises
    ------
    StudyError
        If any repair names an unknown column or is wrong in itself; then none has been applied.
    RecordsError
        If a conversion meets a currency or unit without a factor.
    """
    scene = Scene(engine, study, sides)
    steps = []
    for order, repair in enumerate(study.repairs, start=1):
        name, check, apply = KINDS[type(repair)]
        where = f"repairs[{order}] {name}"
        check(repair, scene, where)
        steps.append((order, name, where, repair, apply))
    rows = []
    for order, name, where, repair, apply in steps:
        before = scene.count()
        outcome = apply(repair, scene, where)
        rows.append((order, name, outcome.what, before, scene.count(), outcome.changed, outcome.detail))
    return pl.DataFrame(rows, schema=LOG, orient="row")
