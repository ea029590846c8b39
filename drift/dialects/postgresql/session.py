"""Connections that can only look: one read-only transaction, nothing that outlives it.

All settings are made with ``SET LOCAL`` (``set_config(..., true)``), so that the connection may come from a pooler
that hands out a server connection for one transaction, and one that forbids start-up options.

Whoever may create something in a schema of the search path can make a function or an operator that fits a question
better than the server's own, and it would run with the rights of whoever asks. So the path is empty: what it was is
read as data (:class:`Server`), by a statement in which every name is qualified and no operator stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drift.dialects.postgresql.keywords import literal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

Rows = list[tuple[Any, ...]]

_TIMEOUT_OPTION = "drift_timeout"
_SERVER = "drift_server"
_SEARCH_PATH = "drift_search_path"
"""Execution option of an engine: the search path that the project chooses in place of the session's own."""
LOCK_TIMEOUT = 5.0
"""Longest wait for a lock, in seconds: an ``ALTER TABLE`` that runs right now should not be waited for."""

_ENTRY = re.compile(r'"((?:[^"]|"")+)"|([^\s,"]+)')
"""A name in a search path."""

_SAFE = {"search_path": "", "row_security": "off", "constraint_exclusion": "off"}
"""What keeps code of others from running: names that we did not write, policies, and checks that planning would fold.
A question about rows of which a policy hides some is refused rather than answered for the others."""

SPELLING = {
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""How values are spelled in what the server prints must not depend on the settings of a role or database."""

_FACTS = """
SELECT
    pg_catalog.current_setting('server_version'),
    pg_catalog.current_setting('server_version_num'),
    pg_catalog.current_setting('search_path'),
    pg_catalog.to_json(pg_catalog.current_schemas(false))::pg_catalog.text
"""
"""Asked under the search path that is still the session's own: nothing in it is looked for by way of the path."""


@dataclass(frozen=True, slots=True)
class Server:
    """Facts about the server, and what unqualified names mean to the session that was opened.

    Attributes:
        version: As in ``server_version``.
        version_number: As in ``server_version_num`` (150004).
        search_path: As set by URL, role, or database, before it was emptied.
        schemas: Those of the path that exist and may be used, in order.
        default_schema: The first of them that is not the server's own.
    """

    version: str
    version_number: int
    search_path: str
    schemas: tuple[str, ...]
    default_schema: str


@contextmanager
def read_only(engine: Engine, *, timeout: float = 60.0) -> Iterator[Connection]:
    """A connection in one read-only, repeatable-read transaction, rolled back at the end.

    Args:
        engine: Where to connect; an engine in AUTOCOMMIT gets a transaction all the same.
        timeout: Longest run of one statement, in seconds.
    """
    with engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ", **{_TIMEOUT_OPTION: timeout})
        try:
            _prepare(connection, timeout)
            yield connection
        finally:
            connection.rollback()


@contextmanager
def borrowed(connection: Connection) -> Iterator[None]:
    """The caller's own connection, prepared for looking; afterwards its transaction is as it was."""
    with undone(connection):
        _learn(connection)
        configure(connection, {"transaction_read_only": "on", **_SAFE, **SPELLING})
        try:
            yield
        finally:
            connection.execution_options(**{_SERVER: None})


def server_of(connection: Connection) -> Server:
    """The facts about a connection that :func:`read_only` or :func:`borrowed` prepared."""
    server = connection.get_execution_options()[_SERVER]
    assert isinstance(server, Server)
    return server


def open_safely(engine: Engine) -> None:
    """Have what the driver's and SQLAlchemy's own first questions name found in ``pg_catalog`` alone.

    They are asked on a connection before anybody gets hold of it, in a transaction that is rolled back here.
    """
    from sqlalchemy import event

    def begin(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for setting in (
            "TRANSACTION READ ONLY",
            f"LOCAL lock_timeout = {round(LOCK_TIMEOUT * 1000)}",
            "LOCAL search_path = ''",
        ):
            cursor.execute(f"SET {setting}")
        cursor.close()

    def end(connection: Any, _record: Any) -> None:
        connection.rollback()

    event.listen(engine, "connect", begin, insert=True)
    event.listen(engine, "connect", end)


def _prepare(connection: Connection, timeout: float) -> None:
    execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    # By itself, since it looks nothing up: the next statement may already have to wait for a lock on the catalog.
    execute(connection, f"SET LOCAL lock_timeout = {round(min(timeout / 2, LOCK_TIMEOUT) * 1000)}")
    chosen = connection.get_execution_options().get(_SEARCH_PATH)
    if chosen is not None:
        configure(connection, {"search_path": chosen})
    _learn(connection)
    configure(connection, {"statement_timeout": f"{round(timeout * 1000)}ms", **_SAFE, **SPELLING})


def _learn(connection: Connection) -> None:
    """Note what the session's search path means."""
    [(version, number, path, schemas)] = rows(connection, _FACTS)
    usable = tuple(json.loads(schemas))
    default = next((name for name in usable if not name.startswith("pg_") and name != "information_schema"), None)
    if default is None:
        # No schema of the path may be used: the first one that exists is meant all the same.
        with undone(connection):
            configure(connection, _SAFE)
            [(default,)] = rows(connection, _first_existing(str(path)))
    server = Server(str(version), int(number), str(path), usable, str(default))
    connection.execution_options(**{_SERVER: server})


def _first_existing(path: str) -> str:
    entries = (quoted.replace('""', '"') or plain.lower() for quoted, plain in _ENTRY.findall(path))
    names = f"ARRAY[{', '.join(literal(name) for name in entries)}]::pg_catalog.text[]"
    return f"""
SELECT coalesce(
    (
        SELECT n.nspname::pg_catalog.text
        FROM pg_catalog.unnest({names}) WITH ORDINALITY AS path (entry, place)
        JOIN pg_catalog.pg_namespace n
            ON n.nspname = CASE WHEN path.entry = '$user' THEN current_user ELSE path.entry END
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        ORDER BY path.place
        LIMIT 1
    ),
    'public'
)
"""


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
    connection.exec_driver_sql(escaped(connection, sql), execution_options={"no_parameters": True}).close()


def rows(connection: Connection, sql: str) -> Rows:
    """Run one query exactly as written; the driver's own rows, which cost less than SQLAlchemy's."""
    result = connection.exec_driver_sql(escaped(connection, sql), execution_options={"no_parameters": True})
    cursor: Any = result.cursor
    fetched: Rows = cursor.fetchall()
    result.close()
    return fetched


def escaped(connection: Connection, sql: str) -> str:
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
