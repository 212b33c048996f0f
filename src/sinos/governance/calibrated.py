r"""Calibration of the posteriors on the user's own labelled relations.

A multinomial logit on the log posteriors, :math:`q = \mathrm{softmax}(W \log p + b)`, fitted by penalised maximum
likelihood with penalty :math:`\lambda(\lVert W - I\rVert^2 + \lVert b\rVert^2)`: without labels it is the
identity. The log-loss reported is cross-validated by relation, so that no relation is judged by its own label.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.errors import GovernanceError, nearest
from sinos.governance.indicators import FORMS, Floats
from sinos.governance.posterior import softmax

MINIMUM = 30
"""Labelled relations below which calibration is refused."""
_PER_FORM = 5
_FOLDS = 5
_SIZE = len(FORMS)


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration.

    Attributes
    ----------
    matrix, shift
        W, shape (4, 4), and b, shape (4,).
    labels
        Labelled relations by form.
    log_loss, log_loss_before
        Cross-validated mean log-loss after calibration, and that of the uncalibrated posteriors on the same labels
        (nats).
    """

    matrix: Floats
    shift: Floats
    labels: dict[str, int]
    log_loss: float
    log_loss_before: float

    def apply(self, probability: Floats) -> Floats:
        """Calibrate posteriors, shape (rows, 4)."""
        return softmax(np.log(np.maximum(probability, 1e-12)) @ self.matrix.T + self.shift)


def read_labels(labels: pl.DataFrame) -> pl.DataFrame:
    """Return labels as supplier, buyer, year (null: every year) and form code.

    Raises
    ------
    GovernanceError
        If a column is absent or a label is not one of the four forms.
    """
    for name in ("supplier", "buyer", "form"):
        if name not in labels.columns:
            raise GovernanceError(
                f"column '{name}' is not in the labels", where="labels", fix="give supplier, buyer, form"
            )
    year = pl.col("year").cast(pl.Int32) if "year" in labels.columns else pl.lit(None, pl.Int32).alias("year")
    form = pl.col("form").cast(pl.String).str.strip_chars().str.to_lowercase().str.replace_all("[- ]", "_")
    kept = labels.filter(pl.col("form").is_not_null()).select(pl.col("supplier", "buyer").cast(pl.String), year, form)
    wrong = kept.filter(~pl.col("form").is_in(FORMS))
    if wrong.height:
        given = wrong["form"].sort()[0]
        raise GovernanceError(
            f"'{given}' is not a form", where="labels: form", rows=wrong.height, fix=nearest(given, FORMS)
        )
    kept = kept.unique()
    clash = kept.height - kept.select("supplier", "buyer", "year").n_unique()
    if clash:
        raise GovernanceError(
            "a relation has two labels for one year", where="labels", rows=clash, fix="keep one label"
        )
    code = pl.col("form").replace_strict(list(FORMS), list(range(_SIZE)), return_dtype=pl.Int64).alias("code")
    return kept.with_columns(code).drop("form").sort("supplier", "buyer", "year")


def label_codes(keys: pl.DataFrame, labels: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Return the label of each relation-year, -1 where there is none; a label of the year wins over a general one."""
    pair = ["supplier", "buyer"]
    dated = labels.filter(pl.col("year").is_not_null())
    always = labels.filter(pl.col("year").is_null()).drop("year")
    joined = keys.select(*pair, "year").join(dated, on=[*pair, "year"], how="left", maintain_order="left")
    joined = joined.join(always.rename({"code": "all"}), on=pair, how="left", maintain_order="left")
    return joined.select(pl.coalesce("code", "all").fill_null(-1))["code"].to_numpy()


def calibrate(
    probability: Floats, label: npt.NDArray[np.int64], relation: list[str], *, penalty: float = 1.0
) -> Calibration:
    """Fit the calibration on labelled relation-years.

    Parameters
    ----------
    probability
        Uncalibrated posteriors, shape (rows, 4).
    label
        Form codes, shape (rows,).
    relation
        Name of each row's relation; folds keep relations together, and each relation weighs 1.
    penalty
        The penalty λ.

    Raises
    ------
    GovernanceError
        With fewer than 30 labelled relations, or fewer than two forms with at least 5.
    """
    names, place, size = np.unique(np.array(relation, dtype=str), return_inverse=True, return_counts=True)
    first = np.full(names.size, -1, dtype=np.int64)
    first[place[::-1]] = label[::-1]
    counts = {form: int((first == code).sum()) for code, form in enumerate(FORMS)}
    enough = sum(number >= _PER_FORM for number in counts.values())
    if names.size < MINIMUM or enough < 2:
        told = ", ".join(f"{form} {number}" for form, number in counts.items())
        raise GovernanceError(
            f"{names.size} labelled relations ({told}) are too few to calibrate on", where="labels",
            fix=f"label {MINIMUM} relations or more, {_PER_FORM} or more of two forms, or use method = evidence",
        )  # fmt: skip
    weight = 1 / size[place]
    logs = np.log(np.maximum(probability, 1e-12))
    fold = np.array([_fold(name) for name in names])[place]
    held = np.zeros(label.size)
    for number in range(_FOLDS):
        test = fold == number
        if test.any() and not test.all():
            matrix, shift = _solve(logs[~test], label[~test], weight[~test], penalty)
            held[test] = _losses(softmax(logs[test] @ matrix.T + shift), label[test])
        elif test.any():
            held[test] = _losses(probability[test], label[test])
    before = _losses(probability, label)
    matrix, shift = _solve(logs, label, weight, penalty)
    total = weight.sum()
    return Calibration(matrix, shift, counts, float(weight @ held / total), float(weight @ before / total))


def _solve(logs: Floats, label: npt.NDArray[np.int64], weight: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Minimise the penalised negative log-likelihood; the problem is convex."""
    from scipy.optimize import minimize

    target = np.eye(_SIZE)[label]
    identity = np.concatenate([np.eye(_SIZE), np.zeros((_SIZE, 1))], axis=1).ravel()
    design = np.concatenate([logs, np.ones((logs.shape[0], 1))], axis=1)

    def objective(flat: Floats) -> tuple[float, Floats]:
        fitted = softmax(design @ flat.reshape(_SIZE, _SIZE + 1).T)
        loss = weight @ _losses(fitted, label)
        slope = ((fitted - target) * weight[:, None]).T @ design
        away = flat - identity
        return float(loss + penalty * away @ away), slope.ravel() + 2 * penalty * away

    found = minimize(objective, identity, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    solved = np.asarray(found.x).reshape(_SIZE, _SIZE + 1)
    return solved[:, :_SIZE], solved[:, _SIZE]


def _losses(probability: Floats, label: npt.NDArray[np.int64]) -> Floats:
    result: Floats = -np.log(np.maximum(probability[np.arange(label.size), label], 1e-12))
    return result


def _fold(name: str) -> int:
    """Fold of a relation: depends on its name only, so that row order does not matter."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % _FOLDS
