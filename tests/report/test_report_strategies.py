"""The section on simulated futures: numbers as simulated, and never without the assumptions."""

from __future__ import annotations

import pytest
from report_sample import make
from test_report_document import read

from sinos.report import report
from sinos.report.sections_strategies import strategies_section
from sinos.strategies import Simulation, simulate
from sinos.strategies.assumptions import ASSUMPTIONS, ILLUSTRATION
from sinos.strategies.claims import CLAIMS, verdicts
from sinos.strategies.scenario import scenario


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    world = scenario("sinos_valley").model_copy(update={"suppliers": 20, "years": 8, "shocks": (), "programme": None})
    lever = {"name": "centre", "levers": [{"kind": "technology_centre", "start": 1970}]}
    return simulate(world, (lever,), 3, 1, engine="reference", kind="polars")


def test_section_prints_assumptions_and_differences(simulation: Simulation) -> None:
    section = strategies_section(simulation)
    tables = {table.id: table for table in section.tables()}
    assert {"table-strategies", "table-verdicts", "table-parameters"} == set(tables)
    frame = tables["table-strategies"].printed()
    last = simulation.frame("differences").filter(year=1975, metric="design_capability", strategy="centre")
    printed = frame.filter(meaning="design capability, weighted by volume")
    assert printed["difference"].item() == last["difference"].item()
    assert printed["difference"].item() > 0


def test_baseline_alone_has_no_differences(simulation: Simulation) -> None:
    world = simulation.provenance.options["scenario"]
    alone = simulate(world, (), 2, engine="reference", kind="polars")
    assert "table-strategies" not in {table.id for table in strategies_section(alone).tables()}


def test_report_with_a_simulation_is_valid_and_says_what_it_is(simulation: Simulation) -> None:
    measures, governance, upgrading = make()[:3]
    text = report(measures, governance, upgrading, simulation=simulation).html
    reader = read(text)
    assert len(reader.ids) == len(set(reader.ids))
    assert "strategies" in reader.ids
    assert ILLUSTRATION in text
    assert all(sentence in text for sentence in ASSUMPTIONS)
    assert "fragile" in text
    without = report(measures, governance, upgrading).html
    assert "strategies" not in read(without).ids


def test_packaged_verdicts_are_those_of_the_claims() -> None:
    assert verdicts()["claim"].to_list() == [one.name for one in CLAIMS]
    fragile = verdicts().filter(verdicts()["verdict"] == "fragile")
    assert (fragile["draws"] < 0.8).all()
