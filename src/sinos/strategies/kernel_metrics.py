# mypy: disable-error-code="no-untyped-def"
"""Kernel: the metrics of a year, in the order of ``metrics.METRICS``; see ``reference_metrics``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import compiled, inner
from sinos.strategies.kernel_scalar import HALF, ZERO
from sinos.strategies.metrics import AFTER_TRADE, LARGE_BASE, LARGEST
from sinos.strategies.names import DESIGN, LOGISTICS, NETWORK, PROCESS, QUASI

D = np.float64
NONE = np.nan
FAR_VALUE, FAR_VOLUME, NEAR_VALUE, NEAR_VOLUME, QUASI_VALUE, QUASI_VOLUME, OWN, MAIN_VALUE, VALUE, VOLUME = range(10)
SHARE_OF_LARGE = 3.0 * LARGE_BASE


@inner
def ratio(above, below):
    """Return a share, not-a-number where it has no base."""
    return above / below if below > 0.0 else NONE


@inner
def sums_over_relations(b, r, main, totals, forms):
    """Add volume and value of relations into ``totals``, and volume by far or near and form into ``forms``."""
    for slot in range(r.supplier.size):
        if r.supplier[slot] < 0:
            continue
        volume = D(r.volume[slot])
        value = volume * D(r.price[slot])
        far = b.region[r.buyer[slot]] == 2
        totals[VALUE] += value
        totals[VOLUME] += volume
        totals[FAR_VALUE if far else NEAR_VALUE] += value
        totals[FAR_VOLUME if far else NEAR_VOLUME] += volume
        if r.form[slot] >= 0:
            forms[0 if far else 1, r.form[slot]] += volume
        if r.form[slot] == QUASI:
            totals[QUASI_VALUE] += value
            totals[QUASI_VOLUME] += volume
        if far and r.performs[LOGISTICS, slot] == 1:
            totals[OWN] += volume
        if main[r.buyer[slot]] == 1:
            totals[MAIN_VALUE] += value


@inner
def capabilities(s, b, r, f, out, n):
    """Write capability by function, and of suppliers by what they mostly do; return the next place."""
    size = s.capacity.size
    mostly = np.zeros((size, 3), np.float64)
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i < 0:
            continue
        volume = D(r.volume[slot])
        if r.form[slot] == QUASI:
            mostly[i, 0] += volume
        elif r.form[slot] == NETWORK:
            mostly[i, 1] += volume
        if b.region[r.buyer[slot]] == 2:
            mostly[i, 2] += volume
    whole = 0.0
    above, below = np.zeros(5, np.float64), np.zeros(5, np.float64)
    by_function = np.zeros(6, np.float64)
    for i in range(size):
        volume = D(f.volume[i])
        whole += volume
        for function in range(6):
            by_function[function] += D(s.capability[function, i]) * volume
        if not volume > 0.0:
            continue
        half = 0.5 * volume
        process, design = D(s.capability[PROCESS, i]) * volume, D(s.capability[DESIGN, i]) * volume
        if mostly[i, 0] > half:
            above[0] += process
            below[0] += volume
            above[1] += design
            below[1] += volume
        if mostly[i, 1] > half:
            above[2] += design
            below[2] += volume
        place = 4 if mostly[i, 2] > half else 3
        above[place] += design
        below[place] += volume
    for function in range(6):
        out[n + function] = ratio(by_function[function], whole)
    for place in range(5):
        out[n + 6 + place] = ratio(above[place], below[place])
    return n + 11


@inner
def dependence(values, column, part, whole):
    """Return the share ``part`` has in ``whole`` for the suppliers with the largest values in a column."""
    size = values.shape[0]
    number = min(LARGEST, size)
    top = np.full(LARGEST, -1, np.int64)
    for i in range(size):
        at = number
        while at > 0 and (top[at - 1] < 0 or values[i, column] > values[top[at - 1], column]):
            at -= 1
        for place in range(number - 1, at, -1):
            top[place] = top[place - 1]
        if at < number:
            top[at] = i
    above, below = 0.0, 0.0
    for place in range(number):
        above += values[top[place], part]
        below += values[top[place], whole]
    return ratio(above, below)


@inner
def concentration(s, b, r, main, totals, out, n):
    """Write the main buyer's share and how far suppliers depend on one buyer; return the next place."""
    sales = np.zeros((s.capacity.size, 4), np.float64)  # all, the largest, to main buyers, to far markets
    any_far, any_main = False, False
    for slot in range(r.supplier.size):
        i = r.supplier[slot]
        if i < 0:
            continue
        value = D(r.volume[slot]) * D(r.price[slot])
        sales[i, 0] += value
        sales[i, 1] = max(sales[i, 1], value)
        if main[r.buyer[slot]] == 1:
            sales[i, 2] += value
            any_main = True
        if b.region[r.buyer[slot]] == 2:
            sales[i, 3] += value
            any_far = True
    out[n] = ratio(totals[MAIN_VALUE], totals[FAR_VALUE])
    out[n + 1] = dependence(sales, 3, 1, 0) if any_far else NONE
    out[n + 2] = dependence(sales, 2, 2, 0) if any_main else NONE
    return n + 3


@inner
def sizes(f, out, n):
    """Write the number of selling and of large suppliers, and the share of the large."""
    active, large, whole, of_large = 0, 0, 0.0, 0.0
    for i in range(f.volume.size):
        volume = D(f.volume[i])
        whole += volume
        active += 1 if volume > 0.0 else 0
        if volume > SHARE_OF_LARGE:
            large += 1
            of_large += volume
    out[n] = active
    out[n + 1] = ratio(of_large, whole)
    out[n + 2] = large


@compiled
def after_trade(world, main, out):
    """Write the metrics that are known when goods have been paid."""
    s, b, r, _, f = world
    totals, forms = np.zeros(10, np.float64), np.zeros((2, 4), np.float64)
    sums_over_relations(b, r, main, totals, forms)
    profit, wealth, demanded = 0.0, 0.0, 0.0
    for i in range(s.capacity.size):
        profit += D(f.profit[i])
        wealth += D(s.wealth[i])
    for j in range(b.volume.size):
        if b.active[j] == 1:
            demanded += D(b.volume[j])
    out[0] = totals[FAR_VALUE]
    out[1] = totals[FAR_VOLUME]
    out[2] = totals[NEAR_VALUE]
    out[3] = ratio(totals[FAR_VALUE], totals[FAR_VOLUME])
    out[4] = ratio(totals[NEAR_VALUE], totals[NEAR_VOLUME])
    out[5] = ratio(totals[QUASI_VALUE], totals[QUASI_VOLUME])
    out[6] = profit
    out[7] = ratio(profit, totals[VALUE])
    out[8] = wealth
    out[9] = ratio(max(demanded - totals[VOLUME], 0.0), demanded)
    for form in range(4):
        out[10 + form] = ratio(forms[0, form], totals[FAR_VOLUME])
        out[14 + form] = ratio(forms[1, form], totals[NEAR_VOLUME])
    n = capabilities(s, b, r, f, out, 18)
    out[n] = ratio(totals[OWN], totals[FAR_VOLUME])
    n = concentration(s, b, r, main, totals, out, n + 1)
    sizes(f, out, n)


@compiled
def after_development(world, out):
    """Write the metrics that are known at the end of the year."""
    _, _, _, c, f = world
    selling, investing, afraid, retaliations, closed = 0, 0, 0, 0, 0
    for i in range(f.volume.size):
        selling += f.volume[i] > ZERO
        investing += f.invested[0, i] == 1
        afraid += f.volume[i] > ZERO and f.gain[i] > ZERO and f.fear[i] > HALF * f.gain[i]
        retaliations += int(f.retaliations[i])
        closed += int(f.closed[i])
    running, volume_yes, head_yes = 0, 0.0, 0.0
    for n in range(c.running.size):
        running += c.running[n] != 0
        volume_yes += D(c.volume_yes[n])
        head_yes += D(c.head_yes[n])
    out[AFTER_TRADE] = ratio(D(investing), D(selling))
    out[AFTER_TRADE + 1] = ratio(D(afraid), D(selling))
    out[AFTER_TRADE + 2] = retaliations
    out[AFTER_TRADE + 3] = closed
    out[AFTER_TRADE + 4] = running / c.running.size
    out[AFTER_TRADE + 5] = volume_yes / c.running.size
    out[AFTER_TRADE + 6] = head_yes / c.running.size
