"""The study: what a user may write in a study file, how it is read, and how one is proposed for new data."""

from __future__ import annotations

from sinos.study.load import load_study
from sinos.study.model import Study

__all__ = ["Study", "load_study"]
