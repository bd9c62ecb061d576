"""Plain text and Markdown: one record a file; YAML front matter becomes meta."""

import codecs
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers.fields import described
from pipeline.storage.readers.record import Found, Input

_FRONT = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"[^\s:#-][^:\n]*:(?:\s|$)", re.MULTILINE)

MOST_CONTROLS = 0.02
"""Share of NUL and C0 bytes from which a file without a known format is no text (our choice; text has none)."""

WIDEST = 4
"""Bytes of a character in the widest encodings. A file of more than that for each character that a text may have is refused before
it is read: decoding one of 500 MB would take a worker's memory, and say so only by its death."""

LONGEST_FRONT = 1 << 17
"""Characters of front matter (our choice; real ones have hundreds): 600 kB of 1:59:59:... take YAML 7 s, and quadratically more."""

DEEPEST = 100
"""Levels of front matter, as of JSON."""

MOST_BITS = 1024
"""Bits of an integer in front matter (our choice): 300 digits are more than any number or identifier has."""

_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


def read_text(file: Input) -> Iterator[Found]:
    text, notes = decoded(file)
    yield Found(text, notes=notes, whole=True)


def read_markdown(file: Input) -> Iterator[Found]:
    text, notes = decoded(file)
    front, body = split_front_matter(text)
    # A missing text field cannot be: the body is the text, and the fields only describe it.
    yield Found(body, notes=notes, whole=True, **described(front, file.spec))


def decoded(file: Input) -> tuple[str, tuple[str, ...]]:
    """The whole file as text, with notes. Raises Unreadable read.binary where the bytes are no text in any encoding."""
    data = file.data(WIDEST * file.limits.text_chars + len(codecs.BOM_UTF32_LE))
    found = decode(data)
    if not found.encoding.startswith(("utf-16", "utf-32")):
        controls = len(data) - len(data.translate(None, _CONTROLS))
        if controls > MOST_CONTROLS * len(data):
            raise Unreadable("read.binary", f"{controls} control bytes of {len(data)}: this is no text")
    return found.text, (found.note,) if found.note else ()


def split_front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    """The YAML mapping at the head and the rest. A block that is no mapping is text: a page may open with a rule."""
    block = _FRONT.match(text)
    if block is None or len(block[1]) > LONGEST_FRONT or not _KEY.match(block[1].lstrip()):
        return {}, text
    front = _yaml(block[1])
    if not isinstance(front, dict) or not _is_shallow(front):
        return {}, text
    front = _plain(front)
    return {str(key): value for key, value in front.items()}, text[block.end() :].lstrip("\r\n")


def _is_shallow(value: Any, depth: int = DEEPEST) -> bool:
    """Whether a value can be written as JSON: nested not too deeply, and without integers of thousands of digits (1:59:59:...)."""
    if isinstance(value, dict | list | tuple | set):
        inner = [*value, *value.values()] if isinstance(value, dict) else list(value)
        return depth > 0 and all(_is_shallow(item, depth - 1) for item in inner)
    return not isinstance(value, int) or value.bit_length() <= MOST_BITS


def _plain(value: Any) -> Any:
    """The value with integers that JSON's readers do not know (beyond 64 bits) as text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, int) and value.bit_length() > 64 else value


def _yaml(block: str) -> Any:
    """The value of a YAML block by the safe schema (nothing is executed), or None where it is no YAML."""
    import yaml

    # Nine aliases in nine lines grow to a billion items when written out. Front matter has no use for them.
    if "*" in block and any(isinstance(token, yaml.AliasToken) for token in _tokens(block)):
        return None
    try:
        # libyaml's safe loader where the wheel has it: twelve times faster, same schema.
        return yaml.load(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except ValueError:
        # A date such as 2024-02-30, or a number of too many digits: one bad value costs its own meaning only.
        return _strings(block)
    except (yaml.YAMLError, RecursionError):
        return None


def _strings(block: str) -> Any:
    """The value of a YAML block, with every scalar as it was written."""
    import yaml

    try:
        return yaml.load(block, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _tokens(block: str) -> Iterator[Any]:
    import yaml

    try:
        yield from yaml.scan(block, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return
