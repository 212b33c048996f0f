"""Anchored EM against an independent implementation, and calibration on labels."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from sinos.errors import GovernanceError, TheoryError, UnknownNameError
from sinos.governance import classify
from sinos.governance.anchored import fit
from sinos.governance.calibrated import calibrate, read_labels
from sinos.governance.indicators import FORMS, load_theory
from sinos.governance.posterior import softmax

PROFILES = {
    "market": [[0.9, 0.1], [0.85, 0.15], [0.2, 0.8], [0.15, 0.85], [0.9, 0.1], [0.2, 0.8]],
    "network": [[0.1, 0.9], [0.15, 0.85], [0.85, 0.15], [0.9, 0.1], [0.85, 0.15], [0.3, 0.7]],
    "quasi_hierarchy": [[0.1, 0.9], [0.9, 0.1], [0.9, 0.1], [0.15, 0.85], [0.1, 0.9], [0.9, 0.1]],
}


def small_theory(profiles: dict[str, list[list[float]]] = PROFILES):
    drops = [{"name": item.name, "drop": True} for item in load_theory().indicators]
    mine = [
        {"name": f"x{n}", "field": f"x{n}", "table": "relation_years", "kind": "survey",
         "axis": "explicit_coordination", "group": group, "levels": ["0", "1"], "cuts": [0.5], "source": "science",
         "why": "test",
         "likelihood": {form: rows[n] for form, rows in profiles.items()}}
        for n, group in enumerate(["dependence", "repetition", "standardisation", "outside_options", "physical_flow",
                                   "failure_risk"])
    ]  # fmt: skip
    return load_theory({"indicators": [*drops, *mine]})


def simulated(rows: int, seed: int, gaps: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.choice(3, size=rows, p=[0.4, 0.25, 0.35])
    high = np.array([[cell[1] for cell in PROFILES[form]] for form in FORMS[:3]])
    levels = (random.random((rows, 6)) < high[truth]).astype(np.int8)
    levels[random.random(levels.shape) < gaps] = -1
    return levels, truth


def test_unanchored_fit_is_plain_latent_class_analysis() -> None:
    levels, _ = simulated(3000, 3)
    found = fit(levels, np.ones(levels.shape), np.ones(3000), small_theory(), anchor=1e-9, tolerance=1e-13)
    data = np.where(levels < 0, np.nan, levels.astype(float))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stepmix.stepmix import StepMix

        oracle = StepMix(n_components=3, measurement="binary_nan", n_init=8, max_iter=3000, abs_tol=1e-10, rel_tol=0,
                         random_state=1, verbose=0, progress_bar=0)  # fmt: skip
        oracle.fit(data)
    assert found.loglik / 3000 == pytest.approx(oracle.score(data), abs=1e-5)
    assert np.sort(found.theory.prior[:3] / 0.95) == pytest.approx(np.sort(oracle.weights_), abs=5e-3)


def test_the_objective_never_falls_even_when_tempered() -> None:
    levels, _ = simulated(500, 4)
    weight = np.random.default_rng(0).uniform(0.2, 1, levels.shape)
    path = fit(levels, weight, np.ones(500), small_theory(), anchor=5, tolerance=0, iterations=60).objective
    assert all(after >= before - 1e-8 for before, after in itertools.pairwise(path))


def test_patterns_with_counts_equal_rows() -> None:
    levels, _ = simulated(200, 5, gaps=0)
    distinct, count = np.unique(levels, axis=0, return_counts=True)
    one = fit(levels, np.ones(levels.shape), np.ones(200), small_theory(), anchor=10)
    two = fit(distinct, np.ones(distinct.shape), count.astype(float), small_theory(), anchor=10)
    assert one.loglik == pytest.approx(two.loglik)
    assert one.drift["kl"].to_list() == pytest.approx(two.drift["kl"].to_list(), abs=1e-9)


def test_a_strong_anchor_does_not_move() -> None:
    levels, _ = simulated(300, 6)
    loose, tight = (fit(levels, np.ones(levels.shape), np.ones(300), small_theory(), anchor=a) for a in (10, 1e7))
    assert tight.drift["max_change"].max() < 1e-4 < loose.drift["max_change"].max()
    assert (loose.drift["kl"] >= -1e-12).all()


def test_the_fit_refuses_to_rename_classes() -> None:
    # every level turned round: the fitted classes end nearer to other forms' profiles than to their own
    levels, _ = simulated(2000, 7)
    swapped = np.where(levels >= 0, 1 - levels, -1).astype(np.int8)
    with pytest.raises(GovernanceError, match="does not rename classes") as caught:
        fit(swapped, np.ones(levels.shape), np.ones(2000), small_theory(), anchor=1e-6)
    assert "came out like" in str(caught.value)


def test_anchored_needs_evidence() -> None:
    empty = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "year": [2000]})
    with pytest.raises(GovernanceError, match="nothing to fit"):
        classify(empty, method="anchored")
    with pytest.raises(GovernanceError, match="anchor is 0"):
        classify(empty, method="anchored", anchor=0)


def frame(rows: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    levels, truth = simulated(rows, seed, gaps=0)
    names = [f"s{n:04}" for n in range(rows)]
    base = pl.DataFrame({"supplier": names, "buyer": ["b"] * rows, "year": [2000] * rows, "value": [1.0] * rows,
                         "sps": np.where(levels[:, 0] == 1, 0.05, 0.9)})  # fmt: skip
    survey = pl.DataFrame({"supplier": names, "buyer": ["b"] * rows, "inspection_rate": levels[:, 4].astype(float),
                           "supplier_competence": levels[:, 5].astype(float),
                           "ownership_share": [0.0] * rows})  # fmt: skip
    return base, survey, truth


def test_anchored_reports_drift() -> None:
    base, survey, _ = frame(400, 8)
    result = classify(base, relations=survey, method="anchored", anchor=500.0)
    assert set(result.drift["form"]) == set(FORMS[:3])
    assert result.provenance.options["anchor"] == 500.0
    assert "largest drift" in result.summary()
    assert result.frame("governance")["method"].unique().to_list() == ["anchored"]


def test_calibration_learns_the_labels() -> None:
    base, survey, truth = frame(300, 9)
    labels = base.select("supplier", "buyer").with_columns(form=pl.Series([FORMS[code] for code in truth]))
    result = classify(base, relations=survey, method="calibrated", labels=labels)
    made = result.calibration
    assert made is not None
    assert sum(made.labels.values()) == 300
    assert made.log_loss < made.log_loss_before
    assert result.frame("governance")["p_hierarchy"].to_list() == pytest.approx([0.01] * 300)
    same = classify(base, relations=survey.join(labels, on=["supplier", "buyer"]), method="calibrated")
    assert same.frame("governance")["p_market"].equals(result.frame("governance")["p_market"])


def test_without_pull_of_labels_calibration_is_the_identity() -> None:
    random = np.random.default_rng(1)
    p = softmax(random.normal(size=(60, 4)))
    label = np.array([random.choice(4, p=row) for row in p])
    made = calibrate(p, label, [f"r{n}" for n in range(60)], penalty=1e7)
    assert made.apply(p) == pytest.approx(p, abs=1e-4)
    assert made.log_loss == pytest.approx(made.log_loss_before, abs=1e-3)


def test_too_few_labels_are_refused_with_their_number() -> None:
    with pytest.raises(GovernanceError, match="3 labelled relations"):
        calibrate(np.full((3, 4), 0.25), np.array([0, 1, 2]), ["a", "b", "c"])
    with pytest.raises(GovernanceError, match="40 labelled relations"):
        calibrate(np.full((40, 4), 0.25), np.zeros(40, dtype=int), [str(n) for n in range(40)])
    base, survey, _ = frame(10, 1)
    with pytest.raises(GovernanceError, match="needs labelled relations"):
        classify(base, relations=survey, method="calibrated")


def test_labels_are_checked() -> None:
    good = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "form": ["Quasi-Hierarchy"]})
    assert read_labels(good)["code"].to_list() == [2]
    with pytest.raises(GovernanceError, match="not a form"):
        read_labels(good.with_columns(form=pl.lit("captive-ish")))
    with pytest.raises(GovernanceError, match="'form' is not in the labels"):
        read_labels(good.drop("form"))
    with pytest.raises(GovernanceError, match="two labels"):
        read_labels(pl.concat([good, good.with_columns(form=pl.lit("market"))]))


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ({"indicatorz": []}, "indicators"),
        ({"indicators": {"name": "x"}}, "list of entries"),
        ({"indicators": [{"name": "rauch", "likelihod": {}}]}, "likelihood"),
        ({"indicators": [{"name": "new"}]}, "'field' is missing"),
        ({"indicators": [{"name": "rauch", "kind": "guess"}]}, "does not exist"),
        ({"indicators": [{"name": "tenure", "cuts": [4, 2, 8]}]}, "rising cut"),
        (
            {"indicators": [{"name": "exclusive", "likelihood": {"market": [0.5, 0.6]}}]},
            "numbers|number per level|sum to 1",
        ),
        ({"indicators": [{"name": "exclusive", "likelihood": {form: [0.5, 0.6] for form in FORMS}}]}, "sum to 1"),
        ({"indicators": [{"name": "exclusive", "modular": [1, 2, 3]}]}, "one number per level"),
        ({"indicators": [{"name": "exclusive", "modular": ["a", "b"]}]}, "not a list of numbers"),
        ({"prior": {"market": 1}}, "four forms"),
        ({"mixture_weight": 2}, "is not a number in"),
        ({"identifiability": {"lifts_network": ["mutual_extreme"]}}, "unknown key 'lifts_network'"),
        ({"ownership": 0.5}, "not a mapping"),
        ({"groups": {"dependence": {"rho": "high"}}}, "is not a number in"),
    ],
)
def test_wrong_theory_is_explained(overlay: dict[str, object], words: str) -> None:
    with pytest.raises(TheoryError, match=words):
        load_theory(overlay)


def test_theory_files(tmp_path) -> None:
    good = tmp_path / "mine.yaml"
    good.write_text("prior: {market: 0.7, network: 0.1, quasi_hierarchy: 0.1, hierarchy: 0.1}\n", encoding="utf-8")
    base = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "year": [2000]})
    assert classify(base, theory=good).frame("governance")["form"].item() == "market"
    for text in ("- a list", "a: [1"):
        good.write_text(text, encoding="utf-8")
        with pytest.raises(TheoryError):
            load_theory(good)
    with pytest.raises(TheoryError, match="cannot be read"):
        load_theory(tmp_path / "absent.yaml")


def test_wrong_calls_are_explained() -> None:
    base = pl.DataFrame({"supplier": ["s"], "buyer": ["b"], "year": [2000]})
    with pytest.raises(UnknownNameError, match="evidence"):
        classify(base, method="evidnce")
    with pytest.raises(UnknownNameError, match="relations"):
        classify(base, relation=base)
    with pytest.raises(GovernanceError, match="'buyer' is not in the table"):
        classify(base.drop("buyer"))
    with pytest.raises(GovernanceError, match="repeated"):
        classify(pl.concat([base, base]))
    extra = {
        "name": "mine",
        "field": "x",
        "table": "derived",
        "kind": "survey",
        "axis": "power_asymmetry",
        "group": "dependence",
        "levels": ["0"],
        "likelihood": {f: [1.0] for f in FORMS},
        "source": "s",
        "why": "w",
    }
    with pytest.raises(GovernanceError, match="reads 'derived'"):
        classify(base, theory={"indicators": [extra]})


def test_unknown_texts_are_counted() -> None:
    base = pl.DataFrame({"supplier": ["s", "t"], "buyer": ["b", "b"], "year": [2000, 2000]})
    survey = pl.DataFrame({"supplier": ["s", "t"], "buyer": ["b", "b"], "design_by": ["the buyer", " Buyer "]})
    result = classify(base, relations=survey)
    assert result.frame("governance")["evidence_count"].to_list() == [0, 1]
    assert [entry.count for entry in result.missing if entry.column == "design_by"] == [1]


def test_the_overlay_in_the_guide_works() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "governance.md"
    text = guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    theory = load_theory(yaml.safe_load(text))
    assert "shipments" not in theory.names
    assert theory.indicators[theory.index("audit_days")].direct
    assert theory.indicators[theory.index("switching_cost")].cuts == (0.2, 0.6)
    assert theory.rho["dependence"] == 0.8
