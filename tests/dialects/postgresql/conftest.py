"""A database, DDL run in it, and what is read back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from drift.dialects.base import Scope
from drift.dialects.postgresql import DIALECT
from drift.schema import Schema
from tests.dialects.postgresql.helpers import Read, Run


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = create_engine(database, poolclass=NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def run(engine: Engine) -> Run:
    """Runs DDL, each text as one script."""

    def run(*scripts: str) -> None:
        with engine.begin() as connection:
            for script in scripts:
                connection.exec_driver_sql(script, execution_options={"no_parameters": True})

    return run


@pytest.fixture
def read(engine: Engine) -> Read:
    """Reads schemas of the database; the default one without arguments."""

    def read(*schemas: str) -> Schema:
        with DIALECT.read_only(engine) as connection:
            return DIALECT.read(connection, Scope(schemas))

    return read


@pytest.fixture
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in a read-only transaction."""
    with DIALECT.read_only(engine) as connection:
        yield connection
