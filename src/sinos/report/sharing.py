"""Which tables of a protected study may leave the house, and which stay: rows about single firms are never shared.

With ``disclosure: {min_cell: k}`` an output has two folders of tables. ``tables`` holds what may be shared: rows about
clusters, products and years, blanked where fewer than k firms stand behind them. ``confidential`` holds every table
whole, for the work inside. A table that is not named here as safe to share stays in ``confidential``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from sinos.report.disclosure import Protection, withhold

NOTICE = """\
The tables in this folder are complete: they have rows about single firms, and cells with few firms behind them.
They are for work inside and are not to be shared. What may be shared is in the folder 'tables' and in report.html.

Coefficients and tests (claims, productivity) are here too: whether they may be released is for a person to judge.
"""


@dataclass(frozen=True)
class Sharing:
    """How one table is made safe to share.

    Attributes
    ----------
    keys
        Columns that say what a row is about; they stay.
    names
        Columns that name firms, or give the share of a single one; they are blanked in every row.
    within
        Columns of the groups whose total is known from another row or table, for complementary suppression.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...] = ()
    within: tuple[str, ...] | None = None


SHARED: Mapping[str, Sharing] = {
    "cluster_years": Sharing(
        ("cluster", "year"),
        ("main_buyer", "main_buyer_share", "largest_main_buyer_share", "largest_top1_share"),
        ("year",),
    ),
    "cluster_governance": Sharing(("cluster", "year"), ("lead_buyers",), ("year",)),
    "product_years": Sharing(("product", "year"), (), ("year",)),
}
"""Tables that may be shared once small cells are blanked; each row has a number of suppliers and of buyers."""

WHOLE = ("rematch",)
"""Tables without a row about firms or small groups of them."""


def shareable(frames: Mapping[str, pl.DataFrame], guard: Protection) -> tuple[dict[str, pl.DataFrame], int]:
    """Return the tables that may be shared, with small cells blanked.

    Parameters
    ----------
    frames
        Every table of the output by name. Number of suppliers and buyers by cluster and year come from
        ``cluster_years``.
    guard
        What must be protected.

    Returns
    -------
    tuple
        The tables by name, each of :data:`SHARED` with a column ``withheld``, and the number of rows withheld. Without
        protection the tables are returned as given.
    """
    if not guard.active:
        return dict(frames), 0
    shared: dict[str, pl.DataFrame] = {}
    hidden = 0
    for name, frame in frames.items():
        if name in SHARED:
            shared[name], rows = protect(_counted(name, frame, frames), SHARED[name], guard)
            hidden += rows
        elif name in WHOLE:
            shared[name] = frame
    return shared, hidden


def protect(frame: pl.DataFrame, sharing: Sharing, guard: Protection) -> tuple[pl.DataFrame, int]:
    """Blank what names a firm in every row, and all but the keys in rows with fewer than ``min_cell`` firms.

    Examples
    --------
    >>> years = pl.DataFrame({"year": [1, 2], "suppliers": [9, 1], "buyers": [5, 5], "value": [7.0, 8.0]})
    >>> protect(years, Sharing(("year",)), Protection(min_cell=3))[0].rows()
    [(1, 9, 5, 7.0, False), (2, None, None, None, True)]
    """
    firms = tuple(name for name, on in (("suppliers", guard.suppliers), ("buyers", guard.buyers)) if on)
    named = [name for name in sharing.names if name in frame.columns]
    frame = frame.with_columns(pl.lit(None).cast(frame.schema[name]).alias(name) for name in named)
    blank = tuple(name for name in frame.columns if name not in sharing.keys)
    return withhold(frame, blank, firms, guard, within=sharing.within)


def _counted(name: str, frame: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Give a table of clusters and years the number of firms behind each row."""
    if {"suppliers", "buyers"} <= set(frame.columns):
        return frame
    counts = frames["cluster_years"].select("cluster", "year", "suppliers", "buyers")
    return frame.join(counts, on=list(SHARED[name].keys), how="left", maintain_order="left")
