"""The published schema and the generated pages are what the code has."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from sinos.study.schema import schema_text, study_schema

DOCS = Path(__file__).resolve().parents[2] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["data_contract.md", "catalogue.md", "study_reference.md", "study.schema.json"])
def test_generated_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == generator().PAGES[name](), "run: make docs"


def test_the_schema_hides_what_users_do_not_write() -> None:
    schema = study_schema()
    assert "folder" not in schema["properties"]
    assert set(schema["required"]) == {"about", "tables"}
    assert schema["additionalProperties"] is False
    assert json.loads(schema_text()) == schema


def test_every_key_that_is_not_plain_from_its_name_is_described() -> None:
    described = study_schema()["$defs"]["Source"]["properties"]
    assert all(value.get("description") for value in described.values())
