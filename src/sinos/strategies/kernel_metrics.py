# mypy: disable-error-code="no-untyped-def"
"""Kernel: the metrics of a year, in the order of ``metrics.METRICS``; see ``reference_metrics``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner, stage
from sinos.strategies.kernel_scalar import HALF, ZERO
from sinos.strategies.kernel_work import SUPPLIERS, clear_sums
from sinos.strategies.metrics import AFTER_TRADE, LARGE_BASE, LARGEST
from sinos.strategies.names import DESIGN, LOGISTICS, NETWORK, PROCESS, QUASI

D = np.float64
NONE = np.nan
FAR_VALUE, FAR_VOLUME, NEAR_VALUE, NEAR_VOLUME, QUASI_VALUE, QUASI_VOLUME, OWN, MAIN_VALUE, VALUE, VOLUME = range(10)
FAR_COUNT, MAIN_COUNT = 10, 11
# Rows of sums by supplier: value, and volume by what it is sold in.
SALES, LARGEST_SALE, FAR_SALES, MAIN_SALES, IN_QUASI, IN_NETWORK, FAR = (n * SUPPLIERS for n in range(7))
BY_SUPPLIER = 7
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
        totals[FAR_COUNT] += 1.0 if far else 0.0
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
            totals[MAIN_COUNT] += 1.0


@inner
def add_suppliers(b, r, main, work, low):
    """Add what a block of suppliers from ``low`` sells, as volume by what they mostly do and as value by buyer."""
    sums = work.sums
    clear_sums(work, BY_SUPPLIER)
    for place in range(work.starts[low // SUPPLIERS], work.starts[low // SUPPLIERS + 1]):
        slot = work.order[place]
        at, j = r.supplier[slot] - low, r.buyer[slot]
        volume = D(r.volume[slot])
        value = volume * D(r.price[slot])
        sums[SALES + at] += value
        sums[LARGEST_SALE + at] = max(sums[LARGEST_SALE + at], value)
        if r.form[slot] == QUASI:
            sums[IN_QUASI + at] += volume
        elif r.form[slot] == NETWORK:
            sums[IN_NETWORK + at] += volume
        if b.region[j] == 2:
            sums[FAR + at] += volume
            sums[FAR_SALES + at] += value
        if main[j] == 1:
            sums[MAIN_SALES + at] += value


@inner
def add_capabilities(s, f, sums, above, below, low, n):
    """Add capability by function, and of suppliers by what they mostly do, weighted by volume."""
    for k in range(n):
        i = low + k
        volume = D(f.volume[i])
        if not volume > 0.0:
            continue
        for function in range(6):
            above[function] += D(s.capability[function, i]) * volume
            below[function] += volume
        half = 0.5 * volume
        process, design = D(s.capability[PROCESS, i]) * volume, D(s.capability[DESIGN, i]) * volume
        if sums[IN_QUASI + k] > half:
            above[6] += process
            below[6] += volume
            above[7] += design
            below[7] += volume
        if sums[IN_NETWORK + k] > half:
            above[8] += design
            below[8] += volume
        place = 10 if sums[FAR + k] > half else 9
        above[place] += design
        below[place] += volume


@inner
def rank_largest(top, sums, ranked, part, n):
    """Put suppliers into ``top`` (value, part, all sales) if their value is among the largest, the first if equal."""
    last = top.shape[0] - 1
    for k in range(n):
        value = sums[ranked + k]
        if not value > top[last, 0]:
            continue
        at = last
        while at > 0 and value > top[at - 1, 0]:
            for column in range(3):
                top[at, column] = top[at - 1, column]
            at -= 1
        top[at, 0], top[at, 1], top[at, 2] = value, sums[part + k], sums[SALES + k]


@inner
def dependence(top):
    """Return the share of one buyer in the sales of the largest suppliers."""
    above, below = 0.0, 0.0
    for place in range(top.shape[0]):
        above += top[place, 1]
        below += top[place, 2]
    return ratio(above, below)


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


@inner
def write_money(s, b, f, totals, forms, out):
    """Write what is known of value, volume and forms."""
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


@stage
def after_trade(world, main, out, work):
    """Write the metrics that are known when goods have been paid; the occupied slots must be arranged."""
    s, b, r, _, f = world
    totals, forms = np.zeros(12, np.float64), np.zeros((2, 4), np.float64)
    sums_over_relations(b, r, main, totals, forms)
    write_money(s, b, f, totals, forms, out)
    above, below = np.zeros(11, np.float64), np.zeros(11, np.float64)
    exporters, captives = np.zeros((LARGEST, 3), np.float64), np.zeros((LARGEST, 3), np.float64)
    exporters[:, 0] = -1.0  # below any sales: those without exports come last, in the order of suppliers
    captives[:, 0] = -1.0
    for low in range(0, s.capacity.size, SUPPLIERS):
        n = min(SUPPLIERS, s.capacity.size - low)
        add_suppliers(b, r, main, work, low)
        add_capabilities(s, f, work.sums, above, below, low, n)
        rank_largest(exporters, work.sums, FAR_SALES, LARGEST_SALE, n)
        rank_largest(captives, work.sums, MAIN_SALES, MAIN_SALES, n)
    for place in range(11):
        out[18 + place] = ratio(above[place], below[place])
    out[29] = ratio(totals[OWN], totals[FAR_VOLUME])
    out[30] = ratio(totals[MAIN_VALUE], totals[FAR_VALUE])
    out[31] = dependence(exporters) if totals[FAR_COUNT] > 0.0 else NONE
    out[32] = dependence(captives) if totals[MAIN_COUNT] > 0.0 else NONE
    sizes(f, out, 33)


@stage
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
