"""Each kind of connection trouble has a title and a way out of its own, and shows no secret."""

from __future__ import annotations

import importlib
import socket
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.sources.connections import engine_for, failure
from drift.sources.connections.cases import CASES
from drift.sources.connections.failures import Symptoms, matches
from tests.sources.connections import fake_server

SECRET = "s3cr3t-geheim"


def _installed(module: str) -> bool:
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


DRIVERS = [name for name in ("psycopg2", "psycopg") if _installed(name)]


def _refused(url: URL, *, timeout: int = 10) -> DriftError:
    engine = engine_for(url, timeout=timeout)
    with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM sqlite_master"))
    error = failure(caught.value, url, "DATABASE_URL")
    shown = " ".join((error.title, error.place or "", *error.details, *error.help))
    assert SECRET not in shown
    assert error.place is not None
    assert error.place.endswith("(from DATABASE_URL)")
    assert error.help
    assert error.details
    return error


def _case(title: str, url: URL) -> str:
    """The name of the case whose title it is."""
    from drift.sources.connections.failures import _filled

    return next(case.name for case in CASES if _filled(case.title, url) == title)


POSTGRESQL = [
    (
        "28000",
        'no pg_hba.conf entry for host "10.1.2.3", user "shop", database "shop", no encryption',
        "tls-required",
    ),
    ("28000", 'no pg_hba.conf entry for host "10.1.2.3", user "shop", database "shop", SSL off', "tls-required"),
    (
        "28000",
        'no pg_hba.conf entry for host "10.1.2.3", user "shop", database "shop", SSL encryption',
        "not-admitted",
    ),
    ("28000", 'pg_hba.conf rejects connection for host "10.1.2.3", user "shop", database "shop"', "not-admitted"),
    ("28P01", 'password authentication failed for user "shop"', "wrong-password"),
    ("28000", 'role "shop" does not exist', "unknown-role"),
    ("28000", 'role "shop" is not permitted to log in', "role-cannot-log-in"),
    ("28000", 'Peer authentication failed for user "shop"', "peer-authentication"),
    ("3D000", 'database "shop" does not exist', "unknown-database"),
    ("42501", 'permission denied for database "shop"', "no-privilege-to-connect"),
    ("53300", "sorry, too many clients already", "too-many-connections"),
    (
        "53300",
        "remaining connection slots are reserved for roles with the SUPERUSER attribute",
        "too-many-connections",
    ),
    ("53300", 'too many connections for role "shop"', "too-many-connections"),
    ("57P03", "the database system is starting up", "starting-up"),
    ("57P03", "the database system is in recovery mode", "starting-up"),
    ("57P03", "the database system is shutting down", "starting-up"),
    ("57P03", "the database system is not yet accepting connections", "starting-up"),
    ("28000", "connection requires a valid client certificate", "client-certificate"),
]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("sqlstate", "message", "case"), POSTGRESQL)
def test_postgresql_refuses(driver: str, sqlstate: str, message: str, case: str) -> None:
    with fake_server.postgresql(sqlstate, message) as port:
        url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1:{port}/shop")
        assert _case(_refused(url).title, url) == case


@pytest.mark.parametrize("driver", DRIVERS)
def test_tls_is_not_offered(driver: str) -> None:
    with fake_server.postgresql("28000", "never said") as port:
        url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1:{port}/shop?sslmode=require")
        assert _case(_refused(url).title, url) == "tls-not-offered"


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_certificate_of_an_unknown_authority(driver: str) -> None:
    with fake_server.postgresql("28000", "never said", takes_tls=True) as port:
        url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1:{port}/shop?sslmode=verify-full")
        assert _case(_refused(url).title, url) == "tls-certificate"


@pytest.mark.parametrize("driver", DRIVERS)
def test_host_not_found(driver: str) -> None:
    url = make_url(f"postgresql+{driver}://shop:{SECRET}@no-such-host.invalid/shop")
    error = _refused(url)
    assert error.title == "the host is not found: no-such-host.invalid"


@pytest.mark.parametrize("driver", DRIVERS)
def test_refused(driver: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1:{port}/shop")
    assert _refused(url).title == f"nothing listens on 127.0.0.1, {port}"


@pytest.mark.parametrize("driver", DRIVERS)
def test_local_socket_without_a_server(driver: str, tmp_path: Path) -> None:
    url = make_url(f"postgresql+{driver}://shop:{SECRET}@/shop?host={tmp_path}")
    assert _case(_refused(url).title, url) == "refused"


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_answer(driver: str) -> None:
    with fake_server.silent() as port:
        url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1:{port}/shop")
        assert _case(_refused(url, timeout=2).title, url) == "timed-out"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_parameter_that_nobody_knows(driver: str) -> None:
    url = make_url(f"postgresql+{driver}://shop:{SECRET}@127.0.0.1/shop?nonsense=1")
    assert _case(_refused(url).title, url) == "unknown-parameter"


def test_something_else_listens() -> None:
    with fake_server.mysql(1040, "Too many connections") as port:
        url = make_url(f"postgresql://shop:{SECRET}@127.0.0.1:{port}/shop")
        assert _case(_refused(url).title, url) in ("wrong-protocol", "connection-lost")


@pytest.mark.skipif(not _installed("pymysql"), reason="PyMySQL is not installed")
@pytest.mark.parametrize(
    ("number", "message", "case"),
    [
        (1040, "Too many connections", "too-many-connections"),
        (1130, "Host '10.1.2.3' is not allowed to connect to this MySQL server", "not-admitted"),
        (1045, "Access denied for user 'shop'@'10.1.2.3' (using password: YES)", "wrong-password"),
        (1045, "Access denied for user 'shop'@'10.1.2.3' (using password: NO)", "no-password"),
        (1044, "Access denied for user 'shop'@'%' to database 'shop'", "no-privilege-to-connect"),
        (1049, "Unknown database 'shop'", "unknown-database"),
        (3159, "Connections using insecure transport are prohibited", "tls-required"),
        (1053, "Server shutdown in progress", "starting-up"),
        (1226, "User 'shop' has exceeded the 'max_user_connections' resource", "too-many-connections"),
        (1290, "The MySQL server is running with the --read-only option", "read-only-server"),
    ],
)
def test_mysql_refuses(number: int, message: str, case: str) -> None:
    with fake_server.mysql(number, message) as port:
        url = make_url(f"mysql+pymysql://shop:{SECRET}@127.0.0.1:{port}/shop")
        assert _case(_refused(url).title, url) == case


@pytest.mark.skipif(not _installed("pymysql"), reason="PyMySQL is not installed")
def test_mysql_is_not_there() -> None:
    url = make_url(f"mysql://shop:{SECRET}@no-such-host.invalid/shop")
    assert _case(_refused(url).title, url) == "host-not-found"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = make_url(f"mysql://shop:{SECRET}@127.0.0.1:{port}/shop")
    assert _case(_refused(url).title, url) == "refused"


def _role(database: str, name: str, attributes: str) -> None:
    engine = create_engine(database, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
        connection.execute(text(f"CREATE ROLE {name} {attributes} PASSWORD '{SECRET}'"))


def test_the_real_server_refuses(database: str) -> None:
    base = make_url(database).set(password=SECRET)
    name = f"refused_{base.database}"[:50]
    assert _case(_refused(base.set(database="no_such_database")).title, base.set(database="no_such_database")) == (
        "unknown-database"
    )
    assert _case(_refused(base.set(username="no_such_role")).title, base.set(username="no_such_role")) in (
        "unknown-role",
        "wrong-password",
    )
    engine = create_engine(database, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    url = base.set(username=name)
    try:
        _role(database, name, "NOLOGIN")
        assert _case(_refused(url).title, url) == "role-cannot-log-in"
        _role(database, name, "LOGIN CONNECTION LIMIT 0")
        assert _case(_refused(url).title, url) == "too-many-connections"
        _role(database, name, "LOGIN")
        with engine.connect() as connection:
            connection.execute(text(f'REVOKE CONNECT ON DATABASE "{base.database}" FROM PUBLIC'))
        assert _case(_refused(url).title, url) == "no-privilege-to-connect"
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP ROLE IF EXISTS {name}"))


@pytest.mark.parametrize(
    ("statements", "case"),
    [
        (("SET TRANSACTION READ ONLY", "CREATE TABLE x (id int)"), "read-only-server"),
        (("SET LOCAL statement_timeout = 50", "SELECT pg_sleep(2)"), "statement-timeout"),
    ],
)
def test_the_real_server_refuses_a_statement(database: str, statements: tuple[str, ...], case: str) -> None:
    url = make_url(database)
    with create_engine(database).connect() as connection:
        connection.execute(text(statements[0]))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text(statements[1]))
    assert _case(failure(caught.value, url, "DATABASE_URL").title, url) == case


def test_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is a text file, and not a small one " * 100, encoding="utf-8")
    url = make_url(f"sqlite:///{path}")
    assert _case(_refused(url).title, url) == "sqlite-not-a-database"
    missing = make_url(f"sqlite:///file:{tmp_path}/none.db?mode=ro&uri=true")
    with pytest.raises(DBAPIError) as caught:
        create_engine(missing).connect()
    assert _case(failure(caught.value, missing).title, missing) == "sqlite-cannot-open"


def test_an_unknown_failure_is_shown_as_it_is() -> None:
    error = failure(RuntimeError(f"strange: {SECRET}"), make_url(f"postgresql://u:{SECRET}@h/d"))
    assert error.title == "the database cannot be used"
    assert error.details == ("strange: ***",)


def test_a_drift_error_stays() -> None:
    error = DriftError("title")
    assert failure(error, None) is error


def test_every_case_says_a_way_out() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.title for case in CASES}) == len(CASES)
    assert all(case.help for case in CASES)


def test_numbers_of_mysql_are_no_sqlstates() -> None:
    wrong = next(case for case in CASES if case.name == "wrong-password")
    assert matches(wrong, Symptoms("", None, 1045))
    assert not matches(wrong, Symptoms("", "1045", None))
