"""Commands of the model: simulate, explore, validate, ablate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sinos.cli_tools import Quiet, say, showing, write, write_tables

app = typer.Typer()
Screening = Literal["morris", "sobol", "none"]


@app.command("simulate")
def simulated(
    scenario: Annotated[str, typer.Argument(help="Packaged scenario or YAML file.")] = "sinos_valley",
    strategies: Annotated[Path | None, typer.Option(help="YAML file with a list of strategies.")] = None,
    replications: Annotated[int, typer.Option(help="Worlds drawn.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the page, the tables and the provenance.")] = Path(
        "out/simulation"
    ),
    ensemble: Annotated[
        Path | None, typer.Option(help="Keep the replications in this folder; an interrupted run goes on from there.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only the I-th of N shares of the ensemble; makes no page.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Simulate a cluster's futures, with and without strategies: an illustration, not a forecast."""
    from sinos.simulate_run import run_simulation

    with showing(quiet) as progress:
        result = run_simulation(
            scenario, strategies, replications, seed, out, ensemble=ensemble, shard=shard, progress=progress
        )
    if quiet:
        return
    if result is None:
        say(f"share {shard} is in {ensemble}; when all are there, leave out --shard to make the page")
    else:
        say(result.summary())
        say(f"{out / 'report.html'}: page")


@app.command()
def explore(
    scenario: Annotated[str, typer.Argument(help="Packaged scenario or YAML file.")] = "sinos_valley",
    strategies: Annotated[Path | None, typer.Option(help="YAML file with a list of strategies.")] = None,
    draws: Annotated[int, typer.Option(help="Worlds drawn over the ranges of all parameters.")] = 100,
    replications: Annotated[int, typer.Option(help="Replications of each world.")] = 4,
    metric: Annotated[str, typer.Option(help="Outcome in the last year.")] = "design_capability",
    method: Annotated[Screening, typer.Option(help="Sensitivity: morris, sobol or none.")] = "morris",
    size: Annotated[int, typer.Option(help="Trajectories of Morris, or base points of Sobol.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the page, the tables and the provenance.")] = Path(
        "out/exploration"
    ),
    quiet: Quiet = False,
) -> None:
    """Say who wins, which strategy one would regret least, what breaks lock-in, and what it all hangs on."""
    from sinos.simulate_run import run_exploration

    with showing(quiet) as progress:
        result = run_exploration(
            scenario, strategies, out, progress=progress, draws=draws, replications=replications, seed=seed,
            metric=metric, method=method, size=size,
        )  # fmt: skip
    if not quiet:
        say(result.summary())
        say(f"{out / 'report.html'}: page")


@app.command()
def validate(
    out: Annotated[Path, typer.Option(help="Report to write: .md or .html.")] = Path("out/validation.md"),
    worlds: Annotated[int, typer.Option(help="Simulated worlds in each half of the parameter space.")] = 12,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    scenario: Annotated[list[str] | None, typer.Option(help="Market structure; may be repeated.")] = None,
    tables: Annotated[Path | None, typer.Option(help="Folder for the tables behind the report (CSV).")] = None,
    quiet: Quiet = False,
) -> None:
    """Simulate worlds whose truth is known, degrade their records, and report what Sinos recovers."""
    from sinos.strategies.validate import validate as run_validation
    from sinos.strategies.validate_report import html, markdown

    chosen = tuple(scenario or ("sinos_valley",))
    with showing(quiet) as progress:
        result = run_validation(worlds, seed, scenarios=chosen, progress=progress)
    named = "".join(f" --scenario {name}" for name in scenario or ())
    command = f"sinos validate --worlds {worlds} --seed {seed}{named} --out {out}"
    write(out, html(result, command) if out.suffix == ".html" else markdown(result, command))
    write_tables(tables, result)
    if not quiet:
        say(result.summary())


@app.command()
def ablate(
    scenario: Annotated[str, typer.Argument(help="Packaged scenario or YAML file.")] = "sinos_valley",
    out: Annotated[Path, typer.Option(help="Page to write (Markdown).")] = Path("out/ablations.md"),
    replications: Annotated[int, typer.Option(help="Replications of each ablation.")] = 12,
    draws: Annotated[int, typer.Option(help="Draws over the ranges of all parameters.")] = 240,
    seed: Annotated[int, typer.Option(help="Seed of all random numbers.")] = 0,
    tables: Annotated[Path | None, typer.Option(help="Folder for the tables behind the page (CSV).")] = None,
    quiet: Quiet = False,
) -> None:
    """Find out which claim about a simulated cluster survives what, and call the fragile ones fragile."""
    from sinos.strategies.ablate import ablate as run_ablation
    from sinos.strategies.ablate_report import ablation_page
    from sinos.strategies.simulate import simulate

    with showing(quiet) as progress:
        result = run_ablation(scenario, replications, draws, seed, progress=progress)
    checked = simulate(scenario, (), replications, seed) if scenario == "sinos_valley" else None
    command = f"sinos ablate {scenario} --replications {replications} --draws {draws} --seed {seed} --out {out}"
    write(out, ablation_page(result, command, checked))
    write_tables(tables, result)
    if not quiet:
        say(result.summary())
