"""Worlds with planted effects: small panels whose truth is known, to check intervals, verdicts and the battery.

Yearly change of each kind = effect of the true forms + supplier's trend + year + noise. Posteriors are made first and
true forms are drawn from them with the shared error that the classifier assumes, so they are calibrated unless a
violation says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos import __version__
from sinos.governance.draws import thresholds
from sinos.governance.indicators import load_theory
from sinos.propositions.measurement import FORMS
from sinos.results import Provenance, Result

Floats = npt.NDArray[np.float64]
Violation = Literal["none", "selection", "anticipation", "missing_home_sales", "overconfident", "by_count"]
CLAIMED: Mapping[str, tuple[float, float, float, float]] = {
    "process": (0.0, 0.15, 0.30, 0.0),
    "product": (0.0, 0.15, 0.30, 0.0),
    "functional": (0.0, 0.15, -0.30, 0.0),
}
"""Effects on yearly change by form (market, network, quasi-hierarchy, hierarchy) when the paper's claims hold."""
SPREAD = 1.2
"""Standard deviation of log sales: a supplier's two relations differ in size, so that its main buyer matters."""
NOTHING: Mapping[str, tuple[float, float, float, float]] = dict.fromkeys(CLAIMED, (0.0, 0.0, 0.0, 0.0))
"""A null world."""
_MEASURE = {"process": "defect_rate", "product": "relative_unit_value", "functional": "own_brand_share"}


@dataclass(frozen=True)
class World:
    """A made-up world.

    Attributes
    ----------
    effects
        Effects on yearly change by kind, in the order of the forms.
    suppliers, years, buyers
        Size.
    noise
        Standard deviation of yearly change that nothing explains.
    certainty
        Spread of the log-odds of forms: larger values make governance better known.
    violation
        What is wrong: ``selection`` (forms follow past process upgrading), ``anticipation`` (upgrading precedes the
        form), ``missing_home_sales`` (functional upgrading is recorded only as far as sales are under market
        governance), ``overconfident`` (posteriors are surer than they should be), ``by_count`` (effects follow the
        number of relations under a form, where claims read shares of sales).
    loosening
        What the effect of quasi-hierarchy on functional upgrading gains when all sales are outside the main buyer:
        the coefficient of P6.
    lasting
        Correlation of the log-odds of forms from one year to the next within a supplier's relation: how far governance
        lasts.
    seed
        Seed.
    """

    effects: Mapping[str, tuple[float, float, float, float]] = field(default_factory=lambda: CLAIMED)
    suppliers: int = 120
    years: int = 10
    buyers: int = 60
    noise: float = 0.25
    certainty: float = 3.0
    violation: Violation = "none"
    loosening: float = 0.0
    lasting: float = 0.0
    seed: int = 1

    def stages(self) -> tuple[Result, Result, Result]:
        """Return what ``measure``, ``classify`` and ``score`` would return, as far as claims read it."""
        rng = np.random.default_rng(self.seed)
        keys = _relations(self, rng)
        value = np.random.default_rng([self.seed, 1]).lognormal(0, SPREAD, len(keys))
        said, _, level = _history(self, keys, rng, value)
        relations = pl.DataFrame(
            {
                "supplier": [f"s{i:06d}" for i in keys[:, 0]],
                "buyer": [f"b{i:05d}" for i in keys[:, 1]],
                "year": keys[:, 2] + 2000,
                "cluster": ["c"] * len(keys),
                "value": value,
            }
        )
        relations = relations.with_columns(pl.col("year").cast(pl.Int64))
        posterior = relations.with_columns(pl.Series(f"p_{form}", said[:, i]) for i, form in enumerate(FORMS))
        evidence = pl.DataFrame({"field": []}, schema={"field": pl.String})
        measured = _measured(level)
        return (
            _result("measures", {"relation_years": relations, "supplier_years": _supplier_years(relations)}, self.seed),
            _result("governance", {"governance": posterior, "evidence": evidence}, self.seed),
            _result("upgrading", {"upgrading_measures": measured}, self.seed),
        )


def _relations(world: World, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Two relations per supplier at a time; each may move to another buyer from year to year."""
    rows = []
    for slot in range(2):
        buyer = rng.integers(0, world.buyers, world.suppliers)
        for year in range(world.years):
            moves = rng.random(world.suppliers) < 0.15
            buyer = np.where(moves, rng.integers(0, world.buyers, world.suppliers), buyer)
            rows.append(np.column_stack([np.arange(world.suppliers), buyer * 2 + slot, np.full(world.suppliers, year)]))
    stacked = np.concatenate(rows)
    return stacked[np.lexsort((stacked[:, 1], stacked[:, 2], stacked[:, 0]))]


def _history(
    world: World, keys: npt.NDArray[np.int64], rng: np.random.Generator, value: Floats
) -> tuple[Floats, npt.NDArray[np.int64], dict[str, Floats]]:
    """Return what is said of forms, the true forms, and levels by kind, shape (suppliers, years)."""
    shared = load_theory().shared_error
    score = np.sqrt(shared) * rng.standard_normal() + np.sqrt(1 - shared) * rng.standard_normal(len(keys))
    pair = rng.standard_normal((world.suppliers, 4)) * 0.3
    moves = _lasting(world, keys, rng.standard_normal((len(keys), 4)))
    odds = world.certainty * (moves * 0.7 + pair[keys[:, 0]])
    odds[:, 3] -= 2.0
    trend, common = rng.normal(0, 0.05, (3, world.suppliers)), rng.normal(0, 0.05, (3, world.years))
    noise = rng.normal(0, world.noise, (3, world.suppliers, world.years))
    if world.violation == "selection":
        before = np.where(keys[:, 2] > 0, noise[0, keys[:, 0], keys[:, 2] - 1], 0.0)
        odds[:, 2] += 4.0 * before / world.noise
    said = np.exp(odds - odds.max(axis=1, keepdims=True))
    said /= said.sum(axis=1, keepdims=True)
    true = (score[:, None] > thresholds(said)).sum(axis=1).astype(np.int64)
    if world.violation == "overconfident":
        said = said**3 / (said**3).sum(axis=1, keepdims=True)
    share = np.zeros((world.suppliers, world.years, 4))
    weight, other = _weights(world, keys, value)
    np.add.at(share, (keys[:, 0], keys[:, 2], true), weight)
    if world.violation == "anticipation":
        share = np.concatenate([share[:, 1:], share[:, -1:]], axis=1)
    level = {}
    for place, kind in enumerate(_MEASURE):
        change = (
            share @ np.array(world.effects[kind]) + (kind == "functional") * world.loosening * share[..., 2] * other
        )
        change = change + trend[place][:, None] + common[place] + noise[place]
        if world.violation == "missing_home_sales" and kind == "functional":
            change = (change + 0.3) * (share[..., 0] + 0.2)
        level[kind] = np.cumsum(np.concatenate([np.zeros((world.suppliers, 1)), change[:, :-1]], axis=1), axis=1)
    return said, true, level


def _lasting(world: World, keys: npt.NDArray[np.int64], fresh: Floats) -> Floats:
    """Return innovations turned into series that last, by supplier and relation, of the same variance."""
    if not world.lasting:
        return fresh
    order = np.lexsort((keys[:, 2], keys[:, 1] % 2, keys[:, 0]))
    series = fresh[order].reshape(world.suppliers, 2, world.years, 4)
    for year in range(1, world.years):
        new = np.sqrt(1 - world.lasting**2) * series[:, :, year]
        series[:, :, year] = world.lasting * series[:, :, year - 1] + new
    made = np.empty_like(fresh)
    made[order] = series.reshape(-1, 4)
    return made


def _weights(world: World, keys: npt.NDArray[np.int64], value: Floats) -> tuple[Floats, Floats]:
    """Return the share of each relation in its supplier-year, and shares outside the main buyer (suppliers, years)."""
    total, most = np.zeros((world.suppliers, world.years)), np.zeros((world.suppliers, world.years))
    np.add.at(total, (keys[:, 0], keys[:, 2]), value)
    np.maximum.at(most, (keys[:, 0], keys[:, 2]), value)
    share = value / total[keys[:, 0], keys[:, 2]]
    return np.full(len(keys), 0.5) if world.violation == "by_count" else share, 1.0 - most / total


def _measured(level: Mapping[str, Floats]) -> pl.DataFrame:
    frames = []
    for kind, values in level.items():
        suppliers, years = values.shape
        unit = np.repeat([f"s{i:06d}" for i in range(suppliers)], years)
        turned = {"process": np.exp(-values), "product": np.exp(values), "functional": values}[kind]
        frames.append(
            pl.DataFrame(
                {
                    "level": ["supplier"] * len(unit),
                    "unit": unit,
                    "year": np.tile(np.arange(years) + 2000, suppliers),
                    "kind": [kind] * len(unit),
                    "measure": [_MEASURE[kind]] * len(unit),
                    "value": turned.ravel(),
                }
            )
        )
    return pl.concat(frames)


def _supplier_years(relations: pl.DataFrame) -> pl.DataFrame:
    ordered = relations.sort("supplier", "year", "value", "buyer", descending=[False, False, True, False])
    return (
        ordered.group_by("supplier", "year", maintain_order=True)
        .agg(
            pl.col("cluster").first(),
            main_buyer=pl.col("buyer").first(),
            top1_share=pl.col("value").max() / pl.col("value").sum(),
            value=pl.col("value").sum(),
        )
        .sort("supplier", "year")
    )


def _result(stage: str, frames: Mapping[str, pl.DataFrame], seed: int) -> Result:
    return Result(frames, (), Provenance(__version__, stage, {"method": "evidence"}, {}, seed), "polars")
