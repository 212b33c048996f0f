r"""First entry solved cohort by cohort: the numbers of pyfixest, without its overhead.

A first-entry design is made again under every reading of governance, and most of the work of ``pyfixest.event_study``
and ``pyfixest.lpdid`` is not estimation. The saturated model separates: with effects of units, the cells of a cohort
are free effects of its years, so that each cohort and the never treated are small two-way models of their own. The
small-sample factor is pyfixest's (``ssc()`` defaults: fixed effects nested in the clusters are not counted). Where a
study is not plain (see :func:`plain`) nothing is returned and the caller asks the library. Tests hold both to the same
numbers; on unbalanced panels the library's iterations stop at its tolerance, while these are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.estimate import Refusal

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_COLLINEAR = 1e-9
"""Share of a column's own variation that must be left after all columns before it."""


@dataclass(frozen=True, slots=True)
class Period:
    """The effect in one year since entry: weighted by the cohorts' sizes, with its standard error."""

    year: int
    estimate: float
    se: float


@dataclass(frozen=True, slots=True)
class Course:
    """Effects of years within one cohort, against a reference year.

    Attributes
    ----------
    times, sizes
        Years seen, and observations in each.
    effect
        Effect of each year, zero in the reference, shape (years,).
    influence
        What each unit adds to each effect, shape (units, years).
    """

    times: Ints
    sizes: Ints
    effect: Floats
    influence: Floats


def plain(data: pl.DataFrame) -> bool:
    """Tell whether every entrant is seen in its year of entry, and no year or unit stands alone."""
    if not data.height or data.select("unit", "time").is_duplicated().any():
        return False
    now = pl.col("time") == pl.col("cohort")
    seen = data.filter(pl.col("cohort") > 0).group_by("unit").agg(now=now.any())
    alone = (data.group_by("time").len()["len"] < 2).any() or (data.group_by("unit").len()["len"] < 2).any()
    return bool(seen.height and seen["now"].all() and not alone)


@np.errstate(all="ignore")  # what overflows is not finite in the end, and is left to the library to refuse
def saturated(data: pl.DataFrame) -> tuple[Period, ...] | None:
    r"""Return effects by year since entry from interactions of cohort and year (Sun & Abraham 2021), or nothing.

    :math:`y_{it} = \alpha_i + \lambda_t + \sum_{g, l \ne -1} \beta_{gl} 1\{G_i = g, t - g = l\} + e_{it}` and
    :math:`\beta_l = \sum_g w_{gl} \beta_{gl}` with weights proportional to observations. As :math:`\alpha_i` is free,
    :math:`\beta_{gl} = (\mu_{g,g+l} - \mu_{g,g-1}) - (\lambda_{g+l} - \lambda_{g-1})`, with :math:`\mu_g` the effects
    of years within cohort :math:`g` alone and :math:`\lambda` those of the never treated. Errors by unit (CRV1).

    Parameters
    ----------
    data
        ``unit``, ``time``, ``cohort`` (0: never), ``y``.
    """
    if not plain(data):
        return None
    rows = data.sort("cohort", "unit", "time")
    groups = {int(part["cohort"][0]): part for part in rows.partition_by("cohort", maintain_order=True)}
    if 0 not in groups:
        return None
    never = course(groups[0], int(groups[0]["time"][0]))
    courses = {cohort: course(part, cohort - 1) for cohort, part in groups.items() if cohort}
    known = {cohort: item for cohort, item in courses.items() if item is not None}
    seen = set() if never is None else set(never.times.tolist())
    if never is None or len(known) < len(courses) or not all(set(c.times.tolist()) <= seen for c in known.values()):
        return None
    units, cells = rows["unit"].n_unique(), sum(len(item.times) - 1 for item in known.values())
    used = cells + rows["time"].n_unique()  # effects of units are nested in the clusters: one of them counts
    factor = (rows.height - 1) / (rows.height - used) * units / (units - 1) if rows.height > used else 0.0
    years = sorted({int(t) - g for g, item in known.items() for t in item.times} - {-1})
    found = tuple(_period(year, known, never, factor) for year in years)
    return found if np.isfinite([(item.estimate, item.se) for item in found]).all() else None


def _period(year: int, known: dict[int, Course], never: Course, factor: float) -> Period:
    """Return the effect in one year since entry from the courses of all cohorts seen in it."""
    sizes = {g: int(item.sizes[item.times == g + year].sum()) for g, item in known.items()}
    total = sum(sizes.values())
    base = np.zeros(len(never.times))
    estimate, square = 0.0, 0.0
    for cohort, size in sizes.items():
        if size:
            weight, item = size / total, known[cohort]
            own = item.times == cohort + year
            estimate += weight * float(item.effect[own][0])
            square += float(((weight * item.influence[:, own]) ** 2).sum())
            base += weight * ((never.times == cohort + year).astype(float) - (never.times == cohort - 1))
    estimate -= float(base @ never.effect)
    square += float(((never.influence @ base) ** 2).sum())
    return Period(year, estimate, float(np.sqrt(factor * square)))


def course(rows: pl.DataFrame, reference: int) -> Course | None:
    """Return effects of years within one cohort after effects of units, or nothing where they are not identified.

    Parameters
    ----------
    rows
        ``unit``, ``time``, ``y``, sorted by unit.
    reference
        The year whose effect is zero.
    """
    times, code = np.unique(rows["time"].to_numpy(), return_inverse=True)
    if reference not in times:
        return None
    unit = _dense(rows["unit"])
    dummies = np.zeros((rows.height, len(times)))
    dummies[np.arange(rows.height), code] = 1.0
    free = times != reference
    both = _without(np.column_stack([rows["y"].to_numpy().astype(np.float64), dummies[:, free]]), unit)
    solved = _solve(both[:, 1:], both[:, 0], unit)
    if solved is None:
        return None
    effect, influence = np.zeros(len(times)), np.zeros((int(unit.max()) + 1, len(times)))
    effect[free], influence[:, free] = solved
    return Course(times.astype(np.int64), np.bincount(code), effect, influence)


@np.errstate(all="ignore")
def after_entry(data: pl.DataFrame, lags: int) -> tuple[float, float] | Refusal:
    r"""Return the average effect after entry by local projections with its error (Dube et al. 2023), or why not.

    :math:`\overline{y}_{i, t..t+H} - y_{i, t-1} = \beta\, \Delta D_{it} + \delta_t + e_{it}` on entrants at entry and
    units that have not entered by :math:`t + H`, all of them seen in every year from :math:`t - 1` to :math:`t + H`
    (pyfixest's ``lpdid`` steps from row to row of a unit, whatever years lie between: the same on panels without gaps).
    Errors by unit (CRV1).

    Parameters
    ----------
    data
        ``unit``, ``time``, ``cohort`` (0: never), ``y``.
    lags
        :math:`H`, years after entry.
    """
    inside = ((pl.col("cohort") > 0) & (pl.col("time") >= pl.col("cohort"))).cast(pl.Float64)
    rows = data.sort("unit", "time").with_columns(inside=inside)
    # Added one by one: sums over columns of polars go by pairs that depend on the number of threads.
    mean = reduce(add, (pl.col("y").shift(-k).over("unit") for k in range(lags + 1))) / (lags + 1)
    ends, begins = (pl.col("time").shift(step).over("unit") for step in (-lags, 1))
    whole = (ends - pl.col("time") == lags) & (pl.col("time") - begins == 1)
    rows = rows.with_columns(
        change=pl.when(whole).then(mean - pl.col("y").shift(1).over("unit")),
        enters=(pl.col("inside") - pl.col("inside").shift(1).over("unit")).clip(lower_bound=0.0),
        later=pl.col("inside").shift(-lags).over("unit"),
    )
    rows = rows.filter((pl.col("enters") == 1) | (pl.col("later") == 0)).drop_nulls(["change", "enters"])
    rows = rows.filter(pl.len().over("time") > 1).sort("time", "unit")
    times, units = rows["time"].n_unique(), rows["unit"].n_unique()
    if units < 2 or rows.height <= 1 + times or rows["enters"].n_unique() < 2:
        return Refusal(f"no entrant is seen in {lags + 2} observations in a row beside suppliers that have not entered")
    both, unit = _without(rows.select("change", "enters").to_numpy(), _dense(rows["time"])), _dense(rows["unit"])
    order = np.argsort(unit, kind="stable")
    solved = _solve(both[order, 1:], both[order, 0], unit[order])
    if solved is None:
        return Refusal("entry does not vary within the years that can be compared")
    factor = (rows.height - 1) / (rows.height - 1 - times) * units / (units - 1)
    pair = float(solved[0][0]), float(np.sqrt(factor * (solved[1] ** 2).sum()))
    return pair if np.isfinite(pair).all() else Refusal("no finite effect can be computed")


def _solve(x: Floats, y: Floats, cluster: Ints) -> tuple[Floats, Floats] | None:
    """Return coefficients (k,) and what each cluster adds to them (groups, k); nothing where columns are collinear."""
    cross = x.T @ x
    scale = np.sqrt(np.diag(cross))
    if not len(scale) or not (scale > 0).all():
        return None
    try:
        lower = np.linalg.cholesky(cross / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    if float(np.diag(lower).min()) ** 2 < _COLLINEAR:
        return None
    inverse = np.linalg.inv(cross)
    beta = inverse @ (x.T @ y)
    return beta, _sums((y - x @ beta)[:, None] * x, cluster) @ inverse


def _sums(values: Floats, code: Ints) -> Floats:
    """Return sums by a sorted code, shape (groups, columns)."""
    found: Floats = np.add.reduceat(values, np.searchsorted(code, np.arange(int(code.max()) + 1)), axis=0)
    return found


def _without(values: Floats, code: Ints) -> Floats:
    """Return columns less their means by a sorted code."""
    left: Floats = values - (_sums(values, code) / np.bincount(code)[:, None])[code]
    return left


def _dense(values: pl.Series) -> Ints:
    return (values.rank("dense").to_numpy() - 1).astype(np.int64)
