"""Extensions of the live database in the scratch database, before anything else is there (PostgreSQL).

A superuser makes them, while no foreign object could be met by their scripts. What would carry the live schema's code
to other servers, files or programs is taken away again.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from drift.migration.ddl.quoting import Quoting
from drift.schema import Extension
from drift.verification.clone import NotCloned
from drift.verification.statements import run_as_written

REACHES_OUT = """
SELECT concat('it brings the foreign-data wrapper ', f.fdwname) AS reason
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass
JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = d.objid
WHERE e.extname = :name
UNION ALL
SELECT concat('it brings the untrusted language ', l.lanname)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_language'::pg_catalog.regclass
JOIN pg_catalog.pg_language l ON l.oid = d.objid AND NOT l.lanpltrusted
WHERE e.extname = :name
"""
"""Why an extension is not left in the copy: what it brings is made to reach other servers, files or programs."""

CALLABLE = """
SELECT concat('REVOKE EXECUTE ON ROUTINE ', p.oid::pg_catalog.regprocedure, ' FROM PUBLIC')
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
JOIN pg_catalog.pg_proc p ON p.oid = d.objid
JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND (p.prosecdef OR NOT l.lanpltrusted)
LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.extname AND v.version = e.extversion
WHERE e.extname = :name AND p.provolatile = 'v' AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
    AND coalesce(pg_catalog.to_jsonb(v) OPERATOR(pg_catalog.->>) 'trusted', 'false') <> 'true'
"""
"""Functions that have effects and run in C, or as the superuser, of an extension that the server does not trust.

Whatever reaches the outside is declared volatile. A function for triggers cannot be called in a statement.
"""


def make_extensions(
    connection: Connection, extensions: Sequence[Extension], *, owner: str | None, guarded: bool
) -> tuple[NotCloned, ...]:
    """Make extensions in an empty database; what the server refuses is left out and told.

    Args:
        connection: In autocommit.
        extensions: Those of the live database.
        owner: The role that shall own their schemas; ``None`` for the session's own.
        guarded: Take away what reaches beyond the database.
    """
    waiting = [extension for extension in extensions if extension.name != "plpgsql"]
    while waiting:
        refused = [(item, reason) for item in waiting if (reason := _make(connection, item, owner, guarded))]
        if len(refused) == len(waiting):
            told = "; empty functions stand for its own"
            return tuple(NotCloned(f"CREATE EXTENSION {item.name}", reason + told) for item, reason in refused)
        # One may need another: what failed for want of it works in the next round.
        waiting = [item for item, _ in refused]
    return ()


def _make(connection: Connection, extension: Extension, owner: str | None, guarded: bool) -> str | None:
    """Why it is not there."""
    quoting = Quoting("postgresql", None)
    name, home = quoting.name(extension.name), ""
    try:
        if extension.schema is not None and extension.schema != "pg_catalog":
            authorization = f" AUTHORIZATION {owner}" if owner is not None else ""
            run_as_written(connection, f"CREATE SCHEMA IF NOT EXISTS {quoting.name(extension.schema)}{authorization}")
            home = f" SCHEMA {quoting.name(extension.schema)}"
        run_as_written(connection, f"CREATE EXTENSION {name}{home}")
        if not guarded:
            return None
        reason = connection.execute(text(REACHES_OUT), {"name": extension.name}).scalar()
        if reason is not None:
            run_as_written(connection, f"DROP EXTENSION {name}")
            return f"{reason}, which the live schema's code must not get (--trust-schema allows it)"
        for (revoke,) in connection.execute(text(CALLABLE), {"name": extension.name}).all():
            run_as_written(connection, revoke)
    except SQLAlchemyError as error:
        return str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    return None
