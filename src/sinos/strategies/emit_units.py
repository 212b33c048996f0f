"""How a simulated world is written down: the scale and noise of records, products, and seasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Units:
    """How model units become records; every number is an assumption without a source, chosen for plausible files.

    Attributes
    ----------
    pairs
        Pairs in one unit of volume.
    price
        Currency in one unit of price.
    lot
        Typical pairs of one shipment at no complexity; time pressure (complexity) makes shipments smaller.
    lot_spread
        Spread of a buyer's lot (log points).
    most_shipments
        Most shipments of one relation in one year.
    price_noise
        Spread of a shipment's price around the relation's price (log points).
    answer_noise
        Spread of a survey answer on a scale from 0 to 1.
    accounts_noise
        Spread of recorded defect rates (log points).
    answered
        Share of survey questions answered.
    late
        Share of failures that show as a late delivery.
    wages, materials
        Shares of unit cost.
    wage
        Currency per person and year.
    """

    pairs: float = 20_000.0
    price: float = 10.0
    lot: float = 4_000.0
    lot_spread: float = 0.4
    most_shipments: int = 60
    price_noise: float = 0.06
    answer_noise: float = 0.10
    accounts_noise: float = 0.05
    answered: float = 0.9
    late: float = 0.5
    wages: float = 0.35
    materials: float = 0.55
    wage: float = 4_000.0


PRODUCTS: Final = {"640299": 0.25, "640399": 0.50, "640391": 0.65, "640359": 1.01}
"""Products, from simple to demanding, and the complexity below which a buyer mostly wants each (assumption).

The codes are those of footwear in the Harmonized System: rubber or plastic uppers; leather uppers; the same covering
the ankle; leather uppers and soles.
"""

NORTH: Final = (9, 10, 9, 6, 5, 7, 11, 12, 9, 7, 7, 8)
SOUTH: Final = (4, 5, 9, 11, 10, 6, 5, 8, 11, 12, 11, 8)
SEASONS: Final = {"far": NORTH, "regional": SOUTH, "home": SOUTH}
"""Relative number of shipments by month: spring and autumn collections, southern seasons nearer home (assumption)."""
