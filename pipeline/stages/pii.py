"""Personal data: found by a native scan, decided by exact patterns and check digits, then masked, flagged or dropped by kind.

Offsets count code points of the repaired text, end exclusive. Masking itself is an edit: this stage only finds.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import ConfigError
from pipeline.kernels import personal
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.schema import PII, PII_COLUMNS, text_buffers
from pipeline.stage import Finding, Judge, put
from pipeline.stages import pii_names
from pipeline.stages import pii_patterns as patterns
from pipeline.stages.identity_nordic import Spoken
from pipeline.stages.pii_masks import MASKS
from pipeline.stages.pii_numbers import numbers
from pipeline.stages.pii_text import Found, level

Policy = Literal["mask", "flag", "drop", "off"]


@dataclass(frozen=True)
class PiiConfig:
    """Section [pii]: what is done with each kind. mask: replaced by its name; flag: a person decides; drop: the document
    leaves; off: not looked for.
    """

    personnummer: Policy = "mask"
    """Personal identity numbers, checked by date, serial and check digit; interim numbers too. docs/pii.md lists the notations."""

    samordningsnummer: Policy = "mask"
    """Coordination numbers: day of birth plus 60."""

    orgnr: Policy = "mask"
    """Organisation numbers. Public for companies, but personal for sole traders and small associations."""

    email: Policy = "mask"
    phone: Policy = "mask"
    iban: Policy = "mask"

    bank: Policy = "mask"
    """Bankgiro, plusgiro and account numbers, where a word says so."""

    card: Policy = "mask"
    ip: Policy = "mask"

    address: Policy = "mask"
    """Street and number, with postcode and town where they follow."""

    person: Policy = "off"
    """Names of people, as far as [pii] names finds them. No text is anonymous because of it: most names stay."""

    names: Literal["cues", "lists"] = "cues"
    """How names are found. cues: next to words such as "Kontakta" and "personnummer" only; 0 of 378 signatures under questions in
    Parliament. lists: full names by the lists of the extra `names` too (pip install "kvarn[names]"), 333 of those 378 (recall .88),
    at a third of the speed; given names or surnames that stand alone are not found. No text is anonymous because of either.
    """

    def __post_init__(self) -> None:
        if self.person != "off" and self.names == "lists" and not pii_names.installed():
            raise ConfigError(
                'pii.names = "lists" needs the extra `names`, which is not installed; install it with pip install "kvarn[names]",'
                ' or set pii.names = "cues"'
            )

    @property
    def wanted(self) -> frozenset[str]:
        """The kinds that are not off; LISTED among them where names are looked up in lists."""
        kinds = frozenset(kind for kind in KINDS if getattr(self, kind) != "off")
        return kinds | {LISTED} if "person" in kinds and self.names == "lists" else kinds

    @property
    def looked_for(self) -> tuple[str, ...]:
        """What finds depend on: the kinds that are not off, and the lists of names."""
        lists = [f"names {pii_names.version()}"] if LISTED in self.wanted else []
        return (*(kind for kind in KINDS if kind in self.wanted), *lists)


KINDS = tuple(field.name for field in fields(PiiConfig) if field.name != "names")
LISTED = "person by lists"
"""Beside the kinds that are looked for: names by lists too."""
RANK = {
    kind: rank
    for rank, kind in enumerate(
        (
            "email",
            "iban",
            "personnummer",
            "samordningsnummer",
            "card",
            "bank",
            "orgnr",
            "ip",
            "phone",
            "address",
            "person",
        )
    )
}
"""Where finds overlap, the surer kind wins: those with check digits before those by shape."""


class Pii:
    """Adds `pii` (list of start, end, kind) and pii_count."""

    name = "pii"
    measures = (
        MeasureSpec(
            "pii_count", "finds", 0.0, float("inf"), "Kvarn", "personal data found, all kinds looked for"
        ),
    )

    def __init__(self, config: PiiConfig | None = None) -> None:
        self.config = config or PiiConfig()
        self.adds = pa.schema([*PII_COLUMNS, pa.field("pii_count", pa.float32(), nullable=False)])
        self._wanted = self.config.wanted

    def __call__(self, items: pa.Table) -> pa.Table:
        text = items.column("text")
        found = personal.candidates(*text_buffers(text))
        rows: dict[int, list[Found]] = {}
        bounds = np.searchsorted(found[:, 0], np.arange(items.num_rows + 1))
        todo = range(items.num_rows) if "person" in self._wanted else np.unique(found[:, 0]).tolist()
        spoken = _languages(items)
        for row in todo:
            own = found[bounds[row] : bounds[row + 1], 1:]
            spans = find(text[row].as_py(), own, self._wanted, spoken(row))
            if spans:
                rows[row] = spans
        items = put(items, self.adds.field("pii"), _column(rows, items.num_rows))
        counts = np.zeros(items.num_rows, np.float32)
        counts[list(rows)] = [len(spans) for spans in rows.values()]
        return put(items, self.adds.field("pii_count"), pa.array(counts))


def _languages(items: pa.Table) -> Callable[[int], Spoken]:
    """By row, the language of the segment around a code point; of the document where no segment is; "" where nothing was measured.

    Hardly any number asks for it: nothing is looked up before one does.
    """
    known = set(items.schema.names)
    if "language" not in known:
        return lambda _row: _unknown
    whole = items["language"]
    segments = items["segments"] if "segments" in known else None

    def of(row: int) -> Spoken:
        def spoken(at: int) -> str:
            parts = [] if segments is None else segments[row].as_py()
            inside = (part["language"] for part in parts if part["start"] <= at < part["end"])
            return str(next(inside, whole[row].as_py()))

        return spoken

    return of


def _unknown(_: int) -> str:
    return ""


def find(
    text: str, candidates: NDArray[np.int64], wanted: frozenset[str], spoken: Spoken = _unknown
) -> list[Found]:
    """Finds of one text, ordered, none overlapping. candidates: (n, 3) kind, first and last code point + 1.

    What is found is masked and the rest looked at again, until nothing more is found: so masking published text again changes
    nothing, whatever a number says about its neighbours.
    """
    found = _look(level(text), candidates, wanted, spoken)
    more = found
    while more:
        more = _look_again(text, found, wanted, spoken)
        found = apart([*found, *more]) if more else found
    return found


def _look_again(text: str, found: Sequence[Found], wanted: frozenset[str], spoken: Spoken) -> list[Found]:
    """Finds in `text` with all of `found` masked, with their places in `text`."""
    masked, places = _masked(text, found)
    own = personal.candidates(*text_buffers(pa.array([masked], pa.large_string())))[:, 1:]
    more = _look(level(masked), own, wanted, lambda at: spoken(_back(places, at)))
    return [(_back(places, start), _back(places, end), kind) for start, end, kind in more]


def finds(text: str, wanted: Collection[str]) -> list[Found]:
    """Finds of the kinds `wanted` in a text that stands alone."""
    own = personal.candidates(*text_buffers(pa.array([text], pa.large_string())))[:, 1:]
    return find(text, own, frozenset(wanted))


def _masked(text: str, found: Sequence[Found]) -> tuple[str, list[tuple[int, int]]]:
    """`text` with every find masked, and where its untouched parts begin: in the masked text, and by how much they moved."""
    parts, places, at, length = [], [(0, 0)], 0, 0
    for start, end, kind in found:
        parts += [text[at:start], MASKS[kind]]
        length += start - at + len(MASKS[kind])
        at = end
        places.append((length, at - length))
    return "".join([*parts, text[at:]]), places


def _back(places: Sequence[tuple[int, int]], at: int) -> int:
    """Code point of the text for one of the masked text."""
    return at + places[bisect_right(places, (at, 1 << 60)) - 1][1]


def _look(text: str, candidates: NDArray[np.int64], wanted: frozenset[str], spoken: Spoken) -> list[Found]:
    found: list[Found] = []
    for kind, start, end in candidates.tolist():
        if kind == personal.NUMBER:
            found += numbers(text, start, end, spoken)
        elif kind == personal.AT_SIGN:
            found += patterns.email(text, start)
        elif kind == personal.SPELT_AT:
            found += patterns.spelt_email(text, start)
        elif kind == personal.IBAN:
            found += patterns.iban(text, start)
        elif kind == personal.STREET:
            found += patterns.address(text, start, spoken)
        else:
            found += patterns.ipv6(text, start)
    if "person" in wanted:
        found += pii_names.persons(text, pii_names.lists() if LISTED in wanted else None)
    return apart(span for span in found if span[2] in wanted)


def apart(found: Iterable[Found]) -> list[Found]:
    """Finds without overlaps: the surer kind wins, then the longer, then the earlier."""
    taken: list[Found] = []
    for span in sorted(set(found), key=lambda s: (RANK[s[2]], s[0] - s[1], s[0])):
        at = bisect_left(taken, span[:2])
        clear_before = at == 0 or taken[at - 1][1] <= span[0]
        if clear_before and (at == len(taken) or span[1] <= taken[at][0]):
            taken.insert(at, span)
    return taken


def _column(rows: dict[int, list[Found]], length: int) -> pa.Array:
    lengths = np.zeros(length + 1, np.int32)
    for row, spans in rows.items():
        lengths[row + 1] = len(spans)
    flat = [span for row in sorted(rows) for span in rows[row]]
    starts, ends, kinds = (list(column) for column in zip(*flat, strict=True)) if flat else ([], [], [])
    values = pa.StructArray.from_arrays(
        [pa.array(starts, pa.int32()), pa.array(ends, pa.int32()), pa.array(kinds, pa.string())],
        fields=list(PII),
    )
    return pa.ListArray.from_arrays(pa.array(np.cumsum(lengths), pa.int32()), values, type=pa.list_(PII))


def pii_findings(config: PiiConfig) -> Judge:
    """`pii.<kind>` for every kind that is to be flagged or dropped; masked kinds are no finding."""

    def judge(items: pa.Table) -> Iterator[Finding]:
        column = items.column("pii")
        owners, kinds = _owners(column)
        for kind in KINDS:
            policy = getattr(config, kind)
            if policy in ("flag", "drop"):
                hit = np.zeros(items.num_rows, bool)
                hit[owners[kinds == kind]] = True
                yield Finding(f"pii.{kind}", policy, hit)

    return judge


def _owners(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Row and kind of every find of a list column."""
    lengths = pc.list_value_length(column).to_numpy()
    kinds = np.array(pc.struct_field(pc.list_flatten(column), "kind").to_pylist(), dtype=object)
    return np.repeat(np.arange(len(lengths)), lengths), kinds


def masked_kinds(config: PiiConfig) -> frozenset[str]:
    """The kinds whose finds the edit stage masks."""
    return frozenset(kind for kind in KINDS if getattr(config, kind) == "mask")
