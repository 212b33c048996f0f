"""Reference, equation 9: relations end or survive, incumbents of all buyers expand first, then buyers fill the rest
from suppliers they look at.

Buyers act one after another in an order drawn each year, because a supplier's capacity can be sold once. Everything
else is computed for all pairs at once.
"""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import ONE, Floats, log32, ordered_sum
from sinos.strategies.names import STREAM_CANDIDATES, STREAM_ORDER, STREAM_SURVIVAL
from sinos.strategies.parameters import Coefficients
from sinos.strategies.random import Key, draw, draw_uniform
from sinos.strategies.reference_choice import LEAST_VOLUME, form_costs
from sinos.strategies.reference_risk import ZERO, failure_risk
from sinos.strategies.state import Buyers, Integers, Relations, Suppliers, World


def clear(r: Relations, slots: Integers) -> None:
    """Empty slots."""
    r.supplier[slots] = -1
    r.volume[slots] = 0
    r.age[slots] = 0
    r.form[slots] = -1
    r.performs[:, slots] = 0
    r.price[slots] = 0


def end_relations(w: World, p: Coefficients, key: Key, year: int) -> None:
    """End relations that do not survive or whose buyer is not active, and fit the rest to capacity and demand."""
    s, b, r = w.suppliers, w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    number = draw_uniform(key, year, STREAM_SURVIVAL, r.supplier[slots], r.buyer[slots])[0]
    kept = (number < p.kept[r.form[slots]]) & (b.active[r.buyer[slots]] == 1)
    clear(r, slots[~kept])
    slots = slots[kept]
    used = ordered_sum(r.volume[slots], r.supplier[slots], s.capacity.size)
    r.volume[slots] = r.volume[slots] * _fit(s.capacity, used)[r.supplier[slots]]
    bought = ordered_sum(r.volume[slots], r.buyer[slots], b.volume.size)
    r.volume[slots] = r.volume[slots] * _fit(b.volume, bought)[r.buyer[slots]]


def looked_at(b: Buyers, suppliers: int, key: Key, year: int) -> tuple[Integers, Integers]:
    """Return the suppliers every buyer looks at this year (all buyers in turn), and the buyer of each look.

    Each of a buyer's looks falls in its own stretch of the list of suppliers, so none is looked at twice.
    """
    looks = np.diff(b.look_start).astype(np.int64)
    buyer = np.repeat(np.arange(looks.size), looks)
    turn = np.arange(buyer.size) - b.look_start[:-1].astype(np.int64)[buyer]
    low = turn * suppliers // looks[buyer]
    high = (turn + 1) * suppliers // looks[buyer]
    word = draw(key, year, STREAM_CANDIDATES, buyer, turn)[0]
    step = (word * (high - low).astype(np.uint64)) >> np.uint64(32)
    return (low + step.astype(np.int64)).astype(np.int32), buyer.astype(np.int32)


def match(w: World, p: Coefficients, key: Key, year: int) -> None:
    """Let incumbents expand and buyers fill what they still need; note each buyer's alternative."""
    s, b, r = w.suppliers, w.buyers, w.relations
    slots = np.flatnonzero(r.supplier >= 0).astype(np.int32)
    supplier, buyer = r.supplier[slots], r.buyer[slots]
    risk = failure_risk(s, b, p, supplier, buyer)
    r.cost[slots] = form_costs(s, b, p, supplier, buyer, r.volume[slots], risk).min(axis=0)
    looks, looker = looked_at(b, s.capacity.size, key, year)
    per_slot = b.volume / np.diff(b.slot_start).astype(np.float32)
    expected = np.minimum(s.capacity[looks], per_slot[looker] * p.expected_size)
    look_cost = form_costs(s, b, p, looks, looker, expected, failure_risk(s, b, p, looks, looker)).min(axis=0)
    used = ordered_sum(r.volume[slots], supplier, s.capacity.size)
    bought = ordered_sum(r.volume[slots], buyer, b.volume.size)
    order = np.argsort(draw(key, year, STREAM_ORDER, np.arange(b.volume.size))[0], kind="stable")
    order = order[b.active[order] == 1]
    need = b.volume - bought
    for one in order:
        need[one] = _expand(s, b, r, p, int(one), used, need[one])
    for one in order:
        there = slice(b.look_start[one], b.look_start[one + 1])
        rank = min(int(p.alternative_rank), looks[there].size) - 1
        w.flows.alternative[one] = np.sort(look_cost[there])[rank]
        _fill(s, b, r, p, int(one), year, used, need[one], per_slot[one], looks[there], look_cost[there])


def _expand(
    s: Suppliers, b: Buyers, r: Relations, p: Coefficients, one: int, used: Floats, need: np.float32
) -> np.float32:
    slots = np.arange(b.slot_start[one], b.slot_start[one + 1])
    slots = slots[r.supplier[slots] >= 0]
    for slot in slots[np.argsort(r.cost[slots], kind="stable")]:
        who = r.supplier[slot]
        room = np.minimum(s.capacity[who] - used[who], s.share_cap[who] * s.capacity[who] - r.volume[slot])
        more = np.minimum(np.minimum(room, need), p.expansion * r.volume[slot])
        if more > ZERO:
            r.volume[slot] += more
            used[who] += more
            need = np.float32(need - more)
    return need


def _fill(
    s: Suppliers,
    b: Buyers,
    r: Relations,
    p: Coefficients,
    one: int,
    year: int,
    used: Floats,
    need: np.float32,
    per_slot: np.float32,
    looks: Integers,
    cost: Floats,
) -> None:
    slots = np.arange(b.slot_start[one], b.slot_start[one + 1])
    empty = slots[r.supplier[slots] < 0]
    if empty.size == 0 or need <= p.smallest_order:
        return
    shut = np.isin(looks, r.barred[slots[r.barred_until[slots] > year]]) | np.isin(looks, r.supplier[slots])
    free = s.capacity[looks] - used[looks]
    size = np.maximum(np.minimum(free, need), LEAST_VOLUME)
    unit = cost - p.scale_economy * log32(size) - s.discount[b.region[one], looks]
    taken = 0
    for look in np.argsort(unit, kind="stable"):
        if taken == empty.size or need <= p.smallest_order:
            break
        if shut[look] or cost[look] > p.reserve_cost:
            continue
        who = looks[look]
        most = np.minimum(s.capacity[who] - used[who], s.share_cap[who] * s.capacity[who])
        quantity = np.minimum(np.minimum(most, need), per_slot * p.order_size)
        if most < b.dedication[one] * s.capacity[who]:
            continue
        if b.lump[one] > ZERO:
            quantity = np.floor(quantity / b.lump[one]) * b.lump[one]
        if quantity <= p.smallest_order:
            continue
        slot = empty[taken]
        r.supplier[slot], r.volume[slot], r.cost[slot] = who, quantity, cost[look]
        used[who] += quantity
        need = np.float32(need - quantity)
        taken += 1


def _fit(limit: Floats, total: Floats) -> Floats:
    """Return the factor, at most 1, that brings a total within its limit."""
    return np.where(total > limit, limit / np.where(total > ZERO, total, ONE), ONE).astype(np.float32)
