"""The query engine: Ibis expressions on embedded DuckDB, or on Spark. Records stay here; only reduced tables leave.

Tables are created by our own ``CREATE TABLE AS`` around the SQL that Ibis compiles: the expression is what is portable,
and going through the DuckDB connection keeps pandas out of the start-up path.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sinos.errors import EngineError, MissingExtraError

if TYPE_CHECKING:
    import duckdb
    import ibis
    import polars as pl
    import pyarrow as pa

EngineKind = Literal["duckdb", "spark"]
"""The engines on which the measures can run."""


class Engine(Protocol):
    """What a stage may ask of an engine."""

    kind: EngineKind
    folder: Path
    closed: bool

    def register(self, name: str, table: pa.Table) -> None:
        """Store an arrow table under a name."""

    def table(self, name: str) -> ibis.Table:
        """Return a stored table as an Ibis expression."""

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute an expression once and keep the result under a name (replacing any earlier one)."""

    def collect(self, expression: ibis.Table) -> pl.DataFrame:
        """Compute an expression and bring it into memory."""

    def export(self, expression: ibis.Table, file: Path) -> None:
        """Compute an expression and write it as a Parquet file, in its order, without bringing it into memory."""

    def drop(self, name: str) -> None:
        """Delete a stored table if there is one."""

    def close(self) -> None:
        """Free the engine and delete its temporary folder."""


def quoted(text: str, mark: str = '"') -> str:
    """Quote an identifier (or, with a single quote as mark, a literal) for SQL."""
    return mark + text.replace(mark, mark * 2) + mark


class DuckDBEngine:
    """Embedded DuckDB with a memory limit, spilling to a temporary folder of its own.

    Parameters
    ----------
    memory
        Memory limit, such as ``"4GB"``; ``None`` leaves DuckDB's own default (80 % of the machine).
    threads
        Number of threads; ``None`` uses every core. Results do not depend on it.
    temp
        Folder under which the temporary folder is made; ``None`` uses the system's.
    on_disk
        Keep the tables in a database file inside the temporary folder rather than in memory, so that they too
        can exceed the memory limit.

    Raises
    ------
    EngineError
        If DuckDB refuses an option or the folder cannot be written.
    """

    kind: EngineKind = "duckdb"

    def __init__(
        self,
        *,
        memory: str | None = None,
        threads: int | None = None,
        temp: str | Path | None = None,
        on_disk: bool = False,
    ) -> None:
        import duckdb

        self.folder = _temporary_folder(temp)
        options: dict[str, Any] = {"temp_directory": str(self.folder / "spill"), "preserve_insertion_order": False}
        if memory is not None:
            options["memory_limit"] = memory
        if threads is not None:
            options["threads"] = threads
        try:
            self.connection = duckdb.connect(
                str(self.folder / "records.duckdb") if on_disk else ":memory:", config=options
            )
        except (duckdb.Error, OSError) as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise EngineError(
                f"DuckDB did not start: {error}", where="options", fix="check 'memory' (like 4GB), 'threads' and 'temp'"
            ) from error
        self.connection.execute("SET enable_progress_bar = false")
        self.closed = False

    def register(self, name: str, table: pa.Table) -> None:
        """Copy an arrow table into the engine under a name, without Ibis: reading records need not load it."""
        self.connection.register("_incoming", table)
        try:
            self.connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM _incoming")
        finally:
            self.connection.unregister("_incoming")

    def table(self, name: str) -> ibis.Table:
        """Return a stored table or view as an (unbound) Ibis expression."""
        import ibis

        rows = self.connection.execute(f"DESCRIBE {quoted(name)}").fetchall()
        return ibis.table({row[0]: _type(row[1]) for row in rows}, name=name)

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute an expression once and keep it under a name."""
        self.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {self.sql(expression)}")
        return self.table(name)

    def collect(self, expression: ibis.Table) -> pl.DataFrame:
        """Compute an expression and bring it into memory."""
        import polars as pl

        frame = pl.from_arrow(self.relation(self.sql(expression)).to_arrow_table())
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()

    def export(self, expression: ibis.Table, file: Path) -> None:
        """Compute an expression and write it as a Parquet file, in its order, without bringing it into memory."""
        target = quoted(str(file), chr(39))
        # Asked to keep an order, DuckDB writes row groups in parallel and in their place; otherwise on one thread.
        self.execute("SET preserve_insertion_order = true")
        try:
            self.execute(f"COPY ({self.sql(expression)}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
        finally:
            self.execute("SET preserve_insertion_order = false")

    def drop(self, name: str) -> None:
        """Delete a stored table if there is one."""
        self.execute(f"DROP TABLE IF EXISTS {quoted(name)}")

    def sql(self, expression: ibis.Table) -> str:
        """Return the SQL that Ibis compiles an expression to."""
        from ibis.backends.sql.compilers import DuckDBCompiler

        # Nobody reads it, so it is neither laid out nor copied before it is written.
        return str(DuckDBCompiler().to_sqlglot(expression).sql("duckdb", copy=False))

    def relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """Return a DuckDB relation for a query (used by readers, which need DuckDB's own functions)."""
        return self.connection.sql(query)

    def execute(self, statement: str) -> None:
        """Run a statement, turning running out of memory or disk into an error that says what to change."""
        import duckdb

        try:
            self.connection.execute(statement)
        except duckdb.OutOfMemoryException as error:
            raise EngineError(
                f"the memory limit was too small even with spilling: {error}",
                where="options: memory",
                fix="raise 'memory' in the study's options, lower 'threads', or free space in 'temp'",
            ) from error

    def close(self) -> None:
        """Close the database and delete the temporary folder."""
        self.closed = True
        self.connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def _type(spoken: str) -> ibis.DataType:
    """Return a DuckDB type as an Ibis type; parsing one takes as long as a small query."""
    from ibis.backends.sql.datatypes import DuckDBType

    return DuckDBType.from_string(spoken)


def _temporary_folder(temp: str | Path | None) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="sinos-", dir=temp))
    except OSError as error:
        raise EngineError(
            f"no temporary folder could be made ({error.strerror})",
            where=f"options: temp = {temp}",
            fix="name an existing folder with free space that you may write to",
        ) from error


def connect(kind: EngineKind = "duckdb", options: Mapping[str, Any] | None = None) -> Engine:
    """Start an engine.

    Parameters
    ----------
    kind
        ``"duckdb"`` or ``"spark"`` (extra).
    options
        Keyword arguments of the engine: ``memory``, ``threads``, ``temp``.
    """
    if kind == "spark":
        try:
            from sinos.engine_spark import SparkEngine
        except ImportError as error:
            raise MissingExtraError("pyspark", "spark", purpose="engine: spark") from error
        engine: Engine = SparkEngine(**dict(options or {}))
        return engine
    return DuckDBEngine(**dict(options or {}))
