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
from typing import Any, cast

from sinos.errors import MissingExtraError

try:
    import numba
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("numba", "simulate", purpose="the simulation") from error

#: A kernel function: the compiler finds the types of its arguments itself.
Kernel = Callable[..., Any]


def compiled(function: Kernel) -> Kernel:
    """Return the compiled form of a kernel function."""
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = cache_folder()
    try:
        decorator: Any = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False, boundscheck=False)
        return cast(Kernel, decorator(function))
    finally:
        settings.CACHE_DIR = before


def inner(function: Kernel) -> Kernel:
    """Return a kernel function that only compiled functions call; without an entry from Python it compiles faster."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    decorator: Any = numba.njit(
        nogil=True,
        error_model="numpy",
        fastmath=False,
        boundscheck=False,
        **options,
    )
    return cast(Kernel, decorator(function))


@cache
def cache_folder() -> str:
    """Return the folder of compiled code for these sources, this compiler and this processor."""
    import llvmlite.binding as llvm

    digest = hashlib.sha256()
    for name in ("kernel_*.py", "arithmetic.py", "metrics.py", "names.py", "parameters.py", "random.py", "state.py"):
        for source in sorted(Path(__file__).parent.glob(name)):
            digest.update(source.read_bytes())
    digest.update(f"{numba.__version__} {llvm.get_host_cpu_name()}".encode())
    base = os.environ.get("SINOS_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(base) / "sinos" / f"kernel-{digest.hexdigest()[:16]}")
