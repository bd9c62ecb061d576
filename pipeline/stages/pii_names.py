"""Names of people: behind or before words that introduce one, and, with the extra `names`, by lists of given names and surnames.

No text is anonymous because of it. Lists know the usual names only; a name that is no full one, or that is a word too, stays.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.stages.pii_text import Found, context

CAPITAL, SMALL = "A-ZÀ-ÖØ-ÞŠŽ", "a-zß-öø-ÿšž"
REST = rf"[{SMALL}]{{1,20}}(?:-[{CAPITAL}][{SMALL}]{{1,20}})?"
ROW = re.compile(rf"[{CAPITAL}](?<![\w-].){REST}(?: (?:[{CAPITAL}]\.|[{CAPITAL}]{REST})){{1,4}}(?![\w-])")
"""Capitalised words in a row, initials among them: the only places that are looked at. The set comes first, because the engine
runs ahead to it.
"""
CUE_BEFORE = re.compile(
    r"(?:\b[Kk]ontakta|\bHandläggare:?|\bNamn:|\b[Hh]err|\b[Ff]ru|\b[Ff]röken|\brör|\bbesvaras av|\bMrs?\.|\bMs\.|\bDr\.) \Z"
)
CUE_INSIDE = re.compile(r"(?:Kontakta|Handläggare|Herr|Fru|Fröken) ")
CUE_AFTER = re.compile(r",? (?:\(?\d{6}|personnummer\b|född\b)")

NEAR = ("sv_SE", "no_NO", "da_DK", "fi_FI", "is_IS")
FAR = ("et_EE", "en_US", "en_GB", "de_DE", "es_ES", "fr_FR", "hr_HR", "it_IT", "pl_PL", "tr_TR")
"""Languages whose lists are taken from Faker: the North's, and those of many who live there; about 15,000 names."""
SURNAME_ENDINGS = (
    "sson", "sen", "ssen", "son", "berg", "borg", "ström", "lund", "gren", "kvist", "qvist", "quist",
    "dahl", "dal", "man", "mann", "stedt", "stad", "lind", "löf", "blad", "blom", "ius", "nen", "lainen",
    "felt", "feldt", "holm", "holt", "haug", "bakken", "rud", "stam", "hult", "mark", "rup", "gaard",
    "gård", "bäck", "bech", "by", "skog", "fors", "hag", "hjelm", "sköld",
)  # fmt: skip
"""Ends of surnames in the North; together with a known given name they are enough."""
NO_SURNAMES = frozenset(
    [
        "Kyrka",
        "Kyrkan",
        "Församling",
        "Kommun",
        "Kommunen",
        "Sjukhus",
        "Skola",
        "Skolan",
        "Gymnasium",
        "Universitet",
        "Torg",
        "Gata",
        "Gate",
        "Gatan",
        "Väg",
        "Vägen",
        "Plats",
        "Bibliotek",
        "Stiftelse",
        "Fond",
        "Fonden",
        "Pris",
        "Priset",
        "Prize",
        "University",
        "Hospital",
        "School",
        "Church",
        "Street",
        "Road",
        "Park",
        "Island",
        "Islands",
        "County",
        "City",
        "River",
        "Lake",
        "Company",
        "Corporation",
        "Inc",
        "Ltd",
        "Institute",
        "Foundation",
        "Linux",
        "Act",
        "Day",
        "Center",
        "Centre",
        "Museum",
        "Mountains",
        "Bay",
        "Airport",
        "Leone",
        "Scotia",
        "Profile",
        "Maj",
        "Majestät",
    ]
)
"""What stands behind a given name in names of places, houses and prizes."""


@dataclass(frozen=True)
class Names:
    """Given names, those of the North among them, and surnames, as they are written."""

    given: frozenset[str]
    near: frozenset[str]
    family: frozenset[str]


def installed() -> bool:
    """Whether the extra `names` is there."""
    return importlib.util.find_spec("faker") is not None


def version() -> str:
    """Version of the lists, on which measures depend."""
    return importlib.metadata.version("faker")


@functools.cache
def lists() -> Names:
    """The names of all languages; read once a process."""
    given: set[str] = set()
    near: set[str] = set()
    family: set[str] = set()
    for locale in (*NEAR, *FAR):
        provider: Any = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in ("first_names", "first_names_male", "first_names_female"):
            given.update(getattr(provider, attribute, ()))
        if locale == NEAR[-1]:
            near = set(given)
        family.update(getattr(provider, "last_names", ()))
    return Names(frozenset(given), frozenset(near), frozenset(family))


def persons(text: str, names: Names | None) -> Iterator[Found]:
    """Names with a word before or behind them that introduces a person; with `names`, also full names by lists: a known given
    name and behind it a surname that is known, shaped like one, or no word of the text.

    >>> text = "Kontakta Xu Yang. Fiskaren Anna B. Ek och Karl Bergström gick till sjön. Till Sommaren kommer Anna Ohly."
    >>> [text[start:end] for start, end, _ in persons(text, None)]
    ['Xu Yang']
    >>> names = Names(frozenset({"Anna", "Karl", "Till"}), frozenset({"Anna", "Karl"}), frozenset({"Ek"}))
    >>> [text[start:end] for start, end, _ in persons(text, names)]
    ['Xu Yang', 'Anna B. Ek', 'Karl Bergström', 'Anna Ohly']
    """
    for row in ROW.finditer(text):
        cue = CUE_INSIDE.match(row[0])
        start = cue.end() + row.start() if cue else row.start()
        if " " in text[start : row.end()] and (
            cue or CUE_BEFORE.search(context(text, start, 15)) or CUE_AFTER.match(text, row.end())
        ):
            yield start, row.end(), "person"
        elif names is not None:
            yield from _listed(text, row, names)


def _listed(text: str, row: re.Match[str], names: Names) -> Iterator[Found]:
    if not any(_among(word, names.given) for word in row[0].split(" ")[:-1]):
        return
    words = [(row.start() + word.start(), word[0]) for word in re.finditer(r"\S+", row[0])]
    at = 0
    while at < len(words) - 1:
        end = _name_end([word for _, word in words], at, names, text)
        if end:
            yield words[at][0], words[end - 1][0] + len(words[end - 1][1]), "person"
        at = end or at + 1


def _name_end(words: Sequence[str], first: int, names: Names, text: str) -> int:
    """Word after the last of the name that begins at word `first`; 0 where none does."""
    if not _among(words[first], names.given):
        return 0
    at = first + 1
    while at < len(words) - 1 and (words[at].endswith(".") or _among(words[at], names.given)):
        at += 1
    known = _is_family(words[at], names)
    if not known and not _may_be_family(words[first], words[at], names, text):
        return 0
    if words[first] not in names.near and _is_small(words[first], text):
        # "Till Expressen": a given name somewhere, but a plain word here.
        return 0
    while at + 1 < len(words) and _is_family(words[at + 1], names):
        at += 1
    return at + 1


def _among(word: str, given: frozenset[str]) -> bool:
    return word in given or ("-" in word and all(part in given for part in word.split("-")))


def _is_family(word: str, names: Names) -> bool:
    if word.endswith(".") or word in NO_SURNAMES:
        return False
    # The genitive: "Anna Eks hus".
    bare = word.removesuffix("s")
    return any(
        part in names.family or (len(part) > 4 and part.endswith(SURNAME_ENDINGS))
        for part in (word, bare, *word.split("-"))
    )


def _may_be_family(given: str, word: str, names: Names, text: str) -> bool:
    """An unknown word behind a given name of the North, if the text has it as no word of its own."""
    if word.endswith(".") or word in NO_SURNAMES or len(word) < 3:
        return False
    return _among(given, names.near) and not _is_small(given, text) and not _is_small(word, text)


def _is_small(word: str, text: str) -> bool:
    """Whether the text writes the word with small letters too."""
    small = word.lower()
    return f" {small} " in text or f" {small}." in text or f" {small}," in text
