"""The estimators that a study asks for (`upgrading: depth: [...]`), run on what the records and side tables hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from sinos.errors import MissingExtraError, UpgradingError
from sinos.results import Missing
from sinos.upgrading import inter_sectoral
from sinos.upgrading.estimators.buyers import succession
from sinos.upgrading.estimators.capture import capture
from sinos.upgrading.estimators.functions import function_score
from sinos.upgrading.estimators.prices import physical_productivity, price_index
from sinos.upgrading.estimators.productivity import productivity
from sinos.upgrading.estimators.quality import quality
from sinos.upgrading.estimators.relatedness import proximity, sector_entries
from sinos.upgrading.estimators.tidy import Estimates
from sinos.upgrading.inputs import Inputs

_LEVELS = {"unit": pl.String, "year": pl.Int64, "measure": pl.String, "value": pl.Float64}


@dataclass(frozen=True, slots=True)
class Depth:
    """What the estimators add to a score.

    Attributes
    ----------
    levels
        Levels of measures that are shown and never decide: unit, year, measure, value.
    frames
        Tables by name, with the columns of the packaged outputs.
    missing
        What could not be estimated and why; what readers must know stands here too, with a count of zero.
    references
        Full references of what was used.
    """

    levels: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_LEVELS))
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
    references: tuple[str, ...] = ()


def estimate(inputs: Inputs) -> Depth:
    """Run the estimators that the study asks for; one whose columns are absent is missing, with the reason.

    Raises
    ------
    MissingExtraError
        If an estimator needs a package that is not installed.
    """
    made = [_tried(name, inputs) for name in inputs.options.depth if name != "capture"]
    return _joined(made)


def captured(inputs: Inputs, upgrading: pl.DataFrame) -> Depth:
    """Run the estimator of capture, which reads the directions that were scored."""
    return _attempt("capture", lambda: _capture(inputs, upgrading)) if "capture" in inputs.options.depth else Depth()


def _joined(made: list[Depth]) -> Depth:
    return Depth(
        pl.concat([Depth().levels, *(one.levels for one in made)]),
        {name: frame for one in made for name, frame in one.frames.items()},
        tuple(item for one in made for item in one.missing),
        tuple(dict.fromkeys(text for one in made for text in one.references)),
    )


def _tried(name: str, inputs: Inputs) -> Depth:
    return _attempt(name, lambda: _ESTIMATORS[name](inputs))


def _attempt(name: str, run: Callable[[], Depth]) -> Depth:
    try:
        return run()
    except MissingExtraError:
        raise
    except UpgradingError as error:
        return Depth(
            missing=(Missing("upgrading_measures", name, 0, f"{name} was asked for and not estimated: {error}"),)
        )


def _levels(frame: pl.DataFrame, measure: str, column: str) -> pl.DataFrame:
    known = frame.filter(pl.col(column).is_not_null())
    return known.select("year", unit="supplier", measure=pl.lit(measure), value=column).select(list(_LEVELS))


def _said(name: str, *results: Estimates) -> tuple[Missing, ...]:
    warned = tuple(Missing(name, "warning", 0, text) for one in results for text in one.warnings)
    return (*(item for one in results for item in one.missing), *warned)


def _productivity(inputs: Inputs) -> Depth:
    survey = inputs.survey
    if "value_added" not in survey.columns and {"output", "materials"} <= set(survey.columns):
        survey = survey.with_columns(value_added=pl.col("output") - pl.col("materials"))
    method = inputs.options.tfp_method
    proxy = ("capex",) if method == "op" else ("materials",)
    found = productivity(survey, method=method, proxy=proxy, seed=inputs.seed)
    table = found.frame("productivity")
    parts, results = [_levels(table, "revenue_productivity", "log_tfp")], [found]
    if inputs.cells.height:
        prices = price_index(inputs.cells)
        physical = physical_productivity(table, prices.frame(), band=inputs.options.flat_band)
        parts.append(_levels(physical.frame(), "physical_productivity", "log_tfpq"))
        results += [prices, physical]
        table = table.join(
            physical.frame().drop("log_tfpr"), on=["supplier", "year"], how="left", maintain_order="left"
        )
    frames = {
        "tfp_coefficients": found.frame("coefficients"),
        "tfp_minima": found.frame("minima"),
        "productivity": table,
    }
    references = tuple(text for one in results for text in one.references)
    return Depth(pl.concat(parts), frames, _said("productivity", *results), references)


def _quality(inputs: Inputs) -> Depth:
    if "sigma" not in inputs.products.columns:
        raise UpgradingError("the products table has no sigma", where="quality", fix="give products.sigma")
    found = quality(inputs.cells, inputs.products.select("product", "sigma"))
    table = found.frame("supplier_quality")
    frames = {"quality": table, "quality_sensitivity": found.frame("sensitivity")}
    return Depth(_levels(table, "quality", "quality"), frames, _said("quality", found), found.references)


def _functions(inputs: Inputs) -> Depth:
    found = function_score(inputs.survey)
    table = found.frame()
    return Depth(
        _levels(table, "function_score", "score"),
        {"function_scores": table},
        _said("function_scores", found),
        found.references,
    )


def _succession(inputs: Inputs) -> Depth:
    rows = inputs.relation_years
    if not {"main_product", "quantity"} <= set(rows.columns):
        raise UpgradingError(
            "relation-years have no main_product and quantity", where="succession", fix="give records with quantities"
        )
    found = succession(rows.filter(pl.col("quantity").is_not_null()), product="main_product")
    table = found.frame("succession")
    return Depth(
        _levels(table, "buyer_tier", "tier"), {"succession": table}, _said("succession", found), found.references
    )


def _relatedness(inputs: Inputs) -> Depth:
    groups = inter_sectoral.groups(inputs.cells.rename({"supplier": "unit"}), inputs.products)
    space = proximity(groups, location="unit", product="group", value="share")
    found = sector_entries(groups, space.frame(), product="group", value="share")
    warned = Missing(
        "sector_entries",
        "density",
        0,
        "the product space is made from these suppliers' own sales, so entries shape it a little",
    )
    table = found.frame().rename({"unit": "supplier", "product": "sector"})
    return Depth(
        frames={"sector_entries": table}, missing=(*_said("sector_entries", space, found), warned),
        references=found.references,
    )  # fmt: skip


def _capture(inputs: Inputs, upgrading: pl.DataFrame) -> Depth:
    if not inputs.survey.height:
        raise UpgradingError("no survey of suppliers with a year", where="capture", fix="give the table suppliers")
    found = capture(inputs.survey, upgrading, window=inputs.options.window, band=inputs.options.flat_band)
    return Depth(frames=dict(found.frames), missing=_said("capture", found), references=found.references)


_ESTIMATORS: dict[str, Callable[[Inputs], Depth]] = {
    "productivity": _productivity,
    "quality": _quality,
    "functions": _functions,
    "succession": _succession,
    "relatedness": _relatedness,
}
