"""Messages between our own processes: a four-byte length, then bytes.

Jobs go down as pickles, from a process that trusts itself. Answers come up as JSON only: a parser that a document has taken
over could send a pickle that takes over its parent as well.
"""

import json
import socket
import struct
import time
from typing import Any, cast

_LENGTH = struct.Struct(">I")

LONGEST = 64 << 20
"""Bytes of one message. Jobs and answers name files; they do not carry text."""


class Frames:
    """One end of a connection. Not for several threads at once."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._buffer = bytearray()

    def send(self, body: bytes) -> None:
        """Raises ValueError for a message that is too long, ConnectionError where the other side is gone."""
        if len(body) > LONGEST:
            raise ValueError(
                f"a message of {len(body)} bytes, the limit is {LONGEST}; write data to a file, send its path"
            )
        self.connection.settimeout(None)
        self.connection.sendall(_LENGTH.pack(len(body)) + body)

    def send_json(self, message: dict[str, Any]) -> None:
        self.send(json.dumps(message, separators=(",", ":"), default=str).encode("utf-8", "backslashreplace"))

    def receive(self, timeout: float | None = None) -> bytes | None:
        """The next message; None where the other side is gone. Raises TimeoutError, keeping what came of a message so far."""
        end = None if timeout is None else time.monotonic() + timeout
        while (body := self._whole()) is None:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self.connection.settimeout(left)
            try:
                part = self.connection.recv(1 << 16)
            except ConnectionError:
                return None
            if not part:
                return None
            self._buffer += part
        return body

    def receive_json(self, timeout: float | None = None) -> dict[str, Any] | None:
        """As `receive`; None also for what is no JSON object, since its sender cannot be trusted any more."""
        body = self.receive(timeout)
        try:
            message = None if body is None else json.loads(body)
        except (ValueError, RecursionError):
            return None
        return cast("dict[str, Any]", message) if isinstance(message, dict) else None

    def close(self) -> None:
        self.connection.close()

    def _whole(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > LONGEST:
            # No sender of ours does this: treat the connection as lost.
            self.connection.close()
            raise ConnectionError(f"a message of {length} bytes was announced")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return body
