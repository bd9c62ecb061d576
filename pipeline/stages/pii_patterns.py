"""Personal data that is not a run of digits: e-mail, IBAN, IPv6 and addresses.

Every pattern is anchored at a candidate of the native scan and bounded in length, so no text can make it slow.
"""

import ipaddress
import re
from collections.abc import Iterator

from pipeline.stages.identity_nordic import Spoken
from pipeline.stages.identity_numbers import luhn
from pipeline.stages.pii_text import Found, context

LATIN = "A-Za-z0-9À-ÖØ-öø-ž"
"""Letters and digits of names and domains: those of Latin scripts, since others may stand right beside an address."""
LABEL = f"[{LATIN}](?:[{LATIN}-]{{0,61}}[{LATIN}])?"
LOCAL = re.compile(rf"[{LATIN}_.+%'-]{{1,64}}\Z")
BARE = ".-+%'"
"""Signs with which no name begins."""
DOMAIN = re.compile(rf"(?:{LABEL}\.){{1,8}}(?P<top>[A-Za-z]{{2,24}})(?![^\W_]|@)")
_ENDINGS = "png jpg jpeg gif svg webp ico css js mjs ts tgz gz bz xz zip whl jar exe deb rpm pdf docx xlsx html htm json xml yaml yml toml lock"
FILES = frozenset(_ENDINGS.split())
"""Endings of files: "logo@2x.png", "package@1.2.tgz"."""
SERVICE_ACCOUNTS = frozenset({"git", "svn", "hg"})
"""Names before the sign in addresses of repositories, which reach no person."""

DOT = r"(?:\.| ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?| (?:dot|punkt) )"
SPELT_AT = re.compile(r"(?i)[\[({] ?(?:at|a|snabel-?a|@) ?[\])}]|%40|at(?= )|snabel-?a(?![\w-])")
SPELT_DOMAIN = re.compile(rf"(?i) ?(?:{LABEL}{DOT}){{1,8}}[A-Za-z]{{2,24}}(?![^\W_]|@)")
SPELT_LOCAL = re.compile(rf"(?i)(?<![\w.+%-])[{LATIN}_+-]{{1,64}}(?:{DOT}[{LATIN}_+-]{{1,64}}){{0,3}} ?\Z")
SPOKEN_DOT = re.compile(r"(?i)[ \[({](?:dot|punkt)[ \])}]")
MAIL_CONTEXT = re.compile(
    r"(?i)e-?post\w*|\bmejl\w*|e-?mail\w*|\bmail\w*|s[äa]hk[öo]posti\w*|\bkontakt\w*|\bskriv\w*"
)

IBAN_LENGTHS = range(15, 35)
VAT = re.compile(r"SE ?(\d{6})-?(\d{4}) ?01(?!\w)")
"""Swedish VAT number: the organisation number between the country and 01."""
HEXADECIMAL = re.compile(r"[0-9A-Fa-f:.]{3,45}")

CAPITAL, SMALL = "A-ZÅÄÖÆØÉÜ", "a-zåäöæøéü"
STREET = re.compile(
    rf"(?<!\w)(?:(?:[{CAPITAL}][{SMALL}]{{1,20}}|[{CAPITAL}]:[a-z]{{1,3}})[ ]){{0,2}}[{CAPITAL}][{SMALL}{CAPITAL}:-]{{2,40}} \Z"
)
LOWER_STREET = re.compile(
    rf"(?<!\w)(?:[{CAPITAL}][{SMALL}]{{1,20}} ){{1,2}}(?:gatan|gata|vägen|gränd|torg|plan|allé|backe|väg|gate|gade|plass|plads|vei|vej|alle|tie|katu) \Z"
)
WEAK_STREET = re.compile(
    r"(?i)(?:plan|väg|backe|vænget|stræde|torv|torvet|plads|pladsen|alle|parken|bakken|vei|veg|gaten|gate|plass|plassen|svingen|stien|bakke"
    r"|tie|kuja|polku|kaari|raitti|tori|ranta|rinne|väylä|leden|ringen|platsen) \Z"
)
"""Endings that other words have too ("Detaljplan 5", "Brigade"): only with postcode and town, or in the language they belong to."""
NEIGHBOUR_LANGUAGES = frozenset({"nb", "nn", "no", "da", "fi"})
TOWN = rf"[{CAPITAL}][{SMALL}{CAPITAL}]{{1,30}}(?: (?:[{CAPITAL}][{SMALL}]{{1,20}}|[{CAPITAL}](?!\w)))?"
STREET_NUMBER = re.compile(
    r"\d{1,4}(?!\d|:\d)(?: ?- ?\d{1,4})?(?:(?: ?[A-Z]|[a-z]| [a-hj-z](?=,|\n| \d{3} ?\d\d [A-ZÅÄÖ]))(?!\w))?(?:(?<=[A-Za-z]) \d{1,3}(?!\w| ?\d))?"
    r"(?:,? ?(?:lgh|nb|\d{1,2}\.? ?tr|läg\.?|vån\.?|bst|as\.?|\d\. ?(?:sal|th|tv|mf))(?:\.|\b)(?: ?\d{1,4})?(?: ?(?:tr|th|tv|mf)\b\.?)?)?"
    rf"(?P<town>,? ?\n? ?(?:(?:S(?:E|-)?-? ?|FI-|FIN-)?\d{{3}} ?\d{{2}}|(?:DK-?|N-|NO-)? ?\d{{4}}) ?{TOWN})?"
)
YEAR = re.compile(r"(?:19|20)\d\d(?!\d)")
"""Few streets have so many houses: "på Kungsgatan 2019" is when it was."""
PREPOSITION = re.compile(r"(?:På|Vid|Från|Till|Hos|Längs|Utmed|Mot|Kring|Bakom|Mellan|Ved|Fra|Til|Langs) ")
"""A sentence may begin with one; it is no part of the street."""
ROADS = re.compile(
    r"(?i)(?<!\w)(?:brigade\s\Z|(?:riks|läns|europa|motor|lands|järn|flyg|pul)(?:vägen?|leden|gatan)\s\Z)"
)
"""Main roads with their number, and what only ends like a street."""


def email(text: str, at: int) -> Iterator[Found]:
    """The address around the sign text[at]; a user in a URL ("ssh://name@host") is none."""
    if text[at - 1 : at] == " " and text[at + 1 : at + 2] == " ":
        yield from _spaced_email(text, at)
        return
    local = LOCAL.search(text, max(0, at - 64), at)
    domain = DOMAIN.match(text, at + 1)
    if local is None or domain is None or domain["top"].lower() in FILES:
        return
    # A low line on both sides is emphasis.
    bare = BARE + "_" * text.startswith("_", domain.end())
    start = local.start() + len(local[0]) - len(local[0].lstrip(bare))
    in_url = text.endswith("//", max(0, start - 2), start)
    if start < at and text[at - 1] != "." and text[start:at] not in SERVICE_ACCOUNTS and not in_url:
        yield start, domain.end(), "email"


def _spaced_email(text: str, at: int) -> Iterator[Found]:
    """A blank on either side of the sign hides addresses from collectors. Counts if a dot in the name or a word says so."""
    local = LOCAL.search(text, max(0, at - 65), at - 1)
    domain = DOMAIN.match(text, at + 2)
    if local and domain and ("." in local[0] or MAIL_CONTEXT.search(context(text, local.start(), 25))):
        yield local.start() + len(local[0]) - len(local[0].lstrip(BARE)), domain.end(), "email"


def spelt_email(text: str, at: int) -> Iterator[Found]:
    """The address around a sign in other writing at text[at]: "(at)", "[a]", "snabel-a", "%40", or "at" before a spoken dot.

    >>> list(spelt_email("anna (at) example.se", 5)), list(spelt_email("punkt (a) i lagen", 6))
    ([(0, 20, 'email')], [])
    """
    sign = SPELT_AT.match(text, at)
    if sign is None:
        return
    domain = SPELT_DOMAIN.match(text, sign.end())
    low = max(0, at - 140)
    local = SPELT_LOCAL.search(text[low:at])
    if domain is None or local is None:
        return
    if sign[0].lower() == "at" and (
        not SPOKEN_DOT.search(domain[0]) or domain[0].lower().startswith(" the ")
    ):
        return
    yield low + local.start(), domain.end(), "email"


def iban(text: str, start: int) -> Iterator[Found]:
    """An account number with valid country, structure and checksum that begins at text[start], with or without blanks, hyphens
    and a line break; or a Swedish VAT number. The check digits that some countries have inside it are not asked for: 1 of 97
    is enough with a structure, and texts hold made-up accounts.
    """
    from stdnum import iban as standard

    vat = VAT.match(text, start)
    if vat is not None and luhn(vat[1] + vat[2]):
        yield start, vat.end(), "orgnr"
        return
    compact = ""
    for at in range(start, min(len(text), start + 60)):
        character = text[at]
        if character in " -\n" and text[at + 1 : at + 2].isalnum():
            continue
        if not (character.isascii() and character.isalnum()):
            return
        compact += character
        ends = at + 1 == len(text) or not text[at + 1].isalnum()
        if ends and len(compact) in IBAN_LENGTHS and standard.is_valid(compact, check_country=False):
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


def address(text: str, number: int, spoken: Spoken) -> Iterator[Found]:
    """Street and number, with postcode and town where they follow; the number begins at text[number]."""
    before = context(text, number, 80)
    street = LOWER_STREET.search(before) or STREET.search(before)
    if street is None or ROADS.search(before):
        return
    match = STREET_NUMBER.match(text, number)
    if match is None:
        return
    if YEAR.match(match[0]) and not match["town"]:
        return
    if WEAK_STREET.search(before) and not match["town"] and spoken(number) not in NEIGHBOUR_LANGUAGES:
        return
    opening = PREPOSITION.match(street[0])
    yield number - len(before) + street.start() + (opening.end() if opening else 0), match.end(), "address"
