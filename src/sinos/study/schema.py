"""The JSON schema of a study file, with which editors complete and check it."""

from __future__ import annotations

import json
from typing import Any

from sinos.study.model import schema


def study_schema() -> dict[str, Any]:
    """Return the published JSON schema of a study file.

    Examples
    --------
    >>> study_schema()["required"]
    ['about', 'tables']
    """
    published = schema()
    published["properties"].pop("folder", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **published,
        "title": "Sinos study file",
    }


def schema_text() -> str:
    """Return the JSON schema as text, as it stands in ``docs/study.schema.json``."""
    return json.dumps(study_schema(), indent=2, ensure_ascii=False) + "\n"
