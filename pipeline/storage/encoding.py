"""Bytes to text: BOM, then strict UTF-8, then the encodings that Nordic text really comes in, scored by what they yield.

General detectors read Swedish cp1252 as cp1250 or cp1257 in half of the cases, where every å, ä and ö still looks right and
the rest does not. So the candidates are few, and the score asks what a Swede would: do the letters stand where letters stand?
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass

DOUBTFUL = "read.encoding_doubtful"

CANDIDATES = ("cp1252", "iso-8859-15", "mac_roman", "cp850", "cp865")
"""In order of how common they are; the earlier one wins a tie."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 before UTF-16: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

SAMPLE = 1 << 16
"""High bytes looked at for the score; a file of one encoding shows its hand long before."""

MOSTLY_UTF8 = 0.5
"""Share of valid UTF-8 sequences from which a text with broken bytes is still UTF-8. Statutes and their first lines, written in
each of the other encodings (2,564 of them), show none at all; one stray byte in a short sentence leaves .8."""

FOREIGN = 0.35
"""Share of letters beyond ASCII. Of 4,400 sentences of eight languages of northern Europe none has more than .30 (Icelandic;
Swedish .20, five sentences together .09); Greek, Hebrew or Cyrillic read as cp1252 has 1.0 and a Chinese one .33 to 1.0."""

FEW_LETTERS = 12
"""Letters below which a share says nothing: "På ön" has two of four."""

_HIGH = re.compile(rb"[\x80-\xff]")
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)

# What each character says, in rough log-odds of running Nordic text (our choice; measured in tests/storage/test_encoding.py).
_COMMON = dict.fromkeys("åäöÅÄÖ", 5.0) | dict.fromkeys("éæøÆØ", 3.0) | dict.fromkeys("ÉüàèáóíúñçßðþÜ", 0.5)
_SIGNS = dict.fromkeys(
    "\N{SECTION SIGN}\N{RIGHT DOUBLE QUOTATION MARK}\N{EN DASH}\N{NO-BREAK SPACE}", 2.0
) | dict.fromkeys(
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{EM DASH}"
    "\N{HORIZONTAL ELLIPSIS}\N{BULLET}\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{MIDDLE DOT}\N{DEGREE SIGN}"
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{EURO SIGN}\N{VULGAR FRACTION ONE HALF}\N{ACUTE ACCENT}"
    "\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}\N{POUND SIGN}\N{COPYRIGHT SIGN}\N{REGISTERED SIGN}\N{PLUS-MINUS SIGN}"
    "\N{MULTIPLICATION SIGN}\N{MICRO SIGN}\N{SOFT HYPHEN}\N{TRADE MARK SIGN}\N{PER MILLE SIGN}\N{DOUBLE LOW-9 QUOTATION MARK}",
    0.5,
)
_WRONG = -8.0


@dataclass(frozen=True, slots=True)
class Decoded:
    """`encoding` is a Python codec name; `note` a reason code when the text should be looked at by a person."""

    text: str
    encoding: str
    note: str | None = None


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """The text of `data`. Never raises for bytes: what cannot be known gets the likeliest reading and a note.

    `declared` (from a header or a meta element) breaks ties only; declarations are wrong too often to be believed.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _with_bom(data[len(mark) :], encoding)
    if wide := _utf16_without_bom(data):
        return Decoded(data.decode(wide), wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if _utf8_share(data) >= MOSTLY_UTF8:
        return Decoded(_mend_utf8(data), "utf-8", DOUBTFUL)
    return _by_score(data, declared)


def looks_wrong(text: str) -> bool:
    """Whether a decoded text holds what no text holds: C1 controls, box drawing or replacement characters among letters."""
    odd = len(_ODD.findall(text[: SAMPLE * 16]))
    return odd > 0 and odd * 500 > len(text[: SAMPLE * 16])


_ODD = re.compile("[\x80-\x9f\N{BOX DRAWINGS LIGHT HORIZONTAL}-\N{BLACK SQUARE}\N{REPLACEMENT CHARACTER}]")


def is_foreign(text: str) -> bool:
    """Whether more of the letters lie outside of ASCII than any Latin script writes: another alphabet, read as Latin letters."""
    letters = "".join(filter(str.isalpha, text[:SAMPLE]))
    beyond = len(letters) - len(letters.encode("ascii", "ignore"))
    return len(letters) >= FEW_LETTERS and beyond > FOREIGN * len(letters)


def _with_bom(body: bytes, encoding: str) -> Decoded:
    try:
        return Decoded(body.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = _mend_utf8(body) if encoding == "utf-8" else body.decode(encoding, "replace")
        return Decoded(text, encoding, DOUBTFUL)


def _utf16_without_bom(data: bytes) -> str | None:
    """Latin text in UTF-16 has a zero in nearly every second byte, and nothing else has."""
    head = data[:4096]
    if len(head) < 4 or len(data) % 2 or b"\0" not in head:
        return None
    half = len(head) // 2
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        others = head[0::2] if encoding == "utf-16-le" else head[1::2]
        if zeros.count(0) > 0.7 * half and others.count(0) < 0.05 * half:
            try:
                data.decode(encoding)
            except UnicodeDecodeError:
                return None
            return encoding
    return None


def _utf8_share(data: bytes) -> float:
    """Share of the non-ASCII bytes that stand in a valid UTF-8 sequence."""
    high = len(_HIGH.findall(data))
    return sum(map(len, _UTF8_SEQUENCE.findall(data))) / high if high else 1.0


def _mend_utf8(data: bytes) -> str:
    """UTF-8 with strays: a byte that fits no sequence is read as cp1252, where such bytes come from."""
    return data.decode("utf-8", "kvarn.stray")


class _Counted:
    """How many stray bytes were mended in this process: an error handler cannot tell its caller."""

    count = 0


STRAYS = _Counted()


def _stray(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    STRAYS.count += error.end - error.start
    return windows_1252(error.object[error.start : error.end]), error.end


codecs.register_error("kvarn.stray", _stray)


def windows_1252(data: bytes) -> str:
    """cp1252 as browsers read it: the five bytes that it leaves open are controls, not errors."""
    return codecs.charmap_decode(data, "strict", _WINDOWS_1252)[0]


_WINDOWS_1252 = "".join(
    bytes([b]).decode("cp1252" if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1") for b in range(256)
)


def _table(encoding: str) -> str:
    return _WINDOWS_1252 if encoding == "cp1252" else bytes(range(256)).decode(encoding)


_TABLES = {encoding: _table(encoding) for encoding in CANDIDATES}


def _by_score(data: bytes, declared: str | None) -> Decoded:
    contexts = _contexts(data)
    scores = {encoding: _score(contexts, _TABLES[encoding]) for encoding in CANDIDATES}
    best = max(scores.values())
    # Candidates that read these bytes equally well; mostly because they read them the same.
    tied = [encoding for encoding in CANDIDATES if scores[encoding] > best - 0.05]
    high = {context[1] for context in contexts}
    same = all(_TABLES[tied[0]][byte] == _TABLES[other][byte] for other in tied[1:] for byte in high)
    encoding = tied[0] if same else _break_tie(tied, data, declared)
    text = windows_1252(data) if encoding == "cp1252" else data.decode(encoding)
    return Decoded(text, encoding, DOUBTFUL if best < 0 or looks_wrong(text) or is_foreign(text) else None)


def _break_tie(tied: list[str], data: bytes, declared: str | None) -> str:
    import chardet

    for name in (declared, chardet.detect(data[:SAMPLE])["encoding"]):
        known = _codec(name)
        if known == "iso8859-1":
            known = "cp1252"
        for encoding in tied:
            if known == _codec(encoding):
                return encoding
    return tied[0]


def _codec(name: str | None) -> str | None:
    try:
        return codecs.lookup(name).name if name else None
    except LookupError:
        return None


def _contexts(data: bytes) -> Counter[bytes]:
    """How often each (byte before, non-ASCII byte, byte after) occurs among the first SAMPLE non-ASCII bytes."""
    padded = b" " + data + b" "
    found: Counter[bytes] = Counter()
    for count, match in enumerate(_HIGH.finditer(data)):
        if count == SAMPLE:
            break
        found[padded[match.start() : match.start() + 3]] += 1
    return found


def _score(contexts: Counter[bytes], table: str) -> float:
    """Mean worth of a non-ASCII character under one code page; below 0 means that it cannot be right."""
    total = 0.0
    for context, count in contexts.items():
        before, char, after = (table[byte] for byte in context)
        total += count * _worth(before, char, after)
    return total / max(1, contexts.total())


def _worth(before: str, char: str, after: str) -> float:
    if "\x80" <= char <= "\x9f" or "\N{BOX DRAWINGS LIGHT HORIZONTAL}" <= char <= "\N{BLACK SQUARE}":
        return _WRONG
    if (
        char.isalpha()
        and char not in "\N{FEMININE ORDINAL INDICATOR}\N{MASCULINE ORDINAL INDICATOR}\N{MICRO SIGN}"
    ):
        return _letter_worth(before, char, after)
    between_letters = before.isalpha() and after.isalpha()
    if char in _SIGNS:
        apostrophe = (
            char
            in "\N{RIGHT SINGLE QUOTATION MARK}\N{SOFT HYPHEN}\N{MIDDLE DOT}\N{EN DASH}\N{NO-BREAK SPACE}"
        )
        return _SIGNS[char] if not between_letters or apostrophe else -4.0
    return -4.0 if between_letters else -2.0


def _letter_worth(before: str, char: str, after: str) -> float:
    worth = _COMMON.get(char, -2.0)
    if char.isupper():
        # An upper-case letter after a lower-case one does not happen in words.
        return (
            worth - 6.0
            if before.islower()
            else worth - (2.0 if before.isupper() and after.islower() else 0.0)
        )
    if before.isupper() and after.isupper():
        return worth - 6.0
    if not before.isalpha() and not after.isalpha():
        # Alone: "à", "å" and "ö" are words, others are not.
        return worth - (1.0 if char in "åöàé" else 4.0)
    return worth
