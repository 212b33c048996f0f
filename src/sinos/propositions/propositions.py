"""The verb ``test``: which of the paper's claims the data support, contradict, leave open, or cannot test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from sinos import __version__
from sinos.errors import SinosError
from sinos.propositions import cache as kept
from sinos.propositions.battery import battery, deciding
from sinos.propositions.bootstrap import romano_wolf
from sinos.propositions.claims import Claim, evidence, rule, select
from sinos.propositions.estimate import grouped, library
from sinos.propositions.measurement import FORMS, Floats
from sinos.propositions.panels import Panels, build
from sinos.propositions.parts import Estimate, bootstrap_p, panel_estimates
from sinos.propositions.result import SCHEMAS, Claims
from sinos.propositions.secondary import beside, secondary
from sinos.propositions.sentences import sentence
from sinos.propositions.testability import Power, testability
from sinos.propositions.verdict import Verdict, decide
from sinos.results import Missing, Provenance, Result

Progress = Callable[[str, int, int], None]


def test(
    measures: Any,
    governance: Any = None,
    upgrading: Any = None,
    *,
    claims: Sequence[str] | str | None = None,
    robustness: bool = True,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Claims:
    """Say which of the paper's claims the data support, contradict, leave open, or cannot test.

    Parameters
    ----------
    measures
        What ``measure`` returned.
    governance, upgrading
        What ``classify`` and ``score`` returned; made from the measures when absent.
    claims
        Names of the claims (``"P1,P4"`` or a list); all thirteen when absent.
    robustness
        Run the robustness battery and the designs beside the primary one. Without it no claim can be supported or
        contradicted.
    cache
        Folder in which results are kept by fingerprint; without one they are kept for the session.
    progress
        Called with the name of the claim, its number and how many there are.

    Returns
    -------
    Claims
        Verdicts, estimates, power, robustness and published evidence.

    Raises
    ------
    SinosError
        If the first argument is not a result of ``measure``.
    UnknownNameError
        If a claim does not exist.
    MissingExtraError
        If the extra ``estimation`` is not installed.
    """
    chosen = select(claims)
    if not isinstance(measures, Result) or "supplier_years" not in measures.frames:
        raise SinosError(
            f"claims are tested on what measure() returns, not on a {type(measures).__name__}",
            where="test",
            fix="call test(measures, governance, upgrading)",
        )
    library("pyfixest", "testing claims")
    governance, upgrading = _stages(measures, governance, upgrading)
    names = [claim.name for claim in chosen]
    key = kept.fingerprint((measures, governance, upgrading), names, robustness)
    frames = kept.recall(key, cache, SCHEMAS)
    if frames is None:
        panels = build(measures, governance, upgrading)
        other = _alternatives(measures, governance) if robustness else {}
        frames = tested(panels, chosen, robustness, other, measures.provenance.seed, progress)
        kept.remember(key, frames, cache)
    return _result(frames, measures, key, names, robustness)


test.__test__ = False  # type: ignore[attr-defined]  # so that pytest does not take the verb for a test


def tested(
    panels: Panels,
    chosen: Sequence[Claim],
    robustness: bool,
    alternatives: Mapping[str, Floats],
    seed: int,
    progress: Progress | None = None,
    *,
    beside_too: bool = True,
) -> dict[str, pl.DataFrame]:
    """Return the tables of :func:`test` for given panels; ``beside_too`` false leaves out what enters no verdict."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    scores: dict[str, list[tuple[dict[str, Any], tuple[str, ...], Floats]]] = {}
    for number, claim in enumerate(chosen, start=1):
        if progress is not None:
            progress(f"claim {claim.name}", number, len(chosen))
        powers = testability(claim, panels)
        rows["claim_power"] += [_power_row(claim, power, panels) for power in powers]
        primary, wild, checks = [], {}, []
        for power in powers:
            if power.missing:
                continue
            every = panel_estimates(claim, power, panels)
            p_wild = bootstrap_p(claim, power, panels, seed)
            wild[f"{power.part.outcome}:{power.part.term}"] = p_wild
            primary.append(every[0])
            made = [{**asdict(item), "p_wild": None, "p_romano_wolf": None} for item in every]
            made[0]["p_wild"] = max(p_wild.values()) if p_wild else None
            rows["claim_estimates"] += made
            if power.fitted is not None:
                x, y = power.fitted.partialled(power.part.term)
                mine = (made[0], power.fitted.labels, grouped(power.fitted.cluster, x * y))
                scores.setdefault(claim.family, []).append(mine)
            if robustness:
                every_check = battery(claim, power, panels, alternatives, seed)
                checks += list(every_check if beside_too else deciding(claim, power, panels))
        if robustness and beside_too:
            others: Sequence[Estimate] = secondary(claim, panels)
            rows["claim_estimates"] += [{**asdict(item), "p_wild": None, "p_romano_wolf": None} for item in others]
            for name, more in beside(claim, panels).items():
                rows[name] += [dict(row) for row in more]
        rows["claim_battery"] += [asdict(check) for check in checks]
        rows["claims"].append(_verdict_row(claim, decide(claim, powers, primary, wild, checks), robustness))
        rows["claim_evidence"] += [
            {"claim": claim.name, **{k: v for k, v in asdict(finding).items() if k != "claims"}}
            for finding in evidence()
            if claim.name in finding.claims
        ]
    for family in scores.values():
        _adjust(family, seed)
    for row in rows["claim_estimates"]:
        row["in_words"] = sentence(row, panels.chosen)
    return {name: pl.DataFrame(rows[name], schema=schema, orient="row") for name, schema in SCHEMAS.items()}


def _adjust(family: list[tuple[dict[str, Any], tuple[str, ...], Floats]], seed: int) -> None:
    """Adjust the p values of a family; scores of the same cluster share their random signs."""
    labels = sorted({label for _, names, _ in family for label in names})
    place = {label: number for number, label in enumerate(labels)}
    aligned = []
    for _, names, values in family:
        wide = np.zeros(len(labels))
        wide[[place[name] for name in names]] = values
        aligned.append(wide)
    adjusted = romano_wolf(aligned, int(rule("bootstrap")), seed)
    for (row, _, _), p in zip(family, adjusted, strict=True):
        row["p_romano_wolf"] = p


def _stages(measures: Any, governance: Any, upgrading: Any) -> tuple[Any, Any]:
    from sinos.governance import classify
    from sinos.upgrading import score

    governance = classify(measures) if governance is None else governance
    return governance, score(measures, governance) if upgrading is None else upgrading


def _alternatives(measures: Any, governance: Any) -> dict[str, Floats]:
    """Return posteriors inferred by the other unsupervised method, where it can be fitted."""
    from sinos.errors import GovernanceError
    from sinos.governance import classify

    used = governance.provenance.options.get("method")
    other: Literal["anchored", "evidence"] = "anchored" if used == "evidence" else "evidence"
    try:
        table = classify(measures, method=other).frame("governance")
    except GovernanceError:
        return {}
    ordered = table.sort("supplier", "buyer", "year").select(f"p_{form}" for form in FORMS)
    return {other: np.clip(ordered.to_numpy().astype(np.float64), 0.0, 1.0)}


def _power_row(claim: Claim, power: Power, panels: Panels) -> dict[str, Any]:
    kinds = [kind for kind in panels.chosen if kind in power.part.outcome]
    return {
        "claim": claim.name,
        "outcome": power.part.outcome,
        "term": power.part.term,
        "measure": ", ".join(panels.chosen[kind] for kind in kinds) or None,
        "missing": power.missing or None,
        "rows": power.rows,
        "clusters": power.clusters,
        "effective_clusters": power.effective,
        "effective_treated": power.treatments,
        "detectable": power.detectable,
        "detectable_sd": power.detectable_sd,
        "formula": str(power.formula),
    }


def _verdict_row(claim: Claim, verdict: Verdict, robustness: bool) -> dict[str, Any]:
    word, because = verdict.verdict, verdict.because
    if not robustness and word in _DECIDED:
        word, because = "inconclusive", f"{_DECIDED[word]}, but the robustness battery was not run"
    return {
        "claim": claim.name,
        "title": claim.title,
        "verdict": word,
        "because": because,
        "pattern": verdict.pattern,
        "p_joint": verdict.p_joint,
        "power": verdict.power,
        "open_rivals": "; ".join(verdict.open_rivals),
        "rule": verdict.rule,
        "contradicted_by": claim.contradicted_by,
        "section": claim.section,
        "quote": claim.quote,
        "estimand": claim.estimand,
        "pitfalls": "; ".join(claim.pitfalls),
    }


_DECIDED = {"supported": "the signs are as expected", "contradicted": "a sign is clearly the other one"}


def _result(
    frames: Mapping[str, pl.DataFrame], measures: Result, key: str, names: list[str], robustness: bool
) -> Claims:
    lost = frames["claim_power"].filter(pl.col("missing").is_not_null()).iter_rows(named=True)
    missing = tuple(Missing("claims", f"{row['claim']}.{row['outcome']}", 1, row["missing"]) for row in lost)
    options = {"claims": ",".join(names), "robustness": robustness, "fingerprint": key}
    return Claims(
        frames=frames,
        missing=missing,
        provenance=Provenance(
            __version__, "propositions", options, dict(measures.provenance.inputs), measures.provenance.seed
        ),
        kind=measures.kind,
        references=REFERENCES,
        verdicts=dict(frames["claims"].select("claim", "verdict").iter_rows()),
    )


REFERENCES = (
    "Humphrey, J. and Schmitz, H. (2002) How does insertion in global value chains affect upgrading in industrial "
    "clusters? Regional Studies 36(9), 1017-1027.",
    "Rubin, D. B. (1987) Multiple Imputation for Nonresponse in Surveys. Wiley.",
    "Barnard, J. and Rubin, D. B. (1999) Small-sample degrees of freedom with multiple imputation. Biometrika 86(4).",
    "Bloom, H. S. (1995) Minimum detectable effects: a simple way to report the statistical power of experimental "
    "designs. Evaluation Review 19(5).",
    "Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008) Bootstrap-based improvements for inference with clustered "
    "errors. Review of Economics and Statistics 90(3).",
    "Bolck, A., Croon, M. and Hagenaars, J. (2004) Estimating latent structure models with categorical variables: "
    "one-step versus three-step estimators. Political Analysis 12(1).",
    "Berger, R. L. (1982) Multiparameter hypothesis testing and acceptance sampling. Technometrics 24(4).",
    "Kline, P. and Santos, A. (2012) A score based approach to wild bootstrap inference. Journal of Econometric "
    "Methods 1(1).",
    "Aalen, O. O. and Johansen, S. (1978) An empirical transition matrix for non-homogeneous Markov chains based on "
    "censored observations. Scandinavian Journal of Statistics 5(3).",
    "Kalbfleisch, J. D. and Prentice, R. L. (2002) The Statistical Analysis of Failure Time Data. 2nd ed. Wiley.",
    "Lin, D. Y. and Wei, L. J. (1989) The robust inference for the Cox proportional hazards model. Journal of the "
    "American Statistical Association 84(408).",
    "Efron, B. (1977) The efficiency of Cox's likelihood function for censored data. Journal of the American "
    "Statistical Association 72(359).",
    "Goldsmith-Pinkham, P., Sorkin, I. and Swift, H. (2020) Bartik instruments: what, when, why, and how. American "
    "Economic Review 110(8).",
    "Adao, R., Kolesar, M. and Morales, E. (2019) Shift-share designs: theory and inference. Quarterly Journal of "
    "Economics 134(4).",
    "Borusyak, K., Hull, P. and Jaravel, X. (2022) Quasi-experimental shift-share research designs. Review of Economic "
    "Studies 89(1).",
    "Wooldridge, J. M. (2010) Econometric Analysis of Cross Section and Panel Data. 2nd ed. MIT Press.",
    "Romano, J. P. and Wolf, M. (2005) Stepwise multiple testing as formalized data snooping. Econometrica 73(4).",
)
"""Full references of the methods used."""
