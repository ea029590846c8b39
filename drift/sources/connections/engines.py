"""Engines for checking: an installed synchronous driver, no pool, a short patience."""

from __future__ import annotations

import os
import re
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Engine
from sqlalchemy.pool import NullPool, StaticPool

from drift.dialects.postgresql.session import open_safely
from drift.errors import DriftError
from drift.sources.connections.drivers import choose_driver
from drift.sources.connections.parameters import LIBPQ_DRIVERS, translate
from drift.sources.connections.secrets import display
from drift.sources.connections.urls import parse

CONNECT_TIMEOUT = 10
"""Seconds to wait for a connection by default."""


def engine_for(
    url: URL, *, origin: str | None = None, read_only: bool = True, timeout: int = CONNECT_TIMEOUT
) -> Engine:
    """An engine for the application's own URL; nothing connects yet.

    On PostgreSQL its dialect knows no default schema: what one is, ``Dialect.info`` says of a connection.

    Args:
        url: As from :func:`drift.sources.connections.parse`; async drivers are replaced by installed synchronous ones,
            and their parameters (TLS above all) translated.
        origin: Where the URL was given, for messages.
        read_only: Open SQLite files read-only, and refuse those that do not exist instead of creating them.
        timeout: Seconds to wait for a connection, unless the URL says otherwise.

    Raises:
        DriftError: No driver is installed, a parameter makes no sense, or a SQLite file does not exist.
    """
    if "@" in (url.host or ""):
        # An unescaped @ in the password, in a URL that nobody parsed here; SQLAlchemy would look for that host.
        parse(url.render_as_string(hide_password=False), origin=origin or "the database URL")
    chosen = choose_driver(url, origin=origin)
    if chosen.get_backend_name() == "sqlite":
        return _sqlite(chosen, origin, read_only)
    translated, arguments = translate(chosen, timeout=timeout)
    # Drivers look up hstore on each connection by names without a schema; no value of ours is one.
    options = {} if chosen.drivername.partition("+")[2] not in LIBPQ_DRIVERS else {"use_native_hstore": False}
    engine = create_engine(translated, connect_args=arguments, poolclass=NullPool, **options)
    if read_only and engine.dialect.name == "postgresql":
        open_safely(engine)
    return engine


def _sqlite(url: URL, origin: str | None, read_only: bool) -> Engine:
    path = sqlite_path(url)
    if path is None:
        # Every new connection to an in-memory database would be a new database.
        pool: Any = StaticPool if url.database in (None, "", ":memory:") else NullPool
        return create_engine(url, poolclass=pool)
    if not read_only:
        return create_engine(url, poolclass=NullPool)
    if not os.path.isfile(path):
        problem = "is a directory" if os.path.isdir(path) else "does not exist"
        raise DriftError(
            f"the SQLite database {problem}: {path}",
            place=display(url) if origin is None else f"{display(url)}  (from {origin})",
            details=(f"a relative path starts at {os.getcwd()}",) if not os.path.isabs(url.database or "") else (),
            help=("Name an existing file: sqlite:///relative/path.db or sqlite:////absolute/path.db",),
        )
    query = {**url.query, "mode": "ro", "uri": "true"}
    return create_engine(url.set(database=f"file:{quote(os.path.abspath(path))}", query=query), poolclass=NullPool)


def sqlite_path(url: URL) -> str | None:
    """The file behind a SQLite URL, ``None`` for databases in memory."""
    database = url.database
    if not database or database == ":memory:" or url.query.get("mode") == "memory":
        return None
    if not database.startswith("file:"):
        return database
    path = re.sub(r"^file:(//(localhost)?(?=/))?", "", database).partition("?")[0]
    return None if path.startswith(":memory:") or "mode=memory" in database else path
