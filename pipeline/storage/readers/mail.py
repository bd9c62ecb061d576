"""Mail: a message (eml) or a folder of them (mbox); the thread is the group.

Of the headers only subject and date are kept: addresses are personal data, and a Message-ID often holds one.
"""

import email
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from typing import Any, cast

from pipeline.errors import Unreadable
from pipeline.storage.encoding import decode
from pipeline.storage.readers import parts
from pipeline.storage.readers.html import NO_TEXT, markup_text
from pipeline.storage.readers.lines import TooLong, split_lines
from pipeline.storage.readers.record import Found, Input, broken, sha256

_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
THREAD_HEX = 16
"""64 bits: two of a million threads share a name with a chance of 3 in 100 million."""

LONGEST_HEADER = 4096
"""Characters of a header that are parsed: the standard library needs 28 s for one of 100 kB, and quadratically more."""


class _Bounded(EmailPolicy):
    """The default policy, with the ends of giant headers cut off before they are parsed."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return super().header_fetch_parse(name, value if hasattr(value, "name") else value[:LONGEST_HEADER])


PARSING = (ValueError, LookupError, AttributeError, TypeError, RecursionError)
"""What the standard library's parser raises for headers that no standard foresaw."""


def read_mail(file: Input) -> Iterator[Found]:
    head = file.stream.read(5)
    if head != b"From ":
        yield _message(head + file.data(), whole=True)
        return
    for message in _messages(file):
        if isinstance(message, TooLong):
            yield broken("read.line_too_long", str(message))
        else:
            yield parts.enter() or _message(message, whole=False)


def _messages(file: Input) -> Iterator[bytes | TooLong]:
    """Messages of an mbox: each begins with a "From " line after an empty one; ">From " inside is mended."""
    held: list[bytes] = []
    size = 0
    empty, first = False, True
    for line in split_lines(file.stream, file.limits.line_bytes):
        if isinstance(line, TooLong):
            yield line
            continue
        if first or (empty and line.startswith(b"From ")):
            if held:
                yield b"\n".join(held)
            held, size, first = [], 0, False
            continue
        size += len(line)
        if size > file.limits.file_bytes:
            raise Unreadable("read.too_large", f"one message of more than {file.limits.file_bytes} bytes")
        held.append(line[1:] if re.match(rb">+From ", line) else line)
        empty = not line.strip()
    if held:
        yield b"\n".join(held)


def _message(data: bytes, *, whole: bool) -> Found:
    digest = sha256(data)
    try:
        message = cast("EmailMessage", email.message_from_bytes(data, policy=_Bounded()))
        text, notes = _body(message)
        meta = {"subject": str(message["Subject"])} if message["Subject"] else {}
        attachments = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
        group, date = _thread(message), _date(message)
    except PARSING as error:
        return broken("read.mail_corrupt", f"message cannot be read: {error}", digest)
    if attachments:
        meta = {**meta, "attachments": cast("Any", attachments)}
    notes = notes if text.strip() else (NO_TEXT,)
    return Found(text, group=group, date=date, meta=meta, notes=notes, digest=digest, whole=whole)


def _body(message: EmailMessage) -> tuple[str, tuple[str, ...]]:
    """The text of a message, and notes on it."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return "", ()
    payload = cast("bytes | None", cast("Message", part).get_payload(decode=True)) or b""
    found = decode(payload, part.get_content_charset())
    is_markup = part.get_content_type() == "text/html" and found.text.strip()
    return markup_text(found.text) if is_markup else found.text, (found.note,) if found.note else ()


def _thread(message: EmailMessage) -> str | None:
    """Names the first message of the thread, as far as the headers tell: the start of sha256 of its id without brackets."""
    for header in ("References", "In-Reply-To", "Message-ID"):
        found = _MESSAGE_ID.search(str(message[header] or ""))
        if found:
            return sha256(found[0].strip("<>").encode("utf-8", "surrogateescape"))[:THREAD_HEX]
    return None


def _date(message: EmailMessage) -> str | None:
    try:
        return parsedate_to_datetime(str(message["Date"])).isoformat() if message["Date"] else None
    except (ValueError, TypeError, IndexError):
        return None
