import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.train.replay import load_general, mix, part_of


def test_two_thirds_steer_the_training_and_one_third_only_measures() -> None:
    parts = Counter(part_of(f"g-{n}") for n in range(9000))
    assert parts["evaluation"] / 9000 == pytest.approx(1 / 3, abs=0.02)
    assert parts["watch"] / 9000 == pytest.approx(1 / 9, abs=0.02)


def test_the_parts_of_the_packaged_set_share_no_text_and_hold_both_languages() -> None:
    general = load_general("general")
    parts = [set(general.replay), set(general.watch), set(general.evaluation)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    for part in parts:
        assert any(" och " in text for text in part)
        assert any(" the " in text for text in part)
    total = sum(len(text.encode()) for part in parts for text in part)
    assert sum(len(t.encode()) for t in general.evaluation) / total == pytest.approx(1 / 3, abs=0.08)


def write_jsonl(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_text_keeps_its_part_whatever_else_comes_or_goes(tmp_path: Path) -> None:
    rows = [{"id": f"t{n}", "text": f"text {n}"} for n in range(60)]
    write_jsonl(tmp_path / "a.jsonl", rows)
    whole = load_general(str(tmp_path / "a.jsonl"))
    write_jsonl(tmp_path / "b.jsonl", rows[20:][::-1])
    some = load_general(str(tmp_path / "b.jsonl"))
    assert set(some.evaluation) <= set(whole.evaluation)
    assert set(some.replay) <= set(whole.replay)


def test_a_folder_of_plain_files_is_cut_into_passages(tmp_path: Path) -> None:
    for number in range(4):
        paragraphs = [f"{number} {at} " + "ord " * 100 for at in range(40)]
        (tmp_path / f"{number}.md").write_text("\n\n".join(paragraphs), encoding="utf-8")
    (tmp_path / "bild.png").write_bytes(b"\x89")
    general = load_general(str(tmp_path))
    texts = [*general.replay, *general.watch, *general.evaluation]
    assert sum(text.count("ord") for text in texts) == 4 * 40 * 100
    assert all(len(text) > 400 for text in texts)


@pytest.mark.parametrize("name", ["finns.inte", "tom"])
def test_a_replay_set_that_is_not_there_or_too_small_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "tom").mkdir()
    with pytest.raises(UsageError, match=r"train\.replay"):
        load_general(str(tmp_path / name))


@pytest.mark.parametrize(("line", "words"), [("{", "not JSON"), ('{"id": "x"}', "no text"), ("3", "no text")])
def test_a_broken_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "x.jsonl").write_text(f'{{"id": "a", "text": "b"}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=rf"x\.jsonl, line 3: {words}"):
        load_general(str(tmp_path / "x.jsonl"))


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"sk\xf6n")
    with pytest.raises(UsageError, match=r"x\.txt: not UTF-8 at byte 2"):
        load_general(str(tmp_path / "x.txt"))


plans = {"domain": st.integers(1, 60), "general": st.integers(0, 20), "epochs": st.integers(1, 4)}


@given(**plans, share=st.floats(0, 0.9))
def test_every_domain_block_comes_once_an_epoch_and_the_share_is_kept(
    domain: int, general: int, epochs: int, share: float
) -> None:
    plan = mix(domain, general, share, epochs, seed=5)
    own = plan.index[~plan.general]
    for epoch in own.reshape(epochs, domain):
        assert sorted(epoch) == list(range(domain))
    replayed = plan.index[plan.general]
    if general:
        wanted = domain * epochs * share / (1 - share)
        assert abs(len(replayed) - wanted) <= 0.5
        uses = np.bincount(replayed, minlength=general) if len(replayed) else np.zeros(general)
        assert uses.max() - uses.min() <= 1
    else:
        assert len(replayed) == 0


@given(**plans)
def test_replay_is_spread_evenly(domain: int, general: int, epochs: int) -> None:
    plan = mix(domain, general, 0.25, epochs, seed=5)
    seen = np.cumsum(plan.general)
    expected = np.arange(1, len(seen) + 1) * (plan.general.mean() if len(seen) else 0)
    assert (np.abs(seen - expected) <= 1.5).all()


def test_the_plan_depends_on_the_seed_only() -> None:
    one, same, other = (mix(30, 7, 0.3, 2.5, seed) for seed in (1, 1, 2))
    assert (one.index == same.index).all()
    assert (one.general == same.general).all()
    assert (one.index != other.index).any()
    assert len(one.index[~one.general]) == 75
