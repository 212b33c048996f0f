"""Keyed hashing of identifiers, and fingerprints of input tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from sinos.engine import DuckDBEngine, quoted
from sinos.errors import StudyError
from sinos.records.store import RESERVED, scalars, types
from sinos.study.model import Study

HASHED: Mapping[str, tuple[str, ...]] = {
    "transactions": ("supplier", "buyer", "brand_owner", "consignee"),
    "suppliers": ("supplier", "parent_firm", "owner"),
    "buyers": ("buyer", "group"),
    "relations": ("supplier", "buyer"),
    "coverage": ("reporter",),
}
"""Identifying columns of each table of the contract."""

LENGTH = 10
"""Bytes of a hashed identifier: two of 10 million firms collide with a probability of about 4e-11."""

WITHHELD = "(withheld)"
"""What stands for the salt in everything that leaves the stage."""

SHORTEST = 2
"""Identifiers of fewer characters than this are replaced in texts only where they are the whole text."""


def salt_of(study: Study) -> str | None:
    """Return the secret key of a study in hashed mode, or None when identifiers stay as they are.

    Raises
    ------
    StudyError
        If ``hash_ids`` is on and no salt is given.
    """
    if not study.disclosure.hash_ids:
        return None
    salt = study.disclosure.salt
    if not salt or salt == WITHHELD:
        raise StudyError(
            "hash_ids needs a secret: without one, hashes of known names could be looked up", where="disclosure: salt",
            fix="write 'salt:' with a long random text and keep it to yourself",
        )  # fmt: skip
    return salt


def hash_name(name: str, salt: str) -> str:
    """Return the keyed BLAKE2b hash of an identifier, as 20 hexadecimal digits.

    Examples
    --------
    >>> hash_name("Acme", "secret") == hash_name("Acme", "secret") != hash_name("Acme", "other")
    True
    """
    key = hashlib.blake2b(salt.encode(), digest_size=32).digest()
    return hashlib.blake2b(name.encode(), key=key, digest_size=LENGTH).hexdigest()


def protect(frame: pl.DataFrame, columns: Sequence[str], salt: str, *, keep: Iterable[str] = ("*",)) -> pl.DataFrame:
    """Replace the identifiers in some columns of a frame by their keyed hashes; columns it lacks are skipped.

    Parameters
    ----------
    frame
        Any frame; missing values stay missing.
    columns
        Columns of identifiers.
    salt
        The secret key.
    keep
        Values that are no identifiers.
    """
    spared = set(keep)
    for column in columns:
        if column in frame.columns:
            names = [str(name) for name in frame[column].drop_nulls().unique() if name not in spared]
            hashes = {name: hash_name(name, salt) for name in names}
            frame = frame.with_columns(pl.col(column).cast(pl.String).replace(hashes))
    return frame


def scrubber(names: Iterable[str], salt: str) -> Callable[[str], str]:
    """Return a function that replaces every identifier inside a text by its keyed hash, whatever its capitals."""
    known: dict[str, str] = {}
    for name in sorted(set(names)):
        known.setdefault(name.casefold(), name)
    long = pl.Series([[name for name in known if len(name) >= SHORTEST]], dtype=pl.List(pl.String))

    def scrub(text: str) -> str:
        whole = known.get(text.strip().casefold())
        if whole is not None:
            return hash_name(whole, salt)
        found = pl.Series([text.casefold()]).str.extract_many(long, overlapping=True).item(0)
        for name in sorted(set(found), key=lambda item: (-len(item), item)):
            pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
            text = re.sub(pattern, hash_name(known[name], salt), text, flags=re.IGNORECASE)
        return text

    return scrub


def scrub_frame(frame: pl.DataFrame, keep: Sequence[str], scrub: Callable[[str], str]) -> pl.DataFrame:
    """Apply a scrubber to the columns of a frame that hold texts or lists of texts, apart from those to keep."""
    for column in frame.columns:
        type_ = None if column in keep else frame.schema[column]
        if type_ == pl.String:
            cells: list[object] = [None if text is None else scrub(text) for text in frame[column].to_list()]
        elif type_ == pl.List(pl.String):
            cells = [None if row is None else [scrub(text) for text in row] for row in frame[column].to_list()]
        else:
            continue
        frame = frame.with_columns(pl.Series(column, cells, dtype=type_))
    return frame


def fingerprint(engine: DuckDBEngine, view: str) -> str:
    """Return the fingerprint of a table: a SHA-256 that does not depend on the order of its rows or columns.

    It is taken over the sorted column names, the number of rows, and the sum (modulo 2^128) of a 64-bit hash of each
    row's cells, in the types of the source. DuckDB's hash is stable within a version of DuckDB, which Sinos pins.
    """
    columns = sorted(name for name in types(engine, view) if name not in RESERVED)
    cells = ", ".join(quoted(name) for name in columns)
    rows, total = scalars(engine, f"SELECT count(*), sum(hash({cells})::HUGEINT) FROM {quoted(view)}")
    return hashlib.sha256(repr((columns, rows, total)).encode()).hexdigest()
