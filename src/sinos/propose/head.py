"""The first rows of a long file: enough to guess what its columns are, however large the file is."""

from __future__ import annotations

import codecs
import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from sinos.engine import DuckDBEngine, quoted
from sinos.records.readers_files import SUFFIXES
from sinos.records.sniff import FALLBACK, guess_encoding

HEAD = 4 << 20
"""Bytes of a text file that are looked at; a shorter file is read whole."""

ROWS = 20_000
"""Rows of a database or Parquet file that are looked at."""


@dataclass(frozen=True, slots=True)
class Head:
    """A file to read in the place of a longer one.

    Attributes
    ----------
    path
        A copy of the first rows as UTF-8 text, or the file itself where it is read whole.
    whole
        Whether that is everything the file has.
    """

    path: Path
    whole: bool


def first_rows(file: Path, scratch: Path) -> Head:
    """Copy the first rows of a long text file, packed or not; any other file is given back as it is.

    Parameters
    ----------
    file
        Any data file or folder.
    scratch
        Folder for the copy.

    Examples
    --------
    >>> first_rows(Path("nowhere.csv"), Path()).whole
    True
    """
    if not file.is_file() or not _is_text(file):
        return Head(file, whole=True)
    try:
        with _opened(file) as stream:
            block = b"" if stream is None else stream.read(HEAD + 1)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return Head(file, whole=True)  # the reader says what is wrong with it
    if len(block) <= HEAD:
        return Head(file, whole=True)
    text = _whole_records(_decoded(block[:HEAD]))
    if not text:
        return Head(file, whole=True)
    target = scratch / f"head_of_{PurePosixPath(file.name).stem}.csv"
    target.write_text(text, encoding="utf-8", newline="")
    return Head(target, whole=False)


def shorten(engine: DuckDBEngine) -> None:
    """Keep only the first rows of the view ``native_transactions``, in their order."""
    engine.execute("SET preserve_insertion_order = true")
    engine.execute(f"CREATE TABLE {quoted('head')} AS SELECT * FROM native_transactions LIMIT {ROWS}")
    engine.execute("SET preserve_insertion_order = false")


def _is_text(file: Path) -> bool:
    suffixes = [suffix.lower() for suffix in file.suffixes]
    kind = suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else suffixes[-1] if suffixes else ""
    return kind == ".zip" or SUFFIXES.get(kind) in ("csv", "tsv")


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes] | None]:
    """Open a text file, unpacked where it is packed; nothing where a zip file holds anything but one text file."""
    if file.suffix.lower() == ".gz":
        with gzip.open(file, "rb") as packed:
            yield cast(IO[bytes], packed)
    elif file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            if len(names) == 1 and _is_text(Path(names[0])):
                with archive.open(names[0]) as member:
                    yield member
            else:
                yield None
    else:
        with file.open("rb") as stream:
            yield stream


def _decoded(block: bytes) -> str:
    encoding = guess_encoding(block, whole=False)
    try:
        return codecs.getincrementaldecoder(encoding)().decode(block, final=False)
    except UnicodeError:
        return block.decode(FALLBACK, errors="replace")


def _whole_records(text: str) -> str:
    """Cut a text behind its last whole record: at the last line end that does not stand inside quotes."""
    end = len(text)
    while (end := max(text.rfind("\n", 0, end), text.rfind("\r", 0, end))) > 0:
        if text.count('"', 0, end) % 2 == 0:
            return text[: end + 1]
    return ""
