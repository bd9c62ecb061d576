from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from builders import Item, corpus, inputs, ledger, pairs, profile

from pipeline.quality.checks import EXPECTED, RELEASE_CHECKS, CheckInputs, release_checks
from pipeline.quality.gate import can_be_waived
from pipeline.quality.gate_config import GateConfig
from pipeline.quality.verdicts import Check, Verdict, overall

GOOD = corpus()


def found(given: CheckInputs, identity: str, source: str | None = None) -> Check:
    return next(one for one in release_checks(given) if one.id == identity and one.source == source)


def with_text(change: Callable[[str], str], items: list[Item] = GOOD) -> list[Item]:
    return [replace(item, text=change(item.text)) for item in items]


def more(*extra: Item) -> list[Item]:
    return [*GOOD, *extra]


def bad(name: str, count: int, **fields: Any) -> list[Item]:
    return [Item(f"{name}{i}", text=f"{name} {i} å ä ö", **fields) for i in range(count)]


def test_a_healthy_first_release_passes_every_check() -> None:
    checks = release_checks(inputs(GOOD))
    assert [one.id for one in checks if one.verdict is not Verdict.PASS] == []
    assert tuple(one.id for one in checks) == tuple(RELEASE_CHECKS)


def test_drift_checks_of_a_first_release_say_that_there_is_no_baseline() -> None:
    noted = {one.id for one in release_checks(inputs(GOOD)) if one.note == "no baseline"}
    assert {"rows.change", "sources.vanished", "sources.mix", "length.drift", "letters.aring"} <= noted


def test_the_same_release_again_passes_every_check() -> None:
    assert overall(release_checks(inputs(GOOD, GOOD)), RELEASE_CHECKS) is Verdict.PASS


def test_a_file_without_an_item_is_named() -> None:
    check = found(inputs(GOOD, files=[("a", "0000.txt"), ("a", "tyst.txt")]), "accounting.rest")
    assert (check.value, check.examples) == (1, ("a/tyst.txt",))


def test_an_archive_has_the_items_of_its_members() -> None:
    packed = more(Item("arkiv.zip/mapp/./x.txt", source="a"), Item("arkiv.zipped", source="b"))
    files = [("a", "0000.txt"), ("a", "arkiv.zip")]
    assert found(inputs(packed, files=files), "accounting.rest").verdict is Verdict.PASS
    other = found(inputs(packed, files=[*files, ("b", "arkiv.zip")]), "accounting.rest")
    assert other.examples == ("b/arkiv.zip",)


def test_the_gate_also_expects_the_suites() -> None:
    assert overall(release_checks(inputs(GOOD)), EXPECTED) is Verdict.NOT_RUN


QUARANTINED = {"fate": "quarantined", "reasons": ("read.corrupt_pdf",), "split": None}
KNOWN_BAD: list[tuple[str, CheckInputs]] = [
    ("accounting.rest", inputs(GOOD, intake={"a": {"files": 20, "items": 21}})),
    ("accounting.rest", inputs(GOOD, intake={})),
    ("accounting.rest", inputs(more(Item("x", fate="lost", reasons=("read.x",), split=None)))),
    ("accounting.rest", inputs(GOOD, files=[("a", "0000.txt"), ("a", "silent.txt")])),
    ("accounting.rest", inputs(GOOD, files=[("b", "0000.txt")])),
    ("accounting.published", inputs(GOOD, profile=replace(profile(GOOD[:-1]), fates=profile(GOOD).fates))),
    ("accounting.measures", inputs(GOOD, measures=ledger(GOOD[:-1]).select(["doc_id"]))),
    ("accounting.measures", inputs(GOOD, measures=ledger(GOOD[::-1]).select(["doc_id"]))),
    ("accounting.reasons", inputs(more(Item("x", fate="dropped", split=None)))),
    ("accounting.reasons", inputs(GOOD, ledger=ledger(more(Item("x", split=None))))),
    ("checksums", inputs(GOOD, file_faults=("data/train-1.parquet: missing",))),
    ("rows.kept", inputs([Item("x", fate="dropped", reasons=("noise.short",), split=None)])),
    ("rows.kept", inputs(GOOD, config=GateConfig(rows_floor=1000))),
    ("rows.change", inputs(GOOD[:20], GOOD)),
    ("sources.mix", inputs([item for item in GOOD if item.source != "c"], GOOD)),
    ("leakage.moved", inputs([replace(item, split="train") for item in GOOD], GOOD)),
    ("letters.aring", inputs(with_text(lambda text: text.replace("å", "ĺ")), GOOD)),
    (
        "letters.auml",
        inputs(with_text(lambda text: text.replace("ä", "a")), with_text(lambda text: f"{text} ä")),
    ),
    ("letters.ouml", inputs(with_text(lambda text: text.replace("ö", "o")), GOOD)),
    ("language.target", inputs([replace(item, language="nb") for item in GOOD[:5]] + GOOD[5:])),
    ("length.drift", inputs(with_text(lambda text: f"{text} " * 9), GOOD)),
    ("duplicates.exact", inputs(more(replace(GOOD[0], name="copy.txt")))),
    (
        "duplicates.near",
        inputs(GOOD, pairs=pairs([(GOOD[0], GOOD[1], 0.8)]), config=GateConfig(small_counts=1)),
    ),
    ("leakage.pairs", inputs(GOOD, pairs=pairs([(GOOD[0], GOOD[8], 0.8)]))),
    ("split.groups", inputs([replace(item, group="g") for item in GOOD if item.source == "a"])),
    ("split.train", inputs([replace(item, split="test") for item in GOOD])),
    ("split.validation", inputs([replace(item, split="train") for item in GOOD])),
    ("split.test", inputs([replace(item, split="train") for item in GOOD])),
    (
        "split.conflicts",
        inputs(more(*bad("x", 21, fate="quarantined", reasons=("split.conflict",), split=None))),
    ),
    ("quarantine.rate", inputs(more(*bad("x", 21, **QUARANTINED)))),
    ("encoding.damage", inputs(more(*bad("Ã¥tg", 21)))),
    (
        "reasons.drift",
        inputs(
            more(*bad("x", 30, fate="dropped", reasons=("noise.short",), split=None)),
            more(*bad("x", 1, fate="dropped", reasons=("noise.short",), split=None)),
        ),
    ),
]


@pytest.mark.parametrize(("identity", "given"), KNOWN_BAD)
def test_a_known_bad_candidate_fails_its_check(identity: str, given: CheckInputs) -> None:
    assert found(given, identity).verdict is Verdict.FAIL


NAMED_BAD: list[tuple[str, str, CheckInputs]] = [
    ("sources.vanished", "c", inputs([item for item in GOOD if item.source != "c"], GOOD)),
    ("sources.required", "missing", inputs(GOOD, required=frozenset({"missing", "a"}))),
    (
        "quarantine.required",
        "a",
        inputs(more(Item("x", **QUARANTINED)), required=frozenset({"a"})),
    ),
]


@pytest.mark.parametrize(("identity", "source", "given"), NAMED_BAD)
def test_a_fault_of_one_source_fails_under_its_name_and_warns_for_the_whole(
    identity: str, source: str, given: CheckInputs
) -> None:
    assert found(given, identity, source).verdict is Verdict.FAIL
    assert can_be_waived(found(given, identity, source))
    assert found(given, identity).verdict is Verdict.WARN


def test_every_check_has_a_known_bad_fixture() -> None:
    only_warn = {"sources.new", "language.drift", "split.chains"}
    covered = {identity for identity, _ in KNOWN_BAD} | {identity for identity, _, _ in NAMED_BAD}
    assert covered | only_warn == set(RELEASE_CHECKS)


ONLY_WARNS: list[tuple[str, CheckInputs]] = [
    ("sources.new", inputs(GOOD, [item for item in GOOD if item.source != "c"])),
    ("language.drift", inputs([replace(GOOD[0], language="nb"), *GOOD[1:]], GOOD)),
    (
        "split.chains",
        inputs([replace(GOOD[0], cluster="k"), *GOOD[1:8], replace(GOOD[8], cluster="k"), *GOOD[9:]]),
    ),
    ("rows.change", inputs(GOOD, GOOD[:20])),
    ("rows.change", inputs(GOOD, [replace(GOOD[0], fate="dropped", reasons=("noise.x",))])),
    ("letters.aring", inputs(with_text(lambda text: f"{text} ååå"), GOOD)),
    ("quarantine.rate", inputs(more(*bad("x", 2, **QUARANTINED)))),
    ("encoding.damage", inputs(more(*bad("\N{REPLACEMENT CHARACTER}", 1)))),
    ("split.test", inputs(corpus(5))),
    ("reasons.drift", inputs(more(*bad("x", 9, fate="dropped", reasons=("noise.new",), split=None)), GOOD)),
]


@pytest.mark.parametrize(("identity", "given"), ONLY_WARNS)
def test_what_only_asks_for_a_look_warns(identity: str, given: CheckInputs) -> None:
    assert found(given, identity).verdict is Verdict.WARN


def test_a_retired_source_may_vanish() -> None:
    given = inputs([item for item in GOOD if item.source != "c"], GOOD, retired=frozenset({"c"}))
    assert found(given, "sources.vanished").verdict is Verdict.PASS


def test_a_pair_below_the_threshold_or_with_a_removed_end_is_no_leak() -> None:
    dropped = Item("x", fate="dropped", reasons=("duplicate.near",), split=None)
    known = pairs([(GOOD[0], GOOD[8], 0.79), (GOOD[0], dropped, 0.99)])
    given = inputs(more(dropped), pairs=known)
    assert found(given, "leakage.pairs").verdict is Verdict.PASS
    assert found(given, "duplicates.near").verdict is Verdict.PASS


@pytest.mark.parametrize(("content", "verdict"), [(None, "FAIL"), (0.6, "FAIL"), (0.59, "PASS")])
def test_documents_that_share_a_template_only_may_both_stay(content: float | None, verdict: str) -> None:
    ends = [(GOOD[at], GOOD[at + 1], 0.9) for at in range(0, 60, 2) if GOOD[at].split == GOOD[at + 1].split]
    known = pairs(ends)
    column = pa.array([content] * known.num_rows, pa.float32())
    known = known.set_column(known.schema.get_field_index("jaccard_content"), "jaccard_content", column)
    assert str(found(inputs(GOOD, pairs=known), "duplicates.near").verdict) == verdict


def test_pairs_may_name_items_by_doc_id() -> None:
    table = ledger(GOOD)
    ids = table.column("doc_id").to_pylist()
    known = pa.Table.from_pylist(
        [{"id_a": ids[0], "id_b": ids[8], "jaccard": 0.9, "cluster": "k"}], schema=pairs().schema
    )
    assert found(inputs(GOOD, pairs=known), "leakage.pairs").verdict is Verdict.FAIL


@pytest.mark.parametrize("identity", ["leakage.pairs", "duplicates.near"])
def test_a_pair_that_names_an_unknown_item_is_an_error_and_not_a_pass(identity: str) -> None:
    given = inputs(GOOD, pairs=pairs([(GOOD[0], Item("nowhere"), 0.9)]))
    assert found(given, identity).verdict is Verdict.ERROR


def test_a_pair_that_names_two_items_at_once_is_an_error() -> None:
    twice = [replace(GOOD[0], source="a"), *GOOD]
    given = inputs(twice, pairs=pairs([(GOOD[0], GOOD[8], 0.9)]))
    assert found(given, "leakage.pairs").verdict is Verdict.ERROR


def test_without_the_last_ledger_the_leak_check_is_an_error() -> None:
    given = replace(inputs(GOOD, GOOD), parent_ledger=None)
    check = found(given, "leakage.moved")
    assert check.verdict is Verdict.ERROR
    assert "ledger of the last release" in check.note


def test_a_table_without_its_columns_is_an_error_and_never_a_pass() -> None:
    broken = replace(inputs(GOOD), ledger=pa.table({"doc_id": ["x"]}))
    verdicts = {one.id: one.verdict for one in release_checks(broken)}
    assert verdicts["accounting.reasons"] is Verdict.ERROR
    assert set(verdicts) == set(RELEASE_CHECKS)


def test_an_empty_candidate_fails_and_breaks_nothing() -> None:
    checks = release_checks(inputs([]))
    assert overall(checks, RELEASE_CHECKS) is Verdict.FAIL
