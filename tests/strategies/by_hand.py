"""Worlds of one to three firms, small enough to reckon a year of by hand; and both engines to run it with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sinos.strategies.names import FUNCTIONS
from sinos.strategies.parameters import Coefficients, coefficients, record
from sinos.strategies.random import Key, key_of
from sinos.strategies.state import (
    Buyers,
    Programmes,
    Suppliers,
    World,
    copied,
    empty_flows,
    empty_relations,
)

ENGINES = ("reference", "compiled")
KEY = key_of(5, 0)
NEVER = 0.0
ALL = frozenset(range(6))
Half = Callable[[World, Coefficients, Key, int], None]

#: Coefficients under which nothing changes in the second half of a year; a test switches on what it is about.
STILL: dict[str, float] = {
    **{f"learning_{name}": 0.0 for name in FUNCTIONS},
    **dict.fromkeys(("transfer", "spillover", "forgetting", "invest_yield", "retaliation"), 0.0),
    **dict.fromkeys(("drawing", "retained", "capacity_response", "idle_decay"), 0.0),
}


@dataclass(frozen=True)
class Firm:
    """A supplier; capability is the same in every function unless given."""

    k: float | tuple[float, ...] = 0.5
    capacity: float = 1.0
    wealth: float = 1.0
    intent: int = 0
    cluster: int = 0
    certified: float = 0.0
    share_cap: float = 1.0
    discount: tuple[float, float, float] = (0.0, 0.0, 0.0)
    teaching: float = 0.0
    centre: float = 0.0
    assistance: float = 0.0
    strategy_cost: float = 0.0


@dataclass(frozen=True)
class Client:
    """A buyer; competence is the same in every function unless given."""

    volume: float = 1.0
    slots: int = 2
    looks: int = 0
    market: int = 0
    region: int = 2
    active: int = 1
    complexity: float = 0.5
    process: float = 0.6
    product: float = 0.6
    competence: float | tuple[float, ...] = 0.0
    core: frozenset[int] = frozenset()
    lump: float = 0.0
    dedication: float = 0.0
    exposure: float = 1.0
    loss_extra: float = 0.0


@dataclass(frozen=True)
class Tie:
    """A relation: by default supplier 0 sells 1 to buyer 0 in a market form and performs everything."""

    supplier: int = 0
    buyer: int = 0
    volume: float = 1.0
    form: int = 0
    performs: frozenset[int] = ALL
    age: int = 0
    price: float = 1.0
    cost: float = 0.0


@dataclass(frozen=True)
class Past:
    """What the first half of the year left behind, by supplier or buyer; volume follows from the ties."""

    unit_cost: float = 0.5
    profit: float = 0.0
    sales: float = 1.0
    alternative: float = 0.0
    open: Sequence[int] = field(default=(0,))
    running: Sequence[int] = field(default=(0,))


def world(
    firms: Sequence[Firm],
    clients: Sequence[Client],
    ties: Sequence[Tie] = (),
    past: Past | None = None,
    similarity: Sequence[Sequence[float]] = ((1.0,),),
) -> World:
    """Return the world of these firms."""
    before = past if past is not None else Past()
    starts = np.concatenate([[0], np.cumsum([c.slots for c in clients])]).astype(np.int32)
    looks = np.concatenate([[0], np.cumsum([c.looks or len(firms) for c in clients])]).astype(np.int32)
    made = World(
        _suppliers(firms),
        _buyers(clients, starts, looks, similarity),
        empty_relations(np.repeat(np.arange(len(clients), dtype=np.int32), np.diff(starts))),
        Programmes(
            np.array(before.open, np.uint8),
            np.array(before.running, np.uint8),
            _floats([0.0] * len(before.open)),
            _floats([0.0] * len(before.open)),
        ),
        empty_flows(len(firms), len(clients)),
    )
    r, f = made.relations, made.flows
    for tie in ties:
        slot = next(n for n in range(r.supplier.size) if r.buyer[n] == tie.buyer and r.supplier[n] < 0)
        r.supplier[slot], r.volume[slot], r.form[slot], r.age[slot] = tie.supplier, tie.volume, tie.form, tie.age
        r.price[slot], r.cost[slot] = tie.price, tie.cost
        r.performs[list(tie.performs), slot] = 1
        f.volume[tie.supplier] += np.float32(tie.volume)
    f.unit_cost[:], f.profit[:], f.sales[:] = before.unit_cost, before.profit, before.sales
    f.alternative[:] = before.alternative
    return made


def given(**changed: float) -> Coefficients:
    """Return the default coefficients with some values changed."""
    return coefficients(changed)


def still(**changed: float) -> Coefficients:
    """Return coefficients under which nothing happens in the second half of a year, with some values changed."""
    return coefficients({**STILL, **changed})


def half(name: str, engine: str) -> Half:
    """Return ``trade`` or ``develop`` of an engine."""
    from sinos.strategies import kernel_develop, kernel_trade, reference_step

    if engine == "reference":
        return {"trade": reference_step.trade, "develop": reference_step.develop}[name]
    kernel = {"trade": kernel_trade.trade, "develop": kernel_develop.develop}[name]
    return lambda w, p, key, year: kernel(w, record(p), key, year)


def after(name: str, engine: str, w: World, p: Coefficients, year: int = 3) -> World:
    """Return the world after one half of a year, leaving the given one as it was."""
    result = copied(w)
    half(name, engine)(result, p, KEY, year)
    return result


def _suppliers(firms: Sequence[Firm]) -> Suppliers:
    size = len(firms)
    return Suppliers(
        capability=_by_function([firm.k for firm in firms]),
        capacity=_floats([firm.capacity for firm in firms]),
        wealth=_floats([firm.wealth for firm in firms]),
        intent=np.array([firm.intent for firm in firms], np.uint8),
        cluster=np.array([firm.cluster for firm in firms], np.int32),
        founded=np.zeros(size, np.int32),
        certified=_floats([firm.certified for firm in firms]),
        share_cap=_floats([firm.share_cap for firm in firms]),
        discount=np.ascontiguousarray(_floats([firm.discount for firm in firms]).T),
        teaching=_floats([firm.teaching for firm in firms]),
        centre=_floats([firm.centre for firm in firms]),
        assistance=_by_function([firm.assistance for firm in firms]),
        strategy_cost=_floats([firm.strategy_cost for firm in firms]),
    )


def _buyers(clients: Sequence[Client], starts: object, looks: object, similarity: object) -> Buyers:
    return Buyers(
        slot_start=np.asarray(starts, np.int32),
        look_start=np.asarray(looks, np.int32),
        market=np.array([c.market for c in clients], np.int32),
        region=np.array([c.region for c in clients], np.int32),
        active=np.array([c.active for c in clients], np.uint8),
        volume=_floats([c.volume for c in clients]),
        complexity=_floats([c.complexity for c in clients]),
        need_process=_floats([c.process for c in clients]),
        need_product=_floats([c.product for c in clients]),
        competence=_by_function([c.competence for c in clients]),
        core=_by_function([tuple(float(f in c.core) for f in range(6)) for c in clients]),
        lump=_floats([c.lump for c in clients]),
        dedication=_floats([c.dedication for c in clients]),
        exposure=_floats([c.exposure for c in clients]),
        loss_extra=_floats([c.loss_extra for c in clients]),
        similarity=_floats(similarity),
    )


def _by_function(values: Sequence[float | tuple[float, ...]]) -> np.ndarray:
    rows = [value if isinstance(value, tuple) else (value,) * 6 for value in values]
    return np.ascontiguousarray(_floats(rows).T)


def _floats(values: object) -> np.ndarray:
    return np.array(values, np.float32)
