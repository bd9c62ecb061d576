"""Many small records at once, as columns: what readers of tables and JSON lines give instead of one Found each.

Nothing here differs from `fields.from_row` but the speed: a row that is not plain (no text, text too long) is left to it, and
a test holds the two equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.schema import text_buffers
from pipeline.storage.readers.fields import Names, Plan, names_of, plan
from pipeline.storage.readers.record import Found, meta_json
from pipeline.storage.sources import SourceSpec


@dataclass(frozen=True, slots=True)
class Rows:
    """Records in order, column by column, all of one length.

    `text` is large_string without nulls; `meta` is JSON text with sorted keys. Where `odd` has a record for a row, that is the
    record, and the row's cells mean nothing. `notes` belong to every other row.
    """

    text: pa.Array
    own_id: Sequence[str | None]
    group: Sequence[str | None]
    date: Sequence[str | None]
    language: Sequence[str | None]
    meta: Sequence[str]
    digest: Sequence[str]
    odd: Mapping[int, Found] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.digest)


NAMELESS = Names(None, None, None, None, {})


def from_values(
    values: Sequence[Any],
    digests: Sequence[str],
    spec: SourceSpec,
    text_chars: int,
    otherwise: Callable[[int], Found],
    notes: tuple[str, ...] = (),
) -> Rows:
    """Rows from Python objects with fields; `otherwise(i)` makes the record of one that is no object with a text."""
    texts: list[str] = []
    names: list[Names] = []
    odd: dict[int, Found] = {}
    # Rows of one table have the same keys; looking here is half as dear as the cache of `plan`.
    plans: dict[tuple[str, ...], Plan] = {}
    for number, row in enumerate(values):
        if type(row) is dict:
            names_here = tuple(row)
            keys = plans.get(names_here) or plans.setdefault(names_here, plan(names_here, spec))
            text = row[keys.text] if keys.text is not None else None
            if type(text) is str and text and len(text) <= text_chars and not text.isspace():
                texts.append(text)
                names.append(names_of(row, keys))
                continue
        odd[number] = otherwise(number)
        texts.append("")
        names.append(NAMELESS)
    return _rows(pa.array(texts, pa.large_string()), names, digests, odd, notes)


def from_column(
    text: pa.Array,
    others: Sequence[Mapping[str, Any]],
    digests: Sequence[str],
    spec: SourceSpec,
    text_chars: int,
    otherwise: Callable[[int], Found],
) -> Rows:
    """Rows from an Arrow column of texts (large_string) and the fields beside it, whose keys are the same in every row."""
    filled = text.fill_null("")
    odd = {number: otherwise(number) for number in _odd_texts(filled, text_chars)}
    keys = plan(tuple(others[0]) if others else (), spec)
    names = [names_of(row, keys) for row in others]
    return _rows(filled, names, digests, odd, ())


def _rows(
    text: pa.Array,
    names: list[Names],
    digests: Sequence[str],
    odd: Mapping[int, Found],
    notes: tuple[str, ...],
) -> Rows:
    own, group, date, language, meta = zip(*names, strict=True) if names else ((), (), (), (), ())
    return Rows(text, own, group, date, language, [meta_json(item) for item in meta], digests, odd, notes)


def _odd_texts(text: pa.Array, text_chars: int) -> Iterator[int]:
    """Rows whose text is empty, white space or too long; looked into only where first byte or length leave a doubt."""
    offsets, data = text_buffers(text)
    sizes = np.diff(offsets)
    first = np.zeros(len(sizes), np.uint8)
    first[sizes > 0] = data[offsets[:-1][sizes > 0]]
    # A text that begins with a visible ASCII character is not blank.
    doubtful = (first <= 0x20) | (first >= 0x7F) | (sizes > text_chars)
    for number in np.flatnonzero(doubtful).tolist():
        value = text[number].as_py()
        if not value or value.isspace() or len(value) > text_chars:
            yield number
