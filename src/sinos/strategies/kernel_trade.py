# mypy: disable-error-code="no-untyped-def"
"""Kernel: the first half of a year, from relations that end to goods that are paid; see ``reference_step``.

``search`` and ``agree`` can be shared among threads, each with a part of its own; ``kernel_shared`` does so.
"""

from __future__ import annotations

from sinos.strategies.kernel_choice import choose, note_functions
from sinos.strategies.kernel_compile import compiled, inner, stage
from sinos.strategies.kernel_looks import alternatives, expected_orders, look
from sinos.strategies.kernel_matching import end_relations, fit_volumes, incumbents, line_up, place_orders
from sinos.strategies.kernel_pair import note_buyers
from sinos.strategies.kernel_price import settle
from sinos.strategies.kernel_work import part_of, workspace


@stage
def begin_year(world, p, key, year, work):
    """Let relations end, fit what is left to the year, and write what matching needs of buyers."""
    s, b, r, _, _ = world
    end_relations(b, r, p, key, year, work)
    fit_volumes(s, b, r, work)
    note_buyers(b, p, work)
    note_functions(b, p, work)
    expected_orders(b, p, work)
    line_up(b, r, key, year, work)


@inner
def search(s, b, r, f, p, key, year, work, part):
    """Compute what suppliers cost their buyers, and what those cost that buyers look at."""
    incumbents(s, r, p, work, part)
    look(s, b, p, key, year, work, part)
    alternatives(b, f, p, work, part)


@inner
def agree(s, b, r, c, f, p, key, year, work, part):
    """Choose forms and functions, and pay for goods."""
    choose(s, r, p, key, year, work, part)
    settle(s, b, r, c, f, p, work, part)


@stage
def trade_year(world, p, key, year, work):
    """First half of a year, in place; leaves the occupied slots arranged."""
    s, b, r, c, f = world
    whole = part_of(world, 0, 1)
    begin_year(world, p, key, year, work)
    search(s, b, r, f, p, key, year, work, whole)
    place_orders(s, b, r, p, year, work)
    agree(s, b, r, c, f, p, key, year, work, whole)


@compiled
def trade(world, p, key, year):
    """First half of a year alone, in place."""
    trade_year(world, p, key, year, workspace(world))
