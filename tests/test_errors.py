"""Every error says what, where, how many and the fix."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from sinos import errors
from sinos.errors import MissingExtraError, SinosError, nearest

CLASSES = [
    item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, SinosError) and item.__doc__
]
PLAIN = [item for item in CLASSES if item is not MissingExtraError]
SOURCE = Path(errors.__file__).parent
BARE = {"Exception", "RuntimeError", "AssertionError", "BaseException"}


@pytest.mark.parametrize("kind", PLAIN, ids=lambda item: item.__name__)
def test_every_class_carries_its_parts_and_shows_them(kind: type[SinosError]) -> None:
    error = kind("the column is empty", where="exports.csv: value", rows=1234, fix="fill it.")
    assert (error.what, error.where) == ("the column is empty", "exports.csv: value")
    assert (error.rows, error.fix) == (1234, "fill it.")
    assert str(error) == "exports.csv: value: the column is empty (1,234 rows). Fix: fill it."
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("kind", PLAIN, ids=lambda item: item.__name__)
def test_no_error_can_be_made_without_a_fix(kind: type[SinosError]) -> None:
    with pytest.raises(TypeError):
        kind("something")  # type: ignore[call-arg]


def test_a_missing_package_names_the_command() -> None:
    error = MissingExtraError("pyspark", "spark", purpose="engine: spark")
    said = "engine: spark needs the package 'pyspark', which is not installed. Fix: pip install 'sinos[spark]'."
    assert str(error) == said


def test_nearest_names_one_word_or_all() -> None:
    assert nearest("valu", ["value", "year"]) == "did you mean 'value'?"
    assert nearest("q", ["b", "a", "a"]) == "use one of: a, b"


def test_the_package_raises_no_bare_errors_and_swallows_nothing() -> None:
    """A handler of everything must raise again, except in the command line, which is the outermost edge."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                assert ast.unparse(node.exc.func) not in BARE, f"{path.name}:{node.lineno}"
            if isinstance(node, ast.ExceptHandler) and path.name != "cli.py":
                caught = "BaseException" if node.type is None else ast.unparse(node.type)
                broad = caught in ("Exception", "BaseException")
                assert not broad or isinstance(node.body[-1], ast.Raise), f"{path.name}:{node.lineno}"


def test_a_question_ends_with_its_own_mark_and_one_row_is_one_row() -> None:
    error = SinosError("column 'byer' is not known", where="a.csv", rows=1, fix="did you mean 'buyer'?")
    assert str(error) == "a.csv: column 'byer' is not known (1 row). Fix: did you mean 'buyer'?"
