# mypy: disable-error-code="no-untyped-def"
"""Kernel: a year as steps that threads share, each with a part of the world, and what one does alone before each.

The same functions in the same order as in ``kernel_years``. Sums over all suppliers or slots are one thread's, added in
the order they always are, so that the number of threads changes no bit.
"""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled
from sinos.strategies.kernel_develop import develop_firms
from sinos.strategies.kernel_firms import hold_votes, replace_closed, retaliate
from sinos.strategies.kernel_matching import add_sold, end_relations, fit_volumes, place_orders
from sinos.strategies.kernel_metrics import after_development, after_trade
from sinos.strategies.kernel_outlook import look_round
from sinos.strategies.kernel_trade import agree, prepare, search
from sinos.strategies.kernel_work import arrange, part_of, workspace

STEPS = 8
"""Steps of a year that threads share."""


@compiled
def memory(world):
    """Return working memory for a world."""
    return workspace(world)


@compiled
def alone(step, world, p, main, key, year, out, work):
    """Do what comes before a shared step, or with ``STEPS`` after the last."""
    s, b, r, c, f = world
    if step == 1:
        arrange(r, work)
    elif step == 4:
        prepare(b, r, p, key, year, work)
    elif step == 5:
        place_orders(s, b, r, p, year, work)
        arrange(r, work)
    elif step == 6:
        after_trade(world, main, out, work)
        look_round(s, b, r, c, f, p, work.outlook)
    elif step == 7:
        hold_votes(s, c, f, p, work)
    elif step == STEPS:
        replace_closed(s, r, f, p, key, year, work)
        after_development(world, out)


@compiled
def shared(step, member, members, world, p, key, year, work):
    """Do one thread's part of a shared step."""
    s, b, r, c, f = world
    part = part_of(world, member, members)
    if step == 0:
        end_relations(b, r, p, key, year, work, part)
    elif step == 1 or step == 3:
        add_sold(r, work, part)
    elif step == 2:
        fit_volumes(s, b, r, work, part)
    elif step == 4:
        search(s, b, r, f, p, key, year, work, part)
    elif step == 5:
        agree(s, b, r, c, f, p, key, year, work, part)
    elif step == 6:
        develop_firms(s, b, r, c, f, p, work, part)
    elif step == 7:
        retaliate(s, r, f, p, key, year, work, part)
