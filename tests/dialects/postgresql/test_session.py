"""A check can only look: few privileges, any session settings, whatever else happens meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from drift.alignment import Question, Unsettled, Usage
from drift.dialects.base import Scope
from drift.dialects.postgresql import DIALECT, catalog
from drift.dialects.postgresql.privileges import receipt, watched
from drift.dialects.postgresql.session import Rows, server_of
from drift.errors import DriftError
from drift.schema import QualifiedName, Schema
from tests.dialects.postgresql.helpers import Read, Run, role, table

EVERYTHING = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN app.small AS int CHECK (VALUE < 10);
CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TABLE app.p (id serial PRIMARY KEY, m app.mood DEFAULT 'ok' CHECK (m <> 'sad'), s app.small);
CREATE TABLE app.t (id int GENERATED ALWAYS AS IDENTITY, p int REFERENCES app.p, x text,
    EXCLUDE USING btree (x WITH =));
CREATE INDEX ON app.t (lower(x)) WHERE p > 0;
CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f();
CREATE VIEW app.v AS SELECT * FROM app.t;
CREATE MATERIALIZED VIEW app.mv AS SELECT * FROM app.t;
CREATE TABLE app.parts (at date) PARTITION BY RANGE (at);
COMMENT ON TABLE app.t IS 'things';
"""
SCOPE = Scope(("app",))


def facts(schema: Schema) -> Schema:
    from dataclasses import replace

    return replace(schema, source="", default_schema=None)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((), id="CONNECT only"),
        pytest.param(
            ("ALTER ROLE drift_test_least SET default_transaction_read_only = on",), id="read-only by default"
        ),
        pytest.param(("ALTER ROLE drift_test_least SET search_path = ''",), id="empty search path"),
        pytest.param(("ALTER ROLE drift_test_least SET search_path = 'nowhere, \"App\", app'",), id="odd search path"),
        pytest.param(("ALTER ROLE drift_test_least SET quote_all_identifiers = on",), id="everything quoted"),
        pytest.param(
            ("ALTER ROLE drift_test_least SET default_transaction_isolation = serializable",), id="serializable"
        ),
    ],
)
def test_a_role_without_privileges_reads_the_same(
    run: Run, read: Read, engine: Engine, statements: tuple[str, ...]
) -> None:
    run(EVERYTHING)
    with engine.connect() as connection:
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
    closed = f"REVOKE ALL ON DATABASE {name} FROM PUBLIC", f"GRANT CONNECT ON DATABASE {name} TO drift_test_least"
    with (
        role(engine, "drift_test_least", *closed, "REVOKE ALL ON SCHEMA public FROM PUBLIC", *statements) as other,
        DIALECT.read_only(other) as connection,
    ):
        seen = DIALECT.read(connection, SCOPE)
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
    assert facts(seen) == facts(read("app"))


def test_the_default_schema_of_an_odd_search_path(run: Run, engine: Engine) -> None:
    run("CREATE SCHEMA app", 'CREATE SCHEMA "App, the ""first"""')
    for path, expected in [
        ("app, public", "app"),
        ("pg_catalog, pg_temp, information_schema, app", "app"),
        ('"App, the ""first""", public', 'App, the "first"'),
        ("nowhere, app", "app"),
        ('"$user", public', "public"),
        ("", "public"),
        ("nowhere", "public"),
    ]:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT set_config('search_path', '{path}', true)")
            with DIALECT.borrowed(connection):
                assert DIALECT.info(connection).default_schema == expected
                assert server_of(connection).search_path == path
    with (
        role(engine, "drift_test_path", "ALTER ROLE drift_test_path SET search_path = app") as other,
        DIALECT.read_only(other) as connection,
    ):
        assert DIALECT.info(connection).default_schema == "app"  # meant, though it may not be used


def test_nothing_can_be_written(run: Run, engine: Engine) -> None:
    run("CREATE TABLE t (a int)")
    with DIALECT.read_only(engine) as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.exec_driver_sql("INSERT INTO public.t VALUES (1)")


@pytest.mark.parametrize("isolation", ["AUTOCOMMIT", "SERIALIZABLE"])
def test_engines_with_their_own_isolation(run: Run, database: str, isolation: str) -> None:
    run(EVERYTHING)
    engine = create_engine(database, poolclass=NullPool, isolation_level=isolation)
    with DIALECT.read_only(engine) as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
        assert DIALECT.read(connection, SCOPE).tables


def test_nothing_outlives_the_transaction(run: Run, database: str) -> None:
    """As behind a pooler that hands out a server connection for one transaction."""
    run(EVERYTHING)
    engine = create_engine(database, pool_size=1, max_overflow=0)
    settings = "SELECT name, setting FROM pg_settings ORDER BY name"

    def state() -> object:
        with engine.connect() as connection:
            return connection.exec_driver_sql(settings).all()

    before = state()
    with DIALECT.read_only(engine) as connection:
        DIALECT.read(connection, SCOPE)
        DIALECT.canonicaliser(connection)([Question("nothere > 0", Usage.CHECK, QualifiedName("app", "t"))])
    assert state() == before
    engine.dispose()


def test_a_connection_of_the_caller_is_given_back_as_it_was(run: Run, engine: Engine) -> None:
    run(EVERYTHING)
    settings = "SELECT name, setting FROM pg_settings ORDER BY name"
    with engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL search_path = app")
        connection.exec_driver_sql("CREATE TABLE app.uncommitted (id int)")
        before = connection.exec_driver_sql(settings).all()
        with DIALECT.borrowed(connection):
            assert connection.exec_driver_sql("SHOW search_path").scalar_one() == ""
            assert DIALECT.info(connection).default_schema == "app"
            assert table(DIALECT.read(connection, SCOPE), "uncommitted", "app")
            DIALECT.canonicaliser(connection)([Question("1 > 0", Usage.CHECK, QualifiedName("app", "t"))])
            with pytest.raises(DBAPIError, match="read-only"):
                connection.exec_driver_sql("INSERT INTO app.uncommitted VALUES (1)")
        assert connection.exec_driver_sql(settings).all() == before
        connection.exec_driver_sql("INSERT INTO uncommitted VALUES (1)")


def while_reading(monkeypatch: pytest.MonkeyPatch, engine: Engine, before_query: str, ddl: str) -> list[str]:
    """Run ``ddl`` in another session, once, right before the query whose text holds ``before_query``."""
    pending = [ddl]
    original = catalog.rows

    def rows(connection: Connection, sql: str) -> Rows:
        if before_query in sql and pending:
            with engine.begin() as other:
                other.exec_driver_sql(pending.pop())
        return original(connection, sql)

    monkeypatch.setattr(catalog, "rows", rows)
    return pending


@pytest.mark.parametrize("query", ["relkind::pg_catalog", "pg_attrdef", "con.conname", "i.indexrelid", "pg_trigger t"])
def test_a_table_dropped_meanwhile(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    run(EVERYTHING, "DROP VIEW app.v; DROP MATERIALIZED VIEW app.mv")  # views lock what they read
    run("CREATE TABLE app.stays (id int PRIMARY KEY DEFAULT 1 CHECK (id > 0))")
    pending = while_reading(monkeypatch, engine, query, "SET LOCAL lock_timeout = '3s'; DROP TABLE app.t, app.parts")
    with DIALECT.read_only(engine) as connection:
        schema = DIALECT.read(connection, SCOPE)
    assert not pending
    assert schema.table(QualifiedName("app", "stays"))
    for subject, reason in schema.unreadable:
        assert "while it was being read" in reason
        assert subject not in {str(name) for name in schema.relation_names}


def test_a_function_dropped_meanwhile_is_read_again(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run(
        "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (f(a) > 0))",
    )
    drop = "ALTER TABLE t DROP CONSTRAINT c; DROP FUNCTION f"
    while_reading(monkeypatch, engine, "con.conname", drop)
    with DIALECT.read_only(engine) as connection:
        [table] = DIALECT.read(connection, Scope()).tables
    assert table.checks == ()


def test_in_a_transaction_of_the_caller_it_says_so(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run(
        "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (f(a) > 0))",
    )
    while_reading(monkeypatch, engine, "con.conname", "ALTER TABLE t DROP CONSTRAINT c; DROP FUNCTION f")
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with (
        repeatable.connect() as connection,
        DIALECT.borrowed(connection),
        pytest.raises(DriftError, match="changed while it was being read"),
    ):
        DIALECT.read(connection, Scope())


def test_a_table_that_is_being_altered_is_not_waited_for_long(run: Run, engine: Engine) -> None:
    run("CREATE TABLE t (a int DEFAULT 1); CREATE VIEW v AS SELECT a FROM t")
    with engine.connect() as other:
        other.exec_driver_sql("LOCK TABLE v, t IN ACCESS EXCLUSIVE MODE")
        with DIALECT.read_only(engine, timeout=0.3) as connection, pytest.raises(DriftError, match="locked"):
            DIALECT.read(connection, Scope())
        other.rollback()


def test_the_receipt(run: Run, engine: Engine) -> None:
    run(EVERYTHING)
    with role(engine, "drift_test_receipt") as other, DIALECT.read_only(other) as connection:
        with watched(connection) as seen:
            DIALECT.read(connection, SCOPE)
        made = receipt(connection, seen, ("app", "public"))
    assert made.role == "drift_test_receipt"
    assert made.strongest_lock == "AccessShareLock"
    assert made.read_only
    assert len(made.statements) == len(seen.statements) > 10
    connect, app, public = made.grants
    assert connect.sql.startswith("GRANT CONNECT ON DATABASE ")
    assert connect.held
    assert (app.sql, app.held) == ("GRANT USAGE ON SCHEMA app TO drift_test_receipt;", False)
    assert public.held
    assert "app.t" in made.locked  # the view reads it


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg"])
def test_every_driver_reads_the_same(run: Run, read: Read, engine: Engine, driver: str) -> None:
    pytest.importorskip(driver)
    run(EVERYTHING, "CREATE TABLE app.percent (a text DEFAULT '%s' CHECK (a LIKE '%%x%'))")
    other = create_engine(engine.url.set(drivername=f"postgresql+{driver}"), poolclass=NullPool)
    columns = (("a", "text"),)
    like, missing = (Question(sql, Usage.CHECK, None, columns) for sql in ("a LIKE '%%x%'", "nothere > 0"))
    with DIALECT.read_only(other) as connection:
        seen = DIALECT.read(connection, SCOPE)
        answers = DIALECT.canonicaliser(connection)([like, missing])
    assert facts(seen) == facts(read("app"))
    assert answers == {like: "a ~~ '%%x%'::text", missing: Unsettled('column "nothere" does not exist', rejected=True)}
