"""Guessing which column of a file stands for which column of the data contract, by name and by content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from sinos.propose.look import Column, Seen
from sinos.theory import contract, contract_tables, load_yaml

LIKELY, SURE = 0.6, 0.9
DOUBTFUL = 0.5
"""The best score of a name that is met with other meanings as well (with a question mark among the synonyms)."""

LEAST = 0.35
"""Smallest score at which a column is proposed at all."""

CONTENT: Mapping[str, frozenset[str]] = {
    "number": frozenset({"number"}),
    "share": frozenset({"share"}),
    "flag": frozenset({"flag"}),
    "date": frozenset({"date"}),
    "integer": frozenset({"year", "month", "number"}),
}
"""What the values of a contract column of each type may look like."""

TELLING: Mapping[str, frozenset[str]] = {
    "year": frozenset({"year"}),
    "month": frozenset({"month"}),
    "product": frozenset({"code", "text"}),
    "destination": frozenset({"country", "text"}),
    "origin": frozenset({"country", "text"}),
    "incoterm": frozenset({"incoterm"}),
    "currency": frozenset({"currency"}),
    "quantity_unit": frozenset({"text"}),
}
"""Contract columns whose values are more particular than their type."""

ALONE: Mapping[str, tuple[str, float]] = {
    "date": ("date", 0.45),
    "year": ("year", 0.45),
    "incoterm": ("incoterm", 0.6),
    "product": ("code", 0.4),
}
"""Contract columns that may be recognised by content alone, and the score for it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One contract column: the file's column that fits best, how well (0 to 1), and what else would fit."""

    contract: str
    column: Column
    score: float
    alternatives: tuple[str, ...]

    @property
    def confidence(self) -> str:
        """How sure the guess is, in a word."""
        if self.score >= SURE:
            return "sure"
        return "likely" if self.score >= LIKELY else "a guess"


def guess(table: str, columns: Iterable[Column]) -> tuple[Guess, ...]:
    """Guess the mapping of one file to one table; each file column is used once.

    Examples
    --------
    >>> from sinos.propose.look import describe
    >>> [g.column.name for g in guess("clusters", [describe("Cluster", ["a", "b"]), describe("colour", ["c", "d"])])]
    ['Cluster']
    """
    columns = list(columns)
    scored = sorted(
        (
            (score(table, wanted.column, wanted.type, column), -order, -number, wanted.column, column)
            for order, wanted in enumerate(contract(table))
            for number, column in enumerate(columns)
        ),
        key=lambda row: row[:3],
        reverse=True,
    )
    taken: dict[str, tuple[float, Column]] = {}
    for value, _, _, name, column in scored:
        used = any(column is other for _, other in taken.values())
        if value >= LEAST and name not in taken and not used:
            taken[name] = (value, column)
    names = [wanted.column for wanted in contract(table) if wanted.column in taken]
    named = {column.name for _, column in taken.values()}
    return tuple(Guess(name, taken[name][1], taken[name][0], _others(name, named, scored)) for name in names)


def score(table: str, wanted: str, kind: str, column: Column) -> float:
    """Return how well a file column fits a contract column: 0 (not at all) to 1."""
    if column.filled == 0:
        return 0.0
    fits = TELLING.get(wanted) or CONTENT.get(kind)
    if fits is not None and not fits & column.kinds:
        return 0.0
    if kind == "string" and wanted not in TELLING and ("date" in column.kinds or "date" in plain(column.name).split()):
        return 0.0
    named = name_score(column.name, (wanted, *load_yaml("synonyms").get(table, {}).get(wanted, ())))
    if named >= LEAST:
        return named
    if wanted in ALONE and table == "transactions" and ALONE[wanted][0] in column.kinds:
        return ALONE[wanted][1]
    return 0.0


def name_score(name: str, words: Iterable[str]) -> float:
    """Return how near a column name is to the nearest of the words that stand for a contract column.

    Examples
    --------
    >>> name_score("Valor FOB (US$)", ["value", "valor fob"]) > 0.6, name_score("colour", ["value"])
    (True, 0.0)
    """
    given = plain(name)
    best = 0.0
    for word in words:
        most = DOUBTFUL if word.endswith("?") else 1.0
        best = max(best, min(_nearness(given, plain(word)), most))
    return best


def _nearness(given: str, word: str) -> float:
    if given == word:
        return 1.0
    inside = set(word.split()) <= set(given.split())
    part = 0.6 + 0.25 * len(word) / max(len(given), 1) if inside else 0.0
    near = SequenceMatcher(None, given, word).ratio()
    return max(part, 0.8 * near if near >= 0.85 else 0.0)


def plain(name: str) -> str:
    """Return a name in lower case, without accents and signs.

    Examples
    --------
    >>> plain("País_de Destino"), plain("buyerName")
    ('pais de destino', 'buyer name')
    """
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return re.sub(r"[^0-9a-z]+", " ", bare.lower()).strip()


def table_scores(seen: Seen) -> dict[str, float]:
    """Return for every table of the contract how much of its required part a file has, weighed by how sure that is.

    A table other than the transactions needs at least one column beyond its key.
    """
    scores = {}
    for table in contract_tables():
        found = {item.contract: item.score for item in guess(table, seen.columns)}
        required = [column.column for column in contract(table) if column.required == "yes"]
        keys = sum(found.get(name, 0.0) for name in required) / len(required)
        timed = table != "transactions" or "date" in found or "year" in found
        more = [name for name in found if name not in required and name != "year"]
        whole = timed and all(name in found for name in required)
        scores[table] = keys + 0.02 * len(more) if whole and (more or table == "transactions") else 0.3 * keys
    return scores


def _others(name: str, used: set[str], scored: Iterable[tuple[float, int, int, str, Column]]) -> tuple[str, ...]:
    """Return the columns that would fit as well and are not used for anything else."""
    rivals = [column.name for value, _, _, wanted, column in scored if wanted == name and value >= LEAST]
    return tuple(rival for rival in rivals if rival not in used)[:3]
