"""Draw the figures of docs/ from runs of the model: run ``python docs/figures.py`` after the model changes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
import polars as pl

from sinos.strategies import Simulation, simulate

FOLDER = Path(__file__).resolve().parent / "figures"
REPLICATIONS = 40
FORMS = {"export_market": "market", "export_network": "network", "export_quasi_hierarchy": "quasi-hierarchy"}
DESIGN = {
    "design_near": "home and in the region",
    "design_far": "to far markets",
    "design_quasi": "in quasi-hierarchy",
}
PANELS = (
    ("Share of export volume by form", FORMS),
    ("Design capability of suppliers selling mostly", DESIGN),
    ("Price per unit", {"quasi_price": "in quasi-hierarchy", "near_price": "home and regional"}),
    ("Share of votes for the programme", {"volume_yes": "by volume", "head_yes": "by heads"}),
)
STYLES = ("-", "--", ":")


def paths(result: Simulation) -> None:
    """Draw median and 90 % band of the main metrics of the Sinos scenario."""
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.5), layout="constrained")
    for place, (title, metrics) in zip(axes.flat, PANELS, strict=True):
        for (metric, label), style in zip(metrics.items(), STYLES, strict=False):
            data = result.plot_data(metric).filter(pl.col("median").is_not_null())
            data = data.filter(pl.col("high").cum_max() > 0)  # before the first vote there are no votes
            line = place.plot(data["year"], data["median"], style, label=label)[0]
            place.fill_between(data["year"], data["low"], data["high"], color=line.get_color(), alpha=0.15, linewidth=0)
        place.set_title(title, fontsize="medium")
        place.set_ylim(bottom=0)
        place.legend(frameon=False, fontsize="small")
    figure.suptitle("Sinos Valley scenario, simulated: an illustration, not a forecast", fontsize="medium")
    FOLDER.mkdir(exist_ok=True)
    figure.savefig(FOLDER / "model_paths.svg", metadata={"Date": None})


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "sinos"
    paths(simulate("sinos_valley", replications=REPLICATIONS, kind="polars"))
