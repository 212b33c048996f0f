"""Section on upgrading: the four kinds through time, beside governance, quadrants and price tiers."""

from __future__ import annotations

import polars as pl

from sinos.report import charts
from sinos.report import format as fmt
from sinos.report.blocks import Block, Column, Figure, Fold, Heading, Paragraph, Section, Table
from sinos.report.disclosure import withhold
from sinos.report.inputs import Inputs, in_year
from sinos.report.overview import DIRECTIONS, FORMS, KINDS, directions, firm_columns, one_sided, span, upgrading_year
from sinos.report.text import against, estimate, wilson

LEAST_OBSERVED = 5.0  # expected suppliers below which a share of suppliers is not worth a sentence


def upgrading_section(inputs: Inputs) -> Section:
    """Return the section on upgrading."""
    frame, withheld = directions(inputs)
    title = "Upgrading, kind by kind"
    if not frame.height:
        text = "No window of years is long enough to see upgrading or its absence: all four kinds are not observable."
        return Section("upgrading", title, (Paragraph(text, "note"),))
    blocks: list[Block] = [
        Paragraph(
            "Each kind is read from its own measures and never added to another. Up, flat and down describe the "
            "change over a "
            f"window of {fmt.plural(inputs.study.upgrading.window, 'year')}; not observable means that the "
            f"records cannot say, "
            "not that nothing happened. A rise in unit values is not proof of better products, nor of higher returns."
        ),
        _figure(inputs, frame, withheld),
        _latest(inputs, frame),
    ]
    blocks += _beside(inputs)
    blocks += _quadrants(inputs)
    blocks += _tiers(inputs)
    return Section("upgrading", title, tuple(blocks))


def _figure(inputs: Inputs, frame: pl.DataFrame, withheld: int) -> Figure:
    panels = []
    for kind in KINDS:
        part = frame.filter(pl.col("kind") == kind)
        hidden = part.filter(pl.col("withheld"))["year"].unique().to_list()
        years = [year for year in part["year"].unique().sort().to_list() if year not in hidden]
        if years:
            panels.append(_panel(kind, part.filter(pl.col("year").is_in(years)), years))
    notes = [
        f"Shares of suppliers by the last year of the window ({fmt.plural(inputs.study.upgrading.window, 'year')})."
    ]
    notes += [f"Years with small cells are not drawn ({fmt.plural(withheld, 'cell')} withheld)."] if withheld else []
    legend = tuple((code, fmt.label(code)) for code in DIRECTIONS)
    return Figure(
        "figure-upgrading",
        "Upgrading by kind, share of suppliers",
        tuple(panels),
        legend,
        tuple(notes),
        "table upgrading.",
    )


def _panel(kind: str, part: pl.DataFrame, years: list[int]) -> str:
    shares = {
        turn: [part.filter(in_year(year), pl.col("direction") == turn)["share"].item() for year in years]
        for turn in DIRECTIONS
    }
    words = ", ".join(f"{fmt.label(turn)} {fmt.percent(values[-1])}" for turn, values in shares.items())
    return charts.svg(
        lambda axes: charts.stack(axes, years, list(shares.items())),
        id=f"upgrading-{kind.replace('_', '-')}",
        title=f"{fmt.label(kind).capitalize()} upgrading (% of suppliers)",
        description=f"Shares of suppliers in {years[-1]}: {words}.",
    )


def _latest(inputs: Inputs, frame: pl.DataFrame) -> Table:
    year = upgrading_year(inputs)
    rows = frame.filter(in_year(year))
    wide = pl.DataFrame({"kind": KINDS})
    for turn in DIRECTIONS:
        # a withheld cell stays null in the wide table: it is printed as withheld in its own column
        part = rows.filter(pl.col("direction") == turn).select("kind", pl.col("units").alias(turn))
        wide = wide.join(part, on="kind", how="left", maintain_order="left")
    reasons = _reasons(inputs, year)
    wide = wide.join(reasons, on="kind", how="left", maintain_order="left")
    hidden = int(rows["withheld"].sum())
    columns = (
        Column("kind", "Kind", "code"),
        *(Column(turn, fmt.label(turn).capitalize(), "count", "suppliers") for turn in DIRECTIONS),
        Column("reason", "Most common reason why not observable"),
    )
    notes: tuple[str, ...] = ("An en dash in a count stands for a withheld cell.",) if hidden else ()
    notes += () if inputs.guard.active else _loose(inputs, year)
    return Table(
        "table-upgrading",
        f"Suppliers by direction, window ending {year}",
        wide,
        columns,
        notes,
        "table upgrading.",
        hidden,
    )


def _loose(inputs: Inputs, year: int | None) -> tuple[str, ...]:
    """Say how many suppliers are flat by their estimate alone, since its interval reaches beyond the flat band."""
    band = inputs.study.upgrading.flat_band
    flat = inputs.frame("upgrading").filter(
        pl.col("level") == "supplier", in_year(year), pl.col("direction") == "flat", pl.col("low").is_not_null()
    )
    wide = flat.filter((pl.col("low") < -band) | (pl.col("high") > band)).height
    if not wide:
        return ()
    return (
        f"Flat: the estimated change is within ±{band:g}. Of {fmt.count(flat.height)} that have an interval, "
        f"{fmt.count(wide)} have one that reaches beyond the band, so that staying the same is not shown.",
    )


def _reasons(inputs: Inputs, year: int | None) -> pl.DataFrame:
    rows = inputs.frame("upgrading").filter(
        pl.col("level") == "supplier", in_year(year), pl.col("direction") == "not_observable"
    )
    counts = rows.filter(pl.col("reason").is_not_null()).group_by("kind", "reason").len()
    return (
        counts.sort(["kind", "len", "reason"], descending=[False, True, False])
        .group_by("kind")
        .first()
        .select("kind", pl.col("reason").str.replace_all("_", " ", literal=True))
    )


def beside(inputs: Inputs) -> pl.DataFrame:
    """Return upgrading by kind and by form of governance at the start of the window.

    Every supplier counts for each form by the expected share of its sales under that form in the window's first year,
    so that a supplier in several chains is split, not forced into one class.

    Returns
    -------
    polars.DataFrame
        ``kind, form, observed`` (expected suppliers with an observable direction), ``up, down`` (expected suppliers),
        ``share_up`` with ``low`` and ``high`` (Wilson 90 % interval).
    """
    rows = inputs.frame("governance").filter(pl.col("p_market").is_not_null(), pl.col("value") > 0)
    weights = (
        rows.group_by("supplier", "year")
        .agg(*((pl.col(f"p_{form}") * pl.col("value")).sum() / pl.col("value").sum() for form in FORMS))
        .rename({f"p_{form}": form for form in FORMS})
    )
    moves = inputs.frame("upgrading").filter(pl.col("level") == "supplier", pl.col("direction") != "not_observable")
    # where only a change can be seen, windows are observed because something changed: their share of up means nothing
    moves = moves.filter(~one_sided(inputs))
    joined = moves.join(weights, left_on=["unit", "from_year"], right_on=["supplier", "year"], how="inner")
    up, down = pl.col("direction") == "up", pl.col("direction") == "down"
    sums = joined.group_by("kind").agg(
        pl.col("unit").n_unique().alias("suppliers"),
        *(pl.col(form).sum().alias(f"{form}:observed") for form in FORMS),
        *(pl.col(form).filter(up).sum().alias(f"{form}:up") for form in FORMS),
        *(pl.col(form).filter(down).sum().alias(f"{form}:down") for form in FORMS),
    )
    table = []
    for row in sums.iter_rows(named=True):
        windows = moves.filter(pl.col("kind") == row["kind"]).height
        for form in FORMS:
            observed, ups = row[f"{form}:observed"], row[f"{form}:up"]
            # windows of one supplier overlap, so the interval is that of the number of suppliers, not of windows
            scale = min(1.0, row["suppliers"] / windows) if windows else 1.0
            share, low, high = wilson(ups * scale, observed * scale)
            table.append((row["kind"], form, row["suppliers"], observed, ups, row[f"{form}:down"], share, low, high))
    names = ["kind", "form", "suppliers", "observed", "up", "down", "share_up", "low", "high"]
    types = [pl.String, pl.String, pl.Int64, *[pl.Float64] * 6]
    frame = pl.DataFrame(table, schema=dict(zip(names, types, strict=True)), orient="row")
    order = pl.col("kind").replace_strict(dict(zip(KINDS, range(4), strict=True)), default=9)
    return frame.sort(order, pl.col("form").replace_strict(dict(zip(FORMS, range(4), strict=True)), default=9))


def _beside(inputs: Inputs) -> list[Block]:
    frame = beside(inputs)
    if not frame.height:
        return []
    wide, withheld = _wide(frame, inputs)
    columns = (
        Column("kind", "Share of windows with upgrading", "code"),
        *(
            Column(
                form,
                f"Under {fmt.label(form)}",
                "share",
                "% up (90 % interval)",
                f"{form}_low",
                f"{form}_high",
                bar=True,
            )
            for form in FORMS
        ),
        Column("observed", "Observable windows", "count", "supplier windows"),
    )
    return [
        Heading("Upgrading beside governance", "beside"),
        Paragraph(
            "The table sets each kind of upgrading beside how the supplier's sales were governed at the start "
            "of the window. It "
            "is a description: buyers choose suppliers and suppliers choose buyers, so nothing here says that a "
            "form of "
            "governance brought upgrading about or held it back. " + expectation(frame)
        ),
        Table(
            "table-beside",
            "Upgrading by kind and by governance at the start of the window, all years",
            wide,
            columns,
            notes=(
                "Suppliers are split over the forms by the expected shares of their sales. Intervals are "
                "Wilson's, on the number "
                "of suppliers; they leave out the uncertainty of the forms themselves.",
                *_left_out(inputs),
            ),
            source="tables upgrading and governance.",
            withheld=withheld,
        ),
    ]


def _left_out(inputs: Inputs) -> tuple[str, ...]:
    rows = inputs.frame("upgrading").filter(pl.col("level") == "supplier", pl.col("direction") != "not_observable")
    number = rows.filter(one_sided(inputs)).height
    if not number:
        return ()
    return (
        f"{fmt.plural(number, 'window')} of functional change seen in brands or delivery terms alone "
        f"{'is' if number == 1 else 'are'} left out: there, staying the same could not have been seen.",
    )


def _wide(frame: pl.DataFrame, inputs: Inputs) -> tuple[pl.DataFrame, int]:
    least = inputs.guard.min_cell if inputs.guard.active and inputs.guard.suppliers else 0
    low = pl.col("observed") < least
    names = {"share_up": "", "low": "_low", "high": "_high"}
    shown = frame.with_columns(pl.when(~low).then(pl.col(name)).alias(name) for name in names)
    wide = frame.group_by("kind", maintain_order=True).agg(pl.col("observed").sum())
    for form in FORMS:
        part = shown.filter(pl.col("form") == form).select(
            "kind", *(pl.col(n).alias(form + end) for n, end in names.items())
        )
        wide = wide.join(part, on="kind", how="left", maintain_order="left")
    return wide, int(frame.select(low.sum()).item())


def expectation(frame: pl.DataFrame) -> str:
    """Set the paper's two expectations about quasi-hierarchy beside the numbers, whichever way they point."""
    parts = []
    for kind, higher in (("process", "higher"), ("product", "higher"), ("functional", "lower")):
        rows = {row["form"]: row for row in frame.filter(pl.col("kind") == kind).to_dicts()}
        first, second = rows.get("quasi_hierarchy"), rows.get("market")
        if first is None or second is None or min(first["observed"], second["observed"]) < LEAST_OBSERVED:
            parts.append(f"{kind} upgrading cannot be compared (too few observable windows)")
            continue
        values = [(row["share_up"], row["low"], row["high"]) for row in (first, second)]
        verdict = against(values[0], values[1], higher=higher)
        verdict = "cannot be told apart" if verdict == "cannot be told" else f"{verdict} with the paper"
        parts.append(
            f"{kind} upgrading, expected {'more' if higher == 'higher' else 'less'} often under quasi-hierarchy "
            f"than under "
            f"market: {estimate(*values[0])} against {estimate(*values[1])}, {verdict}"
        )
    return "Against what the paper expects: " + "; ".join(parts) + "."


def _quadrants(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("quadrants").filter(pl.col("quadrant").is_not_null())
    if not rows.height:
        return []
    year = max(rows["year"].drop_nulls().to_list(), default=None)
    frame = (
        rows.group_by("quadrant")
        .agg(
            pl.len().alias("cells"),
            in_year(year).sum().alias("latest"),
            pl.col("relative_unit_value_change").median().alias("change"),
        )
        .sort(["cells", "quadrant"], descending=[True, False])
        .with_columns((pl.col("cells") / pl.col("cells").sum()).alias("share"))
    )
    firms = ("cells",) if inputs.guard.active else ()
    frame, withheld = withhold(frame, ("cells", "latest", "change", "share"), firms, inputs.guard, within=())
    columns = (
        Column("quadrant", "Quadrant", "code", guarded=False),
        Column("cells", "All windows", "count", "product-destinations"),
        Column("share", "Share", "share", bar=True),
        Column("latest", f"Window ending {year}", "count", "product-destinations"),
        Column("change", "Median change of relative unit value", "index", "log points"),
    )
    note = (
        "Relative unit value up and market share up: product upgrading; down and up: process upgrading; up and "
        "down: niche "
        "retreat; down and down: downgrading. Unit values move with composition, exchange rates and input prices too."
    )
    return [
        Heading("Unit values and market shares", "quadrants"),
        Table("table-quadrants", "Kaplinsky-Readman quadrants", frame, columns, (note,), "table quadrants.", withheld),
        *_top_quadrants(inputs, rows.filter(in_year(year)), year),
    ]


def _top_quadrants(inputs: Inputs, rows: pl.DataFrame, year: int | None) -> list[Block]:
    if inputs.guard.active:
        return []
    columns = (
        Column("cluster", "Cluster"),
        Column("product", "Product"),
        Column("destination", "Destination"),
        Column("relative_unit_value_change", "Change of relative unit value", "index", "log points"),
        Column("market_share_change", "Change of market share", "index", "log points"),
        Column("quadrant", "Quadrant", "code"),
    )
    size = pl.col("relative_unit_value_change").abs() + pl.col("market_share_change").abs()
    frame = rows.sort(
        [size, pl.col("product"), pl.col("destination")], descending=[True, False, False], nulls_last=True
    )
    top = inputs.study.output.top
    table = Table("table-quadrants-top", "Largest moves", frame.head(top), columns, source="table quadrants.")
    return [
        Fold(
            f"Product-destinations with the largest moves, window ending {year}",
            (table,),
        )
    ]


def _spread(counts: pl.Series) -> str:
    """Say on how many suppliers the years of a chart rest."""
    low, high = int(counts.min()), int(counts.max())  # type: ignore[arg-type]
    return f"{fmt.plural(low, 'supplier')} in each year" if low == high else f"{low} to {high} suppliers a year"


def _tiers(inputs: Inputs) -> list[Block]:
    rows = inputs.frame("tiers").filter(pl.col("share").is_not_null())
    if not rows.height:
        return []
    counts = rows.group_by("year", "tier").agg(pl.col("share").mean(), pl.col("supplier").n_unique().alias("suppliers"))
    counts, withheld = withhold(counts, ("share",), firm_columns(inputs.guard), inputs.guard, within=("year",))
    hidden = counts.filter(pl.col("withheld"))["year"].unique().to_list()
    years = [year for year in span(inputs) if year in counts["year"].to_list() and year not in hidden]
    if not years:
        return [Paragraph("Price tiers are withheld: too few suppliers.", "note")]
    every = rows.group_by("year").agg(pl.col("supplier").n_unique().alias("all"))
    found = counts.join(every, on="year").with_columns(pl.col("share") * pl.col("suppliers") / pl.col("all"))
    shares = {(year, tier): share for year, tier, share in found.select("year", "tier", "share").iter_rows()}
    totals = {year: sum(shares.get((year, tier), 0.0) or 0.0 for tier in ("low", "middle", "high")) for year in years}
    parts = [
        (tier, [(shares.get((year, tier), 0.0) or 0.0) / totals[year] if totals[year] else 0.0 for year in years])
        for tier in ("low", "middle", "high")
    ]
    panel = charts.svg(
        lambda axes: charts.stack(axes, years, parts),
        id="upgrading-tiers",
        title="Price tiers (% of comparable value)",
        description="; ".join(f"{tier} {fmt.percent(values[-1])} in {years[-1]}" for tier, values in parts),
    )
    legend = tuple((tier, f"{tier} tier") for tier in ("high", "middle", "low"))
    width = inputs.study.upgrading.tier_width
    note = (
        f"High: unit value above {width:g} times the median of its product, destination and year; low: below "
        f"1/{width:g}. Means over {_spread(every.filter(pl.col('year').is_in(years))['all'])}."
    )
    notes = (note, f"{fmt.plural(withheld, 'cell')} withheld.") if withheld else (note,)
    return [
        Figure(
            "figure-tiers",
            "Price tiers through time",
            (panel,),
            legend,
            notes,
            "table tiers; Fontagné & Freudenberg (1997).",
        )
    ]
