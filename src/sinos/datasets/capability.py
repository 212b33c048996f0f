"""What firms can do: capability learnt from the markets that they sell to, and the functions they perform."""

from __future__ import annotations

import numpy as np

from sinos.datasets.scenario import Flags, Floats, Scenario

FUNCTIONS = ("production", "sourcing", "logistics", "design", "marketing", "branding")
"""Functions, in the order of the function axis."""


def grow(scenario: Scenario, mix: Floats, intent: Floats) -> Floats:
    """Return capability by firm, year and kind (N x T x 6), as a share of the world frontier.

    Each year the gap to a market's ceiling closes at the market's rate, weighted by the market's share of the firm's
    sales and multiplied by the firm's intent; design and marketing fade where they are not practised. The rule is the
    capability equation of the model (learning by doing, bounded by the market) with the rates as assumptions.

    Parameters
    ----------
    mix
        Shares of a firm's sales by market (N x T x 4: US, EU, Latin America, home).
    intent
        Multiple on the speed of learning (N).
    """
    block = scenario.values["capability"]
    rate, ceiling = scenario.table("capability", "rate"), scenario.table("capability", "ceiling")
    firms, years, _ = mix.shape
    level = np.empty((firms, years, len(block["names"])))
    level[:, 0] = block["start"]
    fades = np.array([name in {"design", "marketing"} for name in block["names"]])
    for year in range(1, years):
        before, shares = level[:, year - 1], mix[:, year]
        gap = np.maximum(ceiling[None] - before[:, None], 0.0)
        learning = intent[:, None] * np.einsum("im,mk,imk->ik", shares, rate, gap)
        idle = shares[:, :1] * fades[None, :] * block["forgetting"] * before
        level[:, year] = np.clip(before + learning - idle, 0.0, 1.0)
    return level


def perform(scenario: Scenario, capability: Floats, logistics: Flags) -> Flags:
    """Return which functions each firm performs in each year (N x T x 6).

    Parameters
    ----------
    capability
        Capability by firm, year and kind.
    logistics
        Whether most of the firm's exports are shipped under its own responsibility (N x T).
    """
    names, bound = scenario.values["capability"]["names"], scenario.values["thresholds"]
    level = {name: capability[:, :, position] for position, name in enumerate(names)}
    done = {
        "production": np.ones_like(logistics),
        "sourcing": level["sourcing"] >= bound["sourcing"],
        "logistics": logistics,
        "design": level["design"] >= bound["design"],
        "marketing": level["marketing"] >= bound["marketing"],
        "branding": level["marketing"] >= bound["branding"],
    }
    return np.stack([done[name] for name in FUNCTIONS], axis=2)
