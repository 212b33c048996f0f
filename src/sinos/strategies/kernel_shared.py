# mypy: disable-error-code="no-untyped-def"
"""Kernel: a year as steps that threads share, each with a part of the world, and what one does alone before each.

The same functions in the same order as in ``kernel_years``. Sums over all suppliers or slots are one thread's, added in
the order they always are, so that the number of threads changes no bit.
"""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled
from sinos.strategies.kernel_develop import develop_firms, end_year
from sinos.strategies.kernel_matching import place_orders
from sinos.strategies.kernel_metrics import after_development, after_trade
from sinos.strategies.kernel_outlook import look_round
from sinos.strategies.kernel_trade import agree, begin_year, search
from sinos.strategies.kernel_work import part_of, workspace

SEARCH, AGREE, DEVELOP = range(3)
STEPS = 3
"""Steps of a year that threads share."""


@compiled
def memory(world):
    """Return working memory for a world."""
    return workspace(world)


@compiled
def alone(step, world, p, main, key, year, out, work):
    """Do what comes before a shared step, or with ``STEPS`` after the last."""
    s, b, r, c, f = world
    if step == SEARCH:
        begin_year(world, p, key, year, work)
    elif step == AGREE:
        place_orders(s, b, r, p, year, work)
    elif step == DEVELOP:
        after_trade(world, main, out, work)
        look_round(s, b, r, c, f, p, work.outlook)
    else:
        end_year(world, p, key, year, work)
        after_development(world, out)


@compiled
def shared(step, member, members, world, p, key, year, work):
    """Do one thread's part of a shared step."""
    s, b, r, c, f = world
    part = part_of(world, member, members)
    if step == SEARCH:
        search(s, b, r, f, p, key, year, work, part)
    elif step == AGREE:
        agree(s, b, r, c, f, p, key, year, work, part)
    else:
        develop_firms(s, b, r, c, f, p, work, part)
