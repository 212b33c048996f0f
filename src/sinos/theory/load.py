"""Loading the packaged theory: the data contract, the catalogue of measures, the output columns and the YAML tables.

What is returned is frozen and read once; it can be shared freely.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from sinos.errors import TheoryError, UnknownNameError, nearest


@dataclass(frozen=True, slots=True)
class ContractColumn:
    """One column of the data contract.

    Attributes
    ----------
    table, column
        Where it stands.
    type
        ``string``, ``integer``, ``number``, ``share`` (0 to 1), ``flag`` (0 or 1) or ``date``.
    unit
        Unit or code list, empty when there is none.
    required
        ``yes``, ``no``, or ``date or year`` (one of the two).
    meaning, used_by
        What the column says, and what needs it.
    """

    table: str
    column: str
    type: str
    unit: str
    required: str
    meaning: str
    used_by: str


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One measure: its name, the table it belongs to (level), unit, range, formula, source and what it needs."""

    name: str
    level: str
    unit: str
    range: str
    formula: str
    source: str
    needs: str


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column of an output table other than the measures: table, column, type, unit and meaning."""

    table: str
    column: str
    type: str
    unit: str
    meaning: str


def contract(table: str | None = None) -> tuple[ContractColumn, ...]:
    """Return the data contract, or that of one table, in the order in which columns are shown.

    Raises
    ------
    UnknownNameError
        If the contract has no table of that name.

    Examples
    --------
    >>> [column.column for column in contract("clusters")][:2]
    ['cluster', 'year']
    """
    if table is None:
        return _contract()
    if table not in contract_tables():
        raise UnknownNameError(f"'{table}' is not a table of the data contract", fix=nearest(table, contract_tables()))
    return tuple(column for column in _contract() if column.table == table)


@cache
def contract_tables() -> tuple[str, ...]:
    """Return the names of the contract's tables.

    Examples
    --------
    >>> contract_tables()[0]
    'transactions'
    """
    return tuple(dict.fromkeys(column.table for column in _contract()))


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Return the catalogue of measures.

    Examples
    --------
    >>> catalogue()[0].level
    'relation_years'
    """
    return tuple(CatalogueEntry(**row) for row in _rows("catalogue.csv"))


@cache
def upgrading_catalogue() -> tuple[CatalogueEntry, ...]:
    """Return the catalogue of upgrading: measures that are scored, and the deeper estimators (level ``function``).

    Examples
    --------
    >>> upgrading_catalogue()[0].name
    'relative_unit_value'
    """
    return tuple(CatalogueEntry(**row) for row in _rows("catalogue_upgrading.csv"))


@cache
def outputs() -> tuple[OutputColumn, ...]:
    """Return the columns of the output tables that are not measures.

    Examples
    --------
    >>> outputs()[0].column
    'supplier'
    """
    return tuple(OutputColumn(**row) for row in _rows("outputs.csv"))


@cache
def load_yaml(name: str) -> Any:
    """Return a packaged YAML table by name, without the suffix: mappings are read-only and lists are tuples.

    Raises
    ------
    UnknownNameError
        If there is no such table.
    TheoryError
        If the file is not valid YAML.

    Examples
    --------
    >>> "supplier" in load_yaml("synonyms")["transactions"]
    True
    """
    import yaml

    path = files("sinos.theory") / f"{name}.yaml"
    if not path.is_file():
        raise UnknownNameError(f"there is no packaged theory table '{name}'", fix=nearest(name, _yaml_names()))
    try:
        return _frozen(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise TheoryError(
            f"the table is not valid YAML: {error}", where=f"theory/{name}.yaml", fix="reinstall Sinos"
        ) from error


@cache
def _contract() -> tuple[ContractColumn, ...]:
    return tuple(ContractColumn(**row) for row in _rows("contract.csv"))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("sinos.theory") / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def _yaml_names() -> list[str]:
    names = (entry.name for entry in files("sinos.theory").iterdir())
    return [name.removesuffix(".yaml") for name in names if name.endswith(".yaml")]


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


def reference_texts(keys: Sequence[str]) -> tuple[str, ...]:
    """Return full references by key; those that were not read in the source say so."""
    known = load_yaml("references")
    texts = []
    for key in dict.fromkeys(keys):
        if key in known:
            entry = known[key]
            texts.append(entry["text"] + ("" if entry["verified"] else f" [not verified: {entry['read']}]"))
        else:
            texts.append(key)
    return tuple(texts)
