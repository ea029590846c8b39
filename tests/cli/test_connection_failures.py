"""Every way in which a connection fails, provoked on a real server: told apart by check and doctor, with a way out."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.cli.guarded_server import Guarded, binaries, guarded_server
from tests.needs import lacking
from tests.servers.recovering import recovering
from tests.sources.connections import fake_server


@pytest.fixture(scope="module")
def server() -> Iterator[Guarded]:
    with guarded_server() as guarded:
        guarded.execute("CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL)")
        yield guarded


OVER_TLS = "?sslmode=require"


@dataclass(frozen=True, slots=True)
class Failure:
    """Who connects how, which step of the doctor fails, and what the error says."""

    step: str
    title: str
    way: str
    user: str = "postgres"
    database: str = "postgres"
    password: str = ""
    query: str = ""
    host: str = "127.0.0.1"
    shown: str = "server"
    checked: str = ""
    """What a check says, where the driver tells less than the doctor finds out by itself."""

    @property
    def needs_tls(self) -> bool:
        return self.step == "tls" or self.query == OVER_TLS


FAILURES = {
    "TLS required": Failure(
        "login", "takes encrypted connections only", "sslmode=require", "tls_only", query="?sslmode=disable"
    ),
    "not admitted": Failure("login", "access rules do not admit stranger", "pg_hba.conf", "stranger", query=OVER_TLS),
    "turned away": Failure(
        "login", "access rules do not admit turned_away", "pg_hba.conf", "turned_away", query="?sslmode=prefer"
    ),
    "wrong password": Failure("login", "password of secret is wrong", "escaped", "secret", password="wrong-one"),
    "no password": Failure("login", "asks for a password", "user:password@host", "secret"),
    "unknown role": Failure("login", "there is no role unheard_of", "CREATE ROLE", "unheard_of"),
    "role may not log in": Failure("login", "the role no_login may not log in", "ALTER ROLE", "no_login"),
    "unknown database": Failure("login", "there is no database nowhere", "psql -l", database="nowhere"),
    "no privilege": Failure(
        "login", "kept_out may not connect to the database closed", "GRANT CONNECT", "kept_out", "closed"
    ),
    "too many connections": Failure("login", "the server has no connection left", "max_connections", "limited"),
    "certificate": Failure("tls", "certificate is not trusted", "sslrootcert", query="?sslmode=verify-full"),
    "certificate of another authority": Failure(
        "tls", "certificate is not trusted", "sslrootcert", query="?sslmode=verify-ca&sslrootcert={folder}/stranger.crt"
    ),
    "certificate of another host": Failure(
        "tls", "certificate is made out to another host than localhost", "stands in the certificate", host="localhost",
        query="?sslmode=verify-full&sslrootcert={folder}/server.crt",
    ),
    "expired certificate": Failure(
        "tls", "certificate has expired", "expired", query="?sslmode=verify-full&sslrootcert={folder}/expired.crt",
        shown="expired", checked="certificate is not trusted",
    ),
    "no file of the authority": Failure(
        "tls", "the file of the certificate authority cannot be read", "PEM",
        query="?sslmode=verify-full&sslrootcert={folder}/nowhere.crt",
    ),
}  # fmt: skip
NO_TLS = "a PostgreSQL with TLS (Debian's package postgresql); the embedded one is built without"


@pytest.mark.parametrize("name", FAILURES)
def test_each_refusal_of_a_server_is_told_apart(project, drift, server, name):
    failure = FAILURES[name]
    if failure.needs_tls and not server.tls:
        lacking(NO_TLS)
    query = failure.query.format(folder=server.certificate.parent)
    url = server.url(failure.user, failure.database, failure.password, query).replace("127.0.0.1", failure.host)
    options = ("--models", project.models, "--database-url", url)
    with server.showing(failure.shown):
        checked = drift("check", *options)
        examined = drift("doctor", *options, "--format", "json")
    assert checked.code == 2
    assert (failure.checked or failure.title) in checked.err.splitlines()[0]
    assert failure.way in checked.err
    assert checked.out == ""
    assert examined.code == 2
    steps = {step["step"]: step for step in json.loads(examined.out)["steps"]}
    failed = [name for name, step in steps.items() if step["result"] == "failed"]
    assert failed == [failure.step]
    assert failure.title in steps[failure.step]["text"]
    assert steps[failure.step]["help"]
    assert "wrong-one" not in checked.err + examined.out


def test_a_trusted_certificate_and_an_async_url_with_its_own_spelling(project, drift, server):
    if not server.tls:
        lacking(NO_TLS)
    for url in (
        server.url("tls_only", query=f"?sslmode=verify-full&sslrootcert={server.certificate}"),
        server.url("tls_only", query="?ssl=require").replace("psycopg2", "asyncpg"),
    ):
        examined = drift("doctor", "--models", project.models, "--database-url", url)
        assert examined.code == 0, examined.out
        assert "TLSv1" in examined.out
        assert drift("check", "--models", project.models, "--database-url", url).code == 1


def test_a_server_without_tls_that_is_demanded(project, drift, server):
    for spelling in ("psycopg2://postgres@127.0.0.1:{}/postgres?sslmode=require",
                     "asyncpg://postgres@127.0.0.1:{}/postgres?ssl=require"):  # fmt: skip
        url = f"postgresql+{spelling.format(server.port)}"
        with server.without_tls():
            examined = drift("doctor", "--models", project.models, "--database-url", url)
            checked = drift("check", "--models", project.models, "--database-url", url)
        assert "failed   tls            the server does not offer TLS, and the URL demands it" in examined.out
        assert (examined.code, checked.code, checked.out) == (2, 2, "")
        assert "TLS" in checked.err.splitlines()[0]
        assert "sslmode=prefer" in checked.err


@pytest.mark.parametrize(
    ("url", "step", "text"),
    [
        ("postgresql://u@nowhere.invalid/d", "dns", "the host is not found: nowhere.invalid"),
        ("postgresql://u@127.0.0.1:1/d", "tcp", "nothing listens on 127.0.0.1:1"),
    ],
)
def test_no_way_to_the_server(project, drift, url, step, text):
    options = ("--models", project.models, "--database-url", url)
    examined = drift("doctor", *options)
    assert f"failed   {step:<14} {text}" in examined.out
    assert "help:" in examined.out
    assert drift("check", *options).code == 2


def test_a_server_that_says_nothing(project, drift):
    with fake_server.silent() as port:
        url = f"postgresql://u@127.0.0.1:{port}/d"
        examined = drift("doctor", "--models", project.models, "--database-url", url, "--timeout", "0.5")
    assert "did not answer" in examined.out
    assert examined.code == 2


def test_a_server_that_is_starting_up(project, drift):
    with recovering(binaries(), replica=False) as url:
        options = ("--models", project.models, "--database-url", url)
        checked = drift("check", *options)
        examined = drift("doctor", *options)
    assert checked.err.startswith("error: the server is starting up")
    assert "pg_isready" in checked.err
    assert "failed   login          the server is starting up" in examined.out
    assert "pg_isready" in examined.out
    assert (checked.code, examined.code, checked.out) == (2, 2, "")


def test_a_full_connection_table(project, drift, server):
    server.execute("ALTER ROLE reader CONNECTION LIMIT -1")
    options = ("--models", project.models, "--database-url", server.url("reader"))
    engine = sa.create_engine(server.url("reader"), poolclass=sa.NullPool)
    with ExitStack() as taken:
        for number in itertools.count():
            assert number < 1000, "a server with so many connections is never full"
            try:
                taken.enter_context(engine.connect())
            except sa.exc.OperationalError:
                break
        checked = drift("check", *options)
        examined = drift("doctor", *options)
    assert checked.err.startswith("error: the server has no connection left")
    assert "failed   login          the server has no connection left" in examined.out
    assert (checked.code, examined.code, checked.out) == (2, 2, "")


def test_a_port_on_which_nobody_takes_the_call(project, drift):
    """A listener whose queue is full drops packets, as a firewall does."""
    with socket.socket() as listener, ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        url = f"postgresql://u@127.0.0.1:{address[1]}/d?connect_timeout=2"
        examined = drift("doctor", "--models", project.models, "--database-url", url, "--timeout", "0.5")
        checked = drift("check", "--models", project.models, "--database-url", url)
    assert f"failed   tcp            no answer from 127.0.0.1:{address[1]} in 0.5 s" in examined.out
    assert checked.err.startswith("error: no answer from 127.0.0.1")
    assert (examined.code, checked.code, checked.out) == (2, 2, "")


def test_another_service_on_the_port(project, drift):
    with fake_server.mysql(1040, "Too many connections") as port:
        url = f"postgresql://u@127.0.0.1:{port}/d"
        examined = drift("doctor", "--models", project.models, "--database-url", url)
    assert "does not speak this database's protocol" in examined.out


def test_a_server_that_is_read_only_is_no_obstacle(project, drift, server):
    server.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    url = server.url("reader")
    assert drift("check", "--models", project.models, "--database-url", url).code == 1
    assert drift("doctor", "--models", project.models, "--database-url", url).code == 0


def test_a_replica_is_read_like_its_primary(project, drift):
    users = "CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL)\n"
    with recovering(binaries(), replica=True, sql=users) as url:
        options = ("--models", project.models, "--database-url", url)
        checked = drift("check", *options)
        examined = drift("doctor", *options)
    assert "CO101  column-missing                    nickname" in checked.out
    assert (checked.code, examined.code) == (1, 0)
    assert "a read-only replica" in examined.out


def test_a_check_waits_for_nobody_for_ever(project, drift, server):
    """A migration that holds its locks."""
    engine = sa.create_engine(server.url("postgres"), poolclass=sa.NullPool)
    with engine.connect() as migration:
        migration.exec_driver_sql("ALTER TABLE users ADD nickname varchar(40)")
        checked = drift("check", "--models", project.models, "--database-url", server.url("postgres"))
        migration.rollback()
    assert (checked.code, checked.out) == (2, "")
    assert checked.err.startswith("error: a table or view is locked by another session")


def test_a_schema_that_may_not_be_entered(project, drift, server):
    server.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    try:
        examined = drift("doctor", "--models", project.models, "--database-url", server.url("reader"))
    finally:
        server.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    assert examined.code == 2
    assert 'GRANT USAGE ON SCHEMA "public"' in examined.out


def test_the_wrong_database_is_one_error(project, drift, server):
    server.execute("CREATE DATABASE another")
    options = ("--models", project.models, "--database-url", server.url("postgres", "another"))
    checked = drift("check", *options)
    assert checked.code == 2
    assert checked.err.startswith("error: this does not look like the database of these models\n")
    assert "this does not look like the database" in drift("doctor", *options).out


@pytest.mark.parametrize("moment", [1, 2, 3, 5, 8, 13])
def test_a_server_that_dies_in_the_middle(project, drift, server, moment):
    """Its process is ended before the statement of that number."""
    options = ("--models", project.models, "--database-url", server.url("reader"))
    numbers = itertools.count(1)

    def die(connection, *_statement):
        if connection.engine.url.username == "reader" and next(numbers) == moment:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")

    sa.event.listen(sa.Engine, "before_cursor_execute", die)
    try:
        checked = drift("check", *options)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", die)
    if next(numbers) <= moment:
        assert checked.code == 1, "a check of fewer statements is not disturbed"
        return
    assert checked.code == 2
    assert checked.err.startswith("error: the ")
    assert "this should not have happened" not in checked.err
    assert checked.out == ""


def test_no_secret_of_a_servers_message_or_a_comment_is_shown(project, drift, server, tmp_path):
    server.execute(
        "CREATE DATABASE commented",
        "DROP TABLE IF EXISTS noise",
    )
    server.execute(
        "CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL DEFAULT 'postgresql://u:PLANTED-2@h/d')",
        "COMMENT ON TABLE users IS 'restore with postgresql://root:PLANTED-2@db/shop?password=PLANTED-2'",
        "COMMENT ON COLUMN users.email IS 'password=PLANTED-2'",
        database="commented",
    )
    options = ("--models", project.models, "--database-url", server.url("postgres", "commented"))
    formats = ("text", "json", "sarif", "github", "gitlab", "junit", "markdown", "html")
    outputs = [part for name in formats for part in ("-o", f"{name}:{tmp_path / name}")]
    checked = drift("check", *options, *outputs, "-v")
    assert checked.code == 1
    assert "comment" in checked.out
    written = [checked.out, checked.err, *((tmp_path / name).read_text() for name in formats)]
    for command in (
        ("snapshot",),
        ("plan",),
        ("plan", "--format", "json"),
        ("plan", "--format", "markdown"),
        ("doctor",),
    ):
        done = drift(*command, *options)
        written += [done.out, done.err]
    assert not [text for text in written if "PLANTED" in text]
