"""gaoya: shingles, signatures and index in Rust; answers are filtered by the similarity of signatures."""

from typing import Any

from common import BANDS, ROWS, THRESHOLD, WIDTH, Arguments, components, read, run
from gaoya.minhash import MinHashStringIndex


def find(arguments: Arguments) -> dict[str, Any]:
    ids, texts = read(arguments.source)
    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=BANDS,
        band_size=ROWS,
        analyzer="word",
        lowercase=True,
        ngram_range=(WIDTH, WIDTH),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    answers = index.par_bulk_query(texts)
    pairs = [(row, other) for row, found in enumerate(answers) for other in found if row < other]
    return {"ids": ids, "labels": components(len(ids), pairs), "pairs": pairs}


if __name__ == "__main__":
    run(find)
