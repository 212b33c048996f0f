"""From changes to directions: up, flat, down or not observable; conflicts are shown, never averaged."""

from __future__ import annotations

import polars as pl

from sinos.upgrading.rules import KINDS, rules

CHANGES = {
    "unit": pl.String,
    "year": pl.Int64,
    "measure": pl.String,
    "change": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "from_year": pl.Int64,
    "direction": pl.String,
    "reason": pl.String,
    "warning": pl.String,
}
"""Columns of a table of changes: one row per unit, year and measure."""

_COUNTS = ("functions", "ladder_step", "new_sector_share")

LOW_HIGH = 1.6448536269514722
"""Standard normal quantile of a 90 % interval."""


def no_changes() -> pl.DataFrame:
    """Return an empty table of changes."""
    return pl.DataFrame(schema=CHANGES)


HIDDEN = "no change in recorded sales, but sales that the records do not hold (at home) may have changed"
"""Why a measure of recorded trade that did not move is not observable."""


def customs_only(basis: pl.Expr) -> pl.Expr:
    """Tell whether a direction rests on recorded trade alone, where only a change can be seen, never its absence."""
    others = [name for name, rule in rules().items() if not rule.customs]
    seen = "|".join(f"(?:^|; ){name}: (?:up|flat|down)" for name in others)
    return basis.is_not_null() & ~basis.fill_null("").str.contains(seen)


def with_direction(changes: pl.DataFrame, band: float, *, home_known: bool, exact: bool = True) -> pl.DataFrame:
    """Add the direction of each change.

    A change is up or down when it leaves the flat band and its 90 % interval, where there is one, excludes zero; a
    change that leaves the band but cannot be told from zero is not observable. A measure of recorded trade that did
    not move is not observable either, because sales that the records do not hold may have moved (science H13).

    Parameters
    ----------
    changes
        Columns unit, year, measure, change, low, high, from_year, reason (why there is no change, else null), warning
        (what a reader must know where there is one).
    band
        Changes within plus or minus this are flat.
    home_known
        Whether sales at home are among the records.
    exact
        Counts and entries (functions, rungs, new product groups) of single suppliers have no flat band.
    """
    table = rules()
    bands = {name: max(band, rule.band) for name, rule in table.items()}
    bands |= dict.fromkeys(_COUNTS if exact else ("new_sector_share",), 0.0)
    limit = pl.col("measure").replace_strict(bands, return_dtype=pl.Float64)
    sign = pl.col("measure").replace_strict({n: r.sign for n, r in table.items()}, return_dtype=pl.Int64)
    customs = pl.col("measure").is_in([name for name, rule in table.items() if rule.customs])
    better = pl.col("change") * sign
    flat = pl.col("change").abs() <= limit + 1e-12
    unclear = ~flat & ((pl.col("low") <= 0) & (pl.col("high") >= 0)).fill_null(False)
    hidden = flat & customs & pl.lit(not home_known)
    seen = pl.col("change").is_not_null() & pl.col("reason").is_null()
    number = [pl.col(name).round(2).cast(pl.String) for name in ("change", "low", "high")]
    return changes.with_columns(
        direction=pl.when(~seen | unclear | hidden)
        .then(pl.lit("not_observable"))
        .when(flat)
        .then(pl.lit("flat"))
        .when(better > 0)
        .then(pl.lit("up"))
        .otherwise(pl.lit("down")),
        reason=pl.when(~seen)
        .then(pl.col("reason"))
        .when(unclear)
        .then(pl.format("the change of {} cannot be told from zero (90 % interval {} to {})", *number))
        .when(hidden)
        .then(pl.lit(HIDDEN)),
    ).select(list(CHANGES))


def combine(units: pl.DataFrame, changes: pl.DataFrame, fallback: dict[str, str]) -> pl.DataFrame:
    """Give every unit-year and kind one row: the first measure that moved decides; the others stand in the basis.

    Parameters
    ----------
    units
        Unit-years: ``unit``, ``year``, ``cluster``.
    changes
        Changes with directions.
    fallback
        Reason by kind where no measure could be tried at all.

    Returns
    -------
    polars.DataFrame
        unit, cluster, year, kind, direction, measure, change, low, high, from_year, basis, reason.
    """
    every = units.join(pl.DataFrame({"kind": KINDS}), how="cross")
    table = rules()
    kind = {name: rule.kind for name, rule in table.items()}
    framed = changes.with_columns(
        kind=pl.col("measure").replace_strict(kind, return_dtype=pl.String),
        order=pl.col("measure").replace_strict({n: r.order for n, r in table.items()}, return_dtype=pl.Int64),
        decides=pl.col("measure").is_in([name for name, rule in table.items() if rule.decides]),
    ).sort("unit", "year", "kind", "order")
    key = ["unit", "year", "kind"]
    chosen = _deciding(framed, key)
    said = _said(framed, key)
    why = pl.col("kind").replace_strict(fallback, return_dtype=pl.String)
    none = pl.col("direction").is_null()
    return (
        every.join(chosen, on=key, how="left")
        .join(said, on=key, how="left")
        .with_columns(
            direction=pl.col("direction").fill_null("not_observable"),
            basis=pl.col("basis").fill_null("none"),
            reason=pl.when(none)
            .then(pl.coalesce("why_not", why))
            .otherwise(pl.concat_str("conflict", "warning", separator="; ", ignore_nulls=True).replace("", None)),
        )
        .drop("why_not", "conflict", "warning")
        .sort("unit", "year", "kind")
    )


def _deciding(framed: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Pick the first measure that moved, or the first that is flat."""
    moved = pl.col("direction").is_in(["up", "down"])
    observed = framed.filter(pl.col("decides") & (pl.col("direction") != "not_observable"))
    first = observed.with_columns(rank=pl.col("order") + pl.when(moved).then(0).otherwise(1000)).sort(*key, "rank")
    return first.unique(key, keep="first", maintain_order=True).select(
        *key, "direction", "measure", "change", "low", "high", "from_year", "warning"
    )


def _said(framed: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Write what each measure says, which of them contradict each other, and why the others say nothing."""
    change = (
        pl.when(pl.col("change").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(" ({})", pl.col("change").round(3).cast(pl.String)))
    )
    word = pl.format("{}: {}{}", "measure", pl.col("direction").str.replace("_", " "), change)
    ups = pl.col("decides") & (pl.col("direction") == "up")
    downs = pl.col("decides") & (pl.col("direction") == "down")
    grouped = (
        framed.with_columns(word=word)
        .group_by(key, maintain_order=True)
        .agg(
            basis=pl.col("word").filter(pl.col("change").is_not_null()).str.join("; "),
            up=pl.col("measure").filter(ups).str.join(", "),
            down=pl.col("measure").filter(downs).str.join(", "),
        )
        .join(_reasons(framed, key), on=key, how="left")
    )
    both = (pl.col("up") != "") & (pl.col("down") != "")
    return grouped.select(
        *key,
        basis=pl.when(pl.col("basis") != "").then("basis"),
        conflict=pl.when(both).then(pl.format("measures conflict: up by {}; down by {}", "up", "down")),
        why_not="why_not",
    )


def _reasons(framed: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Join the reasons of the measures that could have decided, each reason once with the measures it holds for."""
    rows = framed.filter(pl.col("decides") & pl.col("reason").is_not_null())
    same = rows.group_by(*key, "reason", maintain_order=True).agg(names=pl.col("measure").str.join(", "))
    text = pl.format("{} ({})", "reason", "names")
    return same.group_by(key, maintain_order=True).agg(why_not=text.str.join("; "))
