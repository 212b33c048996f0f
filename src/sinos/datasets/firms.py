"""Who is there: invented firms, their size, when they begin to export, and the buyers, with their arrival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sinos.datasets.scenario import GROUPS, MARKETS, Flags, Floats, Ints, Scenario


@dataclass(frozen=True, slots=True)
class Firms:
    """Suppliers of the cluster (N).

    Attributes
    ----------
    names
        Invented names, in order.
    group
        Position in :data:`sinos.datasets.scenario.GROUPS`.
    size
        Size relative to the other firms of the group.
    start, end
        First and last year of exporting.
    intent
        Strategic intent: multiple on the speed of learning.
    parent
        Name of the firm that it was spun off from, or ``None``.
    price
        Lasting difference of the firm's prices (log points).
    """

    names: list[str]
    group: Ints
    size: Floats
    start: Ints
    end: Ints
    intent: Floats
    parent: list[str | None]
    price: Floats

    def exporting(self, years: Ints) -> Flags:
        """Tell which firms export in which year (N x T)."""
        return (years[None, :] >= self.start[:, None]) & (years[None, :] <= self.end[:, None])


@dataclass(frozen=True, slots=True)
class Buyers:
    """Buyers (B), the main one first: name, market (position in ``MARKETS``), type, country, arrival and weight."""

    names: list[str]
    market: Ints
    type: list[str]
    country: list[str]
    arrival: Ints
    weight: Floats


def make_firms(scenario: Scenario, rng: np.random.Generator) -> Firms:
    """Draw the firms of the cluster."""
    specs = [scenario.values["firms"][name] for name in GROUPS]
    group = np.repeat(np.arange(len(GROUPS)), [spec["number"] for spec in specs])
    start = np.concatenate([rng.integers(spec["start"][0], spec["start"][1] + 1, spec["number"]) for spec in specs])
    size = np.concatenate([_sizes(spec, rng) for spec in specs])
    first = _first_exporter(scenario, group)
    start[first] = scenario.values["years"][0]
    low, high = scenario.values["capability"]["intent"]
    names = [f"Invented Shoes {number:03d}" for number in range(1, len(group) + 1)]
    return Firms(
        names=names,
        group=group,
        size=size,
        start=start,
        end=_last_years(scenario, group, rng),
        intent=rng.uniform(low, high, len(group)),
        parent=_parents(scenario, names, group, start, rng),
        price=rng.normal(0.0, scenario.values["price_effects"]["firm"], len(group)),
    )


def make_buyers(scenario: Scenario, rng: np.random.Generator) -> Buyers:
    """Draw the buyers: the main one, then those of each market."""
    main = scenario.values["buyers"]["main"]
    names, market, kinds, country = [main["name"]], [0], [main["type"]], ["US"]
    arrival, weight = [main["arrival"]], [0.0]
    for position, name in enumerate(MARKETS):
        spec = scenario.values["buyers"][name]
        years = np.sort(rng.integers(spec["arrival"][0], spec["arrival"][1] + 1, spec["number"]))
        years[:2] = spec["arrival"][0]
        for number in range(spec["number"]):
            shift = 2 if name == "US" else 1
            names.append(f"Invented {spec['label']} {number + shift:02d}")
            market.append(position)
            kinds.append(spec["types"][0] if rng.random() < 0.65 else str(rng.choice(spec["types"])))
            country.append(spec["countries"][number % len(spec["countries"])])
            arrival.append(int(years[number]))
            weight.append(float((number + 1.0) ** -0.7))
    return Buyers(names, np.array(market), kinds, country, np.array(arrival), np.array(weight))


def buyers_table(scenario: Scenario, buyers: Buyers, rng: np.random.Generator) -> pl.DataFrame:
    """Return the contract's table of buyers; core functions are stated for some only."""
    core = scenario.values["buyers"]["core"]
    stated = rng.random(len(buyers.names)) < scenario.values["core_stated"]
    stated[0] = True
    return pl.DataFrame(
        {
            "buyer": buyers.names,
            "type": buyers.type,
            "country": buyers.country,
            "core_functions": [core[kind] if said else None for kind, said in zip(buyers.type, stated, strict=True)],
        },
        schema_overrides={"core_functions": pl.String},
    ).sort("buyer")


def _sizes(spec: dict[str, float], rng: np.random.Generator) -> Floats:
    number = int(spec["number"])
    rank = np.arange(1, number + 1, dtype=np.float64) ** -spec["power"]
    size = rank * np.exp(rng.normal(0.0, spec["sigma"], number))
    return np.asarray(np.minimum(size / size.mean(), spec["cap"]))


def _last_years(scenario: Scenario, group: Ints, rng: np.random.Generator) -> Ints:
    """Draw the last year of exporting: leaving begins with the rival period."""
    begin, last = scenario.values["periods"]["rival"]
    hazard = np.array([scenario.values["firms"][name]["hazard"] for name in GROUPS])[group]
    waiting = rng.exponential(1.0, len(group)) / np.maximum(hazard, 1e-9)
    leaving = np.minimum(begin + np.floor(waiting), last)
    return np.asarray(np.where(hazard > 0, leaving, last), dtype=np.int64)


def _first_exporter(scenario: Scenario, group: Ints) -> Ints:
    """Pick the firms that export from the first year: some of those that serve Latin America."""
    latam = np.flatnonzero(group == GROUPS.index("latam"))
    return latam[: max(4, len(latam) // 6)]


def _parents(
    scenario: Scenario, names: list[str], group: Ints, start: Ints, rng: np.random.Generator
) -> list[str | None]:
    """Make some of the later exporters spin-offs of the largest ones."""
    spec = scenario.values["spin_offs"]
    captive = np.flatnonzero(group == GROUPS.index("captive"))
    last = scenario.values["years"][1]
    chance, parent = rng.random(len(names)), rng.choice(captive, len(names))
    late = (start >= spec["from_year"]) & (start <= last) & (chance < spec["share"])
    return [names[p] if is_late else None for p, is_late in zip(parent, late, strict=True)]
