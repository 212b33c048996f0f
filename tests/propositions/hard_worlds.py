"""Worlds with every side table that claims read, small enough to break in many ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from sinos.propositions.panels import Panels, build
from sinos.propositions.worlds import World
from sinos.results import Result

Tables = dict[str, pl.DataFrame]
KEYS = ["supplier", "buyer", "year"]


def tables(suppliers: int = 40, years: int = 8, seed: int = 3) -> Tables:
    """Return the tables of all stages under the names that the panels read."""
    stages = World(suppliers=suppliers, years=years, buyers=10, certainty=6.0, seed=seed).stages()
    found: Tables = {name: frame for stage in stages for name, frame in stage.frames.items()}
    draw = np.random.default_rng(seed)
    years_of = (
        found["supplier_years"]
        .drop("cluster")
        .with_columns(cluster=pl.concat_str(pl.lit("c"), pl.col("supplier").str.slice(-1)))
    )
    number = years_of.height
    found["supplier_years"] = years_of
    found["suppliers"] = years_of.select("supplier", "year").with_columns(
        employment=draw.lognormal(4, 1, number), output=draw.lognormal(10, 1, number),
        capex=draw.lognormal(6, 1, number), training=draw.lognormal(4, 1, number),
        design_staff=draw.poisson(3, number).astype(float), on_time_share=draw.uniform(0.5, 1.0, number),
        performs_design=(years_of["year"] > 2000 + draw.integers(1, 12, number)).cast(pl.Int64),
    )  # fmt: skip
    relations = (
        found["relation_years"]
        .drop("cluster")
        .join(years_of.select("supplier", "year", "cluster"), on=["supplier", "year"], maintain_order="left")
    )
    rows, over = relations.height, ["supplier", "buyer"]
    last = pl.col("year").max()
    found["relation_years"] = relations.with_columns(
        main_product=pl.Series([f"p{i}" for i in draw.integers(0, 4, rows)]),
        relative_unit_value=draw.lognormal(0, 0.3, rows), on_time_recorded=draw.uniform(0, 1, rows),
        destination=pl.lit("US"), tenure_years=pl.col("year") - pl.col("year").min().over(over) + 1,
        tenure_left_censored=pl.lit(0),
        ended=pl.when(pl.col("year") < last).then((pl.col("year") == last.over(over)).cast(pl.Int64)),
    )  # fmt: skip
    found["governance"] = found["governance"].drop("cluster").with_columns(cluster=relations["cluster"])
    found["relations"] = relations.select(KEYS).with_columns(
        relinquished_function=pl.Series(draw.choice(["", "design", "logistics"], rows))
    )
    buyers = relations["buyer"].unique().sort()
    found["buyers"] = pl.DataFrame(
        {"buyer": buyers, "core_functions": [("design;branding", "sourcing")[i % 2] for i in range(len(buyers))]}
    )
    found["products"] = pl.DataFrame({"product": [f"p{i}" for i in range(4)], "credence": [0, 1, 0, 1]})
    found["product_years"] = pl.DataFrame(
        [(f"p{p}", year, draw.uniform()) for p in range(4) for year in range(1999, 2012)],
        schema=["product", "year", "hhi_buyers"], orient="row",
    )  # fmt: skip
    support = years_of.select("cluster", "year").unique().sort("cluster", "year")
    found["clusters"] = support.with_columns(technology_centres=draw.poisson(2, support.height).astype(float))
    found["lock_in"] = years_of.select("supplier", "year", lock_in=draw.uniform(0, 5, number), core_overlap=pl.lit(1.0))
    found["upgrading_measures"] = pl.concat([found["upgrading_measures"], *_more(years_of, draw)])
    return found


def _more(years_of: pl.DataFrame, draw: np.random.Generator) -> list[pl.DataFrame]:
    number = years_of.height
    values = {
        ("inter_sectoral", "new_sector_share"): draw.uniform(0, 1, number),
        ("functional", "ladder_step"): draw.integers(1, 5, number).astype(float),
    }
    return [
        years_of.select(
            level=pl.lit("supplier"), unit="supplier", year=pl.col("year").cast(pl.Int64), kind=pl.lit(kind),
            measure=pl.lit(measure), value=pl.Series(value),
        )
        for (kind, measure), value in values.items()
    ]  # fmt: skip


def panels(found: Mapping[str, pl.DataFrame], draws: int = 2) -> Panels:
    """Return panels with a few draws of governance."""
    one = Result(dict(found), (), World(suppliers=2, years=1).stages()[0].provenance, "polars")
    made = build(one, one, one)
    return replace(made, draws=made.draws[:draws])


Break = Callable[[Tables], Tables]


def every(found: Tables, change: Callable[[pl.DataFrame], pl.DataFrame], *names: str) -> Tables:
    """Change all tables, or those named, that have rows of suppliers or relations."""
    return {name: change(frame) if not names or name in names else frame for name, frame in found.items()}


def _known(frame: pl.DataFrame, *names: str) -> list[str]:
    return [name for name in names if name in frame.columns]


def sound(found: Tables) -> Tables:
    return found


def collinear(found: Tables) -> Tables:
    """Forms in fixed proportion to each other, and every survey column a multiple of one."""
    p = found["governance"]["p_quasi_hierarchy"] / 2
    mixed = found["governance"].with_columns(
        p_market=1 - 1.8 * p, p_network=0.5 * p, p_quasi_hierarchy=p, p_hierarchy=0.3 * p
    )
    survey = found["suppliers"].with_columns(capex=pl.col("output"), training=pl.col("output") * 2)
    return {**found, "governance": mixed, "suppliers": survey}


def constant(found: Tables) -> Tables:
    """Nothing that explains anything varies."""
    same = {"p_market": 0.25, "p_network": 0.25, "p_quasi_hierarchy": 0.25, "p_hierarchy": 0.25}
    flat = found["governance"].with_columns(pl.lit(value).alias(name) for name, value in same.items())
    survey = found["suppliers"].with_columns(
        pl.lit(1.0).alias(name)
        for name in ("employment", "output", "capex", "training", "design_staff", "on_time_share")
    )
    return {
        **found, "governance": flat, "suppliers": survey,
        "supplier_years": found["supplier_years"].with_columns(top1_share=pl.lit(0.5), value=pl.lit(1.0)),
        "lock_in": found["lock_in"].with_columns(lock_in=pl.lit(1.0)),
        "products": found["products"].with_columns(credence=pl.lit(1)),
        "product_years": found["product_years"].with_columns(hhi_buyers=pl.lit(0.5)),
        "clusters": found["clusters"].with_columns(technology_centres=pl.lit(1.0)),
    }  # fmt: skip


def constant_outcomes(found: Tables) -> Tables:
    """Nothing ever changes."""
    still = found["upgrading_measures"].with_columns(value=pl.lit(1.0))
    prices = found["relation_years"].with_columns(relative_unit_value=pl.lit(1.0), on_time_recorded=pl.lit(1.0))
    return {**found, "upgrading_measures": still, "relation_years": prices}


def singletons(found: Tables) -> Tables:
    """Every supplier is seen in one year, with buyers of its own."""
    own = pl.concat_str(pl.col("supplier"), pl.col("year"), separator=".")

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        if "supplier" in frame.columns and "year" in frame.columns:
            frame = frame.with_columns(supplier=own)
            if "buyer" in frame.columns:
                frame = frame.with_columns(buyer=pl.concat_str(pl.col("buyer"), pl.col("supplier")))
        if "unit" in frame.columns:
            frame = frame.with_columns(unit=pl.concat_str(pl.col("unit"), pl.col("year"), separator="."))
        return frame

    return every(found, change)


def one_buyer(found: Tables) -> Tables:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        if "buyer" not in frame.columns:
            return frame
        frame = frame.with_columns(buyer=pl.lit("b"))
        return frame.unique(_known(frame, *KEYS), keep="first", maintain_order=True)

    made = every(found, change)
    years = made["supplier_years"].with_columns(main_buyer=pl.lit("b"), top1_share=pl.lit(1.0))
    return {**made, "supplier_years": years}


def one_year(found: Tables) -> Tables:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("year") == 2003) if "year" in frame.columns else frame

    return every(found, change)


def one_supplier(found: Tables) -> Tables:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        for name in ("supplier", "unit"):
            frame = frame.filter(pl.col(name) == "s000001") if name in frame.columns else frame
        return frame

    return every(found, change)


def missing(found: Tables) -> Tables:
    """Every number of every table is missing, except the posteriors."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        numbers = [
            n for n, kind in frame.schema.items() if kind.is_numeric() and n != "year" and not n.startswith("p_")
        ]
        return frame.with_columns(pl.lit(None).cast(frame.schema[name]).alias(name) for name in numbers)

    return every(found, change)


def nothing(found: Tables) -> Tables:
    """No row in any table."""
    return {name: frame.clear() for name, frame in found.items()}


def wild_numbers(found: Tables) -> Tables:
    """Zeros, infinities and not-a-numbers where positive numbers belong."""
    odd = pl.Series([0.0, np.inf, np.nan, -1.0, 1e308, 1e-308])

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        numbers = [n for n, kind in frame.schema.items() if kind == pl.Float64 and not n.startswith("p_")]
        place = pl.int_range(pl.len()) % 11
        return frame.with_columns(
            pl.when(place < 6).then(pl.lit(odd).gather(pl.min_horizontal(place, 5))).otherwise(pl.col(name)).alias(name)
            for name in numbers
        )

    return every(found, change, "suppliers", "upgrading_measures", "relation_years", "lock_in", "clusters")


def separation(found: Tables) -> Tables:
    """Forms are certain, and every event happens exactly under one form."""
    best = np.eye(4)[found["governance"].select("^p_.*$").to_numpy().argmax(axis=1)]
    sure = found["governance"].with_columns(
        pl.Series(name, best[:, i])
        for i, name in enumerate(("p_market", "p_network", "p_quasi_hierarchy", "p_hierarchy"))
    )
    held = (
        sure.select("supplier", "year", qh=pl.col("p_quasi_hierarchy")).group_by("supplier", "year").agg(pl.max("qh"))
    )
    ladder = found["upgrading_measures"].join(
        held.with_columns(pl.col("year").cast(pl.Int64)), left_on=["unit", "year"], right_on=["supplier", "year"],
        how="left", maintain_order="left",
    )  # fmt: skip
    rises = pl.col("measure") == "ladder_step"
    ladder = ladder.with_columns(value=pl.when(rises).then(1 + pl.col("qh").shift(1)).otherwise(pl.col("value")))
    core = ["design", "branding"]
    functions = found["relations"].join(found["buyers"], on="buyer", how="left", maintain_order="left")
    given = functions.with_columns(
        relinquished_function=pl.when(pl.col("core_functions").str.contains(core[0]))
        .then(pl.lit(core[0]))
        .otherwise(pl.lit(""))
    ).drop("core_functions")
    ended = found["relation_years"].join(found["supplier_years"].select("supplier", "year", "top1_share"),
                                         on=["supplier", "year"], how="left", maintain_order="left")  # fmt: skip
    ended = ended.with_columns(ended=(pl.col("top1_share") > 0.6).cast(pl.Int64)).drop("top1_share")
    return {**found, "governance": sure, "upgrading_measures": ladder.drop("qh"), "relations": given,
            "relation_years": ended}  # fmt: skip


BREAKS: Mapping[str, Break] = {
    item.__name__: item
    for item in (
        sound, collinear, constant, constant_outcomes, singletons, one_buyer, one_year, one_supplier, missing, nothing,
        wild_numbers, separation,
    )
}  # fmt: skip
