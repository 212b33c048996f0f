"""What every estimator needs: a checked frame with the columns it names, an explained loss of rows, and its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos import __version__
from sinos.errors import UpgradingError, nearest
from sinos.frames import FrameKind, kind_of, to_polars
from sinos.results import Missing, Provenance, Result
from sinos.theory.load import reference_texts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tidy:
    """A frame with the columns an estimator needs, under the names it uses, sorted by its key.

    Attributes
    ----------
    frame
        Key columns as text or whole years, numbers as 64-bit floats; infinite values are missing.
    kind
        The kind of frame that the user gave.
    where
        What errors call the table.
    fingerprint
        SHA-256 of the columns read, whatever the order of rows.
    """

    frame: pl.DataFrame
    kind: FrameKind
    where: str
    fingerprint: str

    def numbers(self, name: str) -> Floats:
        """Return one column as an array; missing values are NaN."""
        return self.frame[name].fill_null(float("nan")).to_numpy().astype(np.float64)


def read(
    frame: Any,
    *,
    where: str,
    text: Mapping[str, str],
    numbers: Mapping[str, str],
    years: Mapping[str, str] | None = None,
    key: Sequence[str] = (),
) -> Tidy:
    """Read the named columns of a user's frame, check them, and sort by the key.

    Parameters
    ----------
    frame
        pandas, polars or pyarrow.
    where
        What errors call the table.
    text, numbers, years
        Name used by the estimator: name in the frame.
    key
        Names (as used by the estimator) that identify a row; rows without them are refused.

    Raises
    ------
    UpgradingError
        If a column is missing or is not of its type, the frame is empty, or the key is missing or repeated.
    """
    kind, given = kind_of(frame), to_polars(frame)
    years = years or {}
    renamed = {**text, **years, **numbers}
    for column in renamed.values():
        if column not in given.columns:
            raise UpgradingError(
                f"column '{column}' is missing", where=where, fix=f"give it; {nearest(column, given.columns)}"
            )
    if not given.height:
        raise UpgradingError("the table has no rows", where=where, fix="give at least one row")
    read_as = [_text(given, text[name], name) for name in text]
    read_as += [_year(given, years[name], name, where) for name in years]
    read_as += [_number(given, numbers[name], name, where) for name in numbers]
    plain = pl.DataFrame(read_as)
    if key:
        plain = _keyed(plain, key, where)
    return Tidy(plain, kind, where, fingerprint(plain))


def _text(given: pl.DataFrame, column: str, name: str) -> pl.Series:
    return given[column].cast(pl.String).alias(name)


def _number(given: pl.DataFrame, column: str, name: str, where: str) -> pl.Series:
    if not (given[column].dtype.is_numeric() or given[column].dtype in (pl.Boolean, pl.Null)):
        raise UpgradingError(
            f"column '{column}' holds {given[column].dtype}, not numbers", where=where, fix="convert it to numbers"
        )
    series = given[column].cast(pl.Float64)
    finite = pl.DataFrame([series.alias(name)]).select(pl.when(pl.col(name).is_finite()).then(pl.col(name)))
    return finite.to_series()


def _year(given: pl.DataFrame, column: str, name: str, where: str) -> pl.Series:
    series = _number(given, column, name, where)
    rough = int((series != series.round()).fill_null(False).sum())
    if rough:
        raise UpgradingError(
            f"column '{column}' holds numbers that are not whole years", where=where, rows=rough, fix="give whole years"
        )
    return series.cast(pl.Int64)


def _keyed(plain: pl.DataFrame, key: Sequence[str], where: str) -> pl.DataFrame:
    bare = plain.filter(pl.any_horizontal(pl.col(name).is_null() for name in key)).height
    if bare:
        raise UpgradingError(f"{', '.join(key)} must be given", where=where, rows=bare, fix="fill or drop these rows")
    repeated = plain.height - plain.select(key).n_unique()
    if repeated:
        raise UpgradingError(
            f"the key {', '.join(key)} is repeated", where=where, rows=repeated, fix="keep one row for each key"
        )
    return plain.sort(*key)


def fingerprint(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of a table's text, whatever the order of its rows and columns."""
    plain = frame.select(sorted(frame.columns))
    return hashlib.sha256(plain.sort(plain.columns, nulls_last=True).write_csv().encode()).hexdigest()


def complete(tidy: Tidy, names: Sequence[str], *, table: str, reason: str) -> tuple[pl.DataFrame, tuple[Missing, ...]]:
    """Return the rows in which all of ``names`` are known, and how many were not used and why."""
    rows = tidy.frame.drop_nulls(list(names))
    lost = tidy.frame.height - rows.height
    return rows, (Missing(table, names[0], lost, reason),) if lost else ()


def positive_logs(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Replace columns by their natural logs; what is not positive becomes missing."""
    return frame.with_columns(pl.when(pl.col(name) > 0).then(pl.col(name)).log() for name in names)


def codes(frame: pl.DataFrame, *names: str) -> Ints:
    """Return the group of each row as codes 0, 1, ... in the sorted order of the key."""
    key = pl.struct(names) if len(names) > 1 else pl.col(names[0])
    return frame.select(key.rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()


def as_null(values: Floats) -> pl.Series:
    """Return an array as a column in which NaN and infinite values are missing."""
    series = pl.Series(np.where(np.isfinite(values), values, np.nan), dtype=pl.Float64)
    return series.fill_nan(None)


def provenance(stage: str, options: Mapping[str, Any], inputs: Mapping[str, str], seed: int = 0) -> Provenance:
    """Return the provenance of an estimator's result."""
    return Provenance(__version__, stage, dict(options), dict(inputs), seed)


@dataclass(frozen=True)
class Estimates(Result):
    """The result of an estimator: its tables, what could not be computed, and what a reader must know.

    Attributes
    ----------
    warnings
        Sentences that a reader must see beside the numbers.
    """

    warnings: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return the result in a few lines of text, warnings first."""
        return "\n".join([*(f"warning: {text}" for text in self.warnings), super().summary()])


def estimates(
    stage: str,
    frames: Mapping[str, pl.DataFrame],
    tidy: Tidy | Sequence[Tidy],
    *,
    options: Mapping[str, Any],
    references: Sequence[str],
    missing: Sequence[Missing] = (),
    warnings: Sequence[str] = (),
    seed: int = 0,
) -> Estimates:
    """Put an estimator's tables into a result, with the fingerprints of what was read."""
    given = (tidy,) if isinstance(tidy, Tidy) else tuple(tidy)
    return Estimates(
        frames=frames,
        missing=tuple(missing),
        provenance=provenance(stage, options, {one.where: one.fingerprint for one in given}, seed),
        kind=given[0].kind,
        references=reference_texts(references),
        warnings=tuple(warnings),
    )
