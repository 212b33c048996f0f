"""Crosswalk to the five types of Gereffi, Humphrey and Sturgeon (2005): modular is never collapsed away.

Market and hierarchy are the same in both; captive is quasi-hierarchy; network divides into modular (codified
specifications) and relational (knowledge that is hard to codify). The division uses the log odds that each indicator
gives for modular over relational, tempered as everything else, from even odds.
"""

from __future__ import annotations

import numpy as np

from sinos.governance.indicators import NETWORK, QUASI, Codes, Floats, Theory


def crosswalk(probability: Floats, levels: Codes, weight: Floats, theory: Theory) -> tuple[Floats, Floats, Floats]:
    """Return the probabilities of modular, relational and captive, each of shape (rows,).

    Examples
    --------
    >>> from sinos.governance.indicators import load_theory
    >>> theory = load_theory()
    >>> unknown = np.full((1, len(theory.indicators)), -1, dtype=np.int8)
    >>> modular, relational, captive = crosswalk(np.full((1, 4), 0.25), unknown, np.zeros(unknown.shape), theory)
    >>> float(modular[0]), float(relational[0]), float(captive[0])
    (0.125, 0.125, 0.25)
    """
    logit = np.zeros(levels.shape[0])
    for place, item in enumerate(theory.indicators):
        if item.modular.any():
            logit += weight[:, place] * np.append(item.modular, 0.0)[levels[:, place]]
    modular = probability[:, NETWORK] / (1 + np.exp(-logit))
    return modular, probability[:, NETWORK] - modular, probability[:, QUASI].copy()
