"""Spark as the query engine (extra ``spark``): the same expressions, stored as Parquet between stages."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.backends.pyspark  # registers the options that the compiler reads
import polars as pl
import pyarrow.parquet
from ibis.backends.pyspark.datatypes import PySparkType
from pyspark.sql import SparkSession

from sinos.errors import EngineError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from sinos.engine import EngineKind

with warnings.catch_warnings():
    # Loading the backend makes pyspark compare itself with the pandas that is installed, which Sinos does not use.
    warnings.simplefilter("ignore", FutureWarning)
    ibis.pyspark  # noqa: B018


class SparkEngine:
    """Spark session that computes the expressions; tables are Parquet folders under a temporary folder of its own.

    Parameters
    ----------
    memory
        Memory of the driver, such as ``"4GB"``; ``None`` leaves Spark's default. It counts only for the first session
        of a process.
    threads
        Local threads; ``None`` uses the session that is configured (a cluster), or every core.
    temp
        Folder under which the temporary folder is made; on a cluster, one that every node sees.

    Raises
    ------
    EngineError
        If Spark (which needs Java 17 or later) does not start.
    """

    kind: EngineKind = "spark"

    def __init__(
        self, *, memory: str | None = None, threads: int | None = None, temp: str | Path | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sinos-", dir=temp))
        self.closed = False
        self._version = 0
        builder = SparkSession.builder.appName("sinos")
        if threads is not None:
            builder = builder.master(f"local[{threads}]")
        settings = {
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.ansi.enabled": "true",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
        }
        if threads is not None:
            settings["spark.sql.shuffle.partitions"] = str(max(threads, 2))
        if memory is not None:
            settings["spark.driver.memory"] = memory.upper().removesuffix("B").lower()
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            self.session = builder.getOrCreate()
        except Exception as error:  # what pyspark raises when Java is missing depends on its version
            shutil.rmtree(self.folder, ignore_errors=True)
            raise EngineError(
                f"Spark did not start: {error}", where="options: engine = spark", fix="install Java 17 or later"
            ) from error

    def register(self, name: str, table: pa.Table) -> None:
        """Copy an arrow table into the engine under a name."""
        path = self._path(name)
        path.mkdir(parents=True)
        pyarrow.parquet.write_table(
            pl.DataFrame(table).to_arrow(compat_level=pl.CompatLevel.oldest()), path / "part-0.parquet"
        )
        self._view(name, path)

    def table(self, name: str) -> ibis.Table:
        """Return a stored table as an (unbound) Ibis expression."""
        frame = self.session.table(name)
        return ibis.table({field.name: PySparkType.to_ibis(field.dataType) for field in frame.schema.fields}, name=name)

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute an expression once and keep it under a name."""
        path = self._path(name)
        self._frame(expression).write.parquet(str(path))
        return self._view(name, path)

    def collect(self, expression: ibis.Table) -> pl.DataFrame:
        """Compute an expression and bring it into memory."""
        frame = pl.from_arrow(self._frame(expression).toArrow())
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    def export(self, expression: ibis.Table, file: Path) -> None:
        """Compute an expression and write it as one Parquet file, in its order (through memory)."""
        self.collect(expression).write_parquet(file)

    def drop(self, name: str) -> None:
        """Delete a stored table if there is one."""
        self.session.catalog.dropTempView(name)

    def close(self) -> None:
        """Forget the tables and delete the temporary folder; the session is left to its owner."""
        self.closed = True
        shutil.rmtree(self.folder, ignore_errors=True)

    def _frame(self, expression: ibis.Table) -> DataFrame:
        return self.session.sql(str(ibis.to_sql(expression, dialect="pyspark")))

    def _path(self, name: str) -> Path:
        self._version += 1
        return self.folder / f"{name}-{self._version}"

    def _view(self, name: str, path: Path) -> ibis.Table:
        self.session.read.parquet(str(path)).createOrReplaceTempView(name)
        return self.table(name)
