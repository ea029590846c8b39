"""Opening a database that is named by text, for reading only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from drift.dialects import Dialect, dialect_for

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@contextmanager
def open_database(database: object, origin: str) -> Iterator[tuple[Connection, Dialect, str]]:
    """A read-only connection, its dialect, and the database for people, without secrets.

    Args:
        database: URL text, SQLAlchemy URL, or Engine.
        origin: Where it was named, for messages.

    Raises:
        DriftError: The URL cannot be read, or the server refuses.
    """
    from sqlalchemy import URL, Engine
    from sqlalchemy.exc import DBAPIError

    from drift.sources.connections import display, engine_for, failure, parse

    if isinstance(database, Engine):
        engine = database
    else:
        url = database if isinstance(database, URL) else parse(str(database), origin=origin)
        engine = engine_for(url, origin=origin)
    dialect = dialect_for(engine.dialect.name)
    try:
        with dialect.read_only(engine) as connection:
            yield connection, dialect, display(engine.url)
    except DBAPIError as error:
        raise failure(error, engine.url, origin) from error
