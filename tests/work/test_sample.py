"""A sample as calibration looks at it: each limit of a measure with its own documents, as the rules judge them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.stages.noise import ALL_MEASURES, LIMIT_KEYS, NoiseConfig, noise_rules
from pipeline.work.sample import candidates_of, halves


def items(**columns: list[float]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    nothing = [float("nan")] * rows
    values = {spec.name: np.array(columns.get(spec.name, nothing), np.float32) for spec in ALL_MEASURES}
    return pa.table({"doc_id": [str(n) for n in range(rows)], "language": ["sv"] * rows, **values})


def test_the_two_limits_of_a_measure_have_documents_of_their_own() -> None:
    config = NoiseConfig(min_mean_word_length=3, max_mean_word_length=12)
    found = {
        made.key: made for made in candidates_of(items(mean_word_length=[2, 5, 13, float("nan")]), config)
    }
    assert found["min_mean_word_length"].drops.tolist() == [True, False, False, False]
    assert found["max_mean_word_length"].drops.tolist() == [False, False, True, False]
    assert list(found) == list(LIMIT_KEYS)
    assert found["max_digit_share"].now is None


@pytest.mark.parametrize(("language", "limit"), [("fi", 14.0), ("sv", 12.0), ("unknown", 10.0)])
def test_the_limit_in_force_is_that_of_the_commonest_language(language: str, limit: float) -> None:
    table = items(words=[1, 2, 3])
    at = table.schema.get_field_index("language")
    table = table.set_column(at, "language", pa.array([language, "da", language]))
    found = {made.key: made for made in candidates_of(table, NoiseConfig(preset="fineweb2"))}
    assert found["max_mean_word_length"].now == limit


def test_a_measure_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match="no digit_share is stored"):
        candidates_of(items(words=[1]).drop_columns(["digit_share"]), NoiseConfig())


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=30))
def test_all_limits_together_drop_what_the_rules_drop(values: list[float]) -> None:
    config = NoiseConfig()
    table = items(**{spec.name: values for spec in ALL_MEASURES})
    dropped = np.any([next(iter(rule(table))).rows for rule in noise_rules(config)], axis=0)
    made = np.any([one.drops for one in candidates_of(table, config)], axis=0)
    assert made.tolist() == dropped.tolist()


def test_a_half_hangs_on_the_content_alone() -> None:
    assert halves(["0" * 64, "00000001" + "f" * 56]).tolist() == [True, False]
