"""When the index of near-duplicates is written anew."""

from pathlib import Path

from compared import compared, text

from pipeline.work.near_index import STATE


def test_a_few_new_texts_wait_for_more_before_the_index_is_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "near"
    known = [text(n) for n in range(100)]
    compared(folder, known)
    before = (folder / STATE).read_bytes()
    some = [*known, text(3, changed=4), text(200)]
    assert compared(folder, some) == compared(tmp_path / "anew", some)
    assert (folder / STATE).read_bytes() == before
    more = [*some, text(201)]
    assert compared(folder, more) == compared(tmp_path / "anew 2", more)
    assert (folder / STATE).read_bytes() != before
    assert not (folder / "spool").exists()


def test_a_text_that_is_gone_is_reason_enough_to_write_the_index_anew(tmp_path: Path) -> None:
    known = [text(n) for n in range(100)]
    compared(tmp_path / "near", known)
    before = (tmp_path / "near" / STATE).read_bytes()
    compared(tmp_path / "near", known[1:])
    assert (tmp_path / "near" / STATE).read_bytes() != before
