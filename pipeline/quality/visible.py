"""Text of strangers, made safe and honest to look at: escaped, and with every invisible character shown."""

import unicodedata

from markupsafe import Markup, escape

MARKS = 40
"""Invisible characters shown in one text; hostile text may hold nothing else, and each mark is 50 bytes of HTML."""

_INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}


def visible(value: object) -> Markup:
    r"""Escaped text in which controls, bidi marks and other invisible characters are written as U+XXXX.

    >>> str(visible("a<b\u202e"))
    'a&lt;b<span class="inv">U+202E</span>'
    """
    text = str(value)
    if text.isascii() and text.isprintable():
        return escape(text)
    parts: list[Markup] = []
    start = shown = 0
    for at, sign in enumerate(text):
        if sign in "\n\t" or unicodedata.category(sign) not in _INVISIBLE:
            continue
        parts.append(escape(text[start:at]))
        start = at + 1
        shown += 1
        if shown <= MARKS:
            parts.append(Markup('<span class="inv">U+{:04X}</span>').format(ord(sign)))
    parts.append(escape(text[start:]))
    if shown > MARKS:
        parts.append(Markup('<span class="inv">+{}</span>').format(shown - MARKS))
    return Markup().join(parts)
