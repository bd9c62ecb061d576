"""Settings are refused by name: file, key, value, and what is allowed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from pipeline.config import build, fingerprint, read_toml
from pipeline.errors import ConfigError, one_of


@dataclass(frozen=True)
class Inner:
    limit: float = 0.5


@dataclass(frozen=True)
class Section:
    count: int = 3
    share: float = 0.1
    name: str | None = None
    mode: Literal["cut", "flag"] = "cut"
    codes: tuple[str, ...] = ()
    on: bool = False
    inner: Inner = field(default_factory=Inner)
    extra: dict[str, Inner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ConfigError(f"section.count = {self.count} is not allowed; allowed: 0 or more")


def made(**values: object) -> Section:
    return build(Section, values, "section", "kvarn.toml")


def test_every_kind_of_value_is_taken() -> None:
    section = made(
        count=4,
        share=1,
        name="x",
        mode="flag",
        codes=["sv"],
        on=True,
        inner={"limit": 2},
        extra={"a": {"limit": 1}},
    )
    assert section == Section(4, 1.0, "x", "flag", ("sv",), True, Inner(2.0), {"a": Inner(1.0)})
    assert isinstance(section.share, float)


def test_nothing_given_means_every_default() -> None:
    assert made() == Section()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shares": 1}, "unknown key 'section.shares'; did you mean 'share'?"),
        ({"zzz": 1}, "Known here: codes, count"),
        ({"count": "4"}, "section.count = '4' is str; allowed: a whole number"),
        ({"count": True}, "section.count = True is bool; allowed: a whole number"),
        ({"count": 1.5}, "allowed: a whole number"),
        ({"share": "much"}, "allowed: a whole number or a number"),
        ({"mode": "drop"}, "section.mode = 'drop' is not allowed; allowed: 'cut', 'flag'"),
        ({"codes": "sv"}, "allowed: a list"),
        ({"codes": [1]}, "section.codes = 1 is int; allowed: text in quotes"),
        ({"on": 1}, "allowed: true or false"),
        ({"inner": {"limits": 1}}, "unknown key 'section.inner.limits'"),
        ({"extra": {"a": {"b": 1}}}, "unknown key 'section.extra.a.b'"),
        ({"name": 4}, "section.name = 4"),
        ({"count": -1}, "kvarn.toml: section.count = -1 is not allowed"),
    ],
)
def test_a_bad_key_or_value_is_named_with_what_is_allowed(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**values)
    assert message in str(caught.value)
    assert str(caught.value).startswith("kvarn.toml: ")


def test_equal_settings_have_equal_fingerprints() -> None:
    assert fingerprint(Section(), 1) == fingerprint(Section(), 1)
    assert fingerprint(Section(count=4)) != fingerprint(Section())


def test_files_that_are_not_toml_are_errors_with_a_place(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = ")
    (tmp_path / "b.toml").write_bytes(b"x = '\xe5'")
    with pytest.raises(ConfigError, match=r"a\.toml: not valid TOML: Invalid value"):
        read_toml(tmp_path / "a.toml")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_toml(tmp_path / "b.toml")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_toml(tmp_path / "c.toml")


def test_the_error_for_an_unknown_choice_lists_the_known_ones() -> None:
    assert str(one_of("a.b", 1, ["x", "y"])) == "a.b = 1 is not known; allowed: 'x', 'y'"
