"""The steps of reading, each a function of the engine: take, repair, type the side tables, check, protect, forget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from sinos import __version__
from sinos.engine import DuckDBEngine, quoted
from sinos.records.coverage import coverage_table
from sinos.records.hashing import HASHED, WITHHELD, fingerprint, protect
from sinos.records.ingest import CODED, TYPED, rewritten
from sinos.records.inputs import SIDE_TABLES
from sinos.records.mapping import Mapped, make_views, resolve
from sinos.records.readers import load
from sinos.records.store import Native, drop, scalars, types
from sinos.records.tables import empty_table, side_table
from sinos.results import Missing, Provenance
from sinos.study.model import BuyerGroups, ResolveNames, Study
from sinos.study.public import public_options
from sinos.theory.load import contract

FILES = {"table": pl.String, "file": pl.String, "format": pl.String, "detail": pl.String, "rows": pl.Int64}
MAPPING = {"table": pl.String, "column": pl.String, "source": pl.String, "read_as": pl.String}
REPAIRS = {"order": pl.Int64, "repair": pl.String, "what": pl.String, "rows_before": pl.Int64,
           "rows_after": pl.Int64, "changed": pl.Int64, "detail": pl.String}  # fmt: skip
"""Columns of the repair log when nothing is repaired."""

Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Taken:
    """The tables that were brought into the engine: as they are, how they map, and their fingerprints."""

    natives: Mapping[str, Native]
    mapped: Mapping[str, Mapped]
    prints: Mapping[str, str]

    def missing(self) -> list[Missing]:
        """Return the columns that some of the files lack, in contract names."""
        found = []
        for name, native in self.natives.items():
            names = {source: column for column, source in self.mapped[name].pairs.items()}
            found += [
                Missing(item.table, names.get(item.column, item.column), item.count, item.reason)
                for item in native.missing
            ]
        return found

    def files(self) -> pl.DataFrame:
        """Return how every file was read: table, file, format, detail, rows."""
        rows = [
            (name, note.file, note.format, note.detail, note.rows)
            for name, native in self.natives.items()
            for note in native.files
        ]
        return pl.DataFrame(rows, schema=FILES, orient="row")

    def mapping(self, spoken: Mapping[str, str]) -> pl.DataFrame:
        """Return what every contract column came from, and how the transactions' columns were read."""
        rows = [
            (
                name,
                column.column,
                mapped.source_of(column.column),
                spoken.get(column.column, "") * (name == "transactions"),
            )
            for name, mapped in self.mapped.items()
            for column in contract(name)
            if mapped.source_of(column.column)
        ]
        return pl.DataFrame(rows, schema=MAPPING, orient="row")


def take(engine: DuckDBEngine, study: Study, frames: Mapping[str, Any]) -> Taken:
    """Bring every table of a study into the engine and map it to the contract (``raw_`` and ``mapped_`` views)."""
    natives: dict[str, Native] = {}
    mapped: dict[str, Mapped] = {}
    for name in ("transactions", *SIDE_TABLES):
        source = getattr(study.tables, name)
        if source is not None:
            limit = study.options.max_file_gb
            natives[name] = load(engine, name, source, study.folder, frame=frames.get(name), max_gb=limit)
            mapped[name] = resolve(natives[name], source)
            make_views(engine, natives[name], mapped[name])
    return Taken(natives, mapped, {name: fingerprint(engine, f"mapped_{name}") for name in natives})


def repair(engine: DuckDBEngine, study: Study, taken: Taken) -> pl.DataFrame:
    """Apply the declared repairs to the raw tables and return their log."""
    if not study.repairs:
        return pl.DataFrame(schema=REPAIRS)
    from sinos.records.repairs import apply_repairs

    engine.execute("CREATE TABLE raw_stored AS SELECT * FROM raw_transactions")
    drop(engine, "raw_transactions", "mapped_transactions", "native_transactions", "stored_transactions")
    engine.execute("ALTER TABLE raw_stored RENAME TO raw_transactions")
    return apply_repairs(engine, study, {name: f"raw_{name}" for name in taken.natives if name != "transactions"})


def basis(engine: DuckDBEngine, table: str, study: Study) -> tuple[str, set[str]]:
    """Return the view from which a table is typed, and its columns whose numbers have decimal points in any case.

    Without repairs that is the source in its own types; after repairs it is the raw table, as text.
    """
    if not study.repairs:
        return f"mapped_{table}", set()
    plain = rewritten(study.repairs) if table == "transactions" else set()
    return f"raw_{table}", plain


def side_tables(engine: DuckDBEngine, study: Study, taken: Taken) -> tuple[dict[str, pl.DataFrame], list[Missing]]:
    """Return the side tables as typed frames, empty where not given, with what could not be read."""
    renamed = any(isinstance(item, ResolveNames | BuyerGroups) for item in study.repairs)
    frames: dict[str, pl.DataFrame] = {}
    missing: list[Missing] = []
    for name in SIDE_TABLES:
        source = getattr(study.tables, name)
        if name not in taken.natives:
            frames[name] = empty_table(name)
            continue
        view, _ = basis(engine, name, study)
        frames[name], lost = side_table(engine, name, view, source, merge=renamed)
        missing += lost
    return frames, missing


def covered(engine: DuckDBEngine, study: Study, side: pl.DataFrame) -> pl.DataFrame:
    """Return the coverage table of the usable transactions."""
    first, last = scalars(engine, f"SELECT min(year), max(year) FROM {CODED}")
    return coverage_table(first, last, study.coverage, side)


def traders(engine: DuckDBEngine) -> pl.Series:
    """Return the names of the suppliers with usable transactions, in the order of their codes."""
    rows = engine.connection.execute("SELECT name FROM supplier_codes ORDER BY code").fetchall()
    return pl.Series("supplier", [str(row[0]) for row in rows], dtype=pl.String)


def check(engine: DuckDBEngine, study: Study, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Run the checks and return their findings."""
    from sinos.records.checks import run_checks

    return run_checks(engine, study, frames)


def hide(table: str, frame: pl.DataFrame, salt: str | None) -> pl.DataFrame:
    """Hash the identifiers of a side table in hashed mode, and sort it again."""
    if salt is None or not frame.height:
        return frame
    hidden = protect(frame, HASHED.get(table, ()), salt)
    return hidden if table == "coverage" else hidden.sort(hidden.columns[:3], nulls_last=False)


def identifiers(engine: DuckDBEngine, taken: Taken) -> set[str]:
    """Return every identifier in the raw tables as they are now."""
    names: set[str] = set()
    for table in taken.natives:
        present = types(engine, f"raw_{table}")
        for column in HASHED.get(table, ()):
            if column in present:
                distinct = f"SELECT DISTINCT trim({quoted(column)}) FROM {quoted('raw_' + table)}"
                names.update(str(row[0]) for row in engine.connection.execute(distinct).fetchall() if row[0])
    return names - {"*"}


def forget(engine: DuckDBEngine, taken: Taken) -> None:
    """Remove from the engine everything that holds original identifiers."""
    drop(engine, TYPED)
    for name in taken.natives:
        drop(engine, f"raw_{name}", f"mapped_{name}", f"native_{name}", f"stored_{name}")
        engine.connection.unregister(f"frame_{name}")


def provenance(study: Study, prints: Mapping[str, str], scrub: Scrub | None) -> Provenance:
    """Return where the records come from; the salt, and in hashed mode every identifier, is withheld."""
    options = public_options(study)
    if scrub is not None:
        for key in ("tables", "repairs", "checks"):
            options[key] = _scrubbed(options[key], scrub)
    return Provenance(__version__, "records", options, dict(prints), study.options.seed)


def without_salt(study: Study) -> Study:
    """Return the study with its salt withheld."""
    if study.disclosure.salt is None:
        return study
    hidden = study.disclosure.model_copy(update={"salt": WITHHELD})
    return study.model_copy(update={"disclosure": hidden})


def _scrubbed(value: Any, scrub: Scrub) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _scrubbed(item, scrub) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item, scrub) for item in value]
    return value
