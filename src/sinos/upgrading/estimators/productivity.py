"""Total factor productivity with errors: Olley-Pakes, Levinsohn-Petrin, Ackerberg-Caves-Frazer, Wooldridge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from sinos.errors import UnknownNameError, UpgradingError, nearest
from sinos.results import Missing
from sinos.upgrading.estimators import acf, control_function, wooldridge
from sinos.upgrading.estimators.control_function import Inputs, Optimum, polynomial
from sinos.upgrading.estimators.tidy import Estimates, Floats, Tidy, complete, estimates, positive_logs, read

Method = Literal["op", "lp", "acf", "wooldridge"]

_REFERENCES = {
    "op": "olley_pakes1996",
    "lp": "levinsohn_petrin2003",
    "acf": "ackerberg_caves_frazer2015",
    "wooldridge": "wooldridge2009",
}
_ALIKE = 1e-6
_LOOSE = 0.25
_LEAVING = 0.1
"""Share of suppliers that leave from which the result says what exit does."""


def productivity(
    frame: Any,
    *,
    method: Method = "acf",
    output: str = "value_added",
    free: Sequence[str] = ("employment",),
    state: Sequence[str] = ("capital",),
    proxy: Sequence[str] = ("materials",),
    supplier: str = "supplier",
    year: str = "year",
    logs: bool = False,
    degree: int = 2,
    markov: int = 3,
    variant: wooldridge.Variant = "system",
    bootstrap: int = 100,
    starts: int = 12,
    seed: int = 20020901,
) -> Estimates:
    """Estimate a Cobb-Douglas production function whose free inputs follow productivity, and the productivity left.

    ``y = b0 + w b + k g + omega + e``, all in logs; ``omega`` follows a first-order Markov process and is seen by the
    supplier before it chooses ``w``. The methods differ in what tells ``omega`` apart: see
    :mod:`~sinos.upgrading.estimators.control_function` (``op``, ``lp``), :mod:`~sinos.upgrading.estimators.acf` and
    :mod:`~sinos.upgrading.estimators.wooldridge`, where equations are given.

    Parameters
    ----------
    frame
        Supplier-years: pandas, polars or pyarrow.
    method
        ``op`` (proxy: investment), ``lp``, ``acf`` or ``wooldridge`` (proxy: materials, energy).
    output, free, state, proxy
        Columns. Output is value added, or output where materials are not among the inputs that produce it.
    supplier, year
        Columns of the key.
    logs
        The columns are in logs already.
    degree
        Degree of the polynomials in inputs and proxy. Estimates depend on it: state it (science C3).
    markov
        Degree of the polynomial in lagged productivity (``op``, ``lp``, ``acf``).
    variant
        Form of the ``wooldridge`` estimator.
    bootstrap
        Draws of whole suppliers with replacement, for errors; 0 for none.
    starts
        Starting points of the second stage (``op``, ``lp``, ``acf``): all minima found are in the table ``minima``.
    seed
        Seed of the draws and of the random starting points.

    Returns
    -------
    Estimates
        Tables ``coefficients`` (input, role, estimate, std_error, low, high: bootstrap 95 % percentiles),
        ``productivity`` (supplier, year, log_tfp = y - w b - k g, noise = first-stage residual) and ``minima`` (rank,
        objective, hits, input, estimate). ``log_tfp`` has an arbitrary level: compare differences only. Where output is
        in money it is *revenue* productivity, in which prices enter:
        :func:`~sinos.upgrading.estimators.prices.physical_productivity` takes them out.

    Raises
    ------
    UpgradingError
        If a column is missing or holds one value, inputs are collinear, or no supplier has two years in a row.
    UnknownNameError
        If there is no such method or variant.

    Notes
    -----
    Sources: Olley & Pakes 1996; Levinsohn & Petrin 2003; Ackerberg, Caves & Frazer 2015; Wooldridge 2009. With
    ``degree=2, markov=3`` the numbers published with prodest 1.0.1 (Rovigatti 2017) for Chilean plants are met to the
    printed digits for ``op``, ``lp`` and the three ``wooldridge`` variants.
    """
    _check_names(method, variant)
    names = {name: [f"{name}_{i}" for i in range(len(given))] for name, given in _roles(free, state, proxy).items()}
    columns = {"y": output}
    for role, given in _roles(free, state, proxy).items():
        columns |= dict(zip(names[role], given, strict=True))
    tidy = read(
        frame,
        where="productivity",
        text={"supplier": supplier},
        years={"year": year},
        numbers=columns,
        key=("supplier", "year"),
    )
    if not logs:
        tidy = Tidy(positive_logs(tidy.frame, list(columns)), tidy.kind, tidy.where, tidy.fingerprint)
    why = "an input or the output is missing" + ("" if logs else " or not positive, so that it has no log")
    rows, missing = complete(tidy, list(columns), table="productivity", reason=why)
    data = _arrays(rows, names)
    _check_data(data, rows, columns, degree)
    points = _starting_points(data, method, starts, seed)
    solve = _solver(method, degree, markov, variant)
    beta, found = solve(data, points)
    inputs = [*free, *state]
    near = np.vstack([beta[-points.shape[1] :], points[:1]])
    drawn = _bootstrap(data, rows, lambda sample: solve(sample, near)[0], bootstrap, seed)
    failed = bootstrap - len(drawn)
    if failed:
        missing += (Missing("coefficients", "std_error", failed, "bootstrap draws in which the estimator failed"),)
    noise = (
        data.y - acf.purged_output(data, degree) if method == "acf" else control_function.first_stage(data, degree)[2]
    )
    tfp = data.y - np.column_stack([data.free, data.state]) @ beta
    frames = {
        "coefficients": _coefficients(inputs, len(free), beta, drawn),
        "productivity": rows.select(
            "supplier", "year", log_tfp=pl.Series(tfp), noise=pl.Series(np.asarray(noise, dtype=np.float64))
        ),
        "minima": _minima(inputs[-points.shape[1] :], found),
    }
    options = {
        "method": method, "output": output, "free": list(free), "state": list(state), "proxy": list(proxy),
        "logs": logs, "degree": degree, "markov": markov, "variant": variant, "bootstrap": bootstrap, "starts": starts,
    }  # fmt: skip
    return estimates(
        "productivity", frames, tidy, options=options, references=(_REFERENCES[method], "rovigatti2017"),
        missing=missing, seed=seed,
        warnings=[*_warnings(method, beta, found, inputs, drawn), *_exit(tidy.frame)],
    )  # fmt: skip


def _roles(free: Sequence[str], state: Sequence[str], proxy: Sequence[str]) -> dict[str, Sequence[str]]:
    for name, given in (("free", free), ("state", state), ("proxy", proxy)):
        if isinstance(given, str) or not given:
            raise UpgradingError(
                f"{name} must be a list of columns with at least one", where="productivity", fix=f"write {name}=['...']"
            )
    return {"free": free, "state": state, "proxy": proxy}


def _check_names(method: str, variant: str) -> None:
    if method not in get_args(Method):
        raise UnknownNameError(f"there is no method '{method}'", fix=nearest(method, get_args(Method)))
    if variant not in get_args(wooldridge.Variant):
        raise UnknownNameError(f"there is no variant '{variant}'", fix=nearest(variant, get_args(wooldridge.Variant)))


def _arrays(rows: pl.DataFrame, names: dict[str, list[str]]) -> Inputs:
    follows = rows.select(
        ((pl.col("supplier") == pl.col("supplier").shift()) & (pl.col("year") == pl.col("year").shift() + 1)).fill_null(
            False
        )
    ).to_series()
    return Inputs(
        y=rows["y"].to_numpy(),
        free=rows.select(names["free"]).to_numpy(),
        state=rows.select(names["state"]).to_numpy(),
        proxy=rows.select(names["proxy"]).to_numpy(),
        follows=follows.to_numpy(),
    )


def _check_data(data: Inputs, rows: pl.DataFrame, columns: dict[str, str], degree: int) -> None:
    """Refuse what has no answer, saying why, before anything is estimated."""
    control = polynomial(np.column_stack([data.state, data.proxy]), degree)
    needed = 2 * (control.shape[1] + data.free.shape[1] + 1)
    pairs = int(data.follows.sum())
    if pairs < needed:
        raise UpgradingError(
            f"{pairs} supplier-years have the year before them, and a polynomial of degree {degree} needs {needed}",
            where="productivity",
            fix="give more years of the same suppliers, or lower the degree",
        )
    for name, column in columns.items():
        if rows[name].n_unique() == 1:
            raise UpgradingError(f"column '{column}' holds one value", where="productivity", fix="leave it out")
    every = np.column_stack([np.ones(len(data.y)), data.free, control])
    scaled = every / np.abs(every).max(axis=0)
    rest = scaled[:, 1 + data.free.shape[1] :]
    basis = np.column_stack([scaled[:, :1], rest])
    own = data.free - basis @ np.linalg.lstsq(basis, data.free, rcond=None)[0]
    if np.linalg.matrix_rank(own / data.free.std(axis=0), tol=_ALIKE * np.sqrt(len(own))) < data.free.shape[1]:
        raise UpgradingError(
            "the free inputs do not vary once the other inputs and the proxy are held (they are collinear)",
            where="productivity",
            fix="drop one of the inputs, or use another proxy",
        )


def _solver(
    method: Method, degree: int, markov: int, variant: wooldridge.Variant
) -> Callable[[Inputs, Floats], tuple[Floats, tuple[Optimum, ...]]]:
    if method == "wooldridge":
        return lambda data, starts: (wooldridge.estimate(data, degree, variant), ())
    stage = acf.estimate if method == "acf" else control_function.estimate
    return lambda data, starts: stage(data, degree, markov, starts)


def _starting_points(data: Inputs, method: Method, starts: int, seed: int) -> Floats:
    """Return least-squares coefficients, then points drawn between 0 and 1."""
    inputs = np.column_stack([data.free, data.state])
    design = np.column_stack([np.ones(len(data.y)), inputs])
    plain = wooldridge.least_squares(data.y, design)[1:]
    size = inputs.shape[1] if method == "acf" else data.state.shape[1]
    drawn = np.random.default_rng(seed).uniform(size=(max(starts - 1, 0), size))
    return np.vstack([plain[-size:], drawn])


def _bootstrap(
    data: Inputs, rows: pl.DataFrame, solve: Callable[[Inputs], Floats], draws: int, seed: int
) -> list[Floats]:
    """Estimate on suppliers drawn with replacement; each drawn supplier keeps its years together."""
    first = np.flatnonzero(rows.select(pl.col("supplier") != pl.col("supplier").shift()).to_series().fill_null(True))
    last = np.append(first[1:], len(data.y))
    generator = np.random.default_rng([seed, 1])
    made = []
    for _ in range(draws):
        chosen = generator.integers(len(first), size=len(first))
        where = np.concatenate([np.arange(first[one], last[one]) for one in chosen])
        try:
            beta = solve(data.take(where, data.follows[where]))
        except (np.linalg.LinAlgError, UpgradingError):
            continue
        if np.isfinite(beta).all():
            made.append(beta)
    return made


def _coefficients(inputs: list[str], free: int, beta: Floats, drawn: list[Floats]) -> pl.DataFrame:
    empty = [None] * len(inputs)
    enough = len(drawn) > 1
    sample = np.array(drawn)
    return pl.DataFrame(
        {
            "input": inputs,
            "role": ["free" if index < free else "state" for index in range(len(inputs))],
            "estimate": beta,
            "std_error": sample.std(axis=0, ddof=1) if enough else empty,
            "low": np.quantile(sample, 0.025, axis=0) if enough else empty,
            "high": np.quantile(sample, 0.975, axis=0) if enough else empty,
        },
        schema_overrides={"std_error": pl.Float64, "low": pl.Float64, "high": pl.Float64},
    )


def _minima(inputs: list[str], found: tuple[Optimum, ...]) -> pl.DataFrame:
    rows = [
        (rank, one.objective, one.hits, name, float(value))
        for rank, one in enumerate(found, 1)
        for name, value in zip(inputs, one.estimate, strict=True)
    ]
    schema = {"rank": pl.Int64, "objective": pl.Float64, "hits": pl.Int64, "input": pl.String, "estimate": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _exit(every: pl.DataFrame) -> list[str]:
    """Say how many suppliers leave: no method here corrects for it (Olley & Pakes 1996 do)."""
    last = every.drop_nulls("year").group_by("supplier").agg(pl.col("year").max())["year"]
    leave = int((last < last.max()).sum())
    if leave < _LEAVING * len(last):
        return []
    return [
        f"{leave} of {len(last)} suppliers are not seen in the last year: if the less productive leave, the "
        "coefficients of state inputs such as capital are too small (exit is not corrected for)"
    ]


def _warnings(
    method: Method, beta: Floats, found: tuple[Optimum, ...], inputs: list[str], drawn: list[Floats]
) -> list[str]:
    said = []
    if method == "acf":
        rivals = [one for one in found[1:] if one.objective <= found[0].objective + _ALIKE]
        if rivals:
            listed = "; ".join(", ".join(f"{value:.3f}" for value in one.estimate) for one in (found[0], *rivals[:3]))
            said.append(
                f"the objective is as low at {len(rivals) + 1} places ({', '.join(inputs)}: {listed}), so the data do "
                "not tell these estimates apart"
            )
    if len(drawn) > 1:
        spread = np.array(drawn).std(axis=0, ddof=1)
        loose = [name for name, error in zip(inputs, spread, strict=True) if error > _LOOSE]
        if loose:
            said.append(f"bootstrap errors of {', '.join(loose)} are above {_LOOSE}: the data hardly tell these apart")
    odd = [name for name, value in zip(inputs, beta, strict=True) if not 0.0 <= value <= 1.5]
    if odd:
        said.append(f"the coefficient of {', '.join(odd)} is negative or above 1.5: do not use this productivity")
    return said
