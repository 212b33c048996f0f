"""Functions handed over: who is at risk, and what is core."""

from __future__ import annotations

import polars as pl

from sinos.propositions.variables import FUNCTIONS, function_panel


def test_what_was_handed_over_is_no_longer_at_risk() -> None:
    """Logistics goes in year 2 and is named again in year 3; design never goes."""
    keys = {"supplier": ["s"] * 3, "buyer": ["b"] * 3, "year": [1, 2, 3]}
    side = pl.DataFrame({**keys, "relinquished_function": [None, "logistics", "logistics; marketing"]})
    buyers = pl.DataFrame({"buyer": ["b"], "core_functions": ["design;branding"], "type": [None]})
    why: dict[str, str] = {}
    made = function_panel({"relations": side, "buyers": buyers}, pl.DataFrame(keys), why)
    assert why == {}
    seen = {
        name: part.select("year", "relinquished").rows()
        for (name,), part in made.group_by("function", maintain_order=True)
    }
    assert seen["logistics"] == [(1, 0.0), (2, 1.0)]
    assert seen["marketing"] == [(1, 0.0), (2, 0.0), (3, 1.0)]
    assert seen["design"] == [(1, 0.0), (2, 0.0), (3, 0.0)]
    core = dict(made.select("function", "core").unique().iter_rows())
    assert core == {name: float(name in ("design", "branding")) for name in FUNCTIONS}
