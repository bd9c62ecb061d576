r"""What tells two texts apart, word by word.

difflib alone is quadratic, and worse on texts that repeat themselves. So the pairs of equal words that it would visit are
counted first, and where they are too many, sequences of words that occur once in each text hold the two together (patience
diff: n log n, and it takes a text of one endless line as well as one of paragraphs). What lies between is compared in the same
way, and a stretch in which no word occurs once is given as replaced whole. Two texts of 2.5 million characters take 2 s.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

EQUAL, DELETE, INSERT = "equal", "delete", "insert"

VISITS = 20_000
"""Pairs of equal words that difflib may visit at once: prose of some 1,500 words. It visits them anew for each stretch that it
finds, so the worst texts (one word in common, again and again, between words that are not) cost the power of 1.5: 0.06 s at
20,000, but 3 s at 250,000."""

WIDTHS = (5, 3, 1)
"""Words in a sequence that holds long texts together: first as many as in a shingle, by which near-duplicates are alike; between
two such sequences shorter ones, down to a word that occurs once in each."""

JOINT = 3
"""Tokens without a word that do not part two changes: "[-a-]{+b+}, [-c-]{+d+}" is harder to read than "[-a, c-]{+b, d+}"."""

_UNIT = re.compile(r"\w+\W*|\W+")
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text that both have (equal), only the first (delete) or only the second (insert)."""

    op: str
    text: str


def word_diff(old: str, new: str) -> list[Part]:
    """The parts in order; equal and delete joined are `old`, equal and insert joined are `new`. Nowhere two parts of one kind
    beside each other, none is empty, and of one change what was deleted comes first.

    >>> [(part.op, part.text) for part in word_diff("Tall och gran.", "Tall och björk.")]
    [('equal', 'Tall och '), ('delete', 'gran'), ('insert', 'björk'), ('equal', '.')]

    Only punctuation differs:

    >>> [(part.op, part.text) for part in word_diff("Ja, nu", "Ja. Nu")]
    [('equal', 'Ja'), ('delete', ', nu'), ('insert', '. Nu')]
    >>> [(part.op, part.text) for part in word_diff("slut", "slut!")]
    [('equal', 'slut'), ('insert', '!')]

    Equal texts have no change, and no text has no part:

    >>> word_diff("å", "å"), word_diff("", "")
    ([Part(op='equal', text='å')], [])
    """
    blocks = _compare(_UNIT.findall(old), _UNIT.findall(new))
    refined = _merged(part for block in blocks for part in _refined(block))
    return [
        Part(op, text)
        for same, a, b in _merged(_with_joints(list(refined)))
        for op, text in ([(EQUAL, a)] if same else [(DELETE, a), (INSERT, b)])
        if text
    ]


Block: TypeAlias = tuple[bool, str, str]
"""Whether it is the same in both, and what stands there in the one and in the other."""


def _compare(a: Sequence[str], b: Sequence[str], widths: Sequence[int] = WIDTHS) -> Iterator[Block]:
    """Blocks that make up `a` and `b`, by the cheapest means that their size allows."""
    head = _common(a, b)
    tail = _common(a[head:][::-1], b[head:][::-1])
    yield _same(a[:head])
    yield from _between(a[head : len(a) - tail], b[head : len(b) - tail], widths)
    yield _same(a[len(a) - tail :])


def _same(units: Sequence[str]) -> Block:
    text = "".join(units)
    return True, text, text


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Units that both begin with."""
    shortest = min(len(a), len(b))
    return next((at for at in range(shortest) if a[at] != b[at]), shortest)


def _between(a: Sequence[str], b: Sequence[str], widths: Sequence[int]) -> Iterator[Block]:
    if a and b and _visits(a, b) <= VISITS:
        for op, low, high, start, end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            yield op == "equal", "".join(a[low:high]), "".join(b[start:end])
    elif a and b and widths:
        done_a = done_b = 0
        for i, j in _anchors(a, b, widths[0]):
            yield from _compare(a[done_a:i], b[done_b:j], widths[1:])
            yield _same(a[i : i + 1])
            done_a, done_b = i + 1, j + 1
        yield from _compare(a[done_a:], b[done_b:], widths[1:])
    else:
        yield False, "".join(a), "".join(b)


def _visits(a: Sequence[str], b: Sequence[str]) -> int:
    """Pairs of equal units: what difflib looks at in its first pass."""
    theirs = Counter(b)
    return sum(count * theirs[unit] for unit, count in Counter(a).items())


def _anchors(a: Sequence[str], b: Sequence[str], width: int) -> list[tuple[int, int]]:
    """Places (in `a`, in `b`) of sequences that occur once in each: the most that stand in the same order in both."""
    theirs = _once(b, width)
    pairs = [(at, theirs[key]) for key, at in _once(a, width).items() if key in theirs]
    # The longest rising run of places in b, by patience sorting: ends[k] ends the best run of k + 1 pairs.
    ends: list[int] = []
    rows: list[int] = []
    before: list[int] = []
    for row, (_, place) in enumerate(pairs):
        at = bisect_left(ends, place)
        before.append(rows[at - 1] if at else -1)
        ends[at : at + 1], rows[at : at + 1] = [place], [row]
    chosen = []
    row = rows[-1] if rows else -1
    while row >= 0:
        chosen.append(pairs[row])
        row = before[row]
    return chosen[::-1]


def _once(units: Sequence[str], width: int) -> dict[tuple[str, ...], int]:
    """Sequences of `width` units that occur once, in order, with their places."""
    keys = list(zip(*(units[at:] for at in range(width)), strict=False))
    counts = Counter(keys)
    return {key: at for at, key in enumerate(keys) if counts[key] == 1}


def _refined(block: Block) -> Iterable[Block]:
    """A changed block compared anew by words, signs and white space: of "skog," and "skog." only the sign differs."""
    same, a, b = block
    return [block] if same or not (a and b) else _compare(_TOKEN.findall(a), _TOKEN.findall(b), widths=())


def _with_joints(blocks: Sequence[Block]) -> Iterator[Block]:
    """Short equal blocks without a word, between two changes, become part of the change."""
    for at, (same, a, b) in enumerate(blocks):
        inner = 0 < at < len(blocks) - 1
        yield same and not (inner and _is_joint(a)), a, b


def _is_joint(text: str) -> bool:
    return not _WORD.search(text) and len(_TOKEN.findall(text)) <= JOINT


def _merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """Neighbours of one kind in one; none empty."""
    filled = (block for block in blocks if block[1] or block[2])
    for same, run in groupby(filled, key=itemgetter(0)):
        sides = list(run)
        yield same, "".join(a for _, a, _ in sides), "".join(b for _, _, b in sides)
