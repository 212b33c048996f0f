"""Names and positions used throughout the model: functions, governance forms, random streams."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = ("process", "product", "logistics", "sourcing", "design", "marketing")
"""Functions a supplier can be capable of, in the order of the rows of every capability array."""

FORMS: Final = ("market", "network", "quasi_hierarchy", "hierarchy")
"""Governance forms, in the order of the columns of every array by form."""

PROCESS: Final = 0
PRODUCT: Final = 1
LOGISTICS: Final = 2
SOURCING: Final = 3
DESIGN: Final = 4
MARKETING: Final = 5

MARKET: Final = 0
NETWORK: Final = 1
QUASI: Final = 2
HIERARCHY: Final = 3

# Streams: the third counter word of the generator is year * 256 + stream, so that no two uses share a draw.
STREAM_SURVIVAL: Final = 1
STREAM_ORDER: Final = 2
STREAM_CANDIDATES: Final = 3
STREAM_CHOICE: Final = 4
STREAM_RETALIATION: Final = 5
STREAM_ENTRY: Final = 6
STREAM_ENTRY_NOISE: Final = 7
STREAM_SUPPLIER: Final = 8
STREAM_BUYER: Final = 9
STREAM_TARGET: Final = 10
