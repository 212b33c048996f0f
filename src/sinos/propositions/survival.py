"""Survival: how long quasi-hierarchy lasts, steps up the ladder, and functions handed over, with left truncation."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import polars as pl

from sinos.propositions.claims import Claim, Part, Sign, rule
from sinos.propositions.estimate import FAILURES, Refusal, codes, grouped, library
from sinos.propositions.formula import Formula
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, made, refused
from sinos.propositions.rereading import over_readings

Floats = npt.NDArray[np.float64]
EVENTS: dict[str, Sign] = {"left": 1, "ended": 0}
"""The relation leaves quasi-hierarchy; it ends (the competing risk), on which other markets predict nothing."""


def spell_panel(panels: Panels, form: str = "quasi_hierarchy") -> pl.DataFrame | Refusal:
    """Return relation-years under a form as intervals of tenure: ``start``, ``stop``, ``left``, ``ended``.

    ``left``: the relation goes on under another form next year (the governance of the chain changed); ``ended``: the
    relation stopped (the competing risk). Tenure at the first year seen is the delayed entry (left truncation);
    relations that may be older than recorded are left out.
    """
    frame = panels.frames["relation"]
    if not {"tenure_years", "tenure_left_censored", "ended"} <= set(frame.columns):
        return Refusal("tenure of relations is not known")
    inside = frame.with_columns(held=pl.col(f"p_{form}") >= 0.5).sort("supplier", "buyer", "year")
    over = ["supplier", "buyer"]
    follows = pl.col("year").shift(-1).over(over) - pl.col("year") == 1
    rows = inside.with_columns(
        left=pl.when(follows).then(~pl.col("held").shift(-1).over(over)).otherwise(False).cast(pl.Float64),
        ended=pl.when(follows).then(0.0).otherwise(pl.col("ended").cast(pl.Float64)),
    ).filter(pl.col("held") & (pl.col("tenure_left_censored").fill_null(1) == 0))
    others = panels.frames["supplier"].select("supplier", "year", "other_markets", "log_size")
    rows = rows.join(others, on=["supplier", "year"], how="left", maintain_order="left").with_columns(
        start=(pl.col("tenure_years") - 1).cast(pl.Float64), stop=pl.col("tenure_years").cast(pl.Float64)
    )
    return rows.select("supplier", "buyer", "year", "start", "stop", "left", "ended", "other_markets").drop_nulls(
        ["start", "stop", "left", "ended"]
    )


def survival(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return :func:`hazards` pooled over the draws of governance, and under the most probable form."""
    return over_readings(panels, lambda read: hazards(claim, read))


def hazards(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return log hazard ratios of leaving quasi-hierarchy, and of the relation's end, on sales in other markets.

    Cox model on intervals of tenure with delayed entry (lifelines ``CoxPHFitter``, ``entry_col``), cause-specific,
    errors clustered by supplier (:func:`cox_influence`).
    """
    spells = spell_panel(panels)
    rows = spells if isinstance(spells, Refusal) else spells.drop_nulls()
    found = []
    for event, sign in EVENTS.items():
        part = Part(f"hazard_{event}", "other_markets", sign)
        text = f"hazard of {event} (entry at start) ~ other_markets"
        found.append(
            refused(claim, "survival", part, "expected", rows.reason, text)
            if isinstance(rows, Refusal)
            else cox(claim, part, rows, event, text)
        )
    return found


def cox(claim: Claim, part: Part, rows: pl.DataFrame, event: str, text: str) -> Estimate:
    """Return one coefficient of a Cox model with delayed entry, or why there is none; ``rows`` are of one year each."""
    library("lifelines", "survival models")
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    events = int(rows[event].sum())
    clusters = rows["supplier"].n_unique()
    if events < rule("min_clusters") or rows[part.term].n_unique() < 2 or clusters < rule("min_clusters"):
        reason = f"{events} events, {clusters} suppliers, {rows[part.term].n_unique()} values of '{part.term}'"
        return refused(claim, "survival", part, "expected", f"too little to estimate: {reason}", text)
    data = rows.select("start", "stop", event, part.term).to_pandas()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = CoxPHFitter().fit(data, duration_col="stop", event_col=event, entry_col="start", formula=part.term)
        except (ConvergenceError, *FAILURES) as error:
            return refused(claim, "survival", part, "expected", f"the hazard cannot be fitted ({error})", text)
    value = float(model.params_[part.term])
    if abs(value) > 15:
        return refused(claim, "survival", part, "expected", f"'{part.term}' separates events perfectly", text)
    return made(
        claim,
        "survival",
        part,
        "expected",
        value,
        float(np.sqrt((grouped(codes(rows["supplier"]), cox_influence(rows, event, part.term, value)) ** 2).sum())),
        clusters - 1,
        rows=rows.height,
        clusters=clusters,
        formula=text,
        note="log hazard ratio",
    )


@np.errstate(all="ignore")  # without variation in any year nothing is finite, and the caller refuses it
def cox_influence(rows: pl.DataFrame, event: str, term: str, slope: float) -> Floats:
    r"""Return what each row adds to the slope of a Cox model on intervals of one year, ties as in Efron (1977).

    Score residuals over the information (Lin & Wei 1989). At risk in a year are the rows of that year: of its
    :math:`d` events, the one of rank :math:`k` meets :math:`S_0 - (k/d) D_0`, with :math:`S_0` and :math:`D_0` the sums
    of :math:`e^{\beta x}` over all rows and over those with an event. The robust errors of lifelines take
    neither delayed entry nor ties into account.

    Lin, D. and Wei, L. (1989) The robust inference for the Cox proportional hazards model. JASA 84(408).
    Efron, B. (1977) The efficiency of Cox's likelihood function for censored data. JASA 72(359).
    """
    year = codes(rows["stop"])
    x, ends = (rows[name].to_numpy().astype(np.float64) for name in (term, event))
    risk = np.exp(slope * x)
    tied = grouped(year, ends).astype(np.int64)
    at = np.repeat(np.arange(len(tied)), tied)
    rank = np.concatenate([np.arange(count) / count for count in tied])

    def met(values: Floats) -> Floats:
        return grouped(year, values)[at] - rank * grouped(year, values * ends)[at]

    def summed(values: Floats) -> Floats:
        found: Floats = np.bincount(at, weights=values, minlength=len(tied))[year].astype(np.float64)
        return found

    base = met(risk)
    mean = met(risk * x) / base
    information = float((met(risk * x**2) / base - mean**2).sum())
    own = ends * (x - summed(mean) / np.maximum(tied, 1)[year])
    every = x * summed(1 / base) - summed(mean / base)
    spared = x * summed(rank / base) - summed(rank * mean / base)
    found: Floats = (own - risk * (every - ends * spared)) / information
    return found


def ladder(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return :func:`steps_up` pooled over the draws of governance, and under the most probable form."""
    measured = panels.tables.get("upgrading_measures")
    if measured is None or "share_quasi_hierarchy" not in claim.terms:
        return []
    steps = _steps(measured)
    return over_readings(panels, lambda read: steps_up(claim, read, steps))


def _steps(measured: pl.DataFrame) -> pl.DataFrame:
    """Return supplier-years with their step of the ladder, and whether the next one, ``gap`` years ahead, is higher."""
    steps = measured.filter((pl.col("level") == "supplier") & (pl.col("measure") == "ladder_step")).select(
        supplier="unit", year=pl.col("year").cast(pl.Int64), step="value"
    )
    later = pl.col("step").shift(-1).over("supplier", order_by="year")
    gap = pl.col("year").shift(-1).over("supplier", order_by="year") - pl.col("year")
    return steps.with_columns(up=(later > pl.col("step")).cast(pl.Float64), gap=gap).filter(
        gap.is_between(1, rule("window"))
    )


def steps_up(claim: Claim, panels: Panels, steps: pl.DataFrame) -> list[Estimate]:
    """Return the effect of quasi-hierarchy on the yearly hazard of each step up Gereffi's ladder.

    Discrete time, complementary log-log, one model per step (1 to 2, 2 to 3, 3 to 4): the effect may differ by step.
    """
    shares = panels.frames["supplier"].select("supplier", "year", "share_quasi_hierarchy", "share_network")
    rows = steps.join(shares, on=["supplier", "year"], how="inner", maintain_order="left").with_columns(
        log_gap=pl.col("gap").cast(pl.Float64).log()
    )
    found = []
    for step in (1, 2, 3):
        part = Part(f"step_{step}_to_{step + 1}", "share_quasi_hierarchy", 1 if step == 1 else -1)
        mine = rows.filter(pl.col("step") == step).drop_nulls()
        found.append(
            hazard_model(
                claim, "ladder", part, mine, "up", ("share_quasi_hierarchy", "share_network"), "supplier", "log_gap"
            )
        )
    return found


def hazard(claim: Claim, panels: Panels) -> list[Estimate]:
    """Return the effect of core status on the yearly hazard that a function is handed over (cloglog)."""
    rows = panels.frames["function"]
    part = Part("relinquished", "core", -1)
    return [hazard_model(claim, "hazard", part, rows, "relinquished", ("core",), "buyer", None)]


def hazard_model(
    claim: Claim,
    design: str,
    part: Part,
    rows: pl.DataFrame,
    event: str,
    terms: tuple[str, ...],
    cluster: str,
    offset: str | None,
) -> Estimate:
    """Return one coefficient of a discrete-time hazard (complementary log-log), or why there is none."""
    statsmodels = library("statsmodels.api", "discrete-time hazards")
    terms = tuple(name for name in terms if rows.height and rows[name].n_unique() > 1)
    text = f"cloglog hazard: {Formula(event, terms)}" + (f" + offset({offset})" if offset else "")
    events = int(rows[event].sum()) if rows.height else 0
    clusters = rows[cluster].n_unique()
    if part.term not in terms or min(events, rows.height - events, clusters) < rule("min_clusters"):
        many = f"{events} events in {rows.height} observations of {clusters} {cluster}s"
        return refused(claim, design, part, "expected", f"too little to estimate: {many}", text)
    x = np.column_stack([np.ones(rows.height), *[rows[name].to_numpy().astype(float) for name in terms]])
    y = rows[event].to_numpy().astype(float)
    code = rows[cluster].cast(pl.String).rank("dense").to_numpy().astype(int)
    family = statsmodels.families.Binomial(link=statsmodels.families.links.CLogLog())
    shift = rows[offset].to_numpy() if offset else None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = statsmodels.GLM(y, x, family=family, offset=shift).fit(
                cov_type="cluster", cov_kwds={"groups": code}, maxiter=100
            )
        except FAILURES as error:
            reason = f"the hazard cannot be fitted: the iterations fail on these data ({error})"
            return refused(claim, design, part, "expected", reason, text)
    place = 1 + terms.index(part.term)
    value, se = float(model.params[place]), float(model.bse[place])
    if not np.isfinite([value, se]).all() or abs(value) > 15:
        return refused(claim, design, part, "expected", f"'{part.term}' separates events perfectly", text)
    return made(
        claim,
        design,
        part,
        "expected",
        value,
        se,
        clusters - 1,
        rows=rows.height,
        clusters=clusters,
        formula=text,
        note="log hazard ratio",
    )
