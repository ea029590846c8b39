"""MariaDB and MySQL for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

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

MARIADB_IMAGE = "mariadb:10.11"
MYSQL_IMAGE = "mysql:8.0"


def choose_mariadb() -> Choice:
    """Decide which MariaDB the tests use, without starting it."""
    if url := os.environ.get("DRIFT_TEST_MARIADB_URL"):
        return Choice(f"{without_secret(url)} (from DRIFT_TEST_MARIADB_URL)", lambda: _given(url, "mariadb"))
    if docker_answers():
        return Choice(f"container {MARIADB_IMAGE}", lambda: _container(MARIADB_IMAGE, "mariadb"))
    if (binary := _server_binary("mariadbd", "mysqld")) and _is_mariadb(binary):
        return Choice(f"started from {binary}", lambda: _local_mariadb(binary))
    return Choice("no DRIFT_TEST_MARIADB_URL, no Docker engine, no mariadbd installed", None)


def choose_mysql() -> Choice:
    """Decide which MySQL the tests use, without starting it."""
    if url := os.environ.get("DRIFT_TEST_MYSQL_URL"):
        return Choice(f"{without_secret(url)} (from DRIFT_TEST_MYSQL_URL)", lambda: _given(url, "mysql"))
    if docker_answers():
        return Choice(f"container {MYSQL_IMAGE}", lambda: _container(MYSQL_IMAGE, "mysql"))
    if given := os.environ.get("DRIFT_TEST_MYSQLD"):
        return Choice(f"started from {given} (from DRIFT_TEST_MYSQLD)", lambda: _local_mysql(Path(given)))
    if (binary := _server_binary("mysqld")) and not _is_mariadb(binary):
        return Choice(f"started from {binary}", lambda: _local_mysql(binary))
    missing = "no DRIFT_TEST_MYSQL_URL, no Docker engine, no DRIFT_TEST_MYSQLD, no MySQL server installed"
    return Choice(missing, None)


def _given(url: str, dialect: str) -> Server:
    from sqlalchemy import make_url

    text = make_url(url).set(drivername=f"{dialect}+pymysql").render_as_string(hide_password=False)
    version = version_of(text)
    return Server(text, f"{dialect} {_dotted(version)} at {without_secret(text)}", version)


def _container(image: str, dialect: str) -> Server:
    from sqlalchemy import make_url
    from testcontainers.mysql import MySqlContainer

    started = MySqlContainer(image, username="root", root_password="root", password="root", dbname="test").start()
    url = make_url(started.get_connection_url()).set(drivername=f"{dialect}+pymysql", database=None)
    text = url.render_as_string(hide_password=False)
    version = version_of(text)
    return Server(text, f"{dialect} {_dotted(version)} in a container ({image})", version, started.stop)


def start_mariadb(*options: str) -> Server:
    """A MariaDB of one's own, with options that cannot be changed later.

    Raises:
        ServerUnavailableError: No server is installed.
    """
    binary = _server_binary("mariadbd", "mysqld")
    if binary is None or not _is_mariadb(binary):
        raise ServerUnavailableError("no mariadbd installed")
    return _local_mariadb(binary, *options)


def _local_mariadb(binary: Path, *further: str) -> Server:
    folder = server_folder("drift-mariadb-")
    account = "root" if os.geteuid() == 0 else None
    installer = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if installer is None:
        raise ServerUnavailableError(f"{binary} is installed but mariadb-install-db is not")
    options = [*([f"--user={account}"] if account else []), *further]
    command = [installer, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db", *options]
    command.append("--auth-root-authentication-method=normal")
    # Temporary tables are named after the process alone: two installers at once would take each other's.
    own = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=own)
    if done.returncode != 0:
        raise ServerUnavailableError(f"{installer} failed: {done.stderr.strip() or done.stdout.strip()}")
    return _start(binary, folder, "mariadb", options)


def _local_mysql(binary: Path) -> Server:
    folder = server_folder("drift-mysql-")
    options = ["--user=root"] if os.geteuid() == 0 else []
    command = [str(binary), "--no-defaults", "--initialize-insecure", f"--datadir={folder / 'data'}", *options]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise ServerUnavailableError(f"{binary} --initialize-insecure failed: {done.stderr.strip()}")
    return _start(binary, folder, "mysql", options)


def _start(binary: Path, folder: Path, dialect: str, options: list[str]) -> Server:
    from sqlalchemy.exc import OperationalError

    port = free_port()
    command = [
        str(binary),
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--port={port}",
        "--skip-log-bin",
        *options,
    ]
    command += ["--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
    # Durability is of no use to a database that lives for one test.
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=64M"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop() -> None:
        process.kill()
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)

    url = f"{dialect}+pymysql://root@127.0.0.1:{port}/"
    deadline = time.monotonic() + 60
    while True:
        try:
            version = version_of(url)
        except OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                message = (folder / "log").read_text(errors="replace")
                stop()
                raise ServerUnavailableError(f"{binary} did not start: {message}") from error
            time.sleep(0.1)
        else:
            return Server(url, f"{dialect} {_dotted(version)} (started from {binary})", version, stop)


def _server_binary(*names: str) -> Path | None:
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = (shutil.which(name, path=places) for name in names)
    return next((Path(path) for path in found if path), None)


def _is_mariadb(binary: Path) -> bool:
    done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, errors="replace")
    return "MariaDB" in done.stdout


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
