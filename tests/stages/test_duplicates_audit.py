"""Compiled signatures are held against datasketch's at every refresh, and a wrong one stops it."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from pipeline.errors import ContractError
from pipeline.stages import duplicates_audit
from pipeline.stages.duplicates import DuplicatesConfig, signatures
from pipeline.stages.duplicates_audit import DOCUMENTS, audit_signatures
from pipeline.stages.duplicates_sketch import Texts

TEXTS = ["Skogen växer långsamt i norr, sa han.", "", "ord", "e\u0301n \u0130stanbul ΣΑΣ", "§ 3 " * 900]


def column(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.large_string())


@pytest.mark.parametrize("config", [DuplicatesConfig(), DuplicatesConfig(shingle=3, seed=9)])
def test_signatures_of_any_text_are_those_of_datasketch(config: DuplicatesConfig) -> None:
    assert [audit_signatures(column([text]), config) for text in TEXTS] == [1] * len(TEXTS)


def test_only_a_few_documents_are_audited() -> None:
    assert audit_signatures(column(["ord"] * 50), DuplicatesConfig()) == DOCUMENTS
    assert audit_signatures(column([]), DuplicatesConfig()) == 0


def test_a_kernel_that_is_off_by_one_bit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(texts: Texts, config: DuplicatesConfig) -> NDArray[np.uint32]:
        rows = signatures(texts, config)
        rows[0, 17] ^= np.uint32(1)
        return rows

    monkeypatch.setattr(duplicates_audit, "signatures", wrong)
    with pytest.raises(ContractError, match="another signature than datasketch"):
        audit_signatures(column(TEXTS), DuplicatesConfig())
