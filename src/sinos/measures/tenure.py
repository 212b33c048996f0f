"""Tenure, entry, ending and exclusivity of relations, honouring what the records cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from sinos.measures.exact import attach

if TYPE_CHECKING:
    import ibis.expr.types as ir

KEY = ["supplier", "buyer", "year"]


def with_coverage(table: ir.Table, years: ir.Table, buyers: ir.Table | None, suppliers: ir.Table | None) -> ir.Table:
    """Tell for every relation-year what absence in the neighbouring years means.

    A year counts as full for a relation only when it is full for the file, for its buyer and for its supplier,
    where the coverage table lists them.

    Parameters
    ----------
    years
        :func:`~sinos.measures.coverage.year_table`.
    buyers, suppliers
        The same per reporter with its code in the column of that name; ``None`` when no reporter is listed.
    """
    flags = ("previous_full", "later_full")
    table = attach(table, years.select("year", *flags, "covered_index"), ["year"])
    for side, reporters in (("buyer", buyers), ("supplier", suppliers)):
        if reporters is None:
            continue
        names = {f"{side}_{name}": reporters[name] for name in flags}
        table = attach(table, reporters.select(side, "year", **names), [side, "year"])
        worse = {n: ibis.least(table[n], table[f"{side}_{n}"].fill_null(1)) for n in flags}
        table = table.mutate(**worse).drop(*names)
    return table


def histories(table: ir.Table) -> ir.Table:
    """Add tenure, left-censoring, entry and ending to relation-years that carry their coverage.

    ``first_year`` is the relation's first recorded year. The relation is left-censored when the year before that is not
    fully covered: it may then be older than recorded.
    """
    pair = ibis.window(group_by=["supplier", "buyer"], order_by="year")
    whole = ibis.window(group_by=["supplier", "buyer"])
    table = table.mutate(
        previous_year=table.year.lag().over(pair),
        censored_here=(1 - table.previous_full).first().over(pair),
        first_year=table.year.min().over(whole),
        last_year=table.year.max().over(whole),
    )
    return table.mutate(
        tenure_years=table.year - table.first_year + 1,
        tenure_left_censored=table.censored_here,
        entry=entry(table),
        ended=ibis.cases((table.last_year > table.year, 0), (table.later_full == 1, 1), else_=None),
    ).drop("censored_here", "previous_year", "last_year")


def entry(table: ir.Table) -> ir.Value:
    """Return new, continuing, re_entry or unknown.

    Trade in the year before is continuing whatever the coverage. Absence in the year before is evidence only when
    that year is full.
    """
    return ibis.cases(
        (table.previous_year == table.year - 1, "continuing"),
        (table.previous_full == 0, "unknown"),
        (table.first_year < table.year, "re_entry"),
        else_="new",
    )


def exclusive_runs(table: ir.Table) -> ir.Table:
    """Return for every exclusive relation-year how many consecutive covered years it has been exclusive.

    Years that are unknown neither count nor interrupt.

    Parameters
    ----------
    table
        Relation-years with ``exclusive`` and ``covered_index``.
    """
    pair = ibis.window(group_by=["supplier", "buyer"], order_by="year")
    here = table.filter(table.exclusive == 1).select(*KEY, "covered_index")
    here = here.mutate(gap=(here.covered_index - here.covered_index.lag().over(pair)))
    here = here.mutate(broken=ibis.cases((here.gap > 1, 1), else_=0))
    here = here.mutate(
        run=here.broken.sum().over(ibis.cumulative_window(group_by=["supplier", "buyer"], order_by="year"))
    )
    inside = ibis.window(group_by=["supplier", "buyer", "run"], order_by="year")
    return here.select(*KEY, exclusive_years=ibis.row_number().over(inside) + 1)
