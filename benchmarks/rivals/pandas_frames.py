"""The core outputs in pandas, ids as categories (their codes are integers in the sorted order of names)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from core import COLUMNS, EXCLUSIVE, KEYS, command

IDS = ("supplier", "buyer", "product", "destination")


def _grouped(frame: pd.DataFrame, key: list[str], **sums: tuple[str, str]) -> pd.DataFrame:
    return frame.groupby(key, sort=False).agg(**sums).reset_index()


def _sum(name: str) -> tuple[str, str]:
    return name, "sum"


def run(source: Path, out: Path, memory: str | None = None) -> None:
    """Compute the core outputs and write them as sorted Parquet; there is no memory limit to set."""
    records = pd.read_parquet(source, columns=[*IDS, "date", "value"])
    names = {}
    for name in IDS:
        values = records[name].astype("category").cat
        names[name], records[name] = values.categories, values.codes.astype("int32")
    date = pd.to_datetime(records.pop("date"))
    records["year"], records["month"] = date.dt.year.astype("int32"), date.dt.month.astype("int8")
    months = records[["supplier", "buyer", "year", "month"]].drop_duplicates()
    months = months.groupby(["supplier", "buyer", "year"], sort=False).size().rename("months_active").reset_index()
    base = _grouped(records, [*IDS, "year"], value=_sum("value"), shipments=("value", "size"))
    del records, date
    trade = _grouped(base, ["supplier", "buyer", "product", "year"], value=_sum("value"), shipments=_sum("shipments"))
    bought = _grouped(
        trade,
        ["buyer", "product", "year"],
        value=_sum("value"),
        shipments=_sum("shipments"),
        sellers=("value", "size"),
    )
    relations = _relations(trade, bought, months)
    tables = {
        "relation_years": relations,
        "supplier_years": _suppliers(base, trade, relations),
        "buyer_years": _buyers(bought, relations),
    }
    for name, table in tables.items():
        shown = table[[*KEYS[name], *COLUMNS[name]]].sort_values(list(KEYS[name]), ignore_index=True)
        for key in KEYS[name]:
            if key in names:
                shown[key] = pd.Categorical.from_codes(shown[key], names[key])
        shown.to_parquet(out / f"{name}.parquet", compression="zstd", index=False)


def _relations(trade: pd.DataFrame, bought: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    key = ["supplier", "buyer", "year"]
    total = bought[["buyer", "product", "year", "value"]].rename(columns={"value": "total"})
    trade = trade.merge(total, on=["buyer", "product", "year"])
    trade["weighted"] = trade["value"] * trade["value"] / trade["total"]
    pairs = _grouped(
        trade,
        key,
        value=_sum("value"),
        shipments=_sum("shipments"),
        products=("value", "size"),
        weighted=_sum("weighted"),
    ).merge(months, on=key)
    years = pairs.groupby(["supplier", "buyer"], sort=False)["year"]
    pairs["first_year"] = years.transform("min")
    later = years.transform("max") > pairs["year"]
    known = later | (pairs["year"] < pairs["year"].max())
    share = pairs["value"] / pairs.groupby(["supplier", "year"], sort=False)["value"].transform("sum")
    power = pairs["weighted"] / pairs["value"]
    return pairs.assign(
        tenure_years=pairs["year"] - pairs["first_year"] + 1,
        ended=(1.0 - later).where(known),
        supplier_dependence=share,
        buyer_dependence=power,
        relative_power=(share - power) / (share + power),
        exclusive=(share >= EXCLUSIVE).astype("int32"),
    )


def _entropy(table: pd.DataFrame, key: list[str], count: str, name: str) -> pd.DataFrame:
    table = table.assign(logs=table["value"] * np.log(table["value"]))
    sums = _grouped(table, key, **{count: ("value", "size")}, total=_sum("value"), logs=_sum("logs"))
    sums[name] = np.log(sums["total"]) - sums["logs"] / sums["total"]
    return sums[[*key, count, name]]


def _concentration(relations: pd.DataFrame, key: list[str], count: str, hhi: str, top: str) -> pd.DataFrame:
    table = relations.assign(square=relations["value"] ** 2)
    sums = _grouped(
        table,
        key,
        value=_sum("value"),
        shipments=_sum("shipments"),
        most=("value", "max"),
        square=_sum("square"),
        **{count: ("value", "size")},
    )
    return sums.assign(**{hhi: sums["square"] / sums["value"] ** 2, top: sums["most"] / sums["value"]})


def _suppliers(base: pd.DataFrame, trade: pd.DataFrame, relations: pd.DataFrame) -> pd.DataFrame:
    key = ["supplier", "year"]
    sales = _concentration(relations, key, "buyers", "hhi_buyers", "top1_share")
    old = relations.assign(old=relations["value"].where(relations["first_year"] < relations["year"], 0.0))
    sold = _grouped(trade, ["supplier", "product", "year"], value=_sum("value"))
    place = _grouped(base, ["supplier", "destination", "year"], value=_sum("value"))
    table = (
        sales.merge(_grouped(old, key, old=_sum("old")), on=key)
        .merge(_entropy(sold, key, "products", "product_entropy"), on=key)
        .merge(_entropy(place, key, "destinations", "destination_entropy"), on=key)
    )
    share = (table["old"] / table["value"]).where(table["year"] > table["year"].min())
    return table.assign(effective_buyers=1 / table["hhi_buyers"], share_preexisting=share)


def _buyers(bought: pd.DataFrame, relations: pd.DataFrame) -> pd.DataFrame:
    key = ["buyer", "year"]
    weighted = bought.assign(
        per_shipment=bought["value"] * bought["sellers"] / bought["shipments"],
        score=bought["value"] * np.log(bought["shipments"] / bought["sellers"]),
    )
    scores = _grouped(weighted, key, products=("value", "size"), per_shipment=_sum("per_shipment"), score=_sum("score"))
    table = _concentration(relations, key, "suppliers", "hhi_suppliers", "top1_supplier_share").merge(scores, on=key)
    return table.assign(
        sellers_per_shipment=table["per_shipment"] / table["value"],
        relational_sourcing=table["score"] / table["value"],
    )


if __name__ == "__main__":
    command(run)
