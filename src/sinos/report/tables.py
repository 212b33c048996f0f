"""Writers of tables: Parquet, CSV, Stata and Excel; the same bytes for the same frames, safe in a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from sinos.errors import MissingExtraError, OutputError, UnknownNameError, nearest

TableFormat = Literal["parquet", "csv", "stata", "excel"]
"""The formats in which tables can be written."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters that make a spreadsheet read a text cell as a formula or a command."""

FIXED_TIME = datetime(1980, 1, 1)  # file formats that must hold a date get this one, so that bytes do not change
EXCEL_ROWS = 1_048_575
EXCEL_TEXT = 32_767
STATA_NAME = 32


def write_tables(
    frames: Mapping[str, pl.DataFrame], folder: str | Path, formats: Iterable[TableFormat] = ("parquet", "csv")
) -> tuple[Path, ...]:
    """Write every frame into a folder, once per format, as ``NAME.parquet``, ``.csv``, ``.dta`` or ``.xlsx``.

    Parameters
    ----------
    frames
        Tables by name; the name becomes the name of the file.
    folder
        Existing or new folder.
    formats
        Any of ``parquet``, ``csv``, ``stata``, ``excel``.

    Returns
    -------
    tuple of Path
        The files written, in the order of the frames and formats.

    Raises
    ------
    UnknownNameError
        If a format does not exist.
    MissingExtraError
        If Excel or Stata is asked for and the package that writes it is not installed.
    OutputError
        If a file cannot be written, or a table does not fit the format.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_tables({"t": pl.DataFrame({"x": [1]})}, folder)]
    ['t.parquet', 't.csv']
    """
    writers = [_writer(name) for name in formats]
    folder = Path(folder)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            for suffix, write in writers:
                path = folder / f"{name}{suffix}"
                write(frame, path)
                written.append(path)
    except OSError as error:
        raise OutputError(
            f"a table could not be written ({error.strerror or error})",
            where=str(folder),
            fix="name a folder that you may write to, on a disk with free space",
        ) from error
    return tuple(written)


def guard_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Put an apostrophe before every text cell that a spreadsheet would read as a formula; numbers stay as they are.

    Examples
    --------
    >>> guard_formulas(pl.DataFrame({"name": ["=1+1", "Calçados"], "change": [-1, 2]})).rows()
    [("'=1+1", -1), ('Calçados', 2)]
    """
    return frame.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(mark) for mark in FORMULA_STARTS))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in _text_columns(frame)
    )


def _writer(name: str) -> tuple[str, Callable[[pl.DataFrame, Path], None]]:
    writers: dict[str, tuple[str, Callable[[pl.DataFrame, Path], None]]] = {
        "parquet": (".parquet", _write_parquet),
        "csv": (".csv", _write_csv),
        "stata": (".dta", _write_stata),
        "excel": (".xlsx", _write_excel),
    }
    if name not in writers:
        raise UnknownNameError(f"'{name}' is not a format for tables", fix=nearest(name, get_args(TableFormat)))
    return writers[name]


def _text_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name, kind in frame.schema.items() if kind == pl.String]


def _write_parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd", statistics=True)


def _write_csv(frame: pl.DataFrame, path: Path) -> None:
    guard_formulas(_flat(frame)).write_csv(path, date_format="%Y-%m-%d")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Join lists of texts by semicolons: flat formats have one value per cell."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("; ") for name in lists)


def _write_stata(frame: pl.DataFrame, path: Path) -> None:
    """Write Stata 14 and later (UTF-8); missing text becomes empty text, as Stata has no other."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "stata", purpose="writing Stata files") from error
    flat = _flat(frame)
    names = {name: name[:STATA_NAME] for name in flat.columns}
    if len(set(names.values())) < len(names):
        raise OutputError(
            f"two columns of the table have the same first {STATA_NAME} characters",
            where=str(path.name),
            fix="write the table as parquet or csv",
        )
    columns = {names[name]: _stata_column(flat[name]) for name in flat.columns}
    data = pd.DataFrame(columns, index=range(flat.height))
    long = [name for name in columns if data[name].dtype == object and data[name].str.len().max() > 2045]
    data.to_stata(
        path,
        write_index=False,
        version=118,
        time_stamp=FIXED_TIME,
        convert_strl=long,
        convert_dates={names[name]: "td" for name, kind in flat.schema.items() if kind == pl.Date},
    )


def _stata_column(column: pl.Series) -> object:
    import pandas as pd

    if column.dtype == pl.Date:
        return pd.to_datetime(pd.Series(column.to_list(), dtype=object))
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        # float64 holds every integer Sinos writes, and is the only Stata type here that can be missing
        whole = column.null_count() == 0 and column.dtype.is_integer()
        return column.cast(pl.Int64).to_numpy() if whole and _fits_stata(column) else column.cast(pl.Float64).to_numpy()
    return pd.Series(column.cast(pl.String).fill_null("").to_list(), dtype=object)


def _fits_stata(column: pl.Series) -> bool:
    limit = 2_147_483_620
    low, high = column.min(), column.max()
    return low is None or high is None or (-limit <= int(str(low)) and int(str(high)) <= limit)


def _write_excel(frame: pl.DataFrame, path: Path) -> None:
    try:
        import xlsxwriter
    except ImportError as error:
        raise MissingExtraError("xlsxwriter", "excel", purpose="writing Excel files") from error
    if frame.height > EXCEL_ROWS:
        raise OutputError(
            f"the table has {frame.height:,} rows and a sheet holds {EXCEL_ROWS:,}",
            where=path.name,
            rows=frame.height,
            fix="write the table as parquet, csv or stata",
        )
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"created": FIXED_TIME})
    sheet = book.add_worksheet(path.stem[:31])
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    for row, cells in enumerate(guard_formulas(_flat(frame)).iter_rows(), start=1):
        for column, cell in enumerate(cells):
            if isinstance(cell, str):
                sheet.write_string(row, column, cell[:EXCEL_TEXT])
            elif isinstance(cell, date):
                sheet.write_datetime(row, column, cell, days)
            elif cell is not None:
                sheet.write(row, column, cell)
    book.close()
