"""Personal data in runs of digits: identity and organisation numbers, cards, giro and bank accounts, IP addresses, phones."""

import ipaddress
import re
from collections.abc import Iterator

from pipeline.stages.identity_nordic import Spoken, nordic_identities
from pipeline.stages.identity_numbers import IDENTITY, IDENTITY_CONTEXT, identity_kind, luhn
from pipeline.stages.organisation_numbers import organisations
from pipeline.stages.pii_phones import phones
from pipeline.stages.pii_text import Found, context

CONTEXT = 40
"""Characters before a number in which a word may say what it is."""

WINDOW = 64
"""More than any pattern looks back."""

CARD = re.compile(
    r"(?<![\w-])(?<!\d[.,])[2-6]\d{3}(?:[ -]?\d{4}){2}(?:[ -]?\d{1,7})?(?![\w-])|(?<![\w-])(?<!\d[.,])(?:3\d{3}|2131|1800)[ -]?\d{6}[ -]?\d{4,5}(?![\w-])"
)
YEARS = re.compile(r"(?:(?:19|20)\d\d[ -]?){3,4}")
CARD_LENGTHS = range(13, 20)
CARD_CONTEXT = re.compile(r"(?i)kort|card|\bcc\b|visa|maestro|mastercard")
GIRO = re.compile(r"(?<!\w)\d(?:[\d ]{1,8}\d)?-\d{1,4}(?!\w|-\d)")
GIRO_CONTEXT = re.compile(r"(?i)(?:bank|plus|post)giro|\b[bp]g\b")
BARE_GIRO = re.compile(r"\d{3,4} ?\d{4}(?!\w|[-.,:/]\d)")
BARE_GIRO_CONTEXT = re.compile(r"(?i)(?:bankgiro(?:n(?:umme)?r)?|\bbg)[.: ]{1,3}(?:n(?:umme)?r[.: ]{1,3})?\Z")
"""Without its hyphen a number counts only right after the word."""
NORWEGIAN_ACCOUNT = re.compile(r"(?<![\w.-])\d{4}([. ])\d\d\1\d{5}(?![\w-]|[.,]\d)")
"""Four, two and five digits with a check digit modulo 11: with dots no other number is written so, with blanks a word must say it."""
ACCOUNT = re.compile(r"(?<!\w)\d{2,5}(?:[ ,.-]{0,2}\d{1,5}){1,6}(?!\w)")
ACCOUNT_DIGITS = range(7, 16)
ACCOUNT_CONTEXT = re.compile(
    r"(?i)(?:konto(?:n(?:umme)?r)?|kto|clearing(?:n(?:umme)?r)?|\baccount(?: (?:no|number))?)[.: ]{1,3}(?:nr[.: ]{1,3})?\Z"
)
"""Only right before the number: "konto" alone stands near dates and sums in any statute on accounting."""
DOTTED = re.compile(
    r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\w-]|\.\d)"
)
DOCUMENTATION = tuple(
    ipaddress.IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
"""RFC 5737."""
IP_CONTEXT = re.compile(
    r"(?i)\bip\b|ip-?adress|ip address|ipv4|server|\bhost|gateway|\bdns\b|\bping\b|//\s*$"
)


def numbers(text: str, start: int, end: int, spoken: Spoken) -> Iterator[Found]:
    """Everything in one candidate run text[start:end]; spans may overlap, the caller takes the first kind that fits."""
    yield from _numbers(text, start, end, spoken)
    if "\n" in text[start:end]:
        # A number may be broken over two lines. What lies within one line was found above.
        low = max(0, start - WINDOW)
        whole = text[low:start] + text[start:end].replace("\n", " ") + text[end : end + 8]
        for first, last, kind in _numbers(whole, start - low, end - low, lambda at: spoken(low + at)):
            if "\n" in text[low + first : low + last]:
                yield low + first, low + last, kind


def _numbers(text: str, start: int, end: int, spoken: Spoken) -> Iterator[Found]:
    # Patterns look a little beyond the run: a decimal or a further group behind it unmakes a number.
    stop = min(len(text), end + 4)
    yield from _identities(text, start, stop)
    yield from nordic_identities(text, start, stop, spoken)
    yield from organisations(text, start, stop)
    yield from _accounts(text, start, stop)
    for match in CARD.finditer(text, start, stop):
        if is_card(match[0], context(text, match.start(), CONTEXT)):
            yield match.start(), match.end(), "card"
    for match in DOTTED.finditer(text, start, stop):
        if is_personal_address(match[0], context(text, match.start(), CONTEXT)):
            yield match.start(), match.end(), "ip"
    yield from phones(text, start, end)


def _identities(text: str, start: int, end: int) -> Iterator[Found]:
    for match in IDENTITY.finditer(text, start, end):
        kind = identity_kind(match)
        # A blank between date and serial is no notation of the authorities: only where a word says what it is.
        if kind and (match["sign"] != " " or IDENTITY_CONTEXT.search(context(text, match.start(), CONTEXT))):
            yield match.start(), match.end(), kind


def _accounts(text: str, start: int, end: int) -> Iterator[Found]:
    # No letters stand in a run, but for those of interim numbers: what a word says, it says before the run.
    before = context(text, start, CONTEXT)
    giro = GIRO.finditer(text, start, end) if GIRO_CONTEXT.search(before) else ()
    bare = BARE_GIRO.match(text, start, end) if BARE_GIRO_CONTEXT.search(before) else None
    for match in (*giro, *([bare] if bare else ())):
        if luhn(re.sub(r"\D", "", match[0])):
            yield match.start(), match.end(), "bank"
    said = ACCOUNT_CONTEXT.search(before) is not None
    for match in ACCOUNT.finditer(text, start, end) if said else ():
        if sum(map(str.isdigit, match[0])) in ACCOUNT_DIGITS:
            yield match.start(), match.end(), "bank"
    for match in NORWEGIAN_ACCOUNT.finditer(text, start, end):
        if (said or match[1] == ".") and is_norwegian_account(match[0]):
            yield match.start(), match.end(), "bank"


def is_norwegian_account(shown: str) -> bool:
    from stdnum.no import kontonr

    return bool(kontonr.is_valid(re.sub(r"\D", "", shown)))


def is_card(shown: str, before: str) -> bool:
    """Luhn and a length that cards have; twelve digits (old Maestro) only where a word says card; a row of years is none."""
    digits = re.sub(r"\D", "", shown)
    known = len(digits) in CARD_LENGTHS or (len(digits) == 12 and CARD_CONTEXT.search(before) is not None)
    return known and luhn(digits) and not YEARS.fullmatch(shown)


def is_personal_address(shown: str, before: str) -> bool:
    """Loopback, netmasks and documentation addresses name nobody; small numbers are versions or sections unless said."""
    address = ipaddress.IPv4Address(shown)
    if address.is_loopback or address.is_unspecified or address.is_multicast or shown.startswith("255."):
        return False
    if any(address in network for network in DOCUMENTATION):
        return False
    return max(address.packed) >= 20 or IP_CONTEXT.search(before) is not None
