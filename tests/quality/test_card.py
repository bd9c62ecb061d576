import json
from dataclasses import replace

from builders import corpus, profile
from reports import waste

from pipeline.quality.card import CardInputs, card
from pipeline.quality.croissant import CroissantInputs, croissant
from pipeline.quality.report import SourceFacts
from pipeline.schema import DATA

INPUTS = CardInputs(
    name="skogsbruk",
    number=3,
    profile=profile([*corpus(60), *waste(20)]),
    sources={"a": SourceFacts(licence="CC0-1.0"), "b": SourceFacts(licence="Eget avtal | 2026")},
    masked=("personnummer", "email"),
    contact="data@example.se",
)
FILES = {
    "data/train-0.parquet": ("a" * 64, 10),
    "data/test-0.parquet": ("b" * 64, 20),
    "withheld/dropped-0.parquet": ("c" * 64, 30),
    "ledger.parquet": ("d" * 64, 40),
}


def front_matter(text: str) -> str:
    return text.split("---\n")[1]


def test_the_card_names_the_data_files_of_every_split_and_no_other() -> None:
    matter = front_matter(card(INPUTS))
    for split in ("train", "validation", "test"):
        assert f"  - split: {split}\n    path: data/{split}-*.parquet" in matter
    assert "withheld" not in matter


def test_the_card_names_licences_languages_and_size() -> None:
    matter = front_matter(card(INPUTS))
    assert "license:\n- cc0-1.0\n- other\n" in matter
    assert "language:\n- sv\n" in matter
    assert "- n<1K\n" in matter


def test_a_split_without_documents_is_left_out_of_the_card() -> None:
    only = [item for item in corpus(60) if item.split == "train"]
    matter = front_matter(card(replace(INPUTS, profile=profile(only))))
    assert "split: train" in matter
    assert "split: test" not in matter


def test_names_cannot_add_markup_to_the_card() -> None:
    text = card(replace(INPUTS, name='x"\n---\n# <script>', sources={"a": SourceFacts(licence="|\n# y")}))
    assert text.count("\n---\n") == 1
    _, matter, body = text.split("---\n", 2)
    assert 'pretty_name: "x\\" --- # <script>"\n' in matter
    assert "<script>" not in body
    assert "\n# y" not in body


def test_the_card_says_what_is_masked_and_whom_to_write_to() -> None:
    text = card(INPUTS)
    assert "`email`, `personnummer`" in text
    assert "data@example.se" in text
    assert "No kind of personal data is masked" in card(replace(INPUTS, masked=()))


def test_the_card_is_the_same_text_every_time() -> None:
    assert card(INPUTS) == card(replace(INPUTS))


def test_croissant_lists_data_files_with_their_sha256_and_every_column() -> None:
    content = json.loads(croissant(CroissantInputs("skogsbruk", 3, FILES, languages=("sv",))))
    files = {
        entry["@id"]: entry.get("sha256")
        for entry in content["distribution"]
        if entry["@type"] == "cr:FileObject"
    }
    assert files == {"data/test-0.parquet": "b" * 64, "data/train-0.parquet": "a" * 64}
    sets = {entry["@id"]: entry for entry in content["recordSet"]}
    assert set(sets) == {"splits", "train", "test"}
    assert [field["name"] for field in sets["train"]["field"]] == DATA.names
    assert content["conformsTo"].endswith("croissant/1.0")


def test_croissant_does_not_depend_on_the_order_of_files() -> None:
    turned = dict(reversed(FILES.items()))
    assert croissant(CroissantInputs("x", 1, FILES)) == croissant(CroissantInputs("x", 1, turned))
