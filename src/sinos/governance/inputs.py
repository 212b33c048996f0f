"""From the tables of the measures to one column per indicator, and from columns to levels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.errors import GovernanceError
from sinos.governance.held import SINCE
from sinos.governance.indicators import Codes, Indicator, Theory
from sinos.results import Missing

KEY = ("supplier", "buyer", "year")
"""Key of a relation-year."""

_JOINS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "supplier_years": (("supplier", "year"), ("supplier", "year")),
    "buyer_years": (("buyer", "year"), ("buyer", "year")),
    "product_years": (("main_product", "year"), ("product", "year")),
    "products": (("main_product",), ("product",)),
    "buyers": (("buyer",), ("buyer",)),
}
_YEARLY: dict[str, tuple[str, ...]] = {"relations": ("supplier", "buyer"), "suppliers": ("supplier",)}


def gather(
    relation_years: pl.DataFrame, sides: Mapping[str, pl.DataFrame], theory: Theory, threshold: float
) -> pl.DataFrame:
    """Bring everything that the indicators read to the relation-years.

    Parameters
    ----------
    relation_years
        Key supplier, buyer, year; the columns of the catalogue that are there.
    sides
        Other tables by name: ``supplier_years``, ``product_years``, ``relations``, ``suppliers``, ``buyers``,
        ``products``.
    theory
        Names the columns to read.
    threshold
        Ownership share from which a relation is hierarchy.

    Returns
    -------
    polars.DataFrame
        ``supplier``, ``buyer``, ``year``, ``cluster``, ``value`` and two columns per indicator (its value, and the
        year it is held from), sorted by key; an indicator whose table or column was not given is null throughout.

    Raises
    ------
    GovernanceError
        If the key is missing or repeated.
    """
    base = _keyed(relation_years, KEY, "relation_years")
    for name, default in (("cluster", pl.lit(None, pl.String)), ("value", pl.lit(None, pl.Float64))):
        if name not in base.columns:
            base = base.with_columns(default.alias(name))
    wide = base.with_columns(
        pl.col("cluster").cast(pl.String).fill_null("all suppliers"), pl.col("value").cast(pl.Float64)
    )
    for table in _needed(theory):
        wide = _attach(wide, table, sides.get(table))
    columns = [_column(wide, item, theory, threshold).alias(_place(item.name)) for item in theory.indicators]
    since = [_held_from(wide, item).alias(_place(item.name) + SINCE) for item in theory.indicators]
    return wide.select(*KEY, "cluster", "value", *columns, *since).sort(KEY)


def to_levels(wide: pl.DataFrame, theory: Theory) -> tuple[Codes, tuple[Missing, ...]]:
    """Turn indicator columns into codes of levels.

    Returns
    -------
    levels
        Shape (relation-years, indicators); -1 where there is no value.
    missing
        Texts that name no level, counted per indicator.
    """
    levels = np.full((wide.height, len(theory.indicators)), -1, dtype=np.int8)
    missing = []
    for place, item in enumerate(theory.indicators):
        values = wide.get_column(_place(item.name))
        if values.null_count() == wide.height:
            continue
        if item.cuts:
            levels[:, place] = _cut(values, item.cuts)
        else:
            levels[:, place], unknown = _match(values, item.levels)
            if unknown:
                reason = f"the text names no level; write one of {', '.join(item.levels)}"
                missing.append(Missing("evidence", item.field, unknown, reason))
    return levels, tuple(missing)


def observed(wide: pl.DataFrame, name: str) -> pl.Series:
    """Return the values observed for an indicator, as text."""
    values = wide.get_column(_place(name))
    if values.dtype.is_float():
        values = values.round(6)
    return values.cast(pl.String)


def held_from(wide: pl.DataFrame, name: str) -> pl.Series:
    """Return the year of the survey answer that is held for an indicator; null where the value is of the year."""
    return wide.get_column(_place(name) + SINCE)


def patterns(levels: Codes, bases: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find the distinct rows of a matrix of codes.

    Everything the classifier computes depends on a relation-year only through its levels, so that it is computed
    once per distinct row.

    Parameters
    ----------
    levels
        Codes from -1, shape (rows, columns).
    bases
        Number of levels of each column.

    Returns
    -------
    first, inverse
        Row at which each distinct row occurs first, and for every row its distinct row.
    """
    code = np.zeros(levels.shape[0], dtype=np.int64)
    span = 1
    for column, base in enumerate(bases):
        if span > 2**62 // (base + 1):
            kept, code = np.unique(code, return_inverse=True)
            span = kept.size
        code = code * (base + 1) + levels[:, column].astype(np.int64) + 1
        span *= base + 1
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return first.astype(np.int64), inverse.astype(np.int64)


def _place(name: str) -> str:
    return f"indicator:{name}"


def _needed(theory: Theory) -> tuple[str, ...]:
    """Tables to attach; the derived indicators read relations, suppliers (owner) and buyers (group)."""
    tables = [item.table for item in theory.indicators if item.table not in ("derived", "relation_years")]
    return tuple(dict.fromkeys([*tables, "relations", "suppliers", "buyers"]))


def _keyed(frame: pl.DataFrame, key: tuple[str, ...], table: str) -> pl.DataFrame:
    absent = [name for name in key if name not in frame.columns]
    if absent:
        raise GovernanceError(
            f"column '{absent[0]}' is not in the table", where=table, fix=f"give the key columns {', '.join(key)}"
        )
    casts = [pl.col(name).cast(pl.Int32 if name == "year" else pl.String) for name in key]
    keyed = frame.with_columns(casts)
    repeated = keyed.height - keyed.select(key).n_unique() if keyed.height else 0
    if repeated:
        raise GovernanceError(
            f"the key ({', '.join(key)}) is repeated", where=table, rows=repeated, fix="keep one row per key"
        )
    return keyed


def _attach(wide: pl.DataFrame, table: str, side: pl.DataFrame | None) -> pl.DataFrame:
    """Join one table; its columns get the table's name as a prefix, so that names cannot clash."""
    if side is None or side.height == 0:
        return wide
    if table in _YEARLY:
        return attach_yearly(wide, table, side)
    if table not in _JOINS or not set(_JOINS[table][0]) <= set(wide.columns):
        return wide
    left, right = _JOINS[table]
    keyed = _keyed(side, right, table)
    others = [name for name in keyed.columns if name not in right]
    renamed = keyed.select(*right, *(pl.col(name).alias(f"{table}.{name}") for name in others))
    return wide.join(renamed, left_on=left, right_on=right, how="left", maintain_order="left")


def attach_yearly(wide: pl.DataFrame, table: str, side: pl.DataFrame) -> pl.DataFrame:
    """Join rows of the year; where the year has no value, the rows without a year, which hold for every year."""
    key = _YEARLY[table]
    dated = side if "year" in side.columns else side.with_columns(pl.lit(None, pl.Int32).alias("year"))
    always = _keyed(dated.filter(pl.col("year").is_null()).drop("year"), key, table)
    yearly = _keyed(dated.filter(pl.col("year").is_not_null()), (*key, "year"), table)
    others = [name for name in dated.columns if name not in (*key, "year")]
    first = yearly.select(*key, "year", *(pl.col(name).alias(f"{table}.{name}") for name in others))
    second = always.select(*key, *(pl.col(name).alias(f"{table}.{name}.always") for name in others))
    joined = wide.join(first, on=[*key, "year"], how="left", maintain_order="left")
    joined = joined.join(second, on=list(key), how="left", maintain_order="left")
    filled = [pl.coalesce(f"{table}.{name}", f"{table}.{name}.always").alias(f"{table}.{name}") for name in others]
    return joined.with_columns(filled).drop([f"{table}.{name}.always" for name in others])


def _column(wide: pl.DataFrame, item: Indicator, theory: Theory, threshold: float) -> pl.Expr:
    if item.table == "derived":
        return _derived(wide, item, theory, threshold)
    name = item.field if item.table == "relation_years" else f"{item.table}.{item.field}"
    if name not in wide.columns:
        return pl.lit(None, pl.Float64 if item.cuts else pl.String)
    return _number(name) if item.cuts else pl.col(name).cast(pl.String)


def _held_from(wide: pl.DataFrame, item: Indicator) -> pl.Expr:
    fields = [f"{item.table}.{item.field}"]
    if item.name == "ownership":  # read from the share where it is given, else from the owner
        fields = ["relations.ownership_share", "suppliers.owner"]
    nothing = pl.lit(None, pl.Int32)
    year = nothing
    for field in reversed([field for field in fields if field in wide.columns]):
        mine = pl.col(field + SINCE) if field + SINCE in wide.columns else nothing
        year = pl.when(pl.col(field).is_not_null()).then(mine).otherwise(year)
    return year


def _number(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def _derived(wide: pl.DataFrame, item: Indicator, theory: Theory, threshold: float) -> pl.Expr:
    nothing = pl.lit(None, pl.Float64)
    total = _number("supplier_dependence_total") if "supplier_dependence_total" in wide.columns else nothing
    recorded = _number("supplier_dependence") if "supplier_dependence" in wide.columns else nothing
    supplier = pl.coalesce(total, recorded)
    if item.name == "supplier_dependence":
        return supplier
    if item.name == "dependence_balance":
        return _balance(supplier, _number("buyer_dependence"), theory) if "buyer_dependence" in wide.columns else (
            pl.lit(None, pl.String)
        )  # fmt: skip
    if item.name == "tenure":
        return _tenure(wide, item.cuts[-1])
    if item.name == "ownership":
        return _ownership(wide, theory.minority_from, threshold)
    raise GovernanceError(
        f"the indicator '{item.name}' reads 'derived', which holds for packaged indicators only",
        where="theory overlay", fix="name the table that has the column",
    )  # fmt: skip


def _balance(supplier: pl.Expr, buyer: pl.Expr, theory: Theory) -> pl.Expr:
    bound = theory.dependence
    high, extreme, negligible = bound["high"], bound["extreme"], bound["negligible"]
    tells = supplier.is_not_null() & buyer.is_not_null()
    return (
        pl.when(~tells).then(pl.lit(None, pl.String))
        .when((supplier >= extreme) & (buyer <= negligible)).then(pl.lit("supplier_captive"))
        .when((supplier >= extreme) & (buyer >= extreme)).then(pl.lit("mutual_extreme"))
        .when((supplier >= high) & (buyer >= high)).then(pl.lit("reciprocal"))
        .when(supplier >= high).then(pl.lit("supplier_dependent"))
        .when(buyer >= high).then(pl.lit("buyer_dependent"))
        .otherwise(pl.lit("independent"))
    )  # fmt: skip


def _tenure(wide: pl.DataFrame, longest: float) -> pl.Expr:
    """Tenure; where the beginning was not recorded it is a lower bound, used only if that already is the top level."""
    if "tenure_years" not in wide.columns:
        return pl.lit(None, pl.Float64)
    years = _number("tenure_years")
    if "tenure_left_censored" not in wide.columns:
        return years
    unknown = (pl.col("tenure_left_censored").cast(pl.Float64).fill_null(0) > 0) & (years < longest)
    return pl.when(~unknown).then(years)


def _ownership(wide: pl.DataFrame, minority: float, threshold: float) -> pl.Expr:
    """Level of ownership: the share where it is given, else whether the supplier's owner is the buyer or its group."""
    nothing = pl.lit(None, pl.Float64)
    share = _number("relations.ownership_share") if "relations.ownership_share" in wide.columns else nothing
    if "suppliers.owner" in wide.columns:
        owner = pl.col("suppliers.owner").cast(pl.String)
        group = pl.col("buyers.group").cast(pl.String) if "buyers.group" in wide.columns else pl.lit(None, pl.String)
        same = (owner == pl.col("buyer")) | (owner == group).fill_null(False)
        known = owner.is_not_null()
        share = pl.coalesce(share, pl.when(known & same).then(1.0).when(known).then(0.0))
    return (
        pl.when(share.is_null()).then(pl.lit(None, pl.String))
        .when(share >= threshold).then(pl.lit("owned"))
        .when(share >= min(minority, threshold)).then(pl.lit("minority"))
        .otherwise(pl.lit("independent"))
    )  # fmt: skip


def _cut(values: pl.Series, cuts: tuple[float, ...]) -> Codes:
    numbers = values.cast(pl.Float64).to_numpy()
    codes: Codes = np.searchsorted(np.asarray(cuts), np.nan_to_num(numbers), side="right").astype(np.int8)
    codes[np.isnan(numbers)] = -1
    return codes


def _match(values: pl.Series, levels: tuple[str, ...]) -> tuple[Codes, int]:
    text = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    table = {level: code for code, level in enumerate(levels)}
    codes = text.replace_strict(table, default=-1, return_dtype=pl.Int8).fill_null(-1).to_numpy().astype(np.int8)
    return codes, int((codes < 0).sum()) - values.null_count()
