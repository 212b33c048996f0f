"""Which claim survives what: ablations, the shuffled-governance placebo, and draws over the parameters' ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import StudyError
from sinos.frames import FrameKind
from sinos.results import Missing, Provenance, Result
from sinos.strategies.ablations import ABLATIONS
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.claims import CLAIMS, claim_values, facts, shuffled
from sinos.strategies.history import simulate_history
from sinos.strategies.outcomes import SAFE, outcomes
from sinos.strategies.scenario import Scenario
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.validate_scores import rank_correlation
from sinos.strategies.worlds import varied

Values = dict[str, float | None]
Progress = Callable[[str, int, int], None]

PLACEBOS: Final = 200
SHUFFLED: Final = tuple(one.name for one in CLAIMS if one.proposition in ("P1", "P2", "P3") and "rarer" not in one.name)
"""Claims that read the governance shares, so that shuffling them should undo them."""

PER_DRAW: Final = 2
DRIVERS: Final = 3


@dataclass(frozen=True)
class Ablation(Result):
    """Which claim survives what.

    Tables: ``verdicts`` (each claim: baseline, share of draws in which it holds, placebo, what it does not survive, and
    whether it is fragile), ``ablations`` (claim x ablation), ``robustness`` (share of draws), ``drivers`` (parameters
    that move a claim most), ``placebo``, ``outcomes`` (out-of-sample scenarios), ``draws``, ``assumptions``.
    """

    def summary(self) -> str:
        """Return the verdict on every claim as text."""
        lines = [ILLUSTRATION]
        lines += [
            f"  {row['claim']}: {row['verdict']} (holds in {_share(row['draws'])} of draws)"
            for row in self.frame("verdicts").to_dicts()
        ]
        return "\n".join(lines)


def ablate(
    scenario: str | Path | dict[str, Any] | Scenario = "sinos_valley",
    replications: int = 12,
    draws: int = 240,
    seed: int = 0,
    *,
    progress: Progress | None = None,
    kind: FrameKind = "pandas",
) -> Ablation:
    """Find out which claim survives what.

    Parameters
    ----------
    scenario
        The world in which the claims are looked at.
    replications
        Replications of the baseline and of each ablation, under the same luck.
    draws
        Points of a Latin hypercube over the ranges of all varied parameters (mostly plus or minus one half), with two
        replications each; 0 for none.
    seed
        Seed of all random numbers.
    progress
        Called with the stage, the number done and the total.
    kind
        Kind of data frame that ``.table()`` returns.

    Raises
    ------
    StudyError
        If there are fewer than one replication or a negative number of draws.
    """
    if replications < 1 or draws < 0:
        raise StudyError(
            f"{replications} replications and {draws} draws were asked for",
            where="ablate",
            fix="give at least 1 replication and 0 draws",
        )
    world = scenario_of(scenario)
    told = progress or (lambda stage, number, total: None)
    by_ablation, placebo = _under_ablations(world, replications, seed, told)
    drawn = _under_draws(world, draws, seed, told)
    told("out-of-sample scenarios", 1, 1)
    ablations = _ablation_table(by_ablation)
    robustness = _robustness(drawn)
    frames = {
        "verdicts": _verdicts(by_ablation, placebo, robustness),
        "ablations": ablations,
        "robustness": robustness,
        "drivers": _drivers(drawn),
        "placebo": placebo,
        "outcomes": outcomes(seed=seed),
        "draws": drawn,
        "assumptions": pl.DataFrame({"assumption": list(ASSUMPTIONS)}),
    }
    empty = ablations.filter(pl.col("value").is_null())
    reason = "no supplier, relation or vote of the kind that the claim compares"
    return Ablation(
        frames=frames,
        missing=(Missing("ablations", "value", empty.height, reason),) if empty.height else (),
        provenance=Provenance(
            version=__version__,
            stage="strategies",
            options={"scenario": world.name, "replications": replications, "draws": draws},
            inputs={},
            seed=seed,
        ),
        kind=kind,
    )


def _under_ablations(
    world: Scenario, replications: int, seed: int, told: Progress
) -> tuple[dict[str, Values], pl.DataFrame]:
    result, placebo = {}, pl.DataFrame()
    for number, (name, changed) in enumerate(ABLATIONS.items(), start=1):
        told(name, number, len(ABLATIONS))
        changed_world = world.with_parameters(**changed)
        known = facts([simulate_history(changed_world, seed, one) for one in range(replications)])
        result[name] = claim_values(known)
        if not changed:
            dealt = [claim_values_of_growth(shuffled(known, seed + one)) for one in range(PLACEBOS)]
            placebo = _placebo(result[name], dealt)
    return result, placebo


def claim_values_of_growth(known: Any) -> Values:
    """Return the values of the claims that read governance shares."""
    return {one.name: one.value(known) for one in CLAIMS if one.name in SHUFFLED}


def _placebo(found: Values, dealt: Sequence[Values]) -> pl.DataFrame:
    """Return, by claim, the value found and how often shuffled governance gives one as large."""
    rows = []
    for name in SHUFFLED:
        value = found[name]
        numbers = [one[name] for one in dealt]
        known = np.array([number for number in numbers if number is not None])
        beyond = float(np.mean(known >= value)) if known.size and value is not None else None
        widest = float(np.abs(known).max()) if known.size else None
        rows.append((name, value, float(known.mean()) if known.size else None, widest, beyond))
    schema = {
        "claim": pl.String, "value": pl.Float64, "shuffled_mean": pl.Float64, "shuffled_widest": pl.Float64,
        "share_as_large": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _under_draws(world: Scenario, draws: int, seed: int, told: Progress) -> pl.DataFrame:
    """Return one row per draw: the drawn parameters and the value of every claim."""
    from scipy.stats import qmc

    names = [one.name for one in varied()]
    points = qmc.LatinHypercube(len(names), rng=np.random.default_rng(seed)).random(draws) if draws else []
    rows: list[Values] = []
    for number, point in enumerate(points):
        told("draws over the parameters' ranges", number + 1, draws)
        drawn = {one.name: one.low + float(u) * (one.high - one.low) for one, u in zip(varied(), point, strict=True)}
        known = facts([simulate_history(world.with_parameters(**drawn), seed, number * PER_DRAW + k) for k in (0, 1)])
        rows.append({**drawn, **claim_values(known)})
    schema = dict.fromkeys([*names, *(one.name for one in CLAIMS)], pl.Float64)
    return pl.DataFrame(rows, schema=schema)


def _ablation_table(found: dict[str, Values]) -> pl.DataFrame:
    rows = [
        (one.name, one.words, one.proposition, name, values[one.name], _holds(values[one.name]))
        for one in CLAIMS
        for name, values in found.items()
    ]
    schema = {
        "claim": pl.String, "words": pl.String, "proposition": pl.String, "ablation": pl.String, "value": pl.Float64,
        "holds": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _robustness(drawn: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for one in CLAIMS:
        known = drawn[one.name].drop_nulls()
        share = float(np.mean(known.to_numpy() > 0)) if known.len() else None
        rows.append((one.name, known.len(), share))
    return pl.DataFrame(rows, schema={"claim": pl.String, "draws": pl.Int64, "holds": pl.Float64}, orient="row")


def _drivers(drawn: pl.DataFrame) -> pl.DataFrame:
    """Return the parameters whose ranks go most with a claim's value."""
    rows = []
    for one in CLAIMS:
        known = drawn.drop_nulls(one.name)
        ranked = []
        for parameter in varied():
            value = rank_correlation(known[parameter.name].to_numpy(), known[one.name].to_numpy())
            if value is not None:
                ranked.append((parameter.name, value))
        ranked.sort(key=lambda pair: -abs(pair[1]))
        rows += [(one.name, name, value) for name, value in ranked[:DRIVERS]]
    schema = {"claim": pl.String, "parameter": pl.String, "rank_correlation": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _verdicts(found: dict[str, Values], placebo: pl.DataFrame, robustness: pl.DataFrame) -> pl.DataFrame:
    beyond = dict(placebo.select("claim", "share_as_large").iter_rows())
    shares = dict(robustness.select("claim", "holds").iter_rows())
    rows = []
    for one in CLAIMS:
        base = _holds(found["baseline"][one.name])
        undone = [name for name, values in found.items() if name != "baseline" and _holds(values[one.name]) is False]
        share = shares.get(one.name)
        rows.append(
            (
                one.name,
                one.words,
                one.proposition,
                found["baseline"][one.name],
                share,
                beyond.get(one.name),
                "; ".join(undone),
                _verdict(base, share, beyond.get(one.name)),
            )
        )
    schema = {
        "claim": pl.String, "words": pl.String, "proposition": pl.String, "baseline": pl.Float64, "draws": pl.Float64,
        "placebo": pl.Float64, "undone_by": pl.String, "verdict": pl.String,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _verdict(base: bool | None, share: float | None, beyond: float | None) -> str:
    """Call a claim sturdy, fragile, not reproduced or unknown."""
    if base is None:
        return "not known"
    if not base:
        return "not reproduced"
    if beyond is not None and beyond > 1.0 - CONFIDENT:
        return "fragile (no better than shuffled governance)"
    if share is None:
        return "not tested over draws"
    return "sturdy" if share >= SAFE else "fragile"


CONFIDENT: Final = 0.95


def _holds(value: float | None) -> bool | None:
    return None if value is None else value > 0


def _share(value: float | None) -> str:
    return "an unknown share" if value is None else f"{value:.0%}"
