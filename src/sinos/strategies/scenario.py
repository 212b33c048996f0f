"""Scenarios: the market structure, the history of shocks and the parameter overlay of one simulated world."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sinos.errors import StudyError, UnknownNameError, nearest
from sinos.strategies.parameters import values
from sinos.strategies.periods import PARTS, Period
from sinos.strategies.scenario_checks import check_group, check_groups_are_filled, check_scenario, check_shock
from sinos.strategies.scenario_checks import check_year as check_year
from sinos.strategies.sources import Lines, refusal, values_of
from sinos.study.positions import plain_kind

FunctionName = Literal["process", "product", "logistics", "sourcing", "design", "marketing"]
Region = Literal["home", "regional", "far"]
ShockKind = Literal[
    "low_cost_entrant", "demand_fall", "buyer_exit", "retail_concentration", "new_standard", "exchange_rate"
]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[float, Field(ge=0.0)]
Year = Annotated[int, Field(ge=1000, le=2999)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Market(_Part):
    """One market: its region, exposure to the entrant's price (0 to 1) and the year it opens to the cluster."""

    name: str
    region: Region
    exposure: Share
    opens: Year


class BuyerGroup(_Part):
    """A group of like buyers.

    Attributes
    ----------
    volume
        Yearly volume of each buyer, in units of a typical firm's output.
    slots
        Largest number of suppliers of each buyer.
    complexity, process, product
        Customisation and time pressure (0 to 1); required process and product capability.
    competence
        The buyers' own competence by function.
    core
        Functions that the buyers hold as core.
    lump
        Orders come in multiples of this volume; 0 for any size.
    dedication
        Least share of a new supplier's capacity that the buyer wants for itself.
    main
        Whether this is the cluster's main buyer (for the checks only; no equation reads it).
    """

    name: str
    market: str
    number: int = Field(ge=0)
    volume: Amount
    slots: int = Field(ge=1)
    complexity: Share
    process: Share
    product: Share
    competence: dict[FunctionName, Share] = {}
    core: tuple[FunctionName, ...] = ()
    lump: Amount = 0.0
    dedication: Share = 0.0
    main: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> BuyerGroup:
        check_group(self)
        return self


class Shock(_Part):
    """One change of the world.

    ``low_cost_entrant`` lowers the entrant's price by ``price`` and sets its quality to ``quality``, rising by
    ``drift`` a year; ``demand_fall`` takes ``size`` of the volume of a market or buyer group; ``buyer_exit`` removes
    a buyer group; ``retail_concentration`` moves ``size`` of the other buyers' volume in a market to its largest
    buyer; ``new_standard`` adds ``size`` to the required quality and to the loss from failures; ``exchange_rate``
    changes the local value of export revenue by the factor ``1 + size``.
    """

    kind: ShockKind
    start: Year
    end: Year | None = None
    market: str | None = None
    buyers: str | None = None
    size: float = Field(default=0.0, ge=-0.9, le=1.0)
    price: Share = 0.0
    quality: Share | None = None
    drift: float = Field(default=0.0, ge=-0.1, le=0.1)

    @model_validator(mode="after")
    def _consistent(self) -> Shock:
        check_shock(self)
        return self


class Programme(_Part):
    """A collective brand and design programme that members vote on every year from ``start`` until it passes."""

    start: Year


class Scenario(_Part):
    """One simulated world: suppliers, markets, buyers, shocks, programme and parameter overlay.

    ``period`` is a year, or a quarter. All numbers are those of a year whatever the period (see
    :mod:`sinos.strategies.periods`), and so are results; shocks and levers begin with the first quarter of their year.
    """

    name: str
    title: str = ""
    source: str = "assumption, no source"
    start: Year
    years: int = Field(ge=1, le=400)
    period: Period = "year"
    suppliers: int = Field(ge=1)
    clusters: int = Field(default=1, ge=1)
    markets: tuple[Market, ...]
    buyers: tuple[BuyerGroup, ...]
    shocks: tuple[Shock, ...] = ()
    programme: Programme | None = None
    parameters: dict[str, float] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        check_scenario(self)
        return self

    @property
    def calendar(self) -> range:
        """The simulated years."""
        return range(self.start, self.start + self.years)

    @property
    def parts(self) -> int:
        """The periods in a year."""
        return PARTS[self.period]

    def scaled(self, factor: int) -> Scenario:
        """Return the scenario with ``factor`` times as many suppliers and buyers in each group."""
        groups = tuple(group.model_copy(update={"number": group.number * factor}) for group in self.buyers)
        return self.model_copy(update={"suppliers": self.suppliers * factor, "buyers": groups})

    def with_parameters(self, **changed: float) -> Scenario:
        """Return the scenario with other parameter values on top of its own."""
        merged = {**self.parameters, **changed}
        values(merged)
        return self.model_copy(update={"parameters": merged})


def scenario(source: str | Path | dict[str, Any] | Scenario) -> Scenario:
    """Return a scenario by packaged name, from a YAML file, or from a mapping.

    Raises
    ------
    UnknownNameError
        If there is no packaged scenario or file of that name; the nearest name is given.
    StudyError
        If the scenario is wrong: names file, line and key, what is wrong, the nearest valid word and the fix.

    Examples
    --------
    >>> scenario("sinos_valley").suppliers
    80
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, dict):
        return _validated(source, "scenario", {})
    path = Path(source)
    if path.suffix in (".yaml", ".yml"):
        return _read(path, path.name)
    if str(source) not in scenario_names():
        raise UnknownNameError(f"there is no packaged scenario '{source}'", fix=nearest(str(source), scenario_names()))
    with as_file(files("sinos.theory") / "scenarios" / f"{source}.yaml") as packaged:
        return _read(packaged, f"theory/scenarios/{source}.yaml")


def scenario_names() -> tuple[str, ...]:
    """Return the names of the packaged scenarios.

    Examples
    --------
    >>> "sinos_valley" in scenario_names()
    True
    """
    names = (entry.name for entry in (files("sinos.theory") / "scenarios").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def _read(file: Path, name: str) -> Scenario:
    found, lines = values_of(file, name, "a scenario", "copy a packaged scenario (theory/scenarios) and change it")
    return _validated(found, name, lines)


def _validated(found: Any, name: str, lines: Lines) -> Scenario:
    if not isinstance(found, dict):
        raise StudyError(
            f"a scenario is keys with values, but a {plain_kind(found)} was found",
            where=name,
            fix="begin with 'name:', 'start:', 'markets:' and 'buyers:'",
        )
    try:
        made = Scenario.model_validate(found)
        check_groups_are_filled(made)
    except (ValidationError, StudyError) as error:
        raise refusal(error, found, Scenario, name, lines) from error
    return made
