"""YAML as plain values that remember the line of every key, so that an error can say where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sinos.errors import StudyError

Key = str | int
Path = tuple[Key, ...]
"""Way to a value: keys of mappings and numbers of list items."""

MOST_VALUES = 200_000
"""A study file with more values than this is refused: aliases can make a small file explode."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Where every value of a study stands.

    Attributes
    ----------
    name
        Name of the file, or what stands in its place.
    lines
        Path of a value -> its line, from 1.
    overridden
        Paths that were set outside the file -> the option as it was written.
    """

    name: str
    lines: Mapping[Path, int]
    overridden: Mapping[Path, str]

    def where(self, path: Path) -> str:
        """Return file, line and key path of the nearest known place at or above a path."""
        place = self.name
        for length in range(len(path), -1, -1):
            if path[:length] in self.overridden:
                place = f"--set {self.overridden[path[:length]]}"
                break
            if path[:length] in self.lines:
                place = f"{self.name}, line {self.lines[path[:length]]}"
                break
        return f"{place}, {dotted(path)}" if path else place


def dotted(path: Path) -> str:
    """Return a path as it is written in ``--set`` and in messages.

    Examples
    --------
    >>> dotted(("repairs", 0, "filter"))
    'repairs.0.filter'
    """
    return ".".join(str(key) for key in path)


def read_yaml(text: str, name: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """Parse the text of a study file.

    Returns
    -------
    tuple
        The values, and the line of each by path.

    Raises
    ------
    StudyError
        If the text is not YAML, has tabs as indentation, repeats a key, or is not a mapping.
    """
    values, lines = read_any(text, name)
    if values is None:
        raise StudyError("the study is empty", where=name, fix="start from what 'sinos init FILE' writes")
    if not isinstance(values, dict):
        raise StudyError(
            f"the study must be keys with values, but a {plain_kind(values)} was found",
            where=f"{name}, line 1",
            fix="begin with 'about:' and 'tables:'; 'sinos init FILE' writes a study for a file",
        )
    return values, lines


def read_any(text: str, name: str) -> tuple[Any, dict[Path, int]]:
    """Parse the text of a YAML file of any kind; the value of an empty one is None.

    Returns
    -------
    tuple
        The values, and the line of each by path.

    Raises
    ------
    StudyError
        If the text is not YAML, has tabs as indentation, or repeats a key.

    Examples
    --------
    >>> read_any("- {name: brand}", "strategies.yaml")
    ([{'name': 'brand'}], {(): 1, (0,): 1, (0, 'name'): 1})
    """
    _refuse_tabs(text, name)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, name) from error
    except yaml.YAMLError as error:
        raise StudyError(f"the file is not readable YAML ({error})", where=name, fix="save it as UTF-8 text") from error
    except RecursionError as error:
        raise StudyError("the file is nested too deeply", where=name, fix="six levels are enough") from error
    reader = _Reader(name)
    return (None if node is None else reader.value(node, ())), reader.lines


def read_scalar(text: str, name: str) -> Any:
    """Parse the value of one ``--set`` option by the same rules as the file."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise StudyError(
            f"the value '{text}' cannot be read", where=f"--set {name}", fix="put special characters in quotes"
        ) from error
    return None if node is None else _Reader(f"--set {name}").value(node, ())


def plain_kind(value: Any) -> str:
    """Return the kind of a value in plain words.

    Examples
    --------
    >>> plain_kind(["a"]), plain_kind(True)
    ('list', 'yes/no value')
    """
    names = {bool: "yes/no value", int: "whole number", float: "number", str: "text", dict: "group of keys"}
    if value is None:
        return "empty value"
    return names.get(type(value), "list" if isinstance(value, list | tuple) else type(value).__name__)


class _Reader:
    """Turns YAML nodes into values and notes lines; aliases are followed, repeated keys refused."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.seen = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.seen += 1
        if self.seen > MOST_VALUES or len(path) > 50:
            raise StudyError(
                "the study unfolds into too many values",
                where=self.name,
                fix="remove YAML aliases that repeat each other",
            )
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = self._key(key_node, path)
            if key in values:
                raise StudyError(
                    f"the key '{key}' is given twice",
                    where=f"{self.name}, lines {self.lines[(*path, key)]} and {line}, {dotted((*path, key))}",
                    fix="keep one of the two",
                )
            self.lines[(*path, key)] = line
            values[key] = self.value(value_node, (*path, key))
        return values

    def _key(self, node: yaml.Node, path: Path) -> Key:
        if not isinstance(node, yaml.ScalarNode):
            raise StudyError(
                "a key must be a word",
                where=f"{self.name}, line {node.start_mark.line + 1}, {dotted(path) or 'top'}",
                fix="put text that begins with { or [ in quotes",
            )
        if node.tag == "tag:yaml.org,2002:merge":
            raise StudyError(
                "'<<' is not supported in a study",
                where=f"{self.name}, line {node.start_mark.line + 1}",
                fix="write the keys out",
            )
        key: Key | None = self._scalar(node, path)
        return key if isinstance(key, int | str) and not isinstance(key, bool) else str(node.value)

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        try:
            return yaml.SafeLoader("").construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise StudyError(
                f"the value '{node.value}' cannot be read",
                where=f"{self.name}, line {node.start_mark.line + 1}, {dotted(path)}",
                fix=f'put it in quotes: "{node.value}"',
            ) from error


def _refuse_tabs(text: str, name: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        indentation = line[: len(line) - len(line.lstrip())]
        if "\t" in indentation and line.strip() and not line.lstrip().startswith("#"):
            raise StudyError(
                "the line is indented with a tab, which YAML forbids",
                where=f"{name}, line {number}",
                fix="replace the tab by two spaces per level",
            )


def _syntax_error(error: yaml.MarkedYAMLError, name: str) -> StudyError:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "the text is not YAML"
    hint = "compare the indentation with the lines above; put text that has ': ' or begins with a sign in quotes"
    if "mapping values are not allowed" in problem:
        problem = "there is a second ': ' in the line, or the indentation of the line above is wrong"
    elif "expected <block end>" in problem:
        problem = "the indentation does not match the lines above"
    elif "<stream end>" in problem or "end of stream" in problem or "unexpected end" in str(error.context or ""):
        problem = "a quote or bracket is opened and never closed"
    elif "found character" in problem and "%" in problem:
        hint = "put text that begins with % in quotes"
    line = f", line {mark.line + 1}" if mark is not None else ""
    return StudyError(f"{problem}", where=f"{name}{line}", fix=hint)
