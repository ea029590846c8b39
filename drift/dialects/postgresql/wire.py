"""PostgreSQL's protocol from the server's side, as far as its own client programs need it.

``pg_dump`` and ``pg_restore`` know best how a database is written down and made again, but they open connections of
their own. Here they are given one that is open already: whatever it goes through (TLS, a driver, a pooler, a token that
is valid once), they see the same snapshot, get no password, and each of their statements passes through our hands.

Only simple queries are spoken, which is all that those programs use:
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

_PROTOCOL = 196608
_NO_ENCRYPTION = (80877103, 80877104)
"""Asked before the start: TLS, GSSAPI. Nothing leaves the machine here."""

_TEXT = 25
"""The type ``text``: every value is handed on as the server spelled it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement returned.

    Attributes:
        names: Of its columns; empty for a statement that returns none.
        rows: Values as the server spells them.
    """

    names: tuple[str, ...] = ()
    rows: Sequence[Sequence[str | None]] = ()


class RefusedError(Exception):
    """The statement failed.

    Attributes:
        reason: What the server said, one line.
        code: Its SQLSTATE.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


def serve(client: socket.socket, settings: Mapping[str, str], ask: Callable[[str], Answer]) -> None:
    """Talk to one client until it says goodbye or hangs up.

    Args:
        client: Its connection.
        settings: Of the server, as it would report them at the start.
        ask: Answers a statement, or raises :class:`RefusedError`.
    """
    with client.makefile("rb") as reading:
        if not _greeted(client, reading.read, settings):
            return
        while len(head := reading.read(5)) == 5 and head[:1] != b"X":
            kind, length = struct.unpack("!ci", head)
            client.sendall(_reply(kind, reading.read(length - 4), ask) + _ready())


def _greeted(client: socket.socket, read: Callable[[int], bytes], settings: Mapping[str, str]) -> bool:
    while len(head := read(8)) == 8:
        length, code = struct.unpack("!ii", head)
        read(length - 8)
        if code in _NO_ENCRYPTION:
            client.sendall(b"N")
            continue
        if code != _PROTOCOL:
            break
        said = [_message(b"R", struct.pack("!i", 0))]
        said += [_message(b"S", _text(name) + _text(value)) for name, value in settings.items()]
        client.sendall(b"".join(said) + _message(b"K", bytes(8)) + _ready())
        return True
    return False


def _reply(kind: bytes, body: bytes, ask: Callable[[str], Answer]) -> bytes:
    if kind != b"Q":
        return _error(RefusedError("only simple queries are answered here", "0A000"))
    try:
        answer = ask(body.rstrip(b"\0").decode())
    except RefusedError as error:
        return _error(error)
    if not answer.names:
        return _message(b"C", _text("OK"))
    columns = b"".join(_text(name) + struct.pack("!ihihih", 0, 0, _TEXT, -1, -1, 0) for name in answer.names)
    parts = [_message(b"T", struct.pack("!h", len(answer.names)) + columns)]
    parts += [_message(b"D", struct.pack("!h", len(row)) + _values(row)) for row in answer.rows]
    return b"".join(parts) + _message(b"C", _text(f"SELECT {len(answer.rows)}"))


def _values(row: Iterable[str | None]) -> bytes:
    encoded = [value.encode() if value is not None else None for value in row]
    return b"".join(struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in encoded)


def _error(error: RefusedError) -> bytes:
    fields = (b"S" + _text("ERROR"), b"C" + _text(error.code), b"M" + _text(error.reason), b"\0")
    return _message(b"E", b"".join(fields))


def _ready() -> bytes:
    return _message(b"Z", b"I")


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _text(text: str) -> bytes:
    return text.encode() + b"\0"
