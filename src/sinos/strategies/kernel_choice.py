# mypy: disable-error-code="no-untyped-def"
"""Kernel: the governance form of each relation, and who performs which function; see ``reference_choice``."""

from __future__ import annotations

import numpy as np

from sinos.strategies.kernel_compile import inner
from sinos.strategies.kernel_pair import COLUMNS, COST, FREE, LEAST_COST, LOSS, QUASI_RISK, relation_costs
from sinos.strategies.kernel_scalar import HALF, ONE, larger, log1, uniform1
from sinos.strategies.kernel_work import PAIRS, TERMS, draw_pairs, padded
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

F = np.float32
SERVICES = (LOGISTICS, SOURCING)
# Further columns of the table of buyers. By service: its own overhead, and the rent it would lose by letting go.
OVERHEAD, HELD, WEAK, HOME = COLUMNS, COLUMNS + 2, COLUMNS + 4, COLUMNS + 5
# Rows of a block of pairs: four of disturbed cost, the form; by service what the supplier can and whether it is let go.
NOISY, FORM, SKILL, OWN, RENT, LET_GO = ((FREE + n) * PAIRS for n in (0, 4, 5, 7, 9, 11))


@inner
def note_functions(b, p, work):
    """Write what each buyer's division of functions rests on, beside what its costs rest on."""
    for j in range(b.volume.size):
        at = j * TERMS
        for place in range(2):
            function = SERVICES[place]
            floored = larger(b.competence[function, j], p.competence_floor)
            work.terms[at + OVERHEAD + place] = p.overhead[function] / floored
            work.terms[at + HELD + place] = b.core[function, j] * p.core_rent
        weak = (b.core[MARKETING, j] < HALF) & (b.competence[MARKETING, j] < p.marketing_competence)
        work.terms[at + WEAK] = F(weak)
        work.terms[at + HOME] = F(b.region[j] == 0)


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
def forms(rows, n):
    """Write the form of least disturbed cost, the first one if several are equal."""
    for k in range(n):
        form, best = F(MARKET), rows[NOISY + k]
        network, quasi = rows[NOISY + PAIRS + k], rows[NOISY + 2 * PAIRS + k]
        form, best = (F(NETWORK), network) if network < best else (form, best)
        form, best = (F(QUASI), quasi) if quasi < best else (form, best)
        rows[FORM + k] = F(HIERARCHY) if rows[NOISY + 3 * PAIRS + k] < best else form


@inner
def gather_services(s, work, n):
    """Write what letting go of logistics and sourcing depends on."""
    rows = work.pairs
    for k in range(n):
        i, at = work.who[k], work.whom[k] * TERMS
        for place in range(2):
            rows[SKILL + place * PAIRS + k] = s.capability[SERVICES[place], i]
            rows[OWN + place * PAIRS + k] = work.terms[at + OVERHEAD + place]
            rows[RENT + place * PAIRS + k] = work.terms[at + HELD + place]


@inner
def exposure_under(weights, loss, risk):
    """Return the buyer's exposure to a function left to an incapable supplier, given the quasi-hierarchy risk."""
    exposure, base, per_risk = weights
    return exposure * loss * (base + per_risk * risk)


@inner
def relinquish(p, rows, n):
    """Write whether the buyer lets a service go: its overhead exceeds the rent and its exposure to a weak supplier."""
    weights = (p.exposure, p.exposure_base, p.exposure_risk)
    may = ONE if p.relinquish > HALF else F(0)
    for place in range(2):
        shift = place * PAIRS
        for k in range(n):
            exposed = exposure_under(weights, rows[LOSS + k], rows[QUASI_RISK + k])
            short = ONE - rows[SKILL + shift + k]
            rows[LET_GO + shift + k] = may if rows[OWN + shift + k] > rows[RENT + shift + k] + short * exposed else F(0)


@inner
def write_choices(r, p, work, first, n):
    """Write form, cost and who performs which function to n relations of the order, from place ``first``."""
    rows, every, marketed = work.pairs, p.practise_all > HALF, p.marketing_in_networks > HALF
    for k in range(n):
        slot, at = work.order[first + k], work.whom[k] * TERMS
        form = int(rows[FORM + k])
        sold, linked = form == MARKET, form == NETWORK
        at_home = (sold & (work.terms[at + HOME] > HALF)) | every
        r.cost[slot] = rows[LEAST_COST + k]
        r.form[slot] = form
        r.performs[PROCESS, slot] = 1
        r.performs[PRODUCT, slot] = 1
        r.performs[DESIGN, slot] = sold | linked | every
        r.performs[LOGISTICS, slot] = (rows[LET_GO + k] > HALF) | at_home
        r.performs[SOURCING, slot] = (rows[LET_GO + PAIRS + k] > HALF) | at_home
        r.performs[MARKETING, slot] = ((work.terms[at + WEAK] > HALF) & (sold | (linked & marketed))) | every


@inner
def choose(s, r, p, key, year, work, part):
    """Choose the forms of relations, and who performs which function; occupied slots must be arranged."""
    begin, end = work.starts[part.blocks[0]], work.starts[part.blocks[1]]
    for first in range(begin, end, PAIRS):
        n = min(PAIRS, end - first)
        whole = padded(n)
        relation_costs(s, r, p, work, first, n)
        gather_services(s, work, n)
        draw_pairs(work, key, year, STREAM_CHOICE, whole)
        disturb(p, work, whole)
        forms(work.pairs, whole)
        relinquish(p, work.pairs, whole)
        write_choices(r, p, work, first, n)
