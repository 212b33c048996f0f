"""Results kept by fingerprint: the same tables, options and version give the same verdicts without computing again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from sinos import __version__
from sinos.errors import OutputError
from sinos.results import Result

_SESSION: dict[str, dict[str, pl.DataFrame]] = {}
LARGEST = 16
"""Results that are kept for the session."""


def fingerprint(stages: Sequence[Result], claims: Sequence[str], robustness: bool) -> str:
    """Return the SHA-256 of everything that verdicts depend on."""
    mark = hashlib.sha256(f"{__version__}|{','.join(claims)}|{robustness}".encode())
    for name in ("claims", "evidence_register"):
        mark.update((files("sinos.theory") / f"{name}.yaml").read_bytes())
    for stage in stages:
        mark.update(str(stage.provenance.seed).encode())
        for name in sorted(stage.frames):
            frame = stage.frame(name)
            mark.update(f"{name}|{frame.columns}|{frame.height}".encode())
            mark.update(frame.hash_rows(seed=1).to_numpy().tobytes())
    return mark.hexdigest()


def recall(
    key: str, folder: str | Path | None, schemas: Mapping[str, Mapping[str, Any]]
) -> dict[str, pl.DataFrame] | None:
    """Return kept tables, or nothing; a damaged copy counts as nothing."""
    if key in _SESSION:
        return _SESSION[key]
    if folder is None:
        return None
    place = Path(folder) / key
    try:
        found = {name: pl.read_parquet(place / f"{name}.parquet") for name in schemas}
    except (OSError, pl.exceptions.PolarsError):
        return None
    whole = all(dict(frame.schema) == dict(schemas[name]) for name, frame in found.items())
    return found if whole else None


def remember(key: str, frames: Mapping[str, pl.DataFrame], folder: str | Path | None) -> None:
    """Keep tables for the session, and in a folder if one is given.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    _SESSION[key] = dict(frames)
    while len(_SESSION) > LARGEST:
        _SESSION.pop(next(iter(_SESSION)))
    if folder is None:
        return
    place = Path(folder) / key
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            frame.write_parquet(place / f"{name}.parquet")
    except OSError as error:
        raise OutputError(
            f"the cache cannot be written ({error.strerror})", where=str(folder), fix="name another folder, or none"
        ) from error
