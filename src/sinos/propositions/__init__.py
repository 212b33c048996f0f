"""Propositions: the paper's claims as data, tested on the user's records, each ending in a verdict that says why."""

from sinos.propositions.claims import Claim, Finding, claims, evidence
from sinos.propositions.propositions import Claims, test

__all__ = ["Claim", "Claims", "Finding", "claims", "evidence", "test"]
