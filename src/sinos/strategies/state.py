"""The state of one simulated world, as named groups of arrays (structure of arrays).

Suppliers, buyers and relations are numbered from 0. A buyer has a fixed number of slots; a relation occupies one
slot, and an empty slot has supplier -1. So relations grow and shrink in number without moving memory. The groups are
named tuples because compiled code can read them by field.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sinos.strategies.arithmetic import Floats

Integers = NDArray[np.int32]
Flags = NDArray[np.uint8]


class Suppliers(NamedTuple):
    """Suppliers, N of them: what they can do, what they have, and which strategies reach them.

    ``capability`` (6, N) is the share of the world frontier by function. ``discount`` (3, N) is the support that
    makes a supplier cheaper to deal with by the buyer's region; ``share_cap`` is the largest share of capacity given
    to one buyer; ``teaching`` adds to a buyer's return on teaching; ``centre`` is the yearly help of a technology
    centre; ``assistance`` (6, N) is yearly help by function; ``certified`` is 1 or 0; ``strategy_cost`` is the yearly
    cost per unit of capacity.
    """

    capability: Floats
    capacity: Floats
    wealth: Floats
    intent: Flags
    cluster: Integers
    founded: Integers
    certified: Floats
    share_cap: Floats
    discount: Floats
    teaching: Floats
    centre: Floats
    assistance: Floats
    strategy_cost: Floats


class Buyers(NamedTuple):
    """Buyers, B of them, and markets, M of them.

    Buyer b has the slots ``slot_start[b]`` to ``slot_start[b + 1] - 1`` and looks at as many suppliers as
    ``look_start`` says likewise. ``core`` (6, B) is 1 for core functions; ``region`` is 0 home, 1 regional, 2 far;
    ``dedication`` is the
    least share of a new supplier's capacity that the buyer wants for itself; ``loss_extra`` adds to the loss from a
    failed unit; ``similarity`` (M, M) is how far sales lost in one market can be replaced in another.
    """

    slot_start: Integers
    look_start: Integers
    market: Integers
    region: Integers
    active: Flags
    volume: Floats
    complexity: Floats
    need_process: Floats
    need_product: Floats
    competence: Floats
    core: Floats
    lump: Floats
    dedication: Floats
    exposure: Floats
    loss_extra: Floats
    similarity: Floats


class Relations(NamedTuple):
    """Slots, R of them: who supplies, how much, since when, in which form, performing what, and who is barred.

    ``performs`` (6, R) is 1 for functions performed by the supplier. ``cost`` is the buyer's lowest cost per unit
    with this supplier, ``price`` what is paid per unit. ``barred`` is a supplier excluded by the buyer until the year
    ``barred_until``.
    """

    supplier: Integers
    buyer: Integers
    volume: Floats
    age: Integers
    form: Integers
    performs: Flags
    cost: Floats
    price: Floats
    barred: Integers
    barred_until: Integers


class Programmes(NamedTuple):
    """Collective programmes, one per cluster: whether a vote is open, whether it runs, and the last vote."""

    open: Flags
    running: Flags
    volume_yes: Floats
    head_yes: Floats


class Flows(NamedTuple):
    """What happened in the year, by supplier (N) or buyer (B): sales, money, investment, fear, retaliation and exit.

    ``alternative`` is each buyer's cost with the alternative it reckons with. ``invested`` (2, N) is 1 where the
    supplier invested in design and in marketing; ``gain`` and ``fear`` are the expected gain from doing so and the
    expected loss to retaliation, both functions together.
    """

    alternative: Floats
    unit_cost: Floats
    volume: Floats
    sales: Floats
    profit: Floats
    levy: Floats
    investment: Floats
    invested: Flags
    gain: Floats
    fear: Floats
    retaliations: Integers
    closed: Flags
    written_off: Floats


class World(NamedTuple):
    """Everything that changes or is needed in a simulated year."""

    suppliers: Suppliers
    buyers: Buyers
    relations: Relations
    programmes: Programmes
    flows: Flows


class Saved(NamedTuple):
    """The state of a world at the beginning of a year."""

    year: int
    world: World


def copied(world: World) -> World:
    """Return a world that shares no memory with the given one; runs that start from it leave the original as it was."""
    return World(
        Suppliers(*map(np.array, world.suppliers)),
        Buyers(*map(np.array, world.buyers)),
        Relations(*map(np.array, world.relations)),
        Programmes(*map(np.array, world.programmes)),
        Flows(*map(np.array, world.flows)),
    )


def copied_buyers(world: World) -> Buyers:
    """Return the buyers of a world in memory of their own: what shocks of later years start from."""
    return Buyers(*map(np.array, world.buyers))


def empty_flows(suppliers: int, buyers: int) -> Flows:
    """Return flows of zero for a number of suppliers and buyers."""

    def zero() -> Floats:
        return np.zeros(suppliers, np.float32)

    return Flows(
        alternative=np.zeros(buyers, np.float32),
        unit_cost=zero(),
        volume=zero(),
        sales=zero(),
        profit=zero(),
        levy=zero(),
        investment=zero(),
        invested=np.zeros((2, suppliers), np.uint8),
        gain=zero(),
        fear=zero(),
        retaliations=np.zeros(suppliers, np.int32),
        closed=np.zeros(suppliers, np.uint8),
        written_off=zero(),
    )


def empty_relations(slot_buyer: Integers) -> Relations:
    """Return empty slots for an array of the buyer of each slot."""
    size = slot_buyer.size
    return Relations(
        supplier=np.full(size, -1, np.int32),
        buyer=slot_buyer.astype(np.int32),
        volume=np.zeros(size, np.float32),
        age=np.zeros(size, np.int32),
        form=np.full(size, -1, np.int32),
        performs=np.zeros((6, size), np.uint8),
        cost=np.zeros(size, np.float32),
        price=np.zeros(size, np.float32),
        barred=np.full(size, -1, np.int32),
        barred_until=np.zeros(size, np.int32),
    )
