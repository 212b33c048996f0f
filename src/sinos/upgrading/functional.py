"""Functional upgrading: functions gained and lost, own designs, own brands, logistics, and the four-step ladder."""

from __future__ import annotations

import polars as pl

from sinos.upgrading.panel import panel_changes
from sinos.upgrading.rules import constant, skilled_step, steps

SURVEY = ("own_design_share", "own_brand_share")
"""Survey shares that are measures of functional upgrading by themselves."""


def function_columns(survey: pl.DataFrame) -> dict[str, str]:
    """Return the columns of the survey that say which functions a supplier performs, by function."""
    wanted = {name: f"performs_{name}" for name in steps()}
    return {name: column for name, column in wanted.items() if column in survey.columns}


def skill(performed: dict[str, pl.Expr]) -> pl.Expr:
    """Return the skill content of a function set, as a number whose order is all that counts.

    A function of a higher rung outweighs all functions of lower rungs together, so the highest rung on which something
    was gained or lost decides. Production counts slightly against skill content once a skilled function is performed:
    dropping it then is upgrading (science A5 75). Exchanging the two years exchanges up and down.
    """
    score = pl.lit(0.0)
    for name, step in steps().items():
        if name in performed and step > 1:
            score = score + performed[name].cast(pl.Float64) * 10.0**step
    skilled = [performed[name] for name, step in steps().items() if step >= skilled_step() and name in performed]
    if "production" in performed and skilled:
        any_skilled = pl.any_horizontal([flag == 1 for flag in skilled])
        score = score - ((performed["production"] == 1) & any_skilled).cast(pl.Float64)
    return score


def levels(survey: pl.DataFrame, relation_years: pl.DataFrame, supplier_years: pl.DataFrame) -> pl.DataFrame:
    """Return the levels of the functional measures: unit, year, measure, value.

    Parameters
    ----------
    survey
        Supplier-years with the contract's columns on functions and own shares.
    relation_years
        ``supplier``, ``year``, ``value``, ``logistics_share``.
    supplier_years
        ``supplier``, ``year`` and, where records name brand owners, ``own_brand_recorded``.
    """
    parts = [_ladder(survey), _sets(survey), _logistics(relation_years)]
    parts += [_column(survey, name) for name in SURVEY if name in survey.columns]
    if "own_brand_recorded" in supplier_years.columns:
        parts.append(_column(supplier_years, "own_brand_recorded"))
    return pl.concat(parts).filter(pl.col("value").is_not_null()).sort("measure", "unit", "year")


def set_changes(units: pl.DataFrame, survey: pl.DataFrame, window: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the changes of function sets, and what was gained and lost.

    Functions unknown in either year are left out of the comparison; ``change`` is the number of functions of rung 2 or
    higher gained less those lost, signed by the highest rung that changed.

    Returns
    -------
    tuple
        Changes (as :func:`sinos.upgrading.panel.panel_changes`), and unit, year, gained, lost (names separated by
        semicolons).
    """
    columns = function_columns(survey)
    known = _known(survey, columns)
    framed = panel_changes(units, known.select("unit", "year", "value"), "functions", window)
    sides = framed.select("unit", "year", "from_year").join(known.drop("value"), on=["unit", "year"], how="left")
    sides = sides.join(
        known.drop("value").rename({"year": "from_year"}), on=["unit", "from_year"], how="left", suffix="_before"
    )
    both = {
        name: pl.col(column).is_not_null() & pl.col(f"{column}_before").is_not_null()
        for name, column in columns.items()
    }
    now = {name: pl.when(both[name]).then(pl.col(column)).otherwise(0) for name, column in columns.items()}
    old = {name: pl.when(both[name]).then(pl.col(f"{column}_before")).otherwise(0) for name, column in columns.items()}
    net = pl.sum_horizontal([now[name] - old[name] for name in columns if steps()[name] > 1] or [pl.lit(0)])
    sign = (skill(now) - skill(old)).sign()
    moved = sides.select(
        "unit",
        "year",
        net=pl.when(sign == 0).then(0.0).otherwise(sign * pl.max_horizontal(net.abs(), pl.lit(1))),
        gained=_names(columns, now, old, 1),
        lost=_names(columns, now, old, -1),
    )
    changes = framed.join(moved.select("unit", "year", "net"), on=["unit", "year"], how="left").with_columns(
        change=pl.when(pl.col("change").is_not_null()).then(pl.col("net"))
    )
    return changes.drop("net"), moved.filter((pl.col("gained") != "") | (pl.col("lost") != "")).drop("net")


def _names(columns: dict[str, str], now: dict[str, pl.Expr], old: dict[str, pl.Expr], sign: int) -> pl.Expr:
    words = [pl.when((now[name] - old[name]) == sign).then(pl.lit(name)) for name in columns]
    return pl.concat_str(words or [pl.lit(None, pl.String)], separator=";", ignore_nulls=True)


def _known(survey: pl.DataFrame, columns: dict[str, str]) -> pl.DataFrame:
    flags = [pl.col(column).cast(pl.Int64) for column in columns.values()]
    answered = pl.any_horizontal([flag.is_not_null() for flag in flags]) if flags else pl.lit(False)
    return survey.filter(answered).select(
        "year", *flags, unit="supplier", value=pl.sum_horizontal(flags or [pl.lit(0)]).cast(pl.Float64)
    )


def _sets(survey: pl.DataFrame) -> pl.DataFrame:
    """Count functions where all six are known."""
    columns = function_columns(survey)
    if len(columns) < len(steps()):
        return _nothing("functions")
    known = survey.drop_nulls(list(columns.values()))
    count = pl.sum_horizontal([pl.col(column).cast(pl.Float64) for column in columns.values()])
    return known.select("year", unit="supplier", measure=pl.lit("functions"), value=count).select(
        "unit", "year", "measure", "value"
    )


def _ladder(survey: pl.DataFrame) -> pl.DataFrame:
    """Return the step of the ladder: the highest with evidence, where no higher step is unknown."""
    bound = constant("own_share")
    columns = function_columns(survey)
    evidence: dict[int, list[pl.Expr]] = {
        step: [
            pl.col(columns[name]) == 1
            for name, rung in steps().items()
            if rung == step and name in columns and name != "marketing"
        ]
        for step in (1, 2, 3, 4)
    }
    if "own_design_share" in survey.columns:
        evidence[3].append(pl.col("own_design_share") >= bound)
    if "own_brand_share" in survey.columns:
        evidence[4].append(pl.col("own_brand_share") >= bound)
    step: pl.Expr = pl.lit(None, pl.Float64)
    for rung in (1, 2, 3, 4):
        on = pl.any_horizontal(evidence[rung]) if evidence[rung] else pl.lit(None, pl.Boolean)
        step = pl.when(on.is_null()).then(None).when(on).then(float(rung)).otherwise(step)
    return survey.select("year", unit="supplier", measure=pl.lit("ladder_step"), value=step).select(
        "unit", "year", "measure", "value"
    )


def _logistics(relation_years: pl.DataFrame) -> pl.DataFrame:
    if "logistics_share" not in relation_years.columns:
        return _nothing("logistics_share")
    known = relation_years.filter(pl.col("logistics_share").is_not_null() & (pl.col("value") > 0)).sort(
        "supplier", "year", "buyer"
    )
    grouped = known.group_by("supplier", "year", maintain_order=True).agg(
        value=(pl.col("value") * pl.col("logistics_share")).sum() / pl.col("value").sum()
    )
    return grouped.select("year", unit="supplier", measure=pl.lit("logistics_share"), value="value").select(
        "unit", "year", "measure", "value"
    )


def _column(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    return frame.select(unit="supplier", year="year", measure=pl.lit(name), value=pl.col(name).cast(pl.Float64))


def _nothing(measure: str) -> pl.DataFrame:
    schema = {"unit": pl.String, "year": pl.Int64, "measure": pl.String, "value": pl.Float64}
    return pl.DataFrame(schema=schema).with_columns(measure=pl.lit(measure))
