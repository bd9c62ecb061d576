"""Whether what stands beside a term within a longer word can be a part of a compound.

Half of all Swedish words begin or end like some short noun, so the shorter a term is the surer the part beside it must be. Beside a
term of three letters it must be a known one; beside one of four or five, known or long and of Swedish build ("gran" in "granskog",
not in "granska"); beside a long one (`LONG` letters) whatever can be a Swedish word part will do, except endings that make another
word of it ("kommun", "kommunism") and particles of verbs ("handling", "behandling"). Words that hold a longer word of another kind
("marknadsföring", for "mark") are listed (OPAQUE).
"""

import re
from functools import cache, lru_cache

from pipeline.stages.term_forms import VOWELS, combining, inflections
from pipeline.stages.term_words import FIRST, KNOWN, LATIN, OPAQUE, PARTICLES, SHORT_FIRST

LONG = 6
"""Letters from which a term is long. Of the labelled cases (tests/cases/terms) 5 makes four false finds, such as "konto" in "kontoret"
and "ränta" in "räntabilitet", 7 loses "grannkommun", and 6 does neither."""

SHORTEST = 3
"""Letters of a term that is looked for in compounds at all, and of the part beside it."""

SIZEABLE = 4
"""Letters of a term from which an unknown part beside it will do that cannot be borrowed."""

_UNKNOWN = 5
"""Letters of a part that is not known: with fewer it is hardly ever a word ("förd" in "fördröjning")."""


_MADE = re.compile(
    r"(?:r(?:a|ar|ade|at|ad|as|ats|ing\w*|ande\w*)|j(?:a|er|t|ande\w*|are\w*)|bil\w*itet\w*|s?(?:lig|ig)(?:t|a|e|are|ast|aste|en|tvis|het\w*)?|krat\w*|het(?:en|er|erna)?|skap(?:et|en|er|erna|ande\w*)?|sam(?:t|ma)?|bar(?:t|a)?"
    r"|dom(?:en|ar|arna)?|ande(?:n|t|na)?|ende(?:n|t|na)?|ar(?:e|en|na)|arskap\w*|n?ing(?:en|ar|arna)?|else(?:n|r|rna)?"
    r"|is(?:m|t|k)\w*|iser\w*|ifi\w+|ikat\w*|icer\w*|er(?:a|ar|ade|at|ad|as|ats|ande\w*|ing\w*)|ell(?:t|a)?|al(?:t|a|en|er|erna|iser\w*|ism\w*)?"
    r"|är(?!ende)\w*|at(?:et|en|er|or\w*)?|ation\w*|ativ\w*|itet\w*|ör(?:en|er|erna)?|ös(?:t|a)?|inna\w*|ell\w*|ik(?:en|er)?"
    r"|a(?:r|de|des|t|ts|d|s)?|ion(?:en|er|erna|är\w*)?|abel|abla|ant\w*|ent\w*|ur(?:en|er)?|ium|ide\w*|ana?|ens)s?"
)
"""What makes another word of the one before it, with inflections."""

_BORROWED = re.compile(
    r"\w*(?:[ts]ion|er(?:a|ar|ade|at|ad|ing|ande)|ment|itet|is[mt]|ik|ur|ans|ens|ant|ent|al|ell|iv|är|ör)"
    r"(?:s|en|er|erna|et|ets|ar|arna|a|t|ens|ernas)?"
)
"""Words borrowed whole, whose first letters may spell a Swedish word."""

_DERIVED = (
    "al",
    "ar",
    "är",
    "ärs",
    "at",
    "ell",
    "iv",
    "ist",
    "ent",
    "ant",
    "ism",
    "als",
    "ars",
    "ats",
    "ists",
    "isms",
)
"""Such an ending before a known part: "kommunalskatt" is made of "kommunal" and not of "kommun"."""

_VOWEL = re.compile(f"[{VOWELS}]")
_ONSET = re.compile(
    r"(?:[bcdfghjklmnpqrstvwxz]|b[lrj]|d[rjv]|f[jlnr]|g[lnrj]|[hln]j|hv|k[lnrv]|lj|mj|p[lrjs]|s[cfhjklmnptv]|sch|sk[jrv]|sp[jlr]|st[jr]"
    rf"|t[rjv]|v[r]|ch|ph|th|kr|chr)?[{VOWELS}]"
)


@lru_cache(maxsize=1 << 16)
def after(part: str, *, long: bool, sizeable: bool = False) -> bool:
    """Whether `part` can be what follows a term in a compound; `sizeable` terms have SIZEABLE letters.

    >>> after("skogen", long=False), after("ska", long=False), after("anmälan", long=True), after("ism", long=True)
    (True, False, True, False)
    """
    if len(part) < SHORTEST or not part.isalpha():
        return False
    if is_known(part):
        return True
    if is_ending(part) or _ONSET.match(part) is None:
        return False
    # "konst" is no part of "konstruktion", nor "form" of "formulera".
    native = part[0] not in VOWELS and _BORROWED.fullmatch(part) is None
    return long or (sizeable and native and len(part) >= _UNKNOWN)


@lru_cache(maxsize=1 << 16)
def is_ending(part: str) -> bool:
    """Whether `part` behind a word makes another word of it, alone or before a known part.

    >>> is_ending("ism"), is_ending("alskatt"), is_ending("anmälan")
    (True, True, False)
    """
    if _MADE.fullmatch(part) is not None:
        return True
    return any(part.startswith(end) and is_known(part[len(end) :]) for end in _DERIVED)


@lru_cache(maxsize=1 << 16)
def before(part: str, *, long: bool, particle: bool, sizeable: bool = False) -> bool:
    """Whether `part` can be what comes before a term; `particle` says whether the term begins with a particle itself.

    >>> before("slut", long=True, particle=True), before("be", long=True, particle=False), before("förs", long=False, particle=False)
    (True, False, False)
    """
    if not part.isalpha():
        return False
    if part in PARTICLES:
        return particle and len(part) > 1
    if part in LATIN:
        return False
    if part in SHORT_FIRST:
        return True
    if len(part) < SHORTEST or is_first(part):
        return len(part) >= SHORTEST
    if (
        len(part) < _UNKNOWN
        or _VOWEL.search(part) is None
        or not (long or (sizeable and part[-1] not in "iy"))
    ):
        return False
    return particle or not _ends_in_particle(part)


def _ends_in_particle(part: str) -> bool:
    """Whether a particle stands behind a known part: "likabehandling" is made of "behandling" and not of "handling"."""
    if part.endswith(("be", "för")):
        return True
    return any(part.endswith(one) and is_first(part[: -len(one)]) for one in PARTICLES if len(one) > 1)


@cache
def _known_forms() -> frozenset[str]:
    # Of three letters only the words themselves: inflected, they look like endings ("konto", "kontoret").
    made = (form for word in KNOWN for form in inflections(word) if len(form) > SHORTEST)
    return frozenset(made) | {word for word in KNOWN if len(word) == SHORTEST}


@cache
def _known_firsts() -> frozenset[str]:
    return frozenset(form for word in KNOWN for form in combining(word) if len(form) >= SHORTEST) | FIRST


@lru_cache(maxsize=1 << 16)
def is_known(part: str) -> bool:
    """A known word in any form, or a compound of known parts.

    >>> is_known("barkborren"), is_known("skning")
    (True, False)
    """
    if part in _known_forms():
        return True
    return any(part[at:] in _known_forms() and is_first(part[:at]) for at in range(SHORTEST, len(part) - 2))


@lru_cache(maxsize=1 << 16)
def is_first(part: str) -> bool:
    """A known word as it stands before another part, or several of them.

    >>> is_first("skogs"), is_first("barkborre"), is_first("förs")
    (True, True, False)
    """
    firsts = _known_firsts()
    if part in firsts or (len(part) > 2 and part + part[-1] in firsts):
        return True
    return any(part[:at] in firsts and part[at:] in firsts for at in range(SHORTEST, len(part) - 2))


@cache
def _opaque_forms() -> frozenset[str]:
    return frozenset(form for word in OPAQUE for form in inflections(word))


@lru_cache(maxsize=1 << 16)
def opaque(word: str) -> tuple[tuple[int, int], ...]:
    """Where words of OPAQUE stand within a word, in any form.

    >>> opaque("arbetsmarknadens"), opaque("markyta")
    (((6, 13), (6, 14), (6, 15), (6, 16)), ())
    """
    forms, size = _opaque_forms(), len(word)
    return tuple(
        (at, end) for at in range(size - 3) for end in range(at + 4, size + 1) if word[at:end] in forms
    )
