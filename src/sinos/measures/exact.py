"""Small expression builders: guarded division and logs, and sums whose bytes do not depend on the order of rows.

A floating sum depends on the order in which rows arrive. Two devices avoid that without leaving what every engine has:

* values are put on a *grid* (see :class:`~sinos.measures.base.Scan`): integers held as doubles, small enough that every
  partial sum is an integer below 2^53 and hence exact in any order;
* products of a value and a number (weighted means, squares) are summed as exact decimals of 38 digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

WIDE = "decimal(20,0)"
"""Type that holds a value on its grid before it is multiplied; wide enough for DuckDB to use 128-bit arithmetic."""

FINE = 1e12
"""Numbers that are weighted by value are rounded to twelve decimals."""

CODES = 2147483648
"""One more than the largest code (2^31)."""


def ratio(numerator: ir.Value, denominator: ir.Value) -> ir.Value:
    """Return the quotient, null where the denominator is zero."""
    return numerator / denominator.nullif(0)


def log(value: ir.Value) -> ir.Value:
    """Return the natural logarithm of a number >= 0, null at zero."""
    return value.nullif(0).ln()


def weighted(value: ir.Value, number: ir.Value, where: ir.Value | None = None) -> ir.Value:
    """Return the exact sum of value (on its grid) times a number of magnitude below 1,000."""
    fine = (number * FINE).round().cast("decimal(15,0)")
    return (value.cast(WIDE) * fine).sum(where=where).cast("float64") / FINE


def squares(value: ir.Value) -> ir.Value:
    """Return the exact sum of squares of a value on its grid."""
    return (value.cast(WIDE) * value.cast(WIDE)).sum().cast("float64")


def concentration(value: ir.Value) -> ir.Value:
    """Return the Herfindahl-Hirschman index: the sum of squared shares; null when the values sum to zero."""
    return ratio(squares(value), (value.sum() * value.sum()))


def entropy(value: ir.Value) -> ir.Value:
    """Return the entropy of the shares in nats: ln V - sum(v ln v) / V, never below zero."""
    total = value.sum()
    return ibis.greatest(log(total) - ratio(weighted(value, log(value).fill_null(0.0)), total), 0.0)


def largest(value: ir.Value, code: ir.Value) -> ir.Value:
    """Return the code with the largest value (on its grid), the smallest code among ties.

    Value and code are packed into one decimal, whose maximum is exact and cheap on every engine.
    """
    packed = value.cast(WIDE) * ibis.literal(CODES, "decimal(10,0)") + (ibis.literal(CODES - 1) - code).cast(
        "decimal(10,0)"
    )
    rest = packed.max() % ibis.literal(CODES, "decimal(10,0)")
    return (ibis.literal(CODES - 1) - rest.cast("int64")).cast("int32")


@ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
def any_bits(bits: dt.int16) -> dt.int16:
    """Return the bits that any row has (every engine has it; Ibis knows it for some only)."""


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def bits_set(bits: dt.int16) -> dt.int32:
    """Return how many bits are set."""


def rows() -> ir.Value:
    """Return the number of rows as a double, so that later sums of it stay exact and portable."""
    return ibis._.count().cast("float64")


def attach(left: ir.Table, right: ir.Table, on: Sequence[str], *, inner: bool = False) -> ir.Table:
    """Add the columns of ``right`` to ``left``, matching on columns of the same name."""
    renamed = right.rename({f"{name}_key": name for name in on})
    match = [left[name] == renamed[f"{name}_key"] for name in on]
    joined = left.inner_join(renamed, match) if inner else left.left_join(renamed, match)
    return joined.drop(*[f"{name}_key" for name in on])


def column(table: ir.Table, name: str) -> ir.Value:
    """Return a column, or zero where the records do not have it (so that it was never computed)."""
    return table[name] if name in table.columns else ibis.literal(0.0)
