"""What the verb ``read`` was given: a study, a study file, a data file or data frames, brought into one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sinos.errors import RecordsError, StudyError, nearest
from sinos.frames import FrameKind, is_frame, kind_of
from sinos.study.model import About, Source, Study, Tables

SIDE_TABLES = ("suppliers", "buyers", "relations", "clusters", "products", "coverage")
STUDY_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Inputs:
    """A validated study, the data frames given in place of files, and the kind of frame the user works with."""

    study: Study
    frames: Mapping[str, Any] = field(default_factory=dict)
    kind: FrameKind = "pandas"


def gather(
    source: Any,
    tables: Mapping[str, Any],
    columns: Mapping[str, str] | None,
    study: Study | str | Path | None,
    parts: Mapping[str, Any],
) -> Inputs:
    """Bring what ``read`` was given into one form.

    Parameters
    ----------
    source
        A study, a path to a study file or to data, or a data frame of transactions.
    tables
        Table of the contract: path, data frame or nothing. A mapping (or model) under ``clusters`` or ``coverage`` is
        the study's section of that name.
    columns
        Mapping of the transactions' columns.
    study
        Study to start from, where the data are given apart.
    parts
        Further sections of the study.

    Raises
    ------
    StudyError
        If the pieces contradict each other or are not valid.
    RecordsError
        If no transactions are given.
    """
    base = _study(study)
    given = {name: value for name, value in tables.items() if value is not None}
    sections = {name: given.pop(name) for name in ("clusters", "coverage") if _is_section(given.get(name))}
    sections.update(parts)
    if source is not None and _is_study(source):
        if base is not None:
            raise StudyError("a study is given twice", where="read", fix="give it as 'source' or as 'study'")
        base = _study(source)
    elif source is not None:
        if "transactions" in given:
            raise StudyError("transactions are given twice", where="read", fix="leave 'source' or 'transactions' out")
        given["transactions"] = source
    study_ = _merge(base, given, columns, sections)
    frames = {name: value for name, value in given.items() if not isinstance(value, str | Path)}
    return Inputs(study_, frames, _kind(frames))


def _is_study(value: Any) -> bool:
    if isinstance(value, str | Path):
        return Path(value).suffix.lower() in STUDY_SUFFIXES
    return isinstance(value, Study)


def _is_section(value: Any) -> bool:
    return isinstance(value, BaseModel) or (isinstance(value, Mapping) and not is_frame(value))


def _study(value: Study | str | Path | None) -> Study | None:
    if value is None or isinstance(value, Study):
        return value
    from sinos.study.load import load_study

    return load_study(Path(value))


def _merge(
    base: Study | None, given: Mapping[str, Any], columns: Mapping[str, str] | None, sections: Mapping[str, Any]
) -> Study:
    tables = {name: getattr(base.tables, name) for name in Tables.model_fields} if base else {}
    for name, value in given.items():
        tables[name] = _source(value, tables.get(name), name)
    if tables.get("transactions") is None:
        raise RecordsError(
            "no transactions are given", where="read", fix="give a study file, a data file or a data frame"
        )
    if columns is not None:
        tables["transactions"] = tables["transactions"].model_copy(update={"columns": dict(columns)})
    unknown = [name for name in sections if name not in Study.model_fields or name == "tables"]
    if unknown:
        raise StudyError(
            f"'{unknown[0]}' is not a section of a study", where="read", fix=nearest(unknown[0], Study.model_fields)
        )
    values: dict[str, Any] = {"about": About(title=_title(given.get("transactions")))}
    if base is not None:
        values = {name: getattr(base, name) for name in Study.model_fields}
    values.update(sections, tables=Tables(**tables))
    try:
        return Study(**values)
    except ValidationError as error:
        raise StudyError(_first(error), where="read", fix="correct this option; see 'sinos schema'") from error


def _source(value: Any, known: Source | None, name: str) -> Source:
    if isinstance(value, Source):
        return value
    if isinstance(value, str | Path):
        update = {"file": str(Path(value).absolute()), "url": None, "table": None, "query": None}
        if "://" in str(value):
            raise StudyError(
                f"a database address is given for '{name}'", where="read", fix="give Source(url=..., table=...)"
            )
    else:
        kind_of(value)
        update = {"file": None, "url": None, "table": None, "query": None}
    return (known or Source()).model_copy(update=update) if known else Source(**update)


def _title(value: Any) -> str:
    return Path(value).name if isinstance(value, str | Path) else "transactions"


def _kind(frames: Mapping[str, Any]) -> FrameKind:
    native = [value for value in frames.values() if not isinstance(value, Source)]
    if native:
        return kind_of(native[0])
    return "pandas" if find_spec("pandas") else "polars"


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
