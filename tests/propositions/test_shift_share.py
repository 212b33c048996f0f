"""Rotemberg weights: by hand, and as an identity on a panel with fixed effects."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from sinos.propositions.claims import select
from sinos.propositions.estimate import Fit, fit_sample
from sinos.propositions.exposure import (
    Instrumented,
    effective_buyers,
    error_by_buyer,
    exposure,
    f_statistic,
    rotemberg,
    shift_share,
    strengths,
    weight_rows,
)
from sinos.propositions.formula import Formula
from sinos.propositions.panels import build
from sinos.propositions.result import SCHEMAS
from sinos.propositions.worlds import World

P7 = select("P7")[0]


def test_weights_by_hand() -> None:
    """z'x is 3 for buyer a and 1 for b, z'y is 6 and 4: weights 3/4, 1/4; estimates 2, 4; together 10/4."""
    kept = pl.DataFrame({"supplier": ["s", "t"], "year": [1, 1]})
    parts = pl.DataFrame({"supplier": ["s", "t"], "buyer": ["a", "b"], "year": [1, 1], "part": [1.0, 1.0]})
    made = rotemberg(kept, parts, np.array([3.0, 1.0]), np.array([6.0, 4.0]))
    assert made.rows() == [("a", 0.75, 2.0), ("b", 0.25, 4.0)]
    assert (made["weight"] * made["estimate"]).sum() == 2.5
    assert rotemberg(kept, parts, np.zeros(2), np.ones(2)).height == 0


def test_weighted_estimates_are_two_stage_least_squares() -> None:
    from linearmodels.iv import IV2SLS

    rng = np.random.default_rng(3)
    keys = [(f"s{s:02d}", f"b{b}", year) for s in range(40) for b in range(5) for year in range(6)]
    shock = {(b, year): rng.normal() for b in {key[1] for key in keys} for year in range(6)}
    value = [float(np.exp(rng.normal() + shock[b, year])) for _, b, year in keys]
    relations = pl.DataFrame(keys, schema=["supplier", "buyer", "year"], orient="row").with_columns(
        value=pl.Series(value)
    )
    parts = exposure(relations)
    kept = parts.group_by("supplier", "year").agg(predicted=pl.col("part").sum()).sort("supplier", "year")
    kept = kept.with_columns(
        cluster_year=pl.col("year"), dependence=pl.col("predicted") + pl.Series(rng.normal(size=kept.height))
    )
    kept = kept.with_columns(y=2 * pl.col("dependence") + pl.Series(rng.normal(size=kept.height)))
    first = fit_sample(kept, Formula("dependence", ("predicted",), ("supplier", "cluster_year")), "supplier")
    second = fit_sample(kept, Formula("y", ("predicted",), ("supplier", "cluster_year")), "supplier")
    assert isinstance(first, Fit)
    assert isinstance(second, Fit)
    made = rotemberg(kept, parts, first.within_y, second.within_y)
    assert made["weight"].sum() == pytest.approx(1.0, abs=1e-12)
    direct = IV2SLS(second.within_y, None, first.within_y, first.within_x).fit()
    assert (made["weight"] * made["estimate"]).sum() == pytest.approx(float(direct.params.iloc[0]), rel=1e-6)
    given = Instrumented(kept, parts, first, second.within_y, 5.0, 1.0)
    force = strengths(given, ["b0", "b3", "nobody"], P7)
    assert set(force) == {"b0", "b3"}
    own = parts.filter(pl.col("buyer") == "b3").select("supplier", "year", alone="part")
    frame = kept.join(own, on=["supplier", "year"], how="left").with_columns(pl.col("alone").fill_null(0.0))
    alone = fit_sample(frame, Formula("dependence", ("alone",), ("supplier", "cluster_year")), "supplier", ("alone",))
    assert isinstance(alone, Fit)
    assert force["b3"] == pytest.approx(f_statistic(*alone.of("alone")), rel=1e-6)
    assert strengths(given, [], P7) == {}


def test_a_buyer_of_one_pair_of_suppliers_has_no_first_stage_f() -> None:
    """Two suppliers alone in their cluster: after both effects each is the other's mirror, and no score is left."""
    rng = np.random.default_rng(5)
    pair = [(f"p{s}", "pair", year) for s in range(2) for year in range(6)]
    rest = [(f"s{s:02d}", "rest", year) for s in range(40) for year in range(6)]
    kept = pl.DataFrame(pair + rest, schema=["supplier", "cluster", "year"], orient="row")
    kept = kept.with_columns(
        cluster_year=pl.col("cluster") + pl.col("year").cast(pl.String),
        predicted=pl.Series(rng.normal(size=kept.height)),
        noise=pl.Series(rng.normal(size=kept.height)),
    ).with_columns(dependence=pl.col("predicted") + pl.col("noise"))
    stage = fit_sample(kept, Formula("dependence", ("predicted",), ("supplier", "cluster_year")), "supplier")
    assert isinstance(stage, Fit)
    keyed = kept.select("supplier", "year", "cluster", part=pl.col("predicted"))
    buyer = pl.when(pl.col("cluster") == "rest").then(pl.lit("many")).otherwise(pl.lit("two"))
    parts = keyed.with_columns(buyer=buyer).drop("cluster")
    force = strengths(Instrumented(kept, parts, stage, stage.within_y, 5.0, 1.0), ["many", "two"], P7)
    assert set(force) == {"many"}
    assert 10 < force["many"] < 1e4


def test_weights_are_a_table_of_the_result() -> None:
    panels = build(*World(suppliers=60, years=8, seed=3).stages())
    effort = panels.frames["supplier"].with_columns(design_effort=pl.col("functional"))
    given = replace(panels, frames={**panels.frames, "supplier": effort})
    rows = weight_rows(P7, given)
    assert sum(row["weight"] for row in rows) == pytest.approx(1.0)
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert {tuple(row) for row in rows} == {tuple(SCHEMAS["claim_weights"])}
    (estimate,) = shift_share(P7, given)
    assert f"Rotemberg weights of {len(rows)} buyers: largest {rows[0]['weight']:.2f}" in estimate.note
    assert "b0" not in estimate.note
    assert weight_rows(P7, panels) == []


def panel_of(buyers: int, suppliers: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray, np.ndarray]:
    """One year, complete shares, known shocks: sample, parts, shares (suppliers, buyers) and shocks."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(buyers, 0.3), suppliers)
    shock = rng.normal(0.4, 1.0, buyers)
    names = [f"s{i:03d}" for i in range(suppliers)]
    kept = pl.DataFrame({"supplier": names, "year": [1] * suppliers})
    centred = shock - (share.sum(axis=0) @ shock) / share.sum()
    parts = pl.DataFrame({
        "supplier": np.repeat(names, buyers), "buyer": [f"b{j:02d}" for j in range(buyers)] * suppliers,
        "year": [1] * (suppliers * buyers), "share": share.ravel(), "part": (share * shock).ravel(),
        "moved": (share * centred).ravel(),
    })  # fmt: skip
    return kept, parts, share, shock


def test_errors_by_buyer_are_those_of_adao_kolesar_and_morales() -> None:
    """As ivreg_ss of ShiftShareSE (shocks read back from the residualised instrument), with the leverage of buyers."""
    kept, parts, share, shock = panel_of(12, 80, 1)
    rng = np.random.default_rng(2)
    z = share @ shock
    z = z - z.mean()
    x = z + rng.normal(size=80)
    y = 2 * x + share @ rng.normal(size=12) + rng.normal(size=80)
    x, y = x - x.mean(), y - y.mean()
    value = float(z @ y / (z @ x))
    left = y - value * x
    back = np.linalg.lstsq(share, z, rcond=None)[0]
    score, own = back * (share.T @ left), back * (share.T @ x) / float(z @ x)
    theirs = float(np.sqrt(((score / (1 - own)) ** 2).sum()) / abs(z @ x))
    assert error_by_buyer(kept, parts, left, z, x) == pytest.approx(theirs, rel=1e-9)
    assert effective_buyers(kept, parts) == pytest.approx(share.sum() ** 2 / (share.sum(axis=0) ** 2).sum())


def test_errors_by_buyer_cover_where_errors_by_supplier_do_not() -> None:
    """Suppliers of one buyer share a shock to the outcome too: no effect, 300 samples of 200 suppliers, 25 buyers."""
    from scipy.stats import t

    rejected = np.zeros(2)
    for seed in range(1000, 1300):
        kept, parts, share, shock = panel_of(25, 200, seed)
        rng = np.random.default_rng([seed, 1])
        z, y = share @ shock, share @ rng.normal(size=25) + rng.normal(0, 0.2, 200)
        z, y = z - z.mean(), y - y.mean()
        slope = float(z @ y / (z @ z))
        left = y - slope * z
        count = effective_buyers(kept, parts)
        errors = error_by_buyer(kept, parts, left, z, z), float(np.sqrt((z * left) @ (z * left)) / (z @ z))
        rejected += [abs(slope) / errors[0] > t.ppf(0.975, count - 1), abs(slope) / errors[1] > 1.96]
    assert rejected[0] / 300 < 0.10
    assert rejected[1] / 300 > 0.30
