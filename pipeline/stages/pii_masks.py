"""What stands in the published text instead of personal data: readable, so that sentences stay sentences, and numbered, so that
two people stay two.

The first value of a kind in a document becomes [TELEFON], the next other one [TELEFON 2], and a value that comes again takes its
own mask again, however it is written.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping

MASKS: Mapping[str, str] = {
    "personnummer": "[PERSONNUMMER]",
    "samordningsnummer": "[SAMORDNINGSNUMMER]",
    "orgnr": "[ORGNR]",
    "email": "[EPOST]",
    "phone": "[TELEFON]",
    "iban": "[IBAN]",
    "bank": "[BANKKONTO]",
    "card": "[KORTNUMMER]",
    "ip": "[IP-ADRESS]",
    "address": "[ADRESS]",
    "person": "[PERSON]",
}
"""The mask of the first value of each kind."""

STANDING = re.compile(r"\[(" + "|".join(mask[1:-1] for mask in MASKS.values()) + r")(?: (\d{1,6}))?\]")
"""A mask that stands in a text, and its number."""


class Masks:
    """The masks of one document, given out in the order in which values are asked for.

    Numbers of masks that stand in its text already are not given out again: they may hide another value.
    """

    def __init__(self, standing: Iterable[str] = ()) -> None:
        self._of: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, int]] = set()
        self._next: dict[str, int] = {}
        self.keep(standing)

    def keep(self, texts: Iterable[str]) -> None:
        """Give out no mask that stands in the texts, but to the value that has it."""
        self._taken |= {
            (name, int(number or 1))
            for text in texts
            if "[" in text
            for name, number in STANDING.findall(text)
        }

    def mask(self, kind: str, shown: str) -> str:
        """The mask of the value `shown`.

        >>> masks = Masks()
        >>> [masks.mask("phone", shown) for shown in ("070-174 06 05", "08-514 50 61", "+46 70 174 06 05")]
        ['[TELEFON]', '[TELEFON 2]', '[TELEFON]']
        >>> Masks(["Ring [TELEFON]."]).mask("phone", "08-514 50 61")
        '[TELEFON 2]'
        """
        key = kind, value_of(kind, shown)
        if key not in self._of:
            name = MASKS[kind][1:-1]
            number = self._next.get(name, 1)
            while (name, number) in self._taken:
                number += 1
            self._next[name] = number + 1
            self._of[key] = f"[{name}]" if number == 1 else f"[{name} {number}]"
        return self._of[key]


def value_of(kind: str, shown: str) -> str:
    r"""One writing for all notations of a value.

    >>> {value_of("personnummer", shown) for shown in ("811228-9874", "198112289874", "19811228-9874")}
    {'8112289874'}
    >>> {value_of("phone", shown) for shown in ("+46 (0)70-174 06 05", "0046701740605", "070 174 06 05")}
    {'46701740605'}
    >>> value_of("email", "Anna (at) Example punkt se")
    'anna@example.se'
    >>> value_of("address", "Storgatan  5,\n733 07 Kalmar")
    'storgatan 5 733 07 kalmar'
    """
    return _WRITINGS.get(kind, _folded)(shown)


def _folded(shown: str) -> str:
    return " ".join(re.findall(r"\w+", shown.casefold()))


def _compact(shown: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", shown).upper()


def _identity(shown: str) -> str:
    """Twelve digits of a Swedish number lose their century: two people a hundred years apart with one number are rarer than
    one person in two notations. The sign of a Finnish number is part of it.
    """
    compact = re.sub(r"[^0-9A-Za-z]", "", shown).upper()
    if len(compact) == 12 and compact[:2] in ("18", "19", "20"):
        return compact[2:]
    return compact


def _organisation(shown: str) -> str:
    compact = _compact(shown)
    if len(compact) == 14 and compact.startswith("SE"):
        return compact[2:12]
    return compact[2:] if len(compact) == 12 and compact.startswith("16") else compact


def _phone(shown: str) -> str:
    """With country code, Sweden's where none is said."""
    plain = re.sub(r"\(0\)", "", shown)
    digits = re.sub(r"\D", "", plain)
    if "+" in plain[:2]:
        return digits
    if digits.startswith("00"):
        return digits[2:]
    return "46" + digits[1:] if digits.startswith("0") else digits


def _email(shown: str) -> str:
    plain = re.sub(r"(?i) ?[\[({] ?(?:at|a|snabel-?a|@) ?[\])}] ?|%40| (?:at|snabel-?a) | @ ", "@", shown)
    return re.sub(r"(?i) ?[\[({] ?(?:dot|punkt|\.) ?[\])}] ?| (?:dot|punkt) ", ".", plain).casefold()


def _ip(shown: str) -> str:
    return ipaddress.ip_address(shown).exploded


_WRITINGS = {
    "personnummer": _identity,
    "samordningsnummer": _identity,
    "orgnr": _organisation,
    "email": _email,
    "phone": _phone,
    "iban": _compact,
    "bank": _compact,
    "card": _compact,
    "ip": _ip,
}
