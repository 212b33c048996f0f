"""``load_study``: a study file in, a validated study out, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sinos.errors import StudyError, nearest
from sinos.study.explain import Problem, problems_of, study_error, valid_keys
from sinos.study.meaning import problems_in
from sinos.study.model import (
    Aggregate,
    BuyerGroups,
    Convert,
    Drop,
    DropReexports,
    Filter,
    Parse,
    Recode,
    ResolveNames,
    Study,
)
from sinos.study.positions import Positions, plain_kind, read_scalar, read_yaml

REPAIRS: Mapping[str, type[BaseModel]] = {
    "filter": Filter,
    "drop": Drop,
    "parse": Parse,
    "recode": Recode,
    "convert": Convert,
    "aggregate_duplicates": Aggregate,
    "drop_reexports": DropReexports,
    "resolve_names": ResolveNames,
    "buyer_groups": BuyerGroups,
}
"""Every repair by its verb, which is the key that says which repair is meant."""

MOST_BYTES = 5_000_000


def load_study(
    study: str | Path | Mapping[str, Any] | Study, overrides: Sequence[str] = (), *, folder: str | Path | None = None
) -> Study:
    """Read and validate a study.

    Parameters
    ----------
    study
        Path of a study file (YAML), the same as a mapping, or a study that was already loaded.
    overrides
        Options that replace or add keys, as ``key=value`` with dots between keys and numbers for list items
        (``options.seed=7``, ``repairs.0.threshold=0.8``). Values follow the rules of YAML.
    folder
        Folder that paths are relative to; the study file's own folder, or the working folder, when absent.

    Returns
    -------
    Study
        Frozen; every file that it names exists.

    Raises
    ------
    StudyError
        Naming the key path, the line and the nearest valid word. All problems are reported at once.

    Examples
    --------
    >>> load_study({"about": {"title": "Shoes"}, "tables": {}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    sinos.errors.StudyError: study, tables.transactions: the key 'transactions' is missing. Fix: add 'transactions:' ...
    """
    lines: Mapping[tuple[str | int, ...], int] = {}
    if isinstance(study, Study):
        if not overrides:
            return study
        values = study.model_dump(mode="json", exclude_unset=True)
        data, name, place = values, "study", folder or study.folder
    elif isinstance(study, Mapping):
        data, name, place = _plain(study), "study", folder or Path()
    else:
        path = Path(study)
        data, lines = read_yaml(_text(path), path.name)
        name, place = path.name, folder or path.parent
    known = Positions(name, lines, _override(data, overrides))
    return _validated(data, known, Path(place))


def _validated(data: dict[str, Any], known: Positions, folder: Path) -> Study:
    problems: list[Problem] = []
    if "folder" in data:
        fix = "delete it; paths are relative to the study file"
        problems.append(Problem(("folder",), "there is no key 'folder' here", fix))
        data.pop("folder")
    repairs = data.get("repairs", [])
    built: list[Any] = []
    if isinstance(repairs, list | tuple):
        for number, item in enumerate(repairs):
            found, repair = _repair(item, ("repairs", number))
            problems += found
            built += [repair] if repair is not None else []
    else:
        built = repairs
    try:
        study = Study.model_validate({**data, "repairs": built})
    except ValidationError as error:
        raise study_error([*problems, *problems_of(error, data, (), Study)], known) from error
    study = study.model_copy(update={"folder": folder})
    problems += problems_in(study)
    if problems:
        raise study_error(problems, known)
    return study


def _repair(item: Any, path: tuple[str | int, ...]) -> tuple[list[Problem], BaseModel | None]:
    """Validate one repair against the model that its verb names, so that the message is about that repair only."""
    if isinstance(item, BaseModel):
        return [], item
    if not isinstance(item, dict):
        what = f"a repair must be a group of keys, but a {plain_kind(item)} was given"
        return [Problem(path, what, "write '- filter: {column: ..., equals: ...}' or another repair")], None
    verbs = [key for key in item if key in REPAIRS]
    if len(verbs) > 1:
        what = f"one repair has two verbs: {' and '.join(verbs)}"
        return [Problem(path, what, "begin each repair with its own '-'")], None
    if not verbs:
        others = {key for model in REPAIRS.values() for key in valid_keys(model, ())} - set(REPAIRS)
        unknown = [str(key) for key in item if key not in others]
        word = unknown[0] if unknown else ""
        what = f"there is no repair '{word}'" if word else "the repair does not say what to do"
        return [Problem((*path, word) if word else path, what, nearest(word, REPAIRS))], None
    model = REPAIRS[verbs[0]]
    try:
        return [], model.model_validate(item)
    except ValidationError as error:
        return problems_of(error, item, path, model), None


def _text(path: Path) -> str:
    """Return the text of a study file, or say why it cannot be read."""
    if path.is_dir():
        found = sorted(entry.name for entry in [*path.glob("*.yaml"), *path.glob("*.yml")])
        fix = f"give the file: {', '.join(found)}" if found else "give the path of a study file"
        raise StudyError("a folder was given, not a study file", where=str(path), fix=fix)
    if not path.is_file():
        near = sorted(entry.name for entry in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        fix = nearest(path.name, near) if near else "check the path; 'sinos init FILE' writes a study for your file"
        raise StudyError("there is no such study file", where=str(path), fix=fix)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(
            f"the study file cannot be read ({error.strerror})", where=str(path), fix="check its permissions"
        ) from error
    if len(content) > MOST_BYTES or b"\x00" in content:
        raise StudyError(
            "this is not a study file (it is not text, or it is far too long)",
            where=str(path),
            fix="give the YAML file that describes the study; 'sinos init FILE' writes one for a data file",
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise StudyError(
            "the study file is not UTF-8 text", where=f"{path.name}, line {line}", fix="save it with encoding UTF-8"
        ) from error


def _override(data: dict[str, Any], overrides: Sequence[str]) -> dict[tuple[str | int, ...], str]:
    """Set overrides in the data, in order; return where each was set."""
    done: dict[tuple[str | int, ...], str] = {}
    for text in overrides:
        key, sign, value = text.partition("=")
        if not sign or not key.strip() or any(not part for part in key.strip().split(".")):
            raise StudyError(
                f"'{text}' is not of the form key=value", where="--set", fix="write for example --set options.seed=7"
            )
        parts = tuple(int(part) if part.isdigit() else part for part in key.strip().split("."))
        _put(data, parts, read_scalar(value, text), text)
        done[parts] = text
    return done


def _put(data: Any, parts: tuple[str | int, ...], value: Any, text: str) -> None:
    for part in parts[:-1]:
        if isinstance(data, dict):
            data = data.setdefault(part, {})
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            raise StudyError(f"there is no '{part}' to set", where=f"--set {text}", fix="check the key path")
    last = parts[-1]
    if isinstance(data, dict) or (isinstance(data, list) and isinstance(last, int) and last < len(data)):
        target: Any = data
        target[last] = value
    else:
        raise StudyError(f"there is no '{last}' to set", where=f"--set {text}", fix="check the key path")


def _plain(value: Any) -> Any:
    """Copy a mapping given in Python into plain dicts and lists; tuples count as lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
