# mypy: disable-error-code="no-untyped-def"
"""Kernel: a stretch of years in one call, so that neither Python nor its lock is met between them."""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled
from sinos.strategies.kernel_develop import develop_year
from sinos.strategies.kernel_metrics import after_development, after_trade
from sinos.strategies.kernel_trade import trade_year
from sinos.strategies.kernel_work import workspace


@compiled
def run(world, by_year, main, key, first, out):
    """Simulate as many years as ``by_year`` has coefficients, from step ``first``; write each year's metrics."""
    work = workspace(world)
    for n in range(by_year.size):
        p = by_year[n]
        trade_year(world, p, key, first + n, work)
        after_trade(world, main, out[n], work)
        develop_year(world, p, key, first + n, work)
        after_development(world, out[n])
