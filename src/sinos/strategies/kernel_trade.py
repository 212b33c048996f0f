# mypy: disable-error-code="no-untyped-def"
"""Kernel: the first half of a year, from relations that end to goods that are paid; see ``reference_step``."""

from __future__ import annotations

from sinos.strategies.kernel_choice import choose
from sinos.strategies.kernel_compile import compiled, stage
from sinos.strategies.kernel_matching import end_relations, fit_volumes, match
from sinos.strategies.kernel_price import settle
from sinos.strategies.kernel_work import arrange, workspace


@stage
def trade_year(world, p, key, year, work):
    """First half of a year, in place; leaves the occupied slots arranged."""
    s, b, r, c, f = world
    end_relations(b, r, p, key, year, work)
    fit_volumes(s, b, r, work)
    match(s, b, r, f, p, key, year, work)
    arrange(r, work)
    choose(s, b, r, p, key, year, work)
    settle(s, b, r, c, f, p, work)


@compiled
def trade(world, p, key, year):
    """First half of a year alone, in place."""
    trade_year(world, p, key, year, workspace(world))
