# mypy: disable-error-code="no-untyped-def"
"""Kernel: the second half of a year, block by block of suppliers; see ``reference_step``."""

from __future__ import annotations

from sinos.strategies.kernel_compile import compiled, stage
from sinos.strategies.kernel_firms import close_ballot, count_votes, empty_ballot, replace_closed, retaliate
from sinos.strategies.kernel_outlook import outlook_of
from sinos.strategies.kernel_relations import SUMS, relations_of
from sinos.strategies.kernel_suppliers import suppliers_of
from sinos.strategies.kernel_work import SUPPLIERS, arrange, clear_sums, workspace


@stage
def develop_year(world, p, key, year, work):
    """Second half of a year, in place; the occupied slots must be arranged."""
    s, b, r, c, f = world
    outlook = outlook_of(s, b, r, c, f, p)
    ballot = empty_ballot(c.open.size)
    closed = 0
    for low in range(0, s.capacity.size, SUPPLIERS):
        clear_sums(work, SUMS)
        block = low // SUPPLIERS
        relations_of(s, b, r, f, p, outlook, work, low, work.starts[block], work.starts[block + 1])
        n = min(SUPPLIERS, s.capacity.size - low)
        closed += suppliers_of(s, c, f, p, outlook, work, low, n)
        count_votes(s, ballot, work.firms, low, n)
    passed = close_ballot(c, p, ballot)
    retaliate(s, r, f, p, key, year, passed, work)
    replace_closed(s, r, f, p, key, year, closed)
    for slot in range(r.supplier.size):
        if r.supplier[slot] >= 0:
            r.age[slot] += 1


@compiled
def develop(world, p, key, year):
    """Second half of a year alone, in place."""
    work = workspace(world)
    arrange(world.relations, work)
    develop_year(world, p, key, year, work)
