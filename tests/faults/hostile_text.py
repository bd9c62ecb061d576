"""Text, Markdown with front matter, and what is no text at all."""

import unicodedata
from collections.abc import Iterator

from hostile_case import TEXT, Case, case, packed


def cases() -> Iterator[Case]:
    yield from _more()
    yield from _text()
    yield from _refused()


def _text() -> Iterator[Case]:
    yield case("empty", "a.txt", b"", "empty")
    yield case("only new lines", "a.txt", b"\n\n\r\n", "empty")
    yield case("only a byte order mark", "a.txt", b"\xef\xbb\xbf", "empty")
    yield case("zeros", "a.txt", bytes(5000), "binary")
    yield case("one NUL", "a.txt", TEXT.encode() * 20 + b"\0", good=1)
    yield case("noise", "a.txt", bytes((n * 7919) % 256 for n in range(5000)), "binary")
    yield case("text of 6 million characters", "a.txt", lambda: b"skog och mark " * 430_000, "too_large")
    yield case("bidi and zero width", "a.txt", "a\u202eb\u200bc\u00adå".encode(), good=1)
    yield case(
        "koi8-r",
        "a.txt",
        "Съешь ещё этих мягких французских булок".encode("koi8-r"),
        "encoding_doubtful",
        good=1,
    )
    yield case(
        "half UTF-8, half cp1252",
        "a.txt",
        TEXT.encode() * 5 + TEXT.encode("cp1252"),
        "encoding_doubtful",
        good=1,
    )
    yield case(
        "yaml bomb",
        "a.md",
        b"---\na: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(8))
        + b"---\n"
        + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml that runs code",
        "a.md",
        b"---\na: !!python/object/apply:os.system ['true']\n---\n" + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml with a date that is none", "a.md", b"---\ndate: 2024-02-30\n---\n" + TEXT.encode(), good=1
    )


def _refused() -> Iterator[Case]:
    for name, data in (
        ("pickle", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix"),
        ("numpy", b"\x93NUMPY\x01\0"),
        ("old Word", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
        ("rtf", b"{\\rtf1\\ansi text}"),
        ("program", b"\x7fELF\x02\x01\x01"),
        ("png", b"\x89PNG\r\n\x1a\n"),
        ("jpeg", b"\xff\xd8\xff\xe0"),
        ("sqlite", b"SQLite format 3\0"),
        ("7z", b"7z\xbc\xaf\x27\x1c"),
        ("arrow", b"ARROW1\0\0"),
    ):
        yield case(f"{name} named txt", "a.txt", data, "unsupported")
        yield case(f"{name} named jsonl", "a.jsonl", data, "unsupported")
    yield case(
        "workbook",
        "a.xlsx",
        packed({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<a/>"}),
        "unsupported",
    )


def _more() -> Iterator[Case]:
    text = (TEXT + " ") * 40
    for encoding in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "cp850",
        "mac-roman",
        "iso8859-15",
        "cp1252",
    ):
        yield case(f"Swedish in {encoding}", "a.txt", text.encode(encoding), good=1)
    yield case("UTF-8 with a mark", "a.txt", text.encode("utf-8-sig"), good=1)
    yield case(
        "UTF-16 cut in mid character", "a.txt", text.encode("utf-16")[:-1], "encoding_doubtful", good=1
    )
    yield case(
        "UTF-8 in one half, cp850 in the other",
        "a.txt",
        text.encode() + text.encode("cp850"),
        "encoding_doubtful",
        good=1,
    )
    yield case(
        "overlong UTF-8", "a.txt", text.encode() + b"\xc0\xaf\xe0\x80\xaf", "encoding_doubtful", good=1
    )
    yield case("surrogates in UTF-8", "a.txt", text.encode() + b"\xed\xa0\x80", "encoding_doubtful", good=1)
    yield case(
        "UTF-16 with half a pair",
        "a.txt",
        text.encode("utf-16-le") + b"\x3c\xd8a\0",
        "binary",
    )
    yield case("C0 controls here and there", "a.txt", (text * 5).encode() + b"\x01\x02\x1b\x7f", good=1)
    yield case("many C0 controls", "a.txt", b"a\x01b\x02" * 500, "binary")
    yield case(
        "tag characters", "a.txt", (text + "".join(chr(0xE0000 + ord(c)) for c in "ignore")).encode(), good=1
    )
    yield case("decomposed", "a.txt", unicodedata.normalize("NFD", text).encode(), good=1)
    yield case("10 000 marks on one letter", "a.txt", (text + "a" + "\u0301" * 10_000).encode(), good=1)
    yield case("one line of 4 MB", "a.txt", lambda: b"x" * (4 << 20), good=1)
    yield case("for a slow pattern", "a.txt", b"a" * 100_000 + b"!", good=1)
    yield case("for a slow pattern of spaces", "a.txt", b"a" + b" " * 1_000_000 + b"b", good=1)
    yield case("a million line ends", "a.txt", b"a" + b"\n" * 1_000_000 + b"b", good=1)
    yield case("front matter that never ends", "a.md", b"---\n" + b"a: b\n---x\n" * 100_000, good=1)
    yield case("yaml 20 000 deep", "a.md", b"---\na: " + b"[" * 20_000 + b"\n---\n" + TEXT.encode(), good=1)
    yield case(
        "yaml 500 deep by indents",
        "a.md",
        b"---\n" + b"".join(b" " * n + b"a:\n" for n in range(200)) + b"---\n" + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml number of 5 000 digits", "a.md", b"---\na: " + b"9" * 5000 + b"\n---\n" + TEXT.encode(), good=1
    )
    yield case(
        "yaml number to the base of 60",
        "a.md",
        b"---\na: 1" + b":59" * 20_000 + b"\n---\n" + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml keys that are no text", "a.md", b"---\n? {a: 1}\n: b\n[1]: 2\n---\n" + TEXT.encode(), good=1
    )
    yield case(
        "yaml of half a surrogate",
        "a.md",
        b'---\na: "\\ud800"\n---\n' + TEXT.encode(),
        good=1,
    )
    yield case(
        "yaml of 8 MB",
        "a.md",
        b"---\n" + b"".join(b"k%d: 1\n" % n for n in range(400_000)) + b"---\n" + TEXT.encode(),
        good=1,
    )
    for name, data in (
        ("torch", b"PK\x03\x04" + bytes(200)),
        ("joblib", b"\x80\x03cjoblib.numpy_pickle\n"),
        ("pickle of protocol 5", b"\x80\x05\x95" + bytes(20)),
    ):
        yield case(f"{name} named txt", "a.txt", data, "unsupported corrupt_archive")
    yield case(
        "torch checkpoint",
        "model.pt",
        packed({"archive/data.pkl": b"\x80\x02}q\x00.", "archive/version": b"3\n"}),
        "unsupported",
        good=None,
    )
    yield case("pickle of protocol 0", "a.pkl", b"cos\nsystem\n(S'true'\ntR.", good=1)
