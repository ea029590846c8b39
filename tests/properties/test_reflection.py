"""Hand-written databases: models that were read back from one are silent on it, by reflection and by sqlacodegen.

Neither can say all that the DDL says. What is lost on the way is a difference between such models and the database, and
must be found: the scripts know which (``Written.lost``).
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, reject, settings
from sqlacodegen.generators import TablesGenerator
from sqlalchemy.pool import NullPool

import drift
from tests.properties.hand_written import mysql, postgresql, sqlite
from tests.properties.hand_written.written import Lost, Written
from tests.repair import run_script, told
from tests.servers import Server, fresh_database

EVERYTHING = drift.Config(fail_on="info")
SCHEMAS = ("public", "app")
# What sqlacodegen leaves out, misspells, or writes as Python that does not run.
UNWRITTEN = (
    r"%|mod\(|WHERE|where|c\.d|\(\(|lower|coalesce|doubled|date_trunc|tsvector|tstzrange|nextval|NULLS|UNIQUE"
    r"|INCLUDE|DESC|positive|_text|serial|^id int|^id INT|^PRIMARY KEY|it's|qu\"|EXCLUDE"
)
# An example that fails is told as it is: to make it smaller takes minutes.
EACH = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate))
# Several tables in each database: a hundred of them, and a quarter as many checks.
FEWER = settings(EACH, max_examples=max(settings().max_examples // 4, 1))
Models = Callable[[sa.Connection, tuple[str | None, ...]], sa.MetaData]


def _reflected(connection: sa.Connection, schemas: tuple[str | None, ...]) -> sa.MetaData:
    metadata = sa.MetaData()
    with warnings.catch_warnings():
        # Types and indexes that it does not know.
        warnings.simplefilter("ignore", sa.exc.SAWarning)
        for schema in schemas:
            metadata.reflect(connection, schema=schema)
    return metadata


def _generated(connection: sa.Connection, schemas: tuple[str | None, ...]) -> sa.MetaData:
    source = TablesGenerator(_reflected(connection, schemas), connection, []).generate()
    module: Any = ModuleType("generated")
    try:
        exec(compile(source, "generated.py", "exec"), module.__dict__)
    except (SyntaxError, NameError, TypeError):
        # Names with odd characters, types that it forgets to import.
        reject()
    metadata: sa.MetaData = module.metadata
    return metadata


def _holds(models: Models, connection: sa.Connection, lost: frozenset[Lost], *, schemas: tuple[str, ...] = ()) -> None:
    metadata = models(connection, (None, *schemas[1:]))
    connection.rollback()
    report = drift.check(metadata, connection, config=EVERYTHING, schemas=schemas, allow_empty=True)
    connection.rollback()
    seen = {(found.code, found.subject.table) for found in (*report.findings, *report.not_checked) if found.subject}
    assert seen == lost, told(report)


@contextmanager
def _made(url: str, script: str) -> Iterator[sa.Connection]:
    run_script(url, script)
    with sa.create_engine(url, poolclass=NullPool).connect() as connection:
        yield connection


@contextmanager
def _sqlite(script: str) -> Iterator[sa.Connection]:
    with (
        tempfile.TemporaryDirectory() as folder,
        _made(f"sqlite:///{Path(folder) / 'it.sqlite'}", sqlite.SETUP + script) as connection,
    ):
        yield connection


@pytest.fixture(scope="module")
def place(postgresql_server: Server) -> Iterator[sa.Connection]:
    """A PostgreSQL database that holds one example at a time beside the tables that they refer to."""
    with fresh_database(postgresql_server) as url, _made(url, postgresql.SETUP) as connection:
        yield connection


def _fill(connection: sa.Connection, script: str) -> None:
    raw: Any = connection.connection.dbapi_connection
    with raw.cursor() as cursor:
        cursor.execute(postgresql.EMPTY)
        cursor.execute(script)
    raw.commit()


@EACH
@given(written=postgresql.databases())
def test_postgresql_as_reflected(written: Written, place: sa.Connection) -> None:
    _fill(place, written.script)
    _holds(_reflected, place, written.lost, schemas=SCHEMAS)


@EACH
@given(written=postgresql.databases(UNWRITTEN))
def test_postgresql_as_generated(written: Written, place: sa.Connection) -> None:
    _fill(place, written.script)
    # Neither the options of a sequence nor a default that draws from it.
    always = {("SQ301", None), ("CO303", "targets")}
    _holds(_generated, place, written.lost | always, schemas=SCHEMAS)


@FEWER
@given(written=sqlite.databases())
def test_sqlite_as_reflected(written: Written) -> None:
    with _sqlite(written.script) as connection:
        _holds(_reflected, connection, written.lost)


@FEWER
@given(written=sqlite.databases(UNWRITTEN))
def test_sqlite_as_generated(written: Written) -> None:
    with _sqlite(written.script) as connection:
        _holds(_generated, connection, written.lost)


@FEWER
@given(written=mysql.databases())
def test_mariadb_as_reflected(written: Written, mariadb_server: Server) -> None:
    with fresh_database(mariadb_server) as url, _made(url, mysql.SETUP + written.script) as connection:
        _holds(_reflected, connection, written.lost)


@FEWER
@given(written=mysql.databases(UNWRITTEN))
def test_mariadb_as_generated(written: Written, mariadb_server: Server) -> None:
    with fresh_database(mariadb_server) as url, _made(url, mysql.SETUP + written.script) as connection:
        _holds(_generated, connection, written.lost)


@FEWER
@given(written=mysql.databases())
def test_mysql_as_reflected(written: Written, mysql_server: Server) -> None:
    with fresh_database(mysql_server) as url, _made(url, mysql.SETUP + written.script) as connection:
        _holds(_reflected, connection, written.lost)


@FEWER
@given(written=mysql.databases(UNWRITTEN))
def test_mysql_as_generated(written: Written, mysql_server: Server) -> None:
    with fresh_database(mysql_server) as url, _made(url, mysql.SETUP + written.script) as connection:
        _holds(_generated, connection, written.lost)
