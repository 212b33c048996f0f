r"""Cumulative incidence of what ends quasi-hierarchy: Aalen & Johansen (1978) in whole years, with left truncation.

A hazard says how fast a cause works among those still there; the cumulative incidence says what share has ended by
that cause after so many years, other causes working beside it. With :math:`n_j` relations at risk in year :math:`j` of
tenure (entered before it: delayed entry) and :math:`d_{kj}` ends by cause :math:`k`,

.. math:: \hat F_k(t) = \sum_{j \le t} \hat S(j-1)\, d_{kj} / n_j, \qquad \hat S(j) = \prod_{i \le j} (1 - d_i / n_i)

(Kalbfleisch & Prentice 2002, chapter 8). Years are whole, so ties are the rule and are counted, not broken at
random. The delta method gives the variance of Greenwood's type

.. math::

    \sum_{j \le t} \frac{(\hat F_k(t) - \hat F_k(j))^2 d_j}{n_j (n_j - d_j)}
    + \sum_{j \le t} \hat S(j-1)^2 \frac{d_{kj} (n_j - d_{kj})}{n_j^3}
    - 2 \sum_{j \le t} (\hat F_k(t) - \hat F_k(j)) \hat S(j-1) \frac{d_{kj}}{n_j^2},

and the same derivatives summed by cluster give the variance where relations of one supplier are dependent.
Aalen, O. and Johansen, S. (1978) Scandinavian Journal of Statistics 5(3); Kalbfleisch, J. and Prentice, R. (2002) The
Statistical Analysis of Failure Time Data, 2nd ed., Wiley.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.claims import Claim, rule
from sinos.propositions.estimate import Refusal, codes
from sinos.propositions.measurement import FORMS, modal, rubin
from sinos.propositions.panels import Panels
from sinos.propositions.rereading import ASSUMED
from sinos.propositions.survival import spell_panel

Floats = npt.NDArray[np.float64]
CAUSES = ("left", "ended")
"""The relation goes on under another form; the relation ends."""
SPLIT = "quasi_hierarchy"
"""Form whose relations are also split by the supplier's sales in other markets."""
NOTE = f"share of the relations that last to the first year shown; errors clustered by supplier; {ASSUMED}"


def cumulative_incidence(
    rows: pl.DataFrame, causes: Sequence[str] = CAUSES, cluster: str | None = None
) -> pl.DataFrame:
    """Return the cumulative incidence of each cause with its standard error.

    Parameters
    ----------
    rows
        ``start``, ``stop`` (at risk after start until stop) and a 0/1 column for each cause, at most one of them 1.
    causes
        Columns of the causes.
    cluster
        Column whose groups have dependent errors; without it the error is of Greenwood's type.

    Returns
    -------
    polars.DataFrame
        ``cause``, ``tenure`` (every distinct stop), ``at_risk``, ``events``, ``incidence``, ``se``.

    Examples
    --------
    >>> rows = pl.DataFrame({"start": [0.0] * 4, "stop": [1.0, 1.0, 2.0, 2.0],
    ...                      "left": [1, 0, 1, 0], "ended": [0, 1, 0, 0]})
    >>> cumulative_incidence(rows).filter(pl.col("cause") == "left")["incidence"].to_list()
    [0.25, 0.5]
    """
    times, place = np.unique(rows["stop"].to_numpy(), return_inverse=True)
    start, stop = rows["start"].to_numpy()[:, None], rows["stop"].to_numpy()[:, None]
    inside = ((start < times) & (times <= stop)).astype(np.float64)
    ends = np.zeros((rows.height, len(times), len(causes)))
    for number, cause in enumerate(causes):
        ends[np.arange(rows.height), place, number] = rows[cause].to_numpy().astype(np.float64)
    at_risk, events = inside.sum(axis=0), ends.sum(axis=0)
    hazard = events / at_risk[:, None]
    left = 1.0 - hazard.sum(axis=1)
    before = np.concatenate([[1.0], np.cumprod(left)[:-1]])
    curve = np.cumsum(before[:, None] * hazard, axis=0)
    if cluster is None:
        variance = _greenwood(at_risk, events, before, curve)
    else:
        code = codes(rows[cluster])
        scores = np.zeros((int(code.max()) + 1, len(times), len(causes)))
        np.add.at(scores, code, (ends - inside[:, :, None] * hazard) / at_risk[:, None])
        variance = _clustered(scores, left, before, curve)
    return pl.concat(
        pl.DataFrame(
            {
                "cause": [cause] * len(times),
                "tenure": times,
                "at_risk": at_risk,
                "events": events[:, number],
                "incidence": curve[:, number],
                "se": np.sqrt(np.maximum(variance[:, number], 0.0)),
            }
        )
        for number, cause in enumerate(causes)
    )


def _greenwood(at_risk: Floats, events: Floats, before: Floats, curve: Floats) -> Floats:
    total = events.sum(axis=1)
    rest = at_risk - total
    # where all at risk end, the curve does not move afterwards: its distance is zero and so is the term
    first = np.divide(total, at_risk * rest, out=np.zeros_like(total), where=rest > 0)
    found = np.empty_like(curve)
    for t in range(len(curve)):
        to = slice(0, t + 1)
        far = curve[t] - curve[to]
        own, n = events[to], at_risk[to, None]
        found[t] = (
            (far**2 * first[to, None]).sum(axis=0)
            + (before[to, None] ** 2 * own * (n - own) / n**3).sum(axis=0)
            - 2.0 * (far * before[to, None] * own / n**2).sum(axis=0)
        )
    return found


def _clustered(scores: Floats, left: Floats, before: Floats, curve: Floats) -> Floats:
    """Return variances from the clusters' parts of each hazard, shape (clusters, times, causes)."""
    groups = len(scores)
    found = np.zeros_like(curve)
    total = scores.sum(axis=2)
    for t in range(len(curve)):
        to = slice(0, t + 1)
        share = np.divide(curve[t] - curve[to], left[to, None], out=np.zeros((t + 1, curve.shape[1])),
                          where=left[to, None] > 0)  # fmt: skip
        for k in range(curve.shape[1]):
            moved = scores[:, to, k] @ before[to] - total[:, to] @ share[:, k]
            found[t, k] = float((moved**2).sum()) * groups / max(groups - 1, 1)
    return found


def incidence_rows(claim: Claim, panels: Panels) -> list[dict[str, Any]]:
    """Return the cumulative incidence by form, pooled over the draws of governance, then for the most probable form.

    Relations under quasi-hierarchy are also split at the median of the supplier's sales in other markets. Years with
    fewer relations at risk than ``min_clusters`` are not shown, nor what follows them.
    """
    readings = [_curves(panels.read_as(one)) for one in panels.draws or (panels.probability,)]
    found = _pooled(claim, readings)
    if not found:
        reason = next((item for item in readings if isinstance(item, Refusal)), Refusal("too few relations at risk"))
        return [_row(claim, "draws", "", "", note=reason.reason)]
    naive = _curves(panels.read_as(modal(panels.probability)))
    if not isinstance(naive, Refusal):
        found += [_of(claim, "modal", row) for row in naive.iter_rows(named=True)]
    return found


def _curves(panels: Panels) -> pl.DataFrame | Refusal:
    """Return curves of all groups under one reading: ``group`` and the columns of :func:`cumulative_incidence`."""
    made = []
    for form in FORMS:
        rows = spell_panel(panels, form)
        if isinstance(rows, Refusal):
            return rows
        for group, part in _groups(form, rows):
            used = _at_risk(part)
            if used.height:
                curve = cumulative_incidence(used, cluster="supplier")
                made.append(curve.with_columns(group=pl.lit(group)))
    return pl.concat(made) if made else Refusal(f"no form has {rule('min_clusters'):g} relations at risk in a year")


def _groups(form: str, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    yield form, rows
    other = rows["other_markets"].drop_nulls()
    if form == SPLIT and other.n_unique() > 1:
        middle = float(other.median())  # type: ignore[arg-type]
        yield f"{form}, few other markets", rows.filter(pl.col("other_markets") <= middle)
        yield f"{form}, many other markets", rows.filter(pl.col("other_markets") > middle)


def _at_risk(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the first unbroken run of years of tenure with enough relations at risk; spells are of one year."""
    counts = rows.group_by("stop").len().sort("stop")
    enough = counts.filter(pl.col("len") >= rule("min_clusters"))["stop"].to_list()
    run = [stop for number, stop in enumerate(enough) if stop - enough[0] == number]
    return rows.filter(pl.col("stop").is_in(run))


def _pooled(claim: Claim, readings: Sequence[pl.DataFrame | Refusal]) -> list[dict[str, Any]]:
    """Pool the curves of at least half of the readings by Rubin's rules; one curve is from the same readings all along.

    A curve is shown as far as half of the readings see enough relations at risk, from the commonest first year.
    """
    frames = [item.with_columns(draw=number) for number, item in enumerate(readings) if not isinstance(item, Refusal)]
    found: list[dict[str, Any]] = []
    if not frames:
        return found
    for _, part in pl.concat(frames).sort("group", "cause").group_by("group", "cause", maintain_order=True):
        ends = part.group_by("draw").agg(first=pl.col("tenure").min(), last=pl.col("tenure").max()).sort("draw")
        first = ends["first"].mode().min()
        lasts = ends.filter(pl.col("first") == first)["last"].sort(descending=True)
        needed = (len(readings) + 1) // 2
        if len(lasts) < needed:
            continue
        last = lasts[needed - 1]
        whole = ends.filter((pl.col("first") == first) & (pl.col("last") >= last))["draw"].implode()
        used = part.filter(pl.col("draw").is_in(whole) & (pl.col("tenure") <= last)).sort("tenure", "draw")
        for _, year in used.group_by("tenure", maintain_order=True):
            pooled = rubin(year["incidence"].to_list(), (year["se"] ** 2).to_list(), 1e6)
            means = {name: float(np.mean(year[name].to_numpy())) for name in ("at_risk", "events")}
            found.append(
                _of(claim, "draws", {**year.row(0, named=True), **means, "incidence": pooled.estimate, "se": pooled.se})
            )
    return found


def _of(claim: Claim, reading: str, row: dict[str, Any]) -> dict[str, Any]:
    low, high = bounds(row["incidence"], row["se"])
    return _row(
        claim, reading, row["group"], row["cause"], note=NOTE, tenure=int(row["tenure"]), at_risk=row["at_risk"],
        events=row["events"], incidence=row["incidence"], se=row["se"] if row["se"] > 0 else None, low=low, high=high,
    )  # fmt: skip


def _row(claim: Claim, reading: str, group: str, cause: str, *, note: str, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("tenure", "at_risk", "events", "incidence", "se", "low", "high"))
    first = {"claim": claim.name, "reading": reading, "group": group, "cause": cause}
    return {**first, **empty, **more, "note": note}


def bounds(incidence: float, se: float) -> tuple[float | None, float | None]:
    r"""Return a 95 % interval within 0 and 1, from :math:`\log(-\log F)`; missing where the curve has not moved.

    Examples
    --------
    >>> [round(end, 3) for end in bounds(0.5, 0.1)]
    [0.295, 0.675]
    >>> bounds(0.0, 0.0)
    (None, None)
    """
    from scipy.stats import norm

    if not (0.0 < incidence < 1.0 and se > 0):
        return None, None
    inner = np.log(incidence)
    half = float(norm.ppf(1 - rule("level") / 2)) * se / (incidence * abs(inner))
    return float(np.exp(inner * np.exp(half))), float(np.exp(inner * np.exp(-half)))
