"""From the engine's transactions to the coded tables of measures: what is computed in which order, and kept where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import polars as pl

from sinos.measures import base, buyers, clusters, coverage, prices, products, relations, rematch, seasonality
from sinos.measures import suppliers as sellers
from sinos.measures.attributes import FUNCTIONS, SUPPLIER_NUMBERS, beside, coded
from sinos.measures.exact import attach, bits_set, ratio
from sinos.measures.shape import KEYS, shaped
from sinos.measures.tenure import exclusive_runs, histories, with_coverage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from sinos.engine import Engine

PREFIX = "measure_"
"""Prefix of every table that the measures keep in the engine."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every stage needs: the engine, the scan of the records, coverage, side tables and the assumed margin."""

    engine: Engine
    found: base.Scan
    status: Mapping[int, str]
    years: ir.Table
    buyer_cover: ir.Table | None
    supplier_cover: ir.Table | None
    suppliers: ir.Table
    membership: ir.Table
    products: ir.Table
    local_purchases: pl.DataFrame
    margin: float

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """Compute a table once and keep it in the engine."""
        return self.engine.store(PREFIX + name, expression)

    def get(self, name: str) -> ir.Table:
        """Return a table that was kept."""
        return self.engine.table(PREFIX + name)

    def drop(self, *names: str) -> None:
        """Free tables that no later stage reads."""
        for name in names:
            self.engine.drop(PREFIX + name)


def context(engine: Engine, frames: Mapping[str, pl.DataFrame], margin: float) -> Context:
    """Scan the records and store coverage and side tables beside them."""
    found = base.scan(engine, engine.table("transactions"))
    cover = frames["coverage"]
    status = coverage.statuses(cover, found.first_year, found.last_year)
    engine.register(PREFIX + "calendar", coverage.year_table(status).to_arrow())
    sides = {
        side: _reporters(engine, coverage.reporter_table(cover, side, status), side) for side in ("buyer", "supplier")
    }
    clusters_frame = frames["clusters"]
    local = ("cluster", "year", "local_purchases_share")
    return Context(
        engine=engine,
        found=found,
        status=status,
        years=engine.table(PREFIX + "calendar"),
        buyer_cover=sides["buyer"],
        supplier_cover=sides["supplier"],
        suppliers=coded(
            engine, frames["suppliers"], "supplier", (*SUPPLIER_NUMBERS, *FUNCTIONS), PREFIX + "attributes"
        ),
        membership=coded(engine, frames["membership"], "supplier", ("cluster",), PREFIX + "membership"),
        products=coded(engine, frames["products"].drop("year", strict=False), "product", ("rauch",), PREFIX + "rauch"),
        local_purchases=clusters_frame.select([c for c in local if c in clusters_frame.columns]),
        margin=margin,
    )


def _reporters(engine: Engine, table: pl.DataFrame, side: str) -> ir.Table | None:
    codes = engine.collect(engine.table(f"{side}_codes"))
    known = table.join(codes, on="name", how="inner").drop("name")
    if known.is_empty():
        return None
    known = known.rename({"code": side}).with_columns(pl.col(side).cast(pl.Int32)).sort(side, "year")
    engine.register(f"{PREFIX}{side}_cover", known.to_arrow())
    return engine.table(f"{PREFIX}{side}_cover")


def build(run: Context) -> dict[str, ir.Table]:
    """Compute every table of measures and keep them, coded, in the engine.

    Returns
    -------
    dict
        Output table: its coded form in the engine, unsorted.
    """
    reduce_records(run)
    sum_sides(run)
    relation_stage(run)
    buyer_stage(run)
    supplier_stage(run)
    finish(run)
    return {name: run.get(name) for name in KEYS}


def reduce_records(run: Context) -> None:
    """Sum the records to cells, and by month to the seasons of products and the regularity of relations."""
    transactions = run.engine.table("transactions")
    cells = run.keep("cells", base.cell_sums(transactions, run.found))
    if run.found.month:
        months = run.keep("months", base.month_values(transactions, run.found))
        known = cells.select(*base.CELL, cell_value=cells.value)
        own = seasonality.dated_cells(months) if run.found.undated else known
        season = run.keep("season", seasonality.product_months(months))
        run.keep("regular", seasonality.relation_months(months, own, season))
        run.drop("months", "season")


def sum_sides(run: Context) -> None:
    """Sum cells to what each side sold, bought and paid, by product."""
    cells = run.get("cells")
    trade = run.keep("trade", relations.relation_products(cells))
    bought = run.keep("bought", buyers.buyer_products(trade))
    sold = run.keep("sold", products.supplier_products(trade))
    markets = run.keep("markets", prices.supplier_products(cells, run.found))
    run.keep("market", products.product_years(sold, bought))
    run.keep("stickiness", products.product_spells(trade, run.years))
    if run.found.quantity:
        median = run.keep("median", prices.markets(markets))
        run.keep("relative", prices.relative_unit_values(cells, median, run.found))


def relation_stage(run: Context) -> None:
    """Sum trade to relation-years and add dependence, power, tenure and entry."""
    table = run.keep("pairs", relations.relation_years(run.get("trade"), run.get("bought"), run.get("sold"), run.found))
    sales = run.keep("sales", sellers.supplier_sales(table))
    several = relations.main_destinations(run.get("cells"), table)
    table = relations.with_destination(table, several) if run.found.destination else _nowhere(table)
    table = attach(table, sales.select("supplier", "year", sales=sales.value), ["supplier", "year"], inner=True)
    dependence = ratio(table.value, table.sales)
    table = table.mutate(
        supplier_dependence=dependence,
        buyer_dependence=ratio(table.bought, table.value),
        exclusive=(dependence >= relations.EXCLUSIVE).cast("int64"),
    )
    table = with_coverage(table, run.years, run.buyer_cover, run.supplier_cover)
    run.keep("history", histories(table))
    run.drop("pairs", "cells")


def _nowhere(table: ir.Table) -> ir.Table:
    return table.mutate(destination=ibis.null("int32")).drop("destination_low", "destination_high")


def buyer_stage(run: Context) -> None:
    """Score buyers: sellers per shipment, relational sourcing gross and net."""
    bought = run.get("bought")
    means = run.keep("means", buyers.relational_means(bought))
    deviations = run.keep("deviations", buyers.relational_deviations(bought, means))
    sums = run.engine.collect(buyers.relational_slope(deviations)).row(0, named=True)
    net = buyers.relational_net(deviations, buyers.slope_of(sums["cross"], sums["square"]))
    table = attach(buyers.buyer_years(run.get("history")), buyers.buyer_scores(bought), buyers.BUYER)
    run.keep("purchases", attach(table, net, buyers.BUYER))
    run.drop("means", "deviations")


def supplier_stage(run: Context) -> None:
    """Add to suppliers their mix, chains, outside options, re-match time and exit cost."""
    pairs, sold = run.get("history"), run.get("sold")
    table = attach(run.get("sales"), sellers.supplier_mix(sold), ["supplier", "year"])
    place = run.keep("places", sellers.supplier_places(run.get("markets")))
    reach = run.keep("reach", sellers.supplier_destinations(place))
    table = attach(table, reach, ["supplier", "year"])
    table = attach(table, sellers.second_destination(place, reach), ["supplier", "year"])
    aged = attach(
        pairs.select("supplier", "year", "value", "first_year"), run.years.select("year", "earlier"), ["year"]
    )
    table = attach(table, sellers.preexisting(aged, ["supplier", "year"]), ["supplier", "year"])
    run.keep("mix", beside(beside(table, run.suppliers, "supplier"), run.membership, "supplier"))
    run.drop("places", "reach")
    table = run.get("mix")
    options = sellers.outside_options(sold, run.get("trade"), run.get("bought"), run.get("market"), table)
    table = run.keep("options", attach(table, options, ["supplier", "year"]))
    cut = run.engine.collect(
        table.aggregate(low=table.market_thickness.quantile(1 / 3), high=table.market_thickness.quantile(2 / 3))
    ).row(0, named=True)
    table = table.mutate(tercile=rematch.tercile(table.market_thickness, cut["low"], cut["high"]))
    lost = rematch.losses(table.select("supplier", "year", "main_buyer", "main_value", "tercile"), pairs, run.years)
    followed = rematch.followed(run.keep("lost", lost), run.keep("new", rematch.newcomers(pairs)))
    sums = run.engine.collect(followed).sort("tercile", nulls_last=True)
    run.engine.register(PREFIX + "hazards", sums.to_arrow())
    found = rematch.hazards(sums)
    run.keep("outlook", supplier_outlook(table, found, run.found.value_scale, run.margin))
    run.drop("mix", "options", "lost", "new")


def supplier_outlook(
    table: ir.Table, found: dict[int | None, rematch.Hazard], scale: float, assumed: float
) -> ir.Table:
    """Add to supplier-years the re-match time, the exit cost, and whether its margin was assumed."""
    known = sellers.margin(table.profit, table.output)
    table = table.mutate(
        margin=known.fill_null(assumed),
        margin_assumed=known.isnull().cast("int64"),
        rematch_years=rematch.rematch_years(table.tercile, found),
        total=sellers.total_sales(table.value / scale, table.output, table.domestic_sales),
        multi_chain=sellers.multi_chain(table, table.domestic_sales * scale),
    )
    return table.mutate(exit_cost=table.margin * table.main_value / scale * table.rematch_years)


def finish(run: Context) -> None:
    """Shape the seven output tables."""
    scale = run.found.value_scale
    run.keep("cluster_years", shaped(_clusters(run), "cluster_years"))
    run.keep("supplier_years", shaped(_suppliers(run), "supplier_years"))
    run.keep("relation_years", shaped(_relations(run), "relation_years"))
    bought = run.get("bought")
    run.keep("buyer_product_years", shaped(bought.mutate(value=bought.value / scale), "buyer_product_years"))
    run.keep("buyer_years", shaped(_buyers(run), "buyer_years"))
    run.keep("product_years", shaped(_products(run), "product_years"))
    markets = run.get("markets")
    markets = markets.mutate(
        destination=markets.destination.nullif(-1),
        value=markets.value / scale,
        quantity=(markets.quantity / run.found.quantity_scale).nullif(0),
        quantity_value=(markets.quantity_value / scale).nullif(0),
    )
    run.keep("supplier_product_years", shaped(markets, "supplier_product_years"))
    run.drop("trade", "sold", "market", "stickiness", "sales", "history", "purchases", "outlook", "regular")
    run.drop("median", "relative", "bought", "markets")


def _relations(run: Context) -> ir.Table:
    key, found = ["supplier", "buyer", "year"], run.found
    table = attach(run.get("history"), exclusive_runs(run.get("history")), key)
    bought, market, trade = run.get("bought"), run.get("market"), run.get("trade")
    sps = bought.select("buyer", "year", main_product=bought["product"], sps=bought.sellers_per_shipment)
    table = attach(table, sps, ["buyer", "year", "main_product"])
    thick = market.select("year", main_product=market["product"], supplier_thickness=market.suppliers - 1)
    table = attach(table, thick, ["year", "main_product"])
    net = run.get("purchases").select("buyer", "year", relational_net="relational_sourcing_net")
    table = attach(table, net, ["buyer", "year"])
    seller = run.get("outlook").select("supplier", "year", "cluster", "total", "buyers")
    table = attach(table, seller, ["supplier", "year"])
    unit: dict[str, Any] = {"unit_value": ibis.null("float64"), "relative_unit_value": ibis.null("float64")}
    if found.quantity:
        paid = prices.unit_value(trade.quantity_value, trade.quantity, found)
        main = trade.select("supplier", "buyer", "year", main_product=trade["product"], unit_value=paid)
        table = attach(table, main, [*key, "main_product"])
        table = attach(table, run.get("relative"), key)
        unit = {}
    season: dict[str, Any] = {"months_active": ibis.null("int64"), "regularity": ibis.null("float64")}
    if found.month:
        table = attach(table, run.get("regular"), key)
        season = {"months_active": bits_set(table.months), "regularity": ratio(table.in_season, table.comparable)}
    value = table.value / found.value_scale
    return table.mutate(
        **unit,
        **season,
        **relations.described(table, found),
        relative_power=relations.power(table.supplier_dependence, table.buyer_dependence),
        supplier_dependence_total=ratio(value, table.total),
        exclusive_years=table.exclusive_years.fill_null(0),
        customised_share=ibis.cases((table.buyers >= 2, ratio(table.only_here, table.value)), else_=None),
    ).mutate(value=value)


def _suppliers(run: Context) -> ir.Table:
    table = run.get("outlook")
    value = table.value / run.found.value_scale
    timely = ratio(table.on_time, table.due) if run.found.on_time else ibis.null("float64")
    table = attach(
        table.mutate(
            top1_share_total=ratio(table.main_value / run.found.value_scale, table.total),
            own_brand_recorded=sellers.own_brand(table) if run.found.brand_owner else ibis.null("float64"),
            on_time_recorded=timely,
        ).mutate(value=value),
        run.years.select("year", "status"),
        ["year"],
    )
    return _reporting(table, run.supplier_cover, "supplier")


def _buyers(run: Context) -> ir.Table:
    table = run.get("purchases")
    table = attach(
        table.mutate(value=table.value / run.found.value_scale), run.years.select("year", "status"), ["year"]
    )
    return _reporting(table, run.buyer_cover, "buyer")


def _reporting(table: ir.Table, cover: ir.Table | None, side: str) -> ir.Table:
    if cover is None:
        return table.mutate(reporting=table.status)
    table = attach(table, cover.select(side, "year", own=cover.status), [side, "year"])
    return table.mutate(reporting=ibis.coalesce(table.own, table.status))


def _products(run: Context) -> ir.Table:
    table, key = run.get("market"), ["product", "year"]
    if run.found.quantity:
        table = attach(table, prices.product_prices(run.get("markets")), key)
    else:
        table = table.mutate(unit_value_median=ibis.null("float64"), price_dispersion=ibis.null("float64"))
    table = beside(table, run.products, "product")
    spells = run.get("stickiness")
    sums = spells.aggregate(exposure=spells.exposure.sum(), endings=spells.endings.sum())
    every = run.engine.collect(sums).row(0, named=True)
    table = attach(table, spells, ["product"])
    ended = every["endings"] or 0.0
    hazard = rematch.pooled(table.exposure, table.endings, every["exposure"] or 0.0, ended)
    # Where no spell ended the hazard would be the prior's alone, and its inverse a number of centuries.
    lasts = ibis.cases((table.exposure > 0, 1.0 / hazard), else_=None) if ended else ibis.null("float64")
    return table.mutate(stickiness=lasts, value=table.value / run.found.value_scale, rauch=table.rauch.cast("string"))


def _clusters(run: Context) -> ir.Table:
    seller, pairs = run.get("outlook"), run.get("history")
    pairs = attach(
        pairs.select("supplier", "buyer", "year", "value", "first_year"),
        seller.select("supplier", "year", "cluster"),
        ["supplier", "year"],
        inner=True,
    )
    sales = run.keep("cluster_sales", clusters.cluster_sales(clusters.cluster_buyers(pairs)))
    biggest = clusters.largest_suppliers(seller.select("supplier", "year", "cluster", "value", "top1_share"), sales)
    key = clusters.CLUSTER
    table = attach(sales, clusters.largest_dependence(biggest, pairs), key)
    table = attach(table, clusters.completeness(seller, FUNCTIONS), key)
    aged = attach(pairs.filter(pairs.cluster.notnull()), run.years.select("year", "earlier"), ["year"])
    table = attach(table, sellers.preexisting(aged, key), key)
    table = _local(table, run)
    return table.mutate(value=table.value / run.found.value_scale)


def _local(table: ir.Table, run: Context) -> ir.Table:
    frame = run.local_purchases
    if "local_purchases_share" not in frame.columns:
        return table.mutate(local_linkage=ibis.null("float64"))
    year = pl.col("year").cast(pl.Int32) if "year" in frame.columns else pl.lit(None, dtype=pl.Int32)
    side = frame.select(
        pl.col("cluster").alias("code"), year.alias("year"), pl.col("local_purchases_share").alias("local_linkage")
    )
    side = side.sort("code", "year", "local_linkage").unique(["code", "year"], keep="first", maintain_order=True)
    run.engine.register(PREFIX + "local", side.to_arrow())
    return beside(table, run.get("local"), "cluster")
