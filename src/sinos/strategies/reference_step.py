"""Reference: one simulated year. This is the specification; the compiled kernel must agree bit for bit."""

from __future__ import annotations

import numpy as np

from sinos.strategies.names import DESIGN, MARKETING
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key
from sinos.strategies.reference_capability import apply_learning, learning
from sinos.strategies.reference_choice import chosen_form, form_costs, performed
from sinos.strategies.reference_firms import close_year, replace_closed
from sinos.strategies.reference_investment import invest
from sinos.strategies.reference_matching import end_relations, match
from sinos.strategies.reference_price import settle
from sinos.strategies.reference_programme import vote
from sinos.strategies.reference_retaliation import retaliate, retaliation_chance
from sinos.strategies.reference_risk import ZERO, failure_risk
from sinos.strategies.state import World


def trade(w: World, p: Coefficients, key: Key, year: int) -> None:
    """First half of a year: relations end, firms match, forms and functions are chosen, goods are paid."""
    end_relations(w, p, key, year)
    match(w, p, key, year)
    s, b, r = w.suppliers, w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    risk = failure_risk(s, b, p, supplier, buyer)
    cost = form_costs(s, b, p, supplier, buyer, r.volume[slots], risk)
    r.cost[slots] = cost.min(axis=0)
    r.form[slots] = chosen_form(cost, p, key, year, supplier, buyer)
    r.performs[:, slots] = performed(s, b, p, supplier, buyer, r.form[slots], risk)
    settle(w, p)


def develop(w: World, p: Coefficients, key: Key, year: int) -> None:
    """Second half: suppliers learn and invest, vote, are punished or not; firms grow, close and start."""
    r, f = w.relations, w.flows
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    change = learning(w, p)
    invest(w, p, change, slots)
    exposed = []
    for place, function in enumerate((DESIGN, MARKETING)):
        chance = retaliation_chance(w, p, slots, function)
        exposed.append(np.where(f.invested[place][r.supplier[slots]] == 1, chance, ZERO).astype(np.float32))
    by_programme = vote(w, p, slots)
    apply_learning(w, p, change)
    f.retaliations[:] = 0
    retaliate(w, p, key, year, slots, (exposed[0], exposed[1], by_programme))
    close_year(w, p)
    replace_closed(w, p, key, year)
    r.age[r.supplier >= 0] += 1
