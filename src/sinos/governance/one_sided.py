"""Records of one firm's trade: what they cannot say about the other side is taken as unknown, not as dependence.

A file of one buyer's purchases shows every supplier selling to that buyer alone. Its suppliers may have any number of
other buyers, so that dependence of 1 is an artefact of the file and no evidence of governance (science H1, H13). The
same holds, the other way round, for a file of one supplier's sales.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sinos.results import Missing

_OF_ONE_BUYER = {
    "relation_years": ("supplier_dependence", "exclusive"),
    "supplier_years": ("effective_buyers", "market_thickness", "rematch_years"),
}
_OF_ONE_SUPPLIER = {
    "relation_years": ("buyer_dependence", "sps", "relational_net", "supplier_thickness"),
}


def hide_unseen_side(
    base: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], tuple[Missing, ...]]:
    """Set to null what follows only from the other side of the trade not being in the records.

    A side is unseen when the records have one buyer (or one supplier) and every share that it takes of the other
    side is 1. ``supplier_dependence_total``, which comes from the suppliers' declared output, stays.

    Parameters
    ----------
    base
        Relation-years.
    tables
        Other tables of the measures, by name.

    Returns
    -------
    base, tables, missing
        The tables without those columns' values, and what was hidden, with its reason.

    Examples
    --------
    >>> list_of_one = pl.DataFrame({"supplier": ["a", "b"], "buyer": ["x", "x"], "supplier_dependence": [1.0, 1.0]})
    >>> base, _, missing = hide_unseen_side(list_of_one, {})
    >>> base["supplier_dependence"].to_list(), missing[0].count
    ([None, None], 2)
    """
    frames = {"relation_years": base, **tables}
    missing: list[Missing] = []
    if _unseen(base, "buyer", "supplier_dependence"):
        reason = "the records are of one buyer's purchases: what its suppliers sell to others is not seen"
        missing.append(Missing("governance", "supplier_dependence", base.height, reason))
        frames = _hidden(frames, _OF_ONE_BUYER)
    if _unseen(base, "supplier", "buyer_dependence"):
        reason = "the records are of one supplier's sales: what its buyers purchase from others is not seen"
        missing.append(Missing("governance", "buyer_dependence", base.height, reason))
        frames = _hidden(frames, _OF_ONE_SUPPLIER)
    return frames.pop("relation_years"), frames, tuple(missing)


def _unseen(base: pl.DataFrame, side: str, share: str) -> bool:
    if base.height == 0 or share not in base.columns or base[side].n_unique() != 1:
        return False
    known = base[share].cast(pl.Float64).drop_nulls()
    return known.len() > 0 and bool((known >= 1 - 1e-9).all())


def _hidden(frames: dict[str, pl.DataFrame], columns: Mapping[str, tuple[str, ...]]) -> dict[str, pl.DataFrame]:
    result = dict(frames)
    for table, names in columns.items():
        if table in result:
            there = [name for name in names if name in result[table].columns]
            result[table] = result[table].with_columns(pl.lit(None, result[table].schema[n]).alias(n) for n in there)
    return result
