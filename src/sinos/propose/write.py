"""Writing the proposed study file: YAML with the best guess, how sure it is, and what to check by hand."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from sinos.errors import RecordsError
from sinos.propose.guess import LIKELY, Guess, guess, plain, table_scores
from sinos.propose.look import Column, Seen, look
from sinos.theory import contract

HEADER = """\
# A study file for Sinos, proposed from the look of your files. It is a guess: read every line marked CHECK.
# Left of each colon stands Sinos' name of a column, right of it the column's name in your file.
# 'sinos schema transactions' explains the columns; 'sinos check {study}' looks for errors in the records.
"""

SETTINGS = """\
coverage:
  # first_year: 2010         # first and last year that the records cover; from the file when absent
  # last_year: 2020
  # missing_years: [2015]    # years that were not disclosed: unknown, not zero
  domestic_sales: unknown    # CHECK recorded, missing or unknown: are sales at home among the records?
# repairs:                   # applied in order, counted and reported
#   - drop: {{column: buyer, matches: "(?i)warehouse"}}
#     reason: why these rows are not trade between firms
#   - resolve_names: buyer   # brings the spellings of one firm together (needs sinos[linkage])
clusters:
  by: {clusters}
disclosure:
  min_cell: 3                # cells with fewer firms are withheld in report and tables
  hash_ids: false            # true (with salt: SECRET) replaces every firm's name by a code in every output
"""


EXAMPLES = {
    "supplier": "NAME",
    "buyer": "NAME",
    "product": "NAME",
    "value": "1    # if every row counts the same; nothing can then be said about shares of trade",
}
"""Needed columns that a constant may give, and how."""

FLOW = re.compile(r"^(re )?(imports?|exports?|importa\w+|exporta\w+|reimporta\w+|reexporta\w+)$")
"""A value that says which way goods went, as written by :func:`~sinos.propose.guess.plain`."""

PLACES = {"supplier": "origin", "buyer": "destination"}
"""Sides of a relation, and the column whose places may stand in for them."""


def propose(files: Sequence[str | Path] | str | Path, *, folder: str | Path = ".") -> str:
    """Look at data files and write a commented study file with the best guess of the mapping.

    Of long files only the first rows are read, and the study file says so. Names are compared in English, Portuguese,
    Spanish and French; contents decide between rivals.

    Parameters
    ----------
    files
        Data files; one of them must hold the transactions.
    folder
        Folder in which the study file will stand; paths are written relative to it.

    Returns
    -------
    str
        YAML text that ``load_study`` accepts.

    Raises
    ------
    RecordsError
        If a file does not exist or cannot be read, or none is given.
    """
    paths = [Path(files)] if isinstance(files, str | Path) else [Path(file) for file in files]
    if not paths:
        raise RecordsError("no file was given", where="init", fix="name at least the file with the transactions")
    seen = [look(path, _relative(path, Path(folder))) for path in paths]
    tables = _assign(seen)
    lines = [HEADER.format(study="study.yaml"), _about(tables["transactions"]), "tables:"]
    for table, item in tables.items():
        lines += _table(table, item)
    used = {id(item) for item in tables.values()}
    lines += [f"  # not used, it fits no table: {item.file}" for item in seen if id(item) not in used]
    return "\n".join(lines) + "\n" + SETTINGS.format(clusters=_clusters(tables))


def _assign(seen: Sequence[Seen]) -> dict[str, Seen]:
    """Give the transactions to the file that fits them best, then every other file to the table it fits best."""
    scores = [table_scores(item) for item in seen]
    first = max(range(len(seen)), key=lambda number: (scores[number]["transactions"], seen[number].rows, -number))
    tables = {"transactions": seen[first]}
    for number, item in enumerate(seen):
        ranked = sorted(scores[number].items(), key=lambda pair: -pair[1])
        free = [table for table, value in ranked if table not in tables and value >= LIKELY]
        if number != first and free:
            tables[free[0]] = item
    return {column.table: tables[column.table] for column in contract() if column.table in tables}


def _about(transactions: Seen) -> str:
    title = Path(transactions.file).name.split(".")[0].replace("_", " ")
    return (
        "about:\n"
        f"  title: {_quoted(title)}\n"
        '  question: ""\n'
        '  source: ""               # who made the data, and where to find them\n'
        '  currency: ""             # CHECK such as USD; written beside every value\n'
    )


def _table(table: str, seen: Seen) -> list[str]:
    guesses = guess(table, seen.columns)
    lines = [f"  {table}:{'' if table == 'transactions' else '    # CHECK that this is what the file holds'}"]
    rows = f"{seen.rows:,} rows" if seen.whole else f"only its first {seen.rows:,} rows were looked at"
    lines += [f"    file: {_quoted(seen.file)}    # {rows}"]
    lines += _style(guesses)
    if guesses:
        lines += ["    columns:", *(_mapping(item) for item in guesses)]
    lines += [f"      {line}" if guesses else f"    {line}" for line in _lacking(table, guesses, seen.columns)]
    return lines + (_constants(guesses) if table == "transactions" else [])


def _constants(guesses: Sequence[Guess]) -> list[str]:
    """Return what to write where a needed column is the same in every row, such as the buyer of a list of suppliers."""
    found = {item.contract for item in guesses}
    wanted = [name for name in EXAMPLES if name not in found]
    if not wanted:
        return []
    lines = ["    # constants:    # CHECK for what is the same in every row; take the # away from what you use"]
    return lines + [f"    #   {name}: {EXAMPLES[name]}" for name in wanted]


def _mapping(item: Guess) -> str:
    mark = "" if item.score >= LIKELY and not item.alternatives else "CHECK "
    others = f"; or {', '.join(_quoted(name) for name in item.alternatives)}" if item.alternatives else ""
    examples = _comment(", ".join(value[:24] for value in item.column.examples[:2]))
    return (
        f"      {item.contract}: {_quoted(item.column.name)}    # {mark}{item.confidence}{others} (such as {examples})"
    )


def _lacking(table: str, guesses: Sequence[Guess], columns: Sequence[Column]) -> list[str]:
    found = {item.contract for item in guesses}
    used = {item.column.name for item in guesses}
    lines = []
    timed = "date" in found or "year" in found
    for column in contract(table):
        if column.required == "yes" and column.column not in found:
            lines.append(f"# CHECK {column.column}: no column was recognised, and it is needed ({column.meaning})")
        elif column.column == "date" and table == "transactions" and not timed:
            lines.append("# CHECK date or year: no column was recognised, and one of the two is needed")
    if table == "transactions":
        lines += _places(guesses)
        lines += _flows([column for column in columns if column.name not in used])
    free = [column.name for column in columns if column.name not in used]
    if free:
        lines.append(f"# not used: {_comment(', '.join(free))}")
    return lines


def _places(guesses: Sequence[Guess]) -> list[str]:
    """Return the sides for which no firm is surely named but a place is known, which may stand in for it."""
    found = {item.contract: item for item in guesses}
    doubtful = [side for side in PLACES if side not in found or found[side].score < LIKELY]
    return [
        f"# {side}: {_quoted(found[PLACES[side]].column.name)}    # CHECK places may stand in for firms; "
        "how firms govern each other cannot be read then"
        for side in doubtful
        if PLACES[side] in found
    ]


def _flows(columns: Sequence[Column]) -> list[str]:
    """Return a line on each column that tells imports from exports: taken together they are not one side's sales."""
    lines = []
    for column in columns:
        if column.distinct > 1 and all(FLOW.match(plain(value)) for value in column.examples):
            out = next((value for value in column.examples if plain(value).startswith("export")), column.examples[0])
            lines.append(
                f"# CHECK {_comment(column.name)} says {_comment(', '.join(column.examples))}: several flows are not "
                f"one trade; keep one by a repair: - filter: {{column: {_quoted(column.name)}, equals: {_quoted(out)}}}"
            )
    return lines


def _style(guesses: Sequence[Guess]) -> list[str]:
    """Return the lines that say how numbers and dates are written, where that is not the default."""
    lines = []
    if any(item.column.decimal_comma for item in guesses if "number" in item.column.kinds):
        lines.append('    decimal: ","')
    dated = [item.column for item in guesses if item.contract == "date" and item.column.date_format]
    for column in dated:
        doubt = "    # CHECK day and month cannot be told apart" if column.ambiguous_date else ""
        lines.append(f"    date_format: {_quoted(column.date_format or '')}{doubt}")
    return lines


def _clusters(tables: dict[str, Seen]) -> str:
    if "suppliers" in tables:
        found = {item.contract for item in guess("suppliers", tables["suppliers"].columns)}
        if "cluster" in found:
            return "given                  # the suppliers' column cluster"
        if {"region", "sector"} <= found:
            return "region_sector          # or all: every supplier in one cluster"
    return "all                    # every supplier in one cluster; or given, or region_sector, with a suppliers table"


def _quoted(text: str) -> str:
    """Return a text as YAML would read it back, in quotes where it needs them."""
    try:
        safe = yaml.safe_load(f"key: {text}") == {"key": text} and " #" not in text
    except yaml.YAMLError:
        safe = False
    return text if safe and text == text.strip() else json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    """Return a text without what would end a comment line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return path.absolute().as_posix()
