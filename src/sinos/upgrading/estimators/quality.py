"""Quality as what buyers pay for beyond the price: Khandelwal, Schott & Wei with the user's elasticities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from sinos.errors import UnknownNameError, UpgradingError, nearest
from sinos.results import Missing
from sinos.upgrading.estimators.effects import identified, residuals
from sinos.upgrading.estimators.tidy import Estimates, Tidy, codes, estimates, read

Effects = Literal["product", "cell"]

_CELL = ["product", "destination", "year"]
_LOWEST = 1.05


def quality(
    frame: Any,
    elasticities: Any,
    *,
    effects: Effects = "product",
    supplier: str = "supplier",
    product: str = "product",
    destination: str = "destination",
    year: str = "year",
    value: str = "quantity_value",
    quantity: str = "quantity",
    factors: Sequence[float] = (0.5, 0.75, 1.0, 1.5, 2.0),
) -> Estimates:
    """Estimate the quality of each supplier's goods from prices and quantities.

    ``ln q + sigma ln p = a_product + a_destination-year + e`` and ``quality = e / (sigma - 1)``: at a given price,
    more is sold of what is better (Khandelwal, Schott & Wei 2013).

    Parameters
    ----------
    frame
        Supplier x product x destination x year, as ``supplier_product_years`` of the measures.
    elasticities
        Table with ``sigma``, ``product`` (a code, or the beginning of one) and, where known, ``destination``. The
        longest code that begins a product is used, first those of its destination, then those without one.
    effects
        ``product``: effects of products and of destination-years, so that a supplier's level moves when its goods get
        better than *those of the same product in other years and places*. ``cell``: one effect for every
        product x destination x year, so that quality is relative to rivals in the cell only.
    supplier, product, destination, year, value, quantity
        Columns; ``value`` is the value of the records that have a quantity.
    factors
        By what ``sigma - 1`` is multiplied in the table ``sensitivity``.

    Returns
    -------
    Estimates
        Tables ``quality`` (supplier, product, destination, year, value, sigma, log_price, quality: log points of price
        that buyers would pay more), ``supplier_quality`` (supplier, year, quality: mean weighted by value, share of
        value that it covers), ``product_effects`` (product, effect, up to a constant) and ``sensitivity`` (factor,
        sigma_median, rank_correlation with the factor 1, sign_agreement: share of supplier-year changes with the same
        sign).

    Raises
    ------
    UpgradingError
        If a column is missing, no row has an elasticity above 1.05, or every row is alone in an effect.
    MissingExtraError
        If pyfixest is not installed.

    Notes
    -----
    A demand shock of one supplier counts as quality. Near ``sigma = 1`` the division explodes: such rows are not used.
    Effects leave quality relative; the mean over all rows is zero. Rows alone in an effect have no quality.
    """
    if effects not in get_args(Effects):
        raise UnknownNameError(f"there are no effects '{effects}'", fix=nearest(effects, get_args(Effects)))
    _check_factors(factors)
    tidy = read(
        frame, where="quality", years={"year": year}, numbers={"value": value, "quantity": quantity},
        text={"supplier": supplier, "product": product, "destination": destination},
    )  # fmt: skip
    table = _elasticities(elasticities)
    rows, missing = _usable(tidy, table)
    kept, groups = _effects(rows, effects)
    missing += [_missing(len(kept) - int(kept.sum()), "alone in its product or its destination and year")]
    if not kept.any():
        raise UpgradingError(
            "every row is alone in one of its effects, so no quality can be told from them", where="quality",
            rows=rows.height, fix="use coarser products, or give more suppliers",
        )  # fmt: skip
    used = rows.filter(pl.Series(kept))
    sigma, price = used["sigma"].to_numpy(), used["log_price"].to_numpy()
    left = {"spending": np.log(used["value"].to_numpy()), "price": (sigma - 1.0) * price}
    rest, found = residuals(
        left,
        {name: _dense(code[kept]) for name, code in groups.items()},
        purpose="quality",
        wanted="product" if effects == "product" else None,
    )
    table_rows = used.with_columns(quality=pl.Series((rest["spending"] + rest["price"]) / (sigma - 1.0)))
    frames = {
        "quality": table_rows.select("supplier", *_CELL, "value", "sigma", "log_price", "quality"),
        "supplier_quality": supplier_means(tidy.frame, table_rows),
        "product_effects": _product_effects(found, used, effects),
        "sensitivity": _sensitivity(used, rest["spending"], rest["price"], sigma, factors),
    }
    return estimates(
        "quality", frames, (tidy, table), references=("khandelwal2013", "broda_weinstein2006", "pyfixest"),
        options={"effects": effects, "factors": list(factors), "lowest_sigma": _LOWEST},
        missing=[one for one in missing if one.count],
    )  # fmt: skip


def supplier_means(every: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the value-weighted mean quality of every supplier-year and the share of its value that it covers."""
    total = every.group_by("supplier", "year").agg(total=pl.col("value").sort().sum())
    ordered = rows.sort("supplier", "year", "product", "destination")
    means = ordered.group_by("supplier", "year", maintain_order=True).agg(
        quality=(pl.col("value") * pl.col("quality")).sum() / pl.col("value").sum(), known=pl.col("value").sum()
    )
    joined = means.join(total, on=["supplier", "year"]).with_columns(share=pl.col("known") / pl.col("total"))
    return joined.select("supplier", "year", "quality", "share").sort("supplier", "year")


def _check_factors(factors: Sequence[float]) -> None:
    if not factors or not all(np.isfinite(factor) and factor > 0 for factor in factors):
        raise UpgradingError(f"factors are {list(factors)}", where="quality", fix="give numbers above zero")


def _elasticities(frame: Any) -> Tidy:
    from sinos.frames import to_polars

    where = {"destination": "destination"} if "destination" in to_polars(frame).columns else {}
    read_table = read(frame, where="elasticities", text={"product": "product", **where}, numbers={"sigma": "sigma"})
    plain = read_table.frame
    if not where:
        plain = plain.with_columns(destination=pl.lit(None, pl.String))
    plain = plain.drop_nulls(["product", "sigma"]).select("product", "destination", "sigma")
    repeated = plain.height - plain.select("product", "destination").n_unique()
    if repeated:
        raise UpgradingError(
            "a product and destination has two elasticities", where="elasticities", rows=repeated, fix="keep one"
        )
    return Tidy(plain, read_table.kind, read_table.where, read_table.fingerprint)


def match_elasticities(cells: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Add ``sigma`` to cells: of the longest code that begins the product, the destination's own first.

    Examples
    --------
    >>> cells = pl.DataFrame({"product": ["640399", "640399"], "destination": ["US", "AR"]})
    >>> table = pl.DataFrame({"product": ["640", "6403"], "destination": ["US", None], "sigma": [2.87, 3.07]})
    >>> match_elasticities(cells, table)["sigma"].to_list()
    [2.87, 3.07]
    """
    lengths = sorted(set(table["product"].str.len_chars()), reverse=True)
    own, general = table.filter(pl.col("destination").is_not_null()), table.filter(pl.col("destination").is_null())
    keys = cells.select("product", "destination").unique()
    found = []
    for length in lengths:
        begins = pl.col("product").str.slice(0, length)
        keys = keys.with_columns(begins=begins)
        specific = own.filter(pl.col("product").str.len_chars() == length)
        common = general.filter(pl.col("product").str.len_chars() == length).select("product", "sigma")
        keys = (
            keys.join(
                specific.rename({"product": "begins", "sigma": f"own{length}"}),
                on=["begins", "destination"],
                how="left",
            )
            .join(common.rename({"product": "begins", "sigma": f"all{length}"}), on="begins", how="left")
            .drop("begins")
        )
        found.append(length)
    order = [f"own{length}" for length in found] + [f"all{length}" for length in found]
    sigma = keys.select("product", "destination", sigma=pl.coalesce(order) if order else pl.lit(None, pl.Float64))
    return cells.join(sigma, on=["product", "destination"], how="left", maintain_order="left")


def _usable(tidy: Tidy, table: Tidy) -> tuple[pl.DataFrame, list[Missing]]:
    rows = tidy.frame.with_columns(pl.col("destination").fill_null("unknown"))
    rows = rows.drop_nulls(["supplier", "product", "year"])
    key = ["supplier", *_CELL]
    repeated = rows.height - rows.select(key).n_unique()
    if repeated:
        raise UpgradingError(
            f"the key {', '.join(key)} is repeated", where="quality", rows=repeated, fix="sum the rows of one key"
        )
    priced = rows.filter((pl.col("value") > 0) & (pl.col("quantity") > 0))
    lost = [_missing(tidy.frame.height - priced.height, "no value or quantity above zero, so no unit value")]
    matched = match_elasticities(priced, table.frame)
    usable = matched.filter(pl.col("sigma") >= _LOWEST).with_columns(
        log_price=(pl.col("value") / pl.col("quantity")).log()
    )
    none = matched["sigma"].null_count()
    low = matched.height - none - usable.height
    lost += [
        _missing(none, "no elasticity for the product and destination"),
        _missing(low, f"the elasticity is below {_LOWEST}, where quality explodes"),
    ]
    if not usable.height:
        raise UpgradingError(
            f"no row has a unit value and an elasticity above {_LOWEST}", where="quality", rows=rows.height,
            fix="give elasticities whose product is a code, or the beginning of one, of the table",
        )  # fmt: skip
    return usable.sort(key), lost


def _missing(count: int, reason: str) -> Missing:
    return Missing("quality", "quality", count, reason)


def _effects(rows: pl.DataFrame, effects: Effects) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    if effects == "cell":
        groups = {"cell": codes(rows, *_CELL)}
    else:
        groups = {"product": codes(rows, "product"), "market": codes(rows, "destination", "year")}
    return identified(list(groups.values())), groups


def _dense(code: np.ndarray) -> np.ndarray:
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def _product_effects(found: pl.DataFrame, used: pl.DataFrame, effects: Effects) -> pl.DataFrame:
    """Return the effects of products in ``ln q + sigma ln p``, with mean zero over products."""
    names = used.select("product").unique().sort("product").with_row_index("code")
    if effects == "cell":
        return pl.DataFrame(schema={"product": pl.String, "effect": pl.Float64})
    summed = found.sort("code", "left").group_by("code", maintain_order=True).agg(effect=pl.col("estimate").sum())
    joined = names.with_columns(pl.col("code").cast(pl.Int64)).join(summed, on="code", how="left")
    effect = pl.col("effect").fill_null(0.0)
    return joined.select("product", effect=effect - effect.mean()).sort("product")


def _sensitivity(
    used: pl.DataFrame, spending: np.ndarray, price: np.ndarray, sigma: np.ndarray, factors: Sequence[float]
) -> pl.DataFrame:
    """Recompute quality with other elasticities: ``ln q + s ln p = ln v + (s - 1) ln p`` is linear in ``s - 1``."""
    from scipy.stats import rankdata

    base = (spending + price) / (sigma - 1.0)
    rows = []
    for factor in factors:
        other = (spending + factor * price) / (factor * (sigma - 1.0))
        ranks = np.corrcoef(rankdata(base), rankdata(other))[0, 1] if len(base) > 1 and base.std() > 0 else float("nan")
        agreement = _agreement(used, base, other)
        rows.append((factor, float(np.median(1.0 + factor * (sigma - 1.0))), ranks, agreement))
    names = ["factor", "sigma_median", "rank_correlation", "sign_agreement"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row").fill_nan(None)


def _agreement(used: pl.DataFrame, base: np.ndarray, other: np.ndarray) -> float | None:
    """Return the share of year-to-year changes of suppliers whose sign is the same with both elasticities."""
    framed = used.with_columns(base=pl.Series(base), other=pl.Series(other))
    means = (
        framed.sort("supplier", "year", "product", "destination")
        .group_by("supplier", "year", maintain_order=True)
        .agg((pl.col(name) * pl.col("value")).sum() / pl.col("value").sum() for name in ("base", "other"))
    )
    change = means.with_columns(pl.col("base", "other").diff().over("supplier")).drop_nulls()
    if not change.height:
        return None
    return float((change["base"].sign() == change["other"].sign()).mean())  # type: ignore[arg-type]
