"""Letter case of names: what a server does with it is decided when its data folder is made."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

import drift
from drift.dialects import dialect_for
from tests.servers import Server, ServerUnavailableError, fresh_database, start_mariadb

DDL = """
CREATE TABLE Users (ID int NOT NULL AUTO_INCREMENT PRIMARY KEY, Email varchar(80) NOT NULL, KEY IX_Users_Email (Email));
CREATE TABLE Orders (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, User_Id int NOT NULL, CHECK (USER_ID > 0),
    CONSTRAINT fk_orders_user FOREIGN KEY (User_Id) REFERENCES Users (ID) ON DELETE CASCADE);
"""


@pytest.fixture(scope="module")
def folding_server() -> Iterator[Server]:
    """A server that keeps names of tables in lower case (the default on Windows)."""
    try:
        server = start_mariadb("--lower-case-table-names=1")
    except ServerUnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"MariaDB is required here: {error}", pytrace=False)
        pytest.skip(f"MariaDB: {error}")
    yield server
    server.stop()


def _models(schema: str | None = None, *, users: str = "Users", orders: str = "Orders") -> sa.MetaData:
    metadata = sa.MetaData(schema=schema)
    place = f"{schema}.{users}" if schema else users
    sa.Table(
        users,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(80), nullable=False),
        sa.Index("ix_users_email", "email"),
    )
    sa.Table(
        orders,
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.ForeignKey(f"{place}.id", ondelete="CASCADE", name="fk_orders_user"), nullable=False),
        sa.CheckConstraint("user_id > 0"),
    )
    return metadata


def _made(url: str) -> None:
    with sa.create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in filter(None, map(str.strip, DDL.split(";"))):
            connection.exec_driver_sql(statement)


def _said(models: sa.MetaData, url: str) -> list[tuple[str, str]]:
    report = drift.check(models, url, config=drift.Config(fail_on="info"), allow_empty=True)
    assert report.not_checked == ()
    return sorted((finding.code, finding.subject.name) for finding in report.findings)


@pytest.mark.parametrize("names", [("Users", "Orders"), ("users", "orders"), ("USERS", "oRDERS")])
def test_a_server_that_folds_names_of_tables(folding_server: Server, names: tuple[str, str]) -> None:
    with fresh_database(folding_server) as url:
        _made(url)
        assert _said(_models(users=names[0], orders=names[1]), url) == []


def test_names_of_databases_are_folded_with_those_of_tables(folding_server: Server) -> None:
    with fresh_database(folding_server) as url:
        _made(url)
        schema = str(sa.make_url(url).database).upper()
        assert _said(_models(schema), url) == []


def test_drift_is_found_where_names_are_folded(folding_server: Server) -> None:
    with fresh_database(folding_server) as url:
        _made(url)
        with sa.create_engine(url, poolclass=NullPool).begin() as connection:
            connection.exec_driver_sql("ALTER TABLE orders DROP FOREIGN KEY fk_orders_user")
            connection.exec_driver_sql("ALTER TABLE USERS MODIFY EMAIL varchar(40) NOT NULL")
        assert {code for code, _ in _said(_models(), url)} == {"CO301", "FK101", "IX201"}


def test_a_server_that_does_not_fold_them(mariadb_database: str) -> None:
    _made(mariadb_database)
    assert _said(_models(), mariadb_database) == []
    codes = {code for code, _ in _said(_models(users="users"), mariadb_database)}
    assert codes & {"TB101", "TB302"}


@pytest.mark.parametrize("spelled", [("Seen", None), ("SEEN", "upper"), ("seen", "upper"), ("seen", None)])
def test_a_view_is_not_read_under_another_spelling(folding_server: Server, spelled: tuple[str, str | None]) -> None:
    """A probe that took ``Seen`` for a table would run what the view ``seen`` calls."""
    with fresh_database(folding_server) as url:
        engine = sa.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in (
                "CREATE PROCEDURE heard() DO 1",
                "CREATE FUNCTION deed(what varchar(50)) RETURNS varchar(50) DETERMINISTIC READS SQL DATA "
                "BEGIN CALL heard(); RETURN what; END",
                "CREATE TABLE plain (id integer PRIMARY KEY, name varchar(50))",
                "INSERT INTO plain VALUES (1, NULL)",
                "CREATE VIEW seen AS SELECT id, deed(name) AS name FROM plain",
            ):
                connection.exec_driver_sql(statement)
        name, schema = spelled
        seen, out = _response(name, str(sa.make_url(url).database).upper() if schema else None)
        before = _heard(engine)
        report = drift.check(seen, url, responses=[out], probe=True, allow_empty=True)
        assert _heard(engine) == before
        assert any("is a view, and reading it runs what it says" in each.reason for each in report.not_checked)
        with dialect_for("mysql").read_only(engine) as connection:
            connection.exec_driver_sql("SELECT * FROM seen").all()
        assert _heard(engine) > before


def _response(table: str, schema: str | None) -> tuple[type[DeclarativeBase], type[BaseModel]]:
    class Base(DeclarativeBase):
        metadata = sa.MetaData(schema=schema)

    class Seen(Base):
        __tablename__ = table
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str | None] = mapped_column(sa.String(50))

    class SeenOut(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        __drift_model__ = Seen
        id: int
        name: str

    return Base, SeenOut


def _heard(engine: sa.Engine) -> int:
    """How often a procedure was called on this server: it counts in transactions that only read, too."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Com_call_procedure'").one()[1])
