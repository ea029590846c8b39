"""The owner of a database decides where names without a schema are looked for, from the connection's first byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import drift
from drift.dialects import dialect_for
from drift.sources.connections import engine_for
from tests.cli.guarded_server import binaries
from tests.properties import base_models
from tests.repair import run_script
from tests.security.hostile import EVE, Crime, crime, function, own_everything
from tests.servers import fresh_database
from tests.servers.postgresql import local

DRIVERS = ("psycopg2", "psycopg", "pg8000")
# What SQLAlchemy, the drivers and we ourselves could take for the server's own.
SHADOWS = (
    function("first.current_schema()", "NULL", "name"),
    function("first.version()", "'PostgreSQL 15.0'", "text"),
    function("first.current_user_()", "NULL", "name"),
    function("first.length(varchar)", "1", "int"),
    function("first.unnest(text[])", "NULL", "text"),
    function("first.max(text[])", "NULL", "text"),
    function("first.coalesced(text)", "NULL", "text"),
    *(
        function(f"first.eq_{left}_{right}({left}, {right})", "true", "boolean")
        + f"CREATE OPERATOR first.= (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = first.eq_{left}_{right});"
        for left, right in (("name", "name"), ("text", "text"), ("oid", "oid"), ("name", "text"), ("int2", "int2"))
    ),
    *(
        function(f"first.{name}({arguments})", result, returns)
        + f"CREATE OPERATOR first.{operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = first.{name});"
        for name, arguments, result, returns, operator, left, right in (
            ("cat", "text, text", "''", "text", "||", "text", "text"),
            ("cats", "text[], text[]", "NULL", "text[]", "||", "text[]", "text[]"),
            ("matches", "name, text", "true", "boolean", "!~", "name", "text"),
            ("greater", "oid, oid", "true", "boolean", ">=", "oid", "oid"),
        )
    ),
    # A view in the place of a catalog is read through whatever its owner says.
    function("first.row()", "1", "int")
    + "CREATE VIEW first.pg_type AS SELECT *, first.row() AS more FROM pg_catalog.pg_type;"
    "CREATE VIEW first.pg_namespace AS SELECT *, first.row() AS more FROM pg_catalog.pg_namespace;"
    "GRANT USAGE ON SCHEMA first TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA first TO PUBLIC;",
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Crime]:
    server = local(binaries())
    try:
        run_script(server.url, f"CREATE ROLE {EVE} LOGIN; CREATE ROLE reader LOGIN;")
        yield crime(server)
    finally:
        server.stop()


@pytest.fixture
def owned(scene: Crime) -> Iterator[str]:
    with fresh_database(scene.server) as url:
        run_script(url, base_models.SETUP)
        base_models.metadata.create_all(create_engine(url, poolclass=NullPool))
        own_everything(url, *SHADOWS)
        yield url


def test_the_recorder_records(scene: Crime, owned: str) -> None:
    with scene.recorded() as ran:
        engine = create_engine(owned, poolclass=NullPool, use_native_hstore=False)
        with engine.connect() as connection, connection.begin():
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(text("SELECT count(*) FROM pg_class WHERE relname = CAST('x' AS name)"))
    assert "first.current_schema" in ran, "SQLAlchemy asks so by itself on a connection that nobody prepared"
    assert "first.eq_name_name" in ran


@pytest.mark.parametrize("user", ["postgres", "reader"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_nothing_of_the_owner_runs(scene: Crime, owned: str, driver: str, user: str) -> None:
    pytest.importorskip(driver)
    url = make_url(owned).set(drivername=f"postgresql+{driver}", username=user)
    with scene.recorded() as ran:
        report = drift.check(base_models.metadata, url, probe=True)
    assert ran == []
    assert report.comparison.alignment.actual.tables


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_second_connection_of_the_same_engine_is_no_less_safe(scene: Crime, owned: str, driver: str) -> None:
    pytest.importorskip(driver)
    engine = engine_for(make_url(owned).set(drivername=f"postgresql+{driver}"))
    with scene.recorded() as ran:
        for _ in range(2):
            with dialect_for("postgresql").read_only(engine) as connection:
                info = dialect_for("postgresql").info(connection)
    assert ran == []
    # The server's own schema is never meant by a table without one.
    assert (info.default_schema, info.search_path) == ("first", ("first", "pg_catalog", "public"))


def test_what_is_asked_first_waits_for_no_lock(database: str) -> None:
    engine = engine_for(make_url(database))
    with create_engine(database, poolclass=NullPool).connect() as other:
        other.execute(text("LOCK TABLE pg_catalog.pg_proc, pg_catalog.pg_type IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"), dialect_for("postgresql").read_only(engine, timeout=1):
            pass
        other.rollback()
