"""The verb ``read``: from a study, a file or data frames to records that can be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import polars as pl

from sinos.engine import DuckDBEngine, Engine, connect
from sinos.records.clusters import membership
from sinos.records.hashing import salt_of, scrub_frame, scrubber
from sinos.records.ingest import CODED, code_transactions, type_transactions
from sinos.records.inputs import Inputs, gather
from sinos.records.steps import (
    basis,
    check,
    covered,
    forget,
    hide,
    identifiers,
    provenance,
    repair,
    side_tables,
    take,
    traders,
    without_salt,
)
from sinos.records.tables import CODED_COLUMNS
from sinos.results import Result
from sinos.study.model import Study

KEPT_COLUMNS = ("code", "severity", "table", "column", "repair", "format")
"""Text columns of findings and logs that hold no identifiers."""


@dataclass(frozen=True)
class Records(Result):
    """Records in an engine, ready to be measured; close them, or use them in a ``with`` statement.

    Attributes
    ----------
    engine
        Holds ``transactions``, ``supplier_codes``, ``buyer_codes``, ``product_codes`` and ``destination_codes``.
    study
        The study in force; its salt is withheld.
    frames
        ``suppliers``, ``buyers``, ``relations``, ``clusters``, ``products``, ``coverage``, ``membership``, ``repairs``,
        ``findings``, ``sources`` (how every file was read) and ``mapping`` (what every column came from).
    """

    engine: Engine = None  # type: ignore[assignment]
    study: Study = None  # type: ignore[assignment]

    @property
    def coverage(self) -> pl.DataFrame:
        """Return what the records cover: year, status, months, side, reporter."""
        return self.frames["coverage"]

    def close(self) -> None:
        """Close the engine and delete its temporary folder. The frames stay."""
        self.engine.close()

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(
    source: Any = None,
    *,
    transactions: Any = None,
    suppliers: Any = None,
    buyers: Any = None,
    relations: Any = None,
    clusters: Any = None,
    products: Any = None,
    coverage: Any = None,
    columns: Mapping[str, str] | None = None,
    study: Study | str | Path | None = None,
    **parts: Any,
) -> Records:
    """Read records: map, repair, type, check and code them.

    Parameters
    ----------
    source
        A study, a path to a study file (.yml, .yaml) or to data, or a pandas, polars or arrow frame of transactions.
    transactions, suppliers, buyers, relations, clusters, products, coverage
        Tables of the data contract: paths, data frames, or :class:`~sinos.study.model.Source`. A mapping under
        ``clusters`` or ``coverage`` is the study's section of that name.
    columns
        Contract column: column of the transactions.
    study
        Study that holds the options, where data are given apart.
    **parts
        Sections of the study: ``about``, ``repairs``, ``checks``, ``disclosure``, ``options`` ...

    Raises
    ------
    StudyError
        If what was given is contradictory or not valid.
    RecordsError
        If a source cannot be read, lacks required columns, or leaves no usable row.

    Examples
    --------
    >>> trade = pl.DataFrame({"supplier": ["a", "b"], "buyer": ["x", "x"], "product": ["1", "1"],
    ...                       "year": [1990, 1991], "value": [2.0, 3.0]})
    >>> with read(trade) as records:
    ...     records.coverage.select("year", "status").rows()
    [(1990, 'full'), (1991, 'full')]
    """
    tables = {"transactions": transactions, "suppliers": suppliers, "buyers": buyers, "relations": relations,
              "clusters": clusters, "products": products, "coverage": coverage}  # fmt: skip
    inputs = gather(source, tables, columns, study, parts)
    salt = salt_of(inputs.study)
    options = inputs.study.options
    engine = DuckDBEngine(
        memory=options.memory, threads=options.threads, temp=options.temp, on_disk=options.memory is not None
    )
    try:
        records = _read(engine, inputs, salt)
    except BaseException:
        engine.close()
        raise
    return records if options.engine == "duckdb" else _moved(records)


def _read(engine: DuckDBEngine, inputs: Inputs, salt: str | None) -> Records:
    study = inputs.study
    taken = take(engine, study, inputs.frames)
    names = identifiers(engine, taken) if salt is not None else set()
    repairs = repair(engine, study, taken)
    sides, missing = side_tables(engine, study, taken)
    view, plain = basis(engine, "transactions", study)
    typed = type_transactions(engine, view, study.tables.transactions, plain)
    missing = [*taken.missing(), *missing, *typed.missing, *code_transactions(engine, sides["buyers"], salt)]
    sides["coverage"] = covered(engine, study, sides["coverage"])
    hidden = {name: hide(name, frame, salt) for name, frame in sides.items()}
    hidden["membership"], without = membership(traders(engine), hidden["suppliers"], study.clusters)
    findings = check(engine, study, {**sides, "membership": hidden["membership"], "repairs": repairs})
    logs = {"repairs": repairs, "findings": findings, "sources": taken.files(), "mapping": taken.mapping(typed.spoken)}
    scrub = None
    if salt is not None:
        scrub = scrubber(names | identifiers(engine, taken), salt)
        logs = {name: scrub_frame(frame, KEPT_COLUMNS, scrub) for name, frame in logs.items()}
        forget(engine, taken)
    return Records(
        frames={**hidden, **logs},
        missing=(*missing, *without),
        provenance=provenance(study, taken.prints, scrub),
        kind=inputs.kind,
        engine=engine,
        study=without_salt(study),
    )


def _moved(records: Records) -> Records:
    """Move the coded records to the engine on which the measures run."""
    options = records.study.options
    target = connect(options.engine, {"memory": options.memory, "threads": options.threads, "temp": options.temp})
    try:
        for name in (CODED, *(f"{column}_codes" for column in CODED_COLUMNS)):
            target.register(name, records.engine.collect(records.engine.table(name)).to_arrow())
    except BaseException:
        target.close()
        raise
    finally:
        records.engine.close()
    return replace(records, engine=target)
