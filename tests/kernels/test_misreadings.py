"""Words that look misread: what counts, what every language may write, and how it follows an engine's own confidence."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.misreadings import ocr_noise


def shares(texts: list[str]) -> list[float]:
    raw = [text.encode() for text in texts]
    return ocr_noise(np.cumsum([0, *map(len, raw)]), np.frombuffer(b"".join(raw), np.uint8)).tolist()


@pytest.mark.parametrize(
    "word",
    [
        *("13::68", "sillA|", "2I1b", "1T1e", "FLlV,", ":81", ",", "5;6", "x)y", "|1:25", "—]", "—I", "102!,", "27;:81"),
        *("61/)", "—|", "ut;skott", "48,:62", "18;-81"),
    ],
)  # fmt: skip
def test_a_misread_word_counts(word: str) -> None:
    assert shares([f"Ledamot av {word} utskottet"]) == [0.25]


@pytest.mark.parametrize(
    "text",
    [
        "Enligt 3 a § 1 st. lagen (1998:808) får t.ex. 2–3 m.m., jfr prop. 2007/08:108 s. 112 f., tas ut.",
        "Priset är 100:- eller 99,- kr per kWh; högst 2,5 % av 1 240 kr (inkl. moms).",
        "– Är du hemma? – Ja! Varför?! »Nej», sade hon: ”det går inte.”",
        "EU:s, AK:s och SOU:n: se http://a.se/x;y|z eller skriv till a.b@c.se.",
        "Don't say it's 5'10 in the 1960's; it isn't. (s)he and fil(er)na [sic] are fine.",
        "PhD, kW, mA, iPhone, GitHub och McDonald är ord. Sidan 4–7, den 3., 4. og 5. maj.",
        "Am 31.12., also zwei Tage später, heißt es: „Das gilt!“ (§ 5 Abs. 2).",
        "Sääntö koskee kaikkia (esim. EU:ssa), jotka omistavat yli 1/2 ha metsää.",
        "| vara | pris |\n|---|---|\n| mjölk | 12 |",
        "Kör `a;b|c{d}` och `x::y` så är det klart.\n\n* punkt ett\n- punkt två\n# Rubrik",
        "1921—1923. Se även —- och ...",
    ],
)
def test_what_people_write_does_not_count(text: str) -> None:
    assert shares([text]) == [0.0]


def test_a_lone_bar_counts_a_quarter_and_no_word_gives_no_share() -> None:
    assert shares(["ett | två tre"]) == [0.0625]
    assert np.isnan(shares(["", " \n"])).all()


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_a_share_is_a_share_and_does_not_depend_on_the_batch(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    together = shares(texts)
    np.testing.assert_array_equal(together, [shares([text])[0] for text in texts])
    assert all(0 <= share <= 1 for share in together if share == share)


def _ranks(values: "np.ndarray") -> "np.ndarray":
    """Mean rank of each value, ties shared."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[index]


@pytest.mark.data
def test_it_follows_the_confidence_of_the_engine(shared_data: Path) -> None:
    lines = (shared_data / "quality/ocr_pages.jsonl").read_text(encoding="utf-8").splitlines()
    pages = [json.loads(line) for line in lines]
    confidence = np.array([page["mean_wc"] for page in pages])
    found = np.array(shares([page["text"] for page in pages]))
    assert np.corrcoef(_ranks(found), _ranks(-confidence))[0, 1] >= 0.6
