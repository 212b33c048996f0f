"""The engine: known answers of the generator, arithmetic, equal bits of kernel and reference, and of any executor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from sinos.errors import SinosError
from sinos.strategies import arithmetic, batches, kernel_scalar, team
from sinos.strategies.build import Engine, world_of
from sinos.strategies.course import advance, course_of
from sinos.strategies.kernel_work import PAIRS, SUPPLIERS
from sinos.strategies.levers import strategy
from sinos.strategies.metrics import METRICS
from sinos.strategies.parameters import parameters
from sinos.strategies.random import key_of, philox
from sinos.strategies.replication import futures_of, replicate
from sinos.strategies.scenario import Scenario, scenario
from sinos.strategies.simulate import simulate
from sinos.strategies.state import World, copied
from sinos.strategies.team import run_together

SMALL: dict[str, Any] = {
    "name": "small", "source": "made for a test", "start": 1968, "years": 14, "suppliers": 25,
    "markets": [
        {"name": "home", "region": "home", "exposure": 0.3, "opens": 1968},
        {"name": "us", "region": "far", "exposure": 1.0, "opens": 1969},
    ],
    "buyers": [
        {"name": "brand", "market": "us", "number": 2, "volume": 6.0, "slots": 5, "complexity": 0.7, "process": 0.6,
         "product": 0.5, "competence": {"design": 0.9, "marketing": 0.9}, "core": ["design", "marketing"]},
        {"name": "shop", "market": "home", "number": 6, "volume": 1.5, "slots": 4, "complexity": 0.2, "process": 0.2,
         "product": 0.2},
    ],
}  # fmt: skip
LEVERS: list[dict[str, Any]] = [
    {"name": "mixed", "levers": [
        {"kind": "diversify", "start": 1972}, {"kind": "home_market", "start": 1973, "target": "large"},
        {"kind": "technology_centre", "start": 1974, "cost": 0.01, "reach": 0.5},
        {"kind": "collective_programme", "start": 1975, "levy": 0.02, "quorum": 0.4, "facilitation": 0.5},
        {"kind": "raise_intent", "start": 1973, "size": 0.5}]},
    {"name": "standard", "levers": [{"kind": "certification", "start": 1971},
                                    {"kind": "supplier_development", "start": 1972}]},
]  # fmt: skip
ALL_ONES = 0xFFFFFFFF


def test_generator_gives_the_published_known_answers() -> None:
    # Salmon et al. (2011), Random123: known answers of philox4x32-10.
    ones = philox(*[ALL_ONES] * 6)
    assert [int(word) for word in ones] == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    digits = philox(0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)
    assert [int(word) for word in digits] == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@pytest.mark.parametrize(
    ("compiled", "plain", "exact"),
    [
        (kernel_scalar.exp1, arithmetic.exp32, np.exp),
        (kernel_scalar.logistic1, arithmetic.logistic32, lambda x: 1 / (1 + np.exp(-x))),
    ],
)
def test_arithmetic_has_equal_bits_compiled_and_plain(compiled: Any, plain: Any, exact: Any) -> None:
    x = np.random.default_rng(1).uniform(-30, 30, 400).astype(np.float32)
    one_by_one = np.array([compiled(value) for value in x], np.float32)
    assert one_by_one.tobytes() == plain(x).tobytes()
    np.testing.assert_allclose(plain(x), exact(x.astype(np.float64)), rtol=1e-6)


def test_logarithm_has_equal_bits_compiled_and_plain() -> None:
    x = np.exp(np.random.default_rng(2).uniform(-30, 30, 400)).astype(np.float32)
    assert np.array([kernel_scalar.log1(value) for value in x], np.float32).tobytes() == arithmetic.log32(x).tobytes()
    np.testing.assert_allclose(arithmetic.log32(x), np.log(x.astype(np.float64)), rtol=1e-6, atol=1e-6)


def arrays(world: World) -> dict[str, np.ndarray[Any, Any]]:
    """Every array of the state, by group and name."""
    return {
        f"{group}.{name}": value
        for group, members in world._asdict().items()
        for name, value in members._asdict().items()
        if isinstance(value, np.ndarray)
    }


def history(changed: dict[str, float], engine: Engine, seed: int) -> list[dict[str, bytes]]:
    """Bytes of the whole state at the end of every year."""
    made = scenario(SMALL).with_parameters(**changed)
    course, key = course_of(made), key_of(seed, 0)
    world = world_of(course.blueprint, key, engine)
    start = copied(world).buyers
    states = []
    for step in range(made.years):
        advance(world, start, course, key, step, step + 1, engine)
        states.append({name: value.tobytes() for name, value in arrays(world).items()})
    return states


def drawn(number: int) -> dict[str, float]:
    """Parameters drawn from the inner part of their ranges."""
    rng = np.random.default_rng(number)
    return {one.name: float(one.low + (one.high - one.low) * rng.uniform(0.1, 0.9)) for one in parameters()}


@pytest.mark.parametrize("number", [0, 1, 2])
def test_kernel_and_reference_agree_in_every_bit_of_the_state(number: int) -> None:
    changed = drawn(number) if number else {}
    compiled, reference = history(changed, "compiled", 7), history(changed, "reference", 7)
    for year, (one, two) in enumerate(zip(compiled, reference, strict=True)):
        assert [name for name in one if one[name] != two[name]] == [], f"year {year}"


def wide() -> Scenario:
    """More suppliers than a block holds, several clusters, and a buyer with more slots than a block holds pairs."""
    buyers = [
        {**SMALL["buyers"][0], "volume": 120.0, "slots": 2 * PAIRS + 3, "number": 1},
        {**SMALL["buyers"][1], "volume": 30.0, "number": 40},
    ]
    return scenario({**SMALL, "suppliers": 2 * SUPPLIERS + 87, "clusters": 3, "years": 6, "buyers": buyers})


def test_kernel_and_reference_agree_over_several_blocks_of_suppliers_and_pairs() -> None:
    futures = futures_of(wide())
    compiled, reference = replicate(futures, 4, 1), replicate(futures, 4, 1, "reference")
    assert compiled.tobytes() == reference.tobytes()
    assert np.nanmax(compiled[0, :, list(METRICS).index("active_suppliers")]) > SUPPLIERS


def test_a_stretch_of_years_in_one_call_equals_its_years_one_by_one() -> None:
    made = scenario(SMALL)
    course, key = course_of(made, strategy(LEVERS[0]).levers), key_of(9, 3)
    whole, stepped = world_of(course.blueprint, key), world_of(course.blueprint, key)
    start = copied(whole).buyers
    at_once = advance(whole, start, course, key, 0, made.years)
    by_year = [advance(stepped, start, course, key, step, step + 1) for step in range(made.years)]
    assert at_once.tobytes() == np.concatenate(by_year).tobytes()
    assert {n: v.tobytes() for n, v in arrays(whole).items()} == {n: v.tobytes() for n, v in arrays(stepped).items()}


def test_kernel_and_reference_agree_under_strategies() -> None:
    compiled = simulate(SMALL, LEVERS, 2, seed=3).frame("runs")
    reference = simulate(SMALL, LEVERS, 2, seed=3, engine="reference").frame("runs")
    assert compiled.equals(reference)
    assert compiled["strategy"].unique(maintain_order=True).to_list() == ["baseline", "mixed", "standard"]


def test_threads_do_not_change_a_bit_and_a_replication_stands_alone() -> None:
    frames = []
    for workers in (1, 2, 4):
        with ThreadPoolExecutor(workers) as threads:
            frames.append(simulate(SMALL, LEVERS, 5, seed=1, executor=threads).frame("runs"))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    fewer = simulate(SMALL, LEVERS, 3, seed=1).frame("runs")
    assert fewer.equals(frames[0].filter(frames[0]["replication"] < 3))
    other = simulate(SMALL, LEVERS, 3, seed=2).frame("runs")
    assert not other.equals(fewer)


def test_threads_inside_a_world_change_no_bit() -> None:
    """Three blocks of suppliers, so that four threads leave one of them without any."""
    made = wide()
    course = course_of(made, strategy(LEVERS[0]).levers)
    states = []
    for threads in (1, 2, 4):
        world, key = world_of(course.blueprint, key_of(6, 2)), key_of(6, 2)
        metrics = advance(world, copied(world).buyers, course, key, 0, made.years, threads=threads)
        states.append({"metrics": metrics.tobytes()} | {n: v.tobytes() for n, v in arrays(world).items()})
    assert states[0] == states[1] == states[2]


@pytest.mark.parametrize(("replications", "inside"), [(1, {4}), (2, {2}), (3, set())])
def test_the_threads_of_a_machine_share_large_worlds(
    replications: int, inside: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = simulate(SMALL, LEVERS, replications, seed=1).frame("runs")
    teams = []

    def recorded(*given: Any) -> None:
        teams.append(given[-1])
        run_together(*given)

    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr(batches, "LARGE", 25)
    monkeypatch.setattr(team, "run_together", recorded)
    assert simulate(SMALL, LEVERS, replications, seed=1).frame("runs").equals(expected)
    assert set(teams) == inside
    teams.clear()
    with ThreadPoolExecutor(1) as threads:
        assert simulate(SMALL, LEVERS, replications, seed=1, executor=threads).frame("runs").equals(expected)
    assert teams == []


def test_strategies_equal_the_baseline_before_they_start() -> None:
    runs = simulate(SMALL, LEVERS, 2, seed=5).frame("runs")
    key = ["replication", "year", "metric"]
    baseline = runs.filter(runs["strategy"] == "baseline").sort(key)
    mixed = runs.filter(runs["strategy"] == "mixed").sort(key)
    early = baseline["year"] < 1972
    assert mixed.filter(early)["value"].equals(baseline.filter(early)["value"], null_equal=True)
    assert not mixed.filter(~early)["value"].equals(baseline.filter(~early)["value"], null_equal=True)


@pytest.mark.parametrize("end", ["low", "high"])
def test_extreme_parameters_stay_finite(end: str) -> None:
    extreme = {one.name: float(getattr(one, end)) for one in parameters()}
    made = scenario(SMALL).with_parameters(**extreme)
    course, key = course_of(made), key_of(1, 0)
    world = world_of(course.blueprint, key)
    advance(world, copied(world).buyers, course, key, 0, made.years)
    found = arrays(world)
    assert [name for name, value in found.items() if value.dtype.kind == "f" and not np.isfinite(value).all()] == []
    capability = found["suppliers.capability"]
    assert capability.min() >= 0
    assert capability.max() <= 1


@pytest.mark.parametrize(
    ("changed", "levers", "named"),
    [
        ({"years": 0}, [], "years"),
        ({"buyers": []}, [], "buyers"),
        ({"parameters": {"no_such_parameter": 1.0}}, [], "no_such_parameter"),
        ({}, [{"name": "x", "levers": [{"kind": "prayer", "start": 1970}]}], "prayer"),
        ({}, [{"name": "x", "levers": [{"kind": "diversify", "start": 1950}]}], "1950"),
        ({}, [{"name": "x", "levers": [{"kind": "diversify", "start": 1970, "cost": -1}]}], "cost"),
    ],
)
def test_bad_scenarios_say_what_and_how_to_fix_it(changed: dict[str, Any], levers: list[Any], named: str) -> None:
    with pytest.raises(SinosError) as caught:
        simulate(SMALL | changed, levers, 1)
    assert named in str(caught.value)
    assert caught.value.fix


def test_no_replications_is_refused() -> None:
    with pytest.raises(SinosError, match="at least 1"):
        simulate(SMALL, [], 0)
