"""The truth behind emitted records, as the model has it: forms, functions, capabilities, upgrading events, lock-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sinos.strategies.names import FUNCTIONS

if TYPE_CHECKING:
    from sinos.strategies.history import History

PERFORMED = 0.25
"""Share of sales from which a function counts as performed by the supplier (assumption)."""

STEPS = (0.25, 0.50, 0.75)
"""Levels of capability whose passing is an event."""

SKILLED = ("sourcing", "logistics", "design", "marketing")

DETERRED = 0.5
"""A supplier is deterred when the loss it fears exceeds this share of the gain it expects."""


def truth_tables(history: History, relations: pl.DataFrame, suppliers: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the truth by name.

    ``forms``: supplier, buyer, year, the form that the buyer chose, who performs which function (``performs_``
    columns), ``supplier_logistics``, ``owned`` (hierarchy only) and ``exclusive`` (the buyer asked for at least half
    of the supplier's capacity).
    ``functions``: supplier, year, one 0/1 column per function performed for at least a quarter of sales, and
    ``share_`` columns with the exact share.
    ``capabilities``: supplier, year, share of the world frontier by function.
    ``events``: supplier, year, kind, direction, what.
    ``firms``: supplier, intent, ``group`` (of the buyers that took most of its volume over the years).
    ``lock_in``: supplier, year, ``fear`` and ``gain`` (what the supplier expects to lose to retaliation and to gain
    from building design and marketing), ``deterred`` (0/1), ``lock_in`` (the published index with nothing estimated:
    sum over buyers of share of sales x 1 in quasi-hierarchy x core overlap x margin x volume x years to replace the
    buyer, over profit).
    """
    functions = _functions(relations)
    capabilities = suppliers.select("supplier", "year", *FUNCTIONS)
    dedicated = dict(history.buyers.select("buyer", "dedication").iter_rows())
    return {
        "forms": relations.select(
            "supplier",
            "buyer",
            "year",
            "form",
            *(f"performs_{name}" for name in FUNCTIONS),
            supplier_logistics="performs_logistics",
            owned=(pl.col("form") == "hierarchy").cast(pl.Int64),
            exclusive=(pl.col("buyer").replace_strict(dedicated, return_dtype=pl.Float64) >= 0.5).cast(pl.Int64),
        ),
        "functions": functions,
        "capabilities": capabilities,
        "events": _events(capabilities, functions),
        "firms": _firms(history, relations, suppliers),
        "lock_in": _lock_in(history, relations, suppliers),
    }


def _firms(history: History, relations: pl.DataFrame, suppliers: pl.DataFrame) -> pl.DataFrame:
    sold = relations.join(history.buyers.select("buyer", "group"), on="buyer").group_by("supplier", "group")
    volume = sold.agg(pl.col("volume").sort().sum())
    mainly = volume.sort("supplier", "volume", "group", descending=[False, True, False])
    firms = suppliers.sort("supplier", "year").group_by("supplier").agg(intent=pl.col("intent").last())
    return firms.join(mainly.group_by("supplier").agg(pl.col("group").first()), on="supplier").sort("supplier")


def _functions(relations: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("volume") * pl.col("price")
    share = {
        f"share_{name}": pl.when(value.sum() > 0).then((value * pl.col(f"performs_{name}")).sum() / value.sum())
        for name in SKILLED
    }
    shares = relations.group_by("supplier", "year").agg(**share).sort("supplier", "year")
    return shares.with_columns(
        production=pl.lit(1, pl.Int64),
        **{name: (pl.col(f"share_{name}") >= PERFORMED).cast(pl.Int64) for name in SKILLED},
    )


def _events(capabilities: pl.DataFrame, functions: pl.DataFrame) -> pl.DataFrame:
    """Return events between consecutive years: capability passes a step; a function is gained or lost."""
    parts = []
    for kind in ("process", "product"):
        level = pl.sum_horizontal([(pl.col(kind) > step).cast(pl.Int64) for step in STEPS])
        parts.append(_changes(capabilities.select("supplier", "year", now=level), kind, f"{kind} capability"))
    parts += [_changes(functions.select("supplier", "year", now=pl.col(n)), "functional", n) for n in SKILLED]
    return pl.concat(parts).sort("supplier", "year", "kind", "what")


def _changes(levels: pl.DataFrame, kind: str, what: str) -> pl.DataFrame:
    change = pl.col("now") - pl.col("now").shift(1).over("supplier")
    follows = pl.col("year") - pl.col("year").shift(1).over("supplier") == 1
    moved = levels.sort("supplier", "year").with_columns(change=change).filter(follows & (pl.col("change") != 0))
    return moved.select(
        "supplier",
        "year",
        kind=pl.lit(kind),
        direction=pl.when(pl.col("change") > 0).then(pl.lit("up")).otherwise(pl.lit("down")),
        what=pl.lit(what),
    )


def _lock_in(history: History, relations: pl.DataFrame, suppliers: pl.DataFrame) -> pl.DataFrame:
    core = {
        buyer: float(np.isin(("design", "marketing"), (names or "").split(";")).mean())
        for buyer, names in history.buyers.select("buyer", "core").iter_rows()
    }
    cost = suppliers.select("supplier", "year", "unit_cost", "profit")
    value = pl.col("volume") * pl.col("price")
    exit_cost = ((pl.col("price") - pl.col("unit_cost")) * pl.col("volume") * pl.col("rematch")).clip(lower_bound=0.0)
    framed = relations.join(cost, on=["supplier", "year"], how="left", maintain_order="left").with_columns(
        share=value / value.sum().over("supplier", "year"),
        overlap=pl.col("buyer").replace_strict(core, return_dtype=pl.Float64),
        exit_cost=exit_cost,
    )
    part = pl.col("share") * (pl.col("form") == "quasi_hierarchy") * pl.col("overlap") * pl.col("exit_cost")
    index = framed.group_by("supplier", "year").agg(stake=part.sum())
    return (
        suppliers.select("supplier", "year", "fear", "gain", "profit")
        .join(index, on=["supplier", "year"], how="left", maintain_order="left")
        .select(
            "supplier",
            "year",
            "fear",
            "gain",
            deterred=((pl.col("gain") > 0) & (pl.col("fear") > DETERRED * pl.col("gain"))).cast(pl.Int64),
            lock_in=pl.when(pl.col("profit") > 0).then(pl.col("stake") / pl.col("profit")),
        )
    )
