"""What ``classify`` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from sinos.errors import UnknownNameError, nearest
from sinos.governance.calibrated import Calibration
from sinos.governance.indicators import FORMS
from sinos.results import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "market": "#56B4E9",
    "network": "#009E73",
    "quasi_hierarchy": "#D55E00",
    "hierarchy": "#CC79A7",
}  # Okabe-Ito


@dataclass(frozen=True)
class Governance(Result):
    """Governance of relations and clusters.

    Attributes
    ----------
    frames
        ``governance``, ``evidence``, ``transitions``, ``spells``, ``lock_in``, ``cluster_governance``, as in
        ``outputs.csv``.
    prior
        Prior probability of each form.
    sensitivity
        What halving and doubling the prior weight of each form does: ``form``, ``factor``, ``changed_share`` (share
        of value whose named form changes), ``distance`` (value-weighted mean total variation distance of the
        posteriors).
    years_in_form
        Expected recorded years that each relation spent in each form.
    relinquished
        Functions that buyers handed to suppliers.
    drift
        Method ``anchored``: how far each class profile moved from the theory; empty otherwise.
    calibration
        Method ``calibrated``: the fitted calibration with its cross-validated log-loss.
    """

    prior: Mapping[str, float] = field(default_factory=dict)
    sensitivity: pl.DataFrame = field(default_factory=pl.DataFrame)
    years_in_form: pl.DataFrame = field(default_factory=pl.DataFrame)
    relinquished: pl.DataFrame = field(default_factory=pl.DataFrame)
    drift: pl.DataFrame = field(default_factory=pl.DataFrame)
    calibration: Calibration | None = None

    def summary(self) -> str:
        """Return the result in a few lines of text."""
        table = self.frame("governance")
        lines = [f"{table.height:,} relation-years, method {self.provenance.options['method']}"]
        named = dict(table.group_by("form").len().iter_rows())
        lines += [f"{form}: {named[form]:,}" for form in (*FORMS, "undetermined") if named.get(form)]
        if self.prior:
            lines.append("prior: " + ", ".join(f"{form} {value:.3g}" for form, value in self.prior.items()))
        if self.sensitivity.height:
            worst = self.sensitivity.sort("changed_share", descending=True).row(0, named=True)
            lines.append(
                f"prior sensitivity: {worst['form']} x {worst['factor']:g} changes the form of "
                f"{100 * worst['changed_share']:.1f} % of value"
            )
        if self.drift.height:
            furthest = self.drift.sort("kl", descending=True).row(0, named=True)
            lines.append(f"largest drift: {furthest['indicator']} in {furthest['form']}, {furthest['kl']:.3f} nats")
        if self.calibration is not None:
            made = self.calibration
            lines.append(
                f"log-loss {made.log_loss_before:.3f} before, {made.log_loss:.3f} after calibration (cross-validated)"
            )
        years = self.years_in_form
        if years.height:
            spent = years["quasi_hierarchy"].sum()
            lines.append(f"expected relation-years in quasi-hierarchy: {spent:,.1f} of {years['years'].sum():,}")
        lines += [f"missing {m.table}.{m.column}: {m.count:,} ({m.reason})" for m in self.missing]
        return "\n".join(lines)

    def plot_data(self) -> pl.DataFrame:
        """Return value shares of the forms by cluster and year, with their intervals."""
        return self.frame("cluster_governance")

    def plot(self, ax: Axes | None = None, *, cluster: str | None = None) -> Axes:
        """Draw value shares of the forms through time, stacked, with 90 % intervals.

        Parameters
        ----------
        ax
            Axes to draw on; new ones if absent.
        cluster
            The cluster to draw; the one with the largest value if absent.

        Raises
        ------
        UnknownNameError
            If there is no such cluster.
        """
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        data = self.plot_data()
        names = data.group_by("cluster").agg(pl.col("value").sum()).sort(["value", "cluster"], descending=[True, False])
        chosen = cluster or (names["cluster"][0] if names.height else None)
        if cluster is not None and cluster not in names["cluster"].to_list():
            raise UnknownNameError(f"there is no cluster '{cluster}'", fix=nearest(cluster, names["cluster"].to_list()))
        shown = data.filter(pl.col("cluster") == chosen).sort("year") if chosen is not None else data.clear()
        axes = ax if ax is not None else Figure(figsize=(8, 4.5), layout="constrained").subplots()
        years = shown["year"].to_numpy()
        base = shown["value"].to_numpy() * 0
        for place, form in enumerate(FORMS):
            share = shown[f"share_{form}"].to_numpy()
            low, high = shown[f"share_{form}_low"].to_numpy(), shown[f"share_{form}_high"].to_numpy()
            label = form.replace("_", "-")
            axes.bar(years, share, bottom=base, width=0.8, color=_COLOURS[form], label=label, edgecolor="white")
            axes.errorbar(
                years + 0.15 * (place - 1.5), base + share, yerr=[share - low, high - share],
                fmt="none", ecolor="black", elinewidth=0.8, capsize=2,
            )  # fmt: skip
            base = base + share
        axes.set_xlabel("year")
        axes.set_ylabel("share of value")
        axes.set_ylim(0, 1.05)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"Governance of {chosen} (expected shares, 90 % intervals)" if chosen else "Governance")
        axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.14))
        return axes
