"""Servers and databases for every test; the one place that decides them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import (
    Choice,
    Server,
    ServerUnavailableError,
    choose_mariadb,
    choose_mysql,
    choose_postgresql,
    fresh_database,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oldest-postgresql",
        action="store_true",
        help="run on the oldest PostgreSQL that can be had (DRIFT_TEST_OLDEST_DATABASE_URL, a container, "
        "DRIFT_TEST_POSTGRESQL_BIN, or the oldest one installed)",
    )


def _postgresql(config: pytest.Config) -> Choice:
    return choose_postgresql(oldest=config.getoption("--oldest-postgresql"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    chosen = {"PostgreSQL": _postgresql(config), "MariaDB": choose_mariadb(), "MySQL": choose_mysql()}
    return [
        f"{name}: {choice.label}" if choice.start else f"{name}: none ({choice.label})"
        for name, choice in chosen.items()
    ]


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The PostgreSQL of this run. Without one the tests fail: they are never skipped."""
    try:
        server = _postgresql(request.config).open()
    except ServerUnavailableError as error:
        pytest.fail(f"PostgreSQL is needed: {error}", pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """The MariaDB of this run; skipped without one, except where servers are required."""
    yield from _optional("MariaDB", choose_mariadb(), required=bool(os.environ.get("CI")))


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """The MySQL of this run; skipped without one. One that was found must start, where servers are required."""
    choice = choose_mysql()
    yield from _optional("MySQL", choice, required=bool(os.environ.get("CI")) and choice.start is not None)


def _optional(name: str, choice: Choice, *, required: bool) -> Iterator[Server]:
    required = required or os.environ.get("DRIFT_REQUIRE_SERVERS") == "1"
    try:
        server = choice.open()
    except ServerUnavailableError as error:
        if required:
            pytest.fail(f"{name} is required here: {error}", pytrace=False)
        pytest.skip(f"{name}: {error}")
    yield server
    server.stop()


@pytest.fixture
def database(postgresql_server: Server) -> Iterator[str]:
    """URL of an empty PostgreSQL database that lives as long as the test."""
    with fresh_database(postgresql_server) as url:
        yield url


@pytest.fixture
def second_database(postgresql_server: Server) -> Iterator[str]:
    """URL of another empty PostgreSQL database on the same server."""
    with fresh_database(postgresql_server) as url:
        yield url


@pytest.fixture
def mariadb_database(mariadb_server: Server) -> Iterator[str]:
    """URL of an empty MariaDB database."""
    with fresh_database(mariadb_server) as url:
        yield url


@pytest.fixture
def mysql_database(mysql_server: Server) -> Iterator[str]:
    """URL of an empty MySQL database."""
    with fresh_database(mysql_server) as url:
        yield url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> str:
    """URL of an empty SQLite database file."""
    return f"sqlite:///{tmp_path / 'database.sqlite'}"
