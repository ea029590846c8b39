"""The application's own URL gets an installed synchronous driver and that driver's parameters."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from drift.errors import DriftError
from drift.sources.connections import drivers, engine_for
from drift.sources.connections.parameters import translate


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that only these driver modules are installed."""

    def pretend(*modules: str) -> None:
        monkeypatch.setattr(drivers, "_import_problem", lambda module: None if module in modules else "not installed")

    return pretend


@pytest.mark.parametrize(
    ("given", "modules", "chosen"),
    [
        ("postgresql", ["psycopg2", "psycopg"], "postgresql+psycopg2"),
        ("postgresql", ["psycopg"], "postgresql+psycopg"),
        ("postgresql+psycopg2", ["psycopg"], "postgresql+psycopg"),
        ("postgresql+psycopg", ["psycopg2", "psycopg"], "postgresql+psycopg"),
        ("postgresql+asyncpg", ["psycopg2"], "postgresql+psycopg2"),
        ("postgresql+asyncpg", ["psycopg"], "postgresql+psycopg"),
        ("postgresql+psycopg_async", ["psycopg2", "psycopg"], "postgresql+psycopg2"),
        ("mysql", ["pymysql"], "mysql+pymysql"),
        ("mysql+aiomysql", ["MySQLdb"], "mysql+mysqldb"),
        ("mariadb+asyncmy", ["pymysql"], "mariadb+pymysql"),
        ("sqlite+aiosqlite", ["sqlite3"], "sqlite+pysqlite"),
    ],
)
def test_driver(installed: Any, given: str, modules: list[str], chosen: str) -> None:
    installed(*modules)
    assert drivers.choose_driver(make_url(f"{given}://h/d")).drivername == chosen


def test_no_driver(installed: Any) -> None:
    installed()
    with pytest.raises(DriftError) as caught:
        drivers.choose_driver(make_url("postgresql+asyncpg://shop:s3cr3t@h/d"), origin="DATABASE_URL")
    assert caught.value.title == "no synchronous driver for postgresql is installed"
    assert "sqlalchemy-drift[postgresql]" in caught.value.help[0]
    assert "beside" not in caught.value.help[0]
    assert not any("asynchronous" in line for line in caught.value.details)
    assert "s3cr3t" not in str(caught.value.__dict__)


@pytest.mark.parametrize(
    ("given", "module"),
    [
        ("postgresql", "asyncpg"),
        ("postgresql+asyncpg", "asyncpg"),
        ("mysql+aiomysql", "aiomysql"),
        ("mariadb", "asyncmy"),
    ],
)
def test_only_an_asynchronous_driver(installed: Any, given: str, module: str) -> None:
    """It is there, and the message says why that does not do."""
    installed(module)
    with pytest.raises(DriftError) as caught:
        drivers.choose_driver(make_url(f"{given}://h/d"))
    assert caught.value.details[0].startswith(f"{module}: installed, but asynchronous")
    assert "beside it" in caught.value.help[0]


def test_a_driver_that_nobody_knows() -> None:
    with pytest.raises(DriftError, match="cannot be imported"):
        engine_for(make_url("postgresql+nosuch://h/d"))


@pytest.mark.parametrize(
    ("query", "translated"),
    [
        ("ssl=require", {"sslmode": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        ("ssl=verify_ca", {"sslmode": "verify-ca"}),
        ("ssl=prefer", {"sslmode": "prefer"}),
        ("ssl=false", {"sslmode": "disable"}),
        ("ssl=require&sslmode=verify-full", {"sslmode": "verify-full"}),
        ("sslmode=require&sslrootcert=/ca.pem", {"sslmode": "require", "sslrootcert": "/ca.pem"}),
        ("prepared_statement_cache_size=0&statement_cache_size=0&command_timeout=5", {}),
        ("prepare_threshold=5&async_fallback=true", {}),
        ("timeout=3.6", {"connect_timeout": "4"}),
        ('server_settings={"search_path":"app","x":"a b"}', {"options": "-c search_path=app -c x=a\\ b"}),
        ("server_settings=jit=off", {"options": "-c jit=off"}),
        ("options=-c%20a%3Db", {"options": "-c a=b"}),
        ("application_name=shop", {"application_name": "shop"}),
    ],
)
def test_parameters_of_asyncpg(query: str, translated: dict[str, str]) -> None:
    url, _ = translate(make_url(f"postgresql+psycopg2://h/d?{query}"), timeout=10)
    assert dict(url.query) == translated


def test_a_unix_socket_for_pg8000() -> None:
    url = make_url("postgresql+pg8000://app:x@/shop?host=/run/postgresql&port=5433")
    assert translate(url, timeout=5)[0].query == {"unix_sock": "/run/postgresql/.s.PGSQL.5433"}


def test_patience_has_an_end() -> None:
    _, arguments = translate(make_url("postgresql+psycopg2://h/d"), timeout=10)
    assert arguments == {
        "connect_timeout": 10,
        "tcp_user_timeout": 60_000,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "fallback_application_name": "drift",
    }
    _, arguments = translate(make_url("postgresql+psycopg2://h/d?connect_timeout=3&keepalives_idle=5"), timeout=10)
    assert not arguments.keys() & {"connect_timeout", "keepalives_idle"}


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("charset=utf8mb4&minsize=1&maxsize=5", {}),
        ("ssl=false", {}),
        ("ssl=true", {"ssl": {"verify_mode": "none", "check_hostname": False}}),
        ("ssl_mode=VERIFY_IDENTITY", {"ssl": {"verify_mode": "required", "check_hostname": True}}),
    ],
)
def test_parameters_of_mysql(query: str, arguments: dict[str, Any]) -> None:
    url, found = translate(make_url(f"mysql+pymysql://h/d?{query}"), timeout=10)
    assert found == {"connect_timeout": 10, "read_timeout": 75, "write_timeout": 75, **arguments}
    assert set(url.query) <= {"charset"}


def test_an_unknown_tls_mode() -> None:
    with pytest.raises(DriftError, match="a TLS mode that does not exist: ssl=perhaps"):
        engine_for(make_url("postgresql+asyncpg://h/d?ssl=perhaps"))


def test_a_url_that_sqlalchemy_took_with_an_unescaped_at() -> None:
    with pytest.raises(DriftError, match="unescaped `@`") as caught:
        engine_for(make_url("postgresql://shop:s3cr3t@x@db/shop"))
    assert "s3cr3t" not in str(caught.value.details)


def test_the_url_of_an_async_application(database: str) -> None:
    url = make_url(database).set(drivername="postgresql+asyncpg", query={"ssl": "prefer", "statement_cache_size": "0"})
    engine = engine_for(url)
    assert isinstance(engine.pool, NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_setting('application_name')")).scalar() == "drift"


def test_server_settings_arrive(database: str) -> None:
    url = make_url(database).set(drivername="postgresql+asyncpg", query={"server_settings": '{"search_path": "a, b"}'})
    with engine_for(url).connect() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == "a, b"


def test_a_sqlite_file_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(DriftError) as caught:
        engine_for(make_url(f"sqlite:///{path}"), origin="DATABASE_URL")
    assert "does not exist" in caught.value.title
    assert caught.value.place is not None
    assert not path.exists()
    with pytest.raises(DriftError, match="is a directory"):
        engine_for(make_url(f"sqlite:///{tmp_path}"))


def test_a_sqlite_file_is_opened_for_reading(tmp_path: Path) -> None:
    path = tmp_path / "odd name %23#?.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (id)")
    # SQLAlchemy splits a URL's text at the question mark; the object holds any name.
    url = make_url("sqlite+aiosqlite://").set(database=str(path))
    with engine_for(url).connect() as opened:
        assert opened.execute(text("SELECT count(*) FROM t")).scalar() == 0
        with pytest.raises(OperationalError, match="readonly"):
            opened.execute(text("INSERT INTO t VALUES (1)"))
    with engine_for(url, read_only=False).begin() as opened:
        opened.execute(text("INSERT INTO t VALUES (1)"))


def test_a_sqlite_database_in_memory_is_one_database() -> None:
    engine = engine_for(make_url("sqlite://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id)"))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar() == 0


def test_a_relative_sqlite_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sqlite3.connect("app.db").close()
    with engine_for(make_url("sqlite:///app.db")).connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert os.listdir(tmp_path) == ["app.db"]
