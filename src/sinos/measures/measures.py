"""The verb ``measure`` and its result: tables that stay in the engine until they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sinos.errors import EngineError, OutputError, UnknownNameError, nearest
from sinos.measures.missing import count_assumed, count_coarse, count_missing
from sinos.measures.pipeline import PREFIX, build, context
from sinos.measures.references import REFERENCES
from sinos.measures.rematch import as_table, hazards
from sinos.measures.shape import KEYS, named
from sinos.results import Result
from sinos.theory.load import reference_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sinos.engine import Engine
    from sinos.records import Records
    from sinos.study.model import Study

SIDES = ("suppliers", "buyers", "relations", "clusters", "products", "coverage", "membership")
"""Tables of the records that travel with the measures."""


class StoredFrames(Mapping[str, pl.DataFrame]):
    """Tables by name; those of the engine are collected, named and sorted when they are first asked for.

    Parameters
    ----------
    engine
        Holds the tables.
    stored
        Names of the tables that the engine holds.
    held
        Tables that are in memory already.
    """

    def __init__(self, engine: Engine, stored: Sequence[str], held: Mapping[str, pl.DataFrame]) -> None:
        self._engine = engine
        self._held = dict(held)
        self._names = (*stored, *held)

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._held:
            if self._engine.closed:
                raise EngineError(
                    f"the records are closed and '{name}' was not read before",
                    where="measures",
                    fix="call .load() on the measures, or read the table, before the records are closed",
                )
            self._held[name] = self._engine.collect(named(self._engine, self._engine.table(PREFIX + name), name))
        return self._held[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def holds(self, name: str) -> bool:
        """Tell whether a table is in memory already."""
        return name in self._held


@dataclass(frozen=True)
class Measures(Result):
    """The measures of every level, as in the packaged catalogue, and the side tables of the records.

    Tables are brought into memory when they are first asked for, so that files larger than memory can be measured and
    written. They live in the records' engine: once the records are closed only the tables that were read (or
    :meth:`load`-ed) remain.

    Attributes
    ----------
    frames
        ``relation_years``, ``supplier_years``, ``buyer_years``, ``buyer_product_years``, ``product_years``,
        ``cluster_years``, ``supplier_product_years``; ``rematch`` (hazards by market thickness); and the records'
        ``suppliers``, ``buyers``, ``relations``, ``clusters``, ``products``, ``coverage``, ``membership``.
    study
        The study in force.
    """

    study: Study = None  # type: ignore[assignment]
    engine: Engine = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if not isinstance(self.frames, StoredFrames):
            super().__post_init__()

    def load(self) -> Measures:
        """Bring every table into memory, so that the records can be closed; return the measures."""
        for name in self.frames:
            self.frame(name)
        return self

    def rows(self, name: str) -> int:
        """Return the number of rows of a table without bringing it into memory."""
        frames = self.frames
        if isinstance(frames, StoredFrames) and name in KEYS and not frames.holds(name) and not self.engine.closed:
            table = self.engine.table(PREFIX + name)
            return int(self.engine.collect(table.aggregate(n=table.count())).row(0)[0])
        return self.frame(name).height

    def summary(self) -> str:
        """Return the measures in a few lines of text."""
        lines = [f"{name}: {self.rows(name):,} rows" for name in self.names() if name in KEYS]
        lines += [f"missing {m.table}.{m.column}: {m.count:,} ({m.reason})" for m in self.missing]
        return "\n".join(lines)

    def write(self, folder: str | Path, names: Sequence[str] | None = None) -> tuple[Path, ...]:
        """Write tables as Parquet files, sorted by key, without bringing them into memory.

        Parameters
        ----------
        folder
            Existing folder.
        names
            Tables; all tables of measures when not given.

        Returns
        -------
        tuple of Path
            The files written, ``<name>.parquet``.

        Raises
        ------
        UnknownNameError
            If there is no table of a name.
        OutputError
            If the folder does not exist.
        """
        target = Path(folder)
        if not target.is_dir():
            raise OutputError("the output folder does not exist", where=str(target), fix="make the folder first")
        written = []
        for name in names or tuple(KEYS):
            if name not in self.frames:
                raise UnknownNameError(f"there is no table '{name}' in this result", fix=nearest(name, self.frames))
            file = target / f"{name}.parquet"
            if name in KEYS and self.engine is not None and not self.engine.closed:
                self.engine.export(named(self.engine, self.engine.table(PREFIX + name), name), file)
            else:
                self.frame(name).write_parquet(file)
            written.append(file)
        return tuple(written)

    def plot_data(self) -> pl.DataFrame:
        """Return the main buyer's share by cluster and year, overall and among the largest suppliers."""
        return self.frame("cluster_years").select(
            "cluster", "year", "main_buyer", "main_buyer_share", "largest_main_buyer_share"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the main buyer's share of each cluster's sales through the years."""
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(7, 4)).add_subplot()
        for (cluster,), rows in self.plot_data().group_by(["cluster"], maintain_order=True):
            ax.plot(rows["year"].to_list(), rows["main_buyer_share"].to_list(), marker="o", label=str(cluster))
        ax.set_xlabel("Year")
        ax.set_ylabel("Main buyer's share of recorded sales")
        ax.set_ylim(0, 1)
        ax.legend(frameon=False)
        return ax


def measure(source: Any, **given: Any) -> Measures:
    """Measure relations, suppliers, buyers, products and clusters.

    Parameters
    ----------
    source
        Records, or anything that :func:`sinos.records.read` takes (a data frame in contract names, a study, a path).
        Records
        made here are closed again, and every table is then in memory.
    **given
        Passed to :func:`sinos.records.read` when the source is not records.

    Returns
    -------
    Measures
        Tables with the columns of the catalogue, sorted by key.

    Raises
    ------
    MeasureError
        If there is nothing to measure.

    Examples
    --------
    >>> trade = pl.DataFrame({"supplier": ["a", "a"], "buyer": ["x", "y"], "product": ["1", "1"],
    ...                       "year": [1990, 1990], "value": [3.0, 1.0]})
    >>> measure(trade).frame("supplier_years").select("supplier", "top1_share").rows()
    [('a', 0.75)]
    """
    from sinos.records import Records, read

    if isinstance(source, Records):
        return measured(source)
    with read(source, **given) as records:
        return measured(records).load()


def measured(records: Records) -> Measures:
    """Measure records; the tables stay in the records' engine."""
    margin = records.study.options.margin
    run = context(records.engine, records.frames, margin)
    tables = build(run)
    sums = records.engine.collect(records.engine.table(PREFIX + "hazards"))
    held = {"rematch": as_table(hazards(sums))} | {name: records.frames[name] for name in SIDES}
    return Measures(
        frames=StoredFrames(records.engine, tuple(tables), held),
        missing=(
            *records.missing,
            *count_coarse(records.engine, run.found),
            *count_missing(records.engine, tables),
            *count_assumed(records.engine, tables["supplier_years"], margin),
        ),
        provenance=replace(records.provenance, stage="measures"),
        kind=records.kind,
        references=reference_texts(REFERENCES),
        study=records.study,
        engine=records.engine,
    )
