"""The paper's claims as numbers computed inside a simulated world: positive when the claim holds.

Growth claims are regressions on the model's own panel of suppliers: the change of capability over the next year on
the shares of volume sold in network and quasi-hierarchy relations (market is the rest), given the level, within
replication and year. No equation of the model holds these coefficients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sinos.strategies.history import History
from sinos.strategies.scenario import Scenario

Doubles = NDArray[np.float64]

SETTLE: Final = 4
"""Years after the buyers' arrival from which growth is looked at."""

LEAST_ROWS: Final = 30

SHARES: Final = ("network", "quasi_hierarchy")


@dataclass(frozen=True, slots=True)
class Facts:
    """What claims are computed from: the panel of suppliers, relations, programmes, and the dates of the scenario."""

    panel: pl.DataFrame
    relations: pl.DataFrame
    programmes: pl.DataFrame
    votes: pl.DataFrame
    arrival: int
    shock: int
    last: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: name, words, proposition of the paper, and the value that is positive when it holds."""

    name: str
    words: str
    proposition: str
    value: Callable[[Facts], float | None]


def facts(histories: Sequence[History]) -> Facts:
    """Gather what the claims need from the replications of one scenario."""
    scenario = histories[0].scenario
    relations = _stacked([one.relations.join(one.buyers.select("buyer", "region"), on="buyer") for one in histories])
    suppliers = _stacked([one.suppliers for one in histories])
    return Facts(
        panel=_panel(suppliers, relations),
        relations=relations,
        programmes=_stacked([one.programmes for one in histories]),
        votes=_stacked([one.votes for one in histories]),
        arrival=_arrival(scenario),
        shock=_shock(scenario),
        last=scenario.calendar[-1],
    )


def growth(panel: pl.DataFrame, kinds: Sequence[str], first: int, last: int) -> tuple[float, float] | None:
    """Return the coefficients of the network and quasi-hierarchy shares in the growth of capability.

    Parameters
    ----------
    panel
        Supplier-years, as made by :func:`facts`.
    kinds
        Functions whose changes are added up.
    first, last
        Years taken.

    Returns
    -------
    tuple
        Capability a year more than in market relations: network, quasi-hierarchy; ``None`` for too few rows or where
        a share does not vary.
    """
    rows = panel.filter(pl.col("year").is_between(first, last)).drop_nulls([f"next_{kind}" for kind in kinds])
    if rows.height < LEAST_ROWS:
        return None
    change = sum((rows[f"next_{kind}"] - rows[kind] for kind in kinds), start=pl.Series([0.0] * rows.height))
    level = sum((rows[kind] for kind in kinds), start=pl.Series([0.0] * rows.height))
    columns = [change, *(rows[f"share_{form}"] for form in SHARES), level]
    cell = rows.select(pl.struct("replication", "year").rank("dense"))
    frame = pl.DataFrame({f"c{number}": column for number, column in enumerate(columns)}).with_columns(cell.to_series())
    group = frame.columns[-1]
    within = frame.select((pl.col(name) - pl.col(name).mean().over(group)) for name in frame.columns[:-1]).to_numpy()
    if np.any(np.ptp(within[:, 1:3], axis=0) < 1e-9):
        return None
    found = np.linalg.lstsq(within[:, 1:], within[:, 0], rcond=None)[0]
    return float(found[0]), float(found[1])


def shuffled(known: Facts, seed: int) -> Facts:
    """Return the facts with governance shares dealt out anew among the suppliers of each replication and year."""
    rng = np.random.default_rng(seed)
    panel = known.panel.sort("replication", "year", "supplier").with_columns(
        lot=pl.Series(rng.random(known.panel.height))
    )
    names = [f"share_{form}" for form in SHARES]
    dealt = panel.select(pl.col(name).sort_by("lot").over("replication", "year").alias(name) for name in names)
    return Facts(
        panel.with_columns(dealt).drop("lot"), known.relations, known.programmes, known.votes, known.arrival,
        known.shock, known.last,
    )  # fmt: skip


def _growth_of(kinds: tuple[str, ...], sign: float, against: str) -> Callable[[Facts], float | None]:
    def value(known: Facts) -> float | None:
        found = growth(known.panel, kinds, known.arrival + SETTLE, known.shock - 1)
        if found is None:
            return None
        network, quasi = found
        compared = {"market": quasi, "network": quasi - network, "network_market": network}
        return sign * compared[against]

    return value


def _share(known: Facts, form: str, year: int) -> float:
    now = known.relations.filter((pl.col("year") == year) & (pl.col("region") == "far"))
    total = float(now["volume"].sum())
    return float(now.filter(pl.col("form") == form)["volume"].sum()) / total if total > 0 else 0.0


def _rarer(offset: int) -> Callable[[Facts], float | None]:
    def value(known: Facts) -> float | None:
        year = min(known.arrival + offset, known.last)
        return _share(known, "quasi_hierarchy", year) - _share(known, "network", year)

    return value


def _capability_gap(function: str, sign: float) -> Callable[[Facts], float | None]:
    """Capability of suppliers selling mostly near, less that of suppliers selling mostly in quasi-hierarchy."""

    def value(known: Facts) -> float | None:
        rows = known.panel.filter(pl.col("year") == known.shock - 1)
        near = _weighted(rows.filter(pl.col("share_near") > 0.5), function)
        quasi = _weighted(rows.filter(pl.col("share_quasi_hierarchy") > 0.5), function)
        return None if near is None or quasi is None else sign * (near - quasi)

    return value


def _weighted(rows: pl.DataFrame, column: str) -> float | None:
    total = float(rows["volume"].sum())
    return float((rows[column] * rows["volume"]).sum()) / total if total > 0 else None


def _price_fall(known: Facts) -> float | None:
    """Fall of log prices in quasi-hierarchy less the fall at home and in the region, over the entrant's arrival."""
    prices = [
        [
            _weighted(part.filter(pl.col("form") == "quasi_hierarchy"), "price"),
            _weighted(part.filter(pl.col("region") != "far"), "price"),
        ]
        for part in (known.relations.filter(pl.col("year") == known.shock + shift) for shift in (-1, 1))
    ]
    if any(value is None or value <= 0 for row in prices for value in row):
        return None
    logs = np.log(np.array(prices, float))
    return float((logs[0, 0] - logs[1, 0]) - (logs[0, 1] - logs[1, 1]))


def _programme_fails(known: Facts) -> float | None:
    if not known.votes.height:
        return None
    running = known.programmes.filter(pl.col("year") == known.last)["running"]
    return 0.5 - float(np.mean(running.to_numpy()))


def _heads_and_volume(known: Facts) -> float | None:
    """The smaller of the majority of heads for and the majority of volume against, at the first vote."""
    first = known.votes.filter(pl.col("year") == pl.col("year").min())
    if not first.height:
        return None
    heads, volume = (float(np.mean(first[name].to_numpy())) for name in ("head_yes", "volume_yes"))
    return min(heads - 0.5, 0.5 - volume)


def _relinquished(known: Facts) -> float | None:
    shares = []
    for year in (known.arrival + 1, min(known.arrival + 20, known.last)):
        now = known.relations.filter((pl.col("year") == year) & (pl.col("region") == "far"))
        shares.append(_weighted(now, "performs_logistics"))
    before, after = shares
    return None if before is None or after is None else after - before


P, Z, F = ("process",), ("product",), ("design", "marketing")
CLAIMS: Final = (
    Claim("process Q>M", "process grows faster in quasi-hierarchy than in market", "P1", _growth_of(P, 1, "market")),
    Claim("process Q>N", "process grows faster in quasi-hierarchy than in networks", "P1", _growth_of(P, 1, "network")),
    Claim("product Q>M", "product grows faster in quasi-hierarchy than in market", "P1", _growth_of(Z, 1, "market")),
    Claim("product Q>N", "product grows faster in quasi-hierarchy than in networks", "P1", _growth_of(Z, 1, "network")),
    Claim("functional Q<M", "design and marketing grow slower in quasi-hierarchy than in market", "P1",
          _growth_of(F, -1, "market")),
    Claim("functional Q<N", "design and marketing grow slower in quasi-hierarchy than in networks", "P1",
          _growth_of(F, -1, "network")),
    Claim("process M<N", "process grows slower in market than in networks", "P2", _growth_of(P, 1, "network_market")),
    Claim("functional N>M", "design and marketing grow faster in networks than in market", "P3",
          _growth_of(F, 1, "network_market")),
    Claim("N rarer, 5 years", "networks are rarer than quasi-hierarchy 5 years after arrival", "P3", _rarer(5)),
    Claim("N rarer, 20 years", "networks are rarer than quasi-hierarchy 20 years after arrival", "P3", _rarer(20)),
    Claim("design near>Q", "suppliers selling near design better than those in quasi-hierarchy", "Sinos",
          _capability_gap("design", 1)),
    Claim("process Q>near", "suppliers in quasi-hierarchy produce better than those selling near", "Sinos",
          _capability_gap("process", -1)),
    Claim("prices fall in Q", "the entrant lowers prices more in quasi-hierarchy", "Sinos", _price_fall),
    Claim("programme fails", "the collective programme does not pass", "P7", _programme_fails),
    Claim("heads yes, volume no", "most suppliers are for it, most volume against", "P7", _heads_and_volume),
    Claim("logistics let go", "suppliers come to run more export logistics", "P8", _relinquished),
)  # fmt: skip
"""The claims, in the order of the tables."""


def claim_values(known: Facts) -> dict[str, float | None]:
    """Return the value of every claim."""
    return {one.name: one.value(known) for one in CLAIMS}


def verdicts() -> pl.DataFrame:
    """Return the packaged verdicts on the claims, made by ``sinos ablate`` in the packaged Sinos scenario.

    Columns: claim, words, proposition, baseline (value), draws (share in which the claim holds), placebo, undone_by,
    verdict.

    Examples
    --------
    >>> "fragile" in set(verdicts()["verdict"])
    True
    """
    return pl.read_csv((files("sinos.theory") / "verdicts.csv").read_bytes())


def _panel(suppliers: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    volume = pl.col("volume")
    shares = relations.group_by("replication", "supplier", "year").agg(
        **{f"share_{form}": volume.filter(pl.col("form") == form).sum() / volume.sum() for form in SHARES},
        share_near=volume.filter(pl.col("region") != "far").sum() / volume.sum(),
    )
    key = ["replication", "supplier", "year"]
    kinds = [*P, *Z, *F]
    after = suppliers.select(
        "replication", "supplier", year=pl.col("year") - 1, **{f"next_{kind}": pl.col(kind) for kind in kinds}
    )
    return suppliers.join(shares, on=key, how="inner").join(after, on=key, how="left").sort(*key)


def _stacked(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([part.with_columns(replication=pl.lit(number)) for number, part in enumerate(parts)])


def _arrival(scenario: Scenario) -> int:
    """Return the year in which the last far market opens."""
    return max((market.opens for market in scenario.markets if market.region == "far"), default=scenario.start)


def _shock(scenario: Scenario) -> int:
    years = [one.start for one in scenario.shocks if one.kind == "low_cost_entrant"]
    return years[0] if years else scenario.calendar[-1]
