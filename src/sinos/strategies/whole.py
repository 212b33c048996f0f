"""Files of an ensemble that are whole or not there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from sinos.errors import OutputError


def write_whole(file: Path, write: Callable[[Path], object]) -> None:
    """Write under another name beside the file, and rename at the end.

    Parameters
    ----------
    file
        The file; its folder is made.
    write
        Writes to the path it is given.

    Raises
    ------
    OutputError
        If the folder or the file cannot be written; nothing is left then.
    """
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        partial.replace(file)
    except OSError as error:
        raise OutputError(
            f"the file cannot be written ({error.strerror or error})", where=str(file), fix="give another folder"
        ) from error
    finally:
        if partial.exists():
            partial.unlink()
