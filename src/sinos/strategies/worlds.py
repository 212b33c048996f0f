"""Many worlds: parameters drawn from their ranges, in two halves of the parameter space that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sinos.errors import StudyError
from sinos.strategies.parameters import Parameter, parameters
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of

HALVES: Final = ("first", "second")
FIXED: Final = ("switch for ablations", "set by the lever", "set by the scenario's shocks")
SEED_OF_SPLIT: Final = 1027


@dataclass(frozen=True, slots=True)
class DrawnWorld:
    """One drawn world: its number, half of the parameter space, scenario with the drawn parameters, and seed."""

    number: int
    half: str
    scenario: Scenario
    seed: int


@cache
def varied() -> tuple[Parameter, ...]:
    """Return the parameters that are drawn: those with a range, except switches and those that scenarios set.

    Examples
    --------
    >>> "retaliation" in {one.name for one in varied()}
    False
    """
    return tuple(one for one in parameters() if one.high > one.low and not one.source.endswith(FIXED))


@cache
def _signs() -> tuple[float, ...]:
    rng = np.random.default_rng(SEED_OF_SPLIT)
    return tuple(float(sign) for sign in rng.choice([-1.0, 1.0], len(varied())))


def half_of(position: NDArray[np.float64]) -> str:
    """Return the half of the parameter space in which a point lies.

    The space is cut by a plane through its middle that no parameter can avoid: each of them pulls to one side or the
    other with equal weight. So the two halves differ in all parameters a little, and a fit to one is tested on worlds
    that it has not seen the like of.

    Parameters
    ----------
    position
        Place of each varied parameter in its range, from 0 to 1.
    """
    return HALVES[int(float(np.dot(position - 0.5, _signs())) >= 0.0)]


def draw_worlds(
    number: int, half: str, seed: int = 0, scenarios: Sequence[str | Scenario] = ("sinos_valley",)
) -> list[DrawnWorld]:
    """Draw worlds in one half of the parameter space.

    Parameters
    ----------
    number
        How many.
    half
        ``first`` or ``second``. A draw that falls into the other half is mirrored through the middle.
    seed
        Seed of the draws.
    scenarios
        Market structures, taken in turn; their own parameter values give way to the drawn ones.

    Raises
    ------
    StudyError
        If the number is below one or the half is unknown.
    """
    if number < 1 or half not in HALVES:
        raise StudyError(
            f"{number} worlds in the half '{half}' were asked for",
            where="worlds",
            fix=f"give at least one world, in the half {' or '.join(HALVES)}",
        )
    structures = [scenario_of(one) for one in scenarios]
    rng = np.random.default_rng(np.random.SeedSequence([seed, HALVES.index(half)]))
    result = []
    for place in range(number):
        position = rng.random(len(varied()))
        if half_of(position) != half:
            position = 1.0 - position
        drawn = {one.name: one.low + u * (one.high - one.low) for one, u in zip(varied(), position, strict=True)}
        structure = structures[place % len(structures)]
        result.append(DrawnWorld(place, half, structure.with_parameters(**drawn), seed * 1000 + place))
    return result
