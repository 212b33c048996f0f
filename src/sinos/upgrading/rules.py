"""The packaged rules of scoring: measures by kind in the order in which they decide, constants, functions and rungs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from sinos.theory import load_yaml

Kind = Literal["process", "product", "functional", "inter_sectoral"]
Direction = Literal["up", "flat", "down", "not_observable"]

KINDS: tuple[Kind, ...] = ("process", "product", "functional", "inter_sectoral")
"""The four kinds of upgrading."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one measure is read.

    Attributes
    ----------
    name, kind
        The measure and the kind of upgrading that it speaks to.
    order
        Position among the measures; the first of a kind that moved decides.
    sign
        1 when higher is upgrading, -1 when lower is.
    log
        Changes are in log points (otherwise plain differences).
    decides
        Whether it may decide a direction.
    customs
        It sees recorded trade only: no change is no evidence of no upgrading.
    revenue
        Prices enter: a change may be a change of prices.
    band
        Smallest flat band of the measure, whatever the study's.
    """

    name: str
    kind: Kind
    order: int
    sign: int
    log: bool
    decides: bool
    customs: bool
    revenue: bool
    band: float


@cache
def rules() -> dict[str, Rule]:
    """Return the rule of every measure, in order.

    Examples
    --------
    >>> rules()["defect_rate"].sign
    -1
    """
    table = load_yaml("upgrading")["measures"]
    return {
        name: Rule(
            name=name,
            kind=spec["kind"],
            order=order,
            sign=1 if spec["better"] == "higher" else -1,
            log=spec["scale"] == "log",
            decides=spec["decides"],
            customs=spec["customs"],
            revenue=spec["revenue"],
            band=float(spec.get("band", 0.0)),
        )
        for order, (name, spec) in enumerate(table.items())
    }


def of_kind(kind: Kind) -> tuple[str, ...]:
    """Return the names of the measures of a kind, in the order in which they decide."""
    return tuple(name for name, rule in rules().items() if rule.kind == kind)


@cache
def constant(name: str) -> float:
    """Return a constant of scoring.

    Examples
    --------
    >>> constant("min_comparators")
    3.0
    """
    return float(load_yaml("upgrading")["constants"][name]["value"])


@cache
def steps() -> dict[str, int]:
    """Return the rung of the four-step ladder that each function stands on.

    Examples
    --------
    >>> steps()["design"]
    3
    """
    return {name: int(spec["step"]) for name, spec in load_yaml("functions")["functions"].items()}


@cache
def skilled_step() -> int:
    """Return the rung from which functions are skilled."""
    return int(load_yaml("upgrading")["skilled_from_step"]["value"])
