"""Mapping a source's columns to the data contract, and suggesting a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import RecordsError, StudyError, nearest
from sinos.records.store import Native, drop, literal, types
from sinos.study.model import Source
from sinos.theory.load import ContractColumn, contract, load_yaml

FLOATS = ("DOUBLE", "FLOAT")
MAP_OR_GIVE = "map them under 'columns:', or give what is the same in every row under 'constants:'"


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a source's columns became the contract's.

    Attributes
    ----------
    table
        Table of the contract.
    pairs
        Contract column: column of the source.
    constants
        Contract column: its one value, as text.
    others
        Columns of the source that are not mapped: their name in the source and their name in the engine.
    """

    table: str
    pairs: dict[str, str]
    constants: dict[str, str]
    others: dict[str, str]

    def source_of(self, column: str) -> str:
        """Return where a contract column comes from: a column of the source, ``= constant``, or nothing."""
        if column in self.constants:
            return f"= {self.constants[column]}"
        return self.pairs.get(column, "")


def normal(name: str) -> str:
    """Return a column name in lower case with single spaces, so that spellings can be compared.

    Examples
    --------
    >>> normal(" Quantity_Unit ")
    'quantity unit'
    """
    return re.sub(r"[^0-9a-zà-ɏ]+", " ", name.lower()).strip()


def suggest(table: str, columns: Iterable[str]) -> dict[str, str]:
    """Suggest which column of a file stands for which column of the contract, from names alone.

    Each file column is used once; the better fitting synonym wins. A suggestion is never applied silently.

    Examples
    --------
    >>> suggest("transactions", ["Vendor", "Line Item Value", "colour"])
    {'supplier': 'Vendor', 'value': 'Line Item Value'}
    """
    words = load_yaml("synonyms").get(table, {})
    free = {normal(name): name for name in reversed(list(columns))}
    found: dict[str, str] = {}
    for column in contract(table):
        sure = (word for word in words.get(column.column, ()) if not word.endswith("?"))
        for word in (normal(column.column), *sure):
            if word in free:
                found[column.column] = free.pop(word)
                break
    return found


def resolve(native: Native, source: Source) -> Mapped:
    """Apply a source's mapping and constants; without one, columns are matched by the contract's own names.

    Raises
    ------
    StudyError
        If the mapping or the constants name unknown columns or contradict each other.
    RecordsError
        If a mapped column is not in the source, or a required one is missing; the nearest names are given.
    """
    table, where = native.table, f"tables: {native.table}"
    known = {column.column for column in contract(table)}
    for name in (*source.columns, *source.constants):
        if name not in known:
            raise StudyError(
                f"'{name}' is not a column of the data contract", where=f"{where}: columns", fix=nearest(name, known)
            )
    pairs = {column: _find(name, column, native, where) for column, name in source.columns.items()}
    for column, name in _by_name(native, known, exact=bool(source.columns), where=where).items():
        pairs.setdefault(column, name)
    for column in source.constants:
        if column in pairs:
            raise StudyError(
                f"'{column}' is given as a constant and comes from the column '{pairs[column]}' as well",
                where=f"{where}: constants", fix=f"remove one of the two, or rename '{pairs[column]}' in the file",
            )  # fmt: skip
    constants = {column: _constant(value) for column, value in source.constants.items()}
    _require(native, set(pairs) | set(constants), contract(table), where)
    return Mapped(table, pairs, constants, _others(native, pairs, constants))


def make_views(engine: DuckDBEngine, native: Native, mapped: Mapped) -> None:
    """Make the views ``mapped_<table>`` (native types) and ``raw_<table>`` (text) in the contract's names.

    In both, columns of the contract's type string are text: a code stored as a float loses its ``.0``.
    """
    table = mapped.table
    kinds = types(engine, f"native_{table}")
    strings = {column.column for column in contract(table) if column.type == "string"}
    _refuse_nested(mapped, kinds, native.files[0].file)
    typed, text = [], []
    for column, name in [*mapped.pairs.items(), *((new, old) for old, new in mapped.others.items())]:
        as_text = _text(quoted(name), kinds[name], code=column in strings)
        text.append(f"{as_text} AS {quoted(column)}")
        typed.append(text[-1] if column in strings else f"{quoted(name)} AS {quoted(column)}")
    for column, value in mapped.constants.items():
        text.append(f"{literal(value)} AS {quoted(column)}")
        typed.append(text[-1])
    body = f"_row::BIGINT AS _row, _file::VARCHAR AS _file FROM {quoted('native_' + table)}"
    drop(engine, f"raw_{table}", f"mapped_{table}")
    engine.execute(f"CREATE VIEW {quoted('mapped_' + table)} AS SELECT {', '.join(typed)}, {body}")
    engine.execute(f"CREATE VIEW {quoted('raw_' + table)} AS SELECT {', '.join(text)}, {body}")


def _refuse_nested(mapped: Mapped, kinds: dict[str, str], file: str) -> None:
    for column, name in mapped.pairs.items():
        if kinds[name].endswith("]") or kinds[name].startswith(("STRUCT", "MAP", "UNION")):
            raise RecordsError(
                f"the column '{name}' (mapped to '{column}') holds lists or records in its cells",
                where=f"tables: {mapped.table}: {file}", fix="give it one text, number or date in every cell",
            )  # fmt: skip


def _text(name: str, kind: str, *, code: bool) -> str:
    if kind == "VARCHAR":
        return f"nullif({name}, '')"
    if kind in FLOATS and code:
        whole = f"isfinite({name}) AND {name} = trunc({name}) AND abs({name}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE CAST({name} AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"


def _constant(value: str | int | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _find(name: str, column: str, native: Native, where: str) -> str:
    if name in native.columns:
        return name
    alike = [own for own in native.columns if normal(own) == normal(name)]
    if len(alike) == 1:
        return alike[0]
    raise RecordsError(
        f"the column '{name}' (mapped to '{column}') is not in the file{_one_column(native)}",
        where=f"{where}: {native.files[0].file}", fix=nearest(name, native.columns),
    )  # fmt: skip


def _by_name(native: Native, known: set[str], *, exact: bool, where: str) -> dict[str, str]:
    """Match columns of the contract's own names; with no mapping at all, capitals and spaces do not matter."""
    found: dict[str, str] = {}
    for name in native.columns:
        column = name if exact else normal(name).replace(" ", "_")
        if column not in known:
            continue
        if column in found:
            raise RecordsError(
                f"two columns of the file are named '{column}': '{found[column]}' and '{name}'",
                where=f"{where}: {native.files[0].file}", fix=f"say which one it is: 'columns: {{{column}: NAME}}'",
            )  # fmt: skip
        found[column] = name
    return found


def _require(native: Native, given: set[str], columns: tuple[ContractColumn, ...], where: str) -> None:
    lacking = [column.column for column in columns if column.required == "yes" and column.column not in given]
    either = [column.column for column in columns if column.required == "date or year"]
    if either and not given.intersection(either):
        lacking.append(" or ".join(either))
    if not lacking:
        return
    hints = suggest(native.table, native.columns)
    likely = ", ".join(f"{name}: {hints[name]}" for part in lacking for name in part.split(" or ") if name in hints)
    listed = ", ".join(native.columns[:30]) + (", ..." if len(native.columns) > 30 else "")
    fix = f"write 'columns: {{{likely}}}' if that is what they are" if likely else MAP_OR_GIVE
    raise RecordsError(
        f"required columns are missing: {', '.join(lacking)}; the file has {listed}{_one_column(native)}",
        where=f"{where}: {native.files[0].file}", fix=fix,
    )  # fmt: skip


def _one_column(native: Native) -> str:
    hint = "" if len(native.columns) > 1 else "; there is only one column, so the delimiter may be wrong"
    return hint + (
        "; the first row looks like data, not a header" if "looks like data" in native.files[0].detail else ""
    )


def _others(native: Native, pairs: dict[str, str], constants: dict[str, str]) -> dict[str, str]:
    """Name the columns that are not mapped: their own names, apart from those that the contract's columns take."""
    used = set(pairs.values())
    taken = {name.lower() for name in (*pairs, *constants)}
    others: dict[str, str] = {}
    for name in native.columns:
        if name not in used:
            others[name] = name if name.lower() not in taken else f"{name} (in the file)"
    return others
