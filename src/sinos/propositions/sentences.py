"""Estimates as sentences that need no table beside them: what changes by how much, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from sinos.propositions.claims import KINDS_OF_UPGRADING
from sinos.theory.load import load_yaml
from sinos.upgrading.rules import rules

_NAMES = {"process": "process", "product": "product", "functional": "functional", "inter_sectoral": "inter-sectoral"}


def sentence(row: Mapping[str, Any], chosen: Mapping[str, str]) -> str | None:
    """Return an estimate as a sentence: the step in the regressor, the change that goes with it, and the interval.

    Parameters
    ----------
    row
        ``design``, ``outcome``, ``term``, ``estimate``, ``low``, ``high`` of an estimate.
    chosen
        Measure that stands for each kind of upgrading.

    Returns
    -------
    str or None
        The sentence; none without an estimate.

    Examples
    --------
    >>> row = {"design": "panel", "outcome": "product", "term": "share_quasi_hierarchy",
    ...        "estimate": 0.2, "low": -0.1, "high": 0.5}
    >>> sentence(row, {"product": "relative_unit_value"})
    '10 percentage points more of sales under quasi-hierarchy: product upgrading (the price relative to rivals) is 2 % \
a year faster (95 % interval: 1 % slower to 5.1 % faster).'
    """
    if row["estimate"] is None:
        return None
    step, change = _term(row["term"])
    text, scale, more, less, unit = _outcome(row["design"], row["outcome"], chosen)
    ends = [_amount(step * row[name], scale, unit, more, less) for name in ("estimate", "low", "high")]
    per = " a year" if more == "faster" else ""
    first, word = ends[0].rsplit(" ", 1)
    return f"{change}: {text} is {first}{per} {word} (95 % interval: {ends[1]} to {ends[2]})."


def _term(name: str) -> tuple[float, str]:
    known = _words()["terms"]
    if name in known:
        return float(known[name]["step"]), str(known[name]["text"])
    year = re.fullmatch(r"year (-?\d+)", name)
    if year is None:
        return 1.0, f"one more of {name.replace('_', ' ')}"
    number = int(year[1])
    if number < 0:
        return 1.0, f"{-number} years before first entry into quasi-hierarchy (should be no difference)"
    return 1.0, "in the year of first entry into quasi-hierarchy" if number == 0 else f"{number} years after it"


def _outcome(design: str, name: str, chosen: Mapping[str, str]) -> tuple[str, str, str, str, str]:
    """Return what is spoken of, its scale, the words for more and less, and its unit."""
    known = _words()["outcomes"]
    if name in known:
        spec = known[name]
        scale = "log" if design == "hazard" else spec["scale"]
        return spec["text"], scale, spec["more"], spec["less"], ""
    ahead = re.fullmatch(r"(\w+)_ahead_(\d+)", name)
    kind = ahead[1] if ahead else name
    if kind not in KINDS_OF_UPGRADING or kind not in chosen:
        return name.replace("_", " "), "plain", "higher", "lower", "units"
    spec = _words()["measures"][chosen[kind]]
    what = spec["text"] + ("; less of it is upgrading" if rules()[chosen[kind]].sign < 0 else "")
    text, unit = f"{_NAMES[kind]} upgrading ({what})", str(spec.get("unit", ""))
    if ahead:
        years = "1 year" if ahead[2] == "1" else f"{ahead[2]} years"
        return f"{text} over the next {years}", spec["scale"], "more", "less", unit
    if design == "first_entry":
        return f"the level of {text}", spec["scale"], "higher", "lower", unit
    return text, spec["scale"], "faster", "slower", unit


def _amount(value: float, scale: str, unit: str, more: str, less: str) -> str:
    """Return a number with its unit and direction.

    Examples
    --------
    >>> _amount(-0.25, "log", "", "faster", "slower"), _amount(0.031, "share", "", "higher", "lower")
    ('22 % slower', '3.1 percentage points higher')
    >>> _amount(0.0, "sd", "", "more", "less"), _amount(9.0, "log", "", "more", "less")
    ('0 standard deviations more', '8100 times more')
    """
    size = abs(value)
    if scale == "log":
        bounded = float(np.expm1(np.clip(value, -30.0, 30.0)))
        said = f"{digits(abs(bounded), 2)} times" if bounded >= 5 else f"{digits(100 * abs(bounded), 2)} %"
    elif scale == "share":
        said = f"{digits(100 * size, 2)} percentage points"
    else:
        said = f"{digits(size, 2)} {'standard deviations' if scale == 'sd' else unit}"
    return f"{said} {more if value >= 0 else less}"


def digits(value: float | None, count: int = 3) -> str:
    """Return a number with some digits that count, without an exponent.

    Examples
    --------
    >>> digits(-0.0000603), digits(12.3456), digits(1234.5, 2), digits(None)
    ('-0.0000603', '12.3', '1200', '0')
    """
    if not value or not np.isfinite(value):
        return "0"
    return np.format_float_positional(float(f"{value:.{count}g}"), trim="-")


def spoken(code: str) -> str:
    """Return a column in words.

    Examples
    --------
    >>> spoken("share_quasi_hierarchy"), spoken("qh_given_network")
    ('share quasi-hierarchy', 'quasi-hierarchy given network')
    """
    return code.replace("qh_", "quasi_hierarchy_").replace("quasi_hierarchy", "quasi-hierarchy").replace("_", " ")


@cache
def _words() -> Mapping[str, Any]:
    return dict(load_yaml("claims")["words"])
