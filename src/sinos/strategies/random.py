"""Random numbers keyed by what they are for, not by when they are drawn.

Every number is a function of (seed, replication, year, stream, entity, entity). So two strategies meet the same luck
wherever they meet the same situation (common random numbers), any replication can be run again alone, and neither
threads nor order can change a result. The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel
random numbers: as easy as 1, 2, 3", SC'11.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sinos.strategies.arithmetic import Floats

MULTIPLIER_0: Final = np.uint64(0xD2511F53)
MULTIPLIER_1: Final = np.uint64(0xCD9E8D57)
WEYL_0: Final = np.uint64(0x9E3779B9)
WEYL_1: Final = np.uint64(0xBB67AE85)
LOW_32: Final = np.uint64(0xFFFFFFFF)
SHIFT_32: Final = np.uint64(32)
ROUNDS: Final = 10
STREAMS_PER_YEAR: Final = 256

Words = NDArray[np.uint64]


class Key(NamedTuple):
    """What all draws of one replication share: the two halves of the seed, and the replication's number."""

    low: np.uint64
    high: np.uint64
    replication: np.uint64


def key_of(seed: int, replication: int) -> Key:
    """Return the key of a replication.

    Examples
    --------
    >>> key_of(1, 7).replication
    np.uint64(7)
    """
    return Key(np.uint64(seed & 0xFFFFFFFF), np.uint64((seed >> 32) & 0xFFFFFFFF), np.uint64(replication))


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Words, Words, Words, Words]:
    """Return four random 32-bit words (held in 64 bits) for a counter of four words and a key of two.

    Examples
    --------
    >>> [hex(int(word)) for word in philox(0, 0, 0, 0, 0, 0)]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    a, b, c, d, low, high = (np.atleast_1d(np.asarray(word, np.uint64)) for word in (c0, c1, c2, c3, k0, k1))
    for _ in range(ROUNDS):
        product_0, product_1 = MULTIPLIER_0 * a, MULTIPLIER_1 * c
        a, b, c, d = (
            (product_1 >> SHIFT_32) ^ b ^ low,
            product_1 & LOW_32,
            (product_0 >> SHIFT_32) ^ d ^ high,
            product_0 & LOW_32,
        )
        low, high = (low + WEYL_0) & LOW_32, (high + WEYL_1) & LOW_32
    shape = np.broadcast_shapes(*(np.shape(word) for word in (c0, c1, c2, c3, k0, k1)))
    a, b, c, d = (np.broadcast_to(word, np.broadcast_shapes(shape, (1,))).reshape(shape) for word in (a, b, c, d))
    return a, b, c, d


def uniform(word: Words) -> Floats:
    """Turn a random word into a number strictly between 0 and 1 (23 bits, never an end).

    Examples
    --------
    >>> float(uniform(np.uint64(0))) > 0, float(uniform(np.uint64(0xFFFFFFFF))) < 1
    (True, True)
    """
    bits = (np.asarray(word, np.uint64) >> np.uint64(9)).astype(np.float32)
    return np.asarray((bits + np.float32(0.5)) * np.float32(2.0**-23), np.float32)


def draw(key: Key, year: int, stream: int, first: Any, second: Any = 0) -> tuple[Words, Words, Words, Words]:
    """Return four random words for an entity, or a pair of entities, in a year and stream."""
    return philox(first, second, year * STREAMS_PER_YEAR + stream, key.replication, key.low, key.high)


def draw_uniform(key: Key, year: int, stream: int, first: Any, second: Any = 0) -> tuple[Floats, ...]:
    """Return four numbers in (0, 1) for an entity, or a pair of entities, in a year and stream."""
    return tuple(uniform(word) for word in draw(key, year, stream, first, second))


def bell(numbers: tuple[Floats, ...]) -> Floats:
    """Turn four uniform numbers into one of mean 0, variance 1 and bell shape, within 3.47 of zero.

    Examples
    --------
    >>> float(bell((np.float32(0.5),) * 4))
    0.0
    """
    total = numbers[0] + numbers[1] + numbers[2] + numbers[3]
    return np.asarray((total - np.float32(2.0)) * np.float32(1.7320508), np.float32)
