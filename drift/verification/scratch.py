"""Throw-away databases behind one small interface.

Where one comes from is decided in this order: the URL that the user gave (a new database is made beside the named
one, and dropped), an embedded PostgreSQL where its package is installed, a container where a Docker engine answers.
SQLite needs nothing but a temporary file.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.migration.ddl.quoting import Quoting
from drift.schema import Extension
from drift.sources.connections import engine_for, failure, parse
from drift.verification.clone import NotCloned
from drift.verification.embedded import embedded_binaries, embedded_server
from drift.verification.extensions import make_extensions
from drift.verification.leftovers import owned_folder, owned_name, owner_of
from drift.verification.logins import is_superuser, make_login, require_entrance, require_harmless
from drift.verification.statements import run_as_written

PREFIX = "drift_scratch_"
"""Every scratch database on a server that somebody else runs is called so; nothing else is ever dropped."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """An empty database that is dropped at the end.

    Attributes:
        url: With everything that is needed to connect.
        label: What it is, for people, without secrets.
        refused: Extensions that it should have had.
        strangers: Scratch databases on that server of which nobody here knows whether they are still used.
    """

    url: URL
    label: str
    refused: tuple[NotCloned, ...] = ()
    strangers: tuple[str, ...] = ()

    def engine(self) -> Engine:
        """A new engine that keeps no connection open."""
        return create_engine(self.url, poolclass=NullPool)


PROOF = "a proof runs the revision on a throw-away copy of the live structure"


@dataclass(frozen=True, slots=True)
class ScratchServer:
    """Where scratch databases are made, one after the other.

    Attributes:
        kind: SQLAlchemy dialect name.
        label: What it is, for people, without secrets.
        url: As whom databases are made; ``None`` for SQLite's files.
        trust_schema: Whether the live schema's functions may run as that login, whatever it may do.
        ours: Whether it was started for this command, and ends with it.
    """

    kind: str
    label: str
    url: URL | None
    trust_schema: bool = False
    ours: bool = False

    @contextmanager
    def database(
        self, *, foreign: bool = True, extensions: Sequence[Extension] = (), roles: Sequence[str] = ()
    ) -> Iterator[Scratch]:
        """An empty database.

        Args:
            foreign: What is put into it comes from a live database, and is not to have a superuser's rights.
            extensions: What it must have (PostgreSQL).
            roles: Whom its privileges and policies name (PostgreSQL). They are made where the server is ours.

        Raises:
            DriftError: The server refuses, or its login has rights that foreign code must not get.
        """
        if self.url is None:
            with owned_folder("scratch") as folder:
                yield Scratch(URL.create("sqlite", database=str(folder / "scratch.sqlite")), self.label)
            return
        engine = engine_for(self.url).execution_options(isolation_level="AUTOCOMMIT")
        name = owned_name(PREFIX)
        guarded = foreign and not self.trust_schema and self.kind == "postgresql"
        with ExitStack() as at_the_end:
            try:
                with engine.connect() as connection:
                    at_the_end.callback(_drop_again, engine, name)
                    strangers = _drop_left_over(connection)
                    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
                    url, owner = self._create(connection, name, engine.url, guarded)
                    if self.ours:
                        _make_roles(connection, roles)
                refused = _extended(engine.url.set(database=name), extensions, owner, guarded)
            except SQLAlchemyError as error:
                raise failure(error, self.url, "--scratch-url") from None
            yield Scratch(url, f"{self.label}, {self.kind} {version}".strip(), refused, strangers)

    def _create(self, connection: Connection, name: str, url: URL, guarded: bool) -> tuple[URL, str | None]:
        """Make the database; where to connect to it, and the role that was made for it."""
        if self.kind != "postgresql":
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            return url.set(database=name), None
        login = make_login(connection, name) if guarded and is_superuser(connection) else None
        if guarded and login is None:
            require_harmless(connection)
        owner = f" OWNER {login.name}" if login is not None else ""
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0{owner}")
        connection.exec_driver_sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        if login is None:
            return url.set(database=name), None
        entrance = login.url(url, name)
        require_entrance(entrance)
        return entrance, login.name


def _make_roles(connection: Connection, roles: Sequence[str]) -> None:
    """Make the roles that are not there; nobody can log in as one of them."""
    if not roles:
        return
    there = set(connection.exec_driver_sql("SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles").scalars())
    quoting = Quoting("postgresql", None)
    for role in roles:
        if role not in there:
            run_as_written(connection, f"CREATE ROLE {quoting.name(role)}")


def _extended(url: URL, extensions: Sequence[Extension], owner: str | None, guarded: bool) -> tuple[NotCloned, ...]:
    if not extensions:
        return ()
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        return make_extensions(connection, extensions, owner=owner, guarded=guarded)


def _drop_again(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        _drop(connection, name)


def _drop(connection: Connection, name: str) -> None:
    """Drop a scratch database, and on PostgreSQL the role that was made for it."""
    on_postgresql = connection.dialect.name == "postgresql"
    if on_postgresql:
        stop = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = :name"
        connection.execute(text(stop), {"name": name})
    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
    if on_postgresql and connection.execute(text(_IS_ROLE), {"name": name}).scalar():
        connection.exec_driver_sql(f"DROP ROLE {name}")


# Only who may drop roles at all may say `IF EXISTS`.
_IS_ROLE = "SELECT true FROM pg_catalog.pg_roles WHERE rolname = :name"
_ON_POSTGRESQL = "SELECT datname FROM pg_catalog.pg_database UNION SELECT rolname FROM pg_catalog.pg_roles ORDER BY 1"
_ON_MYSQL = "SELECT schema_name FROM information_schema.schemata ORDER BY 1"


def _drop_left_over(connection: Connection) -> tuple[str, ...]:
    """Drop the databases and roles of processes of this machine that are gone; name those of which nothing is known."""
    query = _ON_POSTGRESQL if connection.dialect.name == "postgresql" else _ON_MYSQL
    strangers = []
    for name in connection.exec_driver_sql(query).scalars().all():
        owner = owner_of(name, PREFIX)
        if not name.startswith(PREFIX) or (owner is not None and owner.is_here and not owner.is_gone):
            continue
        if owner is not None and owner.is_gone:
            with suppress(SQLAlchemyError):  # another command removes it at the same time, or another login made it
                _drop(connection, name)
                continue
        strangers.append(name)
    return tuple(strangers)


@contextmanager
def scratch_server(
    dialect: str, *, scratch_url: str | None = None, trust_schema: bool = False, purpose: str = PROOF
) -> Iterator[ScratchServer]:
    """A server for scratch databases of that dialect, started where none is named.

    Args:
        dialect: SQLAlchemy dialect name.
        scratch_url: A server on which databases may be created.
        trust_schema: Let the live schema's functions run as the login of the server, whatever it may do.
        purpose: What it is wanted for, for the message.

    Raises:
        DriftError: There is no such server, it is of another kind, or it does not start.
    """
    if scratch_url is not None:
        yield _named(scratch_url, dialect, trust_schema)
    elif dialect == "sqlite":
        yield _files()
    elif dialect == "postgresql" and embedded_binaries() is not None:
        with embedded_server() as url:
            yield ScratchServer(dialect, "an embedded PostgreSQL", url, trust_schema, ours=True)
    elif docker_answers():
        with _container(dialect) as url:
            yield ScratchServer(url.get_backend_name(), "a container", url, trust_schema, ours=True)
    else:
        raise DriftError(
            f"there is no scratch database for {dialect}",
            details=(purpose,),
            help=(
                "Name a server on which databases may be created: --scratch-url",
                *(
                    ("Or install the embedded one: pip install 'sqlalchemy-drift[embedded]'",)
                    if dialect == "postgresql"
                    else ()
                ),
            ),
        )


@contextmanager
def scratch_database(dialect: str, *, scratch_url: str | None = None, trust_schema: bool = False) -> Iterator[Scratch]:
    """An empty database of that dialect, on a server of its own where none is named.

    Args:
        dialect: SQLAlchemy dialect name.
        scratch_url: A server on which databases may be created.
        trust_schema: Let the live schema's functions run as the login of the server, whatever it may do.

    Raises:
        DriftError: There is no such server, it is of another kind, or it refuses.
    """
    with (
        scratch_server(dialect, scratch_url=scratch_url, trust_schema=trust_schema) as server,
        server.database() as scratch,
    ):
        yield scratch


def _files() -> ScratchServer:
    return ScratchServer("sqlite", "a temporary SQLite file", None)


def _named(server: str, dialect: str, trust_schema: bool) -> ScratchServer:
    url = parse(server, origin="--scratch-url")
    kind = url.get_backend_name()
    if {kind, dialect} - {"mysql", "mariadb"} and kind != dialect:
        raise DriftError(
            f"the scratch server is {kind}, and the live database is {dialect}",
            place="--scratch-url",
            help=(f"Name a {dialect} server, of the live one's version if you can.",),
        )
    if kind == "sqlite":
        return _files()
    return ScratchServer(kind, "a scratch database on the given server", url, trust_schema)


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
def _container(dialect: str) -> Iterator[URL]:
    """A server in a container: its port is published, so that its password is random."""
    password = secrets.token_hex(16)
    if dialect == "postgresql":
        from testcontainers.postgres import PostgresContainer

        container: Any = PostgresContainer("postgres:18", password=password, driver=None)
    else:
        from testcontainers.mysql import MySqlContainer

        image = "mariadb:11" if dialect == "mariadb" else "mysql:8.4"
        container = MySqlContainer(image, username="root", password=password, dialect=None)
    with container as started:
        yield parse(str(started.get_connection_url()), origin="the container")
