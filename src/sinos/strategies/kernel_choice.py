# mypy: disable-error-code="no-untyped-def"
"""Kernel: the governance form of each relation, and who performs which function; see ``reference_choice``."""

from __future__ import annotations

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_pair import COST, FREE, QUASI_RISK, least_cost, slot_costs
from sinos.strategies.kernel_scalar import HALF, ONE, larger, log1, uniform1
from sinos.strategies.kernel_work import PAIRS, draw_pairs, padded
from sinos.strategies.names import (
    DESIGN,
    HIERARCHY,
    LOGISTICS,
    MARKET,
    MARKETING,
    NETWORK,
    PROCESS,
    PRODUCT,
    QUASI,
    SOURCING,
    STREAM_CHOICE,
)

NOISY = FREE * PAIRS  # four rows, by form


@inner
def disturb(p, work, n):
    """Write the four costs with their Gumbel disturbance."""
    rows, words, noise = work.pairs, work.words, p.choice_noise
    for form in range(4):
        shift = form * PAIRS
        for k in range(n):
            rows[NOISY + shift + k] = uniform1(words[shift + k])
    for form in range(4):
        shift = form * PAIRS
        for k in range(n):
            rows[NOISY + shift + k] = rows[COST + shift + k] + noise * log1(-log1(rows[NOISY + shift + k]))


@inner
def form_of(rows, k):
    """Return the form of least disturbed cost, the first one if several are equal."""
    form, best = MARKET, rows[NOISY + k]
    if rows[NOISY + PAIRS + k] < best:
        form, best = NETWORK, rows[NOISY + PAIRS + k]
    if rows[NOISY + 2 * PAIRS + k] < best:
        form, best = QUASI, rows[NOISY + 2 * PAIRS + k]
    if rows[NOISY + 3 * PAIRS + k] < best:
        form = HIERARCHY
    return form


@inner
def exposure_under(p, loss, risk):
    """Return the buyer's exposure to a function left to an incapable supplier, given the quasi-hierarchy risk."""
    return p.exposure * loss * (p.exposure_base + p.exposure_risk * risk)


@inner
def divide_functions(s, b, r, p, loss, slot, risk):
    """Set who performs which function in one slot, given its form and the risk under quasi-hierarchy."""
    i, j, form = r.supplier[slot], r.buyer[slot], r.form[slot]
    every = p.practise_all > HALF
    r.performs[PROCESS, slot] = 1
    r.performs[PRODUCT, slot] = 1
    r.performs[DESIGN, slot] = form in (MARKET, NETWORK) or every
    exposed = exposure_under(p, loss, risk)
    home_market = form == MARKET and b.region[j] == 0
    for function in (LOGISTICS, SOURCING):
        own = p.overhead[function] / larger(b.competence[function, j], p.competence_floor)
        let_go = own > b.core[function, j] * p.core_rent + (ONE - s.capability[function, i]) * exposed
        r.performs[function, slot] = (let_go and p.relinquish > HALF) or home_market or every
    weak = b.core[MARKETING, j] < HALF and b.competence[MARKETING, j] < p.marketing_competence
    left = form == MARKET or (form == NETWORK and p.marketing_in_networks > HALF)
    r.performs[MARKETING, slot] = (weak and left) or every


@inner
def choose(s, b, r, p, key, year, j, t, work):
    """Choose the forms of all relations of buyer j, and who performs which function."""
    rows = work.pairs
    for first in range(b.slot_start[j], b.slot_start[j + 1], PAIRS):
        n = min(PAIRS, b.slot_start[j + 1] - first)
        slot_costs(s, r, t, work, first, n)
        whole = padded(n)
        for k in range(whole):
            work.whom[k] = j
        draw_pairs(work, key, year, STREAM_CHOICE, whole)
        disturb(p, work, whole)
        for k in range(n):
            slot = first + k
            if r.supplier[slot] >= 0:
                r.cost[slot] = least_cost(rows, k)
                r.form[slot] = form_of(rows, k)
                divide_functions(s, b, r, p, t.loss, slot, rows[QUASI_RISK + k])
