"""Bytes to text: exactly, or with a note that says the text may be wrong."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.encoding import DOUBTFUL, Decoded, decode, looks_wrong

SENTENCES = (
    "Gallringen bör göras innan träden står så tätt att kronorna hämmas.",
    "På våren åker älgarna över ån.",
    "”Naturvård är en fråga för alla”, säger jägmästaren – och får medhåll.",
    "Enligt 12 § får avverkning ske först när anmälan är gjord.",
    "ÅTERVÄXTEN ÄR GOD I HELA LÄNET.",
    "En idé från Örnsköldsvik kostade 100 kronor.",
)
LEGACY = ("cp1252", "iso-8859-15", "latin-1", "mac_roman", "cp850", "cp865")


@pytest.mark.parametrize("encoding", LEGACY)
@pytest.mark.parametrize("text", SENTENCES)
def test_one_swedish_sentence_is_enough(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    found = decode(data)
    assert found.text == data.decode(encoding)
    assert found.note is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_encodings_need_no_guess(encoding: str) -> None:
    text = "\n".join(SENTENCES)
    assert decode(text.encode(encoding)).text == text
    assert decode(text.encode(encoding)).note is None


@given(st.text())
def test_valid_utf_8_is_taken_as_it_is(text: str) -> None:
    data = ("å" + text).encode()
    assert decode(data).text == "å" + text


@given(st.binary(max_size=400))
def test_any_bytes_give_a_text(data: bytes) -> None:
    text = decode(data).text
    assert text.encode("utf-8").decode("utf-8") == text


def test_a_stray_byte_in_utf_8_is_mended_and_noted() -> None:
    data = "\n".join(SENTENCES).encode() + b" f\xf6r "
    found = decode(data)
    assert found.text.endswith(" för ")
    assert found.note == DOUBTFUL


@pytest.mark.parametrize("text", [text for text in SENTENCES if sum(map(text.count, "åäöÅÄÖé")) > 1])
def test_a_stray_byte_does_not_make_a_short_sentence_another_encoding(text: str) -> None:
    assert decode(text.encode() + b" \xff") == Decoded(text + " ÿ", "utf-8", DOUBTFUL)


def test_bytes_of_no_nordic_encoding_are_noted() -> None:
    assert decode("Съешь ещё этих мягких французских булок".encode("koi8-r")).note == DOUBTFUL


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια.", "cp1253"),
        ("כל בני האדם נולדו בני חורין ושווים בערכם", "cp1255"),
        ("Wszyscy ludzie rodzą się wolni i równi pod względem swej godności.", "cp1250"),
        ("Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis.", "cp1257"),
        ("人人生而自由，在尊严和权利上一律平等。", "gb18030"),
        ("すべての人間は、生まれながらにして自由である。", "shift_jis"),
    ],
)
def test_another_alphabet_is_noted(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).note == DOUBTFUL


def test_few_letters_say_nothing_about_an_alphabet() -> None:
    assert decode("På ön, åå".encode("cp1252")).note is None


def test_a_text_full_of_box_drawing_looks_wrong_and_swedish_does_not() -> None:
    assert looks_wrong("R├ñksm├╢rg├Ñs")
    assert not looks_wrong(SENTENCES[0])


def test_a_false_declaration_is_not_believed() -> None:
    assert decode("Björkar på ängen".encode("cp850"), "windows-1252").text == "Björkar på ängen"
    assert decode("Björkar på ängen".encode(), "iso-8859-1").text == "Björkar på ängen"


@pytest.mark.data
def test_swedish_prose_decodes_in_at_least_99_of_100_cases(shared_data: Path) -> None:
    lines = (shared_data / "lid" / "sentences.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    swedish = [row["text"] for row in rows if row["lang"] == "sv"]
    for encoding in LEGACY:
        for size in (1, 5, 30):
            texts = ["\n".join(swedish[at : at + size]) for at in range(0, len(swedish) - size + 1, size)]
            samples = [data for text in texts if not (data := text.encode(encoding, "ignore")).isascii()]
            right = sum(decode(data).text == data.decode(encoding) for data in samples)
            assert right >= 0.99 * len(samples), (encoding, size, right, len(samples))


@pytest.mark.data
def test_the_labelled_files_decode_exactly(shared_data: Path) -> None:
    folder = shared_data / "encoding"
    rows = [line.split("\t") for line in (folder / "gold.tsv").read_text().split("\n")[1:] if line]
    for name, encoding, gold in rows:
        if "mojibake" in encoding:
            continue  # A wrong text in right UTF-8: repair mends it.
        want = (folder / gold).read_bytes().decode("utf-8").lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")
        have = decode((folder / name).read_bytes()).text
        assert _folded(have) == _folded(want), name


def _folded(text: str) -> list[str]:
    import unicodedata

    return [
        line.rstrip() for line in unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip().split("\n")
    ]
