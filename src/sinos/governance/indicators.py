"""Theory as data: the packaged indicators and what the classifier assumes, read from YAML and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from sinos.errors import TheoryError, nearest
from sinos.theory.load import load_yaml

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

FORMS = ("market", "network", "quasi_hierarchy", "hierarchy")
"""The four forms, in the order of every array with a form axis."""
AXES = ("explicit_coordination", "power_asymmetry")
"""The two axes that positions are given on."""
MARKET, NETWORK, QUASI, HIERARCHY = range(4)

_MAIN_AXES = (*AXES, "standardisation", "ownership")
_KINDS = ("transaction", "product", "survey", "ownership")
_KEYS = {
    "name", "field", "table", "kind", "axis", "group", "strength", "direct", "levels", "cuts",
    "likelihood", "position", "modular", "source", "where", "why", "drop",
}  # fmt: skip


@dataclass(frozen=True)
class Indicator:
    """One indicator: a column, its levels and the probability of each level under each form.

    Attributes
    ----------
    name, field, table, kind, axis, group, source, where, why
        As in ``theory/indicators.yaml``, where they are explained.
    strength
        0-1: how directly the column measures the fact.
    direct
        Evidence on design, process or inspection, without which network and quasi-hierarchy are hard to tell apart.
    levels
        Names of the levels, in order.
    cuts
        Lower bounds of every level but the first; empty when the levels are texts.
    loglik
        Natural logarithm of P(level | form), shape (4, levels).
    position
        Position of each level by axis; an axis on which the indicator says nothing is absent.
    modular
        Log odds modular : relational given the level, shape (levels,).
    """

    name: str
    field: str
    table: str
    kind: str
    axis: str
    group: str
    strength: float
    direct: bool
    levels: tuple[str, ...]
    cuts: tuple[float, ...]
    loglik: Floats
    position: Mapping[str, Floats]
    modular: Floats
    source: str
    where: str
    why: str

    def code(self, level: str) -> int:
        """Return the code of a level."""
        return self.levels.index(level)


@dataclass(frozen=True)
class Theory:
    """The indicators, groups and assumptions of the classifier.

    Attributes
    ----------
    indicators
        In a fixed order; arrays with an indicator axis follow it.
    rho
        Correlation assumed between the indicators of each group.
    prior
        Prior probability of the four forms, shape (4,).
    ownership
        P(hierarchy) for each level of the ownership indicator, shape (3,).
    minority_from
        Ownership share from which a stake is not negligible.
    max_odds
        Bound on the odds network : quasi-hierarchy without direct evidence.
    mixture_weight
        Weight of transaction evidence when suppliers or buyers are not firms.
    shared_error
        Correlation of classification errors between relations.
    axis_observations
        Observations that one indicator of full weight is worth on an axis.
    dependence
        Bounds ``high``, ``extreme`` and ``negligible`` of the derived indicator of dependence.
    """

    indicators: tuple[Indicator, ...]
    rho: Mapping[str, float]
    prior: Floats
    ownership: Floats
    minority_from: float
    max_odds: float
    mixture_weight: float
    shared_error: float
    axis_observations: float
    dependence: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the indicators, in order."""
        return tuple(item.name for item in self.indicators)

    def index(self, name: str) -> int:
        """Return the place of an indicator, or -1 if an overlay dropped it."""
        return self.names.index(name) if name in self.names else -1

    def sources(self) -> tuple[str, ...]:
        """Return the reference keys of the indicators, each once, in order."""
        return tuple(dict.fromkeys(item.source for item in self.indicators))


def load_theory(overlay: str | Path | Mapping[str, Any] | None = None) -> Theory:
    """Read the packaged theory, overlaid by the user's own file.

    Parameters
    ----------
    overlay
        YAML file (or its content) with any of the keys ``groups``, ``indicators`` (a list; an entry with a known
        ``name`` replaces the keys it gives, ``drop: true`` removes it, a new name adds it) and the keys of
        ``forms.yaml`` (``prior`` as ``{form: probability}``).

    Raises
    ------
    TheoryError
        If the file cannot be read, or an entry contradicts itself; the message names the entry and the key.

    Examples
    --------
    >>> theory = load_theory({"prior": {"market": 0.4, "network": 0.3, "quasi_hierarchy": 0.25, "hierarchy": 0.05}})
    >>> float(theory.prior[0])
    0.4
    """
    given, where = _overlay(overlay)
    base, forms = load_yaml("indicators"), dict(load_yaml("forms"))
    known = {"groups", "indicators", "prior", *forms} - {"forms", "prior_note"}
    for key in given:
        if key not in known:
            raise TheoryError(f"unknown key '{key}'", where=where, fix=nearest(key, known))
    groups = {**base["groups"], **(given.get("groups") or {})}
    rho = {name: _number(value.get("rho"), f"{where}: groups.{name}.rho", 0.0, 1.0) for name, value in groups.items()}
    entries = _merge(base["indicators"], given.get("indicators") or [], where)
    indicators = tuple(_indicator(entry, rho, where) for entry in entries)
    for key in ("ownership", "identifiability", "dependence"):
        forms[key] = _overlaid(forms[key], given.get(key), f"{where}: {key}")
    for key in ("mixture_weight", "shared_error", "axis_observations"):
        forms[key] = given.get(key, forms[key])
    return _theory(indicators, rho, forms, _prior(forms["forms"], given.get("prior"), where), where)


def _theory(
    indicators: tuple[Indicator, ...], rho: dict[str, float], forms: dict[str, Any], prior: Floats, where: str
) -> Theory:
    identifiability, owned = forms["identifiability"], forms["ownership"]
    probability = [owned["probability"][level] for level in ("independent", "minority", "owned")]
    return Theory(
        indicators=indicators,
        rho=rho,
        prior=prior,
        ownership=np.array([_number(p, f"{where}: ownership.probability", 0.0, 1.0) for p in probability]),
        minority_from=_number(owned["minority_from"], f"{where}: ownership.minority_from", 0.0, 1.0),
        max_odds=_number(identifiability["max_odds"], f"{where}: identifiability.max_odds", 1.0, np.inf),
        mixture_weight=_number(forms["mixture_weight"], f"{where}: mixture_weight", 0.0, 1.0),
        shared_error=_number(forms["shared_error"], f"{where}: shared_error", 0.0, 0.999),
        axis_observations=_number(forms["axis_observations"], f"{where}: axis_observations", 0.0, np.inf),
        dependence={key: _number(value, f"{where}: dependence.{key}", 0.0, 1.0)
                    for key, value in forms["dependence"].items()},
    )  # fmt: skip


def _overlay(overlay: str | Path | Mapping[str, Any] | None) -> tuple[Mapping[str, Any], str]:
    if overlay is None:
        return {}, "packaged theory"
    if isinstance(overlay, Mapping):
        return overlay, "theory overlay"
    try:
        loaded = yaml.safe_load(Path(overlay).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TheoryError(
            f"the theory file cannot be read: {error}", where=str(overlay), fix="give a YAML file in UTF-8"
        ) from error
    if not isinstance(loaded, Mapping):
        raise TheoryError(
            "the theory file is not a mapping", where=str(overlay), fix="write keys such as 'indicators:'"
        )
    return loaded, str(overlay)


def _overlaid(base: Mapping[str, Any], given: Any, at: str) -> dict[str, Any]:
    if given is None:
        return dict(base)
    if not isinstance(given, Mapping):
        raise TheoryError(f"{given!r} is not a mapping", where=at, fix=f"write the keys {', '.join(base)}")
    for key in given:
        if key not in base:
            raise TheoryError(f"unknown key '{key}'", where=at, fix=nearest(key, base))
    return {**base, **given}


def _merge(base: Sequence[Mapping[str, Any]], given: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(given, list | tuple) or not all(isinstance(item, Mapping) and "name" in item for item in given):
        raise TheoryError("'indicators' is not a list of entries with a name", where=where, fix="write '- name: ...'")
    merged = {entry["name"]: dict(entry) for entry in base}
    for entry in given:
        merged[entry["name"]] = {**merged.get(entry["name"], {}), **entry}
    return [entry for entry in merged.values() if not entry.get("drop")]


def _indicator(entry: dict[str, Any], rho: Mapping[str, float], where: str) -> Indicator:
    at = f"{where}: indicator {entry['name']}"
    for key in entry:
        if key not in _KEYS:
            raise TheoryError(f"unknown key '{key}'", where=at, fix=nearest(key, _KEYS))
    for key in ("field", "table", "kind", "axis", "group", "levels", "likelihood", "source", "why"):
        if key not in entry:
            raise TheoryError(f"key '{key}' is missing", where=at, fix=f"write '{key}:'")
    for key, valid in (("kind", _KINDS), ("axis", _MAIN_AXES), ("group", tuple(rho))):
        if entry[key] not in valid:
            raise TheoryError(f"{key} '{entry[key]}' does not exist", where=at, fix=nearest(entry[key], valid))
    levels = tuple(str(level) for level in entry["levels"])
    cuts = tuple(float(cut) for cut in entry.get("cuts", ()))
    if cuts and (len(cuts) != len(levels) - 1 or list(cuts) != sorted(set(cuts))):
        raise TheoryError(
            f"{len(cuts)} cuts {list(cuts)} for {len(levels)} levels",
            where=at, fix="give one rising cut fewer than levels",
        )  # fmt: skip
    return Indicator(
        name=entry["name"], field=entry["field"], table=entry["table"], kind=entry["kind"], axis=entry["axis"],
        group=entry["group"], strength=_number(entry.get("strength", 1.0), f"{at}: strength", 0.0, 1.0),
        direct=bool(entry.get("direct", False)), levels=levels, cuts=cuts,
        loglik=_loglik(entry["likelihood"], len(levels), at),
        position={axis: _row(values, len(levels), f"{at}: position.{axis}")
                  for axis, values in (entry.get("position") or {}).items()},
        modular=np.log(_row(entry.get("modular") or [1] * len(levels), len(levels), f"{at}: modular")),
        source=entry["source"], where=entry.get("where", ""), why=entry["why"],
    )  # fmt: skip


def _loglik(likelihood: Mapping[str, Any], levels: int, at: str) -> Floats:
    rows = dict(likelihood)
    rows.setdefault("hierarchy", rows.get("quasi_hierarchy"))
    table = np.stack([_row(rows.get(form), levels, f"{at}: likelihood.{form}") for form in FORMS])
    if (table <= 0).any() or np.abs(table.sum(axis=1) - 1).max() > 1e-6:
        raise TheoryError(
            "the likelihood of each form must be positive and sum to 1",
            where=at, fix="write probabilities above 0 that sum to 1 for every form",
        )  # fmt: skip
    return np.log(table)


def _row(values: Any, length: int, at: str) -> Floats:
    try:
        row = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TheoryError(f"{values!r} is not a list of numbers", where=at, fix="write numbers in []") from error
    if row.shape != (length,):
        raise TheoryError(f"{values!r} is not one number per level", where=at, fix=f"give {length} numbers")
    return row


def _number(value: Any, at: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise TheoryError(f"{value!r} is not a number in [{low}, {high}]", where=at, fix="write a number in that range")
    return float(value)


def _prior(forms: Mapping[str, Any], given: Any, where: str) -> Floats:
    chosen = {form: forms[form]["prior"] for form in FORMS}
    if given is not None:
        if not isinstance(given, Mapping) or set(given) != set(FORMS):
            raise TheoryError(f"the prior {given!r} does not name the four forms", where=where, fix=", ".join(FORMS))
        chosen = dict(given)
    prior = np.array([_number(chosen[form], f"{where}: prior.{form}", 1e-9, 1.0) for form in FORMS])
    normalised: Floats = prior / prior.sum()
    return normalised
