"""Finding the files of a source and unpacking compressed ones, with a guard against files that unpack without end."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, get_args

from sinos.errors import RecordsError, nearest
from sinos.study.model import Format, Source

SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".xlsx": "excel", ".xls": "excel", ".xlsm": "excel", ".xlsb": "excel", ".ods": "excel", ".dta": "stata",
    ".duckdb": "duckdb", ".ddb": "duckdb", ".sqlite": "sqlite", ".sqlite3": "sqlite", ".db": "sqlite",
}  # fmt: skip
"""File name suffix: format."""

PACKED = (".gz", ".zip")
CHUNK = 1 << 20
SNIFFED: dict[bytes, Format] = {b"PAR1": "parquet", b"SQLite format 3\x00": "sqlite"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to read: where it is now, the name to show for it, and its format."""

    path: Path
    label: str
    format: Format


def locate(source: Source, folder: Path, where: str) -> list[Path]:
    """Return the files that a source names: one file, all data files below a folder, or the matches of a glob.

    Raises
    ------
    RecordsError
        If nothing is there; the nearest names in the same folder are given.
    """
    if source.file is None:
        raise RecordsError("no file, url or data frame is given", where=where, fix="write 'file: NAME' for this table")
    path = Path(source.file) if Path(source.file).is_absolute() else folder / source.file
    if path.is_dir():
        found = sorted(item for item in path.rglob("*") if item.is_file() and _data_suffix(item.name) is not None)
        if not found:
            raise RecordsError(
                f"the folder '{source.file}' holds no data files", where=where, fix=f"put {_known()} files there"
            )
        return found
    if path.is_file():
        return [path]
    if path.exists():
        raise RecordsError(
            f"'{source.file}' is a pipe or a device, not a file", where=where, fix="copy it to a file first"
        )
    if path.is_symlink():
        raise RecordsError(
            f"'{source.file}' is a link to a file that does not exist", where=where, fix="name the file itself"
        )
    if any(mark in source.file for mark in "*?["):
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        found = sorted(item for item in anchor.glob(str(path.relative_to(anchor))) if item.is_file())
        if found:
            return found
        raise RecordsError(f"no file matches '{source.file}'", where=where, fix="check the pattern and its folder")
    raise RecordsError(f"the file '{source.file}' does not exist", where=where, fix=_nearby(path))


def pieces(paths: list[Path], source: Source, scratch: Path, max_gb: float, where: str) -> list[Piece]:
    """Unpack what is compressed into a scratch folder and return every file with its format.

    Raises
    ------
    RecordsError
        If a format cannot be told or differs between the files, or a compressed file is damaged, encrypted or too big.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    limit = int(max_gb * 1e9)
    found = [piece for path in paths for piece in _open(path, source, scratch, limit, where)]
    formats = sorted({piece.format for piece in found})
    if len(formats) > 1:
        raise RecordsError(
            f"the files are of different formats ({', '.join(formats)})", where=where,
            fix="name files of one format, such as 'folder/*.csv'",
        )  # fmt: skip
    return found


def format_of(path: Path, name: str, where: str) -> Format:
    """Tell a file's format from its first bytes, else from its name.

    Raises
    ------
    RecordsError
        If the file is empty or neither tells.
    """
    with path.open("rb") as stream:
        head = stream.read(16)
    if not head:
        raise RecordsError("the file is empty", where=f"{where}: {name}", fix="export it again, or remove it")
    for magic, format_ in SNIFFED.items():
        if head.startswith(magic):
            return format_
    if head[8:12] == b"DUCK":
        return "duckdb"
    known = _data_suffix(name)
    if known is None:
        raise RecordsError(
            f"the format of '{name}' cannot be told from its name", where=where,
            fix=f"write 'format:' with one of {', '.join(get_args(Format))}",
        )  # fmt: skip
    return known


def _open(path: Path, source: Source, scratch: Path, limit: int, where: str) -> Iterator[Piece]:
    if path.is_dir():
        return
    suffix = path.suffix.lower()
    if suffix not in PACKED or source.format in ("excel", "duckdb", "sqlite"):
        yield Piece(path, path.name, source.format or format_of(path, path.name, where))
        return
    room = _Room(limit, f"{where}: {path.name}")
    try:
        if suffix == ".gz":
            with gzip.open(path, "rb") as stream:
                target = _copy(stream, scratch / f"{path.stem}.{_serial(scratch)}", room)
            yield Piece(target, path.name, source.format or format_of(target, path.stem, where))
        else:
            yield from _members(path, source, scratch, room, where)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError) as error:
        raise RecordsError(
            f"the compressed file is damaged or cut short ({error})", where=room.where, fix="download or pack it again"
        ) from error


def _members(path: Path, source: Source, scratch: Path, room: _Room, where: str) -> Iterator[Piece]:
    with zipfile.ZipFile(path) as archive:
        names = sorted(
            info.filename
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/") and _wanted(info.filename, source)
        )
        if not names:
            raise RecordsError("the zip file holds no data files", where=room.where, fix=f"put {_known()} files in it")
        for name in names:
            short = PurePosixPath(name).name
            try:
                with archive.open(name) as stream:
                    target = _copy(stream, scratch / f"{short}.{_serial(scratch)}", room)
            except RuntimeError as error:
                raise RecordsError(
                    f"'{short}' in the zip file is encrypted", where=room.where, fix="unpack it with its password first"
                ) from error
            yield Piece(target, f"{path.name}/{short}", source.format or format_of(target, short, where))


@dataclass(slots=True)
class _Room:
    """Bytes that may still be unpacked, so that a small file cannot fill the disk."""

    left: int
    where: str

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise RecordsError(
                "the compressed file unpacks to more than 'max_file_gb' allows", where=self.where,
                fix="raise options: max_file_gb if the file is what you expect",
            )  # fmt: skip


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, room: _Room) -> Path:
    with target.open("wb") as out:
        while block := stream.read(CHUNK):
            room.take(len(block))
            out.write(block)
    return target


def _serial(scratch: Path) -> int:
    return sum(1 for _ in scratch.iterdir())


def _wanted(name: str, source: Source) -> bool:
    return source.format is not None or _data_suffix(name) is not None


def _data_suffix(name: str) -> Format | None:
    path = PurePosixPath(name.lower())
    if path.suffix == ".zip":
        return "csv"
    if path.suffix == ".gz":
        path = PurePosixPath(path.stem)
    return SUFFIXES.get(path.suffix)


def _known() -> str:
    return ".csv, .tsv, .parquet, .xlsx, .dta, .duckdb or .sqlite"


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder '{path.parent}'; paths are relative to the study file"
    names = [item.name for item in path.parent.iterdir()][:1000]
    if not names:
        return "the folder is empty; paths are relative to the study file"
    hint = nearest(path.name, names)
    return hint if hint.startswith("did") else "check the name; paths are relative to the study file"
