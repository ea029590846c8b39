"""Servers that refuse in exactly the words of real ones, for refusals that cannot be provoked on a test server.

They speak just enough of PostgreSQL's and MySQL's protocols for the real drivers to raise what they raise in earnest.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104


@contextmanager
def postgresql(sqlstate: str, message: str, *, takes_tls: bool = False) -> Iterator[int]:
    """A port on which every login is refused with ``FATAL: message``."""

    def answer(client: socket.socket) -> None:
        while True:
            head = client.recv(8)
            if len(head) < 8:
                return
            length, code = struct.unpack("!ii", head)
            if code in (_SSL_REQUEST, _GSS_REQUEST):
                client.sendall(b"S" if takes_tls and code == _SSL_REQUEST else b"N")
                continue
            client.recv(length - 8)
            fields = b"SFATAL\0VFATAL\0C" + sqlstate.encode() + b"\0M" + message.encode() + b"\0\0"
            client.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)
            return

    with _listening(answer) as port:
        yield port


@contextmanager
def mysql(number: int, message: str) -> Iterator[int]:
    """A port on which every login is refused with an error packet instead of a greeting."""

    def answer(client: socket.socket) -> None:
        packet = b"\xff" + struct.pack("<H", number) + b"#HY000" + message.encode()
        client.sendall(struct.pack("<I", len(packet))[:3] + b"\0" + packet)

    with _listening(answer) as port:
        yield port


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with _listening(lambda client: client.recv(10_000) and threading.Event().wait(3)) as port:
        yield port


@contextmanager
def _listening(answer: object) -> Iterator[int]:
    server = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve(client: socket.socket) -> None:
        with client:
            try:
                answer(client)  # type: ignore[operator]
            except OSError:
                return

    def accept() -> None:
        while not stopped.is_set():
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        stopped.set()
        server.close()
