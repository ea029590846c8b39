"""What a test server is, and how the choice of one is described before it starts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOM = 2 * 1024**3
"""Bytes that must be free in memory for a server's files."""


class ServerUnavailableError(Exception):
    """No server of this kind can be had; the message says what was tried."""


def _nothing() -> None:
    """Leave a server alone that somebody else started."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: SQLAlchemy URL with a driver, of an administrator, to a database that always exists.
        label: For people, without secrets.
        version: ``(major, minor)``.
        stop: Ends it; does nothing for a server that was not started here.
    """

    url: str
    label: str
    version: tuple[int, ...]
    stop: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Choice:
    """A server that may be started: ``start`` is ``None`` where none can be had, and ``label`` says why."""

    label: str
    start: Callable[[], Server] | None

    def open(self) -> Server:
        """Start it.

        Raises:
            ServerUnavailableError: None can be had.
        """
        if self.start is None:
            raise ServerUnavailableError(self.label)
        return self.start()


@cache
def docker_answers() -> bool:
    """Whether testcontainers is installed and a Docker engine answers within two seconds."""
    if importlib.util.find_spec("testcontainers") is None:
        return False
    host = os.environ.get("DOCKER_HOST", "")
    if not host and not Path("/var/run/docker.sock").exists():
        return False
    try:
        import docker

        client = docker.from_env(timeout=2)
        try:
            return bool(client.ping())
        finally:
            client.close()
    except Exception:
        return False


def server_folder(prefix: str) -> Path:
    """A new temporary folder for a server, in memory where there is room: every test makes a database."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=memory if roomy else None))


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_secret(url: str) -> str:
    """A URL for people."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def version_of(url: str) -> tuple[int, ...]:
    """The version that the server states; proves that it can be reached."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return tuple(int(part) for part in connection.dialect.server_version_info or () if isinstance(part, int))
