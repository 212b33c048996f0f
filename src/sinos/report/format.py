"""How numbers, units and names are written: the same everywhere in the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

DASH = "–"
WITHHELD = "×"
THIN = "\u202f"  # narrow no-break space: a number and its sign never part
SPACE = "\u00a0"  # no-break space: a number and its unit never part
LABELS = {
    "market": "market",
    "network": "network",
    "quasi_hierarchy": "quasi-hierarchy",
    "hierarchy": "hierarchy",
    "undetermined": "undetermined",
    "ended": "ended",
    "process": "process",
    "product": "product",
    "functional": "functional",
    "inter_sectoral": "inter-sectoral",
    "up": "up",
    "flat": "flat",
    "down": "down",
    "not_observable": "not observable",
    "re_entry": "re-entry",
    "sets_product_parameters": "who sets product parameters",
    "sets_process_parameters": "who sets process parameters",
    "design_by": "who designs",
    "controls_logistics": "who controls logistics",
    "sps": "sellers per shipment",
    "p_quasi_hierarchy": "probability of quasi-hierarchy",
    "p_hierarchy": "probability of hierarchy",
    "direction": "direction of change",
}
_ISO = re.compile(r"[A-Z]{3}")
_SCALES = ((1e9, "bn"), (1e6, "million"), (1e3, "thousand"))
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def label(code: object) -> str:
    """Return the words for a code: ``quasi_hierarchy`` is written quasi-hierarchy.

    Examples
    --------
    >>> label("not_observable"), label("wage_bill"), label(None)
    ('not observable', 'wage bill', '–')
    """
    if code is None or code == "":
        return DASH
    return LABELS.get(str(code), str(code).replace("_", " "))


def in_words(text: str) -> str:
    """Return a text with the codes of forms in it as words.

    Examples
    --------
    >>> in_words("share of volume in quasi_hierarchy relations")
    'share of volume in quasi-hierarchy relations'
    """
    return text.replace("quasi_hierarchy", "quasi-hierarchy").replace("_", " ")


def name(value: object, longest: int | None = None) -> str:
    """Return a name without control or text-direction characters, cut to a length if one is given.

    Examples
    --------
    >>> name("A\\tB"), name("abcdef", 4), name("")
    ('A B', 'abc…', '–')
    """
    if value is None:
        return DASH
    text = " ".join(_CONTROL.sub(" ", str(value)).split())
    if longest is not None and len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return text or DASH


def known(value: object) -> bool:
    """Tell whether a value is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def count(value: float | int | None) -> str:
    """Write a count, or an expected count with one decimal where it is not whole.

    Examples
    --------
    >>> count(12345), count(2.25), count(None)
    ('12,345', '2.2', '–')
    """
    if value is None or not known(value):
        return DASH
    whole = math.isclose(value, round(value), abs_tol=1e-9)
    return f"{round(value):,}" if whole or abs(value) >= 100 else f"{value:,.1f}"


def percent(share: float | None, *, sign: bool = True) -> str:
    """Write a share as a percentage; a share that is small but not zero is never written as zero.

    Examples
    --------
    >>> percent(0.394, sign=False), percent(0.0001, sign=False), percent(0.9999, sign=False), percent(0.0)
    ('39', '<1', '>99', '0\u202f%')
    """
    if share is None or not known(share):
        return DASH
    points = share * 100
    if 0 < points < 0.5:
        text = "<1"
    elif 99.5 <= points < 100:
        text = ">99"
    else:
        text = f"{points:.0f}".replace("-0", "0") if abs(points) < 0.5 else f"{points:.0f}".replace("-", "−")
    return text + (f"{THIN}%" if sign else "")


def decimal(value: float | None, places: int = 2) -> str:
    """Write a number with a fixed number of decimals and a true minus sign.

    Examples
    --------
    >>> decimal(-0.125), decimal(0.0), decimal(None)
    ('−0.12', '0.00', '–')
    """
    if value is None or not known(value):
        return DASH
    text = f"{value:,.{places}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def figures(text: str) -> str:
    """Write a number that stands as text with three figures; other texts stay as they are.

    Examples
    --------
    >>> figures("0.152727"), figures("216.0"), figures("1234.5"), figures("buyer"), figures("0.0000000001")
    ('0.153', '216', '1,234', 'buyer', '0.000')
    """
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return DASH
    return (
        count(number) if number == round(number) or abs(number) >= 100 else decimal(number, 3 if abs(number) < 1 else 2)
    )


def effect(value: float | None) -> str:
    """Write an estimate with two digits that count, no exponent and a true minus sign.

    Examples
    --------
    >>> effect(-0.009513), effect(3.94), effect(0.0), effect(-0.0000603)
    ('−0.0095', '3.9', '0', '−0.000060')
    """
    if value is None or not known(value):
        return DASH
    if value == 0:
        return "0"
    places = max(1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{places}f}".replace("-", "−")


def scale(values: Iterable[float | None]) -> tuple[float, str]:
    """Return the divisor and its word that suit the largest of some amounts.

    Examples
    --------
    >>> scale([1_200_000.0, 5.0]), scale([None])
    ((1000000.0, 'million'), (1.0, ''))
    """
    largest = max((abs(value) for value in values if value is not None and known(value)), default=0.0)
    return next(((size, word) for size, word in _SCALES if largest >= size), (1.0, ""))


def unit(currency: str, word: str) -> str:
    """Return a unit of money such as ``USD million``; without a currency, ``million (units of value)``.

    Examples
    --------
    >>> unit("USD", "million"), unit("", "bn"), unit("", ""), unit("sites", "thousand")
    ('USD million', 'bn (units of value)', 'units of value', 'thousand sites')
    """
    if currency:
        return (f"{currency} {word}" if _ISO.fullmatch(currency) else f"{word} {currency}").strip()
    return f"{word} (units of value)" if word else "units of value"


def scaled(value: float | None, divisor: float) -> str:
    """Write an amount in a column whose unit has the divisor: three figures, no needless decimals.

    Examples
    --------
    >>> scaled(1_234_000.0, 1e6), scaled(123_400_000.0, 1e6), scaled(0.0, 1e6), scaled(100.0, 1e6)
    ('1.23', '123', '0', '<0.01')
    """
    if value is None or not known(value):
        return DASH
    amount = value / divisor
    if amount == 0:
        return "0"
    if divisor > 1 and 0 < amount < 0.005:
        return "<0.01"
    places = 0 if abs(amount) >= 100 or (divisor == 1 and abs(amount) >= 10) else 1 if abs(amount) >= 10 else 2
    return decimal(amount, places)


def money(value: float | None, currency: str) -> str:
    """Write one amount with its unit in running text; what is not a currency code stands behind the number.

    Examples
    --------
    >>> money(1_234_000.0, "USD"), money(None, "USD"), money(710.0, "listed sites")
    ('USD\xa01.23\xa0million', '–', '710\xa0listed sites')
    """
    if value is None or not known(value):
        return DASH
    divisor, word = scale([value])
    amount = scaled(value, divisor) + (f"{SPACE}{word}" if word else "")
    if not currency:
        return f"{amount} units of value"
    return f"{currency}{SPACE}{amount}" if _ISO.fullmatch(currency) else f"{amount}{SPACE}{currency}"


def interval(low: float | None, high: float | None, *, share: bool = True) -> str:
    """Write a 90 % interval in words.

    Examples
    --------
    >>> interval(0.41, 0.63)
    '90\u202f% interval 41 to 63\u202f%'
    >>> interval(None, 0.2)
    'interval not available'
    """
    if low is None or high is None or not (known(low) and known(high)):
        return "interval not available"
    if share:
        return f"90{THIN}% interval {percent(low, sign=False)} to {percent(high)}"
    return f"90{THIN}% interval {decimal(low)} to {decimal(high)}"


def plural(number: float | int, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "buyer"), plural(2, "buyer"), plural(1500, "relation-year")
    ('1 buyer', '2 buyers', '1,500 relation-years')
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listing(words: Iterable[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> listing(["a", "b", "c"]), listing(["a", "b"]), listing([])
    ('a, b and c', 'a and b', '')
    """
    items = list(words)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + (f" and {items[-1]}" if items else "")


def spans(years: Iterable[int]) -> str:
    """Write years as spans.

    Examples
    --------
    >>> spans([1990, 1991, 1992, 1995])
    '1990–1992, 1995'
    """
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][1] + 1:
            runs[-1][1] = year
        else:
            runs.append([year, year])
    return ", ".join(str(first) if first == last else f"{first}{DASH}{last}" for first, last in runs)
