"""The study: what a user may write in a study file, how it is read, and how one is proposed for new data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sinos.lazy import loader

if TYPE_CHECKING:
    from sinos.study.load import load_study as load_study
    from sinos.study.model import Study as Study

__all__ = ["Study", "load_study"]
__getattr__ = loader(__name__, {"load": ("load_study",), "model": ("Study",)})
