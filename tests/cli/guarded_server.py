"""A PostgreSQL of its own with TLS and access rules, on which every kind of refusal can be provoked in earnest."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from drift.verification.embedded import embedded_binaries
from tests.servers.postgresql import local

RULES = """\
local    all  all                      trust
host     all  postgres   127.0.0.1/32  trust
hostssl  all  tls_only   127.0.0.1/32  trust
host     all  secret     127.0.0.1/32  scram-sha-256
host     all  nobody_ever 127.0.0.1/32 scram-sha-256
host     all  limited    127.0.0.1/32  trust
host     all  kept_out   127.0.0.1/32  trust
host     all  reader     127.0.0.1/32  trust
host     all  no_login   127.0.0.1/32  trust
host     all  unheard_of 127.0.0.1/32  trust
host     all  turned_away 127.0.0.1/32 reject
"""
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
SETUP = (
    "CREATE ROLE tls_only LOGIN",
    "CREATE ROLE secret LOGIN PASSWORD 'right-one'",
    "CREATE ROLE limited LOGIN CONNECTION LIMIT 0",
    "CREATE ROLE kept_out LOGIN",
    "CREATE ROLE reader LOGIN",
    "CREATE ROLE no_login",
    "CREATE ROLE stranger LOGIN",
    "CREATE ROLE turned_away LOGIN",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The server: its port, the certificate that it shows, and whether its build can speak TLS at all.

    Beside its certificate lie ``stranger.crt``, which signed nothing of it, and ``expired.crt``.
    """

    port: int
    certificate: Path
    tls: bool
    data: Path

    def url(self, user: str, database: str = "postgres", password: str = "", query: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql+psycopg2://{user}{secret}@127.0.0.1:{self.port}/{database}{query}"

    @contextmanager
    def showing(self, name: str) -> Iterator[None]:
        """While this lasts it shows another certificate."""
        if name == "server" or not self.tls:
            yield
            return
        self._show(name)
        self.execute("SELECT pg_reload_conf()")
        self._until(lambda: self._trusted_by(name))
        try:
            yield
        finally:
            self._show("server")
            self.execute("SELECT pg_reload_conf()")
            self._until(lambda: self._trusted_by("server"))

    def _show(self, name: str) -> None:
        for ending in ("crt", "key"):
            shutil.copy(self.certificate.parent / f"{name}.{ending}", self.data / f"server.{ending}")
            _give(self.data / f"server.{ending}", self.data)

    def _trusted_by(self, name: str) -> bool:
        shown = ssl.create_default_context(cafile=str(self.certificate.parent / f"{name}.crt"))
        shown.check_hostname = False
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.sendall(SSL_REQUEST)
                assert connection.recv(1) == b"S"
                shown.wrap_socket(connection).close()
        except ssl.SSLCertVerificationError as error:
            return "expired" in error.verify_message
        return True

    @contextmanager
    def without_tls(self) -> Iterator[None]:
        """While this lasts it offers no TLS."""
        if self.tls:
            self.execute("ALTER SYSTEM SET ssl = off", "SELECT pg_reload_conf()")
            self._until(lambda: not self._takes_tls())
        try:
            yield
        finally:
            if self.tls:
                self.execute("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
                self._until(self._takes_tls)

    def _takes_tls(self) -> bool:
        try:
            sa.create_engine(self.url("postgres", query="?sslmode=require"), poolclass=sa.NullPool).connect().close()
        except sa.exc.OperationalError:
            return False
        return True

    def _until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError("the server did not take its new settings")

    def execute(self, *statements: str, database: str = "postgres") -> None:
        engine = sa.create_engine(self.url("postgres", database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@contextmanager
def guarded_server() -> Iterator[Guarded]:
    """Start it, give it a certificate and rules."""
    server = local(binaries())
    folder = Path(tempfile.mkdtemp(prefix="drift-certificate-"))
    try:
        port = sa.make_url(server.url).port
        assert port is not None
        with sa.create_engine(server.url).connect() as connection:
            data = Path(str(connection.scalar(sa.text("SHOW data_directory"))))
            tls = bool(connection.scalar(sa.text("SHOW ssl_library")))
        guarded = Guarded(port, folder / "server.crt", tls, data)
        _certificates(folder)
        guarded._show("server")
        # Without TLS in the build, a `hostssl` line is an error, and no line at all refuses in the same words.
        rules = RULES if tls else "".join(line for line in RULES.splitlines(True) if not line.startswith("hostssl"))
        (data / "pg_hba.conf").write_text(rules)
        guarded.execute(*SETUP, *(["ALTER SYSTEM SET ssl = on"] if tls else []), "SELECT pg_reload_conf()")
        if tls:
            guarded._until(guarded._takes_tls)
        yield guarded
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path:
    """A system's own PostgreSQL can speak TLS; the embedded one, which is always there, is built without it."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    embedded = embedded_binaries()
    assert installed or embedded, "the embedded PostgreSQL belongs to the test requirements"
    return installed[-1].parent if installed else embedded or Path()


def _certificates(folder: Path) -> None:
    """Self-signed ones for 127.0.0.1: the server's, one that has expired, and one of somebody else."""
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name, days in (("server", 2), ("expired", -1), ("stranger", 2)):
        request = "req -new -nodes -newkey rsa:2048 -subj /CN=127.0.0.1"
        for line in (
            f"openssl {request} -keyout {name}.key -out {name}.csr",
            f"openssl x509 -req -in {name}.csr -signkey {name}.key -days {days} -extfile names -out {name}.crt",
        ):
            subprocess.run(line.split(), cwd=folder, check=True, capture_output=True)


def _give(file: Path, data: Path) -> None:
    owner = data.stat()
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)
    file.chmod(0o600)
