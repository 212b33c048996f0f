"""Reference, equation 3: what buyers choose to teach.

The buyer teaches until the marginal cost equals the marginal benefit: ``x* = h x benefit x q / c_x`` up to a cap,
where ``h`` is the relation's expected (discounted) duration. The benefit is the loss avoided per unit of capability:
failures for process and product, exposure for logistics and sourcing left to the supplier, the design shortfall where
the supplier designs. A buyer never teaches a core function, nor more than it knows, and nothing once the gap is
closed. The same rule holds for all functions; the published equations add co-development in network relations by
fiat, which is not needed here.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import HALF, ONE, Floats, exp32
from sinos.strategies.names import DESIGN, LOGISTICS, PROCESS, PRODUCT, SOURCING
from sinos.strategies.parameters import Coefficients
from sinos.strategies.reference_choice import design_gap, exposure
from sinos.strategies.reference_risk import ZERO, Risk
from sinos.strategies.state import Buyers, Integers, Relations, Suppliers

TWO = np.float32(2)


def expected_duration(p: Coefficients) -> Floats:
    """Return the discounted expected duration of a relation by form: ``rho / (1 - beta rho)``."""
    return np.asarray(p.survival / (ONE - p.transfer_discount * p.survival), np.float32)


def absorbed(gap: Floats, p: Coefficients) -> Floats:
    """Return what a supplier can absorb of a gap: ``G e^(-2 phi G)`` (Verspagen); far laggards absorb less."""
    return np.asarray(gap * exp32(-(TWO * p.absorption * gap)), np.float32)


def teaching(s: Suppliers, b: Buyers, r: Relations, p: Coefficients, slots: Integers, risk: Risk) -> Floats:
    """Return the yearly capability gain (6, K) from teaching in the given slots, before weighting by sales."""
    supplier, buyer, form = r.supplier[slots], r.buyer[slots], r.form[slots]
    k = s.capability[:, supplier]
    pairs = np.arange(slots.size)
    h = expected_duration(p)[form]
    scale = h * np.minimum(r.volume[slots], p.transfer_volume) / p.transfer_cost * (ONE + s.teaching[supplier])
    failure = risk.failure[form, pairs]
    slope = failure * (ONE - failure) * (ONE - p.monitoring[form] * p.monitoring_mask) * risk.loss
    gain = np.zeros((6, slots.size), np.float32)
    gain[PROCESS] = _gain(scale * (slope * p.risk_process), risk.process_gap, p.newcomer_gap, p)
    gain[PRODUCT] = _gain(scale * (slope * p.risk_product), risk.product_gap, p.newcomer_gap, p)
    exposed = exposure(p, risk)
    for function in (LOGISTICS, SOURCING, DESIGN):
        knows_more = np.maximum(b.competence[function, buyer] - k[function], ZERO)
        if function == DESIGN:
            short = design_gap(s, b, p, supplier, buyer) > ZERO
            benefit = np.where(short, p.design_shortfall, ZERO)
        else:
            benefit = exposed
        wanted = (r.performs[function, slots] == 1) & (b.core[function, buyer] < HALF)
        gain[function] = _gain(scale * np.where(wanted, benefit, ZERO), knows_more, ZERO, p)
    return gain * np.where(p.transfer > HALF, ONE, ZERO)


def _gain(effort: Floats, gap: Floats, extra: np.float32, p: Coefficients) -> Floats:
    chosen = np.minimum(p.transfer_cap, effort)
    gained = chosen * absorbed(gap + extra, p) * p.transfer_yield
    return np.where(gap > ZERO, gained, ZERO).astype(np.float32)
