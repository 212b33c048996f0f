"""Inter-sectoral upgrading on a product space: proximity, density, sustained entries and the distance of the leap.

Two faults of a published package are not repeated (science C6): rows of one key are summed, not dropped, and there is
no choice of nearest neighbours in which weights would be computed and then not used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sinos.errors import UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, Floats, Tidy, estimates, read

_ROUNDING = 1e-12


def proximity(
    frame: Any, *, location: str = "location", product: str = "product", value: str = "value", threshold: float = 1.0
) -> Estimates:
    """Return how often two products are made with an advantage in the same places.

    ``phi_pq = min{P(M_p | M_q), P(M_q | M_p)} = |M_p and M_q| / max(|M_p|, |M_q|)``, with ``M_cp = 1`` where the
    revealed comparative advantage ``(x_cp / x_c) / (x_p / x)`` reaches the threshold (Hidalgo, Klinger, Barabasi &
    Hausmann 2007).

    Parameters
    ----------
    frame
        Exports of many places: location, product, value; rows of one key are summed.
    location, product, value
        Columns.
    threshold
        Advantage from which a product counts as made.

    Returns
    -------
    Estimates
        Tables ``proximity`` (product, other, proximity; each pair once, pairs that never occur together left out) and
        ``ubiquity`` (product, places).
    """
    tidy = read(
        frame, where="proximity", text={"location": location, "product": product}, numbers={"value": value}
    )  # fmt: skip
    rows = _summed(tidy.frame.rename({"location": "unit"}), ["unit", "product"])
    if rows["unit"].n_unique() < 2:
        raise UpgradingError(
            f"{rows['unit'].n_unique()} places have exports: a product space needs many", where="proximity",
            fix="give the exports of all countries or regions, or a product space of others",
        )  # fmt: skip
    made = _advantage(rows).filter(pl.col("advantage") >= threshold - _ROUNDING).select("unit", "product")
    matrix, _, products = _incidence(made)
    ubiquity = np.asarray(matrix.sum(axis=0)).ravel()
    together = (matrix.T @ matrix).tocoo()
    upper = together.row < together.col
    one, other, count = together.row[upper], together.col[upper], together.data[upper]
    names = np.array(products, dtype=object)
    table = pl.DataFrame({
        "product": pl.Series(names[one], dtype=pl.String), "other": pl.Series(names[other], dtype=pl.String),
        "proximity": pl.Series(count / np.maximum(ubiquity[one], ubiquity[other]), dtype=pl.Float64),
    }).sort("product", "other")  # fmt: skip
    places = pl.DataFrame(
        {"product": products, "places": ubiquity.astype(np.int64)}, schema_overrides={"product": pl.String}
    )
    return estimates(
        "proximity", {"proximity": table, "ubiquity": places.sort("product")}, tidy, options={"threshold": threshold},
        references=("hidalgo2007",), missing=_lost(tidy, "proximity"),
    )  # fmt: skip


def density(frame: Any, space: Any, *, unit: str = "unit", product: str = "product", value: str = "value") -> Estimates:
    """Return how close every product of the space is to what each unit already makes.

    ``d_cp = sum_q M_cq phi_pq / sum_q phi_pq`` over the *other* products ``q`` of the space, so that making ``p``
    itself changes nothing; the distance of the leap to ``p`` is ``1 - d_cp`` (Hidalgo et al. 2007; science C6).

    Parameters
    ----------
    frame
        What suppliers or clusters sell: unit, product, value; a product with value above zero is made.
    space
        Table ``proximity``: product, other, proximity; each pair once.
    unit, product, value
        Columns of ``frame``.

    Returns
    -------
    Estimates
        Table ``density``: unit, product, made, density, distance, for every unit and product of the space. Products
        without any related one have none.
    """
    tidy = read(frame, where="density", text={"unit": unit, "product": product}, numbers={"value": value})
    links = _space(space)
    phi, products = _matrix(links.frame)
    sold = _summed(tidy.frame, ["unit", "product"])
    made, units = _made(sold, products)
    total = np.asarray(phi.sum(axis=1)).ravel()
    dense = _divided(np.asarray((made @ phi).todense()), total)
    table = pl.DataFrame({
        "unit": np.repeat(units, len(products)), "product": list(products) * len(units),
        "made": np.asarray(made.todense()).ravel() > 0, "density": dense.ravel(),
    }, schema_overrides={"unit": pl.String, "product": pl.String})  # fmt: skip
    table = table.with_columns(pl.col("density").fill_nan(None))
    outside = sold.filter(~pl.col("product").is_in(products)).height
    missing = _lost(tidy, "density")
    if outside:
        missing.append(Missing("density", "density", outside, "products of a unit that are not in the product space"))
    return estimates(
        "density", {"density": table.with_columns(distance=1.0 - pl.col("density"))}, (tidy, links), options={},
        references=("hidalgo2007",), missing=missing,
    )  # fmt: skip


def sector_entries(
    frame: Any,
    space: Any,
    *,
    unit: str = "unit",
    product: str = "product",
    year: str = "year",
    value: str = "value",
    least: float = 0.0,
    years: int = 2,
) -> Estimates:
    """Find sustained entries into new products or sectors, and the leap that each was.

    Entry in ``t``: not sold in any earlier year, and at least ``least`` of the unit's sales in ``t`` and in each of
    the next
    ``years - 1`` years; units are not judged in their first year. The leap is measured with the density of ``t - 1``,
    on what the unit sold the last year before that it sold anything (science C6; P10).

    Parameters
    ----------
    frame
        Sales: unit, product (or sector), year, value; rows of one key are summed.
    space
        Table ``proximity`` of :func:`proximity` or of others (product, other, proximity), or ``skill_relatedness`` with
        ``relatedness`` above zero as proximity.
    unit, product, year, value
        Columns of ``frame``.
    least
        Share of the unit's sales from which a product counts.
    years
        Years in a row that make an entry sustained.

    Returns
    -------
    Estimates
        Tables ``sector_entries`` (unit, product, year, share, density, distance, expected: mean density over the
        products that it could have entered) and ``entry_summary`` (entries, mean_density, mean_expected: related
        diversification where the first is above the second). The last ``years - 1`` years cannot show a sustained
        entry.
    """
    if years < 1 or not 0 <= least < 1:
        raise UpgradingError(
            f"years is {years} and least {least}",
            where="sector_entries",
            fix="give years of 1 or more, a share below 1",
        )
    tidy = read(
        frame, where="sector_entries", text={"unit": unit, "product": product}, years={"year": year},
        numbers={"value": value},
    )  # fmt: skip
    links = _space(space)
    phi, products = _matrix(links.frame)
    sold = _summed(tidy.frame, ["unit", "product", "year"]).with_columns(
        share=pl.col("value") / pl.col("value").sum().over("unit", "year")
    )
    entries = _entries(sold, least, years)
    baskets = _baskets(entries, sold)
    table, outside = _leaps(entries, baskets, phi, products)
    known = table.drop_nulls("density")
    summary = pl.DataFrame({
        "entries": [table.height], "mean_density": [known["density"].mean()],
        "mean_expected": [known["expected"].mean()],
    }, schema_overrides={"mean_density": pl.Float64, "mean_expected": pl.Float64})  # fmt: skip
    missing = _lost(tidy, "sector_entries")
    if outside:
        missing.append(Missing("sector_entries", "density", outside, "the product entered has no link in the space"))
    return estimates(
        "sector_entries", {"sector_entries": table, "entry_summary": summary}, (tidy, links),
        options={"least": least, "years": years}, references=("hidalgo2007", "hs2002"), missing=missing,
    )  # fmt: skip


def _summed(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    known = rows.drop_nulls([*key, "value"]).filter(pl.col("value") > 0)
    return known.group_by(key).agg(pl.col("value").sort().sum()).sort(key)


def _lost(tidy: Tidy, table: str) -> list[Missing]:
    lost = tidy.frame.filter(pl.any_horizontal(pl.all().is_null()) | (pl.col("value") <= 0)).height
    return (
        [Missing(table, "value", lost, "a key is missing, or the value is missing or not above zero")] if lost else []
    )


def _advantage(rows: pl.DataFrame) -> pl.DataFrame:
    """Add revealed comparative advantage, (x_cp x) / (x_c x_p)."""
    total = pl.col("value") * pl.col("value").sum()
    return rows.with_columns(
        advantage=total / (pl.col("value").sum().over("unit") * pl.col("value").sum().over("product"))
    )


def _incidence(made: pl.DataFrame) -> tuple[Any, list[str], list[str]]:
    from scipy.sparse import csr_matrix

    units, products = sorted(set(made["unit"])), sorted(set(made["product"]))
    return csr_matrix(_positions(made, units, products), shape=(len(units), len(products))), units, products


def _positions(made: pl.DataFrame, units: list[str], products: list[str]) -> Any:
    rows = made["unit"].replace_strict(dict(zip(units, range(len(units)), strict=True)), return_dtype=pl.Int64)
    columns = made["product"].replace_strict(
        dict(zip(products, range(len(products)), strict=True)), return_dtype=pl.Int64
    )
    return np.ones(made.height), (rows.to_numpy(), columns.to_numpy())


def _made(sold: pl.DataFrame, products: list[str]) -> tuple[Any, list[str]]:
    from scipy.sparse import csr_matrix

    units = sorted(set(sold["unit"]))
    inside = sold.filter(pl.col("product").is_in(products))
    return csr_matrix(_positions(inside, units, products), shape=(len(units), len(products))), units


def _space(space: Any) -> Tidy:
    tidy = read(
        space, where="space", text={"product": "product", "other": "other"}, numbers={"proximity": "proximity"}
    )  # fmt: skip
    rows = tidy.frame.drop_nulls().filter(pl.col("product") != pl.col("other"))
    odd = rows.filter((pl.col("proximity") < 0) | (pl.col("proximity") > 1)).height
    if odd:
        raise UpgradingError("proximities lie between 0 and 1", where="space", rows=odd, fix="rescale or drop them")
    pairs = rows.select(
        one=pl.min_horizontal("product", "other"), two=pl.max_horizontal("product", "other"), proximity="proximity"
    )
    clash = pairs.unique().height - pairs.select("one", "two").n_unique()
    if clash:
        raise UpgradingError(
            "a pair has two proximities", where="space", rows=clash, fix="make it symmetric: one for each"
        )
    kept = pairs.unique().filter(pl.col("proximity") > 0).sort("one", "two")
    if not kept.height:
        raise UpgradingError("no pair of products is related", where="space", fix="give proximities above zero")
    return Tidy(kept, tidy.kind, tidy.where, tidy.fingerprint)


def _matrix(links: pl.DataFrame) -> tuple[Any, list[str]]:
    """Return the symmetric matrix of proximities without a diagonal, and its products."""
    from scipy.sparse import csr_matrix

    products = sorted({*links["one"], *links["two"]})
    place = dict(zip(products, range(len(products)), strict=True))
    one, two = (links[name].replace_strict(place, return_dtype=pl.Int64).to_numpy() for name in ("one", "two"))
    value = links["proximity"].to_numpy()
    half = csr_matrix((value, (one, two)), shape=(len(products), len(products)))
    return half + half.T, products


def _divided(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _entries(sold: pl.DataFrame, least: float, years: int) -> pl.DataFrame:
    """Return unit, product, year and share of sustained entries."""
    start = sold.group_by("unit").agg(start=pl.col("year").min())
    first = sold.sort("year").group_by("unit", "product").agg(pl.col("year").first(), pl.col("share").first())
    new = first.join(start, on="unit").filter((pl.col("year") > pl.col("start")) & (pl.col("share") >= least))
    lasting = sold.filter(pl.col("share") >= least).select("unit", "product", "year")
    for later in range(1, years):
        after = lasting.with_columns(pl.col("year") - later)
        new = new.join(after, on=["unit", "product", "year"], how="semi")
    return new.select("unit", "product", "year", "share").sort("unit", "year", "product")


def _baskets(entries: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    """Return what each unit sold the last year before each year of entry: unit, year, product."""
    moments = entries.select("unit", "year").unique()
    active = sold.select("unit", before="year").unique()
    last = (
        moments.join(active, on="unit").filter(pl.col("before") < pl.col("year"))
        .group_by("unit", "year").agg(pl.col("before").max())
    )  # fmt: skip
    return last.join(sold.select("unit", "product", before="year"), on=["unit", "before"]).sort(
        "unit", "year", "product"
    )


def _leaps(entries: pl.DataFrame, baskets: pl.DataFrame, phi: Any, products: list[str]) -> tuple[pl.DataFrame, int]:
    total = np.asarray(phi.sum(axis=1)).ravel()
    place = dict(zip(products, range(len(products)), strict=True))
    held = {
        key: [place[name] for name in names if name in place]
        for *key_parts, names in baskets.group_by("unit", "year").agg(pl.col("product").sort()).iter_rows()
        for key in [tuple(key_parts)]
    }
    lines, outside = [], 0
    cache: dict[tuple[Any, ...], tuple[Floats, float]] = {}
    for row in entries.iter_rows(named=True):
        key = (row["unit"], row["year"])
        if key not in cache:
            have = held.get(key, [])
            reached = _divided(np.asarray(phi[:, have].sum(axis=1), dtype=np.float64).ravel(), total)
            open_to = np.delete(reached, have)
            cache[key] = reached, float(open_to.mean()) if len(open_to) else float("nan")
        reached, expected = cache[key]
        near = float(reached[place[row["product"]]]) if row["product"] in place else float("nan")
        outside += row["product"] not in place
        lines.append((row["unit"], row["product"], row["year"], row["share"], near, 1.0 - near, expected))
    schema: dict[str, Any] = {"unit": pl.String, "product": pl.String, "year": pl.Int64}
    schema |= dict.fromkeys(("share", "density", "distance", "expected"), pl.Float64)
    return pl.DataFrame(lines, schema=schema, orient="row").fill_nan(None), outside
