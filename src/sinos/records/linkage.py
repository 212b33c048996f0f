"""Which spellings are one firm: probabilistic record linkage (Fellegi & Sunter 1969) with Splink on DuckDB.

The model is fixed, not fitted: the weights below are stated, so that the same two spellings get the same
probability in every data set and every run. Only the rarity of words is taken from the names themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from sinos.errors import MissingExtraError
from sinos.records.names import GENERIC_WORDS, bare_name, former_name, normal_name

if TYPE_CHECKING:
    from splink import Linker

PRIOR = 0.001
"""Probability that two names drawn at random are one firm."""

RARE_SHARE = 0.01
"""A word found in at most this share of the names (or in five of them) is rare: sharing it is evidence."""

TINY = 1e-9
"""How close to 0 and 1 a threshold is taken: the log odds of 0 and 1 are infinite."""

CONTAINED = (
    "first_l = first_r AND list_has_any(rare_l, rare_r)"
    " AND (list_has_all(words_l, words_r) OR list_has_all(words_r, words_l))"
)
"""All words of one name are in the other. Hitachi-LG Data Storage is not Hitachi, but Laird Technologies is Laird: what
counts is whether the further words tell firms apart (:data:`~sinos.records.names.GENERIC_WORDS` do not)."""

LEVELS: tuple[tuple[str, str, float, float], ...] = (
    (
        "same name, or one is the other's former name or name without brackets",
        "list_has_any(aliases_l, aliases_r)",
        0.45,
        1e-6,
    ),
    ("same letters", "compact_l = compact_r", 0.10, 1e-6),
    ("same words in another order", "words_l = words_r", 0.05, 1e-6),
    (
        "one spelling slip in a long name",
        "least(length(compact_l), length(compact_r)) >= 8 AND damerau_levenshtein(compact_l, compact_r) <= 1",
        0.08,
        2e-6,
    ),
    (
        "all words of one are in the other, the first and a rare one among them; what is more says only trade or place",
        f"{CONTAINED} AND telling_l = telling_r",
        0.12,
        6e-6,
    ),
    (
        "all words of one are in the other, the first and a rare one among them; what is more may name a relative",
        CONTAINED,
        0.03,
        1e-5,
    ),
    (
        "nearly the same letters, sharing a rare word",
        "jaro_winkler_similarity(compact_l, compact_r) >= 0.93 AND list_has_any(rare_l, rare_r)",
        0.07,
        8e-6,
    ),
    (
        "nearly the same letters",
        "jaro_winkler_similarity(compact_l, compact_r) >= 0.93",
        0.04,
        1e-4,
    ),
    ("sharing a rare word", "list_has_any(rare_l, rare_r)", 0.04, 1e-3),
)
"""Levels of agreement of two names: what it is, condition, probability among pairs of one firm (m), and of two (u)."""

EVIDENCE_M, EVIDENCE_U = 0.85, 0.2
"""Probability of agreeing on a further column (country, say) among pairs of one firm, and of two firms."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How linkage does on labelled pairs.

    Attributes
    ----------
    pairs
        Labelled pairs of which both names are in the data.
    precision, recall, f1
        Of the pairs put together, the share that is right; of the pairs that belong together, the share that was put
        together; their harmonic mean. None where the denominator is zero.
    """

    pairs: int
    precision: float | None
    recall: float | None
    f1: float | None


def link(names: pl.DataFrame, *, threshold: float) -> pl.DataFrame:
    """Group the spellings of one firm and give each group one name.

    Parameters
    ----------
    names
        ``name`` (distinct), ``rows`` (how often it occurs), and any further columns as evidence, each a list of texts.
    threshold
        Match probability from which two spellings are one firm.

    Returns
    -------
    pl.DataFrame
        ``name``, ``canonical`` (the most frequent spelling of the group, ties by text), ``rows``; sorted by name.

    Raises
    ------
    MissingExtraError
        If Splink is not installed.

    Notes
    -----
    Only pairs that share the first word, the first four letters, a rare word, or an alias are compared.
    """
    evidence = [column for column in names.columns if column not in ("name", "rows")]
    ordered = names.sort("name")
    groups = _components(ordered["name"].to_list(), _pairs(ordered, evidence, threshold))
    frame = ordered.select("name", "rows").with_columns(group=pl.Series(groups, dtype=pl.Int64))
    best = frame.sort("group", -pl.col("rows"), "name").group_by("group", maintain_order=True).first()
    named = frame.join(best.select("group", canonical="name"), on="group")
    return named.select("name", "canonical", "rows").sort("name")


def quality(mapping: Mapping[str, str], labels: Sequence[tuple[str, str, bool]]) -> Quality:
    """Compare a grouping with labelled pairs (left, right, same).

    Examples
    --------
    >>> quality({"a": "a", "b": "a", "c": "c"}, [("a", "b", True), ("a", "c", True), ("b", "c", False)])
    Quality(pairs=3, precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    known = [(mapping[left] == mapping[right], same) for left, right, same in labels if {left, right} <= set(mapping)]
    hits = sum(linked and same for linked, same in known)
    linked_pairs = sum(linked for linked, _ in known)
    same_pairs = sum(same for _, same in known)
    return Quality(
        len(known),
        hits / linked_pairs if linked_pairs else None,
        hits / same_pairs if same_pairs else None,
        2 * hits / (linked_pairs + same_pairs) if linked_pairs + same_pairs else None,
    )


def _pairs(names: pl.DataFrame, evidence: Sequence[str], threshold: float) -> list[tuple[str, str]]:
    """Return the pairs of names whose match probability reaches the threshold."""
    if names.height < 2:
        return []
    connection = duckdb.connect(config={"threads": 1})
    try:
        _prepare(connection, names)
        linker = _linker(connection, evidence)
        found = linker.inference.predict(threshold_match_probability=min(max(threshold, TINY), 1 - TINY))
        pairs = connection.sql(f"SELECT name_l, name_r FROM {found.physical_name}").fetchall()
    finally:
        connection.close()
    return [(left, right) for left, right in pairs]


def _prepare(connection: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> None:
    """Store the names with everything that the levels compare as table ``prepared``."""
    connection.register("given", names.to_arrow())
    connection.execute(
        f"CREATE TABLE plain AS SELECT *, {normal_name('name')} AS normal, {former_name('name')} AS former,"
        f" {bare_name('name')} AS bare FROM given"
    )
    generic = ", ".join(f"'{word}'" for word in GENERIC_WORDS)
    connection.execute(
        "CREATE TABLE split AS SELECT *, string_split(normal, ' ') AS all_words, replace(normal, ' ', '') AS compact,"
        " list_filter(list_distinct([normal, former, bare]), lambda x: x <> '') AS aliases FROM plain"
    )
    connection.execute(
        "CREATE TABLE rare_words AS SELECT word FROM (SELECT unnest(list_distinct(all_words)) AS word FROM split)"
        f" WHERE length(word) > 2 AND word NOT IN ({generic}) GROUP BY word"
        f" HAVING count(*) <= greatest(5, {RARE_SHARE} * (SELECT count(*) FROM split))"
    )
    connection.execute(
        "CREATE TABLE prepared AS SELECT *, row_number() OVER (ORDER BY name) AS unique_id, all_words[1] AS first,"
        " list_sort(list_distinct(all_words)) AS words, compact[1:4] AS start,"
        f" list_sort(list_filter(list_distinct(all_words), lambda x: x NOT IN ({generic}))) AS telling,"
        " list_intersect(list_distinct(all_words), (SELECT coalesce(list(word), []) FROM rare_words)) AS rare"
        " FROM split"
    )


def _linker(connection: duckdb.DuckDBPyConnection, evidence: Sequence[str]) -> Linker:
    try:
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    except ImportError as error:
        raise MissingExtraError("splink", "linkage", purpose="repair resolve_names") from error
    logging.getLogger("splink").setLevel(logging.ERROR)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        probability_two_random_records_match=PRIOR,
        comparisons=[_name_comparison(), *(_evidence_comparison(column) for column in evidence)],
        blocking_rules_to_generate_predictions=[
            block_on("first"),
            block_on("start"),
            block_on("words"),
            block_on("rare", arrays_to_explode=["rare"]),
            block_on("aliases", arrays_to_explode=["aliases"]),
        ],
        additional_columns_to_retain=["name"],
    )
    api = DuckDBAPI(connection)
    return Linker(api.register("prepared"), settings, log_level=logging.ERROR)


def _name_comparison() -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": "normal_l = '' OR normal_r = ''", "label_for_charts": "no name", "is_null_level": True}
    ]
    for label, condition, m, u in LEVELS:
        levels.append(_level(label, condition, m, u))
    left_m = 1 - sum(m for _, _, m, _ in LEVELS)
    left_u = 1 - sum(u for _, _, _, u in LEVELS)
    levels.append(_level("different", "ELSE", left_m, left_u))
    return {"output_column_name": "name", "comparison_levels": levels}


def _evidence_comparison(column: str) -> dict[str, Any]:
    return {
        "output_column_name": column,
        "comparison_levels": [
            {
                "sql_condition": f"len({column}_l) = 0 OR len({column}_r) = 0",
                "label_for_charts": "not known",
                "is_null_level": True,
            },
            _level("one in common", f"list_has_any({column}_l, {column}_r)", EVIDENCE_M, EVIDENCE_U),
            _level("none in common", "ELSE", 1 - EVIDENCE_M, 1 - EVIDENCE_U),
        ],
    }


def _level(label: str, condition: str, m: float, u: float) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": label, "m_probability": m, "u_probability": u}


def _components(names: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Return for every name the number of its connected component; components are numbered by their first name."""
    place = {name: index for index, name in enumerate(names)}
    parent = list(range(len(names)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for left, right in pairs:
        low, high = sorted((root(place[left]), root(place[right])))
        parent[high] = low
    return [root(index) for index in range(len(names))]


def labelled_pairs(groups: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Return every pair of names with whether the given grouping puts them together (to label whole groups at once)."""
    return [(left, right, groups[left] == groups[right]) for left, right in combinations(sorted(groups), 2)]
