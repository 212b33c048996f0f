"""The data-frame boundary: pandas, polars and arrow in; the same kind out. Nothing else in Sinos touches narwhals."""

from __future__ import annotations

from typing import Any, Literal, cast, get_args

import narwhals.stable.v2 as nw
import polars as pl

from sinos.errors import RecordsError, UnknownNameError, nearest

FrameKind = Literal["pandas", "polars", "pyarrow"]
"""The kinds of data frame that Sinos accepts and returns."""


def _wrapped(value: Any) -> Any:
    try:
        return nw.from_native(value, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise RecordsError(
            "two columns of the data frame have the same name", fix="give every column its own name"
        ) from error


def is_frame(value: Any) -> bool:
    """Tell whether a value is a data frame of a kind that :func:`to_polars` accepts or explains."""
    return isinstance(_wrapped(value), nw.DataFrame | nw.LazyFrame)


def kind_of(frame: Any) -> FrameKind:
    """Return the kind of a native data frame.

    Raises
    ------
    RecordsError
        If the value is not an eager pandas, polars or pyarrow frame.
    """
    wrapped = _wrapped(frame)
    if isinstance(wrapped, nw.LazyFrame):
        raise RecordsError(
            f"a lazy frame ({type(frame).__name__}) was given; Sinos reads eager frames",
            fix="call .collect() on it first, or write it to Parquet and give the path",
        )
    if not isinstance(wrapped, nw.DataFrame):
        raise RecordsError(
            f"a {type(frame).__name__} was given where a data frame was expected",
            fix="give a pandas.DataFrame, polars.DataFrame, pyarrow.Table or a path",
        )
    name = wrapped.implementation.value
    for kind in get_args(FrameKind):
        if name == kind:
            return cast(FrameKind, kind)
    raise RecordsError(f"frames of {name} are not supported", fix="convert to pandas, polars or pyarrow first")


def to_polars(frame: Any) -> pl.DataFrame:
    """Turn any supported data frame into polars.

    Examples
    --------
    >>> import pyarrow as pa
    >>> to_polars(pa.table({"supplier": ["a"]})).columns
    ['supplier']
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    kind_of(frame)
    wrapped: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    return wrapped.to_polars()


def like(frame: pl.DataFrame, kind: FrameKind) -> Any:
    """Turn an internal polars frame into the kind of frame the user works with.

    Examples
    --------
    >>> type(like(pl.DataFrame({"x": [1]}), "pyarrow")).__name__
    'Table'
    """
    if kind == "polars":
        return frame
    if kind == "pyarrow":
        return frame.to_arrow()
    if kind == "pandas":
        return frame.to_pandas()
    raise UnknownNameError(f"'{kind}' is not a kind of data frame", fix=nearest(kind, get_args(FrameKind)))
