"""Records: readers, checks and repairs; everything big stays in the engine."""

from __future__ import annotations

from sinos.records.mapping import suggest
from sinos.records.records import Records, read

__all__ = ["Records", "read", "suggest"]
