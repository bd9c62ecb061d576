"""All noise measures of a batch of texts: float32[texts, measures], in the order of MEASURES.

Each measure says its formula and where it comes from; `docs` and the noise stage read the list. Shares lie in 0..1.
A measure that has nothing to divide by is NaN and applies to no rule: a text without words has no mean word length.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from pipeline.kernels import line_statistics as ls
from pipeline.kernels import text_scan as sc
from pipeline.kernels import token_statistics as ts
from pipeline.kernels.characters import character_table
from pipeline.kernels.hash_table import TABLE_FIELDS, table_mask
from pipeline.kernels.line_repetition import REPEATED, line_repetition
from pipeline.kernels.line_statistics import line_totals
from pipeline.kernels.measure_spec import MeasureSpec
from pipeline.kernels.repetition import PLACE_FIELDS, word_repetition
from pipeline.kernels.token_statistics import index_words, listed_words, word_totals
from pipeline.kernels.vocabulary import vocabulary_table

LIST_LINES = 4
"""Fewest lines of which a share can be a table of contents: a numbered heading over one paragraph is half of its lines."""

_INF = float("inf")
_GOPHER = "Gopher quality, arXiv 2112.11446"
_REPEAT = "Gopher repetition, arXiv 2112.11446 table A1"
_C4 = "C4, arXiv 1910.10683"
_FINEWEB = "FineWeb, arXiv 2406.17557"
_OWN = "Kvarn"


def _share(name: str, source: str, words: str) -> MeasureSpec:
    return MeasureSpec(name, "share", 0.0, 1.0, source, words)


def _number(name: str, unit: str, source: str, words: str) -> MeasureSpec:
    return MeasureSpec(name, unit, 0.0, _INF, source, words)


MEASURES: tuple[MeasureSpec, ...] = (
    _number("chars", "code points", _OWN, "length of the text"),
    _number("words", "words", _GOPHER, "runs of letters, digits and underscores"),
    _number("lines", "lines", _OWN, "lines that are not blank"),
    _number("mean_word_length", "code points", _GOPHER, "mean length of a word"),
    _number("hash_per_word", "per word", _GOPHER, "number signs per word"),
    _number("ellipsis_per_word", "per word", _GOPHER, "ellipses, as one character or three dots, per word"),
    _share("bullet_lines", _GOPHER, "lines that begin with a bullet"),
    _share("ellipsis_lines", _GOPHER, "lines that end in an ellipsis"),
    _share("alpha_words", _GOPHER, "words with at least one letter"),
    _share(
        "alpha_tokens", _GOPHER, "words with a letter among words and punctuation marks, as tokenizers count"
    ),
    _number(
        "stop_words", "words", _GOPHER, "different function words of the language that has the most of them"
    ),
    _share(
        "stop_word_share", _OWN, "words that are function words of the language that has the most of them"
    ),
    _share("dup_lines", _REPEAT, "lines that occurred before"),
    _share("dup_line_chars", _REPEAT, "characters in lines that occurred before"),
    _share("dup_paragraphs", _REPEAT, "paragraphs that occurred before"),
    _share("dup_paragraph_chars", _REPEAT, "characters in paragraphs that occurred before"),
    *(
        MeasureSpec(
            f"top_{n}gram",
            "share",
            0.0,
            float(n),
            _REPEAT,
            f"characters in the most frequent run of {n} words; runs that overlap count each",
        )
        for n in (2, 3, 4)
    ),
    *(
        _share(f"dup_{n}gram", _REPEAT, f"characters in runs of {n} words that occurred before")
        for n in range(5, 11)
    ),
    _share("terminal_lines", _C4, "lines that end in . ? ! or a quote"),
    _number("sentences", "sentences", _C4, "sentence marks before a space or the end"),
    _number("longest_word", "code points", _C4, "length of the longest word"),
    _number("longest_token", "bytes", _C4, "length of the longest run without a space"),
    _number("words_per_line", "words", _C4, "words per line"),
    _share("few_word_lines", _C4, "lines of fewer than three words"),
    _share("script_words", _C4, "words that are javascript"),
    _share("filler_words", _C4, "words of the Latin filler text lorem ipsum"),
    _share("line_punct", _FINEWEB, "lines that end in a sentence mark of any script"),
    _share("short_lines", _FINEWEB, "lines of at most 30 characters"),
    _share("char_dup", _FINEWEB, "characters of lines that occurred before, among all but line feeds"),
    _number("newlines_per_word", "per word", _FINEWEB, "line feeds per word"),
    _share("open_short_lines", _OWN, "lines of at most 30 characters that end no sentence"),
    _share("digit_share", _OWN, "digits among visible characters"),
    _share("letter_share", _OWN, "letters among visible characters"),
    _share("upper_share", _OWN, "capitals among letters"),
    _share("mark_share", _OWN, "punctuation and symbols among visible characters"),
    _share("code_marks", _OWN, "braces, angle brackets, semicolons, = \\ & $ @ ~ ^ among visible characters"),
    _share("code_lines", _OWN, "visible characters in lines where a tenth or more are such marks"),
    _number("backslashes", "per word", _OWN, "backslashes per word: roff, TeX and escaped strings"),
    _share("tag_share", _OWN, "bytes within <tags>"),
    _share("url_share", _OWN, "bytes within addresses of pages"),
    _share("encoded_share", _OWN, "bytes in runs of 40 or more base64 or hexadecimal digits"),
    _share("roff_lines", _OWN, "lines that are requests or comments of roff"),
    _share("log_lines", _OWN, "lines with a time to the second"),
    _share("contents_lines", _OWN, "lines like entries of a table of contents, among four lines or more"),
    _share("header_lines", _OWN, "lines of the form Key: value"),
    _share("register_words", _OWN, "words in lines made of names and numbers"),
    _share("shout_chars", _OWN, "visible characters in lines in capitals"),
    _share("number_words", _OWN, "words without a letter"),
    _share("capital_words", _OWN, "words that begin with a capital"),
    _share("mixed_words", _OWN, "words of letters and digits"),
    _share("single_letters", _OWN, "words of one letter"),
    _share("odd_words", _OWN, "words without vowel, with six consonants in a row, or a capital inside"),
    _share(
        "consent_lines",
        _OWN,
        "lines like buttons of a cookie notice: short, no sentence, with a word of consent",
    ),
    _share("distinct_words", _OWN, "different words among all; falls with length"),
    _share("top_word", _OWN, "the most frequent content word among all words"),
)

NAMES: tuple[str, ...] = tuple(spec.name for spec in MEASURES)
_COUNT = len(MEASURES)

Scratch = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]
"""Words, lines, which words, places of n-grams, hash table; made for the longest text of a batch and used for each."""


@njit(cache=True, nogil=True)
def _ratio(part: float, whole: float) -> float:
    """NaN where there is nothing to divide by."""
    return part / whole if whole > 0 else np.nan


@njit(cache=True, nogil=True)
def _put_quality(
    row: NDArray[np.float32],
    counts: NDArray[np.int64],
    word: NDArray[np.int64],
    line: NDArray[np.int64],
    size: tuple,
) -> None:
    n_words, n_lines = size
    row[0] = counts[sc.C_CHARS]
    row[1] = n_words
    row[2] = n_lines
    row[3] = _ratio(counts[sc.C_WORD_CHARS], n_words)
    row[4] = _ratio(counts[sc.C_HASH], n_words)
    row[5] = _ratio(counts[sc.C_ELLIPSIS], n_words)
    row[6] = _ratio(line[ls.LT_BULLET], n_lines)
    row[7] = _ratio(line[ls.LT_ELLIPSIS], n_lines)
    row[8] = _ratio(word[ts.W_ALPHA], n_words)
    row[9] = _ratio(word[ts.W_ALPHA], n_words + counts[sc.C_MARKS])
    row[10] = word[ts.W_STOP_DISTINCT]
    row[11] = _ratio(word[ts.W_STOP], word[ts.W_PROSE])


@njit(cache=True, nogil=True)
def _put_repetition(
    row: NDArray[np.float32], repeated: NDArray[np.int64], grams: NDArray[np.int64], chars: int, n_lines: int
) -> None:
    row[12] = _ratio(repeated[0], n_lines)
    row[13] = _ratio(repeated[1], chars)
    row[14] = _ratio(repeated[3], repeated[2])
    row[15] = _ratio(repeated[4], chars)
    for n in range(9):
        row[16 + n] = _ratio(grams[n], chars)


@njit(cache=True, nogil=True)
def _put_lines(
    row: NDArray[np.float32],
    counts: NDArray[np.int64],
    word: NDArray[np.int64],
    line: NDArray[np.int64],
    size: tuple,
) -> None:
    n_words, n_lines, repeated = size
    row[25] = _ratio(line[ls.LT_TERMINAL], n_lines)
    row[26] = counts[sc.C_SENTENCES]
    row[27] = counts[sc.C_LONGEST_WORD]
    row[28] = counts[sc.C_LONGEST_TOKEN]
    row[29] = _ratio(n_words, n_lines)
    row[30] = _ratio(line[ls.LT_FEW_WORDS], n_lines)
    row[31] = _ratio(word[ts.W_SCRIPT], n_words)
    row[32] = _ratio(word[ts.W_FILLER], n_words)
    row[33] = _ratio(line[ls.LT_PUNCT], n_lines)
    row[34] = _ratio(line[ls.LT_SHORT], n_lines)
    row[35] = _ratio(repeated, counts[sc.C_CHARS] - counts[sc.C_NEWLINES])
    row[36] = _ratio(counts[sc.C_NEWLINES], n_words)
    row[37] = _ratio(line[ls.LT_OPEN_SHORT], n_lines)


@njit(cache=True, nogil=True)
def _put_marks(
    row: NDArray[np.float32],
    counts: NDArray[np.int64],
    line: NDArray[np.int64],
    size: tuple,
) -> None:
    n_words, n_lines, n_bytes, n_prose = size
    visible = counts[sc.C_CHARS] - counts[sc.C_SPACES]
    row[38] = _ratio(counts[sc.C_DIGITS], visible)
    row[39] = _ratio(counts[sc.C_LETTERS], visible)
    row[40] = _ratio(counts[sc.C_UPPER], counts[sc.C_LETTERS])
    row[41] = _ratio(counts[sc.C_MARKS], visible)
    row[42] = _ratio(counts[sc.C_CODE], visible)
    row[43] = _ratio(line[ls.LT_CODE_CHARS], visible)
    row[44] = _ratio(counts[sc.C_BACKSLASH], n_words)
    row[45] = _ratio(counts[sc.C_TAG], n_bytes)
    row[46] = _ratio(counts[sc.C_URL], n_bytes)
    row[47] = _ratio(counts[sc.C_ENCODED], n_bytes)
    row[48] = _ratio(line[ls.LT_ROFF], n_lines)
    row[49] = _ratio(line[ls.LT_LOG], n_lines)
    row[50] = _ratio(line[ls.LT_CONTENTS], n_lines if n_lines >= LIST_LINES else 0)
    row[51] = _ratio(line[ls.LT_HEADER], n_lines)
    row[52] = _ratio(line[ls.LT_REGISTER_WORDS], n_prose)
    row[53] = _ratio(line[ls.LT_SHOUT_CHARS], visible)


@njit(cache=True, nogil=True)
def _put_words(
    row: NDArray[np.float32], word: NDArray[np.int64], line: NDArray[np.int64], sizes: tuple
) -> None:
    n_words, n_lines = sizes
    prose = word[ts.W_PROSE]
    row[54] = _ratio(word[ts.W_NUMBERS], prose)
    row[55] = _ratio(word[ts.W_CAPITAL], prose)
    row[56] = _ratio(word[ts.W_MIXED], prose)
    row[57] = _ratio(word[ts.W_SINGLE], prose)
    row[58] = _ratio(word[ts.W_ODD], prose)
    row[59] = _ratio(line[ls.LT_CONSENT], n_lines)
    row[60] = _ratio(word[ts.W_DISTINCT], n_words)
    row[61] = _ratio(word[ts.W_TOP], n_words)


@njit(cache=True, nogil=True)
def _measure_all(
    offsets: NDArray[np.int64],
    data: NDArray[np.uint8],
    characters: NDArray[np.int64],
    vocabulary: NDArray[np.int64],
    scratch: Scratch,
    out: NDArray[np.float32],
) -> None:
    words, lines, index, places, table = scratch
    counts = np.zeros(sc.COUNTS, np.int64)
    word, line = np.zeros(ts.WORD_TOTALS, np.int64), np.zeros(ls.LINE_TOTALS, np.int64)
    again, runs = np.zeros(REPEATED, np.int64), np.zeros(9, np.int64)
    stamp = 0
    for i in range(len(offsets) - 1):
        bounds = (int(offsets[i]), int(offsets[i + 1]))
        sizes = sc.scan(data, bounds, characters, words, lines, counts)
        n_words, n_lines = sizes
        word_totals(words, n_words, word)
        stamp += 1
        listed_words(index, index_words(words, n_words, vocabulary, table, stamp, index), word)
        line_totals(data, lines, sizes, words, index, line)
        # The lists of places serve as scratch for lines: there are no more lines than places for words.
        stamp = line_repetition(data, lines, sizes, index, places, table, stamp, again)
        stamp = word_repetition(words, n_words, index, places, table, stamp, runs)
        row = out[i]
        _put_quality(row, counts, word, line, sizes)
        _put_repetition(row, again, runs, int(counts[sc.C_CHARS]), n_lines)
        _put_lines(row, counts, word, line, (n_words, n_lines, int(again[1])))
        _put_marks(row, counts, line, (n_words, n_lines, bounds[1] - bounds[0], int(word[ts.W_PROSE])))
        _put_words(row, word, line, sizes)


@njit(cache=True, nogil=True)
def _most_lines(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> int:
    most = 0
    for i in range(len(offsets) - 1):
        feeds = 0
        for at in range(offsets[i], offsets[i + 1]):
            feeds += data[at] == 10
        most = max(most, feeds)
    return most + 1


def _scratch(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> Scratch:
    longest = int(np.diff(offsets).max(initial=0))
    # Words and what stands between them alternate, so half the bytes (and one) are the most words there can be; lines likewise.
    most, lines = longest // 2 + 2, _most_lines(offsets, data)
    return (
        np.empty((sc.WORD_FIELDS, most), np.int64),
        np.empty((lines + 1, sc.LINE_FIELDS), np.int64),
        np.empty((ts.INDEX_FIELDS, most), np.int32),
        np.empty((PLACE_FIELDS, most), np.int32),
        np.zeros((table_mask(max(most, 2 * lines)) + 1, TABLE_FIELDS), np.int64),
    )


def measure_texts(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Every measure of every text data[offsets[i]:offsets[i + 1]] (UTF-8): float32[texts, len(MEASURES)].

    >>> raw = "En g\N{LATIN SMALL LETTER A WITH RING ABOVE}ng. En gr\N{LATIN SMALL LETTER A WITH DIAERESIS}ns!".encode()
    >>> row = measure_texts(np.array([0, len(raw)]), np.frombuffer(raw, np.uint8))[0]
    >>> [float(row[NAMES.index(name)]) for name in ("chars", "words", "sentences", "digit_share")]
    [18.0, 4.0, 2.0, 0.0]
    """
    offsets = np.ascontiguousarray(offsets, np.int64)
    out = np.empty((len(offsets) - 1, _COUNT), np.float32)
    vocabulary = vocabulary_table()
    _measure_all(offsets, data, character_table(), vocabulary, _scratch(offsets, data), out)
    return out
