"""Laws of the noise measures, and what single ones see and leave alone."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.kernels.text_measures import MEASURES, NAMES, measure_texts

ROOT = Path(__file__).resolve().parents[2]


def measure(texts: list[str]) -> NDArray[np.float32]:
    raw = [text.encode() for text in texts]
    return measure_texts(
        np.cumsum([0, *map(len, raw)]).astype(np.int64), np.frombuffer(b"".join(raw), np.uint8)
    )


def value(text: str, name: str) -> float:
    return float(measure([text])[0, NAMES.index(name)])


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
noisy = st.one_of(any_text, st.text("ab \n.:<>/\\#{}\"'1234567890-", max_size=200))


@given(st.lists(noisy, min_size=1, max_size=8), st.integers(0, 8))
def test_measures_do_not_depend_on_the_batch(texts: list[str], cut: int) -> None:
    together = measure(texts)
    apart = np.concatenate([measure(part) for part in (texts[:cut], texts[cut:]) if part])
    assert together.tobytes() == apart.tobytes()


@given(noisy)
def test_measures_lie_in_their_range_or_do_not_apply(text: str) -> None:
    for spec, got in zip(MEASURES, measure([text])[0], strict=True):
        assert np.isnan(got) or spec.low <= got <= spec.high, spec.name


# Above the first plane Python itself tells letters of rare scripts from unassigned code points; the table does not.
@given(st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=200))
def test_counts_agree_with_python(text: str) -> None:
    assert value(text, "chars") == len(text)
    assert value(text, "words") == len(re.findall(r"\w+", text))
    assert value(text, "lines") == sum(bool(line.strip()) for line in text.split("\n"))


def test_an_empty_text_has_counts_of_zero_and_no_shares() -> None:
    row = measure([""])[0]
    assert row[NAMES.index("words")] == 0
    assert np.isnan(row[NAMES.index("digit_share")])


def test_names_of_measures_are_unique() -> None:
    assert len(set(NAMES)) == len(NAMES) == measure(["a"]).shape[1]


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("1 § Lagen gäller.", "words", 3),  # the section sign is no word
        ("Han sade nej.\nHon sade ja", "terminal_lines", 0.5),
        ("Va... Vad… då", "ellipsis_per_word", 2 / 3),
        ("- ett\n• två\ntre", "bullet_lines", 2 / 3),
        ("-12 grader", "bullet_lines", 0),
        ("En. Två? (Tre!) Fyra", "sentences", 3),
        ("3.5 meter", "sentences", 0),
        ("lorem ipsum dolor", "filler_words", 1),
        ("doktor Ipsen", "filler_words", 0),
        ("Läs <b>mer</b>", "tag_share", 7 / 15),
        ("a < b och b > c", "tag_share", 0),
        ("se https://a.se/b nu", "url_share", 14 / 20),
        ("se https://a.se/b nu", "alpha_words", 1),
        ("jfr nr", "odd_words", 0.5),  # two letters are an abbreviation, three without a vowel are odd
        ("GitHub finns", "odd_words", 0.5),
        ("västkustskt NATO", "odd_words", 0),
        ("kl 08:12:59 fel\nkl 08:12 rätt", "log_lines", 0.5),
        ("1.2 Syfte\n1 Inledning ..... 7\nDet var 1.2 meter.\nSlut.", "contents_lines", 2 / 4),
        ("1.2 Syfte\nEn rubrik över ett stycke är ingen förteckning.", "contents_lines", float("nan")),
        (".SH NAMN\n...och så vidare", "roff_lines", 0.5),
        ("Godkänn alla\nVi har fått hennes samtycke.", "consent_lines", 0.5),
        ("Berg, Karl, Boden 1881\nhan bor i Boden", "register_words", 0.5),
        ("HELA RADEN ROPAR\nmen inte denna", "shout_chars", 14 / 26),
        ("och jag är här", "stop_words", 3),
    ],
)
def test_measure_sees_its_case(text: str, name: str, wanted: float) -> None:
    assert value(text, name) == pytest.approx(wanted, rel=1e-5, nan_ok=True)


def test_a_key_in_base64_counts_as_encoded_and_a_long_compound_does_not() -> None:
    key = "SiS1gJ7J8KfMbXMzWa+IP8xaNoHvibfGK3BEAZQOQhcGj6BDZ9Ap0SEU"
    assert value(f"nyckel {key}", "encoded_share") > 0.8
    assert value("nordvästersjökustartilleriflygspaningssimulatoranläggningsmateriel", "encoded_share") == 0


def test_plain_python_gives_the_same_bits_as_compiled_code() -> None:
    texts = [
        "Lagen (2017:900) gäller.\n\nÅ\N{GRINNING FACE}, se https://a.se/x!",
        '{"a": 1}',
        "ja ja ja ja ja ja",
        "",
    ]
    code = (
        "import sys, json, numpy as np; from pipeline.kernels.text_measures import measure_texts\n"
        "raw = [t.encode() for t in json.loads(sys.argv[1])]\n"
        "out = measure_texts(np.cumsum([0, *map(len, raw)]), np.frombuffer(b''.join(raw), np.uint8))\n"
        "print(out.tobytes().hex())"
    )
    plain = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, json.dumps(texts)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain.stdout.strip() == measure(texts).tobytes().hex()
