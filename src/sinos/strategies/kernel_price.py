# mypy: disable-error-code="no-untyped-def"
"""Kernel: prices, and the money of the year by supplier; see ``reference_price``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_scalar import HALF, ONE, ZERO, larger, smaller
from sinos.strategies.kernel_work import PAIRS, SUPPLIERS, clear_sums, padded
from sinos.strategies.names import DESIGN, LOGISTICS, MARKETING, PROCESS, PRODUCT, SOURCING

F = np.float32
D = np.float64

# Rows of a block of pairs: capability by function from logistics on, whether each is performed, and what prices need.
SKILL, PERFORMS, QUALITY, EXPOSURE, COMPLEXITY, LOCAL, PRICE = (n * PAIRS for n in (0, 4, 8, 9, 10, 11, 12))
# Rows of sums by supplier.
VOLUME, SALES, RELATIONS, DESIGNS = (n * SUPPLIERS for n in range(4))


@inner
def gather_goods(s, b, r, p, work, first, n):
    """Write what prices need of n slots of the order, from place ``first``."""
    rows = work.pairs
    for k in range(n):
        slot = work.order[first + k]
        i, j = r.supplier[slot], r.buyer[slot]
        for place in range(4):
            rows[SKILL + place * PAIRS + k] = s.capability[LOGISTICS + place, i]
            rows[PERFORMS + place * PAIRS + k] = F(r.performs[LOGISTICS + place, slot])
        rows[QUALITY + k] = s.capability[PRODUCT, i]
        rows[EXPOSURE + k] = b.exposure[j]
        rows[COMPLEXITY + k] = b.complexity[j]
        rows[LOCAL + k] = p.exchange if b.region[j] == 2 else ONE


@inner
def prices(p, rows, n):
    """Write the price per unit of n gathered slots."""
    shielded, pressed = p.shield, ONE - p.entrant_price
    quality_of_entrant, floor, weight, base_of = p.entrant_quality, p.quality_floor, p.quality_weight, p.quality_base
    v0, v1, v2, v3 = p.value[LOGISTICS], p.value[SOURCING], p.value[DESIGN], p.value[MARKETING]
    for k in range(n):
        k0, k1, k2, k3 = (
            rows[SKILL + k],
            rows[SKILL + PAIRS + k],
            rows[SKILL + 2 * PAIRS + k],
            rows[SKILL + 3 * PAIRS + k],
        )
        d0, d1 = rows[PERFORMS + k], rows[PERFORMS + PAIRS + k]
        d2, d3 = rows[PERFORMS + 2 * PAIRS + k], rows[PERFORMS + 3 * PAIRS + k]
        shield = ONE - shielded * (d2 * k2) - shielded * HALF * (d3 * k3)
        base = ONE - pressed * rows[EXPOSURE + k] * shield
        above = larger(rows[QUALITY + k] - quality_of_entrant, floor)
        quality = weight * above * smaller(ONE, base_of + rows[COMPLEXITY + k])
        functions = ZERO + d0 * v0 * k0 + d1 * v1 * k1 + d2 * v2 * k2 + d3 * v3 * k3
        rows[PRICE + k] = larger((base + quality + functions) * rows[LOCAL + k], ZERO)


@inner
def add_goods(r, work, low, first, n):
    """Note the prices of n slots and add what they bring to their suppliers, who are counted from ``low``."""
    sums = work.sums
    for k in range(n):
        slot = work.order[first + k]
        at = r.supplier[slot] - low
        r.price[slot] = work.pairs[PRICE + k]
        sums[VOLUME + at] += D(r.volume[slot])
        sums[SALES + at] += D(r.volume[slot] * r.price[slot])
        sums[RELATIONS + at] += 1.0
        sums[DESIGNS + at] += D(r.performs[DESIGN, slot])


@inner
def accounts(s, c, f, p, sums, low, high):
    """Write volume, sales, unit cost, levy and profit of the suppliers of a block."""
    share_paid = p.programme_levy
    for i in range(low, high):
        at = i - low
        volume, sales = F(sums[VOLUME + at]), F(sums[SALES + at])
        unit = p.unit_cost * (ONE - p.cost_process * s.capability[PROCESS, i])
        unit = unit + (p.design_cost if sums[DESIGNS + at] > 0.0 else ZERO)
        levy = F(c.running[s.cluster[i]]) * share_paid * (ONE - p.programme_public_share) * volume
        relations = p.relation_cost * F(sums[RELATIONS + at])
        standing = relations + (p.capacity_cost + s.strategy_cost[i]) * s.capacity[i]
        f.volume[i], f.sales[i], f.unit_cost[i], f.levy[i] = volume, sales, unit, levy
        f.profit[i] = sales - unit * volume - standing - levy


@inner
def settle(s, b, r, c, f, p, work, part):
    """Set prices, unit cost, volume, sales, levy and profit of the year, block by block of suppliers."""
    for block in range(part.blocks[0], part.blocks[1]):
        clear_sums(work, 4)
        low, begin, end = block * SUPPLIERS, work.starts[block], work.starts[block + 1]
        for first in range(begin, end, PAIRS):
            n = min(PAIRS, end - first)
            gather_goods(s, b, r, p, work, first, n)
            prices(p, work.pairs, padded(n))
            add_goods(r, work, low, first, n)
        accounts(s, c, f, p, work.sums, low, min(low + SUPPLIERS, s.capacity.size))
