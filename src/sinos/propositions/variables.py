"""Columns of the panels that are not upgrading or governance: determinants, markets, tiers, intent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add

import polars as pl

from sinos.propositions.claims import columns, rule
from sinos.theory.load import load_yaml

Tables = Mapping[str, pl.DataFrame]
KEY = ["supplier", "year"]
FUNCTIONS = ("sourcing", "logistics", "design", "marketing", "branding")
SUPPORT = ("technology_centres", "joint_action", "public_programmes")


def supplier_columns(frame: pl.DataFrame, tables: Tables, relations: pl.DataFrame, why: dict[str, str]) -> pl.DataFrame:
    """Add the supplier panel's own columns; what cannot be made is null, with the reason in ``why``."""
    survey = _survey(tables)
    frame = _other_markets(frame)
    frame = _newcomer(frame, tables, relations)
    frame = _lock_in(frame, tables)
    frame = _left(frame, _intent(survey), "intent")
    frame = _left(frame, _effort(survey), "design_effort", "past_design_effort", "since_design_effort")
    frame = _left(frame, _tier(tables), "buyer_tier")
    frame = _innovation(frame, tables)
    frame = _left(frame, _destination(tables), "destination_level")
    frame = frame.with_columns(
        years_in_chain=(pl.col("year") - pl.col("entered") + 1).cast(pl.Float64).log(),
        log_size=pl.when(pl.col("value") > 0).then(pl.col("value").log()) if "value" in frame.columns else pl.lit(None),
    )
    _explain(
        frame,
        (
            "other_markets",
            "newcomer",
            "lock_in",
            "dependence",
            "intent",
            "design_effort",
            "buyer_tier",
            "innovation_system",
        ),
        why,
    )
    return frame


def relation_panel(tables: Tables, relations: pl.DataFrame, read: frozenset[str], why: dict[str, str]) -> pl.DataFrame:
    """Return relation-years with outcomes and determinants."""
    years = tables["relation_years"].with_columns(pl.col("year").cast(pl.Int64))
    wanted = [
        name
        for name in (
            "main_product",
            "relative_unit_value",
            "on_time_recorded",
            "ended",
            "tenure_years",
            "tenure_left_censored",
            "destination",
            "supplier_dependence",
            "buyer_dependence",
        )
        if name in years.columns
    ]
    keys = ["supplier", "buyer", "year"]
    frame = relations.join(years.select(*keys, *wanted), on=keys, how="left", maintain_order="left")
    frame = _absent(
        frame,
        {
            "relative_unit_value": pl.Float64,
            "on_time_recorded": pl.Float64,
            "main_product": pl.String,
            "destination": pl.String,
        },
    )
    price = pl.col("relative_unit_value")
    frame = frame.with_columns(
        relation_price=pl.when(price > 0).then(price.log()),
        relation_punctuality=pl.col("on_time_recorded"),
        supplier_year=pl.concat_str(pl.col("supplier"), pl.lit("·"), pl.col("year")),
        buyer_year=pl.concat_str(pl.col("buyer"), pl.lit("·"), pl.col("year")),
    )
    frame = _failure(frame, tables, read)
    frame = _concentration(frame, tables)
    frame = _credence(frame, tables)
    _explain(frame, ("failure_risk", "buyer_concentration", "credence", "relation_price", "relation_punctuality"), why)
    if "failure_risk" in why and "on_time_share" in read:
        why["failure_risk"] += "; on_time_share is used to infer governance and would confirm itself"
    return frame


def function_panel(tables: Tables, relations: pl.DataFrame, why: dict[str, str]) -> pl.DataFrame:
    """Return relation-function-years at risk: was the function handed over, and is it core to the buyer.

    What was handed over cannot be handed over again: later years of that function in the relation are left out.
    """
    side = tables.get("relations", pl.DataFrame())
    keys = ["supplier", "buyer", "year"]
    given = {"relinquished_function", "year"} <= set(side.columns) and side["relinquished_function"].is_not_null().any()
    core = _core(tables)
    empty = {
        "supplier": pl.String,
        "buyer": pl.String,
        "year": pl.Int64,
        "function": pl.String,
        "relation_year": pl.String,
        "relinquished": pl.Float64,
        "core": pl.Float64,
    }
    if not given:
        why["relinquished"] = f"no function was recorded as handed over: needs {columns()['relinquished'].needs}"
    if not core.height:
        why["core"] = f"the buyers' core functions are not known: needs {columns()['core'].needs}"
    if not given or not core.height:
        return pl.DataFrame(schema=empty)
    rows = side.with_columns(pl.col("year").cast(pl.Int64)).drop_nulls("year").select(*keys, "relinquished_function")
    rows = rows.join(relations.select(keys), on=keys, how="semi")
    return (
        rows.join(pl.DataFrame({"function": FUNCTIONS}), how="cross")
        .join(core, on=["buyer", "function"], how="left")
        .join(core.select("buyer").unique(), on="buyer", how="semi")
        .with_columns(
            core=pl.col("core").fill_null(0.0),
            relinquished=pl.col("relinquished_function")
            .fill_null("")
            .str.split(";")
            .list.eval(pl.element().str.strip_chars())
            .list.contains(pl.col("function"))
            .cast(pl.Float64),
            relation_year=pl.concat_str(*keys, separator="·"),
        )
        .drop("relinquished_function")
        .sort(*keys, "function")
        .filter(pl.col("relinquished").cum_sum().over("supplier", "buyer", "function") <= pl.col("relinquished"))
    )


def _core(tables: Tables) -> pl.DataFrame:
    buyers = tables.get("buyers", pl.DataFrame())
    known = load_yaml("buyer_types")["types"]
    found: set[tuple[str, str]] = set()
    for row in buyers.iter_rows(named=True):
        own = [name.strip() for name in (row.get("core_functions") or "").split(";") if name.strip()]
        kind = row.get("type")
        found |= {(row["buyer"], name) for name in own or (known[kind]["core"] if kind in known else ())}
    rows = [(buyer, name, 1.0) for buyer, name in sorted(found)]
    return pl.DataFrame(rows, schema={"buyer": pl.String, "function": pl.String, "core": pl.Float64}, orient="row")


def _survey(tables: Tables) -> pl.DataFrame:
    side = tables.get("suppliers", pl.DataFrame())
    if "year" not in side.columns:
        return pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64})
    return side.with_columns(pl.col("year").cast(pl.Int64)).drop_nulls("year").sort(KEY)


def _other_markets(frame: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in ("top1_share_total", "top1_share") if name in frame.columns]
    main = pl.coalesce(pl.col(name) for name in names) if names else pl.lit(None, pl.Float64)
    made = frame.with_columns(dependence=main, other_markets=1.0 - main)
    varied = (made["dependence"] < 1).any()
    return (
        made
        if varied
        else made.with_columns(pl.lit(None, pl.Float64).alias(c) for c in ("dependence", "other_markets"))
    )


def _newcomer(frame: pl.DataFrame, tables: Tables, relations: pl.DataFrame) -> pl.DataFrame:
    first = pl.col("year").min()
    begins = pl.lit(relations["year"].min(), pl.Int64)
    entered = relations.group_by("supplier").agg(entered=first)
    age = pl.col("year") - pl.col("entered")
    return frame.join(entered, on="supplier", how="left", maintain_order="left").with_columns(
        newcomer=pl.when(pl.col("entered") > begins).then((age < int(rule("newcomer_years"))).cast(pl.Float64))
    )


def _lock_in(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    table = tables.get("lock_in", pl.DataFrame())
    if not {"lock_in", "core_overlap"} <= set(table.columns):
        return frame.with_columns(lock_in=pl.lit(None, pl.Float64))
    index = pl.when(pl.col("core_overlap").is_not_null() & (pl.col("lock_in") >= 0)).then(pl.col("lock_in").log1p())
    return _left(frame, table.select("supplier", pl.col("year").cast(pl.Int64), lock_in=index), "lock_in")


def _intent(survey: pl.DataFrame) -> pl.DataFrame:
    spent = [pl.col(name).cast(pl.Float64) for name in ("capex", "training") if name in survey.columns]
    if not spent or "output" not in survey.columns:
        return survey.select(KEY).with_columns(intent=pl.lit(None, pl.Float64))
    some = pl.any_horizontal(part.is_not_null() for part in spent)
    ratio = pl.sum_horizontal(part.fill_null(0.0) for part in spent) / pl.col("output")
    return survey.select(*KEY, intent=pl.when(some & (pl.col("output") > 0)).then(ratio))


def _effort(survey: pl.DataFrame) -> pl.DataFrame:
    from sinos.propositions.panels import changes

    level = pl.lit(None, pl.Float64)
    for top, base in (("training", "output"), ("design_staff", "employment")):
        if {top, base} <= set(survey.columns):
            share = pl.when(pl.col(base) > 0).then(pl.col(top).cast(pl.Float64) / pl.col(base))
            level = share if survey.select(share.alias("x"))["x"].drop_nulls().len() >= rule("min_rows") else level
    rows = survey.select(unit="supplier", year="year", kind=pl.lit("effort"), value=level).drop_nulls("value")
    moves = changes(rows, int(rule("window")))
    names = {"design_effort": "ahead", "past_design_effort": "past", "since_design_effort": "since"}
    return moves.select(supplier="unit", year="year", **names)


def _tier(tables: Tables) -> pl.DataFrame:
    """Sales-weighted mean over buyers of the log relative unit value that they pay to their other suppliers."""
    years = tables["relation_years"].with_columns(pl.col("year").cast(pl.Int64))
    if "relative_unit_value" not in years.columns:
        return pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64, "buyer_tier": pl.Float64})
    price = pl.when(pl.col("relative_unit_value") > 0).then(pl.col("relative_unit_value").log())
    rows = years.select("supplier", "buyer", "year", pl.col("value").fill_null(0.0), price=price).drop_nulls("price")
    rows = rows.filter(pl.col("value") > 0)
    paid, bought = (pl.col("price") * pl.col("value")), pl.col("value")
    over = ["buyer", "year"]
    rest = bought.sum().over(over) - bought
    rows = rows.with_columns(
        others=pl.when(pl.len().over(over) > 1, rest > 0).then((paid.sum().over(over) - paid) / rest)
    ).drop_nulls("others")
    return rows.group_by(KEY).agg(buyer_tier=(pl.col("others") * pl.col("value")).sum() / pl.col("value").sum())


def _destination(tables: Tables) -> pl.DataFrame:
    """Sales-weighted mean over destinations of the log unit value paid there to others, net of product and year."""
    empty = pl.DataFrame(schema={"supplier": pl.String, "year": pl.Int64, "destination_level": pl.Float64})
    cells = tables.get("supplier_product_years", pl.DataFrame())
    if not {"destination", "unit_value", "product"} <= set(cells.columns):
        return empty
    rows = cells.with_columns(pl.col("year").cast(pl.Int64)).filter(
        (pl.col("unit_value") > 0) & (pl.col("value") > 0) & pl.col("destination").is_not_null()
    )
    price = pl.col("unit_value").log()
    rows = rows.with_columns(net=price - price.mean().over("product", "year"))
    over = ["destination", "year"]
    others = pl.col("supplier").n_unique().over(over) > 1
    own_sum, own_n = pl.col("net").sum().over(*over, "supplier"), pl.len().over(*over, "supplier")
    rest = (pl.col("net").sum().over(over) - own_sum) / (pl.len().over(over) - own_n)
    rows = rows.with_columns(level=pl.when(others).then(rest)).drop_nulls("level")
    weighted = (pl.col("level") * pl.col("value")).sum() / pl.col("value").sum()
    return rows.group_by(KEY).agg(destination_level=weighted)


def _innovation(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    side = tables.get("clusters", pl.DataFrame())
    given = [name for name in SUPPORT if name in side.columns and side[name].drop_nulls().n_unique() > 1]
    if not given or "year" not in side.columns or side["cluster"].n_unique() < 2:
        return frame.with_columns(innovation_system=pl.lit(None, pl.Float64))
    scores = [(pl.col(name) - pl.col(name).mean()) / pl.col(name).std() for name in given]
    # Added one by one: sums over columns of polars go by pairs that depend on the number of threads.
    total = reduce(add, (score.fill_null(0.0) for score in scores))
    known = reduce(add, (score.is_not_null().cast(pl.Float64) for score in scores))
    mean = pl.when(known > 0).then(total / known)
    made = side.select("cluster", pl.col("year").cast(pl.Int64), innovation_system=mean)
    return frame.join(made.drop_nulls(), on=["cluster", "year"], how="left", maintain_order="left")


def _failure(frame: pl.DataFrame, tables: Tables, read: frozenset[str]) -> pl.DataFrame:
    survey = _survey(tables)
    options = [("defect_rate", pl.col("defect_rate")), ("on_time_share", 1.0 - pl.col("on_time_share"))]
    for name, level in options:
        if name in survey.columns and name not in read and survey[name].drop_nulls().len() >= rule("min_rows"):
            rows = survey.drop_nulls(name).select("supplier", failure_year="year", failure_risk=level)
            shifted = rows.with_columns(year=pl.col("failure_year") + 1).sort("year")
            return (
                frame.sort("year")
                .join_asof(
                    shifted.drop("failure_year"),
                    on="year",
                    by="supplier",
                    strategy="backward",
                    tolerance=int(rule("window")),
                    check_sortedness=False,
                )
                .sort("supplier", "buyer", "year")
            )
    return frame.with_columns(failure_risk=pl.lit(None, pl.Float64))


def _concentration(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    table = tables.get("product_years", pl.DataFrame())
    if "hhi_buyers" not in table.columns:
        return frame.with_columns(buyer_concentration=pl.lit(None, pl.Float64))
    before = table.select(
        main_product=pl.col("product"), year=pl.col("year").cast(pl.Int64) + 1, buyer_concentration="hhi_buyers"
    )
    return frame.join(before, on=["main_product", "year"], how="left", maintain_order="left")


def _credence(frame: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    side = tables.get("products", pl.DataFrame())
    if "credence" not in side.columns or side["credence"].drop_nulls().n_unique() < 2:
        return frame.with_columns(credence=pl.lit(None, pl.Float64))
    flag = side.select(main_product="product", credence=pl.col("credence").cast(pl.Float64))
    return frame.join(flag, on="main_product", how="left", maintain_order="left")


def _left(frame: pl.DataFrame, rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    return frame.join(rows.select(*KEY, *names), on=KEY, how="left", maintain_order="left")


def _absent(frame: pl.DataFrame, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in frame.columns
    )


def _explain(frame: pl.DataFrame, names: tuple[str, ...], why: dict[str, str]) -> None:
    for name in names:
        if not frame[name].is_not_null().any():
            why.setdefault(name, f"needs {columns()[name].needs}")
