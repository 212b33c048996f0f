"""Functional upgrading as the skill content of what a supplier does: weighted scores and specialisation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import polars as pl

from sinos.errors import UpgradingError, nearest
from sinos.results import Missing
from sinos.upgrading.estimators.effects import pyfixest
from sinos.upgrading.estimators.tidy import Estimates, Tidy, estimates, read
from sinos.upgrading.functional import function_columns
from sinos.upgrading.rules import skilled_step, steps


def function_score(
    frame: Any, *, weights: Mapping[str, float] | None = None, supplier: str = "supplier", year: str = "year"
) -> Estimates:
    """Score the function set of every supplier-year by the skill content of its functions.

    ``score = sum_f omega_f a_sf / sum_f omega_f`` over the functions whose performance is known: 0 when nothing is
    performed, 1 when everything is (science C4). A function of rung 3 or higher that was performed the year before and
    is not now is functional downgrading, whatever else was gained.

    Parameters
    ----------
    frame
        Supplier-years with columns ``performs_*`` (0/1, missing where unknown).
    weights
        Function: omega, above zero. The rung of each function (1 to 4) where not given, which is an order and not a
        measurement; :func:`function_premia` estimates weights from wages.
    supplier, year
        Columns.

    Returns
    -------
    Estimates
        Table ``function_score``: supplier, year, functions (performed), known, score (missing unless all are known),
        gained, lost, lost_skilled (names separated by semicolons, against the year before).

    Raises
    ------
    UpgradingError
        If no function column is given, or a weight is unknown or not above zero.
    """
    tidy, columns = _functions(frame, supplier, year, "function_score")
    omega = _weights(weights, columns)
    rows = tidy.frame.sort("supplier", "year")
    known = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int64) for name in columns)
    total = sum(omega.values())
    # Added one by one: sums over columns of polars go by pairs that depend on the number of threads.
    score = reduce(add, (pl.col(name) * omega[name] for name in columns)) / total
    follows = (pl.col("supplier") == pl.col("supplier").shift()) & (pl.col("year") == pl.col("year").shift() + 1)
    skilled = [name for name in columns if steps()[name] >= skilled_step()]
    table = rows.with_columns(
        functions=pl.sum_horizontal(pl.col(name).fill_null(0) for name in columns).cast(pl.Int64), known=known,
        score=pl.when(known == len(columns)).then(score),
        gained=_moved(list(columns), follows, 1), lost=_moved(list(columns), follows, -1),
        lost_skilled=_moved(skilled, follows, -1),
    )  # fmt: skip
    kept = table.select("supplier", "year", "functions", "known", "score", "gained", "lost", "lost_skilled")
    gone = kept["score"].null_count()
    missing = [Missing("function_score", "score", gone, "a function is unknown in the year")] if gone else []
    said = [] if weights else ["weights are the rungs of the ladder: an order, not a measured skill content"]
    return estimates(
        "function_score", {"function_score": kept}, tidy, options={"weights": omega}, missing=missing, warnings=said,
        references=("hs2002", "timmer2019"),
    )  # fmt: skip


def function_premia(frame: Any, *, outcome: str = "wage", supplier: str = "supplier", year: str = "year") -> Estimates:
    """Estimate what each function is worth: the wage (or markup) premium of the suppliers that perform it.

    ``ln outcome_st = sum_f omega_f a_sf + a_t + e``; errors clustered by supplier. Premia are associations: able
    suppliers pay more and do more. Functions that all or no suppliers perform have none.

    Parameters
    ----------
    frame
        Supplier-years with ``performs_*`` and the outcome, above zero.
    outcome
        Column of wages per head or of markups.
    supplier, year
        Columns.

    Returns
    -------
    Estimates
        Table ``function_premia``: function, premium (log points), std_error, low, high, performing (share of rows).
        Premia above zero can be given to :func:`function_score` as weights.
    """
    tidy, columns = _functions(frame, supplier, year, "function_premia", outcome)
    rows = tidy.frame.filter(pl.col("outcome") > 0).drop_nulls(list(columns))
    varying = [name for name in columns if rows[name].n_unique() > 1]
    if not varying or rows["supplier"].n_unique() <= len(varying) + 1:
        raise UpgradingError(
            f"{rows['supplier'].n_unique()} suppliers have a known outcome and all functions known, and "
            f"{len(varying)} functions differ between them", where="function_premia",
            fix="give more suppliers, or fewer functions",
        )  # fmt: skip
    package = pyfixest("the premia of functions")
    data = rows.select("supplier", "year", *varying, outcome=pl.col("outcome").log()).to_pandas()
    model = package.feols(
        "outcome ~ " + " + ".join(varying) + " | year", data, vcov={"CRV1": "supplier"}, fixef_rm="none"
    )
    found = model.tidy()
    lines = []
    for name in columns:
        share = float(np.mean(rows[name].to_numpy()))
        if name in found.index:
            line = found.loc[name]
            values = [float(line[key]) for key in ("Estimate", "Std. Error", "2.5%", "97.5%")]
        else:
            values = [float("nan")] * 4
        lines.append((name, *values, share))
    names = ("premium", "std_error", "low", "high", "performing")
    table = pl.DataFrame(lines, schema={"function": pl.String, **dict.fromkeys(names, pl.Float64)}, orient="row")
    gone = tidy.frame.height - rows.height
    missing = [Missing("function_premia", "premium", gone, "the outcome or a function is unknown")] if gone else []
    return estimates(
        "function_premia", {"function_premia": table.fill_nan(None)}, tidy, options={"outcome": outcome},
        references=("timmer2019", "pyfixest"), missing=missing,
    )  # fmt: skip


def functional_specialisation(
    frame: Any,
    *,
    unit: str = "supplier",
    function: str = "function",
    amount: str = "employment",
    year: str | None = None,
) -> Estimates:
    """Return how far each unit specialises in each function against all units together.

    ``FS_ck = (f_ck / sum_k f_ck) / (sum_c f_ck / sum_ck f_ck)``: above one where the unit has more of the function
    than the rest (Timmer, Miroudot & de Vries 2019, where ``f`` is the labour income of function ``k`` in country
    ``c``'s exports). For suppliers or clusters, ``f`` is employment or wages by function.

    Parameters
    ----------
    frame
        Unit x function (x year) with an amount of zero or more; rows of one key are summed.
    unit, function, amount, year
        Columns.

    Returns
    -------
    Estimates
        Table ``functional_specialisation``: unit, year (if given), function, share, index, balanced = (index - 1) /
        (index + 1).
    """
    tidy = read(
        frame, where="functional_specialisation", text={"unit": unit, "function": function},
        numbers={"amount": amount}, years={"year": year} if year else {},
    )  # fmt: skip
    rows = tidy.frame if year else tidy.frame.with_columns(year=pl.lit(0, pl.Int64))
    bad = rows.filter(pl.col("amount") < 0).height
    if bad:
        raise UpgradingError(
            "amounts below zero", where="functional_specialisation", rows=bad, fix="drop or correct them"
        )
    known = rows.drop_nulls()
    summed = (
        known.group_by("unit", "year", "function").agg(pl.col("amount").sort().sum()).sort("unit", "year", "function")
    )
    every = summed.select("unit", "year").unique().join(summed.select("year", "function").unique(), on="year")
    full = every.join(summed, on=["unit", "year", "function"], how="left").with_columns(pl.col("amount").fill_null(0.0))
    full = full.sort("year", "unit", "function")
    own, common = pl.col("amount").sum().over("unit", "year"), pl.col("amount").sum().over("function", "year")
    table = full.with_columns(
        share=pl.when(own > 0).then(pl.col("amount") / own),
        common=pl.when(pl.col("amount").sum().over("year") > 0).then(common / pl.col("amount").sum().over("year")),
    ).with_columns(index=pl.when(pl.col("common") > 0).then(pl.col("share") / pl.col("common")))
    kept = table.with_columns(balanced=(pl.col("index") - 1) / (pl.col("index") + 1)).sort("unit", "year", "function")
    names = ["unit", *(["year"] if year else []), "function", "share", "index", "balanced"]
    lost = rows.height - known.height
    missing = [Missing("functional_specialisation", "index", lost, "unit, function or amount missing")] if lost else []
    return estimates(
        "functional_specialisation", {"functional_specialisation": kept.select(names)}, tidy,
        options={"amount": amount}, references=("timmer2019",), missing=missing,
    )  # fmt: skip


def _functions(
    frame: Any, supplier: str, year: str, where: str, outcome: str | None = None
) -> tuple[Tidy, dict[str, str]]:
    from sinos.frames import to_polars

    columns = function_columns(to_polars(frame))
    if not columns:
        raise UpgradingError(
            "no column says which functions are performed", where=where,
            fix="give " + ", ".join(f"performs_{name}" for name in steps()),
        )  # fmt: skip
    tidy = read(
        frame, where=where, text={"supplier": supplier}, years={"year": year},
        numbers={**columns, **({"outcome": outcome} if outcome else {})}, key=("supplier", "year"),
    )  # fmt: skip
    odd = tidy.frame.filter(pl.any_horizontal(~pl.col(name).is_in([0.0, 1.0]) for name in columns)).height
    if odd:
        raise UpgradingError("performs_* must be 0 or 1", where=where, rows=odd, fix="recode them, or leave them empty")
    return tidy, columns


def _weights(weights: Mapping[str, float] | None, columns: Mapping[str, str]) -> dict[str, float]:
    if weights is None:
        return {name: float(steps()[name]) for name in columns}
    for name, value in weights.items():
        if name not in steps():
            raise UpgradingError(f"there is no function '{name}'", where="function_score", fix=nearest(name, steps()))
        if not (np.isfinite(value) and value > 0):
            raise UpgradingError(
                f"the weight of '{name}' is {value}", where="function_score", fix="give one above zero"
            )
    without = [name for name in columns if name not in weights]
    if without:
        raise UpgradingError(
            f"no weight for {', '.join(without)}", where="function_score", fix="give one, or drop the column"
        )
    return {name: float(weights[name]) for name in columns}


def _moved(names: list[str], follows: pl.Expr, sign: int) -> pl.Expr:
    """Name the functions that moved by ``sign`` since the year before; missing without that year."""
    words = [pl.when((pl.col(name) - pl.col(name).shift()) == sign).then(pl.lit(name)) for name in names]
    joined = pl.concat_str(words or [pl.lit(None, pl.String)], separator=";", ignore_nulls=True)
    return pl.when(follows.fill_null(False)).then(joined)
