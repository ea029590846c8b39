"""Short cuts for tests that read a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from drift.schema import Column, QualifiedName, Schema, Table

Run = Callable[..., None]
Read = Callable[..., Schema]


def table(schema: Schema, name: str, namespace: str = "public") -> Table:
    found = schema.table(QualifiedName(namespace, name))
    assert found is not None, f"{name} was not read"
    return found


@contextmanager
def role(engine: Engine, name: str, *statements: str) -> Iterator[Engine]:
    """An engine that logs in as a new role without any privilege but what ``statements`` give it."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        for statement in statements:
            connection.exec_driver_sql(statement)
    other = create_engine(engine.url.set(username=name, password="secret"), poolclass=NullPool)
    try:
        yield other
    finally:
        other.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


def column(schema: Schema, table_name: str, name: str) -> Column:
    found = table(schema, table_name).column(name)
    assert found is not None, f"{table_name}.{name} was not read"
    return found


def version(engine: Engine) -> int:
    with engine.connect() as connection:
        info = connection.dialect.server_version_info
    assert info is not None
    return int(info[0])
