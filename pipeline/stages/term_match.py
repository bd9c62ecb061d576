"""Which terms of a glossary stand in a word, or around it: pure functions of the glossary and the word.

A term is found in its inflections and as a part of a compound ("slutavverkning", "avverkningsanmälan"), a term of several words with
each of them inflected. Where one find lies within another, the longer counts: "slutavverkning" is no "avverkning" in a glossary that
has both. A word with a capital inside a sentence is a name, unless the term has that capital.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.kernels.term_scan import BOUNDARY, HANGING, INSIDE
from pipeline.stages import term_parts
from pipeline.stages.glossary import Entry, Glossary
from pipeline.stages.term_forms import VOWELS, adjective, combining, inflections
from pipeline.stages.term_words import FUNCTION, PARTICLES

NEAR = 80
"""Code points of a gap and the word beside it that are looked at."""

_GAP_CHARACTERS = " \t\n-\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{HYPHEN}\N{NON-BREAKING HYPHEN}"
_GAP = re.compile(
    "[ \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+(?:\n[ \t]*)?|\n[ \t]*|[-\N{HYPHEN}\N{NON-BREAKING HYPHEN}]"
)
_WORD = re.compile(r"[^\W_]+")
_INDEX = 3
"""Letters by which stems are looked up."""


class Match(NamedTuple):
    """Code points start..end of a word (of the text, for terms of several words) hold the target of that number."""

    start: int
    end: int
    target: int


@dataclass(frozen=True, slots=True)
class Target:
    """What is looked for: one spelling of a term, or a variant to avoid."""

    entry: int
    variant: str | None
    """The variant as the glossary writes it; None for the term itself."""
    text: str
    forms: frozenset[str]
    firsts: frozenset[str] = frozenset()
    """As the first part of a compound; empty where none is looked for."""
    left: tuple[frozenset[str], ...] = ()
    right: tuple[frozenset[str], ...] = ()
    """Of several words: the forms of those before and behind the longest, whose forms are `forms`."""
    capital: bool = False
    """The word that is looked for, of several the longest, has a capital."""

    @property
    def words(self) -> int:
        return 1 + len(self.left) + len(self.right)

    def stems(self) -> set[str]:
        """Fewest beginnings that every form has, at the beginning of words only where no compound is looked for."""
        kept: list[str] = []
        for form in sorted(self.forms | self.firsts):
            if not kept or not form.startswith(kept[-1]):
                kept.append(form)
        return set(kept) if self.firsts else {BOUNDARY + stem for stem in kept}


class _Single:
    """A target of one word, with what every word is held against made once."""

    def __init__(self, target: Target) -> None:
        text = target.text.lower()
        self.forms = target.forms
        self.endings = tuple(sorted(target.forms, key=lambda form: (-len(form), form)))
        self.firsts = tuple(sorted(target.firsts, key=lambda form: (-len(form), form)))
        self.is_long = len(text) >= term_parts.LONG
        self.is_sizeable = len(text) >= term_parts.SIZEABLE
        self.is_whole = frozenset({text, f"{text}s"})
        # Behind so many letters an ending would make another word of the term.
        self.root = len(text) - (text[-1] in VOWELS)
        particles = (one for one in PARTICLES if 1 < len(one) < len(text) - 2)
        self.has_particle = text.startswith(tuple(particles))

    def spans(self, word: str, *, hanging: bool) -> list[tuple[int, int]]:
        """Where the target stands in a lower-case word: the whole of it, or one part."""
        if word in self.forms or (hanging and word in self.firsts):
            return [(0, len(word))]
        if not self.firsts:
            return []
        found = [*self._as_last(word)][:1] or sorted(self._as_first(word))[:1]
        return [
            (start, -end)
            for _, start, end in found
            if not any(
                first <= start and -end <= last and last - first > -end - start
                for first, last in term_parts.opaque(word)
            )
        ]

    def _as_last(self, word: str) -> Iterator[tuple[bool, int, int]]:
        if not word.endswith(self.endings):
            return
        for form in self.endings:
            at = len(word) - len(form)
            if at > 0 and word.endswith(form) and self._is_before(word[:at], word):
                yield False, at, -len(word)

    def _is_before(self, part: str, word: str) -> bool:
        size = {"long": self.is_long, "sizeable": self.is_sizeable}
        if not term_parts.before(part, particle=self.has_particle, **size):
            return False
        # "trädslag" ends in "slag" and not in "lag": a letter that joins must not belong to a longer known part.
        return self.is_long or not (
            part.endswith("s")
            and term_parts.is_first(part[:-1])
            and term_parts.is_known(word[len(part) - 1 :])
        )

    def _as_first(self, word: str) -> Iterator[tuple[bool, int, int]]:
        """At the beginning, or behind another part: whether what follows is no known word, start, -end; the least is the best.

        A consonant that would stand three times is written twice ("tallund").
        """
        for form in self.firsts:
            at = word.find(form)
            while at >= 0:
                end = at + len(form)
                rest = word[end:]
                # "plantering" is made of "plantera" and not of "planta" and "ring".
                if rest and not term_parts.is_ending(word[at + self.root :]):
                    twice = form[-1] + rest if form[-1] == form[-2] and not term_parts.is_ending(rest) else ""
                    long = self.is_long and form in self.is_whole
                    size = {"long": long, "sizeable": self.is_sizeable}
                    fits = [rest] if term_parts.after(rest, **size) else []
                    fits += [twice] if twice and term_parts.is_known(twice) else []
                    known = any(map(term_parts.is_known, fits))
                    sure = at == 0 or known or word[:at] in PARTICLES or term_parts.is_first(word[:at])
                    if fits and sure and (at == 0 or self._is_before(word[:at], word)):
                        yield not known, at, -end
                at = word.find(form, at + 1)


def shadowed(glossary: Glossary) -> Iterator[tuple[str, str, str]]:
    """Variants that are a form of a term, which would be found instead: the variant's entry, the variant, and that term."""
    targets = Matcher(glossary).targets
    terms = [target for target in targets if target.variant is None]
    for target in targets:
        words = [word.lower() for word in _WORD.findall(target.text)]
        for other in terms if target.variant else ():
            if other.words == len(words) and all(map(_has, (*other.left, other.forms, *other.right), words)):
                yield glossary.entries[target.entry].term, target.text, glossary.entries[other.entry].term


def _has(forms: frozenset[str], word: str) -> bool:
    return word in forms


class Matcher:
    """All targets of a glossary."""

    def __init__(self, glossary: Glossary) -> None:
        self.targets = [
            target for number, entry in enumerate(glossary.entries) for target in _targets(number, entry)
        ]
        self._singles = [_Single(target) for target in self.targets]
        self._inside: dict[str, list[tuple[str, int]]] = {}
        self._at_start: dict[str, list[tuple[str, int]]] = {}
        for number, target in enumerate(self.targets):
            where = self._inside if target.firsts else self._at_start
            for stem in sorted(target.stems()):
                bare = stem.lstrip(BOUNDARY)
                where.setdefault(bare[:_INDEX], []).append((bare, number))
        self._sizes = sorted({len(key) for key in (*self._inside, *self._at_start)})

    def stems(self) -> set[str]:
        """For the scan over the bytes."""
        return {stem for target in self.targets for stem in target.stems()}

    def in_word(self, word: str, flags: int = 0) -> list[Match]:
        """Finds within one word. Those of targets of several words say only that their longest word is here: see `around`."""
        low = word.lower()
        if len(low) != len(word):
            return []
        named = bool(flags & INSIDE) and not (word.isupper() and len(word) > 1)
        found: list[Match] = []
        several: list[Match] = []
        for number in self._candidates(low):
            target = self.targets[number]
            if named and not target.capital:
                continue
            if target.words > 1:
                several += [Match(0, len(low), number)] if low in target.forms else []
                continue
            spans = self._singles[number].spans(low, hanging=bool(flags & HANGING))
            found += [Match(*span, number) for span in spans if is_cased(target.text, word[slice(*span)])]
        return sorted([*self._longest(found), *several])

    def _longest(self, found: list[Match]) -> list[Match]:
        """Those that do not lie within another; of equal ones the term before the variant, then the earlier entry."""
        kept: list[Match] = []
        for match in sorted(found, key=lambda m: (m.start - m.end, self._rank(m.target), m.start)):
            if all(match.end <= other.start or other.end <= match.start for other in kept):
                kept.append(match)
        return kept

    def _rank(self, target: int) -> tuple[bool, int]:
        return self.targets[target].variant is not None, target

    def _candidates(self, low: str) -> list[int]:
        found: set[int] = set()
        inside = self._inside
        for size in self._sizes:
            found.update(n for stem, n in self._at_start.get(low[:size], ()) if low.startswith(stem))
            for at in range(len(low) - size + 1):
                key = low[at : at + size]
                if key in inside:
                    found.update(number for stem, number in inside[key] if low.startswith(stem, at))
        return sorted(found)

    def around(self, text: str, start: int, end: int, target: int) -> Match | None:
        """The target of several words whose longest word is code points start..end of the text, if it stands there."""
        sought = self.targets[target]
        first, last = start, end
        for forms in reversed(sought.left):
            if (first := _word_before(text, first, forms)) < 0:
                return None
        for forms in sought.right:
            if (last := _word_behind(text, last, forms)) < 0:
                return None
        return Match(first, last, target) if is_cased(sought.text, text[first:last]) else None


def _word_before(text: str, at: int, forms: frozenset[str]) -> int:
    """Where one of the forms begins that only a gap parts from code point `at`; -1 where none does."""
    near = text[max(0, at - NEAR) : at]
    bare = near.rstrip(_GAP_CHARACTERS)
    if len(bare) == len(near) or _GAP.fullmatch(near, len(bare)) is None:
        return -1
    size = len(bare)
    while size and bare[size - 1].isalnum():
        size -= 1
    return at - len(near) + size if bare[size:].lower() in forms else -1


def _word_behind(text: str, at: int, forms: frozenset[str]) -> int:
    """Where one of the forms ends that only a gap parts from code point `at`; -1 where none does."""
    gap = _GAP.match(text, at)
    if gap is None:
        return -1
    begin = end = gap.end()
    while end < len(text) and end - begin < NEAR and text[end].isalnum():
        end += 1
    return end if text[begin:end].lower() in forms else -1


def _targets(number: int, entry: Entry) -> Iterator[Target]:
    yield _target(number, None, entry.term, entry.inflections, compounds=entry.compounds)
    for phrase in entry.inflections:
        if len(_WORD.findall(phrase)) > 1:
            yield _target(number, None, phrase, (phrase,), compounds=False)
    for variant in entry.avoid:
        yield _target(number, variant, variant, (), compounds=entry.compounds)


def _target(
    number: int, variant: str | None, text: str, given: tuple[str, ...], *, compounds: bool
) -> Target:
    shown = _WORD.findall(text)
    words = [word.lower() for word in shown]
    if len(words) > 1:
        forms = [
            _forms_in_phrase(word, last=at == len(words) - 1, as_it_is=bool(given))
            for at, word in enumerate(words)
        ]
        at = max(range(len(words)), key=lambda place: (len(words[place]), place))
        left, right = tuple(forms[:at]), tuple(forms[at + 1 :])
        return Target(
            number, variant, text, forms[at], left=left, right=right, capital=shown[at][0].isupper()
        )
    word = words[0]
    listed = {form.lower() for form in given if len(_WORD.findall(form)) == 1}
    own = frozenset({word} | listed | {form + "s" for form in listed if not form.endswith("s")})
    in_parts = compounds and len(word) >= term_parts.SHORTEST and word.isalpha()
    return Target(
        number,
        variant,
        text,
        own if given else inflections(word),
        combining(word) if in_parts else frozenset(),
        capital=shown[0][0].isupper(),
    )


def _forms_in_phrase(word: str, *, last: bool, as_it_is: bool) -> frozenset[str]:
    """Words of up to three letters ("av", "per", "ny") inflect as adjectives at most, unless they are the noun at the end ("väg")."""
    if as_it_is or not word.isalpha() or word in FUNCTION:
        return frozenset({word})
    noun = inflections(word) if last or len(word) > term_parts.SHORTEST else set()
    return frozenset({word} | noun | (set() if last else adjective(word)))


def is_cased(term: str, found: str) -> bool:
    """Capitals behind the first letter of a term must be there in the text, word by word, unless that is in capitals throughout.

    >>> is_cased("FSC", "fsc"), is_cased("avverkning", "Avverkning"), is_cased("EU-stöd", "EU-STÖD")
    (False, True, True)
    >>> is_cased("skog i Norrland", "Skogar i Norrland"), is_cased("skog i Norrland", "skogar i norrland")
    (True, False)
    """
    if found.isupper():
        return True
    for place, (word, shown) in enumerate(zip(_WORD.findall(term), _WORD.findall(found), strict=False)):
        own = word[1:] if place == 0 else word
        if own != own.lower() and not shown[len(word) - len(own) :].startswith(own):
            return False
    return True
