# mypy: disable-error-code="no-untyped-def"
"""Kernel: working memory, and the two blocks in which everything is computed.

Loops over rows of numbers that lie side by side, with nothing but arithmetic inside, are what the compiler turns into
vector instructions. So what a block of pairs (a supplier and a buyer) or of suppliers needs is first gathered into
rows, then computed, then written back. All rows of a block lie in one array at fixed distances, from which the
compiler sees that they do not overlap. Blocks also keep temporary memory small however many suppliers there are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sinos.strategies.kernel_compile import inner, stage
from sinos.strategies.kernel_scalar import LOW, draw1

PAIRS = 144
"""Pairs in a block: their rows fit into the processor's first cache."""

SUPPLIERS = 272
"""Suppliers in a block."""

LANES = 8
"""Pairs computed by one vector instruction."""

TERMS = 16
"""Places of a buyer in the table of buyers: one line of the processor's cache."""

U = np.uint64


WHOLE, IDLE, PROGRAMME_RISK = range(3)
"""Places in :attr:`Outlook.common`."""


class Outlook(NamedTuple):
    """What all suppliers see alike at mid-year: open volume by buyer, its reach by market, and mean capability (6, C).

    ``common`` holds the whole open volume, idle capacity, and the share of an own investment's risk that a member of
    the programme runs.
    """

    placed: Any
    reach: Any
    mean: Any
    common: Any


class Work(NamedTuple):
    """Working memory.

    ``pairs`` holds rows of :data:`PAIRS` numbers, ``words`` four rows of random words, ``who`` and ``whom`` what the
    words are drawn for; ``firms`` holds rows of :data:`SUPPLIERS` numbers and ``sums`` rows of sums in 64 bits.
    ``order`` lists occupied slots by block of suppliers, those of block n from ``starts[n]``. ``used`` is the volume
    sold by supplier; ``need``, ``turn`` and ``expected`` (orders of a supplier) are by buyer, ``terms`` has
    :data:`TERMS` places for each. By look of all buyers in turn: ``looker`` is the buyer, ``stretch`` and ``width`` say
    where in the list of suppliers it falls, ``looks`` is the supplier and ``cost`` its cost. ``keys`` and ``unit`` are
    of one buyer's looks or slots; ``chance`` (3, R) is the risk of retaliation by slot; ``spare`` and ``count`` serve
    to put buyers in order. ``votes`` is 1 for suppliers who would vote for the programme, ``passed`` for clusters
    whose programme passes this year; ``outlook`` is what suppliers see alike.
    """

    pairs: Any
    words: Any
    who: Any
    whom: Any
    firms: Any
    sums: Any
    order: Any
    starts: Any
    used: Any
    need: Any
    turn: Any
    expected: Any
    terms: Any
    looker: Any
    stretch: Any
    width: Any
    looks: Any
    cost: Any
    keys: Any
    unit: Any
    chance: Any
    spare: Any
    count: Any
    votes: Any
    passed: Any
    outlook: Outlook


OF_ONE_THREAD = ("pairs", "words", "who", "whom", "firms", "sums", "keys", "unit")
"""Working memory of which every thread needs its own."""


class Part(NamedTuple):
    """The blocks of suppliers and the buyers that one thread works through: from, and up to."""

    blocks: tuple[int, int]
    buyers: tuple[int, int]


@inner
def part_of(world, member, members):
    """Return the part of a world that one of several threads works through."""
    blocks, buyers = (world.suppliers.capacity.size + SUPPLIERS - 1) // SUPPLIERS, world.buyers.volume.size
    return Part(
        (member * blocks // members, (member + 1) * blocks // members),
        (member * buyers // members, (member + 1) * buyers // members),
    )


@stage
def stretches(b, size):
    """Return by look its buyer, and where its stretch of the list of suppliers begins and how wide it is."""
    looks = b.look_start[b.volume.size]
    looker, stretch = np.empty(looks, np.int32), np.empty(looks, np.int32)
    width = np.empty(looks, np.int32)
    for j in range(b.volume.size):
        start, n = b.look_start[j], b.look_start[j + 1] - b.look_start[j]
        for turn in range(n):
            looker[start + turn] = j
            stretch[start + turn] = turn * size // n
            width[start + turn] = (turn + 1) * size // n - turn * size // n
    return looker, stretch, width


@stage
def workspace(world):
    """Return working memory for a world."""
    s, b, r, c, _ = world
    widest = 1
    for j in range(b.volume.size):
        widest = max(widest, b.look_start[j + 1] - b.look_start[j], b.slot_start[j + 1] - b.slot_start[j])
    widest += LANES
    size, slots, buyers = s.capacity.size, r.supplier.size, b.volume.size
    looker, stretch, width = stretches(b, size)
    return Work(
        np.zeros(54 * PAIRS, np.float32),
        np.zeros(4 * PAIRS, np.uint64),
        np.zeros(PAIRS, np.int64),
        np.zeros(PAIRS, np.int64),
        np.zeros(51 * SUPPLIERS, np.float32),
        np.zeros(17 * SUPPLIERS, np.float64),
        np.zeros(slots, np.int32),
        np.zeros(size // SUPPLIERS + 2, np.int32),
        np.zeros(size, np.float32),
        np.zeros(buyers, np.float32),
        np.zeros(buyers, np.uint64),
        np.zeros(buyers, np.float32),
        np.zeros(buyers * TERMS, np.float32),
        looker,
        stretch,
        width,
        np.zeros(looker.size, np.int32),
        np.zeros(looker.size, np.float32),
        np.zeros(widest, np.int64),
        np.zeros(widest, np.float32),
        np.zeros((3, slots), np.float32),
        np.zeros(buyers, np.uint64),
        np.zeros(257, np.int64),
        np.zeros(size, np.uint8),
        np.zeros(c.open.size, np.uint8),
        Outlook(
            np.zeros(buyers, np.float32),
            np.zeros(b.similarity.shape[0], np.float32),
            np.zeros((6, c.open.size), np.float32),
            np.zeros(3, np.float32),
        ),
    )


@inner
def padded(n):
    """Return a number of pairs raised to whole vectors; what is computed beyond the number is not used."""
    return (n + (LANES - 1)) // LANES * LANES


@inner
def draw_pairs(work, key, year, stream, n):
    """Draw four words for each of the first n of ``who`` and ``whom``."""
    who, whom, words = work.who, work.whom, work.words
    for k in range(n):
        w0, w1, w2, w3 = draw1(key, year, stream, U(who[k]) & LOW, U(whom[k]) & LOW)
        words[k] = w0
        words[PAIRS + k] = w1
        words[2 * PAIRS + k] = w2
        words[3 * PAIRS + k] = w3


@inner
def arrange(r, work):
    """List the occupied slots by block of suppliers, and within a block in the order of slots; then the empty ones."""
    starts, order, slots = work.starts, work.order, r.supplier.size
    empty = starts.size - 1
    starts[:] = 0
    for slot in range(slots):
        starts[block_of(r, slot, empty)] += 1
    total = 0
    for block in range(starts.size):
        total += starts[block]
        starts[block] = total
    for back in range(slots):
        slot = slots - 1 - back
        block = block_of(r, slot, empty)
        starts[block] -= 1
        order[starts[block]] = slot


@inner
def block_of(r, slot, empty):
    """Return the block of the supplier in a slot, or ``empty``; without a branch, as which slots are empty is luck."""
    i = r.supplier[slot]
    return i // SUPPLIERS if i >= 0 else empty


@inner
def clear_sums(work, rows):
    """Set the first rows of sums to zero."""
    for n in range(rows * SUPPLIERS):
        work.sums[n] = 0.0
