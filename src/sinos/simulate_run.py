"""What ``sinos simulate`` does: a scenario and strategies in, a folder with a page, tables and provenance out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sinos.errors import StudyError
from sinos.output import MARK, check_replaceable, provenance_of, replacing, write_json
from sinos.strategies.ensemble import gather_ensemble, run_ensemble
from sinos.strategies.explore import Exploration, explore
from sinos.strategies.levers import strategies_in
from sinos.strategies.scenario import scenario as scenario_of
from sinos.strategies.simulate import simulate
from sinos.strategies.simulation import Simulation

Progress = Callable[[str, int, int], None]


def run_simulation(
    scenario: str,
    strategies: Path | None,
    replications: int,
    seed: int,
    out: Path,
    *,
    ensemble: Path | None = None,
    shard: str | None = None,
    progress: Progress | None = None,
) -> Simulation | None:
    """Simulate, and leave ``report.html``, ``tables/`` and ``provenance.json`` in a folder, whole or not at all.

    Parameters
    ----------
    scenario
        Name of a packaged scenario, or a YAML file.
    strategies
        YAML file with a list of strategies, each a name and its levers; only the baseline when absent.
    replications, seed
        See :func:`sinos.simulate`.
    out
        Output folder: new, empty, or the output of an earlier run, which is replaced.
    ensemble
        Folder in which the replications are kept as they are made, so that an interrupted run goes on where it stopped.
    shard
        Only this share of the ensemble (``i/n``); no page is made then.
    progress
        Called after every batch of replications.

    Returns
    -------
    Simulation or None
        None when only a share was simulated.

    Raises
    ------
    SinosError
        If scenario, strategies or folder are wrong.
    """
    from sinos.report.simulated import simulated_page
    from sinos.report.tables import write_tables

    check_replaceable(out)
    world = scenario_of(scenario)
    given = () if strategies is None else strategies_in(strategies, world)
    if shard is not None and ensemble is None:
        raise StudyError("a share needs a folder to be kept in", where="--shard", fix="name one with --ensemble")
    if ensemble is None:
        found = simulate(world, given, replications, seed, progress=progress)
    else:
        run_ensemble(world, given, replications, seed, ensemble, shard=shard, progress=progress)
        if shard is not None:
            return None
        found = gather_ensemble(ensemble)
    with replacing(out) as folder:
        (folder / "report.html").write_text(simulated_page(found), encoding="utf-8", newline="\n")
        write_tables(found.frames, folder / "tables")
        write_json(folder / MARK, provenance_of([found], seed, options=dict(found.provenance.options)))
    return found


def run_exploration(
    scenario: str, strategies: Path | None, out: Path, *, progress: Progress | None = None, **options: Any
) -> Exploration:
    """Explore, and leave ``report.html``, ``tables/`` and ``provenance.json`` in a folder, whole or not at all.

    Parameters
    ----------
    scenario, strategies, out
        As in :func:`run_simulation`.
    progress
        Called after every drawn world.
    **options
        Those of :func:`sinos.explore`.

    Raises
    ------
    SinosError
        If scenario, strategies, options or folder are wrong.
    """
    from sinos.report.sections_exploration import exploration_page
    from sinos.report.tables import write_tables

    check_replaceable(out)
    world = scenario_of(scenario)
    given = () if strategies is None else strategies_in(strategies, world)
    found = explore(world, given, progress=progress, **options)
    with replacing(out) as folder:
        (folder / "report.html").write_text(exploration_page(found), encoding="utf-8", newline="\n")
        write_tables(found.frames, folder / "tables")
        write_json(folder / MARK, provenance_of([found], found.provenance.seed, options=dict(found.provenance.options)))
    return found
