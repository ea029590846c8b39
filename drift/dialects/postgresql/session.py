"""Connections that can only look: one read-only transaction, nothing that outlives it.

All settings are made with ``SET LOCAL`` (``set_config(..., true)``), so that the connection may come from a pooler
that hands out a server connection for one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drift.dialects.postgresql.keywords import literal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

Rows = list[tuple[Any, ...]]

_TIMEOUT_OPTION = "drift_timeout"
LOCK_TIMEOUT = 5.0
"""Longest wait for a lock, in seconds: an ``ALTER TABLE`` that runs right now should not be waited for."""

SPELLING = {
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""How values are spelled in what the server prints must not depend on the settings of a role or database."""


@contextmanager
def read_only(engine: Engine, *, timeout: float = 60.0) -> Iterator[Connection]:
    """A connection in one read-only, repeatable-read transaction, rolled back at the end.

    Args:
        engine: Where to connect; an engine in AUTOCOMMIT gets a transaction all the same.
        timeout: Longest run of one statement, in seconds.
    """
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ", **{_TIMEOUT_OPTION: timeout})
        _prepare(connection, timeout)
        try:
            yield connection
        finally:
            connection.rollback()


def _prepare(connection: Connection, timeout: float) -> None:
    execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    configure(
        connection,
        {
            "statement_timeout": f"{round(timeout * 1000)}ms",
            "lock_timeout": f"{round(min(timeout / 2, LOCK_TIMEOUT) * 1000)}ms",
            **SPELLING,
        },
    )


def restart(connection: Connection) -> bool:
    """Begin again with a fresh snapshot; False where the transaction is the caller's, not ours."""
    timeout = connection.get_execution_options().get(_TIMEOUT_OPTION)
    if timeout is None:
        return False
    connection.rollback()
    _prepare(connection, timeout)
    return True


def configure(connection: Connection, settings: Mapping[str, str]) -> None:
    """``SET LOCAL`` for each setting, in one statement."""
    calls = ", ".join(
        f"pg_catalog.set_config({literal(name)}, {literal(value)}, true)" for name, value in settings.items()
    )
    execute(connection, f"SELECT {calls}")


def execute(connection: Connection, sql: str) -> None:
    """Run one statement exactly as written and drop what it returns."""
    connection.exec_driver_sql(_escaped(connection, sql), execution_options={"no_parameters": True}).close()


def rows(connection: Connection, sql: str) -> Rows:
    """Run one query exactly as written; the driver's own rows, which cost less than SQLAlchemy's."""
    result = connection.exec_driver_sql(_escaped(connection, sql), execution_options={"no_parameters": True})
    cursor: Any = result.cursor
    fetched: Rows = cursor.fetchall()
    result.close()
    return fetched


def _escaped(connection: Connection, sql: str) -> str:
    """pg8000 reads ``%`` as a placeholder even without parameters; the other drivers do not."""
    return sql.replace("%", "%%") if connection.dialect.driver == "pg8000" else sql


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """A savepoint that is always rolled back: settings come back, and locks taken inside are let go at once.

    Deparsing a view locks the tables that it reads (weakly, but an ``ALTER TABLE`` would have to wait for the end of
    the transaction, and everybody else behind it).
    """
    savepoint = connection.begin_nested()
    try:
        yield
    finally:
        if savepoint.is_active:
            savepoint.rollback()
