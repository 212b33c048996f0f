"""Strategies: levers, each with a start, a cost and a target group, and how they act on a simulated world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sinos.errors import StudyError
from sinos.strategies.names import FUNCTIONS, STREAM_TARGET
from sinos.strategies.parameters import Coefficients
from sinos.strategies.periods import share_of
from sinos.strategies.random import Key, draw_uniform
from sinos.strategies.scenario import Scenario, Year, check_year
from sinos.strategies.sources import refusal, values_of
from sinos.strategies.state import World
from sinos.study.explain import path_of
from sinos.study.positions import Positions

LeverKind = Literal[
    "diversify",
    "home_market",
    "regional_market",
    "relinquished_function",
    "collective_programme",
    "technology_centre",
    "certification",
    "supplier_development",
    "raise_intent",
]
Target = Literal["all", "large", "small", "exporters", "home_oriented"]
Share = Annotated[float, Field(ge=0.0, le=1.0)]

DEFAULT_SIZE: dict[str, float] = {
    "diversify": 0.5,
    "home_market": 0.10,
    "regional_market": 0.10,
    "relinquished_function": 0.05,
    "collective_programme": 0.0,
    "technology_centre": 0.04,
    "certification": 1.0,
    "supplier_development": 0.5,
    "raise_intent": 1.0,
}
"""Size of each lever when none is given (assumptions, no source)."""


class Lever(BaseModel):
    """One lever of a strategy.

    Attributes
    ----------
    kind
        ``diversify`` gives at most ``size`` of capacity to one buyer; ``home_market`` and ``regional_market`` make
        suppliers cheaper by ``size`` for buyers there; ``relinquished_function`` adds ``size`` of the remaining gap a
        year to the capability in ``function``; ``collective_programme`` opens the vote with the terms below;
        ``technology_centre`` offers help of ``size`` a year, absorbed in proportion to what is known;
        ``certification`` gives a standard not specific to any buyer; ``supplier_development`` raises buyers' return
        on teaching by ``size``; ``raise_intent`` gives intent to a share ``size``.
    start
        Year in which it begins.
    cost
        Yearly cost to each target supplier per unit of capacity.
    target
        Who is reached: all, large or small (capacity above or below the median), exporters or home oriented suppliers
        (more or less than half of volume to far markets), as observed at the start.
    reach
        Share of the target group reached, drawn by lot.
    levy, quorum, secrecy, public_share, mediation, facilitation
        Terms of the collective programme; ``facilitation`` is the weight the vote gives to heads in place of volume.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: LeverKind
    start: Year
    size: float | None = Field(default=None, ge=0.0, le=1.0)
    cost: float = Field(default=0.0, ge=0.0)
    target: Target = "all"
    reach: Share = 1.0
    function: Literal["logistics", "sourcing"] = "logistics"
    levy: float | None = Field(default=None, ge=0.0)
    quorum: Share | None = None
    secrecy: Share = 0.0
    public_share: Share = 0.0
    mediation: Share = 0.0
    facilitation: Share = 0.0

    @property
    def amount(self) -> float:
        """The size, or the default of this kind of lever."""
        return DEFAULT_SIZE[self.kind] if self.size is None else self.size


class Strategy(BaseModel):
    """A named combination of levers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    levers: tuple[Lever, ...]

    @property
    def start(self) -> int:
        """The first year in which the strategy differs from the baseline."""
        return min(lever.start for lever in self.levers)


def strategy(source: Strategy | dict[str, Any]) -> Strategy:
    """Return a strategy from a mapping, or as given.

    Raises
    ------
    StudyError
        If a key or lever is unknown or a value impossible: names it and the nearest valid one.

    Examples
    --------
    >>> strategy({"name": "certify", "levers": [{"kind": "certification", "start": 1990}]}).start
    1990
    """
    if isinstance(source, Strategy):
        return source
    try:
        return Strategy.model_validate(source)
    except ValidationError as error:
        raise refusal(error, source, Strategy, "strategy", {}) from error


def strategies_in(file: Path, scenario: Scenario) -> tuple[Strategy, ...]:
    """Return the strategies of a YAML file, which is a list of them.

    Parameters
    ----------
    file
        The file.
    scenario
        The scenario they are meant for.

    Raises
    ------
    StudyError
        If anything is wrong: names file, line and key, the nearest valid word and the fix.
    """
    fix = "write a list: - {name: brand, levers: [{kind: collective_programme, start: 1990}]}"
    found, lines = values_of(file, file.name, "a list of strategies", fix)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise StudyError("the file holds no list of strategies", where=f"{file.name}, line {lines[()]}", fix=fix)
    made = []
    for place, one in enumerate(found):
        try:
            made.append(Strategy.model_validate(one))
        except ValidationError as error:
            raise refusal(error, one, Strategy, file.name, lines, (place,)) from error
    try:
        check_strategies(tuple(made), scenario)
    except StudyError as error:
        below = path_of(error.where or "")[1:]
        raise StudyError(error.what, where=Positions(file.name, lines, {}).where(below), fix=error.fix) from error
    return tuple(made)


def check_strategies(strategies: tuple[Strategy, ...], scenario: Scenario) -> None:
    """Raise if names repeat, a strategy is empty, or a lever starts outside the simulated years."""
    names = [one.name for one in strategies]
    for place, one in enumerate(strategies):
        where = f"strategies.{place}"
        if one.name == "baseline" or one.name in names[:place]:
            what = "is that of the run without levers" if one.name == "baseline" else "is given twice"
            raise StudyError(f"the name '{one.name}' {what}", where=f"{where}.name", fix="give the strategy its own")
        if not one.levers:
            raise StudyError(
                f"the strategy '{one.name}' has no levers", where=f"{where}.levers", fix="give at least one lever"
            )
        for number, lever in enumerate(one.levers):
            check_year(lever.start, scenario, f"{where}.levers.{number}.start")


def coefficients_in(p: Coefficients, levers: tuple[Lever, ...], year: int) -> Coefficients:
    """Return the coefficients in a year: those of a collective programme that has begun replace the scenario's."""
    for lever in levers:
        if lever.kind != "collective_programme" or year < lever.start:
            continue
        p = p._replace(
            programme_levy=p.programme_levy if lever.levy is None else np.float32(lever.levy),
            programme_quorum=p.programme_quorum if lever.quorum is None else np.float32(lever.quorum),
            programme_secrecy=np.float32(lever.secrecy),
            programme_public_share=np.float32(lever.public_share),
            programme_mediation=np.float32(lever.mediation),
            programme_volume_weight=np.float32(1.0 - lever.facilitation),
        )
    return p


def begin(w: World, levers: tuple[Lever, ...], key: Key, year: int, step: int, parts: int = 1) -> None:
    """Let the levers that start this year act on the world; ``parts`` is the number of periods in a year."""
    s = w.suppliers
    for number, lever in enumerate(levers):
        if lever.start != year:
            continue
        reached = targets(w, lever, key, step, number)
        amount = np.float32(lever.amount)
        s.strategy_cost[reached] += np.float32(lever.cost)
        if lever.kind == "diversify":
            s.share_cap[reached] = np.minimum(s.share_cap[reached], amount)
        elif lever.kind == "home_market":
            s.discount[0, reached] += amount
        elif lever.kind == "regional_market":
            s.discount[1, reached] += amount
        elif lever.kind == "relinquished_function":
            s.assistance[FUNCTIONS.index(lever.function), reached] += np.float32(share_of(lever.amount, parts))
        elif lever.kind == "collective_programme":
            w.programmes.open[:] = 1
        elif lever.kind == "technology_centre":
            s.centre[reached] += np.float32(share_of(lever.amount, parts))
        elif lever.kind == "certification":
            s.certified[reached] = 1
        elif lever.kind == "supplier_development":
            s.teaching[reached] += amount
        else:
            lot = draw_uniform(key, step, STREAM_TARGET, np.arange(s.capacity.size), 1000 + number)[0]
            s.intent[reached & (lot < amount)] = 1


def targets(w: World, lever: Lever, key: Key, step: int, number: int) -> NDArray[np.bool_]:
    """Return which suppliers a lever reaches, as observed when it starts."""
    s, b, r = w.suppliers, w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0)
    far = slots[b.region[r.buyer[slots]] == 2]
    size = s.capacity.size
    exported = np.bincount(r.supplier[far], weights=r.volume[far].astype(np.float64), minlength=size)
    sold = np.bincount(r.supplier[slots], weights=r.volume[slots].astype(np.float64), minlength=size)
    exporter = (sold > 0) & (exported > 0.5 * sold)
    large = s.capacity > np.median(s.capacity)
    group = {
        "all": np.ones(size, bool),
        "large": large,
        "small": ~large,
        "exporters": exporter,
        "home_oriented": ~exporter,
    }[lever.target]
    lot = draw_uniform(key, step, STREAM_TARGET, np.arange(size), number)[0]
    return np.asarray(group & (lot < np.float32(lever.reach)), bool)
