"""Reading a PostgreSQL database: queries, then nouns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drift import collector
from drift.dialects.base import Scope
from drift.dialects.postgresql.assembly import assemble
from drift.dialects.postgresql.catalog import Catalog, fetch
from drift.dialects.postgresql.errors import message, sqlstate
from drift.dialects.postgresql.session import Server, restart, server_of
from drift.errors import DriftError
from drift.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_ATTEMPTS = 3
_STALE = "XX000"
"""What "cache lookup failed" comes as."""
_LOCKED = "55P03"
_TIMEOUT = "57014"


def read(connection: Connection, scope: Scope) -> Schema:
    """Everything in ``scope``.

    Raises:
        DriftError: The schema kept changing while it was being read, or a lock or time limit was hit.
    """
    source = connection.engine.url.render_as_string(hide_password=True)
    with collector.paused():
        catalog, server, schemas = _fetched(connection, scope)
        return assemble(catalog, server, source=source, schemas=schemas, include_name=scope.include_name)


def _fetched(connection: Connection, scope: Scope) -> tuple[Catalog, Server, tuple[str, ...]]:
    """The catalog rows.

    The rows come from one snapshot, but the server deparses expressions with what it knows this moment: where an
    object was dropped in between it says "cache lookup failed". A new transaction sees the new state.
    """
    from sqlalchemy.exc import DBAPIError

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            server = server_of(connection)
            schemas = scope.schemas or (server.default_schema,)
            return fetch(connection, server, schemas), server, tuple(schemas)
        except DBAPIError as error:
            if sqlstate(error) == _LOCKED:
                raise DriftError(
                    "a table or view is locked by another session, perhaps by a running migration",
                    details=(message(error),),
                    help=("Check again when it has finished.",),
                ) from error
            if sqlstate(error) == _TIMEOUT:
                raise DriftError(
                    "reading the catalog took longer than the statement timeout",
                    details=(message(error),),
                    help=("Check again when the server is less busy, or with a longer timeout.",),
                ) from error
            if sqlstate(error) != _STALE:
                raise
            if attempt == _ATTEMPTS or not restart(connection):
                raise DriftError(
                    "the schema changed while it was being read",
                    help=("Wait until the running migration has finished, then check again.",),
                ) from error
    raise AssertionError("unreachable")
