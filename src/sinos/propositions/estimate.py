"""Linear models: the sample is made first, then fitted, and nothing fails without a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.errors import MissingExtraError
from sinos.propositions.absorb import ROUNDS, independent, least_squares, small_sample, without
from sinos.propositions.claims import rule
from sinos.propositions.formula import Formula

Floats = npt.NDArray[np.float64]
FAILURES = (ValueError, KeyError, IndexError, TypeError, AttributeError, ArithmeticError, np.linalg.LinAlgError)
"""What estimation libraries raise on data that they cannot use; each becomes a :class:`Refusal`."""
LARGEST = 1e100
"""Numbers beyond this are taken as not usable: their squares overflow, and pyfixest then ends the whole process."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something cannot be estimated, in a sentence."""

    reason: str


@dataclass(frozen=True)
class Fit:
    """A fitted linear model with what later steps need.

    Attributes
    ----------
    formula, terms
        The model, and the regressors that were not dropped.
    beta, vcov
        Coefficients (k,) and their cluster-robust variance (k, k), CRV1.
    within_x, within_y
        Regressors (n, k) and outcome (n,) after the fixed effects.
    cluster, labels
        Number of the cluster of each row, and the names of the clusters.
    rows, clusters
        Counts.
    factor
        Small-sample factor in standard errors.
    """

    formula: Formula
    terms: tuple[str, ...]
    beta: Floats
    vcov: Floats
    within_x: Floats
    within_y: Floats
    cluster: npt.NDArray[np.int64]
    labels: tuple[str, ...]
    rows: int
    clusters: int
    factor: float

    def of(self, term: str) -> tuple[float, float]:
        """Return coefficient and standard error of a term."""
        place = self.terms.index(term)
        return float(self.beta[place]), float(np.sqrt(max(self.vcov[place, place], 0.0)))

    def partialled(self, term: str) -> tuple[Floats, Floats]:
        """Return the term and the outcome after fixed effects and all other terms (Frisch & Waugh 1933)."""
        place = self.terms.index(term)
        x, rest = self.within_x[:, place], np.delete(self.within_x, place, axis=1)
        if rest.shape[1] == 0:
            return x, self.within_y
        both = np.column_stack([x, self.within_y])
        left = both - rest @ np.linalg.lstsq(rest, both, rcond=None)[0]
        return left[:, 0], left[:, 1]


def library(name: str, purpose: str) -> Any:
    """Import an estimation library, or say how to get it.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(name.split(".")[0], "estimation", purpose=purpose) from error


def sample(frame: pl.DataFrame, formula: Formula, *more: str) -> pl.DataFrame | Refusal:
    """Return complete rows without singletons, or why there is no sample.

    Parameters
    ----------
    frame
        The panel.
    formula
        The model.
    *more
        Further columns that must be known (clusters).
    """
    wanted = list(dict.fromkeys((*formula.columns, *more)))
    absent = [name for name in wanted if name not in frame.columns or not frame[name].is_not_null().any()]
    if absent:
        return Refusal(f"'{absent[0]}' has no values")
    numbers = [formula.outcome, *formula.terms]
    kept = frame.select(wanted).with_columns(pl.col(numbers).cast(pl.Float64)).drop_nulls()
    kept = kept.filter(pl.all_horizontal(pl.col(numbers).is_between(-LARGEST, LARGEST)))
    complete = kept.height
    while formula.effects:
        before = kept.height
        kept = kept.filter(pl.all_horizontal(pl.len().over(name) > 1 for name in formula.effects))
        if kept.height == before:
            break
    if kept.height < rule("min_rows"):
        lost = f"; {complete - kept.height} of {complete} are alone in their fixed effect" if complete else ""
        return Refusal(f"{kept.height} usable observations, {int(rule('min_rows'))} are needed{lost}")
    for name in numbers:
        if kept[name].n_unique() < 2:
            return Refusal(f"'{name}' does not vary among the {kept.height} usable observations")
    return kept


def fit(frame: pl.DataFrame, formula: Formula, cluster: str, need: Sequence[str] = ()) -> Fit | Refusal:
    """Fit a linear model with fixed effects and cluster-robust errors (CRV1, as pyfixest's ``feols``).

    Parameters
    ----------
    frame
        The panel.
    formula
        The model.
    cluster
        Column whose groups have dependent errors.
    need
        Terms that must be identified; the others may be dropped as collinear.
    """
    kept = sample(frame, formula, cluster)
    if isinstance(kept, Refusal):
        return kept
    return fit_sample(kept, formula, cluster, need)


def fit_sample(kept: pl.DataFrame, formula: Formula, cluster: str, need: Sequence[str] = ()) -> Fit | Refusal:
    """Fit on a sample that :func:`sample` made; see :func:`fit`."""
    library("pyfixest", "testing claims")
    code, groups = codes(kept[cluster]), [codes(kept[name]) for name in formula.effects]
    if not code.any():
        return Refusal(f"all observations belong to one {cluster.replace('_', ' ')}")
    left, whole = without(kept.select(formula.outcome, *formula.terms).to_numpy().astype(np.float64), groups)
    if not (whole and np.isfinite(left).all()):
        return Refusal(f"the model cannot be fitted (fixed effects are not taken out in {ROUNDS} rounds)")
    free = independent(left[:, 1:])
    if not free.any():
        return Refusal("all terms are collinear with the fixed effects")
    names = [name for name, stays in zip(formula.terms, free, strict=True) if stays]
    lost = [name for name in need if name not in names or not _own(left[:, 1:], formula.terms.index(name))]
    if lost:
        return Refusal(f"'{lost[0]}' is collinear with the other terms or the fixed effects")
    within_x, within_y = left[:, 1:][:, free], left[:, 0]
    factor = small_sample(kept.height, len(names), code, groups)
    with np.errstate(all="ignore"):
        try:
            beta, vcov, _ = least_squares(within_x, within_y, code)
        except np.linalg.LinAlgError as error:
            return Refusal(f"the model cannot be fitted ({error})")
        vcov = vcov * factor
    if not (np.isfinite(beta).all() and np.isfinite(vcov).all()):
        return Refusal("no degrees of freedom are left after the fixed effects")
    for name in need:
        column = within_x[:, names.index(name)]
        spread = float(kept[name].std() or 0.0)  # type: ignore[arg-type]
        if float(np.sqrt((column**2).mean())) <= 1e-5 * max(spread, 1e-300):
            return Refusal(f"'{name}' does not vary within the fixed effects")
    if float((within_y**2).sum()) <= 1e-20 * max(float((kept[formula.outcome] ** 2).sum()), 1e-300):
        return Refusal(f"'{formula.outcome}' does not vary within the fixed effects")
    labels = tuple(kept[cluster].cast(pl.String).unique().sort().to_list())
    count, scale = len(labels), float(np.sqrt(factor))
    return Fit(formula, tuple(names), beta, vcov, within_x, within_y, code, labels, kept.height, count, scale)


def _own(x: Floats, place: int) -> bool:
    """Tell whether all other terms leave something of one; which of them a library drops is their order alone."""
    last = [*(number for number in range(x.shape[1]) if number != place), place]
    return bool(independent(x[:, last])[-1])


def grouped(code: npt.NDArray[np.int64], values: Floats) -> Floats:
    """Return sums of values by cluster number."""
    found: Floats = np.bincount(code, weights=values).astype(np.float64)
    return found


def effective(code: npt.NDArray[np.int64], x: Floats) -> float:
    r"""Return the effective number of clusters :math:`(\sum v_g)^2 / \sum v_g^2`, :math:`v_g` the term's variation.

    Examples
    --------
    >>> effective(np.array([0, 0, 1, 2]), np.array([1.0, 1.0, 2**0.5, 0.0]))
    2.0
    """
    weight = grouped(code, x**2)
    total = float((weight**2).sum())
    return round(float(weight.sum()) ** 2 / total, 6) if total > 0 else 0.0


def codes(values: pl.Series) -> npt.NDArray[np.int64]:
    """Return a number for every distinct value; unknown values are one group."""
    return values.cast(pl.String).fill_null("").rank("dense").to_numpy().astype(np.int64) - 1


def null_error(x: Floats, y: Floats, code: npt.NDArray[np.int64], factor: float) -> float:
    """Return the cluster-robust standard error of the slope of y on x under no effect, times a small-sample factor."""
    return factor * float(np.sqrt((grouped(code, x * y) ** 2).sum()) / max(float((x**2).sum()), 1e-300))


def detectable(se: float, df: float) -> float:
    """Return the smallest effect found with the power of the rules at their level (two-sided; Bloom 1995)."""
    from scipy.stats import t

    level, power = rule("level"), rule("power")
    return float((t.ppf(1 - level / 2, df) + t.ppf(power, df)) * se)
