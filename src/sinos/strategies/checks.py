"""The Sinos checks: what the account of the valley says, held against a simulation, hit or miss.

The checks are in-sample: the scenario's volumes and competences were chosen knowing the account. They show that the
equations can carry the story, not that the story is true.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from sinos.errors import StudyError
from sinos.strategies.scenario import Scenario
from sinos.strategies.simulation import Simulation

ARRIVAL = "us"
TERMS = {"process": 0.70, "design": 0.50}


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its number, what is claimed, the threshold, the value found (mean of replications) and hit or miss.

    ``hit`` is null when the value cannot be computed; ``share`` is the share of replications in which the claim holds.
    """

    name: str
    claim: str
    threshold: str
    value: float | None
    share: float | None
    hit: bool | None
    source: str


def sinos_checks(result: Simulation) -> pl.DataFrame:
    """Return the checks S1 to S7 and the two shares of the main buyer, for the baseline of a Sinos simulation.

    Returns
    -------
    polars.DataFrame
        One row per check: ``name``, ``claim``, ``threshold``, ``value``, ``share``, ``hit``, ``source``.

    Raises
    ------
    StudyError
        If the scenario has no low-cost entrant or no US market, so that the checks have no meaning.
    """
    scenario = Scenario.model_validate(result.provenance.options["scenario"])
    entry = [shock.start for shock in scenario.shocks if shock.kind == "low_cost_entrant"]
    opened = [market.opens for market in scenario.markets if market.name == ARRIVAL]
    if not entry or not opened:
        raise StudyError(
            f"the scenario '{scenario.name}' is not the Sinos Valley: it lacks the market '{ARRIVAL}' or the entrant",
            where="scenario",
            fix="simulate the scenario 'sinos_valley'",
        )
    wide = _wide(result)
    arrival, shock = opened[0], entry[0]
    mature = min(arrival + 20, scenario.calendar[-1])
    rows = [
        _check("S1", "quasi-hierarchy holds most export volume within five years of the buyers' arrival", "> 0.5",
               _largest(wide, "export_quasi_hierarchy", arrival, arrival + 5), 0.5, "HS2002"),
        _check("S2a", "quasi-hierarchy suppliers close at least 70 % of the process gap in twenty years", ">= 0.7",
               _closed(wide, "process_capability", "process_quasi", scenario.start, mature),
               TERMS["process"], "HS2002"),
        _below("S2b", "they close less than half of the design gap", "< 0.5",
               _closed(wide, "design_capability", "design_quasi", scenario.start, mature), TERMS["design"], "HS2002"),
        _check("S3", "the entrant lowers prices more in quasi-hierarchy than at home and in the region", "> 0",
               _fall(wide, "quasi_price", shock).with_columns(
                   value=pl.col("value") - _fall(wide, "near_price", shock)["value"]), 0.0, "HS2002"),
        _check("S4a", "most suppliers vote for the collective programme", "> 0.5",
               _at(wide, "head_yes", _vote_year(scenario)), 0.5, "HS2002; Schmitz 1999"),
        _below("S4b", "most volume votes against it", "< 0.5",
               _at(wide, "volume_yes", _vote_year(scenario)), 0.5, "HS2002; Schmitz 1999"),
        _check("S5", "home and regional suppliers design better than exporters to far markets", "> 0",
               _gap(wide, "design_near", "design_far", shock - 1), 0.0, "HS2002; Bazan and Navas-Aleman 2003"),
        _check("S6", "suppliers run most export logistics after twenty years, more than at first", "> 0.5",
               _at(wide, "own_logistics", mature), 0.5, "HS2002"),
        _check("S7", "large firms emerge and sell much of the volume", "> 0.3",
               _gap_years(wide, "large_share", scenario.start, shock - 1), 0.3, "HS2002"),
        _check("N1", "the largest exporters sell over 80 % to one buyer", "> 0.8",
               _at(wide, "top_dependence", shock - 1), 0.8, "HS2002"),
        _between("N2", "the main buyer takes close to 40 % of the cluster's exports", "0.35 to 0.45",
                 _at(wide, "main_share", shock - 1), 0.35, 0.45, "HS2002"),
    ]  # fmt: skip
    return pl.DataFrame([{name: getattr(row, name) for name in Check.__dataclass_fields__} for row in rows])


def _wide(result: Simulation) -> pl.DataFrame:
    baseline = result.frame("runs").filter(pl.col("strategy") == "baseline")
    return baseline.pivot(on="metric", index=["replication", "year"], values="value").sort("replication", "year")


def _at(wide: pl.DataFrame, metric: str, year: int) -> pl.DataFrame:
    return wide.filter(pl.col("year") == year).select("replication", value=metric)


def _largest(wide: pl.DataFrame, metric: str, first: int, last: int) -> pl.DataFrame:
    years = wide.filter(pl.col("year").is_between(first, last))
    return years.group_by("replication", maintain_order=True).agg(value=pl.col(metric).max())


def _closed(wide: pl.DataFrame, start_metric: str, metric: str, first: int, last: int) -> pl.DataFrame:
    """Share of the distance from the cluster's start to the frontier (1) that has been covered."""
    start, end = _at(wide, start_metric, first)["value"], _at(wide, metric, last)
    return end.with_columns(value=(pl.col("value") - start) / (1.0 - start))


def _fall(wide: pl.DataFrame, metric: str, shock: int) -> pl.DataFrame:
    """Fall of a price from the year before a shock to the year after it, as a share."""
    before, after = _at(wide, metric, shock - 1)["value"], _at(wide, metric, shock + 1)
    return after.with_columns(value=1.0 - pl.col("value") / before)


def _gap(wide: pl.DataFrame, metric: str, other: str, year: int) -> pl.DataFrame:
    return wide.filter(pl.col("year") == year).select("replication", value=pl.col(metric) - pl.col(other))


def _gap_years(wide: pl.DataFrame, metric: str, first: int, last: int) -> pl.DataFrame:
    start = _at(wide, metric, first)["value"]
    return _at(wide, metric, last).with_columns(value=pl.col("value") - start)


def _vote_year(scenario: Scenario) -> int:
    return scenario.programme.start if scenario.programme is not None else scenario.calendar[-1]


def _check(name: str, claim: str, threshold: str, values: pl.DataFrame, above: float, source: str) -> Check:
    return _judged(name, claim, threshold, values, above, float("inf"), source)


def _below(name: str, claim: str, threshold: str, values: pl.DataFrame, below: float, source: str) -> Check:
    return _judged(name, claim, threshold, values, float("-inf"), below, source)


def _between(
    name: str, claim: str, threshold: str, values: pl.DataFrame, low: float, high: float, source: str
) -> Check:
    return _judged(name, claim, threshold, values, low, high, source)


def _judged(name: str, claim: str, threshold: str, values: pl.DataFrame, low: float, high: float, source: str) -> Check:
    known = values["value"].drop_nulls()
    if known.len() == 0:
        return Check(name, claim, threshold, None, None, None, source)
    mean = sum(known.to_list()) / known.len()
    holds = sum(low < value < high for value in known.to_list()) / known.len()
    return Check(name, claim, threshold, mean, holds, low < mean < high, source)
