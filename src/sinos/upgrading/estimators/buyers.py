"""Product upgrading through buyers: organisational succession, and the lead firm's own offering."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from sinos.errors import UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.effects import pyfixest
from sinos.upgrading.estimators.tidy import Estimates, Tidy, estimates, read

_KEY = ["supplier", "buyer", "product", "year"]


def succession(
    frame: Any,
    *,
    supplier: str = "supplier",
    buyer: str = "buyer",
    product: str = "product",
    year: str = "year",
    value: str = "value",
    quantity: str = "quantity",
    least: int = 2,
) -> Estimates:
    """Rank buyers by what they pay *other* suppliers, and follow the mean rank of each supplier's buyers.

    For buyer ``b`` and supplier ``s``: the value-weighted mean over the purchases of ``b`` from suppliers other than
    ``s``, of ``ln u`` less the mean of its product and year; then the mean over the buyers of ``s``, weighted by its
    sales. Leaving ``s`` out keeps its own prices from counting as better buyers. A rise is organisational succession,
    from low-end to high-end buyers (Gereffi 1999, in Humphrey & Schmitz 2002; science A5 78).

    Parameters
    ----------
    frame
        Supplier x buyer x product x year, with value and quantity.
    supplier, buyer, product, year, value, quantity
        Columns.
    least
        Other suppliers that a buyer must have for its tier to be known.

    Returns
    -------
    Estimates
        Tables ``buyer_tiers`` (supplier, buyer, year, others, tier: log points above the product's mean),
        ``succession`` (supplier, year, tier, share of sales whose buyers have a tier, change from the year before, and
        its parts: ``between`` from moving to other buyers, ``within`` from the same buyers paying others more).
    """
    tidy, rows = _priced(frame, supplier, buyer, product, year, value, quantity, where="succession")
    gap = pl.col("log_price") - pl.col("log_price").mean().over("product", "year")
    rows = rows.sort(_KEY).with_columns(gap=gap)
    bought = rows.group_by("supplier", "buyer", "year").agg(
        value=pl.col("value").sort().sum(), worth=(pl.col("value") * pl.col("gap")).sort().sum()
    )
    everyone = bought.group_by("buyer", "year").agg(
        all_value=pl.col("value").sort().sum(), all_worth=pl.col("worth").sort().sum(), sellers=pl.len().cast(pl.Int64)
    )
    rest = pl.col("all_value") - pl.col("value")
    known = (pl.col("sellers") - 1 >= least) & (rest > 0)
    tiers = (
        bought.join(everyone, on=["buyer", "year"])
        .with_columns(others=pl.col("sellers") - 1)
        .with_columns(tier=pl.when(known).then((pl.col("all_worth") - pl.col("worth")) / rest))
        .sort("supplier", "buyer", "year")
    )
    table = _followed(tiers)
    unknown = tiers["tier"].null_count()
    missing = [Missing("buyer_tiers", "tier", unknown, f"the buyer has fewer than {least} other suppliers with prices")]
    return estimates(
        "succession",
        {"buyer_tiers": tiers.select("supplier", "buyer", "year", "others", "tier"), "succession": table},
        tidy, options={"least": least}, references=("gereffi1999", "hs2002"), missing=missing if unknown else (),
    )  # fmt: skip


def lead_firm_offering(
    frame: Any,
    *,
    supplier: str = "supplier",
    buyer: str = "buyer",
    product: str = "product",
    year: str = "year",
    value: str = "value",
    quantity: str = "quantity",
) -> Estimates:
    """Ask whether suppliers' prices follow the offering of their buyer a year later.

    ``ln u_sbpt = beta o_bp(-s),t-1 + a_sbp + a_pt + e``, where ``o`` is the mean log unit value of the product that
    buyer
    ``b`` bought from suppliers other than ``s``: what the lead firm puts on offer (science A5 79). Errors are
    clustered by buyer; with few buyers they are too small.

    Parameters
    ----------
    frame
        Supplier x buyer x product x year, with value and quantity.
    supplier, buyer, product, year, value, quantity
        Columns.

    Returns
    -------
    Estimates
        Tables ``lead_firm_offering`` (term, estimate, std_error, low, high, rows, buyers) and ``offerings`` (supplier,
        buyer, product, year, log_price, offering_before).

    Raises
    ------
    UpgradingError
        If no relation has a price, a buyer with other suppliers the year before, and a second such year.
    """
    tidy, rows = _priced(frame, supplier, buyer, product, year, value, quantity, where="lead_firm_offering")
    group = ["buyer", "product", "year"]
    rest = pl.len().over(group) - 1
    others = (pl.col("log_price").sum().over(group) - pl.col("log_price")) / pl.when(rest > 0).then(rest)
    rows = rows.sort(_KEY).with_columns(offering=others)
    before = rows.select("supplier", "buyer", "product", year=pl.col("year") + 1, offering_before="offering")
    both = rows.join(before, on=_KEY, how="left").sort(_KEY)
    used = both.drop_nulls("offering_before")
    buyers = used["buyer"].n_unique()
    if used.height < 3 or buyers < 2:
        raise UpgradingError(
            f"{used.height} rows of {buyers} buyers have the buyer's offering of the year before",
            where="lead_firm_offering", fix="give more years, and buyers with several suppliers of a product",
        )  # fmt: skip
    table = _regressed(used, buyers)
    unknown = both.height - used.height
    reason = "no other supplier of the buyer and product in the year before"
    missing = [Missing("offerings", "offering_before", unknown, reason)] if unknown else []
    return estimates(
        "lead_firm_offering",
        {"lead_firm_offering": table, "offerings": both.select(*_KEY, "log_price", "offering_before")},
        tidy, options={}, references=("hs2002", "pyfixest"), missing=missing,
        warnings=[f"{buyers} buyers: clustered errors are too small below about 30 clusters"] if buyers < 30 else (),
    )  # fmt: skip


def _priced(
    frame: Any, supplier: str, buyer: str, product: str, year: str, value: str, quantity: str, *, where: str
) -> tuple[Tidy, pl.DataFrame]:
    tidy = read(
        frame, where=where, years={"year": year}, numbers={"value": value, "quantity": quantity},
        text={"supplier": supplier, "buyer": buyer, "product": product}, key=_KEY,
    )  # fmt: skip
    rows = tidy.frame.filter((pl.col("value") > 0) & (pl.col("quantity") > 0))
    if not rows.height:
        raise UpgradingError("no row has a value and a quantity above zero", where=where, fix="give quantities")
    return tidy, rows.with_columns(log_price=(pl.col("value") / pl.col("quantity")).log())


def _followed(tiers: pl.DataFrame) -> pl.DataFrame:
    """Return each supplier's mean tier and its change, split into other buyers and the same buyers."""
    known = tiers.filter(pl.col("tier").is_not_null()).sort("supplier", "year", "buyer")
    total = tiers.group_by("supplier", "year").agg(total=pl.col("value").sort().sum())
    shares = known.with_columns(share=pl.col("value") / pl.col("value").sum().over("supplier", "year"))
    mean = shares.group_by("supplier", "year", maintain_order=True).agg(
        tier=(pl.col("share") * pl.col("tier")).sum(), known=pl.col("value").sum()
    )
    before = shares.select("supplier", "buyer", year=pl.col("year") + 1, old_share="share", old_tier="tier")
    stayed = shares.join(before, on=["supplier", "buyer", "year"]).sort("supplier", "year", "buyer")
    within = stayed.group_by("supplier", "year", maintain_order=True).agg(
        within=(0.5 * (pl.col("share") + pl.col("old_share")) * (pl.col("tier") - pl.col("old_tier"))).sum()
    )
    framed = (
        mean.join(total, on=["supplier", "year"])
        .join(mean.select("supplier", year=pl.col("year") + 1, old="tier"), on=["supplier", "year"], how="left")
        .join(within, on=["supplier", "year"], how="left")
        .with_columns(change=pl.col("tier") - pl.col("old"), share=pl.col("known") / pl.col("total"))
        .with_columns(within=pl.when(pl.col("change").is_not_null()).then(pl.col("within").fill_null(0.0)))
    )
    between = pl.col("change") - pl.col("within")
    return framed.select("supplier", "year", "tier", "share", "change", "within", between=between).sort(
        "supplier", "year"
    )


def _regressed(used: pl.DataFrame, buyers: int) -> pl.DataFrame:
    package = pyfixest("the lead firm's offering")
    key = used.select(
        price="log_price", offering="offering_before", buyer="buyer",
        relation=pl.struct("supplier", "buyer", "product").rank("dense"),
        market=pl.struct("product", "year").rank("dense"),
    )  # fmt: skip
    moves = key.with_columns(pl.col("offering") - pl.col("offering").mean().over("relation"))["offering"]
    if float(moves.abs().max() or 0.0) < 1e-12:  # type: ignore[arg-type]
        raise UpgradingError(
            "no relation has two years with an offering before them that differs", where="lead_firm_offering",
            fix="give more years",
        )  # fmt: skip
    model = package.feols(
        "price ~ offering | relation + market", key.to_pandas(), vcov={"CRV1": "buyer"}, fixef_rm="none"
    )
    low, high = model.confint().loc["offering"]
    values = (model.coef()["offering"], model.se()["offering"], low, high)
    numbers = [float(value) if np.isfinite(value) else None for value in values]
    names = ("estimate", "std_error", "low", "high")
    return pl.DataFrame(
        {"term": ["offering_before"], **{name: [number] for name, number in zip(names, numbers, strict=True)},
         "rows": [used.height], "buyers": [buyers]},
        schema_overrides=dict.fromkeys(names, pl.Float64),
    )  # fmt: skip
