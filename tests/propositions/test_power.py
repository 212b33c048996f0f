"""The smallest detectable effect: in a simulated world it is found about four times in five."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.governance.draws import thresholds
from sinos.governance.indicators import load_theory
from sinos.propositions.claims import select
from sinos.propositions.estimate import detectable, null_error
from sinos.propositions.measurement import Floats
from sinos.propositions.panels import Panels, build
from sinos.propositions.parts import pooled
from sinos.propositions.testability import testability as powers_of
from sinos.propositions.worlds import NOTHING, World

CLAIM = select("P1")[0]
PART = CLAIM.parts[0]
SAMPLES = 80


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


@pytest.mark.slow
def test_power_at_the_detectable_effect() -> None:
    panels = build(*World(NOTHING, suppliers=60, years=8, certainty=1.0, seed=3).stages())
    rng, size = np.random.default_rng(9), panels.frames["supplier"].height
    panels = with_outcome(panels, rng.standard_normal(size))
    power = powers_of(CLAIM, panels)[0]
    assert power.fitted is not None
    assert power.detectable is not None
    x, y = power.fitted.partialled(PART.term)
    without = detectable(null_error(x, y, power.fitted.cluster), power.clusters - 1)
    assert without is not None
    assert power.detectable > 2 * without
    found = dict.fromkeys((without, power.detectable), 0)
    for effect in found:
        for _ in range(SAMPLES):
            made = with_outcome(panels, effect * true_term(panels, rng) + rng.standard_normal(size))
            item = pooled(CLAIM, "panel", PART, made, power.formula, CLAIM.cluster, "supplier")
            found[effect] += item.p is not None and item.p < 0.05 and (item.estimate or 0.0) > 0
    assert found[power.detectable] / SAMPLES == pytest.approx(0.8, abs=0.15)
    assert found[without] / SAMPLES < 0.5


def test_without_draws_nothing_is_added() -> None:
    panels = build(*World(NOTHING, suppliers=40, years=6, certainty=6.0, seed=3).stages())
    with_draws, plain = (powers_of(CLAIM, one)[0] for one in (panels, replace(panels, draws=())))
    assert with_draws.detectable is not None
    assert plain.detectable is not None
    assert with_draws.detectable > plain.detectable
