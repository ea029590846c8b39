"""Throw-away databases behind one small interface.

Where one comes from is decided in this order: the URL that the user gave (a new database is made beside the named
one, and dropped), an embedded PostgreSQL where its package is installed, a container where a Docker engine answers.
SQLite needs nothing but a temporary file.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.sources.connections import engine_for, failure, parse
from drift.verification.embedded import embedded_binaries, embedded_server

PREFIX = "drift_scratch_"
"""Every scratch database on a server that somebody else runs is called so; nothing else is ever dropped."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """An empty database that is dropped at the end.

    Attributes:
        url: With everything that is needed to connect.
        label: What it is, for people, without secrets.
    """

    url: URL
    label: str

    def engine(self) -> Engine:
        """A new engine that keeps no connection open."""
        return create_engine(self.url, poolclass=NullPool)


@contextmanager
def scratch_database(dialect: str, *, scratch_url: str | None = None) -> Iterator[Scratch]:
    """An empty database of that dialect.

    Args:
        dialect: SQLAlchemy dialect name.
        scratch_url: A server on which databases may be created.

    Raises:
        DriftError: There is no such server, it is of another kind, or it refuses.
    """
    if scratch_url is not None:
        with _beside(scratch_url, dialect) as scratch:
            yield scratch
    elif dialect == "sqlite":
        with tempfile.TemporaryDirectory(prefix="drift-scratch-") as folder:
            yield Scratch(
                URL.create("sqlite", database=str(Path(folder) / "scratch.sqlite")), "a temporary SQLite file"
            )
    elif dialect == "postgresql" and embedded_binaries() is not None:
        with embedded_server() as server, _beside(server, dialect, "an embedded PostgreSQL") as scratch:
            yield scratch
    elif docker_answers():
        with _container(dialect) as (server, label), _beside(server, dialect, label) as scratch:
            yield scratch
    else:
        raise DriftError(
            f"there is no scratch database for {dialect}",
            details=("a proof runs the revision on a throw-away copy of the live structure",),
            help=(
                "Name a server on which databases may be created: --scratch-url",
                *(
                    ("Or install the embedded one: pip install 'sqlalchemy-drift[embedded]'",)
                    if dialect == "postgresql"
                    else ()
                ),
                "Or write the revision without a proof: --unverified",
            ),
        )


@contextmanager
def _beside(server: str, dialect: str, label: str | None = None) -> Iterator[Scratch]:
    """A new database on a server, dropped at the end."""
    parsed = parse(server, origin="--scratch-url")
    kind = parsed.get_backend_name()
    if {kind, dialect} - {"mysql", "mariadb"} and kind != dialect:
        raise DriftError(
            f"the scratch server is {kind}, and the live database is {dialect}",
            place="--scratch-url",
            help=(f"Name a {dialect} server, of the live one's version if you can.",),
        )
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="drift-scratch-") as folder:
            yield Scratch(
                URL.create("sqlite", database=str(Path(folder) / "scratch.sqlite")), "a temporary SQLite file"
            )
        return
    administrator = engine_for(parsed).execution_options(isolation_level="AUTOCOMMIT")
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    try:
        with administrator.connect() as connection:
            connection.execute(text(_create(name, kind)))
            version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    except SQLAlchemyError as error:
        raise failure(error, parsed, "--scratch-url") from None
    try:
        url = administrator.url.set(database=name)
        yield Scratch(url, f"{label or 'a scratch database on the given server'}, {kind} {version}".strip())
    finally:
        with administrator.connect() as connection:
            if kind == "postgresql":
                stop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                connection.execute(text(stop), {"name": name})
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        administrator.dispose()


def _create(name: str, kind: str) -> str:
    if kind == "postgresql":
        return f"CREATE DATABASE {name} TEMPLATE template0"
    return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"


def docker_answers() -> bool:
    """Whether containers can be started here."""
    try:
        client = import_module("docker").from_env(timeout=2)
        import_module("testcontainers")
        try:
            return bool(client.ping())
        finally:
            client.close()
    except Exception:  # no package, no engine, no permission: whatever the reason, there are no containers
        return False


@contextmanager
def _container(dialect: str) -> Iterator[tuple[str, str]]:
    if dialect == "postgresql":
        from testcontainers.postgres import PostgresContainer

        container: Any = PostgresContainer("postgres:18", driver=None)
    else:
        from testcontainers.mysql import MySqlContainer

        image = "mariadb:11" if dialect == "mariadb" else "mysql:8.4"
        container = MySqlContainer(image, username="root", dialect=None)
    with container as started:
        yield str(started.get_connection_url()), "a container"
