"""Compilation of the kernel: options that keep results exact, and a cache that a change of the sources always misses.

``nogil`` lets replications run in threads. Fast arithmetic is never allowed: it would change bits. The compiler's own
cache looks only at the file of a function, not at what the function calls, and freezes constants; so the cache folder
is named by a hash of all kernel sources, the compiler's version and the processor.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from sinos.errors import MissingExtraError

try:
    import numba
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("numba", "simulate", purpose="the simulation") from error

EXACT: Final[dict[str, Any]] = {"nogil": True, "error_model": "numpy", "fastmath": False, "boundscheck": False}
"""Options of all compiled functions."""

HASHED: Final = (
    *("kernel_*.py", "arithmetic.py", "metrics.py", "names.py"),
    *("parameters.py", "random.py", "reference_start.py", "state.py"),
)
"""Sources that end up in compiled code."""

#: A kernel function: the compiler finds the types of its arguments itself.
Kernel = Callable[..., Any]


def compiled(function: Kernel) -> Kernel:
    """Return the compiled form of a kernel function that Python calls; it is kept in the cache folder."""
    return _kept(function)


def scalar(function: Kernel) -> Kernel:
    """Return the compiled form of a function of single numbers, which becomes part of every loop that calls it."""
    return _kept(function, forceinline=True)


def inner(function: Kernel) -> Kernel:
    """Return a kernel function that becomes part of every compiled function that calls it.

    It allocates no memory, so that references to arrays need not be counted, which would cost more than the work.
    """
    return _hidden(function, forceinline=True, _nrt=False)


def stage(function: Kernel) -> Kernel:
    """Return a kernel function that stays a function of its own, and may allocate memory."""
    return _hidden(function)


def _kept(function: Kernel, **options: Any) -> Kernel:
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = cache_folder()
    try:
        decorator: Any = numba.njit(cache=True, **EXACT, **options)
        return cast(Kernel, decorator(function))
    finally:
        settings.CACHE_DIR = before


def _hidden(function: Kernel, **options: Any) -> Kernel:
    # Without an entry from Python it compiles faster.
    hidden: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    decorator: Any = numba.njit(**hidden, **EXACT, **options)
    return cast(Kernel, decorator(function))


@cache
def cache_folder() -> str:
    """Return the folder of compiled code for these sources, this compiler and this processor."""
    import llvmlite.binding as llvm

    digest = hashlib.sha256()
    for name in HASHED:
        for source in sorted(Path(__file__).parent.glob(name)):
            digest.update(source.read_bytes())
    digest.update(f"{numba.__version__} {llvm.get_host_cpu_name()}".encode())
    base = os.environ.get("SINOS_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(base) / "sinos" / f"kernel-{digest.hexdigest()[:16]}")
