"""Which supplier belongs to which cluster: given, by region and sector, or all together."""

from __future__ import annotations

import polars as pl

from sinos.errors import StudyError
from sinos.results import Missing
from sinos.study.model import Clusters

SCHEMA = {"supplier": pl.String, "year": pl.Int64, "cluster": pl.String}


def membership(traders: pl.Series, suppliers: pl.DataFrame, how: Clusters) -> tuple[pl.DataFrame, list[Missing]]:
    """Return the cluster of each supplier.

    Parameters
    ----------
    traders
        Names of the suppliers among the transactions.
    suppliers
        Suppliers table of the contract.
    how
        Clusters section of the study.

    Returns
    -------
    tuple
        Frame of ``supplier``, ``year`` (missing: every year) and ``cluster``, sorted; and how many trading suppliers
        have no cluster.

    Raises
    ------
    StudyError
        If the suppliers table lacks what the clusters are made of.

    Examples
    --------
    >>> frame, missing = membership(pl.Series(["b", "a"]), pl.DataFrame(), Clusters(by="all", name="valley"))
    >>> frame.rows(), missing
    ([('a', None, 'valley'), ('b', None, 'valley')], [])
    """
    if how.by == "all":
        names = sorted(traders.unique().to_list())
        rows = [(name, None, how.name) for name in names]
        return pl.DataFrame(rows, schema=SCHEMA, orient="row"), []
    label = pl.col("cluster")
    parts = ("cluster",) if how.by == "given" else ("region", "sector")
    if how.by == "region_sector":
        label = pl.concat_str("region", "sector", separator=" / ").alias("cluster")
    empty = [part for part in parts if suppliers.height == 0 or suppliers[part].null_count() == suppliers.height]
    if empty:
        raise StudyError(
            f"clusters are formed by '{how.by}', and the suppliers table has no '{empty[0]}'", where="clusters: by",
            fix=f"give {' and '.join(parts)} in the suppliers table, or write 'by: all'",
        )  # fmt: skip
    known = suppliers.select("supplier", "year", label).drop_nulls("cluster").cast(SCHEMA)  # type: ignore[arg-type]
    frame = known.unique().sort("supplier", "year", "cluster", nulls_last=False)
    without = len(set(traders) - set(frame["supplier"]))
    reason = "suppliers with transactions belong to no cluster"
    return frame, [Missing("membership", "cluster", without, reason)] if without else []
