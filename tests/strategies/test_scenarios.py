"""Packaged scenarios say where they come from; expectations, claims and verdicts are computed as they are worded."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sinos.errors import StudyError
from sinos.results import Provenance
from sinos.strategies import claims
from sinos.strategies.ablate import Ablation, _verdict, ablate
from sinos.strategies.ablate_report import ablation_page
from sinos.strategies.ablations import ABLATIONS
from sinos.strategies.claims import CLAIMS, claim_values, facts, growth, shuffled
from sinos.strategies.history import simulate_history
from sinos.strategies.outcomes import EXPECTATIONS, outcomes, without_buyers, without_shock
from sinos.strategies.scenario import scenario, scenario_names
from tests.strategies.test_emit import small

PACKAGED = ("brenta", "kenya_horticulture", "no_design_core", "sinos_valley", "taiwan_notebooks")


def test_the_five_scenarios_are_packaged() -> None:
    assert set(PACKAGED) <= set(scenario_names())


@pytest.mark.parametrize("name", PACKAGED)
def test_scenarios_name_their_sources_and_assumptions(name: str) -> None:
    text = (files("sinos.theory") / "scenarios" / f"{name}.yaml").read_text("utf-8")
    assert "assumption" in text
    assert "an illustration" in text
    assert scenario(name).source != "assumption, no source"
    if name != "sinos_valley":
        assert "never tuned" in text


@pytest.mark.parametrize("name", PACKAGED)
def test_scenarios_run(name: str) -> None:
    world = scenario(name).model_copy(update={"years": 4, "shocks": (), "programme": None})
    found = simulate_history(world, engine="reference")
    assert found.relations["volume"].sum() > 0


def test_no_design_core_differs_from_the_valley_in_the_core_only() -> None:
    valley, other = scenario("sinos_valley"), scenario("no_design_core")
    assert not any("design" in group.core for group in other.buyers)
    for one, two in zip(valley.buyers, other.buyers, strict=True):
        assert set(one.core) - {"design"} == set(two.core)
        assert one.model_copy(update={"core": ()}) == two.model_copy(update={"core": ()})
    assert valley.shocks == other.shocks
    assert valley.parameters == other.parameters


def test_worlds_to_compare_with() -> None:
    brenta = without_buyers("luxury_house")(scenario("brenta"))
    assert {group.name: group.number for group in brenta.buyers}["luxury_house"] == 0
    kenya = without_shock("retail_concentration")(scenario("kenya_horticulture"))
    assert [shock.kind for shock in kenya.shocks] == ["new_standard"]


def test_expectations_have_sources_and_packaged_scenarios() -> None:
    assert len({one.name for one in EXPECTATIONS}) == len(EXPECTATIONS)
    for one in EXPECTATIONS:
        assert one.source
        assert one.scenario in PACKAGED


def panel(quasi: np.ndarray, network: np.ndarray, change: np.ndarray) -> pl.DataFrame:
    size = quasi.size
    return pl.DataFrame(
        {
            "replication": np.zeros(size, int), "supplier": [f"s{i}" for i in range(size)], "year": np.arange(size) % 4,
            "process": np.linspace(0.1, 0.5, size), "next_process": np.linspace(0.1, 0.5, size) + change,
            "share_quasi_hierarchy": quasi, "share_network": network,
        }
    )  # fmt: skip


def test_growth_finds_the_coefficients_it_was_given() -> None:
    rng = np.random.default_rng(1)
    quasi, network = rng.random(80), rng.random(80)
    found = growth(panel(quasi, network, 0.03 * quasi + 0.01 * network), ("process",), 0, 3)
    assert found is not None
    assert found == pytest.approx((0.01, 0.03), abs=1e-9)


def test_growth_needs_rows_and_variation() -> None:
    few = panel(np.array([0.1, 0.2]), np.array([0.3, 0.1]), np.zeros(2))
    assert growth(few, ("process",), 0, 3) is None
    assert growth(panel(np.zeros(80), np.linspace(0, 1, 80), np.zeros(80)), ("process",), 0, 3) is None


@pytest.fixture(scope="module")
def known() -> claims.Facts:
    world = small(
        years=32, suppliers=40, shocks=scenario("sinos_valley").shocks, programme=scenario("sinos_valley").programme
    )
    return facts([simulate_history(world, 1, one, engine="reference") for one in (0, 1)])


def test_claims_are_numbers(known: claims.Facts) -> None:
    values = claim_values(known)
    assert list(values) == [one.name for one in CLAIMS]
    assert all(value is None or np.isfinite(value) for value in values.values())
    assert -0.5 <= values["programme fails"] <= 0.5


def test_heads_and_volume_is_the_weaker_of_the_two(known: claims.Facts) -> None:
    first = known.votes.filter(pl.col("year") == known.votes["year"].min())
    expected = min(first["head_yes"].mean() - 0.5, 0.5 - first["volume_yes"].mean())
    assert claim_values(known)["heads yes, volume no"] == pytest.approx(expected)


def test_shuffling_keeps_what_each_year_holds(known: claims.Facts) -> None:
    dealt = shuffled(known, 3)
    key = ["replication", "year"]
    sums = [f.panel.group_by(key).agg(pl.col("share_quasi_hierarchy").sum().round(6)).sort(key) for f in (known, dealt)]
    assert sums[0].equals(sums[1])
    before = known.panel.sort("replication", "year", "supplier")["share_quasi_hierarchy"]
    assert not before.equals(dealt.panel["share_quasi_hierarchy"])
    # Rows stay together: the two shares of a supplier move as one.
    pairs = [set(f.panel.select("share_network", "share_quasi_hierarchy").iter_rows()) for f in (known, dealt)]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(
    ("base", "share", "beyond", "verdict"),
    [
        (True, 0.95, 0.0, "sturdy"),
        (True, 0.79, 0.0, "fragile"),
        (True, 0.95, 0.5, "fragile (no better than shuffled governance)"),
        (False, 0.95, 0.0, "not reproduced"),
        (None, None, None, "not known"),
        (True, None, None, "not tested over draws"),
    ],
)
def test_verdicts(base: bool | None, share: float | None, beyond: float | None, verdict: str) -> None:
    assert _verdict(base, share, beyond) == verdict


def test_ablate_needs_replications() -> None:
    with pytest.raises(StudyError, match="at least 1 replication"):
        ablate(replications=0)


def empty(*columns: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))


def test_the_page_draws_no_conclusion_from_claims_without_a_value() -> None:
    names = [one.name for one in CLAIMS]
    base = {"words": "w", "proposition": "P1", "placebo": None, "draws": None}
    rows = [{"claim": name, "baseline": None, "undone_by": "", "verdict": "not known", **base} for name in names]
    rows[0] |= {"baseline": -0.1, "undone_by": "transfer off", "verdict": "not reproduced"}
    none = [(name, one, None) for name in names for one in ABLATIONS]
    frames = {
        "verdicts": pl.DataFrame(rows, schema_overrides={"placebo": pl.Float64, "draws": pl.Float64}),
        "ablations": pl.DataFrame(none, ["claim", "ablation", "value"], orient="row"),
        "placebo": empty("claim", "value", "shuffled_mean", "shuffled_widest", "share_as_large"),
        "drivers": empty("claim", "parameter", "rank_correlation").cast({"rank_correlation": pl.Float64}),
        "outcomes": empty("name", "scenario", "claim", "value", "share", "hit", "source"),
        "assumptions": pl.DataFrame({"assumption": ["a"]}),
    }
    options = {"scenario": "s", "replications": 1, "draws": 1}
    page = ablation_page(Ablation(frames, (), Provenance("0", "ablation", options, {}, 0)), "sinos ablate")
    assert "| nothing |" not in page
    assert "transfer off |" not in page.split("## Rules")[0]
    assert "fails in the baseline" in page
    assert page.count("| not tested |") == 4
    assert "not rejected" not in page


@pytest.mark.slow
def test_ablations_end_to_end() -> None:
    result = ablate(replications=3, draws=2, kind="polars")
    values = {(row["claim"], row["ablation"]): row["value"] for row in result.frame("ablations").to_dicts()}
    # What carries the functional gap is not practising: with every function practised everywhere it shrinks.
    assert abs(values["functional Q<M", "practise all"]) < 0.5 * values["functional Q<M", "baseline"]
    assert values["logistics let go", "buyers never relinquish"] == pytest.approx(0.0, abs=1e-9)
    placebo = {row["claim"]: row for row in result.frame("placebo").to_dicts()}
    assert placebo["process Q>M"]["share_as_large"] == 0.0
    page = ablation_page(result, "sinos ablate")
    assert "`sinos ablate`" in page
    assert "fragile" in page
    assert "Rules of rejection" in page
    assert "illustration" in page


@pytest.mark.slow
def test_outcomes_report_every_expectation() -> None:
    found = outcomes(3)
    assert found["name"].to_list() == [one.name for one in EXPECTATIONS]
    for row in found.to_dicts():
        assert row["hit"] == (row["value"] > 0 and row["share"] >= 0.8)


def test_the_packaged_verdicts_are_those_of_the_page_on_ablations() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "ablations.md").read_text(encoding="utf-8")
    rows = {row["claim"]: row for row in claims.verdicts().to_dicts()}
    table = page.split("## Verdicts")[1].split("## Rules")[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert [line[0] for line in cells] == list(rows)
    for name, _, _, _, draws, _, _, verdict in cells:
        assert verdict == f"**{rows[name]['verdict']}**"
        assert draws == f"{rows[name]['draws']:.0%}"
