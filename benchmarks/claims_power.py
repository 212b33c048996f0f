"""Is the smallest detectable effect found four times in five? Prints the figures of docs/claims.md.

python benchmarks/claims_power.py --worlds 24 --outcomes 60 --seed 100
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import polars as pl

from sinos.governance.draws import thresholds
from sinos.governance.indicators import load_theory
from sinos.propositions.claims import select
from sinos.propositions.measurement import Floats
from sinos.propositions.panels import Panels, build
from sinos.propositions.parts import pooled
from sinos.propositions.testability import testability
from sinos.propositions.worlds import NOTHING, World

SMALL = World(NOTHING, suppliers=60, years=8)
CASES = {
    "P1, 60 suppliers, 8 years, governance known badly": ("P1", replace(SMALL, certainty=1.0)),
    "P1, 60 suppliers, 8 years": ("P1", SMALL),
    "P1, 60 suppliers, 8 years, governance known well": ("P1", replace(SMALL, certainty=6.0)),
    "P1, 60 suppliers, 8 years, governance lasts": ("P1", replace(SMALL, lasting=0.8)),
    "P1, 20 suppliers, 8 years": ("P1", replace(SMALL, suppliers=20)),
    "P6, 120 suppliers, 10 years": ("P6", World(NOTHING)),
}


def with_outcome(panels: Panels, name: str, values: Floats) -> Panels:
    """Return panels with another outcome where there was one."""
    frame, known = panels.frames["supplier"], pl.col(name).is_not_null()
    made = frame.with_columns(pl.when(known).then(pl.Series(values)).alias(name))
    return replace(panels, frames={**panels.frames, "supplier": made})


def true_term(panels: Panels, term: str, rng: np.random.Generator) -> Floats:
    """Draw what governance truly was: an error that all relations share, and each one's own."""
    bounds, shared = thresholds(panels.probability).astype(np.float64), load_theory().shared_error
    error = np.sqrt(shared) * rng.standard_normal() + np.sqrt(1 - shared) * rng.standard_normal(len(bounds))
    forms = np.eye(4)[(error[:, None] > bounds).sum(axis=1)]
    return panels.under("supplier", forms)[term].to_numpy()


def found(world: World, claim_name: str, outcomes: int) -> tuple[float, float] | None:
    """Return the effect stated for a world, and how often it is found; none where none is stated."""
    claim = select(claim_name)[0]
    part, panels, rng = claim.parts[0], build(*world.stages()), np.random.default_rng(world.seed)
    size = panels.frames["supplier"].height
    power = testability(claim, with_outcome(panels, part.outcome, rng.standard_normal(size)))[0]
    if power.detectable is None:
        return None
    times = 0
    for _ in range(outcomes):
        values = power.detectable * true_term(panels, part.term, rng) + rng.standard_normal(size)
        made = with_outcome(panels, part.outcome, values)
        item = pooled(claim, "panel", part, made, power.formula, claim.cluster, "supplier")
        times += item.p is not None and item.p < 0.05 and (item.estimate or 0.0) > 0
    return power.detectable, times / outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=24)
    parser.add_argument("--outcomes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=100)
    given = parser.parse_args()
    for title, (claim, world) in CASES.items():
        every = [found(replace(world, seed=given.seed + n), claim, given.outcomes) for n in range(given.worlds)]
        rows = np.array([pair for pair in every if pair is not None])
        line = f"{title}: stated in {len(rows)} of {given.worlds} worlds"
        if len(rows):
            effect, rate = np.median(rows[:, 0]), rows[:, 1]
            line += f", median {effect:.2f}, power {rate.mean():.3f} ({rate.min():.2f} to {rate.max():.2f} by world)"
        print(line, flush=True)


if __name__ == "__main__":
    main()
