"""A database of its own for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.servers.choice import Server

_numbers = itertools.count(1)


@contextmanager
def fresh_database(server: Server, template: str | None = None) -> Iterator[str]:
    """An empty database of ``server``, dropped afterwards together with whoever is still connected.

    Args:
        template: URL of a PostgreSQL database to copy, to which nobody may be connected.

    Yields:
        Its SQLAlchemy URL, with a driver.
    """
    url = make_url(server.url)
    name = f"drift_test_{os.getpid()}_{next(_numbers)}"
    administrator = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with administrator.connect() as connection:
        connection.execute(text(_create(url, name, server, make_url(template).database if template else None)))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _drop(administrator, url, name, server)


def _create(url: URL, name: str, server: Server, template: str | None) -> str:
    if not url.drivername.startswith("postgresql"):
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
    # WAL_LOG (the default since 15) writes every page of the template to the log; copying files is faster here.
    strategy = " STRATEGY file_copy" if server.version >= (15,) else ""
    return f"CREATE DATABASE {name} TEMPLATE {template or 'template0'} ENCODING 'UTF8'{strategy}"


def _drop(administrator: Engine, url: URL, name: str, server: Server) -> None:
    with administrator.connect() as connection:
        if not url.drivername.startswith("postgresql"):
            connection.execute(text(f"DROP DATABASE {name}"))
        elif server.version >= (13,):
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        else:
            _disconnect(connection, name)
            connection.execute(text(f"DROP DATABASE {name}"))


def _disconnect(connection: Connection, name: str) -> None:
    connection.execute(
        text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
    )
