"""Reference, equation 5: prices, unit cost, profit.

``p_ib = 1 - (1 - p_E) exposure_m shield + w_Z (k_Z - k_EZ) min(1, c + z) + sum_f a_ibf v_f k_if``: the entrant's
price presses on exposed markets, own design and marketing shield from it, quality above the entrant's is paid more
where complexity is high, and functions performed are paid for. Unit cost falls with process capability.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import HALF, ONE, Floats, ordered_sum
from sinos.strategies.names import DESIGN, LOGISTICS, MARKETING, PROCESS, PRODUCT
from sinos.strategies.parameters import Coefficients
from sinos.strategies.reference_risk import ZERO
from sinos.strategies.state import Buyers, Integers, Relations, Suppliers, World

LEAST_SALES = np.float32(1e-6)


def prices(s: Suppliers, b: Buyers, r: Relations, p: Coefficients, slots: Integers) -> Floats:
    """Return the price per unit paid in the given (occupied) slots."""
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    performs = r.performs[:, slots].astype(np.float32)
    k = s.capability[:, supplier]
    shield = ONE - p.shield * (performs[DESIGN] * k[DESIGN]) - p.shield * HALF * (performs[MARKETING] * k[MARKETING])
    base = ONE - (ONE - p.entrant_price) * b.exposure[buyer] * shield
    above = np.maximum(k[PRODUCT] - p.entrant_quality, p.quality_floor)
    quality = p.quality_weight * above * np.minimum(ONE, p.quality_base + b.complexity[buyer])
    functions = np.zeros(slots.size, np.float32)
    for function in range(LOGISTICS, MARKETING + 1):
        functions = functions + performs[function] * p.value[function] * k[function]
    local = np.where(b.region[buyer] == 2, p.exchange, ONE)
    return np.asarray(np.maximum((base + quality + functions) * local, ZERO), np.float32)


def settle(w: World, p: Coefficients) -> None:
    """Set prices, unit cost, volume, sales, levy and profit of the year."""
    s, r, f = w.suppliers, w.relations, w.flows
    size = s.capacity.size
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    supplier = r.supplier[slots]
    r.price[slots] = prices(s, w.buyers, r, p, slots)
    f.volume[:] = ordered_sum(r.volume[slots], supplier, size)
    f.sales[:] = ordered_sum(r.volume[slots] * r.price[slots], supplier, size)
    relations = ordered_sum(np.ones(slots.size), supplier, size)
    designs = ordered_sum(r.performs[DESIGN, slots], supplier, size) > ZERO
    cost = p.unit_cost * (ONE - p.cost_process * s.capability[PROCESS])
    f.unit_cost[:] = cost + np.where(designs, p.design_cost, ZERO)
    member = w.programmes.running[s.cluster].astype(np.float32)
    f.levy[:] = member * p.programme_levy * (ONE - p.programme_public_share) * f.volume
    standing = p.relation_cost * relations + (p.capacity_cost + s.strategy_cost) * s.capacity
    f.profit[:] = f.sales - f.unit_cost * f.volume - standing - f.levy
