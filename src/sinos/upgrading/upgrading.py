"""The verb ``score``: the four kinds of upgrading of every supplier-year and cluster-year."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from sinos import __version__
from sinos.results import Missing, Provenance, Result
from sinos.study.model import Study
from sinos.theory.load import reference_texts
from sinos.upgrading import clusters, depth, functional, inter_sectoral, process, product
from sinos.upgrading.direction import combine, no_changes, with_direction
from sinos.upgrading.inputs import Inputs, gather
from sinos.upgrading.panel import panel_changes
from sinos.upgrading.rules import KINDS, constant, of_kind, rules

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFERENCES = ("hs2002", "kaplinsky_readman2005", "fontagne_freudenberg1997", "gereffi1999")

_FALLBACK = {
    "process": "no survey column on process with a year (defects, punctuality, lead time, costs, employment)",
    "product": "no quantities in one unit, so no unit values",
    "functional": "no survey column on functions or own designs, and no Incoterms: trade alone does not show functions",
    "inter_sectoral": "no recorded sales of products with a sector (products.sector) or an HS code",
}


@dataclass(frozen=True)
class Upgrading(Result):
    """Upgrading and downgrading of suppliers and clusters.

    Tables ``upgrading`` (one row per unit, year and kind), ``upgrading_measures`` (levels), ``quadrants``, ``tiers``,
    and those of the estimators that the study asks for (``upgrading: depth``).

    Attributes
    ----------
    functions
        Functions gained and lost: supplier, year, gained, lost (names separated by semicolons).
    """

    functions: pl.DataFrame = field(default_factory=pl.DataFrame)

    def plot_data(self) -> pl.DataFrame:
        """Return the number of suppliers by kind, year and direction: kind, year, direction, suppliers."""
        rows = self.frame("upgrading").filter(pl.col("level") == "supplier")
        return (
            rows.group_by("kind", "year", "direction")
            .agg(suppliers=pl.len().cast(pl.Int64))
            .sort("kind", "year", "direction")
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of suppliers that moved up less the share that moved down, among those observed, by kind."""
        import matplotlib.pyplot as plt

        drawn = ax if ax is not None else plt.subplots()[1]
        seen = self.plot_data().filter(pl.col("direction") != "not_observable")
        net = pl.col("suppliers") * pl.col("direction").replace_strict({"up": 1, "flat": 0, "down": -1})
        balance = seen.group_by("kind", "year").agg(share=net.sum() / pl.col("suppliers").sum()).sort("kind", "year")
        for kind in KINDS:
            line = balance.filter(pl.col("kind") == kind)
            drawn.plot(line["year"].to_list(), line["share"].to_list(), marker="o", label=kind.replace("_", "-"))
        drawn.axhline(0.0, color="grey", linewidth=0.8)
        drawn.set_xlabel("year")
        drawn.set_ylabel("share up less share down (observed suppliers)")
        drawn.legend()
        return drawn


@dataclass(frozen=True, slots=True)
class _Scored:
    """Levels and changes of one level (suppliers or clusters)."""

    units: pl.DataFrame
    levels: pl.DataFrame
    changes: pl.DataFrame
    fallback: dict[str, str]


def score(measures: Any, governance: Any = None, *, study: Study | None = None, **sides: Any) -> Upgrading:
    """Score the four kinds of upgrading for every supplier-year and cluster-year.

    Parameters
    ----------
    measures
        What ``measure`` returned, or a data frame of supplier-years (supplier, year; optionally cluster and value).
    governance
        What ``classify`` returned; where given, prices inside firms (hierarchy) are not read as product upgrading.
    study
        Options when a data frame is given; defaults where absent.
    **sides
        Data frames ``supplier_product_years``, ``relation_years``, ``suppliers``, ``products``, ``coverage``.

    Returns
    -------
    Upgrading
        Directions with the measure that decided, all measures beside it, quadrants and price tiers. A kind that the
        data do not show is ``not_observable`` with the reason, never ``flat``.

    Raises
    ------
    UpgradingError
        If a table lacks its key or repeats it.

    Examples
    --------
    >>> years = pl.DataFrame({"supplier": ["a", "a"], "year": [1990, 1993], "value": [1.0, 1.0]})
    >>> survey = pl.DataFrame({"supplier": ["a", "a"], "year": [1990, 1993], "own_design_share": [0.0, 0.4]})
    >>> rows = score(years, suppliers=survey).frame("upgrading")
    >>> rows.filter((pl.col("level") == "supplier") & (pl.col("kind") == "functional"))["direction"].to_list()
    ['not_observable', 'up']
    """
    inputs = gather(measures, study, sides)
    inside = _inside_firms(governance)
    deep = depth.estimate(inputs)
    suppliers, cells, moved = _score_suppliers(inputs, inside, deep.levels)
    scored = {"supplier": suppliers, "cluster": _score_clusters(inputs, suppliers)}
    quadrants = clusters.quadrants(inputs.units, inputs.cells, inputs.options.window, inputs.options.flat_band)
    table = _stack({level: combine(s.units, s.changes.drop("sound"), s.fallback) for level, s in scored.items()})
    frames = {
        "upgrading": table.select(
            "level", "unit", "cluster", "year", "kind", "direction", "measure", "change", "low", "high", "from_year",
            "basis", "reason",
        ),
        "upgrading_measures": _measures(scored),
        "quadrants": quadrants,
        "tiers": product.tiers(cells, inputs.options.tier_width),
    }  # fmt: skip
    kept = depth.captured(inputs, frames["upgrading"])
    frames |= deep.frames | kept.frames
    options: dict[str, Any] = {
        "flat_band": inputs.options.flat_band,
        "window": inputs.options.window,
        "tier_width": inputs.options.tier_width,
        "sales_at_home_recorded": inputs.home_known,
        "governance": governance is not None,
    }
    if inputs.options.depth:
        options |= {"depth": list(inputs.options.depth), "tfp_method": inputs.options.tfp_method}
    return Upgrading(
        frames=frames,
        missing=(*_missing(inputs, table, cells, quadrants), *deep.missing, *kept.missing),
        provenance=Provenance(__version__, "upgrading", options, inputs.fingerprints, inputs.seed),
        kind=inputs.kind,
        references=tuple(dict.fromkeys((*reference_texts(REFERENCES), *deep.references, *kept.references))),
        functions=moved.rename({"unit": "supplier"}).sort("supplier", "year"),
    )


def _score_suppliers(
    inputs: Inputs, inside: pl.DataFrame | None, deep: pl.DataFrame
) -> tuple[_Scored, pl.DataFrame, pl.DataFrame]:
    window, band = inputs.options.window, inputs.options.flat_band
    units = inputs.units
    cells = product.supplier_cells(inputs.cells)
    product_levels = product.levels(cells, inputs.options.tier_width)
    price = product_levels.filter(pl.col("measure") == "unit_value")
    functional_levels = functional.levels(inputs.survey, inputs.relation_years, inputs.supplier_years)
    process_levels = process.levels(inputs.survey, price)
    own_prices = product.matched_changes(units, cells, "log_unit_value", "unit_value", window)
    sets, moved = functional.set_changes(units, inputs.survey, window)
    relative = product.matched_changes(units, cells, "relative", "relative_unit_value", window)
    parts = [
        *([relative, own_prices] if product_levels.height else []),
        *_panels(units, product_levels, ("high_tier_share",), window),
        *([sets] if functional.function_columns(inputs.survey) else []),
        *_panels(units, functional_levels, of_kind("functional")[1:], window),
        process.changes(units, process_levels, own_prices, window, band),
        *_panels(units, deep, tuple(sorted(set(deep["measure"]))), window),
    ]
    sold = inter_sectoral.groups(inputs.cells.rename({"supplier": "unit"}), inputs.products)
    if sold.height:
        parts.append(inter_sectoral.changes(units, sold, inputs.covered, window))
    changes = _directed(_without_transfer_prices(_together(parts), inside), inputs, exact=True)
    levels = pl.concat([product_levels, functional_levels, process_levels, deep])
    return _Scored(units.select("unit", "year", "cluster"), levels, changes, _fallback(inputs)), cells, moved


def _score_clusters(inputs: Inputs, suppliers: _Scored) -> _Scored:
    window = inputs.options.window
    units = clusters.cluster_years(inputs.units)
    surveyed = [name for name, rule in rules().items() if rule.kind in {"functional", "process"}]
    averaged = pl.col("measure").is_in(surveyed)
    cells = clusters.cluster_cells(inputs.units, inputs.cells)
    product_levels = product.levels(cells, inputs.options.tier_width)
    parts = [clusters.supplier_means(inputs.units, suppliers.changes.filter(averaged))]
    outside = cells["relative"].is_not_null().any()
    if outside:
        parts.append(product.matched_changes(units, cells, "relative", "relative_unit_value", window))
    if product_levels.height:
        parts.append(product.matched_changes(units, cells, "log_unit_value", "unit_value", window))
    rows = inputs.cells.rename({"supplier": "unit"}).join(inputs.units, on=["unit", "year"]).drop("unit")
    sold = inter_sectoral.groups(rows.drop_nulls("cluster").rename({"cluster": "unit"}), inputs.products)
    if sold.height:
        parts.append(inter_sectoral.changes(units, sold, inputs.covered, window))
    changes = _directed(_together(parts), inputs, exact=False)
    means = clusters.supplier_levels(inputs.units, suppliers.levels.filter(averaged))
    fallback = _fallback(inputs)
    if inputs.cells.height and not outside:
        fallback["product"] = (
            "no benchmark outside the cluster: the records hold fewer than three suppliers of other clusters in the "
            "same product, destination and year, and inside one cluster relative prices sum to zero"
        )
    return _Scored(units, pl.concat([product_levels, means]), changes, fallback)


def _panels(units: pl.DataFrame, levels: pl.DataFrame, names: tuple[str, ...], window: int) -> list[pl.DataFrame]:
    """Return the changes of every measure that has any level."""
    present = set(levels["measure"])
    return [
        panel_changes(units, levels.filter(pl.col("measure") == name), name, window)
        for name in names
        if name in present
    ]


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put changes into one table, marking those that are sound before directions are given."""
    framed = pl.concat([no_changes().drop("direction"), *parts], how="diagonal_relaxed")
    return framed.with_columns(sound=pl.col("reason").is_null() & pl.col("change").is_not_null())


def _directed(changes: pl.DataFrame, inputs: Inputs, *, exact: bool) -> pl.DataFrame:
    directed = with_direction(changes, inputs.options.flat_band, home_known=inputs.home_known, exact=exact)
    return directed.with_columns(sound=changes["sound"])


def _inside_firms(governance: Any) -> pl.DataFrame | None:
    """Return supplier-years most of whose sales are inside firms, so that prices are transfer prices."""
    if governance is None:
        return None
    rows: pl.DataFrame = governance.frame("governance").sort("supplier", "year", "buyer")
    inside = rows.group_by("supplier", "year", maintain_order=True).agg(
        share=(pl.col("value") * pl.col("p_hierarchy")).sum() / pl.col("value").sum()
    )
    return inside.filter(pl.col("share") > constant("hierarchy_share")).select(
        unit="supplier", year=pl.col("year").cast(pl.Int64), inside=pl.lit(True)
    )


def _without_transfer_prices(changes: pl.DataFrame, inside: pl.DataFrame | None) -> pl.DataFrame:
    if inside is None:
        return changes
    priced = pl.col("measure").is_in(of_kind("product"))
    hit = pl.col("inside").fill_null(False) & priced & pl.col("reason").is_null()
    text = pl.lit("most sales are inside one firm, so prices are transfer prices")
    return (
        changes.join(inside, on=["unit", "year"], how="left", maintain_order="left")
        .with_columns(reason=pl.when(hit).then(text).otherwise(pl.col("reason")), sound=pl.col("sound") & ~hit)
        .drop("inside")
    )


def _fallback(inputs: Inputs) -> dict[str, str]:
    """Return why a kind could not be tried at all, given what was supplied."""
    reasons = dict(_FALLBACK)
    if inputs.timeless:
        note = "; the suppliers table has no year, so no change can be seen in it"
        reasons = {kind: text + (note if kind in {"process", "functional"} else "") for kind, text in reasons.items()}
    return reasons


def _stack(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [table.with_columns(level=pl.lit(level)) for level, table in tables.items()]
    return pl.concat(parts).sort("level", "unit", "year", "kind", descending=[True, False, False, False])


def _measures(scored: dict[str, _Scored]) -> pl.DataFrame:
    kinds = {name: rule.kind for name, rule in rules().items()}
    parts = [part.levels.with_columns(level=pl.lit(level)) for level, part in scored.items()]
    shares = [
        part.changes.filter((pl.col("measure") == "new_sector_share") & pl.col("change").is_not_null()).select(
            "unit", "year", "measure", value="change", level=pl.lit(level)
        )
        for level, part in scored.items()
    ]
    framed = pl.concat([*parts, *shares], how="diagonal_relaxed").with_columns(
        kind=pl.col("measure").replace_strict(kinds, return_dtype=pl.String)
    )
    return framed.select("level", "unit", "year", "kind", "measure", "value").sort(
        "level", "unit", "year", "kind", "measure"
    )


def _missing(inputs: Inputs, table: pl.DataFrame, cells: pl.DataFrame, quadrants: pl.DataFrame) -> tuple[Missing, ...]:
    """Say what could not be scored, how often, and why."""
    found = []
    for kind in KINDS:
        rows = table.filter((pl.col("level") == "supplier") & (pl.col("kind") == kind))
        hidden = rows.filter(pl.col("direction") == "not_observable").height
        if hidden:
            found.append(
                Missing(
                    "upgrading", "direction", hidden, f"{kind}: not observable; the column reason says why for each row"
                )
            )
    unseen = inputs.units.filter("recorded").height
    if unseen and not inputs.home_known:
        found.append(
            Missing(
                "upgrading",
                "functional",
                unseen,
                "sales at home are not among the records: functional upgrading is under-observed exactly where the "
                "theory puts it, and suppliers that leave the records may have upgraded at home (science H13)",
            )
        )
    errors = int(cells["error"].sum())
    if errors:
        text = "unit values five or more times above or below the other suppliers' were taken as errors of unit"
        found.append(Missing("upgrading_measures", "relative_unit_value", errors, text))
    if inputs.cells.height and not quadrants.height:
        text = "no product and destination in which suppliers of another cluster give a benchmark in both years"
        found.append(Missing("quadrants", "quadrant", inputs.cells.height, text))
    return tuple(found)
