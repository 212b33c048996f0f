"""What outputs may say about a study: every option in force, but no secret and nothing that numbers ignore."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sinos.study.model import Study

SILENT_OPTIONS = ("memory", "threads", "temp")
"""Options that numbers do not depend on; they are left out so that outputs do not depend on them either."""

WITHHELD = "(kept secret)"


def public_options(study: Study) -> dict[str, Any]:
    """Return a study as plain values for provenance: without salt, passwords, and the engine's resources.

    Examples
    --------
    >>> tables = {"transactions": {"url": "postgresql://ana:secret@host/db", "table": "sales"}}
    >>> study = Study.model_validate({"about": {"title": "Shoes"}, "tables": tables})
    >>> public_options(study)["tables"]["transactions"]["url"]
    'postgresql://ana@host/db'
    """
    values: dict[str, Any] = study.model_dump(mode="json")
    for name in SILENT_OPTIONS:
        values["options"].pop(name)
    if values["disclosure"]["salt"] is not None:
        values["disclosure"]["salt"] = WITHHELD
    for source in values["tables"].values():
        if source is not None and source["url"] is not None:
            source["url"] = without_password(source["url"])
    return values


def without_password(url: str) -> str:
    """Return the address of a database without the password in it.

    Examples
    --------
    >>> without_password("sqlite:///file.db")
    'sqlite:///file.db'
    """
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")))
