"""What-if is right: it says what judging the same measures again with the other limits says."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from small_store import ENGLISH, DirectPool, World, article, refresh_settings, shards_of, write

from pipeline.errors import UsageError
from pipeline.schema import DROPPED, FLAGGED, KEPT
from pipeline.schema import PII as SPAN
from pipeline.stages.decide import Decide
from pipeline.stages.decisions import Decision
from pipeline.stages.language import LanguageConfig
from pipeline.stages.noise import LIMIT_KEYS, NoiseConfig
from pipeline.stages.pii import KINDS, PiiConfig
from pipeline.storage import parquet
from pipeline.storage.releases import Release, latest
from pipeline.work.judge import JudgeSettings
from pipeline.work.movers import MOVERS
from pipeline.work.refresh import Refresh
from pipeline.work.stored import release_decisions, release_items
from pipeline.work.what_if import Answer, what_if

NOW = JudgeSettings()

LIMITS = st.dictionaries(
    st.sampled_from(LIMIT_KEYS),
    st.floats(0, 1).map(lambda x: round(x, 3)) | st.integers(0, 400).map(float),
    max_size=4,
)
NOISE = st.builds(
    lambda limits, off: NoiseConfig(**limits, off=tuple(off)),
    LIMITS,
    st.lists(st.sampled_from(LIMIT_KEYS), max_size=2),
)
LANGUAGE = st.builds(
    LanguageConfig,
    min_target_share=st.floats(0, 1),
    keep_target_share=st.floats(0, 1),
    foreign=st.sampled_from(["cut", "flag"]),
)
PII = st.builds(
    PiiConfig, **{kind: st.sampled_from(["mask", "flag", "drop"]) for kind in KINDS if kind != "person"}
)
SETTINGS = st.builds(JudgeSettings, LANGUAGE, NOISE, PII)


@dataclasses.dataclass(frozen=True)
class Known:
    """A release and the measured items that it was made of."""

    release: Release
    items: pa.Table

    def ask(self, before: JudgeSettings | None, after: JudgeSettings) -> Answer:
        first = None if before is None else lambda _: before
        return what_if(release_items(self.release), first, lambda _: after, release_decisions(self.release))


@pytest.fixture(scope="session")
def known(made: World, tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Of the small corpus, with two decisions of people, a mixed text and an odd file."""
    world = made.copy(tmp_path_factory.mktemp("known") / "world")
    write(world.raw / "brev" / "blandat.txt", article(70) + "\n" + ENGLISH * 4)
    write(world.raw / "brev" / "lista.txt", "\n".join(f"{n} 08-{n}{n} {n * n}" for n in range(100, 130)))
    write(world.raw / "brev" / "kort.txt", "Ring 070-1740605.")
    return Known(*_decided(world))


def _decided(world: World) -> tuple[Release, pa.Table]:
    run = world.refresh()
    items = pa.concat_tables(
        [parquet.read(run.measure(shard).folder / "items.parquet") for shard in run.plan.shards]
    )
    content = dict(zip(items["record_id"].to_pylist(), items["content_id"].to_pylist(), strict=True))
    lines = [
        f'{{"content_id": "{content[name]}", "decision": "{choice}", "by": "eva", "time": "2026-01-01T10:00:00Z"}}'
        for name, choice in (
            ("brev/english.txt", "keep"),
            ("blad/artikel-03.txt", "drop"),
            ("brev/medlem.txt", "keep"),
        )
    ]
    world.store.decisions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return world.release(), items


def judged_anew(
    items: pa.Table, settings: JudgeSettings, decisions: dict[str, Decision]
) -> dict[str, tuple[str, list[str]]]:
    """Fate and reasons by doc_id, from the items as they were measured."""
    done = Decide(settings.judges(), decisions)(items)
    return {
        row["doc_id"]: (row["fate"], row["reasons"])
        for row in done.select(["doc_id", "fate", "reasons"]).to_pylist()
    }


def test_with_the_same_settings_nobody_moves(known: Known) -> None:
    answer = known.ask(NOW, NOW)
    assert (answer.moved, answer.other_reasons, answer.judged_otherwise) == (0, 0, 0)
    assert answer.items == known.items.num_rows
    assert dataclasses.astuple(answer.open) == (0, 0, 0)
    assert answer.movers.num_rows == 0
    fates = Counter(parquet.read(known.release.folder / "ledger.parquet")["fate"].to_pylist())
    assert {fate: answer.count(fate, after=False) for fate in fates} == fates


@given(SETTINGS, SETTINGS)
def test_it_says_what_judging_the_measured_items_again_says(
    known: Known, before: JudgeSettings, after: JudgeSettings
) -> None:
    decisions = release_decisions(known.release)
    was, now = (judged_anew(known.items, settings, decisions) for settings in (before, after))
    ledger = parquet.read(known.release.folder / "ledger.parquet")
    copies = {
        row["doc_id"] for row in ledger.select(["doc_id", "duplicate_of"]).to_pylist() if row["duplicate_of"]
    }
    assert copies

    def settled(verdicts: dict[str, tuple[str, list[str]]], doc: str) -> str:
        fate = verdicts[doc][0]
        return DROPPED if doc in copies and fate in (KEPT, FLAGGED) else fate

    answer = known.ask(before, after)
    said = {row["doc_id"]: row for row in answer.movers.to_pylist()}
    assert {doc: (row["was"], row["now"]) for doc, row in said.items()} == {
        doc: (settled(was, doc), settled(now, doc)) for doc in was if settled(was, doc) != settled(now, doc)
    }
    for doc, row in said.items():
        assert (row["reasons_was"], row["reasons_now"]) == (was[doc][1], now[doc][1])
    assert answer.moved == len(said) == answer.movers.num_rows
    assert answer.items == len(was)


@given(SETTINGS, SETTINGS)
@example(JudgeSettings(pii=PiiConfig(phone="flag")), JudgeSettings(pii=PiiConfig(phone="drop")))
def test_every_mover_has_the_limit_that_moves_it(
    known: Known, before: JudgeSettings, after: JudgeSettings
) -> None:
    answer = known.ask(before, after)
    assert answer.movers.schema.equals(MOVERS)
    rows = answer.movers.to_pylist()
    for row in rows:
        falls = row["now"] == DROPPED or (row["now"], row["was"]) == (FLAGGED, KEPT)
        mine, others = (
            row[name]
            for name in (("reasons_now", "reasons_was") if falls else ("reasons_was", "reasons_now"))
        )
        assert row["reason"] in mine
        # A code that stays moves a document only where something else is done about it.
        assert row["reason"] not in others or (
            set(mine) <= set(others) and not row["reason"].startswith("noise.")
        )
        if row["limit"] is not None:
            assert row["value"] != row["limit"]
    far = [-1.0 if row["off"] is None else row["off"] for row in rows]
    assert far == sorted(far, reverse=True)


def test_what_comes_of_it_in_a_real_refresh_is_what_was_said(made: World, tmp_path: Path) -> None:
    world = made.copy(tmp_path / "world")
    release = latest(world.store)
    assert release is not None
    middle = float(np.nanmedian(pa.concat_tables(release_items(release))["mean_word_length"].to_numpy()))
    after = JudgeSettings(NOW.language, NoiseConfig(max_mean_word_length=middle), PiiConfig(phone="drop"))
    answer = what_if(release_items(release), lambda _: NOW, lambda _: after, {})
    assert 0 < answer.moved < answer.items
    settings = dataclasses.replace(refresh_settings(), judge=after)
    run = Refresh(world.refresh().plan, settings, DirectPool())
    shards = shards_of(run)
    rows = run.resolve(shards).rows.to_pylist()
    ledger = parquet.read(release.folder / "ledger.parquet").to_pylist()
    moved = {
        row["doc_id"]: (old["fate"], row["fate"])
        for old, row in zip(ledger, rows, strict=True)
        if old["fate"] != row["fate"]
    }
    said = {row["doc_id"]: (row["was"], row["now"]) for row in answer.movers.to_pylist()}
    # What moves beyond what was said are copies of what leaves, and those were counted.
    beyond = {doc for doc in moved if doc not in said}
    assert {doc: fates for doc, fates in moved.items() if doc in said} == said
    assert len(beyond) <= answer.open.freed + answer.open.other_survivor


def _table(rows: list[dict[str, object]]) -> pa.Table:
    """Items as a release gives them, all of one source, with the one noise measure `words`."""
    plain = {"source": "s", "language": "sv", "fault": None, "duplicate_of": None, "cluster": None, "reasons": [], "notes": [],
             "pii": [], "target_share": 1.0, "language_disagreement": 0.0, "wrong_terms": 0.0}  # fmt: skip
    full = [{"doc_id": row["record_id"], "content_id": row["record_id"], **plain, **row} for row in rows]
    table = pa.Table.from_pylist(full)
    types = {"reasons": pa.list_(pa.string()), "notes": pa.list_(pa.string()), "duplicate_of": pa.string(), "cluster": pa.string(),
             "fault": pa.string(), "words": pa.float32(), "target_share": pa.float32(), "language_disagreement": pa.float32(),
             "wrong_terms": pa.float32()}  # fmt: skip
    for name, kind in types.items():
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    return table.set_column(
        table.schema.get_field_index("pii"), "pii", pa.array([[]] * len(rows), pa.list_(SPAN))
    )


ONLY_WORDS = NoiseConfig(off=tuple(key for key in LIMIT_KEYS if key != "min_words"))


def _words(least: float) -> JudgeSettings:
    return JudgeSettings(noise=dataclasses.replace(ONLY_WORDS, min_words=least))


def test_copies_of_a_survivor_that_leaves_are_counted() -> None:
    items = _table(
        [
            {"record_id": "a", "fate": "kept", "cluster": "c", "words": 90},
            {
                "record_id": "b",
                "fate": "dropped",
                "cluster": "c",
                "duplicate_of": "a",
                "words": 110,
                "reasons": ["duplicate.near"],
            },
            {
                "record_id": "c",
                "fate": "dropped",
                "cluster": "c",
                "duplicate_of": "a",
                "words": 80,
                "reasons": ["duplicate.near"],
            },
            # The same own id in another cluster: not a copy of the one that leaves.
            {
                "record_id": "d",
                "fate": "dropped",
                "cluster": "e",
                "duplicate_of": "a",
                "words": 110,
                "reasons": ["duplicate.near"],
            },
            {"record_id": "f", "fate": "dropped", "words": 5, "reasons": ["noise.words"]},
        ]
    )
    answer = what_if([items.slice(0, 1), items.slice(1)], lambda _: _words(10), lambda _: _words(100), {})
    assert answer.open.freed == 1
    assert answer.moved == 1
    answer = what_if([items], lambda _: _words(10), lambda _: _words(0), {})
    assert (answer.open.freed, answer.open.never_compared) == (0, 1)
    answer = what_if([items], lambda _: _words(100), lambda _: _words(10), {})
    assert (answer.open.other_survivor, answer.judged_otherwise) == (1, 1)


def test_a_survivor_that_is_only_flagged_keeps_its_place_before_flagged_copies() -> None:
    survivor = {"record_id": "a", "fate": "kept", "cluster": "c", "words": 90, "target_share": 0.9}
    copy = {
        **survivor,
        "record_id": "b",
        "fate": "dropped",
        "duplicate_of": "a",
        "reasons": ["duplicate.near"],
    }
    flags = JudgeSettings(LanguageConfig(foreign="flag", keep_target_share=0.95), ONLY_WORDS)
    for share, freed in ((0.9, 0), (1.0, 1)):
        items = _table([survivor, {**copy, "target_share": share}])
        assert what_if([items], lambda _: _words(10), lambda _: flags, {}).open.freed == freed


def test_a_document_that_two_splits_claim_stays_where_it_is_while_it_would_be_kept() -> None:
    items = _table([{"record_id": "a", "fate": "quarantined", "words": 90, "reasons": ["split.conflict"]}])
    same = what_if([items], lambda _: _words(10), lambda _: _words(20), {})
    assert (same.moved, same.judged_otherwise) == (0, 0)
    gone = what_if([items], lambda _: _words(10), lambda _: _words(100), {})
    assert gone.documents[3, 1] == 1


def test_sources_may_have_settings_of_their_own() -> None:
    items = _table([{"record_id": n, "fate": "kept", "words": 50} for n in "abc"])
    items = items.set_column(items.schema.get_field_index("source"), "source", pa.array(["x", "y", "y"]))
    answer = what_if([items], lambda _: _words(10), lambda source: _words(100 if source == "y" else 10), {})
    assert answer.movers["record_id"].to_pylist() == ["b", "c"]
    assert answer.movers["off"].to_pylist() == [0.5, 0.5]


def test_a_measure_that_was_not_stored_is_named() -> None:
    items = _table([{"record_id": "a", "fate": "kept", "words": 90}])
    with pytest.raises(UsageError, match=r"no alpha_words, .* is stored: an earlier Kvarn"):
        what_if([items], lambda _: _words(10), lambda _: NOW, {})


def test_words_are_counted_with_the_documents() -> None:
    items = _table(
        [
            {"record_id": "a", "fate": "kept", "words": 90},
            {"record_id": "b", "fate": "kept", "words": float("nan")},
        ]
    )
    answer = what_if([items], lambda _: _words(10), lambda _: _words(100), {})
    assert (answer.words_kept(after=False), answer.words_kept(after=True), answer.words_kept_in_both()) == (
        90,
        0,
        0,
    )
    assert np.array_equal(answer.documents.sum(axis=1), [2, 0, 0, 0])
