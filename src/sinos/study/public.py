"""What outputs may say about a study: every option in force, but no secret and nothing that numbers ignore."""

from __future__ import annotations

import re
from typing import Any

from sinos.study.model import Study

SILENT_OPTIONS = ("memory", "threads", "temp")
"""Options that numbers do not depend on; they are left out so that outputs do not depend on them either."""

DEPTH_OPTIONS = ("depth", "tfp_method")
"""Options of estimators; they are left out where none is asked for, because then nothing depends on them."""

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
    if not study.upgrading.depth:
        for name in DEPTH_OPTIONS:
            values["upgrading"].pop(name)
    for source in values["tables"].values():
        if source is not None and source["url"] is not None:
            source["url"] = without_password(source["url"])
    return values


def without_password(url: str) -> str:
    """Return the address of a database without a password, whether it stands before the host or among the parameters.

    Examples
    --------
    >>> without_password("postgresql://ana:secret@host/db")
    'postgresql://ana@host/db'
    >>> without_password("postgresql:///db?user=ana&sslpassword=s&password=secret&port=1")
    'postgresql:///db?user=ana&port=1'
    """
    bare = re.sub(r"(://[^:/@]*):[^@]*@", r"\1@", url)
    return re.sub(r"(?i)(?<=[?&])(?:ssl)?password=[^&]*&?", "", bare).rstrip("?&")
