"""Signatures against datasketch 2.0, in both directions."""

import datasketch
import numpy as np
import pyarrow as pa
import pytest
from datasketch.hashfunc import sha1_hash32
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kernels.minhash import EMPTY, permutations, sign
from pipeline.kernels.shingles import shingle_hash32
from pipeline.stages.duplicates import DuplicatesConfig, signatures

WORDS = st.lists(st.sampled_from(["skog", "Får", "§", "2024", "漢", "ek", "\u0130s", "e\u0301"]), max_size=40)


def theirs(text: str, count: int, seed: int) -> datasketch.MinHash:
    import re
    import unicodedata

    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    out = datasketch.MinHash(num_perm=count, seed=seed, hashfunc=shingle_hash32, scheme="affine32")
    for at in range(max(len(words) - 4, min(len(words), 1))):
        out.update(" ".join(words[at : at + 5]).encode())
    return out


@given(st.lists(WORDS, min_size=1, max_size=5), st.integers(8, 256), st.integers(0, 2**32 - 1))
def test_signatures_equal_those_of_datasketch(documents: list[list[str]], count: int, seed: int) -> None:
    texts = [" ".join(words) for words in documents]
    config = DuplicatesConfig(permutations=count, seed=seed, bands=1, rows=1)
    ours = signatures(pa.array(texts, pa.large_string()), config)
    for row, text in zip(ours, texts, strict=True):
        assert np.array_equal(row, theirs(text, count, seed).hashvalues)


@given(st.sets(st.binary(max_size=8), max_size=20), st.integers(0, 2**32 - 1))
def test_any_other_hash_function_gives_datasketchs_signature_too(values: set[bytes], seed: int) -> None:
    reference = datasketch.MinHash(num_perm=32, seed=seed)
    reference.update_batch(list(values))
    row = np.full(32, EMPTY)
    hashes = np.array([sha1_hash32(value) for value in values], np.uint32)
    sign(hashes, *permutations(32, seed), row)
    assert np.array_equal(row, reference.hashvalues)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_index_of_datasketch_can_be_filled_from_our_signatures() -> None:
    base = " ".join(f"ord{n}" for n in range(300))
    texts = [base, base.replace("ord150 ", ""), " ".join(f"annat{n}" for n in range(300))]
    config = DuplicatesConfig()
    ours = signatures(pa.array(texts, pa.large_string()), config)
    index = datasketch.MinHashLSH(num_perm=config.permutations, params=config.shape)
    for name, row in zip("abc", ours, strict=True):
        index.insert(name, datasketch.MinHash(hashvalues=row, seed=1, scheme="affine32"))
    assert set(index.query(theirs(base, config.permutations, 1))) == {"a", "b"}
