"""Where the Mesa model's random numbers come from: Mesa's own generator, or the keyed numbers of Sinos.

With its own generator the model is as fast as plain Python allows. With keyed numbers it meets the very luck of a Sinos
replication, so that the two can be compared year by year.
"""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

ROOT_3 = 1.7320508
LOW = 0xFFFFFFFF
T = TypeVar("T")


class OwnLuck:
    """Numbers from a generator; what they are for does not matter."""

    def __init__(self, source: Random) -> None:
        self.random = source.random
        self.shuffle = source.shuffle
        self.year = 0

    def number(self, stream: int, first: int, second: int) -> float:
        return self.random()

    def numbers(self, stream: int, first: int, second: int) -> tuple[float, float, float, float]:
        draw = self.random
        return draw(), draw(), draw(), draw()

    def lots(self, size: int, stream: int, first: int, second: int) -> tuple[int, int]:
        draw = self.random
        return int(draw() * size), int(draw() * size)

    def lot(self, size: int, stream: int, first: int, second: int) -> int:
        return int(self.random() * size)

    def order(self, stream: int, agents: list[T]) -> list[T]:
        self.shuffle(agents)
        return agents


class KeyedLuck(OwnLuck):
    """Sinos's numbers: Philox4x32-10 of the seed, the replication, the year, the use and the pair."""

    def __init__(self, seed: int, replication: int) -> None:
        super().__init__(Random(0))
        self.key = (seed & LOW, seed >> 32 & LOW)
        self.replication = replication

    def words(self, stream: int, first: int, second: int) -> tuple[int, int, int, int]:
        a, b, c, d = first, second, self.year * 256 + stream, self.replication
        low, high = self.key
        for _ in range(10):
            one, other = 0xD2511F53 * a, 0xCD9E8D57 * c
            a, b, c, d = (other >> 32) ^ b ^ low, other & LOW, (one >> 32) ^ d ^ high, one & LOW
            low, high = (low + 0x9E3779B9) & LOW, (high + 0xBB67AE85) & LOW
        return a, b, c, d

    def number(self, stream: int, first: int, second: int) -> float:
        return ((self.words(stream, first, second)[0] >> 9) + 0.5) * 2.0**-23

    def numbers(self, stream: int, first: int, second: int) -> tuple[float, float, float, float]:
        a, b, c, d = ((word >> 9) + 0.5 for word in self.words(stream, first, second))
        return a * 2.0**-23, b * 2.0**-23, c * 2.0**-23, d * 2.0**-23

    def lots(self, size: int, stream: int, first: int, second: int) -> tuple[int, int]:
        words = self.words(stream, first, second)
        return words[0] * size >> 32, words[1] * size >> 32

    def lot(self, size: int, stream: int, first: int, second: int) -> int:
        return self.words(stream, first, second)[0] * size >> 32

    def order(self, stream: int, agents: list[Any]) -> list[Any]:
        return sorted(agents, key=lambda agent: self.words(stream, agent.number, 0)[0])


def bell(numbers: tuple[float, float, float, float]) -> float:
    """Turn four uniform numbers into one of mean 0 and variance 1."""
    return (sum(numbers) - 2.0) * ROOT_3
