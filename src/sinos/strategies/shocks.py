"""How the shocks of a scenario change buyers and coefficients, year by year."""

from __future__ import annotations

import numpy as np

from sinos.strategies.arithmetic import Floats
from sinos.strategies.build import group_of_buyers
from sinos.strategies.parameters import Coefficients
from sinos.strategies.scenario import Scenario, Shock
from sinos.strategies.state import Buyers, Flags


def under_way(shock: Shock, year: int) -> bool:
    """Tell whether a shock acts in a year."""
    return shock.start <= year and (shock.end is None or year <= shock.end)


def coefficients_under(p: Coefficients, scenario: Scenario, year: int) -> Coefficients:
    """Return the coefficients in a year: the entrant's price and quality, and the exchange rate."""
    for shock in scenario.shocks:
        if not under_way(shock, year):
            continue
        if shock.kind == "low_cost_entrant":
            quality = float(p.entrant_quality) if shock.quality is None else shock.quality
            p = p._replace(
                entrant_price=np.float32(p.entrant_price * np.float32(1.0 - shock.price)),
                entrant_quality=np.float32(quality + shock.drift * (year - shock.start)),
            )
        elif shock.kind == "exchange_rate":
            p = p._replace(exchange=np.float32(p.exchange * np.float32(1.0 + shock.size)))
    return p


def turns(scenario: Scenario) -> tuple[int, ...]:
    """Return the years in which buyers change: a market opens, a shock begins, or one has ended."""
    years = {market.opens for market in scenario.markets} | {shock.start for shock in scenario.shocks}
    return tuple(sorted(years | {shock.end + 1 for shock in scenario.shocks if shock.end is not None}))


def set_buyers(buyers: Buyers, start: Buyers, scenario: Scenario, year: int) -> None:
    """Set the buyers' volume, requirements and activity of a year from those at the start and the shocks under way."""
    buyers.volume[:] = start.volume
    buyers.need_product[:] = start.need_product
    buyers.loss_extra[:] = start.loss_extra
    opens = np.array([market.opens for market in scenario.markets])
    open_now = (opens[buyers.market] <= year).astype(np.uint8)
    for shock in scenario.shocks:
        if not under_way(shock, year):
            continue
        hit = _hit(scenario, buyers, shock)
        size = np.float32(shock.size)
        if shock.kind == "demand_fall":
            buyers.volume[hit] *= np.float32(1) - size
        elif shock.kind == "buyer_exit":
            open_now[hit] = 0
        elif shock.kind == "retail_concentration":
            _concentrate(buyers.volume, hit, size)
        elif shock.kind == "new_standard":
            buyers.need_product[hit] = np.minimum(buyers.need_product[hit] + size, np.float32(1))
            buyers.loss_extra[hit] += size
    buyers.active[:] = open_now & (buyers.volume > 0)


def _hit(scenario: Scenario, buyers: Buyers, shock: Shock) -> Flags:
    """Return which buyers a shock meets: those of its group, of its market, or all."""
    hit = np.ones(buyers.volume.size, bool)
    if shock.buyers is not None:
        names = [group.name for group in scenario.buyers]
        hit &= group_of_buyers(scenario) == names.index(shock.buyers)
    if shock.market is not None:
        hit &= buyers.market == [market.name for market in scenario.markets].index(shock.market)
    return np.asarray(hit)


def _concentrate(volume: Floats, hit: Flags, size: np.float32) -> None:
    """Move a share of the others' volume to the largest buyer met by the shock."""
    there = np.flatnonzero(hit)
    if there.size < 2:
        return
    largest = there[np.argmax(volume[there])]
    others = there[there != largest]
    moved = np.float32(np.cumsum(volume[others] * size, dtype=np.float64)[-1])
    volume[others] *= np.float32(1) - size
    volume[largest] += moved
