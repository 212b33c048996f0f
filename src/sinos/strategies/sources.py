"""Scenario and strategy files: read with the line of every key, and refused with file, line, key and fix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from sinos.errors import SinosError, StudyError
from sinos.study.explain import Problem, path_of, problems_of, study_error
from sinos.study.positions import Key, Positions, read_any

Lines = Mapping[tuple[Key, ...], int]
"""Path of a value -> its line."""


def values_of(file: Path, name: str, what: str, fix: str) -> tuple[Any, Lines]:
    """Return the values of a YAML file, and the line of each by its path.

    Parameters
    ----------
    file
        The file.
    name
        What messages call it.
    what
        What it should hold, with its article.
    fix
        What to do if it holds nothing.

    Raises
    ------
    StudyError
        If the file is not there, is not text or YAML, repeats a key or is empty.
    """
    if not file.is_file():
        near = sorted(one.name for one in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        here = f"give one that exists ({', '.join(near[:5])})" if near else "give an existing file or a packaged name"
        raise StudyError(f"there is no file '{file}'", where=name, fix=here)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the file cannot be read as text ({error})", where=name, fix="save it as UTF-8 text"
        ) from error
    found, lines = read_any(text, name)
    if found is None:
        raise StudyError(f"the file is empty, not {what}", where=name, fix=fix)
    return found, lines


def refusal(
    error: ValidationError | SinosError,
    data: Any,
    model: type[BaseModel],
    name: str,
    lines: Lines,
    prefix: tuple[Key, ...] = (),
) -> StudyError:
    """Say what is wrong with a model's values: file, line, key, the nearest valid word and the fix, all at once.

    Parameters
    ----------
    error
        What the model said, or a check whose ``where`` is the dotted path below ``prefix``.
    data
        The values given to the model.
    model
        The model.
    name, lines
        File and lines; without lines only keys are named.
    prefix
        Where in the file the values stand.
    """
    if isinstance(error, SinosError):
        problems = [Problem((*prefix, *path_of(error.where or "")), error.what, error.fix)]
    else:
        problems = problems_of(error, data, prefix, model)
    return study_error(problems, Positions(name, lines, {}))
