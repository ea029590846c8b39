"""Who the code of a live schema runs as in the scratch database (PostgreSQL).

Functions, index expressions, generated columns, defaults, triggers and policies of the live schema run there, and
somebody hostile may have written them. They run in sessions that logged in as a role without rights: ``SET ROLE`` is
no barrier, because a function can ``RESET ROLE``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.secrets import scrub

POWERS = """
SELECT concat_ws(', ',
    CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN rolreplication THEN 'REPLICATION' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
    CASE WHEN rolname <> session_user THEN concat('member of ', rolname) END)
FROM pg_catalog.pg_roles
WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER')
    AND (rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls OR rolname IN (
        'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_create_subscription'))
ORDER BY rolname
"""
"""What a login may do, or may take upon itself by a membership, beyond its own databases."""

TRUST = "Or, where you trust whoever can change the live schema: --trust-schema"


@dataclass(frozen=True, slots=True)
class Login:
    """A role that lives as long as its scratch database, without any right but to own that.

    Attributes:
        name: Of the role.
        password: Random.
    """

    name: str
    password: str

    def url(self, server: URL, database: str) -> URL:
        """Where and as whom to connect."""
        plain = server.difference_update_query(["user", "password", "passfile"])
        return plain.set(username=self.name, password=self.password, database=database)


def is_superuser(connection: Connection) -> bool:
    """Whether the session logged in as a superuser."""
    query = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user"
    return bool(connection.execute(text(query)).scalar())


def make_login(connection: Connection, name: str) -> Login:
    """Make a role without rights; the session is a superuser's, in autocommit."""
    login = Login(name, secrets.token_hex(16))
    connection.exec_driver_sql(
        f"CREATE ROLE {login.name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
        f"PASSWORD '{login.password}'"
    )
    return login


def require_harmless(connection: Connection) -> None:
    """Refuse a login, not a superuser's, that could do more than own databases.

    Raises:
        DriftError: With what it could do.
    """
    powers = [str(row[0]) for row in connection.execute(text(POWERS))]
    if powers:
        raise DriftError(
            "the login of the scratch server has rights that the live schema's functions must not get",
            place="--scratch-url",
            details=(
                *powers,
                "functions, index expressions, defaults and triggers of the live schema run in the copy, as this login",
            ),
            help=(
                "Name a login that may only create databases: CREATE ROLE drift_scratch LOGIN CREATEDB PASSWORD '...'",
                "Or a superuser: it makes such a login for the time of the proof.",
                TRUST,
            ),
        )


def require_entrance(url: URL) -> None:
    """Find out whether the server lets a login in.

    Raises:
        DriftError: It does not, with what it says.
    """
    try:
        create_engine(url, poolclass=NullPool).connect().close()
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        raise DriftError(
            "the scratch server does not let in the login that was made for the copy",
            place="--scratch-url",
            details=tuple(scrub(line) for line in said[:2]),
            help=(
                "Let roles in by password (pg_hba.conf: scram-sha-256).",
                "Or name a login without superuser's rights that may create databases; the copy is made as that one.",
                TRUST,
            ),
        ) from None
