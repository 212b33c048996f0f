"""The ordered ladder: how likely each step up and down is, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from sinos.errors import MissingExtraError, UpgradingError
from sinos.results import Missing
from sinos.upgrading.estimators.tidy import Estimates, Floats, estimates, read

_Z = 1.959963984540054


def ladder_hazard(
    frame: Any,
    *,
    covariates: Sequence[str] = (),
    step: str = "ladder_step",
    supplier: str = "supplier",
    year: str = "year",
) -> Estimates:
    """Estimate the hazard of leaving each step of the four-step ladder, upwards and downwards.

    The risk set of step ``j`` is the supplier-years on it that are followed by an observation; the hazard per year is
    events over years at risk. With covariates, an ordered hazard: ``ln(-ln(1 - h_jt)) = a_j + x b + ln(years to the
    next observation)`` (complementary log-log, Prentice & Gloeckler 1978), one intercept for each step, errors
    clustered by supplier. 1 -> 2 is uncontroversial; 3 and 4 are what obstruction is about (Humphrey & Schmitz 2002;
    science A5 81-82).

    Parameters
    ----------
    frame
        Supplier-years with the step (1 assembly, 2 production with local sourcing, 3 own design, 4 own brand).
    covariates
        Columns, known at the start of each interval (a constant one has no coefficient and is an error).
    step, supplier, year
        Columns.

    Returns
    -------
    Estimates
        Tables ``ladder_hazard`` (step, move: up or down, at_risk: supplier-years, events, hazard, low, high: 95 % exact
        Poisson), ``ladder_model`` (move, term, estimate, std_error, low, high; empty without covariates) and
        ``ladder_moves`` (supplier, year, next_year, step, next_step). Suppliers first seen on a step have been on it
        for an unknown time: hazards are per year at risk, not since arrival.

    Raises
    ------
    UpgradingError
        If steps are not 1 to 4, nobody is observed twice, or a covariate separates moves perfectly.
    """
    columns = {f"x{index}": name for index, name in enumerate(covariates)}
    tidy = read(
        frame, where="ladder_hazard", text={"supplier": supplier}, years={"year": year},
        numbers={"step": step, **columns}, key=("supplier", "year"),
    )  # fmt: skip
    rows = tidy.frame.drop_nulls("step")
    odd = rows.filter(~pl.col("step").is_in([1.0, 2.0, 3.0, 4.0])).height
    if odd:
        raise UpgradingError("steps must be 1, 2, 3 or 4", where="ladder_hazard", rows=odd, fix="recode them")
    moves = rows.sort("supplier", "year").with_columns(
        next_year=pl.col("year").shift(-1).over("supplier"), next_step=pl.col("step").shift(-1).over("supplier")
    )
    moves = moves.drop_nulls("next_year").with_columns(years=pl.col("next_year") - pl.col("year"))
    if not moves.height:
        raise UpgradingError(
            "no supplier is observed on the ladder twice", where="ladder_hazard", fix="give more years"
        )
    said: list[str] = []
    used = moves.drop_nulls(list(columns))
    models = [_model(used, columns, move, said) for move in ("up", "down")] if covariates else []
    schema = dict.fromkeys(("estimate", "std_error", "low", "high"), pl.Float64)
    empty = pl.DataFrame(schema={"move": pl.String, "term": pl.String, **schema})
    lost = tidy.frame.height - rows.height
    missing = [Missing("ladder_hazard", "step", lost, "the step is unknown")] if lost else []
    if moves.height > used.height:
        missing.append(Missing("ladder_model", "estimate", moves.height - used.height, "a covariate is unknown"))
    cast = [pl.col(name).cast(pl.Int64) for name in ("step", "next_step")]
    return estimates(
        "ladder_hazard",
        {
            "ladder_hazard": _table(moves),
            "ladder_model": pl.concat([empty, *models]),
            "ladder_moves": moves.select("supplier", "year", "next_year", *cast),
        },
        tidy, options={"covariates": list(covariates), "step": step}, missing=missing, warnings=said,
        references=("gereffi1999", "hs2002", "prentice_gloeckler1978"),
    )  # fmt: skip


def _table(moves: pl.DataFrame) -> pl.DataFrame:
    from scipy.stats import chi2

    lines: list[tuple[int, str, int, int, float | None, float | None, float | None]] = []
    for step in (1, 2, 3, 4):
        there = moves.filter(pl.col("step") == step)
        years = int(there["years"].sum() or 0)
        for move, happened in (("up", pl.col("next_step") > step), ("down", pl.col("next_step") < step)):
            if (step, move) in {(4, "up"), (1, "down")}:
                continue
            events = there.filter(happened).height
            if not years:
                lines.append((step, move, 0, 0, None, None, None))
                continue
            low = float(chi2.ppf(0.025, 2 * events)) / 2 / years if events else 0.0
            high = float(chi2.ppf(0.975, 2 * events + 2)) / 2 / years
            lines.append((step, move, years, events, events / years, low, high))
    names = {"step": pl.Int64, "move": pl.String, "at_risk": pl.Int64, "events": pl.Int64}
    schema = {**names, **dict.fromkeys(("hazard", "low", "high"), pl.Float64)}
    return pl.DataFrame(lines, schema=schema, orient="row")


def _model(used: pl.DataFrame, columns: dict[str, str], move: str, said: list[str]) -> pl.DataFrame:
    top = 4.0 if move == "up" else 1.0
    rows = used.filter(pl.col("step") != top)
    event = (rows["next_step"] > rows["step"]) if move == "up" else (rows["next_step"] < rows["step"])
    happened = event.to_numpy().astype(np.float64)
    schema = dict.fromkeys(("estimate", "std_error", "low", "high"), pl.Float64)
    terms = list(columns.values())
    if happened.sum() < len(terms) + 1 or happened.all():
        said.append(f"{int(happened.sum())} moves {move} in {len(happened)}: too few for a model of them")
        nothing = {"move": [move] * len(terms), "term": terms} | {name: [None] * len(terms) for name in schema}
        return pl.DataFrame(nothing, schema={"move": pl.String, "term": pl.String, **schema})
    _check_varying(rows, columns)
    estimate, error = _fitted(rows, columns, happened, move)
    values = {"estimate": estimate, "std_error": error, "low": estimate - _Z * error, "high": estimate + _Z * error}
    return pl.DataFrame({"move": [move] * len(terms), "term": terms, **values})


def _check_varying(rows: pl.DataFrame, columns: dict[str, str]) -> None:
    x = rows.select(list(columns)).to_numpy()
    design = np.column_stack([np.ones(len(x)), x / np.maximum(np.abs(x).max(axis=0), 1e-300)])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise UpgradingError(
            "the covariates are constant or collinear",
            where="ladder_hazard",
            fix="drop one of: " + ", ".join(columns.values()),
        )


def _fitted(rows: pl.DataFrame, columns: dict[str, str], happened: Floats, move: str) -> tuple[Floats, Floats]:
    """Fit the complementary log-log model, refusing coefficients that run away (perfect separation)."""
    import warnings

    try:
        import statsmodels.api as sm
    except ImportError as absent:
        raise MissingExtraError("statsmodels", "estimation", purpose="the hazard with covariates") from absent
    x = rows.select(list(columns)).to_numpy()
    spread = x.std(axis=0)
    present = sorted(set(rows["step"]))
    dummies = np.column_stack([(rows["step"].to_numpy() == step).astype(np.float64) for step in present])
    design = np.column_stack([dummies, (x - x.mean(axis=0)) / spread])
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    groups = rows["supplier"].rank("dense").to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they say is checked below and raised as an error of ours
        offset = np.log(rows["years"].to_numpy().astype(np.float64))
        model = sm.GLM(happened, design, family=family, offset=offset).fit(
            cov_type="cluster", cov_kwds={"groups": groups}
        )
    beta, error = np.asarray(model.params)[len(present) :], np.asarray(model.bse)[len(present) :]
    likely = np.asarray(model.fittedvalues)
    apart = likely[happened == 1].min() > likely[happened == 0].max()
    if apart or not model.converged or not np.isfinite(beta).all() or np.abs(beta).max() > 12 or error.max() > 50:
        raise UpgradingError(
            f"a covariate tells moves {move} apart perfectly (or nearly), so its coefficient has no end",
            where="ladder_hazard", fix="drop it, or compare the hazards of the groups it makes",
        )  # fmt: skip
    return beta / spread, error / spread
