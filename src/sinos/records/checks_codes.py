"""Checks of product codes, units, currencies, unit values and delivery terms."""

from __future__ import annotations

from collections.abc import Iterable

from sinos.records.checks_base import RAW, TYPED, CheckScene, Found, blank, check

INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAF", "DAP", "DAT", "DPU", "DES", "DEQ", "DDU",
             "DDP", "CNF", "C&F")  # fmt: skip
"""Delivery terms of Incoterms 1990 to 2020, with the two customary spellings of CFR."""

SHORTEST = 4
"""All-digit codes whose usual length is below this are running numbers, not codes of a classification."""

FEWEST, DEVIATIONS, NARROWEST = 10, 5.0, 0.05
"""Unit values: rows a product needs, robust standard deviations that outlie, smallest standard deviation assumed."""


@check("mixed-units")
def mixed_units(scene: CheckScene) -> Iterable[Found]:
    """Find products whose quantities are in several units."""
    if "quantity_unit" not in scene.raw:
        return
    several = scene.helper(
        "_check_mixed_units",
        f"SELECT product FROM {TYPED} WHERE quantity IS NOT NULL AND quantity_unit IS NOT NULL GROUP BY product"
        " HAVING min(lower(quantity_unit)) <> max(lower(quantity_unit))",
    )
    there = f"product IN (SELECT product FROM {several})"
    for item in scene.found("quantity_unit", there, "", example="product"):
        number = scene.count("true", several)
        message = f"{number:,} products have quantities in more than one unit"
        yield Found(item.column, item.rows, item.total, message, item.examples, item.row_examples)


@check("mixed-currency")
def mixed_currency(scene: CheckScene) -> Iterable[Found]:
    """Find rows that are not in the currency of most rows."""
    if "currency" not in scene.raw:
        return
    name = "upper(currency)"
    listed = scene.rows(
        f"SELECT {name} AS n, count(*) FROM {TYPED} WHERE currency IS NOT NULL GROUP BY n ORDER BY 2 DESC, n"
    )
    if len(listed) > 1:
        other = f"{name} <> '{str(listed[0][0]).replace(chr(39), chr(39) * 2)}'"
        yield from scene.found("currency", other, f"values are in {len(listed)} currencies, most in {listed[0][0]}")


def _lengths(scene: CheckScene) -> tuple[int, list[int]]:
    """Return the usual length of the all-digit product codes and the other lengths; 0 where codes are not digits."""
    listed = scene.rows(
        f"SELECT CASE WHEN regexp_full_match(product, '[0-9]+') THEN length(product) ELSE 0 END AS n,"
        f" count(DISTINCT product) FROM {TYPED} WHERE product IS NOT NULL GROUP BY n ORDER BY 2 DESC, n DESC"
    )
    numbers = {int(str(length)): int(str(codes)) for length, codes in listed}
    letters = numbers.pop(0, 0)
    usual = next(iter(numbers), 0)
    if usual < SHORTEST or letters > sum(numbers.values()):
        return 0, []
    return usual, sorted(length for length in numbers if length != usual)


@check("lost-leading-zeros")
def lost_leading_zeros(scene: CheckScene) -> Iterable[Found]:
    """Find all-digit codes one digit shorter than the usual, even, length."""
    usual, others = _lengths(scene)
    if usual and usual % 2 == 0 and usual - 1 in others:
        yield from scene.found(
            "product", _of_length([usual - 1]), f"codes of {usual - 1} digits stand beside codes of {usual} digits"
        )


@check("mixed-code-length")
def mixed_code_length(scene: CheckScene) -> Iterable[Found]:
    """Find all-digit codes of another length than the usual one (other than lost zeros)."""
    usual, others = _lengths(scene)
    rest = [length for length in others if usual % 2 or length != usual - 1]
    if rest:
        said = ", ".join(map(str, rest))
        yield from scene.found(
            "product", _of_length(rest), f"codes of {said} digits stand beside codes of {usual} digits"
        )


def _of_length(lengths: list[int]) -> str:
    listed = ", ".join(map(str, lengths))
    return f"(regexp_full_match(product, '[0-9]+') AND length(product) IN ({listed}))"


@check("outlying-unit-value")
def outlying_unit_value(scene: CheckScene) -> Iterable[Found]:
    """Find rows whose log unit value is far from its product's median, in median absolute deviations.

    Within product and unit, ``z = (ln u - median) / max(1.4826 MAD, 0.05)``; rows with ``|z| > 5`` outlie. Products
    with fewer than 10 unit values are left out.
    """
    if "quantity" not in scene.raw:
        return
    logs = (
        f"SELECT _row, _file, product, coalesce(lower(quantity_unit), '') AS unit, ln(value / quantity) AS u"
        f" FROM {TYPED} WHERE value > 0 AND quantity > 0 AND product IS NOT NULL"
    )
    middle = f"SELECT product, unit, median(u) AS m FROM ({logs}) GROUP BY ALL HAVING count(*) >= {FEWEST}"
    spread = (
        f"SELECT product, unit, any_value(m) AS m, greatest(1.4826 * median(abs(u - m)), {NARROWEST}) AS s"
        f" FROM ({logs}) JOIN ({middle}) USING (product, unit) GROUP BY ALL"
    )
    far = scene.helper(
        "_check_outliers",
        f"SELECT _row, _file, product FROM ({logs}) JOIN ({spread}) USING (product, unit)"
        f" WHERE abs(u - m) > {DEVIATIONS} * s",
    )
    message = f"unit value is more than {DEVIATIONS:g} robust standard deviations from its product's median"
    yield from scene.found("value, quantity", "true", message, example="product", relation=far)


@check("unknown-incoterm")
def unknown_incoterm(scene: CheckScene) -> Iterable[Found]:
    """Find delivery terms that are not Incoterms."""
    if "incoterm" in scene.raw:
        known = ", ".join(f"'{term}'" for term in INCOTERMS)
        other = f"NOT ({blank('incoterm')}) AND upper(trim(incoterm)) NOT IN ({known})"
        yield from scene.found("incoterm", other, "the delivery term is not an Incoterm", relation=RAW)
