"""`--set SECTION.KEY=VALUE`: other limits than those in force, checked as those of kvarn.toml are."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from typing import Any

from flows.settings import Settings
from pipeline.config import build
from pipeline.errors import UsageError
from pipeline.stages.noise import LIMIT_KEYS, bounds_of
from pipeline.work.judge import RELEVANCE_LIMITS, TERMS_LIMITS, JudgeSettings
from pipeline.work.measure import LANGUAGE_LIMITS

_SECTIONS = {item.name for item in fields(Settings)}

JUDGING = tuple(item.name for item in fields(JudgeSettings) if item.name in _SECTIONS - {"edit"})
"""Sections whose keys give fates."""

LIMITS = {"language": LANGUAGE_LIMITS, "relevance": RELEVANCE_LIMITS, "terms": TERMS_LIMITS}
"""Sections of which only these keys judge."""

REPORTED = ("terms", "min_documents")
"""A key of such a section that is about the report only."""

MEASURING = ("read", "repair")
LATER = ("templates", "edit", "duplicates", "split")

OFF = "off"
"""As a value of a limit of [noise]: it applies no more."""

Sections = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """One key and its new value; None switches a limit of [noise] off."""

    section: str
    key: str
    value: Any

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"


def parse_changes(sets: Sequence[str], unsets: Sequence[str]) -> list[Change]:
    """The changes of a command line. Raises UsageError for one that is none, or that would need measuring anew."""
    return [_parsed(text, "--set") for text in sets] + [
        _parsed(f"{name}={OFF}", "--unset") for name in unsets
    ]


def _parsed(text: str, option: str) -> Change:
    found = re.fullmatch(r"\s*([a-z_]+)\.([a-z0-9_]+)\s*=(.*)", text, re.DOTALL)
    if not found:
        example = "--unset noise.min_words" if option == "--unset" else "--set noise.min_words=30"
        raise UsageError(
            f"{option} {text.removesuffix(f'={OFF}')}: expected SECTION.KEY{'' if option == '--unset' else '=VALUE'}, as in {example}"
        )
    section, key, value = found[1], found[2], found[3].strip()
    _check_judges(section, key, option)
    if section == "noise" and value == OFF:
        if key not in LIMIT_KEYS:
            raise UsageError(
                f"{option} noise.{key}: is no limit, so it cannot be off; limits: {', '.join(LIMIT_KEYS)}"
            )
        return Change(section, key, None)
    if option == "--unset":
        raise UsageError(
            f"--unset {section}.{key}: only limits of [noise] can be switched off; give a value with --set"
        )
    return Change(section, key, _value(value, section, key))


def _value(text: str, section: str, key: str) -> Any:
    """A TOML value; a bare word is text, so that nobody has to quote twice for the shell."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text) and text not in {"true", "false", "inf", "nan"}:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f'--set {section}.{key}={text}: not a TOML value; write a number (30, 0.5), true, a word, or a list (["sv", "da"])'
        ) from error


def _check_judges(section: str, key: str, option: str) -> None:
    name = f"{option} {section}.{key}"
    if section in MEASURING or measures(section, key):
        known = f"; keys of [{section}] that judge: {', '.join(LIMITS[section])}" if section in LIMITS else ""
        raise UsageError(
            f"{name}: is about how texts are read and measured, and stored measures cannot say what it would do. Set it in "
            f"kvarn.toml and run `kvarn refresh`, or `kvarn measure` on a sample{known}"
        )
    if section in LATER:
        raise UsageError(
            f"{name}: decides after the limits, over texts that stored measures do not hold. Set it in kvarn.toml, run "
            "`kvarn refresh`, then `kvarn diff` with the release before"
        )
    if section not in _SECTIONS:
        raise UsageError(f"{name}: no such section; sections that judge: {', '.join(JUDGING)}")
    if section not in JUDGING or (section, key) == REPORTED:
        raise UsageError(
            f"{name}: changes the fate of no document; sections that judge: {', '.join(JUDGING)}"
        )


def measures(section: str, key: str) -> bool:
    """Whether the key, of a section that judges, says how texts are measured."""
    if key in LIMITS.get(section, (key,)) or (section, key) == REPORTED:
        return False
    return key in {item.name for item in fields(getattr(Settings(), section))}


def applied(base: Sections, changes: Sequence[Change], where: str = "--set") -> Settings:
    """Settings of the sections in `base` with the changes made, read as kvarn.toml is read.

    Raises ConfigError for an unknown key or a bad value, UsageError where a change asks for what was not measured.
    """
    settings: Settings = build(Settings, with_changes(base, changes), "", where)
    _check_measured(settings, build(Settings, base, "", where), changes)
    return settings


def with_changes(base: Sections, changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
    """The sections with the changes made, unchecked."""
    sections = {name: dict(deepcopy(values)) for name, values in base.items()}
    for change in changes:
        mine = sections.setdefault(change.section, {})
        if change.section != "noise" or change.key == "off":
            mine[change.key] = change.value
            continue
        off = [key for key in mine.pop("off", ()) if key != change.key]
        mine.pop(change.key, None)
        mine |= {change.key: change.value} if change.value is not None else {}
        off += [change.key] if change.value is None else []
        mine |= {"off": off} if off else {}
    return sections


def _check_measured(settings: Settings, base: Settings, changes: Sequence[Change]) -> None:
    if settings.measure.fingerprint == base.measure.fingerprint:
        return
    names = ", ".join(f"{change.name}={change.value}" for change in changes if change.section != "noise")
    raise UsageError(
        f"--set {names}: what was not looked for is not stored, and what is no longer looked for may be found as another kind. "
        "Set it in kvarn.toml and run `kvarn refresh`; what-if can tell mask, flag and drop apart for kinds that were looked for"
    )


def judging(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What judges of a manifest's config or a parsed kvarn.toml, and what it was measured with: its sections and what it says of
    sources, without nulls.
    """
    return {name: _set(config[name]) for name in (*JUDGING, *MEASURING, "sources") if name in config}


def _set(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _set(item) for key, item in value.items() if item is not None}
    return list(value) if isinstance(value, tuple) else value


def differences(old: Settings, new: Settings) -> list[tuple[str, Any, Any]]:
    """Keys of the judging sections whose effect differs: name, value before, value after. Limits as they are in force."""
    found = []
    for section in JUDGING:
        was, now = (_effective(section, getattr(settings, section)) for settings in (old, new))
        found += [
            (f"{section}.{key}", was.get(key), now.get(key))
            for key in {**was, **now}
            if was.get(key) != now.get(key)
        ]
    return found


def _effective(section: str, config: Any) -> dict[str, Any]:
    if section != "noise":
        return asdict(config)
    # What a preset sets and `off` takes away shows in the limits themselves.
    plain = {key: value for key, value in asdict(config).items() if key not in (*LIMIT_KEYS, "off")}
    return plain | {key: bound.value for key, bound in bounds_of(config).items()}


def told(value: Any) -> str:
    """A setting's value in words."""
    if value is None:
        return OFF
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
