"""Repeated lines and paragraphs: found whatever order documents come in, counted once a document, never with personal data."""

import hashlib
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError
from pipeline.schema import TEMPLATES
from pipeline.stages import templates as module
from pipeline.stages.templates import SAMPLE, Fit, Sample, TemplatesConfig, cut_set, fit

LOW = TemplatesConfig(sample=10, min_letters=2, min_documents=2, min_share=0.01)


def items(*texts: str, pii: list[dict[str, Any]] | None = None) -> pa.Table:
    rows = [
        {"content_id": hashlib.sha256(text.encode()).hexdigest(), "text": text, "pii": pii or []}
        for text in texts
    ]
    return pa.Table.from_pylist(rows, schema=SAMPLE)


def fitted(*texts: str, config: TemplatesConfig = LOW, pii: list[dict[str, Any]] | None = None) -> Fit:
    sample = Sample(config)
    sample.offer(items(*texts, pii=pii))
    return fit("s", sample.documents, config)


def found(made: Fit) -> list[tuple[str, str, int]]:
    return [(row["kind"], row["text"], row["documents"]) for row in made.rows.to_pylist()]


def test_a_line_counts_once_a_document_and_a_copy_of_a_document_not_at_all() -> None:
    made = fitted("Hem\nett\nHem", "Hem\ntvå", "Hem\ntvå", "tre")
    assert found(made) == [("line", "Hem", 2)]
    (row,) = made.rows.to_pylist()
    assert (row["source"], row["share"], row["characters"]) == ("s", pytest.approx(2 / 3), 3)
    assert made.rows.schema.equals(TEMPLATES)
    assert (made.sampled, made.found) == (3, 1)


def test_white_space_is_folded_and_digits_and_case_are_kept() -> None:
    made = fitted("  Nästa   sida\nart 1\nHEM", "Nästa\tsida\nart 2\nHem")
    assert found(made) == [("line", "Nästa sida", 2)]


def test_lines_of_few_letters_do_not_count() -> None:
    assert found(fitted("### 1 §\n| --- |\nab\nett", "### 1 §\n| --- |\nab\ntvå")) == [("line", "ab", 2)]


def test_a_paragraph_is_found_whole_and_its_lines_are_its_parts() -> None:
    menu = "Start\n1.\nKontakt"
    made = fitted(f"{menu}\n\nett\n\nKontakt", f"{menu}\n\ntvå", f"tre\n\n{menu}", "fyra\n\nKontakt")
    rows = {(row["kind"], row["text"]): row for row in made.rows.to_pylist()}
    assert rows["paragraph", menu]["documents"] == 3
    assert rows["paragraph", menu]["characters"] == len(menu)
    assert rows["line", "Start"]["part"]
    assert not rows["line", "Kontakt"]["part"]
    assert set(rows) == {("paragraph", menu), ("line", "Start"), ("line", "Kontakt")}


def test_repeated_characters_are_those_of_lines_and_of_whole_paragraphs_once() -> None:
    menu = "Start\n1.\nKontakt"
    made = fitted(f"{menu}\n\nett", f"{menu}\n\ntvå\n\nStart")
    assert made.characters == len(f"{menu}\n\nett") + len(f"{menu}\n\ntvå\n\nStart")
    assert made.repeated == 2 * len("Start1.Kontakt") + len("Start")


def test_both_limits_must_be_met() -> None:
    texts = [f"text {chr(97 + n)}" for n in range(8)] + ["Hem\nx1", "Hem\nx2"]
    assert found(fitted(*texts)) == [("line", "Hem", 2)]
    by_count = TemplatesConfig(sample=10, min_letters=2, min_documents=3, min_share=0.01)
    by_share = TemplatesConfig(sample=10, min_letters=2, min_documents=2, min_share=0.3)
    assert found(fitted(*texts, config=by_count)) == found(fitted(*texts, config=by_share)) == []


def test_the_list_holds_those_in_the_most_documents_and_the_longer_of_two() -> None:
    short = TemplatesConfig(sample=10, min_letters=2, min_documents=2, min_share=0.01, most=1)
    made = fitted("en lång rad\nHem\na", "en lång rad\nHem\nb", "Hem\nc", config=short)
    assert (found(made), made.found) == ([("line", "Hem", 3)], 2)
    made = fitted("en lång rad\n\nHem\na", "en lång rad\n\nHem\nb", config=short)
    assert found(made) == [("line", "en lång rad", 2)]


def test_personal_data_in_a_template_is_masked() -> None:
    texts = [f"Ring 070-1740605 nu\n{word}" for word in ("ett", "två")]
    made = fitted(*texts, pii=[{"start": 5, "end": 16, "kind": "phone"}])
    assert found(made) == [("line", "Ring [TELEFON] nu", 2)]


def test_personal_data_over_a_line_break_is_masked_in_both_lines() -> None:
    texts = [f"Box 12\n123 45 Umeå\n{word}" for word in ("ett", "två")]
    made = fitted(*texts, pii=[{"start": 0, "end": 18, "kind": "address"}])
    assert {text for _, text, _ in found(made)} == {"[ADRESS]"}


def test_a_long_template_is_kept_by_its_beginning() -> None:
    made = fitted(*[f"{'lång ' * 400}\n{word}" for word in ("ett", "två")])
    (row,) = made.rows.to_pylist()
    assert (len(row["text"]), row["characters"]) == (module.TEXT, 5 * 400 - 1)


@given(
    st.lists(st.text(st.sampled_from("aåB1 \n😀"), max_size=30), max_size=14),
    st.randoms(use_true_random=False),
    st.integers(1, 14),
)
def test_order_and_batches_change_nothing(texts: list[str], random: Any, step: int) -> None:
    def made(order: list[str], batch: int) -> Fit:
        sample = Sample(LOW)
        for at in range(0, len(order), batch):
            sample.offer(items(*order[at : at + batch]))
        return fit("s", sample.documents, LOW)

    shuffled = list(texts)
    random.shuffle(shuffled)
    one, other = made(texts, 14), made(shuffled, step)
    assert one == other
    assert one.sampled == min(10, len({text for text in texts if text}))
    assert 0 <= one.repeated <= one.characters


@given(st.permutations(["a" * 40, "b" * 40, "c" * 70, "d" * 10, "e" * 25, "f" * 60]), st.integers(1, 6))
def test_a_sample_of_bounded_text_does_not_depend_on_the_order(texts: list[str], step: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SAMPLE_BYTES", 100)
        patch.setattr(module, "LARGEST", 65)
        sample = Sample(LOW)
        for at in range(0, len(texts), step):
            sample.offer(items(*texts[at : at + step]))
    by_name = sorted((hashlib.sha256(text.encode()).hexdigest(), text) for text in texts if len(text) <= 65)
    wanted, size = [], 0
    for _, text in by_name:
        size += len(text)
        if size > 100:
            break
        wanted.append(text)
    assert sample.documents["text"].to_pylist() == wanted


def test_what_found_no_room_once_stays_out_and_so_does_all_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE_BYTES", 100)
    rows = [
        {"content_id": name, "text": name * size, "pii": []}
        for name, size in (("a", 60), ("b", 50), ("c", 30))
    ]
    for order in ([0, 1, 2], [2, 1, 0]):
        sample = Sample(LOW)
        for at in order:
            sample.offer(pa.Table.from_pylist([rows[at]], schema=SAMPLE))
        assert sample.documents["content_id"].to_pylist() == ["a"]


def test_nothing_to_look_at_gives_nothing() -> None:
    made = fitted("", "")
    assert (made.rows.num_rows, made.sampled, made.characters, made.repeated) == (0, 0, 0, 0)
    assert Sample(LOW).documents.num_rows == 0


def test_what_is_cut_is_what_enough_documents_share() -> None:
    made = fitted("Hem\nab\ncd\n\nx", "Hem\nab\ncd\n\ny", "Hem\nz", "w")
    every, common = cut_set(made.rows, 0.5), cut_set(made.rows, 0.7)
    assert len(every.lines) == 3
    assert len(every.paragraphs) == 1
    assert common.lines == tuple(row["hash"] for row in made.rows.to_pylist() if row["text"] == "Hem")
    assert not common.paragraphs
    assert not cut_set(made.rows, 0.8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sample": 9}, r"templates\.sample = 9 is not allowed; allowed: 10 or more"),
        ({"min_letters": 0}, r"templates\.min_letters = 0"),
        ({"min_documents": 1}, r"templates\.min_documents = 1"),
        ({"most": 0}, r"templates\.most = 0"),
        ({"min_share": 0.0}, r"templates\.min_share = 0\.0 is not allowed; allowed: above 0, up to 1"),
        ({"cut_share": 1.5}, r"templates\.cut_share = 1\.5"),
        ({"cut_share": 0.01}, r"cut_share = 0\.01 is below templates\.min_share = 0\.02"),
    ],
)
def test_bad_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TemplatesConfig(**change)


def test_the_policy_and_its_limit_need_no_new_fit() -> None:
    plain = TemplatesConfig()
    assert TemplatesConfig(lines="cut", cut_share=0.9).fingerprint == plain.fingerprint
    assert TemplatesConfig(sample=999).fingerprint != plain.fingerprint
