from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import pytest

from pipeline.errors import StoreDamaged
from pipeline.quality.serial import from_json, to_json


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    value: float | int | str | None
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Outer:
    items: tuple[Inner, ...]
    names: Mapping[str, int]
    kind: Literal["a", "b"]
    share: float
    inner: Inner | None = None
    free: Any = None


GOOD = Outer((Inner(1), Inner(1.5), Inner("x"), Inner(None)), {"å": 1}, "a", 0.5, Inner(2), {"x": [1]})


def test_a_value_survives_with_the_types_that_it_had() -> None:
    again = from_json(Outer, to_json(GOOD), "x.json")
    assert again == GOOD
    assert [type(item.value) for item in again.items] == [int, float, str, type(None)]
    assert to_json(again) == to_json(GOOD)


def test_a_whole_number_may_stand_for_a_share() -> None:
    made = from_json(Outer, to_json(GOOD).replace(b'"share": 0.5', b'"share": 1'), "x.json")
    assert isinstance(made.share, float)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"kind": "a"', '"kind": "c"', "x.json.kind: 'c' is not one of 'a', 'b'"),
        ('"colour": "red"', '"colour": "blue"', r"x.json.inner.colour|x.json.items\[0\].colour"),
        ('"å": 1', '"å": "1"', "x.json.names.å: '1' is str, expected int"),
        ('"share": 0.5', '"share": true', "x.json.share: True is bool, expected float"),
        ('"share": 0.5', '"sharp": 0.5', "x.json: unknown key 'sharp'"),
        (' "share": 0.5\n', ' "free": 1\n', "missing"),
        ('"inner": {', '"inner": [{}], "free": {', "x.json.inner"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(old: str, new: str, message: str) -> None:
    text = to_json(GOOD).decode()
    assert old in text
    with pytest.raises(StoreDamaged, match=message):
        from_json(Outer, text.replace(old, new).encode(), "x.json")


def test_a_number_that_is_none_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_json(Inner(float("nan")))
