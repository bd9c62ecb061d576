"""Near-duplicates out of core: whatever an index knows, the result is that of comparing everything anew."""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.duplicates import DuplicatesConfig, batches
from pipeline.work.near import Items, NearDuplicates, TemplateSet

# Few and unselective bands, so that most texts of a family meet in hot buckets only.
CONFIG = DuplicatesConfig(
    threshold=0.6, bands=2, rows=1, full_bucket=3, leaders=1, template_documents=3, template_share=0.3
)


def compare(
    folder: Path,
    texts: Sequence[str],
    config: DuplicatesConfig = CONFIG,
    *,
    threads: int = 1,
    inherited: TemplateSet | None = None,
) -> tuple[list[tuple[Any, ...]], TemplateSet]:
    """Every listed pair of positions with its values, and the templates."""
    near = NearDuplicates(folder, config, threads)
    digest = b"".join(hashlib.sha256(t.encode()).digest()[:16] for t in texts)
    ids = np.frombuffer(digest, np.uint64)
    rows, wanted = near.rows_of(ids.reshape(-1, 2))
    chosen = [text for text, is_wanted in zip(texts, wanted, strict=True) if is_wanted]
    near.add(batches(pa.array(chosen, pa.large_string())))
    n = len(texts)
    # By content, so that the order of the texts says nothing.
    rank = np.argsort(np.argsort(np.array([f"{t}\0{k:04}" for k, t in enumerate(texts)])))
    similar, sets = near.compare(Items(rows, rank, np.zeros(n, np.int64)), [inherited])
    near.close()
    return [tuple(row.values()) for row in similar.pairs(512).to_pylist()], sets[0]


def changed(base: int, at: int, more: str = "") -> str:
    """Sixty words with one of them replaced: any two of a base are alike at about 0.7, and all of them meet in some bucket."""
    words = [f"o{base}a{n}" for n in range(60)]
    words[at] = "ny"
    return " ".join(words) + more


# Families of long texts, so that buckets become hot and cool again, and runs of few words: alike often, equal often.
FAMILY = st.builds(changed, st.integers(0, 1), st.integers(5, 54), st.sampled_from(["", "", ".", " !"]))
SHORT = st.builds(
    lambda start, length, end: " ".join(f"o{n}" for n in range(start, start + length)) + end,
    st.integers(0, 6),
    st.integers(0, 30),
    st.sampled_from(["", "."]),
)
TEXTS = st.lists(FAMILY, max_size=12, unique=True).flatmap(
    lambda family: st.lists(SHORT, max_size=6).map(lambda short: family + short)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=4), st.data())
def test_what_is_known_from_earlier_runs_changes_nothing(runs: list[list[str]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as empty:
        earlier: list[str] = []
        for at, fresh in enumerate(runs):
            # Some of what was there stays, so that buckets lose and gain members.
            texts = fresh + [text for text in earlier if data.draw(st.booleans())]
            found, sets = compare(Path(kept) / "index", texts)
            anew, sets_anew = compare(Path(empty) / f"{at}", texts)
            assert found == anew
            assert np.array_equal(sets.hashes, sets_anew.hashes)
            earlier = texts
