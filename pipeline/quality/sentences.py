"""The verdict in one sentence, and who may act on it, in Swedish and English."""

from dataclasses import dataclass

from pipeline.quality.gate import Action, Outcome
from pipeline.quality.numbers import Language, value_text
from pipeline.quality.verdicts import Check, Verdict


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    sv: str
    en: str

    def of(self, language: Language) -> str:
        return self.sv if language == "sv" else self.en


def sentence(outcome: Outcome, *, first: bool) -> Words:
    """Why the verdict is what it is: the gravest check in words, with its value."""
    counted = [check for check in outcome.checks if check.effective is outcome.after]
    if outcome.after is Verdict.PASS:
        return _passed(len(outcome.checks), first=first)
    if not counted:
        return Words("Ingen kontroll har körts.", "No check was run.")
    head, others = _gravest(counted), len(counted) - 1
    return Words(
        f"{_OPENING[outcome.after].sv} {_fact(head, 'sv')}{_and_more(others, 'sv')}.",
        f"{_OPENING[outcome.after].en} {_fact(head, 'en')}{_and_more(others, 'en')}.",
    )


_OPENING = {
    Verdict.WARN: Words("Får publiceras, men bör ses över:", "May be published, but look at this:"),
    Verdict.FAIL: Words("Publiceras inte:", "Is not published:"),
    Verdict.ERROR: Words("Går inte att bedöma, en kontroll gick sönder:", "Cannot be judged, a check broke:"),
    Verdict.NOT_RUN: Words(
        "Går inte att bedöma, en kontroll har inte körts:", "Cannot be judged, a check did not run:"
    ),
}


def _passed(count: int, *, first: bool) -> Words:
    if first:
        return Words(
            f"Alla {count} kontroller är godkända. Det är den första utgåvan, så det finns inget att jämföra med.",
            f"All {count} checks passed. This is the first release, so there is nothing to compare it with.",
        )
    return Words(f"Alla {count} kontroller är godkända.", f"All {count} checks passed.")


def _gravest(checks: list[Check]) -> Check:
    """One that names a source or cannot be waived tells more than a sum; else the first."""
    return next((check for check in checks if check.source or not check.waivable), checks[0])


def _fact(check: Check, language: Language) -> str:
    words = check.words_sv if language == "sv" else check.words_en
    words = words[:1].lower() + words[1:]
    if check.verdict in (Verdict.ERROR, Verdict.NOT_RUN):
        return f"{words} [{check.id}]"
    # One source that fails counts itself: "1" would say nothing.
    is_told = check.value is None or (check.source is not None and check.unit == "count")
    value = "" if is_told else value_text(check.value, check, language)
    details = ", ".join(filter(None, (check.source, value)))
    return f"{words} ({details})" if details else words


def _and_more(count: int, language: Language) -> str:
    if not count:
        return ""
    if language == "sv":
        return f"; {count} {'kontroller' if count > 1 else 'kontroll'} till"
    return f"; {count} more {'checks' if count > 1 else 'check'}"


def act(action: Action, digest: str) -> tuple[Words, str]:
    """Who may do what now, and the exact command."""
    if action == "publish":
        words = Words(
            "Ingen behöver göra något. Utgåvan publiceras, och var och en kan kontrollera den byte för byte:",
            "Nobody has to act. The release is published, and anybody can check it byte by byte:",
        )
        return words, "kvarn verify"
    if action == "approve":
        words = Words(
            "När rapporten skrevs väntade kandidaten på godkännande. Den som ansvarar för materialet godkänner den med:",
            "When this report was written, the candidate was waiting for approval. "
            "Whoever is responsible for the material approves it with:",
        )
        return words, f"kvarn gate approve {digest[:12]}"
    words = Words(
        "Den förra utgåvan gäller fortfarande. Rätta felet och kör kvarn refresh igen. Vad grinden säger om varje kontroll:",
        "The last release stays in force. Mend the fault and run kvarn refresh again. What the gate says of each check:",
    )
    return words, f"kvarn gate show {digest[:12]}"
