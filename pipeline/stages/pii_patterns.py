"""Personal data that is not a run of digits: e-mail, IBAN, IPv6, addresses, and persons by plain cues.

Every pattern is anchored at a candidate of the native scan and bounded in length, so no text can make it slow.
"""

import ipaddress
import re
from collections.abc import Iterator

Found = tuple[int, int, str]

LOCAL = re.compile(r"[A-Za-z0-9ÅÄÖåäöÉéÜü_.+%-]{1,64}\Z")
DOMAIN = re.compile(
    r"(?:[A-Za-z0-9ÅÄÖåäöÉéÜü](?:[A-Za-z0-9ÅÄÖåäöÉéÜü-]{0,61}[A-Za-z0-9ÅÄÖåäöÉéÜü])?\.){1,8}[A-Za-z]{2,24}(?![\w@])"
)
SERVICE_ACCOUNTS = frozenset({"git", "svn", "hg"})
"""Names before the sign in addresses of repositories, which reach no person."""

IBAN_LENGTHS = range(15, 35)
HEXADECIMAL = re.compile(r"[0-9A-Fa-f:.]{3,45}")

CAPITAL, SMALL = "A-ZÅÄÖÆØÉÜ", "a-zåäöæøéü"
STREET = re.compile(
    rf"(?<!\w)(?:(?:[{CAPITAL}][{SMALL}]{{1,20}}|[{CAPITAL}]:[a-z]{{1,3}})[ ]){{0,2}}[{CAPITAL}][{SMALL}{CAPITAL}:-]{{2,40}} \Z"
)
LOWER_STREET = re.compile(
    rf"(?<!\w)(?:[{CAPITAL}][{SMALL}]{{1,20}} ){{1,2}}(?:gatan|gata|vägen|gränd|torg|plan|allé|backe|väg) \Z"
)
STREET_NUMBER = re.compile(
    r"\d{1,4}(?: ?-? ?\d{1,4})?(?:(?: ?[A-Z]|[a-z])(?!\w))?(?:,? ?(?:lgh|nb|\d tr|läg\.?|vån\.?)(?: ?\d{1,4})?(?: ?tr)?\b)?"
    rf"(?:,? ?\n? ?(?:S(?:E|-)?-? ?|DK-|N-|NO-|FI-)?\d{{3}} ?\d{{2}} ?[{CAPITAL}][{SMALL}{CAPITAL}]{{1,30}}(?: [{CAPITAL}][{SMALL}]{{1,20}})?)?"
)
ROADS = re.compile(r"(?i)(?:riks|läns|europa|motor|lands|järn|flyg|pul)(?:vägen?|leden|gatan)\s\Z")

NAME = r"[A-ZÅÄÖÉ][a-zåäöéü]{1,20}(?:-[A-ZÅÄÖÉ][a-zåäöéü]{1,20})?"
PERSON = re.compile(
    rf"(?:(?<=Kontakta )|(?<=kontakta )|(?<=Handläggare: )|(?<=Handläggare )|(?<=Namn: )|(?<=Herr )|(?<=Fru )|(?<=rör )|(?<=besvaras av ))"
    rf"{NAME}(?: {NAME}){{1,3}}|{NAME}(?: {NAME}){{1,3}}(?=,? (?:\(?\d{{6}}|personnummer\b|född\b))"
)


def email(text: str, at: int) -> Iterator[Found]:
    """The address around the sign text[at]; a user in a URL ("ssh://name@host") is none."""
    local = LOCAL.search(text, max(0, at - 64), at)
    domain = DOMAIN.match(text, at + 1)
    if local is None or domain is None:
        return
    start = local.start() + len(local[0]) - len(local[0].lstrip(".-+%"))
    in_url = text.endswith("//", max(0, start - 2), start)
    if start < at and text[at - 1] != "." and text[start:at] not in SERVICE_ACCOUNTS and not in_url:
        yield start, domain.end(), "email"


def iban(text: str, start: int) -> Iterator[Found]:
    """An account number with valid country, structure and checksum that begins at text[start], with or without spaces."""
    from stdnum import iban as standard

    compact = ""
    for at in range(start, min(len(text), start + 50)):
        character = text[at]
        if character == " " and at + 1 < len(text) and text[at + 1].isalnum():
            continue
        if not (character.isascii() and character.isalnum()):
            return
        compact += character
        ends = at + 1 == len(text) or not text[at + 1].isalnum()
        if ends and len(compact) in IBAN_LENGTHS and standard.is_valid(compact):
            yield start, at + 1, "iban"
            return


def ipv6(text: str, colon: int) -> Iterator[Found]:
    """The address around the colon text[colon]. Global ones only: they start with four digits, as page references do not;
    documentation's own (2001:db8) names nobody.
    """
    start = colon
    while (
        start > 0
        and colon - start < 40
        and (text[start - 1] in ":." or text[start - 1] in "0123456789abcdefABCDEF")
    ):
        start -= 1
    match = HEXADECIMAL.match(text, start)
    if match is None or (start > 0 and text[start - 1].isalnum()):
        return
    shown = match[0].rstrip(".:") if not match[0].endswith("::") else match[0]
    after = text[start + len(shown) : start + len(shown) + 1]
    if after.isalnum() or shown.count(":") < 3 or not any(character.isdigit() for character in shown):
        return
    try:
        address = ipaddress.IPv6Address(shown)
    except ipaddress.AddressValueError:
        return
    if len(shown.split(":")[0]) == 4 and address.is_global:
        yield start, start + len(shown), "ip"


def address(text: str, number: int) -> Iterator[Found]:
    """Street and number, with postcode and town where they follow; the number begins at text[number]."""
    before = text[max(0, number - 80) : number]
    street = STREET.search(before) or LOWER_STREET.search(before)
    if street is None or ROADS.search(before):
        return
    match = STREET_NUMBER.match(text, number)
    if match is not None:
        yield number - len(before) + street.start(), match.end(), "address"


def persons(text: str) -> Iterator[Found]:
    """Names after or before words that introduce a person. Honest about itself: it finds few, and only such."""
    for match in PERSON.finditer(text):
        yield match.start(), match.end(), "person"
