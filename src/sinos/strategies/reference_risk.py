"""Reference, equation 1: the risk that a unit fails, by governance form.

``pi_g = (1 - mu_g) Logit(a_0 + a_P (R_P - k_P)+ + a_Z (R_Z - k_Z)+ + a_C z (1 - chi_g))``. Inspection ``mu`` catches
failures, coordination ``chi`` tames complexity; a certificate that is not specific to the buyer does part of
inspection's work in any form.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats, logistic32
from sinos.strategies.names import PROCESS, PRODUCT
from sinos.strategies.parameters import Coefficients
from sinos.strategies.state import Buyers, Integers, Suppliers

ZERO = np.float32(0)


class Risk(NamedTuple):
    """Risk of pairs of a supplier and a buyer (K pairs): gaps, loss from a failed unit, and failure odds and risk by
    form.

    ``failure`` (4, K) is the risk before inspection, ``risk`` (4, K) after it.
    """

    process_gap: Floats
    product_gap: Floats
    loss: Floats
    failure: Floats
    risk: Floats


def failure_risk(s: Suppliers, b: Buyers, p: Coefficients, supplier: Integers, buyer: Integers) -> Risk:
    """Return the failure risk of pairs, by form."""
    z = b.complexity[buyer]
    process_gap = np.maximum(b.need_process[buyer] - s.capability[PROCESS, supplier], ZERO)
    product_gap = np.maximum(b.need_product[buyer] - s.capability[PRODUCT, supplier], ZERO)
    certified = s.certified[supplier] * p.certified_monitoring
    failure = np.empty((4, z.size), np.float32)
    risk = np.empty((4, z.size), np.float32)
    odds = p.risk_base + p.risk_process * process_gap + p.risk_product * product_gap
    for form in range(4):
        failure[form] = logistic32(odds + p.risk_complexity * z * (ONE - p.coordination[form]))
        risk[form] = (ONE - np.maximum(p.monitoring[form], certified)) * failure[form]
    loss = p.loss_base + p.loss_complexity * z + b.loss_extra[buyer]
    return Risk(process_gap, product_gap, loss, failure, risk)
