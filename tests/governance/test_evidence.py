"""Weights of evidence: canonical cases, tempering, missing values, identifiability, ownership, contributions."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.helpers import COMMODITY, ELECTRONICS, JOB_SHOP, PLANT, SHOES, chances, classified, codes, one
from sinos.governance import classify
from sinos.governance.evidence import mixture_scale, tempering
from sinos.governance.indicators import FORMS, HIERARCHY, MARKET, NETWORK, QUASI, load_theory
from sinos.governance.posterior import entropy, named, sharpen
from sinos.study.model import About, Source, Study, Tables
from sinos.theory.load import outputs

THEORY = load_theory()
DIRECT = [item.name for item in THEORY.indicators if item.direct]
INDIRECT = [item.name for item in THEORY.indicators if not item.direct and item.kind != "ownership"]
TRANSACTION = [item.name for item in THEORY.indicators if item.kind in ("transaction", "product")]
LEVELS = {item.name: len(item.levels) for item in THEORY.indicators}


def drawn(names: list[str]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({name: st.integers(-1, LEVELS[name] - 1) for name in names})


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (SHOES, "quasi_hierarchy"),
        (ELECTRONICS, "network"),
        (COMMODITY, "market"),
        (PLANT, "hierarchy"),
        (JOB_SHOP, "market"),
    ],
    ids=["Sinos shoes", "contract electronics", "exchange commodity", "owned plant", "job shop with drawings"],
)
def test_canonical(values: dict[str, object], form: str) -> None:
    row = one(**values)
    assert row["form"] == form
    assert sum(row[f"p_{name}"] for name in FORMS) == pytest.approx(1)


def test_canonical_axes() -> None:
    shoes, electronics, commodity, plant = (one(**case) for case in (SHOES, ELECTRONICS, COMMODITY, PLANT))
    assert shoes["power_asymmetry_low"] > 0
    assert electronics["power_asymmetry_low"] < 0 < electronics["power_asymmetry_high"]
    assert commodity["explicit_coordination"] < electronics["explicit_coordination"] < plant["explicit_coordination"]


def test_nothing_known() -> None:
    row = one()
    assert [row[f"p_{form}"] for form in FORMS] == pytest.approx([0.3167, 0.3167, 0.3167, 0.05], abs=1e-4)
    assert (row["form"], row["evidence_count"]) == ("undetermined", 0)
    # a Beta(1, 1): the central 90 % of a flat distribution
    assert [row[f"explicit_coordination{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.5, 0.05, 0.95])
    assert [row[f"power_asymmetry{end}"] for end in ("", "_low", "_high")] == pytest.approx([0, -0.9, 0.9])


def test_one_indicator_by_hand() -> None:
    # dedicated_assets 0.2 -> level some: 0.15, 0.40, 0.40, 0.40 against the prior 0.95/3 three times and 0.05
    prior = THEORY.prior
    joint = prior * np.array([0.15, 0.40, 0.40, 0.40])
    row = one(dedicated_assets=0.2)
    assert [row[f"p_{form}"] for form in FORMS] == pytest.approx((joint / joint.sum()).tolist())


@pytest.mark.parametrize("count", [1, 2, 5, 10, 50])
def test_proxies_of_one_fact_do_not_add_up(count: int) -> None:
    rho = 0.6
    extra = [
        {"name": f"proxy{n}", "field": "x", "table": "relations", "kind": "survey", "axis": "explicit_coordination",
         "group": "repetition", "levels": ["a", "b"], "cuts": [0.5], "source": "science", "why": "proxy",
         "likelihood": {"market": [0.2, 0.8], "network": [0.8, 0.2], "quasi_hierarchy": [0.8, 0.2]}}
        for n in range(count)
    ]  # fmt: skip
    theory = load_theory({"indicators": extra})
    levels = codes(theory, **{f"proxy{n}": 0 for n in range(count)})
    weight = tempering(levels >= 0, theory, mixture_scale(theory, firms=True))
    assert weight.sum() == pytest.approx(count / (1 + rho * (count - 1)))
    assert weight.sum() <= 1 / rho
    p = chances(theory, levels)[0]
    odds = p[NETWORK] / p[0]
    assert odds <= 4 ** (1 / rho) + 1e-9


@settings(max_examples=60, deadline=None)
@given(drawn(list(LEVELS)))
def test_posteriors_are_probabilities(levels: dict[str, int]) -> None:
    p = chances(THEORY, codes(THEORY, **levels))
    assert p.sum() == pytest.approx(1)
    assert (p > 0).all()
    assert 0 <= entropy(p)[0] <= 1


@settings(max_examples=60, deadline=None)
@given(drawn(list(LEVELS)), st.sampled_from(sorted(LEVELS)))
def test_a_missing_indicator_adds_nothing(levels: dict[str, int], name: str) -> None:
    without = load_theory({"indicators": [{"name": name, "drop": True}]})
    kept = {key: value for key, value in levels.items() if key != name}
    full = codes(THEORY, **(kept | {name: -1}))
    if name == "dependence_balance":
        return
    assert chances(THEORY, full)[0] == pytest.approx(chances(without, codes(without, **kept))[0])


@settings(max_examples=200, deadline=None)
@given(drawn(INDIRECT))
def test_without_direct_evidence_network_and_quasi_hierarchy_stay_close(levels: dict[str, int]) -> None:
    p = chances(THEORY, codes(THEORY, **levels))[0]
    assert 1 / 1.5 - 1e-9 <= p[NETWORK] / p[QUASI] <= 1.5 + 1e-9
    assert named(p[None, :], 0.6)[0] in (MARKET, -1)


def test_identifiability_over_a_grid_of_records() -> None:
    grid = itertools.product(
        [0.02, 0.2, 0.5, 0.79], [0.01, 0.2, 0.5, 0.9], [1, 5, 12], [0.05, 0.9], [1, 100], [0.0, 1.0]
    )
    rows = [
        {"supplier": f"s{n}", "buyer": "b", "year": 2000, "value": 1.0, "supplier_dependence": a, "buyer_dependence": b,
         "tenure_years": c, "sps": d, "supplier_thickness": e, "logistics_share": f}
        for n, (a, b, c, d, e, f) in enumerate(grid)
    ]  # fmt: skip
    table = classify(pl.DataFrame(rows)).frame("governance")
    odds = table["p_network"] / table["p_quasi_hierarchy"]
    assert odds.min() >= 1 / 1.5 - 1e-9
    assert odds.max() <= 1.5 + 1e-9


def test_dependence_extreme_on_both_sides_does_not_lift_the_bound() -> None:
    row = one(supplier_dependence=0.95, buyer_dependence=0.01)
    assert row["p_quasi_hierarchy"] / row["p_network"] == pytest.approx(1.5)
    assert row["p_hierarchy"] / row["p_quasi_hierarchy"] == pytest.approx(THEORY.prior[HIERARCHY] / THEORY.prior[QUASI])
    assert row["form"] == "undetermined"


def test_direct_evidence_lifts_the_bound() -> None:
    row = one(supplier_dependence=0.5, buyer_dependence=0.2, inspection_rate=0.9, design_by="buyer")
    assert row["p_quasi_hierarchy"] / row["p_network"] > 3


@settings(max_examples=200, deadline=None)
@given(drawn(TRANSACTION))
def test_transactions_never_name_hierarchy(levels: dict[str, int]) -> None:
    p = chances(THEORY, codes(THEORY, **levels))
    assert p[0].argmax() != HIERARCHY
    assert p[0, HIERARCHY] < 0.15
    assert named(p, 0.26)[0] != HIERARCHY


@pytest.mark.parametrize(("share", "probability"), [(0.0, 0.01), (0.3, 0.10), (0.5, 0.98), (1.0, 0.98)])
def test_ownership_decides(share: float, probability: float) -> None:
    assert one(**(JOB_SHOP | {"ownership_share": share}))["p_hierarchy"] == pytest.approx(probability)


def test_owner_and_group_tell_ownership() -> None:
    base = pl.DataFrame({"supplier": ["s", "t", "u", "v"], "buyer": ["b", "b", "b", "b"], "year": [2000] * 4})
    suppliers = pl.DataFrame({"supplier": ["s", "t", "u"], "owner": ["b", "holding", "someone"]})
    buyers = pl.DataFrame({"buyer": ["b"], "group": ["holding"]})
    found = classify(base, suppliers=suppliers, buyers=buyers).frame("governance")["p_hierarchy"].to_list()
    assert found == pytest.approx([0.98, 0.98, 0.01, 0.05], abs=1e-4)


@settings(max_examples=100, deadline=None)
@given(
    drawn(list(LEVELS)),
    st.sampled_from(["sets_product_parameters", "sets_process_parameters", "design_by", "inspection",
                     "controls_logistics", "rejection", "technicians", "switching_cost",
                     "exclusive", "supplier_dependence"]),
)  # fmt: skip
def test_more_control_never_favours_network(levels: dict[str, int], name: str) -> None:
    odds = []
    for level in range(LEVELS[name]):
        p = chances(THEORY, codes(THEORY, **(levels | {name: level})))[0]
        odds.append(p[QUASI] / p[NETWORK])
    assert all(after >= before * (1 - 1e-9) for before, after in itertools.pairwise(odds))


@settings(max_examples=100, deadline=None)
@given(drawn(list(LEVELS)))
def test_more_competence_never_favours_quasi_hierarchy(levels: dict[str, int]) -> None:
    odds = []
    for level in range(3):
        p = chances(THEORY, codes(THEORY, **(levels | {"supplier_competence": level})))[0]
        odds.append(p[NETWORK] / p[QUASI])
    assert all(after >= before * (1 - 1e-9) for before, after in itertools.pairwise(odds))


@pytest.mark.parametrize("values", [SHOES, PLANT, {"supplier_dependence": 0.9, "buyer_dependence": 0.2, "sps": 0.5}])
def test_contributions_sum_to_the_posterior(values: dict[str, object]) -> None:
    result = classified(**values)
    row = result.frame("governance").row(0, named=True)
    total = result.frame("evidence").select(FORMS).sum().to_numpy()[0]
    logs = np.log([row[f"p_{form}"] for form in FORMS])
    prior = np.log(list(result.prior.values()))
    assert total + prior - prior.mean() == pytest.approx(logs - logs.mean(), abs=1e-6)


def test_the_bound_is_part_of_the_evidence() -> None:
    evidence = classified(supplier_dependence=0.05, buyer_dependence=0.5, switching_cost=0.0, supplier_competence=1.0)
    rows = evidence.frame("evidence").filter(pl.col("indicator") == "identifiability_bound")
    assert rows.height == 1
    assert rows["network"].item() < 0 < rows["quasi_hierarchy"].item()


def test_partners_that_are_not_firms() -> None:
    base = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "year": [2000], "value": [1.0], "sps": [0.01]})
    study = Study(about=About(title="t", buyer_is="country"), tables=Tables(transactions=Source(file="x.csv")))
    firm, country = classify(base), classify(base, study=study)
    weights = [result.frame("evidence")["weight"].item() for result in (firm, country)]
    assert weights == pytest.approx([0.8, 0.24])
    assert any("mixture of relations" in entry.reason for entry in country.missing)
    assert not any("mixture of relations" in entry.reason for entry in firm.missing)


def test_sharpen_by_hand() -> None:
    # one missing binary indicator that tells the forms apart by halves: mutual information of a symmetric channel
    other = [{"name": name, "drop": True} for name in LEVELS]
    mine = {"name": "coin", "field": "coin", "table": "relations", "kind": "survey", "axis": "power_asymmetry",
            "group": "dependence", "levels": ["0", "1"], "cuts": [0.5], "source": "science", "why": "test",
            "likelihood": {"market": [0.9, 0.1], "network": [0.9, 0.1], "quasi_hierarchy": [0.1, 0.9]}}  # fmt: skip
    theory = load_theory({"indicators": [*other, mine]})
    p = np.array([[0.5, 0.0, 0.5, 0.0]])
    place, gain = sharpen(p, np.array([[-1]], dtype=np.int8), theory, np.ones(1))
    noise = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert place[0] == 0
    assert gain[0] == pytest.approx((np.log(2) - noise) / np.log(4))


def test_sharpen_names_a_missing_field() -> None:
    row = one(supplier_dependence=0.5, buyer_dependence=0.2, tenure_years=9, ownership_share=0.0)
    assert row["sharpen_field"] in row["missing_fields"].split("; ")
    assert 0 < row["sharpen_gain"] < 1
    assert "ownership_share" not in row["missing_fields"]


def test_crosswalk_keeps_modular() -> None:
    row = one(**ELECTRONICS)
    assert row["p_modular"] + row["p_relational"] == pytest.approx(row["p_network"])
    assert row["p_captive"] == pytest.approx(row["p_quasi_hierarchy"])
    codified = one(**(ELECTRONICS | {"design_by": "buyer", "dedicated_assets": 0.0, "certified_standard": 1}))
    assert codified["p_modular"] / codified["p_network"] > row["p_modular"] / row["p_network"]


def test_left_censored_tenure_is_no_short_tenure() -> None:
    censored = one(tenure_years=1, tenure_left_censored=1)
    assert censored["evidence_count"] == 0
    assert one(tenure_years=9, tenure_left_censored=1)["evidence_count"] == 1


def test_row_order_does_not_matter() -> None:
    rows = [
        {"supplier": f"s{n % 5}", "buyer": f"b{n}", "year": 2000, "value": 1.0 + n, "sps": n / 20} for n in range(20)
    ]
    first, second = classify(pl.DataFrame(rows)), classify(pl.DataFrame(rows[::-1]))
    for name in first.names():
        assert first.frame(name).equals(second.frame(name)), name
    assert first.provenance == second.provenance


def test_columns_are_those_of_the_outputs() -> None:
    result = classified(**SHOES)
    for name in ("governance", "evidence", "transitions", "spells", "lock_in", "cluster_governance"):
        assert result.frame(name).columns == [item.column for item in outputs() if item.table == name], name
