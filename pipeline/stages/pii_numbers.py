"""Personal data in runs of digits: identity and organisation numbers, cards, giro and bank accounts, IP addresses, phones."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pipeline.stages.identity_nordic import Spoken, nordic_identities
from pipeline.stages.identity_numbers import identities, luhn
from pipeline.stages.organisation_numbers import organisations
from pipeline.stages.pii_phones import phones, says_phone
from pipeline.stages.pii_text import CONTEXT, EDGE_BEFORE, Found, context

WINDOW = 64
"""More than any pattern looks back."""

CARD = re.compile(
    rf"{EDGE_BEFORE}(?<!\d )(?:[2-6]\d{{3}}([ -]?)\d{{4}}\1\d{{4}}(?:\1\d{{1,7}})?|(?:3\d{{3}}|2131|1800)([ -]?)\d{{6}}\2\d{{4,5}})(?![^\W_]|[ -]?\d)"
)
"""One sign between all groups, and no further group beside them: a row of a table is no card."""
YEARS = re.compile(r"(?:(?:19|20)\d\d[ -]?){3,4}")
ISSUERS = (
    (re.compile(r"4"), (16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"3(?:0[0-5]|[689])"), range(14, 20)),
    (re.compile(r"35(?:2[89]|[3-8])|6(?:011|4[4-9]|5|2)"), range(16, 20)),
    (re.compile(r"2131|1800"), (15,)),
)
"""First digits and lengths: Visa, Mastercard, American Express, Diners Club, JCB with Discover and UnionPay, old JCB (ISO/IEC
7812's ranges as the networks publish them)."""
CARD_LENGTHS = range(12, 20)
"""Old Maestro and Visa have 12 and 13, as article numbers (EAN) have, of which one in ten passes: where a word says card, any."""
CARD_CONTEXT = re.compile(r"(?i)kort|card|\bcc\b|visa|maestro|mastercard")
NO_CARD = re.compile(
    r"(?i)(?:\bocr|\bean|\bgtin|faktura|\border|artikel|\bkundn|\bisbn|\bdnr|referens|\bimei|serien|ärende|spårning|\bkolli|\bsscc)[^\d\n]{0,15}\Z"
)
"""Numbers of payments, articles, devices and parcels have check digits of the same kind."""
GIRO = re.compile(r"(?<!\w)\d(?:[\d ]{1,8}\d)?-\d{1,4}(?!\w|-\d)")
GIRO_CONTEXT = re.compile(r"(?i)(?:bank|plus|post)giro|\b[bp]g\b")
BARE_GIRO = re.compile(r"\d{3,4} ?\d{4}(?!\w|[-.,:/]\d)")
BARE_GIRO_CONTEXT = re.compile(r"(?i)(?:bankgiro(?:n(?:umme)?r)?|\bbg)[.: ]{1,3}(?:n(?:umme)?r[.: ]{1,3})?\Z")
"""Without its hyphen a number counts only right after the word."""
NORWEGIAN_ACCOUNT = re.compile(r"(?<![\w.-])\d{4}\.\d\d\.\d{5}(?![\w-]|[.,]\d)")
"""Four, two and five digits with a check digit modulo 11: with dots no other number is written so."""
ACCOUNT = re.compile(r"(?<!\w)\d{2,5}(?:[ ,.-]{0,2}\d{1,5}){1,6}(?!\w)")
ACCOUNT_DIGITS = range(7, 16)
ACCOUNT_CONTEXT = re.compile(
    r"(?i)(?:konto(?:n(?:umme)?r)?|kto|clearing(?:n(?:umme)?r)?|\baccount(?: (?:no|number))?)[.: ]{1,3}(?:nr[.: ]{1,3})?(?:\d{4}(?:-\d)?, ?)?\Z"
)
"""Only right before the number: "konto" alone stands near dates and sums in any statute on accounting."""
BOOKED = re.compile(r"^\d{4} ?- ?\d{4}$|,\d\d$|\b(?:19|20)\d\d-\d\d-\d\d\b")
AMOUNT_AFTER = re.compile(r"(?i),\d\d(?!\d)|,-| ?(?:kr\b|kronor|sek\b|€|euro?\b|mkr|tkr)")
"""Accounts of a chart of accounts, in text on accounting: a span of them, and sums and dates of what is booked there."""
DOTTED = re.compile(
    r"(?<![\w.-])(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?![\w-]|\.\d)"
)
DOCUMENTATION = tuple(
    ipaddress.IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)
"""RFC 5737."""
IP_CONTEXT = re.compile(
    r"(?i)\bip\b|ip-?adress|ip address|ipv4|server|\bhost|gateway|\bdns\b|\bping\b|//\s*$"
)

NO_IP = re.compile(
    r"(?i)(?:avsnitt|kapitel|kap\.|punkt|version|\bv\.?|section|bilaga|figur|tabell|§|\brev\.?):? ?\Z"
)
"""Sections and versions of four parts."""

WHOLE = 7
"""Digits of a phone number that may be whole: one with fewer goes on in the next line."""
Look = Callable[[str, tuple[int, int], Spoken], Iterator[Found]]

WORDS = re.compile(
    r"(?i)n(?:umme)?r|giro|\b[bp]g\b|konto|\bkto|clearing|\baccount|\bcpr|\bcvr|tunnu|\bhetu|beteckning|född|fød|f[øo]dsel|syntym|numero"
    r"|\bssn|social|foretak|enhets|\bmva|\bno\b|business|organis|identitet|samordning"
)
"""Every word by which a number is known that has no shape of its own: most runs follow none, and need fewer looks. Each holds one of
the PARTS that the scan looks for."""


def numbers(text: str, start: int, end: int, spoken: Spoken) -> Iterator[Found]:
    """Everything in one candidate run text[start:end]; spans may overlap, the caller takes the first kind that fits."""
    before = context(text, start, CONTEXT)
    said = WORDS.search(before) is not None
    phone = says_phone(text, end, before)
    run = text[start:end]
    look = partial(_numbers, said=said, phone=phone)
    if "/" in run and (row := _between_slashes(text, (start, end), spoken, look)):
        yield from row
        return
    found = list(look(text, (start, end), spoken))
    yield from found
    if "\n" in run:
        yield from _over_lines(text, (start, end), spoken, look, found)


def _over_lines(
    text: str, run: tuple[int, int], spoken: Spoken, look: Look, found: Sequence[Found]
) -> Iterator[Found]:
    """Numbers that are broken over two lines, where neither holds a whole one among those `found` within lines. Never cards: of
    columns of figures one in forty would be one.
    """
    whole, base = _window(text, run, "\n", " ")
    for first, last, kind in look(whole, (run[0] - base, run[1] - base), lambda at: spoken(base + at)):
        span = slice(base + first, base + last)
        if "\n" not in text[span] or kind == "card":
            continue
        beside = (text[a:b] for a, b, _ in found if a < span.stop and span.start < b)
        if all(sum(map(str.isdigit, shown)) < WHOLE for shown in beside):
            yield span.start, span.stop, kind


def _between_slashes(text: str, run: tuple[int, int], spoken: Spoken, look: Look) -> list[Found]:
    """The finds of a run in which slashes part whole numbers; none if a part is no find."""
    whole, base = _window(text, run, "/", "|")
    ends: dict[int, list[Found]] = {}
    for first, last, kind in look(whole, (run[0] - base, run[1] - base), lambda at: spoken(base + at)):
        ends.setdefault(base + last, []).append((base + first, base + last, kind))
    at, parts = run[0], []
    for part in text[slice(*run)].split("/"):
        inner = part.strip()
        first = at + len(part) - len(part.lstrip())
        mine = [span for span in ends.get(first + len(inner), ()) if span[0] in (first, first - 1)]
        if not mine:
            return []
        parts += mine
        at += len(part) + 1
    return parts


def _window(text: str, run: tuple[int, int], old: str, new: str) -> tuple[str, int]:
    """The run with `old` replaced, in as much of the text as patterns see, and where that begins."""
    base = max(0, run[0] - WINDOW)
    return text[base : run[0]] + text[slice(*run)].replace(old, new) + text[run[1] : run[1] + 8], base


def _numbers(text: str, run: tuple[int, int], spoken: Spoken, *, said: bool, phone: bool) -> Iterator[Found]:
    start, end = run
    # Patterns look a little beyond the run: a decimal or a further group behind it unmakes a number.
    stop = min(len(text), end + 4)
    sure = [
        *identities(text, start, stop, mobile=phone and not said),
        *nordic_identities(text, start, stop, spoken, said=said),
    ]
    yield from sure
    if any(first <= start and end <= last for first, last, _ in sure):
        return
    yield from organisations(text, start, stop, said=said)
    if said:
        yield from _accounts(text, start, stop)
    dots = text.count(".", start, end)
    if dots > 1:
        yield from _dotted(text, start, stop)
    for match in CARD.finditer(text, start, stop):
        if is_card(match[0], context(text, match.start(), CONTEXT)):
            yield match.start(), match.end(), "card"
    yield from phones(text, start, end, said=phone)


def _dotted(text: str, start: int, end: int) -> Iterator[Found]:
    for match in DOTTED.finditer(text, start, end):
        if is_personal_address(match[0], context(text, match.start(), CONTEXT)):
            yield match.start(), match.end(), "ip"
    for match in NORWEGIAN_ACCOUNT.finditer(text, start, end):
        if is_norwegian_account(match[0]):
            yield match.start(), match.end(), "bank"


def _accounts(text: str, start: int, end: int) -> Iterator[Found]:
    # No letters stand in a run, but for those of interim numbers: what a word says, it says before the run.
    before = context(text, start, CONTEXT)
    giro = GIRO.finditer(text, start, end) if GIRO_CONTEXT.search(before) else ()
    bare = BARE_GIRO.match(text, start, end) if BARE_GIRO_CONTEXT.search(before) else None
    for match in (*giro, *([bare] if bare else ())):
        if luhn(re.sub(r"\D", "", match[0])):
            yield match.start(), match.end(), "bank"
    for match in ACCOUNT.finditer(text, start, end) if ACCOUNT_CONTEXT.search(before) else ():
        booked = BOOKED.search(match[0]) or AMOUNT_AFTER.match(text, match.end())
        if sum(map(str.isdigit, match[0])) in ACCOUNT_DIGITS and not booked:
            yield match.start(), match.end(), "bank"


def is_norwegian_account(shown: str) -> bool:
    from stdnum.no import kontonr

    return bool(kontonr.is_valid(re.sub(r"\D", "", shown)))


def is_card(shown: str, before: str) -> bool:
    """Luhn, and first digits and length of an issuer, or a word that says card; neither a row of years nor a reference."""
    digits = re.sub(r"\D", "", shown)
    issued = any(first.match(digits) and len(digits) in lengths for first, lengths in ISSUERS)
    known = issued or (len(digits) in CARD_LENGTHS and CARD_CONTEXT.search(before) is not None)
    return known and luhn(digits) and not YEARS.fullmatch(shown) and not NO_CARD.search(before)


def is_personal_address(shown: str, before: str) -> bool:
    """Loopback, netmasks and documentation addresses name nobody; small numbers are versions or sections unless said."""
    address = ipaddress.IPv4Address(shown)
    if address.is_loopback or address.is_unspecified or address.is_multicast or shown.startswith("255."):
        return False
    if any(address in network for network in DOCUMENTATION):
        return False
    if NO_IP.search(before):
        return False
    return max(address.packed) >= 20 or IP_CONTEXT.search(before) is not None
