"""Survey answers that hold for some years after they were given."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

SINCE = "@since"
"""Ending of the columns that say from which year a held answer is; null where the answer is of the year itself."""

ANSWERS: Mapping[str, tuple[str, ...]] = {"relations": ("supplier", "buyer"), "suppliers": ("supplier",)}
"""Tables with answers by year, and whom an answer is about."""


def hold_answers(tables: Mapping[str, pl.DataFrame], years: int) -> dict[str, pl.DataFrame]:
    """Let each answer stand for up to ``years`` further years, until a newer answer to the same question.

    Surveys are taken now and then, and who designs or inspects changes slowly. Without this, evidence is there in the
    years of a survey and gone in between, and shares of forms move although nothing happened.

    Parameters
    ----------
    tables
        Tables by name; those of :data:`ANSWERS` are changed, if they have a year.
    years
        Further years for which an answer holds; 0 changes nothing.

    Returns
    -------
    dict
        The tables, with rows added for the years in which answers hold, and for each answer a column
        ``<answer>@since`` with the year in which a held answer was given. Rows without a year, which hold for every
        year, stay as they are.

    Examples
    --------
    >>> asked = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "year": [1990], "design_by": ["buyer"]})
    >>> hold_answers({"relations": asked}, 2)["relations"]["year"].to_list()
    [1990, 1991, 1992]
    >>> hold_answers({"relations": asked}, 2)["relations"]["design_by@since"].to_list()
    [None, 1990, 1990]
    """
    result = dict(tables)
    if years == 0:
        return result
    for name, whom in ANSWERS.items():
        if name in result and "year" in result[name].columns:
            result[name] = _held(result[name], whom, years)
    return result


def _held(frame: pl.DataFrame, whom: tuple[str, ...], years: int) -> pl.DataFrame:
    dated = frame.filter(pl.col("year").is_not_null())
    if dated.select(*whom, "year").is_duplicated().any():
        return frame  # a repeated key is an error, which the join reports
    copies = [dated.with_columns(pl.col("year") + later, pl.lit(later).alias("_later")) for later in range(years + 1)]
    answers = [name for name in frame.columns if name not in (*whom, "year")]
    since = [_since(name).alias(name + SINCE) for name in answers]
    newest = (
        pl.concat(copies)
        .sort(*whom, "year", "_later")
        .group_by(*whom, "year", maintain_order=True)
        .agg(pl.col(answers).drop_nulls().first(), *since)
    )
    ordered = newest.select(*frame.columns, *(name + SINCE for name in answers))
    return pl.concat([ordered, frame.filter(pl.col("year").is_null())], how="diagonal")


def _since(name: str) -> pl.Expr:
    """Return the year of the newest answer where it is an earlier one."""
    later = pl.col("_later").filter(pl.col(name).is_not_null()).first()
    return pl.when(later > 0).then((pl.col("year").first() - later).cast(pl.Int32))
