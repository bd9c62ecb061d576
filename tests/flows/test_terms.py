"""A project with a glossary and exemplars: what its release stores, what its report says, and what a change measures anew."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from in_process import Say, facts, refresh
from small_store import World, article, write

from flows.commands import releases, why
from flows.named import measure_settings, named_digests
from flows.settings import load
from pipeline.errors import ConfigError, UsageError
from pipeline.stages.relevance import RelevanceConfig
from pipeline.stages.terms import TermsConfig

ORDLISTA = """
[[term]]
term = "gallring"
[[term]]
term = "ståndortsindex"
definition = "Mått på bördighet."
[[term]]
term = "skogsägare"
avoid = ["skogsherre"]
"""


@pytest.fixture
def told(world: World) -> World:
    folder = world.raw.parent
    (folder / "ordlista.toml").write_text(ORDLISTA, encoding="utf-8")
    (folder / "kvarn.toml").write_text('[terms]\nglossary = "ordlista.toml"\n', encoding="utf-8")
    write(
        world.raw / "brev" / "gallring.txt",
        article(400) + "\nEfter förstagallringen såg skogen annorlunda ut.\n",
    )
    write(world.raw / "brev" / "skog.txt", article(401) + "\nSkogsherren bestämmer själv.\n")
    return world


def test_a_release_tells_of_its_terms(told: World, capsys: Say) -> None:
    made = refresh(told)
    assert made["state"] == "published", made
    folder = Path(made["folder"])
    ledger = {row["record_id"]: row for row in pq.read_table(folder / "ledger.parquet").to_pylist()}
    assert (ledger["brev/skog.txt"]["fate"], ledger["brev/skog.txt"]["reasons"]) == (
        "flagged",
        ["terms.wrong"],
    )
    assert {"term_count", "wrong_terms", "relevance"} <= set(
        pq.read_schema(folder / "measures.parquet").names
    )
    releases.show_report(None, None, None, None, terms=True, as_json=True)
    said = facts(capsys)
    assert "ståndortsindex" in said["under_covered"]
    wrong = [place for place in said["wrong"] if place["record_id"] == "brev/skog.txt"]
    text = (told.raw / "brev" / "skog.txt").read_text(encoding="utf-8")
    assert [text[place["start"] : place["end"]] for place in wrong] == ["Skogsherren"]
    releases.show_report(None, None, None, None, terms=True, as_json=False)
    assert "Collect more text about these" in capsys.readouterr().out
    why.run("brev/skog.txt", None, None, as_json=False)
    assert "variant to avoid: skogsherre at" in capsys.readouterr().out


def test_a_release_without_a_glossary_says_so(world: World) -> None:
    with pytest.raises(UsageError, match="made without a glossary"):
        releases.show_report(1, None, None, None, terms=True, as_json=False)


def test_only_what_finding_depends_on_is_measured_anew(told: World) -> None:
    project = load(told.raw.parent)
    before, recorded = measure_settings(project).fingerprint, project.recorded()
    path = told.raw.parent / "ordlista.toml"
    path.write_text(ORDLISTA.replace("bördighet", "markens bördighet"), encoding="utf-8")
    assert measure_settings(project).fingerprint == before
    assert project.recorded() != recorded
    path.write_text(ORDLISTA.replace("gallring", "röjning"), encoding="utf-8")
    assert measure_settings(project).fingerprint != before


def exemplars(folder: Path, *texts: str) -> None:
    (folder / "mall").mkdir(exist_ok=True)
    for at, text in enumerate(texts):
        (folder / "mall" / f"{at}.txt").write_text(text, encoding="utf-8")


def test_exemplars_make_the_model_and_are_recorded(world: World) -> None:
    folder = world.raw.parent
    exemplars(folder, article(1), article(2))
    (folder / "kvarn.toml").write_text('[relevance]\nexemplars = ["mall"]\n', encoding="utf-8")
    project = load(folder)
    one = measure_settings(project)
    assert one.relevance.weights
    assert one.fingerprint == measure_settings(project).fingerprint
    recorded = project.recorded()
    exemplars(folder, article(1), article(3))
    assert measure_settings(project).fingerprint != one.fingerprint
    assert project.recorded() != recorded


def test_a_background_of_ones_own_counts(world: World) -> None:
    folder = world.raw.parent
    exemplars(folder, article(1))
    config = '[relevance]\nexemplars = ["mall"]\n'
    (folder / "kvarn.toml").write_text(config, encoding="utf-8")
    general = measure_settings(load(folder)).relevance
    (folder / "kvarn.toml").write_text(config + 'background = ["raw/blad"]\n', encoding="utf-8")
    assert measure_settings(load(folder)).relevance != general


@pytest.mark.parametrize(
    ("terms", "relevance", "words"),
    [
        (TermsConfig("x.toml"), RelevanceConfig(), r"terms\.glossary: .*x\.toml: no such file or folder"),
        (TermsConfig(), RelevanceConfig(exemplars=("x",)), r"relevance\.exemplars: .*x: no such"),
        (TermsConfig(), RelevanceConfig(exemplars=(".",), background=("y",)), r"relevance\.background: .*y"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, terms: Any, relevance: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        named_digests(tmp_path, terms, relevance)


def test_exemplars_without_text_are_named(world: World) -> None:
    folder = world.raw.parent
    exemplars(folder, " ")
    (folder / "kvarn.toml").write_text('[relevance]\nexemplars = ["mall"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no text that could be read"):
        measure_settings(load(folder))
