r"""Designs that sort relations or suppliers by form: made again under every reading of governance, then pooled.

A cohort, a spell or a switch exists only once governance is read. So each of these designs is made whole under every
draw of the posterior, and its estimates are pooled by Rubin's rules (Rubin 1987; degrees of freedom of Barnard & Rubin
1999): variance :math:`T = \bar U + (1 + 1/m) B`. Draws count equally: their samples differ, so that likelihoods cannot
be compared. As everywhere, draws are of the error that relations share; a form counts from half of the probability.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from sinos.propositions.claims import rule
from sinos.propositions.measurement import modal, rubin
from sinos.propositions.panels import Panels
from sinos.propositions.parts import Estimate, interval

NAIVE = "most probable form taken as true"
"""Note of estimates that take governance as known."""
ASSUMED = "assumed: a form counts from half of the probability, and each relation's own error is not drawn"
"""What designs that sort by form take for granted; it is said with every estimate."""


def over_readings(panels: Panels, design: Callable[[Panels], Sequence[Estimate]]) -> list[Estimate]:
    """Return the estimates of a design pooled over the draws of governance, then those of the most probable form.

    Parameters
    ----------
    panels
        Panels with their draws.
    design
        Makes the estimates of a design from panels under one reading.
    """
    posteriors = panels.draws or (panels.probability,)
    found = pooled_over([design(panels.read_as(one)) for one in posteriors])
    if all(item.estimate is None for item in found):
        return found
    found = [item if item.estimate is None else replace(item, note=_joined(item.note, ASSUMED)) for item in found]
    naive = design(panels.read_as(modal(panels.probability)))
    return found + [replace(item, reading="modal", note=_joined(NAIVE, item.note)) for item in naive]


def pooled_over(every: Sequence[Sequence[Estimate]]) -> list[Estimate]:
    """Return one estimate for each outcome and term that at least half of the draws give, pooled by Rubin's rules.

    What fewer draws give is refused, with the count; what most draws refuse is refused with their commonest reason.
    """
    groups: dict[tuple[str, str, str], list[Estimate]] = {}
    for items in every:
        for item in items:
            groups.setdefault((item.design, item.outcome, item.term), []).append(item)
    pooled = (_one(group, len(every)) for group in groups.values())
    return [item for item in pooled if item is not None]


def _one(group: Sequence[Estimate], draws: int) -> Estimate | None:
    given = [item for item in group if item.estimate is not None and item.se is not None]
    first = replace((given or list(group))[0], reading="draws")
    empty = replace(first, estimate=None, se=None, low=None, high=None, p=None, df=None, rows=0, clusters=0)
    if not given:
        reason, times = Counter(item.note for item in group).most_common(1)[0]
        return replace(empty, note=reason) if 2 * len(group) >= draws and times else None
    if 2 * len(given) < draws:
        return replace(empty, note=f"only {len(given)} of {draws} draws of governance give an estimate")
    clusters, rows = min(item.clusters for item in given), min(item.rows for item in given)
    result = rubin(
        [item.estimate or 0.0 for item in given], [(item.se or 0.0) ** 2 for item in given], max(clusters - 1, 1)
    )
    low, high, p = interval(result.estimate, result.se, result.df, rule("level"))
    note = f"{len(given)} draws; {100 * result.between_share:.0f} % of the variance is from classification"
    return replace(
        first,
        estimate=result.estimate,
        se=result.se,
        low=low,
        high=high,
        p=p,
        df=result.df,
        rows=rows,
        clusters=clusters,
        note=_joined(_shared_note(given), note),
    )


def _shared_note(given: Sequence[Estimate]) -> str:
    """Return the note that all draws share, or that of the middle draw, marked as such."""
    middle = given[len(given) // 2].note
    return middle if len({item.note for item in given}) == 1 else f"in the middle draw {middle}"


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
