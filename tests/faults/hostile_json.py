"""JSON and JSON lines."""

import json
from collections.abc import Iterator

from hostile_case import TEXT, Case, case


def cases() -> Iterator[Case]:
    yield from _more()
    yield from _json()


def _json() -> Iterator[Case]:
    ok = json.dumps({"text": TEXT}).encode()
    yield case("one bad line of three", "a.jsonl", ok + b"\n{bad\n" + ok, "corrupt_json", good=2)
    yield case(
        "line separators inside of a text",
        "a.jsonl",
        json.dumps({"text": "a\u2028b\x85c\x0bd\x0c"}, ensure_ascii=False).encode(),
        good=1,
    )
    yield case(
        "lone surrogate", "a.jsonl", b'{"text": "a\\ud800b"}\n' + ok, "bad_unicode corrupt_json", good=1
    )
    yield case(
        "lone surrogate in meta",
        "a.jsonl",
        b'{"text": "ab", "x": "\\ud800"}\n' + ok,
        "bad_unicode corrupt_json",
        good=1,
    )
    yield case("NaN", "a.jsonl", b'{"text": "ab", "x": NaN}\n' + ok, "corrupt_json", good=1)
    yield case("1e999", "a.jsonl", b'{"text": "ab", "x": 1e999}\n' + ok, "corrupt_json", good=1)
    yield case(
        "integer of 5 000 digits",
        "a.jsonl",
        b'{"text": "ab", "x": ' + b"9" * 5000 + b"}\n" + ok,
        "corrupt_json",
        good=1,
    )
    yield case(
        "101 deep",
        "a.jsonl",
        b'{"text": "ab", "x": ' + b"[" * 101 + b"]" * 101 + b"}\n" + ok,
        "json_depth",
        good=1,
    )
    yield case("100 000 deep", "a.jsonl", b"[" * 100_000 + b"\n" + ok, "json_depth corrupt_json", good=1)
    yield case("100 000 deep in a json file", "a.json", b"[" * 100_000 + b"]" * 100_000, "json_depth")
    yield case(
        "line of 17 MB",
        "a.jsonl",
        lambda: ok + b"\n" + b"x" * (17 << 20) + b"\n" + ok,
        "line_too_long",
        good=2,
    )
    yield case("byte order mark", "a.jsonl", b"\xef\xbb\xbf" + ok, good=1)
    yield case("duplicate keys", "a.jsonl", b'{"text": "a", "text": "bcd"}', good=1)
    yield case("text null", "a.jsonl", b'{"text": null}', "empty")
    yield case("text a number", "a.jsonl", b'{"text": 7}', "no_text_field")
    yield case("no text field", "a.jsonl", b'{"title": "x"}', "no_text_field")
    yield case("a list", "a.jsonl", b"[1, 2]", "corrupt_json")
    yield case("only new lines", "a.jsonl", b"\n\n\n", "empty")
    yield case("json of a number", "a.json", b"7", "corrupt_json")
    yield case("json cut short", "a.json", b'[{"text": "a', "corrupt_json")
    yield case("windows-1252", "a.jsonl", '{"text": "på ön växer träd"}'.encode("cp1252"), good=1)


def _more() -> Iterator[Case]:
    ok = json.dumps({"text": TEXT}, ensure_ascii=False)
    bad_one = "\n".join([*[ok] * 50_000, "{bad", *[ok] * 49_999]).encode()
    yield case("one bad line of 100 000", "a.jsonl", bad_one, "corrupt_json", good=99_999)
    for name, char in (("U+2028", "\u2028"), ("U+2029", "\u2029"), ("U+0085", "\x85"), ("form feed", "\x0c")):
        line = ok.replace("växer", f"växer{char}långsamt").replace("\x0c", "\\f")
        yield case(f"{name} in two lines", "a.jsonl", f"{line}\n{line}".encode(), good=2)
    yield case("lines end in CR LF", "a.jsonl", f"{ok}\r\n{ok}\r\n".encode(), good=2)
    yield case("lines end in CR", "a.jsonl", f"{ok}\r{ok}\r".encode(), "corrupt_json")
    yield case("a byte order mark on each line", "a.jsonl", f"\ufeff{ok}\n\ufeff{ok}".encode(), good=2)
    yield case("only a byte order mark", "a.jsonl", b"\xef\xbb\xbf", "empty")
    yield case(
        "control character in a string",
        "a.jsonl",
        b'{"text": "a\x01b"}\n' + ok.encode(),
        "corrupt_json",
        good=1,
    )
    yield case("NUL in a string", "a.jsonl", b'{"text": "ab\\u0000c"}', good=1)
    yield case(
        "infinity", "a.jsonl", b'{"text": "ab", "x": -Infinity}\n' + ok.encode(), "corrupt_json", good=1
    )
    yield case(
        "a number of 19 digits and one of 20",
        "a.jsonl",
        b'{"text": "ab", "x": 9223372036854775807, "y": 99999999999999999999}',
        good=1,
    )
    yield case(
        "invalid UTF-8 in a text",
        "a.jsonl",
        ok.encode()[:20] + b"\xff" + ok.encode()[20:],
        "encoding_doubtful",
        good=1,
    )
    yield case("surrogate pair", "a.jsonl", b'{"text": "a\\ud83c\\udf32b"}', good=1)
    yield case(
        "surrogates in the wrong order",
        "a.jsonl",
        b'{"text": "a\\udf32\\ud83cb"}',
        "bad_unicode corrupt_json",
    )
    yield case(
        "100 000 keys",
        "a.jsonl",
        lambda: json.dumps({"text": TEXT, **dict.fromkeys(map(str, range(100_000)))}).encode(),
        good=1,
    )
    yield case("comments", "a.jsonl", b"// x\n" + ok.encode(), "corrupt_json", good=1)
    yield case(
        "words after the object", "a.jsonl", ok.encode() + b" x\n" + ok.encode(), "corrupt_json", good=1
    )
    yield case("a line of spaces", "a.jsonl", ok.encode() + b"\n   \t \n" + ok.encode(), good=2)
    yield case(
        "100 deep in a json file", "a.json", b'{"text": "ab", "x": ' + b"[" * 99 + b"]" * 99 + b"}", good=1
    )
    yield case("json file of 200 000 empty lists", "a.json", b"[" + b"[]," * 200_000 + b"[]]", "corrupt_json")
    yield case("text is an object", "a.json", b'{"text": {"text": {"text": 1}}}', "no_text_field")
