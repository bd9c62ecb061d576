"""Is the published text what it should be: letters, languages, encoding, lengths, and what the rules removed."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from pipeline.quality.drift import jensen_shannon, length_shift, relative, shares
from pipeline.quality.inputs import NO_BASELINE, CheckInputs, grade, limits, small
from pipeline.quality.profile import Profile
from pipeline.quality.verdicts import Check, Verdict

LETTER_IDS = {"aring": "å", "auml": "ä", "ouml": "ö"}
"""ASCII names (those of HTML) of the letters: people type check ids into a shell."""

FEW = 5
"""Items by which a reason's count must change before its rate is looked at: fewer is chance in a small corpus."""


def letter(name: str, inputs: CheckInputs) -> Iterator[Check]:
    """Share of one letter against the last release. A wrong decoding loses it and leaves the rest of the text readable."""
    config, sign = inputs.config, LETTER_IDS[name]
    identity = f"letters.{name}"
    words = (f"Andel {sign} bland bokstäverna", f"Share of {sign} among the letters")
    now = _letter_share(inputs.profile, sign)
    last = _letter_share(inputs.previous, sign) if inputs.previous else None
    n = inputs.profile.letters
    if not last:
        yield Check(
            identity, *words, Verdict.PASS, value=now, note=NO_BASELINE, n=n, worse="lower", unit="share"
        )
        return
    moved = relative(now or 0.0, last)
    verdict = grade(abs(moved), config.letters_warn, config.letters_block if moved < 0 else float("inf"))
    limit = f"warn beyond ±{config.letters_warn:g} of last; block < -{config.letters_block:g}"
    yield Check(
        identity, *words, verdict, value=now, limit=limit, last=last, n=n, worse="lower", unit="share"
    )


def _letter_share(profile: Profile, sign: str) -> float | None:
    return profile.swedish.get(sign, 0) / profile.letters if profile.letters else None


def target(inputs: CheckInputs) -> Iterator[Check]:
    """Characters in documents of the target languages over all published characters."""
    config = inputs.config
    value = _target_share(inputs.profile, inputs.target)
    verdict = grade(-value, -config.language_warn, -config.language_block)
    names = ", ".join(inputs.target)
    yield Check(
        "language.target",
        f"Andel publicerad text på {names}",
        f"Share of published text in {names}",
        # Nothing published is the business of rows.kept.
        verdict if inputs.profile.kept.characters else Verdict.PASS,
        value=value,
        limit=limits(config.language_warn, config.language_block, "<"),
        last=_target_share(inputs.previous, inputs.target) if inputs.previous else None,
        n=inputs.profile.kept.characters,
        worse="lower",
        unit="share",
    )


def _target_share(profile: Profile, languages: tuple[str, ...]) -> float:
    part = shares(profile.languages)
    return sum(part.get(language, 0.0) for language in languages)


def language_drift(inputs: CheckInputs) -> Iterator[Check]:
    words = ("Förskjutning mellan språk", "Shift between languages")
    if inputs.previous is None:
        yield Check("language.drift", *words, Verdict.PASS, note=NO_BASELINE)
        return
    value = jensen_shannon(inputs.profile.languages, inputs.previous.languages)
    warn = inputs.config.language_drift_warn
    n = inputs.profile.kept.documents
    verdict = grade(value, warn, float("inf"))
    yield Check("language.drift", *words, verdict, value=value, limit=f"warn > {warn:g}", n=n)


def encoding(inputs: CheckInputs) -> Iterator[Check]:
    """Documents with U+FFFD or mojibake that repair did not mend."""
    config, profile = inputs.config, inputs.profile
    rate = profile.damaged / profile.kept.documents if profile.kept.documents else 0.0
    verdict = small(
        grade(rate, config.encoding_warn, config.encoding_block), profile.damaged, config.small_counts
    )
    last = inputs.previous
    yield Check(
        "encoding.damage",
        "Andel dokument med felavkodade tecken",
        "Share of documents with wrongly decoded characters",
        verdict,
        value=rate,
        limit=limits(config.encoding_warn, config.encoding_block),
        last=last.damaged / last.kept.documents if last and last.kept.documents else None,
        n=profile.kept.documents,
        unit="share",
    )


def lengths(inputs: CheckInputs) -> Iterator[Check]:
    config, words = inputs.config, ("Förskjutning av dokumentens längd", "Shift of the documents' length")
    if inputs.previous is None:
        yield Check("length.drift", *words, Verdict.PASS, note=NO_BASELINE)
        return
    value = length_shift(inputs.profile.lengths, inputs.previous.lengths)
    yield Check(
        "length.drift",
        *words,
        grade(value, config.length_warn, config.length_block),
        value=value,
        limit=limits(config.length_warn, config.length_block),
        n=inputs.profile.kept.documents,
    )


def reason_drift(inputs: CheckInputs) -> Iterator[Check]:
    """The reason whose rate grew most. A reason that never fired before warns: it is a new rule, or a new fault."""
    config, words = (
        inputs.config,
        ("Skäl som slår till oftare eller mer sällan", "Reasons that fire more or less often"),
    )
    limit = f"warn beyond ±{config.reasons_warn:g}; block > {config.reasons_block:g} times"
    if inputs.previous is None:
        yield Check("reasons.drift", *words, Verdict.PASS, note=NO_BASELINE)
        return
    moved, verdict, ratio = [], Verdict.PASS, 1.0
    codes = sorted(inputs.profile.reasons.keys() | inputs.previous.reasons.keys())
    for code in codes:
        now, last = _fired(inputs.profile, code), _fired(inputs.previous, code)
        if not _matters(now, last, inputs):
            continue
        moved.append(code)
        times = now[1] / last[1] if last[1] else None
        ratio = max(ratio, times or 1.0)
        bad = times is not None and times > config.reasons_block
        verdict = max(verdict, Verdict.FAIL if bad else Verdict.WARN, key=lambda item: item.severity)
    yield Check(
        "reasons.drift",
        *words,
        verdict,
        value=ratio,
        limit=limit,
        n=len(codes),
        examples=tuple(moved[:10]),
    )


def _fired(profile: Profile, code: str) -> tuple[int, float]:
    count = sum(profile.reasons.get(code, {}).values())
    return count, count / profile.items if profile.items else 0.0


def _matters(now: tuple[int, float], last: tuple[int, float], inputs: CheckInputs) -> bool:
    difference = abs(now[1] - last[1])
    enough = difference > inputs.config.reasons_points and difference * inputs.profile.items > FEW
    return enough and abs(relative(now[1], last[1])) > inputs.config.reasons_warn


CHECKS: Mapping[str, Callable[[CheckInputs], Iterator[Check]]] = {
    **{f"letters.{name}": partial(letter, name) for name in LETTER_IDS},
    "language.target": target,
    "language.drift": language_drift,
    "encoding.damage": encoding,
    "length.drift": lengths,
    "reasons.drift": reason_drift,
}
