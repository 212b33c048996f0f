"""The output folder: written beside its place and moved into it at the end, so that it is whole or not there."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinos import __version__
from sinos.errors import OutputError, SinosError

if TYPE_CHECKING:
    from sinos.results import Result

MARK = "provenance.json"
CONFIDENTIAL = "confidential"
CONTENTS = frozenset({"report.html", "tables", CONFIDENTIAL, "findings.json", MARK, "study", "claims"})
"""Everything that Sinos puts into an output folder."""

_IGNORED = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def check_replaceable(out: Path) -> None:
    """Make sure that an output folder may be written, before anything is computed.

    Raises
    ------
    OutputError
        If the path is a file, holds anything that Sinos did not write, or its parent cannot be written.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise OutputError("the output path is not a folder", where=str(out), fix="give another path with --out")
    if out.is_dir():
        names = {entry.name for entry in out.iterdir()} - _IGNORED
        strangers = sorted(names - CONTENTS)
        if strangers or (names and not is_output(out)):
            shown = ", ".join((strangers or sorted(names))[:3])
            raise OutputError(
                f"the folder holds what Sinos did not write ({shown}) and would be replaced",
                where=str(out),
                fix="give an empty or new folder with --out, or move those files away",
            )
    parent = next(folder for folder in out.absolute().parents if folder.exists())
    if not parent.is_dir():
        raise OutputError("a part of the output path is a file", where=str(parent), fix="give another path with --out")


def is_output(folder: Path) -> bool:
    """Tell whether a folder is the output of an earlier run."""
    try:
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(mark, dict) and mark.get("made_by") == "sinos"


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Give a new folder beside ``out``; put it in its place at the end, or delete it if anything went wrong.

    Raises
    ------
    OutputError
        If the folder cannot be written or moved.
    """
    out = out.absolute()
    previous = out.parent / f".{out.name}.previous"
    partial = out.parent / f".{out.name}.{_maker(os.getpid())}-{secrets.token_hex(4)}.partial"
    try:
        _recover(out, previous)
        _sweep(out)
        partial.mkdir(parents=True)
        yield partial
        _swap(out, partial, previous)
    except OSError as error:
        raise OutputError(
            f"the output could not be written ({error.strerror or error})",
            where=str(out),
            fix="name a folder that you may write to, on a disk with free space",
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def provenance_of(stages: Sequence[Result], seed: int, **options: Any) -> dict[str, Any]:
    """Say where an output comes from: version, seed, options, fingerprints of inputs, what is missing, references."""
    return {
        "made_by": "sinos",
        "version": __version__,
        "seed": seed,
        **options,
        "inputs": dict(
            sorted({name: mark for stage in stages for name, mark in stage.provenance.inputs.items()}.items())
        ),
        "missing": [
            {"table": item.table, "column": item.column, "count": item.count, "reason": item.reason}
            for stage in stages
            for item in stage.missing
        ],
        "references": list(dict.fromkeys(text for stage in stages for text in stage.references)),
    }


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON.

    Raises
    ------
    SinosError
        If a value is not finite.
    """
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise SinosError(
            f"a value cannot be written as JSON ({error})", where=path.name, fix="report this as a bug in Sinos"
        ) from error
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _recover(out: Path, previous: Path) -> None:
    """Put back an output that a run killed between two renames had set aside."""
    if previous.is_dir() and not out.exists():
        previous.rename(out)
    shutil.rmtree(previous, ignore_errors=True)


def _maker(process: int) -> str:
    """Return the part of a temporary folder's name that says which process on which machine writes it."""
    return f"{re.sub('[^A-Za-z0-9]', '_', platform.node())}-{process}"


def _sweep(out: Path) -> None:
    """Remove half-written folders beside ``out`` whose process on this machine was killed; leave all others."""
    if os.name == "nt" or not out.parent.is_dir():  # Windows has no signal that only asks whether a process lives
        return
    for folder in out.parent.iterdir():
        found = re.fullmatch(rf"\.{re.escape(out.name)}\.(.+-(\d+))-[0-9a-f]{{8}}\.partial", folder.name)
        if found and found.group(1) == _maker(int(found.group(2))) and not _lives(int(found.group(2))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    """Tell whether a process exists; one of another user, which may not be asked, does."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _swap(out: Path, partial: Path, previous: Path) -> None:
    if out.exists():
        out.rename(previous)
    try:
        partial.rename(out)
    except OSError:
        if previous.exists():
            previous.rename(out)
        raise
    shutil.rmtree(previous, ignore_errors=True)
