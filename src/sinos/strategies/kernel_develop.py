# mypy: disable-error-code="no-untyped-def"
"""Kernel: the second half of a year, block by block of suppliers; see ``reference_step``.

``develop_firms`` can be shared among threads, each with a part of its own; ``kernel_shared`` does so.
"""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled, inner, stage
from sinos.strategies.kernel_firms import hold_votes, replace_closed, retaliate
from sinos.strategies.kernel_outlook import look_round
from sinos.strategies.kernel_relations import SUMS, relations_of
from sinos.strategies.kernel_suppliers import suppliers_of
from sinos.strategies.kernel_work import SUPPLIERS, arrange, clear_sums, part_of, workspace


@inner
def develop_firms(s, b, r, c, f, p, work, part):
    """Let suppliers learn, invest and close their books."""
    for block in range(part.blocks[0], part.blocks[1]):
        clear_sums(work, SUMS)
        low = block * SUPPLIERS
        relations_of(s, b, r, f, p, work, low, work.starts[block], work.starts[block + 1])
        suppliers_of(s, c, f, p, work, low, min(SUPPLIERS, s.capacity.size - low))


@stage
def end_year(world, p, key, year, work):
    """Let clusters vote, buyers retaliate, and new firms take the places of those that close."""
    s, _, r, c, f = world
    hold_votes(s, c, f, p, work)
    retaliate(s, r, f, p, key, year, work)
    replace_closed(s, r, f, p, key, year, work)


@stage
def develop_year(world, p, key, year, work):
    """Second half of a year, in place; the occupied slots must be arranged."""
    s, b, r, c, f = world
    look_round(s, b, r, c, f, p, work.outlook)
    develop_firms(s, b, r, c, f, p, work, part_of(world, 0, 1))
    end_year(world, p, key, year, work)


@compiled
def develop(world, p, key, year):
    """Second half of a year alone, in place."""
    work = workspace(world)
    arrange(world.relations, work)
    develop_year(world, p, key, year, work)
