"""UTF-8 that was read as something else ("fÃ¶r"), mended line by line with ftfy, each repair written down as a plan."""

import re
from collections.abc import Iterable, Iterator

import numpy as np

from pipeline.errors import ContractError
from pipeline.kernels.suspects import mojibake_lines

# Swedish letters that ftfy leaves when they stand alone in a line, because their second half reads as punctuation: UTF-8
# read as cp1252 (capital A with tilde, then ellipsis) or as Mac Roman (square root, then ...). Only before a small letter.
A_TILDE, ROOT = "\N{LATIN CAPITAL LETTER A WITH TILDE}", "\N{SQUARE ROOT}"
LONE_LETTERS = {
    f"{A_TILDE}\N{HORIZONTAL ELLIPSIS}": "Å",
    f"{ROOT}§": "ä",
    f"{ROOT}Ö": "Å",
    f"{ROOT}Ñ": "Ä",
    f"{ROOT}ñ": "Ö",
}
LONE_LETTER = re.compile(f"(?:{'|'.join(LONE_LETTERS)})(?=[a-zåäö])")

LONE = "lone_letters"
"""The operation of a plan that is ours; all others are ftfy's: `encode=`, `decode=`, `transcode=` and `apply=`."""


def fix_encoding(text: str) -> tuple[str, list[str]]:
    r"""The mended text, and for each way in which lines were mended one record: the lines, from 1, and the plan.

    A line is decoded as a whole or in its parts, never together with others that were damaged otherwise.

    >>> fix_encoding("Skogen\nFÃ¶rordning\nbjÃ¶rk")
    ('Skogen\nFörordning\nbjörk', ['encoding 2-3 encode=latin-1 decode=utf-8'])
    """
    suspects = mojibake_lines(np.frombuffer(text.encode("utf-8"), np.uint8)).tolist()
    if not suspects:
        return text, []
    lines = text.split("\n")
    plans: dict[str, list[int]] = {}
    for number in suspects:
        fixed, plan = fix_line(lines[number])
        if fixed != lines[number]:
            lines[number] = fixed
            plans.setdefault(plan, []).append(number + 1)
    return "\n".join(lines), [f"encoding {_ranges(numbers)} {plan}" for plan, numbers in plans.items()]


def fix_line(line: str) -> tuple[str, str]:
    """The mended line and the operations that mend it, parted by spaces."""
    import ftfy
    from ftfy.badness import is_bad

    operations = []
    mended = LONE_LETTER.sub(_lone, line)
    if mended != line:
        operations.append(LONE)
    if is_bad(mended):
        mended, steps = ftfy.fix_encoding_and_explain(mended)
        operations += [f"{step.action}={step.parameter}" for step in steps or ()]
    return mended, " ".join(operations)


def _lone(match: re.Match[str]) -> str:
    return LONE_LETTERS[match[0]]


def replay_encoding(text: str, record: str) -> str:
    """Mend the lines that a record of `fix_encoding` names as it says, without looking for damage.

    Raises ContractError where the record does not fit the text.
    """
    _, numbers, *plan = record.split(" ")
    lines = text.split("\n")
    try:
        for number in _numbers(numbers):
            lines[number - 1] = _applied(lines[number - 1], plan)
    except (ValueError, IndexError, LookupError, AttributeError) as error:
        raise ContractError(f"repair {record!r} does not fit this text: {error}") from error
    return "\n".join(lines)


def _applied(line: str, plan: list[str]) -> str:
    import ftfy

    if plan and plan[0] == LONE:
        line, plan = LONE_LETTER.sub(_lone, line), plan[1:]
    steps = [operation.split("=", 1) for operation in plan]
    return str(ftfy.apply_plan(line, [(action, parameter) for action, parameter in steps]))


def _ranges(numbers: Iterable[int]) -> str:
    """Ascending numbers in short.

    >>> _ranges([1, 2, 3, 7, 9, 10])
    '1-3,7,9-10'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _numbers(ranges: str) -> Iterator[int]:
    for run in ranges.split(","):
        first, _, last = run.partition("-")
        yield from range(int(first), int(last or first) + 1)
