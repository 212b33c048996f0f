"""Packages whose public names are loaded when first used, so that importing one costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def loader(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``, which imports the module of a name when the name is first asked for.

    Parameters
    ----------
    package
        The package, as it calls itself.
    homes
        Modules below the package, each with the names it gives; a module that gives its own name and holds no other
        thing of that name is given itself.

    Raises
    ------
    AttributeError
        By the function returned, if the package has no such name.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module = import_module(f"{package}.{home_of[name]}")
        value = getattr(module, name, module) if name == home_of[name] else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return load
