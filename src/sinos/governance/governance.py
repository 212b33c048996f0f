"""The verb ``classify``: from relation-years and side tables to governance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

import sinos
from sinos.errors import GovernanceError, UnknownNameError, nearest
from sinos.frames import FrameKind, kind_of, to_polars
from sinos.governance import dynamics
from sinos.governance.anchored import Fit, fit
from sinos.governance.axes import position
from sinos.governance.calibrated import Calibration, calibrate, label_codes, read_labels
from sinos.governance.clusters import cluster_governance
from sinos.governance.crosswalk import crosswalk
from sinos.governance.evidence import evidence_rows, log_likelihood, mixture_scale, tempering
from sinos.governance.held import hold_answers
from sinos.governance.indicators import AXES, FORMS, Codes, Floats, Theory, load_theory
from sinos.governance.inputs import KEY, gather, patterns, to_levels
from sinos.governance.lock_in import lock_in
from sinos.governance.one_sided import hide_unseen_side
from sinos.governance.posterior import Posterior, apply_ownership, entropy, named, sharpen, update
from sinos.governance.result import Governance
from sinos.results import Missing, Provenance, Result
from sinos.study.model import Governance as GovernanceOptions
from sinos.study.model import Options, Study
from sinos.theory.load import load_yaml, reference_texts

Method = Literal["evidence", "anchored", "calibrated"]
"""How governance can be inferred."""
_SIDES = ("supplier_years", "buyer_years", "product_years", "relations", "suppliers", "buyers", "products", "coverage")
EVIDENCE_LIMIT = 50_000
"""Relation-years (the largest by value) whose contributions are listed in the table ``evidence``."""


@dataclass(frozen=True)
class _Settings:
    method: Method
    threshold: float
    certainty: float
    firms: bool
    seed: int
    margin: float
    survey_holds: int


@dataclass(frozen=True)
class _Classified:
    """Distinct patterns of evidence with what was inferred for each; ``inverse`` leads from relation-years to
    patterns."""

    theory: Theory
    inverse: npt.NDArray[np.int64]
    levels: Codes
    weight: Floats
    loglik: Floats
    posterior: Posterior
    fitted: Fit | None


def classify(
    measures: Any,
    *,
    method: Method | None = None,
    labels: Any = None,
    theory: str | Path | Mapping[str, Any] | None = None,
    study: Study | None = None,
    anchor: float = 100.0,
    penalty: float = 1.0,
    **sides: Any,
) -> Governance:
    """Infer how relations are governed.

    Parameters
    ----------
    measures
        What ``measure`` returned, or a data frame of relation-years (supplier, buyer, year and any of the catalogue's
        columns).
    method
        ``evidence`` (weights of evidence), ``anchored`` (class profiles fitted by EM) or ``calibrated`` (on labels);
        the study's where absent.
    labels
        Data frame with supplier, buyer, form and optionally year, for ``calibrated``; ``relations.form`` where absent.
    theory
        YAML file, or its content, that overlays the packaged theory; the study's where absent.
    study
        Options when a data frame is given; defaults where absent.
    anchor
        Method ``anchored``: pseudo-observations per class and indicator.
    penalty
        Method ``calibrated``: strength of the pull towards no change.
    **sides
        With a data frame: ``supplier_years``, ``buyer_years``, ``product_years``, ``relations``, ``suppliers``,
        ``buyers``, ``products``, ``coverage`` as data frames.

    Returns
    -------
    Governance
        Tables ``governance``, ``evidence``, ``transitions``, ``spells``, ``lock_in`` and ``cluster_governance``.

    Raises
    ------
    GovernanceError
        If keys are missing or repeated, the method does not exist, labels are too few, or fitted classes would swap
        names.
    TheoryError
        If the theory overlay is wrong.

    Examples
    --------
    >>> shoes = pl.DataFrame({"supplier": ["Sinos"], "buyer": ["US retailer"], "year": [1990], "value": [1.0],
    ...                       "supplier_dependence": [0.85], "buyer_dependence": [0.05]})
    >>> survey = pl.DataFrame({"supplier": ["Sinos"], "buyer": ["US retailer"], "design_by": ["buyer"],
    ...                        "inspection_rate": [0.9], "ownership_share": [0.0]})
    >>> classify(shoes, relations=survey).frame("governance")["form"].item()
    'quasi_hierarchy'
    """
    base, tables, study, kind = _inputs(measures, study, sides)
    prints = _fingerprints(measures, base, tables)
    base, tables, unseen = hide_unseen_side(base, tables)
    settings = _settings(method, study)
    read = load_theory(theory if theory is not None else _study_theory(study))
    wide = gather(base, hold_answers(tables, settings.survey_holds), read, settings.threshold)
    levels, missing = to_levels(wide, read)
    scale = mixture_scale(read, firms=settings.firms)
    made = _infer(levels, read, scale, settings, anchor)
    calibration = None
    probability = made.posterior.probability
    if settings.method == "calibrated":
        calibration = _calibration(wide, probability[made.inverse], labels, tables.get("relations"), kind, penalty)
        probability = apply_ownership(calibration.apply(probability), made.levels, read)
    table = _table(wide, made, probability, scale, settings)
    covered = _covered(base, tables.get("coverage"), study)
    later, lost = _later(table, base, tables, covered, made.theory, settings)
    evidence, cut = _evidence(wide, levels, made)
    missing += (*unseen, *lost, *cut, *_told(table, made, settings))
    used = [item for place, item in enumerate(read.indicators) if (made.levels[:, place] >= 0).any()]
    return Governance(
        frames={"governance": table, "evidence": evidence, **later},
        missing=missing,
        provenance=Provenance(sinos.__version__, "governance", _options(settings, theory, study, anchor, penalty),
                              prints, settings.seed),
        kind=kind,
        references=reference_texts(["hs2002", "ghs2005", "ponte_sturgeon2014", *(item.source for item in used)]),
        prior={form: float(value) for form, value in zip(FORMS, made.theory.prior, strict=True)},
        sensitivity=_sensitivity(wide, made, settings),
        years_in_form=dynamics.years_in_form(table),
        relinquished=dynamics.relinquished(table, base, tables.get("relations")),
        drift=made.fitted.drift if made.fitted else pl.DataFrame(),
        calibration=calibration,
    )  # fmt: skip


def _inputs(
    measures: Any, study: Study | None, sides: Mapping[str, Any]
) -> tuple[pl.DataFrame, dict[str, pl.DataFrame], Study | None, FrameKind]:
    for name in sides:
        if name not in _SIDES:
            raise UnknownNameError(f"classify has no option or table '{name}'", fix=nearest(name, _SIDES))
    given = {name: to_polars(frame) for name, frame in sides.items() if frame is not None}
    if isinstance(measures, Result):
        tables = {name: measures.frames[name] for name in _SIDES if name in measures.frames} | given
        return measures.frame("relation_years"), tables, study or getattr(measures, "study", None), measures.kind
    return to_polars(measures), given, study, kind_of(measures)


def _settings(method: Method | None, study: Study | None) -> _Settings:
    options = study.governance if study else GovernanceOptions()
    general = study.options if study else Options()
    chosen = method or options.method
    if chosen not in get_args(Method):
        raise UnknownNameError(f"there is no method '{chosen}'", fix=nearest(chosen, get_args(Method)))
    firms = study is None or (study.about.buyer_is == "firm" and study.about.supplier_is in ("firm", "plant"))
    return _Settings(
        chosen, options.ownership_threshold, options.certainty, firms, general.seed, general.margin,
        options.survey_holds,
    )  # fmt: skip


def _study_theory(study: Study | None) -> Path | None:
    return study.folder / study.governance.theory if study and study.governance.theory else None


def _infer(levels: Codes, theory: Theory, scale: Floats, settings: _Settings, anchor: float) -> _Classified:
    first, inverse = patterns(levels, tuple(len(item.levels) for item in theory.indicators))
    distinct = levels[first]
    weight = tempering(distinct >= 0, theory, scale)
    fitted = None
    if settings.method == "anchored":
        count = np.bincount(inverse, minlength=first.size).astype(np.float64)
        fitted = fit(distinct, weight, count, theory, anchor=anchor)
        theory = fitted.theory
    loglik = log_likelihood(distinct, weight, theory)
    return _Classified(
        theory, inverse, distinct, weight, loglik, update(loglik, distinct, theory, theory.prior), fitted
    )


def _calibration(
    wide: pl.DataFrame,
    probability: Floats,
    labels: Any,
    relations: pl.DataFrame | None,
    kind: FrameKind,
    penalty: float,
) -> Calibration:
    if labels is not None:
        frame = to_polars(labels)
    elif relations is not None and "form" in relations.columns:
        frame = relations
    else:
        raise GovernanceError(
            "method = calibrated needs labelled relations and there are none", where="classify",
            fix="give labels (supplier, buyer, form), or a column 'form' in the table relations",
        )  # fmt: skip
    code = label_codes(wide, read_labels(frame))
    rows = np.flatnonzero(code >= 0)
    names = wide.select(pl.concat_str(["supplier", "buyer"], separator="\x1f"))[rows].to_series().to_list()
    return calibrate(probability[rows], code[rows], names, penalty=penalty)


def _table(
    wide: pl.DataFrame, made: _Classified, probability: Floats, scale: Floats, settings: _Settings
) -> pl.DataFrame:
    """Build table ``governance``: everything is computed per distinct pattern and spread to relation-years."""
    best = named(probability, settings.certainty)
    place, gain = sharpen(probability, made.levels, made.theory, scale)
    modular, relational, captive = crosswalk(probability, made.levels, made.weight, made.theory)
    fields = [item.field for item in made.theory.indicators]
    columns: dict[str, Any] = {f"p_{form}": probability[:, number] for number, form in enumerate(FORMS)}
    columns["form"] = [FORMS[code] if code >= 0 else "undetermined" for code in best]
    for axis in AXES:
        found = position(made.levels, made.weight, made.theory, axis)
        columns |= {axis: found.mean, f"{axis}_low": found.low, f"{axis}_high": found.high}
    columns |= {
        "entropy": entropy(probability),
        "evidence_count": (made.levels >= 0).sum(axis=1).astype(np.int64),
        "missing_fields": _missing_fields(made.levels, fields),
        "sharpen_field": [fields[number] if number >= 0 else None for number in place],
        "sharpen_gain": gain,
        "p_modular": modular, "p_relational": relational, "p_captive": captive,
    }  # fmt: skip
    distinct = pl.DataFrame(
        columns, schema_overrides={"form": pl.String, "sharpen_field": pl.String, "missing_fields": pl.String}
    )
    spread = distinct.with_columns(pl.col("form", "sharpen_field", "missing_fields").cast(pl.Categorical))[made.inverse]
    spread = spread.with_columns(pl.col("form", "sharpen_field", "missing_fields").cast(pl.String))
    keys = wide.select("supplier", "buyer", "year", "cluster", "value")
    return pl.concat([keys, spread], how="horizontal").with_columns(pl.lit(settings.method).alias("method"))


def _missing_fields(levels: Codes, fields: list[str]) -> list[str]:
    absent = levels < 0
    packed = np.packbits(absent, axis=1)
    _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    texts = ["; ".join(dict.fromkeys(f for f, gone in zip(fields, absent[row], strict=True) if gone)) for row in first]
    return [texts[number] for number in inverse.ravel()]


def _covered(base: pl.DataFrame, coverage: pl.DataFrame | None, study: Study | None) -> list[int]:
    """Covered years, in order: those with trade, and those said to be covered, less those that were not disclosed."""
    years = set(base["year"].cast(pl.Int64).drop_nulls().to_list())
    unknown = set(study.coverage.missing_years) if study else set()
    if coverage is not None and {"year", "status"} <= set(coverage.columns):
        whole = coverage
        if "reporter" in coverage.columns:
            whole = coverage.filter(pl.col("reporter").is_null() | (pl.col("reporter") == "*"))
        said = dict(whole.select(pl.col("year").cast(pl.Int64), "status").iter_rows())
        unknown |= {year for year, status in said.items() if status == "unknown"}
        years |= {year for year, status in said.items() if status in ("full", "partial")}
    return sorted(years - unknown)


def _later(
    table: pl.DataFrame, base: pl.DataFrame, tables: Mapping[str, pl.DataFrame], covered: list[int], theory: Theory,
    settings: _Settings,
) -> tuple[dict[str, pl.DataFrame], tuple[Missing, ...]]:  # fmt: skip
    """Compute what follows from the posteriors: transitions, spells, lock-in, clusters."""
    moves, paused = dynamics.transitions(table, base, covered)
    held, unheld = lock_in(
        table, base, tables, functions=load_yaml("functions")["functions"],
        core_by_type={name: tuple(entry["core"]) for name, entry in load_yaml("buyer_types")["types"].items()},
        margin=settings.margin, survey_holds=settings.survey_holds, shared=theory.shared_error, seed=settings.seed,
    )  # fmt: skip
    clusters, valueless = cluster_governance(table, theory.shared_error, settings.seed)
    frames = {"transitions": moves, "spells": dynamics.spells(table, base, covered), "lock_in": held,
              "cluster_governance": clusters}  # fmt: skip
    return frames, (*paused, *unheld, *valueless)


def _evidence(wide: pl.DataFrame, levels: Codes, made: _Classified) -> tuple[pl.DataFrame, tuple[Missing, ...]]:
    """List contributions of every relation-year, or of the largest ones when there are very many."""
    rows = np.arange(wide.height)
    missing: tuple[Missing, ...] = ()
    if wide.height > EVIDENCE_LIMIT:
        largest = wide.select("value", *KEY).with_row_index("row").sort(
            ["value", *KEY], descending=[True, False, False, False], nulls_last=True
        )  # fmt: skip
        rows = np.sort(largest["row"].head(EVIDENCE_LIMIT).to_numpy())
        reason = f"contributions are listed for the {EVIDENCE_LIMIT:,} relation-years of largest value"
        missing = (Missing("evidence", "weight", wide.height - EVIDENCE_LIMIT, reason),)
    pattern = made.inverse[rows]
    rules = {"ownership": made.posterior.ownership[pattern], "identifiability_bound": made.posterior.bound[pattern]}
    return evidence_rows(wide[rows], levels[rows], made.weight[pattern], made.theory, rules), missing


def _sensitivity(wide: pl.DataFrame, made: _Classified, settings: _Settings) -> pl.DataFrame:
    """Halve and double the prior weight of each form."""
    value = wide["value"].fill_null(0.0).to_numpy()
    weight = np.bincount(made.inverse, weights=value, minlength=made.levels.shape[0])
    if not weight.sum() > 0:
        weight = np.bincount(made.inverse, minlength=made.levels.shape[0]).astype(np.float64)
    total = float(weight.sum())
    share = weight / total if total > 0 else weight
    usual = made.posterior.probability
    form = named(usual, settings.certainty)
    rows = []
    for number, name in enumerate(FORMS):
        for factor in (0.5, 2.0):
            prior = made.theory.prior.copy()
            prior[number] *= factor
            other = update(made.loglik, made.levels, made.theory, prior / prior.sum()).probability
            changed = float(share @ (named(other, settings.certainty) != form))
            rows.append((name, factor, changed, float(share @ np.abs(other - usual).sum(axis=1)) / 2))
    schema = {"form": pl.String, "factor": pl.Float64, "changed_share": pl.Float64, "distance": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _told(table: pl.DataFrame, made: _Classified, settings: _Settings) -> tuple[Missing, ...]:
    """Say what limits the classification: undetermined forms, no direct evidence, partners that are not firms."""
    found = []
    undetermined = table.filter(pl.col("form") == "undetermined").height
    if undetermined:
        reason = f"no form reaches the certainty of {settings.certainty:g}; see sharpen_field for what would tell most"
        found.append(Missing("governance", "form", undetermined, reason))
    direct = [place for place, item in enumerate(made.theory.indicators) if item.direct]
    unseen: npt.NDArray[np.bool_] = np.asarray((made.levels[:, direct] < 0).all(axis=1))
    blind = int(unseen[made.inverse].sum())
    if blind:
        reason = (
            "no evidence on who designs, who sets processes or who inspects: network and quasi-hierarchy cannot be "
            "told apart there unless dependence is extreme on both sides"
        )
        found.append(Missing("governance", "p_quasi_hierarchy", blind, reason))
    owner = made.theory.index("ownership")
    unowned = int((made.levels[:, owner] < 0)[made.inverse].sum()) if owner >= 0 else table.height
    if unowned:
        reason = "ownership is not known, so that hierarchy keeps its small prior and cannot be named"
        found.append(Missing("governance", "p_hierarchy", unowned, reason))
    if not settings.firms:
        reason = (
            "suppliers or buyers are not firms: what looks like a relation is a mixture of relations, so transaction "
            f"evidence counts {made.theory.mixture_weight:g} of its weight"
        )
        found.append(Missing("governance", "form", table.height, reason))
    return tuple(found)


def _options(settings: _Settings, theory: Any, study: Study | None, anchor: float, penalty: float) -> dict[str, Any]:
    overlay = "given" if isinstance(theory, Mapping) else theory or (study.governance.theory if study else None)
    options: dict[str, Any] = {
        "method": settings.method, "ownership_threshold": settings.threshold, "certainty": settings.certainty,
        "margin": settings.margin, "survey_holds": settings.survey_holds,
        "theory": str(overlay) if overlay else "packaged",
    }  # fmt: skip
    if settings.method == "anchored":
        options["anchor"] = anchor
    if settings.method == "calibrated":
        options["penalty"] = penalty
    return options


def _fingerprints(measures: Any, base: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    if isinstance(measures, Result):
        return dict(measures.provenance.inputs)
    return {name: _fingerprint(frame) for name, frame in {"relation_years": base, **tables}.items()}


def _fingerprint(frame: pl.DataFrame) -> str:
    """SHA-256 of a table's text, whatever the order of its rows and columns."""
    plain = frame.select(sorted(frame.columns)).cast({pl.Categorical: pl.String})
    return hashlib.sha256(plain.sort(plain.columns, nulls_last=True).write_csv().encode()).hexdigest()
