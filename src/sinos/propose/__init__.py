"""``propose``: look at a user's files and write a study file with the best guess of what each column is."""

from __future__ import annotations

from sinos.propose.write import propose
from sinos.verbs import make_callable

__all__ = ["propose"]

make_callable(__name__)
