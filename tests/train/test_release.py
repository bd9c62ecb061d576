from dataclasses import replace

import pytest

from pipeline.errors import Blocked
from pipeline.train.release import Text, TrainingData, require_splits, require_tokens


def test_a_release_with_text_in_every_split_is_accepted(data: TrainingData) -> None:
    assert data.train
    assert data.validation
    assert data.test
    require_splits(data)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("texts", [(), (Text("x", " \n"),)])
def test_an_empty_split_blocks_the_training(data: TrainingData, split: str, texts: tuple[Text, ...]) -> None:
    with pytest.raises(Blocked, match=f"release 4: the split {split} holds no text"):
        require_splits(replace(data, **{split: texts}))  # type: ignore[arg-type]


def test_too_few_effective_tokens_block_the_training(data: TrainingData) -> None:
    require_tokens(data, 10, 10)
    with pytest.raises(
        Blocked, match=r"9 effective training tokens; expected at least 10 .train.min_train_tokens"
    ):
        require_tokens(data, 9, 10)
