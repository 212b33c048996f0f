"""Re-match: how long a supplier that lost its main buyer takes to find a comparable relation.

A supplier loses its main buyer in year y when the two trade in y, y + 1 is fully covered, and they do not trade in y
+ 1. It
is then followed for as many consecutive fully covered years as there are, at most
:data:`~sinos.measures.coverage.HORIZON`; each is one
year of exposure, also when the supplier has vanished from the records. It re-matches in the first of them in which a
relation
that never traded before brings at least half of the value lost. Hazards are estimated by tercile of market thickness
and
pooled: the posterior mean of a Beta-Binomial whose prior has the file-wide hazard as its mean and the weight of
:data:`PRIOR_YEARS` years of exposure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import polars as pl

from sinos.measures.coverage import HORIZON
from sinos.measures.exact import attach

if TYPE_CHECKING:
    import ibis.expr.types as ir

PRIOR_YEARS = 10.0
"""Weight of the prior, in years of exposure."""

HALF = 0.5
"""Share of the value lost that the new relation must bring."""

TERCILES = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Hazard:
    """A yearly hazard with what it was estimated from; without any event in the file there is none to estimate."""

    exposure: float
    events: float
    hazard: float | None


def pooled(exposure: Any, events: Any, all_exposure: float, all_events: float) -> Any:
    """Return the posterior mean of a yearly hazard under a Beta prior centred on the pooled hazard.

    Parameters
    ----------
    exposure, events
        Years at risk and events of the group: numbers or expressions.
    all_exposure, all_events
        The same over all groups; the prior mean is ``(events + 0.5) / (exposure + 1)``.

    Examples
    --------
    >>> round(pooled(10, 4, 20, 8), 4)  # prior mean 8.5 / 21
    0.4024
    """
    prior = (all_events + 0.5) / (all_exposure + 1.0)
    return (events + PRIOR_YEARS * prior) / (exposure + PRIOR_YEARS)


def losses(suppliers: ir.Table, relations: ir.Table, years: ir.Table) -> ir.Table:
    """Return the supplier-years after which the main buyer was lost, with the exposure that follows.

    Parameters
    ----------
    suppliers
        ``supplier``, ``year``, ``main_buyer``, ``main_value`` and ``tercile``.
    relations
        Relation-years: ``supplier``, ``buyer``, ``year``.
    years
        :func:`~sinos.measures.coverage.year_table`.
    """
    table = attach(suppliers, years.select("year", "run"), ["year"])
    table = table.filter((table.run > 0) & (table.main_value > 0))
    next_year = relations.select("supplier", main_buyer=relations.buyer, year=(relations.year - 1).cast("int32"))
    return table.anti_join(next_year, ["supplier", "main_buyer", "year"])


def newcomers(relations: ir.Table) -> ir.Table:
    """Return the largest value that each supplier's relations in their first year bring, by year."""
    new = relations.filter(relations.year == relations.first_year)
    return new.group_by(["supplier", "year"]).aggregate(new_value=new.value.max())


def followed(lost: ir.Table, new: ir.Table) -> ir.Table:
    """Sum losses to exposure and re-matches per tercile of market thickness (null where not known)."""
    found = lost.select("supplier", "year", "run", "main_value").inner_join(
        new.select(new_supplier=new.supplier, new_year=new.year, new_value=new.new_value),
        [("supplier", "new_supplier")],
    )
    wait = found.new_year - found.year
    found = found.mutate(wait=wait)
    hit = found.filter(
        (found.wait >= 1)
        & (found.wait <= HORIZON)
        & (found.wait <= found.run)
        & (found.new_value >= HALF * found.main_value)
    )
    first = hit.group_by(["supplier", "year"]).aggregate(wait=hit.wait.min())
    table = attach(lost, first, ["supplier", "year"])
    return table.group_by("tercile").aggregate(
        losses=table.count().cast("float64"),
        exposure=table.wait.fill_null(table.run).cast("float64").sum(),
        events=table.wait.count().cast("float64"),
    )


def hazards(sums: pl.DataFrame) -> dict[int | None, Hazard]:
    """Return the pooled hazard of every tercile, and of unknown thickness (key ``None``); empty when nothing was lost.

    Where nobody re-matched there is no hazard: its inverse, the years until a re-match, would be a number of centuries
    made by the prior alone. The records of one buyer always end so, since no other buyer can be seen in them.

    Parameters
    ----------
    sums
        ``tercile``, ``exposure``, ``events``.
    """
    exposure, events = float(sums["exposure"].sum()), float(sums["events"].sum())
    if exposure == 0:
        return {}
    groups = {row["tercile"]: row for row in sums.iter_rows(named=True)}
    found: dict[int | None, Hazard] = {}
    for tercile in (*TERCILES, None):
        row = groups.get(tercile, {"exposure": 0.0, "events": 0.0})
        hazard = pooled(row["exposure"], row["events"], exposure, events) if events else None
        found[tercile] = Hazard(row["exposure"], row["events"], hazard)
    return found


def tercile(thickness: ir.Value, low: float | None, high: float | None) -> ir.Value:
    """Return 0, 1 or 2 for thin, middling and thick markets; null where thickness is not known."""
    if low is None or high is None:
        return ibis.null("int8")
    return ibis.cases((thickness.isnull(), None), (thickness <= low, 0), (thickness <= high, 1), else_=2).cast("int8")


def rematch_years(tercile_of: ir.Value, found: dict[int | None, Hazard]) -> ir.Value:
    """Return the expected years until a re-match, 1 / hazard; null when no hazard could be estimated."""
    years = {key: 1.0 / value.hazard for key, value in found.items() if value.hazard}
    if not years:
        return ibis.null("float64")
    known = [(tercile_of == key, value) for key, value in years.items() if key is not None]
    return ibis.cases(*known, else_=years[None])


def as_table(found: dict[int | None, Hazard]) -> pl.DataFrame:
    """Return the hazards as a table: thickness, exposure, events, hazard."""
    names = {0: "thin", 1: "middling", 2: "thick", None: "unknown"}
    rows = [(names[key], value.exposure, value.events, value.hazard) for key, value in found.items()]
    schema = {"thickness": pl.String, "exposure": pl.Float64, "events": pl.Float64, "hazard": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
