"""What is wrong with a study, in plain words: key path, line, what was expected, and the nearest valid word."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sinos.errors import SinosError, StudyError, nearest
from sinos.study.positions import Key, Path, Positions, dotted, plain_kind


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: at which path, what, and the fix."""

    path: Path
    what: str
    fix: str


def study_error(problems: Iterable[Problem], positions: Positions) -> StudyError:
    """Join problems into one error, in the order of their lines."""
    ordered = sorted(set(problems), key=lambda problem: (_line(problem.path, positions), dotted(problem.path)))
    first = ordered[0]
    if len(ordered) == 1:
        return StudyError(first.what, where=positions.where(first.path), fix=first.fix)
    lines = [f"{positions.where(problem.path)}: {problem.what}; {problem.fix}" for problem in ordered]
    what = f"{len(ordered)} problems:\n  - " + "\n  - ".join(lines)
    return StudyError(what, where=positions.name, fix="correct these places")


def problems_of(error: ValidationError, data: Any, prefix: Path, model: type[BaseModel]) -> list[Problem]:
    """Turn pydantic's error on one model into problems, one per place, without its vocabulary.

    A check of the model's own may raise a :class:`SinosError` whose ``where`` is the dotted path below the model.
    """
    found: dict[Path, Problem] = {}
    for item in error.errors(include_url=False):
        path = _real_path(item["loc"], data, missing=item["type"] in ("missing", "extra_forbidden"))
        problem = _problem(item, path, data, prefix, model)
        found.setdefault(problem.path, problem)
    for problem in list(found.values()):  # a misspelt key is not missing as well
        meant = (*problem.path[:-1], _meant(problem))
        if meant in found and found[meant].what.endswith("is missing"):
            del found[meant]
    return list(found.values())


def _meant(problem: Problem) -> str:
    """Return the key that an unknown key most likely stands for; empty if it is none or nothing is near."""
    return problem.fix.split("'")[1] if problem.what.startswith("there is no key") and "did you" in problem.fix else ""


def valid_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that may stand at a path of a model; empty where any key may."""
    from sinos.study.model import Study

    annotation = _annotation(model, path)
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return [name for name in option.model_fields if not (option is Study and name == "folder")]
    return []


def expected(annotation: Any) -> str:
    """Return what a key takes, in plain words.

    Examples
    --------
    >>> expected(str | tuple[str, ...] | None)
    'text or a list of texts'
    """
    words: list[str] = []
    for option in _options(annotation):
        word = _word(option)
        if word and word not in words:
            words.append(word)
    return " or ".join(words)


def _problem(item: Mapping[str, Any], path: Path, data: Any, prefix: Path, model: type[BaseModel]) -> Problem:
    full = (*prefix, *path)
    name = path[-1] if path else (prefix[-1] if prefix else "study")
    kind = item["type"]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, SinosError):
        return Problem((*full, *path_of(cause.where or "")), cause.what, cause.fix)
    if kind == "missing":
        description = _description(model, path)
        hint = description or _expected_at(model, path)
        return Problem(full, f"the key '{name}' is missing", f"add '{name}:' ({hint})")
    if kind == "extra_forbidden":
        keys = valid_keys(model, path[:-1])
        return Problem(full, f"there is no key '{name}' here", nearest(str(name), keys))
    value = _value_at(data, path)
    names = [choice for option in _options(_annotation(model, path[:-1])) for choice in _keys(option)]
    if "[key]" in item["loc"] and names:
        return Problem(full, f"there is no key '{name}' here", nearest(str(name), names))
    if "[key]" in item["loc"]:
        return Problem(full, f"the key {name} is a number and would lose its leading zeros", f'write "{name}": ...')
    choices = [choice for option in _options(_annotation(model, path)) for choice in _choices(option)]
    if choices and not isinstance(value, dict | list) and value not in choices:
        return Problem(full, f"'{value}' is not a valid value of '{name}'", nearest(str(value), choices))
    limit = _limit(item)
    if limit:
        return Problem(full, f"'{name}' is {value}, but it must be {limit}", f"write a value {limit}")
    wanted = _expected_at(model, path) or "of another kind"
    return Problem(full, f"'{name}' must be {wanted}, but {_given(value)} was given", _how_to_write(value, wanted))


def _limit(item: Mapping[str, Any]) -> str:
    words = {
        "greater_than": ("gt", "greater than"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "less than"),
        "less_than_equal": ("le", "at most"),
    }
    if item["type"] not in words:
        return ""
    key, word = words[item["type"]]
    return f"{word} {item['ctx'][key]:g}"


def _given(value: Any) -> str:
    kind = plain_kind(value)
    if value is None or isinstance(value, dict):
        return f"{'an' if kind[0] in 'ae' else 'a'} {kind}"
    shown = {True: "yes/true", False: "no/false"}.get(value, value) if isinstance(value, bool) else value
    return f"the {kind} {shown}"


def _how_to_write(value: Any, wanted: str) -> str:
    if isinstance(value, bool) and "text" in wanted:
        return "put it in quotes (YAML reads a bare yes, no, on, off as true or false)"
    if isinstance(value, int | float) and "text" in wanted:
        return f'put it in quotes: "{value}" (and any leading zeros with it)'
    if isinstance(value, str) and "list" in wanted:
        return f"write [{value}]"
    if value is None:
        return "give it a value, or delete the line"
    if not isinstance(value, dict | list) and "text" in wanted:
        return f'put it in quotes: "{value}"'
    return f"write {wanted}"


def _word(option: Any) -> str:
    if option is type(None):
        return ""
    if get_origin(option) is tuple or option is tuple:
        inner = _word(get_args(option)[0]) if get_args(option) else "value"
        return "a list of " + {"text": "texts", "a whole number": "whole numbers"}.get(inner, "values")
    if get_origin(option) is dict:
        return "a group of 'name: value' lines"
    if get_origin(option) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(option))
    if isinstance(option, type) and issubclass(option, BaseModel):
        return f"a group of keys ({', '.join(list(option.model_fields)[:4])}, ...)"
    return {str: "text", int: "a whole number", float: "a number", bool: "yes or no"}.get(option, "")


def _options(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(part for option in get_args(annotation) for part in _options(option))
    return (annotation,)


def _choices(option: Any) -> tuple[Any, ...]:
    if get_origin(option) is Literal:
        return get_args(option)
    if get_origin(option) is tuple:
        return _choices(get_args(option)[0])
    return ()


def _keys(option: Any) -> tuple[Any, ...]:
    """Return the keys that a mapping may have, where they are named."""
    return _choices(get_args(option)[0]) if get_origin(option) is dict else ()


def path_of(dotted_path: str) -> Path:
    """Return the path that is written with dots; the inverse of :func:`sinos.study.positions.dotted`.

    Examples
    --------
    >>> path_of("shocks.0.start")
    ('shocks', 0, 'start')
    """
    return tuple(int(part) if part.isdecimal() else part for part in dotted_path.split(".") if part)


def _annotation(model: Any, path: Path) -> Any:
    """Return the type that stands at a path of a model."""
    current: Any = model
    for key in path:
        current = _step(current, key)
    return current


def _step(annotation: Any, key: Key) -> Any:
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel) and key in option.model_fields:
            return option.model_fields[str(key)].annotation
        if get_origin(option) is dict:
            return get_args(option)[1]
        if get_origin(option) is tuple and isinstance(key, int):
            return get_args(option)[0]
    return Any


def _description(model: type[BaseModel], path: Path) -> str:
    for option in _options(_annotation(model, path[:-1])):
        if isinstance(option, type) and issubclass(option, BaseModel) and path[-1] in option.model_fields:
            return (option.model_fields[str(path[-1])].description or "").rstrip(".")
    return ""


def _expected_at(model: type[BaseModel], path: Path) -> str:
    return expected(_annotation(model, path))


def _real_path(loc: tuple[Key, ...], data: Any, *, missing: bool) -> Path:
    """Drop from pydantic's location what names a branch of a union rather than a place in the data."""
    path: list[Key] = []
    current = data
    for number, key in enumerate(loc):
        last_and_missing = missing and number == len(loc) - 1
        if last_and_missing or _holds(current, key):
            path.append(key)
            current = None if last_and_missing else current[key]
    return tuple(path)


def _holds(current: Any, key: Key) -> bool:
    if isinstance(current, dict):
        return key in current
    return isinstance(current, list | tuple) and isinstance(key, int) and key < len(current)


def _value_at(data: Any, path: Path) -> Any:
    for key in path:
        if not _holds(data, key):
            return None
        data = data[key]
    return data


def _line(path: Path, positions: Positions) -> int:
    for length in range(len(path), -1, -1):
        if path[:length] in positions.lines:
            return positions.lines[path[:length]]
    return 0
