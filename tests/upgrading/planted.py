"""Worlds with known truth: panels of plants whose labour follows productivity, in two timings."""

from __future__ import annotations

import numpy as np
import polars as pl

LABOUR, CAPITAL = 0.6, 0.4


def plants(number: int = 800, years: int = 8, seed: int = 1, *, timing: str = "error") -> pl.DataFrame:
    """Plants in logs: supplier, year, y, l, k, m (materials), i (investment), omega.

    ``timing="error"``: labour is set knowing productivity, with an error of its own (Ackerberg, Caves & Frazer 2015,
    DGP 2), so that Olley-Pakes and Levinsohn-Petrin hold. ``timing="wages"``: labour is set before all of productivity
    is known, at wages that last (DGP 1), so that they do not, and Ackerberg-Caves-Frazer does.
    """
    draw = np.random.default_rng(seed)
    rho, half = 0.7, np.sqrt(0.7)
    omega = draw.normal(0, 0.3, number)
    wage = draw.normal(0, 0.3, number)
    k = draw.normal(0, 0.8, number)
    rows = []
    for year in range(-8, years):
        early = half * omega + draw.normal(0, 0.3 * np.sqrt(1 - half**2), number)
        fresh = half * early + draw.normal(0, 0.3 * np.sqrt(1 - half**2), number)
        wage = 0.5 * wage + draw.normal(0, 0.3, number)
        k = 0.8 * k + 0.4 * omega + draw.normal(0, 0.3, number)
        omega = fresh
        if timing == "error":
            best = (omega + CAPITAL * k) / (1 - LABOUR)
            labour = best + draw.normal(0, 0.4, number)
            m = LABOUR * best + CAPITAL * k + omega
        else:
            labour = (rho**0.5 * early - wage + CAPITAL * k) / (1 - LABOUR)
            m = LABOUR * labour + CAPITAL * k + omega
        y = LABOUR * labour + CAPITAL * k + omega + draw.normal(0, 0.1, number)
        if year >= 0:
            rows.append(pl.DataFrame({
                "supplier": [f"s{i:04d}" for i in range(number)], "year": year + 2000, "y": y, "l": labour, "k": k,
                "m": m, "i": omega + 0.2 * k, "omega": omega,
            }))  # fmt: skip
    return pl.concat(rows)
