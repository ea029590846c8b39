"""A way to a server on which, from some moment on, nothing arrives any more; the connection stays."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url


class Mute:
    """``url`` leads to the server until so many bytes of its answers have passed; then ``silent`` is set."""

    def __init__(self, url: str, passing: int) -> None:
        self.silent = threading.Event()
        self._passing = passing
        self._over = threading.Event()
        self._target = make_url(url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        own = {key: value for key, value in self._target.query.items() if key != "host"}
        self.url = self._target.set(host="127.0.0.1", port=self._listener.getsockname()[1], query=own).render_as_string(
            hide_password=False
        )

    def run(self) -> None:
        """Accept connections until the end."""
        self._in_background(self._serve)

    def end(self) -> None:
        """Let go of everything."""
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                server = self._server()
                self._in_background(self._pump, client, server, None)
                self._in_background(self._pump, server, client, self._passing)
        except OSError:
            return

    def _server(self) -> socket.socket:
        host, port = self._target.host or self._target.query.get("host"), self._target.port or 5432
        if isinstance(host, str) and host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
            return server
        return socket.create_connection((str(host), port))

    def _pump(self, source: socket.socket, target: socket.socket, most: int | None) -> None:
        with source, target:
            try:
                while data := source.recv(65536):
                    if most is not None and (most := most - len(data)) < 0:
                        self.silent.set()
                        self._over.wait(timeout=120)
                        return
                    target.sendall(data)
            except OSError:
                return

    def _in_background(self, work: object, *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()  # type: ignore[arg-type]


@contextmanager
def mute_after(url: str, passing: int) -> Iterator[Mute]:
    """A way to the server of ``url`` that passes so many bytes of each connection's answers."""
    way = Mute(url, passing)
    way.run()
    try:
        yield way
    finally:
        way.end()
