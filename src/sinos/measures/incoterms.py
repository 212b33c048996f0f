"""Delivery terms: which steps of the physical flow the supplier performs (question 3 of Humphrey & Schmitz 2002)."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

STEPS = 7
"""Number of steps of the physical flow that are told apart."""


@cache
def terms() -> Mapping[str, int]:
    """Return the number of steps, out of :data:`STEPS`, that the supplier performs under each Incoterm.

    The packaged table ``theory/incoterms.csv`` says which steps these are.

    Examples
    --------
    >>> terms()["EXW"], terms()["FOB"], terms()["DDP"]
    (0, 4, 7)
    """
    text = files("sinos.theory").joinpath("incoterms.csv").read_text(encoding="utf-8")
    found: dict[str, int] = {}
    for row in csv.DictReader(text.splitlines()):
        term = row.pop("term")
        row.pop("rules")
        found[term] = sum(int(flag) for flag in row.values())
    return found


def steps(incoterm: ir.Value) -> ir.Value:
    """Return the steps the supplier performs under a term; null for a term that is not an Incoterm.

    Only the first three letters count, so that ``FOB SANTOS`` is read as ``FOB``.
    """
    term = incoterm.strip().substr(0, 3)
    return ibis.cases(*[(term == name, float(count)) for name, count in terms().items()], else_=None)
