"""The receipt: what a check did to the server, and what a role needs for it. Nothing claimed, everything looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drift.dialects.postgresql.keywords import literal, quote
from drift.dialects.postgresql.session import rows

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# From the weakest to the strongest: https://www.postgresql.org/docs/current/explicit-locking.html
_LOCKS = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One privilege that a check needs or profits from.

    Attributes:
        sql: The statement that grants it.
        held: The role has it already.
        purpose: What it is for.
    """

    sql: str
    held: bool
    purpose: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done in one read-only transaction.

    Attributes:
        role: Who asked.
        statements: Every statement as sent, in order.
        strongest_lock: As ``pg_locks`` listed it meanwhile, ``None`` when there was none.
        locked: Relations outside of the system catalogs that were locked in that mode: those that a view reads.
        read_only: The server refuses writes in this transaction.
        grants: Privileges needed, those already held included.
    """

    role: str
    statements: tuple[str, ...]
    strongest_lock: str | None
    locked: tuple[str, ...]
    read_only: bool
    grants: tuple[Grant, ...]


@dataclass(slots=True)
class Watch:
    """What is seen to happen on a connection.

    Attributes:
        statements: In order, as sent.
        locks: Triples (mode, schema, relation); schema and relation are ``None`` for system catalogs.
    """

    statements: list[str] = field(default_factory=list)
    locks: set[tuple[str, str | None, str | None]] = field(default_factory=set)


@contextmanager
def watched(connection: Connection) -> Iterator[Watch]:
    """Watch everything that goes through ``connection`` meanwhile.

    Locks are looked up just before a savepoint is rolled back, since that lets go of them.
    """
    from sqlalchemy import event
    from sqlalchemy.exc import DBAPIError

    watch = Watch()
    looking = False

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not looking:
            watch.statements.append(statement)

    def look(*_: Any) -> None:
        nonlocal looking
        looking = True
        try:
            watch.locks.update((str(mode), schema, name) for mode, schema, name in rows(connection, _LOCKED))
        except DBAPIError:
            # Inside a failed transaction nothing can be asked; the failed statement took no other kind of lock.
            pass
        finally:
            looking = False

    event.listen(connection, "before_cursor_execute", note)
    event.listen(connection, "rollback_savepoint", look)
    try:
        yield watch
    finally:
        event.remove(connection, "before_cursor_execute", note)
        event.remove(connection, "rollback_savepoint", look)


def receipt(connection: Connection, watch: Watch, schemas: Sequence[str]) -> Receipt:
    """The receipt of the transaction that is still open on ``connection``.

    Args:
        connection: Where the check ran.
        watch: From :func:`watched`.
        schemas: Schemas that were read.
    """
    names = f"ARRAY[{', '.join(literal(name) for name in schemas)}]::pg_catalog.text[]"
    [(role, database, connects, read_only)] = rows(connection, _ROLE)
    strongest = max((mode for mode, _, _ in watch.locks), key=_LOCKS.index, default=None)
    usage = rows(connection, _USAGE.replace(":names", names))
    grants = [Grant(f"GRANT CONNECT ON DATABASE {quote(database)} TO {quote(role)};", connects, "reading the catalog")]
    grants += [
        Grant(
            f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quote(role)};",
            held,
            "comparing expressions that name types, functions, or sequences of this schema",
        )
        for schema, held in usage
    ]
    return Receipt(
        role=role,
        statements=tuple(watch.statements),
        strongest_lock=strongest,
        locked=tuple(
            sorted(
                f"{quote(schema)}.{quote(name)}"
                for mode, schema, name in watch.locks
                if mode == strongest and schema is not None and name is not None
            )
        ),
        read_only=read_only == "on",
        grants=tuple(grants),
    )


_ROLE = """
SELECT
    current_user::pg_catalog.text,
    pg_catalog.current_database()::pg_catalog.text,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT'),
    pg_catalog.current_setting('transaction_read_only')
"""

_LOCKED = """
SELECT DISTINCT
    l.mode,
    CASE WHEN n.nspname <> 'pg_catalog' THEN n.nspname::pg_catalog.text END AS schema,
    CASE WHEN n.nspname <> 'pg_catalog' THEN c.relname::pg_catalog.text END AS name
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
ORDER BY 1, 2, 3
"""

_USAGE = """
SELECT n.nspname::pg_catalog.text, pg_catalog.has_schema_privilege(n.oid, 'USAGE')
FROM pg_catalog.pg_namespace n
WHERE n.nspname::pg_catalog.text = ANY (:names)
ORDER BY 1
"""
