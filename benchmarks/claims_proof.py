"""Do intervals cover and verdicts err as they should? Prints the table of docs/claims.md.

python benchmarks/claims_proof.py --worlds 60 --violations 30 --seed 1
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from dataclasses import dataclass, field, replace

import polars as pl

from sinos.propositions.claims import select
from sinos.propositions.panels import build
from sinos.propositions.placebos import PAST
from sinos.propositions.propositions import tested
from sinos.propositions.worlds import CLAIMED, NOTHING, World

LOOSENING = 0.6
"""P6 planted: the limit of -0.3 is gone when half of the sales are outside the main buyer."""
LASTING = 0.8
"""Correlation of governance from year to year."""
FORM = {"share_market": 0, "share_network": 1, "share_quasi_hierarchy": 2, "share_hierarchy": 3}


@dataclass
class Tally:
    inside: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    worlds: int = 0


def planted(world: World, outcome: str, term: str) -> float:
    """Return the true coefficient of a part of P1 or P6."""
    if term == "qh_other_markets":
        return world.loosening
    effect = world.effects[outcome]
    return effect[FORM[term]] - effect[0]


def run(world: World, tally: Tally, claims: str) -> None:
    panels = build(*world.stages())
    frames = tested(panels, select(claims), True, {}, world.seed, beside_too=False)
    first = claims.split(",")[0]
    tally.worlds += 1
    for row in frames["claims"].iter_rows(named=True):
        tally.verdicts[f"{row['claim']} {row['verdict']}"] += 1
        if "the signs are as expected, but" in row["because"] or "on the other side, but" in row["because"]:
            tally.stopped[f"{row['claim']} {'for' if 'as expected' in row['because'] else 'against'}"] += 1
    for row in frames["claim_estimates"].iter_rows(named=True):
        if row["claim"] != first or row["estimate"] is None:
            continue
        truth = planted(world, row["outcome"], row["term"])
        tally.total[row["reading"]] += 1
        tally.inside[row["reading"]] += row["low"] <= truth <= row["high"]
        tally.seen[row["reading"]] += (row["estimate"] - truth) * row["sign"]
    mine = (pl.col("claim") == first) & (pl.col("check") == PAST)
    for row in frames["claim_battery"].filter(mine).iter_rows(named=True):
        tally.flagged[row["outcome"]] += row["outcome_of"] == "fails"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=60, help="worlds without a violation")
    parser.add_argument("--violations", type=int, default=30, help="worlds of each known violation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="beginning of the title of the cases to run")
    given = parser.parse_args()
    cases = {
        "claims hold": (World(CLAIMED), "P1,P4"),
        "claims hold, governance lasts": (World(CLAIMED, lasting=LASTING), "P1,P4"),
        "nothing holds": (World(NOTHING), "P1,P2,P3,P4"),
        "P6: other markets loosen the limit": (World(CLAIMED, loosening=LOOSENING), "P6"),
        "P6: quasi-hierarchy limits, other markets do not help": (World(CLAIMED), "P6"),
        "P6: nothing holds": (World(NOTHING), "P6"),
        "nothing holds, selection on past upgrading": (World(NOTHING, violation="selection"), "P1"),
        "claims hold, selection on past upgrading": (World(CLAIMED, violation="selection"), "P1"),
        "claims hold, upgrading anticipates the form": (World(CLAIMED, violation="anticipation"), "P1"),
        "nothing holds, home sales not recorded": (World(NOTHING, violation="missing_home_sales"), "P1"),
        "claims hold, overconfident posteriors": (World(CLAIMED, violation="overconfident"), "P1"),
        "claims hold, by number of relations": (World(CLAIMED, violation="by_count"), "P1"),
    }
    for title, (world, claims) in cases.items():
        if not title.startswith(given.only):
            continue
        tally = Tally()
        for number in range(given.worlds if world.violation == "none" else given.violations):
            run(replace(world, seed=given.seed + number), tally, claims)
        print(f"{title}: {tally.worlds} worlds")
        for name, total in sorted(tally.total.items()):
            rate, error = tally.inside[name] / total, math.sqrt(0.95 * 0.05 / total)
            bias = tally.seen[name] / total
            print(f"  {name}: coverage {rate:.3f} (0.950 +- {1.96 * error:.3f}), mean bias {bias:+.4f}")
        print("  verdicts:", dict(sorted(tally.verdicts.items())))
        print("  stopped by bootstrap or battery:", dict(sorted(tally.stopped.items())))
        print("  placebo on past outcomes fails:", dict(sorted(tally.flagged.items())), flush=True)


if __name__ == "__main__":
    main()
