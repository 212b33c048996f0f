"""What is wrong with a scenario or a strategy is said with file, line, key, the nearest valid word and the fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from sinos.errors import SinosError, StudyError, TheoryError, UnknownNameError
from sinos.strategies.explore import explore
from sinos.strategies.history import simulate_history
from sinos.strategies.levers import LeverKind, strategies_in, strategy
from sinos.strategies.parameters import bounds, parameters, values
from sinos.strategies.saved import save_states
from sinos.strategies.scenario import scenario
from sinos.strategies.simulate import simulate
from tests.strategies.test_engine import SMALL

GOOD = """\
name: small
start: 1968
years: 14
suppliers: 25
markets:
  - {name: home, region: home, exposure: 0.3, opens: 1968}
  - {name: us, region: far, exposure: 1.0, opens: 1969}
buyers:
  - name: brand
    market: us
    number: 2
    volume: 6.0
    slots: 5
    complexity: 0.7
    process: 0.6
    product: 0.5
    competence: {design: 0.9, marketing: 0.9}
    core: [design, marketing]
  - {name: shop, market: home, number: 6, volume: 1.5, slots: 4, complexity: 0.2, process: 0.2, product: 0.2}
shocks:
  - {kind: low_cost_entrant, start: 1975, price: 0.2}
programme: {start: 1976}
parameters: {discount: 0.1}
"""


def refused(tmp_path: Path, text: str) -> SinosError:
    file = tmp_path / "small.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(SinosError) as caught:
        scenario(file)
    assert caught.value.fix
    return caught.value


def test_the_good_one_is_good(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(GOOD, "utf-8")
    assert scenario(file).suppliers == 25


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "fix"),
    [
        # key misspelt, missing, given twice
        ("years: 14", "yeers: 14", "line 3, yeers", "no key 'yeers'", "did you mean 'years'"),
        ("    slots: 5\n", "", "line 9, buyers.0.slots", "'slots' is missing", "add 'slots:' (a whole number)"),
        ("{design: 0.9, ", "{desing: 0.9, ", "line 17, buyers.0.competence.desing", "no key 'desing'", "'design'"),
        ("suppliers: 25", "suppliers: 25\nstart: 1970", "lines 2 and 5, start", "given twice", "keep one"),
        # nobody there
        ("suppliers: 25", "suppliers: 0", "line 4, suppliers", "'suppliers' is 0", "at least 1"),
        ("number: 2", "number: 0", "line 11, buyers.0.number", "'number: 0'", "above 0, or delete the group"),
        ("volume: 6.0", "volume: 0", "line 12, buyers.0.volume", "'volume: 0'", "above 0, or delete the group"),
        # values out of range or of the wrong kind
        ("complexity: 0.7", "complexity: 1.7", "line 14, buyers.0.complexity", "1.7", "at most 1"),
        ("volume: 6.0", "volume: -6", "line 12, buyers.0.volume", "-6", "at least 0"),
        ("volume: 6.0", "volume: .inf", "line 12, buyers.0.volume", "inf", "a number"),
        ("years: 14", "years: many", "line 3, years", "the text many", "a whole number"),
        ("price: 0.2", "price: [0.2]", "line 21, shocks.0.price", "a number", "a number"),
        ("core: [design, marketing]", "core: design", "line 18, buyers.0.core", "a list", "[design]"),
        # impossible dates
        ("start: 1968", "start: 68", "line 2, start", "'start' is 68", "at least 1000"),
        ("opens: 1969", "opens: soon", "line 7, markets.1.opens", "the text soon", "a whole number"),
        ("opens: 1969", "opens: 1982", "line 7, markets.1.opens", "after the last", "a year up to 1981"),
        ("start: 1975", "start: 1967", "line 21, shocks.0.start", "1967 is not simulated", "1968 to 1981"),
        ("start: 1975", "start: 1975, end: 1974", "line 21, shocks.0.end", "before it starts", "from 1975"),
        ("{start: 1976}", "{start: 1982}", "line 22, programme.start", "1982 is not simulated", "1968 to 1981"),
        # names that do not exist
        ("kind: low_cost_entrant", "kind: low_cost_entrent", "line 21, shocks.0.kind", "low_cost_entrent",
         "'low_cost_entrant'"),
        ("region: far", "region: fra", "line 7, markets.1.region", "'fra'", "did you mean 'far'"),
        ("core: [design,", "core: [desing,", "line 18, buyers.0.core.0", "'desing'", "did you mean 'design'"),
        ("market: us\n", "market: uss\n", "line 10, buyers.0.market", "no market 'uss'", "did you mean 'us'"),
        ("price: 0.2", "market: homme", "line 21, shocks.0.market", "no market 'homme'", "did you mean 'home'"),
        ("price: 0.2", "buyers: brant", "line 21, shocks.0.buyers", "'brant'", "did you mean 'brand'"),
        ("discount", "discont", "line 23, parameters.discont", "no parameter 'discont'", "did you mean 'discount'"),
        ("discount: 0.1", "survival_network: 1.2", "line 23, parameters.survival_network", "1.2", "0 to 1"),
        ("discount: 0.1", "threat_scale: 0", "line 23, parameters.threat_scale", "is 0", "plausible: 0.025"),
        ("discount: 0.1", "discount: high", "line 23, parameters.discount", "the text high", "a number"),
        # parts that contradict each other
        ("[design, marketing]", "[design, design]", "line 18, buyers.0.core.1", "'design' twice", "delete one"),
        ("[design, marketing]", "[design, sourcing]", "line 18, buyers.0.core.1", "without any competence",
         "take 'sourcing' out of 'core'"),
        ("name: shop", "name: brand", "line 19, buyers.1.name", "two of the group of buyers", "rename one"),
        ("name: us,", "name: home,", "line 7, markets.1.name", "two of the market 'home'", "rename one"),
        ("suppliers: 25", "suppliers: 2\nclusters: 3", "line 5, clusters", "more clusters (3)", "at most 2"),
        ("kind: low_cost_entrant, start: 1975, price: 0.2", "kind: demand_fall, start: 1975, size: -0.2",
         "line 21, shocks.0.size", "-0.2", "from 0 to 1"),
        ("kind: low_cost_entrant, start: 1975, price: 0.2", "kind: buyer_exit, start: 1975", "line 21, shocks.0.kind",
         "who leaves", "'buyers: ...'"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_line_and_fix(
    tmp_path: Path, old: str, new: str, where: str, what: str, fix: str
) -> None:
    assert old in GOOD
    error = refused(tmp_path, GOOD.replace(old, new, 1))
    assert error.where is not None
    assert error.where.startswith(f"small.yaml, {where}")
    assert what in error.what
    assert fix in error.fix


def test_all_problems_are_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = GOOD.replace("years: 14", "years: 0").replace("region: far", "region: fra").replace("slots: 5", "slots: 0")
    error = refused(tmp_path, text)
    assert error.what.startswith("3 problems")
    assert error.what.index("line 3, years") < error.what.index("line 7, markets.1.region")
    assert error.what.index("line 7, markets.1.region") < error.what.index("line 13, buyers.0.slots")


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("", "is empty", "copy a packaged scenario"),
        ("# nothing\n", "is empty", "copy a packaged scenario"),
        ("name: [open\n", "never closed", "quotes"),
        ("- a\n- b\n", "a list was found", "begin with 'name:'"),
        ("just words\n", "a text was found", "begin with 'name:'"),
        ("\tname: x\n", "tab", "two spaces"),
    ],
)
def test_what_is_no_scenario_at_all(tmp_path: Path, text: str, what: str, fix: str) -> None:
    error = refused(tmp_path, text)
    assert (error.where or "").startswith("small.yaml")
    assert what in error.what
    assert fix in error.fix


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "there.yaml").write_bytes(b"name: \xff\xfe\n")
    with pytest.raises(StudyError, match="UTF-8"):
        scenario(tmp_path / "there.yaml")
    with pytest.raises(StudyError, match=r"there\.yaml"):
        scenario(tmp_path / "here.yaml")
    with pytest.raises(StudyError, match="packaged name"):
        scenario(tmp_path / "no" / "here.yaml")
    with pytest.raises(UnknownNameError, match="did you mean 'sinos_valley'"):
        scenario("sinos_vally")


@pytest.mark.parametrize(
    ("changed", "where", "fix"),
    [
        ({"buyers": []}, "scenario, buyers", "at least one group"),
        ({"markets": []}, "scenario, buyers.0.market", "use one of"),
        ({"start": None}, "scenario, start", "give it a value"),
        ({"parameters": {"discount": float("nan")}}, "scenario, parameters.discount", "number"),
    ],
)
def test_mappings_are_checked_alike(changed: dict[str, Any], where: str, fix: str) -> None:
    with pytest.raises(StudyError) as caught:
        scenario(SMALL | changed)
    assert caught.value.where == where
    assert fix in caught.value.fix


STRATEGIES = """\
- name: brand
  levers:
    - kind: collective_programme
      start: 1972
      levy: 0.01
- name: certify
  levers:
    - {kind: certification, start: 1970, target: large, cost: 0.01}
"""


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "fix"),
    [
        ("certification", "certificate", "line 8, 1.levers.0.kind", "'certificate'", "did you mean 'certification'"),
        ("target: large", "target: big", "line 8, 1.levers.0.target", "'big'", "use one of: all, exporters"),
        ("target: large", "target: exporter", "line 8, 1.levers.0.target", "'exporter'", "did you mean 'exporters'"),
        ("cost: 0.01", "cost: -0.01", "line 8, 1.levers.0.cost", "-0.01", "at least 0"),
        ("cost: 0.01", "costs: 0.01", "line 8, 1.levers.0.costs", "'costs'", "did you mean 'cost'"),
        ("cost: 0.01", "reach: 1.5", "line 8, 1.levers.0.reach", "1.5", "at most 1"),
        ("levy: 0.01", "levy: dear", "line 5, 0.levers.0.levy", "the text dear", "a number"),
        ("levy: 0.01", "quorum: 50", "line 5, 0.levers.0.quorum", "50", "at most 1"),
        ("start: 1972", "start: 1967", "line 4, 0.levers.0.start", "1967 is not simulated", "1968 to 1981"),
        ("start: 1972", "start: next year", "line 4, 0.levers.0.start", "next year", "a whole number"),
        ("name: certify", "name: brand", "line 6, 1.name", "given twice", "its own"),
        ("name: certify", "name: baseline", "line 6, 1.name", "without levers", "its own"),
        ("- name: brand\n", "- title: brand\n", "line 1, 0.", "2 problems", "correct these places"),
        ("- name: brand\n", "- nane: brand\n", "line 1, 0.nane", "no key 'nane'", "did you mean 'name'"),
        ("kind: collective_programme", "kind: [1]", "line 3, 0.levers.0.kind", "one of", "one of"),
    ],
)
def test_wrong_strategies_are_named_with_line_and_fix(
    tmp_path: Path, old: str, new: str, where: str, what: str, fix: str
) -> None:
    file = tmp_path / "plans.yaml"
    file.write_text(STRATEGIES, "utf-8")
    assert len(strategies_in(file, scenario(SMALL))) == 2
    file.write_text(STRATEGIES.replace(old, new, 1), "utf-8")
    with pytest.raises(StudyError) as caught:
        strategies_in(file, scenario(SMALL))
    told = str(caught.value)
    assert f"plans.yaml, {where}" in told
    assert what in told
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("name: brand", "no list"),
        ("- brand", "no list"),
        ("- {name: brand, levers: []}", "no levers"),
    ],
)
def test_what_is_no_list_of_strategies(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "plans.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(StudyError) as caught:
        strategies_in(file, scenario(SMALL))
    assert (caught.value.where or "").startswith("plans.yaml")
    assert what in str(caught.value)
    assert caught.value.fix


def test_a_strategy_as_a_mapping_is_checked_alike() -> None:
    with pytest.raises(StudyError) as caught:
        strategy({"name": "x", "levers": [{"kind": "diversifi", "start": 1970}]})
    assert caught.value.where == "strategy, levers.0.kind"
    assert caught.value.fix == "did you mean 'diversify'?"


def test_a_misspelt_engine_is_answered_with_the_nearest(tmp_path: Path) -> None:
    wrong: Any = "compild"
    calls = (
        lambda: simulate(SMALL, (), 1, engine=wrong),
        lambda: simulate_history(scenario(SMALL), engine=wrong),
        lambda: save_states(scenario(SMALL), 1970, tmp_path / "states", 1, engine=wrong),
    )
    for call in calls:
        with pytest.raises(UnknownNameError, match="did you mean 'compiled'") as caught:
            call()
        assert caught.value.where == "engine"


def test_a_misspelt_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'design_capability'"):
        explore(SMALL, draws=20, replications=1, metric="design_capabilty")
    short = SMALL | {"years": 2}
    with pytest.raises(UnknownNameError, match="did you mean 'export_value'"):
        simulate(short, (), 1, engine="reference").plot_data("export_valu")


def test_parameters_may_leave_their_plausible_range_but_not_what_the_equations_can_take() -> None:
    assert values({"core_rent": 5.0})["core_rent"] == 5.0
    for name, value in (("transfer_discount", 1.0), ("candidates", 0), ("retaliation", 2), ("core_rent", 1e12)):
        with pytest.raises(TheoryError, match=f"'{name}'") as caught:
            values({name: value})
        assert "plausible" in caught.value.fix
    for one in parameters():
        low, high = bounds(one.name)
        assert low <= one.low <= one.default <= one.high <= high


def test_the_strategies_that_the_page_on_exploration_shows_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "exploration.md").read_text(encoding="utf-8")
    file = tmp_path / "strategies.yaml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert [one.name for one in strategies_in(file, scenario("sinos_valley"))] == ["own brand programme", "diversify"]
    assert all(f"`{kind}`" in page for kind in get_args(LeverKind))
