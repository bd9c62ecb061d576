import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pyarrow as pa
import pytest
from builders import Item, corpus, ledger
from hypothesis import given
from hypothesis import strategies as st
from reports import HOSTILE, first, make, second, waste

from pipeline.errors import StoreDamaged
from pipeline.quality.flow import funnel
from pipeline.quality.numbers import LANGUAGES, number
from pipeline.quality.render import CEILING, render
from pipeline.quality.report import Report, cluster_sizes
from pipeline.quality.samples import nearest
from pipeline.quality.verdicts import Verdict
from pipeline.quality.visible import visible
from pipeline.quality.words import WORDS
from pipeline.stage import Limits, Rule

FIRST, SECOND = first(), second()
fates = st.sampled_from(["kept", "dropped", "flagged", "quarantined"])
codes = st.lists(
    st.sampled_from(
        ["read.x", "noise.a", "noise.a.near", "language.b", "duplicate.near", "split.conflict", "new.z"]
    ),
    max_size=3,
)


@pytest.mark.parametrize("report", [FIRST, SECOND], ids=["first", "second"])
def test_a_report_survives_the_way_through_json(report: Report) -> None:
    data = report.to_bytes()
    again = Report.from_bytes(data)
    assert again == report
    assert again.to_bytes() == data
    assert render(again) == render(report)


def test_the_same_candidate_gives_the_same_bytes() -> None:
    assert second().to_bytes() == SECOND.to_bytes()
    assert render(second()) == render(SECOND)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "newer than"),
        ({"verdict": "FINE"}, "report.json.verdict"),
        ({"number": "2"}, "report.json.number"),
        ({"colour": 1}, "unknown key 'colour'"),
        ({"checks": [{"id": "x"}]}, "report.json.checks"),
    ],
)
def test_a_report_that_is_none_is_refused_by_place(change: dict[str, object], message: str) -> None:
    content = json.loads(FIRST.to_bytes()) | change
    with pytest.raises(StoreDamaged, match=message):
        Report.from_bytes(json.dumps(content).encode())


def test_torn_json_is_refused() -> None:
    with pytest.raises(StoreDamaged, match="not JSON"):
        Report.from_bytes(FIRST.to_bytes()[:-50])


@given(
    st.lists(
        st.builds(Item, st.uuids().map(str), st.sampled_from("ab"), fate=fates, reasons=codes.map(tuple)),
        max_size=12,
    )
)
def test_what_comes_into_a_stage_equals_what_goes_on_plus_what_leaves(items: list[Item]) -> None:
    steps, by_source = funnel(ledger(items))
    for rows, mine in [
        (steps, items),
        *((rows, [i for i in items if i.source == s]) for s, rows in by_source.items()),
    ]:
        arrived = len(mine)
        for step in rows:
            assert step.arrived == arrived
            arrived = step.arrived - step.dropped - step.flagged - step.quarantined
            assert step.passed == arrived
        assert arrived == sum(item.fate == "kept" for item in mine)


@pytest.mark.parametrize(
    ("fate", "reasons", "duplicate_of", "stage"),
    [
        ("dropped", ("noise.a.near", "duplicate.near"), "x", "duplicate"),
        ("dropped", ("noise.a.near", "language.foreign"), None, "language"),
        ("dropped", ("pii.card", "noise.short"), None, "noise"),
        ("dropped", (), None, "decide"),
        ("flagged", ("noise.a.near",), None, "noise"),
        ("quarantined", ("split.conflict",), None, "split"),
        ("quarantined", ("later.fault",), None, "other"),
    ],
)
def test_an_item_leaves_at_the_stage_that_removed_it(
    fate: str, reasons: tuple[str, ...], duplicate_of: str | None, stage: str
) -> None:
    item = Item("x", fate=fate, reasons=reasons, duplicate_of=duplicate_of, split=None)
    steps, _ = funnel(ledger([item]))
    assert [step.stage for step in steps] == [stage]


def test_clusters_are_counted_by_size() -> None:
    items = [replace(item, cluster=f"{i % 3}") for i, item in enumerate(corpus(7))]
    assert cluster_sizes(ledger([*items, Item("alone")])) == {"2": 2, "3": 1}


def test_samples_come_by_hash_and_not_by_the_order_of_files() -> None:
    items = [*corpus(90), *waste(40)]
    one, other = make(items), make(items[::-1])
    assert one.kept_samples == other.kept_samples
    assert len(one.kept_samples) == 10
    assert set(one.withheld_samples) == {
        code for item in items for code in item.reasons if item.fate != "quarantined"
    }


def test_quarantined_items_are_listed_with_their_reason() -> None:
    assert [(entry.reason, entry.count) for entry in SECOND.quarantine] == [("read.corrupt_pdf", 12)]


def test_documents_near_a_limit_are_listed_with_it() -> None:
    assert SECOND.near_limits
    closest = SECOND.near_limits[0]
    assert (closest.measure, closest.limit) in {("word_count", 12.0), ("word_count", 90.0)}


def test_a_document_is_held_against_the_limits_of_its_source_and_language() -> None:
    items = [Item(f"{at}.txt", source=source, language=language) for at, (source, language) in enumerate(
        [("a", "sv"), ("a", "fi"), ("b", "sv")])]  # fmt: skip
    measures = pa.table({"m": pa.array([0.1, 0.4, 0.7], pa.float32())})
    rule = Rule("noise.m", "m", high=0.2, by_language={"fi": Limits(high=0.5)})
    found = nearest(ledger(items), measures, [rule], {"b": [Rule("noise.m", "m", high=0.8)]})
    assert {near.record_id: round(near.limit, 3) for near in found if near.source == "a"} == {
        "a/0.txt": 0.2,
        "a/1.txt": 0.5,
    }
    assert [near.limit for near in found if near.source == "b"] == [0.8]


class Reader(HTMLParser):
    """Tags, attributes and visible text by language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page(report: Report) -> Reader:
    return Reader(render(report).decode())


def test_hostile_text_makes_no_tag_and_no_attribute() -> None:
    allowed = {tag for tag, _ in page(second(hostile=False)).tags}
    samples = tuple(replace(FIRST.kept_samples[0], text=words, record_id=words) for words in HOSTILE)
    found = page(replace(SECOND, kept_samples=samples, name=HOSTILE[0]))
    assert {tag for tag, _ in found.tags} <= allowed
    assert not [
        attributes for _, attributes in found.tags if any(name.startswith("on") for name in attributes)
    ]
    assert not {"script", "iframe", "img"} & allowed
    for words in HOSTILE[:5]:
        assert words in found.text


def test_nothing_is_fetched_from_anywhere() -> None:
    for tag, attributes in page(SECOND).tags:
        for name in ("src", "href", "action", "data"):
            target = attributes.get(name) or ""
            assert target.startswith(("#", "data:,")) or not target, (tag, target)
    html = render(SECOND).decode()
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html


def test_numbers_on_the_page_are_those_of_the_json() -> None:
    content = json.loads(SECOND.to_bytes())
    text = page(SECOND).text
    fate_sums = [
        sum(row[fate] for row in content["profile"]["fates"].values())
        for fate in ("kept", "dropped", "flagged", "quarantined")
    ]
    for value in (sum(fate_sums), *fate_sums, content["profile"]["kept"]["words"]):
        for language in LANGUAGES:
            assert number(value, language) in text
    for check in content["checks"]:
        assert check["id"] in text
        assert check["words_sv"] in text
        assert check["words_en"] in text
    assert content["sentence"]["sv"] in text
    assert content["digest"] in text
    assert content["command"] in text


@pytest.mark.parametrize(("report", "word"), [(FIRST, "Godkänd"), (SECOND, "Stoppad")])
def test_the_first_heading_is_the_verdict(report: Report, word: str) -> None:
    html = render(report).decode()
    assert re.sub(r"<[^>]*>", "", html[html.index("<h1>") : html.index("</h1>")]).strip() == word


def test_a_waived_check_is_marked_and_the_verdict_is_a_warning() -> None:
    few = [Item(f"x{i}", fate="dropped", reasons=("noise.x",), text=f"ord {i}") for i in range(2)]
    many = [Item(f"x{i}", fate="dropped", reasons=("noise.x",), text=f"ord {i}") for i in range(40)]
    good = corpus(90)
    report = make([*good, *many], make([*good, *few]), [*good, *few], waive=True)
    assert (report.verdict, report.after) == (Verdict.FAIL, Verdict.WARN)
    text = page(report).text
    assert "En ny källa har många korta meddelanden." in text
    assert "Åsa <b>Ek</b>" in text


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_can_be_shown(verdict: Verdict) -> None:
    shown = replace(FIRST, after=verdict, checks=(replace(FIRST.checks[0], verdict=verdict),))
    assert WORDS[verdict][0] in page(shown).text


def test_an_empty_candidate_can_be_shown() -> None:
    assert "Stoppad" in page(make([])).text


def test_a_page_of_hostile_samples_stays_below_the_ceiling() -> None:
    sample = replace(FIRST.kept_samples[0], text="\u202e<\"'&" * 120)
    many = {f"noise.rule{i}": (sample,) * 3 for i in range(60)}
    html = render(replace(FIRST, withheld_samples=many))
    assert len(html) <= CEILING


@given(st.text())
def test_visible_text_holds_no_invisible_character_and_no_markup(text: str) -> None:
    shown = re.sub(r'<span class="inv">[^<]*</span>', "", str(visible(text)))
    assert "<" not in shown
    assert all(sign.isprintable() or sign in "\n\t" or sign.isspace() for sign in shown)


def test_every_word_is_in_both_languages() -> None:
    assert all(len(pair) == 2 and all(pair) for pair in WORDS.values())
