"""What ``test`` returns: verdicts with everything that led to them, and the columns of its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sinos.propositions.claims import select
from sinos.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMAS: dict[str, dict[str, Any]] = {
    "claims": {
        "claim": pl.String,
        "title": pl.String,
        "verdict": pl.String,
        "because": pl.String,
        "pattern": pl.String,
        "p_joint": pl.Float64,
        "power": pl.String,
        "open_rivals": pl.String,
        "rule": pl.String,
        "contradicted_by": pl.String,
        "section": pl.String,
        "quote": pl.String,
        "estimand": pl.String,
        "pitfalls": pl.String,
    },
    "claim_power": {
        "claim": pl.String,
        "outcome": pl.String,
        "term": pl.String,
        "measure": pl.String,
        "missing": pl.String,
        "rows": pl.Int64,
        "clusters": pl.Int64,
        "effective_clusters": pl.Float64,
        "effective_treated": pl.Float64,
        "detectable": pl.Float64,
        "detectable_sd": pl.Float64,
        "formula": pl.String,
    },
    "claim_estimates": {
        "claim": pl.String,
        "design": pl.String,
        "outcome": pl.String,
        "term": pl.String,
        "sign": pl.Int64,
        "reading": pl.String,
        "estimate": pl.Float64,
        "se": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p": pl.Float64,
        "df": pl.Float64,
        "rows": pl.Int64,
        "clusters": pl.Int64,
        "formula": pl.String,
        "note": pl.String,
        "p_wild": pl.Float64,
        "p_romano_wolf": pl.Float64,
        "in_words": pl.String,
    },
    "claim_battery": {
        "claim": pl.String,
        "outcome": pl.String,
        "check": pl.String,
        "rival": pl.String,
        "estimate": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p": pl.Float64,
        "outcome_of": pl.String,
        "note": pl.String,
    },
    "claim_incidence": {
        "claim": pl.String,
        "reading": pl.String,
        "group": pl.String,
        "cause": pl.String,
        "tenure": pl.Int64,
        "at_risk": pl.Float64,
        "events": pl.Float64,
        "incidence": pl.Float64,
        "se": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "note": pl.String,
    },
    "claim_weights": {
        "claim": pl.String,
        "rank": pl.Int64,
        "buyer": pl.String,
        "weight": pl.Float64,
        "estimate": pl.Float64,
        "first_stage_f": pl.Float64,
    },
    "claim_evidence": {
        "claim": pl.String,
        "agrees": pl.String,
        "finding": pl.String,
        "sign": pl.String,
        "sample": pl.String,
        "design": pl.String,
        "source": pl.String,
        "verified": pl.String,
    },
}
"""Columns of the tables that :func:`test` returns."""


@dataclass(frozen=True)
class Claims(Result):
    """Verdicts on the claims, with everything that led to them.

    Tables ``claims`` (one row per claim), ``claim_power`` (stated before any estimate), ``claim_estimates``,
    ``claim_battery``, ``claim_incidence`` (share of relations that have left a form or ended, by years of tenure),
    ``claim_weights`` (Rotemberg weights of buyers) and ``claim_evidence`` (published findings for and against).

    Attributes
    ----------
    verdicts
        The word for each claim.
    """

    verdicts: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """Return one line per claim."""
        rows = self.frame("claims").iter_rows(named=True)
        return "\n".join(f"{row['claim']:<4}{row['verdict']:<13} {row['title']}: {row['because']}" for row in rows)

    def explain(self, claim: str) -> str:
        """Return everything about one claim in words, power before estimates."""
        from sinos.propositions.words import explain

        return explain(self, select(claim)[0].name)

    def regression_table(self, claim: str, path: str | Path | None = None, *, form: str = "markdown") -> str:
        """Return the regression table of a claim as ``markdown``, ``html``, ``latex`` or (with a path) ``word``."""
        from sinos.propositions.tables import regression_table

        return regression_table(self, select(claim)[0].name, path, form=form)

    def plot_data(self) -> pl.DataFrame:
        """Return the primary estimates, the numbers behind :meth:`plot`."""
        rows = self.frame("claim_estimates")
        return rows.filter((pl.col("design") == "panel") & pl.col("reading").is_in(["draws", "none"]))

    def plot(self, ax: Axes | None = None, *, claim: str | None = None) -> Axes:
        """Draw the estimates of a claim (the first that has any) with 95 % intervals."""
        from sinos.propositions.plots import coefficients

        return coefficients(self, ax, claim)
