"""`kvarn dedup --explain ID`: who the partners of one record are, and what tells their texts apart."""

import heapq
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.commands.context import check_out
from flows.commands.inputs import read_input
from flows.output import safe
from flows.settings import Settings
from pipeline.errors import KvarnError, UsageError
from pipeline.quality.word_diff import DELETE, EQUAL, INSERT, Part, word_diff

SHOWN = 10
"""Partners that are shown, nearest first: a much-copied page has thousands, and each costs a comparison of two texts."""

PLACES = 20
"""Changed places shown of one partner; --json has all."""

CONTEXT = 4
"""Equal words before and after a change: enough to find the place in the text."""

LONGEST = 300
"""Characters shown of one stretch, half from either end: a chapter that only one of them has must not fill the screen."""

NEAR = 5
"""Ids offered where the wanted one is unknown."""

MARKS = {EQUAL: ("", ""), DELETE: ("[-", "-]"), INSERT: ("{+", "+}")}
COLOURS = {EQUAL: ("", ""), DELETE: ("\x1b[31;9m", "\x1b[0m"), INSERT: ("\x1b[32;4m", "\x1b[0m")}
"""Red and struck out, green and underlined: the lines show white space, and tell the two apart for the colour-blind."""

_PIECE = re.compile(r"\s*\S+(?:\s+$)?|\s+")


@dataclass(frozen=True, slots=True)
class Partner:
    """A record that was verified to be alike; of `diff`, delete is what only the explained record has."""

    id: str
    jaccard: float
    diff: list[Part]


@dataclass(frozen=True, slots=True)
class Explained:
    """One record, its nearest partners, how many more it has, and how many records its cluster holds, itself among them."""

    id: str
    partners: list[Partner]
    more: int
    cluster_records: int

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people; every text safe for a terminal, in colour where there is one."""
        name = safe(self.id)
        if not self.partners:
            return [f"{name}: no verified partner at this threshold"]
        style = COLOURS if _colour() else MARKS
        count = len(self.partners) + self.more
        legend = _styled("only in it", style[DELETE]) + " " + _styled("only in the partner", style[INSERT])
        lines = [f"{name}: {count:,} partner(s), in a cluster of {self.cluster_records:,} records; {legend}"]
        for partner in self.partners:
            lines += ["", f"{safe(partner.id)}, Jaccard {partner.jaccard:.3f}"]
            lines += [f"  {line}" for line in shown(partner.diff, style)]
        if self.more:
            lines += ["", f"and {self.more:,} more partner(s), less alike or of a later name"]
        if rest := self.cluster_records - count - 1:
            lines += [
                "",
                f"{rest:,} other record(s) of its cluster have no listed pair with it: alike through others, or copies beyond full_bucket",
            ]
        return lines


def check_asked(out: Path | None, record: str | None) -> None:
    """Raise UsageError unless there is something to write or to show."""
    if out is not None:
        check_out(out)
    elif record is None:
        raise UsageError("-o is missing; name a Parquet file for the pairs, or a record with --explain ID")


def explain(source: Path, settings: Settings, pairs: pa.Table, wanted: str) -> Explained:
    """What `pairs` (schema PAIRS) says of record `wanted`, with texts from a second reading of INPUT that ends with the last of
    them. Raises UsageError where no record has that id, naming those that come near.
    """
    wanted = _as_paired(pairs, wanted)
    mine = pairs.filter(pc.or_(pc.equal(pairs["id_a"], wanted), pc.equal(pairs["id_b"], wanted)))
    rows = [
        (row["id_b"] if row["id_a"] == wanted else row["id_a"], row["jaccard"]) for row in mine.to_pylist()
    ]
    nearest = heapq.nsmallest(SHOWN, rows, key=lambda row: (-row[1], row[0]))
    if not rows:
        return Explained(_existing(source, settings, wanted), [], 0, 1)
    texts = _texts(source, settings, {wanted, *(name for name, _ in nearest)})
    partners = [Partner(name, value, word_diff(texts[wanted], texts[name])) for name, value in nearest]
    cluster = pairs.filter(pc.equal(pairs["cluster"], mine["cluster"][0]))
    members = pc.unique(pa.chunked_array([*cluster["id_a"].chunks, *cluster["id_b"].chunks]))
    return Explained(wanted, partners, len(rows) - len(nearest), len(members))


def _as_paired(pairs: pa.Table, wanted: str) -> str:
    r"""The id itself where it was given as it is shown: "\n" for a new line, which a shell is hard to make to say."""
    if "\\" not in wanted:
        return wanted
    names = pc.unique(pa.chunked_array([*pairs["id_a"].chunks, *pairs["id_b"].chunks])).to_pylist()
    return _meant(wanted, names)


def _meant(wanted: str, names: Sequence[str]) -> str:
    alike = [wanted] if wanted in names else [name for name in names if safe(name) == wanted]
    return alike[0] if len(alike) == 1 else wanted


def _texts(source: Path, settings: Settings, wanted: set[str]) -> dict[str, str]:
    """Texts of these records. Raises KvarnError where one is gone: INPUT changed since its pairs were found."""
    texts: dict[str, str] = {}
    ids = pa.array(sorted(wanted), pa.string())
    with closing(read_input(source, settings)) as tables:
        for items in tables:
            found = items.filter(pc.and_(pc.is_in(items["record_id"], ids), pc.is_null(items["fault"])))
            texts |= zip(found["record_id"].to_pylist(), found["text"].to_pylist(), strict=True)
            if len(texts) == len(wanted):
                return texts
    gone = ", ".join(repr(name) for name in sorted(wanted - texts.keys()))
    raise KvarnError(f"{source}: changed while it was compared: {gone} cannot be read any more; run again")


def _existing(source: Path, settings: Settings, wanted: str) -> str:
    """The id of a readable record that pairs with none. Raises UsageError where there is none."""
    names: list[str] = []
    with closing(read_input(source, settings)) as tables:
        for items in tables:
            names += items.filter(pc.is_null(items["fault"]))["record_id"].to_pylist()
            broken = items.filter(pc.and_(pc.equal(items["record_id"], wanted), pc.is_valid(items["fault"])))
            if broken.num_rows:
                raise UsageError(
                    f"{source}: record {wanted!r} could not be read ({broken['fault'][0]}), so it was compared with none; "
                    f"`kvarn extract {source}` says why"
                )
    meant = _meant(wanted, names)
    if meant in names:
        return meant
    near = ", ".join(repr(name) for name in near_ids(wanted, names))
    raise UsageError(
        f"{source}: no record has the id {wanted!r}; "
        + (f"near it: {near}" if near else f"its {len(names):,} ids are other, such as {names[0]!r}")
    )


def near_ids(wanted: str, names: Iterable[str]) -> list[str]:
    """Ids that hold the wanted one, else those that differ in a few characters.

    >>> near_ids("kopia.txt", ["a.txt", "brev/kopia.txt"]), near_ids("b-1O", ["b-10", "x"])
    (['brev/kopia.txt'], ['b-10'])
    """
    names = list(names)
    if holding := [name for name in names if wanted and wanted in name]:
        return sorted(holding, key=lambda name: (len(name), name))[:NEAR]
    # Careful comparison is slow; ends in common tell the likely ones.
    likely = heapq.nlargest(500, names, key=lambda name: _ends(name, wanted))
    close = get_close_matches(wanted, likely, len(likely) or 1)
    return sorted(close, key=lambda name: (-_ends(name, wanted), name))[:NEAR]


def _ends(a: str, b: str) -> int:
    """Characters that both begin with, and that both end with."""
    return _begin(a, b) + _begin(a[::-1], b[::-1])


def _begin(a: str, b: str) -> int:
    pairs = enumerate(zip(a, b, strict=False))
    return next((at for at, (x, y) in pairs if x != y), min(len(a), len(b)))


def shown(diff: Sequence[Part], style: dict[str, tuple[str, str]]) -> list[str]:
    """A line for each changed place, with a few words around it.

    >>> shown(word_diff("Ett två tre fyra fem sex.", "Ett två tre fyra fem sju."), MARKS)
    ['… två tre fyra fem [-sex-]{+sju+}.']
    """
    if all(part.op == EQUAL for part in diff):
        return ["the two texts are equal"]
    places = [""]
    for at, part in enumerate(diff):
        if part.op != EQUAL:
            places[-1] += _styled(_changed(part.text), style[part.op])
            continue
        before, after = at > 0, at < len(diff) - 1
        words = _PIECE.findall(part.text)
        if len(words) <= CONTEXT * (before + after):
            places[-1] += _context(words)
            continue
        if before:
            places[-1] += _context(words[:CONTEXT]) + " …"
        if before and after:
            places.append("")
        if after:
            places[-1] += "… " + _context(words[-CONTEXT:]).lstrip()
    more = len(places) - PLACES
    return [*places[:PLACES], *([f"and {more:,} more places; --json has all"] if more > 0 else [])]


def _changed(text: str) -> str:
    """White space as it is only where nothing else changed: between words, a new line is no news."""
    return safe(_cut(text)) if text.isspace() else _context([text])


def _context(words: Sequence[str]) -> str:
    return safe(re.sub(r"\s+", " ", _cut("".join(words))))


def _cut(text: str) -> str:
    rest = len(text) - LONGEST
    half = LONGEST // 2
    return text if rest <= half else f"{text[:half]} … {rest:,} characters … {text[-half:]}"


def _styled(text: str, marks: tuple[str, str]) -> str:
    return marks[0] + text + marks[1]


def _colour() -> bool:
    """Whether a terminal watches that knows colours and whose user wants them (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
