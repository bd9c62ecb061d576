"""Near-duplicates out of core and from run to run: texts and keys lie on disk, and only what is new is compared.

    near = NearDuplicates(folder, config, threads)
    rows, wanted = near.rows_of(ids)    which text each item has, and which texts are wanted
    near.add(texts)                     these texts, in order
    near.compare(...)                   what is alike among the items; afterwards the folder holds what was found

Memory: some 100 bytes a text, one band at a time, and a batch of texts a thread. The result is that of comparing everything anew.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.config import fingerprint
from pipeline.errors import ContractError, StoreDamaged
from pipeline.kernels import clusters, lsh
from pipeline.stages.duplicates import (
    BATCH_BYTES,
    DuplicatesConfig,
    Similar,
    SourceTemplates,
    Verified,
    View,
    copy_sets,
    digests_of,
    find_candidates,
    fit,
    similar_items,
    sketch_parallel,
    still_listed,
    verify,
    view_of,
)
from pipeline.work.code import code_digest
from pipeline.work.near_index import Known, Writer, open_index
from pipeline.work.near_spool import SketchSpool
from pipeline.work.near_texts import TextFile

COMPARING = ("pipeline/kernels", "pipeline/stages/duplicates", "pipeline/work/near")
"""Sources that can change what an index holds."""

HELD_TEXT = 128 << 20
"""Bytes of text kept in memory where nothing is kept for a later comparison: most inputs are smaller, and writing and removing the
file is a fifth of the cost."""

REFIT = 0.1
"""Templates of a source are sought anew when its number of texts has changed by more than this share since they were; else one more
document could change which shingles count for every pair of the source."""

LATE = 0.02
"""The index is written anew when more than this share of its texts is new. Until then they are sketched again by the next run, which
costs less than checking and writing all entries whole (docs/log.md)."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """Sorted shingle hashes that are templates of a source, and the number of its texts when they were sought."""

    texts: int
    hashes: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Items:
    """What is compared, one entry each: the row of its text, its place in survivor order (0 first), and its source by number."""

    rows: Rows
    rank: Rows
    source: Rows


def index_key(config: DuplicatesConfig) -> str:
    """What entries and pairs depend on besides the texts."""
    bands, rows = config.shape
    settings = (config.threshold, config.shingle, config.permutations, config.seed, bands, rows)
    return fingerprint([*settings, config.full_bucket, config.leaders, code_digest(COMPARING)])


class NearDuplicates:
    """One comparison. Not for several threads at once; its own threads are its own matter."""

    def __init__(self, folder: Path, config: DuplicatesConfig, threads: int, *, keep: bool = True) -> None:
        """`keep`: leave in the folder what a later comparison can go on from."""
        self._keep = keep
        self._folder = folder
        self._config = config
        self._threads = threads
        self._key = index_key(config)
        self._start(open_index(folder, self._key))

    def _start(self, known: Known) -> None:
        self._known = known
        self._texts = TextFile(
            self._folder / known.text_file, known.text_bytes, memory=0 if self._keep else HELD_TEXT
        )
        spool = self._folder / "spool"
        shutil.rmtree(spool, ignore_errors=True)
        self._spool = SketchSpool(spool, self._config.shape[0], len(known))
        self._ids = known.rows["ids"]
        self._starts, self._sizes = [known.rows["starts"]], [known.rows["sizes"]]

    def close(self) -> None:
        self._texts.close()

    def rows_of(self, ids: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.bool_]]:
        """Row of each item's text, by its id (uint64[n, 2]), and the items whose text must be added, in order. Call it once."""
        known = len(self._known)
        first = clusters.first_equal(np.concatenate([self._ids, ids]))[known:]
        wanted = first == np.arange(known, known + len(ids))
        rows = np.where(first < known, first, 0)
        numbers = known + np.cumsum(wanted) - 1
        new = first >= known
        rows[new] = numbers[first[new] - known]
        self._ids = np.concatenate([self._ids, ids[wanted]])
        return rows, wanted

    def add(self, batches: Iterable[pa.Array]) -> None:
        """The wanted texts (large_string), in order, in batches of some megabytes."""
        for part in sketch_parallel(self._stored(batches), self._config, self._threads):
            self._spool.add(part)

    @property
    def added(self) -> int:
        """Texts added so far."""
        return self._spool.rows

    def _stored(self, batches: Iterable[pa.Array]) -> Iterable[pa.Array]:
        for batch in batches:
            starts, sizes = self._texts.append(batch)
            self._starts.append(starts)
            self._sizes.append(sizes)
            yield batch

    def compare(
        self, items: Items, inherited: Sequence[TemplateSet | None]
    ) -> tuple[Similar, list[TemplateSet]]:
        """What is alike among the items, and the templates of each source; `inherited` are those of the parent release.

        Raises StoreDamaged where a text of an earlier run is not what it was: call `reset` and begin again.
        """
        held = _Held(self._known, self._spool, self._texts, self._starts, self._sizes)
        if len(held.windows) != len(self._ids):
            raise ContractError(f"{len(self._ids)} texts are wanted, {len(held.windows)} were added")
        by_row = _by_row(items, len(held.windows))
        copy_of = copy_sets(held.digests)
        known = np.arange(len(copy_of)) < len(self._known)
        view = view_of(copy_of, by_row.source >= 0, known, by_row.rank)
        of_source = np.where(view.stands & (held.windows > 0), by_row.source, -1)
        sets = [
            self._templates(held, np.flatnonzero(of_source == source), before)
            for source, before in enumerate(inherited)
        ]
        templates = SourceTemplates(np.maximum(by_row.source, 0), [one.hashes for one in sets])
        verified, again = self._verified(held, view, copy_of, templates)
        alive = by_row.source >= 0
        if self._keep and (again or self._is_behind(alive)):
            self._save(held, alive, verified)
        shutil.rmtree(self._folder / "spool", ignore_errors=True)
        return similar_items(items.rows, copy_of, verified, self._config), sets

    def reset(self) -> None:
        """Forget what the folder holds."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._start(open_index(self._folder, self._key))

    def _templates(self, held: "_Held", rows: Rows, before: TemplateSet | None) -> TemplateSet:
        if before is not None and abs(len(rows) - before.texts) <= REFIT * before.texts:
            return before
        return TemplateSet(len(rows), fit(held, rows, self._ids[rows, 0], self._config, held.check))

    def _is_behind(self, alive: NDArray[np.bool_]) -> bool:
        """Whether the index holds a text that is gone, or lacks more than LATE."""
        known = len(self._known)
        return len(alive) - known > LATE * known or not alive[:known].all()

    def _verified(
        self, held: "_Held", view: View, copy_of: Rows, templates: SourceTemplates
    ) -> tuple[Verified, int]:
        """All pairs of standing rows, those that are known and still hold and what is new; and how many were verified again."""
        found = find_candidates(held, view, self._config)
        known = _moved(self._known.pairs, view, copy_of)
        packed = lsh.packed_pairs(known.i, known.j)
        # Which templates do not count may have changed, for a source or for a pair whose best copy is now of another one.
        holds = known.basis == templates.basis(known.i, known.j)
        listed = still_listed(packed, found, held, view, self._config)
        again = packed[listed & ~holds]
        fresh = lsh.sorted_unique([np.setdiff1d(found.pairs, packed[listed]), again])
        new = verify(
            fresh, held, held.windows, self._config, templates, check=held.check, threads=self._threads
        )
        return Verified.joined([known.take(listed & holds), new]), len(again)

    def _save(self, held: "_Held", alive: NDArray[np.bool_], verified: Verified) -> None:
        """Write the index of the texts that are alive now."""
        writer = Writer(self._known, self._key)
        row = np.cumsum(alive) - 1
        all_alive = bool(alive[: len(self._known)].all())
        for table in range(len(held)):
            known = held.known(table)
            if not all_alive:
                # Rows keep their order, so the entries do.
                known = known[alive[lsh.rows_of(known)]]
                known = lsh.with_rows(known, row[lsh.rows_of(known)])
            new = held.new(table)
            new = lsh.with_rows(new, row[lsh.rows_of(new)])
            writer.table(table, np.insert(known, np.searchsorted(known, new), new))
        writer.pairs(replace(verified, i=row[verified.i], j=row[verified.j]))
        starts = self._swept(held, alive)
        arrays = {"ids": self._ids, "digests": held.digests, "windows": held.windows, "sizes": held.sizes}
        writer.rows({"starts": starts, **{name: values[alive] for name, values in arrays.items()}})
        writer.commit(self._texts.path.name, self._texts.size)

    def _swept(self, held: "_Held", alive: NDArray[np.bool_]) -> Rows:
        """Where the living texts lie, after what was removed is gone from the disk: overwritten, or left behind in a file
        of which it was more than half.
        """
        starts, sizes = held.starts[alive], held.sizes[alive]
        if 2 * int(sizes.sum()) >= self._texts.size:
            self._texts.blank(held.starts[~alive], held.sizes[~alive])
            return starts
        old = self._texts
        self._texts = TextFile(self._folder / f"texts-{self._known.generation + 1}.bin")
        moved = [np.zeros(0, np.int64)]
        part = np.cumsum(sizes) // BATCH_BYTES
        for rows in np.split(np.arange(len(starts)), np.flatnonzero(np.diff(part)) + 1):
            moved.append(self._texts.append(old.take(starts[rows], sizes[rows]))[0])
        old.close()
        return np.concatenate(moved)


class _Held:
    """Rows, tables and texts of one comparison: what was known and what was added."""

    def __init__(
        self, known: Known, spool: SketchSpool, texts: TextFile, starts: list[Rows], sizes: list[Rows]
    ) -> None:
        self._known = known
        self._spool = spool
        self._texts = texts
        self.windows = np.concatenate([known.rows["windows"], spool.windows])
        self.digests = np.concatenate([known.rows["digests"], spool.digests])
        self.starts, self.sizes = np.concatenate(starts), np.concatenate(sizes)

    def __len__(self) -> int:
        return len(self._spool)

    def known(self, table: int) -> NDArray[np.uint64]:
        return self._known.table(table)

    def new(self, table: int) -> NDArray[np.uint64]:
        return self._spool.entries(table)

    def take(self, rows: Rows) -> pa.Array:
        return self._texts.take(self.starts[rows], self.sizes[rows])

    def check(self, rows: Rows, offsets: Rows, hashes: NDArray[np.uint64]) -> None:
        """Raise StoreDamaged where a text that was read does not have the shingles it had when it was written."""
        wrong = (digests_of(offsets, hashes) != self.digests[rows]).any(axis=1)
        if wrong.any():
            raise StoreDamaged(
                f"{self._texts.path}: {int(wrong.sum())} texts are not those that were written"
            )


def _by_row(items: Items, rows: int) -> Items:
    """The best item of each row: `rank` and `source` (-1 where no item has the text any more)."""
    worst = np.iinfo(np.int64).max
    rank, source = np.full(rows, worst), np.full(rows, -1)
    # Written last, so that it stands: the best item.
    order = np.argsort(-items.rank, kind="stable")
    rank[items.rows[order]] = items.rank[order]
    source[items.rows[order]] = items.source[order]
    return Items(np.arange(rows), rank, source)


def _moved(pairs: Verified, view: View, copy_of: Rows) -> Verified:
    """Known pairs between the rows that stand for their copy sets now; those of sets that are gone are left out."""
    standing = np.full(len(copy_of), -1)
    rows = np.flatnonzero(view.stands)
    standing[copy_of[rows]] = rows
    i, j = standing[copy_of[pairs.i]], standing[copy_of[pairs.j]]
    alive = (i >= 0) & (j >= 0)
    low, high = np.minimum(i, j), np.maximum(i, j)
    moved = Verified(low, high, pairs.jaccard, pairs.content, pairs.own, pairs.basis)
    return moved.take(alive)
