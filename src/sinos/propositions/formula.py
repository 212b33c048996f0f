"""Formulas as objects: what is regressed on what, within which fixed effects; text is made once."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Formula:
    """A linear model: outcome, regressors, fixed effects.

    Examples
    --------
    >>> model = Formula("process", ("share_quasi_hierarchy",), ("supplier", "year"))
    >>> str(model)
    'process ~ share_quasi_hierarchy | supplier + year'
    >>> str(model.adding("log_size").without_effects())
    'process ~ share_quasi_hierarchy + log_size'
    """

    outcome: str
    terms: tuple[str, ...]
    effects: tuple[str, ...] = ()

    def adding(self, *terms: str) -> Formula:
        """Return the formula with more regressors."""
        return replace(self, terms=tuple(dict.fromkeys((*self.terms, *terms))))

    def explaining(self, outcome: str) -> Formula:
        """Return the formula for another outcome."""
        return replace(self, outcome=outcome)

    def within(self, *effects: str) -> Formula:
        """Return the formula with other fixed effects."""
        return replace(self, effects=effects)

    def without_effects(self) -> Formula:
        """Return the formula without fixed effects."""
        return replace(self, effects=())

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the formula reads."""
        return tuple(dict.fromkeys((self.outcome, *self.terms, *self.effects)))

    def __str__(self) -> str:
        right = " + ".join(self.terms) or "1"
        return f"{self.outcome} ~ {right}" + (f" | {' + '.join(self.effects)}" if self.effects else "")
