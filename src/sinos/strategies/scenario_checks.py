"""What a scenario must hold beside the right keys: years that are simulated, names that exist, cores that make sense.

Every check raises with ``where`` as the dotted path of the key below the part that is checked, so that whoever read the
file can name the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sinos.errors import SinosError, StudyError, UnknownNameError, nearest
from sinos.strategies.parameters import values

if TYPE_CHECKING:
    from sinos.strategies.scenario import BuyerGroup, Scenario, Shock

ENGINES: Final = ("compiled", "reference")
NEVER_NEGATIVE: Final = ("demand_fall", "retail_concentration", "new_standard")


def check_engine(engine: str) -> None:
    """Raise if there is no such engine.

    Raises
    ------
    UnknownNameError
        Names the nearest one.

    Examples
    --------
    >>> check_engine("compild")
    Traceback (most recent call last):
    ...
    sinos.errors.UnknownNameError: engine: there is no engine 'compild'. Fix: did you mean 'compiled'?
    """
    if engine not in ENGINES:
        raise UnknownNameError(f"there is no engine '{engine}'", where="engine", fix=nearest(engine, ENGINES))


def check_year(year: int, scenario: Scenario, where: str) -> None:
    """Raise if a year is outside the simulated years."""
    if year not in scenario.calendar:
        raise StudyError(
            f"the year {year} is not simulated",
            where=where,
            fix=f"give a year from {scenario.calendar[0]} to {scenario.calendar[-1]}",
        )


def check_group(group: BuyerGroup) -> None:
    """Raise if the core of a group of buyers contradicts itself or their competence."""
    for place, function in enumerate(group.core):
        where = f"core.{place}"
        if function in group.core[:place]:
            raise StudyError(f"the core of '{group.name}' names '{function}' twice", where=where, fix="delete one")
        if not group.competence.get(function, 0.0) > 0.0:
            raise StudyError(
                f"'{group.name}' holds '{function}' as core without any competence in it",
                where=where,
                fix=f"give 'competence: {{{function}: ...}}' above 0, or take '{function}' out of 'core'",
            )


def check_shock(shock: Shock) -> None:
    """Raise if a shock ends before it starts, has an impossible size, or names nobody."""
    if shock.end is not None and shock.end < shock.start:
        raise StudyError(
            f"'{shock.kind}' ends in {shock.end}, before it starts in {shock.start}",
            where="end",
            fix=f"give a year from {shock.start}, or leave 'end' out",
        )
    if shock.kind in NEVER_NEGATIVE and shock.size < 0:
        raise StudyError(f"the size of '{shock.kind}' is {shock.size:g}", where="size", fix="give a share from 0 to 1")
    if shock.kind == "buyer_exit" and shock.buyers is None:
        raise StudyError(
            "'buyer_exit' does not say who leaves", where="kind", fix="name a group of buyers: 'buyers: ...'"
        )


def check_scenario(scenario: Scenario) -> None:
    """Raise if the parts of a scenario contradict each other."""
    markets = [market.name for market in scenario.markets]
    groups = [group.name for group in scenario.buyers]
    _once("market", markets, "markets")
    _once("group of buyers", groups, "buyers")
    for place, group in enumerate(scenario.buyers):
        _known("market", group.market, markets, f"buyers.{place}.market")
    if sum(group.number for group in scenario.buyers) == 0:
        raise StudyError("the scenario has no buyers", where="buyers", fix="give at least one group with number >= 1")
    if scenario.clusters > scenario.suppliers:
        raise StudyError(
            f"there are more clusters ({scenario.clusters}) than suppliers ({scenario.suppliers})",
            where="clusters",
            fix=f"give at most {scenario.suppliers}",
        )
    for place, market in enumerate(scenario.markets):
        if market.opens > scenario.calendar[-1]:
            raise StudyError(
                f"the market '{market.name}' opens in {market.opens}, after the last simulated year",
                where=f"markets.{place}.opens",
                fix=f"give a year up to {scenario.calendar[-1]}",
            )
    for place, shock in enumerate(scenario.shocks):
        if shock.market is not None:
            _known("market", shock.market, markets, f"shocks.{place}.market")
        if shock.buyers is not None:
            _known("group of buyers", shock.buyers, groups, f"shocks.{place}.buyers")
        check_year(shock.start, scenario, f"shocks.{place}.start")
    if scenario.programme is not None:
        check_year(scenario.programme.start, scenario, "programme.start")
    for name, value in scenario.parameters.items():
        _check_parameter(name, value)


def check_groups_are_filled(scenario: Scenario) -> None:
    """Raise if a group of buyers is nobody or wants nothing; made worlds may have such groups, written ones not."""
    for place, group in enumerate(scenario.buyers):
        for key in ("number", "volume"):
            if not getattr(group, key) > 0:
                raise StudyError(
                    f"the buyers '{group.name}' have '{key}: 0'",
                    where=f"buyers.{place}.{key}",
                    fix=f"give '{key}' above 0, or delete the group",
                )


def _check_parameter(name: str, value: float) -> None:
    try:
        values({name: value})
    except SinosError as error:
        raise StudyError(error.what, where=f"parameters.{name}", fix=error.fix) from error


def _once(what: str, names: list[str], where: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise StudyError(f"there are two of the {what} '{name}'", where=f"{where}.{place}.name", fix="rename one")


def _known(what: str, name: str, valid: Iterable[str], where: str) -> None:
    if name not in valid:
        raise StudyError(f"there is no {what} '{name}'", where=where, fix=nearest(name, valid))
