"""Records: readers, checks and repairs; everything big stays in the engine."""

from __future__ import annotations

from sinos.records.checks import Findings, check
from sinos.records.mapping import suggest
from sinos.records.records import Records, read

__all__ = ["Findings", "Records", "check", "read", "suggest"]
