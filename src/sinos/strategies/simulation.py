"""The result of a simulation: tables, summary and fan chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import polars as pl

from sinos.errors import UnknownNameError, nearest
from sinos.results import Result
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("design_capability", "profit", "export_quasi_hierarchy", "main_share", "programme")


@dataclass(frozen=True)
class Simulation(Result):
    """Simulated futures of a cluster: an illustration under stated assumptions, not a forecast.

    The first table, ``runs``, has one row per strategy, replication, year and metric. ``differences`` compares each
    strategy with the baseline replication by replication, under common random numbers.
    """

    def summary(self) -> str:
        """Return the last year's means, the paired differences and the assumptions that do the work, as text."""
        last = cast(int, self.frame("paths")["year"].max())
        means = self.frame("paths").filter((pl.col("year") == last) & pl.col("metric").is_in(SHOWN))
        lines = [ILLUSTRATION, f"Means in {last}:"]
        lines += [f"  {row['strategy']}: {row['metric']} {_number(row['mean'])}" for row in means.to_dicts()]
        gaps = self.frame("differences").filter((pl.col("year") == last) & pl.col("metric").is_in(SHOWN))
        if gaps.height:
            lines.append(f"Paired differences from the baseline in {last} (95 % interval):")
        lines += [
            f"  {row['strategy']}: {row['metric']} {_number(row['difference'])} "
            f"[{_number(row['low'])}, {_number(row['high'])}]"
            for row in gaps.to_dicts()
        ]
        lines.append("Assumptions that do the work:")
        lines += [f"  - {assumption}" for assumption in ASSUMPTIONS]
        return "\n".join(lines)

    def plot_data(self, metric: str = "design_capability") -> pl.DataFrame:
        """Return mean and quantiles of a metric by strategy and year.

        Raises
        ------
        UnknownNameError
            If there is no such metric; the nearest is given.
        """
        if metric not in METRICS:
            raise UnknownNameError(f"there is no metric '{metric}'", fix=nearest(metric, METRICS))
        return self.frame("paths").filter(pl.col("metric") == metric)

    def plot(self, ax: Axes | None = None, *, metric: str = "design_capability") -> Axes:
        """Draw a fan chart: the median of each strategy and the band that holds 90 % of replications."""
        import matplotlib.pyplot as plt

        data = self.plot_data(metric)
        axes = ax if ax is not None else plt.subplots()[1]
        for name in data["strategy"].unique(maintain_order=True):
            path = data.filter((pl.col("strategy") == name) & pl.col("median").is_not_null())
            line = axes.plot(path["year"].to_numpy(), path["median"].to_numpy(), label=name)[0]
            axes.fill_between(
                path["year"].to_numpy(),
                path["low"].to_numpy(),
                path["high"].to_numpy(),
                color=line.get_color(),
                alpha=0.15,
                linewidth=0,
            )
        axes.set_xlabel("year")
        axes.set_ylabel(METRICS[metric])
        axes.set_title("Simulated: an illustration, not a forecast", fontsize="small")
        axes.legend(frameon=False)
        return axes


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"
