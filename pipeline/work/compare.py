"""Items of a release compared for near-duplicates: their texts are read from the shards only where no earlier run has them."""

import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.config import fingerprint
from pipeline.errors import ContractError, StoreDamaged
from pipeline.schema import need
from pipeline.stages.duplicates import DuplicatesConfig, Similar, batches
from pipeline.stages.duplicates_audit import DOCUMENTS, audit_signatures
from pipeline.storage import parquet
from pipeline.storage.releases import Release
from pipeline.work.candidate import ShardFiles
from pipeline.work.near import Items, NearDuplicates, TemplateSet
from pipeline.work.near_index import tell_of_damage

SETS = pa.schema(
    [
        need("source", pa.string()),
        # Texts of the source when its templates were sought: a later release keeps them while there are about as many.
        need("texts", pa.int64()),
        # Fingerprint of the settings that they were sought with.
        need("settings", pa.string()),
        need("shingles", pa.list_(pa.uint64())),
    ]
)
"""template_shingles.parquet of a release: hashes of the shingles that do not count in jaccard_content, by source."""

SETS_FILE = "template_shingles.parquet"


@dataclass(frozen=True, slots=True)
class Comparison:
    """How and where texts are compared: settings, the folder of the index of near-duplicates, and threads."""

    config: DuplicatesConfig
    folder: Path
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the texts of the compared items are: those of the eligible rows of all items in the shards, then `more`."""

    shards: Sequence[ShardFiles]
    items: int
    eligible: NDArray[np.int64]
    more: pa.ChunkedArray

    def of(self, wanted: NDArray[np.bool_]) -> Iterator[pa.Array]:
        """The wanted ones of the compared items, in order, in batches. A shard with none is not opened."""
        chosen = np.zeros(self.items, bool)
        chosen[self.eligible[wanted[: len(self.eligible)]]] = True
        at = 0
        for shard in self.shards:
            rows = parquet.rows(shard.judged)
            if chosen[at : at + rows].any():
                yield from self._of_shard(shard.judged, chosen[at : at + rows])
            at += rows
        yield from batches(self.more.filter(pa.array(wanted[len(self.eligible) :])))

    def _of_shard(self, judged: Path, chosen: NDArray[np.bool_]) -> Iterator[pa.Array]:
        at = 0
        for part in parquet.stream(judged, columns=["published"], rows=16_384):
            texts = part["published"].filter(pa.array(chosen[at : at + part.num_rows]))
            at += part.num_rows
            yield from batches(texts)


def compare_items(
    items: pa.Table,
    rank: NDArray[np.int64],
    texts: Texts,
    inherited: Mapping[str, TemplateSet],
    comparison: Comparison,
) -> tuple[Similar, dict[str, TemplateSet]]:
    """What is alike among the items (source and text_sha256, with their place in survivor order), and the templates of each source.

    An index that turns out to be damaged is told of and made again.
    """
    sources = sorted(items["source"].unique().to_pylist())
    before = [inherited.get(source) for source in sources]
    source = pc.index_in(items["source"], pa.array(sources, pa.string())).to_numpy().astype(np.int64)
    ids = text_ids(items["text_sha256"])
    near = NearDuplicates(comparison.folder, comparison.config, comparison.threads)
    try:
        for is_last in (False, True):
            rows, wanted = near.rows_of(ids)
            near.add(_audited(texts.of(wanted), comparison.config))
            try:
                similar, sets = near.compare(Items(rows, rank, source), before)
            except StoreDamaged as error:
                if is_last:
                    raise
                tell_of_damage(comparison.folder, error)
                near.reset()
            else:
                break
    finally:
        near.close()
    return similar, dict(zip(sources, sets, strict=True))


def _audited(parts: Iterable[pa.Array], config: DuplicatesConfig) -> Iterator[pa.Array]:
    """The batches; the first DOCUMENTS texts are held against datasketch on their way."""
    audited = 0
    for part in parts:
        if audited < DOCUMENTS:
            audited += audit_signatures(part, config)
        yield part


def text_ids(column: pa.ChunkedArray) -> NDArray[np.uint64]:
    """The first 128 bits of sha256 in hex, uint64[n, 2].

    >>> text_ids(pa.chunked_array([["01" + "00" * 7 + "ff" + "00" * 23]])).tolist()
    [[1, 255]]
    """
    if not len(column):
        return np.zeros((0, 2), np.uint64)
    lengths = pc.binary_length(column)
    if pc.min_max(lengths).as_py() != {"min": 64, "max": 64}:
        raise ContractError("text_sha256 holds something else than 64 hex digits")
    digits = b"".join(_bytes_of(part) for part in column.chunks)
    return np.frombuffer(binascii.unhexlify(digits), "<u8").reshape(-1, 4)[:, :2].copy()


def _bytes_of(column: pa.Array) -> memoryview:
    """The characters of a string column of 64 characters each."""
    _, offsets, data = column.buffers()
    start = int(np.frombuffer(offsets, np.int32)[column.offset])
    return memoryview(data)[start : start + 64 * len(column)]


def inherited_templates(releases: Sequence[Release], config: DuplicatesConfig) -> dict[str, TemplateSet]:
    """The template shingles of the newest release, where they were sought with these settings."""
    if not releases:
        return {}
    files = releases[-1].files(SETS_FILE)
    sets: dict[str, TemplateSet] = {}
    for path, wanted in files:
        for row in parquet.read(path, sha256=wanted.sha256).to_pylist():
            if row["settings"] == template_settings(config):
                sets[row["source"]] = TemplateSet(row["texts"], np.array(row["shingles"], np.uint64))
    return sets


def templates_table(sets: Mapping[str, TemplateSet], config: DuplicatesConfig) -> pa.Table:
    """Schema SETS, one row a source, sorted."""
    rows = [
        {
            "source": source,
            "texts": one.texts,
            "settings": template_settings(config),
            "shingles": one.hashes.tolist(),
        }
        for source, one in sorted(sets.items())
    ]
    return pa.Table.from_pylist(rows, schema=SETS)


def template_settings(config: DuplicatesConfig) -> str:
    """Names what decides which shingles are templates."""
    return fingerprint(
        [
            config.shingle,
            config.template_share,
            config.template_documents,
            config.template_sample,
            bool(config.content_threshold),
        ]
    )
