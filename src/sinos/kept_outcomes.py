"""Outcomes of ``sinos test`` kept by fingerprint: what was computed once from the same inputs is copied, not computed.

The fingerprint covers the bytes of every file that the study names, the study's options and seed, the claims asked for,
all of Sinos's own files (code and theory), and the versions of the libraries that compute. Entries are folders in the
user's own cache folder, readable by the user alone; every file in one is listed with its SHA-256 and checked on use.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sinos import __version__
from sinos.errors import OutputError
from sinos.study.model import BuyerGroups, Convert, ResolveNames, Study, Tables
from sinos.study.public import SILENT_OPTIONS

LIBRARIES = (
    "duckdb", "ibis-framework", "lifelines", "linearmodels", "maketables", "matplotlib", "narwhals", "numpy",
    "pandas", "polars", "pyarrow", "pyfixest", "python-calamine", "scipy", "splink", "statsmodels", "xlsxwriter",
)  # fmt: skip
"""Libraries whose version is part of the fingerprint, because outputs are made with them."""

LARGEST = 20
"""Entries that are kept; the ones unused for longest go first."""

LIST, TABLES, OUTPUT = "entry.json", "claims", "output"


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept outcome whose files are whole.

    Attributes
    ----------
    folder
        Where it is.
    facts
        What was stored beside the tables, as plain values.
    """

    folder: Path
    facts: Mapping[str, Any]

    def tables(self) -> dict[str, Path]:
        """Return the file of each table, in the order in which they were stored."""
        return {name: self.folder / TABLES / f"{name}.parquet" for name in self.facts["tables"]}

    def copy_output(self, place: Path) -> None:
        """Copy the output folder's files into a folder, with the permissions of new files."""
        for name in self.facts["files"]:
            if name.startswith(f"{OUTPUT}/"):
                target = place / name.removeprefix(f"{OUTPUT}/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((self.folder / name).read_bytes())


class Damaged(Exception):  # noqa: N818 - it is a finding, not an error of the user
    """An entry is there but not as it was written."""


def place() -> Path:
    """Return the folder of kept outcomes: ``sinos/claims`` in ``SINOS_CACHE_DIR``, else in the user's cache folder."""
    base = os.environ.get("SINOS_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "sinos" / "claims"


def fingerprint(study: Study, claims: str | None) -> str | None:
    """Return the SHA-256 of everything that the outcome depends on.

    None where that cannot be known or a kept outcome would not be the same: tables on a database server, a study that
    writes a map of names, and files that cannot be read (the readers say why).
    """
    sources = [getattr(study.tables, name) for name in Tables.model_fields]
    on_server = any(item and item.url and not item.url.startswith(("sqlite:", "duckdb:")) for item in sources)
    if on_server or any(isinstance(repair, ResolveNames) and repair.save for repair in study.repairs):
        return None
    options = study.model_dump(mode="json")
    for name in SILENT_OPTIONS:
        options["options"].pop(name)
    system = {"sinos": __version__, "python": platform.python_version(), "machine": platform.machine()}
    facts = {"study": options, "claims": claims or "all", **system, "libraries": {n: _version(n) for n in LIBRARIES}}
    mark = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    try:
        for file in _own_files():
            mark.update(file.read_bytes())
        for label, file in _inputs(study):
            mark.update(f"|{label}|{_digest(file)}".encode())
    except OSError:
        return None
    return mark.hexdigest()


def recall(key: str, *, output: bool) -> Entry | None:
    """Return the kept outcome of a fingerprint, or nothing.

    Parameters
    ----------
    key
        The fingerprint.
    output
        Whether the files of an output folder are wanted too; an entry without them counts as nothing.

    Raises
    ------
    Damaged
        If an entry is there but a file in it is missing or was changed.
    """
    folder = place() / key
    if not folder.is_dir() or not _ours(place()):
        return None
    try:
        facts = json.loads((folder / LIST).read_text(encoding="utf-8"))
        files, seal = facts["files"], facts.pop("seal")
        whole = _seal(facts) == seal and all(_digest(folder / name) == mark for name, mark in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(str(folder)) from error
    if not whole:
        raise Damaged(str(folder))
    if output and not facts["output"]:
        return None
    with suppress(OSError):
        os.utime(folder)
    return Entry(folder, facts)


def remember(key: str, tables: Mapping[str, Any], facts: Mapping[str, Any], output: Path | None) -> None:
    """Keep an outcome: its tables, plain facts beside them, and a copy of the output folder if there is one.

    Raises
    ------
    OutputError
        If the cache folder is not the user's own or cannot be written.
    """
    base = place()
    partial = base / f".{key[:16]}.{secrets.token_hex(4)}.partial"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(base):
            raise OutputError(
                "the cache folder belongs to another user or is a link", where=str(base),
                fix="set SINOS_CACHE_DIR to a folder of your own, or give --no-cache",
            )  # fmt: skip
        base.chmod(0o700)
        (partial / TABLES).mkdir(mode=0o700, parents=True)
        for name, frame in tables.items():
            frame.write_parquet(partial / TABLES / f"{name}.parquet")
        if output is not None:
            shutil.copytree(output, partial / OUTPUT)
        _finish(partial, {**facts, "tables": list(tables), "output": output is not None})
        target = base / key
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        _forget_oldest(base)
    except OSError as error:
        raise OutputError(
            f"the outcome cannot be kept ({error.strerror or error})", where=str(base),
            fix="set SINOS_CACHE_DIR to a folder that you may write to, or give --no-cache",
        ) from error  # fmt: skip
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def entries() -> tuple[Path, ...]:
    """Return the folders of all kept outcomes, the one unused for longest first."""
    base = place()
    found = [path for path in base.iterdir() if path.is_dir()] if base.is_dir() else []
    return tuple(sorted(found, key=lambda path: (path.stat().st_mtime, path.name)))


def clear() -> int:
    """Delete all kept outcomes and return how many there were."""
    found = entries()
    for folder in found:
        shutil.rmtree(folder, ignore_errors=True)
    return len(found)


def plain(missing: Any, provenance: Any) -> dict[str, Any]:
    """Return what a result holds beside its tables as plain values; see :class:`sinos.results.Result`."""
    return {"missing": [asdict(item) for item in missing], "provenance": provenance.as_dict()}


def _finish(folder: Path, facts: dict[str, Any]) -> None:
    """Close a folder to others and write the list of its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    facts["files"] = {path.relative_to(folder).as_posix(): _digest(path) for path in files}
    text = json.dumps({**facts, "seal": _seal(facts)}, ensure_ascii=False)
    (folder / LIST).write_text(text, encoding="utf-8")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _forget_oldest(base: Path) -> None:
    for folder in entries()[:-LARGEST]:
        shutil.rmtree(folder, ignore_errors=True)


def _ours(folder: Path) -> bool:
    """Tell whether a folder is the user's own, and no link to somewhere else."""
    uid = getattr(os, "getuid", lambda: None)()  # there are no user numbers on Windows
    return not folder.is_symlink() and (uid is None or folder.stat().st_uid == uid)


def _own_files() -> Iterator[Path]:
    """Give Sinos's own files, whose bytes decide what is computed."""
    root = Path(__file__).parent
    for path in sorted(root.rglob("*")):
        if path.suffix in {".py", ".csv", ".yaml", ".html", ".css", ".js", ".j2", ".json"} and path.is_file():
            yield path


def _inputs(study: Study) -> Iterator[tuple[str, Path]]:
    """Give every file that a study names, with the key that names it; nothing for files that do not exist."""
    named: list[tuple[str, str | None]] = []
    for table in Tables.model_fields:
        source = getattr(study.tables, table)
        if source is not None:
            named.append((table, source.file if source.url is None else _file_of(source.url)))
    for number, repair in enumerate(study.repairs):
        if isinstance(repair, Convert):
            named.append((f"repair {number}", repair.file))
        elif isinstance(repair, ResolveNames):
            named.append((f"repair {number}", repair.labels))
        elif isinstance(repair, BuyerGroups) and repair.buyer_groups != "buyers":
            named.append((f"repair {number}", repair.buyer_groups))
    named.append(("theory", study.governance.theory))
    for label, name in named:
        if name is not None:
            yield from ((f"{label}|{path.name}", path) for path in _files(study.folder / name))


def _file_of(url: str) -> str:
    rest = url.partition("://")[2]
    return rest[1:] if rest.startswith("/") and not rest.startswith("//") else rest.replace("//", "/", 1)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(item for item in path.rglob("*") if item.is_file())
    if path.exists():
        return [path]
    anchor = Path(path.anchor)
    pattern = str(path.relative_to(anchor)) if path.is_absolute() else str(path)
    return sorted(item for item in anchor.glob(pattern) if item.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
