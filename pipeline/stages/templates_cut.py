"""Cutting templates: where the repeated lines and paragraphs of its source stand in one document's text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.kernels import lines as kernel
from pipeline.schema import text_buffers

STAGE, LINE, PARAGRAPH = "templates", "line", "paragraph"
"""Stage and kinds of the edits."""


@dataclass(frozen=True, slots=True)
class CutSet:
    """Hashes of what is cut in a source, sorted. Plain numbers: they go to workers and into cache keys."""

    lines: tuple[int, ...] = ()
    paragraphs: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines or self.paragraphs)

    def arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """As kernels search them."""
        return np.array(self.lines, np.uint64), np.array(self.paragraphs, np.uint64)


def cut_set(rows: pa.Table, share: float) -> CutSet:
    """What of the rows (schema TEMPLATES) stands in at least `share` of the sampled documents."""
    common = rows.filter(pc.greater_equal(rows["share"], pa.scalar(share, pa.float32())))
    by_kind = {
        kind: tuple(sorted(common.filter(pc.equal(common["kind"], kind))["hash"].to_pylist()))
        for kind in (LINE, PARAGRAPH)
    }
    return CutSet(by_kind[LINE], by_kind[PARAGRAPH])


def holding(texts: pa.ChunkedArray, cut: CutSet) -> NDArray[np.bool_]:
    """Rows whose text holds something to cut."""
    return kernel.holding(*text_buffers(texts), *cut.arrays())


def spans(text: str, cut: CutSet) -> list[tuple[int, int, str]]:
    r"""(start, end, kind) of what is to be cut, in code points, sorted and disjoint. Line breaks behind it go with it: one where
    lines of the paragraph stay, all down to the next line where none does.

    >>> hashes, _ = kernel.lines_of(np.array([0, 3]), np.frombuffer(b"Hem", np.uint8))
    >>> spans("Hem\nÅr 1\n\n Hem \n\nslut", CutSet((int(hashes[0]),)))
    [(0, 4, 'line'), (10, 17, 'line')]
    """
    data = text.encode("utf-8", "surrogatepass")
    hashes, lines = kernel.lines_of(np.array([0, len(data)]), np.frombuffer(data, np.uint8))
    wanted, paragraphs = cut.arrays()
    gone = np.isin(hashes, wanted)
    starts = [*lines[:, kernel.START].tolist(), len(text)]
    ends = [min(end + 1, len(text)) for end in lines[:, kernel.END].tolist()]
    found: list[tuple[int, int, str]] = []
    for first, last in _paragraphs(lines):
        if _is_among(hashes[first:last], lines[first:last], gone[first:last], paragraphs):
            found.append((starts[first], starts[last], PARAGRAPH))
            continue
        mine = [(starts[at], ends[at], LINE) for at in range(first, last) if gone[at]]
        if len(mine) == last - first:
            mine[-1] = (mine[-1][0], starts[last], LINE)
        found += mine
    return found


def _paragraphs(lines: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First line and the line after the last of every paragraph, those of one line too."""
    breaks = np.flatnonzero(np.diff(lines[:, kernel.PARAGRAPH])) + 1
    edges = [0, *breaks.tolist(), len(lines)]
    return pairwise(edges) if len(lines) else iter(())


def _is_among(
    hashes: NDArray[np.uint64],
    lines: NDArray[np.int64],
    gone: NDArray[np.bool_],
    paragraphs: NDArray[np.uint64],
) -> bool:
    """Whether the paragraph is cut: as it stands, or as it would stand without its lines that are. Else a second cut would find
    something new.
    """
    whole, _ = kernel.paragraphs_of(hashes, lines)
    rest, _ = kernel.paragraphs_of(hashes[~gone], lines[~gone])
    return bool(np.isin(np.concatenate([whole, rest]), paragraphs).any())
