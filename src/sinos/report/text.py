"""Sentences made from numbers. Each says how sure it is; none says why."""

from __future__ import annotations

from sinos.report import format as fmt

CITED = {
    "HS2002": "Humphrey & Schmitz (2002)",
    "BN2003": "Bazan & Navas-Aleman (2003)",
    "SCH1999": "Schmitz (1999)",
    "AR2003": "Amighini & Rabellotti (2003)",
    "DH2000": "Dolan & Humphrey (2000)",
    "KAW2011": "Kawakami (2011)",
    "TR1995": "Taiwan Review (1995)",
    "YS2014": "Yu & Shih (2014)",
}
"""Keys by which packaged scenarios cite, in words."""


def cited(text: str) -> str:
    """Write the keys of sources in a text as authors and years.

    Examples
    --------
    >>> cited("structure: HS2002; volumes: assumption")
    'structure: Humphrey & Schmitz (2002); volumes: assumption'
    """
    for key, words in CITED.items():
        text = text.replace(key, words)
    return text


def sureness(low: float | None, high: float | None) -> str:
    """Say in words how well a share is known from the width of its 90 % interval.

    Examples
    --------
    >>> sureness(0.4, 0.45), sureness(0.2, 0.45), sureness(0.1, 0.9), sureness(None, 0.2)
    ('well known', 'known roughly', 'hardly known', 'of unknown precision')
    """
    if low is None or high is None or not (fmt.known(low) and fmt.known(high)):
        return "of unknown precision"
    width = high - low
    return "well known" if width <= 0.15 else "known roughly" if width <= 0.4 else "hardly known"


def estimate(share: float | None, low: float | None, high: float | None) -> str:
    """Write a share with its interval.

    Examples
    --------
    >>> estimate(0.5, 0.4, 0.6)
    '50\u202f% (90\u202f% interval 40 to 60\u202f%)'
    >>> estimate(0.5, None, None)
    '50\u202f% (interval not available)'
    """
    return f"{fmt.percent(share)} ({fmt.interval(low, high)})"


def direction(begin: float | None, end: float | None, *, band: float = 0.02) -> str:
    """Say whether a share rose, fell or stayed.

    Examples
    --------
    >>> direction(0.2, 0.5), direction(0.5, 0.51), direction(0.5, 0.1), direction(None, 0.1)
    ('up from 20\u202f%', 'about the same as', 'down from 50\u202f%', '')
    """
    if begin is None or end is None:
        return ""
    if abs(end - begin) <= band:
        return "about the same as"
    return f"{'up' if end > begin else 'down'} from {fmt.percent(begin)}"


def against(
    first: tuple[float | None, float | None, float | None],
    second: tuple[float | None, float | None, float | None],
    *,
    higher: str,
) -> str:
    """Set two shares with intervals against an expectation that the first is ``higher`` or ``lower`` than the second.

    Returns
    -------
    str
        ``agrees``, ``disagrees`` or ``cannot be told`` (when the intervals overlap or a share is missing).

    Examples
    --------
    >>> against((0.6, 0.5, 0.7), (0.2, 0.1, 0.3), higher="higher")
    'agrees'
    >>> against((0.6, 0.5, 0.7), (0.2, 0.1, 0.3), higher="lower")
    'disagrees'
    >>> against((0.3, 0.1, 0.5), (0.2, 0.1, 0.3), higher="higher")
    'cannot be told'
    """
    _, low_1, high_1 = first
    _, low_2, high_2 = second
    if low_1 is None or high_1 is None or low_2 is None or high_2 is None or (low_1 <= high_2 and low_2 <= high_1):
        return "cannot be told"
    return "agrees" if (low_1 > high_2) == (higher == "higher") else "disagrees"


def wilson(up: float, total: float, z: float = 1.6448536269514722) -> tuple[float | None, float | None, float | None]:
    """Return a share with its Wilson (1927) 90 % interval; nothing when there is nothing to count.

    Examples
    --------
    >>> [round(value, 3) for value in wilson(5, 10)]
    [0.5, 0.269, 0.731]
    >>> wilson(0, 0)
    (None, None, None)
    """
    if total <= 0:
        return None, None, None
    share = up / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    # At none and at all the bound is 0 and 1 exactly; rounding would leave a trace that is printed as "<1" or ">99".
    return share, max(0.0, middle - half) if up > 0 else 0.0, min(1.0, middle + half) if up < total else 1.0
