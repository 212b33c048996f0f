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


def test_published_numbers_of_another_program() -> None:
    """Motor Trend's 32 cars of 1974, mpg on weight with horsepower and quarter-mile time as controls, R_max of 0.9.

    robomit (Schaub 2020) prints, for delta of 1: beta* -2.00, uncontrolled -5.34, controlled -4.36, shares
    explained 0.753 and 0.835 (its example, as shown in M. Nguyen's A Guide on Data Analysis).
    """
    cars = """21 110 2.62 16.46 21 110 2.875 17.02 22.8 93 2.32 18.61 21.4 110 3.215 19.44 18.7 175 3.44 17.02
    18.1 105 3.46 20.22 14.3 245 3.57 15.84 24.4 62 3.19 20 22.8 95 3.15 22.9 19.2 123 3.44 18.3 17.8 123 3.44 18.9
    16.4 180 4.07 17.4 17.3 180 3.73 17.6 15.2 180 3.78 18 10.4 205 5.25 17.98 10.4 215 5.424 17.82 14.7 230 5.345 17.42
    32.4 66 2.2 19.47 30.4 52 1.615 18.52 33.9 65 1.835 19.9 21.5 97 2.465 20.01 15.5 150 3.52 16.87 15.2 150 3.435 17.3
    13.3 245 3.84 15.41 19.2 175 3.845 17.05 27.3 66 1.935 18.9 26 91 2.14 16.7 30.4 113 1.513 16.9 15.8 264 3.17 14.5
    19.7 175 2.77 15.5 15 335 3.57 14.6 21.4 109 2.78 18.6"""
    data = np.array(cars.split(), dtype=float).reshape(32, 4)
    data = data - data.mean(axis=0)
    found = moments(data[:, 0], data[:, 2], data[:, [1, 3]])
    assert isinstance(found, Moments)
    assert (found.short, found.long) == pytest.approx((-5.34, -4.36), abs=0.005)
    assert (found.r_short, found.r_long) == pytest.approx((0.753, 0.835), abs=0.0005)
    assert beta_star(found, 0.9) == pytest.approx(-2.00, abs=0.005)
