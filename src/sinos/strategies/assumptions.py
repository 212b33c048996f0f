"""The assumptions that do the work, printed with every result."""

from __future__ import annotations

from typing import Final

ILLUSTRATION: Final = (
    "This is an illustration, not a forecast: the parameters are plausible values, most of them without a source, and "
    "none was estimated from data."
)

ASSUMPTIONS: Final = (
    "Suppliers design in market and network relations; buyers design in quasi-hierarchy and hierarchy.",
    "Marketing is left to suppliers only in market relations with buyers weak in it (parameter marketing_in_networks).",
    "Buyers draw a rent from core functions, and drop suppliers whose capability threatens it.",
    "What a market can teach is bounded by its complexity; capability is a share of one world frontier.",
    "Buyers teach what pays over the expected life of a relation, never a core function, nor more than they know.",
    "Suppliers foresee the retaliation rule perfectly; strategic intent only lengthens their horizon.",
    "Replacing a lost buyer takes longer with less volume placed anew elsewhere, less idle capacity, unlike markets.",
    "The collective programme is decided by volume-weighted votes unless facilitation gives weight to heads.",
    "The main buyer takes suppliers that can give it most of their capacity (dedication), and orders in lumps.",
)
