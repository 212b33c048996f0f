"""The smallest detectable effect: in a simulated world it is found about four times in five."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.governance.draws import thresholds
from sinos.governance.indicators import load_theory
from sinos.propositions.claims import select
from sinos.propositions.measurement import Floats
from sinos.propositions.panels import Panels, build
from sinos.propositions.parts import pooled
from sinos.propositions.testability import testability as powers_of
from sinos.propositions.worlds import NOTHING, World

CLAIM = select("P1")[0]
PART = CLAIM.parts[0]
SAMPLES = 300


def with_outcome(panels: Panels, values: Floats) -> Panels:
    frame = panels.frames["supplier"]
    known = pl.col(PART.outcome).is_not_null()
    made = frame.with_columns(pl.when(known).then(pl.Series(values)).alias(PART.outcome))
    return replace(panels, frames={**panels.frames, "supplier": made})


def true_term(panels: Panels, rng: np.random.Generator) -> Floats:
    """Draw what governance truly was: an error that all relations share, and each one's own."""
    bounds, shared = thresholds(panels.probability).astype(np.float64), load_theory().shared_error
    error = np.sqrt(shared) * rng.standard_normal() + np.sqrt(1 - shared) * rng.standard_normal(len(bounds))
    forms = np.eye(4)[(error[:, None] > bounds).sum(axis=1)]
    return panels.under("supplier", forms)[PART.term].to_numpy()


def power_at(panels: Panels, effect: float, rng: np.random.Generator) -> float:
    """Return how often an effect is found, by the estimates themselves."""
    formula, size, found = powers_of(CLAIM, panels)[0].formula, panels.frames["supplier"].height, 0
    for _ in range(SAMPLES):
        made = with_outcome(panels, effect * true_term(panels, rng) + rng.standard_normal(size))
        item = pooled(CLAIM, "panel", PART, made, formula, CLAIM.cluster, "supplier")
        found += item.p is not None and item.p < 0.05 and (item.estimate or 0.0) > 0
    return found / SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize(("suppliers", "certainty"), [(60, 1.0), (60, 3.0), (60, 6.0), (20, 3.0)])
def test_power_at_the_detectable_effect(suppliers: int, certainty: float) -> None:
    panels = build(*World(NOTHING, suppliers=suppliers, years=8, certainty=certainty, seed=3).stages())
    rng, size = np.random.default_rng(9), panels.frames["supplier"].height
    effects = [powers_of(CLAIM, with_outcome(panels, rng.standard_normal(size)))[0].detectable for _ in range(9)]
    known = [effect for effect in effects if effect is not None]
    assert len(known) == len(effects)
    assert power_at(panels, float(np.median(known)), rng) == pytest.approx(0.8, abs=0.08)


def test_no_size_is_enough_where_governance_is_known_badly() -> None:
    panels = build(*World(NOTHING, suppliers=60, years=8, certainty=1.0, seed=100).stages())
    assert powers_of(CLAIM, panels)[0].detectable is None


def test_without_draws_nothing_is_added() -> None:
    panels = build(*World(NOTHING, suppliers=40, years=6, certainty=6.0, seed=3).stages())
    with_draws, plain = (powers_of(CLAIM, one)[0] for one in (panels, replace(panels, draws=())))
    assert with_draws.detectable is not None
    assert plain.detectable is not None
    assert with_draws.detectable > plain.detectable
