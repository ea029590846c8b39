"""Whoever can change the live schema writes code that runs in the copy: it has no right there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.schema import Extension
from drift.verification.scratch import PREFIX, scratch_database, scratch_server
from tests.migration.projects import DATABASE, Project
from tests.repair import run_script
from tests.servers import Server

DEEDS = (
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/drift-deed'",
    "PERFORM pg_read_file('/etc/passwd')",
    "PERFORM pg_ls_dir('.')",
    "PERFORM lo_import('/etc/passwd')",
    "PERFORM lo_export(1, '/tmp/drift-deed')",
    "CREATE FUNCTION deed() RETURNS int LANGUAGE c AS 'deed'",
    "LOAD '/tmp/drift-deed.so'",
    "SET SESSION AUTHORIZATION postgres",
    "SET ROLE postgres",
    "RESET ROLE; COPY (SELECT 1) TO PROGRAM 'true'",
    "RESET SESSION AUTHORIZATION; COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE ROLE deed",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "GRANT pg_execute_server_program TO CURRENT_USER",
    "ALTER DATABASE postgres RENAME TO deed",
    "ALTER ROLE postgres PASSWORD 'deed'",
    "PERFORM pg_reload_conf()",
    "UPDATE pg_catalog.pg_proc SET prosecdef = true",
    "CREATE FOREIGN DATA WRAPPER deed",
    "SET session_preload_libraries = 'deed'",
)
ALONE = ("ALTER SYSTEM SET work_mem = '5MB'", "CREATE DATABASE deed", "DROP DATABASE postgres")
NOT_ALLOWED = "42501"


def _refusal(connection: Connection, statement: str) -> str | None:
    """The SQLSTATE with which a statement is refused."""
    try:
        connection.exec_driver_sql(statement)
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None))
    return None


@pytest.mark.parametrize("named", [False, True], ids=["embedded", "named"])
def test_the_session_of_the_copy_has_no_rights(postgresql_server: Server, named: bool) -> None:
    with scratch_database("postgresql", scratch_url=postgresql_server.url if named else None) as made:
        engine = made.engine()
        with engine.connect() as connection:
            for deed in DEEDS:
                assert _refusal(connection, f"DO $deed$ BEGIN {deed}; END $deed$") == NOT_ALLOWED, deed
                connection.rollback()
            definer = (
                "CREATE FUNCTION d() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$SELECT length(pg_read_file('x'))$$"
            )
            assert _refusal(connection, definer) is None
            assert _refusal(connection, "SELECT d()") == NOT_ALLOWED
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            assert [_refusal(connection, deed) for deed in ALONE] == [NOT_ALLOWED] * len(ALONE)


HOSTILE = """
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE FUNCTION done(tag text) RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
    EXECUTE 'CREATE ROLE drift_deed_' || tag;
    RETURN 5;
EXCEPTION WHEN insufficient_privilege OR duplicate_object THEN RETURN 5;
END $f$;
CREATE FUNCTION deed(tag text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN RETURN public.done(tag); END $f$;
CREATE FUNCTION deed_of_a_trigger() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN PERFORM public.done('trigger'); RETURN NEW; END $f$;
CREATE DOMAIN amount AS int CHECK (value < deed('domain'));
CREATE TABLE users (id serial PRIMARY KEY, name varchar(50) NOT NULL,
    score int DEFAULT deed('default'), price amount, twice int GENERATED ALWAYS AS (deed('generated')) STORED,
    CHECK (id > 0 AND deed('check') = 5));
CREATE INDEX ix_deed ON users ((deed('index'))) WHERE id > deed('predicate');
CREATE TRIGGER deeds BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION deed_of_a_trigger();
CREATE POLICY deeds ON users USING (deed('policy') = 5);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW totals AS SELECT deed('view') AS total;
"""


def _deeds(server: Server) -> set[str]:
    """What was done with a superuser's rights since the last question: each left a role, which is dropped."""
    with create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        found = connection.exec_driver_sql("SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'drift_deed_')")
        names = set(found.scalars())
        for name in names:
            connection.exec_driver_sql(f"DROP ROLE {name}")
    return {name.removeprefix("drift_deed_") for name in names}


def test_nothing_of_a_hostile_schema_runs_with_rights(database: str, tmp_path: Path, postgresql_server: Server) -> None:
    """Every place in which a schema can hold code; what is done shows that it works where it has the rights."""
    run_script(database, HOSTILE)
    assert "view" in _deeds(postgresql_server)
    project = Project(tmp_path, database)
    command = ("revision", "-m", "repair", "--rows=3", f"--scratch-url={postgresql_server.url}")
    assert "made-up rows kept" in project.drift(*command).out
    assert _deeds(postgresql_server) == set()
    for path in project.versions.glob("*.py"):
        path.unlink()
    project.drift(*command, "--trust-schema")
    assert _deeds(postgresql_server) >= {"generated", "check", "index", "trigger"}


def _names(server: Server) -> set[str]:
    with create_engine(server.url, poolclass=NullPool).connect() as connection:
        query = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
        return {name for name in connection.execute(text(query)).scalars() if name.startswith(PREFIX)}


def test_the_login_of_the_copy_lives_as_long_as_the_copy(postgresql_server: Server) -> None:
    before = _names(postgresql_server)
    with scratch_server("postgresql", scratch_url=postgresql_server.url) as server, server.database() as made:
        assert made.url.username == made.url.database
        assert _names(postgresql_server) - before == {made.url.database}
        with made.engine().connect() as connection:
            connection.exec_driver_sql("CREATE TABLE mine (id int)")
            connection.commit()
        with server.database(foreign=False) as own:
            assert own.url.username == make_url(postgresql_server.url).username
    assert _names(postgresql_server) <= before


def test_nobody_else_may_enter_the_copy(postgresql_server: Server) -> None:
    with (
        _login(postgresql_server, "CREATEDB") as other,
        scratch_database("postgresql", scratch_url=postgresql_server.url) as made,
        pytest.raises(DBAPIError, match="permission denied for database"),
    ):
        create_engine(make_url(other).set(database=made.url.database), poolclass=NullPool).connect()


@contextmanager
def _login(server: Server, rights: str, grant: str = "") -> Iterator[str]:
    """The URL of a login that lives as long as the block."""
    administrator = create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    name = f"drift_login_{uuid.uuid4().hex[:12]}"
    with administrator.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x' {rights}")
        if grant:
            connection.exec_driver_sql(f"GRANT {grant} TO {name}")
    try:
        yield make_url(server.url).set(username=name, password="x").render_as_string(hide_password=False)
    finally:
        with administrator.connect() as connection:
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_a_plain_login_is_used_as_it_is(postgresql_server: Server) -> None:
    with (
        _login(postgresql_server, "CREATEDB") as url,
        scratch_database("postgresql", scratch_url=url) as made,
        made.engine().connect() as connection,
    ):
        assert made.url.username == make_url(url).username
        connection.exec_driver_sql("CREATE TABLE mine (id int)")


@pytest.mark.parametrize(
    ("rights", "grant", "said"),
    [
        ("CREATEDB CREATEROLE", "", "CREATEROLE"),
        ("CREATEDB REPLICATION", "", "REPLICATION"),
        ("CREATEDB BYPASSRLS", "", "BYPASSRLS"),
        ("CREATEDB", "pg_execute_server_program", "member of pg_execute_server_program"),
        ("CREATEDB NOINHERIT", "pg_write_server_files", "member of pg_write_server_files"),
        ("CREATEDB", "postgres", "SUPERUSER, CREATEROLE, REPLICATION, BYPASSRLS, member of postgres"),
    ],
)
def test_a_login_with_other_rights_is_refused(postgresql_server: Server, rights: str, grant: str, said: str) -> None:
    before = _names(postgresql_server)
    with _login(postgresql_server, rights, grant) as url:
        refused = pytest.raises(DriftError, match="has rights that the live schema's functions must not get")
        with refused as caught, scratch_database("postgresql", scratch_url=url):
            pass
        assert said in caught.value.details
        assert any("--trust-schema" in line for line in caught.value.help)
        with scratch_database("postgresql", scratch_url=url, trust_schema=True) as made:
            made.engine().connect().close()
    assert _names(postgresql_server) <= before


EXTENSIONS = tuple(
    Extension(name, schema)
    for name, schema in (
        ("citext", "public"),
        ("vector", "Ext"),
        ("moddatetime", "public"),
        ("pg_stat_statements", "public"),
        ("dblink", "public"),
        ("postgres_fdw", "public"),
        ("file_fdw", "public"),
        ("no_such_extension", "public"),
    )
)


def test_extensions_that_reach_out_are_left_out_by_name() -> None:
    with scratch_server("postgresql") as server, server.database(extensions=EXTENSIONS) as made:
        told = {item.statement.removeprefix("CREATE EXTENSION "): item.reason for item in made.refused}
        assert set(told) == {"dblink", "postgres_fdw", "file_fdw", "no_such_extension"}
        assert "foreign-data wrapper dblink_fdw" in told["dblink"]
        assert "--trust-schema" in told["dblink"]
        assert "is not available" in told["no_such_extension"]
        with made.engine().connect() as connection:
            # What has effects cannot be called, and everything else works.
            assert _refusal(connection, "SELECT * FROM pg_stat_statements(true)") == NOT_ALLOWED
            connection.rollback()
            for statement in (
                'CREATE TABLE items (id int, name public.citext, place "Ext".vector(3), at timestamp)',
                'CREATE INDEX ON items USING hnsw (place "Ext".vector_l2_ops)',
                "CREATE TRIGGER t BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION public.moddatetime(at)",
                "INSERT INTO items VALUES (1, 'A', '[1,2,3]')",
                "UPDATE items SET name = 'B' WHERE name = 'a'",
                'CREATE TABLE "Ext".own (id int)',
            ):
                assert _refusal(connection, statement) is None, statement
    with scratch_server("postgresql", trust_schema=True) as server, server.database(extensions=EXTENSIONS) as made:
        assert [item.statement for item in made.refused] == ["CREATE EXTENSION no_such_extension"]


def test_what_rests_on_an_extension_that_is_left_out_is_told(database: str, tmp_path: Path) -> None:
    run_script(database, DATABASE + "CREATE EXTENSION dblink; CREATE TABLE remote (id int, row dblink_pkey_results);")
    out = Project(tmp_path, database).drift("revision", "-m", "motto").out
    assert "Not part of the copy: CREATE EXTENSION dblink: it brings the foreign-data wrapper dblink_fdw" in out
    assert "Not part of the copy: CREATE TABLE public.remote" in out
    assert "Proven on an embedded PostgreSQL" in out


def test_a_table_whose_copy_lacks_something_is_not_proven(database: str, tmp_path: Path) -> None:
    run_script(
        database,
        DATABASE + "CREATE TABLE others (name text);"
        "CREATE FUNCTION length_in_c(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen';"
        "CREATE INDEX ix_others ON others (length_in_c(name));",
    )
    project = Project(tmp_path, database)
    assert "Proven on" in project.drift("revision", "-m", "motto").out
    for path in project.versions.glob("*.py"):
        path.unlink()
    run_script(database, "CREATE INDEX ix_length ON users (length_in_c(name))")
    said = project.drift("revision", "-m", "motto", expect=2).err
    assert "Missing in the copy: index public.ix_length" in said
    assert "Not part of the copy: CREATE INDEX ix_length" in said


def test_a_server_that_keeps_the_new_login_out(postgresql_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from drift.verification import scratch

    made = scratch.make_login
    monkeypatch.setattr(scratch, "make_login", lambda connection, name: _locked(made(connection, name), connection))
    before = _names(postgresql_server)
    with (
        pytest.raises(DriftError, match="does not let in the login") as caught,
        scratch_database("postgresql", scratch_url=postgresql_server.url),
    ):
        pass
    assert "is not permitted to log in" in caught.value.details[0]
    assert _names(postgresql_server) <= before


def _locked(login: object, connection: Connection) -> object:
    connection.exec_driver_sql(f"ALTER ROLE {login.name} NOLOGIN")  # type: ignore[attr-defined]
    return login
