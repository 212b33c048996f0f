"""Published cases: chains labelled by the authors who studied them, coded into indicators, and the agreement with them.

The coding rules (:mod:`.coding`) are general, fixed before looking at agreement, and give nothing where they do not
understand a text. Labels are never used in coding. Agreement is a check on the theory's likelihoods, not something
to raise by changing them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from sinos.errors import GovernanceError
from sinos.governance.coding import FIELD_TABLES, FIELDS, code_evidence
from sinos.governance.governance import classify
from sinos.governance.indicators import FORMS
from sinos.results import Missing

_YEAR = 2000  # cases have no single year; one is needed for the key
_BUYER = "buyers of the case"


@dataclass(frozen=True)
class Agreement:
    """How far the classifier agrees with the authors.

    Attributes
    ----------
    cases
        One row per case: ``case``, ``label``, ``accept`` (forms that count as agreement), ``modal`` (most probable
        form; null where no evidence could be coded), ``form`` (form named at the certainty asked for), ``p_*``,
        ``evidence_count``, ``confidence``, ``in_seed``, ``seed_overlap``, ``entropy`` (0 sure, 1 nothing known),
        ``agrees`` (modal form accepted),
        ``probability`` (posterior of the accepted forms), ``chance`` (their prior), ``note``.
    tables
        Agreement by ``all``, ``label``, ``confidence``, ``evidence``, ``seed``: ``group``, ``cases``, ``testable``
        (with coded evidence), ``agree``, ``share``, ``named`` (given a form at the certainty asked for),
        ``named_wrong`` (of those, not accepted by the authors: the misses that matter), ``probability`` (mean posterior
        of the accepted forms among testable cases), ``chance`` (the same under the prior).
    missing
        Texts and fields that could not be coded.
    """

    cases: pl.DataFrame
    tables: Mapping[str, pl.DataFrame]
    missing: tuple[Missing, ...]

    def summary(self) -> str:
        """Return the agreement in a few lines of text."""
        lines = []
        for name, table in self.tables.items():
            for row in table.iter_rows(named=True):
                share = "no case testable" if row["share"] is None else f"{100 * row['share']:.0f} %"
                counts = f"{row['agree']} of {row['testable']} testable ({row['cases']} cases)"
                lines.append(f"{name} {row['group']}: {counts}, {share}")
        lines.append(self.misses())
        lines += [f"missing {m.column}: {m.count} ({m.reason})" for m in self.missing]
        return "\n".join(lines)

    def misses(self) -> str:
        """Return how sure the classifier was where it disagrees: a sure miss is worse than an unsure one."""
        wrong = self.cases.filter(pl.col("agrees").not_())
        if not wrong.height:
            return "misses: none"
        rows = wrong.with_columns(pl.max_horizontal(f"p_{form}" for form in FORMS).alias("top"))
        surest = rows.sort(["top", "case"], descending=[True, False]).row(0, named=True)
        named = wrong.filter(pl.col("form") != "undetermined").height
        entropy = sum(wrong["entropy"].to_list()) / wrong.height
        return (
            f"misses: {wrong.height}, of which named {named}; mean entropy {entropy:.2f}; the surest is "
            f"{surest['case']} with {100 * surest['top']:.0f} % for {surest['modal']}"
        )


def load(path: str | Path) -> list[dict[str, Any]]:
    """Read a file of coded cases.

    Raises
    ------
    GovernanceError
        If the file cannot be read or a case lacks ``id`` or ``hs_form``.
    """
    where = str(path)
    try:
        loaded = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GovernanceError(f"the cases cannot be read: {error}", where=where, fix="give a YAML file") from error
    cases = loaded.get("cases") if isinstance(loaded, Mapping) else None
    if not isinstance(cases, list):
        raise GovernanceError("the file has no list 'cases'", where=where, fix="write 'cases:' and one entry per case")
    seen: dict[str, int] = {}
    for number, case in enumerate(cases, start=1):
        for key in ("id", "hs_form"):
            if not isinstance(case, Mapping) or case.get(key) in (None, ""):
                raise GovernanceError(f"case {number} has no '{key}'", where=where, fix=f"write '{key}:'")
        name = str(case["id"])
        if name in seen:
            fix = "give every case an id of its own"
            raise GovernanceError(f"cases {seen[name]} and {number} have the same id '{name}'", where=where, fix=fix)
        seen[name] = number
        _evidence(case, number, where)
    return [dict(case) for case in cases]


def _evidence(case: Mapping[str, Any], number: int, where: str) -> Mapping[str, Any]:
    evidence = case.get("evidence") or {}
    if not isinstance(evidence, Mapping):
        kind = type(evidence).__name__
        raise GovernanceError(
            f"the evidence of case {number} ({case['id']}) is a {kind}, not fields with values", where=where,
            fix="write 'evidence:' with lines such as 'inspection: {value: buyer, on site}', or '{}' for none",
        )  # fmt: skip
    return evidence


def known_form(given: Any) -> str | None:
    """Return the form that a label stands for; types of Gereffi, Humphrey & Sturgeon by the crosswalk (science B3).

    Examples
    --------
    >>> known_form("Quasi-hierarchy"), known_form("captive"), known_form("relational"), known_form("other")
    ('quasi_hierarchy', 'quasi_hierarchy', 'network', None)
    """
    name = str(given or "").strip().lower().replace("-", "_").replace(" ", "_")
    name = {"captive": "quasi_hierarchy", "modular": "network", "relational": "network"}.get(name, name)
    return name if name in FORMS else None


def accepted(case: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the forms that count as agreement.

    A border case accepts any of its ``accept_forms``. A transition is one text about two periods: its evidence cannot
    be dated, so the form before and those after are all accepted, and it is reported on a row of its own. ``other``
    accepts nothing and is not testable.
    """
    form = str(case["hs_form"]).strip().lower()
    if form == "border":
        wanted = _listed(case.get("accept_forms"))
    elif form == "transition":
        wanted = [*_listed(case.get("from_form")), *_listed(case.get("to_form"))]
    else:
        wanted = [form]
    forms = {known_form(name) for name in wanted}
    return tuple(name for name in FORMS if name in forms)


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given] if given else []


def agreement(path: str | Path, *, theory: Any = None) -> Agreement:
    """Compare the classifier with the authors of published cases.

    Parameters
    ----------
    path
        YAML file of coded cases.
    theory
        Overlay of the packaged theory, as in :func:`.classify`.
    """
    cases = load(path)
    coded = [code_evidence(case.get("evidence") or {}) for case in cases]
    rows = _classified(cases, [values for values, _, _ in coded], theory)
    table = pl.DataFrame([_row(case, row) for case, row in zip(cases, rows, strict=True)], schema=_SCHEMA, orient="row")
    unread = sum(len(unknown) for _, unknown, _ in coded)
    unused = sum(len(other) for _, _, other in coded)
    formless = [str(case["hs_form"]) for case in cases if not accepted(case) and case["hs_form"] != "other"]
    missing: tuple[Missing, ...] = (
        Missing("cases", "evidence", unread, "the text matches no coding rule, so that it counts as missing"),
        Missing("cases", "evidence", unused, f"the field is not evidence on governance (coded: {', '.join(FIELDS)})"),
    )  # fmt: skip
    if formless:
        reason = f"the label names none of the four forms ({', '.join(sorted(set(formless)))}), so nothing can agree"
        missing += (Missing("cases", "hs_form", len(formless), reason),)
    return Agreement(table, _tables(table), missing)


_SCHEMA = {
    "case": pl.String, "label": pl.String, "accept": pl.String, "modal": pl.String, "form": pl.String,
    **{f"p_{form}": pl.Float64 for form in FORMS},
    "evidence_count": pl.Int64, "confidence": pl.String, "in_seed": pl.Boolean, "seed_overlap": pl.Boolean,
    "entropy": pl.Float64, "agrees": pl.Boolean, "probability": pl.Float64, "chance": pl.Float64, "note": pl.String,
}  # fmt: skip


def _classified(
    cases: Sequence[Mapping[str, Any]], coded: Sequence[Mapping[str, Any]], theory: Any
) -> list[dict[str, Any]]:
    """Classify each case as one relation; its coded values go to the tables whose columns they are."""
    tables: dict[str, list[dict[str, Any]]] = {
        "relation_years": [],
        "relations": [],
        "supplier_years": [],
        "products": [],
    }
    keys = {"relation_years": ("supplier", "buyer", "year", "main_product"), "relations": ("supplier", "buyer"),
            "supplier_years": ("supplier", "year"), "products": ("product",)}  # fmt: skip
    for case, values in zip(cases, coded, strict=True):
        name = str(case["id"])
        own = {"supplier": name, "buyer": _BUYER, "year": _YEAR, "main_product": name, "product": name}
        for table, rows in tables.items():
            given = {column: values.get(column) for column, home in FIELD_TABLES.items() if home == table}
            rows.append({key: own[key] for key in keys[table]} | given)
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
    base = frames.pop("relation_years")
    result = classify(
        base,
        theory=theory,
        relations=frames["relations"],
        supplier_years=frames["supplier_years"],
        products=frames["products"],
    )
    found = {row["supplier"]: row for row in result.frame("governance").iter_rows(named=True)}
    prior = result.prior
    return [found[str(case["id"])] | {"prior": prior} for case in cases]


def _row(case: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[Any, ...]:
    accept = accepted(case)
    probabilities = [row[f"p_{form}"] for form in FORMS]
    testable = row["evidence_count"] > 0 and bool(accept)
    modal = FORMS[max(range(len(FORMS)), key=lambda number: probabilities[number])] if row["evidence_count"] else None
    total = sum(row[f"p_{form}"] for form in accept) if testable else None
    chance = sum(row["prior"][form] for form in accept) if testable else None
    label = str(case["hs_form"])
    note = "transition: undated evidence, any of its forms accepted" if label == "transition" else ""
    return (
        str(case["id"]), label, "; ".join(accept), modal, row["form"], *probabilities, row["evidence_count"],
        str(case.get("confidence", "")), bool(case.get("in_seed", False)), bool(case.get("seed_overlap", False)),
        row["entropy"] if row["evidence_count"] else None, modal in accept if testable else None, total, chance, note,
    )  # fmt: skip


def _tables(cases: pl.DataFrame) -> dict[str, pl.DataFrame]:
    count = pl.col("evidence_count")
    evidence = (
        pl.when(count == 0).then(pl.lit("0 fields")).when(count <= 2).then(pl.lit("1-2 fields"))
        .when(count <= 4).then(pl.lit("3-4 fields")).otherwise(pl.lit("5 or more fields"))
    )  # fmt: skip
    overlap = pl.when("seed_overlap").then(pl.lit("discussed in the paper")).otherwise(pl.lit("not in the paper"))
    groups = {
        "all": pl.lit("all"),
        "label": pl.col("label"),
        "confidence": pl.col("confidence"),
        "evidence": evidence,
        "seed": overlap,
    }
    return {name: _grouped(cases, group) for name, group in groups.items()}


def _grouped(cases: pl.DataFrame, group: pl.Expr) -> pl.DataFrame:
    named = pl.col("form") != "undetermined"
    return (
        cases.group_by(group.alias("group"))
        .agg(
            pl.len().cast(pl.Int64).alias("cases"),
            pl.col("agrees").is_not_null().sum().cast(pl.Int64).alias("testable"),
            pl.col("agrees").sum().cast(pl.Int64).alias("agree"),
            pl.col("agrees").mean().alias("share"),
            (pl.col("agrees").is_not_null() & named).sum().cast(pl.Int64).alias("named"),
            (~pl.col("agrees") & named).sum().cast(pl.Int64).alias("named_wrong"),
            pl.col("probability").mean(),
            pl.col("chance").mean(),
        )
        .sort("group")
    )
