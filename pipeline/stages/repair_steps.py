"""The single repairs, each `str -> str`, each harmless on text that does not need it."""

import re
import unicodedata
from html import unescape

NEWLINES = re.compile("\r\n?|[\x0b\x0c\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")

ENTITY = re.compile(
    "&(?:[AEIOUYaeiouy](?:acute|grave|circ|uml|ring|tilde)|[aA][eE]lig|[oO]slash|[nN]tilde|[cC]cedil|szlig|nbsp|shy|sect|para"
    "|ndash|mdash|hellip|[lrbs]dquo|[lrs]squo|laquo|raquo|bull|middot|deg|plusmn|frac12|frac14|frac34|sup2|sup3|euro|copy|reg|trade"
    "|times|#(?:1[6-9][0-9]|2[0-5][0-9]|82(?:1[12]|16|17|2[0-2]|30)|8364|x(?:[AaBbCcDdEeFf][0-9A-Fa-f]|201[349CDcd]|20[Aa][Cc])));"
)

LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
LIGATURE = re.compile("[\ufb00-\ufb06]")

SPACES = re.compile("[\N{NO-BREAK SPACE}\u1680\u2000-\u200a\u202f\u205f\u3000]")

# Terminal colours and cursor moves go as a whole; other control characters one by one. Tab and line feed stay.
CONTROLS = re.compile("\x1b\\[[0-9;?]{0,20}[A-Za-z]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Persian needs the non-joiner inside words and emoji need the joiner: both stay between characters from U+0590 on.
INVISIBLE = re.compile(
    "[\N{SOFT HYPHEN}\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
    f"|(?<![\u0590-\U0010ffff])[{JOINERS}]|[{JOINERS}](?![\u0590-\U0010ffff])"
)

HYPHEN_CHARACTERS = "\N{HYPHEN}\N{SOFT HYPHEN}\N{NOT SIGN}"
# The word's first part starts after white space or an opening sign, so that "kust-till-", "e-" and "--flag-" are no parts.
DIVIDED = re.compile(
    f"(?<![^\\s(\"'\N{RIGHT DOUBLE QUOTATION MARK}])([A-ZÅÄÖ]?[a-zåäöéüæø]{{2,40}})([-{HYPHEN_CHARACTERS}])[ \t]*\n[ \t]*"
    "([a-zåäöéüæø]{2,40})([^\\s]{0,40})(?:[ \t]*(\n)|[ \t]+|\\Z)"
)
LINE_END_HYPHEN = re.compile(f"[-{HYPHEN_CHARACTERS}][ \t]*\n")
FIRST_PART = re.compile("[A-ZÅÄÖ]?[a-zåäöéüæø]{2,40}\\Z")
"""What may stand before the hyphen: where DIVIDED can match a word, it begins where the longest such run does."""
LONGEST_FIRST_PART = 41
ABBREVIATIONS = frozenset(
    {"tv", "it", "pc", "cd", "id", "eu", "fn", "sms", "mms", "gps", "pdf", "usb", "dvd", "gmo", "kbt", "adhd"}
)
"""First parts that keep their hyphen in compounds ("tv-program"), small letters or not."""
JOINING_WORDS = frozenset(
    [
        "och",
        "eller",
        "samt",
        "respektive",
        "men",
        "till",
        "såväl",
        "liksom",
        "som",
        "både",
        "utan",
        "och/eller",
        "resp",
        "og",
        "eller",
        "og/eller",
        "samt",
        "både",
        "and",
        "or",
        "to",
        "und",
        "oder",
        "bis",
        "ja",
        "tai",
        "sekä",
    ]
)
"""Words after which "nord-" is a compound cut short on purpose ("nord- och sydsida"), not a divided word."""


def fix_newlines(text: str) -> str:
    """CRLF, CR, vertical tab, form feed and Unicode's separators become line feeds."""
    return NEWLINES.sub("\n", text)


def fix_entities(text: str) -> str:
    """Entities of letters and typography.

    >>> fix_entities("R&auml;ksm&ouml;rg&aring;s &amp; mer, a &lt; b")
    'Räksmörgås &amp; mer, a &lt; b'
    """
    return ENTITY.sub(lambda match: unescape(match[0]), text)


def fix_ligatures(text: str) -> str:
    return text.translate(LIGATURES) if LIGATURE.search(text) else text


def fix_spaces(text: str) -> str:
    return SPACES.sub(" ", text)


def remove_controls(text: str) -> str:
    return CONTROLS.sub("", text)


def remove_invisible(text: str) -> str:
    return INVISIBLE.sub("", text)


def compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def join_hyphens(text: str) -> str:
    r"""Words divided at a line's end are joined; what follows the word stays on its line.

    >>> join_hyphens("ett skogs-\nbruk är bra")
    'ett skogsbruk\när bra'
    >>> join_hyphens("nord-\noch sydsida")
    'nord-\noch sydsida'
    """
    # DIVIDED.sub(_joined, text) would try every word of the text, which takes ten times as long.
    parts: list[str] = []
    done = 0
    for hyphen in LINE_END_HYPHEN.finditer(text):
        at = hyphen.start()
        first = FIRST_PART.search(text, max(done, at - LONGEST_FIRST_PART), at)
        match = DIVIDED.match(text, first.start()) if first else None
        if match:
            parts += (text[done : match.start()], _joined(match))
            done = match.end()
    return "".join([*parts, text[done:]]) if parts else text


def _joined(match: re.Match[str]) -> str:
    first, hyphen, second, rest, newline = match.groups()
    # A hyphen that only typesetters use is a division for certain; a plain one may be a compound cut short.
    cut_short = second in JOINING_WORDS and not rest.strip(".,;:!?)")
    if hyphen == "-" and (cut_short or first.lower() in ABBREVIATIONS):
        return match[0]
    return f"{first}{second}{rest}" + ("\n" if newline or match.end() < len(match.string) else "")
