"""The forms that a Swedish word takes, made from how it ends: inflections, and what it becomes before another part of a compound.

Which declension a noun has is not always in its ending, so all that fit are made: a form that nobody uses finds nothing. Forms that
are common words of their own are left out (`OTHER_WORDS`). Endings follow the five declensions, the two genders, the comparison of
adjectives and the weak conjugation as any grammar of Swedish lists them; the tables are written for this project.
"""

import re
from functools import lru_cache

from pipeline.stages.term_words import OTHER_WORDS

VOWELS = "aeiouyåäöé"


IRREGULAR = {
    "man": "mannen män männen",
    "bok": "boken böcker böckerna",
    "stad": "staden städer städerna",
    "land": "landet länder länderna",
    "hand": "handen händer händerna",
    "strand": "stranden stränder stränderna",
    "brand": "branden bränder bränderna",
    "tand": "tanden tänder tänderna",
    "rand": "randen ränder ränderna",
    "rot": "roten rötter rötterna",
    "fot": "foten fötter fötterna",
    "son": "sonen söner sönerna",
    "vän": "vännen vänner vännerna",
    "natt": "natten nätter nätterna",
    "bot": "boten böter böterna",
    "ledamot": "ledamoten ledamöter ledamöterna",
    "bokstav": "bokstaven bokstäver bokstäverna",
    "stång": "stången stänger stängerna",
    "spång": "spången spänger spängerna",
    "öga": "ögat ögon ögonen",
    "öra": "örat öron öronen",
    "dotter": "dottern döttrar döttrarna",
    "moder": "modern mödrar mödrarna",
    "fader": "fadern fäder fäderna",
    "broder": "brodern bröder bröderna",
    "bonde": "bonden bönder bönderna",
    "djur": "djuret djuren",
    "lag": "lagen lagar lagarna laget",
    "mål": "målet målen",
    "lån": "lånet lånen",
    "träd": "trädet träden träna",
    "virke": "virket virken virkena",
    "bo": "boet bon boen bona",
    "frö": "fröet frön fröna fröer fröerna",
}
"""Nouns whose forms change the vowel, or of which the rules would make too many. They hold for words that end in them as well."""

IRREGULAR_ADJECTIVES = {
    "gammal": "gammalt gamla gamle äldre äldst äldsta äldste",
    "liten": "litet lilla lille små mindre minst minsta minste",
    "stor": "stort stora store större störst största störste",
    "hög": "högt höga höge högre högst högsta högste",
    "låg": "lågt låga låge lägre lägst lägsta lägste",
    "lång": "långt långa långe längre längst längsta längste",
    "ung": "ungt unga unge yngre yngst yngsta yngste",
    "grov": "grovt grova grove grövre grövst grövsta grövste",
    "god": "gott goda gode bättre bäst bästa bäste",
}
"""Adjectives that change the stem or compare without -are."""

_VERB = ("ar", "ade", "at", "as", "ats", "ad", "ades", "ande", "andet", "andes")
_ENDINGS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    # (ending of the word, letters that go, what comes instead)
    (r"(?:ing|dom)", 0, ("en", "ar", "arna")),
    (r"(?:het|tion|sion|itet|nad|ans|ens)", 0, ("en", "er", "erna")),
    (r"skap", 0, ("en", "et", "er", "erna")),
    (r"else", 0, ("n", "r", "rna")),
    (r"are", 0, ("n", "na")),
    (r"are", 1, ("na",)),
    (r"(?:sök|mäl|verk)an", 2, ("ningar", "ningarna", "ningen")),
    (r"eri", 0, ("et", "er", "erna", "t", "n")),
    (r"or", 0, ("n", "er", "erna")),
    (r"um", 2, ("et", "er", "erna", "umet")),
    (r"a", 1, ("an", "or", "orna", "at", *_VERB)),
    (r"ja", 2, ("jer", "de", "t", "s", "ts", "d", "da", "er", "jande")),
    (r"e", 0, ("n", "t", "na", "r", "rna")),
    (r"e", 1, ("ar", "arna", "er", "erna", "or", "orna")),
    (r"..o", 0, ("n", "t", "na")),
    (r"(?:[iyåäöué]|^.?o)", 0, ("n", "t", "et", "en", "ar", "arna", "er", "erna", "r", "rna", "na")),
)
_CONSONANT_NOUN = ("en", "et", "ar", "arna", "er", "erna")
_ADJECTIVE = re.compile(
    r"(?:ig|isk|sam|bar|...ad|fri|lös|full|rik|mässig|iv|ell|ös|när|fast|säker|giltig|pliktig)$"
)
_GENITIVE_LESS = ("s", "x", "z")

_COMBINING_S = re.compile(
    r"(?:ing|tion|sion|het|itet|skap|dom|nad|(?:sök|mäl|verk)an|ande|ende|eri|um|ment|bruk|samhälle)$"
)


@lru_cache(maxsize=8192)
def inflections(word: str) -> frozenset[str]:
    """The word and its forms, lower case, genitives among them.

    >>> sorted(inflections("plan"))[:6]
    ['plan', 'planar', 'planarna', 'planarnas', 'planars', 'planen']
    >>> {"avverkningen", "avverkningarnas"} <= inflections("avverkning"), "avverknings" in inflections("avverkning")
    (True, True)
    """
    word = word.lower()
    own = _irregular(word)
    forms = own or _regular(word)
    forms |= adjective(word) if _ADJECTIVE.search(word) else set()
    forms = {form for form in forms if form not in OTHER_WORDS} | {word}
    return frozenset(forms | {form + "s" for form in forms if not form.endswith(_GENITIVE_LESS)})


def adjective(word: str) -> set[str]:
    """The word as an adjective agrees and compares.

    >>> sorted(adjective("naturlig"))
    ['naturlig', 'naturliga', 'naturligare', 'naturligast', 'naturligaste', 'naturlige', 'naturligt']
    """
    word = word.lower()
    if word in IRREGULAR_ADJECTIVES:
        return {word, *IRREGULAR_ADJECTIVES[word].split()}
    forms = {word + ending for ending in ("", "t", "a", "e", "are", "ast", "aste")}
    if word.endswith("ad"):
        forms |= {word[:-1] + "t", word[:-1] + "de"}
    if word[-1] in VOWELS:
        forms |= {word + "tt"}
    if word.endswith(("en", "el", "er")):
        root = _single(word[:-2]) + word[-1]
        forms |= {root + "a", root + "e", word[:-1] + "t"}
    if word.endswith(("d", "t")) and len(word) > 2:
        forms |= {word[:-1] + "t", word[:-1] + "tt"}
    if word.endswith("t") and len(word) > 3:
        # The glossary writes the neuter: "hyggesfritt skogsbruk".
        root = word[:-2] if word.endswith("tt") else word[:-1]
        forms |= {root, root + "a", root + "e"}
    if word.endswith("n") and word[-2:-1] and word[-2] in VOWELS:
        forms |= {word + "na", word + "ne", word[:-1] + "nt"}
    return forms


def _irregular(word: str) -> set[str]:
    for size in range(min(len(word), 8), 1, -1):
        known = IRREGULAR.get(word[-size:])
        # A short one may be the end of anything: "plan" does not go like "an".
        if known is not None and (size == len(word) or (size > 2 and len(word) - size > 1)):
            return {word[:-size] + form for form in known.split()}
    return set()


def _regular(word: str) -> set[str]:
    forms = set()
    for pattern, gone, endings in _ENDINGS:
        if re.search(f"{pattern}$", word):
            root = word[: len(word) - gone]
            forms |= {root + ending for ending in endings}
    if word[-1] in VOWELS:
        return forms
    if not forms:
        forms |= {word + ending for ending in _CONSONANT_NOUN}
    if word[-1] == "m" and word[-2:-1] and word[-2] in VOWELS:
        forms |= {word + word[-1] + ending for ending in _CONSONANT_NOUN}
    if word.endswith(("el", "er", "en")) and len(word) > 3:
        root = _single(word[:-2]) + word[-1]
        forms |= {root + ending for ending in ("et", "en", "ar", "arna", "er", "erna")} | {word + "n"}
    return forms


def _single(root: str) -> str:
    """Double m and n are written once before a consonant: "nummer", "numret"."""
    return root[:-1] if root[-2:] in {"mm", "nn"} else root


@lru_cache(maxsize=8192)
def combining(word: str) -> frozenset[str]:
    """What the word may be before another part of a compound, with the letter that joins them.

    >>> sorted(combining("avverkning")), sorted(combining("gata"))
    (['avverkning', 'avverknings'], ['gat', 'gata', 'gate', 'gato', 'gatu'])
    """
    word = word.lower()
    if _COMBINING_S.search(word):
        joined = {word, word + "s"}
        return frozenset(joined | {word[:-2] + "nings"} if word.endswith("an") else joined)
    if word.endswith("a"):
        ends = ("", "a", "e", "o", "u", *(("es",) if word.endswith("hyra") else ()))
        return frozenset(word[:-1] + end for end in ends)
    if word.endswith("e"):
        return frozenset({word, word + "s", *({word[:-1]} if len(word) > 5 else ())})
    return frozenset({word, word + "e", word + "a"} | ({word + "s"} - {word + "ss"}))
