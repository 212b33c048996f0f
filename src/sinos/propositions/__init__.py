"""Propositions: the paper's claims as data, tested on the user's records, each ending in a verdict that says why."""

from typing import TYPE_CHECKING, Any

from sinos.propositions.claims import Claim, Finding, claims, evidence
from sinos.propositions.result import Claims

if TYPE_CHECKING:
    from sinos.propositions.propositions import test

__all__ = ["Claim", "Claims", "Finding", "claims", "evidence", "test"]


def __getattr__(name: str) -> Any:
    """Import the verb when it is first asked for: it needs the numerical libraries, a kept outcome does not."""
    if name == "test":
        from sinos.propositions.propositions import test

        return test
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
