"""Bounds for unobserved selection: exact where the truth is planted in the moments, and reasons where none exist."""

from __future__ import annotations

import numpy as np
import pytest

from sinos.propositions.estimate import Refusal
from sinos.propositions.oster import Bounds, Moments, beta_star, bounds, delta, moments


def population(effect: float, observed: float, hidden: float) -> tuple[Moments, float, float]:
    """Moments of y = effect x + w1 + w2 + e, x = a w1 + b w2 + u, unit variances, w2 not seen.

    Var x = a2 + b2 + 1; w1 leaves b2 + 1 of it. Without controls: effect + (a + b) / (a2 + b2 + 1); with w1: effect +
    b / (b2 + 1). Selection delta = (b / 1) / (a / 1).
    """
    a, b = observed, hidden
    var_x, left_x = a**2 + b**2 + 1, b**2 + 1
    short, long = effect + (a + b) / var_x, effect + b / left_x
    var_y = effect**2 * var_x + 2 + 1 + 2 * effect * (a + b)
    unexplained = 2.0 - b**2 / left_x  # of w2 + e after x and w1
    found = Moments(short, long, short**2 * var_x / var_y, 1 - unexplained / var_y, var_y, var_x, left_x)
    return found, 1 - 1 / var_y, b / a


@pytest.mark.parametrize(("effect", "a", "b"), [(0.0, 0.5, 0.5), (1.0, 0.5, 0.25), (-0.4, 0.3, 0.6), (0.7, 0.4, -0.2)])
def test_planted_selection_comes_back(effect: float, a: float, b: float) -> None:
    found, r_max, truth = population(effect, a, b)
    assert delta(found, effect, r_max) == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("effect", [0.0, 0.5, 2.0])
def test_equal_selection_gives_the_true_effect(effect: float) -> None:
    found, r_max, truth = population(effect, 0.5, 0.5)
    assert truth == 1.0
    assert beta_star(found, r_max) == pytest.approx(effect, abs=1e-9)


def test_moments_by_hand() -> None:
    """x and w are orthogonal: the control changes nothing but the share explained."""
    x, w = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    found = moments(2 * x + w, x, w[:, None])
    assert isinstance(found, Moments)
    assert (found.short, found.long, found.r_short, found.r_long) == pytest.approx((2.0, 2.0, 0.8, 1.0))
    assert (found.var_y, found.var_x, found.left_x) == pytest.approx((5.0, 1.0, 1.0))
    assert beta_star(found, 1.0) == 2.0


def test_bounds_and_reasons() -> None:
    rng = np.random.default_rng(0)
    w, u = rng.normal(size=(2, 2000))
    x = 0.5 * w + u
    y = x + w + rng.normal(size=2000) * 2
    found = moments(y - y.mean(), x - x.mean(), (w - w.mean())[:, None])
    assert isinstance(found, Moments)
    made = bounds(found)
    assert isinstance(made, Bounds)
    assert made.r_max == pytest.approx(1.3 * found.r_long)
    assert delta(found, made.beta, made.r_max) == pytest.approx(1.0, rel=1e-6)
    assert isinstance(moments(y, x, x[:, None]), Refusal)
    nothing = bounds(Moments(1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0))
    assert isinstance(nothing, Refusal)
    assert "explain nothing" in nothing.reason
    assert isinstance(bounds(Moments(1.0, 0.9, 0.5, 1.0, 1.0, 1.0, 0.9)), Refusal)
