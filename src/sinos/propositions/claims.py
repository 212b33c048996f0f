"""Claims as data: the propositions of the paper, their designs and rules, and published findings beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sinos.errors import TheoryError, UnknownNameError, nearest
from sinos.theory.load import load_yaml

Sign = Literal[-1, 0, 1]
DESIGNS = (
    "panel",
    "relation",
    "local_projection",
    "first_entry",
    "switching",
    "ladder",
    "survival",
    "shift_share",
    "triple_difference",
    "hazard",
)
"""Designs that a claim may name; ``panel`` is the primary one of every claim."""
KINDS_OF_UPGRADING = ("process", "product", "functional", "inter_sectoral")
"""Outcomes for which the first measure that is available stands."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sign that a claim predicts: of ``term`` on ``outcome``; 0 where a design beside it predicts none."""

    outcome: str
    term: str
    sign: Sign


@dataclass(frozen=True, slots=True)
class Column:
    """A column that claims are tested on: its table, the fields it needs and how it is built."""

    name: str
    table: str
    needs: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A published finding: which claims it concerns, whether it agrees, and what was read of it."""

    claims: tuple[str, ...]
    agrees: str
    finding: str
    sign: str
    sample: str
    design: str
    source: str
    verified: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A proposition with everything that is fixed before looking at data.

    Attributes
    ----------
    name, title, section, quote
        Number, short wording, the paper's section and its words.
    estimand, unit, family
        What is estimated, on what, and the family in which tests are adjusted for multiplicity.
    terms, parts, effects, cluster, treatment_unit
        Regressors, predicted signs, fixed effects, cluster of errors, and unit in which governance varies.
    designs, secondary
        Designs in order of preference for the verdict; designs shown beside it.
    contradicted_by, rivals, pitfalls, rule
        What would contradict it, named rival hypotheses, pitfalls, and the decision rule.
    """

    name: str
    title: str
    section: str
    quote: str
    estimand: str
    unit: str
    family: str
    terms: tuple[str, ...]
    parts: tuple[Part, ...]
    effects: tuple[str, ...]
    cluster: str
    treatment_unit: str
    designs: tuple[str, ...]
    secondary: tuple[str, ...]
    contradicted_by: str
    rivals: tuple[str, ...]
    pitfalls: tuple[str, ...]
    rule: str


@cache
def claims() -> Mapping[str, Claim]:
    """Return the claims by name, P1 to P13.

    Raises
    ------
    TheoryError
        If the packaged table names a column, rival, design or rule that does not exist.

    Examples
    --------
    >>> list(claims())[:2], claims()["P1"].parts[2].sign
    (['P1', 'P2'], -1)
    """
    found = {name: _claim(name, row) for name, row in load_yaml("claims")["claims"].items()}
    for claim in found.values():
        _check(claim)
    return found


@cache
def columns() -> Mapping[str, Column]:
    """Return the columns that claims are tested on, by name."""
    return {name: Column(name, **row) for name, row in load_yaml("claims")["columns"].items()}


@cache
def evidence() -> tuple[Finding, ...]:
    """Return the register of published findings.

    Examples
    --------
    >>> sorted({finding.agrees for finding in evidence()})
    ['against', 'for', 'mixed']
    """
    return tuple(Finding(**row) for row in load_yaml("evidence_register")["findings"])


def rule(name: str) -> float:
    """Return a number that the decision rules use, such as ``min_clusters``.

    Examples
    --------
    >>> rule("level")
    0.05
    """
    return float(load_yaml("claims")["rules"][name]["value"])


def decision(name: str) -> str:
    """Return the decision rule in words."""
    return str(load_yaml("claims")["decisions"][name])


def rival(name: str) -> str:
    """Return a rival hypothesis in words."""
    return str(load_yaml("claims")["rivals"][name])


def outcome_measures(kind: str) -> tuple[str, ...]:
    """Return the measures of a kind of upgrading, in the order in which they are preferred as outcome."""
    return tuple(load_yaml("claims")["outcomes"][kind])


def select(names: Sequence[str] | str | None) -> tuple[Claim, ...]:
    """Return the claims of the given names in their fixed order; all of them without names.

    Raises
    ------
    UnknownNameError
        If a name is no claim.

    Examples
    --------
    >>> [claim.name for claim in select("p4, P1")]
    ['P1', 'P4']
    """
    every = claims()
    if names is None:
        return tuple(every.values())
    given = names.split(",") if isinstance(names, str) else list(names)
    wanted = {str(name).strip().upper() for name in given if str(name).strip()}
    unknown = sorted(wanted - set(every))
    if unknown or not wanted:
        raise UnknownNameError(
            f"there is no claim '{unknown[0] if unknown else names}'",
            where="claims",
            fix=nearest(unknown[0] if unknown else "", every),
        )
    return tuple(claim for name, claim in every.items() if name in wanted)


def _claim(name: str, row: Mapping[str, Any]) -> Claim:
    parts = tuple(Part(part["outcome"], part["term"], 1 if part["sign"] == "+" else -1) for part in row["parts"])
    try:
        return Claim(name=name, **{**row, "parts": parts})
    except TypeError as error:
        raise TheoryError(f"{name}: {error}", where="theory/claims.yaml", fix="reinstall Sinos") from error


def _check(claim: Claim) -> None:
    known = columns()
    table = load_yaml("claims")
    wrong = [name for name in (*claim.terms, *(p.outcome for p in claim.parts)) if name not in known]
    wrong += [part.term for part in claim.parts if part.term not in claim.terms]
    wrong += [name for name in claim.rivals if name not in table["rivals"]]
    wrong += [name for name in (*claim.designs, *claim.secondary) if name not in DESIGNS]
    wrong += [claim.rule] if claim.rule not in table["decisions"] else []
    if wrong:
        raise TheoryError(
            f"{claim.name} names '{wrong[0]}', which is not defined", where="theory/claims.yaml", fix="reinstall Sinos"
        )
