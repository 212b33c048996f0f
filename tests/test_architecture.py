"""The import direction, the public names and the module map are what the documents say."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import sinos

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sinos"
BASE = ("errors", "frames", "results", "engine", "engine_spark", "verbs", "lazy", "study", "theory")
STAGES = ("records", "measures", "governance", "upgrading", "propositions", "strategies", "report")
OUTSIDE = (
    "output",
    "datasets",
    "run",
    "kept_outcomes",
    "claims_run",
    "simulate_run",
    "propose",
    "cli_tools",
    "cli_model",
    "cli",
    "__main__",
    "__init__",
)
HEAVY = ("polars", "ibis", "duckdb", "scipy", "matplotlib", "pandas", "pyarrow", "numpy", "pydantic", "typer")


def part(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the parts of Sinos that a file imports, those inside functions and for types included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module] if node.module != "sinos" else [f"sinos.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("sinos.")}
    return found - {"__version__"}


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_file_imports_only_what_comes_before_it(path: Path) -> None:
    here = part(path)
    if here in OUTSIDE:
        allowed = {*BASE, *STAGES, *OUTSIDE}
    elif here in BASE:
        allowed = set(BASE)
    else:
        assert here in STAGES, f"{here} has no place in the flow: add it to ARCHITECTURE.md and to this test"
        allowed = {*BASE, *STAGES[: STAGES.index(here) + 1]}
    assert imported(path) <= allowed


def test_only_the_boundary_touches_narwhals() -> None:
    users = [path for path in FILES if re.search(r"^\s*(import|from) narwhals", path.read_text("utf-8"), re.MULTILINE)]
    assert [path.name for path in users] == ["frames.py"]


def test_no_file_is_longer_than_500_lines() -> None:
    assert [path.name for path in FILES if len(path.read_text("utf-8").splitlines()) > 500] == []


def test_every_public_name_exists_and_is_listed() -> None:
    assert dir(sinos) == sorted(sinos.__all__)
    for name in sinos.__all__:
        assert getattr(sinos, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'meazure'"):
        sinos.meazure  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(sinos.__all__) - {"__version__"}


def test_every_public_name_of_a_package_exists() -> None:
    for path in SOURCE.glob("*/__init__.py"):
        module = import_module(f"sinos.{path.parent.name}")
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{module.__name__}.{name}"


def test_public_things_are_documented() -> None:
    for name in set(sinos.__all__) - {"__version__"}:
        thing = getattr(sinos, name)
        assert inspect.getdoc(thing), name
        if inspect.isfunction(thing):
            assert all(p.annotation is not p.empty for p in inspect.signature(thing).parameters.values()), name


def test_verbs_that_share_their_name_with_a_package_are_callable_whatever_was_imported_first() -> None:
    script = (
        "import sinos.report.tables, sinos.run, sinos, inspect; "
        "assert callable(sinos.report) and callable(sinos.run); "
        "assert 'measures' in inspect.signature(sinos.report).parameters; "
        "assert 'study' in inspect.signature(sinos.run).parameters"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_importing_sinos_loads_nothing_heavy() -> None:
    script = f"import sys, sinos; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert printed(script) == "[]"


def printed(script: str) -> str:
    """What a script prints in a process of its own."""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


ROWS = "pl.DataFrame({'supplier': ['a'], 'buyer': ['x'], 'product': ['1'], 'year': [1990], 'value': [1.0]})"


@pytest.mark.parametrize(
    ("verbs", "spared"),
    [
        ("records = sinos.read(rows); sinos.check(records)", ("ibis", "sqlglot", "scipy", "matplotlib", "pandas")),
        ("sinos.score(sinos.measure(rows))", ("matplotlib", "pandas", "jinja2", "numba", "splink")),
        ("sinos.classify(sinos.measure(rows))", ("matplotlib", "pandas", "jinja2", "numba", "splink")),
    ],
)
def test_verbs_load_only_what_they_need(verbs: str, spared: tuple[str, ...]) -> None:
    script = (
        f"import sys, sinos, polars as pl; rows = {ROWS}; {verbs}; print([n for n in {spared!r} if n in sys.modules])"
    )
    assert printed(script) == "[]"


def test_a_replication_loads_no_tables_and_no_models_of_studies() -> None:
    script = (
        "import sys; from sinos.strategies.replication import futures_of, replicate; "
        "from sinos.strategies.scenario import scenario; "
        "replicate(futures_of(scenario('sinos_valley')), 0, 0, 'reference'); "
        "print([n for n in ('polars', 'narwhals', 'sinos.study.model', 'numba', 'scipy') if n in sys.modules])"
    )
    assert printed(script) == "[]"


def test_strategies_gives_its_functions_whatever_was_imported_first() -> None:
    script = (
        "import sinos.strategies.simulate, sinos.strategies.ablations, sinos.strategies as s; "
        "assert all(callable(getattr(s, name)) for name in set(s.__all__) - {'ABLATIONS'}); "
        "assert s.simulate('sinos_valley', replications=1, engine='reference').frame('paths').height"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_module_map_is_what_the_code_has() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    section = text.split("## Module map")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))
    packages = {f"{path.parent.relative_to(SOURCE).as_posix()}/" for path in SOURCE.glob("*/**/__init__.py")}
    modules = {path.name for path in SOURCE.glob("*.py")} - {"__init__.py"}
    deeper = [path for path in SOURCE.glob("*/**/*.py") if path.name != "__init__.py"]
    inside = {path.relative_to(SOURCE).as_posix() for path in deeper}
    assert named == packages | modules | inside


def test_every_dependency_is_explained() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    runtime = re.findall(r'"([a-z0-9-]+)(?:\[[a-z]+\])?>=', project.split("[project.scripts]")[0].split("dev = [")[0])
    section = (ROOT / "ARCHITECTURE.md").read_text("utf-8").split("## Why each dependency")[1].split("\n## ")[0]
    assert [name for name in runtime if name != "hatchling" and f"`{name}`" not in section] == []
