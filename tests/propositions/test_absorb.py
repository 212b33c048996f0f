"""Least squares within fixed effects: the numbers of pyfixest, in any unit, and what is collinear."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from sinos.propositions.estimate import Fit, Refusal, fit
from sinos.propositions.formula import Formula


def records(seed: int = 1, rows: int = 900) -> pl.DataFrame:
    """Return an unbalanced panel whose effects overlap little, so that their removal takes many rounds."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(0, 90, rows)
    made = {"unit": unit, "buyer": (unit // 3 + rng.integers(0, 3, rows)) % 30, "year": rng.integers(0, 6, rows)}
    x, z = rng.normal(size=rows) + made["buyer"], rng.normal(size=rows)
    y = 0.5 * x - z + made["unit"] / 7 + made["year"] + rng.normal(size=rows)
    return pl.DataFrame({**made, "region": unit // 9, "x": x, "z": z, "y": y})


@pytest.mark.parametrize("cluster", ["unit", "region", "year"])
@pytest.mark.parametrize("effects", [(), ("unit",), ("unit", "year"), ("unit", "buyer", "year")])
def test_it_is_what_pyfixest_says(effects: tuple[str, ...], cluster: str) -> None:
    import pyfixest
    from pyfixest.demeaners import MapDemeaner

    formula, data = Formula("y", ("x", "z"), effects), records()
    made = fit(data, formula, cluster, ("x", "z"))
    assert isinstance(made, Fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        direct = pyfixest.feols(
            str(formula), data.to_pandas(), {"CRV1": cluster}, fixef_rm="singleton",
            demeaner=MapDemeaner(fixef_tol=1e-12, fixef_maxiter=100_000),
        )  # fmt: skip
    for term in ("x", "z"):
        assert made.of(term) == pytest.approx((float(direct.coef()[term]), float(direct.se()[term])), rel=1e-6)


def test_units_change_nothing_but_the_unit() -> None:
    data, formula = records(), Formula("y", ("x", "z"), ("unit", "buyer", "year"))
    one = fit(data, formula, "unit", ("x",))
    small = fit(data.with_columns(pl.col("y") * 2.0**-40, pl.col("x") * 2.0**20), formula, "unit", ("x",))
    assert isinstance(one, Fit)
    assert isinstance(small, Fit)
    assert small.of("x") == pytest.approx(tuple(2.0**-60 * value for value in one.of("x")), rel=1e-12)


def test_a_term_that_others_make_up_is_named() -> None:
    data = records().with_columns(both=pl.col("x") + pl.col("z"))
    made = fit(data, Formula("y", ("x", "z", "both"), ("unit",)), "unit", ("x",))
    assert isinstance(made, Refusal)
    assert "'x' is collinear" in made.reason
    fixed = fit(data, Formula("y", ("region",), ("unit",)), "unit", ("region",))
    assert isinstance(fixed, Refusal)
    assert "collinear with the fixed effects" in fixed.reason
