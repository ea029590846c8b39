"""A PostgreSQL of its own with TLS and access rules, on which every kind of refusal can be provoked in earnest."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
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
"""
SETUP = (
    "CREATE ROLE tls_only LOGIN",
    "CREATE ROLE secret LOGIN PASSWORD 'right-one'",
    "CREATE ROLE limited LOGIN CONNECTION LIMIT 0",
    "CREATE ROLE kept_out LOGIN",
    "CREATE ROLE reader LOGIN",
    "CREATE ROLE no_login",
    "CREATE ROLE stranger LOGIN",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The server: its port, the certificate that it shows, and whether its build can speak TLS at all."""

    port: int
    certificate: Path
    tls: bool

    def url(self, user: str, database: str = "postgres", password: str = "", query: str = "") -> str:
        secret = f":{password}" if password else ""
        return f"postgresql+psycopg2://{user}{secret}@127.0.0.1:{self.port}/{database}{query}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        engine = sa.create_engine(self.url("postgres", database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


@contextmanager
def guarded_server() -> Iterator[Guarded]:
    """Start it, give it a certificate and rules."""
    server = local(_binaries())
    folder = Path(tempfile.mkdtemp(prefix="drift-certificate-"))
    try:
        port = sa.make_url(server.url).port
        assert port is not None
        with sa.create_engine(server.url).connect() as connection:
            data = Path(str(connection.scalar(sa.text("SHOW data_directory"))))
            tls = bool(connection.scalar(sa.text("SHOW ssl_library")))
        guarded = Guarded(port, folder / "server.crt", tls)
        _certificate(folder)
        for name in ("server.crt", "server.key"):
            shutil.copy(folder / name, data / name)
            _give(data / name, data)
        # Without TLS in the build, a `hostssl` line is an error, and no line at all refuses in the same words.
        rules = RULES if tls else "".join(line for line in RULES.splitlines(True) if not line.startswith("hostssl"))
        (data / "pg_hba.conf").write_text(rules)
        guarded.execute(*SETUP, *(["ALTER SYSTEM SET ssl = on"] if tls else []), "SELECT pg_reload_conf()")
        if tls:
            _until_tls(guarded)
        yield guarded
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """A system's own PostgreSQL can speak TLS; the embedded one, which is always there, is built without it."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    embedded = embedded_binaries()
    assert installed or embedded, "the embedded PostgreSQL belongs to the test requirements"
    return installed[-1].parent if installed else embedded or Path()


def _certificate(folder: Path) -> None:
    """A self-signed certificate for 127.0.0.1."""
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-out", "server.crt", "-keyout", "server.key"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def _give(file: Path, data: Path) -> None:
    owner = data.stat()
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)
    file.chmod(0o600)


def _until_tls(guarded: Guarded) -> None:
    engine = sa.create_engine(guarded.url("tls_only", query="?sslmode=require"), poolclass=sa.NullPool)
    for _ in range(100):
        try:
            engine.connect().close()
            return
        except sa.exc.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the server does not take TLS connections")
