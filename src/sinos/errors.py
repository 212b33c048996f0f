"""Errors: one tree, each saying what is wrong, where, how many, and the exact fix.

Every error raised by Sinos for something a user did or supplied derives from :class:`SinosError`. Its parts are fields,
so that a page, a test or a script can use them without parsing text.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class SinosError(ValueError):
    """Base of all errors about what the user did or supplied.

    Parameters
    ----------
    what
        What is wrong, naming what was given.
    where
        File, table, column, key, line or row at which it is wrong.
    rows
        How many rows are affected, where that has a meaning.
    fix
        The exact thing to do.

    Examples
    --------
    >>> print(SinosError("column 'valu' is not in the file", where="exports.csv", fix="write 'value'"))
    exports.csv: column 'valu' is not in the file. Fix: write 'value'.
    """

    def __init__(self, what: str, *, where: str | None = None, rows: int | None = None, fix: str) -> None:
        self.what, self.where, self.rows, self.fix = what, where, rows, fix
        super().__init__(self._text())

    def _text(self) -> str:
        where = f"{self.where}: " if self.where else ""
        rows = f" ({self.rows:,} {'row' if self.rows == 1 else 'rows'})" if self.rows is not None else ""
        return f"{where}{_ended(self.what + rows)} Fix: {_ended(self.fix)}"


def _ended(sentence: str) -> str:
    """End a sentence with a full stop, unless it ends with a question."""
    return sentence if sentence.endswith("?") else f"{sentence.rstrip('.')}."


class StudyError(SinosError):
    """The study file (or the options given in its place) is wrong: names the key and the line."""


class RecordsError(SinosError):
    """An input file, database or frame cannot be read, or lacks what the data contract requires."""


class StrictCheckError(SinosError):
    """A check that the user made strict found something."""


class MeasureError(SinosError):
    """A measure cannot be computed as asked."""


class GovernanceError(SinosError):
    """The governance evidence, labels or options are wrong."""


class UpgradingError(SinosError):
    """An upgrading option or input is wrong."""


class TheoryError(SinosError):
    """A packaged or overlaid theory table is wrong."""


class EngineError(SinosError):
    """The query engine cannot start, or ran out of what the user allowed it."""


class OutputError(SinosError):
    """An output folder or file cannot be written."""


class UnknownNameError(SinosError):
    """A name (data set, table, measure, option) does not exist; the nearest valid ones are given."""


class MissingExtraError(SinosError):
    """An optional dependency is needed and not installed; the fix is the exact install command."""

    def __init__(self, package: str, extra: str, *, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed",
            fix=f"pip install 'sinos[{extra}]'",
        )


def nearest(word: str, valid: Iterable[str]) -> str:
    """Return a phrase that names the nearest valid word, or all of them when none is near.

    Examples
    --------
    >>> nearest("byer", ["supplier", "buyer"])
    "did you mean 'buyer'?"
    >>> nearest("zzz", ["supplier", "buyer"])
    'use one of: buyer, supplier'
    """
    options = sorted({str(name) for name in valid})
    close = get_close_matches(str(word), options, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{close[0]}'?"
    return "use one of: " + ", ".join(options)
