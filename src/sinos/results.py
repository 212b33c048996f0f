"""What every stage returns: a small frozen result with tables, text, plot data, references and provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sinos.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes

    from sinos.frames import FrameKind


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from.

    Attributes
    ----------
    version
        Version of Sinos.
    stage
        Name of the stage: ``records``, ``measures``, ``governance``, ``upgrading`` or ``report``.
    options
        The options that were in force, defaults included.
    inputs
        Fingerprint (SHA-256, hexadecimal) of each input table, by name; it does not depend on row order.
    seed
        Seed of all random numbers drawn.
    """

    version: str
    stage: str
    options: Mapping[str, Any]
    inputs: Mapping[str, str]
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Return the provenance as plain values, ready for JSON."""
        return {
            "version": self.version,
            "stage": self.stage,
            "options": dict(self.options),
            "inputs": dict(self.inputs),
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that could not be computed: what, how many times, and why.

    Attributes
    ----------
    table, column
        Where the values are missing.
    count
        How many rows have no value.
    reason
        Why, in a sentence a researcher can act on.
    """

    table: str
    column: str
    count: int
    reason: str


@dataclass(frozen=True)
class Result:
    """Base of all stage results.

    Attributes
    ----------
    frames
        The tables, by name, as polars frames with rows in a fixed order.
    missing
        What could not be computed, with counts and reasons.
    provenance
        Version, options, input fingerprints and seed.
    kind
        The kind of data frame the user works with; :meth:`table` returns that kind.
    references
        Full references of the methods used.
    """

    frames: Mapping[str, pl.DataFrame]
    missing: tuple[Missing, ...]
    provenance: Provenance
    kind: FrameKind = "pandas"
    references: tuple[str, ...] = field(default=())

    def __init_subclass__(cls) -> None:
        """Keep the short text form in subclasses, for which ``dataclass`` would write one with every option and row."""
        super().__init_subclass__()
        cls.__repr__ = Result.__repr__  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", MappingProxyType(dict(self.frames)))

    def __repr__(self) -> str:
        """Name the tables; what is in them is printed by :meth:`summary` and given by :meth:`table`."""
        return f"<{type(self).__name__} with tables {', '.join(self.names()) or 'none'}; see summary(), table(name)>"

    def names(self) -> tuple[str, ...]:
        """Return the names of the tables."""
        return tuple(self.frames)

    def frame(self, name: str | None = None) -> pl.DataFrame:
        """Return one table as a polars frame; the first one if no name is given.

        Raises
        ------
        UnknownNameError
            If there is no table of that name.
        """
        name = name or self.names()[0]
        if name not in self.frames:
            raise UnknownNameError(f"there is no table '{name}' in this result", fix=nearest(name, self.frames))
        return self.frames[name]

    def table(self, name: str | None = None, *, like: FrameKind | None = None) -> Any:
        """Return one table in the kind of frame the user gave (or in the kind asked for with ``like``)."""
        from sinos.frames import like as as_kind

        return as_kind(self.frame(name), like or self.kind)

    def missing_table(self, *, like: FrameKind | None = None) -> Any:
        """Return what could not be computed as a table: table, column, count, reason."""
        import polars as pl

        from sinos.frames import like as as_kind

        rows = [(m.table, m.column, m.count, m.reason) for m in self.missing]
        schema = {"table": pl.String, "column": pl.String, "count": pl.Int64, "reason": pl.String}
        return as_kind(pl.DataFrame(rows, schema=schema, orient="row"), like or self.kind)

    def summary(self) -> str:
        """Return the result in a few lines of text."""
        lines = [f"{name}: {self.frame(name).height:,} rows" for name in self.names()]
        lines += [f"missing {m.table}.{m.column}: {m.count:,} ({m.reason})" for m in self.missing]
        return "\n".join(lines)

    def plot_data(self) -> pl.DataFrame:
        """Return the numbers behind :meth:`plot`."""
        return self.frame()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the result's main chart on the given or a new matplotlib axes and return the axes."""
        raise NotImplementedError
