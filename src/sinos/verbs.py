"""Modules that are also verbs: ``sinos.report`` and ``sinos.run`` are packages of code and functions to call."""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any


class Verb(ModuleType):
    """A module that can be called: it passes the call on to the function of its own name.

    Importing ``sinos.report`` binds that name to the module. Without this, whether ``sinos.report(...)`` worked would
    depend on what was imported before.
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the function that has the module's own name."""
        return self._function(*args, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @property
    def _function(self) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])


def make_callable(module: str) -> None:
    """Let a loaded module be called like the function of its own name."""
    sys.modules[module].__class__ = Verb
