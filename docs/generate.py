"""Write the pages of docs/ that are made from packaged tables: run ``make docs`` after changing one."""

from __future__ import annotations

import ast
import types
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from sinos.study.explain import expected
from sinos.study.load import REPAIRS
from sinos.study.model import Condition, Source, Study
from sinos.study.schema import schema_text
from sinos.theory import CatalogueEntry, catalogue, contract, contract_tables, outputs, upgrading_catalogue

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "sinos"
FLOW = ("study", "theory", "records", "measures", "governance", "upgrading", "propositions", "strategies",
        "datasets", "report", "propose")  # fmt: skip
NOTE = "<!-- Made by docs/generate.py from the packaged tables: change those, then run `make docs`. -->\n\n"
LEVELS = {
    "relation_years": "one row per supplier, buyer and year",
    "supplier_years": "one row per supplier and year",
    "buyer_years": "one row per buyer and year",
    "buyer_product_years": "one row per buyer, product and year",
    "product_years": "one row per product and year",
    "cluster_years": "one row per cluster and year",
}


UPGRADING = {
    "upgrading_measures": "Measures of upgrading that are scored (the column `measure` of upgrading_measures)",
    "function": "Deeper estimators of upgrading (functions of the Python API)",
}


def data_contract() -> str:
    """Return the page of the data contract."""
    text = NOTE + (
        "# Data contract\n\nThe tables that Sinos reads. Only `transactions` is required. Names are mapped once,\n"
        "in the study file; after that these names hold everywhere. Codes are strings, so that leading zeros survive.\n"
        "`sinos schema [TABLE]` shows the same on the command line.\n"
    )
    for table in contract_tables():
        rows = [(f"`{c.column}`", c.type, c.unit, c.required, c.meaning, c.used_by) for c in contract(table)]
        text += f"\n## {table}\n\n" + _table(("column", "type", "unit", "required", "meaning", "used by"), rows)
    return text


def measure_catalogue() -> str:
    """Return the page of the measures and of the columns of all other output tables."""
    text = NOTE + (
        "# Catalogue of measures and output tables\n\n"
        "Every measure has one entry here, one function and its tests. A value that cannot be computed is empty,\n"
        "and the report and `provenance.json` say how many are empty and why.\n"
    )
    header = ("measure", "unit", "range", "formula", "source", "needs")
    for level in dict.fromkeys(row.level for row in catalogue()):
        rows = [(f"`{r.name}`", r.unit, r.range, r.formula, r.source, r.needs) for r in catalogue() if r.level == level]
        text += f"\n## {level}\n\n{LEVELS.get(level, '').capitalize()}.\n\n" + _table(header, rows)
    for level in dict.fromkeys(row.level for row in upgrading_catalogue()):
        rows = [(f"`{r.name}`", r.unit, r.range, r.formula, r.source, r.needs) for r in _at(level)]
        text += f"\n## {UPGRADING[level]}\n\n" + _table(
            ("measure", "unit", "range", "formula", "source", "needs"), rows
        )
    for table in dict.fromkeys(row.table for row in outputs()):
        found = [(f"`{r.column}`", r.type, r.unit, r.meaning) for r in outputs() if r.table == table]
        text += f"\n## {table}\n\n" + _table(("column", "type", "unit", "meaning"), found)
    return text


def _at(level: str) -> list[CatalogueEntry]:
    return [row for row in upgrading_catalogue() if row.level == level]


def study_reference() -> str:
    """Return the reference part of the page on the study file."""
    text = NOTE + (
        "# Keys of a study file\n\nEvery key with what it takes and its default. "
        "[study_file.md](study_file.md) is the guide.\n"
    )
    for name, field in Study.model_fields.items():
        if name in ("folder", "repairs", "tables"):
            continue
        part = _model(field.annotation)
        if part is not None:
            text += f"\n## {name}\n\n{_sentence(part)}\n\n" + _keys(part)
    text += "\n## tables\n\nOne group per table of the [data contract](data_contract.md), each with these keys:\n\n"
    text += _keys(Source)
    text += "\n## repairs\n\nA list; repairs are applied in order, counted and reported.\n"
    for verb, model in REPAIRS.items():
        text += f"\n### {verb}\n\n{_sentence(model)}\n\n" + _keys(model)
    return text + "\n### Conditions\n\nWhat `filter` and `drop` take.\n\n" + _keys(Condition)


def module_map() -> str:
    """Return the module map of ARCHITECTURE.md: every package and module with the first line of its docstring."""
    paths = [*sorted(SOURCE.glob("*.py"))]
    for package in FLOW:
        paths += sorted((SOURCE / package).rglob("*.py"), key=_order)
    rows = []
    for path in paths:
        if path == SOURCE / "__init__.py":
            continue
        name = path.relative_to(SOURCE).as_posix().removesuffix("__init__.py")
        summary = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        rows.append((f"`{name}`", " ".join(summary.split()).replace("``", "`")))
    return "\n\nMade by `make docs` from the first line of every module.\n\n" + _table(("module", "what"), rows)


def _order(path: Path) -> tuple[str, bool, str]:
    return (path.parent.as_posix(), path.name != "__init__.py", path.name)


PAGES = {
    "data_contract.md": data_contract,
    "catalogue.md": measure_catalogue,
    "study_reference.md": study_reference,
    "study.schema.json": schema_text,
}


def _keys(model: type[BaseModel]) -> str:
    rows = []
    for name, field in model.model_fields.items():
        rows.append((f"`{name}`", expected(field.annotation), _default(field), field.description or ""))
    return _table(("key", "takes", "default", "meaning"), rows)


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value in (None, "", (), {}):
        return ""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _model(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n")[0].strip()


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def main() -> None:
    """Write every page."""
    for name, make in PAGES.items():
        (Path(__file__).parent / name).write_text(make(), encoding="utf-8", newline="\n")
    page = ROOT / "ARCHITECTURE.md"
    before, rest = page.read_text(encoding="utf-8").split("## Module map")
    after = rest.partition("\n## ")[2]
    page.write_text(f"{before}## Module map{module_map()}\n## {after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
