r"""Lock-in index of supplier-years, with its parts and who holds it.

.. math:: LI_s = \sum_b w_{sb} \; P(\text{quasi-hierarchy}_{sb}) \; o_{sb} \; \frac{E_{sb}}{\Pi_s}

with :math:`w` the share of the supplier's sales that buyer :math:`b` takes, :math:`o` the share of the functions
still open to the supplier that are the buyer's core competence, :math:`E = m\, v_{sb} \times` expected years
to replace the buyer, :math:`m` the profit margin and :math:`\Pi` yearly profit
(science B6; Humphrey & Schmitz 2002, Sinos Valley). A part that cannot be known is missing, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.governance.draws import DRAWS, blocks, draw_scores, interval, thresholds
from sinos.governance.held import SINCE, hold_answers
from sinos.governance.indicators import FORMS, QUASI, Floats
from sinos.governance.inputs import attach_yearly
from sinos.results import Missing

_UNIT = ("supplier", "year")
_UNKNOWN_SHARE = 0.5  # of exposure to buyers without known core functions from which the index is not given
_NOTES = {
    "note_total": "dependence on total sales",
    "note_recorded": "dependence on recorded sales only",
    "note_type": "core functions from buyer type",
    "note_own": "core functions as given",
    "note_open": "functions performed unknown: all but production taken as open",
    "note_held": "functions performed as answered in an earlier year",
    "note_margin": "margin assumed",
    "note_loss": "yearly loss or no profit: sales x assumed margin in its place",
    "note_lower": "lower bound: some buyers have no known core functions",
}


def lock_in(
    governance: pl.DataFrame,
    relation_years: pl.DataFrame,
    sides: Mapping[str, pl.DataFrame],
    *,
    functions: Iterable[str],
    core_by_type: Mapping[str, tuple[str, ...]],
    margin: float,
    survey_holds: int,
    shared: float,
    seed: int,
) -> tuple[pl.DataFrame, tuple[Missing, ...]]:
    """Compute the lock-in index.

    Parameters
    ----------
    governance
        Table ``governance``.
    relation_years
        Dependence of the supplier.
    sides
        ``supplier_years`` (``rematch_years``, ``value``), ``suppliers`` (profit, output, functions performed),
        ``buyers`` (type, core functions), where given.
    functions
        The six functions.
    core_by_type
        Core functions by buyer type.
    margin
        Margin where profit and output are not given.
    survey_holds
        Further years for which an answer on functions performed stands. Sales and profit are of their year only.
    shared, seed
        Of the draws behind the intervals (see :mod:`.draws`).

    Returns
    -------
    table, missing
        Table ``lock_in`` of ``outputs.csv``, sorted by supplier and year; what could not be computed.
    """
    names = tuple(functions)
    frame = _relations(governance, relation_years, sides, margin)
    frame = _performed(frame, sides.get("suppliers"), names, survey_holds)
    frame = _overlap(frame, names, core_by_type)
    frame = frame.with_columns(
        (pl.col("dependence") * pl.col("p_quasi_hierarchy")).alias("exposure"),
        (pl.col("dependence") * pl.col("core_overlap") * pl.col("exit_cost_ratio")).alias("stake"),
    ).with_columns((pl.col("stake") * pl.col("p_quasi_hierarchy")).alias("part"))
    frame = frame.sort(*_UNIT, "buyer")
    table = _units(frame)
    low, high = _intervals(frame, table, shared, seed)
    table = table.with_columns(pl.Series("low", low), pl.Series("high", high)).with_columns(
        pl.when(pl.col("lock_in").is_not_null()).then(pl.min_horizontal("low", "lock_in")).alias("low"),
        pl.when(pl.col("lock_in").is_not_null()).then(pl.max_horizontal("high", "lock_in")).alias("high"),
    )
    columns = ["supplier", "year", "cluster", "lock_in", "dependence", "p_quasi_hierarchy", "core_overlap",
               "exit_cost_ratio", "holder", "holder_share", "low", "high", "basis"]  # fmt: skip
    return table.select(columns), _missing(frame, table)


def core_functions(given: str | None, known: Iterable[str]) -> tuple[str, ...] | None:
    """Read a list of functions separated by semicolons; ``None`` when none of them is known.

    Examples
    --------
    >>> core_functions("Design; marketing", ["design", "marketing"])
    ('design', 'marketing')
    """
    if given is None:
        return None
    wanted = {part.strip().lower() for part in given.replace(",", ";").split(";")}
    found = tuple(name for name in known if name in wanted)
    return found or None


def _relations(
    governance: pl.DataFrame, relation_years: pl.DataFrame, sides: Mapping[str, pl.DataFrame], margin: float
) -> pl.DataFrame:
    """Return one row per relation-year with dependence, exit cost over profit, and notes on what was assumed."""
    key = ["supplier", "buyer", "year"]
    have = [name for name in ("supplier_dependence", "supplier_dependence_total") if name in relation_years.columns]
    shares = relation_years.select(
        pl.col("supplier", "buyer").cast(pl.String),
        pl.col("year").cast(pl.Int32),
        *(pl.col(h).cast(pl.Float64) for h in have),
    )
    frame = governance.select(
        *key, "cluster", "value", "p_quasi_hierarchy", *(f"p_{f}" for f in FORMS if f != "quasi_hierarchy")
    )
    frame = _filled(frame.join(shares, on=key, how="left"), ("supplier_dependence", "supplier_dependence_total"))
    years = sides.get("supplier_years")
    if years is not None and "rematch_years" in years.columns:
        rematch = years.select(pl.col("supplier").cast(pl.String), pl.col("year").cast(pl.Int32), "rematch_years")
        frame = frame.join(rematch, on=["supplier", "year"], how="left")
    suppliers = sides.get("suppliers")
    if suppliers is not None and suppliers.height:
        books = [name for name in ("supplier", "year", "profit", "output") if name in suppliers.columns]
        frame = attach_yearly(frame, "suppliers", suppliers.select(books))
    frame = _filled(frame, ("rematch_years", "suppliers.profit", "suppliers.output"))
    buyers = sides.get("buyers")
    if buyers is not None and buyers.height:
        told = [name for name in ("type", "core_functions") if name in buyers.columns]
        frame = frame.join(buyers.select(pl.col("buyer").cast(pl.String), *told), on="buyer", how="left")
    for name in ("type", "core_functions"):
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name))
    return _ratio(frame, margin)


def _ratio(frame: pl.DataFrame, margin: float) -> pl.DataFrame:
    profit, output = pl.col("suppliers.profit"), pl.col("suppliers.output")
    gains = (profit > 0).fill_null(False)
    total = pl.col("supplier_dependence_total")
    dependence = pl.coalesce(total, "supplier_dependence")
    sales = pl.coalesce(pl.when(output > 0).then(output), pl.when(dependence > 0).then(pl.col("value") / dependence))
    rate = pl.when(gains & (output > 0).fill_null(False)).then(profit / output).otherwise(margin)
    yearly = pl.when(gains).then(profit).otherwise(margin * sales)
    return frame.with_columns(
        dependence.alias("dependence"),
        pl.when(yearly > 0).then(rate * pl.col("value") * pl.col("rematch_years") / yearly).alias("exit_cost_ratio"),
        total.is_not_null().alias("note_total"),
        total.is_null().alias("note_recorded"),
        (~(gains & (output > 0).fill_null(False))).alias("note_margin"),
        (profit <= 0).fill_null(False).alias("note_loss"),
    )


def _performed(
    frame: pl.DataFrame, suppliers: pl.DataFrame | None, functions: tuple[str, ...], survey_holds: int
) -> pl.DataFrame:
    """Add which functions the supplier performs, and whether that was answered in an earlier year."""
    columns = [f"performs_{name}" for name in functions]
    if suppliers is not None and suppliers.height:
        given = [name for name in ("supplier", "year", *columns) if name in suppliers.columns]
        answers = hold_answers({"suppliers": suppliers.select(given)}, survey_holds)
        frame = attach_yearly(frame, "suppliers", answers["suppliers"])
    made = []
    for name, column in zip(functions, columns, strict=True):
        place = f"suppliers.{column}"
        value = (pl.col(place).cast(pl.Float64) > 0) if place in frame.columns else pl.lit(None, pl.Boolean)
        made.append(value.alias(f"does.{name}"))
    since = [name for name in frame.columns if name.endswith(SINCE)]
    held = pl.any_horizontal(pl.col(since).is_not_null()) if since else pl.lit(value=False)
    return frame.with_columns(*made, held.alias("note_held"))


def _overlap(
    frame: pl.DataFrame, functions: tuple[str, ...], core_by_type: Mapping[str, tuple[str, ...]]
) -> pl.DataFrame:
    """Add the share of the functions open to the supplier that are the buyer's core, and where it comes from."""
    cores = frame.select("type", "core_functions").unique()
    rows = []
    for kind, given in cores.iter_rows():
        own = core_functions(given, functions)
        core = own or core_by_type.get((kind or "").strip().lower().replace(" ", "_"))
        flags = {f"core.{name}": (name in core) if core is not None else None for name in functions}
        rows.append({"type": kind, "core_functions": given, "note_own": own is not None,
                     "note_type": own is None and core is not None, **flags})  # fmt: skip
    schema: dict[str, Any] = {
        "type": pl.String,
        "core_functions": pl.String,
        "note_own": pl.Boolean,
        "note_type": pl.Boolean,
    }
    schema |= {f"core.{name}": pl.Boolean for name in functions}
    frame = frame.join(pl.DataFrame(rows, schema=schema), on=["type", "core_functions"], how="left", nulls_equal=True)
    unknown = pl.all_horizontal(pl.col(f"does.{name}").is_null() for name in functions)
    opens = {n: ~pl.col(f"does.{n}").fill_null(n == "production") for n in functions}
    count = pl.sum_horizontal(opens[name].cast(pl.Float64) for name in functions)
    shared = pl.sum_horizontal((opens[name] & pl.col(f"core.{name}")).cast(pl.Float64) for name in functions)
    known = pl.col(f"core.{functions[0]}").is_not_null()
    overlap = pl.when(known & (count > 0)).then(shared / count).when(known).then(0.0)
    return frame.with_columns(overlap.alias("core_overlap"), unknown.alias("note_open"))


def _units(frame: pl.DataFrame) -> pl.DataFrame:
    """Sum to supplier-years; the holder is the buyer with the largest part (or exposure, where no part is known)."""
    rank = pl.coalesce("part", pl.lit(-1.0))
    ordered = frame.with_columns(rank.alias("rank")).sort(
        [*_UNIT, "rank", "exposure", "buyer"], descending=[False, False, True, True, False], nulls_last=True
    )
    notes = [pl.col(name).any().alias(name) for name in _NOTES if name != "note_lower"]
    unknown = pl.col("exposure").filter(pl.col("part").is_null()).sum()
    every = pl.col("exposure").sum()
    units = ordered.group_by(_UNIT, maintain_order=True).agg(
        pl.col("cluster").first(),
        pl.col("part").sum().alias("sum"),
        pl.col("part").count().alias("known"),
        pl.when(every > 0).then(unknown / every).otherwise(0.0).alias("unknown"),
        pl.col("buyer").first().alias("holder"),
        pl.col("part").first().alias("first"),
        *(pl.col(name).first() for name in ("dependence", "p_quasi_hierarchy", "core_overlap", "exit_cost_ratio")),
        *notes,
    )
    given = (pl.col("known") > 0) & (pl.col("unknown") <= _UNKNOWN_SHARE)
    units = units.with_columns(
        pl.when(given).then(pl.col("sum")).alias("lock_in"),
        pl.when(given & (pl.col("sum") > 0)).then(pl.col("first") / pl.col("sum")).alias("holder_share"),
        (given & (pl.col("unknown") > 0)).alias("note_lower"),
    )
    text = [pl.when(pl.col(name)).then(pl.lit(words)) for name, words in _NOTES.items()]
    return units.with_columns(pl.concat_str(text, separator="; ", ignore_nulls=True).alias("basis"))


def _intervals(frame: pl.DataFrame, table: pl.DataFrame, shared: float, seed: int) -> tuple[Floats, Floats]:
    """Draw forms and sum the stakes of relations drawn as quasi-hierarchies."""
    starts = np.flatnonzero(_first_rows(frame))
    stake = frame["stake"].fill_null(0.0).to_numpy()
    bounds = thresholds(frame.select([f"p_{form}" for form in FORMS]).to_numpy())
    low, high = np.zeros(table.height), np.zeros(table.height)
    for number, (first, last) in enumerate(blocks(starts, frame.height)):
        rows = slice(starts[first], starts[last] if last < starts.size else frame.height)
        below, above = bounds[rows, QUASI - 1], bounds[rows, QUASI]
        drawn = np.empty((DRAWS, last - first), dtype=np.float32)
        for draw, score in enumerate(draw_scores(below.size, shared, seed, number)):
            held = stake[rows] * ((score > below) & (score <= above))
            drawn[draw] = np.add.reduceat(held, starts[first:last] - starts[first])
        low[first:last], high[first:last] = interval(drawn)
    return low, high


def _first_rows(frame: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Mark the first row of each supplier-year in a sorted frame."""
    changed = pl.any_horizontal((pl.col(name) != pl.col(name).shift(1)).fill_null(True) for name in _UNIT)
    result: npt.NDArray[np.bool_] = frame.select(changed.alias("first"))["first"].to_numpy()
    return result


def _missing(frame: pl.DataFrame, table: pl.DataFrame) -> tuple[Missing, ...]:
    reasons = (
        ("core_overlap", "the buyer's type or core functions are not known; give buyers.type or buyers.core_functions"),
        (
            "exit_cost_ratio",
            "rematch_years or sales are not known, so that the cost of leaving the buyer is not either",
        ),
        ("dependence", "the share of the supplier's sales that the buyer takes is not known"),
    )
    missing = []
    for column, reason in reasons:
        count = frame[column].null_count()
        if count:
            missing.append(Missing("lock_in", column, count, f"{reason} (relation-years)"))
    gone = table["lock_in"].null_count()
    if gone:
        reason = "more than half of the supplier's exposure is to buyers for which a part of the index is not known"
        missing.append(Missing("lock_in", "lock_in", gone, reason))
    return tuple(missing)


def _filled(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Make sure that number columns exist, are floats and hold no NaN or infinity."""
    made = []
    for name in columns:
        if name in frame.columns:
            value = pl.col(name).cast(pl.Float64, strict=False)
            made.append(pl.when(value.is_finite()).then(value).alias(name))
        else:
            made.append(pl.lit(None, pl.Float64).alias(name))
    return frame.with_columns(made)
