"""Governance: the form of every relation-year with its evidence and uncertainty, dynamics, lock-in, clusters."""

from sinos.governance.governance import classify
from sinos.governance.result import Governance

__all__ = ["Governance", "classify"]
