"""README.md of a release: a dataset card that `datasets.load_dataset` reads, and that a person reads first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.quality.ledger import Counts
from pipeline.quality.profile import Profile
from pipeline.quality.report import SourceFacts, by_frequency
from pipeline.schema import DROPPED, FLAGGED, KEPT, QUARANTINED, SPLITS

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
"""Size categories of the Hugging Face hub."""

NAMES = {
    "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "mit", "apache-2.0", "odc-by", "pddl",
}  # fmt: skip
"""Licence names that the hub knows; a card with any other says `other` and names it in the text."""


@dataclass(frozen=True, slots=True)
class CardInputs:
    """What the card tells. No digest: the card is inside the manifest whose sha256 the digest is."""

    name: str
    number: int
    profile: Profile
    sources: Mapping[str, SourceFacts] = field(default_factory=dict)
    masked: tuple[str, ...] = ()
    """Kinds of personal data that are masked in the published text."""
    contact: str = ""
    """Whom to write to, from the project's settings."""


def card(inputs: CardInputs) -> str:
    """Markdown with YAML front matter. The same inputs give the same text."""
    profile = inputs.profile
    parts = [
        _front_matter(inputs),
        f"# {_line(inputs.name)}, release {inputs.number}\n",
        f"{_count(profile.kept.documents)} documents with {_count(profile.kept.words)} words, curated by Kvarn from "
        f"{_count(profile.items)} raw items. `report.html` beside this file shows how, and `ledger.parquet` names the fate of "
        "every item.\n",
        _use(),
        "## Sources\n\n" + _sources(inputs),
        "## Processing\n\n" + _processing(profile),
        "## Known limits\n\n" + _limits(profile),
        "## Personal data\n\n" + _personal(inputs),
        "## Contact\n\n"
        + (_line(inputs.contact) or "The owner of the project that published this release.")
        + "\n",
    ]
    return "\n".join(parts)


def _front_matter(inputs: CardInputs) -> str:
    profile = inputs.profile
    known = {(facts.licence or "unknown").lower() for facts in inputs.sources.values()} or {"unknown"}
    licences = sorted(known if known <= NAMES else {"other"} | (known & NAMES))
    languages = [code for code in profile.languages if len(code) == 2]
    splits = [name for name in SPLITS if profile.split(name).documents]
    lines = [
        "---",
        f"pretty_name: {_quoted(inputs.name)}",
        "license:" if licences else "license: other",
        *(f"- {name}" for name in licences),
        *(["language:", *(f"- {code}" for code in languages)] if languages else []),
        "size_categories:",
        f"- {next((name for top, name in SIZES if profile.kept.documents < top), 'n>10M')}",
        "task_categories:",
        "- text-generation",
        "configs:",
        "- config_name: default",
        # Named one by one: without it a loader would take withheld/ and ledger.parquet for data too.
        "  data_files:" if splits else "  data_files: []",
    ]
    for name in splits:
        lines += [f"  - split: {name}", f"    path: data/{name}-*.parquet"]
    return "\n".join([*lines, "---", ""])


def _use() -> str:
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        'documents = load_dataset("path/to/this/folder")  # reads data/ only\n```\n\n'
        "Every row has `text` and `meta`, its place in raw/ (`source`, `uri`, `record_id`), the identity of the item (`doc_id`),\n"
        "of its content (`content_id`) and of the published text (`text_sha256`).\n"
    )


def _sources(inputs: CardInputs) -> str:
    rows = ["| source | licence | lawful basis | items | documents | words |", "|---|---|---|--:|--:|--:|"]
    for source, fates in inputs.profile.fates.items():
        facts = inputs.sources.get(source, SourceFacts())
        volume = inputs.profile.sources.get(source)
        cells = [
            _cell(source),
            _cell(facts.licence or "not stated"),
            _cell(facts.lawful_basis or "not stated"),
            _count(sum(fates.values())),
            _count(volume.documents if volume else 0),
            _count(volume.words if volume else 0),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _processing(profile: Profile) -> str:
    counts = ", ".join(
        f"{_count(profile.fate(fate))} {fate}" for fate in (KEPT, DROPPED, FLAGGED, QUARANTINED)
    )
    text = (
        "Files were read, repaired (encoding, Unicode NFC, hyphenation), measured, judged by limits and by people's decisions,\n"
        "edited (foreign paragraphs cut, personal data masked), freed of exact and near-duplicates (true Jaccard of word\n"
        "5-grams on every candidate pair) and split by cluster and group, so that nothing in train is nearly the same as\n"
        f"something in test. Of {_count(profile.items)} items: {counts}.\n"
    )
    return text + _reasons(profile.reasons) + _splits(profile)


def _reasons(reasons: Counts) -> str:
    codes = by_frequency(reasons)[:10]
    if not codes:
        return ""
    rows = [f"| `{_cell(code)}` | {_count(sum(reasons[code].values()))} |" for code in codes]
    return "\n".join(["", "| most common reasons | items |", "|---|--:|", *rows, ""])


def _splits(profile: Profile) -> str:
    rows = [
        f"| {name} | {_count(profile.split(name).documents)} | {_count(profile.split(name).words)} |"
        for name in SPLITS
    ]
    return "\n".join(["", "| split | documents | words |", "|---|--:|--:|", *rows, ""])


def _limits(profile: Profile) -> str:
    lines = [
        "- Language, noise and duplicates are measured by machine; the report shows samples of every rule.",
        "- Near-duplicates are found by 5-grams of words: translations and free retellings are not.",
        "- Flagged items wait for a person's judgement and are not in data/.",
    ]
    if profile.damaged:
        lines.append(
            f"- {_count(profile.damaged)} documents hold characters that were decoded wrongly before they came here."
        )
    return "\n".join(lines) + "\n"


def _personal(inputs: CardInputs) -> str:
    if not inputs.masked:
        return "No kind of personal data is masked in this release by the project's settings.\n"
    kinds = ", ".join(f"`{kind}`" for kind in sorted(inputs.masked))
    return (
        f"Masked where they were found: {kinds}. Detection is by pattern and check digit; names of people and what a text tells\n"
        "about them are not removed. Report a find to the contact below, and the document is erased from all releases.\n"
    )


def _count(value: int) -> str:
    return f"{value:,}"


def _line(text: str) -> str:
    r"""One line without markup of its own: a name must not add headings or HTML to the card.

    >>> _line("a\n# b <script>")
    'a # b &lt;script&gt;'
    """
    plain = " ".join(text.split())
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|").replace("`", "'")


def _quoted(text: str) -> str:
    """A YAML string in double quotes."""
    plain = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
