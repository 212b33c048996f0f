"""Bundled data sets: what there is, what each is, and the frames themselves. All are made by a program, from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sinos.datasets.account import read_account
from sinos.datasets.reconstruction import Reconstruction
from sinos.datasets.valley import SEED, sinos_valley
from sinos.errors import UnknownNameError, nearest
from sinos.frames import like

if TYPE_CHECKING:
    from sinos.frames import FrameKind

__all__ = ["SEED", "Reconstruction", "available", "explain", "load", "sinos_valley"]

_MAKERS: dict[str, Callable[[int], Reconstruction]] = {"sinos_valley": sinos_valley}


def available(*, kind: FrameKind = "pandas") -> Any:
    """Return the data sets as a table: name, title, rows (transactions at the default seed), description.

    Examples
    --------
    >>> available(kind="polars")["name"].to_list()
    ['sinos_valley']
    """
    import polars as pl

    about = read_account().about
    row = {name: about[name] for name in ("name", "title", "rows", "description")}
    return like(pl.DataFrame([row]), kind)


def explain(name: str) -> str:
    """Return what a data set is: title, description, caveats, source and licence.

    Raises
    ------
    UnknownNameError
        If there is no data set of that name.
    """
    _maker(name)
    about = read_account().about
    caveats = "\n".join(f"- {text}" for text in about["caveats"])
    return (
        f"{about['title']}\n\n{about['description']}\n\nRead this first:\n{caveats}\n\n"
        f"Source: {about['source']}\nLicence: {about['licence']}"
    )


def load(name: str, *, seed: int = SEED) -> Reconstruction:
    """Make a data set.

    Parameters
    ----------
    name
        Name, as in :func:`available`.
    seed
        Seed of all random numbers.

    Raises
    ------
    UnknownNameError
        If there is no data set of that name.
    """
    return _maker(name)(seed)


def _maker(name: str) -> Callable[[int], Reconstruction]:
    if name not in _MAKERS:
        raise UnknownNameError(f"there is no data set '{name}'", where="datasets", fix=nearest(name, _MAKERS))
    return _MAKERS[name]
