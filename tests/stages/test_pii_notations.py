"""Every notation of a valid value is found to the letter, wherever it stands; numbers of other kinds are not; masks are stable."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as iban_numbers
from stdnum import luhn
from stdnum.dk import cpr
from stdnum.fi import hetu
from stdnum.no import fodselsnummer

from pipeline.stages.pii import KINDS, finds
from pipeline.stages.pii_masks import MASKS, STANDING, Masks, value_of

HYPHENS = ("-", "\N{EN DASH}", "\N{NON-BREAKING HYPHEN}", "\N{HYPHEN}", " - ", "-\n")
BLANKS = (" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}")
DATES = st.dates(date(1925, 1, 1), date(2024, 12, 31))
HYPHEN, BLANK = st.sampled_from(HYPHENS), st.sampled_from(BLANKS)


@st.composite
def swedish(draw: st.DrawFn) -> str:
    born, serial = draw(DATES), f"{draw(st.integers(1, 999)):03}"
    six = f"{born:%y%m%d}"
    last = serial + luhn.calc_check_digit(six + serial)
    century = draw(st.sampled_from(["", f"{born:%Y}"[:2]]))
    return century + six + draw(st.sampled_from(["", *HYPHENS])) + last


@st.composite
def norwegian(draw: st.DrawFn) -> str:
    born = draw(DATES)
    individual = draw(st.integers(0, 499) if born.year < 2000 else st.integers(500, 999))
    day = born.day + draw(st.sampled_from([0, 40]))
    nine = f"{day:02}{born:%m%y}{individual:03}"
    first = fodselsnummer.calc_check_digit1(nine)
    second = fodselsnummer.calc_check_digit2(nine + first)
    if len(first + second) > 2:
        return "151086" + draw(st.sampled_from(["", *BLANKS])) + "95088"
    return nine[:6] + draw(st.sampled_from(["", *BLANKS])) + nine[6:] + first + second


@st.composite
def danish(draw: st.DrawFn) -> str:
    """With the check digit of old, so that no word is needed."""
    born, serial = draw(DATES), draw(st.integers(0, 999))
    century = "0123" if born.year < 2000 else "4"
    for last in range(10):
        number = f"{born:%d%m%y}{draw(st.sampled_from(century))}{serial % 100:02}{last}"
        if cpr.checksum(number) == 0:
            return number[:6] + draw(HYPHEN) + number[6:]
    return "211062-5629"


@st.composite
def finnish(draw: st.DrawFn) -> str:
    born, individual = draw(DATES), draw(st.integers(2, 999))
    sign = draw(st.sampled_from("-YXWVU" if born.year < 2000 else "ABCDEF"))
    body = f"{born:%d%m%y}{individual:03}"
    check = hetu._calc_checksum(body)
    # A hyphen and a digit look like numbers of other countries: those need a word.
    sign = "Y" if sign == "-" and check.isdigit() else sign
    return f"{born:%d%m%y}{sign}{individual:03}{check}"


STRUCTURES = {
    "SE": 20, "DE": 18, "DK": 14, "FI": 14, "NO": 11, "IS": 22, "EE": 16, "PL": 24, "LT": 16, "BE": 12, "ES": 20, "PT": 21, "AT": 16,
    "CH": 17,
}  # fmt: skip
"""Countries with digits only, and how many stand behind the check digits (registry of ISO 13616)."""


@st.composite
def iban(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(STRUCTURES)))
    digits = "".join(str(draw(st.integers(0, 9))) for _ in range(STRUCTURES[country]))
    number = country + iban_numbers.calc_check_digits(f"{country}00{digits}") + digits
    gap = draw(st.sampled_from(["", *BLANKS, "-"]))
    shown = gap.join(number[at : at + 4] for at in range(0, len(number), 4))
    return draw(st.sampled_from([shown, shown.lower()]))


@st.composite
def phone(draw: st.DrawFn) -> str:
    area, groups = draw(st.sampled_from(PLAN))
    digits = ["".join(str(draw(st.integers(1, 9))) for _ in range(size)) for size in groups]
    blank = draw(st.sampled_from(["", *BLANKS]))
    opening = draw(
        st.sampled_from(
            [
                *(f"0{area}{hyphen}" for hyphen in ("-", "\N{EN DASH}", "\N{NON-BREAKING HYPHEN}", " - ", "/")),
                *(f"+46{between}{area}{gap}" for between in (" ", "", " (0)", "(0)", "-", " (0) ") for gap in (" ", "-")),
                f"(0{area}) ", f"(+46) {area} ", f"0046 {area} ",
            ]
        )
    )  # fmt: skip
    return opening + blank.join(digits)


PLAN = [
    ("8", (3, 2, 2)),
    ("8", (3, 3, 2)),
    ("70", (3, 2, 2)),
    ("73", (3, 2, 2)),
    ("31", (3, 2, 2)),
    ("90", (2, 2, 2)),
    ("502", (2, 2, 2)),
]
"""Area codes and groups as Telia writes them."""

NAMES = ("anna", "bo.ek", "eva_svensson", "k-a.öberg", "o.lind+skog", "x1")
HOSTS = ("exempel", "mail.exempel", "ex-ample", "åre")


@st.composite
def email(draw: st.DrawFn) -> str:
    name, host, end = (
        draw(st.sampled_from(NAMES)),
        draw(st.sampled_from(HOSTS)),
        draw(st.sampled_from(["se", "org", "no"])),
    )
    at = draw(st.sampled_from(["@", " (at) ", "[at]", "(a)", " [snabel-a] ", "%40", "{at}"]))
    return f"{name}{at}{host}.{end}"


STREETS = (
    ("Storgatan", "733 07 Kalmar"), ("Åkervägen", "11122 Stockholm"), ("Norra Kyrkogatan", "SE-831 31 Östersund"), ("Björkstigen", "90325 Umeå"),
    ("Kirkeveien", "0368 Oslo"), ("Storgata", "9008 Tromsø"), ("Nørregade", "1165 København K"), ("Lyngbyvej", "2100 København"),
    ("Hämeenkatu", "33100 Tampere"), ("Mannerheimintie", "00100 Helsinki"),
)  # fmt: skip


@st.composite
def address(draw: st.DrawFn) -> str:
    street, town = draw(st.sampled_from(STREETS))
    number = draw(st.sampled_from(["1", "12", "128", "5 B", "12A", "3-5"]))
    return f"{street} {number}{draw(st.sampled_from([', ', ' ', chr(10)]))}{town}"


VALUES = {
    "personnummer": swedish() | danish() | finnish(),
    "identity": norwegian(),
    "iban": iban(),
    "phone": phone(),
    "email": email(),
    "address": address(),
}
"""Generators by kind; "identity" gives personnummer and samordningsnummer both."""

CARRIERS = (
    "{}", "Hon skrev {} i går.", "({})", "Se: {}, tack", "| {} |", "„{}”", "Ek;{};kvar", "å\n{}\nslut", "<b>{}</b>", "Uppgift:\t{}.",
)  # fmt: skip
"""Sentences without a word that says what the value is."""


@st.composite
def no_value(draw: st.DrawFn) -> str:
    """Numbers of other kinds, in the notations that look most like personal data."""
    a, b, c = (draw(st.integers(1, top)) for top in (999, 9999, 99999))
    year, month, day = draw(st.integers(1900, 2030)), draw(st.integers(1, 12)), draw(st.integers(1, 28))
    return draw(
        st.sampled_from(
            [
                f"{year}:{b}", f"SFS {year}:{a}", f"prop. {year}/{(year + 1) % 100:02}:{a}", f"dnr {year}/{c:05}-{a}", f"dnr {a}-{b}-{year}",
                f"M {b}-{year % 100:02}", f"{year}-{month:02}-{day:02}", f"{day}.{month}.{year}", f"{day}/{month} {year}",
                f"{year}-{month:02}-{day:02} 12:{day:02}:{month:02}", f"åren {year}-{year + 3}", f"{a} {b % 1000:03} {c % 1000:03} kronor",
                f"{a}.{b % 1000:03} kr", f"{a},{b} procent", f"ISBN 978-91-{c % 1000:03}-{b:04}-{a % 10}", f"art.nr {b}-{c}", f"v{day}.{month}.{a}",
                f"avsnitt {day}.{month}.{a}.{day}", f"59.{c:05}, 18.{b:04}", f"{c:05}{b % 100:02}, {c:05}{a % 10}", f"{a} kap. {day} § {month} st.",
                f"s. {b}-{b + 5}", f"order {c}{b}", f"tåg {b} kl. {month:02}.{day:02}", f"({a}) {b}", f"x{c}{b}y", f"fastigheten Ås {day}:{a}",
            ]
        )
    )  # fmt: skip


WANTED = frozenset(KINDS) - {"person"}
ANYTHING = st.one_of(*VALUES.values())


def found(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in finds(text, WANTED)]


def masked(text: str) -> str:
    masks, at, parts = Masks([text]), 0, []
    for start, end, kind in finds(text, WANTED):
        parts += [text[at:start], masks.mask(kind, text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


@pytest.mark.parametrize("kind", sorted(VALUES))
@given(data=st.data())
@settings(max_examples=300)
def test_every_notation_is_found_to_the_letter(kind: str, data: Any) -> None:
    value, carrier = data.draw(VALUES[kind]), data.draw(st.sampled_from(CARRIERS))
    spans = found(carrier.format(value))
    assert [shown for shown, _ in spans] == [value]
    assert spans[0][1] in (("personnummer", "samordningsnummer") if kind == "identity" else (kind,))


@given(st.lists(no_value(), min_size=1, max_size=3).map(", ".join), st.sampled_from(CARRIERS))
@settings(max_examples=500)
def test_numbers_of_other_kinds_are_left_alone(value: str, carrier: str) -> None:
    assert found(carrier.format(value)) == []


@given(
    st.lists(
        ANYTHING | no_value() | st.sampled_from(["telefon", "konto", "personnummer", "CPR", "ring", "/"]),
        max_size=6,
    )
)
@settings(max_examples=300)
def test_masking_twice_is_masking_once(parts: list[str]) -> None:
    text = " ".join(parts)
    once = masked(text)
    assert masked(once) == once


SCRAPS = [
    *"0123456789-+ ./()@:,_aåZSE٤\n[]",
    " telefon ",
    " konto ",
    "[TELEFON]",
    " bg ",
    "07",
    "850709-9805",
]


@given(st.lists(st.sampled_from(SCRAPS), max_size=40).map("".join))
@settings(max_examples=500)
def test_masking_twice_is_masking_once_for_anything(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@given(st.lists(ANYTHING, min_size=1, max_size=8))
def test_masks_count_distinct_values_in_order(values: list[str]) -> None:
    once = masked(";\n".join(values))
    for kind, mask in MASKS.items():
        numbers = [int(number or 1) for name, number in STANDING.findall(once) if name == mask[1:-1]]
        first = list(dict.fromkeys(numbers))
        assert first == list(range(1, len(first) + 1)), kind


@pytest.mark.parametrize(
    ("kind", "notations"),
    [
        (
            "personnummer",
            ["811228-9874", "198112289874", "19811228-9874", "811228\N{EN DASH}9874", "811228 9874"],
        ),
        ("personnummer", ["131052-308T"]),
        (
            "phone",
            ["070-174 06 05", "+46 70 174 06 05", "+46 (0)70-1740605", "0046701740605", "(070) 174 06 05"],
        ),
        ("email", ["Anna@Example.se", "anna@example.se", "anna (at) example.se", "anna%40example.se"]),
        ("iban", ["SE45 5000 0000 0583 9825 7466", "se4550000000058398257466"]),
        ("card", ["4454 7945 1139 0933", "4454-7945-1139-0933"]),
        ("orgnr", ["556036-0793", "165560360793", "SE556036079301"]),
        ("address", ["Storgatan 5, 733 07 Kalmar", "Storgatan  5\n733 07 KALMAR"]),
        ("ip", ["2A01:4f8::1", "2a01:04f8:0:0::1"]),
        ("bank", ["5050-1055", "50501055"]),
    ],
)
def test_all_notations_of_a_value_are_one(kind: str, notations: list[str]) -> None:
    masks = Masks()
    assert {masks.mask(kind, shown) for shown in notations} == {MASKS[kind]}


def test_other_values_are_others() -> None:
    for kind, values in {
        "personnummer": ["811228-9874", "131052-308T", "131052A308T"],
        "phone": ["070-174 06 05", "+47 70 17 40 60", "+46 70 174 06 06"],
        "address": ["Storgatan 5", "Storgatan 5, 733 07 Kalmar"],
    }.items():
        assert len({value_of(kind, value) for value in values}) == len(values)


def test_no_number_is_given_out_that_stands_in_the_text() -> None:
    assert (
        masked("[EPOST], a@b.se, [EPOST 2], c@d.se, a@b.se")
        == "[EPOST], [EPOST 3], [EPOST 2], [EPOST 4], [EPOST 3]"
    )


def test_masks_read_as_words() -> None:
    assert (
        re.sub(r"\[[A-Z-]+( \d+)?\]", "", masked("Ring 08-514 50 61 eller 070-174 06 05.")) == "Ring  eller ."
    )
