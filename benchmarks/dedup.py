"""Speed, memory, recall and precision of near-duplicate detection on one core, with datasketch beside it.

    python benchmarks/dedup.py --mb 100 --peer-mb 5 --repeat 3

Text is made from Swedish statutes and interpellations (../shared/data beside the repository): documents of drawn sentences
with every seventh word replaced, so that they are different, and a fifth of the bytes are edited copies. CPU seconds of
this process; the first, compiling call is timed apart. datasketch 2.0 gets the same shingles and bands and verifies nothing.
"""

import argparse
import io
import json
import os
import random
import re
import resource
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Before numpy: one core means one thread, in BLAS too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.stages.duplicates import DuplicatesConfig, Similar, sketch
from pipeline.stages.duplicates_similar import find_candidates, verify

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "neardup"
COPIED = 0.2
CHECKED_PAIRS = 2000
Pair = tuple[int, int]


def sentences() -> list[list[str]]:
    """Sentences of the source texts, as words."""
    out = []
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            out += [part.split() for part in re.split(r"(?<=[.:])\s+", json.loads(line)["text"])]
    return [words for words in out if words]


def build_corpus(megabytes: float, seed: int = 1) -> tuple[list[str], list[Pair]]:
    """Texts and the planted pairs (row of the copy, row of its source); 1-20 kB each, log-uniform as in web crawls."""
    draw = random.Random(seed)
    pool = sentences()
    vocabulary = [word for words in pool[::7] for word in words]
    documents: list[list[str]] = []
    planted: list[Pair] = []
    size = copied = 0
    while size < megabytes * 1e6:
        if documents and copied < COPIED * size:
            source = draw.randrange(len(documents))
            words = edited(documents[source], draw, vocabulary)
            planted.append((source, len(documents)))
        else:
            words = invented(draw, pool, vocabulary)
        bytes_ = sum(map(len, words)) + len(words)
        size += bytes_
        copied += bytes_ if planted and planted[-1][1] == len(documents) else 0
        documents.append(words)
    return [" ".join(words) for words in documents], planted


def invented(draw: random.Random, pool: list[list[str]], vocabulary: list[str]) -> list[str]:
    words: list[str] = []
    wanted = int(160 * 20 ** draw.random())
    while len(words) < wanted:
        words += draw.choice(pool)
    for at in range(draw.randrange(7), len(words), 7):
        words[at] = draw.choice(vocabulary)
    return words


def edited(words: list[str], draw: random.Random, vocabulary: list[str]) -> list[str]:
    """A copy: as it is, with some words replaced, or with a stretch cut out."""
    kind = draw.randrange(4)
    if kind == 0:
        return list(words)
    out = list(words)
    if kind == 1:
        start = draw.randrange(len(out))
        del out[start : start + draw.randrange(1, len(out) // 5 + 2)]
        return out or list(words)
    for _ in range(max(1, int(len(out) * draw.choice([0.002, 0.005, 0.01, 0.02, 0.05])))):
        out[draw.randrange(len(out))] = draw.choice(vocabulary)
    return out


def shingles(text: str) -> set[str]:
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    if len(words) < 5:
        return {" ".join(words)} if words else set()
    return {" ".join(words[at : at + 5]) for at in range(len(words) - 4)}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b) if a | b else 0.0


def timed(call: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    start = time.process_time()
    result = call(*arguments)
    return result, time.process_time() - start


def ours(parquet: bytes, config: DuplicatesConfig) -> tuple[Similar, dict[str, float]]:
    seconds = {}
    table, seconds["decode"] = timed(lambda: pq.read_table(io.BytesIO(parquet)))
    sketches, seconds["signatures"] = timed(sketch, table["text"], config)
    (copy_of, i, j), seconds["candidates"] = timed(find_candidates, sketches, config, None)
    values, seconds["verification"] = timed(verify, sketches, i, j, config.threshold)
    found = values >= 0
    similar = Similar(copy_of, i[found], j[found], values[found])
    _, seconds["pairs and clusters"] = timed(lambda: (similar.pairs(config.full_bucket), similar.labels()))
    return similar, seconds


def peer(texts: list[str], config: DuplicatesConfig) -> int:
    """Datasketch with xxh32, its fastest way in: bulk signatures, LSH, candidates unverified."""
    import datasketch
    import xxhash

    bands, rows = config.shape
    sets = [[shingle.encode() for shingle in shingles(text)] for text in texts]
    hashes = datasketch.MinHash.bulk(sets, num_perm=config.permutations, hashfunc=xxhash.xxh32_intdigest)
    index = datasketch.MinHashLSH(num_perm=config.permutations, params=(bands, rows))
    for row, one in enumerate(hashes):
        index.insert(row, one)
    return sum(len(index.query(one)) - 1 for one in hashes)


def quality(texts: list[str], planted: list[Pair], similar: Similar, config: DuplicatesConfig) -> str:
    got = {(p["i"], p["j"]) for p in similar.pairs(config.full_bucket).to_pylist()}
    draw = random.Random(0)
    some = draw.sample(planted, min(len(planted), CHECKED_PAIRS))
    true = [pair for pair in some if jaccard(texts[pair[0]], texts[pair[1]]) >= config.threshold]
    listed = draw.sample(sorted(got), min(len(got), CHECKED_PAIRS))
    right = sum(jaccard(texts[i], texts[j]) >= config.threshold for i, j in listed)
    recall = sum(pair in got for pair in true) / max(len(true), 1)
    return f"{len(got)} pairs; recall {recall:.4f} of {len(true)} planted, precision {right / max(len(listed), 1):.4f} of {len(listed)}"


def lines(seconds: dict[str, float], megabytes: float) -> Iterator[str]:
    for name, value in [*seconds.items(), ("total", sum(seconds.values()))]:
        yield f"  {name:20} {value:7.3f} s  {megabytes / max(value, 1e-9):8.0f} MB/s"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mb", type=float, default=100, help="megabytes of text")
    parser.add_argument(
        "--peer-mb", type=float, default=5, help="megabytes that datasketch gets too; 0: none"
    )
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    config = DuplicatesConfig()
    _, first = timed(lambda: ours(packed(["ett två tre fyra fem sex"] * 2), config))
    texts, planted = build_corpus(arguments.mb)
    parquet = packed(texts)
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    runs = sorted(
        (ours(parquet, config) for _ in range(arguments.repeat)), key=lambda run: sum(run[1].values())
    )
    similar, seconds = runs[len(runs) // 2]
    print(
        f"first call {first:.2f} s; {megabytes:.1f} MB, {len(texts)} documents; median of {len(runs)}, CPU seconds"
    )
    print("\n".join(lines(seconds, megabytes)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak RSS {peak:.0f} MB, of which {before:.0f} MB stood before (corpus as Python strings)")
    print(f"  {quality(texts, planted, similar, config)}")
    if arguments.peer_mb:
        slice_ = texts[: max(1, int(len(texts) * arguments.peer_mb / arguments.mb))]
        small = sum(len(text.encode()) for text in slice_) / 1e6
        _, theirs = timed(peer, slice_, config)
        mine = sum(ours(packed(slice_), config)[1].values())
        print(
            f"datasketch on {small:.1f} MB: {small / theirs:.2f} MB/s unverified; here {small / mine:.0f} MB/s: {theirs / mine:.0f} x"
        )


def packed(texts: list[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(texts, pa.large_string())}), sink, compression="zstd")
    return sink.getvalue()


if __name__ == "__main__":
    main()
