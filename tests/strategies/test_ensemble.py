"""Ensembles on disk: same bytes whoever computes them, resumed and shared; saved states; summaries by hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sinos.errors import OutputError, StudyError
from sinos.strategies.ensemble import gather_ensemble, run_ensemble
from sinos.strategies.saved import save_states
from sinos.strategies.scenario import scenario
from sinos.strategies.simulate import simulate
from sinos.strategies.summaries import difference, path
from tests.strategies.test_engine import LEVERS, SMALL

REPLICATIONS = 35
"""Three batches, the last of them short."""

WORLD = scenario(SMALL)


class StopError(Exception):
    """An interruption from outside."""


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path_factory.mktemp("whole") / "ensemble")


def test_an_ensemble_on_disk_says_what_simulate_says(whole: Path) -> None:
    assert list(contents(whole)) == [*(f"batch-0000{number}.parquet" for number in range(3)), "ensemble.json"]
    gathered, direct = gather_ensemble(whole), simulate(SMALL, LEVERS, REPLICATIONS, 5)
    for name in ("paths", "differences", "parameters"):
        assert gathered.frame(name).equals(direct.frame(name)), name
    assert gathered.missing == direct.missing
    assert gathered.provenance == direct.provenance


def test_a_resumed_ensemble_equals_an_uninterrupted_one(whole: Path, tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", progress=stop)
    assert [file.name for file in (tmp_path / "e").glob("batch-*")] == ["batch-00000.parquet"]
    with pytest.raises(StudyError, match="2 of 3 batches are missing"):
        gather_ensemble(tmp_path / "e")
    seen: list[tuple[int, int]] = []
    run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", progress=lambda _, *done: seen.append(done))
    assert seen == [(32, 35), (35, 35)]
    assert contents(tmp_path / "e") == contents(whole)


def test_shares_fill_one_folder(whole: Path, tmp_path: Path) -> None:
    for share in ("2/2", "1/2"):
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", shard=share)
    assert contents(tmp_path / "e") == contents(whole)


@contextmanager
def dask(processes: bool) -> Iterator[Executor]:
    from distributed import Client, LocalCluster

    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2,
            threads_per_worker=1,
            processes=processes,
            dashboard_address=None,
            host="127.0.0.1",
            protocol="tcp",
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield client.get_executor()


@contextmanager
def spawned() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_do_not_change_the_bytes(whole: Path, tmp_path: Path, threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", executor=pool)
    assert contents(tmp_path / "e") == contents(whole)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["processes", "dask threads", "dask processes"])
def test_executors_do_not_change_the_bytes(whole: Path, tmp_path: Path, kind: str) -> None:
    with spawned() if kind == "processes" else dask(kind == "dask processes") as pool:
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", executor=pool)
    assert contents(tmp_path / "e") == contents(whole)


def test_wrong_folders_and_shares_are_explained(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="holds an ensemble with another"):
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 6, whole)
    with pytest.raises(StudyError, match="'3/2' is no share"):
        run_ensemble(SMALL, LEVERS, REPLICATIONS, 5, tmp_path / "e", shard="3/2")
    with pytest.raises(StudyError, match="holds no ensemble"):
        gather_ensemble(tmp_path)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "thesis.docx").write_text("mine")
    with pytest.raises(OutputError, match="other things"):
        run_ensemble(SMALL, (), 2, 5, tmp_path / "strange")
    (tmp_path / "strange" / "ensemble.json").write_text("{")
    with pytest.raises(StudyError, match="plan cannot be read"):
        gather_ensemble(tmp_path / "strange")
    (tmp_path / "strange" / "ensemble.json").write_text("[1]")
    with pytest.raises(StudyError, match="not written by Sinos"):
        gather_ensemble(tmp_path / "strange")


def test_a_damaged_batch_is_named(tmp_path: Path) -> None:
    folder = run_ensemble(SMALL, (), 20, 5, tmp_path / "e")
    (folder / "batch-00001.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(StudyError, match="cannot be read") as told:
        gather_ensemble(folder)
    assert "batch-00001" in str(told.value)
    pl.read_parquet(folder / "batch-00000.parquet").head(3).write_parquet(folder / "batch-00001.parquet")
    with pytest.raises(StudyError, match="not what the plan asks for"):
        gather_ensemble(folder)


def test_a_fork_from_saved_states_equals_the_direct_run(tmp_path: Path) -> None:
    late = [{"name": "late", "levers": [{"kind": "diversify", "start": 1975}]}]
    states = save_states(WORLD, 1974, tmp_path / "states", 5, 3)
    forked, direct = simulate(WORLD, late, 5, 3, states=states), simulate(WORLD, late, 5, 3)
    after = pl.col("year") >= 1974
    assert forked.frame("runs").filter(after).equals(direct.frame("runs").filter(after))
    before = forked.frame("runs").filter(~after)
    assert before["value"].null_count() == before.height > 0
    assert (forked.missing[0].count, forked.missing[0].reason[:29]) == (before.height, "years before the saved states")
    assert (direct.frame("differences").filter(after)["difference"] != 0).any()


def test_saved_states_of_another_run_are_refused(tmp_path: Path) -> None:
    states = save_states(WORLD, 1974, tmp_path / "states", 2, 3)
    with pytest.raises(StudyError, match="another scenario, seed or version"):
        simulate(SMALL, (), 2, 4, states=states)
    with pytest.raises(StudyError, match="starts before 1974"):
        simulate(SMALL, LEVERS, 2, 3, states=states)
    with pytest.raises(StudyError, match="replication 2 has no saved state"):
        simulate(SMALL, (), 3, 3, states=states)
    with pytest.raises(StudyError, match="year 2050"):
        save_states(WORLD, 2050, tmp_path / "more")
    (states / "state-000000.npz").write_bytes(b"PK nothing")
    with pytest.raises(StudyError, match="cannot be read"):
        simulate(SMALL, (), 2, 3, states=states)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        run_ensemble(SMALL, (), 2, 5, tmp_path / "file" / "e")
    with pytest.raises(OutputError, match="cannot be written"):
        save_states(WORLD, 1970, tmp_path / "file" / "s", 1)


def test_paths_are_those_of_numpy() -> None:
    values = np.random.default_rng(1).normal(size=(40, 2, 3))
    found = path(values)
    assert found["mean"] == pytest.approx(values.mean(axis=0))
    for name, level in (("low", 0.05), ("median", 0.5), ("high", 0.95)):
        assert found[name] == pytest.approx(np.quantile(values, level, axis=0)), name
    values[:, 0, 0] = np.nan
    values[1:, 1, 1] = np.nan
    holes = path(values)
    assert np.isnan(holes["median"][0, 0])
    assert holes["median"][1, 1] == holes["low"][1, 1] == values[0, 1, 1]
    assert holes["replications"].tolist() == [[0, 40, 40], [40, 1, 40]]


def test_differences_are_students() -> None:
    # Differences 1, 2, 3: mean 2, standard error 0.5774, t(2, .975) = 4.3027.
    values = np.array([[[0.0], [1.0]], [[5.0], [7.0]], [[1.0], [4.0]]])
    found = {name: float(numbers[0, 0]) for name, numbers in difference(values).items()}
    assert found["difference"] == 2
    assert found["low"] == pytest.approx(2 - 4.302653 * 0.5773503, rel=1e-6)
    assert found["high"] == pytest.approx(2 + 4.302653 * 0.5773503, rel=1e-6)
    assert found["share_above"] == 1
    single = difference(values[:1])
    assert np.isnan(single["low"][0, 0])
    assert single["difference"][0, 0] == 1
