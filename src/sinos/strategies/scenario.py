"""Scenarios: the market structure, the history of shocks and the parameter overlay of one simulated world."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sinos.errors import SinosError, StudyError, UnknownNameError, nearest
from sinos.strategies.names import FUNCTIONS
from sinos.strategies.parameters import values

FunctionName = Literal["process", "product", "logistics", "sourcing", "design", "marketing"]
Region = Literal["home", "regional", "far"]
ShockKind = Literal[
    "low_cost_entrant", "demand_fall", "buyer_exit", "retail_concentration", "new_standard", "exchange_rate"
]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[float, Field(ge=0.0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Market(_Part):
    """One market: its region, exposure to the entrant's price (0 to 1) and the year it opens to the cluster."""

    name: str
    region: Region
    exposure: Share
    opens: int


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


class Shock(_Part):
    """One change of the world.

    ``low_cost_entrant`` lowers the entrant's price by ``price`` and sets its quality to ``quality``, rising by
    ``drift`` a year; ``demand_fall`` takes ``size`` of the volume of a market or buyer group; ``buyer_exit`` removes
    a buyer group; ``retail_concentration`` moves ``size`` of the other buyers' volume in a market to its largest
    buyer; ``new_standard`` adds ``size`` to the required quality and to the loss from failures; ``exchange_rate``
    changes the local value of export revenue by the factor ``1 + size``.
    """

    kind: ShockKind
    start: int
    end: int | None = None
    market: str | None = None
    buyers: str | None = None
    size: float = Field(default=0.0, ge=-0.9, le=1.0)
    price: Share = 0.0
    quality: Share | None = None
    drift: float = Field(default=0.0, ge=-0.1, le=0.1)

    @model_validator(mode="after")
    def _ends_after_start(self) -> Shock:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"the shock '{self.kind}' ends in {self.end}, before it starts in {self.start}")
        if self.kind in ("demand_fall", "retail_concentration", "new_standard") and self.size < 0:
            raise ValueError(f"the size of '{self.kind}' is {self.size}; it must not be negative")
        if self.kind == "buyer_exit" and self.buyers is None:
            raise ValueError("'buyer_exit' needs the name of a buyer group in 'buyers'")
        return self


class Programme(_Part):
    """A collective brand and design programme that members vote on every year from ``start`` until it passes."""

    start: int


class Scenario(_Part):
    """One simulated world: suppliers, markets, buyers, shocks, programme and parameter overlay."""

    name: str
    title: str = ""
    source: str = "assumption, no source"
    start: int
    years: int = Field(ge=1, le=400)
    suppliers: int = Field(ge=1)
    clusters: int = Field(default=1, ge=1)
    markets: tuple[Market, ...]
    buyers: tuple[BuyerGroup, ...]
    shocks: tuple[Shock, ...] = ()
    programme: Programme | None = None
    parameters: dict[str, float] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        markets = {market.name for market in self.markets}
        groups = {group.name for group in self.buyers}
        for group in self.buyers:
            _known("market", group.market, markets, f"buyers.{group.name}")
        if sum(group.number for group in self.buyers) == 0:
            raise StudyError(
                "the scenario has no buyers", where="buyers", fix="give at least one group with number >= 1"
            )
        if self.clusters > self.suppliers:
            raise StudyError("there are more clusters than suppliers", where="clusters", fix="lower 'clusters'")
        for shock in self.shocks:
            check_shock(shock, self, markets, groups)
        if self.programme is not None:
            check_year(self.programme.start, self, "programme.start")
        values(self.parameters)
        return self

    @property
    def calendar(self) -> range:
        """The simulated years."""
        return range(self.start, self.start + self.years)

    def scaled(self, factor: int) -> Scenario:
        """Return the scenario with ``factor`` times as many suppliers and buyers in each group."""
        groups = tuple(group.model_copy(update={"number": group.number * factor}) for group in self.buyers)
        return self.model_copy(update={"suppliers": self.suppliers * factor, "buyers": groups})

    def with_parameters(self, **changed: float) -> Scenario:
        """Return the scenario with other parameter values on top of its own."""
        merged = {**self.parameters, **changed}
        values(merged)
        return self.model_copy(update={"parameters": merged})


def check_shock(shock: Shock, scenario: Scenario, markets: set[str], groups: set[str]) -> None:
    """Raise if a shock names an unknown market or buyer group, or starts outside the simulated years."""
    where = f"shocks.{shock.kind}"
    if shock.market is not None:
        _known("market", shock.market, markets, where)
    if shock.buyers is not None:
        _known("buyer group", shock.buyers, groups, where)
    check_year(shock.start, scenario, f"{where}.start")


def check_year(year: int, scenario: Scenario, where: str) -> None:
    """Raise if a year is outside the simulated years."""
    if year not in scenario.calendar:
        raise StudyError(
            f"the year {year} is not simulated",
            where=where,
            fix=f"give a year from {scenario.calendar[0]} to {scenario.calendar[-1]}",
        )


def scenario(source: str | Path | dict[str, Any] | Scenario) -> Scenario:
    """Return a scenario by packaged name, from a YAML file, or from a mapping.

    Raises
    ------
    UnknownNameError
        If there is no packaged scenario or file of that name; the nearest name is given.
    StudyError
        If the scenario is wrong: names the key, what is wrong and the fix.

    Examples
    --------
    >>> scenario("sinos_valley").suppliers
    80
    """
    if isinstance(source, Scenario):
        return source
    if isinstance(source, dict):
        return _validated(source, "scenario")
    path = Path(source)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise StudyError(f"there is no scenario file '{path}'", fix="give an existing file or a packaged name")
        return _validated(_parsed(path.read_text(encoding="utf-8"), str(path)), str(path))
    folder = files("sinos.theory") / "scenarios"
    if str(source) not in scenario_names():
        raise UnknownNameError(f"there is no packaged scenario '{source}'", fix=nearest(str(source), scenario_names()))
    text = (folder / f"{source}.yaml").read_text(encoding="utf-8")
    return _validated(_parsed(text, f"theory/scenarios/{source}.yaml"), f"theory/scenarios/{source}.yaml")


def scenario_names() -> tuple[str, ...]:
    """Return the names of the packaged scenarios.

    Examples
    --------
    >>> "sinos_valley" in scenario_names()
    True
    """
    names = (entry.name for entry in (files("sinos.theory") / "scenarios").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def explained(error: ValidationError, where: str, fields: tuple[str, ...]) -> StudyError:
    """Turn the first finding of a model check into an error that says what, where and the fix."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, SinosError):
        return StudyError(cause.what, where=f"{where}: {cause.where}" if cause.where else where, fix=cause.fix)
    key = ".".join(str(part) for part in first["loc"]) or "scenario"
    if first["type"] == "extra_forbidden":
        return StudyError(
            f"'{first['loc'][-1]}' is not a key here",
            where=f"{where}: {key}",
            fix=nearest(str(first["loc"][-1]), fields),
        )
    if first["type"] == "missing":
        return StudyError(f"'{first['loc'][-1]}' is missing", where=f"{where}: {key}", fix=f"add '{first['loc'][-1]}'")
    return StudyError(
        f"{first['msg']} (given: {first['input']!r})" if first["type"] != "value_error" else first["msg"],
        where=f"{where}: {key}",
        fix=f"correct '{key}'",
    )


def _validated(mapping: Any, where: str) -> Scenario:
    try:
        return Scenario.model_validate(mapping)
    except ValidationError as error:
        raise explained(error, where, _keys()) from error


def _keys() -> tuple[str, ...]:
    models: tuple[type[BaseModel], ...] = (Scenario, Market, BuyerGroup, Shock, Programme)
    return (*(name for model in models for name in model.model_fields), *FUNCTIONS)


def _parsed(text: str, where: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise StudyError(f"the file is not valid YAML: {error}", where=where, fix="correct the YAML") from error


def _known(what: str, name: str, valid: set[str], where: str) -> None:
    if name not in valid:
        raise StudyError(f"there is no {what} '{name}'", where=where, fix=nearest(name, valid))
