"""Periods shorter than a year: the one place where yearly coefficients become those of a quarter.

Volumes, capacities, sales, profits and costs stay rates a year whatever the period, so no equation and no threshold
changes its unit. What happens *over* a period is converted:

- a share of what is left (learning, forgetting, decay): ``1 - (1 - y)^(1/n)``, and survival: ``rho^(1/n)``;
- a rate of growth (expansion, capacity): ``(1 + g)^(1/n) - 1``;
- what a flow adds to a stock (retained profit, what teaching adds): ``y / n``;
- suppliers looked at, and the rank of the alternative among them: ``y / n``, rounded up (a buyer looks at least at as
  many suppliers as it has places for);
- a duration that is counted in periods (age of a relation, years of exclusion): ``n y``.

Investment, the vote on the programme, the retaliation that follows either, and closure for want of orders are yearly
decisions: they fall in the last period of a year, with their yearly size. Horizons and discounts belong to these
decisions and stay yearly; so does the expected life of a relation, in years, from which teaching and the time to
replace a buyer follow. Form, price and match are chosen anew in every period.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

from sinos.strategies.parameters import Coefficients

Period = Literal["year", "quarter"]

PARTS: Final[dict[str, int]] = {"year": 1, "quarter": 4}
"""Periods in a year."""

SHARES: Final = ("learning", "spillover", "forgetting", "programme_yield", "drawing", "idle_decay", "capacity_fall")
GROWTH: Final = ("expansion", "capacity_rise")
ADDED: Final = ("retained", "transfer_yield", "capacity_response")
LOOKED: Final = ("candidates", "alternative_rank")
COUNTED: Final = ("exclusion_years", "specificity_years")
YEARLY: Final = {"invest_yield": 0.0, "programme_quorum": 2.0, "capacity_exit": -1.0}
"""Values with which nobody invests, no vote passes and nobody closes for want of orders, before a year's last period.
"""


def share_of(yearly: Any, parts: int) -> Any:
    """Return the share of what is left that goes in one of several equal periods, if ``yearly`` goes in a year.

    Examples
    --------
    >>> float(share_of(0.75, 2)), float(share_of(0.3, 1))
    (0.5, 0.3)
    """
    return yearly if parts == 1 else 1.0 - np.maximum(1.0 - np.asarray(yearly, np.float64), 0.0) ** (1.0 / parts)


def growth_of(yearly: Any, parts: int) -> Any:
    """Return the rate of growth in one of several equal periods, if it is ``yearly`` in a year.

    Examples
    --------
    >>> float(growth_of(0.44, 2).round(6))
    0.2
    """
    return yearly if parts == 1 else np.maximum(1.0 + np.asarray(yearly, np.float64), 0.0) ** (1.0 / parts) - 1.0


def of_period(p: Coefficients, parts: int, part: int) -> Coefficients:
    """Return the coefficients of one period from those of its year.

    Parameters
    ----------
    p
        Coefficients of the year.
    parts
        Periods in a year; with 1 the coefficients are returned as they are.
    part
        Which of them, from 0.

    Examples
    --------
    >>> from sinos.strategies.parameters import coefficients
    >>> year = coefficients()
    >>> quarter = of_period(year, 4, 0)
    >>> [round(float(one.kept[0]), 4) for one in (year, quarter)]  # 0.35 to the power of a quarter
    [0.35, 0.7692]
    """
    if parts == 1:
        return p
    changed: dict[str, Any] = {"kept": np.asarray(p.survival, np.float64) ** (1.0 / parts)}
    changed |= {name: share_of(getattr(p, name), parts) for name in SHARES}
    changed |= {name: growth_of(getattr(p, name), parts) for name in GROWTH}
    changed |= {name: np.asarray(getattr(p, name), np.float64) / parts for name in ADDED}
    changed |= {name: np.ceil(getattr(p, name) / parts) for name in LOOKED}
    changed |= {name: np.asarray(getattr(p, name), np.float64) * parts for name in COUNTED}
    if changed["programme_yield"] > 0:
        # The vote weighs a year's gain, whatever the period.
        changed["programme_gain"] = p.programme_gain * (p.programme_yield / changed["programme_yield"])
    if part < parts - 1:
        changed |= YEARLY
    rounded: dict[str, Any] = {name: np.asarray(value, np.float32)[()] for name, value in changed.items()}
    return p._replace(**rounded)
