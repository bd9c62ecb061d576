"""Lines and paragraphs: hashed as Python would fold them, counted in code points, found again in any document."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels import lines as k

TEXT = st.text(st.sampled_from("aÅ 1é😀\n\n§\t\u00a0\u2009\u3000\x85\x0b\r\x1cB"), max_size=50)


def fnv(values: list[int]) -> int:
    value = 0xCBF29CE484222325
    for item in values:
        value = ((value ^ item) * 0x100000001B3) % 2**64
    return value


def folded(line: str) -> str:
    return " ".join(line.split())


def expected(text: str) -> list[tuple[int, str]]:
    """(paragraph, folded line) of every line that is not blank."""
    rows, paragraph = [], 0
    for line in text.split("\n"):
        if line.strip():
            rows.append((paragraph, folded(line)))
        else:
            paragraph += 1
    return rows


def buffers(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    parts = [text.encode() for text in texts]
    offsets = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    return offsets, np.frombuffer(b"".join(parts), np.uint8)


@given(st.lists(TEXT, max_size=4))
def test_lines_are_those_of_python_and_hashed_as_python_folds_them(texts: list[str]) -> None:
    hashes, table = k.lines_of(*buffers(texts))
    wanted = [(at, *row) for at, text in enumerate(texts) for row in expected(text)]
    assert [tuple(row) for row in table[:, [k.DOCUMENT, k.PARAGRAPH]].tolist()] == [row[:2] for row in wanted]
    assert hashes.tolist() == [fnv(list(row[2].encode())) for row in wanted]
    for row, (at, _, line) in zip(table.tolist(), wanted, strict=True):
        whole = texts[at][row[k.START] : row[k.END]]
        assert "\n" not in whole
        assert folded(whole) == line
        assert texts[at][: row[k.START]][-1:] in ("", "\n")


@given(st.lists(TEXT, max_size=4))
def test_paragraphs_are_runs_of_more_than_one_line(texts: list[str]) -> None:
    hashes, table = k.lines_of(*buffers(texts))
    values, found = k.paragraphs_of(hashes, table)
    wanted = []
    for at, text in enumerate(texts):
        for _, group in groupby(expected(text), key=lambda row: row[0]):
            lines = [line for _, line in group]
            if len(lines) > 1:
                wanted.append((at, fnv([fnv(list(line.encode())) for line in lines])))
    assert list(zip(found[:, k.DOCUMENT].tolist(), values.tolist(), strict=True)) == wanted


def test_letters_are_letters_and_no_digits_or_signs() -> None:
    _, table = k.lines_of(*buffers(["### 10 a §\n```\n| --- | --- |\nNästa\nÅ och Ö"]))
    assert table[:, k.LETTERS].tolist() == [1, 0, 0, 5, 5]


def test_digits_and_case_make_another_line_and_white_space_does_not() -> None:
    hashes, _ = k.lines_of(*buffers(["1 kap.\n2 kap.\nNästa\nnästa\n  Nästa\t\n1\u00a0 kap."]))
    first, second, upper, lower, again, folded_first = hashes.tolist()
    assert len({first, second, upper, lower}) == 4
    assert (again, folded_first) == (upper, first)


def test_a_stored_hash_is_what_it_was() -> None:
    """Hashes lie in releases: another value here needs another `VERSION`."""
    assert k.VERSION == 1
    hashes, table = k.lines_of(*buffers(["## Övergångsbestämmelser\n1. Denna lag"]))
    assert hashes.tolist() == [1059612118183595442, 13564106822810877964]
    assert k.paragraphs_of(hashes, table)[0].tolist() == [169221218712740347]


@given(st.lists(TEXT, max_size=5), st.data())
def test_documents_that_hold_a_line_or_paragraph_are_found(texts: list[str], data: st.DataObject) -> None:
    offsets, data_ = buffers(texts)
    hashes, table = k.lines_of(offsets, data_)
    values, found = k.paragraphs_of(hashes, table)
    lines = np.unique(
        np.array(data.draw(st.lists(st.sampled_from([7, *hashes.tolist()]), max_size=2)), np.uint64)
    )
    paras = np.unique(
        np.array(data.draw(st.lists(st.sampled_from([7, *values.tolist()]), max_size=2)), np.uint64)
    )
    hit = set(table[np.isin(hashes, lines), k.DOCUMENT]) | set(found[np.isin(values, paras), k.DOCUMENT])
    assert set(np.flatnonzero(k.holding(offsets, data_, lines, paras)).tolist()) == hit


def test_no_documents_and_empty_documents_have_no_lines() -> None:
    for texts in ([], ["", "\n \n"]):
        hashes, table = k.lines_of(*buffers(texts))
        assert len(hashes) == len(table) == len(k.paragraphs_of(hashes, table)[0]) == 0
        assert not k.holding(*buffers(texts), hashes, hashes).any()
