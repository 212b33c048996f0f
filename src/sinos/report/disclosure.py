"""Protection of firm-level data: what a report may print when small cells must be withheld.

A cell is withheld when fewer than ``min_cell`` firms stand behind it. Where a printed total would give a withheld cell
away, the next smallest cell is withheld too (complementary suppression).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sinos.study.model import Study

NOT_FIRMS = frozenset(
    {"country", "countries", "region", "state", "municipality", "programme", "program", "sector", "product", "district"}
)
"""Words of ``about.supplier_is`` and ``about.buyer_is`` that need no protection; anything else is taken for a firm."""


@dataclass(frozen=True)
class Protection:
    """What must be protected.

    Attributes
    ----------
    min_cell
        Fewest firms behind a printed cell; 1 prints everything.
    suppliers, buyers
        Whether suppliers and buyers are firms (and not countries or programmes).
    hash_ids
        Identifiers are hashed; texts that may quote the original records are left out.
    """

    min_cell: int = 1
    suppliers: bool = True
    buyers: bool = True
    hash_ids: bool = False

    @property
    def active(self) -> bool:
        """Whether anything is withheld at all."""
        return self.min_cell > 1

    @property
    def single_suppliers(self) -> bool:
        """Whether a row about one supplier may be printed."""
        return not (self.active and self.suppliers)

    @property
    def single_buyers(self) -> bool:
        """Whether a row about one buyer may be printed."""
        return not (self.active and self.buyers)

    @property
    def quotes(self) -> bool:
        """Whether examples and texts that quote the original records may be printed."""
        return not self.active and not self.hash_ids


def protection(study: Study) -> Protection:
    """Return what a study asks to protect.

    Examples
    --------
    >>> from sinos.study.model import Study
    >>> study = Study.model_validate({"about": {"title": "t", "supplier_is": "country"},
    ...     "tables": {"transactions": {"file": "a.csv"}}, "disclosure": {"min_cell": 3}})
    >>> protection(study).single_suppliers, protection(study).single_buyers
    (True, False)
    """
    return Protection(
        min_cell=study.disclosure.min_cell,
        suppliers=study.about.supplier_is.strip().lower() not in NOT_FIRMS,
        buyers=study.about.buyer_is.strip().lower() not in NOT_FIRMS,
        hash_ids=study.disclosure.hash_ids,
    )


def withhold(
    frame: pl.DataFrame,
    columns: tuple[str, ...],
    firms: tuple[str, ...],
    guard: Protection,
    *,
    within: tuple[str, ...] | None = None,
) -> tuple[pl.DataFrame, int]:
    """Blank the given columns in rows with too few firms behind them, and mark those rows.

    Parameters
    ----------
    frame
        Table to protect; rows keep their order.
    columns
        Columns to blank.
    firms
        Columns with the number of firms behind the row; each must reach ``min_cell`` unless it is zero.
    guard
        What must be protected.
    within
        Columns of the groups whose total is printed; ``()`` means that the total of the whole table is printed.
        ``None`` means that no total is printed, so that no complementary suppression is needed.

    Returns
    -------
    tuple
        The frame with a column ``withheld``, and the number of rows withheld.
    """
    if not guard.active or not firms:
        return frame.with_columns(pl.lit(False).alias("withheld")), 0
    low = pl.any_horizontal(((pl.col(c) > 0) & (pl.col(c) < guard.min_cell)).fill_null(True) for c in firms)
    marked = frame.with_row_index("_row").with_columns(low.alias("withheld"))
    if within is not None and marked.height:
        groups = marked.partition_by(list(within), maintain_order=True) if within else [marked]
        marked = pl.concat([_complement(group, firms, guard.min_cell) for group in groups]).sort("_row")
    blanked = marked.drop("_row").with_columns(
        pl.when(~pl.col("withheld")).then(pl.col(column)).alias(column) for column in columns
    )
    return blanked, int(blanked["withheld"].sum())


def _complement(group: pl.DataFrame, firms: tuple[str, ...], min_cell: int) -> pl.DataFrame:
    """Withhold the next smallest rows of a group until the withheld rows cannot be told from the total."""
    counts = [min(int(value or 0) for value in row) for row in group.select(firms).iter_rows()]
    hidden = {row for row, mark in enumerate(group["withheld"].to_list()) if mark}
    rest = sorted((row for row in range(group.height) if row not in hidden and counts[row] > 0), key=counts.__getitem__)
    while hidden and rest and (len(hidden) < 2 or sum(counts[row] for row in hidden) < min_cell):
        hidden.add(rest.pop(0))
    return group.with_columns(pl.Series("withheld", [row in hidden for row in range(group.height)]))


def band(share: float | None, width: float = 0.25) -> str:
    """Return a share as a broad band: a single firm's share is never printed exactly when firms are protected.

    Examples
    --------
    >>> band(0.39), band(1.0), band(None)
    ('25 to 50\u202f%', '75 to 100\u202f%', '–')
    """
    if share is None:
        return "–"
    step = min(int(share / width), int(1 / width) - 1)
    return f"{step * width * 100:.0f} to {(step + 1) * width * 100:.0f}\u202f%"
