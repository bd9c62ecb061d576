"""The profile of a release: the counts that the next release is compared with. Stored in report.json."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import one_of
from pipeline.quality.ledger import fates_by_source, reasons_by_source
from pipeline.quality.texts import damaged, hex_keys, letter_counts, word_counts
from pipeline.schema import DATA, SPLITS, check_schema

LENGTH_EDGES = (0, *sorted({round(2 ** (k / 4)) for k in range(81)}))
"""Lower ends of the bins of words per document: quarters of an octave up to a million, so that shares of long and short texts
weigh alike."""


@dataclass(frozen=True, slots=True)
class Volume:
    """An amount of published text."""

    documents: int = 0
    words: int = 0
    characters: int = 0

    def __add__(self, other: "Volume") -> "Volume":
        return Volume(
            self.documents + other.documents, self.words + other.words, self.characters + other.characters
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts of one release; shares are made where they are compared."""

    fates: Mapping[str, Mapping[str, int]]
    """Items by source, then fate."""
    reasons: Mapping[str, Mapping[str, int]]
    """Items by reason code, then source; an item with two reasons counts under both."""
    kept: Volume
    splits: Mapping[str, Mapping[str, Volume]]
    """Published text by split, then source. Each of the three splits is there, if empty."""
    languages: Mapping[str, int]
    """Published characters by the document's language."""
    letters: int
    swedish: Mapping[str, int]
    """å, ä and ö among the letters, either case."""
    lengths: tuple[int, ...]
    """Documents by words: a count for each bin of LENGTH_EDGES."""
    damaged: int
    """Published documents with U+FFFD or mojibake."""
    exact_left: int
    """Published documents whose text was published before them in the same release."""
    groups_split: int
    """Groups (author, case, thread) with documents in more than one split."""

    @property
    def items(self) -> int:
        return sum(sum(row.values()) for row in self.fates.values())

    @property
    def sources(self) -> dict[str, Volume]:
        """Published text by source, sorted by name."""
        total: dict[str, Volume] = {}
        for row in self.splits.values():
            for source, volume in row.items():
                total[source] = total.get(source, Volume()) + volume
        return dict(sorted(total.items()))

    def split(self, name: str) -> Volume:
        """All published text of one split."""
        return sum(self.splits.get(name, {}).values(), Volume())

    def fate(self, name: str) -> int:
        """Items with this fate in all sources."""
        return sum(row.get(name, 0) for row in self.fates.values())


class ProfileBuilder:
    """Adds up the data files of a release one by one; holds 8 bytes a document besides a few counts."""

    def __init__(self) -> None:
        self._volumes: dict[tuple[str, str], Volume] = {}
        self._languages: dict[str, int] = defaultdict(int)
        self._letters = 0
        self._swedish: dict[str, int] = defaultdict(int)
        self._lengths = np.zeros(len(LENGTH_EDGES), np.int64)
        self._damaged = 0
        self._texts: list[np.ndarray] = []
        self._groups: dict[int, int] = {}

    def add(self, kept_rows: pa.Table, split: str) -> None:
        """Rows of one data file (schema DATA) and the split that its name says."""
        check_schema(kept_rows, DATA, f"profile of {split}")
        if split not in SPLITS:
            raise one_of("split", split, SPLITS)
        text = kept_rows.column("text")
        words = word_counts(text)
        characters = pc.utf8_length(text).to_numpy().astype(np.int64)
        self._add_volumes(kept_rows.column("source"), words, characters, split)
        for language, count in _sums(kept_rows.column("language"), characters):
            self._languages[language] += count
        letters, swedish = letter_counts(text)
        self._letters += letters
        for name, count in swedish.items():
            self._swedish[name] += count
        bins = np.searchsorted(LENGTH_EDGES, words, side="right") - 1
        self._lengths += np.bincount(bins, minlength=len(LENGTH_EDGES))
        self._damaged += damaged(text)
        self._texts.append(hex_keys(kept_rows.column("text_sha256")))
        self._add_groups(kept_rows, 1 << SPLITS.index(split))

    def finish(self, ledger: pa.Table) -> Profile:
        """The profile, with fates and reasons from the ledger of the same candidate."""
        texts = np.concatenate(self._texts) if self._texts else np.zeros(0, np.uint64)
        splits: dict[str, dict[str, Volume]] = {name: {} for name in SPLITS}
        for (split, source), volume in sorted(self._volumes.items()):
            splits[split][source] = volume
        return Profile(
            fates=fates_by_source(ledger),
            reasons=reasons_by_source(ledger),
            kept=sum(self._volumes.values(), Volume()),
            splits=splits,
            languages=dict(sorted(self._languages.items())),
            letters=self._letters,
            swedish=dict(sorted(self._swedish.items())),
            lengths=tuple(self._lengths.tolist()),
            damaged=self._damaged,
            exact_left=len(texts) - len(np.unique(texts)),
            groups_split=sum(mask.bit_count() > 1 for mask in self._groups.values()),
        )

    def _add_volumes(
        self, sources: pa.ChunkedArray, words: np.ndarray, characters: np.ndarray, split: str
    ) -> None:
        word_sums = dict(_sums(sources, words))
        ones = np.ones(len(words), np.int64)
        documents = dict(_sums(sources, ones))
        for source, count in _sums(sources, characters):
            key = (split, source)
            volume = Volume(documents[source], word_sums[source], count)
            self._volumes[key] = self._volumes.get(key, Volume()) + volume

    def _add_groups(self, rows: pa.Table, bit: int) -> None:
        grouped = rows.select(["source", "group"]).filter(pc.is_valid(rows.column("group")))
        for row in grouped.group_by(["source", "group"]).aggregate([]).to_pylist():
            name = f"{row['source']}\0{row['group']}".encode()
            key = int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
            self._groups[key] = self._groups.get(key, 0) | bit


def _sums(names: pa.ChunkedArray, values: np.ndarray) -> list[tuple[str, int]]:
    """Sum of values by name."""
    coded = names.combine_chunks().dictionary_encode()
    if not len(coded):
        return []
    totals = np.bincount(coded.indices.to_numpy(), weights=values, minlength=len(coded.dictionary))
    # Weights are summed as float64: exact up to 2^53.
    return [(str(name), int(total)) for name, total in zip(coded.dictionary.to_pylist(), totals, strict=True)]
